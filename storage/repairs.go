package storage

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/uptrace/bun"

	"unireg/record"
)

// EventRepaired is the type of the event that a repair leaves in the chain of the
// subject concerned, or in that of what has no subject. Its data name the
// invariant and the repair, and ids.
const EventRepaired = "repaired"

// repaired appends the event of a repair to the chain whose head is locked.
func (h *chainHead) repaired(ctx context.Context, tx bun.Tx, invariant, repair string, id record.ID, data map[string]any) error {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	e := event{Chain: h.Chain, Type: EventRepaired, Record: id, Role: record.Clock, At: now, Data: map[string]any{"invariant": invariant, "repair": repair}}
	maps.Copy(e.Data, data)
	return h.append(ctx, tx, e)
}

// ownerOf finds whose chain what happens to a record, draft, line or application
// belongs to.
const ownerOf = `id = coalesce(
	(SELECT subject FROM records WHERE id = ?0), (SELECT subject FROM drafts WHERE record = ?0), (SELECT subject FROM ca_applications WHERE id = ?0),
	(SELECT subject FROM commands WHERE record = ?0 LIMIT 1), (SELECT subject FROM listings WHERE record = ?0), '` + string(systemChain) + `')`

// repair runs a repair of a record under the lock of its subject's chain. work
// answers what it did, "" for nothing; then the event is written.
func (s *Store) repair(ctx context.Context, id record.ID, invariant string, work func(ctx context.Context, tx bun.Tx, head *chainHead) (string, error)) (string, error) {
	done := ""
	err := s.inTx(ctx, "repair "+invariant, func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, ownerOf, id)
		if err != nil {
			return err
		}
		if done, err = work(ctx, tx, head); err != nil || done == "" {
			return err
		}
		return head.repaired(ctx, tx, invariant, done, id, nil)
	})
	return done, err
}

// NoteRepair writes the event of a repair that was done outside of the database.
func (s *Store) NoteRepair(ctx context.Context, d Disagreement, done string) error {
	id := record.ID(d.ID)
	_, err := s.repair(ctx, id, d.Invariant, func(context.Context, bun.Tx, *chainHead) (string, error) { return done, nil })
	return err
}

func (s *Store) unlockDraft(ctx context.Context, id record.ID) (string, error) {
	return s.repair(ctx, id, "I1", func(ctx context.Context, tx bun.Tx, _ *chainHead) (string, error) {
		result, err := tx.NewRaw(`
			UPDATE drafts d SET locked_by = NULL WHERE d.record = ? AND d.locked_by IS NOT NULL
			  AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.id = d.locked_by AND c.done_at IS NULL)`, id).Exec(ctx)
		if err != nil {
			return "", fmt.Errorf("unlock draft: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return "", err
		}
		return "the draft is unlocked", nil
	})
}

func (s *Store) repairLine(ctx context.Context, id record.ID) (string, error) {
	return s.repair(ctx, id, "I13", func(ctx context.Context, tx bun.Tx, _ *chainHead) (string, error) {
		if err := orderLine(ctx, tx, id); err != nil {
			return "", err
		}
		// The line may stand where no change of it would move it.
		if _, err := tx.NewDelete().Model((*listingRow)(nil)).Where("record = ?", id).Exec(ctx); err != nil {
			return "", fmt.Errorf("drop line of list: %w", err)
		}
		return "the line of the list is written anew", s.relist(ctx, tx, id)
	})
}

func (s *Store) repairExpiries(ctx context.Context, id record.ID) (string, error) {
	return s.repair(ctx, id, "I15", func(ctx context.Context, tx bun.Tx, head *chainHead) (string, error) {
		current, err := s.lockRecord(ctx, tx, head, id)
		if err != nil {
			return "", err
		}
		rows, err := s.expiriesOf(ctx, tx, &current.recordRow)
		if err != nil {
			return "", err
		}
		return "what expires is written anew", writeExpiries(ctx, tx, id, rows)
	})
}

func (s *Store) repairDay(ctx context.Context, day string) (string, error) {
	const done = "the day is counted anew"
	err := s.inTx(ctx, "repair day of review", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, "id = ?", systemChain)
		if err != nil {
			return err
		}
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('review_days', 0))").Exec(ctx); err != nil {
			return fmt.Errorf("order days of review: %w", err)
		}
		if err := writeReviewDays(ctx, tx, []string{day}); err != nil {
			return err
		}
		return head.repaired(ctx, tx, "I15", done, "", map[string]any{"day": day})
	})
	return done, err
}

