package web

import (
	"net/http"

	"unireg/record/codes"
)

// codeEntry is a code as scripts and partners read it.
type codeEntry struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

const (
	// maxFound bounds the answers to a search.
	maxFound = 50
	maxQuery = 100
)

// codeTable lists the codes below ?parent=, or those that answer ?q=, of a
// table, as JSON. They are public and change with a release only.
func (s *Server) codeTable(v *visit) error {
	table, ok := codes.Named(v.Params("table"))
	query := v.Query("q")
	if !ok || len(query) > maxQuery {
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
