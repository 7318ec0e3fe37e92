package view

import (
	"cmp"
	"context"

	"github.com/a-h/templ"

	"unireg/record/form"
)

// diffView says how a difference is drawn.
type diffView struct {
	Before, After string                 // what the columns are called
	All           bool                   // unchanged fields stand among the changed ones
	Stacked       bool                   // after below before
	Full          bool                   // sensitive fields are not masked
	FileURL       string                 // before the file's id; "" means /files/
	Sealed        func(file string) bool // files that are not shown; nil for none
	Desk          bool                   // a reviewer reads it: rows can be chosen
	Remarks       bool                   // each field, row and file takes a remark
	Texts         map[string]string      // remarks as typed, by their targets
}

// masked reports whether the field's content is partly hidden.
func (v diffView) masked(f *form.Field) bool { return f.Sensitive && !v.Full }

func (v diffView) text(ctx context.Context, f *form.Field, text string) string {
	if v.masked(f) {
		return form.Mask(text)
	}
	return value(ctx, f, text)
}

// runs compares the texts as they are shown. Where masking hides the
// difference, all is shown as changed.
func (v diffView) runs(ctx context.Context, c form.Change) []Run {
	before, after := v.text(ctx, c.Field, c.Before), v.text(ctx, c.Field, c.After)
	if v.masked(c.Field) && c.Changed {
		return []Run{{Removed, before}, {Added, after}}
	}
	return Diff(before, after)
}

// changeGroup is the changes of one section, or of one row of it.
type changeGroup struct {
	section       string
	row           string // target of the row; "" outside of rows
	fate          form.Fate
	all           []form.Change // in the form's order
	changed, same []form.Change
}

func grouped(changes []form.Change) []changeGroup {
	var groups []changeGroup
	for _, c := range changes {
		n := len(groups)
		if n == 0 || groups[n-1].section != c.Section || groups[n-1].row != rowOf(c) {
			groups = append(groups, changeGroup{section: c.Section, row: rowOf(c), fate: c.Fate})
		}
		g := &groups[len(groups)-1]
		g.all = append(g.all, c)
		if c.Changed {
			g.changed = append(g.changed, c)
		} else {
			g.same = append(g.same, c)
		}
	}
	return groups
}

// changeSection is the groups of one section.
type changeSection struct {
	name   string
	rows   string // target of the group of rows; "" for a section without
	groups []changeGroup
}

func sectioned(changes []form.Change) []changeSection {
	var sections []changeSection
	for _, g := range grouped(changes) {
		if n := len(sections); n == 0 || sections[n-1].name != g.section {
			sections = append(sections, changeSection{name: g.section})
		}
		s := &sections[len(sections)-1]
		s.groups = append(s.groups, g)
		if group, _, _, ok := form.CutRow(g.row); ok {
			s.rows = group
		}
	}
	return sections
}

// untouched are the groups of a section in which nothing changed.
func (s changeSection) untouched() []changeGroup {
	var all []changeGroup
	for _, g := range s.groups {
		if len(g.changed) == 0 {
			all = append(all, g)
		}
	}
	return all
}

func fieldsOf(groups []changeGroup) int {
	n := 0
	for _, g := range groups {
		n += len(g.all)
	}
	return n
}

// rowOf is the target of the row that a field is in, "" outside of rows.
func rowOf(c form.Change) string {
	if c.Fate == "" {
		return ""
	}
	name := c.Field.Name
	return name[:len(name)-len(c.Field.Local())-1]
}

// name is the section, and of a row its title.
func (g changeGroup) name(ctx context.Context) string {
	if g.fate == "" {
		return shown(ctx, g.section)
	}
	return tr(ctx, "%s：%s", shown(ctx, g.section), g.title(ctx))
}

func (g changeGroup) title(ctx context.Context) string {
	title := cmp.Or(g.all[0].Row, tr(ctx, "未填写"))
	for _, c := range g.all {
		if title == c.After || title == c.Before {
			title = value(ctx, c.Field, title)
			break
		}
	}
	return tr(ctx, "“%s”", title)
}

// caption names a group, and says what became of a row.
func (g changeGroup) caption(ctx context.Context) string {
	switch {
	case g.fate == form.RowAdded:
		return tr(ctx, "%s：新增%s", shown(ctx, g.section), g.title(ctx))
	case g.fate == form.RowRemoved:
		return tr(ctx, "%s：删除%s", shown(ctx, g.section), g.title(ctx))
	case g.fate == form.RowKept && len(g.changed) > 0:
		return tr(ctx, "%s：修改%s", shown(ctx, g.section), g.title(ctx))
	}
	return g.name(ctx)
}

// takesRemark tells that a reviewer may write on the field: of a row that was
// deleted only the whole can be spoken of.
func (v diffView) takesRemark(c form.Change) bool { return v.Remarks && c.Fate != form.RowRemoved }

// row makes what a remark can be about one of the rows that keys go through.
func (v diffView) row(target string) templ.Attributes {
	if !v.Desk {
		return templ.Attributes{}
	}
	return templ.Attributes{"id": rowID(target), "data-row": true, "tabindex": "-1"}
}

// rowID is the id under which a target stands on the desk.
func rowID(target string) string {
	if field, file, ok := form.CutFile(target); ok {
		return "row-" + field + "-" + file
	}
	return "row-" + target
}

// named tells a field of a row from the same one of other rows.
func named(ctx context.Context, c form.Change) string {
	if c.Row == "" {
		return shown(ctx, c.Field.Label)
	}
	return c.Row + " " + shown(ctx, c.Field.Label)
}

func changed(changes []form.Change) int {
	n := 0
	for _, c := range changes {
		if c.Changed {
			n++
		}
	}
	return n
}

// keyChanges counts the changed fields that take two reviewers.
func keyChanges(changes []form.Change) int {
	n := 0
	for _, c := range changes {
		if c.Changed && c.Field.Key {
			n++
		}
	}
	return n
}

// caption is what makes the caption of a row's table one of the rows that keys
// go through; the caption of a section is none.
func (v diffView) caption(g changeGroup) templ.Attributes {
	if g.row == "" {
		return templ.Attributes{}
	}
	return v.row(g.row)
}

func sideText(c form.Change, op Op) string {
	if op == Removed {
		return c.Before
	}
	return c.After
}

func sideFiles(c form.Change, op Op) []form.File {
	if op == Removed {
		return c.FilesBefore
	}
	return c.FilesAfter
}

func (v diffView) files() string {
	if v.FileURL == "" {
		return "/files/"
	}
	return v.FileURL
}
