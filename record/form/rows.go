package form

import (
	"fmt"
	"slices"
	"strings"
)

// Key is embedded in the struct of a repeated row: its stable id, by which the
// row is found again in a later version, in a remark and in a posted form.
type Key struct{ ID string }

func (k *Key) rowKey() *string { return &k.ID }

// keyed is a pointer to a row's struct.
type keyed[T any] interface {
	*T
	rowKey() *string
}

// Row is one entry of a repeated group. The names of its fields are qualified:
// group.id.field.
type Row struct {
	ID     string
	Fields []*Field
}

// Title is the line by which the row is named: its first filled field.
func (r Row) Title() string {
	for _, f := range r.Fields {
		if text := f.Display(); text != "" && f.Widget != WidgetFiles {
			return text
		}
	}
	return ""
}

// Bind writes posted values into the row, as Form.Bind does.
func (r Row) Bind(values map[string][]string, find Lookup) {
	for _, f := range r.Fields {
		if !f.Fixed {
			f.value.set(values[f.Name], find)
		}
	}
}

// Problems returns what is wrong with the row, at most one for each field.
func (r Row) Problems() []Problem {
	var all []Problem
	for _, f := range r.Fields {
		if message := f.Problem(); message != "" {
			all = append(all, Problem{Field: f.Name, Label: f.Label, Message: message})
		}
	}
	return all
}

// group is the value of a field that repeats.
type group interface {
	value
	rows() []Row
	add(id string)
	remove(id string)
}

// MaxRows is how many rows one group takes.
const MaxRows = 200

type rowsValue[T any, P keyed[T]] struct {
	name   string
	target *[]T
	fields func(*T) []*Field
}

// Rows is a group of fields that repeats, such as the lines of a certificate.
// Each row is a T with a Key embedded. Rows are added, changed and removed one
// by one: a posted form leaves them as they are.
func Rows[T any, P keyed[T]](name, label string, target *[]T, fields func(*T) []*Field) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetRows, Wide: true, value: rowsValue[T, P]{name, target, fields}}
}

func (v rowsValue[T, P]) row(i int) Row {
	item := &(*v.target)[i]
	row := Row{ID: *P(item).rowKey(), Fields: v.fields(item)}
	for _, f := range row.Fields {
		f.local = f.Name
		f.Name = v.name + "." + row.ID + "." + f.Name
	}
	return row
}

func (v rowsValue[T, P]) rows() []Row {
	all := make([]Row, len(*v.target))
	for i := range *v.target {
		all[i] = v.row(i)
	}
	return all
}

func (v rowsValue[T, P]) add(id string) {
	var item T
	*P(&item).rowKey() = id
	*v.target = append(*v.target, item)
}

func (v rowsValue[T, P]) remove(id string) {
	*v.target = slices.DeleteFunc(slices.Clone(*v.target), func(item T) bool { return *P(&item).rowKey() == id })
}

// set leaves the rows alone, and empties the group where a document is read
// that has none.
func (v rowsValue[T, P]) set(input []string, _ Lookup) {
	if input == nil {
		*v.target = nil
	}
}

func (v rowsValue[T, P]) input() []string {
	var ids []string
	for _, row := range v.rows() {
		ids = append(ids, row.ID)
	}
	return ids
}

func (v rowsValue[T, P]) encode() any {
	var all []any
	for _, row := range v.rows() {
		content := map[string]any{"id": row.ID}
		for _, f := range row.Fields {
			if !f.Empty() {
				content[f.local] = f.value.encode()
			}
		}
		all = append(all, content)
	}
	return all
}

func (v rowsValue[T, P]) decode(content any) error {
	list, ok := content.([]any)
	if !ok {
		return errShape
	}
	*v.target = nil
	for i, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return errShape
		}
		id, ok := m["id"].(string)
		if !ok || id == "" || strings.Contains(id, ".") {
			return errShape
		}
		v.add(id)
		for _, f := range v.row(i).Fields {
			if content, filled := m[f.local]; filled {
				if err := f.value.decode(content); err != nil {
					return fmt.Errorf("decode field %s: %w", f.Name, err)
				}
			}
		}
	}
	return nil
}

