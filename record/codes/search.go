package codes

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Search finds entries that are valid today by what a person types: a part of
// the name (or of the full name), the beginning of the code, or pinyin
// initials. The closest come first: the exact code or name, then what begins
// with the query, then what merely contains it; among equals the one nearer the
// root (css is 长沙市 before 常熟市), then the file's order. A limit of 0 or less
// means no limit; an empty query finds nothing.
func (t *Table) Search(query string, limit int) []Entry {
	query = strings.ToLower(strings.TrimSpace(query))
	if query == "" {
		return nil
	}
	type hit struct {
		kind, depth, excess int
		entry               Entry
	}
	var hits []hit
	edition := InUse()
	for _, e := range edition.entriesOn(t, CivilDate(time.Now())) {
		if kind := edition.match(t, e, query); kind >= 0 {
			hits = append(hits, hit{kind, len(edition.path(t, e.Code)), max(0, len(e.Initials)-len(query)), e})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.depth, b.depth), cmp.Compare(a.excess, b.excess))
	})
	if limit > 0 && len(hits) > limit {
		hits = hits[:limit]
	}
	found := make([]Entry, len(hits))
	for i, h := range hits {
		found[i] = h.entry
	}
	return found
}

// match ranks how an entry answers a query in lower case, 0 being the closest;
// -1 is not at all.
func (ed *Edition) match(t *Table, e Entry, query string) int {
	name, code := strings.ToLower(e.Name), strings.ToLower(e.Code)
	switch {
	case code == query, name == query:
		return 0
	case strings.HasPrefix(name, query), strings.HasPrefix(code, query):
		return 1
	case strings.HasPrefix(e.Initials, query):
		return 2
	case strings.Contains(name, query):
		return 3
	case strings.Contains(e.Initials, query):
		return 4
	case e.Parent != "" && strings.Contains(strings.ToLower(ed.fullName(t, e.Code)), query):
		return 5
	}
	return -1
}
