package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// ApplyCallbacks takes what the inbox holds for an application, strictly in the
// order of the CA company's numbers: what comes too early is parked, what comes
// twice or too late has no effect but is recorded. What does not fit (no edge
// allows it, or what it issues cannot be bound) may be a lie, and keeps its
// number open: for a word that fits, or for the poll that finds it on the CA
// company's own list, which settles it. An issued certificate that trust
// verifies is bound in the same transaction. It may be called as often as
// anybody likes.
func (s *Store) ApplyCallbacks(ctx context.Context, id record.ID, trust *certificate.Trust) (HandoffState, error) {
	return s.withApplication(ctx, "apply callbacks", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		return s.applyInbox(ctx, tx, row, trust, now)
	})
}

// Polled writes the events that a question to the CA company found into the
// inbox and applies them.
func (s *Store) Polled(ctx context.Context, id record.ID, answer record.CAAnswer, trust *certificate.Trust) (HandoffState, error) {
	return s.withApplication(ctx, "take poll", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		switch {
		case answer.Failure != "" || !row.ClosedAt.IsZero():
			return nil // the callbacks, or the next question, will tell
		case answer.Unknown && row.Failure != failureUnknown:
			row.Failure = failureUnknown
			return s.escalate(ctx, tx, row, eventCAUnknown, "", now)
		case answer.Unknown:
			return nil
		}
		if row.Failure == failureUnknown {
			row.Failure = ""
		}
		return s.takePolled(ctx, tx, row, answer.Events, trust, now)
	})
}

// takePolled writes events into the inbox, as far as they are new and of this
// application, and applies it.
func (s *Store) takePolled(ctx context.Context, tx bun.Tx, row *applicationRow, events [][]byte, trust *certificate.Trust, now time.Time) error {
	for _, body := range events {
		e, err := record.ParseCAEvent(body)
		if err != nil || e.Reference != row.ID {
			continue // not what was agreed: the state names events of this application only
		}
		inbox, err := s.inboxRow(ctx, tx, e, body, fromPoll)
		if err != nil {
			return err
		}
		fresh, err := inbox.insert(ctx, tx)
		if err == nil && !fresh {
			err = inbox.confirm(ctx, tx)
		}
		if err != nil {
			return err
		}
	}
	return s.applyInbox(ctx, tx, row, trust, now)
}

// confirm notes that what waits in the inbox stands on the CA company's own list.
func (r *callbackRow) confirm(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewRaw("UPDATE ca_callbacks SET source = ? WHERE id = ? AND sha256 = ? AND done_at IS NULL", fromPoll, r.ID, r.SHA256).Exec(ctx)
	if err != nil {
		return fmt.Errorf("confirm callback: %w", err)
	}
	return nil
}

func (s *Store) applyInbox(ctx context.Context, tx bun.Tx, row *applicationRow, trust *certificate.Trust, now time.Time) error {
	var open []callbackRow
	err := tx.NewSelect().Model(&open).Where("application = ?", row.ID).Where("done_at IS NULL").
		Order("sequence", "received_at", "id").For("UPDATE").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read callbacks: %w", err)
	}
	decided, err := lastDecided(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for i := range open {
		callback := &open[i]
		var outcome string
		switch {
		case callback.Sequence <= decided && callback.Outcome == callbackDoubted:
			outcome, err = callbackIllegal, s.refuseWord(ctx, tx, row, callback.Type.Status(), callback.Sequence, now)
		case callback.Sequence <= decided:
			outcome = callbackDuplicate
		case !row.ClosedAt.IsZero():
			outcome, err = callbackLate, s.lateWord(ctx, tx, row, callback, now)
		case callback.Sequence > decided+1:
			outcome = callbackParked
		default:
			outcome, err = s.applyCallback(ctx, tx, row, callback, trust, now)
			if outcome != callbackDoubted {
				decided = callback.Sequence
			}
		}
		if err != nil {
			return err
		}
		if err := callback.finish(ctx, tx, outcome, now); err != nil {
			return err
		}
	}
	return s.settleDoubts(ctx, tx, row, open, decided, now)
}

// settleDoubts refuses the words that were doubted before another one of their
// number took effect.
func (s *Store) settleDoubts(ctx context.Context, tx bun.Tx, row *applicationRow, looked []callbackRow, decided int, now time.Time) error {
	for i := range looked {
		callback := &looked[i]
		if callback.Outcome != callbackDoubted || callback.Sequence > decided {
			continue
		}
		if err := s.refuseWord(ctx, tx, row, callback.Type.Status(), callback.Sequence, now); err != nil {
			return err
		}
		if err := callback.finish(ctx, tx, callbackIllegal, now); err != nil {
			return err
		}
	}
	return nil
}

