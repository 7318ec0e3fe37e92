// Package form describes a document once. A form is a list of sections, each a
// list of fields bound to pointers into a typed Go struct, as flag.StringVar
// binds flags. From that one list come the page, the parsing of what a person
// typed, the problems, the canonical content that is signed, the difference
// between two versions and the read-only page.
//
// The package knows nothing of HTTP, HTML or SQL, and uses no reflection.
// What a person typed is never thrown away: a date or an amount that does not
// parse keeps its text and is reported by Problems, so that a page can show it
// again beside the reason.
package form

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"unireg/record/codes"
)

// Form is a whole document, in the order a person fills it.
type Form []Section

// Section groups fields under a heading.
type Section struct {
	Name   string // stable, unique in the form
	Label  string
	Hint   string
	Fields []*Field
}

// Problem says what is wrong with one field and how to mend it.
type Problem struct {
	Field   string // the field's name
	Label   string
	Message string // a sentence for the person, without the label
}

// Fields returns the fields of all sections in order; a group of rows is one.
func (f Form) Fields() []*Field {
	var all []*Field
	for _, s := range f {
		all = append(all, s.Fields...)
	}
	return all
}

// Leaves returns every field that holds content of its own, in order: those of
// rows in place of their group.
func (f Form) Leaves() []*Field {
	var all []*Field
	for _, field := range f.Fields() {
		if field.Widget != WidgetRows {
			all = append(all, field)
			continue
		}
		for _, row := range field.Rows() {
			all = append(all, row.Fields...)
		}
	}
	return all
}

// Field returns the field of that name, or nil. A name with dots is a row's.
func (f Form) Field(name string) *Field {
	if group, rest, qualified := strings.Cut(name, "."); qualified {
		id, _, _ := strings.Cut(rest, ".")
		if g := f.Field(group); g != nil {
			row, _ := g.Row(id)
			return fieldOf(row.Fields, name)
		}
		return nil
	}
	return fieldOf(f.Fields(), name)
}

// Section returns the section of that name, and whether there is one.
func (f Form) Section(name string) (Section, bool) {
	i := slices.IndexFunc(f, func(s Section) bool { return s.Name == name })
	if i < 0 {
		return Section{}, false
	}
	return f[i], true
}

// Has reports whether the section has the field of a target, or the group whose
// row it is about.
func (s Section) Has(target string) bool {
	name, _, _ := CutFile(target)
	name, _, _ = strings.Cut(name, ".")
	return fieldOf(s.Fields, name) != nil
}

// Lookup finds what posted ids stand for: stored files, the records of the subject
// that a document may refer to, and other subjects by their codes. Each answers
// false for what does not exist or the person may not use; the caller decides who
// that is. A nil function finds nothing.
type Lookup struct {
	Files    func(id string) (File, bool)
	Records  func(id string) (Reference, bool)
	Subjects func(code string) (SubjectReference, bool)
}

// On has the form judge its codes by the civil date in China at an instant: a
// code must be in use on the day on which the document is filed, not on the day
// on which somebody looks at it. The zero time, and a form without On, judge by
// today. It returns the form.
func (f Form) On(today time.Time) Form {
	if today.IsZero() {
		return f
	}
	for _, field := range f.Fields() {
		field.day = codes.CivilDate(today)
	}
	return f
}

// Bind writes posted values into the document. A field that values does not
// name becomes empty, as browsers leave out unchecked boxes. Fixed fields,
// rows and names that the form does not have are ignored, so nothing can be
// assigned that the form does not offer.
func (f Form) Bind(values map[string][]string, find Lookup) {
	for _, field := range f.Fields() {
		if field.Fixed || field.Widget == WidgetRows {
			continue
		}
		field.value.set(values[field.Name], find)
	}
}

// Problems returns what keeps the document from being submitted, in the order
// of the form, at most one for each field.
func (f Form) Problems() []Problem {
	var all []Problem
	for _, s := range f {
		all = append(all, s.Problems()...)
	}
	return all
}

// Problems returns the problems of the section's fields.
func (s Section) Problems() []Problem {
	var all []Problem
	for _, field := range s.Fields {
		if message := field.Problem(); message != "" {
			all = append(all, Problem{Field: field.Name, Label: field.Label, Message: message})
		}
		all = append(all, field.rowProblems()...)
	}
	return all
}

// Progress counts the required fields and how many of them are filled.
func (f Form) Progress() (filled, required int) {
	for _, field := range f.Fields() {
		if !field.Required() {
			continue
		}
		required++
		if !field.Empty() {
			filled++
		}
	}
	return filled, required
}

// Encode returns the content of the form for the canonical document: only
// strings, booleans, lists and maps of them, keyed by field name. Empty fields
// are left out, so that a new optional field does not change old documents.
func (f Form) Encode() map[string]any {
	content := map[string]any{}
	for _, field := range f.Fields() {
		if !field.Empty() {
			content[field.Name] = field.value.encode()
		}
	}
	return content
}

// Decode reads what Encode wrote, of this or an older schema. Names that the
// form no longer has are ignored.
func (f Form) Decode(content map[string]any) error {
	for _, field := range f.Fields() {
		v, ok := content[field.Name]
		if !ok {
			field.value.set(nil, Lookup{})
			continue
		}
		if err := field.value.decode(v); err != nil {
			return fmt.Errorf("decode field %s: %w", field.Name, err)
		}
	}
	return nil
}

// Files returns every file that the document refers to.
func (f Form) Files() []File {
	var all []File
	for _, field := range f.Leaves() {
		all = append(all, field.Files()...)
	}
	return all
}

// Change is one field in two versions of a document.
type Change struct {
	Section       string // label of the section
	Row           string // title of the row; "" outside of rows
	Fate          Fate   // of the row
	Field         *Field // of the later version
	Before, After string // as displayed, unmasked
	FilesBefore   []File
	FilesAfter    []File
	Changed       bool
}

// Diff compares two versions field by field, in the order of the later one.
// before may be nil: then every filled field is an addition. Rows are matched by
// their ids.
func Diff(before, after Form) []Change {
	var changes []Change
	for _, s := range after {
		for _, field := range s.Fields {
			if field.Widget == WidgetRows {
				changes = append(changes, diffRows(s.Label, before.Field(field.Name), field)...)
				continue
			}
			c := Change{Section: s.Label, Field: field, After: field.Display(), FilesAfter: field.Files()}
			if old := before.Field(field.Name); old != nil {
				c.Before, c.FilesBefore = old.Display(), old.Files()
			}
			c.Changed = c.Before != c.After || !sameFiles(c.FilesBefore, c.FilesAfter)
			changes = append(changes, c)
		}
	}
	return changes
}

func sameFiles(a, b []File) bool {
	return slices.EqualFunc(a, b, func(x, y File) bool { return x.SHA256 == y.SHA256 && x.Name == y.Name })
}

// KeyChanged reports whether a field marked Key differs between the versions.
// A first version has no key change.
func KeyChanged(before, after Form) bool {
	if before == nil {
		return false
	}
	return slices.ContainsFunc(Diff(before, after), func(c Change) bool { return c.Changed && c.Field.Key })
}
