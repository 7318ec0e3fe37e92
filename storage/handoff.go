package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// Events on applications beside those of their steps, which are named
// ca_ and the status.
const (
	eventCALate    = "ca_late"         // a word of the CA company after the end
	eventCAIllegal = "ca_illegal"      // a word of the CA company that no edge allows
	eventCASilent  = "ca_silent"       // staff were told of its silence
	eventCAUnbound = "ca_unbound"      // what it issued cannot be bound
	eventCAUnknown = "ca_unknown"      // it does not know an application that it took in
	eventCAForged  = "callback_forged" // a message under the id of another one
)

// Failures beside those of a call.
const (
	failureUnknown     = "unknown_reference"
	failureCertificate = "certificate/" // and the refusal
	otherSubject       = "other_subject"
)

// Topics of messages on applications: ca_ and a status, and these.
const (
	topicCA               = "ca_"
	TopicCASilent         = "ca_silent"
	TopicCAUnbound        = "ca_unbound"
	TopicCAWithdrawDenied = "ca_withdraw_denied"
)

// TopicOfApplication is the topic of the message that an application reached a
// status.
func TopicOfApplication(s record.ApplicationStatus) string { return topicCA + string(s) }

// failureText says in a sentence why an attempt or the binding failed.
func failureText(failure string) string {
	if refusal, ok := strings.CutPrefix(failure, failureCertificate); ok {
		if refusal == otherSubject {
			return "签发的证书未能绑定：" + "证书中的代码与本主体不一致。"
		}
		return "签发的证书未能绑定：" + certificate.Refusal(refusal).Explain()
	}
	if failure == failureUnknown {
		return "CA 公司的系统中没有找到该申请，已提请工作人员处理。"
	}
	return record.CAFailure(failure).Explain()
}

// HandoffState is what the workflow of an application learns: where it stands
// and what is awaited.
type HandoffState struct {
	Status record.ApplicationStatus
	Closed bool
	// Delivered tells that the CA company's acceptance is known, or not needed
	// any more.
	Delivered bool
	// Withdrawing tells that the subject takes the application back.
	Withdrawing bool
	// Plan says when to ask the CA company, and when to escalate.
	Plan record.HandoffPlan
	// Open are the commands without an outcome.
	Open []record.ID
}

// step is a change of an application's status.
type step struct {
	to       record.ApplicationStatus
	at       time.Time
	role     record.Role
	actor    record.ID
	command  record.ID
	kind     string // type of the event; "" for that of the status
	sequence int    // of the CA company's event, 0 for none
	failure  string
}

// step moves an application along an edge of the table, writes the event and
// the subject's message. The caller saves the row.
func (s *Store) step(ctx context.Context, tx bun.Tx, row *applicationRow, st step) error {
	if !row.Status.Leads(st.to) {
		return fmt.Errorf("application %s: no edge from %s to %s", row.ID, row.Status, st.to)
	}
	from := row.Status
	row.Status, row.UpdatedAt = st.to, st.at
	switch {
	case st.to == record.ApplicationSent:
		row.SentAt, row.Failure = st.at, ""
	case !st.to.Open(), st.to == record.ApplicationIssued && !row.Business.Binds():
		row.ClosedAt = st.at
	}
	kind := st.kind
	if kind == "" {
		kind = topicCA + string(st.to)
	}
	if st.role == "" {
		st.role = record.Clock
	}
	data := map[string]any{"status": string(st.to), "from": string(from)}
	if st.sequence > 0 {
		data["sequence"] = st.sequence
	}
	if st.failure != "" {
		data["failure"] = st.failure
	}
	err := s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: kind, Record: row.ID, Command: st.command, Role: st.role, Actor: st.actor, At: st.at, Data: data,
	})
	if err != nil || !told(st.to, row.Business) {
		return err
	}
	topic := TopicOfApplication(st.to)
	return s.Notify(ctx, tx, Notification{
		Subject: row.Subject, Topic: topic, Record: row.ID, Data: map[string]string{"business": string(row.Business)},
		Dedup: fmt.Sprintf("%s/%s/%d", topic, row.ID, st.sequence),
	})
}

// told reports whether the subject gets a message on a status. What is issued
// is bound in the same breath, or the message says why not.
func told(s record.ApplicationStatus, b record.Business) bool {
	return s != record.ApplicationPending && (s != record.ApplicationIssued || !b.Binds())
}

