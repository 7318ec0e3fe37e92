package web

import (
	"fmt"
	"net/http"
	"net/url"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// checkAnswers shows what will be submitted. Its form carries the nonce by
// which the submit is known, and the version of the draft that was seen.
func checkAnswers(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	if !d.open() {
		return v.see(d.path(""))
	}
	if len(d.draft.Document.Form(today()).Problems()) > 0 {
		return v.see(d.path("/edit")) // saved as it is, and to be completed there
	}
	return s.renderCheck(v, d, http.StatusOK, "")
}

func (s *Server) renderCheck(v *visit, d dossier, status int, fault string) error {
	fields := d.draft.Document.Form(today())
	m := view.CheckModel{
		RecordID: string(d.id), Heading: d.kind.Label(), KeyLogin: v.keyLogin(d.kind, d.path("/check")), Form: fields, ChangeReason: d.draft.Reason, DraftVersion: d.draft.Version,
		Command: string(storage.NewID()), PaperOnly: v.paperOnly(d.kind), Next: s.afterSubmit(d.kind), Error: fault,
	}
	if v.session.Assurance == record.ByCertificate {
		m.Key = &view.KeyModel{Agent: s.AgentOrigin, Certificate: v.session.Certificate}
		s.allowAgent(v)
	}
	var err error
	if d.record != nil && d.record.InForce > 0 {
		version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, d.record.InForce)
		if err != nil {
			return err
		}
		m.Changes = form.Diff(version.Document.Form(today()), fields)
	}
	if m.Files, err = s.fileStates(v.ctx, v.subject.ID, d.id); err != nil {
		return err
	}
	events, err := s.Store.Events(v.ctx, d.id)
	if err != nil {
		return err
	}
	if note, err := s.returnNote(v, d, events); err != nil {
		return err
	} else if note != nil {
		m.Remarks = note.Remarks
	}
	p, err := v.portal(v.tr("核对%s", d.called(d.heading(d.draft.Document))))
	if err != nil {
		return err
	}
	return v.render(status, view.CheckPage(p, m))
}

// afterSubmit says what happens after the submit of a kind.
func (s *Server) afterSubmit(kind record.Kind) string {
	if policy := s.Store.Policy(); policy.NeedsReview(kind) {
		return fmt.Sprintf("提交后由审核人员审核，时限 %d 个工作日，期间内容只读。", policy.PeriodsOf(kind).Review)
	}
	return "提交后立即生效。"
}

// submitRecord hands the draft in. The same form sent twice, by a double click
// or from the browser's history, is the same submit and has the same answer.
func submitRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	id, err := commandID(values)
	if err != nil {
		return err
	}
	if v.keyLogin(d.kind, "") != "" && d.open() {
		return s.renderCheck(v, d, http.StatusForbidden, record.RefusedAssurance.Explain())
	}
	if err := s.answerRemarks(v, d, answersOf(values)); err != nil {
		return err
	}
	c := record.Command{
		ID: id, Record: d.id, Subject: v.subject.ID, Kind: d.kind, Move: record.Submit, Actor: v.actor(),
		Draft: number(values.Get("draft_version")),
	}
	if err := s.sign(v, d, &c, values); err != nil {
		return s.notSigned(v, d, err)
	}
	status, err := s.accept(v, c)
	if err != nil {
		return s.notAccepted(v, d, err)
	}
	return v.answer(status)
}

// sign adds the evidence of a submit in a certificate session. A command that
// was accepted already, as by a second click, has used its challenge up and
// needs none: whoever gave it gets the receipt of the first.
func (s *Server) sign(v *visit, d dossier, c *record.Command, fields url.Values) error {
	if v.session.Assurance != record.ByCertificate || !d.open() {
		return nil
	}
	_, err := s.Store.CommandStatus(v.ctx, c.ID)
	if record.CodeOf(err) != record.NotFound {
		return err
	}
	return s.evidence(v, d, c, fields)
}

// notSigned draws the page again from which a submit was to be signed.
func (s *Server) notSigned(v *visit, d dossier, err error) error {
	err = signatureRefused(err)
	switch code := record.CodeOf(err); code {
	case record.Forbidden, record.Busy:
		return s.renderCheck(v, d, statuses[code], messageOf(err))
	default:
		return s.notAccepted(v, d, err)
	}
}

// notAccepted draws the page from which a submit that was not accepted goes on.
func (s *Server) notAccepted(v *visit, d dossier, err error) error {
	switch code := record.CodeOf(err); {
	case code == record.Invalid && d.open():
		problems := d.draft.Document.Form(today()).Problems()
		e := editing{document: d.draft.Document, section: troubled(d.draft.Document.Form(today()), problems, ""), problems: problems}
		if len(problems) == 0 {
			e.notice = &view.Notice{Tone: view.Bad, Title: "没有提交", Text: messageOf(err)}
		}
		return s.renderEdit(v, d, http.StatusUnprocessableEntity, e)
	case code == record.DraftChanged && d.open():
		return s.renderCheck(v, d, http.StatusConflict, messageOf(err))
	case code == record.Conflict, code == record.NotFound && d.record != nil:
		// Submitted already, from another tab.
		d, err := s.visited(v)
		if err != nil {
			return err
		}
		return s.renderRecord(v, d, http.StatusConflict, view.Notice{
			Tone: view.Warn, Title: "没有重复提交", Text: "这份内容已经提交过。下面是它现在的状态。",
		})
	}
	return err
}
