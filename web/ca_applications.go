package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// ApplicationRinger is the portal's door to the workflows of applications to the
// CA company. A ring that fails or takes too long loses nothing.
type ApplicationRinger interface {
	// RingApplication wakes the application's workflow and waits for the CA
	// company's first answer to it, or for the end of ctx.
	RingApplication(ctx context.Context, id, command record.ID) error
	// ApplicationURL is the page about it in Temporal Web at that base URL.
	ApplicationURL(base string, id record.ID) string
}

// firstAnswer is how long a person waits for the CA company's answer before the
// page says how things stand.
const firstAnswer = 10 * time.Second

// ofBusiness finds an open application of a business on a certificate or, for a
// first one, for a kind.
func ofBusiness(all []storage.Application, b record.Business, kind record.CertificateKind) (storage.Application, bool) {
	for _, a := range all {
		if a.ClosedAt.IsZero() && a.Business == b && a.Kind == kind {
			return a, true
		}
	}
	return storage.Application{}, false
}

func applicationPath(id record.ID) string { return "/ca/applications/" + string(id) }

// applicationTag is where an application stands, in a word.
func applicationTag(a storage.Application) view.Tag {
	tag := view.Tag{Text: a.Status.LabelFor(a.Business), Tone: view.Info}
	switch a.Status {
	case record.ApplicationFailed, record.ApplicationSupplement, record.ApplicationPayment:
		tag.Tone = view.Warn
	case record.ApplicationBound:
		tag.Tone = view.Good
	case record.ApplicationIssued:
		if !a.Business.Binds() {
			tag.Tone = view.Good
		}
	case record.ApplicationRejected:
		tag.Tone = view.Bad
	case record.ApplicationWithdrawn:
		tag.Tone = view.Plain
	case record.ApplicationPending, record.ApplicationSent, record.ApplicationInProgress, record.ApplicationProducing:
	}
	return tag
}

func applicationTitle(v *visit, a storage.Application) string {
	return v.tr("%s%s", v.shown(a.Kind.Label()), v.shown(a.Business.Label()))
}

// caModel is the section CA 申请信息. draft is the draft on whose page it stands,
// "" for a page without a form.
func (s *Server) caModel(v *visit, draft record.ID) (*view.CAModel, error) {
	applications, err := s.Store.Applications(v.ctx, v.subject.ID)
	if err != nil {
		return nil, err
	}
	m := &view.CAModel{State: view.Tag{Text: "未办理"}, Action: "/ca/applications/new", Fields: "/profile"}
	if draft != "" {
		m.Action, m.Fields, m.Posts = "/records/"+string(draft)+"/ca", "", true
	}
	if len(applications) > 0 {
		m.State = applicationTag(applications[0])
	}
	for _, a := range applications {
		if a.ClosedAt.IsZero() || a.ID == applications[0].ID {
			m.Links = append(m.Links, view.CALink{
				Href: applicationPath(a.ID), Text: v.tr("%s，回执号 %s", applicationTitle(v, a), a.Receipt), State: applicationTag(a),
			})
		}
	}
	if !v.may(record.ToFile) {
		m.Action, m.Note = "", "您的角色是只读，申请由本单位的经办或管理员办理。"
		return m, nil
	}
	m.Missing, err = s.Store.ApplicationProblems(v.ctx, v.subject.ID)
	return m, err
}

// showCASection draws the section alone, for the page that has saved itself.
func showCASection(s *Server, v *visit) error {
	draft := v.Query("form")
	if draft != "" && !storage.ValidID(draft) {
		return errNoPage
	}
	m, err := s.caModel(v, record.ID(draft))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.CASection(*m))
}

// applyFromDraft saves the draft on whose page 【CA办理申请】 was pressed, and goes
// on to the application.
func applyFromDraft(s *Server, v *visit) error {
	d, t, err := s.posted(v)
	if err != nil {
		return err
	}
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	return v.see("/ca/applications/new")
}

