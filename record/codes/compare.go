package codes

import (
	"slices"
	"strings"
	"time"
)

// Terms say how a sheet is taken.
type Terms struct {
	// From is the first day of new codes that name none, 2006-01-02.
	From string
	// Complete tells that the sheet is the whole table: what it leaves out is
	// retired on the day before From. Otherwise what it leaves out stays.
	Complete bool
	// Initials reads a name that is new where the sheet does not.
	Initials func(name string) (string, error)
}

// ChangeKind is what happens to a code.
type ChangeKind string

// What happens to codes. Nothing is ever deleted.
const (
	Added     ChangeKind = "new"
	Renamed   ChangeKind = "renamed"
	Moved     ChangeKind = "moved"     // below another parent
	Retired   ChangeKind = "retired"   // ends, or ends earlier than it was to
	Reopened  ChangeKind = "reopened"  // ends no more, or later
	Begins    ChangeKind = "begins"    // on another day
	Respelled ChangeKind = "respelled" // the initials
)

// ChangeKinds lists them, in the order in which changes are told.
func ChangeKinds() []ChangeKind {
	return []ChangeKind{Added, Renamed, Moved, Retired, Reopened, Begins, Respelled}
}

// Change is what an import does to one code. Before is zero where it is new.
type Change struct{ Before, After Entry }

// Kinds is what happens, in the order of ChangeKinds.
func (c Change) Kinds() []ChangeKind {
	b, a := c.Before, c.After
	if b.Code == "" {
		return []ChangeKind{Added}
	}
	var kinds []ChangeKind
	for _, k := range []struct {
		kind ChangeKind
		is   bool
	}{
		{Renamed, a.Name != b.Name},
		{Moved, a.Parent != b.Parent},
		{Retired, a.ValidTo != "" && (b.ValidTo == "" || a.ValidTo < b.ValidTo)},
		{Reopened, b.ValidTo != "" && (a.ValidTo == "" || a.ValidTo > b.ValidTo)},
		{Begins, a.ValidFrom != b.ValidFrom},
		{Respelled, a.Initials != b.Initials && a.Name == b.Name},
	} {
		if k.is {
			kinds = append(kinds, k.kind)
		}
	}
	return kinds
}

// comparison is a sheet held against a table of an edition.
type comparison struct {
	edition *Edition
	table   *Table
	sheet   Sheet
	terms   Terms
	today   string // civil date of the import
	changes []Change
	lines   map[string]int // code → line of the sheet
	faults  Faults
}

// Compare tells what a sheet changes in a table, if it is imported on the civil
// date today. The error is Faults. It refuses what would undo a filing: a code
// that may be chosen today stays so until the day ends, for what was accepted
// today is applied by the codes of today; and a code is never given to something
// else. Names and parents change at once: filed documents bear the old ones.
func (ed *Edition) Compare(t *Table, s Sheet, today string, terms Terms) ([]Change, error) {
	if len(s.Lines) == 0 {
		return nil, s.Faults.err()
	}
	c := &comparison{edition: ed, table: t, sheet: s, terms: terms, today: today, lines: map[string]int{}, faults: slices.Clone(s.Faults)}
	for _, line := range s.Lines {
		c.lines[line.Entry.Code] = line.Number
	}
	for _, line := range s.Lines {
		before, known := ed.lookup(t, line.Entry.Code)
		switch {
		case !known:
			c.added(line)
		case !line.faulty:
			c.known(before, line)
		}
	}
	if terms.Complete {
		c.retireTheRest()
	}
	c.examine()
	return c.changes, c.faults.err()
}

// known compares a line with the code that it is about.
func (c *comparison) known(before Entry, line Line) {
	after := before
	after.Name = line.Entry.Name
	if c.sheet.Parents {
		after.Parent = line.Entry.Parent
	}
	if line.Entry.ValidFrom != "" {
		after.ValidFrom = line.Entry.ValidFrom
	}
	if c.sheet.To {
		after.ValidTo = line.Entry.ValidTo
	}
	switch spelled := line.Entry.Initials; {
	case spelled != "" && (after.Name == before.Name || spelled != before.Initials):
		after.Initials = spelled
	case after.Name != before.Name:
		after.Initials = c.initials(after.Name, line.Number)
	}
	if after == before {
		return
	}
	switch {
	case after.ValidFrom != "" && after.ValidTo != "" && after.ValidFrom > after.ValidTo:
		c.faults.add(line.Number, "%s would be valid from %s to %s", after.Code, after.ValidFrom, after.ValidTo)
	case before.ValidOn(c.today) && !after.ValidOn(c.today):
		c.faults.add(line.Number, "%s may be chosen today: its last day is %s at the earliest", after.Code, c.today)
	case before.ValidTo != "" && before.ValidTo < c.today && after.Name != before.Name && (after.ValidTo == "" || after.ValidTo > before.ValidTo):
		c.faults.add(line.Number, "%s was %s until %s: a code is never given to something else", after.Code, before.Name, before.ValidTo)
	}
	c.changes = append(c.changes, Change{before, after})
}

// added takes a line about a code that is new.
func (c *comparison) added(line Line) {
	e := line.Entry
	if e.ValidFrom == "" {
		e.ValidFrom = c.terms.From
	}
	if e.ValidTo != "" && e.ValidFrom > e.ValidTo {
		e.ValidFrom = line.Entry.ValidFrom // it was over before the import
	}
	if whole := c.zeroless(e.Code); whole != "" {
		c.faults.add(line.Number, "is %s meant by %s? A spreadsheet drops leading zeros where the column is not text", whole, e.Code)
	}
	if e.Initials == "" && !line.faulty {
		e.Initials = c.initials(e.Name, line.Number)
	}
	if r := c.edition.rows(c.table); !c.sheet.Parents && (c.table.above != nil || len(r.children[""]) < len(r.entries)) {
		c.faults.add(line.Number, "%s is new: the file needs the column parent to say what it lies below", e.Code)
	}
	c.changes = append(c.changes, Change{After: e})
}

// zeroless is the known code that becomes this one without its leading zeros.
func (c *comparison) zeroless(code string) string {
	for _, e := range c.edition.rows(c.table).entries {
		if e.Code != code && strings.TrimLeft(e.Code, "0") == code {
			return e.Code
		}
	}
	return ""
}

func (c *comparison) initials(name string, line int) string {
	letters, err := c.terms.Initials(name)
	switch {
	case err != nil:
		c.faults.add(line, "%v: write them in the column initials", err)
	case letters == "":
		c.faults.add(line, "%s has no initials: write some in the column initials", name)
	}
	return letters
}

// retireTheRest ends the codes that a complete sheet leaves out.
func (c *comparison) retireTheRest() {
	last, err := dayBefore(c.terms.From)
	if err != nil || last < c.today {
		c.faults.add(0, "what the file leaves out may be chosen today: --complete takes effect on the day after %s at the earliest", c.today)
		return
	}
	for _, before := range c.edition.rows(c.table).entries {
		if _, listed := c.lines[before.Code]; listed || before.ValidTo != "" && before.ValidTo <= last {
			continue
		}
		if before.ValidFrom > last {
			c.faults.add(0, "%s %s begins on %s and the file leaves it out: list it with its dates", before.Code, before.Name, before.ValidFrom)
			continue
		}
		after := before
		after.ValidTo = last
		c.changes = append(c.changes, Change{before, after})
	}
}

func dayBefore(date string) (string, error) {
	t, err := time.Parse(time.DateOnly, date)
	return t.AddDate(0, 0, -1).Format(time.DateOnly), err
}
