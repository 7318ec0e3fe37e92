package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// MergeModel is the page that asks which side to take where a draft was changed
// both here and elsewhere. Its form posts to Action what was posted there before,
// with seen, a side for each difference in choose.NAME and, from two of its
// buttons, a side of all of them in all.
type MergeModel struct {
	Heading string
	Back    *Link
	Action  string
	Fields  []PostedField
	Seen    string
	SavedAt time.Time // of the draft as it is kept
	Parts   []MergePart
}

// MergePart is the differences of a section, or of a row.
type MergePart struct {
	Label string
	Items []MergeItem
}

// MergeItem is one difference with the side that is taken unless the person says
// otherwise.
type MergeItem struct {
	form.Difference

	Chosen   form.Whose
	Collides bool // both sides changed it, and one has to be chosen
}

// Add puts a difference behind the others of its section.
func (m *MergeModel) Add(item MergeItem) {
	if n := len(m.Parts); n == 0 || m.Parts[n-1].Label != item.Section {
		m.Parts = append(m.Parts, MergePart{Label: item.Section})
	}
	last := &m.Parts[len(m.Parts)-1]
	last.Items = append(last.Items, item)
}

// collisions counts what has to be chosen.
func (m MergeModel) collisions() int {
	n := 0
	for _, part := range m.Parts {
		for _, item := range part.Items {
			if item.Collides {
				n++
			}
		}
	}
	return n
}

func (i MergeItem) control(side form.Whose) string { return "choose-" + i.Name + "-" + string(side) }

// text is a side as it is shown.
func (i MergeItem) text(ctx context.Context, s form.Side) string {
	if i.Field == nil {
		return s.Text
	}
	return value(ctx, i.Field, s.Text)
}

// tag says on which side something was changed.
func (i MergeItem) tag() Tag {
	switch {
	case i.Changed == form.Mine:
		return Tag{"只有您改了", Plain}
	case i.Changed == form.Saved:
		return Tag{"只在另一处改了", Plain}
	case i.Joined:
		return Tag{"两处都有增减", Plain}
	}
	return Tag{"两处都改了", Warn}
}
