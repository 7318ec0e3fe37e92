package web

import (
	"net/http"
	"net/url"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// showPhrases is where a reviewer keeps what is often to be said: their own
// phrases, and those that all share.
func showPhrases(s *Server, v *visit) error {
	return s.renderPhrases(v, http.StatusOK, view.PhrasesModel{})
}

func (s *Server) renderPhrases(v *visit, status int, m view.PhrasesModel) error {
	phrases, err := s.Store.Phrases(v.ctx, v.staff.ID, "")
	if err != nil {
		return err
	}
	m.MayShare = v.staff.Role == record.Supervisor
	m.Kinds = []view.Option{{Label: "所有类型"}}
	for _, kind := range record.Kinds() {
		m.Kinds = append(m.Kinds, view.Option{Value: string(kind), Label: kindName(kind)})
	}
	for _, p := range phrases {
		line := view.Phrase{ID: string(p.ID), Text: p.Text, Kind: string(p.Kind)}
		if p.Shared {
			m.Shared = append(m.Shared, line)
		} else {
			m.Own = append(m.Own, line)
		}
	}
	return v.render(status, view.PhrasesPage(v.page("常用意见"), m))
}

func phraseOf(values url.Values) storage.Phrase {
	return storage.Phrase{
		Shared: values.Get("shared") == "on", Kind: record.Kind(values.Get("kind")), Text: form.Clean(values.Get("text")),
	}
}

// addPhrase keeps a phrase of the reviewer's own, or a supervisor's for all.
func addPhrase(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	p := phraseOf(values)
	err = s.Store.AddPhrase(v.ctx, v.actor(), p)
	if record.CodeOf(err) == record.Invalid {
		return s.renderPhrases(v, http.StatusUnprocessableEntity, view.PhrasesModel{
			Text: p.Text, Kind: string(p.Kind), Share: p.Shared, Problems: []form.Problem{{Field: "text", Label: "常用意见", Message: messageOf(err)}},
		})
	}
	if err != nil {
		return err
	}
	v.flash(view.Good, "已添加常用意见")
	return v.see("/staff/phrases")
}

// changePhrase gives a phrase another text or kind.
func changePhrase(s *Server, v *visit) error {
	return s.phrase(v, "已保存", func(p storage.Phrase) error { return s.Store.ChangePhrase(v.ctx, v.actor(), p) })
}

func removePhrase(s *Server, v *visit) error {
	return s.phrase(v, "已删除", func(p storage.Phrase) error { return s.Store.RemovePhrase(v.ctx, v.actor(), p.ID, p.Shared) })
}

// phrase changes the phrase that the address names. What cannot be kept is shown
// as a notice over the phrases as they stand, with what was typed.
func (s *Server) phrase(v *visit, done string, change func(storage.Phrase) error) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	p := phraseOf(values)
	p.ID = id
	err = change(p)
	if code := record.CodeOf(err); code == record.Invalid || code == record.Taken {
		return s.renderPhrases(v, statuses[code], view.PhrasesModel{
			Text: p.Text, Kind: string(p.Kind), Share: p.Shared,
			Problems: []form.Problem{{Field: "text", Label: "没有保存", Message: messageOf(err)}},
		})
	}
	if err != nil {
		return err
	}
	v.flash(view.Good, done)
	return v.see("/staff/phrases")
}

// keepPhrase keeps the opinion that stands on the desk as a phrase of the
// reviewer's own, and draws the desk again as it was.
func keepPhrase(s *Server, v *visit) error {
	review, err := s.reviewed(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	j := judgingOf(values, review, remarkTargets(review), view.Decision(values.Get("decision")))
	j.problems = nil
	err = s.Store.AddPhrase(v.ctx, v.actor(), storage.Phrase{Text: j.reason})
	switch {
	case record.CodeOf(err) == record.Invalid:
		j.problems = []form.Problem{{Field: "reason", Label: "意见", Message: messageOf(err)}}
		return s.renderReview(v, review, http.StatusUnprocessableEntity, j)
	case err != nil:
		return err
	}
	j.notice = &view.Notice{Tone: view.Good, Text: "已存为我的常用意见。"}
	return s.renderReview(v, review, http.StatusOK, j)
}
