package web

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

const (
	// queueDepth is how many open reviews the queue reads at most; overdue ones
	// come first, so that what is left out is due later than all that is shown.
	queueDepth = 500
	queuePage  = 50
	// deskQueue is how many rows stand beside the review page.
	deskQueue    = 30
	subjectsPage = 50
)

// queue is the open reviews as one staff member sees them.
type queue struct {
	staff record.ID
	tasks []storage.ReviewTask
	total int
	now   time.Time
}

// queue reads the queue; text narrows it to the subjects whose name contains it,
// or whose code it is, "" for all.
func (s *Server) queue(v *visit, text string) (queue, error) {
	filter := storage.ReviewFilter{Staff: v.staff.ID, All: true, Text: text, Limit: queueDepth}
	if text != "" {
		found, _, err := s.Store.SearchSubjects(v.ctx, text, queueDepth, 0)
		if err != nil {
			return queue{}, err
		}
		for _, f := range found {
			filter.Subjects = append(filter.Subjects, f.Subject.ID)
		}
	}
	tasks, total, err := s.Store.ReviewQueue(v.ctx, filter)
	return queue{staff: v.staff.ID, tasks: tasks, total: total, now: time.Now()}, err
}

// queueState is one way to narrow the queue by who works on what.
type queueState struct {
	name, label string
	match       func(queue, storage.ReviewTask) bool
}

var queueStates = []queueState{
	{"", "全部", func(queue, storage.ReviewTask) bool { return true }},
	{"free", "待领取", func(_ queue, t storage.ReviewTask) bool { return t.ClaimedBy == "" }},
	{"mine", "我办理的", func(q queue, t storage.ReviewTask) bool { return t.ClaimedBy == q.staff }},
	{"second", "待复核", func(_ queue, t storage.ReviewTask) bool { return t.Second }},
	{"overdue", "已超时", func(q queue, t storage.ReviewTask) bool { return t.DueAt.Before(q.now) }},
}

// queueKind is one way to narrow the queue by what was filed.
type queueKind struct {
	name, label string
	match       func(storage.ReviewTask) bool
}

var queueKinds = []queueKind{
	{"", "全部", func(storage.ReviewTask) bool { return true }},
	{"first", "首次", func(t storage.ReviewTask) bool { return t.FirstFiling && t.Occasion != storage.Corrected }},
	{"change", "变更", func(t storage.ReviewTask) bool { return !t.FirstFiling && t.Occasion != storage.Corrected }},
	{"corrected", "补正", func(t storage.ReviewTask) bool { return t.Occasion == storage.Corrected }},
}

// narrow returns the tasks of a state and a kind.
func (q queue) narrow(state queueState, kind queueKind) []storage.ReviewTask {
	var kept []storage.ReviewTask
	for _, t := range q.tasks {
		if state.match(q, t) && kind.match(t) {
			kept = append(kept, t)
		}
	}
	return kept
}

// taskTag is what kind of filing a review is about.
func taskTag(t storage.ReviewTask) view.Tag {
	switch {
	case t.Second:
		return view.Tag{Text: "待复核", Tone: view.Warn}
	case t.Occasion == storage.Corrected:
		return view.Tag{Text: "补正重提", Tone: view.Info}
	case t.Occasion == storage.Reopened:
		return view.Tag{Text: "重新审核", Tone: view.Warn}
	case !t.FirstFiling:
		return view.Tag{Text: t.Kind.Label() + "变更"}
	case t.Kind.Profile():
		return view.Tag{Text: "首次登记", Tone: view.Info}
	}
	return view.Tag{Text: "新增" + t.Kind.Label(), Tone: view.Info}
}

// filedOf names what was filed beside the subject: nothing for 基本信息, whose
// title is the subject's own name.
func filedOf(kind record.Kind, title string) string {
	if kind.Profile() {
		return ""
	}
	return title
}

// subjectOf is the name under which staff know a filing: of a first 基本信息 the
// one that was filed, which no subject bears yet.
func subjectOf(kind record.Kind, title string, subject record.Subject) string {
	if kind.Profile() {
		return title
	}
	return subject.Name
}

// rows draws tasks; current is the one that is open beside them.
func (s *Server) rows(v *visit, tasks []storage.ReviewTask, current record.ID) ([]view.ReviewTask, error) {
	ids := make([]record.ID, 0, len(tasks))
	for _, t := range tasks {
		ids = append(ids, t.Subject)
	}
	subjects, err := s.Store.SubjectsByID(v.ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]view.ReviewTask, 0, len(tasks))
	for _, t := range tasks {
		rows = append(rows, view.ReviewTask{
			ID: string(t.ID), Subject: subjectOf(t.Kind, t.Title, subjects[t.Subject]), Filed: filedOf(t.Kind, t.Title), Code: shownCode(subjects[t.Subject]), Kind: taskTag(t), FiledAt: t.OpenedAt, Due: t.DueAt,
			ClaimedBy: t.ClaimedName, Mine: t.ClaimedBy == v.staff.ID, Current: t.ID == current,
		})
	}
	return rows, nil
}

