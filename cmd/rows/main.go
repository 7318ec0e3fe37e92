// Command rows tells which promises the tests kept. It reads what go test -json
// wrote, in five ways:
//
//	rows show              reads standard input and prints it as go test would:
//	                       a line for each package, and all that failed tests said
//	rows count FILE        prints how many tests passed, failed and were skipped
//	rows whole FILE        the same, and fails on a skipped test
//	rows check LIST FILE   prints every row of LIST with the passed tests that name
//	                       it, and fails on what a finished stage owes
//	rows tests FILE ROOT   writes into the table of FILE which tests below ROOT
//	                       name each of its rows
//
// A test names a row by its id, such as S06 or T5, as a word of its own in its
// name. LIST is a table of tab-separated columns: id, stage, title.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rows:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 1 && args[0] == "show":
		return show(in, out)
	case len(args) == 2 && (args[0] == "count" || args[0] == "whole"):
		results, err := readResults(args[1])
		if err != nil {
			return err
		}
		return count(results, args[0] == "whole", out)
	case len(args) == 3 && args[0] == "check":
		rows, err := readRows(args[1])
		if err != nil {
			return err
		}
		results, err := readResults(args[2])
		if err != nil {
			return err
		}
		return check(rows, results, out)
	case len(args) == 3 && args[0] == "tests":
		return nameTests(args[1], args[2])
	default:
		return errors.New("usage: rows show | rows count FILE | rows whole FILE | rows check LIST FILE | rows tests FILE ROOT")
	}
}
