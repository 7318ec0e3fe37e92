package codes

import (
	"cmp"
	"slices"
	"strings"
)

// Search finds entries that are valid today by what a person types: a part of
// the name (or of the full name), the beginning of the code, or pinyin
// initials. The closest come first: the exact code or name, then what begins
// with the query, then what merely contains it; among equals the file's order
// decides. A limit of 0 or less means no limit; an empty query finds nothing.
func (t *Table) Search(query string, limit int) []Entry {
	query = strings.ToLower(strings.TrimSpace(query))
	if query == "" {
		return nil
	}
	type hit struct {
		distance int
		entry    Entry
	}
	var hits []hit
	for _, e := range t.Entries() {
		if d := t.distance(e, query); d >= 0 {
			hits = append(hits, hit{d, e})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(a.distance, b.distance) })
	if limit > 0 && len(hits) > limit {
		hits = hits[:limit]
	}
	found := make([]Entry, len(hits))
	for i, h := range hits {
		found[i] = h.entry
	}
	return found
}

// distance ranks how near an entry is to a query in lower case; -1 is no match.
func (t *Table) distance(e Entry, query string) int {
	name, code := strings.ToLower(e.Name), strings.ToLower(e.Code)
	switch {
	case code == query, name == query:
		return 0
	case e.Initials == query:
		return 1
	case strings.HasPrefix(name, query), strings.HasPrefix(code, query):
		return 2
	case strings.HasPrefix(e.Initials, query):
		return 3
	case strings.Contains(name, query):
		return 4
	case strings.Contains(e.Initials, query):
		return 5
	case e.Parent != "" && strings.Contains(strings.ToLower(t.FullName(e.Code)), query):
		return 6
	}
	return -1
}
