package codes

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// Entry is one row of a table.
type Entry struct {
	Code string // unique within its table for ever
	Name string // what a page shows
	// Parent is the code above, in this table or in the table above it; "" at the root.
	Parent string
	// Initials are the first letters of the name's pinyin, lower case: 岳麓区 is ylq.
	Initials string
	// ValidFrom and ValidTo are the first and the last day, as 2006-01-02, on which
	// the code may be chosen; "" where there is no such bound.
	ValidFrom, ValidTo string
}

// ValidOn reports whether the code could be chosen on a civil date, written
// 2006-01-02. Both bounds belong to the period.
func (e Entry) ValidOn(date string) bool {
	return (e.ValidFrom == "" || e.ValidFrom <= date) && (e.ValidTo == "" || date <= e.ValidTo)
}

// Table is one namespace of codes; its zero value is of no use. What it answers
// is of the edition in use: see Use.
type Table struct {
	name      string
	separator string // between the names of a path
	above     *Table // where roots find their parents, or nil
	embedded  func() *rows
}

func newTable(name, separator string, above *Table) *Table {
	return &Table{name: name, separator: separator, above: above, embedded: sync.OnceValue(func() *rows {
		text, err := data.ReadFile("data/" + name + ".tsv")
		if err != nil {
			panic(fmt.Sprintf("codes: table %s is not embedded: %v", name, err)) //nolint:forbidigo // what is embedded is part of the build
		}
		parsed, err := parse(string(text))
		if err != nil {
			panic(fmt.Sprintf("codes: embedded table %s: %v", name, err)) //nolint:forbidigo // what is embedded is part of the build
		}
		return parsed
	})}
}

// columns is the heading of every data file.
const columns = "code\tname\tparent\tvalid_from\tvalid_to\tinitials"

// parse reads a data file: lines that begin with # are comments, the first
// other line is the heading, each further one an entry.
func parse(text string) (*rows, error) {
	var entries []Entry
	headed := false
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if !headed {
			if line != columns {
				return nil, fmt.Errorf("line %d: heading is %q, not %q", number+1, line, columns)
			}
			headed = true
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 6 || cells[0] == "" || cells[1] == "" {
			return nil, fmt.Errorf("line %d: an entry has six columns, the first two of them filled", number+1)
		}
		e := Entry{Code: cells[0], Name: cells[1], Parent: cells[2], ValidFrom: cells[3], ValidTo: cells[4], Initials: cells[5]}
		for _, date := range []string{e.ValidFrom, e.ValidTo} {
			if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
		}
		entries = append(entries, e)
	}
	return newRows(entries)
}

// Name is the namespace, such as "region". It is the file's name in data/.
func (t *Table) Name() string { return t.name }

// Lookup finds a code, retired ones too: whoever accepts new input also asks
// Entry.ValidOn.
func (t *Table) Lookup(code string) (Entry, bool) { return InUse().lookup(t, code) }

// Find is Lookup that also looks through the tables above this one, where the
// upper levels of a cascade have their codes.
func (t *Table) Find(code string) (Entry, bool) {
	in := InUse()
	for ; t != nil; t = t.above {
		if e, ok := in.lookup(t, code); ok {
			return e, true
		}
	}
	return Entry{}, false
}

// Children lists the entries below a code that are valid today, in order of
// code; "" stands above the roots. A table may hang below another, as majors
// below series below classes: descending from "" then passes through the
// entries of the tables above, which Lookup of this table does not accept.
func (t *Table) Children(parent string) []Entry { return t.ChildrenOn(parent, CivilDate(time.Now())) }

// ChildrenOn is Children as of a civil date, written 2006-01-02.
func (t *Table) ChildrenOn(parent, date string) []Entry { return InUse().children(t, parent, date) }

// Entries lists this table's entries that are valid today, in the file's order.
// What was imported beside the file's stands before the first greater code.
func (t *Table) Entries() []Entry { return InUse().entriesOn(t, CivilDate(time.Now())) }

// All lists this table's entries in the order of Entries, retired ones too: for
// finding what was filed under them.
func (t *Table) All() []Entry { return InUse().Entries(t) }

// Path is the way from the root down to a code of this table or one above it,
// including the code. It is nil for an unknown code.
func (t *Table) Path(code string) []Entry {
	in := InUse()
	for ; t != nil; t = t.above {
		if path := in.path(t, code); path != nil {
			return path
		}
	}
	return nil
}

// FullName is the names along the path in one line: 湖南省长沙市岳麓区 for a region,
// 建筑业 / 房屋建筑业 for anything else. It is "" for an unknown code.
func (t *Table) FullName(code string) string { return InUse().fullName(t, code) }

// Depth is the length of the longest path in the table, retired codes included:
// how many lists a form needs to descend to any of them. It is counted once for
// each edition.
func (t *Table) Depth() int { return InUse().depth(t) }

// Hierarchical reports whether entries lie below one another, so that a form
// offers them step by step from Children("") down rather than as one list.
func (t *Table) Hierarchical() bool {
	r := InUse().rows(t)
	return len(r.children[""]) < len(r.entries)
}

// shanghai is the zone of civil dates: China has had one and no summer time since
// 1991.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// CivilDate is the date in China at an instant, as tables write dates.
func CivilDate(t time.Time) string { return t.In(shanghai).Format(time.DateOnly) }