// applying is what an application's page knows of the request.
type applying struct {
	business     record.Business
	certificate  *storage.Certificate // nil for a first one
	applications []storage.Application
	missing      []form.Problem
	fields       url.Values
	problems     []form.Problem
}

// applying reads what is applied for from the names that a link or a form gives.
func (s *Server) applying(v *visit, fields url.Values) (applying, error) {
	a := applying{business: record.Business(fields.Get("business")), fields: fields}
	if a.business == "" {
		a.business = record.BusinessApply
	}
	if a.business.Label() == "" {
		return a, errNoPage
	}
	var err error
	if a.applications, err = s.Store.Applications(v.ctx, v.subject.ID); err != nil {
		return a, err
	}
	if a.missing, err = s.Store.ApplicationProblems(v.ctx, v.subject.ID); err != nil {
		return a, err
	}
	if !a.business.OnCertificate() {
		return a, nil
	}
	id := fields.Get("certificate")
	if !storage.ValidID(id) {
		return a, errNoPage
	}
	c, err := s.Store.Certificate(v.ctx, v.subject.ID, record.ID(id))
	if err != nil {
		return a, err
	}
	a.certificate = &c
	return a, nil
}

// showApply is the form of an application.
func showApply(s *Server, v *visit) error {
	fields := url.Values{}
	for _, name := range []string{"business", "certificate", "kind"} {
		fields.Set(name, v.Query(name))
	}
	a, err := s.applying(v, fields)
	if err != nil {
		return err
	}
	if a.certificate != nil {
		if open, ok := ofBusiness(a.applications, a.business, a.certificate.Kind); ok {
			return v.see(applicationPath(open.ID))
		}
		if !possible(a.business, *a.certificate, time.Now()) {
			v.flash(view.Warn, v.tr("证书现在的状态不能办理%s。", v.shown(a.business.Label())))
			return v.see("/certificates/" + string(a.certificate.ID))
		}
	}
	return s.renderApply(v, http.StatusOK, a)
}

func (s *Server) renderApply(v *visit, status int, a applying) error {
	b := businesses[a.business]
	m := view.ApplyModel{
		Title: b.title, Business: string(a.business), Label: a.business.Label(), Explains: b.explains, Warning: b.warning, Missing: a.missing,
		Kind: a.fields.Get("kind"), Year: a.fields.Get("years"), Pickup: a.fields.Get("pickup"), MailAddress: a.fields.Get("mail_address"),
		Subject: v.subject.Name, Code: shownCode(v.subject), Command: a.fields.Get("command"), Problems: a.problems,
	}
	if !storage.ValidID(m.Command) {
		m.Command = string(storage.NewID())
	}
	if a.business == record.BusinessApply {
		m.Label = "申请"
		m.Kinds = kindChoices(v.subject.Type, a.applications)
	}
	if a.certificate != nil {
		row := certificateRow(*a.certificate, time.Now())
		m.Certificate = &row
	}
	if b.term {
		m.Years = []view.Choice{{Value: "1", Label: "1 年"}, {Value: "2", Label: "2 年"}, {Value: "3", Label: "3 年"}}
	}
	if b.handed {
		m.Pickups = []view.Choice{
			{Value: record.PickupCounter, Label: record.PickupLabel(record.PickupCounter), Hint: "带齐资料到受理点当场领取"},
			{Value: record.PickupMail, Label: record.PickupLabel(record.PickupMail), Hint: "资料审核后寄到指定地址"},
		}
	}
	preset(&m)
	if len(m.Missing) > 0 {
		p, err := s.profile(v.ctx, v.subject)
		if err != nil {
			return err
		}
		if m.MissingHref = "/profile"; p.draft != nil && !p.draft.Locked {
			m.MissingHref = "/records/" + string(p.draft.Record) + "/edit"
		}
	}
	p, err := v.portal(m.Title)
	if err != nil {
		return err
	}
	return v.render(status, view.ApplyPage(p, m))
}

