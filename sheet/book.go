// Package sheet reads and writes Excel workbooks: lists to be taken along, the
// workbook that is filled in to import many drafts at once, and the one that
// comes back with what was wrong in it. What a sheet of a kind holds follows
// from the kind's form (record.Definition.Imported); nothing here knows a kind by
// name but for its example.
//
// Whatever a person typed is written as text, in cells whose format is text: a
// value that begins like a formula stays what it is, whoever opens the file. What
// is read is bounded before it is unpacked. The package knows no HTTP and no SQL.
package sheet

import (
	"fmt"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"
)

const (
	// ContentType of a workbook.
	ContentType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	// Extension of its file's name.
	Extension = ".xlsx"

	// maxName is how long the name of a sheet may be, in characters.
	maxName = 31
	// maxCell is how much a cell holds, in units of UTF-16: Excel's own limit.
	maxCell = 32767
	// textFormat is Excel's number of the format "@": the cell is text, also when
	// somebody edits it.
	textFormat = 49
)

// The colours of headings, of the example and of what is wrong.
const (
	headingColour = "E6EEF9"
	exampleColour = "F3F4F6"
	faultColour   = "FDE2E0"
)

// faults keeps the first error of many steps of which none can be told apart by
// a person.
type faults struct{ err error }

func (f *faults) add(err error) {
	if f.err == nil {
		f.err = err
	}
}

// styles are those of a workbook.
type styles struct{ heading, text, plain, example, fault int }

func newStyles(f *excelize.File) (styles, error) {
	fill := func(colour string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{colour}}
	}
	wrap := &excelize.Alignment{Vertical: "top", WrapText: true}
	var s styles
	var failed faults
	for _, wanted := range []struct {
		id    *int
		style excelize.Style
	}{
		{&s.heading, excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Bold: true}, Fill: fill(headingColour), Alignment: wrap}},
		{&s.text, excelize.Style{NumFmt: textFormat}},
		{&s.plain, excelize.Style{}},
		{&s.example, excelize.Style{NumFmt: textFormat, Font: &excelize.Font{Italic: true, Color: "5B6472"}, Fill: fill(exampleColour)}},
		{&s.fault, excelize.Style{NumFmt: textFormat, Fill: fill(faultColour), Alignment: wrap}},
	} {
		id, err := f.NewStyle(&wanted.style)
		*wanted.id = id
		failed.add(err)
	}
	if failed.err != nil {
		return styles{}, fmt.Errorf("style workbook: %w", failed.err)
	}
	return s, nil
}

// sheetName makes a name of a sheet of a text.
func sheetName(text string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return -1
		}
		return r
	}, text)
	if runes := []rune(name); len(runes) > maxName {
		name = string(runes[:maxName])
	}
	return name
}

// cellText is a text as a cell takes it: what XML cannot hold is left out, and
// what is too long ends.
func cellText(text string) string {
	units := 0
	var kept strings.Builder
	for _, r := range strings.ToValidUTF8(text, "") {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			continue
		}
		if units++; r > 0xFFFF {
			units++
		}
		if units > maxCell {
			break
		}
		kept.WriteRune(r)
	}
	return kept.String()
}

// cellName is the name of a cell; column and line count from 1.
func cellName(column, line int) (string, error) {
	name, err := excelize.CoordinatesToCellName(column, line)
	if err != nil {
		return "", fmt.Errorf("name cell: %w", err)
	}
	return name, nil
}

// List is a list that is written row by row, however long it grows.
type List struct {
	file   *excelize.File
	stream *excelize.StreamWriter
	styles styles
	line   int
}

// NewList begins a list of that name with a row of headings.
func NewList(name string, headings []string) (*List, error) {
	f := excelize.NewFile()
	l := &List{file: f}
	var failed faults
	failed.add(f.SetSheetName("Sheet1", sheetName(name)))
	var err error
	l.styles, err = newStyles(f)
	failed.add(err)
	l.stream, err = f.NewStreamWriter(sheetName(name))
	failed.add(err)
	if failed.err != nil {
		return nil, fmt.Errorf("begin list: %w", failed.err)
	}
	failed.add(l.stream.SetColWidth(1, len(headings), 22))
	failed.add(l.stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}))
	failed.add(l.add(headings, l.styles.heading))
	return l, failed.err
}

// Add writes a row. Every cell is text.
func (l *List) Add(cells []string) error { return l.add(cells, l.styles.text) }

func (l *List) add(cells []string, style int) error {
	l.line++
	row := make([]any, len(cells))
	for i, text := range cells {
		row[i] = excelize.Cell{StyleID: style, Value: cellText(text)}
	}
	at, err := cellName(1, l.line)
	if err != nil {
		return err
	}
	if err := l.stream.SetRow(at, row); err != nil {
		return fmt.Errorf("write row of list: %w", err)
	}
	return nil
}

// WriteTo ends the list and writes the workbook.
func (l *List) WriteTo(w io.Writer) (int64, error) {
	if err := l.stream.Flush(); err != nil {
		return 0, fmt.Errorf("end list: %w", err)
	}
	n, err := l.file.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("write list: %w", err)
	}
	return n, l.Close()
}

// Close gives up what the list took, written or not.
func (l *List) Close() error {
	if err := l.file.Close(); err != nil {
		return fmt.Errorf("close list: %w", err)
	}
	return nil
}
