package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// result is how one test ended: pass, fail or skip.
type result struct {
	Package, Test, Action string
}

// events calls visit for every line of the stream. A line that is no event is
// what the go command said itself, about a package that does not compile, say.
func events(stream io.Reader, visit func(event) error) error {
	lines := bufio.NewReader(stream)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) != nil {
				e = event{Action: "output", Output: line}
			}
			if err := visit(e); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read test output: %w", err)
		}
	}
}

// show prints the stream as go test does: what packages say, and of tests only
// what those that failed said.
func show(stream io.Reader, out io.Writer) error {
	said := map[string][]string{} // by package and test, until it ended
	return events(stream, func(e event) error {
		key := e.Package + "\x00" + e.Test
		switch {
		case e.Action == "output" && e.Test == "" && strings.HasPrefix(e.Output, "?"):
			return nil // no test files
		case e.Action == "output" && e.Test == "", e.Action == "build-output":
			_, err := io.WriteString(out, e.Output)
			return err
		case e.Action == "output":
			said[key] = append(said[key], e.Output)
		case e.Action == "fail" && e.Test != "":
			if _, err := io.WriteString(out, strings.Join(said[key], "")); err != nil {
				return err
			}
			delete(said, key)
		case e.Action == "pass", e.Action == "skip":
			delete(said, key)
		case e.Action == "fail":
			// A package that died has tests that never ended.
			for _, key := range slices.Sorted(keysOf(said, e.Package)) {
				if _, err := io.WriteString(out, strings.Join(said[key], "")); err != nil {
					return err
				}
				delete(said, key)
			}
		}
		return nil
	})
}

// keysOf yields the keys of one package.
func keysOf(said map[string][]string, pkg string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range said {
			if strings.HasPrefix(key, pkg+"\x00") && !yield(key) {
				return
			}
		}
	}
}

// readResults reads how every test of a file ended.
func readResults(path string) ([]result, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s does not exist: run make test first", path)
	}
	if err != nil {
		return nil, fmt.Errorf("read test results: %w", err)
	}
	defer file.Close()
	var results []result
	err = events(file, func(e event) error {
		if e.Test != "" && (e.Action == "pass" || e.Action == "fail" || e.Action == "skip") {
			results = append(results, result{e.Package, e.Test, e.Action})
		}
		return nil
	})
	return results, err
}

// count prints totals and the names of skipped tests. Where strict, those are a
// fault: a skipped test promises what nobody saw.
func count(results []result, strict bool, out io.Writer) error {
	totals := map[string]int{}
	var skipped []string
	for _, r := range results {
		totals[r.Action]++
		if r.Action == "skip" {
			skipped = append(skipped, r.Package+" "+r.Test)
		}
	}
	if _, err := fmt.Fprintf(out, "tests: %d passed, %d failed, %d skipped\n", totals["pass"], totals["fail"], totals["skip"]); err != nil {
		return fmt.Errorf("print totals: %w", err)
	}
	for _, name := range skipped {
		if _, err := fmt.Fprintf(out, "skipped: %s\n", name); err != nil {
			return fmt.Errorf("print totals: %w", err)
		}
	}
	if strict && len(skipped) > 0 {
		return errors.New("no test may be skipped here")
	}
	return nil
}
