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
	return s.inTx(ctx, "note reveal", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, r.Subject.ID); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{
			Chain: r.Subject.ID, Type: EventRevealed, Record: r.Record.ID, Role: by.Role, Actor: by.ID, At: now,
			Data: map[string]any{"review": string(r.Task.ID), "version": r.Task.Version},
		})
	})
}
