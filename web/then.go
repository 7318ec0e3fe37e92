package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// thenPage is how many records a page of a past instant shows.
const thenPage = 100

// The forms in which an instant is taken: from a control for date and time, from
// the links to changes, which are exact, and from who types it. All are of Beijing.
var thenLayouts = []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05"}

// exactly is the form of an instant in the address of a change.
const exactly = "2006-01-02T15:04:05.000000"

// parseInstant reads an instant in one of the forms.
func parseInstant(text string) (time.Time, bool) {
	for _, layout := range thenLayouts {
		if at, err := time.ParseInLocation(layout, text, record.Shanghai); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// ofThen are the addresses of a page of the past: for staff, or for the subject.
type ofThen struct {
	subject record.ID
	action  string
	back    view.Link
	version func(id record.ID, no int) string
}

// thenForm asks for an instant, beginning with now.
func thenForm(action string) view.ThenForm {
	return view.ThenForm{Action: action, Time: time.Now().In(record.Shanghai).Format(thenLayouts[0])}
}

// showStaffSubjectThen is a subject as it stood at an instant. Like its page of
// today it is masked and open to all staff.
func showStaffSubjectThen(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	today, err := s.Store.SubjectAt(v.ctx, id, time.Time{})
	if err != nil {
		return err
	}
	of := ofThen{
		subject: id, action: staffSubjectPath(id) + "/at", back: view.Link{Href: staffSubjectPath(id), Text: today.Subject.Name},
		version: func(id record.ID, no int) string {
			return withQuery(staffRecordPath(id), url.Values{"version": {strconv.Itoa(no)}})
		},
	}
	m, status, err := s.thenModel(v, of, today)
	if err != nil {
		return err
	}
	return v.render(status, view.StaffThenPage(v.page(v.tr("%s：某一时点的状态", today.Subject.Name)), m))
}

// showThen is the same for the subject itself.
func showThen(s *Server, v *visit) error {
	today, err := s.Store.SubjectAt(v.ctx, v.subject.ID, time.Time{})
	if err != nil {
		return err
	}
	of := ofThen{
		subject: v.subject.ID, action: "/history/at", back: view.Link{Href: "/history", Text: "变更历史总览"},
		version: func(id record.ID, no int) string { return "/records/" + string(id) + "/versions/" + strconv.Itoa(no) },
	}
	m, status, err := s.thenModel(v, of, today)
	if err != nil {
		return err
	}
	p, err := v.portal("某一时点的状态")
	if err != nil {
		return err
	}
	return v.render(status, view.ThenPage(p, m))
}

// thenModel reads the instant that is asked for, and how the subject stood. Without
// one it is asked for; a time that is none, or has not come, is given back.
func (s *Server) thenModel(v *visit, of ofThen, today storage.SubjectThen) (view.ThenModel, int, error) {
	m := view.ThenModel{Ask: thenForm(of.action), Back: of.back}
	typed := cut(form.Clean(v.Query("time")), maxSearch)
	if typed == "" {
		return m, http.StatusOK, nil
	}
	m.Ask.Time = typed
	at, ok := parseInstant(typed)
	if !ok {
		m.Ask.Kept = true
		return refuseInstant(m, "请填写日期和时间，例如 "+today.At.In(record.Shanghai).Format(thenLayouts[2]))
	}
	then, err := s.Store.SubjectAt(v.ctx, of.subject, at)
	if record.CodeOf(err) == record.Invalid {
		return refuseInstant(m, messageOf(err))
	}
	if err != nil {
		return m, 0, err
	}
	m.At = then.At
	here := then.At.In(record.Shanghai)
	m.Exact = here.Second()+here.Nanosecond() > 0
	m.Ask.Time = here.Format(thenLayouts[0])
	if m.Exact {
		m.Ask.Time = here.Format(thenLayouts[1])
	}
	describeThen(&m, then, today)
	if err := s.addSteps(v, of, &m); err != nil || !then.Existed {
		return m, http.StatusOK, err
	}
	addThenRecords(v, of, &m, then, today)
	addThenCertificates(&m, then, today)
	m.Later, err = s.learnedLater(v.ctx, of.subject, then)
	return m, http.StatusOK, err
}

func refuseInstant(m view.ThenModel, message string) (view.ThenModel, int, error) {
	m.Ask.Problems = []form.Problem{{Field: "time", Label: "日期和时间（北京时间）", Message: message}}
	return m, http.StatusUnprocessableEntity, nil
}

// describeThen says who the subject was and what it might do.
func describeThen(m *view.ThenModel, then, today storage.SubjectThen) {
	m.Existed, m.Registered = then.Existed, then.Registered
	m.Name, m.Type, m.Code = then.Subject.Name, then.Subject.Type.Label(), shownCode(then.Subject)
	if then.Subject.Name != today.Subject.Name {
		m.Renamed = today.Subject.Name
	}
	if !then.Existed {
		return
	}
	m.States = append(m.States, provenTag(then.Subject))
	eligibility := func(e record.Eligibility) (paper, electronic view.Eligibility) {
		return view.Eligibility{Allowed: e.Paper, Reasons: e.PaperReasons}, view.Eligibility{Allowed: e.Electronic, Reasons: e.ElectronicReasons}
	}
	m.Paper.Then, m.Electronic.Then = eligibility(then.Eligibility)
	m.Paper.Now, m.Electronic.Now = eligibility(today.Eligibility)
}

// provenTag says whether a subject is known to be who it says it is.
func provenTag(subject record.Subject) view.Tag {
	switch {
	case subject.Closed:
		return view.Tag{Text: "注册已关闭", Tone: view.Bad}
	case subject.Proven:
		return view.Tag{Text: "已核实", Tone: view.Good}
	}
	return view.Tag{Text: "未核实", Tone: view.Warn}
}

// addSteps leads to the changes next to the instant.
func (s *Server) addSteps(v *visit, of ofThen, m *view.ThenModel) error {
	around, err := s.Store.ChangesAround(v.ctx, of.subject, m.At)
	if err != nil {
		return err
	}
	step := func(c storage.SubjectChange) *view.ThenStep {
		if c.At.IsZero() {
			return nil
		}
		text := v.shown(changeText(v, c))
		if c.Kind != "" {
			text = v.tr("%s：%s", v.shown(c.Kind.Label()), text)
		}
		return &view.ThenStep{
			Href: withQuery(of.action, url.Values{"time": {c.At.In(record.Shanghai).Format(exactly)}}), Text: text, At: c.At,
		}
	}
	m.Before, m.After = step(around.Before), step(around.After)
	return nil
}

// changeTexts are the changes that are no move of a record.
var changeTexts = map[string]string{
	string(storage.MoveRegister): "注册", storage.EventProven: "证书登录，主体得到核实", storage.EventTakenOver: "账号移交给证书或申诉的持有人",
	storage.EventClosed: "注册关闭", storage.EventCertificateBound: "绑定数字证书", storage.EventCertificateRevoked: "数字证书吊销",
	storage.EventCertificateSuspended: "数字证书挂失", storage.EventCertificateResumed: "数字证书解除挂失",
}

func changeText(v *visit, c storage.SubjectChange) string {
	if text, ok := changeTexts[c.Type]; ok {
		return text
	}
	return timelineOf{visit: v}.happened(storage.Event{Type: c.Type, State: c.State}, 1)
}

// addThenRecords adds a page of the records, each beside how it stands today.
func addThenRecords(v *visit, of ofThen, m *view.ThenModel, then, today storage.SubjectThen) {
	now := make(map[record.ID]storage.RecordThen, len(today.Records))
	for _, r := range today.Records {
		now[r.ID] = r
	}
	m.Newer = len(today.Records) - len(then.Records)
	counts, kind := map[record.Kind]int{}, record.Kind(v.Query("kind"))
	for _, r := range then.Records {
		counts[r.Kind]++
	}
	if counts[kind] == 0 {
		kind = ""
	}
	address := func(kind record.Kind, page int) string {
		values := url.Values{"time": {m.At.In(record.Shanghai).Format(exactly)}}
		if kind != "" {
			values.Set("kind", string(kind))
		}
		if page > 1 {
			values.Set("page", strconv.Itoa(page))
		}
		return withQuery(of.action, values)
	}
	if len(counts) > 1 {
		m.Kinds = []view.Filter{{Label: "全部", Href: address("", 1), Count: len(then.Records), On: kind == ""}}
		for _, d := range filedKinds(then.Subject.Type) {
			if counts[d.Kind] > 0 {
				m.Kinds = append(m.Kinds, view.Filter{Label: d.Label, Href: address(d.Kind, 1), Count: counts[d.Kind], On: d.Kind == kind})
			}
		}
	}
	page := max(1, number(v.Query("page")))
	var shown []storage.RecordThen
	for _, r := range then.Records {
		if kind == "" || r.Kind == kind {
			shown = append(shown, r)
		}
	}
	page = min(page, max(1, (len(shown)+thenPage-1)/thenPage))
	if page > 1 {
		m.PrevHref = address(kind, page-1)
	}
	if len(shown) > page*thenPage {
		m.NextHref = address(kind, page+1)
	}
	for _, r := range shown[(page-1)*thenPage : min(page*thenPage, len(shown))] {
		n := now[r.ID]
		m.Records = append(m.Records, view.ThenRow{
			Title: r.Title, Kind: r.Kind.Label(), Href: of.version(r.ID, r.Shown()), No: r.Shown(), State: thenTag(r), Now: thenTag(n), Moved: r.MovedAt,
			Differs: thenTag(r) != thenTag(n) || r.Shown() != n.Shown() || r.Submitted != n.Submitted,
		})
	}
}

// thenTag is the state of a record in a few words, its last day included.
func thenTag(r storage.RecordThen) view.Tag {
	if r.Expired && r.State == settled {
		return view.Tag{Text: "已过期", Tone: view.Bad}
	}
	return stateTag(r.State)
}

func addThenCertificates(m *view.ThenModel, then, today storage.SubjectThen) {
	now := map[record.ID]storage.CertificateThen{}
	for _, c := range today.Certificates {
		now[c.ID] = c
	}
	for _, c := range then.Certificates {
		m.Certificates = append(m.Certificates, view.ThenCertificate{
			Kind: c.Kind.Label(), Use: useLabels[c.Use], Serial: c.Serial, From: c.NotBefore, To: c.NotAfter,
			State: certificateTag(c.State(then.At)), Now: certificateTag(now[c.ID].State(today.At)),
		})
	}
}

// learnedLater reports whether what became known after an instant says otherwise of
// the subject's eligibility at it: issuers tell of the past.
func (s *Server) learnedLater(ctx context.Context, subject record.ID, then storage.SubjectThen) (bool, error) {
	facts, _, err := s.Store.EligibilityFacts(ctx, subject, then.At)
	if err != nil {
		return false, err
	}
	known := record.EligibilityOf(facts)
	return known.Paper != then.Eligibility.Paper || known.Electronic != then.Eligibility.Electronic, nil
}
