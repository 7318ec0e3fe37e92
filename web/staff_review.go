package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// commonReasons are offered to whoever returns a filing.
var commonReasons = []string{
	"附件不清晰，请重新上传", "附件与填报内容不一致，请核对", "授权委托书缺少公章或签字", "证照已过期，请上传有效证照",
}

// maxOpinion bounds a reviewer's words on a filing as a whole, and maxRemark
// those on one field, in characters.
const (
	maxOpinion = 1000
	maxRemark  = 500
)

// judging is what a reviewer has typed, and what was said of it.
type judging struct {
	decision view.Decision
	reason   string
	remarks  map[string]string
	problems []form.Problem
	notice   *view.Notice
	reveal   bool // the sensitive fields in full
}

// showReview is the reviewer's desk.
func showReview(s *Server, v *visit) error {
	review, err := s.reviewed(v)
	if err != nil {
		return err
	}
	return s.renderReview(v, review, http.StatusOK, judging{})
}

func (s *Server) reviewed(v *visit) (storage.Review, error) {
	id, err := v.id()
	if err != nil {
		return storage.Review{}, err
	}
	return s.Store.Review(v.ctx, v.staff.ID, id)
}

func (s *Server) renderReview(v *visit, r storage.Review, status int, j judging) error {
	fields := r.Submitted.Document.Form(today())
	m := view.ReviewModel{
		ID: string(r.Task.ID), Subject: subjectOf(r.Record.Kind, r.Submitted.Document.Title(), r.Subject),
		Filed: filedOf(r.Record.Kind, r.Submitted.Document.Title()), Code: shownCode(r.Subject), Kind: taskTag(r.Task).Text,
		Assurance: view.Assurance(r.Submitted.Assurance), FiledAt: r.Submitted.AcceptedAt, Due: r.Task.DueAt, Second: r.Task.Second,
		First: r.InForce == nil, AfterLabel: fmt.Sprintf("第 %d 版，本次提交", r.Submitted.No), ChangeNote: r.Submitted.Reason,
		AllFields: v.Query("fields") == "all", Stacked: v.Query("layout") == "stacked",
		ClaimedBy: r.Task.ClaimedName, Mine: r.Task.ClaimedBy == v.staff.ID, ClaimExpires: r.Task.ClaimedUntil,
		CorrectionDays: s.Store.Policy().PeriodsOf(r.Record.Kind).Correction, CommonReasons: commonReasons,
		Command: string(storage.NewID()), Version: r.Record.Revision,
		Decision: j.decision, Reason: j.reason, Remarks: j.remarks, Problems: j.problems,
	}
	if s.TemporalUI != "" { // no personal data is there
		m.ProcessHref = s.Rings.WorkflowURL(s.TemporalUI, r.Record.ID)
	}
	m.SubjectHref = staffSubjectPath(r.Subject.ID)
	var before form.Form
	if r.InForce != nil {
		before = r.InForce.Document.Form(today())
		m.BeforeLabel = fmt.Sprintf("第 %d 版，现行有效", r.InForce.No)
	}
	m.Changes = form.Diff(before, fields)
	m.DenyReason = denied(v, r)
	m.CanDecide = m.DenyReason == ""
	m.CanClaim = r.Task.ClosedAt.IsZero() && r.Task.ClaimedBy == "" && m.CanDecide
	if m.Mine && m.CanDecide {
		m.RevealAction = "/staff/reviews/" + m.ID + "/reveal"
		m.Revealed = j.reveal
	}
	m.AllFields = m.AllFields || m.Revealed
	if err := s.addDossier(v, r, fields, &m); err != nil {
		return err
	}
	if err := s.addQueue(v, r, &m); err != nil {
		return err
	}
	p := v.page("审核 " + m.Kind)
	if j.notice != nil {
		p.Flash = append(p.Flash, *j.notice)
	}
	return v.render(status, view.ReviewPage(p, m))
}

// denied says why the staff member may not decide the filing, "" when they may.
// The transaction asks again.
func denied(v *visit, r storage.Review) string {
	switch {
	case !r.Task.ClosedAt.IsZero():
		return "该件已办结（" + r.Task.Decision.Label() + "）。"
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
		notice := view.Notice{Tone: view.Bad, Title: "没有显示完整信息", Text: problem + "。"}
		return s.renderReview(v, review, http.StatusUnprocessableEntity, judging{notice: &notice})
	}
	if err := s.Store.Reveal(v.ctx, asked); err != nil {
		return err
	}
	v.audit("sensitive fields revealed", "staff", v.staffID(), "record", string(review.Record.ID), "reason", string(asked.Reason))
	return s.renderReview(v, review, http.StatusOK, judging{reveal: true})
}