func (v rowsValue[T, P]) empty() bool     { return len(*v.target) == 0 }
func (v rowsValue[T, P]) display() string { return fmt.Sprintf("共 %d 项", len(*v.target)) }
func (v rowsValue[T, P]) problem(string) string {
	if n := len(*v.target); n > MaxRows {
		return fmt.Sprintf("最多 %d 项，现在有 %d 项", MaxRows, n)
	}
	return ""
}

// Rows returns the rows of a group, nil for other fields.
func (f *Field) Rows() []Row {
	g, ok := f.value.(group)
	if !ok {
		return nil
	}
	rows := g.rows()
	for _, row := range rows {
		for _, inner := range row.Fields {
			inner.day = f.day
		}
	}
	return rows
}

// Row returns the group's row of that id, and whether there is one.
func (f *Field) Row(id string) (Row, bool) {
	for _, row := range f.Rows() {
		if row.ID == id {
			return row, true
		}
	}
	return Row{}, false
}

// AddRow returns the group's row of that id, which it appends where there is
// none. Rows returned earlier are no longer bound to the document.
func (f *Field) AddRow(id string) Row {
	g, ok := f.value.(group)
	if !ok {
		return Row{}
	}
	if _, known := f.Row(id); !known {
		g.add(id)
	}
	row, _ := f.Row(id)
	return row
}

// RemoveRow takes a row out of the group. One that is not there is gone already.
func (f *Field) RemoveRow(id string) {
	if g, ok := f.value.(group); ok {
		g.remove(id)
	}
}

// rowProblems are the problems inside the rows of a group; the label says in
// which row.
func (f *Field) rowProblems() []Problem {
	var all []Problem
	for i, row := range f.Rows() {
		for _, p := range row.Problems() {
			p.Label = f.rowLabel(i, p.Label)
			all = append(all, p)
		}
	}
	return all
}

// rowLabel is the label of a field in the group's row at that place, or with no
// label of the row itself.
func (f *Field) rowLabel(i int, label string) string {
	row := fmt.Sprintf("%s第 %d 项", f.Label, i+1)
	if label == "" {
		return row
	}
	return row + "“" + label + "”"
}

// Fate says what became of a row between two versions.
type Fate string

// The fates. Fields outside of rows have none.
const (
	RowKept    Fate = "kept"
	RowAdded   Fate = "added"
	RowRemoved Fate = "removed"
)

// diffRows compares the rows of a group, matched by their ids: those of the
// later version in its order, then those that are gone.
func diffRows(section string, before, after *Field) []Change {
	var changes []Change
	compare := func(fate Fate, row Row, old *Field) {
		var earlier Row
		if old != nil {
			earlier, _ = old.Row(row.ID)
		}
		for _, f := range row.Fields {
			c := Change{Section: section, Row: row.Title(), Fate: fate, Field: f}
			if fate == RowRemoved {
				c.Before, c.FilesBefore = f.Display(), f.Files()
			} else {
				c.After, c.FilesAfter = f.Display(), f.Files()
				if o := fieldOf(earlier.Fields, f.Name); o != nil {
					c.Before, c.FilesBefore = o.Display(), o.Files()
				}
			}
			c.Changed = c.Before != c.After || !sameFiles(c.FilesBefore, c.FilesAfter)
			changes = append(changes, c)
		}
	}
	for _, row := range after.Rows() {
		fate := RowAdded
		if before != nil {
			if _, known := before.Row(row.ID); known {
				fate = RowKept
			}
		}
		compare(fate, row, before)
	}
	if before == nil {
		return changes
	}
	for _, row := range before.Rows() {
		if _, kept := after.Row(row.ID); !kept {
			compare(RowRemoved, row, nil)
		}
	}
	return changes
}

func fieldOf(fields []*Field, name string) *Field {
	i := slices.IndexFunc(fields, func(f *Field) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return fields[i]
}
