package sheet

import (
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
)

// The columns that are no fields.
const (
	// noteHeading is over the first column, in which the example says what it is.
	noteHeading = "说明"
	// exampleMark begins the note of a row that is not imported.
	exampleMark = "示例"
	exampleNote = exampleMark + "，导入时忽略"
	// faultHeading is over the last column of the workbook that comes back.
	faultHeading = "问题"
)

// column is a field with its heading.
type column struct {
	field   *form.Field
	heading string
}

// columnsOf are the columns of a sheet of the kind.
func columnsOf(definition record.Definition, document record.Document, today time.Time) []column {
	fields := definition.Imported(document.Form(today))
	columns := make([]column, 0, len(fields))
	for _, f := range fields {
		columns = append(columns, column{f, heading(f)})
	}
	return columns
}

// heading is a field's label, with its unit, and a star where it is required.
func heading(f *form.Field) string {
	text := f.Label
	if f.Unit != "" {
		text += "（" + f.Unit + "）"
	}
	if f.Required() {
		text += "*"
	}
	return text
}

// headed is a heading as headings are compared: however it is spaced, with or
// without star and unit.
func headed(text string) string {
	text = strings.NewReplacer("*", "", "＊", "").Replace(form.Fold(text))
	if open := strings.LastIndex(text, "("); open > 0 && strings.HasSuffix(text, ")") {
		text = text[:open]
	}
	return text
}

// hint is what the comment on a heading says.
func hint(f *form.Field) string {
	var lines []string
	add := func(line string) {
		if line != "" {
			lines = append(lines, line)
		}
	}
	switch {
	case f.Required():
		add("必填")
	default:
		add(f.RequiredNote)
	}
	add(f.Hint)
	switch f.Widget {
	case form.WidgetDate:
		add("按 2024-06-18 的样子填写")
	case form.WidgetDecimal:
		add("填写数字，单位为" + f.Unit + "，最多 4 位小数")
	case form.WidgetRadio, form.WidgetSelect:
		add("从下拉列表选择，也可以填写代码")
	case form.WidgetCascade:
		add("填写完整名称，例如 " + leafName(f) + "，或者代码；全部名称和代码见工作表“" + referenceName(f) + "”")
	case form.WidgetBool:
		add("填写 是 或 否")
	case form.WidgetText, form.WidgetTextArea, form.WidgetChecks, form.WidgetFiles, form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks:
	}
	return strings.Join(lines, "\n")
}

// referenceName names the sheet with the codes of a field.
func referenceName(f *form.Field) string { return sheetName(f.Label + "代码") }

// leafName is the full name of some entry at the lowest level of a field's table.
func leafName(f *form.Field) string {
	entries := f.Table.Entries()
	for _, e := range entries {
		if len(f.Table.Path(e.Code)) == f.Table.Depth() {
			return f.Table.FullName(e.Code)
		}
	}
	return ""
}