// save writes what may change of an application, if nobody else did.
func (r *applicationRow) save(ctx context.Context, tx bun.Tx, now time.Time) error {
	before := r.Revision
	r.Revision, r.UpdatedAt = before+1, now
	result, err := tx.NewUpdate().Model(r).
		Column("status", "reason", "order_no", "acceptance", "attempts", "failure", "last_sequence", "revision", "attempted_at",
			"sent_at", "heard_at", "escalated_at", "closed_at", "updated_at").
		WherePK().Where("revision = ?", before).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write application: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n != 1 {
		return fmt.Errorf("write application %s: it changed meanwhile: %w", r.ID, err)
	}
	return nil
}

// withApplication runs work on a locked application in one transaction, saves
// it and answers where it stands.
func (s *Store) withApplication(
	ctx context.Context, operation string, id record.ID, work func(context.Context, bun.Tx, *applicationRow, time.Time) error,
) (HandoffState, error) {
	var state HandoffState
	err := s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		var row applicationRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
			return missing(err, "read application")
		}
		if err := lockChain(ctx, tx, row.Subject); err != nil {
			return err
		}
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).For("UPDATE").Scan(ctx); err != nil {
			return missing(err, "lock application")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if err := work(ctx, tx, &row, now); err != nil {
			return err
		}
		if err := s.concludeDeliveries(ctx, tx, &row, now); err != nil {
			return err
		}
		if err := row.save(ctx, tx, now); err != nil {
			return err
		}
		state, err = s.handoffState(ctx, tx, &row, now)
		return err
	})
	return state, err
}

// gapPatience is the least time that a gap in the CA company's events, or a doubt
// of one, is left to settle itself before it is asked.
const gapPatience = 20 * time.Second

func (s *Store) handoffState(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) (HandoffState, error) {
	state := HandoffState{
		Status: row.Status, Closed: !row.ClosedAt.IsZero(), Delivered: row.Acceptance != nil || !row.ClosedAt.IsZero(),
	}
	var err error
	if state.Open, err = openCommands(ctx, tx, row.ID, MoveCAApply, MoveCAResend, MoveCAWithdraw); err != nil {
		return state, err
	}
	withdrawals, err := openCommands(ctx, tx, row.ID, MoveCAWithdraw)
	if err != nil || state.Closed {
		return state, err
	}
	state.Withdrawing = len(withdrawals) > 0
	state.Plan = s.Policy().HandoffPlanFor(row.Status, latest(row.AcceptedAt, row.SentAt, row.HeardAt), now)
	if !row.EscalatedAt.IsZero() {
		state.Plan.EscalateAt = time.Time{}
	}
	waiting, err := oldestWaiting(ctx, tx, row.ID)
	if err != nil || waiting.IsZero() {
		return state, err
	}
	// What is missing, or in doubt, is asked after soon, then ever more rarely.
	if soon := now.Add(max(gapPatience, now.Sub(waiting))); state.Plan.PollAt.After(soon) {
		state.Plan.PollAt = soon
	}
	return state, nil
}

