package web

import (
	"cmp"
	"net/url"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// lastReturn is the event by which the filing came back, or nil.
func lastReturn(events []storage.Event) *storage.Event {
	for i := len(events) - 1; i >= 0; i-- {
		if events[i].Type == string(record.Return) {
			return &events[i]
		}
	}
	return nil
}

// addReturn shows on the page of a draft what a reviewer wrote.
func (s *Server) addReturn(v *visit, d dossier, m *view.EditModel) error {
	if d.state().Filing != record.Returned {
		return nil
	}
	events, err := s.Store.Events(v.ctx, d.id)
	if err != nil {
		return err
	}
	note, err := s.returnNote(v, d, events)
	if note != nil {
		m.ReturnReason, m.ReturnDue, m.Remarks = note.Reason, note.Due, note.Remarks
	}
	return err
}

// returnNote is what a reviewer wrote when the filing came back, with what was
// changed and answered since; nil for a filing that did not come back.
func (s *Server) returnNote(v *visit, d dossier, events []storage.Event) (*view.ReturnNote, error) {
	last := lastReturn(events)
	if last == nil || d.state().Filing != record.Returned {
		return nil, nil //nolint:nilnil // that nothing came back is an ordinary answer here
	}
	note := &view.ReturnNote{Reason: last.Reason, At: last.At, Due: d.record.DueAt}
	returned, err := s.Store.Version(v.ctx, v.subject.ID, d.id, d.record.Submitted)
	if err != nil {
		return nil, err
	}
	w := remarked{event: last, returned: returned.Document.Form(today())}
	w.filed = w.returned
	if d.draft != nil {
		w.filed, w.answers = d.draft.Document.Form(today()), d.draft.Answers
	}
	if d.record.InForce > 0 {
		version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, d.record.InForce)
		if err != nil {
			return nil, err
		}
		w.inForce = version.Document.Form(today())
	}
	note.Remarks = w.remarks()
	return note, nil
}

// remarked is a return and what became of its remarks.
type remarked struct {
	event    *storage.Event
	filed    form.Form // as it stands today
	returned form.Form // what the remarks were made on
	inForce  form.Form // before the change: a row that it took out is there; nil for a first filing
	answers  map[string]string
}

// remarks are a reviewer's words, each where it can be followed. Those about
// what differs from what was returned are resolved.
func (w remarked) remarks() []view.Remark {
	touched := form.Touched(w.returned, w.filed)
	var all []view.Remark
	for _, r := range w.event.Remarks {
		all = append(all, view.Remark{
			Target: r.Field, At: w.filed.Nearest(r.Field), Label: w.label(r.Field), Text: r.Text,
			When: w.event.At, By: w.event.Name, Resolved: touched[r.Field], Answer: w.answers[r.Field],
		})
	}
	return all
}

// label names what a remark is about, as it was when it was made.
func (w remarked) label(target string) string {
	if label := w.returned.Label(target); label != "" {
		return label
	}
	if label := w.inForce.Label(target); label != "" {
		return label + "（已删除）"
	}
	return cmp.Or(w.filed.Label(target), target)
}

// answerField begins the names of the controls for answers to remarks.
const answerField = "answer."

// answersOf reads the answers to remarks that a page posts, by their targets.
func answersOf(values url.Values) map[string]string {
	answers := map[string]string{}
	for name := range values {
		if target, ok := strings.CutPrefix(name, answerField); ok {
			answers[target] = form.Clean(values.Get(name))
		}
	}
	return answers
}

// answerRemarks keeps what was answered. A draft that is gone, or submitted at
// this moment, takes no answers: what follows says so.
func (s *Server) answerRemarks(v *visit, d dossier, answers map[string]string) error {
	if len(answers) == 0 || d.state().Filing != record.Returned || !d.open() {
		return nil
	}
	err := s.Store.AnswerRemarks(v.ctx, v.subject.ID, d.id, answers)
	if code := record.CodeOf(err); code == record.NotFound || code == record.Conflict {
		return nil
	}
	return err
}
