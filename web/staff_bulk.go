package web

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// batchWords name what is done to many filings, and what it did to each.
var batchWords = map[storage.BatchAction]struct{ title, done string }{
	storage.BatchClaim:   {"批量领取", "已领取"},
	storage.BatchRelease: {"批量放回", "已放回"},
	storage.BatchAssign:  {"批量分派", "已分派"},
	storage.BatchApprove: {"批量通过", "已通过"},
}

// chosen are the filings that a form names, each once, as many as a page has.
func chosen(values url.Values) []record.ID {
	var ids []record.ID
	for _, text := range values["task"] {
		if id := record.ID(strings.ToLower(text)); storage.ValidID(text) && !slices.Contains(ids, id) && len(ids) < queuePage {
			ids = append(ids, id)
		}
	}
	return ids
}

// many does something to each of the chosen filings and leads to the report.
// What cannot be done to one is noted and hinders no other. The form's batch makes
// it one however often it is sent: what was noted is not done again.
func (s *Server) many(v *visit, action storage.BatchAction, work func(task record.ID) (command record.ID, err error)) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	tasks := chosen(values)
	if len(tasks) == 0 {
		return v.chooseFirst(values)
	}
	drawn := values.Get("batch")
	if !storage.ValidID(drawn) {
		return record.Errorf(record.Invalid, "页面内容不完整，请刷新后重新操作")
	}
	batch := storage.BatchID(record.ID(drawn), action, tasks)
	done, err := s.Store.OpenBatch(v.ctx, v.staff.ID, batch, action)
	if err != nil {
		return err
	}
	for no, task := range tasks {
		if done[task] {
			continue
		}
		command, err := work(task)
		problem := ""
		if code := record.CodeOf(err); code != "" {
			problem = messageOf(err)
			if code == record.NotFound {
				continue // there is no such filing, or not for this person
			}
		} else if err != nil {
			return err
		}
		if err := s.Store.NoteBatch(v.ctx, batch, task, no, command, problem); err != nil {
			return err
		}
	}
	return v.see(withQuery("/staff/queue/batches/"+string(batch), filterQuery(carriedFilter(values))))
}

func (v *visit) chooseFirst(values url.Values) error {
	v.flash(view.Bad, "还没有选择：请先勾选要办理的件。")
	return v.see(queuePath(carriedFilter(values)))
}

// claimMany, releaseMany and assignMany are what a person may do to one filing,
// done to many.
func claimMany(s *Server, v *visit) error {
	return s.many(v, storage.BatchClaim, func(task record.ID) (record.ID, error) {
		claimed, err := s.Store.Claim(v.ctx, v.staff.ID, task)
		if err == nil && !claimed {
			err = record.Errorf(record.Conflict, "已由其他审核人员领取、已分派给他人，或已办结。")
		}
		return "", err
	})
}

func releaseMany(s *Server, v *visit) error {
	return s.many(v, storage.BatchRelease, func(task record.ID) (record.ID, error) {
		released, err := s.Store.ReleaseClaim(v.ctx, v.staff.ID, task)
		if err == nil && !released {
			err = record.Errorf(record.Conflict, "不由您办理，或已作出决定。")
		}
		return "", err
	})
}

func assignMany(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	to, note, err := s.handedTo(v, values)
	switch {
	case record.CodeOf(err) == record.Invalid:
		v.flash(view.Bad, v.tr("没有分派：%s", v.shown(messageOf(err))))
		return v.see(queuePath(carriedFilter(values)))
	case err != nil:
		return err
	}
	return s.many(v, storage.BatchAssign, func(task record.ID) (record.ID, error) {
		return "", s.Store.Assign(v.ctx, v.actor(), task, to.ID, note)
	})
}

// checkMany shows which of the chosen filings would be approved, and which not
// and why.
func checkMany(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	tasks := chosen(values)
	if len(tasks) == 0 {
		return v.chooseFirst(values)
	}
	f := carriedFilter(values)
	m := view.BulkCheckModel{Batch: string(storage.NewID()), Query: filterQuery(f).Encode()}
	for _, task := range tasks {
		verdict, err := s.judge(v, task)
		if record.CodeOf(err) == record.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		rows, err := s.rows(v, []storage.ReviewTask{verdict.review.Task}, f, "")
		if err != nil {
			return err
		}
		item := view.BulkItem{
			Task: rows[0], Checks: verdict.checks, Why: verdict.why, Command: string(storage.NewID()), Version: verdict.review.Record.Revision,
		}
		if item.Why == "" {
			m.Green = append(m.Green, item)
		} else {
			m.Refused = append(m.Refused, item)
		}
	}
	return v.render(http.StatusOK, view.BulkCheckPage(v.page("批量通过前的核验"), m))
}

// verdict is whether a filing may be approved together with others.
type verdict struct {
	review storage.Review
	checks []view.Check
	why    string // not; "" when it may
}

// judge says whether a filing may be approved without being opened: a first
// review that changes no key field and in which no check of the system found
// anything. A second review and a key change are looked at by a person.
func (s *Server) judge(v *visit, task record.ID) (verdict, error) {
	review, err := s.Store.Review(v.ctx, v.staff.ID, task)
	if err != nil {
		return verdict{}, err
	}
	j := verdict{review: review}
	if j.checks, err = s.checks(v, review, review.Submitted.Document.Form(today())); err != nil {
		return verdict{}, err
	}
	amiss := 0
	for _, c := range j.checks {
		if c.Tone == view.Bad || c.Tone == view.Warn {
			amiss++
		}
	}
	switch reason := denied(v, review); {
	case reason != "":
		j.why = reason
	case review.Task.Second:
		j.why = "复核件须逐件办理。"
	case review.KeyChange || review.Task.KeyChange:
		j.why = "含关键项变更，须逐件审核。"
	case amiss > 0:
		j.why = v.tr("系统核验有 %d 项需要人工确认。", amiss)
	}
	return j, nil
}