func latest(instants ...time.Time) time.Time {
	var last time.Time
	for _, t := range instants {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// openCommands lists the commands of those moves without an outcome.
func openCommands(ctx context.Context, tx bun.IDB, id record.ID, moves ...record.Move) ([]record.ID, error) {
	var open []record.ID
	err := tx.NewRaw("SELECT id FROM commands WHERE record = ? AND done_at IS NULL AND move IN (?) ORDER BY seq", id, bun.List(moves)).
		Scan(ctx, &open)
	if err != nil {
		return nil, fmt.Errorf("list open commands of application: %w", err)
	}
	return open, nil
}

// concludeDeliveries gives the commands that asked for an attempt their
// outcome, once an attempt had one or none is needed any more. Their events
// were written when they were accepted.
func (s *Store) concludeDeliveries(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
	if row.Status == record.ApplicationPending {
		return nil
	}
	var concluded []record.Move
	err := tx.NewRaw("UPDATE commands SET applied = true, done_at = ? WHERE record = ? AND done_at IS NULL AND move IN (?) RETURNING move",
		now, row.ID, bun.List([]record.Move{MoveCAApply, MoveCAResend})).Scan(ctx, &concluded)
	if err != nil {
		return fmt.Errorf("conclude deliveries: %w", err)
	}
	for _, move := range concluded {
		note(ctx, func(w Watcher) { w.Concluded(move, "") })
	}
	if row.ClosedAt.IsZero() {
		return nil
	}
	refusal := record.RefusedState
	if row.Status == record.ApplicationWithdrawn {
		refusal = ""
	}
	return s.concludeWithdrawal(ctx, tx, row, refusal, now)
}

// concludeWithdrawal gives an open withdrawal its outcome, with the event. A
// refused one is told to the subject.
func (s *Store) concludeWithdrawal(ctx context.Context, tx bun.Tx, row *applicationRow, refusal record.Refusal, now time.Time) error {
	var open []commandRow
	err := tx.NewSelect().Model(&open).Where("record = ?", row.ID).Where("move = ?", MoveCAWithdraw).Where("done_at IS NULL").
		Order("seq").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read withdrawals: %w", err)
	}
	for i := range open {
		command := &open[i]
		applied := refusal == ""
		command.Applied, command.Refusal, command.DoneAt = &applied, refusal, now
		if _, err := tx.NewUpdate().Model(command).Column("applied", "refusal", "done_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("conclude withdrawal: %w", err)
		}
		note(ctx, func(w Watcher) { w.Concluded(MoveCAWithdraw, refusal) })
		e := event{
			Chain: row.Subject, Type: string(MoveCAWithdraw), Record: row.ID, Command: command.ID, Role: command.Role, Actor: command.Actor, At: now,
			Data: map[string]any{"status": string(row.Status)},
		}
		if !applied {
			e.Type, e.Data["move"], e.Data["refusal"] = EventRefused, string(MoveCAWithdraw), string(refusal)
			err := s.Notify(ctx, tx, Notification{
				Subject: row.Subject, Topic: TopicCAWithdrawDenied, Record: row.ID, Command: command.ID,
				Dedup: TopicCAWithdrawDenied + "/" + string(command.ID),
			})
			if err != nil {
				return err
			}
		}
		if err := s.appendEvent(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// BeginHandOff counts an attempt and returns what is to be handed over; nil
// when nothing is: the CA company has it, or it is closed or being withdrawn.
func (s *Store) BeginHandOff(ctx context.Context, id record.ID) (*record.CABundle, HandoffState, error) {
	var bundle *record.CABundle
	state, err := s.withApplication(ctx, "begin handoff", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		withdrawals, err := openCommands(ctx, tx, id, MoveCAWithdraw)
		if err != nil || len(withdrawals) > 0 || row.Acceptance != nil || !row.ClosedAt.IsZero() {
			return err
		}
		row.Attempts++
		row.AttemptedAt = now
		frozen, err := s.bundle(ctx, tx, row)
		bundle = &frozen
		return err
	})
	if err != nil {
		return nil, HandoffState{}, err
	}
	return bundle, state, nil
}

// HandedOff writes what an attempt came to: delivered, refused by the CA company
// for good, or failed.
func (s *Store) HandedOff(ctx context.Context, id record.ID, answer record.CAAnswer) (HandoffState, error) {
	return s.withApplication(ctx, "finish handoff", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		switch {
		case row.Acceptance != nil || !row.ClosedAt.IsZero():
			return nil // an attempt before, or a withdrawal, was faster
		case answer.Failure != "":
			return s.undelivered(ctx, tx, row, answer.Failure, now)
		}
		if err := s.sent(ctx, tx, row, now); err != nil {
			return err
		}
		heard(row, now)
		if answer.Refused {
			// A callback may have come first and led where no refusal is legal.
			if !row.Status.Leads(record.ApplicationRejected) {
				return s.refuseWord(ctx, tx, row, record.ApplicationRejected, 0, now)
			}
			row.Reason = answer.Reason
			return s.step(ctx, tx, row, step{to: record.ApplicationRejected, at: now})
		}
		acceptance := answer.Acceptance
		row.Acceptance, row.OrderNo = &acceptance, acceptance.OrderNo
		return nil
	})
}

// OverdueHandOff marks an application whose first attempt has no outcome yet as
// not delivered, while the attempt goes on.
func (s *Store) OverdueHandOff(ctx context.Context, id record.ID) (HandoffState, error) {
	return s.withApplication(ctx, "mark handoff as overdue", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		if row.Status != record.ApplicationPending {
			return nil
		}
		return s.undelivered(ctx, tx, row, record.CATimeout, now)
	})
}

// undelivered notes a failed attempt. Only the first one is a step.
func (s *Store) undelivered(ctx context.Context, tx bun.Tx, row *applicationRow, failure record.CAFailure, now time.Time) error {
	row.Failure = string(failure)
	if row.Status != record.ApplicationPending {
		return nil
	}
	return s.step(ctx, tx, row, step{to: record.ApplicationFailed, at: now, failure: string(failure)})
}

// sent steps to sent where the CA company shows that it has the application.
func (s *Store) sent(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
	if row.Status.Delivered() {
		row.Failure = ""
		return nil
	}
	return s.step(ctx, tx, row, step{to: record.ApplicationSent, at: now})
}

// heard notes a sign of life of the CA company; the next silence is a new one.
func heard(row *applicationRow, now time.Time) {
	row.HeardAt, row.EscalatedAt = now, time.Time{}
}

// refuseWord records a word of the CA company that no edge allows. It changes
// nothing.
func (s *Store) refuseWord(ctx context.Context, tx bun.Tx, row *applicationRow, to record.ApplicationStatus, sequence int, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: eventCAIllegal, Record: row.ID, Role: record.Clock, At: now,
		Data: map[string]any{"status": string(row.Status), "to": string(to), "sequence": sequence},
	})
}

