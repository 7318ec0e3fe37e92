package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// said is a sentence of a script: t("…"), with %s where values go.
var said = regexp.MustCompile(`\bt\(("(?:[^"\\]|\\.)*")`)

// comment is what a script says to its reader.
var comment = regexp.MustCompile(`(?s)(?:^|\s)//[^\n]*|/\*.*?\*/`)

// script collects from a module of the portal.
func (f *findings) script(root, name string) error {
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		return err
	}
	code := comment.ReplaceAllStringFunc(string(text), func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	code = said.ReplaceAllStringFunc(code, func(call string) string {
		if sentence, err := strconv.Unquote(said.FindStringSubmatch(call)[1]); err == nil {
			f.add(sentence, true, name)
		}
		return "t("
	})
	for i, line := range strings.Split(code, "\n") {
		if chinese(line) {
			f.fault(name, i+1, "not said through the catalogue: "+strings.TrimSpace(line))
		}
	}
	return nil
}
