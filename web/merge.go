package web

import (
	"net/http"
	"slices"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// merging is what was posted beside what is kept, and what is made of both.
type merging struct {
	document    record.Document // to be saved
	answers     map[string]string
	differences []form.Difference
	sides       []form.Whose // taken of each; "" where somebody has to be asked
	chosen      []bool       // by the person
	elsewhere   []string     // labels of groups of rows that the page shows otherwise
}

// asks tells that there is something which both sides changed.
func (m merging) asks() bool { return slices.Contains(m.sides, "") }

// told names what others changed and nobody chose.
func (m merging) told() []string {
	var all []string
	for i, d := range m.differences {
		if !m.chosen[i] && m.sides[i] != form.Mine {
			all = append(all, d.Label)
		}
	}
	return append(all, m.elsewhere...)
}

// merge compares what was posted with the draft as it is kept. A form that says
// what its page showed is compared always: its page may not show yet what an
// earlier save took in. One that does not say is compared when its version is
// not the draft's.
func (s *Server) merge(v *visit, d dossier, t typed) (merging, error) {
	m := merging{answers: t.answers}
	var err error
	if m.document, err = record.Copy(d.kind, t.document); err != nil {
		return merging{}, err
	}
	based := t.values.Has(shownField)
	if !based && t.version == d.draft.Version {
		return m, nil
	}
	shown := s.remembered(d.id, t.values.Get(shownField))
	mine, kept := m.document.Form(today()), d.draft.Document.Form(today())
	if t.row != nil {
		m.compareRow(shown, mine, kept, *t.row)
	} else {
		part := d.posted(mine, t.section)
		m.differences = form.Compare(shown, part, kept)
		if based {
			for _, group := range form.Elsewhere(shown, d.posted(kept, t.section)) {
				m.elsewhere = append(m.elsewhere, group.Label)
			}
		}
	}
	if t.gone != nil {
		m.compareRow(shown, mine, kept, *t.gone)
	}
	m.compareAnswers(v, shown, t, d.draft.Answers)
	return m, m.choose(t, s.remembered(d.id, t.values.Get(seenField)))
}

func (m *merging) compareRow(shown form.Shown, mine, kept form.Form, n rowName) {
	for _, section := range mine {
		if section.Has(n.group) {
			m.differences = append(m.differences, form.CompareRow(shown, section.Label, mine.Field(n.group), kept.Field(n.group), n.id)...)
		}
	}
}

// compareAnswers compares the answers to remarks. Those that the page shows as
// they were are not written again.
func (m *merging) compareAnswers(v *visit, shown form.Shown, t typed, kept map[string]string) {
	m.answers = map[string]string{}
	for target, text := range t.answers {
		m.answers[target] = text
		d, ok := form.CompareText(shown, answerField+target, "审核意见", v.tr("对“%s”的答复", v.shown(t.label(target))), text, kept[target], func() { delete(m.answers, target) })
		if ok {
			m.differences = append(m.differences, d)
		}
	}
}

// label names what a remark is about.
func (t typed) label(target string) string {
	if label := t.document.Form(today()).Label(target); label != "" {
		return label
	}
	return target
}

// The controls of the page of a choice.
const (
	chooseField = "choose." // and the name of a difference: a side
	chooseAll   = "all"     // a side of every difference
)

// choose takes a side of each difference: the one that the person chose on
// seeing what is kept, else the one that follows from what the page had shown.
func (m *merging) choose(t typed, seen form.Shown) error {
	for _, d := range m.differences {
		side, chosen := d.Default(), false
		if d.Seen(seen) {
			for _, name := range []string{chooseField + d.Name, chooseAll} {
				if whose := form.Whose(t.values.Get(name)); whose == form.Mine || whose == form.Saved || whose == form.Both && d.Joined {
					side, chosen = whose, true
				}
			}
		}
		m.sides, m.chosen = append(m.sides, side), append(m.chosen, chosen)
	}
	if m.asks() {
		return nil
	}
	for i, d := range m.differences {
		if err := d.Take(m.sides[i]); err != nil {
			return err
		}
	}
	return nil
}

// conflict asks which side to take of what both changed; nothing is saved.
func (s *Server) conflict(v *visit, d dossier, t typed, m merging) error {
	if v.wantsJSON() {
		var labels []string
		for i, difference := range m.differences {
			if m.sides[i] == "" {
				labels = append(labels, difference.Label)
			}
		}
		live, err := v.drawn(view.CollisionNotice(string(d.id), labels))
		if err != nil {
			return err
		}
		return v.json(http.StatusConflict, map[string]any{"error": v.tr("这份草稿已在别处修改"), "live": live})
	}
	page := view.MergeModel{Heading: d.heading(t.document), Back: d.back(), Action: t.again, Fields: t.carried(), SavedAt: d.draft.UpdatedAt}
	page.Seen = s.remember(d.id, func(each func(string, []string)) {
		for _, difference := range m.differences {
			difference.Contents(each)
		}
	})
	for i, difference := range m.differences {
		item := view.MergeItem{Difference: difference, Chosen: m.sides[i]}
		if item.Chosen == "" {
			item.Chosen, item.Collides = form.Mine, true
		}
		page.Add(item)
	}
	p, err := v.portal(d.kind.Label())
	if err != nil {
		return err
	}
	return v.render(http.StatusConflict, view.MergePage(p, page))
}

// carried is what was posted, to be posted again with a choice.
func (t typed) carried() []view.PostedField {
	return slices.DeleteFunc(kept(t.values), func(f view.PostedField) bool {
		return f.Name == chooseAll || f.Name == seenField || strings.HasPrefix(f.Name, chooseField)
	})
}

// shownOn is what the page of a draft shows of it, at a section that is a page.
func (s *Server) shownOn(d dossier, draft *storage.Draft, section string, remarks []view.Remark) string {
	return s.remember(d.id, func(each func(string, []string)) {
		d.posted(draft.Document.Form(today()), section).Contents(each)
		for _, r := range remarks {
			each(answerField+r.Target, []string{draft.Answers[r.Target]})
		}
	})
}

// stillShown is what a page shows that has saved itself and was not drawn anew:
// what was posted, and of the rows that it had shown those that are as they were.
func (s *Server) stillShown(d dossier, t typed) string {
	before := s.remembered(d.id, t.values.Get(shownField))
	return s.remember(d.id, func(each func(string, []string)) {
		d.posted(t.document.Form(today()), t.section).Contents(func(name string, content []string) {
			if _, _, whole, row := form.CutRow(name); row && whole && !before(name, content) {
				return // the page does not know this row, or not as it is
			}
			each(name, content)
		})
		for target, text := range t.answers {
			each(answerField+target, []string{text})
		}
	})
}

// shownInRow is what the dialog of a row shows of it; nothing of a new one.
func (s *Server) shownInRow(d dossier, n rowName) string {
	return s.remember(d.id, func(each func(string, []string)) {
		if group := d.draft.Document.Form(today()).Field(n.group); group != nil {
			if row, known := group.Row(n.id); known {
				row.Contents(n.group, each)
			}
		}
	})
}
