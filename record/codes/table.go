package codes

import (
	"cmp"
	"fmt"
	"slices"
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

// Table is one namespace of codes. It never changes; its zero value is of no use.
type Table struct {
	name      string
	separator string // between the names of a path
	above     *Table // where roots find their parents, or nil
	rows      func() *rows
}

// rows is a table's parsed content.
type rows struct {
	entries  []Entry          // file order
	at       map[string]int   // code → index in entries
	children map[string][]int // parent → indexes, in order of code
}

func newTable(name, separator string, above *Table) *Table {
	return &Table{name: name, separator: separator, above: above, rows: sync.OnceValue(func() *rows {
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
	parsed := &rows{at: map[string]int{}, children: map[string][]int{}}
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
		if _, twice := parsed.at[e.Code]; twice {
			return nil, fmt.Errorf("line %d: code %s occurs twice", number+1, e.Code)
		}
		for _, date := range []string{e.ValidFrom, e.ValidTo} {
			if _, err := time.Parse(time.DateOnly, date); date != "" && err != nil {
				return nil, fmt.Errorf("line %d: %w", number+1, err)
			}
		}
		parsed.at[e.Code] = len(parsed.entries)
		parsed.children[e.Parent] = append(parsed.children[e.Parent], len(parsed.entries))
		parsed.entries = append(parsed.entries, e)
	}
	for _, siblings := range parsed.children {
		slices.SortFunc(siblings, func(a, b int) int {
			return cmp.Compare(parsed.entries[a].Code, parsed.entries[b].Code)
		})
	}
	return parsed, nil
}

// Name is the namespace, such as "region". It is the file's name in data/.
func (t *Table) Name() string { return t.name }

// Lookup finds a code, retired ones too: whoever accepts new input also asks
// Entry.ValidOn.
func (t *Table) Lookup(code string) (Entry, bool) {
	r := t.rows()
	i, ok := r.at[code]
	if !ok {
		return Entry{}, false
	}
	return r.entries[i], true
}

// Find is Lookup that also looks through the tables above this one, where the
// upper levels of a cascade have their codes.
func (t *Table) Find(code string) (Entry, bool) {
	for ; t != nil; t = t.above {
		if e, ok := t.Lookup(code); ok {
			return e, true
		}
	}
	return Entry{}, false
}

// Children lists the entries below a code that are valid today, in order of
// code; "" stands above the roots. A table may hang below another, as majors
// below series below classes: descending from "" then passes through the
// entries of the tables above, which Lookup of this table does not accept.
func (t *Table) Children(parent string) []Entry { return t.childrenOn(parent, today()) }

func (t *Table) childrenOn(parent, date string) []Entry {
	r := t.rows()
	below, ours := r.children[parent]
	if !ours && t.above != nil {
		return t.above.childrenOn(parent, date)
	}
	var entries []Entry
	for _, i := range below {
		if e := r.entries[i]; e.ValidOn(date) {
			entries = append(entries, e)
		}
	}
	return entries
}

// Entries lists this table's entries that are valid today, in the file's order.
func (t *Table) Entries() []Entry { return t.entriesOn(today()) }

func (t *Table) entriesOn(date string) []Entry {
	r := t.rows()
	entries := make([]Entry, 0, len(r.entries))
	for _, e := range r.entries {
		if e.ValidOn(date) {
			entries = append(entries, e)
		}
	}
	return entries
}

// All lists this table's entries in the file's order, retired ones too: for
// finding what was filed under them.
func (t *Table) All() []Entry { return slices.Clone(t.rows().entries) }

// Path is the way from the root down to a code of this table or one above it,
// including the code. It is nil for an unknown code.
func (t *Table) Path(code string) []Entry {
	e, ok := t.Lookup(code)
	if !ok {
		if t.above == nil {
			return nil
		}
		return t.above.Path(code)
	}
	if e.Parent == "" {
		return []Entry{e}
	}
	path := t.Path(e.Parent)
	if path == nil && t.above != nil {
		path = t.above.Path(e.Parent)
	}
	return append(path, e)
}

// FullName is the names along the path in one line: 湖南省长沙市岳麓区 for a region,
// 建筑业 / 房屋建筑业 for anything else. It is "" for an unknown code.
func (t *Table) FullName(code string) string {
	path := t.Path(code)
	names := make([]string, len(path))
	for i, e := range path {
		names[i] = e.Name
	}
	return strings.Join(names, t.separator)
}

// Hierarchical reports whether entries lie below one another, so that a form
// offers them step by step from Children("") down rather than as one list.
func (t *Table) Hierarchical() bool {
	r := t.rows()
	return len(r.children[""]) < len(r.entries)
}

// today is the civil date in China, which has had one zone and no summer time
// since 1991.
func today() string {
	return time.Now().In(time.FixedZone("Asia/Shanghai", 8*60*60)).Format(time.DateOnly)
}
