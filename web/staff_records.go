package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// withdrawalsPage is the number of lines of a page of what was taken back.
const withdrawalsPage = 50

// listWithdrawals is 作废与恢复: what subjects took back or put back in force by
// themselves, newest first.
func listWithdrawals(s *Server, v *visit) error {
	q := storage.WithdrawalQuery{Kind: record.Kind(v.Query("kind")), After: v.Query("after"), Before: v.Query("before"), Limit: withdrawalsPage}
	kinds := record.KindsOf(record.Organization)
	if !slices.ContainsFunc(kinds, func(d record.Definition) bool { return d.Kind == q.Kind }) {
		q.Kind = ""
	}
	page, err := s.Store.Withdrawals(v.ctx, q)
	if err != nil {
		return err
	}
	address := func(kind record.Kind, direction, cursor string) string {
		values := url.Values{}
		if kind != "" {
			values.Set("kind", string(kind))
		}
		if cursor != "" {
			values.Set(direction, cursor)
		}
		return withQuery("/staff/withdrawals", values)
	}
	m := view.WithdrawalsModel{Kinds: []view.Filter{{Label: "全部", Href: address("", "", ""), Count: -1, On: q.Kind == ""}}}
	for _, d := range kinds {
		m.Kinds = append(m.Kinds, view.Filter{Label: d.Label, Href: address(d.Kind, "", ""), Count: -1, On: d.Kind == q.Kind})
	}
	if page.Next != "" {
		m.NextHref = address(q.Kind, "after", page.Next)
	}
	if page.Previous != "" {
		m.PrevHref = address(q.Kind, "before", page.Previous)
	}
	ids := make([]record.ID, 0, len(page.Lines))
	for _, line := range page.Lines {
		ids = append(ids, line.Subject)
	}
	subjects, err := s.Store.SubjectsByID(v.ctx, ids)
	if err != nil {
		return err
	}
	for _, line := range page.Lines {
		m.Lines = append(m.Lines, view.WithdrawalRow{
			Subject: subjects[line.Subject].Name, Code: shownCode(subjects[line.Subject]), Kind: line.Kind.Label(), Title: line.Title,
			Href: staffRecordPath(line.Record), Move: moveTag(line.Move), Reason: line.Reason, At: line.At, State: stateTag(line.State),
		})
	}
	return v.render(http.StatusOK, view.WithdrawalsPage(v.page("作废与恢复"), m))
}

func moveTag(m record.Move) view.Tag {
	tag := view.Tag{Text: m.Label(), Tone: view.Warn}
	if m == record.Restore {
		tag.Tone = view.Info
	}
	return tag
}

// staffRecordPath is where staff read a record.
func staffRecordPath(id record.ID) string { return "/staff/records/" + string(id) }

// showStaffRecord is a record as staff read it: any version, compared with any
// other, and its time line.
func showStaffRecord(s *Server, v *visit) error {
	return s.renderStaffRecord(v, http.StatusOK, reading{no: number(v.Query("version")), against: number(v.Query("against"))})
}

// reading is which versions of a record a staff member reads, and how.
type reading struct {
	no, against int
	asked       *storage.Reveal // to be noted before the version is shown in full
	reveal      view.RevealForm // as typed
	notice      *view.Notice
}

// revealStaffRecord shows the sensitive fields of a version in full, after the
// look was written into the subject's history. A filing under review is revealed
// to who holds it; of the others only supervisors may ask.
func revealStaffRecord(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	asked := revealOf(v, values)
	r := reading{no: number(values.Get("version")), against: number(values.Get("against"))}
	if problem := asked.Problem(); problem != "" {
		r.reveal = revealAgain(asked, problem)
		return s.renderStaffRecord(v, http.StatusUnprocessableEntity, r)
	}
	r.asked = &asked
	return s.renderStaffRecord(v, http.StatusOK, r)
}

