package web

import (
	"net/http"
	"time"

	"unireg/record"
	"unireg/web/view"
)

// homeMessages is how many messages the first page shows.
const homeMessages = 5

// showHome is a subject's first page: where things stand, in which ways it may
// bid, and the one thing to do next.
func showHome(s *Server, v *visit) error {
	profile, err := s.profile(v.ctx, v.subject)
	if err != nil {
		return err
	}
	facts, _, err := s.Store.EligibilityFacts(v.ctx, v.subject.ID, time.Time{})
	if err != nil {
		return err
	}
	eligible := record.EligibilityOf(facts)
	m := view.HomeModel{
		Profile:    profile.summary(),
		Paper:      view.Eligibility{Allowed: eligible.Paper, Reasons: eligible.PaperReasons},
		Electronic: view.Eligibility{Allowed: eligible.Electronic, Reasons: eligible.ElectronicReasons},
		Next:       profile.next(),
	}
	if !v.may(record.ToFile) {
		m.Next = nil
	}
	if id := profile.id(); id != "" {
		d := dossier{id: id, kind: profile.kind, record: profile.record, draft: profile.draft}
		if m.Timeline, err = s.timeline(v, &d); err != nil {
			return err
		}
		if len(d.pending) == 0 {
			m.Confirmation = confirmationNotice(v, id, profile.confirmation)
		}
	}
	if m.Corrections, err = s.corrections(v); err != nil {
		return err
	}
	expiring, err := s.Store.ExpiringOf(v.ctx, v.subject.ID, expiresSoon)
	if err != nil {
		return err
	}
	m.Expiring = len(expiring)
	messages, err := s.Store.NotificationsFor(v.ctx, v.subject.ID, v.role(), "", homeMessages)
	if err != nil {
		return err
	}
	if m.Messages, err = s.shownMessages(v, messages); err != nil {
		return err
	}
	p, err := v.portal("首页")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.HomePage(p, m))
}

// homeCorrections is how many records to be corrected the first page names.
const homeCorrections = 10

// corrections are the records, beside 基本信息, that staff returned.
func (s *Server) corrections(v *visit) ([]view.Correction, error) {
	records, err := s.Store.ReturnedRecords(v.ctx, v.subject.ID, homeCorrections)
	if err != nil {
		return nil, err
	}
	var all []view.Correction
	for _, r := range records {
		if !r.Kind.Profile() {
			c := view.Correction{Kind: r.Kind.Label(), Title: r.Title, Href: "/records/" + string(r.ID), Due: r.DueAt}
			if v.may(record.ToFile) {
				c.Href += "/edit"
			}
			all = append(all, c)
		}
	}
	return all, nil
}

// timeline draws the time line of a record and reads what is pending on it.
func (s *Server) timeline(v *visit, d *dossier) ([]view.Event, error) {
	events, err := s.Store.Events(v.ctx, d.id)
	if err != nil {
		return nil, err
	}
	if err := s.await(v.ctx, d); err != nil {
		return nil, err
	}
	members, err := s.Store.MemberNames(v.ctx, v.subject.ID)
	if err != nil {
		return nil, err
	}
	return timelineOf{
		visit: v, record: d.record, events: events, pending: d.pending, policy: s.Store.Policy(), members: members, now: time.Now(),
	}.draw(), nil
}

// summary is how far 基本信息 is.
func (p profile) summary() view.ProfileSummary {
	m := view.ProfileSummary{Href: "/profile", State: p.tag(), Text: "还没有开始填写。"}
	if p.draft != nil {
		m.Filled, m.Required = p.draft.Document.Form(today()).Progress()
		m.Text = "草稿已保存，填完并核对后提交。"
		if p.draft.Locked {
			m.Text = "已受理，正在处理。"
		}
	}
	switch p.state().Filing {
	case record.UnderReview, record.SecondReview:
		m.Text, m.Required = "已提交，等待审核。审核期间内容只读。", 0
	case record.Returned:
		m.Text = "审核人员请您补正，修改后重新提交。"
	case record.NothingFiled:
		switch {
		case p.state().Standing != record.InForce:
		case p.draft != nil:
			m.Text = "已生效。另有一份变更草稿尚未提交。"
		default:
			m.Text = "已生效。情况有变化时请及时变更。"
		}
	}
	return m
}

// next is the one thing to do, nil when it is somebody else's turn.
func (p profile) next() *view.NextStep {
	if p.draft != nil && p.draft.Locked {
		return nil
	}
	switch state := p.state(); {
	case state.Filing == record.Returned:
		step := &view.NextStep{Title: "补正基本信息", Text: "请按审核意见修改后重新提交。", Href: "/profile", Label: "去补正"}
		step.Due = p.record.DueAt
		return step
	case state.Filing != record.NothingFiled:
		return nil
	case state.Standing == record.InForce && p.draft != nil:
		return &view.NextStep{Title: "提交变更", Text: "变更草稿尚未提交，现行内容继续有效。", Href: "/profile", Label: "继续填写"}
	case state.Standing == record.InForce:
		return nil
	}
	return &view.NextStep{Title: "填写基本信息", Text: "基本信息审核通过后，才能参加交易。", Href: "/profile", Label: "去填写"}
}
