package web

import (
	"net/url"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// emptied is the parameter by which the queue says that nothing is left.
const emptied = "emptied"

// takeNext claims the next filing under the filter and opens it.
func takeNext(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	return s.openNext(v, carriedFilter(values), "")
}

// advance goes on after a decision: the next filing under the filter that the
// page's form carries along is claimed and opened. A form that carries none leads
// to the queue.
func (s *Server) advance(v *visit, decided storage.ReviewTask, values url.Values) error {
	if _, carries := values[queueField]; !carries {
		return v.see("/staff")
	}
	return s.openNext(v, carriedFilter(values), decided.Cursor())
}

func (s *Server) openNext(v *visit, f storage.QueueFilter, after string) error {
	next, err := s.Store.ClaimNext(v.ctx, v.staff.ID, f, after)
	if err != nil {
		return err
	}
	if next == "" {
		query := filterQuery(f)
		query.Set(emptied, "on")
		return v.see(withQuery("/staff", query))
	}
	return v.see(reviewPath(next, f))
}

// noticeEmptied says that nothing is left, to who comes from the last filing.
func noticeEmptied(v *visit, f storage.QueueFilter) []view.Notice {
	if v.Query(emptied) == "" {
		return nil
	}
	if f == (storage.QueueFilter{}) {
		return []view.Notice{{Tone: view.Good, Text: "队列已清空：没有您可以办理的件了。"}}
	}
	return []view.Notice{{Tone: view.Good, Text: "队列已清空：当前筛选下没有您可以办理的件了。"}}
}

// takeReview claims one filing from its row in the queue and opens it.
func takeReview(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	id := record.ID(values.Get("take"))
	if !storage.ValidID(string(id)) {
		return errNoPage
	}
	claimed, err := s.Store.Claim(v.ctx, v.staff.ID, id)
	switch {
	case record.CodeOf(err) == record.Forbidden:
		v.flash(view.Bad, v.tr("没有领取成功：%s", v.shown(messageOf(err))))
		return v.see(queuePath(carriedFilter(values)))
	case err != nil:
		return err
	case !claimed:
		v.flash(view.Bad, "没有领取成功：该件已由其他审核人员领取、已分派给他人，或已办结。")
		return v.see(queuePath(carriedFilter(values)))
	}
	return v.see(reviewPath(id, carriedFilter(values)))
}

// besideDesk puts the queue around the filing that is open, under the filter
// with which it was opened.
func (s *Server) besideDesk(v *visit, r storage.Review, m *view.ReviewModel) error {
	f := queueFilter(v.addressed())
	if v.route.unsafe() { // a page that a form's answer is drawn on
		f = carriedFilter(v.posted)
	}
	m.QueueQuery = filterQuery(f).Encode()
	around, err := s.Store.Around(v.ctx, v.staff.ID, f, r.Task, deskQueue)
	if err != nil {
		return err
	}
	m.QueueTotal = around.Total
	for _, o := range append([]storage.Occasion{""}, occasions[:3]...) {
		other := f
		other.Occasion = o
		label := occasionLabels[o]
		if o == "" {
			label = "全部"
		}
		m.QueueKinds = append(m.QueueKinds, view.Filter{Label: label, Href: reviewPath(r.Task.ID, other), Count: -1, On: o == f.Occasion})
	}
	if around.Previous != "" {
		m.PrevHref = reviewPath(around.Previous, f)
	}
	if around.Next != "" {
		m.NextHref = reviewPath(around.Next, f)
	}
	if m.Queue, err = s.rows(v, around.Tasks, f, r.Task.ID); err != nil {
		return err
	}
	if m.Handover, err = s.handover(v, r, f); err != nil {
		return err
	}
	m.DoneToday, err = s.Store.ReviewedToday(v.ctx, v.staff.ID)
	return err
}

// handover is the form by which the filing goes to a colleague: whoever has it
// may hand it on, a supervisor any. nil for nobody else.
func (s *Server) handover(v *visit, r storage.Review, f storage.QueueFilter) (*view.HandoverModel, error) {
	held := r.Task.Holder()
	if !r.Task.ClosedAt.IsZero() || r.Task.DecidedBy != "" || held != v.staff.ID && v.staff.Role != record.Supervisor {
		return nil, nil //nolint:nilnil // no form is an ordinary answer here
	}
	colleagues, err := s.colleagues(v, &r.Task, held)
	if err != nil || len(colleagues) == 0 {
		return nil, err
	}
	return &view.HandoverModel{
		Action: "/staff/reviews/" + string(r.Task.ID) + "/assign", Query: filterQuery(f).Encode(), Given: held != "", Colleagues: colleagues,
	}, nil
}

// colleagues are those to whom a filing, or with nil any, can be handed, but for
// one.
func (s *Server) colleagues(v *visit, task *storage.ReviewTask, but record.ID) ([]view.Option, error) {
	all, err := s.Store.Takers(v.ctx, task)
	if err != nil {
		return nil, err
	}
	var options []view.Option
	for _, c := range all {
		if c.ID == but {
			continue
		}
		label := v.tr("%s（%s，手上 %d 件）", c.Name, v.shown(c.Role.Label()), c.Held)
		if c.ID == v.staff.ID {
			label = v.tr("我自己（手上 %d 件）", c.Held)
		}
		options = append(options, view.Option{Value: string(c.ID), Label: label})
	}
	return options, nil
}

// assignReview hands one filing to a colleague.
func assignReview(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	to, note, err := s.handedTo(v, values)
	if err == nil {
		err = s.Store.Assign(v.ctx, v.actor(), id, to.ID, note)
	}
	switch code := record.CodeOf(err); {
	case code == record.Invalid, code == record.Forbidden, code == record.Conflict:
		return s.overtaken(v, "没有转交", messageOf(err), judging{})
	case err != nil:
		return err
	}
	v.flash(view.Good, v.tr("已交给 %s", to.Name))
	return v.see(queuePath(carriedFilter(values)))
}

// handedTo reads to whom work goes, and what is said with it.
func (s *Server) handedTo(v *visit, values url.Values) (to storage.StaffMember, note string, err error) {
	note = form.Clean(values.Get("note"))
	if n := len([]rune(note)); n > record.MaxNote {
		return to, "", record.Errorf(record.Invalid, v.tr("说明最多 %d 个字，现在有 %d 个字", record.MaxNote, n))
	}
	if storage.ValidID(values.Get("to")) {
		to, err = s.Store.Staff(v.ctx, record.ID(values.Get("to")))
	}
	if to.ID == "" && (err == nil || record.CodeOf(err) == record.NotFound) {
		err = record.Errorf(record.Invalid, "请选择交给谁")
	}
	return to, note, err
}
