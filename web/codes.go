package web

import (
	"net/http"
	"unicode/utf8"

	"unireg/record/codes"
)

// codeEntry is a code as scripts and partners read it.
type codeEntry struct {
	Code string `json:"code"`
	Name string `json:"name"`
	// Path and Leaf are told of what a search found: the codes from the root
	// down, and whether nothing lies below.
	Path []string `json:"path,omitempty"`
	Leaf bool     `json:"leaf,omitempty"`
}

const (
	// maxFound bounds the answers to a search: who sees so many types on.
	maxFound = 50
	// maxQuery bounds what is searched for, in characters.
	maxQuery = 100
)

// codeTable lists the codes below ?parent=, or the first that answer ?q= (a part
// of the name, the beginning of the code, or pinyin initials), of a table, as
// JSON: those that may be chosen today. They are public and change with an
// import.
func (s *Server) codeTable(v *visit) error {
	table, ok := codes.Named(v.Params("table"))
	query := v.Query("q")
	if !ok || utf8.RuneCountInString(query) > maxQuery {
		return errNoPage
	}
	var entries []codes.Entry
	if query != "" {
		entries = table.Search(query, maxFound)
	} else {
		entries = table.Children(v.Query("parent"))
	}
	answer := make([]codeEntry, 0, len(entries))
	for _, e := range entries {
		entry := codeEntry{Code: e.Code, Name: e.Name}
		if query != "" {
			entry.Name, entry.Leaf = table.FullName(e.Code), len(table.Children(e.Code)) == 0
			for _, above := range table.Path(e.Code) {
				entry.Path = append(entry.Path, above.Code)
			}
		}
		answer = append(answer, entry)
	}
	return v.json(http.StatusOK, answer)
}
