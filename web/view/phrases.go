package view

import "unireg/record/form"

// Phrase is an opinion that reviewers have ready. Kind is "" for all kinds.
type Phrase struct{ ID, Text, Kind string }

// PhrasesModel is 常用意见, GET /staff/phrases. A phrase is added by POST
// /staff/phrases with text, kind and shared, changed by POST /staff/phrases/:id
// with the same, and deleted by POST to its /delete with shared.
type PhrasesModel struct {
	Own, Shared []Phrase
	Kinds       []Option // the first is for all
	MayShare    bool     // the viewer changes what all share

	Text, Kind string // as typed
	Share      bool
	Problems   []form.Problem // field text
}

// kindOf names the kind of a phrase.
func (m PhrasesModel) kindOf(p Phrase) string {
	for _, o := range m.Kinds {
		if o.Value == p.Kind {
			return o.Label
		}
	}
	return ""
}
