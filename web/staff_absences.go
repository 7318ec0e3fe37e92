package web

import (
	"fmt"
	"net/http"
	"slices"
	"unicode/utf8"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// toQueue is the choice to give work back to the queue.
const toQueue = "queue"

// listAbsences lists who is away, with what they still hold.
func listAbsences(s *Server, v *visit) error {
	absences, err := s.Store.Absences(v.ctx)
	if err != nil {
		return err
	}
	var rows []view.AbsenceRow
	for _, a := range absences {
		rows = append(rows, view.AbsenceRow{
			Name: a.Name, Login: a.Login, State: absenceTag(a), Since: a.Since, Held: a.Held, Overdue: a.Overdue, FirstDue: a.FirstDue, Href: workPath(a.Staff),
		})
	}
	return v.render(http.StatusOK, view.AbsencesPage(v.page("离岗人员的在办件"), rows))
}

func workPath(member record.ID) string { return "/staff/members/" + string(member) + "/work" }

func absenceTag(a storage.Absence) view.Tag {
	switch {
	case a.Disabled:
		return view.Tag{Text: "已停用", Tone: view.Bad}
	case !a.Since.IsZero():
		return view.Tag{Text: "离岗", Tone: view.Warn}
	}
	return view.Tag{Text: "在岗", Tone: view.Good}
}

// absenceNotice tells supervisors at the queue of work that lies with who is away;
// nil where there is none, and for who is no supervisor.
func (s *Server) absenceNotice(v *visit) (*view.Notice, error) {
	if v.staff.Role != record.Supervisor {
		return nil, nil //nolint:nilnil // nothing to tell is the ordinary case
	}
	absences, err := s.Store.Absences(v.ctx)
	if err != nil {
		return nil, err
	}
	members, held, overdue := 0, 0, 0
	for _, a := range absences {
		if a.Held > 0 {
			members, held, overdue = members+1, held+a.Held, overdue+a.Overdue
		}
	}
	if held == 0 {
		return nil, nil //nolint:nilnil // nothing to tell is the ordinary case
	}
	n := view.Notice{
		Tone: view.Warn, Title: "离岗人员名下还有在办件", Link: "/staff/absences", LinkText: "查看并转交",
		Text: v.tr("%d 名离岗人员名下共 %d 件", members, held),
	}
	if overdue > 0 {
		n.Text += v.tr("，其中 %d 件已超时", overdue)
	}
	n.Text += "。"
	return &n, nil
}

// handing is what was chosen on the page of a member's work, and what became of it.
type handing struct {
	tasks    []string
	to, note string
	problems []form.Problem
	failed   []storage.Unmoved
	notice   *view.Notice
}

// showWork is what a member of the staff holds.
func showWork(s *Server, v *visit) error {
	return s.renderWork(v, http.StatusOK, handing{})
}

func (s *Server) renderWork(v *visit, status int, h handing) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	member, err := s.Store.AbsenceOf(v.ctx, id)
	if err != nil {
		return err
	}
	m := view.WorkModel{
		Member: member.Name, State: absenceTag(member), Action: workPath(id), To: h.to, Note: h.note, MaxNote: record.MaxNote, Problems: h.problems,
	}
	if m.Rows, err = s.heldRows(v, id, h); err != nil {
		return err
	}
	if m.Colleagues, err = s.colleagues(v, nil, id); err != nil {
		return err
	}
	p := v.page(v.tr("%s的在办件", m.Member))
	if h.notice != nil {
		p.Flash = append(p.Flash, *h.notice)
	}
	return v.render(status, view.WorkPage(p, m))
}

func (s *Server) heldRows(v *visit, member record.ID, h handing) ([]view.HeldRow, error) {
	held, err := s.Store.HeldBy(v.ctx, member)
	if err != nil {
		return nil, err
	}
	ids := make([]record.ID, 0, len(held))
	for _, t := range held {
		ids = append(ids, t.Subject)
	}
	subjects, err := s.Store.SubjectsByID(v.ctx, ids)
	if err != nil {
		return nil, err
	}
	rows := make([]view.HeldRow, 0, len(held))
	for _, t := range held {
		row := view.HeldRow{
			ID: string(t.ID), Subject: t.Name, Filed: filedOf(t.Kind, t.Title), Code: shownCode(subjects[t.Subject]), Kind: taskTag(t),
			FiledAt: t.OpenedAt, Due: t.DueAt, How: "分派", Selected: h.tasks == nil || slices.Contains(h.tasks, string(t.ID)),
		}
		if t.ClaimedBy == member {
			row.How = v.tr("领取，保留到 %s", t.ClaimedUntil.In(record.Shanghai).Format("01-02 15:04"))
		}
		for _, f := range h.failed {
			if f.Task.ID == t.ID {
				row.Problem = f.Why
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// handWorkOver hands the chosen reviews to a colleague or back to the queue. What
// cannot be moved stays, and the page says why of each.
func handWorkOver(s *Server, v *visit) error {
	from, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	h := handing{tasks: values["task"], to: values.Get("to"), note: form.Clean(values.Get("note"))}
	if h.tasks == nil {
		h.tasks = []string{}
		h.problems = append(h.problems, form.Problem{Field: "task", Label: "选择", Message: "请勾选要转交的件"})
	}
	if h.to != toQueue && !storage.ValidID(h.to) {
		h.problems = append(h.problems, form.Problem{Field: "to", Label: "交给", Message: "请选择同事，或放回队列"})
	}
	if n := utf8.RuneCountInString(h.note); n > record.MaxNote {
		h.problems = append(h.problems, form.Problem{Field: "note", Label: "说明", Message: v.tr("最多 %d 个字，现在有 %d 个字", record.MaxNote, n)})
	}
	if len(h.problems) > 0 {
		return s.renderWork(v, http.StatusUnprocessableEntity, h)
	}
	var tasks []record.ID
	for _, id := range h.tasks {
		tasks = append(tasks, record.ID(id))
	}
	to := record.ID(h.to)
	if h.to == toQueue {
		to = ""
	}
	done, err := s.Store.Reassign(v.ctx, v.actor(), from, to, h.note, tasks...)
	if err != nil {
		return err
	}
	v.audit("work handed over", "staff", v.staffID(), "from", string(from), "to", h.to, "moved", done.Moved, "failed", len(done.Failed))
	if len(done.Failed) == 0 {
		v.flash(view.Good, v.tr("已转交 %d 件。", done.Moved))
		return v.see(workPath(from))
	}
	h.failed = done.Failed
	h.notice = &view.Notice{
		Tone: view.Bad, Title: v.tr("%d 件没有转交", len(done.Failed)), Text: v.tr("已转交 %d 件。%s", done.Moved, unmovedWords(done.Failed)),
	}
	return s.renderWork(v, http.StatusConflict, h)
}

// unmovedWords says of what is not on the page any more why it was not moved.
func unmovedWords(failed []storage.Unmoved) string {
	gone := 0
	for _, f := range failed {
		if f.Task.Record == "" {
			gone++
		}
	}
	if gone == 0 {
		return "没有转交的件仍在下面，旁边写明了原因。"
	}
	return fmt.Sprintf("其中 %d 件已不在其名下。", gone)
}
