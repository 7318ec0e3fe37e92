package storage

import (
	"context"

	"github.com/uptrace/bun"

	"unireg/record"
)

// EventPrinted is the type of the event that printing 数字证书申请表 leaves: the
// paper shows numbers in full.
const EventPrinted = "application_printed"

// NotePaper writes into the subject's chain that the paper of one of its
// applications is about to be printed. Only after it may it be shown. Another
// subject's application is not found.
func (s *Store) NotePaper(ctx context.Context, by record.Actor, subject, application record.ID) error {
	return s.inTx(ctx, "note paper", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var found int
		err := tx.NewRaw("SELECT 1 FROM ca_applications WHERE id = ? AND subject = ?", application, subject).Scan(ctx, &found)
		if err != nil {
			return missing(err, "find application")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		// The event is about no record: the application's own time line tells its
		// course, not who looked at it.
		return s.appendEvent(ctx, tx, event{
			Chain: subject, Type: EventPrinted, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"application": string(application)},
		})
	})
}
