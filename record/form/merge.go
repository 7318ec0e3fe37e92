package form

import (
	"fmt"
	"slices"
	"strings"
)

// A page of a draft may be older than the draft: it was saved in another window
// meanwhile, or by somebody else. What was posted from it is merged with what is
// kept, by comparing both with what the page had shown.

// Shown reports whether a page showed that content under that name to whoever
// filled it. Names and contents are those of Form.Contents and Row.Contents; what
// cannot be remembered was not shown, so that whoever filled the page is asked.
type Shown func(name string, content []string) bool

// Whose says on which side something was changed since the page was drawn, and
// which side is taken.
type Whose string

// The sides.
const (
	Mine  Whose = "mine"  // what was posted
	Saved Whose = "saved" // what is kept
	Both  Whose = "both"
)

// Side is one side of a difference.
type Side struct {
	Text  string
	Files []File
	Gone  bool // the row is not there
}

// Difference is a field or a row of which what was posted and what is kept
// differ.
type Difference struct {
	Name    string // of the field, or group.id of a row as a whole
	Section string // label
	Label   string
	Field   *Field // nil for a text that is no field, and for a row
	Changed Whose  // on which side, since the page was drawn
	// Joined tells that both sides can be taken at once: what either added is
	// there, and what either took out is not.
	Joined      bool
	Mine, Saved Side

	kept []string // content of what is kept
	take func(Whose) error
}

// Contents hands over what is kept, so that whoever chooses a side can be held to
// what was seen.
func (d Difference) Contents(each func(name string, content []string)) { each(d.Name, d.kept) }

// Seen reports whether what is kept is what somebody saw of it.
func (d Difference) Seen(shown Shown) bool { return shown(d.Name, d.kept) }

// Default is the side to take where nobody was asked: the one on which alone
// something changed, both where they can be joined, and "" where they collide.
func (d Difference) Default() Whose {
	switch {
	case d.Changed != Both:
		return d.Changed
	case d.Joined:
		return Both
	}
	return ""
}

// Take brings a side into the posted document. A side that the difference does
// not have is an error.
func (d Difference) Take(side Whose) error {
	switch side {
	case Mine:
		return nil
	case Both:
		if d.Joined {
			return d.take(Both)
		}
	case Saved:
		return d.take(Saved)
	}
	return fmt.Errorf("merge %s: there is no side %q", d.Name, side)
}

// CompareText is the difference between two texts that are no fields of a form,
// if there is any. take is told when the one that is kept is taken.
func CompareText(shown Shown, name, section, label, mine, saved string, take func()) (Difference, bool) {
	changed := changedOn(shown, name, []string{mine}, []string{saved})
	return Difference{
		Name: name, Section: section, Label: label, Changed: changed, Mine: Side{Text: mine}, Saved: Side{Text: saved},
		kept: []string{saved},
		take: func(Whose) error { take(); return nil },
	}, changed != ""
}

// changedOn tells on which side a content differs from what the page showed
// under that name; "" where both sides are the same.
func changedOn(shown Shown, name string, mine, saved []string) Whose {
	switch {
	case slices.Equal(mine, saved):
		return ""
	case shown(name, mine):
		return Saved
	case shown(name, saved):
		return Mine
	}
	return Both
}

// Contents hands over everything of which Shown is asked when the form is
// posted: fields and, of those that hold several things, each of these; groups of
// rows, and each row as a whole.
func (f Form) Contents(each func(name string, content []string)) {
	for _, field := range f.Fields() {
		field.contents(each)
		for _, row := range field.Rows() {
			each(field.Name+"."+row.ID, row.content())
		}
	}
}

// Contents hands over everything of which Shown is asked when the row of that
// group is posted: its fields, and that it is there.
func (r Row) Contents(group string, each func(name string, content []string)) {
	each(group+"."+r.ID, nil)
	for _, field := range r.Fields {
		field.contents(each)
	}
}

func (f *Field) contents(each func(name string, content []string)) {
	content := f.content()
	each(f.Name, content)
	if f.several() {
		for _, element := range content {
			each(FileTarget(f.Name, element), nil)
		}
	}
}

// content is what makes two values of the field the same or not.
func (f *Field) content() []string {
	switch v := f.value.(type) {
	case termsValue:
		var all []string
		for _, term := range *v.target {
			all = append(all, term.Code, string(term.Until))
		}
		return all
	case group:
		var all []string
		for _, row := range v.rows() {
			all = append(append(all, row.ID), row.content()...)
		}
		return all
	}
	switch {
	case f.Empty():
		return nil
	case f.several():
		return slices.Sorted(slices.Values(f.Input()))
	}
	return f.Input()
}

// content of a row names each of its fields that is filled.
func (r Row) content() []string {
	var all []string
	for _, f := range r.Fields {
		if content := f.content(); len(content) > 0 {
			all = append(append(all, f.Local(), fmt.Sprint(len(content))), content...)
		}
	}
	return all
}

// several reports whether the field holds any number of things, each of which
// may be added or taken out for itself.
func (f *Field) several() bool {
	switch v := f.value.(type) {
	case filesValue:
		return true
	case choicesValue:
		return v.many
	case referencesValue:
		return v.many
	}
	return false
}

