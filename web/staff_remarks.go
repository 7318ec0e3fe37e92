package web

import (
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// round is the round of a filing before the one under review: its return, and
// what the bidder did about it.
type round struct{ remarked }

// roundBefore is the round that the filing corrects, nil for none.
func (s *Server) roundBefore(v *visit, r storage.Review, events []storage.Event) (*round, error) {
	last := lastReturn(events)
	if last == nil || r.Task.Occasion != storage.Corrected {
		return nil, nil //nolint:nilnil // a filing that corrects nothing is an ordinary one
	}
	returned, err := s.Store.Version(v.ctx, r.Subject.ID, r.Record.ID, last.Version)
	if err != nil {
		return nil, err
	}
	before := round{remarked{
		event: last, filed: r.Submitted.Document.Form(today()), returned: returned.Document.Form(today()), answers: answersSince(events, last),
	}}
	if r.InForce != nil {
		before.inForce = r.InForce.Document.Form(today())
	}
	return &before, nil
}

// prior are the remarks of the round, with what was answered and what was
// changed since; the opinion as a whole comes first.
func (r round) prior() []view.Remark {
	var all []view.Remark
	if r.event.Reason != "" {
		all = append(all, view.Remark{
			Label: "整体意见", Text: r.event.Reason, When: r.event.At, By: r.event.Name, Resolved: len(form.Touched(r.returned, r.filed)) > 0,
		})
	}
	since := form.Diff(r.returned, r.filed)
	for _, remark := range r.remarks() {
		remark.Since = changesOf(since, remark.Target)
		all = append(all, remark)
	}
	return all
}

// answersSince are the answers of the submit that followed a return.
func answersSince(events []storage.Event, last *storage.Event) map[string]string {
	for i := len(events) - 1; i >= 0 && events[i].At.After(last.At); i-- {
		if events[i].Type == string(record.Submit) {
			return events[i].Answers
		}
	}
	return nil
}

// changesOf are the changes of what a target is about: of its field, or of the
// fields of its row or group.
func changesOf(changes []form.Change, target string) []form.Change {
	name, _, _ := form.CutFile(target)
	var all []form.Change
	for _, c := range changes {
		if c.Changed && (c.Field.Name == name || strings.HasPrefix(c.Field.Name, name+".")) {
			all = append(all, c)
		}
	}
	return all
}

// remarkTargets are what a reviewer can remark on: everything that was filed,
// and the rows that were taken out.
func remarkTargets(r storage.Review) []string {
	fields := r.Submitted.Document.Form(today())
	targets := fields.Targets()
	if r.InForce == nil {
		return targets
	}
	taken := ""
	for _, c := range form.Diff(r.InForce.Document.Form(today()), fields) {
		group, id, _, inRow := form.CutRow(c.Field.Name)
		if row := group + "." + id; inRow && c.Fate == form.RowRemoved && row != taken {
			targets, taken = append(targets, row), row
		}
	}
	return targets
}

// targetLabel names a target of a review, a row that was taken out as well.
func targetLabel(r storage.Review, target string) string {
	if label := r.Submitted.Document.Form(today()).Label(target); label != "" || r.InForce == nil {
		return label
	}
	return r.InForce.Document.Form(today()).Label(target) + "（已删除）"
}
