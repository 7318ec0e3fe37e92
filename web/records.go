package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
	"unireg/workflows"
)

// dossier is all that a subject's pages on one record need.
type dossier struct {
	id      record.ID
	kind    record.Kind
	record  *record.Record          // nil before the first submit took effect
	draft   *storage.Draft          // nil while nothing is being written
	pending []storage.CommandStatus // read by await
	merged  []string                // labels of what others had changed, which a save took in
}

// dossier reads a subject's record and its draft. A record of somebody else is
// as unknown as one that never was.
func (s *Server) dossier(ctx context.Context, subject, id record.ID) (dossier, error) {
	d := dossier{id: id}
	// The draft first: a submit that takes effect in between turns it into the
	// record, so that one of the two is always found.
	draft, noDraft := s.Store.Draft(ctx, subject, id)
	switch {
	case noDraft == nil:
		d.draft, d.kind = &draft, draft.Kind
	case record.CodeOf(noDraft) != record.NotFound:
		return dossier{}, noDraft
	}
	found, err := s.Store.Record(ctx, subject, id)
	switch {
	case err == nil:
		d.record, d.kind = &found, found.Kind
	case record.CodeOf(err) != record.NotFound || noDraft != nil:
		return dossier{}, err
	}
	return d, nil
}

// await reads which commands on the record have no outcome yet.
func (s *Server) await(ctx context.Context, d *dossier) (err error) {
	d.pending, err = s.Store.PendingCommands(ctx, d.id, false)
	return err
}

// state is where the record stands; one that was never filed has the state of
// a fresh one.
func (d dossier) state() record.State {
	if d.record == nil {
		return neverFiled
	}
	return d.record.State
}

// open tells that a draft may be written on.
func (d dossier) open() bool { return d.draft != nil && !d.draft.Locked }

func (d dossier) path(rest string) string { return "/records/" + string(d.id) + rest }

// facts are what the lifecycle table needs to know of the record.
func (d dossier) facts(policy record.Policy) record.Facts {
	f := record.Facts{Kind: d.kind, NeedsReview: policy.NeedsReview(d.kind), FirstVersion: true}
	if d.record != nil {
		f.Claimed, f.FirstVersion = d.record.Claimed != "", d.record.InForce == 0
	}
	return f
}

// showProfile leads to the subject's 基本信息: to its draft where one is open,
// else to the record. Where there is neither, as after a filing was given up, it
// offers to begin. With welcome=1, right after registration, the page names the
// login account.
func showProfile(s *Server, v *visit) error {
	p, err := s.profile(v.ctx, v.subject)
	if err != nil {
		return err
	}
	welcome := ""
	if v.Query("welcome") != "" {
		welcome = "?welcome=1"
	}
	switch {
	case p.draft != nil && !p.draft.Locked && v.may(record.ToFile):
		return v.see("/records/" + string(p.draft.Record) + "/edit" + welcome)
	case p.draft != nil, p.record != nil && p.state() != neverFiled:
		return v.see("/records/" + string(p.id()))
	}
	page, err := v.portal(p.kind.Label())
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.BeginPage(page, p.kind.Label()))
}

// startProfile opens the draft of the subject's 基本信息. Pressed twice it opens
// one.
func startProfile(s *Server, v *visit) error {
	id, err := s.Store.StartDraft(v.ctx, v.actor().ID, v.subject, record.ProfileKind(v.subject.Type))
	if record.CodeOf(err) == record.Conflict {
		return v.see("/profile") // submitted already
	}
	if err != nil {
		return err
	}
	return v.see("/records/" + string(id) + "/edit")
}

// showRecord is the read-only page of a record.
func showRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	if d.record == nil && d.open() && v.may(record.ToFile) {
		return v.see(d.path("/edit"))
	}
	return s.renderRecord(v, d, http.StatusOK)
}

// visited is the dossier of the record that the address names.
func (s *Server) visited(v *visit) (dossier, error) {
	id, err := v.id()
	if err != nil {
		return dossier{}, err
	}
	d, err := s.dossier(v.ctx, v.subject.ID, id)
	v.kind = d.kind
	return d, err
}