// preset chooses what is not chosen yet: the first that can be.
func preset(m *view.ApplyModel) {
	for _, group := range []struct {
		chosen *string
		all    []view.Choice
	}{{&m.Kind, m.Kinds}, {&m.Year, m.Years}, {&m.Pickup, m.Pickups}} {
		for _, c := range group.all {
			if *group.chosen == "" && c.Denied == "" {
				*group.chosen = c.Value
			}
		}
	}
}

var kindHints = map[record.CertificateKind]string{
	record.OrganizationCertificate:   "代表单位登录和签名，开展电子标业务需要",
	record.RepresentativeCertificate: "由法定代表人持有",
	record.AgentCertificate:          "由经办人持有",
	record.PersonCertificate:         "由本人持有",
}

// kindChoices are the kinds for which a subject may apply; of each kind one
// application at a time.
func kindChoices(t record.SubjectType, applications []storage.Application) []view.Choice {
	var all []view.Choice
	for _, kind := range record.CertificateKinds(t) {
		c := view.Choice{Value: string(kind), Label: kind.Label(), Hint: kindHints[kind]}
		if open, ok := ofBusiness(applications, record.BusinessApply, kind); ok {
			c.Denied, c.Href = "已有申请正在办理（"+open.Status.LabelFor(open.Business)+"）。", applicationPath(open.ID)
		}
		all = append(all, c)
	}
	return all
}

// apply hands an application in, and shows the CA company's answer as soon as it
// came, or after ten seconds how things stand.
func apply(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	command, err := commandID(fields)
	if err != nil {
		return err
	}
	if known, err := s.Store.Application(v.ctx, v.subject.ID, command); err == nil {
		return v.see(applicationPath(known.ID)) // sent twice
	}
	a, err := s.applying(v, fields)
	if err != nil {
		return err
	}
	if a.certificate != nil && !possible(a.business, *a.certificate, time.Now()) {
		return record.Errorf(record.Conflict, v.tr("证书现在的状态不能办理%s", v.shown(a.business.Label())))
	}
	_, err = s.Store.ApplyForCertificate(v.ctx, a.request(v, command))
	switch code := record.CodeOf(err); {
	case code == record.Invalid:
		a.problems = problemsOf(err)
		return s.renderApply(v, http.StatusUnprocessableEntity, a)
	case code == record.Conflict:
		a.problems = []form.Problem{{Field: "kind", Label: "没有提交", Message: messageOf(err)}}
		return s.renderApply(v, http.StatusConflict, a)
	case err != nil:
		return err
	}
	v.audit("certificate applied for", "account", string(v.account), "application", string(command))
	s.ringApplication(v, command, command)
	return v.see(applicationPath(command))
}

// request is what the form asks for. What a business does not need takes its
// plainest value.
func (a applying) request(v *visit, command record.ID) storage.ApplicationRequest {
	b := businesses[a.business]
	r := storage.ApplicationRequest{
		Command: command, Subject: v.subject.ID, Actor: v.actor(), Business: a.business, Years: 1, Pickup: record.PickupCounter,
		Kind: record.CertificateKind(a.fields.Get("kind")),
	}
	if a.certificate != nil {
		r.Certificate, r.Kind = a.certificate.ID, a.certificate.Kind
	}
	if b.term {
		r.Years = number(a.fields.Get("years"))
	}
	if b.handed {
		if r.Pickup = a.fields.Get("pickup"); r.Pickup == record.PickupMail {
			r.MailAddress = form.Clean(a.fields.Get("mail_address"))
		}
	}
	return r
}

func problemsOf(err error) []form.Problem {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return e.Problems
	}
	return nil
}

