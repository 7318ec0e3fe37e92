package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ClaimPeriod is how long a claim holds without being renewed.
const ClaimPeriod = 30 * time.Minute

// Claim gives a review to a staff member for ClaimPeriod. It answers false when
// somebody else holds it, it was handed to somebody else, or it is closed; what
// the member may not work on at all gives a Forbidden error. Claiming again
// renews.
func (s *Store) Claim(ctx context.Context, staff, id record.ID) (bool, error) {
	claimed := false
	err := s.inTx(ctx, "claim review", func(ctx context.Context, tx bun.Tx) error {
		member, err := shareColleague(ctx, tx, staff)
		if err != nil {
			return err
		}
		row, now, err := lockTask(ctx, tx, id)
		if err != nil || !row.ClosedAt.IsZero() {
			return err
		}
		refusal, err := s.barred(ctx, tx, row, &member, now)
		switch {
		case err != nil, momentary(refusal):
			return err
		case refusal != "":
			return record.Errorf(record.Forbidden, refusal.Explain())
		}
		claimed = true
		return row.hold(ctx, tx, staff, now.Add(ClaimPeriod))
	})
	return claimed, err
}

// RenewClaim lengthens the claim of who works on a review. It answers false when
// the claim is theirs no longer.
func (s *Store) RenewClaim(ctx context.Context, staff, id record.ID) (bool, error) {
	return s.updateClaim(ctx, `
		UPDATE review_tasks SET claimed_until = greatest(claimed_until, clock_timestamp() + ?2 * interval '1 second')
		WHERE id = ?1 AND closed_at IS NULL AND claimed_by = ?0`, staff, id)
}

// ReleaseClaim gives a review back to the queue, and with it what was handed to
// the member.
func (s *Store) ReleaseClaim(ctx context.Context, staff, id record.ID) (bool, error) {
	return s.updateClaim(ctx, `
		UPDATE review_tasks SET claimed_by = NULL, claimed_until = NULL, assigned_to = NULL, assigned_by = NULL, assigned_until = NULL
		WHERE id = ?1 AND closed_at IS NULL AND decided_by IS NULL
		  AND (claimed_by = ?0 OR assigned_to = ?0 AND (claimed_by IS NULL OR claimed_until <= clock_timestamp()))`, staff, id)
}

func (s *Store) updateClaim(ctx context.Context, statement string, staff, id record.ID) (bool, error) {
	result, err := s.db.NewRaw(statement, staff, id, int(ClaimPeriod.Seconds())).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("claim review: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claim review: %w", err)
	}
	return n == 1, nil
}

// lockTask locks a review, open or closed, and tells the database's time.
func lockTask(ctx context.Context, tx bun.Tx, id record.ID) (*reviewRow, time.Time, error) {
	row := new(reviewRow)
	if err := tx.NewSelect().Model(row).Where("id = ?", id).For("UPDATE").Scan(ctx); err != nil {
		return nil, time.Time{}, missing(err, "lock review")
	}
	now, err := databaseTime(ctx, tx)
	return row, now, err
}

func (r *reviewRow) hold(ctx context.Context, tx bun.Tx, staff record.ID, until time.Time) error {
	if r.ClaimedBy != staff || until.After(r.ClaimedUntil) {
		r.ClaimedBy, r.ClaimedUntil = staff, until
	}
	_, err := tx.NewUpdate().Model(r).Column("claimed_by", "claimed_until", "decided_by", "decided_with", "decided_until").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("hold review: %w", err)
	}
	return nil
}

// takeDecision lets one decision on a review in and no second: it holds the
// review for who decides. While it can be undone it waits. Whoever comes too late,
// or may not decide, is told at once, by a Conflict error.
func (s *Store) takeDecision(ctx context.Context, tx bun.Tx, command *commandRow) error {
	member, err := shareColleague(ctx, tx, command.Actor)
	if err != nil {
		return err
	}
	task, err := openTask(ctx, tx, command.Record)
	if err != nil {
		return err
	}
	if task == nil {
		return record.Errorf(record.Conflict, record.RefusedState.Explain())
	}
	refusal, err := s.barred(ctx, tx, task, &member, command.AcceptedAt)
	switch {
	case err != nil:
		return err
	case refusal != "":
		return record.Errorf(record.Conflict, refusal.Explain())
	case task.DecidedBy != "":
		return record.Errorf(record.Conflict, "您对该件的决定正在生效，如需更改请先撤销。")
	}
	task.DecidedBy, task.DecidedWith, task.DecidedUntil = command.Actor, command.ID, command.AcceptedAt
	if s.Policy().UndoPeriod > 0 {
		command.NotBefore = command.AcceptedAt.Add(s.Policy().UndoPeriod)
		task.DecidedUntil = command.NotBefore
	}
	return task.hold(ctx, tx, command.Actor, command.AcceptedAt.Add(ClaimPeriod))
}

// dropDecision makes way for another decision after one that had no effect.
func dropDecision(ctx context.Context, tx bun.IDB, command record.ID) error {
	_, err := tx.NewRaw(`
		UPDATE review_tasks SET decided_by = NULL, decided_with = NULL, decided_until = NULL WHERE decided_with = ? AND closed_at IS NULL`,
		command).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop decision: %w", err)
	}
	return nil
}

// Decision is a staff member's decision on a review.
type Decision struct {
	Command record.ID
	Task    record.ID
	Move    record.Move
	Reason  string
	Remarks []record.Remark
}

// Undo takes back a decision that waits to take effect; the review stays with
// whoever decided. undone is false when it is too late. A decision that is not
// the member's is not found.
func (s *Store) Undo(ctx context.Context, staff, command record.ID) (decision Decision, undone bool, err error) {
	err = s.inTx(ctx, "undo decision", func(ctx context.Context, tx bun.Tx) error {
		decision, undone = Decision{}, false
		var row commandRow
		err := tx.NewSelect().Model(&row).Where("id = ?", command).Where("actor = ?", staff).Scan(ctx)
		if err != nil {
			return missing(err, "read decision")
		}
		if t, ok := record.TransitionOf(row.Move); !ok || !t.Decides() {
			return errNotFound
		}
		decision = Decision{Command: row.ID, Move: row.Move, Reason: row.Reason, Remarks: row.Remarks}
		err = tx.NewRaw("SELECT id FROM review_tasks WHERE record = ? AND opened_at <= ? ORDER BY opened_at DESC LIMIT 1",
			row.Record, row.AcceptedAt).Scan(ctx, &decision.Task)
		if err != nil {
			return missing(err, "find decided review")
		}
		result, err := tx.NewRaw(`
			UPDATE commands SET cancelled_at = clock_timestamp()
			WHERE id = ? AND done_at IS NULL AND cancelled_at IS NULL AND not_before > clock_timestamp()`, command).Exec(ctx)
		if err != nil {
			return fmt.Errorf("cancel decision: %w", err)
		}
		n, err := result.RowsAffected()
		if err != nil || n == 0 {
			return err
		}
		undone = true
		return dropDecision(ctx, tx, command)
	})
	return decision, undone, err
}
