package storage

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"unireg/record"
)

// Applied is what a record's workflow learns: where the record stands, what is
// awaited, and what became of the commands it asked for.
type Applied struct {
	Subject        record.ID
	State          record.State
	Plan           record.Plan
	Outcomes       []record.Outcome
	NextDue        time.Time // earliest open command that may not take effect yet
	ProfileInForce bool
}

// Apply takes all due commands of a record in the order of their acceptance,
// decides each by the lifecycle table and what was frozen with it, writes the
// effects, one event each, and the outcomes: in one transaction that holds the
// subject's chain. A command that is done stays as it is, so Apply may be
// called as often as anybody likes.
func (s *Store) Apply(ctx context.Context, id record.ID, asked []record.ID) (Applied, error) {
	var answer Applied
	err := s.inTx(ctx, "apply", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, `id = coalesce(
			(SELECT subject FROM records WHERE id = ?0), (SELECT subject FROM commands WHERE record = ?0 LIMIT 1))`, id)
		if err != nil {
			return err
		}
		current, err := s.lockRecord(ctx, tx, head, id)
		if err != nil {
			return err
		}
		var open []struct {
			commandRow `bun:",extend"`

			Now   time.Time `bun:"now"`   // by the database's clock
			Rules int64     `bun:"rules"` // the latest edition
		}
		err = tx.NewSelect().Model(&open).ColumnExpr("c.*, clock_timestamp() AS now, "+lastRules+" AS rules").
			Where("record = ?", id).Where("done_at IS NULL").Order("seq").For("UPDATE").Scan(ctx)
		if err != nil {
			return fmt.Errorf("read open commands: %w", err)
		}
		if len(open) > 0 {
			if _, err := s.reachRules(ctx, tx, open[0].Rules); err != nil {
				return err
			}
		}
		for i := range open {
			command, now := &open[i].commandRow, open[0].Now.UTC()
			if command.CancelledAt.IsZero() && command.NotBefore.After(now) {
				if answer.NextDue.IsZero() || command.NotBefore.Before(answer.NextDue) {
					answer.NextDue = command.NotBefore
				}
				continue
			}
			if err := s.applyOne(ctx, tx, current, command, now); err != nil {
				return err
			}
			if slices.Contains(asked, command.ID) {
				answer.Outcomes = append(answer.Outcomes, command.outcome())
			}
		}
		return s.answer(ctx, tx, current, asked, &answer)
	})
	return answer, err
}

// filed is a record with what a decision on it needs.
type filed struct {
	recordRow `bun:",extend"`

	// Versions is how many there are: the number of the last.
	Versions int `bun:"versions,scanonly"`
	exists   bool
	head     *chainHead // of the subject
}

// lockRecord locks the record's row. Before the first submit there is none.
func (s *Store) lockRecord(ctx context.Context, tx bun.Tx, head *chainHead, id record.ID) (*filed, error) {
	current := &filed{exists: true, head: head}
	err := tx.NewSelect().Model(current).ColumnExpr("r.*").
		ColumnExpr("(SELECT coalesce(max(v.no), 0) FROM versions v WHERE v.record = r.id) AS versions").
		Where("r.id = ?", id).For("UPDATE").Scan(ctx)
	if err := missing(err, "lock record"); err == nil || record.CodeOf(err) != record.NotFound {
		return current, err
	}
	blank := recordRow{ID: id, Subject: head.Chain, Standing: record.NotInForce, Filing: record.NothingFiled}
	return &filed{recordRow: blank, head: head}, nil
}

func (s *Store) answer(ctx context.Context, tx bun.Tx, current *filed, asked []record.ID, answer *Applied) error {
	answer.Subject, answer.State = current.Subject, current.state()
	if !current.state().AtRest() {
		answer.Plan = current.planned()
	}
	answer.ProfileInForce = current.Kind.Profile() && current.Standing == record.InForce
	// What was done before is read; what this transaction did is in hand.
	before := slices.DeleteFunc(slices.Clone(asked), func(id record.ID) bool {
		return slices.ContainsFunc(answer.Outcomes, func(o record.Outcome) bool { return o.Command == id })
	})
	if len(before) == 0 {
		return nil
	}
	var rows []commandRow
	err := tx.NewSelect().Model(&rows).Where("id IN (?)", bun.List(before)).Where("record = ?", current.ID).
		Where("done_at IS NOT NULL").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read outcomes: %w", err)
	}
	for i := range rows {
		answer.Outcomes = append(answer.Outcomes, rows[i].outcome())
	}
	return nil
}

