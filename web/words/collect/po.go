package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/leonelquinteros/gotext"
)

const head = `msgid ""
msgstr ""
"Language: en\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"
`

// entry is the English of a source: one is for a first value of 1, where that
// makes a difference.
type entry struct{ one, other string }

func read(po []byte) map[string]entry {
	file := gotext.NewPo()
	file.Parse(po)
	all := map[string]entry{}
	for text, found := range file.GetDomain().GetTranslations() {
		switch {
		case text == "":
		case found.PluralID != "":
			all[text] = entry{found.Trs[0], found.Trs[1]}
		default:
			all[text] = entry{other: found.Trs[0]}
		}
	}
	return all
}

// write is the catalogue of the sources, file by file in the order of the code.
// References have no line numbers: an edit of a page would change them all.
func write(sources []*source, english map[string]entry) []byte {
	var out bytes.Buffer
	out.WriteString(head)
	for _, s := range sources {
		files := slices.Clone(s.files)
		slices.Sort(files)
		fmt.Fprintf(&out, "\n#: %s\n", strings.Join(files, " "))
		e := english[s.text]
		if s.format && strings.Contains(s.text, "%") {
			out.WriteString("#, c-format\n")
		}
		fmt.Fprintf(&out, "msgid %s\n", quoted(s.text))
		if e.one == "" {
			fmt.Fprintf(&out, "msgstr %s\n", quoted(e.other))
			continue
		}
		fmt.Fprintf(&out, "msgid_plural %s\nmsgstr[0] %s\nmsgstr[1] %s\n", quoted(s.text), quoted(e.one), quoted(e.other))
	}
	return out.Bytes()
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)

func quoted(text string) string { return `"` + escaped.Replace(text) + `"` }
