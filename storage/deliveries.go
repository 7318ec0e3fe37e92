package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

const (
	// subscriberHold is how long a worker holds a subscriber without a word. It is
	// far longer than one call may take.
	subscriberHold = 2 * time.Minute
	// firstPause and longestPause bound the time between attempts that fail.
	firstPause   = 5 * time.Second
	longestPause = 15 * time.Minute
	// patience is after how long without a success a subscriber is suspended.
	patience = 3 * 24 * time.Hour
)

// Held is a subscriber that a worker holds for a while: nobody else calls it.
type Held struct {
	Subscriber record.ID

	holder record.ID
}

// Outgoing is a message to be sent, and for what.
type Outgoing struct {
	record.Message

	delivery record.ID // that staff asked for; "" for the next of the feed
	change   int64     // number in the feed; 0 for a test
	name     record.ID // of the delivery that the first attempt begins
}

// HoldSubscriber takes a subscriber for which there is something to send, the one
// that has waited longest; nil for none. Any number of workers may ask at once. One
// that dies leaves its subscriber to the others after a while.
func (s *Store) HoldSubscriber(ctx context.Context) (*Held, error) {
	if err := s.number(ctx); err != nil {
		return nil, err
	}
	held := Held{holder: NewID()}
	var ids []record.ID
	err := s.db.NewRaw(`
		UPDATE subscribers SET held_by = ?0, held_until = clock_timestamp() + ?1 * interval '1 second'
		WHERE id = (
			SELECT s.id FROM subscribers s
			WHERE s.removed_at IS NULL AND (s.held_until IS NULL OR s.held_until < clock_timestamp())
			  AND (EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber = s.id AND d.asked_at IS NOT NULL)
			       OR s.state = 'active' AND s.next_at <= clock_timestamp() AND s.reached < (SELECT coalesce(max(no), 0) FROM changes))
			ORDER BY s.next_at, s.id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING id`, held.holder, subscriberHold.Seconds()).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("take a subscriber: %w", err)
	}
	if len(ids) == 0 {
		return nil, nil //nolint:nilnil // nothing waits, which is the ordinary case
	}
	held.Subscriber = ids[0]
	return &held, nil
}

// ReleaseSubscriber gives a subscriber back.
func (s *Store) ReleaseSubscriber(ctx context.Context, held *Held) error {
	_, err := s.db.NewRaw("UPDATE subscribers SET held_by = NULL, held_until = NULL WHERE id = ? AND held_by = ?", held.Subscriber, held.holder).
		Exec(ctx)
	if err != nil {
		return fmt.Errorf("give subscriber back: %w", err)
	}
	return nil
}

// NextMessage is what a held subscriber is to be sent: what staff asked for, else
// the next change of the feed that it wants; nil when there is nothing, or when it
// is no longer held or called.
func (s *Store) NextMessage(ctx context.Context, held *Held) (*Outgoing, error) {
	if err := s.number(ctx); err != nil {
		return nil, err
	}
	row, err := s.heldRow(ctx, s.db, held, "")
	if row == nil || err != nil {
		return nil, err
	}
	next, err := s.askedMessage(ctx, row)
	if next == nil && err == nil && row.State == SubscriberActive {
		next, err = s.feedMessage(ctx, row)
	}
	if next == nil || err != nil {
		return nil, err
	}
	next.URL = row.URL
	for _, sealed := range [][]byte{row.Secret, row.Former} {
		if len(sealed) == 0 {
			continue
		}
		secret, err := s.keys.unsealLoose(sealed, secretPurpose(row.ID))
		if err != nil {
			return nil, fmt.Errorf("open secret of subscriber: %w", err)
		}
		next.Secrets = append(next.Secrets, string(secret))
	}
	return next, nil
}

