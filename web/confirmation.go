package web

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// confirmationPath is the page on which a profile is confirmed.
func confirmationPath(id record.ID) string { return "/records/" + string(id) + "/confirmation" }

// confirmationTag says in a few words where an annual confirmation stands.
func confirmationTag(c record.Confirmation) view.Tag {
	switch {
	case c.Due.IsZero():
		return view.Tag{}
	case c.Overdue:
		return view.Tag{Text: "逾期未年度确认", Tone: view.Bad}
	case c.Open:
		return view.Tag{Text: "待年度确认", Tone: view.Warn}
	}
	return view.Tag{Text: "已年度确认", Tone: view.Good}
}

func confirmationSummary(c record.Confirmation, href string) view.ConfirmationSummary {
	return view.ConfirmationSummary{State: confirmationTag(c), At: c.Confirmed, Due: c.Due, Href: href}
}

// confirmationNotice asks for the annual confirmation of a profile; nil while it is
// not time.
func confirmationNotice(v *visit, id record.ID, c record.Confirmation) *view.Notice {
	if !c.Open {
		return nil
	}
	n := view.Notice{Tone: view.Warn, Title: "请进行年度确认", Link: confirmationPath(id), LinkText: "去确认"}
	due := c.Due.In(record.Shanghai).Format(time.DateOnly)
	switch {
	case c.Stops:
		n.Tone, n.Title, n.Text = view.Bad, "基本信息逾期未年度确认", v.tr("最后期限 %s 已过，确认前不能参加交易。", due)
	case c.Overdue:
		n.Tone, n.Title, n.Text = view.Bad, "基本信息逾期未年度确认", v.tr("最后期限 %s 已过，请尽快确认。", due)
	case c.Left <= 0:
		n.Text = v.tr("今天（%s）是最后期限，请确认基本信息仍然真实有效。", due)
	default:
		n.Text = v.tr("请在 %s 前确认基本信息仍然真实有效，还有 %d 天。", due, c.Left)
	}
	return &n
}

// visitedProfile is the dossier of the 基本信息 that the address names.
func (s *Server) visitedProfile(v *visit) (dossier, error) {
	d, err := s.visited(v)
	if err == nil && !d.kind.Profile() {
		err = errNoPage
	}
	return d, err
}

// showConfirmation asks whether what is in force is still true, when it is time, and
// says so when it is not.
func showConfirmation(s *Server, v *visit) error {
	d, err := s.visitedProfile(v)
	if err != nil {
		return err
	}
	return s.renderConfirmation(v, d, http.StatusOK, nil)
}

// confirmProfile hands in that what the page showed is still true. The form names the
// revision that it showed: what has changed since is not confirmed unseen.
func confirmProfile(s *Server, v *visit) error {
	d, err := s.visitedProfile(v)
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
	if values.Get("true") != "on" {
		return s.renderConfirmation(v, d, http.StatusUnprocessableEntity, []form.Problem{{Field: "true", Label: "确认", Message: "请核对后勾选"}})
	}
	c := record.Command{
		ID: id, Record: d.id, Subject: v.subject.ID, Kind: d.kind, Move: record.Attest, Actor: v.actor(), Expected: number(values.Get("revision")),
	}
	refuse := func(text string) error {
		return s.renderConfirmation(v, d, http.StatusConflict, nil, view.Notice{Tone: view.Bad, Title: "没有确认", Text: text})
	}
	if d.record == nil || d.record.Revision != c.Expected {
		// The same form sent again has the answer of the first.
		switch _, err := s.Store.CommandStatus(v.ctx, id); {
		case record.CodeOf(err) == record.NotFound:
			return refuse(record.RefusedVersion.Explain())
		case err != nil:
			return err
		}
	}
	status, err := s.accept(v, c)
	switch {
	case record.CodeOf(err) == record.Conflict:
		return refuse(messageOf(err))
	case err != nil:
		return err
	case status.Done && status.Outcome.Applied:
		v.flash(view.Good, "年度确认已完成")
		return v.see(d.path("/confirmation"))
	}
	return v.answer(status)
}

func (s *Server) renderConfirmation(v *visit, d dossier, status int, problems []form.Problem, notices ...view.Notice) error {
	if err := s.await(v.ctx, &d); err != nil {
		return err
	}
	c, err := s.Store.ConfirmationOf(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	m := view.ConfirmationModel{
		RecordID: string(d.id), Kind: d.kind.Label(), State: confirmationTag(c), At: c.Confirmed, Due: c.Due, Notices: notices,
		Text: d.confirmationText(v, c), Open: c.Open && d.state() == settled && len(d.pending) == 0,
	}
	if m.Open {
		m.Problems = problems
		if err := s.fillConfirmation(v, d, &m); err != nil {
			return err
		}
	}
	p, err := v.portal("年度确认")
	if err != nil {
		return err
	}
	return v.render(status, view.ConfirmationPage(p, m))
}

// confirmationText says where the confirmation stands, and what to do.
func (d dossier) confirmationText(v *visit, c record.Confirmation) string {
	state := d.state()
	switch {
	case state.Standing != record.InForce:
		return "基本信息生效后才需要年度确认。"
	case c.Due.IsZero():
		return "目前不要求年度确认。情况有变化时请及时变更。"
	case len(d.pending) > 0:
		return "已受理，正在处理。"
	case state.InReview():
		return "变更正在审核，审核通过即视为已确认。"
	case state.Filing == record.Returned:
		return "变更被退回，补正后审核通过即视为已确认。没有变化的，可以放弃修改，再到这里确认。"
	case !c.Open:
		return v.tr("本期不需要再确认。最后期限前 %d 天起可以再次确认，情况有变化时请及时变更。", record.ConfirmationWindow)
	case c.Stops:
		return "最后期限已过，确认前不能参加交易。请逐项核对下面的内容，仍然真实有效的，勾选后确认。"
	case c.Overdue:
		return "最后期限已过。请逐项核对下面的内容，仍然真实有效的，勾选后确认。"
	}
	return "请逐项核对下面的内容，仍然真实有效的，勾选后确认；有变化的，请办理变更，审核通过即视为已确认。"
}

// fillConfirmation adds what is to be confirmed.
func (s *Server) fillConfirmation(v *visit, d dossier, m *view.ConfirmationModel) error {
	version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, d.record.InForce)
	if err != nil {
		return err
	}
	m.Form, m.Version, m.Revision, m.Drafted = version.Document.Form(today()), version.No, d.record.Revision, d.open()
	m.Command = string(storage.NewID())
	if m.Files, err = s.fileStates(v.ctx, v.subject.ID, d.id); err != nil {
		return err
	}
	expiring, err := s.Store.ExpiringOf(v.ctx, v.subject.ID, expiresSoon)
	if err != nil {
		return err
	}
	for _, e := range expiring {
		if e.Record == d.id {
			m.Expiring = append(m.Expiring, expiryLine(e, today()))
		}
	}
	return nil
}

// confirmedRows are the confirmations among the events of a profile, newest first.
func confirmedRows(id record.ID, events []storage.Event) []view.ConfirmedRow {
	var rows []view.ConfirmedRow
	for _, e := range slices.Backward(events) {
		if e.Type == string(record.Attest) {
			rows = append(rows, view.ConfirmedRow{At: e.At, Version: e.Version, Href: "/records/" + string(id) + "/versions/" + strconv.Itoa(e.Version)})
		}
	}
	return rows
}
