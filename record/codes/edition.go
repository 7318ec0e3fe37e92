package codes

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Edition is one state of all tables: what is embedded, and what was imported
// over it. It never changes.
type Edition struct {
	no     int64
	over   map[*Table]*rows // tables that an import touched
	depths sync.Map         // *Table → int
}

// NewEdition lays imported entries, by namespace, over the embedded tables: an
// entry replaces the one of its code, or is new. Namespaces that this build does
// not know are passed over, so that an earlier release reads what a later one
// imported. Entries of which one lies below itself are an error. no is the number
// of the last import, 0 where there was none.
func NewEdition(no int64, imported map[string][]Entry) (*Edition, error) {
	e := &Edition{no: no, over: map[*Table]*rows{}}
	for name, entries := range imported {
		t, ok := Named(name)
		if !ok {
			continue
		}
		over, err := newRows(merge(t.embedded().entries, entries))
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", name, err)
		}
		e.over[t] = over
	}
	return e, nil
}

// used is the edition that tables answer from; nil is the embedded one.
var used atomic.Pointer[Edition]

var embedded = &Edition{}

// Use has every table answer from an edition from here on. Calls under way end
// with the edition that they began with. nil is the embedded edition.
func Use(e *Edition) { used.Store(e) }

// InUse is the edition that tables answer from.
func InUse() *Edition {
	if e := used.Load(); e != nil {
		return e
	}
	return embedded
}

// No is the number of the last import that the edition has, 0 for none.
func (ed *Edition) No() int64 { return ed.no }

// Entries lists the entries of a table, retired ones too, in the order of
// Table.Entries.
func (ed *Edition) Entries(t *Table) []Entry { return slices.Clone(ed.rows(t).entries) }

// rows is a table's content.
type rows struct {
	entries  []Entry          // file order
	at       map[string]int   // code → index in entries
	children map[string][]int // parent → indexes, in order of code
}

// newRows indexes entries. Two of one code, and one that lies below itself, are
// errors.
func newRows(entries []Entry) (*rows, error) {
	r := &rows{entries: entries, at: make(map[string]int, len(entries)), children: map[string][]int{}}
	for i, e := range entries {
		if _, twice := r.at[e.Code]; twice {
			return nil, fmt.Errorf("code %s occurs twice", e.Code)
		}
		r.at[e.Code] = i
		r.children[e.Parent] = append(r.children[e.Parent], i)
	}
	for _, siblings := range r.children {
		slices.SortFunc(siblings, func(a, b int) int { return cmp.Compare(entries[a].Code, entries[b].Code) })
	}
	if circle := r.circle(); circle != "" {
		return nil, fmt.Errorf("code %s lies below itself", circle)
	}
	return r, nil
}

// circle returns a code that lies below itself, or "".
func (r *rows) circle() string {
	const onTheWay, sound = 1, 2
	marks := make([]int8, len(r.entries))
	for i := range r.entries {
		var way []int
		for j, ok := i, true; ok && marks[j] != sound; j, ok = r.at[r.entries[j].Parent] {
			if marks[j] == onTheWay {
				return r.entries[j].Code
			}
			marks[j] = onTheWay
			way = append(way, j)
		}
		for _, j := range way {
			marks[j] = sound
		}
	}
	return ""
}

// merge lays entries over a list. One of a code that the list has takes its
// place; a new one comes before the first greater code, which is its place in
// a list in order of code, and near its like in any other.
func merge(list, over []Entry) []Entry {
	replaced := make(map[string]Entry, len(over))
	for _, e := range over {
		replaced[e.Code] = e
	}
	merged := make([]Entry, 0, len(list)+len(over))
	for _, e := range list {
		if r, ok := replaced[e.Code]; ok {
			delete(replaced, e.Code)
			e = r
		}
		merged = append(merged, e)
	}
	added := slices.SortedFunc(maps.Values(replaced), func(a, b Entry) int { return cmp.Compare(a.Code, b.Code) })
	if len(added) == 0 {
		return merged
	}
	all := make([]Entry, 0, len(merged)+len(added))
	for _, e := range merged {
		for len(added) > 0 && added[0].Code < e.Code {
			all, added = append(all, added[0]), added[1:]
		}
		all = append(all, e)
	}
	return append(all, added...)
}

func (ed *Edition) rows(t *Table) *rows {
	if r, ok := ed.over[t]; ok {
		return r
	}
	return t.embedded()
}

func (ed *Edition) lookup(t *Table, code string) (Entry, bool) {
	r := ed.rows(t)
	i, ok := r.at[code]
	if !ok {
		return Entry{}, false
	}
	return r.entries[i], true
}

func (ed *Edition) children(t *Table, parent, date string) []Entry {
	r := ed.rows(t)
	below, ours := r.children[parent]
	if !ours && t.above != nil {
		return ed.children(t.above, parent, date)
	}
	var entries []Entry
	for _, i := range below {
		if e := r.entries[i]; e.ValidOn(date) {
			entries = append(entries, e)
		}
	}
	return entries
}

func (ed *Edition) entriesOn(t *Table, date string) []Entry {
	r := ed.rows(t)
	entries := make([]Entry, 0, len(r.entries))
	for _, e := range r.entries {
		if e.ValidOn(date) {
			entries = append(entries, e)
		}
	}
	return entries
}

func (ed *Edition) path(t *Table, code string) []Entry {
	e, ok := ed.lookup(t, code)
	if !ok {
		return nil
	}
	if e.Parent == "" {
		return []Entry{e}
	}
	path := ed.path(t, e.Parent)
	if path == nil && t.above != nil {
		path = ed.path(t.above, e.Parent)
	}
	return append(path, e)
}

func (ed *Edition) fullName(t *Table, code string) string {
	path := ed.path(t, code)
	names := make([]string, len(path))
	for i, e := range path {
		names[i] = e.Name
	}
	return strings.Join(names, t.separator)
}

func (ed *Edition) depth(t *Table) int {
	if depth, ok := ed.depths.Load(t); ok {
		return depth.(int)
	}
	deepest := 0
	for _, e := range ed.rows(t).entries {
		deepest = max(deepest, len(ed.path(t, e.Code)))
	}
	ed.depths.Store(t, deepest)
	return deepest
}