// addDossier adds what else there is on the filing: files, checks, the time
// line, earlier remarks, the first reviewer.
func (s *Server) addDossier(v *visit, r storage.Review, fields form.Form, m *view.ReviewModel) error {
	var err error
	if m.Files, err = s.fileStates(v.ctx, r.Subject.ID, r.Record.ID); err != nil {
		return err
	}
	if m.Checks, err = s.checks(v, r, fields); err != nil {
		return err
	}
	events, err := s.Store.Events(v.ctx, r.Record.ID)
	if err != nil {
		return err
	}
	pending, err := s.Store.PendingCommands(v.ctx, r.Record.ID, true)
	if err != nil {
		return err
	}
	m.Timeline = timelineOf{
		record: &r.Record, events: events, pending: pending, policy: s.Store.Policy(), now: time.Now(), staff: true,
	}.draw()
	if m.Prior, err = s.prior(v, events, r, fields); err != nil {
		return err
	}
	if r.Task.Second {
		addFirstReviewer(events, m)
	}
	return nil
}

// prior are the remarks of the return before this filing; those on fields that
// were changed since are ticked off.
func (s *Server) prior(v *visit, events []storage.Event, r storage.Review, fields form.Form) ([]view.Remark, error) {
	last := lastReturn(events)
	if last == nil || r.Task.Occasion != storage.Corrected {
		return nil, nil
	}
	returned, err := s.Store.Version(v.ctx, r.Subject.ID, r.Record.ID, last.Version)
	if err != nil {
		return nil, err
	}
	before := returned.Document.Form(today())
	changed := changedFields(before, fields)
	remarks := remarksOf(last, fields, before, changed)
	if last.Reason != "" {
		whole := view.Remark{Label: "整体意见", Text: last.Reason, At: last.At, By: last.Name, Resolved: len(changed) > 0}
		remarks = append([]view.Remark{whole}, remarks...)
	}
	return remarks, nil
}

func addFirstReviewer(events []storage.Event, m *view.ReviewModel) {
	for _, e := range events {
		if e.Type == string(record.Approve) && e.State.Filing == record.SecondReview {
			m.FirstReviewer, m.FirstDecidedAt, m.FirstOpinion = e.Name, e.At, e.Reason
		}
	}
}

// checks are what the system itself finds, with the evidence.
func (s *Server) checks(v *visit, r storage.Review, fields form.Form) ([]view.Check, error) {
	var checks []view.Check
	add := func(ok bool, good, bad, note string) {
		c := view.Check{Tone: view.Good, Text: good, Note: note}
		if !ok {
			c.Tone, c.Text = view.Bad, bad
		}
		checks = append(checks, c)
	}
	for _, f := range record.Examine(r.Submitted.Document, r.Subject, today()) {
		add(f.OK, f.Text, f.Text, f.Note)
	}
	add(r.Barred != record.RefusedOwnFiling, "审核人员与本件无关联", "审核人员出现在本件的人员中，须回避", "")
	files := fields.Files()
	scan, err := s.scanCheck(v, r, files)
	if err != nil {
		return nil, err
	}
	checks = append(checks, scan)
	if signature := s.signatureCheck(v.ctx, r.Submitted); signature != nil {
		checks = append(checks, *signature)
	}
	duplicates, err := s.duplicateChecks(v, r, files)
	return append(checks, duplicates...), err
}

// scanCheck says how far the virus scan of the filing's attachments is.
func (s *Server) scanCheck(v *visit, r storage.Review, files []form.File) (view.Check, error) {
	all, err := s.Store.FilesOf(v.ctx, r.Subject.ID, r.Record.ID)
	if err != nil {
		return view.Check{}, err
	}
	count := map[view.FileState]int{}
	var refused []string
	for _, f := range all {
		if !slices.ContainsFunc(files, func(filed form.File) bool { return filed.ID == string(f.ID) }) {
			continue
		}
		count[s.fileState(f)]++
		if f.State == storage.FileRefused {
			refused = append(refused, fmt.Sprintf("%s（%s）", f.Name, f.Virus))
		}
	}
	switch {
	case len(refused) > 0:
		return view.Check{
			Tone: view.Bad, Text: fmt.Sprintf("%d 个附件未通过病毒扫描，不能通过，请退回补正", len(refused)), Note: strings.Join(refused, "；"),
		}, nil
	case count[view.FilePending] > 0:
		return view.Check{Tone: view.Warn, Text: fmt.Sprintf("%d 个附件待病毒扫描", count[view.FilePending]), Note: "扫描完成前不能通过"}, nil
	case count[view.FileUnscanned] > 0:
		return view.Check{Tone: view.Info, Text: "附件未扫描", Note: "本系统未启用病毒扫描"}, nil
	}
	return view.Check{Tone: view.Good, Text: "附件已通过病毒扫描"}, nil
}