// lastDecided is the number up to which the CA company's events have an outcome.
func lastDecided(ctx context.Context, tx bun.Tx, id record.ID) (int, error) {
	var last int
	err := tx.NewRaw("SELECT coalesce(max(sequence), 0) FROM ca_callbacks WHERE application = ? AND outcome IN (?, ?)",
		id, callbackApplied, callbackIllegal).Scan(ctx, &last)
	if err != nil {
		return 0, fmt.Errorf("read last callback: %w", err)
	}
	return last, nil
}

func (s *Store) lateWord(ctx context.Context, tx bun.Tx, row *applicationRow, callback *callbackRow, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: eventCALate, Record: row.ID, Role: record.Clock, At: now,
		Data: map[string]any{"status": string(row.Status), "to": string(callback.Type.Status()), "sequence": callback.Sequence},
	})
}

// applyCallback decides the next event of an application.
func (s *Store) applyCallback(
	ctx context.Context, tx bun.Tx, row *applicationRow, callback *callbackRow, trust *certificate.Trust, now time.Time,
) (outcome string, err error) {
	body, err := s.unsealDocument(ctx, tx, row.Subject, record.ID(callback.ID), callbackPurpose, callback.Sealed)
	if err != nil {
		return "", err
	}
	e, err := record.ParseCAEvent(body)
	if err != nil {
		return "", fmt.Errorf("read callback %s: %w", callback.ID, err)
	}
	// Whoever speaks of an application has it, although the answer to its handing
	// over may be lost. What waits as a doubt has spoken before.
	if callback.Outcome != callbackDoubted {
		heard(row, now)
		if err := s.sent(ctx, tx, row, now); err != nil {
			return "", err
		}
	}
	to := e.Type.Status()
	if callback.Source != fromPoll {
		if fits, err := s.fits(ctx, tx, row, e, trust, now); err != nil || !fits {
			return callbackDoubted, err
		}
	}
	if !row.Status.Leads(to) {
		return callbackIllegal, s.refuseWord(ctx, tx, row, to, callback.Sequence, now)
	}
	row.LastSequence, row.Reason = callback.Sequence, e.Reason
	if e.OrderNo != "" && row.OrderNo == "" {
		row.OrderNo = e.OrderNo
	}
	if err := s.step(ctx, tx, row, step{to: to, at: now, sequence: callback.Sequence}); err != nil {
		return "", err
	}
	if to == record.ApplicationIssued && row.Business.Binds() {
		err = s.bindIssued(ctx, tx, row, e.Certificates, trust, now)
	}
	return callbackApplied, err
}

// fits reports whether an event can take effect where the application stands: an
// edge leads there, and certificates that come with it can be bound.
func (s *Store) fits(ctx context.Context, tx bun.Tx, row *applicationRow, e record.CAEvent, trust *certificate.Trust, now time.Time) (bool, error) {
	to := e.Type.Status()
	if !row.Status.Leads(to) {
		return false, nil
	}
	if to != record.ApplicationIssued || !row.Business.Binds() {
		return true, nil
	}
	owner, err := s.subjectByID(ctx, tx, row.Subject)
	if err != nil {
		return false, err
	}
	certificates, why := verifyIssued(e.Certificates, trust, now)
	others := slices.ContainsFunc(certificates, func(c issued) bool {
		return record.NormalizeCode(c.verified.Code) != record.NormalizeCode(owner.Code)
	})
	return why == "" && !others, nil
}

// oldestWaiting is when the callback came that waits longest, parked or doubted;
// zero for none.
func oldestWaiting(ctx context.Context, tx bun.Tx, id record.ID) (time.Time, error) {
	var oldest *time.Time
	err := tx.NewRaw("SELECT min(received_at) FROM ca_callbacks WHERE application = ? AND done_at IS NULL AND outcome IN (?, ?)",
		id, callbackParked, callbackDoubted).Scan(ctx, &oldest)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for waiting callbacks: %w", err)
	}
	if oldest == nil {
		return time.Time{}, nil
	}
	return *oldest, nil
}

// UndeliveredCallbacks lists the applications for which the inbox holds what no
// workflow has looked at, and that is older than that; oldest first.
func (s *Store) UndeliveredCallbacks(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error) {
	var ids []record.ID
	err := s.db.NewRaw(`
		SELECT application FROM ca_callbacks
		WHERE done_at IS NULL AND outcome = '' AND application IS NOT NULL
		  AND received_at < clock_timestamp() - ? * interval '1 microsecond'
		GROUP BY application ORDER BY min(received_at) LIMIT ?`, olderThan.Microseconds(), limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list undelivered callbacks: %w", err)
	}
	return ids, nil
}
