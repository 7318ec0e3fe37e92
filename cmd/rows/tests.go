package main

//go:generate go run . tests ../../docs/security.md ../..

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	tableRow     = regexp.MustCompile(`^\| ([A-Z][0-9]{1,2}) \| ([^|]*) \| ([^|]*) \|$`)
	testFunction = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9_]+)\(`)
)

// nameTests writes into a document's table which tests keep each of its rows: of
// every line "| id | promise | tests |" the last cell, from the names of the test
// functions below root. A row that no test names keeps what is written there.
func nameTests(document, root string) error {
	text, err := os.ReadFile(document)
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	fresh, err := withTests(string(text), root)
	if err != nil {
		return err
	}
	if err := os.WriteFile(document, []byte(fresh), 0o600); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func withTests(text, root string) (string, error) {
	tests, err := testsBelow(root)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		row := tableRow.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if row != nil && len(tests[row[1]]) > 0 {
			line = fmt.Sprintf("| %s | %s | %s |\n", row[1], row[2], cell(tests[row[1]]))
		}
		out.WriteString(line)
	}
	return out.String(), nil
}

// cell names tests by their folders.
func cell(tests map[string][]string) string {
	var parts []string
	for _, folder := range slices.Sorted(maps.Keys(tests)) {
		parts = append(parts, fmt.Sprintf("%s: `%s`", folder, strings.Join(tests[folder], "` `")))
	}
	return strings.Join(parts, "<br>")
}

// testsBelow are the names of test functions, by the rows that they name and the
// folder that they are in.
func testsBelow(root string) (map[string]map[string][]string, error) {
	all := map[string]map[string][]string{}
	files := os.DirFS(root)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".") && name != "."):
			return fs.SkipDir
		case !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		folder := path.Dir(name)
		for _, match := range testFunction.FindAllStringSubmatch(string(source), -1) {
			for _, id := range idsIn(strings.Replace(match[1], "Fuzz", "Test", 1)) {
				if all[id] == nil {
					all[id] = map[string][]string{}
				}
				all[id][folder] = append(all[id][folder], match[1])
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for tests: %w", err)
	}
	for _, folders := range all {
		for _, names := range folders {
			slices.Sort(names)
		}
	}
	return all, nil
}
