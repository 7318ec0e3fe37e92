package web

import (
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/sheet"
	"unireg/web/paper"
)

// Everything that can be typed was typed, once by people who mean harm and once
// by others; then everything is looked at. What is typed stays what it is.
func TestW16_W29_W31_WhatIsTypedStaysText(t *testing.T) {
	hostile, harmless := newTown(t, true), newTown(t, false)
	seen, like := hostile.walk(), harmless.walk()
	echoed, alike := hostile.echoes(), harmless.echoes()
	require.Len(t, like, len(seen))
	done, likewise := hostile.deeds(), harmless.deeds()
	require.Len(t, alike, len(echoed))
	require.Len(t, likewise, len(done))
	seen, like = append(append(seen, echoed...), done...), append(append(like, alike...), likewise...)

	t.Run("W16 every payload was stored", func(t *testing.T) {
		for _, payload := range corpus {
			require.True(t, hostile.v.used[payload], "%q was never typed", payload)
		}
	})
	carried := 0
	for i, l := range seen {
		require.Less(t, l.Status, 500, l.String())
		require.Equal(t, like[i].Status, l.Status, l.String())
		require.Equal(t, like[i].Header.Get("Content-Type"), l.Header.Get("Content-Type"), l.String())
		if marked(l.Body) {
			carried++
		}
		requireHarmlessHeaders(t, l)
		switch kind, _, _ := mime.ParseMediaType(l.Header.Get("Content-Type")); kind {
		case "text/html":
			found, err := strays(l.Body)
			require.NoError(t, err, l.String())
			require.Empty(t, found, l.String())
			if l.route == "/staff/statistics" {
				break // which phrases a reason holds is counted there: rows depend on texts
			}
			if l.Status == http.StatusConflict && strings.HasSuffix(l.path, "/draft") {
				break // which fields differ, and on which side, depends on texts
			}
			bones, err := skeleton(l.Body)
			require.NoError(t, err)
			want, err := skeleton(like[i].Body)
			require.NoError(t, err)
			require.Empty(t, difference(want, bones), l.String())
		case "application/json", "application/problem+json":
			names, err := keys(l.Body)
			require.NoError(t, err, l.String())
			require.NotContains(t, names, marker, l.String())
			require.NotContains(t, l.Body, "<script", "%s: a browser that guesses reads markup", l)
		case sheet.ContentType:
			requireTextCells(t, l)
		}
	}
	require.Greater(t, carried, 150, "pages on which payloads are shown")

	t.Run("W16 on paper", func(t *testing.T) {
		path := "/ca/applications/" + hostile.application
		printed := hostile.firm.submit(hostile.firm.get(path), path+"/paper", nil)
		require.Equal(t, http.StatusOK, printed.Status)
		text, err := paper.Text([]byte(printed.Body))
		require.NoError(t, err)
		require.Contains(t, strings.ReplaceAll(text, "\n", ""), marker)
		require.NotRegexp(t, `/(JavaScript|JS|OpenAction|AA|Launch|EmbeddedFile|URI)[ (<\[/]`, regexp.MustCompile(`(?s)stream\r?\n.*?endstream`).ReplaceAllString(printed.Body, ""))
	})
	t.Run("W29 no number of a person stands on a page but on the form of whose it is", func(t *testing.T) {
		whole := map[string]bool{"/records/:id/edit": true, "/records/:id/check": true, "/records/:id/rows/:group/:row": true}
		for _, l := range append(seen, like...) {
			if strings.HasSuffix(l.path, "/reveal") {
				continue // for a reason, which is kept
			}
			for _, number := range theSensitive {
				require.False(t, strings.Contains(l.Body, number) && !whole[l.route], "%s and reads %s", l, number)
			}
			for _, code := range []string{hostile.someone.who.subject.Code, harmless.someone.who.subject.Code} {
				// 账号安全 names the accounts under which one logs in, to whose they are.
				require.False(t, strings.Contains(l.Body, code) && !strings.Contains(l.path, code) && l.route != "/account", "%s and reads %s", l, code)
			}
		}
	})
	t.Run("W31 nothing that was typed is in the log", func(t *testing.T) {
		for _, w := range []*town{hostile, harmless} {
			log := w.log.String()
			require.NotEmpty(t, log)
			require.NotContains(t, strings.ToLower(log), marker)
			require.NotContains(t, log, "寻常文字")
			for _, number := range append(theSensitive, w.someone.who.subject.Code, w.firm.who.subject.Code) {
				require.NotContains(t, log, number)
			}
		}
	})
}

// requireHarmlessHeaders checks that what was typed is in no header, but for a
// file's name in its place and the address of a page of ours.
func requireHarmlessHeaders(t *testing.T, l looked) {
	t.Helper()
	for name, values := range l.Header {
		require.False(t, marked(name), l.String())
		for _, value := range values {
			require.NotRegexp(t, `[\x00-\x08\x0a-\x1f\x7f]`, value, "%s: %s", l, name)
			if !marked(value) {
				continue
			}
			switch name {
			case "Content-Disposition":
				kind, parameters, err := mime.ParseMediaType(value)
				require.NoError(t, err, "%s: %s", l, value)
				require.Contains(t, []string{"attachment", "inline"}, kind, l.String())
				require.Len(t, parameters, 1, "%s: %s", l, value)
			case "Location":
				require.True(t, ownAddress(value), "%s leads to %s", l, value)
			default:
				require.Fail(t, "typed text in a header", "%s: %s: %s", l, name, value)
			}
		}
	}
}

// requireTextCells checks that no cell of a workbook computes or leads anywhere.
func requireTextCells(t *testing.T, l looked) {
	t.Helper()
	f, err := excelize.OpenReader(strings.NewReader(l.Body))
	require.NoError(t, err, l.String())
	defer func() { require.NoError(t, f.Close()) }()
	for _, name := range f.GetSheetList() {
		require.False(t, marked(name), l.String())
		rows, err := f.GetRows(name)
		require.NoError(t, err)
		for y, row := range rows {
			for x, text := range row {
				cell, err := excelize.CoordinatesToCellName(x+1, y+1)
				require.NoError(t, err)
				formula, err := f.GetCellFormula(name, cell)
				require.NoError(t, err)
				require.Empty(t, formula, "%s: %s!%s", l, name, cell)
				linked, target, err := f.GetCellHyperLink(name, cell)
				require.NoError(t, err)
				require.False(t, linked, "%s: %s!%s leads to %s", l, name, cell, target)
				if marked(text) {
					kind, err := f.GetCellType(name, cell)
					require.NoError(t, err)
					require.Contains(t, []excelize.CellType{excelize.CellTypeSharedString, excelize.CellTypeInlineString}, kind, "%s: %s!%s", l, name, cell)
				}
			}
		}
	}
}

// The scripts of the pages make elements by their names and write texts as
// texts: there is no door through which a text becomes markup or a program.
func TestW14_W16_ScriptsHaveNoDoorForMarkup(t *testing.T) {
	names, err := filepath.Glob("static/*.js")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	doors := regexp.MustCompile(`\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|setHTMLUnsafe|parseHTMLUnsafe|DOMParser|eval|Function|execScript|srcdoc)\b|set(?:Timeout|Interval)\(\s*["'` + "`" + `]|javascript:|\.on[a-z]+\s*=`)
	// DOMParser gives a document of its own, of which scripts take parts that the
	// portal drew: those pages are walked above.
	for _, name := range names {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, door := range doors.FindAllString(string(source), -1) {
			require.Equal(t, "DOMParser", door, name)
		}
	}
}