func (s *Server) renderRecord(v *visit, d dossier, status int, notices ...view.Notice) error {
	if err := s.await(v.ctx, &d); err != nil {
		return err
	}
	events, err := s.Store.Events(v.ctx, d.id)
	if err != nil {
		return err
	}
	members, err := s.Store.MemberNames(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	m := view.RecordModel{
		RecordID: string(d.id), Back: d.back(), State: d.tag(), Command: string(storage.NewID()), KeyLogin: v.keyLogin(d.kind, d.path("")),
		Kind: d.kind.Label(), Notices: append(notices, d.notices(events, v.may(record.ToFile))...),
		Timeline: timelineOf{
			visit: v, record: d.record, events: events, pending: d.pending, policy: s.Store.Policy(), members: members, now: time.Now(),
		}.draw(),
	}
	m.Actions, m.Denied = d.actions(s.Store.Policy(), m.KeyLogin == "")
	if !v.may(record.ToFile) {
		m.Actions, m.Denied = onlyPrinted(m.Actions, m.Denied)
	}
	if d.kind.Profile() {
		if m.CA, err = s.caModel(v, ""); err != nil {
			return err
		}
		if err := s.addConfirmation(v, d, &m); err != nil {
			return err
		}
	}
	if err := s.fillRecord(v, d, &m); err != nil {
		return err
	}
	if d.state().Filing == record.Returned {
		if m.Return, err = s.returnNote(v, d, events); err != nil {
			return err
		}
	}
	if m.Versions, err = s.versionRows(v, d); err != nil {
		return err
	}
	if m.Files, err = s.fileStates(v.ctx, v.subject.ID, d.id); err != nil {
		return err
	}
	p, err := v.portal(d.called(m.Heading))
	if err != nil {
		return err
	}
	return v.render(status, view.RecordPage(p, m))
}

// addConfirmation adds where the annual confirmation of a profile stands, and asks for
// it where it is time.
func (s *Server) addConfirmation(v *visit, d dossier, m *view.RecordModel) error {
	c, err := s.Store.ConfirmationOf(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	m.Confirmation = confirmationSummary(c, confirmationPath(d.id))
	if n := confirmationNotice(v, d.id, c); n != nil && d.state() == settled && len(d.pending) == 0 {
		m.Notices = append(m.Notices, *n)
	}
	return nil
}

// fillRecord chooses the content that the page shows: the version under way, on
// request the one in force; a draft where nothing else is left.
func (s *Server) fillRecord(v *visit, d dossier, m *view.RecordModel) error {
	no := 0
	if d.record != nil {
		no = d.record.Submitted
		if no == 0 {
			no = d.record.InForce
		}
		if d.record.Submitted > 0 && d.record.InForce > 0 && d.record.Submitted != d.record.InForce {
			m.Shown, m.Other = "显示的是审核中的内容", &view.Link{Href: d.path("?version=in_force"), Text: "查看现行有效的内容"}
			if v.Query("version") == "in_force" {
				no = d.record.InForce
				m.Shown, m.Other = "显示的是现行有效的内容", &view.Link{Href: d.path(""), Text: "查看审核中的内容"}
			}
		}
	}
	if no == 0 {
		if d.draft == nil {
			return record.Errorf(record.NotFound, "没有可以显示的内容")
		}
		m.Form, m.Heading = d.draft.Document.Form(today()), d.heading(d.draft.Document)
		m.At = d.draft.UpdatedAt
		return nil
	}
	version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, no)
	if err != nil {
		return err
	}
	m.Heading = d.heading(version.Document)
	m.Form, m.Version, m.At = version.Document.Form(today()), version.No, version.AcceptedAt
	if m.By, err = s.filedBy(v, version); err != nil {
		return err
	}
	m.Assurance = view.Assurance(version.Assurance)
	m.PaperOnly = d.kind.Profile() && version.Assurance != record.ByCertificate
	return nil
}

// heading is what the page of a record is called: a profile by its kind, one of
// many by its own title.
func (d dossier) heading(document record.Document) string {
	definition, _ := record.DefinitionOf(d.kind)
	switch {
	case d.kind.Profile():
		return d.kind.Label()
	case d.record == nil && d.draft != nil && d.draft.Version == 1:
		return definition.Add
	}
	return document.Title()
}

// called is what the title of a page about the record says, which tells it from
// the list and from others of its kind.
func (d dossier) called(heading string) string {
	if d.kind.Profile() {
		return heading
	}
	return d.kind.Label() + "：" + heading
}

// back leads to the list of which the record is one; nil for a profile.
func (d dossier) back() *view.Link {
	if d.kind.Profile() {
		return nil
	}
	return &view.Link{Href: listPath(d.kind), Text: d.kind.Label()}
}

// versionRows are the versions of a record of which there are many; those of a
// profile are 变更历史总览.
func (s *Server) versionRows(v *visit, d dossier) ([]view.VersionRow, error) {
	if d.record == nil || d.kind.Profile() {
		return nil, nil
	}
	versions, err := s.Store.Versions(v.ctx, v.subject.ID, d.id)
	if err != nil {
		return nil, err
	}
	return s.rowsOfVersions(v, *d.record, versions, v.subject)
}

// today is the civil date, in Shanghai, by which rules are checked.
func today() time.Time { return time.Now().In(record.Shanghai) }

// tag is the record's state in a few words.
func (d dossier) tag() view.Tag {
	return draftTag(d.state(), d.draft)
}

// notices say what the state alone does not: a command under way, a refusal
// that came after the receipt, a change that waits as a draft. files tells that
// whoever looks may go on writing it.
func (d dossier) notices(events []storage.Event, files bool) []view.Notice {
	var all []view.Notice
	for _, p := range d.pending {
		all = append(all, view.Notice{
			Tone: view.Info, Title: p.Move.Label() + "已受理，正在处理",
			Text: "回执号 " + p.Receipt.Number + "。不需要重复操作。",
			Link: "/receipts/" + p.Receipt.Number, LinkText: "查看回执",
		})
	}
	if n := len(events); n > 0 && events[n-1].Refusal != "" && events[n-1].Role == record.Applicant {
		last := events[n-1]
		all = append(all, view.Notice{Tone: view.Bad, Title: last.Move.Label() + "未生效", Text: last.Refusal.Explain()})
	}
	if d.open() && d.state() == settled {
		n := view.Notice{Tone: view.Info, Title: "有一份尚未提交的变更草稿", Text: "现行内容继续有效，直到变更提交并生效。"}
		if files {
			n.Link, n.LinkText = d.path("/edit"), "继续填写"
		}
		all = append(all, n)
	}
	return all
}

// actions are the buttons of the record's page, from the lifecycle table, and
// what one might look for and cannot do now.
// keyed tells that the session is one in which the kind may be submitted.
func (d dossier) actions(policy record.Policy, keyed bool) ([]view.Action, []view.Denied) {
	actions := []view.Action{view.ActionPrint}
	if len(d.pending) > 0 {
		return actions, nil
	}
	var denied []view.Denied
	facts := d.facts(policy)
	allowed := map[record.Move]bool{}
	for _, move := range record.Allowed(d.state(), record.Applicant, facts) {
		allowed[move] = true
	}
	if d.open() {
		actions = append(actions, view.ActionEdit)
	}
	switch {
	case allowed[record.Submit] && !d.open() && d.state() == settled:
		actions = append(actions, view.ActionChange)
	case d.state().InReview():
		denied = append(denied, view.Denied{Action: view.ActionChange, Reason: "审核办结后可以变更"})
	}
	switch {
	case allowed[record.Withdraw]:
		actions = append(actions, view.ActionWithdraw)
	case d.state().Filing == record.UnderReview && facts.Claimed:
		denied = append(denied, view.Denied{Action: view.ActionWithdraw, Reason: "审核人员已领取，不能撤回"})
	case d.state().Filing == record.SecondReview:
		denied = append(denied, view.Denied{Action: view.ActionWithdraw, Reason: "已进入复核，不能撤回"})
	}
	if action := d.discard(allowed[record.Discard]); action != "" {
		actions = append(actions, action)
	}
	for _, move := range []record.Move{record.Release, record.Void, record.Restore} {
		action := view.Action(move)
		switch {
		case !allowed[move] || move == record.Void && allowed[record.Release]:
		case d.open() && move != record.Restore:
			denied = append(denied, view.Denied{Action: action, Reason: "先提交或放弃变更草稿"})
		case !keyed:
			denied = append(denied, view.Denied{Action: action, Reason: "须用 CA 证书登录"})
		default:
			actions = append(actions, action)
		}
	}
	return actions, denied
}

// onlyPrinted leaves of a record's buttons what changes nothing, and says of the
// others why.
func onlyPrinted(actions []view.Action, denied []view.Denied) ([]view.Action, []view.Denied) {
	var kept []view.Action
	for _, action := range actions {
		if action == view.ActionPrint {
			kept = append(kept, action)
			continue
		}
		denied = append(denied, view.Denied{Action: action, Reason: "您的角色是只读"})
	}
	return kept, denied
}

// discard is the button that gives up what is being written: a returned filing,
// a change that was not submitted, or the draft of a record that many are of.
func (d dossier) discard(legal bool) view.Action {
	switch {
	case !d.open():
		return ""
	case legal || d.state() == settled:
		return view.ActionDiscard
	case !d.kind.Profile() && d.state() == neverFiled:
		return view.ActionDelete
	}
	return ""
}

// accept hands a command in and rings the record's workflow, which usually
// answers in a moment. Whether the ring succeeds does not matter to the fact:
// with the receipt the command is committed, and the relay rings again.
func (s *Server) accept(v *visit, c record.Command) (storage.CommandStatus, error) {
	receipt, err := s.Store.Accept(v.ctx, c)
	if err != nil {
		return storage.CommandStatus{}, err
	}
	// A command that was sent again is rung for again: it finds its outcome. A
	// decision that waits to be undone has none yet, and nobody waits for the ring.
	if t, _ := record.TransitionOf(c.Move); t.Decides() && s.Store.Policy().UndoPeriod > 0 {
		s.ringing.Go(func() { s.ring(context.WithoutCancel(v.ctx), v.log, c) })
	} else if answer := s.ring(v.ctx, v.log, c); answer.Done {
		// The outcome that a ring brings was committed by Apply.
		return storage.CommandStatus{
			Receipt: receipt, Record: c.Record, Subject: c.Subject, Kind: c.Kind, Move: c.Move, Done: true,
			Outcome: record.Outcome{Command: c.ID, Applied: answer.Applied, Refusal: answer.Refusal},
		}, nil
	}
	// Without one the truth is in the database, whatever became of the ring.
	return s.Store.CommandStatus(v.ctx, c.ID)
}

// ring wakes the record's workflow and waits for its answer, but not for long.
func (s *Server) ring(ctx context.Context, log *slog.Logger, c record.Command) workflows.Answer {
	ctx, cancel := context.WithTimeout(ctx, s.RingWait)
	defer cancel()
	answer, err := s.Rings.Ring(ctx, c.Record, c.ID)
	if err != nil {
		log.WarnContext(ctx, "the workflow did not answer; the relay rings again", "record", c.Record, "command", c.ID, "error", err)
	}
	return answer
}

// answer leads from an accepted command to what the person sees next: the
// record when it took effect, else the receipt, which says what is to be done.
func (v *visit) answer(status storage.CommandStatus) error {
	if status.Done && status.Outcome.Applied {
		return v.see("/records/" + string(status.Record))
	}
	return v.see("/receipts/" + status.Receipt.Number)
}

// commandID reads the nonce by which a form's command is known.
func commandID(values url.Values) (record.ID, error) {
	if id := values.Get("command"); storage.ValidID(id) {
		return record.ID(id), nil
	}
	return "", record.Errorf(record.Invalid, "页面内容不完整，请刷新后重新操作")
}

// number reads a count; what is none is 0.
func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// maxReason bounds what a person gives as a reason, in characters.
const maxReason = 500

func reasonProblem(reason string) string {
	switch n := len([]rune(reason)); {
	case reason == "":
		return "请填写原因"
	case n > maxReason:
		return "原因最多 " + strconv.Itoa(maxReason) + " 个字，现在有 " + strconv.Itoa(n) + " 个字"
	}
	return ""
}

// changeRecord opens a draft of the version in force: 【变更】.
func changeRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	reason := form.Clean(values.Get("reason"))
	if d.open() && d.state() == settled {
		return v.see(d.path("/edit")) // pressed twice, or in two tabs
	}
	if problem := reasonProblem(reason); problem != "" {
		return s.renderRecord(v, d, http.StatusUnprocessableEntity, view.Notice{Tone: view.Bad, Title: "没有开始变更", Text: v.tr("%s。", v.shown(problem))})
	}
	if err := s.Store.StartChange(v.ctx, v.actor().ID, v.subject.ID, d.id, reason); err != nil {
		return err
	}
	return v.see(d.path("/edit"))
}

