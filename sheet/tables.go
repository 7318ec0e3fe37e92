package sheet

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Table is one sheet of a workbook of figures.
type Table struct {
	Name     string
	Headings []string
	Rows     [][]string
}

// How a text of figures looks: a number, or a share of a hundred.
var figurePattern = regexp.MustCompile(`^-?[0-9]{1,15}(\.[0-9]{1,6})?%?$`)

// shareFormat shows a share as the page does: with one digit behind the point.
const shareFormat = "0.0%"

// WriteTables writes a workbook with a sheet for each table. The first cell of a
// row is its heading and always text; of the others those that are a number, or
// a share of a hundred, can be reckoned with, and show what they showed before.
func WriteTables(w io.Writer, tables []Table) error {
	f := excelize.NewFile()
	s, err := newStyles(f)
	if err != nil {
		return err
	}
	format := shareFormat
	share, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return fmt.Errorf("style workbook: %w", err)
	}
	var failed faults
	for i, table := range tables {
		name := sheetName(table.Name)
		if i == 0 {
			failed.add(f.SetSheetName("Sheet1", name))
		} else {
			_, err := f.NewSheet(name)
			failed.add(err)
		}
		stream, err := f.NewStreamWriter(name)
		if err != nil {
			return fmt.Errorf("begin sheet: %w", err)
		}
		failed.add(stream.SetColWidth(1, 1, 28))
		failed.add(stream.SetColWidth(2, max(2, len(table.Headings)), 14))
		failed.add(stream.SetPanes(&excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2", ActivePane: "bottomRight"}))
		for line, row := range append([][]string{table.Headings}, table.Rows...) {
			cells := make([]any, len(row))
			for column, text := range row {
				cells[column] = excelize.Cell{StyleID: s.text, Value: cellText(text)}
				switch {
				case line == 0:
					cells[column] = excelize.Cell{StyleID: s.heading, Value: cellText(text)}
				case column > 0 && figurePattern.MatchString(text):
					cells[column] = figure(text, s.plain, share)
				}
			}
			failed.add(stream.SetRow("A"+strconv.Itoa(line+1), cells))
		}
		failed.add(stream.Flush())
	}
	if failed.err == nil {
		_, failed.err = f.WriteTo(w)
	}
	failed.add(f.Close())
	if failed.err != nil {
		return fmt.Errorf("write tables: %w", failed.err)
	}
	return nil
}

// figure is a cell with a number.
func figure(text string, plain, share int) excelize.Cell {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil:
		return excelize.Cell{StyleID: plain, Value: cellText(text)}
	case percent:
		return excelize.Cell{StyleID: share, Value: value / 100}
	}
	return excelize.Cell{StyleID: plain, Value: value}
}
