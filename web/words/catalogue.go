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

// catalogue has the translation of each source.
type catalogue map[string]translation

// translation is a sentence in another language. One is the form for a first
// value of 1, where the language has such a form.
type translation struct{ one, other string }

// read takes what is translated from a PO file.
func read(po []byte) catalogue {
	file := gotext.NewPo()
	file.Parse(po)
	all := catalogue{}
	for source, found := range file.GetDomain().GetTranslations() {
		switch {
		case source == "" || !found.IsTranslated():
		case found.PluralID != "":
			all[source] = translation{one: found.Trs[0], other: found.Trs[1]}
		default:
			all[source] = translation{other: found.Trs[0]}
		}
	}
	return all
}

// of is the translation of a source, in the form that goes with its values.
func (c catalogue) of(source string, values []any) string {
	found, ok := c[source]
	switch {
	case !ok:
		return source
	case found.one != "" && len(values) > 0 && fmt.Sprint(values[0]) == "1":
		return found.one
	}
	return found.other
}
