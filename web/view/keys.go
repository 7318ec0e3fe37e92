package view

import (
	"time"

	"github.com/a-h/templ"
)

// keyed gives a link, a button or a field its key. The script that listens reads
// it off the page, so that the key does what is pressed, or nothing.
func keyed(p Page, key string) templ.Attributes {
	if p.Prefs.NoKeys {
		return templ.Attributes{}
	}
	return templ.Attributes{"data-key": key}
}

// keyedAs is keyed for what does not say itself what it is for.
func keyedAs(p Page, key, label string) templ.Attributes {
	attributes := keyed(p, key)
	if len(attributes) > 0 {
		attributes["data-key-label"] = label
	}
	return attributes
}

// keyNames are the names of keys as they are printed on them.
var keyNames = map[string][]string{"Ctrl+Enter": {"Ctrl", "↵"}}

func keyName(key string) []string {
	if names, ok := keyNames[key]; ok {
		return names
	}
	return []string{key}
}

// phraseKey is the key of the nth phrase, counted from 0; "" for those without.
func phraseKey(n int) string {
	if n < 9 {
		return count(n + 1)
	}
	return ""
}

// secondsLeft is how long there is until an instant, in whole seconds.
func secondsLeft(now, until time.Time) int { return max(0, int(until.Sub(now).Seconds())) }