// shownCode is a subject's code as staff lists show it: an organization's is
// public, a person's document number is masked.
func shownCode(subject record.Subject) string {
	if subject.Type == record.Person {
		return form.Mask(subject.Code)
	}
	return subject.Code
}

// choose finds the named choice of a list, else its first.
func choose[T any](all []T, name string, nameOf func(T) string) T {
	for _, c := range all {
		if nameOf(c) == name {
			return c
		}
	}
	return all[0]
}

// showQueue is the list of what waits for staff.
func showQueue(s *Server, v *visit) error {
	text := form.Clean(v.Query("q"))
	q, err := s.queue(v, text)
	if err != nil {
		return err
	}
	state := choose(queueStates, v.Query("state"), func(c queueState) string { return c.name })
	kind := choose(queueKinds, v.Query("kind"), func(c queueKind) string { return c.name })
	m := view.QueueModel{Query: text, Total: q.total}
	address := func(state, kind string, page int) string {
		values := url.Values{}
		for name, value := range map[string]string{"state": state, "kind": kind, "q": m.Query} {
			if value != "" {
				values.Set(name, value)
			}
		}
		if page > 1 {
			values.Set("page", fmt.Sprint(page))
		}
		return withQuery("/staff", values)
	}
	for _, c := range queueStates {
		m.States = append(m.States, view.Filter{
			Label: c.label, Href: address(c.name, kind.name, 1), Count: len(q.narrow(c, kind)), On: c.name == state.name,
		})
	}
	for _, c := range queueKinds {
		m.Kinds = append(m.Kinds, view.Filter{
			Label: c.label, Href: address(state.name, c.name, 1), Count: len(q.narrow(state, c)), On: c.name == kind.name,
		})
	}
	tasks := q.narrow(state, kind)
	page, pager := paged(len(tasks), queuePage, number(v.Query("page")), func(n int) string { return address(state.name, kind.name, n) })
	m.Pager = pager
	if m.Tasks, err = s.rows(v, tasks[page.from:page.to], ""); err != nil {
		return err
	}
	p := v.page("审核队列")
	notice, err := s.absenceNotice(v)
	if err != nil {
		return err
	}
	if notice != nil {
		p.Flash = append(p.Flash, *notice)
	}
	return v.render(http.StatusOK, view.QueuePage(p, m))
}

func withQuery(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// span is a stretch of a list.
type span struct{ from, to int }

// paged cuts a list of that many into pages; page counts from 1 and is brought
// into range.
func paged(total, size, page int, address func(page int) string) (span, view.Pager) {
	pages := max(1, (total+size-1)/size)
	page = min(max(page, 1), pages)
	p := view.Pager{Page: page, Pages: pages, Total: total}
	if page > 1 {
		p.PrevHref = address(page - 1)
	}
	if page < pages {
		p.NextHref = address(page + 1)
	}
	return span{from: (page - 1) * size, to: min(page*size, total)}, p
}

// searchSubjects finds subjects by a part of their name, or by their whole code
// or document number.
func searchSubjects(s *Server, v *visit) error {
	m := view.SubjectsModel{Query: form.Clean(v.Query("q"))}
	m.Searched = m.Query != ""
	page := max(1, number(v.Query("page")))
	found, total, err := s.Store.SearchSubjects(v.ctx, m.Query, subjectsPage, (page-1)*subjectsPage)
	if err != nil {
		return err
	}
	_, m.Pager = paged(total, subjectsPage, page, func(n int) string {
		return withQuery("/staff/subjects", url.Values{"q": {m.Query}, "page": {fmt.Sprint(n)}})
	})
	for _, f := range found {
		row := view.SubjectRow{
			Name: f.Subject.Name, Code: shownCode(f.Subject), Type: f.Subject.Type.Label(), State: stateTag(f.Profile), Registered: f.Registered,
		}
		if f.Subject.Closed {
			row.State = view.Tag{Text: "注册已关闭", Tone: view.Bad}
		}
		row.Href = staffSubjectPath(f.Subject.ID)
		if f.Review != "" {
			row.ReviewHref = "/staff/reviews/" + string(f.Review)
		}
		m.Subjects = append(m.Subjects, row)
	}
	return v.render(http.StatusOK, view.SubjectsPage(v.page("单位库"), m))
}

// showStaffFile sends staff an attachment that was submitted.
func showStaffFile(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.FileForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	return s.sendFile(v, file)
}
