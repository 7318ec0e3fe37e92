package record

import (
	"time"

	"unireg/record/form"
)

// Intake is a document of a kind of which drafts can be imported from a sheet,
// many at a time.
type Intake interface {
	Listed
	// Keys name the fields by which two documents are about the same: the person,
	// or the project and the day of its contract. Every row of a sheet gives them,
	// so that the same row never becomes two drafts.
	Keys() []string
}

// IntakeRow is one row of a sheet.
type IntakeRow struct {
	Line int // in the person's sheet, counted from 1
	// Cells is what stands in the row, by the names of the fields; empty cells are
	// left out.
	Cells    map[string]string
	Document Document // what the cells say; nil where nobody asks for it any more
	// Problems are those of what stands in the cells, and never of what is not
	// there: that is told on the draft. A row with problems becomes no draft.
	Problems []form.Problem
}

// Importable reports whether drafts of the kind can be imported from a sheet.
func (d Definition) Importable() bool {
	_, ok := d.New().(Intake)
	return ok
}

// Imported are the fields that a sheet of the kind has, in the order of the
// form: of its first tab where it has tabs, without attachments, without rows
// and without people to be chosen.
func (d Definition) Imported(f form.Form) []*form.Field {
	if d.Tabs {
		f = f[:1]
	}
	var fields []*form.Field
	for _, field := range f.Fields() {
		switch field.Widget {
		case form.WidgetFiles, form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks, form.WidgetChecks:
		case form.WidgetText, form.WidgetTextArea, form.WidgetDate, form.WidgetDecimal, form.WidgetBool,
			form.WidgetRadio, form.WidgetSelect, form.WidgetCascade:
			if !field.Fixed {
				fields = append(fields, field)
			}
		}
	}
	return fields
}

// Twin is the problem of a row about what the subject has already: message says
// where. It stands at the first of the keys.
func Twin(d Intake, message string) form.Problem {
	key := d.Form(time.Time{}).Field(d.Keys()[0])
	return form.Problem{Field: key.Name, Label: key.Label, Message: message}
}

// Keys is the person.
func (d *PractitionerDocument) Keys() []string { return []string{"id_number"} }

// Keys are the project and the day of its contract.
func (d *PerformanceDocument) Keys() []string { return []string{"project_name", "signed_on"} }