// repairChange writes a change into the feed from its event, named subject/number:
// it gets the next number, since those behind it were read already.
func (s *Store) repairChange(ctx context.Context, id string) (string, error) {
	subject, no, _ := strings.Cut(id, "/")
	done := ""
	err := s.inTx(ctx, "repair feed", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, "id = ?", subject)
		if err != nil {
			return err
		}
		result, err := tx.NewRaw(`
			INSERT INTO changes (subject, event, code, type, kind, record, version, at)
			SELECT subject, event, code, type, kind, record, version, at FROM change_events WHERE subject = ? AND event = ?::bigint
			ON CONFLICT (subject, event) DO NOTHING`, subject, no).Exec(ctx)
		if err != nil {
			return fmt.Errorf("write change: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		done = "the change is written into the feed"
		return head.repaired(ctx, tx, "I1", done, "", map[string]any{"event": no})
	})
	return done, err
}

// repairReview opens the review that a record under review lacks, as Apply would
// have opened it, or closes the one that a record has too many.
func (s *Store) repairReview(ctx context.Context, id record.ID) (string, error) {
	return s.repair(ctx, id, "I7", func(ctx context.Context, tx bun.Tx, head *chainHead) (string, error) {
		current, err := s.lockRecord(ctx, tx, head, id)
		if err != nil {
			return "", err
		}
		task, err := openTask(ctx, tx, id)
		if err != nil {
			return "", err
		}
		if current.state().InReview() == (task != nil) {
			return "", nil
		}
		var command commandRow
		err = tx.NewSelect().Model(&command).Where("record = ?", id).Where("applied").Where("filing = ?", current.Filing).
			Order("seq DESC").Limit(1).Scan(ctx)
		switch err := missing(err, "read the command that led here"); {
		case record.CodeOf(err) == record.NotFound:
			return "", nil // nothing tells what is to be reviewed
		case err != nil:
			return "", err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return "", err
		}
		if task != nil {
			return "the review is closed", task.close(ctx, tx, &command, now)
		}
		e, err := s.effectAnew(ctx, tx, current, &command)
		if err != nil {
			return "", err
		}
		e.now = now
		return "the review is opened", s.openReview(ctx, tx, current, &command, e)
	})
}

// effectAnew is what the command that led to a review knew of it: the review
// before, where this one goes on from it, and whether the filing had been returned.
func (s *Store) effectAnew(ctx context.Context, tx bun.Tx, current *filed, command *commandRow) (effect, error) {
	e := effect{next: current.state()}
	var last []reviewRow
	err := tx.NewSelect().Model(&last).Where("record = ?", current.ID).Where("closed_at IS NOT NULL").Order("closed_at DESC").Limit(1).Scan(ctx)
	if err != nil {
		return e, fmt.Errorf("read the review before: %w", err)
	}
	if len(last) > 0 {
		switch command.Move {
		case record.Approve, record.Reject:
			e.task = &last[0]
		case record.Submit:
			if last[0].Decision == record.Return {
				e.from.Filing = record.Returned
			}
		default:
		}
	}
	if current.Filing == record.SecondReview {
		second, err := s.needsSecond(ctx, tx, current)
		if err != nil {
			return e, err
		}
		e.sampled = !second && s.sampled(current.ID, current.Submitted)
	}
	return e, nil
}
