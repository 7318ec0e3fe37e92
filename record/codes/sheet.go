package codes

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Fault is what is wrong with one line of a sheet.
type Fault struct {
	Line int    // counted from 1; 0 for what no line of the sheet says
	Text string // a sentence without its full stop
}

// Faults are what is wrong with a sheet, in the order of its lines.
type Faults []Fault

// Error is a line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Text
		if fault.Line > 0 {
			lines[i] = fmt.Sprintf("line %d: %s", fault.Line, fault.Text)
		}
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(line int, format string, values ...any) {
	*f = append(*f, Fault{line, fmt.Sprintf(format, values...)})
}

// err is the faults as an error, in the order of the lines; nil if there are none.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	slices.SortStableFunc(f, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	if more := len(f) - maxFaults; more > 0 {
		f = append(f[:maxFaults:maxFaults], Fault{Text: fmt.Sprintf("and %d faults more", more)})
	}
	return f
}

// Sheet is a table as somebody outside wrote it.
type Sheet struct {
	Table string // namespace that its comment names; "" where none does
	// Parents, From, To and Initials tell whether it has that column: what has no
	// column is not said, what has an empty cell is said to be empty.
	Parents, From, To, Initials bool
	Lines                       []Line
	// Faults are of the sheet itself; Compare adds those against the tables, so
	// that all are told at once.
	Faults Faults
}

// Line is an entry with its place in the sheet.
type Line struct {
	Number int // counted from 1
	Entry  Entry
	faulty bool
}

// headings are the names of the columns, by which operators may call them.
var headings = map[string]string{
	"code": "code", "代码": "code", "name": "name", "名称": "name", "parent": "parent", "上级代码": "parent",
	"valid_from": "valid_from", "启用日期": "valid_from", "valid_to": "valid_to", "停用日期": "valid_to",
	"initials": "initials", "拼音首字母": "initials",
}

const (
	maxNameLength = 200
	// maxFaults bounds what is told of one sheet: a file of another kind has a
	// fault in every line.
	maxFaults = 200
)

var (
	codePattern     = regexp.MustCompile(`^[0-9A-Za-z_]{1,32}$`)
	initialsPattern = regexp.MustCompile(`^[a-z0-9]+$`)
	tableComment    = regexp.MustCompile(`^#\s*table:\s*([a-z_]+)`)
)

// ReadSheet reads a table from UTF-8 text, with or without a byte order mark,
// separated by tabs or commas and quoted as spreadsheets quote. Lines that begin
// with # are comments, of which "# table: region" names the table. The first
// other line is the heading: code and name, and any of parent, valid_from,
// valid_to and initials, in any order. Names get full-width brackets, as all
// tables have them; dates may be written 2026-1-1 or 2026/1/1.
func ReadSheet(text []byte) Sheet {
	var sheet Sheet
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	number := 0
	for line := range bytes.Lines(text) {
		if number++; !utf8.Valid(line) {
			sheet.Faults.add(number, "the text is not UTF-8: save it as \"CSV UTF-8\"")
			return sheet
		}
	}
	rows, numbers := sheet.cells(text)
	if len(rows) == 0 {
		sheet.Faults.add(0, "the file has no heading with code and name")
		return sheet
	}
	columns := sheet.heading(rows[0], numbers[0])
	if len(sheet.Faults) > 0 {
		return sheet
	}
	lines := map[string]int{}
	for i, cells := range rows[1:] {
		line := Line{Number: numbers[i+1]}
		found := len(sheet.Faults)
		line.Entry = readEntry(columns, cells, line.Number, &sheet.Faults)
		first, twice := lines[line.Entry.Code]
		switch {
		case line.Entry.Code == "":
			continue
		case twice:
			sheet.Faults.add(line.Number, "code %s is on line %d already", line.Entry.Code, first)
			continue
		}
		lines[line.Entry.Code] = line.Number
		line.faulty = len(sheet.Faults) > found
		sheet.Lines = append(sheet.Lines, line)
	}
	if len(rows) == 1 {
		sheet.Faults.add(0, "the file has a heading and no code")
	}
	return sheet
}