// approveMany approves each filing that the page of checks has shown as green,
// if it still is. Each is a decision of its own, by the id drawn into the page.
func approveMany(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	var rung []record.Command
	err = s.many(v, storage.BatchApprove, func(task record.ID) (record.ID, error) {
		command, err := s.approveOne(v, task, values)
		if err == nil {
			rung = append(rung, command)
		}
		return command.ID, err
	})
	s.ringAll(v, rung)
	return err
}

func (s *Server) approveOne(v *visit, task record.ID, values url.Values) (record.Command, error) {
	id, err := commandID(url.Values{"command": {values.Get("command." + string(task))}})
	if err != nil {
		return record.Command{}, err
	}
	review, err := s.Store.Review(v.ctx, v.staff.ID, task)
	if err != nil {
		return record.Command{}, err
	}
	command := record.Command{
		ID: id, Record: review.Record.ID, Subject: review.Subject.ID, Kind: review.Record.Kind, Move: record.Approve, Actor: v.actor(),
		Expected: number(values.Get("version." + string(task))),
	}
	// What was accepted already, before the batch was interrupted, is not judged anew.
	if _, err := s.Store.CommandStatus(v.ctx, id); record.CodeOf(err) == record.NotFound {
		verdict, err := s.judge(v, task)
		if err != nil {
			return record.Command{}, err
		}
		if verdict.why != "" {
			return record.Command{}, record.Errorf(record.Conflict, verdict.why)
		}
	}
	if _, err := s.Store.Accept(v.ctx, command); err != nil {
		return record.Command{}, err
	}
	return command, nil
}

// ringAll rings for many commands at once, and waits no longer than for one: the
// relay rings again.
func (s *Server) ringAll(v *visit, commands []record.Command) {
	const atOnce = 8
	ctx, cancel := context.WithTimeout(v.ctx, s.RingWait)
	defer cancel()
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for _, c := range commands {
		all.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			s.ring(ctx, v.log, c)
		})
	}
	all.Wait()
}

// showBatch is the report on what was done to many filings.
func showBatch(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	batch, err := s.Store.Batch(v.ctx, v.staff.ID, id)
	if err != nil {
		return err
	}
	f := queueFilter(v.addressed())
	m := view.BatchModel{ID: string(id), Title: batchWords[batch.Action].title, At: batch.At, Back: queuePath(f)}
	tasks := make([]storage.ReviewTask, 0, len(batch.Lines))
	for _, line := range batch.Lines {
		tasks = append(tasks, line.Task)
	}
	rows, err := s.rows(v, tasks, f, "")
	if err != nil {
		return err
	}
	for i, line := range batch.Lines {
		shown := view.BatchLine{Task: rows[i]}
		shown.State, shown.Note = outcomeOf(batch.Action, line)
		if shown.State.Tone == view.Bad {
			m.Failed++
		} else {
			m.Done++
		}
		m.Undo = m.Undo || line.Undoable(time.Now())
		m.Waiting = m.Waiting || line.Command != "" && !line.Cancelled && !line.Status.Done
		m.Lines = append(m.Lines, shown)
	}
	return v.render(http.StatusOK, view.BatchPage(v.page(v.tr("%s结果", v.shown(m.Title))), m))
}

// outcomeOf says what became of one filing of a batch.
func outcomeOf(action storage.BatchAction, line storage.BatchLine) (view.Tag, string) {
	done := view.Tag{Text: batchWords[action].done, Tone: view.Good}
	switch {
	case line.Problem != "":
		return view.Tag{Text: "没有办理", Tone: view.Bad}, line.Problem
	case line.Command == "":
		return done, ""
	case line.Cancelled:
		return view.Tag{Text: "已撤销", Tone: view.Warn}, "该件仍由您办理。"
	case line.Undoable(time.Now()):
		return view.Tag{Text: "即将通过", Tone: view.Info}, "可以撤销到 " + line.UndoUntil.In(record.Shanghai).Format("15:04:05")
	case !line.Status.Done:
		return view.Tag{Text: "正在处理", Tone: view.Info}, "回执号 " + line.Status.Receipt.Number
	case !line.Status.Outcome.Applied:
		return view.Tag{Text: "没有生效", Tone: view.Bad}, line.Status.Outcome.Refusal.Explain()
	case line.Status.Outcome.State.Filing == record.SecondReview:
		return done, "进入复核。"
	}
	return done, ""
}

// undoBatch takes back every decision of a batch that has not taken effect.
func undoBatch(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if _, err := v.form(); err != nil {
		return err
	}
	batch, err := s.Store.Batch(v.ctx, v.staff.ID, id)
	if err != nil {
		return err
	}
	undone, late := 0, 0
	for _, line := range batch.Lines {
		if line.Command == "" || line.Cancelled {
			continue
		}
		_, ok, err := s.Store.Undo(v.ctx, v.staff.ID, line.Command)
		switch {
		case err != nil:
			return err
		case ok:
			undone++
		default:
			late++
		}
	}
	switch {
	case undone == 0:
		v.flash(view.Bad, "没有撤销：决定都已生效。")
	case late > 0:
		v.flash(view.Warn, v.tr("已撤销 %d 件；%d 件已生效，不能撤销。", undone, late))
	default:
		v.flash(view.Good, v.tr("已撤销 %d 件，仍由您办理。", undone))
	}
	return v.see("/staff/queue/batches/" + string(id))
}