// heldRow reads a subscriber that is held still, nil when another worker has it or
// it was removed. The former secret is left out once its time is over.
func (s *Store) heldRow(ctx context.Context, db bun.IDB, held *Held, lock string) (*subscriberRow, error) {
	var rows []subscriberRow
	q := db.NewSelect().Model(&rows).ExcludeColumn("former").
		ColumnExpr("CASE WHEN former_until > clock_timestamp() THEN former END AS former").
		Where("id = ?", held.Subscriber).Where("held_by = ?", held.holder).Where("removed_at IS NULL")
	if lock != "" {
		q = q.For(lock)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, fmt.Errorf("read held subscriber: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // it was lost to another worker, or removed
	}
	return &rows[0], nil
}

// askedMessage is the test or the repetition that staff asked for first, nil for
// none. They are sent to a paused subscriber, too.
func (s *Store) askedMessage(ctx context.Context, row *subscriberRow) (*Outgoing, error) {
	var asked []struct {
		changeRow `bun:",extend"`

		Delivery record.ID `bun:"delivery"`
		Change   int64     `bun:"change"`
	}
	err := s.db.NewRaw(`
		SELECT d.id AS delivery, coalesce(d.change, 0) AS change, coalesce(n.id::text, '') AS id, coalesce(n.no, 0) AS no, coalesce(n.code, '') AS code,
		       coalesce(n.type, '') AS type, coalesce(n.kind, '') AS kind, n.record, coalesce(n.version, 0) AS version, coalesce(n.at, d.first_at) AS at
		FROM deliveries d LEFT JOIN changes n ON n.no = d.change
		WHERE d.subscriber = ? AND d.asked_at IS NOT NULL ORDER BY d.asked_at, d.id LIMIT 1`, row.ID).Scan(ctx, &asked)
	if err != nil {
		return nil, fmt.Errorf("read what staff asked to be sent: %w", err)
	}
	if len(asked) == 0 {
		return nil, nil //nolint:nilnil // nobody asked
	}
	a := &asked[0]
	change := a.change()
	if a.Change == 0 {
		change = record.Change{ID: a.Delivery, Type: record.ChangeTest, At: a.At.UTC()}
	}
	return &Outgoing{
		Message: record.Message{ID: messageID(change.ID, row.ID), Change: change}, delivery: a.Delivery, change: a.Change,
	}, nil
}

// feedMessage is the next change that the subscriber wants, nil for none: then it
// has reached the end of the feed.
func (s *Store) feedMessage(ctx context.Context, row *subscriberRow) (*Outgoing, error) {
	last, err := lastChange(ctx, s.db)
	if err != nil {
		return nil, err
	}
	var next []changeRow
	err = s.db.NewSelect().Model(&next).Where("no > ?", row.Reached).Where("no <= ?", last).Where("type IN (?)", bun.List(row.Types)).
		Order("no").Limit(1).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the next change of a subscriber: %w", err)
	}
	if len(next) == 0 {
		_, err := s.db.NewRaw("UPDATE subscribers SET reached = ? WHERE id = ? AND held_by = ? AND reached < ?", last, row.ID, row.HeldBy, last).Exec(ctx)
		if err != nil {
			return nil, fmt.Errorf("pass over changes: %w", err)
		}
		return nil, nil //nolint:nilnil // the end of the feed
	}
	change := next[0].change()
	return &Outgoing{
		Message: record.Message{ID: messageID(change.ID, row.ID), Change: change}, change: next[0].No, name: NewID(),
	}, nil
}

// messageID is the webhook-id of a change for a subscriber: the same however often
// it is sent.
func messageID(change, subscriber record.ID) string { return string(change) + "_" + string(subscriber) }