// applyOne decides one command inside a savepoint, so that a violated
// uniqueness refuses this command and none of its neighbours.
func (s *Store) applyOne(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, now time.Time) error {
	before := *current
	refusal := record.RefusedCancelled
	if command.CancelledAt.IsZero() {
		err := tx.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, savepoint bun.Tx) error {
			var err error
			refusal, err = s.decide(ctx, savepoint, current, command, now)
			return err
		})
		switch uniqueViolation(err) {
		case "":
		case "records_distinct_everywhere":
			refusal, err = record.RefusedEmployed, nil
		default:
			refusal, err = record.RefusedDuplicate, nil
		}
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", command.Move, command.ID, err)
		}
	}
	if refusal != "" {
		*current = before
	}
	return s.conclude(ctx, tx, current, command, refusal, now)
}

// conclude writes a command's outcome and its event.
func (s *Store) conclude(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, refusal record.Refusal, now time.Time) error {
	applied := refusal == ""
	command.Applied, command.Refusal, command.DoneAt = &applied, refusal, now
	command.Standing, command.Filing = current.Standing, current.Filing
	_, err := tx.NewUpdate().Model(command).Column("applied", "refusal", "done_at", "standing", "filing").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("write outcome: %w", err)
	}
	note(ctx, func(w Watcher) { w.Concluded(command.Move, refusal) })
	e := event{
		Chain: current.head.Chain, Type: string(command.Move), Record: current.ID, Command: command.ID, Role: command.Role,
		Actor: command.Actor, At: now, Data: map[string]any{
			"standing": string(current.Standing), "filing": string(current.Filing),
			"version": max(current.Submitted, current.InForce), "revision": current.Revision,
		},
	}
	if applied && command.Move == record.Submit {
		e.Data["sha256"] = hex.EncodeToString(command.SHA256) // so that the chain holds the version, too
	}
	if !applied {
		if err := dropDecision(ctx, tx, command.ID); err != nil {
			return err
		}
		e.Type = EventRefused
		e.Data["move"], e.Data["refusal"] = string(command.Move), string(refusal)
		if command.Move == record.Submit {
			_, err := tx.NewRaw("UPDATE drafts SET locked_by = NULL WHERE record = ? AND locked_by = ?", current.ID, command.ID).Exec(ctx)
			if err != nil {
				return fmt.Errorf("unlock draft: %w", err)
			}
		}
	}
	if err := current.head.append(ctx, tx, e); err != nil {
		return err
	}
	return s.tell(ctx, tx, current, command)
}

// EventRefused is the type of the event that a refused command leaves.
const EventRefused = "refused"

// tell writes the subject's message on an outcome that somebody else brought
// about, or that came after the answer to the person.
func (s *Store) tell(ctx context.Context, tx bun.Tx, current *filed, command *commandRow) error {
	topic := ""
	switch {
	case !*command.Applied && command.Role == record.Applicant:
		topic = TopicRefused
	case !*command.Applied:
	case command.Move == record.Return, command.Move == record.Lapse, command.Move == record.Reopen:
		topic = string(command.Move)
	case command.Move == record.Approve && current.Filing == record.NothingFiled, command.Move == record.Confirm:
		topic = TopicApproved
	case command.Move == record.Submit:
		topic = TopicSubmitted
	}
	if topic == "" {
		return nil
	}
	return s.Notify(ctx, tx, Notification{
		Subject: current.Subject, Topic: topic, Record: current.ID, Command: command.ID, Dedup: topic + "/" + string(command.ID),
	})
}

// Topics of messages beside the moves return, lapse and reopen.
const (
	TopicApproved       = "approved"
	TopicRefused        = "refused"
	TopicSubmitted      = "submitted"
	TopicReviewRemind   = "review_reminder"
	TopicCorrectRemind  = "correction_reminder"
	TopicOverdue        = "review_overdue"
	TopicRegisterRemind = "registration_reminder"
)

// Plan looks up anew what is awaited for a record, after a rule has changed,
// and stores the instants that pages show.
func (s *Store) Plan(ctx context.Context, id record.ID) (record.Plan, record.State, error) {
	var plan record.Plan
	var state record.State
	err := s.inTx(ctx, "plan", func(ctx context.Context, tx bun.Tx) error {
		var row recordRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).For("UPDATE").Scan(ctx); err != nil {
			return missing(err, "read record")
		}
		state = row.state()
		if state.AtRest() {
			return nil
		}
		if _, err := s.followRules(ctx, tx); err != nil {
			return err
		}
		plan = row.plan(s.Policy())
		row.RemindAt, row.DueAt = plan.RemindAt, dueAt(plan)
		if _, err := tx.NewUpdate().Model(&row).Column("remind_at", "due_at").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("store plan: %w", err)
		}
		_, err := tx.NewRaw("UPDATE review_tasks SET due_at = ? WHERE record = ? AND closed_at IS NULL", row.DueAt, id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("store plan of review: %w", err)
		}
		return nil
	})
	return plan, state, err
}

