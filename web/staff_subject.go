package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

const (
	// subjectPage is how many lines a list of a subject shows at a time.
	subjectPage = 50
	// claimsOfSubject bounds the claims on a subject that its page lists.
	claimsOfSubject = 50
)

// staffSubjectPath is where staff read all about a subject.
func staffSubjectPath(id record.ID) string { return "/staff/subjects/" + string(id) }

// looking is what a staff member sees beside the subject itself.
type looking struct {
	revealed bool
	reveal   view.RevealForm // as typed
}

// showStaffSubject is one page of a subject: what it filed, what is bound to it,
// what staff did. It is masked, and open to all staff; what may be done from it
// is within each one's regions.
func showStaffSubject(s *Server, v *visit) error {
	return s.renderStaffSubject(v, http.StatusOK, looking{})
}

// revealSubject shows a subject's sensitive data in full, after the look was
// written into its history.
func revealSubject(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	asked := revealOf(v, values)
	asked.Subject = id
	if problem := asked.Problem(); problem != "" {
		return s.renderStaffSubject(v, http.StatusUnprocessableEntity, looking{reveal: revealAgain(asked, problem)})
	}
	if err := s.Store.Reveal(v.ctx, asked); err != nil {
		return err
	}
	v.audit("sensitive fields revealed", "staff", v.staffID(), "subject", string(id), "reason", string(asked.Reason))
	return s.renderStaffSubject(v, http.StatusOK, looking{revealed: true})
}

// revealOf reads why somebody wants to see what is masked.
func revealOf(v *visit, values url.Values) storage.Reveal {
	return storage.Reveal{By: v.actor(), Reason: storage.RevealReason(values.Get("reason")), Note: form.Clean(values.Get("note"))}
}

// revealAgain is the form as it was filled, with what is to be mended.
func revealAgain(r storage.Reveal, problem string) view.RevealForm {
	return view.RevealForm{Reason: string(r.Reason), Note: r.Note, Problem: problem}
}

func (s *Server) renderStaffSubject(v *visit, status int, l looking) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, sum, err := s.subjectHead(v, id)
	if err != nil {
		return err
	}
	if tab := view.SubjectTab(v.Query("tab")); slices.Contains(view.SubjectTabs(), tab) && !v.route.unsafe() {
		m.Tab = tab
	}
	switch m.Tab {
	case view.SubjectRecords:
		err = s.addSubjectRecords(v, sum, &m)
	case view.SubjectHistory:
		err = s.addSubjectEvents(v, id, storage.EventsOfRecords, &m)
	case view.SubjectStaff:
		err = s.addSubjectEvents(v, id, storage.EventsOfStaff, &m)
	case view.SubjectCertificates:
		err = s.addSubjectCertificates(v, id, &m)
	case view.SubjectApplications:
		err = s.addSubjectApplications(v, id, &m)
	case view.SubjectSessions:
		err = s.addSubjectSessions(v, sum.Subject, &m)
	case view.SubjectMessages:
		err = s.addSubjectMessages(v, id, &m)
	case view.SubjectClaims:
		err = s.addSubjectClaims(v, id, &m)
	case view.SubjectOverview, view.SubjectResets:
		err = s.addSubjectOverview(v, sum, l, &m)
	}
	if err != nil {
		return err
	}
	return v.render(status, view.StaffSubjectPage(v.page(m.Name), m))
}

// subjectHead is what every page of a subject begins with.
func (s *Server) subjectHead(v *visit, id record.ID) (view.StaffSubjectModel, storage.SubjectSummary, error) {
	sum, err := s.Store.SubjectSummary(v.ctx, id)
	if err != nil {
		return view.StaffSubjectModel{}, sum, err
	}
	covered, err := s.Store.CoversSubject(v.ctx, v.staff.ID, id)
	if err != nil {
		return view.StaffSubjectModel{}, sum, err
	}
	m := view.StaffSubjectModel{
		ID: string(id), Name: sum.Subject.Name, Type: sum.Subject.Type.Label(), Code: shownCode(sum.Subject), Registered: sum.Registered,
		Covered: covered, Supervisor: v.staff.Role == record.Supervisor,
	}
	m.States = append(m.States, provenTag(sum.Subject))
	facts, _, err := s.Store.EligibilityFacts(v.ctx, id, time.Time{})
	if err != nil {
		return m, sum, err
	}
	eligible := record.EligibilityOf(facts)
	for _, way := range []struct {
		name    string
		allowed bool
	}{{"纸质标", eligible.Paper}, {"电子标", eligible.Electronic}} {
		tag := view.Tag{Text: v.tr("%s暂不能参加", v.shown(way.name)), Tone: view.Warn}
		if way.allowed {
			tag = view.Tag{Text: v.tr("%s可以参加", v.shown(way.name)), Tone: view.Good}
		}
		m.States = append(m.States, tag)
	}
	m.Overview.Paper = view.Eligibility{Allowed: eligible.Paper, Reasons: eligible.PaperReasons}
	m.Overview.Electronic = view.Eligibility{Allowed: eligible.Electronic, Reasons: eligible.ElectronicReasons}
	m.Overview.Confirmation = confirmationSummary(facts.Confirmation, "")
	return m, sum, nil
}

