package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"unireg/record"
)

// ExportStore builds the archives in which subjects take along what is kept of
// them. Every method is idempotent.
type ExportStore interface {
	// BuildExport builds an export whose archive is not there yet. It may take long
	// and calls beat all the while; killed, it begins anew.
	BuildExport(ctx context.Context, id record.ID, beat func()) error
	// FailExport gives an export up and tells who asked for it.
	FailExport(ctx context.Context, id record.ID) error
}

var errNoExports = errors.New("this worker has no object store to build exports in")

// BuildExport builds an export. It tells Temporal that it is alive, so that one
// that died is noticed long before its time is over.
func (a *Activities) BuildExport(ctx context.Context, id record.ID) error {
	return a.perform(ctx, "build export", id, func() error {
		if a.Exports == nil {
			return errNoExports
		}
		return a.Exports.BuildExport(ctx, id, func() { activity.RecordHeartbeat(ctx) })
	})
}

// FailExport gives an export up that could not be built for hours.
func (a *Activities) FailExport(ctx context.Context, id record.ID) error {
	return a.perform(ctx, "fail export", id, func() error {
		if a.Exports == nil {
			return errNoExports
		}
		return a.Exports.FailExport(ctx, id)
	})
}