// NoteDelivery writes down what became of a message. Only then the subscriber is
// past it: a worker that died before leaves it to be sent again, under the same id.
// goOn tells that the subscriber may be sent the next one now; it is false after a
// failure, and when the subscriber is no longer held, of which nothing is written.
func (s *Store) NoteDelivery(ctx context.Context, held *Held, sent *Outgoing, attempt record.Attempt) (goOn bool, err error) {
	var row *subscriberRow
	var now time.Time
	err = s.inTx(ctx, "note delivery", func(ctx context.Context, tx bun.Tx) error {
		if row, err = s.heldRow(ctx, tx, held, "UPDATE"); row == nil || err != nil {
			return err
		}
		if now, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		if err := writeDelivery(ctx, tx, row.ID, sent, attempt, now); err != nil {
			return err
		}
		row.HeldUntil = now.Add(subscriberHold)
		switch {
		case attempt.Delivered():
			row.Failures, row.FailingSince, row.DeliveredAt, row.NextAt = 0, time.Time{}, now, now
			if sent.delivery == "" {
				row.Reached = sent.change
			}
		case sent.delivery == "":
			row.Failures++
			row.NextAt = now.Add(min(longestPause, firstPause<<min(row.Failures-1, 10)))
			if row.FailingSince.IsZero() {
				row.FailingSince = now
			}
		}
		_, err := tx.NewUpdate().Model(row).Column("held_until", "failures", "failing_since", "delivered_at", "next_at", "reached").WherePK().Exec(ctx)
		if err != nil {
			return fmt.Errorf("write state of subscriber: %w", err)
		}
		return nil
	})
	if err != nil || row == nil {
		return false, err
	}
	if attempt.Delivered() || sent.delivery != "" {
		return true, nil
	}
	if attempt.Failure == record.DeliveryGone || now.Sub(row.FailingSince) >= patience {
		return false, s.suspend(ctx, row.ID, attempt.Failure)
	}
	return false, nil
}

// writeDelivery writes an attempt into its delivery, which the first one begins.
func writeDelivery(ctx context.Context, tx bun.Tx, subscriber record.ID, sent *Outgoing, attempt record.Attempt, now time.Time) error {
	var delivered time.Time
	if attempt.Delivered() {
		delivered = now
	}
	var err error
	if sent.delivery == "" {
		row := &deliveryRow{
			ID: sent.name, Subscriber: subscriber, Change: sent.change, Attempts: 1, Status: attempt.Status, Failure: attempt.Failure,
			FirstAt: now, LastAt: now, DeliveredAt: delivered,
		}
		_, err = tx.NewInsert().Model(row).On("CONFLICT (subscriber, change) DO UPDATE").
			Set("attempts = d.attempts + 1").Set("status = EXCLUDED.status").Set("failure = EXCLUDED.failure").Set("last_at = EXCLUDED.last_at").
			Set("delivered_at = coalesce(d.delivered_at, EXCLUDED.delivered_at)").Exec(ctx)
	} else {
		_, err = tx.NewRaw(`
			UPDATE deliveries SET asked_at = NULL, attempts = attempts + 1, status = ?, failure = ?, last_at = ?, delivered_at = coalesce(delivered_at, ?)
			WHERE id = ?`, attempt.Status, attempt.Failure, now, bun.NullTime{Time: delivered}, sent.delivery).Exec(ctx)
	}
	if err != nil {
		return fmt.Errorf("write delivery: %w", err)
	}
	return nil
}

// suspend stops calling a subscriber that has failed for long, or wants no more.
// What it is not told waits until staff resume it.
func (s *Store) suspend(ctx context.Context, id record.ID, cause record.DeliveryFailure) error {
	return s.inTx(ctx, "suspend subscriber", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		result, err := tx.NewRaw("UPDATE subscribers SET state = 'suspended', cause = ? WHERE id = ? AND state = 'active' AND failures > 0", cause, id).
			Exec(ctx)
		if err != nil {
			return fmt.Errorf("suspend subscriber: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // paused, resumed or removed meanwhile
		}
		return s.appendEvent(ctx, tx, event{
			Chain: systemChain, Type: EventSubscriberSuspended, Role: record.Clock, At: now,
			Data: map[string]any{"subscriber": string(id), "cause": string(cause)},
		})
	})
}
