package sheet

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// choicesName is the hidden sheet from which the drop-down lists are filled.
const choicesName = "选项"

// book is a workbook to be filled in.
type book struct {
	file    *excelize.File
	name    string // of the sheet that is filled in
	columns []column
	styles  styles
	faults  faults
}

// Template writes the workbook from which drafts of the kind are imported: a
// column for each field, an example, lists to choose from. Codes are those that
// can be chosen today.
func Template(w io.Writer, definition record.Definition, today time.Time) error {
	b, err := newBook(definition, today, MaxRows+1)
	if err != nil {
		return err
	}
	b.row(2, exampleNote, texts(definition, example(definition), today), b.styles.example)
	return b.writeTo(w)
}

// Returned writes the rows that became no draft as they were typed, with what is
// wrong with each. The workbook can be corrected and imported as it is.
func Returned(w io.Writer, definition record.Definition, rows []record.IntakeRow, today time.Time) error {
	b, err := newBook(definition, today, len(rows))
	if err != nil {
		return err
	}
	last := len(b.columns) + 2
	b.cell(last, 1, faultHeading, b.styles.heading)
	b.width(last, 60)
	for i, row := range rows {
		line := i + 2
		b.row(line, fmt.Sprintf("原第 %d 行", row.Line), row.Cells, b.styles.text)
		var said []string
		for _, p := range row.Problems {
			said = append(said, p.Label+"："+p.Message)
			for n, c := range b.columns {
				if c.field.Name == p.Field {
					b.cell(n+2, line, row.Cells[p.Field], b.styles.fault)
				}
			}
		}
		b.cell(last, line, strings.Join(said, "\n"), b.styles.fault)
	}
	return b.writeTo(w)
}

// newBook makes a workbook with its headings, and lists for that many rows.
func newBook(definition record.Definition, today time.Time, rows int) (*book, error) {
	document := definition.New()
	b := &book{file: excelize.NewFile(), name: sheetName(definition.Label), columns: columnsOf(definition, document, today)}
	var err error
	if b.styles, err = newStyles(b.file); err != nil {
		return nil, err
	}
	b.faults.add(b.file.SetSheetName("Sheet1", b.name))
	b.faults.add(b.file.SetPanes(b.name, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}))
	b.cell(1, 1, noteHeading, b.styles.heading)
	b.width(1, 18)
	_, err = b.file.NewSheet(choicesName)
	b.faults.add(err)
	for i, c := range b.columns {
		b.head(i+2, c, rows)
	}
	b.faults.add(b.file.SetSheetVisible(choicesName, false))
	return b, nil
}

// head writes a heading with its comment, the format of its column, and what
// can be chosen there.
func (b *book) head(at int, c column, rows int) {
	letters, err := excelize.ColumnNumberToName(at)
	b.faults.add(err)
	if c.field.Widget != form.WidgetDecimal {
		// Excel takes 18 digits for a number and drops the last three, and draws
		// dates as it likes: as text they stay what was typed.
		b.faults.add(b.file.SetColStyle(b.name, letters, b.styles.text))
	}
	b.cell(at, 1, c.heading, b.styles.heading)
	b.width(at, 20)
	if said := hint(c.field); said != "" {
		b.faults.add(b.file.AddComment(b.name, excelize.Comment{
			Cell: letters + "1", Author: c.field.Label, Text: said, Width: 260, Height: uint(40 + 20*(strings.Count(said, "\n")+len([]rune(said))/18)),
		}))
	}
	switch c.field.Widget {
	case form.WidgetRadio, form.WidgetSelect:
		b.choices(at, letters, c.field, rows)
	case form.WidgetCascade:
		b.reference(c.field)
	case form.WidgetText, form.WidgetTextArea, form.WidgetDate, form.WidgetDecimal, form.WidgetBool, form.WidgetChecks, form.WidgetFiles,
		form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks:
	}
}