// cells splits a text into the rows that are no comments, with their lines.
func (s *Sheet) cells(text []byte) (rows [][]string, numbers []int) {
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma, reader.FieldsPerRecord, reader.LazyQuotes = separatorOf(text), -1, true
	for {
		cells, err := reader.Read()
		if fault := new(csv.ParseError); errors.As(err, &fault) {
			s.Faults.add(fault.Line, "%v", fault.Err)
		}
		if err != nil {
			return rows, numbers
		}
		for i, cell := range cells {
			cells[i] = strings.TrimSpace(cell)
		}
		number, _ := reader.FieldPos(0)
		if found := tableComment.FindStringSubmatch(cells[0]); found != nil && len(rows) == 0 && s.Table == "" {
			s.Table = found[1]
		}
		if !strings.HasPrefix(cells[0], "#") && strings.Join(cells, "") != "" {
			rows, numbers = append(rows, cells), append(numbers, number)
		}
	}
}

// separatorOf is what separates the cells of the heading.
func separatorOf(text []byte) rune {
	for line := range bytes.Lines(text) {
		if !bytes.HasPrefix(bytes.TrimPrefix(line, []byte(`"`)), []byte("#")) && len(bytes.TrimSpace(line)) > 0 {
			if bytes.ContainsRune(line, '\t') {
				return '\t'
			}
			break
		}
	}
	return ','
}

// heading returns the names of the columns in order, "" for one without any.
func (s *Sheet) heading(cells []string, number int) []string {
	columns := make([]string, len(cells))
	for i, cell := range cells {
		if cell == "" {
			continue
		}
		column, known := headings[strings.ToLower(cell)]
		switch {
		case !known:
			s.Faults.add(number, "there is no column %q: the heading has code, name, parent, valid_from, valid_to, initials", cell)
		case slices.Contains(columns, column):
			s.Faults.add(number, "column %s occurs twice", column)
		}
		columns[i] = column
	}
	for _, needed := range []string{"code", "name"} {
		if !slices.Contains(columns, needed) {
			s.Faults.add(number, "the heading has no column %s", needed)
		}
	}
	s.Parents, s.From = slices.Contains(columns, "parent"), slices.Contains(columns, "valid_from")
	s.To, s.Initials = slices.Contains(columns, "valid_to"), slices.Contains(columns, "initials")
	return columns
}

func readEntry(columns, cells []string, number int, faults *Faults) Entry {
	var e Entry
	for i, cell := range cells {
		if i >= len(columns) || columns[i] == "" {
			if cell != "" {
				faults.add(number, "%q stands in a column without a heading", cell)
			}
			continue
		}
		switch columns[i] {
		case "code":
			e.Code = cell
		case "name":
			e.Name = strings.NewReplacer("(", "（", ")", "）").Replace(cell)
		case "parent":
			e.Parent = cell
		case "valid_from":
			e.ValidFrom = readDate(cell, number, faults)
		case "valid_to":
			e.ValidTo = readDate(cell, number, faults)
		case "initials":
			e.Initials = strings.ToLower(cell)
		}
	}
	for _, code := range []string{e.Code, e.Parent} {
		if code != "" && !codePattern.MatchString(code) {
			faults.add(number, "%q is no code: letters, digits and _, 32 at most", code)
		}
	}
	switch {
	case e.Code == "":
		faults.add(number, "the code is missing")
	case e.Parent == e.Code:
		faults.add(number, "%s lies below itself", e.Code)
	}
	switch {
	case e.Name == "":
		faults.add(number, "the name is missing")
	case strings.ContainsFunc(e.Name, unicode.IsControl):
		faults.add(number, "the name has a line break or another control character")
	case utf8.RuneCountInString(e.Name) > maxNameLength:
		faults.add(number, "the name has more than %d characters", maxNameLength)
	}
	if e.Initials != "" && !initialsPattern.MatchString(e.Initials) {
		faults.add(number, "the initials %q are not of letters and digits", e.Initials)
	}
	if e.ValidFrom != "" && e.ValidTo != "" && e.ValidFrom > e.ValidTo {
		faults.add(number, "valid from %s to %s is no period", e.ValidFrom, e.ValidTo)
	}
	return e
}

// readDate brings a date to 2006-01-02; "" stays.
func readDate(cell string, number int, faults *Faults) string {
	if cell == "" {
		return ""
	}
	for _, layout := range []string{"2006-1-2", "2006/1/2"} {
		if t, err := time.Parse(layout, cell); err == nil && t.Year() >= 1949 && t.Year() < 2200 {
			return t.Format(time.DateOnly)
		}
	}
	faults.add(number, "%q is no date: write 2026-01-31", cell)
	return ""
}
