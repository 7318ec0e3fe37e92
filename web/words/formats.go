package words

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// format is a source with values, by which a sentence is known again that was
// composed by a room that knows nothing of languages.
type format struct {
	part    string // the longest piece between the values: most texts lack it
	pattern *regexp.Regexp
	translation
}

// verb is a verb of package fmt with its flags.
var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0-9.]*[a-zA-Z%]`)

// enough is how many words' characters a format has at least, so that a stray text
// is not taken for it.
const enough = 2

// formatsOf are the formats of a catalogue, the more telling before the others.
func formatsOf(texts map[string]translation) []format {
	type length struct {
		format
		size int
	}
	var all []length
	for source, t := range texts {
		pieces, numbers := verb.Split(source, -1), 0
		values := slices.DeleteFunc(verb.FindAllString(source, -1), func(v string) bool { return strings.HasSuffix(v, "%") })
		for _, v := range values {
			if strings.HasSuffix(v, "d") {
				numbers++
			}
		}
		han := strings.Join(pieces, "")
		if len(values) == 0 || wordCharacters(han) < enough && numbers < len(values) {
			continue
		}
		f := format{
			part:        slices.MaxFunc(pieces, func(a, b string) int { return len(a) - len(b) }),
			pattern:     regexp.MustCompile(patternOf(source)),
			translation: translation{asText(t.one), asText(t.other)},
		}
		all = append(all, length{f, utf8.RuneCountInString(han)})
	}
	slices.SortFunc(all, func(a, b length) int {
		return cmp.Or(b.size-a.size, strings.Compare(a.pattern.String(), b.pattern.String()))
	})
	formats := make([]format, len(all))
	for i, a := range all {
		formats[i] = a.format
	}
	return formats
}

func wordCharacters(text string) int {
	n := 0
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// patternOf is the regular expression of the texts that a format makes.
func patternOf(source string) string {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	at := 0
	for _, v := range verb.FindAllStringIndex(source, -1) {
		b.WriteString(regexp.QuoteMeta(source[at:v[0]]))
		switch kind := source[v[1]-1]; kind {
		case '%':
			b.WriteString(`%`)
		case 'd':
			b.WriteString(`(-?\d+)`)
		case 'f':
			b.WriteString(`(-?\d+(?:\.\d+)?)`)
		case 'c':
			b.WriteString(`(.)`)
		default:
			b.WriteString(`(.*?)`)
		}
		at = v[1]
	}
	b.WriteString(regexp.QuoteMeta(source[at:]))
	b.WriteString(`$`)
	return b.String()
}

// asText lets every verb of a format take a text.
func asText(format string) string {
	return verb.ReplaceAllStringFunc(format, func(v string) string {
		if strings.HasSuffix(v, "%") {
			return v
		}
		index, _, _ := strings.Cut(v, "]")
		if strings.HasPrefix(index, "%[") {
			return index + "]s"
		}
		return "%s"
	})
}

// recognise is the translation of a text that a format has made. Its values stay
// as they are but for those that are words of the catalogue.
func (c catalogue) recognise(text string) string {
	if wordCharacters(text) == 0 {
		return text
	}
	for _, f := range c.formats {
		if !strings.Contains(text, f.part) {
			continue
		}
		found := f.pattern.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		values := make([]any, len(found)-1)
		for i, value := range found[1:] {
			if known, ok := c.texts[value]; ok {
				value = known.other
			}
			values[i] = value
		}
		return fmt.Sprintf(f.form(found[1]), values...)
	}
	return text
}
