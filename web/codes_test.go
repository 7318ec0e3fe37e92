package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/codes"
)

func TestCodeTablesAreReadStepByStepAndSearched(t *testing.T) {
	b := newPortal(t, nil).browser()
	read := func(path string) []codeEntry {
		answer := b.get(path)
		require.Equal(t, http.StatusOK, answer.Status, path)
		var entries []codeEntry
		require.NoError(t, json.Unmarshal([]byte(answer.Body), &entries))
		require.NotNil(t, entries, "an empty list is a list")
		return entries
	}
	search := func(table, query string) []codeEntry {
		return read("/codes/" + table + "?q=" + url.QueryEscape(query))
	}
	require.Contains(t, read("/codes/region"), codeEntry{Code: "430000", Name: "湖南省"})
	require.Contains(t, read("/codes/region?parent=430100"), codeEntry{Code: "430104", Name: "岳麓区"})
	require.Contains(t, read("/codes/qualification_major?parent=04"), codeEntry{Code: "1040A0", Name: "施工总承包"}, "through the tables above")
	require.NotContains(t, read("/codes/qualification_major?parent=04"), codeEntry{Code: "104010", Name: "施工总承包"}, "the list of 2001 is retired")
	require.Empty(t, read("/codes/region?parent=nothing"))

	for _, c := range []struct {
		by, table, query string
		first            codeEntry
	}{
		{"name", "region", "岳麓", codeEntry{Code: "430104", Name: "湖南省长沙市岳麓区", Path: []string{"430000", "430100", "430104"}, Leaf: true}},
		{"full name", "region", "长沙市岳麓", codeEntry{Code: "430104", Name: "湖南省长沙市岳麓区", Path: []string{"430000", "430100", "430104"}, Leaf: true}},
		{"code", "region", "430104", codeEntry{Code: "430104", Name: "湖南省长沙市岳麓区", Path: []string{"430000", "430100", "430104"}, Leaf: true}},
		{"beginning of the code", "region", "4301", codeEntry{Code: "430100", Name: "湖南省长沙市", Path: []string{"430000", "430100"}}},
		{"initials", "region", "CSS", codeEntry{Code: "430100", Name: "湖南省长沙市", Path: []string{"430000", "430100"}}},
		{"name below other tables", "qualification_major", "1040A010", codeEntry{Code: "1040A010", Name: "建筑业 / 施工总承包 / 建筑工程", Path: []string{"04", "1040A0", "1040A010"}, Leaf: true}},
	} {
		found := search(c.table, c.query)
		require.NotEmpty(t, found, c.by)
		require.Equal(t, c.first, found[0], c.by)
	}
	require.Len(t, search("region", "区"), maxFound)
	require.Empty(t, search("region", "渝北"), "retired")
	require.Empty(t, search("region", strings.Repeat("区", maxQuery)))
	for _, path := range []string{"/codes/nothing", "/codes/region?q=" + url.QueryEscape(strings.Repeat("区", maxQuery+1))} {
		require.Equal(t, http.StatusNotFound, b.get(path).Status, path)
	}

	edition, err := codes.NewEdition(1, map[string][]codes.Entry{"region": {
		{Code: "430199", Name: "示范新区", Parent: "430100", Initials: "sfxq"}, {Code: "430104", Name: "岳麓区", Parent: "430100", Initials: "ylq", ValidTo: "2026-01-01"},
	}})
	require.NoError(t, err)
	codes.Use(edition)
	t.Cleanup(func() { codes.Use(nil) })
	require.Equal(t, []codeEntry{{Code: "430199", Name: "湖南省长沙市示范新区", Path: []string{"430000", "430100", "430199"}, Leaf: true}}, search("region", "sfxq"), "an import is answered at once")
	require.NotContains(t, read("/codes/region?parent=430100"), codeEntry{Code: "430104", Name: "岳麓区"})
}
