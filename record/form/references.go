package form

import (
	"fmt"
	"slices"
	"strings"
)

// Reference points from a document to another record of the subject, with what
// it was called when the document was filed.
type Reference struct {
	ID     string // of the record
	Name   string
	Number string // identity number of a person; never displayed
	Note   string // what tells namesakes apart, such as a registration number
}

func (r Reference) display() string {
	if r.Note == "" {
		return r.Name
	}
	return r.Name + "（" + r.Note + "）"
}

// MaxReferences is how many records one field refers to at most.
const MaxReferences = 50

type referencesValue struct {
	target func() []Reference
	store  func([]Reference)
	many   bool
}

// set keeps what the lookup finds, and what was chosen before and is gone
// since: a form that is posted again loses nobody.
func (v referencesValue) set(input []string, find Lookup) {
	before := v.target()
	var chosen []Reference
	for _, id := range input {
		if id == "" || slices.ContainsFunc(chosen, func(r Reference) bool { return r.ID == id }) {
			continue
		}
		if find.Records != nil {
			if r, ok := find.Records(id); ok {
				chosen = append(chosen, r)
				continue
			}
		}
		if i := slices.IndexFunc(before, func(r Reference) bool { return r.ID == id }); i >= 0 {
			chosen = append(chosen, before[i])
		}
	}
	if !v.many && len(chosen) > 1 {
		chosen = chosen[:1]
	}
	v.store(chosen)
}

func (v referencesValue) input() []string {
	var ids []string
	for _, r := range v.target() {
		ids = append(ids, r.ID)
	}
	return ids
}

func (v referencesValue) encode() any {
	var all []any
	for _, r := range v.target() {
		content := map[string]any{"id": r.ID, "name": r.Name}
		if r.Number != "" {
			content["number"] = r.Number
		}
		if r.Note != "" {
			content["note"] = r.Note
		}
		all = append(all, content)
	}
	return all
}

func (v referencesValue) decode(content any) error {
	list, ok := content.([]any)
	if !ok {
		return errShape
	}
	var all []Reference
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return errShape
		}
		text := func(key string) string { s, _ := m[key].(string); return s }
		if text("id") == "" || text("name") == "" {
			return errShape
		}
		all = append(all, Reference{ID: text("id"), Name: text("name"), Number: text("number"), Note: text("note")})
	}
	v.store(all)
	return nil
}

func (v referencesValue) empty() bool { return len(v.target()) == 0 }

func (v referencesValue) display() string {
	var names []string
	for _, r := range v.target() {
		names = append(names, r.display())
	}
	return strings.Join(names, "、")
}

func (v referencesValue) problem(string) string {
	if n := len(v.target()); n > MaxReferences {
		return fmt.Sprintf("最多 %d 人，现在有 %d 人", MaxReferences, n)
	}
	return ""
}

// Pick is one record of the subject, chosen from those that the page offers.
func Pick(name, label string, target *Reference) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetPick, Wide: true, value: referencesValue{
		target: func() []Reference {
			if target.ID == "" {
				return nil
			}
			return []Reference{*target}
		},
		store: func(all []Reference) {
			*target = Reference{}
			if len(all) > 0 {
				*target = all[0]
			}
		},
	}}
}

// Picks is any number of records of the subject.
func Picks(name, label string, target *[]Reference) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetPicks, Wide: true, value: referencesValue{
		target: func() []Reference { return *target },
		store:  func(all []Reference) { *target = all },
		many:   true,
	}}
}

// References returns what a field of records refers to, nil for others.
func (f *Field) References() []Reference {
	if v, ok := f.value.(referencesValue); ok {
		return v.target()
	}
	return nil
}
