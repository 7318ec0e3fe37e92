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
		name := e.Name
		if query != "" {
			name = table.FullName(e.Code)
		}
		answer = append(answer, codeEntry{e.Code, name})
	}
	return v.json(http.StatusOK, answer)
}
