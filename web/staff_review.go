package web

import (
	"cmp"
	"net/http"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// showReview is the reviewer's desk. After a decision was undone, which again=
// names, it holds what had been typed.
func showReview(s *Server, v *visit) error {
	review, err := s.reviewed(v)
	if err != nil {
		return err
	}
	var j judging
	if id := v.Query("again"); storage.ValidID(id) {
		d, err := s.Store.UndoneDecision(v.ctx, v.staff.ID, record.ID(id))
		if record.CodeOf(err) != record.NotFound {
			if err != nil {
				return err
			}
			j = judgingAgain(d)
		}
	}
	return s.renderReview(v, review, http.StatusOK, j)
}

func (s *Server) reviewed(v *visit) (storage.Review, error) {
	id, err := v.id()
	if err != nil {
		return storage.Review{}, err
	}
	return s.Store.Review(v.ctx, v.staff.ID, id)
}

func (s *Server) renderReview(v *visit, r storage.Review, status int, j judging) error {
	title := r.Submitted.Document.Title()
	m := view.ReviewModel{
		ID: string(r.Task.ID), Subject: subjectOf(r.Record.Kind, title, r.Subject),
		Filed: filedOf(r.Record.Kind, title), Code: shownCode(r.Subject), Kind: taskTag(r.Task).Text,
		Assurance: view.Assurance(r.Submitted.Assurance), FiledAt: r.Submitted.AcceptedAt, Due: r.Task.DueAt,
		Second: r.Task.Second, KeyChange: r.Task.KeyChange, Sampled: r.Task.Sampled, ChangeNote: r.Submitted.Reason,
		AllFields: v.Query("fields") == "all", Stacked: v.Query("layout") == "stacked",
		CorrectionDays: s.Store.Policy().PeriodsOf(r.Record.Kind).Correction, Command: string(storage.NewID()), Version: r.Record.Revision,
		Decision: j.decision, Reason: j.reason, Remarks: j.remarks, Problems: j.problems,
	}
	if s.TemporalUI != "" { // no personal data is there
		m.ProcessHref = s.Rings.WorkflowURL(s.TemporalUI, r.Record.ID)
	}
	m.SubjectHref = staffSubjectPath(r.Subject.ID)
	s.addClaim(v, r, &m)
	if m.Mine && m.CanDecide {
		m.RevealAction = "/staff/reviews/" + m.ID + "/reveal"
		m.Revealed = j.reveal
	}
	m.AllFields = m.AllFields || m.Revealed
	if err := s.addDossier(v, r, &m); err != nil {
		return err
	}
	if err := s.besideDesk(v, r, &m); err != nil {
		return err
	}
	phrases, err := s.Store.Phrases(v.ctx, v.staff.ID, r.Record.Kind)
	if err != nil {
		return err
	}
	for _, p := range phrases {
		m.Phrases = append(m.Phrases, p.Text)
	}
	p := v.page(v.tr("审核：%s %s", m.Subject, v.shown(m.Kind)))
	if j.notice != nil {
		p.Flash = append(p.Flash, *j.notice)
	}
	return v.render(status, view.ReviewPage(p, m))
}

// addClaim says who works on the filing, and what the staff member may do.
func (s *Server) addClaim(v *visit, r storage.Review, m *view.ReviewModel) {
	m.ClaimedBy, m.Mine, m.ClaimExpires = r.Task.ClaimedName, r.Task.ClaimedBy == v.staff.ID, r.Task.ClaimedUntil
	m.AssignedTo, m.ClaimPeriod, m.UndoPeriod = r.Task.AssignedName, storage.ClaimPeriod, s.Store.Policy().UndoPeriod
	m.AssignedToMe = r.Task.AssignedTo == v.staff.ID
	m.DenyReason = denied(v, r)
	m.CanDecide = m.DenyReason == ""
	m.CanClaim = r.Task.ClosedAt.IsZero() && r.Task.ClaimedBy == "" && m.CanDecide
	if r.Task.DecidedBy == v.staff.ID {
		m.Undo, m.UndoUntil = undoPath(r.Task.DecidedWith), r.Task.DecidedUntil
	}
}

// denied says why the staff member may not decide the filing, "" when they may.
// The transaction asks again.
func denied(v *visit, r storage.Review) string {
	switch {
	case !r.Task.ClosedAt.IsZero():
		return v.tr("该件已办结（%s）。", v.shown(r.Task.Decision.Label()))
	case r.Task.DecidedBy == v.staff.ID:
		return "您已对该件作出决定，即将生效。"
	case r.Barred != "":
		return r.Barred.Explain()
	}
	return ""
}

// revealReview shows the sensitive fields in full to who holds the filing, after
// the look was written into the subject's history.
func revealReview(s *Server, v *visit) error {
	review, err := s.reviewed(v)
	if err != nil {
		return err
	}
	if review.Task.ClaimedBy != v.staff.ID || denied(v, review) != "" {
		return record.Errorf(record.Forbidden, "领取该件后才能查看完整信息")
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	asked := revealOf(v, values)
	asked.Subject, asked.Record, asked.Version, asked.Review = review.Subject.ID, review.Record.ID, review.Task.Version, review.Task.ID
	if problem := asked.Problem(); problem != "" {
		notice := view.Notice{Tone: view.Bad, Title: "没有显示完整信息", Text: v.tr("%s。", v.shown(problem))}
		return s.renderReview(v, review, http.StatusUnprocessableEntity, judging{notice: &notice})
	}
	if err := s.Store.Reveal(v.ctx, asked); err != nil {
		return err
	}
	v.audit("sensitive fields revealed", "staff", v.staffID(), "record", string(review.Record.ID), "reason", string(asked.Reason))
	return s.renderReview(v, review, http.StatusOK, judging{reveal: true})
}

// addDossier adds what there is on the filing: what it changes, files, checks,
// the time line, the round before it, the first reviewer.
func (s *Server) addDossier(v *visit, r storage.Review, m *view.ReviewModel) error {
	events, err := s.Store.Events(v.ctx, r.Record.ID)
	if err != nil {
		return err
	}
	round, err := s.roundBefore(v, r, events)
	if err != nil {
		return err
	}
	fields := r.Submitted.Document.Form(today())
	s.addChanges(v, r, round, fields, m)
	if round != nil {
		m.Prior = round.prior()
	}
	if m.Files, err = s.fileStates(v.ctx, r.Subject.ID, r.Record.ID); err != nil {
		return err
	}
	if m.Checks, err = s.checks(v, r, fields); err != nil {
		return err
	}
	pending, err := s.Store.PendingCommands(v.ctx, r.Record.ID, true)
	if err != nil {
		return err
	}
	members, err := s.Store.MemberNames(v.ctx, r.Subject.ID)
	if err != nil {
		return err
	}
	m.Timeline = timelineOf{
		visit: v, record: &r.Record, events: events, pending: pending, policy: s.Store.Policy(), members: members, now: time.Now(), staff: true,
	}.draw()
	if r.Task.Second {
		addFirstReviewer(events, m)
	}
	handed, err := s.Store.Handovers(v.ctx, r.Record.ID)
	if err != nil {
		return err
	}
	for _, h := range handed {
		if h.Task == r.Task.ID {
			m.Handed = append(m.Handed, view.Handed{At: h.At, Text: handedOn(v, h), Note: h.Note})
		}
	}
	return nil
}

// addChanges compares the filing with the version in force, with since=return
// with the one that was returned.
func (s *Server) addChanges(v *visit, r storage.Review, round *round, fields form.Form, m *view.ReviewModel) {
	m.First = r.InForce == nil
	m.NewRecord, m.Returned = m.First, round != nil
	m.AfterLabel = v.tr("第 %d 版，本次提交", r.Submitted.No)
	var before form.Form
	switch {
	case round != nil && v.Query("since") == "return":
		m.SinceReturn, m.First = true, false
		before, m.BeforeLabel = round.returned, v.tr("第 %d 版，被退回的", round.event.Version)
	case r.InForce != nil:
		before, m.BeforeLabel = r.InForce.Document.Form(today()), v.tr("第 %d 版，现行有效", r.InForce.No)
	}
	m.Changes = form.Diff(before, fields)
}

// handedOn says between whom a filing went from hand to hand.
func handedOn(v *visit, h storage.Handover) string {
	by := cmp.Or(h.By, v.tr("系统"))
	switch {
	case h.Given == "" && h.Taken != "" && h.Taken != h.By:
		return v.tr("%s 将 %s 的件放回队列", by, h.Taken)
	case h.Given == "":
		return v.tr("%s 放回队列", by)
	case h.Taken != "" && h.Taken != h.By:
		return v.tr("%s 从 %s 转交 %s", by, h.Taken, h.Given)
	case h.Taken == "":
		return v.tr("%s 分派给 %s", by, h.Given)
	}
	return v.tr("%s 转交 %s", by, h.Given)
}

func addFirstReviewer(events []storage.Event, m *view.ReviewModel) {
	for _, e := range events {
		if e.Type == string(record.Approve) && e.State.Filing == record.SecondReview {
			m.FirstReviewer, m.FirstDecidedAt, m.FirstOpinion = e.Name, e.At, e.Reason
		}
	}
}

// claimReview gives the filing to the staff member for a while.
func claimReview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	claimed, err := s.Store.Claim(v.ctx, v.staff.ID, id)
	if err != nil {
		return err
	}
	if !claimed {
		return s.overtaken(v, "没有领取成功", "该件已由其他审核人员领取或已办结。", judging{})
	}
	return v.see(reviewPath(id, carriedFilter(values)))
}

// releaseReview gives the filing back to the queue.
func releaseReview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	released, err := s.Store.ReleaseClaim(v.ctx, v.staff.ID, id)
	if err != nil {
		return err
	}
	if !released {
		return s.overtaken(v, "没有放回", "该件不由您办理，或已办结。", judging{})
	}
	v.flash(view.Good, "已放回队列")
	return v.see(queuePath(carriedFilter(values)))
}

// overtaken answers 409 with the desk as it stands now, and keeps what was typed.
func (s *Server) overtaken(v *visit, title, text string, j judging) error {
	review, err := s.reviewed(v)
	if err != nil {
		return err
	}
	j.notice = &view.Notice{Tone: view.Bad, Title: title, Text: text}
	return s.renderReview(v, review, http.StatusConflict, j)
}