// Remind writes the reminder that is due at that instant, once: while a
// correction is awaited a message to the subject; while a review is awaited a
// mark on the task, which the desk shows.
func (s *Store) Remind(ctx context.Context, id record.ID, at time.Time) error {
	return s.inTx(ctx, "remind", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockForTimer(ctx, tx, id)
		if err != nil {
			return err
		}
		switch row.Filing {
		case record.Returned:
			return s.tellTimer(ctx, tx, row, TopicCorrectRemind, at)
		case record.UnderReview, record.SecondReview:
			return s.markTimer(ctx, tx, row, TopicReviewRemind, "reminded_at")
		case record.NothingFiled:
		}
		return nil
	})
}

// Escalate marks the review of a record as overdue, once, if it is still open,
// and tells the subject.
func (s *Store) Escalate(ctx context.Context, id record.ID, at time.Time) error {
	return s.inTx(ctx, "escalate", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.lockForTimer(ctx, tx, id)
		if err != nil {
			return err
		}
		if !row.state().InReview() {
			return nil
		}
		if err := s.markTimer(ctx, tx, row, TopicOverdue, "escalated_at"); err != nil {
			return err
		}
		return s.Notify(ctx, tx, timerMessage(row, TopicOverdue, at))
	})
}

// lockForTimer locks chain and record, in that order, for what a timer writes.
func (s *Store) lockForTimer(ctx context.Context, tx bun.Tx, id record.ID) (*recordRow, error) {
	var row recordRow
	if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, missing(err, "read record")
	}
	if err := lockChain(ctx, tx, row.Subject); err != nil {
		return nil, err
	}
	err := tx.NewSelect().Model(&row).Where("id = ?", id).For("UPDATE").Scan(ctx)
	return &row, missing(err, "lock record")
}

// markTimer stamps the open review and writes the event, once for each review.
func (s *Store) markTimer(ctx context.Context, tx bun.Tx, row *recordRow, topic, column string) error {
	result, err := tx.NewRaw("UPDATE review_tasks SET ?0 = clock_timestamp() WHERE record = ?1 AND closed_at IS NULL AND ?0 IS NULL",
		bun.Ident(column), row.ID).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark review: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return s.timerEvent(ctx, tx, row, topic)
}

func timerMessage(row *recordRow, topic string, at time.Time) Notification {
	return Notification{
		Subject: row.Subject, Topic: topic, Record: row.ID, Dedup: fmt.Sprintf("%s/%s/%d", topic, row.ID, at.Unix()),
	}
}

// tellTimer writes message and event of a timer, once for each instant.
func (s *Store) tellTimer(ctx context.Context, tx bun.Tx, row *recordRow, topic string, at time.Time) error {
	message := timerMessage(row, topic, at)
	exists, err := tx.NewSelect().Model((*notificationRow)(nil)).Where("dedup = ?", message.Dedup).Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for message: %w", err)
	}
	if exists {
		return nil
	}
	if err := s.Notify(ctx, tx, message); err != nil {
		return err
	}
	return s.timerEvent(ctx, tx, row, topic)
}

func (s *Store) timerEvent(ctx context.Context, tx bun.Tx, row *recordRow, topic string) error {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: topic, Record: row.ID, Role: record.Clock, At: now,
		Data: map[string]any{"standing": string(row.Standing), "filing": string(row.Filing)},
	})
}

// lapseSpace makes the ids of the clock's commands.
var lapseSpace = uuid.MustParse("6f3c1d52-4f0a-5e56-9d2e-0f2f3f6c7a10")

// Lapse ends a correction whose period is over by the database's clock. A
// command that was accepted in time is applied first and wins.
func (s *Store) Lapse(ctx context.Context, id record.ID) (Applied, error) {
	applied, err := s.Apply(ctx, id, nil)
	if err != nil || applied.State.Filing != record.Returned {
		return applied, err
	}
	err = s.inTx(ctx, "lapse", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", string(id)).Exec(ctx); err != nil {
			return fmt.Errorf("order commands: %w", err)
		}
		var row recordRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
			return missing(err, "read record")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := s.followRules(ctx, tx); err != nil {
			return err
		}
		if row.Filing != record.Returned || now.Before(row.plan(s.Policy()).LapseAt) {
			return nil
		}
		stage := fmt.Sprintf("%s/%d", id, row.Revision)
		command := commandRow{
			ID: record.ID(uuid.NewSHA1(lapseSpace, []byte(stage)).String()), Record: id, Subject: row.Subject, Kind: row.Kind,
			Move: record.Lapse, Role: record.Clock, Expected: row.Revision, AcceptedAt: now, Files: []string{}, Remarks: []record.Remark{},
		}
		known, err := tx.NewSelect().Model((*commandRow)(nil)).Where("id = ?", command.ID).Exists(ctx)
		if err != nil || known {
			return err
		}
		if err := tx.NewRaw("SELECT coalesce(max(seq), 0) + 1 FROM commands WHERE record = ?", id).Scan(ctx, &command.Seq); err != nil {
			return fmt.Errorf("number command: %w", err)
		}
		return command.insert(ctx, tx)
	})
	if err != nil {
		return Applied{}, err
	}
	return s.Apply(ctx, id, nil)
}