// ringApplication wakes the workflow and waits for the first answer. Whether it
// came does not matter to the fact: the relay rings again.
func (s *Server) ringApplication(v *visit, id, command record.ID) {
	if s.Applications == nil {
		return
	}
	ctx, cancel := context.WithTimeout(v.ctx, firstAnswer)
	defer cancel()
	if err := s.Applications.RingApplication(ctx, id, command); err != nil {
		v.log.Warn("the workflow of an application did not answer; the relay rings again",
			"application", id, "command", command, "error", err)
	}
}

// showApplication says where an application stands.
func showApplication(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return s.renderApplication(v, id, http.StatusOK)
}

func (s *Server) renderApplication(v *visit, id record.ID, status int, notices ...view.Notice) error {
	a, err := s.Store.Application(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	m := applicationModel(v, a)
	if !v.may(record.ToFile) {
		m.Resend, m.Withdraw, m.Paper = false, false, false
	}
	m.Notices = notices
	if m.Certificate, err = s.certificateOf(v, a); err != nil {
		return err
	}
	p, err := v.portal(m.Title)
	if err != nil {
		return err
	}
	return v.render(status, view.ApplicationPage(p, m))
}

// certificateOf is the address of the signing certificate that came of an
// application, "" for none.
func (s *Server) certificateOf(v *visit, a storage.Application) (string, error) {
	if a.Status != record.ApplicationBound {
		return "", nil
	}
	all, err := s.Store.Certificates(v.ctx, v.subject.ID)
	if err != nil {
		return "", err
	}
	for _, c := range all {
		if c.Application == a.ID && c.Use == storage.UseSigning {
			return "/certificates/" + string(c.ID), nil
		}
	}
	return "/certificates", nil
}

// resendApplication asks for another attempt at once.
func resendApplication(s *Server, v *visit) error {
	return s.onApplication(v, s.Store.ResendApplication, "没有重新发送")
}

// withdrawApplication takes an application back.
func withdrawApplication(s *Server, v *visit) error {
	return s.onApplication(v, s.Store.WithdrawApplication, "没有撤销")
}

// onApplication accepts a command on an application and shows what came of it.
func (s *Server) onApplication(
	v *visit, accept func(context.Context, record.ID, record.Actor, record.ID, record.ID) (record.Receipt, error), otherwise string,
) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	command, err := commandID(fields)
	if err != nil {
		return err
	}
	_, err = accept(v.ctx, v.subject.ID, v.actor(), id, command)
	if record.CodeOf(err) == record.Conflict {
		return s.renderApplication(v, id, http.StatusConflict, view.Notice{Tone: view.Bad, Title: otherwise, Text: v.tr("%s。", v.shown(messageOf(err)))})
	}
	if err != nil {
		return err
	}
	s.ringApplication(v, id, command)
	return v.see(applicationPath(id))
}

// listSilentApplications is the staff's list of applications on which the CA
// company is to be called.
func listSilentApplications(s *Server, v *visit) error {
	all, err := s.Store.SilentApplications(v.ctx)
	if err != nil {
		return err
	}
	ids := make([]record.ID, 0, len(all))
	for _, a := range all {
		ids = append(ids, a.Subject)
	}
	subjects, err := s.Store.SubjectsByID(v.ctx, ids)
	if err != nil {
		return err
	}
	var m view.StaffApplicationsModel
	for _, a := range all {
		row := view.StaffApplicationRow{
			Subject: subjects[a.Subject].Name, Code: shownCode(subjects[a.Subject]), Title: applicationTitle(v, a), Receipt: a.Receipt,
			OrderNo: a.OrderNo, State: applicationTag(a), Accepted: a.AcceptedAt, Heard: a.HeardAt, Escalated: a.EscalatedAt,
			Attempts: a.Attempts, Failure: a.Failure,
		}
		if s.TemporalUI != "" && s.Applications != nil {
			row.ProcessHref = s.Applications.ApplicationURL(s.TemporalUI, a.ID)
		}
		m.Rows = append(m.Rows, row)
	}
	return v.render(http.StatusOK, view.StaffApplicationsPage(v.page("CA 督办"), m))
}