// addQueue puts the queue beside the desk, and leads to its neighbours.
func (s *Server) addQueue(v *visit, r storage.Review, m *view.ReviewModel) error {
	q, err := s.queue(v, "")
	if err != nil {
		return err
	}
	kind := choose(queueKinds, v.Query("kind"), func(c queueKind) string { return c.name })
	for _, c := range queueKinds {
		m.QueueKinds = append(m.QueueKinds, view.Filter{
			Label: c.label, Href: withQuery("/staff/reviews/"+m.ID, kindQuery(c.name)), Count: -1, On: c.name == kind.name,
		})
	}
	var mine []storage.ReviewTask
	for _, t := range q.tasks {
		if kind.match(t) && (t.ClaimedBy == "" || t.ClaimedBy == v.staff.ID || t.ID == r.Task.ID) {
			mine = append(mine, t)
		}
	}
	m.QueueTotal = len(mine)
	for i, t := range mine {
		if t.ID != r.Task.ID {
			continue
		}
		if i > 0 {
			m.PrevHref = "/staff/reviews/" + string(mine[i-1].ID)
		}
		if i+1 < len(mine) {
			m.NextHref = "/staff/reviews/" + string(mine[i+1].ID)
		}
	}
	if m.Queue, err = s.rows(v, mine[:min(len(mine), deskQueue)], r.Task.ID); err != nil {
		return err
	}
	m.DoneToday, err = s.Store.ReviewedToday(v.ctx, v.staff.ID)
	return err
}

func kindQuery(kind string) url.Values {
	if kind == "" {
		return nil
	}
	return url.Values{"kind": {kind}}
}

// claimReview gives the filing to the staff member for a while.
func claimReview(s *Server, v *visit) error {
	id, err := v.id()
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
	return v.see("/staff/reviews/" + string(id))
}

// releaseReview gives the filing back to the queue.
func releaseReview(s *Server, v *visit) error {
	id, err := v.id()
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
	return v.see("/staff")
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

// The decisions, each a route of its own: the lifecycle table says from where
// it is legal.
func approveReview(s *Server, v *visit) error { return s.decide(v, record.Approve) }
func returnReview(s *Server, v *visit) error  { return s.decide(v, record.Return) }
func confirmReview(s *Server, v *visit) error { return s.decide(v, record.Confirm) }
func rejectReview(s *Server, v *visit) error  { return s.decide(v, record.Reject) }

// decide hands a reviewer's decision in. The page's nonce makes it one decision
// however often it is sent, and the revision that was judged makes it void if
// somebody else was faster.
func (s *Server) decide(v *visit, move record.Move) error {
	review, err := s.reviewed(v)
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
	fields := review.Submitted.Document.Form(today())
	j := judgingOf(values, fields, view.Decision(move))
	remarks := j.list(fields)
	if t, _ := record.TransitionOf(move); t.Reason && j.reason == "" && len(remarks) == 0 {
		j.problems = append(j.problems, form.Problem{Field: "reason", Label: "意见", Message: "请写明意见，或在字段旁写意见"})
	}
	if len(j.problems) > 0 {
		return s.renderReview(v, review, http.StatusUnprocessableEntity, j)
	}
	if move != record.Return {
		remarks = nil
	}
	status, err := s.accept(v, record.Command{
		ID: id, Record: review.Record.ID, Subject: review.Subject.ID, Kind: review.Record.Kind, Move: move, Actor: v.actor(),
		Expected: number(values.Get("version")), Reason: j.reason, Remarks: remarks,
	})
	switch {
	case record.CodeOf(err) == record.Conflict:
		return s.overtaken(v, move.Label()+"没有生效", messageOf(err), j)
	case err != nil:
		return err
	case !status.Done:
		v.flash(view.Info, "已受理，回执号 "+status.Receipt.Number+"，正在处理")
	case !status.Outcome.Applied:
		return s.overtaken(v, move.Label()+"没有生效", status.Outcome.Refusal.Explain(), j)
	default:
		v.flash(view.Good, "已办理："+move.Label())
	}
	return v.see(next(values, "/staff"))
}

// next is the page that the form names to go on to, if it leads into the
// staff's side.
func next(values url.Values, otherwise string) string {
	if path := localPath(values.Get("next")); strings.HasPrefix(path, "/staff/reviews/") {
		return path
	}
	return otherwise
}

// judgingOf reads what a reviewer typed. Remarks on fields that the document
// does not have are left out.
func judgingOf(values url.Values, fields form.Form, decision view.Decision) judging {
	j := judging{decision: decision, reason: form.Clean(values.Get("reason")), remarks: map[string]string{}}
	if n := len([]rune(j.reason)); n > maxOpinion {
		j.problems = append(j.problems, form.Problem{
			Field: "reason", Label: "意见", Message: fmt.Sprintf("最多 %d 个字，现在有 %d 个字", maxOpinion, n),
		})
	}
	for _, f := range fields.Leaves() {
		text := form.Clean(values.Get("remark." + f.Name))
		if text == "" {
			continue
		}
		j.remarks[f.Name] = text
		if n := len([]rune(text)); n > maxRemark {
			j.problems = append(j.problems, form.Problem{
				Field: "reason", Label: f.Label + "的意见", Message: fmt.Sprintf("最多 %d 个字，现在有 %d 个字", maxRemark, n),
			})
		}
	}
	return j
}

// list are the remarks in the order of the form.
func (j judging) list(fields form.Form) []record.Remark {
	var remarks []record.Remark
	for _, f := range fields.Leaves() {
		if text, ok := j.remarks[f.Name]; ok {
			remarks = append(remarks, record.Remark{Field: f.Name, Text: text})
		}
	}
	return remarks
}
