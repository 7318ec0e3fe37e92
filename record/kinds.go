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
	Qualification       Kind = "qualification"
	Performance         Kind = "performance"
	Practitioner        Kind = "practitioner"
	Award               Kind = "award"
)

// Profile reports whether the kind is a subject's 基本信息, of which it has one.
func (k Kind) Profile() bool { return k == OrganizationProfile || k == PersonProfile }

// Label is the kind's name on pages.
func (k Kind) Label() string { return definitions[k].Label }

// Document is the content of a version: a typed struct that describes itself
// as a form.
type Document interface {
	// Form binds the struct's fields, and writes those that follow from others.
	// today is the instant of the civil date against which the rules are checked,
	// those of codes by Form.On.
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
	Add    string // on the button that begins one, such as 新增资质; "" for a profile
	Schema int    // of the canonical content; raised when a field changes meaning
	New    func() Document
	// Certificate tells that only a certificate session may submit, void and
	// restore it.
	Certificate bool
	// Subjects that file the kind.
	Subject SubjectType
	// Tabs tells that the sections of the form are pages that are saved alone,
	// the first before the others.
	Tabs bool
	// Columns are the headings of the list, beside title and state.
	Columns []string
	// Named is the heading of the title in the list.
	Named string
	// Everywhere tells that no two subjects may have the same Unique in force;
	// otherwise it is unique among a subject's own.
	Everywhere bool
}

// ordered is every kind, in the order of the navigation.
var ordered = []Definition{
	{
		Kind: OrganizationProfile, Label: "基本信息", Schema: 1,
		New: func() Document { return &OrganizationDocument{} }, Subject: Organization,
	},
	{
		Kind: PersonProfile, Label: "基本信息", Schema: 1,
		New: func() Document { return &PersonDocument{} }, Subject: Person,
	},
	{
		Kind: Qualification, Label: "单位资质", Add: "新增资质", Schema: 1, New: func() Document { return &QualificationDocument{} },
		Certificate: true, Subject: Organization, Named: "资质证书", Columns: []string{"资质类型", "发证机关", "有效期至"},
	},
	{
		Kind: Performance, Label: "单位业绩", Add: "新增单位业绩", Schema: 1, New: func() Document { return &PerformanceDocument{} },
		Certificate: true, Subject: Organization, Named: "项目名称", Columns: []string{"合同类别", "建设单位", "合同金额", "签订日期"},
	},
	{
		Kind: Practitioner, Label: "执业人员", Add: "新增人员", Schema: 1, New: func() Document { return &PractitionerDocument{} },
		Certificate: true, Subject: Organization, Tabs: true, Everywhere: true,
		Named: "姓名", Columns: []string{"职务", "职称", "资格证书", "安全生产考核证"},
	},
	{
		Kind: Award, Label: "获奖信息", Add: "新增获奖", Schema: 1, New: func() Document { return &AwardDocument{} },
		Certificate: true, Subject: Organization, Named: "奖项名称", Columns: []string{"级别", "颁奖单位", "颁奖日期", "等次"},
	},
}

var definitions = func() map[Kind]Definition {
	all := map[Kind]Definition{}
	for _, d := range ordered {
		all[d.Kind] = d
	}
	return all
}()

// DefinitionOf returns the definition of a kind, and whether there is one.
func DefinitionOf(k Kind) (Definition, bool) {
	d, ok := definitions[k]
	return d, ok
}

// Kinds lists the kinds that can be filed, in the order of the navigation.
func Kinds() []Kind {
	all := make([]Kind, len(ordered))
	for i, d := range ordered {
		all[i] = d.Kind
	}
	return all
}

// KindsOf lists the kinds that a type of subject files many of.
func KindsOf(t SubjectType) []Definition {
	var all []Definition
	for _, d := range ordered {
		if d.Subject == t && !d.Kind.Profile() {
			all = append(all, d)
		}
	}
	return all
}

// ProfileKind returns the kind of the 基本信息 of a type of subject.
func ProfileKind(t SubjectType) Kind {
	if t == Person {
		return PersonProfile
	}
	return OrganizationProfile
}
