package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// faults collects what is wrong, a sentence for each variable.
type faults map[string]string

// add notes the first fault of a variable; later ones would follow from it.
func (f faults) add(name, sentence string, values ...any) {
	if f[name] == "" {
		f[name] = fmt.Sprintf(sentence, values...)
	}
}

// hide keeps further faults of a variable quiet: another variable tells of it.
func (f faults) hide(name string) {
	if _, ok := f[name]; !ok {
		f[name] = ""
	}
}

// has reports whether the variable has a fault already.
func (f faults) has(name string) bool {
	_, ok := f[name]
	return ok
}

// err joins all faults in the order of their variables' names, or is nil.
func (f faults) err() error {
	var all []error
	for name, sentence := range f {
		if sentence != "" {
			all = append(all, errors.New(name+" "+sentence))
		}
	}
	slices.SortFunc(all, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(all...)
}

// suggestion names the setting that a misspelt name is closest to.
func suggestion(name string, known []Variable) string {
	best, distance := "", 4
	for _, v := range known {
		if d := editDistance(name, v.Name); d < distance {
			best, distance = v.Name, d
		}
	}
	if best == "" {
		return ""
	}
	return ": was " + best + " meant?"
}

// editDistance is Levenshtein's, on bytes: the names are ASCII.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := corner
			if a[i] != b[j] {
				cost = 1 + min(corner, row[j], row[j+1])
			}
			corner, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}

// list joins named values for a sentence.
func list[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = string(v)
	}
	return strings.Join(texts, ", ")
}
