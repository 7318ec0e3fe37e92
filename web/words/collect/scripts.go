package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// said is a sentence of a script: t("…"), with %s where values go.
var said = regexp.MustCompile(`\bt\(("(?:[^"\\]|\\.)*")`)

// text is a text of a script.
var text = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`")

// comment is what a script says to its reader.
var comment = regexp.MustCompile(`(?s)(?:^|\s)//[^\n]*|/\*.*?\*/`)

// module collects from a module of the portal.
func (f *findings) module(root, name string) error {
	source, err := fs.ReadFile(os.DirFS(root), name)
	if err != nil {
		return err
	}
	code := comment.ReplaceAllStringFunc(string(source), func(c string) string { return strings.Repeat("\n", strings.Count(c, "\n")) })
	code = said.ReplaceAllStringFunc(code, func(call string) string {
		if sentence, err := strconv.Unquote(said.FindStringSubmatch(call)[1]); err == nil {
			f.add(sentence, true, name)
		}
		return "t("
	})
	for i, line := range strings.Split(code, "\n") {
		if wordy(line) || chinese(strings.Join(text.FindAllString(line, -1), "")) {
			f.fault(name, i+1, "not said through the catalogue: "+strings.TrimSpace(line))
		}
	}
	return nil
}

// script is the module that has the English of what scripts say.
func script(sources []*source, english map[string]entry) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString("// Generated from web/words/en.po by `make generate`.\nexport const english = {\n")
	for _, s := range sources {
		if !slices.ContainsFunc(s.files, func(file string) bool { return strings.HasSuffix(file, ".js") }) {
			continue
		}
		if english[s.text].other == "" {
			continue
		}
		key, err := json.Marshal(s.text)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(english[s.text].other)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "  %s: %s,\n", key, value)
	}
	out.WriteString("};\n")
	return out.Bytes(), nil
}
