package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

func subjectRecordsPath(id record.ID, kind record.Kind, after string) string {
	values := url.Values{"tab": {string(view.SubjectRecords)}}
	if kind != "" {
		values.Set("kind", string(kind))
	}
	if after != "" {
		values.Set("after", after)
	}
	return withQuery(staffSubjectPath(id), values)
}

func (s *Server) addSubjectRecords(v *visit, sum storage.SubjectSummary, m *view.StaffSubjectModel) error {
	id, kind, after := sum.Subject.ID, record.Kind(v.Query("kind")), v.Query("after")
	kinds := filedKinds(sum.Subject.Type)
	if !slices.ContainsFunc(kinds, func(d record.Definition) bool { return d.Kind == kind }) {
		kind = ""
	}
	total := 0
	for _, n := range sum.Records {
		total += n
	}
	m.Kinds = []view.Filter{{Label: "全部", Href: subjectRecordsPath(id, "", ""), Count: total, On: kind == ""}}
	for _, d := range kinds {
		m.Kinds = append(m.Kinds, view.Filter{Label: d.Label, Href: subjectRecordsPath(id, d.Kind, ""), Count: sum.Records[d.Kind], On: d.Kind == kind})
	}
	lines, next, err := s.Store.SubjectRecords(v.ctx, id, kind, after, subjectPage)
	if err != nil {
		return err
	}
	for _, r := range lines {
		row := view.SubjectRecordRow{
			Title: r.Title, Kind: r.Kind.Label(), Href: staffRecordPath(r.ID), State: stateTag(r.State), Updated: r.UpdatedAt,
		}
		if r.Review != "" {
			row.ReviewHref = "/staff/reviews/" + string(r.Review)
		}
		m.Records = append(m.Records, row)
	}
	if next != "" {
		m.NextHref = subjectRecordsPath(id, kind, next)
	}
	if after != "" {
		m.PrevHref = subjectRecordsPath(id, kind, "")
	}
	return nil
}

func (s *Server) addSubjectEvents(v *visit, id record.ID, which storage.EventsOf, m *view.StaffSubjectModel) error {
	before := int64(number(v.Query("before")))
	events, more, err := s.Store.SubjectEvents(v.ctx, id, which, before, subjectPage)
	if err != nil {
		return err
	}
	members, err := s.Store.MemberNames(v.ctx, id)
	if err != nil {
		return err
	}
	told := timelineOf{visit: v, staff: true}
	for _, e := range events {
		row := view.SubjectEventRow{At: e.At, Text: cmp.Or(deed(e.Type), told.happened(e.Event, 1)), By: e.Name}
		e.Name = "" // has a column of its own
		if e.Role == record.Applicant {
			row.By = memberOf(members, e.Actor, e.Assurance)
		}
		row.Note = strings.Join(slices.DeleteFunc([]string{v.shown(reasonLabel(e)), e.Note, told.note(e.Event)}, func(text string) bool { return text == "" }), v.tr("；"))
		if e.Record != "" {
			row.Record = view.Link{Href: staffRecordPath(e.Record), Text: v.shown(e.Kind.Label()) + " " + e.Title}
			if e.Kind.Profile() {
				row.Record.Text = e.Kind.Label()
			}
		}
		m.Events = append(m.Events, row)
	}
	address := staffSubjectPath(id) + "?tab=" + string(m.Tab)
	if more {
		m.NextHref = address + "&before=" + strconv.FormatInt(events[len(events)-1].No, 10)
	}
	if before > 0 {
		m.PrevHref = address
	}
	return nil
}

// reasonLabel is the reason that staff chose, in words.
func reasonLabel(e storage.SubjectEvent) string {
	switch e.Type {
	case storage.EventResetOpened, storage.EventResetRevoked:
		return resetReasons[storage.ResetReason(e.Why)]
	}
	for _, o := range view.RevealReasons {
		if o.Value == e.Why {
			return strings.TrimSuffix(o.Label, "（写明原因）")
		}
	}
	return ""
}

func (s *Server) addSubjectCertificates(v *visit, id record.ID, m *view.StaffSubjectModel) error {
	certificates, err := s.Store.Certificates(v.ctx, id)
	if err != nil {
		return err
	}
	now := time.Now()
	for _, c := range certificates {
		m.Certificates = append(m.Certificates, certificateRow(c, now))
	}
	return nil
}

func (s *Server) addSubjectApplications(v *visit, id record.ID, m *view.StaffSubjectModel) error {
	applications, err := s.Store.Applications(v.ctx, id)
	if err != nil {
		return err
	}
	for _, a := range applications {
		row := view.ApplicationRow{Title: applicationTitle(v, a), Receipt: a.Receipt, At: a.AcceptedAt, State: applicationTag(a)}
		if a.ClosedAt.IsZero() {
			row.Note = a.Failure
		}
		m.Applications = append(m.Applications, row)
	}
	return nil
}

func (s *Server) addSubjectSessions(v *visit, subject record.Subject, m *view.StaffSubjectModel) error {
	accounts, err := s.Store.SubjectAccounts(v.ctx, subject)
	if err != nil {
		return err
	}
	sessions, err := s.Store.SubjectSessions(v.ctx, subject.ID, s.IdleTimeout)
	if err != nil {
		return err
	}
	for _, session := range sessions {
		m.Sessions = append(m.Sessions, view.SubjectSession{
			ID: string(session.ID), Account: accountName(accounts, session.Account.ID), Device: device(session.Agent),
			Address: networkOf(session.Address), Assurance: view.Assurance(session.Assurance), Began: session.CreatedAt, Seen: session.SeenAt,
		})
	}
	return nil
}

// accountName tells the accounts of a subject apart: members by their names, what
// bears none by its order.
func accountName(accounts []storage.Account, id record.ID) string {
	at := slices.IndexFunc(accounts, func(a storage.Account) bool { return a.ID == id })
	switch {
	case at < 0 || accounts[at].Name == "":
		return "账号 " + strconv.Itoa(at+1)
	case accounts[at].Login == "":
		return accounts[at].Name
	}
	return accounts[at].Name + "（" + accounts[at].Login + "）"
}

func (s *Server) addSubjectMessages(v *visit, id record.ID, m *view.StaffSubjectModel) error {
	before := record.ID(v.Query("before"))
	if !storage.ValidID(string(before)) {
		before = ""
	}
	all, err := s.Store.Notifications(v.ctx, id, before, subjectPage+1)
	if err != nil {
		return err
	}
	address := staffSubjectPath(id) + "?tab=" + string(view.SubjectMessages)
	if len(all) > subjectPage {
		all = all[:subjectPage]
		m.NextHref = address + "&before=" + string(all[subjectPage-1].ID)
	}
	if before != "" {
		m.PrevHref = address
	}
	if m.Messages, err = s.messagesOf(v.ctx, id, all); err != nil {
		return err
	}
	for i, n := range all {
		m.Messages[i].Href = ""
		if strings.HasPrefix(shownMessage(n).Href, "/records/") {
			m.Messages[i].Href = staffRecordPath(n.Record)
		}
	}
	return nil
}

func (s *Server) addSubjectClaims(v *visit, id record.ID, m *view.StaffSubjectModel) error {
	claims, err := s.Store.ClaimsOf(v.ctx, id, claimsOfSubject)
	if err != nil {
		return err
	}
	for _, c := range claims {
		m.Claims = append(m.Claims, view.ClaimRow{ID: string(c.ID), Number: c.Number, OpenedAt: c.OpenedAt, DecidedAt: c.DecidedAt, State: claimTag(c)})
	}
	return nil
}
