package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// finished is the last stage whose rows are owed.
const finished = 5

// browserPackage is the package whose tests drive a browser.
const browserPackage = "unireg/e2e"

// row is one promise.
type row struct {
	ID    string
	Stage int // in which it is built
	Title string
}

// readRows reads the list of rows.
func readRows(path string) ([]row, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	var rows []row
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(string(content)))
	for n := 1; lines.Scan(); n++ {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		columns := strings.Split(lines.Text(), "\t")
		if len(columns) != 3 {
			return nil, fmt.Errorf("%s:%d has %d columns, want id, stage and title", path, n, len(columns))
		}
		stage, err := strconv.Atoi(columns[1])
		if err != nil || stage < 1 || !wholeID.MatchString(columns[0]) || seen[columns[0]] {
			return nil, fmt.Errorf("%s:%d has a bad stage, or an id that is malformed or not new", path, n)
		}
		seen[columns[0]] = true
		rows = append(rows, row{columns[0], stage, columns[2]})
	}
	return rows, lines.Err()
}

var (
	wholeID = regexp.MustCompile(`^[A-Z][0-9]{1,2}$`)
	anyID   = regexp.MustCompile(`[A-Z][0-9]{1,2}`)
)

// idsIn returns the row ids that a test's name holds as words: between the ends
// of the name, anything but letters and digits, "Test" before it, or the
// capital of a next word after it (TestT5OneCommand, TestS06_LogsIn, "B09 …").
func idsIn(name string) []string {
	var ids []string
	for _, at := range anyID.FindAllStringIndex(name, -1) {
		before, after := name[:at[0]], name[at[1]:]
		starts := before == "" || strings.HasSuffix(before, "Test") || !endsInWord(before) || endsInID(before)
		ends := after == "" || !letterOrDigit(after[0]) || after[0] >= 'A' && after[0] <= 'Z'
		if id := name[at[0]:at[1]]; starts && ends && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func endsInWord(text string) bool { return letterOrDigit(text[len(text)-1]) }

// endsInID reports whether a row's id ends the text: TestT5T8….
func endsInID(text string) bool {
	at := anyID.FindAllStringIndex(text, -1)
	return len(at) > 0 && at[len(at)-1][1] == len(text)
}

func letterOrDigit(b byte) bool {
	return b >= '0' && b <= '9' || b >= 'A' && b <= 'Z' || b >= 'a' && b <= 'z' || b >= 0x80
}

// check prints the rows with the tests that keep them. It fails on a row of a
// finished stage that no passed test names, and on an S row that no passed
// browser test names.
func check(rows []row, results []result, out io.Writer) error {
	tests := map[string][]result{}
	for _, r := range results {
		if r.Action != "pass" {
			continue
		}
		for _, id := range idsIn(r.Test) {
			tests[id] = append(tests[id], r)
		}
	}
	var owed []string
	for _, row := range rows {
		kept := tests[row.ID]
		inBrowser := slices.ContainsFunc(kept, func(r result) bool {
			return r.Package == browserPackage || strings.HasPrefix(r.Package, browserPackage+"/")
		})
		mark := "     "
		switch {
		case row.Stage <= finished && strings.HasPrefix(row.ID, "S") && !inBrowser:
			owed = append(owed, row.ID+" (no browser test)")
			mark = "OWED "
		case row.Stage <= finished && len(kept) == 0:
			owed = append(owed, row.ID)
			mark = "OWED "
		case len(kept) > 0:
			mark = "kept "
		}
		if _, err := fmt.Fprintf(out, "%s%s  %s\n", mark, row.ID, row.Title); err != nil {
			return fmt.Errorf("print rows: %w", err)
		}
		for _, r := range kept {
			if _, err := fmt.Fprintf(out, "           %s %s\n", strings.TrimPrefix(r.Package, "unireg/"), r.Test); err != nil {
				return fmt.Errorf("print rows: %w", err)
			}
		}
	}
	if len(owed) > 0 {
		return fmt.Errorf("no passed test keeps: %s", strings.Join(owed, ", "))
	}
	return nil
}
