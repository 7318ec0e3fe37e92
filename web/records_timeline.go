package web

import (
	"strings"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// timelineOf tells in human words what happened to a record, what is happening
// and what comes next, with the deadlines. Staff read the names of reviewers;
// a subject does not.
type timelineOf struct {
	visit   *visit         // whose language notes are in
	record  *record.Record // nil before the first submit took effect
	events  []storage.Event
	pending []storage.CommandStatus // accepted, without an outcome
	policy  record.Policy
	members map[record.ID]string // the names of the subject's members, by account
	now     time.Time
	staff   bool
}

func (t timelineOf) draw() []view.Event {
	var line []view.Event
	filings := 0
	for _, e := range t.events {
		if e.Type == string(record.Submit) {
			filings++
		}
		if !t.staff && internal(e) {
			continue
		}
		line = append(line, view.Event{At: e.At, Text: t.happened(e, filings), Note: t.note(e), Phase: view.Done})
	}
	for _, p := range t.pending {
		line = append(line, view.Event{
			At: p.Receipt.AcceptedAt, Phase: view.Going,
			Text: t.visit.tr("%s已受理，正在处理", t.visit.shown(p.Move.Label())), Note: t.visit.tr("回执号 %s", p.Receipt.Number),
		})
	}
	if t.record != nil && len(t.pending) == 0 {
		line = append(line, t.next()...)
	}
	return line
}

// internal reports whether an event is the staff's own affair: work that went from
// hand to hand, a decision that was undone or came too late, what an operator
// repaired.
func internal(e storage.Event) bool {
	return e.Type == storage.EventHandedOver || e.Type == storage.EventRepaired || e.Refusal != "" && e.Role.IsStaff()
}

// happened is what an event means.
func (t timelineOf) happened(e storage.Event, filings int) string {
	switch record.Move(e.Type) {
	case record.Submit:
		switch {
		case e.State.Filing == record.NothingFiled:
			return "提交，立即生效"
		case e.State.Standing == record.InForce:
			return "提交变更"
		case filings > 1:
			return "重新提交"
		}
		return "提交"
	case record.Withdraw:
		return "撤回，内容回到草稿"
	case record.Return:
		return "审核退回，待补正"
	case record.Approve:
		if e.State.Filing == record.SecondReview {
			return "初审通过，转复核"
		}
		return "审核通过，已生效"
	case record.Confirm:
		return "复核通过，已生效"
	case record.Reject:
		return "复核退回初审"
	case record.Lapse:
		return "逾期未补正，本次申报失效"
	case record.Reopen:
		return "重新审核"
	case record.Discard, record.Void, record.Restore, record.Release, record.Attest:
		return record.Move(e.Type).Label()
	}
	switch e.Type {
	case storage.TopicCorrectRemind:
		return "已提醒补正"
	case storage.TopicReviewRemind:
		return "已提醒审核人员办理"
	case storage.TopicOverdue:
		return "审核超过时限，已上报督办"
	case storage.EventFileRefused:
		return "附件未通过病毒扫描，已隔离"
	case storage.EventRevealed:
		return "查看完整敏感信息"
	case storage.EventHandedOver:
		return "转交办理"
	case storage.EventRepaired:
		return "核对后修复"
	}
	if e.Refusal != "" {
		return t.visit.tr("%s未生效", t.visit.shown(e.Move.Label()))
	}
	return "其他操作"
}

// note is what was said with an event, and by whom.
func (t timelineOf) note(e storage.Event) string {
	var parts []string
	if t.staff && e.Name != "" {
		parts = append(parts, e.Name)
	}
	if e.Role == record.Applicant {
		if name := memberOf(t.members, e.Actor, e.Assurance); name != "" {
			parts = append(parts, name)
		}
	}
	if e.Refusal != "" {
		parts = append(parts, t.visit.shown(e.Refusal.Explain()))
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	if n := len(e.Remarks); n > 0 {
		parts = append(parts, t.visit.tr("另有 %d 条字段意见", n))
	}
	return strings.Join(parts, t.visit.tr("；"))
}

// memberOf is who did something, among members of those names; "" where it is not
// known. Under the organization's certificate nobody is named: the key may be in
// anybody's hand.
func memberOf(names map[record.ID]string, account record.ID, how record.Assurance) string {
	if how == record.ByCertificate {
		return ""
	}
	return names[account]
}

// next is what is awaited and what follows.
func (t timelineOf) next() []view.Event {
	overdue := ""
	if !t.record.DueAt.IsZero() && t.now.After(t.record.DueAt) {
		overdue = t.visit.tr("已超过时限，系统已上报督办")
	}
	effective := view.Event{Text: "审核通过后生效", Phase: view.Ahead}
	switch t.record.State.Filing {
	case record.UnderReview:
		going := view.Event{Text: "等待审核", Due: t.record.DueAt, Note: t.resumed(overdue), Phase: view.Going}
		if t.record.Claimed != "" {
			going.Text = "审核人员正在审核"
		}
		if t.record.State.Standing == record.InForce {
			effective.Text = "审核通过后新内容生效，此前现行内容继续有效"
			if t.policy.SecondReview {
				effective.Note = t.visit.tr("改动关键项的，初审后还须复核")
			}
		}
		return []view.Event{going, effective}
	case record.SecondReview:
		effective.Text = "复核通过后生效"
		return []view.Event{{Text: "等待复核", Due: t.record.DueAt, Note: t.resumed(overdue), Phase: view.Going}, effective}
	case record.Returned:
		return []view.Event{
			{Text: "等待您补正后重新提交", Due: t.record.DueAt, Note: t.paused(), Phase: view.Going},
			{Text: "重新提交后继续审核", Phase: view.Ahead},
		}
	case record.NothingFiled:
	}
	return nil
}

// paused says, while a correction is awaited, that the reviewers' time stands
// still, and what happens at its end.
func (t timelineOf) paused() string {
	used := t.record.Used.Review + t.record.Used.Second
	if used == 0 {
		return t.visit.tr("补正期间审核时限暂停计时；逾期未提交的，本次申报自动失效")
	}
	return t.visit.tr("审核时限已用 %d 个工作日，补正期间暂停计时；逾期未提交的，本次申报自动失效", used)
}

// resumed says of a review what earlier rounds have left of its period, unless it
// is overdue already, which is more to the point.
func (t timelineOf) resumed(overdue string) string {
	stage := t.record.State.Filing
	used := t.record.Used.Of(stage)
	if overdue != "" || used == 0 {
		return overdue
	}
	return t.visit.tr("此前已用 %d 个工作日（补正期间不计），本轮时限 %d 个工作日", used, t.policy.Left(t.record.Kind, stage, t.record.Used))
}