func (s *Server) renderStaffRecord(v *visit, status int, r reading) error {
	no, against := r.no, r.against
	id, err := v.id()
	if err != nil {
		return err
	}
	found, subject, err := s.Store.RecordForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	versions, err := s.Store.Versions(v.ctx, subject.ID, id)
	if err != nil {
		return err
	}
	if no == 0 {
		no = shownVersion(found, versions)
	}
	version, err := s.Store.Version(v.ctx, subject.ID, id, no)
	if err != nil {
		return err
	}
	m := view.StaffRecordModel{
		RecordID: string(id), Kind: found.Kind.Label(), Title: version.Document.Title(), Subject: subject.Name, Code: shownCode(subject),
		SubjectHref: staffSubjectPath(subject.ID), State: stateTag(found.State), No: no, At: version.AcceptedAt, Assurance: view.Assurance(version.Assurance), Reason: version.Reason,
		SHA256: version.SHA256, Signature: s.signatureCheck(v.ctx, version), Against: against, CanReveal: v.staff.Role == record.Supervisor,
	}
	if m.Versions, err = s.rowsOfVersions(v, found, versions, subject); err != nil {
		return err
	}
	for i, other := range versions {
		m.Versions[i].Href = withQuery(staffRecordPath(id), url.Values{"version": {strconv.Itoa(other.No)}})
	}
	var before form.Form
	if against > 0 && against != no {
		other, err := s.Store.Version(v.ctx, subject.ID, id, against)
		if err != nil {
			return err
		}
		before = other.Document.Form(today())
	} else {
		m.Against = 0
	}
	m.Changes = form.Diff(before, version.Document.Form(today()))
	if m.ReviewHref, err = s.reviewHref(v, id); err != nil {
		return err
	}
	m.Reveal = r.reveal
	m.Reveal.Action = staffRecordPath(id) + "/reveal"
	m.Reveal.Fields = []view.PostedField{{Name: "version", Value: strconv.Itoa(no)}, {Name: "against", Value: strconv.Itoa(m.Against)}}
	if r.asked != nil {
		r.asked.Subject, r.asked.Record, r.asked.Version = subject.ID, id, no
		if err := s.Store.Reveal(v.ctx, *r.asked); err != nil {
			return err
		}
		v.audit("sensitive fields revealed", "staff", v.staffID(), "record", string(id), "reason", string(r.asked.Reason))
		m.Revealed = true
	}
	if err := s.addStaffTimeline(v, found, &m); err != nil {
		return err
	}
	p := v.page(m.Kind + " " + m.Title)
	if r.notice != nil {
		p.Flash = append(p.Flash, *r.notice)
	}
	return v.render(status, view.StaffRecordPage(p, m))
}

// shownVersion is the version under way, else the one that counts or counted,
// else the last one.
func shownVersion(r record.Record, versions []storage.VersionSummary) int {
	switch {
	case r.Submitted > 0:
		return r.Submitted
	case r.InForce > 0:
		return r.InForce
	case len(versions) > 0:
		return versions[0].No
	}
	return 0
}

// reviewHref leads to the latest review of a record, "" where there was none.
func (s *Server) reviewHref(v *visit, id record.ID) (string, error) {
	review, err := s.Store.ReviewOf(v.ctx, id)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return "", nil
	case err != nil:
		return "", err
	}
	return "/staff/reviews/" + string(review), nil
}

func (s *Server) addStaffTimeline(v *visit, r record.Record, m *view.StaffRecordModel) error {
	events, err := s.Store.Events(v.ctx, r.ID)
	if err != nil {
		return err
	}
	pending, err := s.Store.PendingCommands(v.ctx, r.ID, true)
	if err != nil {
		return err
	}
	members, err := s.Store.MemberNames(v.ctx, r.Subject)
	if err != nil {
		return err
	}
	m.Timeline = timelineOf{
		visit: v, record: &r, events: events, pending: pending, policy: s.Store.Policy(), members: members, now: time.Now(), staff: true,
	}.draw()
	s.addProcess(v, r, m)
	m.CanReopen = len(pending) == 0 && slices.Contains(record.Allowed(r.State, v.staff.Role, record.Facts{Kind: r.Kind}), record.Reopen)
	m.Command, m.Revision = string(storage.NewID()), r.Revision
	return nil
}

// reopenRecord has a record that counts reviewed again, by order of a supervisor
// and with a reason. What is in force stays so meanwhile.
func reopenRecord(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	command, err := commandID(values)
	if err != nil {
		return err
	}
	refused := func(status int, text string) error {
		notice := view.Notice{Tone: view.Bad, Title: "没有重新审核", Text: text}
		return s.renderStaffRecord(v, status, reading{notice: &notice})
	}
	reason := form.Clean(values.Get("reason"))
	if problem := reasonProblem(reason); problem != "" {
		return refused(http.StatusUnprocessableEntity, v.tr("%s。", v.shown(problem)))
	}
	found, subject, err := s.Store.RecordForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	status, err := s.accept(v, record.Command{
		ID: command, Record: id, Subject: subject.ID, Kind: found.Kind, Move: record.Reopen, Actor: v.actor(),
		Expected: number(values.Get("revision")), Reason: reason,
	})
	switch {
	case record.CodeOf(err) == record.Conflict:
		return refused(http.StatusConflict, messageOf(err))
	case err != nil:
		return err
	case !status.Done:
		v.flash(view.Info, v.tr("已受理，回执号 %s，正在处理", status.Receipt.Number))
	case !status.Outcome.Applied:
		return refused(http.StatusConflict, status.Outcome.Refusal.Explain())
	default:
		v.flash(view.Good, "已重新进入审核队列。")
	}
	return v.see(staffRecordPath(id))
}
