package view

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"unireg/record/codes"
	"unireg/record/form"
)

// freshRow draws the id of a row to come: pressed twice, the button adds one.
func freshRow() string { return uuid.Must(uuid.NewV7()).String() }

// rowTitle is the title of a row, which one of its fields has given it.
func rowTitle(ctx context.Context, row form.Row) string {
	title := row.Title()
	for _, f := range row.Fields {
		if title != "" && f.Display() == title {
			return value(ctx, f, title)
		}
	}
	return cmp.Or(title, tr(ctx, "未填写"))
}

// belowTitle are the fields of a row without the one that is its title.
func belowTitle(row form.Row) []*form.Field {
	i := slices.IndexFunc(row.Fields, func(f *form.Field) bool { return f.Display() != "" && f.Display() == row.Title() })
	if i < 0 {
		return row.Fields
	}
	return slices.Delete(slices.Clone(row.Fields), i, i+1)
}

func onlyRows(fields []*form.Field) bool {
	return !slices.ContainsFunc(fields, func(f *form.Field) bool { return f.Widget != form.WidgetRows })
}

// spareTerms is how many empty lines a list of terms offers.
const spareTerms = 2

// termLines are the terms of a field, with empty lines behind them.
func termLines(f *form.Field) []form.Term {
	return append(slices.Clone(f.Terms()), make([]form.Term, spareTerms)...)
}

// termGroup is the codes below one heading.
type termGroup struct {
	label   string
	entries []codes.Entry
}

// termGroups are a table's codes by what stands above them.
func termGroups(table *codes.Table) []termGroup {
	var groups []termGroup
	for _, above := range table.Children("") {
		if below := table.Children(above.Code); len(below) > 0 {
			groups = append(groups, termGroup{above.Name, below})
		}
	}
	return groups
}

// dateType is the type of a control for a date: one that is none is shown as
// typed, which a date control could not.
func dateType(d form.Date) string {
	if _, ok := d.Time(); ok || d == "" {
		return "date"
	}
	return "text"
}