// withdrawRecord takes a filing back before its review begins.
func withdrawRecord(s *Server, v *visit) error { return s.move(v, record.Withdraw) }

// discardRecord gives up what is being written. A returned filing ends by a
// command; the draft of a settled record, or of one that was never filed, is no
// part of the lifecycle and is dropped.
func discardRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	if err := s.await(v.ctx, &d); err != nil {
		return err
	}
	dropped := d.state() == settled || d.state() == neverFiled && !d.kind.Profile()
	if !dropped || len(d.pending) > 0 {
		return s.move(v, record.Discard)
	}
	if d.draft != nil {
		if err := s.Store.DropDraft(v.ctx, v.subject.ID, d.id); err != nil {
			return err
		}
	}
	if d.state() == neverFiled {
		v.flash(view.Good, "草稿已删除")
		return v.see(listPath(d.kind))
	}
	v.flash(view.Good, "草稿已放弃，已生效的内容不受影响")
	return v.see(d.path(""))
}

// move hands in a command that carries at most a reason.
func (s *Server) move(v *visit, move record.Move) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	id, err := commandID(values)
	if err != nil {
		return err
	}
	transition, _ := record.TransitionOf(move)
	reason := form.Clean(values.Get("reason"))
	fault, status := "", http.StatusUnprocessableEntity
	if transition.Reason || reason != "" {
		fault = reasonProblem(reason)
	}
	if transition.LikeSubmit && v.keyLogin(d.kind, "") != "" {
		fault, status = "须用 CA 证书登录后办理", http.StatusForbidden
	}
	if fault != "" {
		return s.renderRecord(v, d, status, view.Notice{Tone: view.Bad, Title: v.tr("%s没有进行", v.shown(move.Label())), Text: v.tr("%s。", fault)})
	}
	return s.handIn(v, d, record.Command{
		ID: id, Record: d.id, Subject: v.subject.ID, Kind: d.kind, Move: move, Actor: v.actor(), Reason: reason,
	})
}

// handIn accepts a command from a record's page.
func (s *Server) handIn(v *visit, d dossier, c record.Command) error {
	move := c.Move
	status, err := s.accept(v, c)
	if record.CodeOf(err) == record.Conflict {
		// The page was older than the record: show where it stands now.
		return s.renderRecord(v, d, http.StatusConflict, view.Notice{
			Tone: view.Bad, Title: v.tr("%s没有进行", v.shown(move.Label())), Text: messageOf(err),
		})
	}
	if err != nil {
		return err
	}
	return v.answer(status)
}

// messageOf is what an error for people says.
func messageOf(err error) string {
	if e, ok := errors.AsType[*record.Error](err); ok {
		return e.Message
	}
	return ""
}
