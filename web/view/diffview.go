package view

import (
	"cmp"

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
	Remarks       bool                   // each field takes a remark
	Texts         map[string]string
}

// masked reports whether the field's content is partly hidden.
func (v diffView) masked(f *form.Field) bool { return f.Sensitive && !v.Full }

func (v diffView) text(f *form.Field, text string) string {
	if v.masked(f) {
		return form.Mask(text)
	}
	return text
}

// runs compares the texts as they are shown. Where masking hides the
// difference, all is shown as changed.
func (v diffView) runs(c form.Change) []Run {
	before, after := v.text(c.Field, c.Before), v.text(c.Field, c.After)
	if v.masked(c.Field) && c.Changed {
		return []Run{{Removed, before}, {Added, after}}
	}
	return Diff(before, after)
}

// changeGroup is the changes of one section, or of one row of it.
type changeGroup struct {
	section       string
	row           string
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

// rowOf tells the rows of a section apart.
func rowOf(c form.Change) string {
	if c.Fate == "" {
		return ""
	}
	name := c.Field.Name
	return name[:len(name)-len(c.Field.Local())]
}

// name is the section, and of a row its title.
func (g changeGroup) name() string {
	if g.fate == "" {
		return g.section
	}
	return g.section + "：" + g.title()
}

func (g changeGroup) title() string { return "“" + cmp.Or(g.all[0].Row, "未填写") + "”" }

// caption names a group, and says what became of a row.
func (g changeGroup) caption() string {
	switch {
	case g.fate == form.RowAdded:
		return g.section + "：新增" + g.title()
	case g.fate == form.RowRemoved:
		return g.section + "：删除" + g.title()
	case g.fate == form.RowKept && len(g.changed) > 0:
		return g.section + "：修改" + g.title()
	}
	return g.name()
}

// takesRemark tells that a reviewer may write on the field: what was deleted is
// nowhere to be corrected.
func (v diffView) takesRemark(c form.Change) bool { return v.Remarks && c.Fate != form.RowRemoved }

// named tells a field of a row from the same one of other rows.
func named(c form.Change) string {
	if c.Row == "" {
		return c.Field.Label
	}
	return c.Row + " " + c.Field.Label
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

func unchanged(changes []form.Change) int { return len(changes) - changed(changes) }

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

func (v diffView) files() string {
	if v.FileURL == "" {
		return "/files/"
	}
	return v.FileURL
}
