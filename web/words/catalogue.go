package words

import (
	_ "embed"
	"fmt"

	"github.com/leonelquinteros/gotext"
)

//go:embed en.po
var englishPO []byte

// english is read once, at the program's start, and only read from then on.
var english = read(englishPO)

// catalogue is what is known in another language.
type catalogue struct {
	texts   map[string]translation
	formats []format // the longest first
}

// translation is a sentence in another language. One is the form for a first
// value of 1, where the language has such a form.
type translation struct{ one, other string }

// read takes what is translated from a PO file.
func read(po []byte) catalogue {
	file := gotext.NewPo()
	file.Parse(po)
	texts := map[string]translation{}
	for source, found := range file.GetDomain().GetTranslations() {
		switch {
		case source == "" || found.Trs[0] == "":
		case found.PluralID != "":
			texts[source] = translation{one: found.Trs[0], other: found.Trs[1]}
		default:
			texts[source] = translation{other: found.Trs[0]}
		}
	}
	return catalogue{texts: texts, formats: formatsOf(texts)}
}

// of is the translation of a source, in the form that goes with its values.
func (c catalogue) of(source string, values []any) string {
	found, ok := c.texts[source]
	if !ok {
		return source
	}
	if len(values) == 0 {
		return found.other
	}
	return found.form(fmt.Sprint(values[0]))
}

// form is the one that goes with the first value.
func (t translation) form(first string) string {
	if t.one != "" && first == "1" {
		return t.one
	}
	return t.other
}
