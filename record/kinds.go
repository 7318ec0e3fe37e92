package record

import (
	"time"

	"unireg/record/form"
)

// Kind names what a record holds.
type Kind string

// The kinds of record. A profile is the 基本信息 of a subject.
const (
	OrganizationProfile Kind = "organization"
	PersonProfile       Kind = "person"
	Practitioner        Kind = "practitioner"
)

// Profile reports whether the kind is a subject's 基本信息, of which it has one.
func (k Kind) Profile() bool { return k == OrganizationProfile || k == PersonProfile }

// Label is the kind's name on pages.
func (k Kind) Label() string { return definitions[k].Label }

// Document is the content of a version: a typed struct that describes itself
// as a form.
type Document interface {
	// Form binds the struct's fields. today is the instant of the civil date
	// against which the rules are checked, those of codes by Form.On.
	Form(today time.Time) form.Form
	// Title is the line by which lists name the record.
	Title() string
	// People returns the identity numbers of everybody who appears in the
	// document: nobody reviews a filing in which they appear.
	People() []string
	// Prefill writes what registration fixed into the document.
	Prefill(Subject)
	// Belongs reports whether the document is the subject's own: whether what
	// registration fixed is unchanged.
	Belongs(Subject) bool
}

// Definition is all the system needs to know of a kind.
type Definition struct {
	Kind   Kind
	Label  string
	Schema int // of the canonical content; raised when a field changes meaning
	New    func() Document
	// Certificate tells that only a certificate session may submit it.
	Certificate bool
	// Subjects that file the kind.
	Subject SubjectType
}

var definitions = map[Kind]Definition{
	OrganizationProfile: {
		Kind: OrganizationProfile, Label: "基本信息", Schema: 1,
		New: func() Document { return &OrganizationDocument{} }, Subject: Organization,
	},
	PersonProfile: {
		Kind: PersonProfile, Label: "基本信息", Schema: 1,
		New: func() Document { return &PersonDocument{} }, Subject: Person,
	},
}

// DefinitionOf returns the definition of a kind, and whether there is one.
func DefinitionOf(k Kind) (Definition, bool) {
	d, ok := definitions[k]
	return d, ok
}

// Kinds lists the kinds that can be filed.
func Kinds() []Kind { return []Kind{OrganizationProfile, PersonProfile} }

// ProfileKind returns the kind of the 基本信息 of a type of subject.
func ProfileKind(t SubjectType) Kind {
	if t == Person {
		return PersonProfile
	}
	return OrganizationProfile
}
