package form

import (
	"slices"
	"strings"
)

// A target is what a remark is about, written as one name:
//
//	address            a field
//	lines              a group of rows
//	lines.ID           one row as a whole, also one that was taken out
//	lines.ID.scope     a field of a row
//	licence#FILE       one file of a field, in a row as well
//
// The name of a field is the target that it always was.

// FileTarget is the target of one file of a field.
func FileTarget(field, file string) string { return field + "#" + file }

// CutFile splits the target of a file; ok is false for others.
func CutFile(target string) (field, file string, ok bool) { return strings.Cut(target, "#") }

// CutRow splits the target of a row, or of something within one, into the group
// and the row's id; whole tells that it is about the row itself.
func CutRow(target string) (group, id string, whole, ok bool) {
	parts := strings.SplitN(target, ".", 3)
	if len(parts) < 2 {
		return "", "", false, false
	}
	return parts[0], parts[1], len(parts) == 2, true
}

// Targets lists everything in the document that a remark can be about, in the
// order of the form.
func (f Form) Targets() []string {
	var all []string
	field := func(field *Field) {
		all = append(all, field.Name)
		for _, file := range field.Files() {
			all = append(all, FileTarget(field.Name, file.ID))
		}
	}
	for _, outer := range f.Fields() {
		field(outer)
		for _, row := range outer.Rows() {
			all = append(all, outer.Name+"."+row.ID)
			for _, inner := range row.Fields {
				field(inner)
			}
		}
	}
	return all
}

// Nearest is the part of a target that the document still has: a file that was
// taken out leaves its field, a row its group. It is "" where nothing is left.
func (f Form) Nearest(target string) string {
	name, file, ofFile := CutFile(target)
	group, id, whole, inRow := CutRow(name)
	if inRow {
		g := f.Field(group)
		if g == nil {
			return ""
		}
		row, known := g.Row(id)
		switch {
		case !known:
			return group
		case whole:
			return name
		case fieldOf(row.Fields, name) == nil:
			return group + "." + id
		}
	}
	field := f.Field(name)
	switch {
	case field == nil:
		return ""
	case ofFile && slices.ContainsFunc(field.Files(), func(have File) bool { return have.ID == file }):
		return target
	}
	return name
}

// Label names a target for people: a field by its label, a row by its place in
// the group, a file by its name; "" where the form has none.
func (f Form) Label(target string) string {
	name, file, ofFile := CutFile(target)
	if ofFile {
		field := f.Field(name)
		if field == nil {
			return ""
		}
		for _, have := range field.Files() {
			if have.ID == file {
				return f.Label(name) + "“" + have.Name + "”"
			}
		}
		return ""
	}
	for _, field := range f.Fields() {
		if field.Name == name {
			return field.Label
		}
		for i, row := range field.Rows() {
			if field.Name+"."+row.ID == name {
				return field.rowLabel(i, "")
			}
			if inner := fieldOf(row.Fields, name); inner != nil {
				return field.rowLabel(i, inner.Label)
			}
		}
	}
	return ""
}

// Touched names the targets that differ between two versions: the fields, the
// rows and groups around them, and the files that were taken out.
func Touched(before, after Form) map[string]bool {
	touched := map[string]bool{}
	for _, c := range Diff(before, after) {
		if !c.Changed {
			continue
		}
		touched[c.Field.Name] = true
		if group, id, _, inRow := CutRow(c.Field.Name); inRow {
			touched[group], touched[group+"."+id] = true, true
		}
		for _, file := range c.FilesBefore {
			if !slices.ContainsFunc(c.FilesAfter, func(kept File) bool { return kept.ID == file.ID }) {
				touched[FileTarget(c.Field.Name, file.ID)] = true
			}
		}
	}
	return touched
}