// choices fills a column of the hidden sheet and makes it the drop-down list of
// the field's column. Other input is warned of, not refused: codes are input too.
func (b *book) choices(at int, letters string, f *form.Field, rows int) {
	entries := f.Table.Entries()
	for i, e := range entries {
		name, err := cellName(at, i+1)
		b.faults.add(err)
		b.faults.add(b.file.SetCellStr(choicesName, name, cellText(e.Name)))
	}
	if len(entries) == 0 {
		return
	}
	list := excelize.NewDataValidation(true)
	list.SetSqref(fmt.Sprintf("%s2:%s%d", letters, letters, rows+1))
	list.SetSqrefDropList(fmt.Sprintf("%s!$%s$1:$%s$%d", choicesName, letters, letters, len(entries)))
	list.SetError(excelize.DataValidationErrorStyleWarning, f.Label, "不在下拉列表中的内容，导入时可能不被接受。")
	b.faults.add(b.file.AddDataValidation(b.name, list))
}

// reference adds a sheet with the codes and full names that a tree of codes has.
func (b *book) reference(f *form.Field) {
	name := referenceName(f)
	_, err := b.file.NewSheet(name)
	b.faults.add(err)
	stream, err := b.file.NewStreamWriter(name)
	if err != nil {
		b.faults.add(err)
		return
	}
	b.faults.add(stream.SetColWidth(1, 1, 14))
	b.faults.add(stream.SetColWidth(2, 2, 60))
	text := func(value string, style int) excelize.Cell {
		return excelize.Cell{StyleID: style, Value: cellText(value)}
	}
	b.faults.add(stream.SetRow("A1", []any{text("代码", b.styles.heading), text("完整名称", b.styles.heading)}))
	line := 1
	for _, e := range f.Table.Entries() {
		if len(f.Table.Children(e.Code)) > 0 {
			continue
		}
		line++
		at, err := cellName(1, line)
		b.faults.add(err)
		b.faults.add(stream.SetRow(at, []any{text(e.Code, b.styles.text), text(f.Table.FullName(e.Code), b.styles.text)}))
	}
	b.faults.add(stream.Flush())
}

// row writes a row of texts by the names of the fields.
func (b *book) row(line int, note string, cells map[string]string, style int) {
	b.cell(1, line, note, b.styles.example)
	for i, c := range b.columns {
		if text := cells[c.field.Name]; text != "" {
			b.cell(i+2, line, text, style)
		}
	}
}

func (b *book) cell(at, line int, text string, style int) {
	name, err := cellName(at, line)
	b.faults.add(err)
	b.faults.add(b.file.SetCellStr(b.name, name, cellText(text)))
	b.faults.add(b.file.SetCellStyle(b.name, name, name, style))
}

func (b *book) width(at int, characters float64) {
	letters, err := excelize.ColumnNumberToName(at)
	b.faults.add(err)
	b.faults.add(b.file.SetColWidth(b.name, letters, letters, characters))
}

func (b *book) writeTo(w io.Writer) error {
	if b.faults.err == nil {
		_, err := b.file.WriteTo(w)
		b.faults.add(err)
	}
	b.faults.add(b.file.Close())
	if b.faults.err != nil {
		return fmt.Errorf("write workbook: %w", b.faults.err)
	}
	return nil
}

// example is a document that shows how a row is filled.
func example(definition record.Definition) record.Document {
	if definition.Kind == record.Practitioner {
		return sample.Practitioner(sample.ResidentID(1), "周予安", form.File{})
	}
	return sample.Document(definition.Kind, record.Subject{}, 1, form.File{})
}

// texts are a document's values as they are typed into cells.
func texts(definition record.Definition, d record.Document, today time.Time) map[string]string {
	cells := map[string]string{}
	for _, f := range definition.Imported(d.Form(today)) {
		switch f.Widget {
		case form.WidgetRadio, form.WidgetSelect, form.WidgetCascade, form.WidgetBool:
			cells[f.Name] = f.Display()
		case form.WidgetText, form.WidgetTextArea, form.WidgetDate, form.WidgetDecimal:
			cells[f.Name] = f.Text()
		case form.WidgetChecks, form.WidgetFiles, form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks:
		}
	}
	return cells
}