func (f *Field) side() Side { return Side{Text: f.Display(), Files: f.Files()} }

// Compare lists what differs between a posted form and the one that is kept, in
// the order of the posted one. Taking sides changes the document of mine. Fixed
// fields and rows, which a posted form leaves as they are, are left out.
func Compare(shown Shown, mine, saved Form) []Difference {
	var all []Difference
	for _, section := range mine {
		for _, field := range section.Fields {
			if field.Widget == WidgetRows {
				continue
			}
			if d, ok := field.compare(shown, section.Label, saved.Field(field.Name)); ok {
				all = append(all, d)
			}
		}
	}
	return all
}

// compare is the difference between the field and the one that is kept, if there
// is any.
func (f *Field) compare(shown Shown, section string, saved *Field) (Difference, bool) {
	if f.Fixed || saved == nil {
		return Difference{}, false
	}
	changed := changedOn(shown, f.Name, f.content(), saved.content())
	return Difference{
		Name: f.Name, Section: section, Label: f.Label, Field: f, Changed: changed, Joined: f.several(), Mine: f.side(), Saved: saved.side(),
		kept: saved.content(),
		take: func(side Whose) error {
			if side == Both {
				return f.join(shown, saved)
			}
			return f.assign(saved)
		},
	}, changed != ""
}

// CompareRow lists what differs between a row that was posted, or taken out, and
// the one that is kept. section is the label of the section that has the group;
// taking sides changes the document of mine.
func CompareRow(shown Shown, section string, mine, saved *Field, id string) []Difference {
	posted, here := mine.Row(id)
	kept, there := saved.Row(id)
	name := mine.Name + "." + id
	d := Difference{Name: name, Section: section, kept: kept.content(), take: func(Whose) error { return mine.assign(saved) }}
	switch {
	case here && there:
		return compareFields(shown, rowSection(section, mine, posted), posted, kept)
	case here && shown(name, nil): // taken out elsewhere
		d.Label, d.Changed = rowSection(mine.Label, mine, posted), Saved
		d.Mine, d.Saved = Side{Text: posted.summary()}, Side{Gone: true}
		if slices.ContainsFunc(posted.Fields, func(f *Field) bool { return !f.Fixed && !shown(f.Name, f.content()) }) {
			d.Changed = Both
		}
		d.take = func(Whose) error { mine.RemoveRow(id); return nil }
		return []Difference{d}
	case there && !here && !shown(name, kept.content()): // taken out here, and changed elsewhere
		d.Label, d.Changed = rowSection(mine.Label, saved, kept), Both
		d.Mine, d.Saved = Side{Gone: true}, Side{Text: kept.summary()}
		return []Difference{d}
	}
	return nil
}

func compareFields(shown Shown, section string, posted, kept Row) []Difference {
	var all []Difference
	for _, field := range posted.Fields {
		if d, ok := field.compare(shown, section, fieldOf(kept.Fields, field.Name)); ok {
			all = append(all, d)
		}
	}
	return all
}

// rowSection names a row of a group behind what it is in.
func rowSection(in string, group *Field, row Row) string {
	i := slices.IndexFunc(group.Rows(), func(r Row) bool { return r.ID == row.ID })
	if in == group.Label {
		return group.rowLabel(i, "")
	}
	return in + " " + group.rowLabel(i, "")
}

// summary is a row on a few lines.
func (r Row) summary() string {
	var lines []string
	for _, f := range r.Fields {
		if !f.Empty() {
			lines = append(lines, f.Label+"："+f.Display())
		}
	}
	return strings.Join(lines, "\n")
}

// Elsewhere names the groups of rows that differ from what the page showed. A
// posted form leaves rows as they are, so that nothing is lost; whoever posted it
// sees others than before.
func Elsewhere(shown Shown, saved Form) []*Field {
	var all []*Field
	for _, field := range saved.Fields() {
		if field.Widget == WidgetRows && !shown(field.Name, field.content()) {
			all = append(all, field)
		}
	}
	return all
}

// assign gives the field the value of another of the same make.
func (f *Field) assign(other *Field) error {
	if other.Empty() {
		f.value.set(nil, Lookup{})
		return nil
	}
	if err := f.value.decode(other.value.encode()); err != nil {
		return fmt.Errorf("merge %s: %w", f.Name, err)
	}
	return nil
}

// join takes what both sides hold and what either added, in the order of what is
// kept: an element that the page showed and one side has no longer was taken out.
func (f *Field) join(shown Shown, saved *Field) error {
	var all []any
	mine, kept := f.Input(), saved.Input()
	add := func(from *Field, names, others []string, both bool) {
		elements, _ := from.value.encode().([]any)
		for i, element := range elements {
			switch common := slices.Contains(others, names[i]); {
			case common && both, !common && !shown(FileTarget(f.Name, names[i]), nil):
				all = append(all, element)
			}
		}
	}
	add(saved, kept, mine, true)
	add(f, mine, kept, false)
	if len(all) == 0 {
		f.value.set(nil, Lookup{})
		return nil
	}
	if err := f.value.decode(all); err != nil {
		return fmt.Errorf("join %s: %w", f.Name, err)
	}
	return nil
}
