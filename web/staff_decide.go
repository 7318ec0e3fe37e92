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

// maxOpinion bounds a reviewer's words on a filing as a whole, and maxRemark
// those on one part of it, in characters.
const (
	maxOpinion = 1000
	maxRemark  = 500
)

// judging is what a reviewer has typed, and what was said of it.
type judging struct {
	decision view.Decision
	reason   string
	remarks  map[string]string // by target
	problems []form.Problem
	notice   *view.Notice
	reveal   bool // the sensitive fields in full
}

// judgingAgain is what was typed for a decision that was undone.
func judgingAgain(d storage.Decision) judging {
	j := judging{decision: view.Decision(d.Move), reason: d.Reason, remarks: map[string]string{}}
	for _, r := range d.Remarks {
		j.remarks[r.Field] = r.Text
	}
	return j
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
	targets := remarkTargets(review)
	j := judgingOf(values, review, targets, view.Decision(move))
	remarks := j.list(targets)
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
		return s.overtaken(v, v.tr("%s没有生效", v.shown(move.Label())), messageOf(err), j)
	case err != nil:
		return err
	case status.Done && !status.Outcome.Applied:
		return s.overtaken(v, v.tr("%s没有生效", v.shown(move.Label())), status.Outcome.Refusal.Explain(), j)
	}
	v.flashNotice(s.decided(review, move, status))
	if v.stays(values) {
		return v.see(reviewPath(review.Task.ID, carriedFilter(values)))
	}
	return s.advance(v, review.Task, values)
}

// decidedWords say what was decided.
var decidedWords = map[record.Move]string{
	record.Approve: "已通过", record.Return: "已退回补正", record.Confirm: "已复核通过", record.Reject: "已退回初审",
}

// decided tells of a decision, with a button that undoes it while it waits.
func (s *Server) decided(r storage.Review, move record.Move, status storage.CommandStatus) view.Notice {
	title := r.Submitted.Document.Title()
	text := decidedWords[move] + "：" + subjectOf(r.Record.Kind, title, r.Subject)
	if filed := filedOf(r.Record.Kind, title); filed != "" {
		text += " " + filed
	}
	switch {
	case status.Done:
	case s.Store.Policy().UndoPeriod > 0:
		return view.Notice{
			Tone: view.Good, Text: text, Undo: undoPath(status.Receipt.Command), Until: status.Receipt.AcceptedAt.Add(s.Store.Policy().UndoPeriod),
		}
	default:
		return view.Notice{Tone: view.Info, Text: "已受理，回执号 " + status.Receipt.Number + "，正在处理。" + text}
	}
	return view.Notice{Tone: view.Good, Text: text}
}

// stays tells that the reviewer chose to come back to this filing and not to go on
// to the next; the choice is remembered.
func (v *visit) stays(values url.Values) bool {
	p := v.prefs()
	p.Stay = values.Get("stay") == "on"
	v.setPrefs(p)
	return p.Stay
}

func undoPath(command record.ID) string { return "/staff/decisions/" + string(command) + "/undo" }

// undoDecision takes a decision back that waits to take effect, and leads to the
// filing, where everything that was typed stands again.
func undoDecision(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	decision, undone, err := s.Store.Undo(v.ctx, v.staff.ID, id)
	if err != nil {
		return err
	}
	path := "/staff/reviews/" + string(decision.Task)
	if !undone {
		v.flashNotice(view.Notice{Tone: view.Bad, Title: "没有撤销", Text: v.tr("%s已经生效，或已撤销过。", v.shown(decision.Move.Label()))})
		return v.see(path)
	}
	v.flash(view.Info, v.tr("已撤销%s，填写的内容还在，可以修改后重新提交。", v.shown(decision.Move.Label())))
	return v.see(withQuery(path, url.Values{"again": {string(id)}}))
}

// judgingOf reads what a reviewer typed. Remarks on what the filing does not have
// are left out.
func judgingOf(values url.Values, r storage.Review, targets []string, decision view.Decision) judging {
	j := judging{decision: decision, reason: form.Clean(values.Get("reason")), remarks: map[string]string{}}
	bound := func(label string, text string, limit int) {
		if n := len([]rune(text)); n > limit {
			j.problems = append(j.problems, form.Problem{
				Field: "reason", Label: label, Message: fmt.Sprintf("最多 %d 个字，现在有 %d 个字", limit, n),
			})
		}
	}
	bound("意见", j.reason, maxOpinion)
	for _, target := range targets {
		if text := form.Clean(values.Get("remark." + target)); text != "" {
			j.remarks[target] = text
			bound(targetLabel(r, target)+"的意见", text, maxRemark)
		}
	}
	return j
}

// list are the remarks in the order of the form.
func (j judging) list(targets []string) []record.Remark {
	var remarks []record.Remark
	for _, target := range targets {
		if text, ok := j.remarks[target]; ok {
			remarks = append(remarks, record.Remark{Field: target, Text: text})
		}
	}
	return remarks
}

// renewReview lengthens the claim of who works on the page. A script asks; where
// the claim is lost it is told what has become of the filing.
func renewReview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return v.scriptError(err)
	}
	renewed, err := s.Store.RenewClaim(v.ctx, v.staff.ID, id)
	if err != nil {
		return v.scriptError(err)
	}
	if renewed {
		return v.SendStatus(http.StatusNoContent)
	}
	review, err := s.Store.Review(v.ctx, v.staff.ID, id)
	if err != nil {
		return v.scriptError(err)
	}
	return v.json(http.StatusConflict, map[string]any{"error": v.shown(lost(review.Task))})
}

// lost says what has become of a filing that somebody worked on.
func lost(t storage.ReviewTask) string {
	switch {
	case !t.ClosedAt.IsZero():
		return "该件已办结（" + t.Decision.Label() + "）。"
	case t.ClaimedName != "":
		return "该件已由 " + t.ClaimedName + " 领取。"
	case t.AssignedName != "":
		return "该件已分派给 " + t.AssignedName + "。"
	}
	return "该件已回到队列。"
}