// BeginWithdrawal tells whether the CA company has to be asked to take the
// application back. One that was never sent is withdrawn here and now.
func (s *Store) BeginWithdrawal(ctx context.Context, id record.ID) (ask bool, state HandoffState, err error) {
	state, err = s.withApplication(ctx, "begin withdrawal", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		open, err := openCommands(ctx, tx, id, MoveCAWithdraw)
		if err != nil || len(open) == 0 || !row.ClosedAt.IsZero() {
			return err
		}
		if !row.Status.Leads(record.ApplicationWithdrawn) {
			return s.concludeWithdrawal(ctx, tx, row, record.RefusedState, now)
		}
		if ask = row.Attempts > 0; ask {
			return nil
		}
		return s.step(ctx, tx, row, step{to: record.ApplicationWithdrawn, at: now})
	})
	return ask && err == nil, state, err
}

// Withdrawn writes what the CA company answered to a withdrawal.
func (s *Store) Withdrawn(ctx context.Context, id record.ID, answer record.CAAnswer, trust *certificate.Trust) (HandoffState, error) {
	return s.withApplication(ctx, "finish withdrawal", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		if answer.Failure != "" {
			if row.ClosedAt.IsZero() {
				row.Failure = string(answer.Failure)
			}
			return nil
		}
		row.Failure = ""
		if err := s.takePolled(ctx, tx, row, answer.Events, trust, now); err != nil || !row.ClosedAt.IsZero() {
			return err
		}
		if answer.Refused || !row.Status.Leads(record.ApplicationWithdrawn) {
			return s.concludeWithdrawal(ctx, tx, row, record.RefusedState, now)
		}
		return s.step(ctx, tx, row, step{to: record.ApplicationWithdrawn, at: now})
	})
}

// EscalateApplication tells staff that the CA company has been silent for too
// long, once for each silence, if that is so by the database's clock.
func (s *Store) EscalateApplication(ctx context.Context, id record.ID) (HandoffState, error) {
	return s.withApplication(ctx, "escalate application", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		last := latest(row.AcceptedAt, row.SentAt, row.HeardAt)
		due := s.Policy().HandoffPlanFor(row.Status, last, now).EscalateAt
		if due.IsZero() || now.Before(due) || !row.EscalatedAt.IsZero() || !row.ClosedAt.IsZero() {
			return nil
		}
		if err := s.escalate(ctx, tx, row, eventCASilent, "", now); err != nil {
			return err
		}
		return s.Notify(ctx, tx, Notification{
			Subject: row.Subject, Topic: TopicCASilent, Record: row.ID, Dedup: fmt.Sprintf("%s/%s/%d", TopicCASilent, row.ID, last.Unix()),
		})
	})
}

// escalate puts an application on the list that staff work off.
func (s *Store) escalate(ctx context.Context, tx bun.Tx, row *applicationRow, kind, why string, now time.Time) error {
	row.EscalatedAt = now
	data := map[string]any{"status": string(row.Status)}
	if why != "" {
		data["failure"] = why
	}
	return s.appendEvent(ctx, tx, event{Chain: row.Subject, Type: kind, Record: row.ID, Role: record.Clock, At: now, Data: data})
}
