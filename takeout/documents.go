package takeout

import (
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/paper"
)

// section is a part of a document as it is read: labels beside values in words.
type section struct {
	Name   string  `json:"name"`
	Label  string  `json:"label"`
	Fields []field `json:"fields"`
}

type field struct {
	Name  string   `json:"name"`
	Label string   `json:"label"`
	Value string   `json:"value,omitempty"`
	Files []string `json:"files,omitempty"` // where they lie in the archive
	Rows  []row    `json:"rows,omitempty"`
}

type row struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Fields []field `json:"fields"`
}

// sections are a document in words. Nothing is masked: it is its subject's own.
func (c contents) sections(document record.Document) []section {
	var all []section
	for _, s := range document.Form(time.Time{}) {
		all = append(all, section{Name: s.Name, Label: s.Label, Fields: c.fields(s.Fields)})
	}
	return all
}

func (c contents) fields(fields []*form.Field) []field {
	all := make([]field, 0, len(fields))
	for _, f := range fields {
		shown := field{Name: f.Local(), Label: f.Label, Value: valueOf(f)}
		for _, file := range f.Files() {
			shown.Files = append(shown.Files, c.pathOf(file))
		}
		if f.Widget == form.WidgetRows {
			shown.Value = ""
			for _, r := range f.Rows() {
				shown.Rows = append(shown.Rows, row{ID: r.ID, Title: r.Title(), Fields: c.fields(r.Fields)})
			}
		}
		all = append(all, shown)
	}
	return all
}

// valueOf is a field's value in words, "" for none.
func valueOf(f *form.Field) string {
	switch {
	case f.Widget == form.WidgetBool && f.Empty():
		return "否"
	case f.Empty():
		return ""
	case f.Widget == form.WidgetFiles:
		var names []string
		for _, file := range f.Files() {
			names = append(names, file.Name)
		}
		return strings.Join(names, "\n")
	}
	return f.Display()
}

// pathOf is where a file that a document refers to lies in the archive; the name
// alone where it is not kept any more.
func (c contents) pathOf(file form.File) string {
	if path, ok := c.paths[record.ID(file.ID)]; ok {
		return path
	}
	return file.Name
}

// printed is a document on paper.
func printed(sections []section) []paper.Section {
	var all []paper.Section
	for _, s := range sections {
		own := paper.Section{Name: s.Label}
		var rows []paper.Section
		for _, f := range s.Fields {
			for _, r := range f.Rows {
				rows = append(rows, paper.Section{Name: f.Label + "：" + r.Title, Fields: printedFields(r.Fields)})
			}
			if f.Rows == nil {
				own.Fields = append(own.Fields, printedFields([]field{f})...)
			}
		}
		all = append(all, own)
		all = append(all, rows...)
	}
	return all
}

// wideFrom is the length from which a value takes the whole line, in characters.
const wideFrom = 18

func printedFields(fields []field) []paper.Field {
	all := make([]paper.Field, 0, len(fields))
	for _, f := range fields {
		wide := len([]rune(f.Value)) > wideFrom || len(f.Files) > 0
		all = append(all, paper.Field{Label: f.Label, Value: f.Value, Wide: wide})
	}
	return all
}
