package storage

import (
	"context"

	"github.com/uptrace/bun"

	"unireg/record"
)

// EventRevealed is the type of the event that a look at unmasked contents
// leaves.
const EventRevealed = "revealed"

// Reveal writes into the subject's chain that a staff member is about to see
// the sensitive fields of a filing in full. Only after it may they be shown.
func (s *Store) Reveal(ctx context.Context, by record.Actor, r Review) error {
	return s.reveal(ctx, by, r.Record, map[string]any{"review": string(r.Task.ID), "version": r.Task.Version})
}

// RevealVersion is Reveal for a version that nobody reviews.
func (s *Store) RevealVersion(ctx context.Context, by record.Actor, r record.Record, no int) error {
	return s.reveal(ctx, by, r, map[string]any{"version": no})
}

func (s *Store) reveal(ctx context.Context, by record.Actor, r record.Record, data map[string]any) error {
	return s.inTx(ctx, "note reveal", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, r.Subject); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{Chain: r.Subject, Type: EventRevealed, Record: r.ID, Role: by.Role, Actor: by.ID, At: now, Data: data})
	})
}