// addSubjectOverview adds the first page: identity, amounts, processes.
func (s *Server) addSubjectOverview(v *visit, sum storage.SubjectSummary, l looking, m *view.StaffSubjectModel) error {
	o := &m.Overview
	o.Files, o.FileBytes = sum.Files, sum.FileBytes
	for _, d := range filedKinds(sum.Subject.Type) {
		o.Kinds = append(o.Kinds, view.SubjectFact{
			Label: d.Label, Text: v.tr("%d 项", sum.Records[d.Kind]), Href: subjectRecordsPath(sum.Subject.ID, d.Kind, ""),
		})
	}
	o.Revealed, o.Reveal = l.revealed, l.reveal
	o.Reveal.Action = staffSubjectPath(sum.Subject.ID) + "/reveal"
	o.Then = thenForm(staffSubjectPath(sum.Subject.ID) + "/at")
	if err := s.addIdentity(v, sum, l.revealed, m); err != nil {
		return err
	}
	if s.Processes == nil || s.TemporalUI == "" {
		o.NoProcesses = true
		return nil
	}
	return s.addProcesses(v, sum.Subject.ID, o)
}

// filedKinds are all kinds that a subject files, 基本信息 first.
func filedKinds(t record.SubjectType) []record.Definition {
	profile, _ := record.DefinitionOf(record.ProfileKind(t))
	return append([]record.Definition{profile}, record.KindsOf(t)...)
}

// addIdentity adds what identifies the subject and its people: the code of a
// person, and the sensitive fields of the profile that counts or is under way.
func (s *Server) addIdentity(v *visit, sum storage.SubjectSummary, revealed bool, m *view.StaffSubjectModel) error {
	shown := form.Mask
	if revealed {
		shown = func(text string) string { return text }
		m.Code = sum.Subject.Code
	}
	if sum.Subject.Type == record.Person {
		m.Overview.Identity = append(m.Overview.Identity, view.SubjectFact{Label: "注册证件号码", Text: shown(sum.Subject.Code)})
	}
	no := max(sum.Profile.InForce, sum.Profile.Submitted)
	m.Overview.IdentityFrom = v.tr("基本信息第 %d 版，审核中", no)
	if sum.Profile.InForce > 0 {
		no = sum.Profile.InForce
		m.Overview.IdentityFrom = v.tr("基本信息第 %d 版，现行有效", no)
	}
	if no == 0 {
		m.Overview.IdentityFrom = ""
		return nil
	}
	version, err := s.Store.Version(v.ctx, sum.Subject.ID, sum.Profile.ID, no)
	if err != nil {
		return err
	}
	for _, section := range version.Document.Form(today()) {
		add := func(of string, fields []*form.Field) {
			for _, f := range fields {
				if f.Sensitive && f.Display() != "" {
					m.Overview.Identity = append(m.Overview.Identity, view.SubjectFact{Label: v.tr("%s：%s", of, v.shown(f.Label)), Text: shown(f.Display())})
				}
			}
		}
		add(v.shown(section.Label), section.Fields)
		for _, f := range section.Fields {
			for _, row := range f.Rows() {
				add(v.tr("%s“%s”", v.shown(section.Label), row.Title()), row.Fields)
			}
		}
	}
	return nil
}

// endSubjectSession ends a session of one of a subject's accounts: a supervisor
// was told that a key was lost, or a browser left open.
func endSubjectSession(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	session, err := v.idOf("session")
	if err != nil {
		return err
	}
	err = s.Store.EndSubjectSession(v.ctx, v.actor(), id, session)
	switch {
	case record.CodeOf(err) == record.NotFound:
		v.flash(view.Info, "该会话已经结束。")
	case err != nil:
		return err
	default:
		v.audit("session ended by staff", "staff", v.staffID(), "subject", string(id))
		v.flash(view.Good, "已结束该会话。")
	}
	return v.see(staffSubjectPath(id) + "?tab=" + string(view.SubjectSessions))
}

// askedProcesses is how long a page waits for the engine to say what is running.
const askedProcesses = 800 * time.Millisecond

// soon is a context for a question whose answer the page can do without.
func (v *visit) soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(v.ctx, askedProcesses)
}
