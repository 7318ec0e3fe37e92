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
	// weak tells that little stands between the values, such as a colon: then the
	// first of them must itself be in the catalogue, or not Chinese.
	weak bool
	translation
}

// verb is a verb of package fmt with its flags.
var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0-9.]*[a-zA-Z%]`)

// So many words' characters make a format unmistakable, or at least no piece of
// any sentence. The values of those between have no punctuation of sentences.
const (
	telling   = 5
	wordsOnly = 3
)

// formatsOf are the formats of a catalogue, the more telling before the others.
func formatsOf(texts map[string]translation) []format {
	type length struct {
		format
		size int
	}
	var all []length
	for source, t := range texts {
		pieces := verb.Split(source, -1)
		values := slices.DeleteFunc(verb.FindAllString(source, -1), func(v string) bool { return strings.HasSuffix(v, "%") })
		literal := strings.Join(pieces, "")
		if len(values) == 0 || literal == "" {
			continue
		}
		numbers := !slices.ContainsFunc(values, func(v string) bool { return !strings.HasSuffix(v, "d") })
		all = append(all, length{format{
			part:        slices.MaxFunc(pieces, func(a, b string) int { return len(a) - len(b) }),
			pattern:     regexp.MustCompile(patternOf(source, han(literal) >= telling)),
			weak:        han(literal) < wordsOnly && !numbers,
			translation: translation{asText(t.one), asText(t.other)},
		}, utf8.RuneCountInString(literal)})
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

// han counts the characters of a text that are words.
func han(text string) int {
	n := 0
	for _, r := range text {
		if unicode.Is(unicode.Han, r) {
			n++
		}
	}
	return n
}

// patternOf is the regular expression of the texts that a format makes.
func patternOf(source string, anything bool) string {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	at := 0
	for _, v := range verb.FindAllStringIndex(source, -1) {
		b.WriteString(regexp.QuoteMeta(source[at:v[0]]))
		switch kind := source[v[1]-1]; {
		case kind == '%':
			b.WriteString(`%`)
		case kind == 'd':
			b.WriteString(`(-?\d+)`)
		case kind == 'f':
			b.WriteString(`(-?\d+(?:\.\d+)?)`)
		case kind == 'c':
			b.WriteString(`(.)`)
		case anything:
			b.WriteString(`(.*?)`)
		default:
			b.WriteString(`([^，。；：]*?)`)
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
		if index, _, ok := strings.Cut(v, "]"); ok {
			return index + "]s"
		}
		return "%s"
	})
}

// separators part the items of a list.
var separators = []string{"；", "、", "，"}

// look is the translation of a text that stands in the catalogue, that a format of
// it has made, or that is a list of such texts.
func (c catalogue) look(text string) (string, bool) {
	if found, ok := c.texts[text]; ok {
		return found.other, true
	}
	if !strings.ContainsFunc(text, chinese) {
		return text, false
	}
	if found, ok := c.recognise(text); ok {
		return found, true
	}
	for _, separator := range separators {
		items := strings.Split(text, separator)
		if len(items) == 1 {
			continue
		}
		known := true
		for i, item := range items {
			found, ok := c.look(item)
			items[i], known = found, known && (ok || !strings.ContainsFunc(item, chinese))
		}
		if known {
			joint := separator
			if other, ok := c.texts[separator]; ok {
				joint = other.other
			}
			return strings.Join(items, joint), true
		}
	}
	return text, false
}

// recognise is the translation of a text that a format has made. Its values stay
// as they are but for those that can be looked up themselves.
func (c catalogue) recognise(text string) (string, bool) {
	for _, f := range c.formats {
		if !strings.Contains(text, f.part) {
			continue
		}
		found := f.pattern.FindStringSubmatch(text)
		if found == nil {
			continue
		}
		values := make([]any, len(found)-1)
		first := true
		for i, value := range found[1:] {
			translated, ok := c.look(value)
			if i == 0 {
				first = ok || !strings.ContainsFunc(value, chinese)
			}
			values[i] = translated
		}
		if f.weak && !first {
			continue
		}
		return fmt.Sprintf(f.form(found[1]), values...), true
	}
	return "", false
}

// chinese tells that a character is one that only Chinese has.
func chinese(r rune) bool {
	return unicode.Is(unicode.Han, r) || r >= 0x3001 && r <= 0x303F || r >= 0xFF01 && r <= 0xFF60
}
