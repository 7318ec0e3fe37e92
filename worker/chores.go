package worker

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
)

// Sweeper deletes rows that are over, tells of what will be, and keeps count of
// what was.
type Sweeper interface {
	SweepThrottles(ctx context.Context) error
	SweepLetters(ctx context.Context) (int, error)
	SweepChallenges(ctx context.Context) (int, error)
	SweepSessions(ctx context.Context, age time.Duration) (int, error)
	SweepOffers(ctx context.Context) (int, error)
	SweepExpiries(ctx context.Context) (int, error)
	SweepImports(ctx context.Context, age time.Duration) (int, error)
	KeepReviewDays(ctx context.Context) (int, error)
	SweepDisclosures(ctx context.Context) (int, error)
}

// FileKeeper looks after the attachments in database and object store.
type FileKeeper interface {
	Sweep(ctx context.Context, age time.Duration) (storage.FileSweep, error)
	AuditNext(ctx context.Context, after record.ID, limit int) (faults []storage.Disagreement, next record.ID, err error)
	ScanNext(ctx context.Context, scanner storage.Scanner) (*storage.Scan, error)
}

// Historian signs where the history stands, and proves it by what was signed.
type Historian interface {
	Take(ctx context.Context) (storage.TakenCheckpoint, error)
	Prove(ctx context.Context) ([]storage.Disagreement, error)
}

const (
	orphanAge  = 24 * time.Hour      // before an attachment that nothing refers to is deleted
	sessionAge = 30 * 24 * time.Hour // before an ended session is deleted
	importAge  = 30 * 24 * time.Hour // before the rows of an import that ended are deleted
	auditSize  = 200                 // attachments whose content is hashed in one audit
)

// housekeeping says how the chores are done.
func housekeeping(c Config) activities.Housekeeping {
	return activities.Housekeeping{
		activities.SweepThrottles: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			challenges, err := c.Store.SweepChallenges(ctx)
			letters, sweepErr := c.Store.SweepLetters(ctx)
			return activities.Swept{Done: challenges + letters}, errors.Join(err, sweepErr, c.Store.SweepThrottles(ctx))
		},
		activities.SweepSessions: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			n, err := c.Store.SweepSessions(ctx, sessionAge)
			if err != nil {
				return activities.Swept{Done: n}, err
			}
			offers, err := c.Store.SweepOffers(ctx)
			return activities.Swept{Done: n + offers}, err
		},
		activities.SweepExpiries: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			n, err := c.Store.SweepExpiries(ctx)
			return activities.Swept{Done: n}, err
		},
		activities.SweepImports: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			n, err := c.Store.SweepImports(ctx, importAge)
			return activities.Swept{Done: n}, err
		},
		activities.SweepExports: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			if c.Exports == nil {
				return activities.Swept{}, nil
			}
			n, err := c.Exports.SweepExports(ctx)
			return activities.Swept{Done: n}, err
		},
		activities.KeepReviewDays: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			n, err := c.Store.KeepReviewDays(ctx)
			return activities.Swept{Done: n}, err
		},
		activities.SweepDisclosed: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			n, err := c.Store.SweepDisclosures(ctx)
			return activities.Swept{Done: n}, err
		},
		activities.SweepFiles: func(ctx context.Context, _ record.ID) (activities.Swept, error) {
			swept, err := c.Files.Sweep(ctx, orphanAge)
			return activities.Swept{Done: swept.Orphans + swept.Finished + swept.Uploads}, err
		},
		activities.AuditFiles: func(ctx context.Context, after record.ID) (activities.Swept, error) {
			faults, next, err := c.Files.AuditNext(ctx, after, auditSize)
			for _, fault := range faults {
				c.Logger.ErrorContext(ctx, "attachment is not in order", slog.String("invariant", fault.Invariant),
					slog.String("file", fault.ID), slog.String("fault", fault.Fault))
			}
			return activities.Swept{Faults: len(faults), Next: next}, err
		},
		activities.TakeCheckpoint: func(ctx context.Context, _ record.ID) (activities.Swept, error) { return takeCheckpoint(ctx, c) },
		activities.ProveHistory:   func(ctx context.Context, _ record.ID) (activities.Swept, error) { return proveHistory(ctx, c) },
	}
}

// takeCheckpoint takes one and says so in the log, whose copies are out of reach
// of whoever could rewrite database and object store.
func takeCheckpoint(ctx context.Context, c Config) (activities.Swept, error) {
	if c.History == nil {
		return activities.Swept{}, nil
	}
	taken, err := c.History.Take(ctx)
	if taken.No > 0 {
		c.Logger.InfoContext(ctx, "checkpoint", slog.Int64("no", taken.No), slog.Int64("chains", taken.Size),
			slog.String("root", base64.StdEncoding.EncodeToString(taken.Root)), slog.String("key", taken.Key))
	}
	return activities.Swept{Done: int(taken.Size)}, err
}

// proveHistory says of each disagreement that the history is not what was signed.
func proveHistory(ctx context.Context, c Config) (activities.Swept, error) {
	if c.History == nil {
		return activities.Swept{}, nil
	}
	faults, err := c.History.Prove(ctx)
	for _, fault := range faults {
		c.Logger.ErrorContext(ctx, "the history is not what was signed", slog.String("invariant", fault.Invariant),
			slog.String("link", fault.ID), slog.String("fault", fault.Fault))
	}
	return activities.Swept{Faults: len(faults)}, err
}
