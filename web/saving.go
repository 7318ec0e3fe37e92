package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// saveAttempts bounds how often a save is tried that meets others, each of which
// was there first.
const saveAttempts = 5

// save stores what was typed, merged with what was saved elsewhere since the
// page was drawn. Where both changed the same, or nothing can be stored, it draws
// the page that says so, with the person's input, and answers false.
func (s *Server) save(v *visit, d *dossier, t typed) (bool, error) {
	for range saveAttempts {
		if d.draft == nil {
			return false, s.unsaved(v, *d, t, "草稿已不在：内容可能已在别处提交或放弃。下面是您填写的内容，尚未保存。")
		}
		m, err := s.merge(v, *d, t)
		switch {
		case err != nil:
			return false, err
		case m.asks():
			return false, s.conflict(v, *d, t, m)
		}
		if err := s.answerRemarks(v, *d, m.answers); err != nil {
			return false, err
		}
		saved, err := s.Store.SaveDraft(v.ctx, v.subject.ID, d.id, d.draft.Version, m.document)
		switch code := record.CodeOf(err); {
		case err == nil:
			d.draft, d.merged = &saved, m.told()
			if len(d.merged) > 0 && !v.wantsJSON() {
				v.flash(view.Info, v.mergedText(d.merged))
			}
			return true, nil
		case code == record.Conflict:
			return false, s.unsaved(v, *d, t, v.tr("%s。下面是您填写的内容，尚未保存。", v.shown(messageOf(err))))
		case code != record.DraftChanged && code != record.NotFound:
			return false, err
		}
		// Saved elsewhere at this moment: what was posted is bound to what is kept now.
		if t, err = s.renewed(v, d, t); err != nil {
			return false, err
		}
	}
	return false, s.unsaved(v, *d, t, "这份草稿正在别处频繁保存，请稍后再保存。下面是您填写的内容，尚未保存。")
}

// renewed reads the draft again and binds what was posted to it.
func (s *Server) renewed(v *visit, d *dossier, t typed) (typed, error) {
	newer, err := s.Store.Draft(v.ctx, v.subject.ID, d.id)
	switch {
	case record.CodeOf(err) == record.NotFound:
		d.draft = nil
		return t, nil
	case err != nil:
		return t, err
	}
	d.draft = &newer
	again, err := s.typed(v, *d, t.values)
	if err != nil {
		return t, err
	}
	again.again = t.again
	if t.gone != nil {
		again.takeOut(*t.gone)
	}
	return again, nil
}

func (s *Server) unsaved(v *visit, d dossier, t typed, why string) error {
	if v.wantsJSON() {
		return v.json(http.StatusConflict, map[string]any{"error": v.shown(why)})
	}
	return s.renderEdit(v, d, http.StatusConflict, editing{
		document: t.document, section: t.section, shown: t.values.Get(shownField),
		notice: &view.Notice{Tone: view.Bad, Title: "没有保存", Text: why, Link: d.path(""), LinkText: "查看现在的状态"},
	})
}

// mergedText tells what of others' changes a save has taken in.
func (v *visit) mergedText(labels []string) string {
	return v.tr("合并了另一处对“%s”的修改。", view.Quoted(v.ctx, labels))
}

// savedText tells that something was done, and what else was taken in.
func (v *visit) savedText(d dossier, done string) string {
	if len(d.merged) == 0 {
		return v.shown(done)
	}
	return v.tr("%s。%s", v.shown(done), v.mergedText(d.merged))
}

// saveDraft stores a draft: for a person who goes on filling, and for the
// script that saves by itself.
func saveDraft(s *Server, v *visit) error {
	d, t, err := s.posted(v)
	if err != nil {
		return err
	}
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	if v.wantsJSON() {
		return s.answerSaved(v, d, t)
	}
	if row, ok := parseRow(v.Query("open")); ok {
		return v.see(d.path(row.path()))
	}
	if t.row != nil {
		return v.see(d.path(t.row.path() + unfinished)) // without scripts, for the next level of a cascade
	}
	if v.Query("print") != "" {
		return v.see(d.path("/print?of=draft"))
	}
	if v.Query("key") != "" && v.session.Assurance != record.ByCertificate {
		return v.see(withNext("/login/certificate", d.editPath(t.section)))
	}
	if v.Query("stay") == "" && v.Query("tab") == "" {
		v.flash(view.Good, v.savedText(d, "草稿已保存"))
	}
	return v.see(d.editPath(cmp.Or(v.Query("tab"), t.section)))
}

// answerSaved tells the script that saves by itself what the page has to follow:
// the draft's version, what the page shows of it, and the marks of how far it is.
func (s *Server) answerSaved(v *visit, d dossier, t typed) error {
	m := view.EditModel{RecordID: string(d.id), Back: d.back(), State: d.tag(), Merged: d.merged}
	m.Form = d.draft.Document.Form(today())
	m.Whole = m.Form
	d.divide(&m, t.section)
	if err := s.addReturn(v, d, &m); err != nil {
		return err
	}
	problems, err := s.stillWrong(v, d, t.values)
	if err != nil {
		return err
	}
	m.Problems = problems
	live, err := v.drawn(view.LiveParts(m))
	if err != nil {
		return err
	}
	names := make([]string, 0, len(problems))
	for _, p := range problems {
		names = append(names, p.Field)
	}
	return v.json(http.StatusOK, map[string]any{
		"saved_at": d.draft.UpdatedAt.UTC().Format(time.RFC3339), "draft_version": d.draft.Version, shownField: s.stillShown(d, t),
		"live": live, "problems": names, "merged": len(d.merged) > 0,
	})
}

// stillWrong are those of the problems which the page shows that are still there.
func (s *Server) stillWrong(v *visit, d dossier, values url.Values) ([]form.Problem, error) {
	told := values[view.ToldField]
	if len(told) == 0 {
		return nil, nil
	}
	refused, err := s.refusedFiles(v, d)
	if err != nil {
		return nil, err
	}
	var all []form.Problem
	for _, p := range append(d.draft.Document.Form(today()).Problems(), refused...) {
		if slices.Contains(told, p.Field) {
			all = append(all, p)
		}
	}
	return all, nil
}

// editPath is the page of the draft, at a section that is a page.
func (d dossier) editPath(section string) string {
	if section == "" {
		return d.path("/edit")
	}
	return d.path("/edit?tab=" + url.QueryEscape(section))
}

// checkDraft stores a draft and leads to the page of answers if nothing keeps
// it from being submitted.
func checkDraft(s *Server, v *visit) error {
	d, t, err := s.posted(v)
	if err != nil {
		return err
	}
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	refused, err := s.refusedFiles(v, d)
	if err != nil {
		return err
	}
	fields := d.draft.Document.Form(today())
	if problems := append(fields.Problems(), refused...); len(problems) > 0 {
		return s.renderEdit(v, d, http.StatusUnprocessableEntity, editing{
			document: d.draft.Document, section: troubled(fields, problems, t.section), problems: problems,
		})
	}
	return v.see(d.path("/check"))
}
