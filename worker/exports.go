package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"unireg/activities"
	"unireg/record"
	"unireg/workflows"
)

// ExportKeeper builds exports, and deletes what is over of them.
type ExportKeeper interface {
	activities.ExportStore
	SweepExports(ctx context.Context) (int, error)
}

// ExportLister lists exports that were asked for and are not built yet.
type ExportLister interface {
	OpenExports(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error)
}

// ExportBell is what Exports needs of the door to Temporal.
type ExportBell interface {
	StartExport(ctx context.Context, id record.ID) (started bool, err error)
}

// Exports sees to it that the Export of every export that is to be built is
// running, as Imports does for imports. It keeps nothing of its own.
type Exports struct {
	bell   ExportBell
	store  ExportLister
	logger *slog.Logger
	asked  map[record.ID]silence // those that were running, asked ever more rarely
	watch  observed
}

// NewExports returns what keeps the exports going.
func NewExports(bell ExportBell, store ExportLister, logger *slog.Logger) *Exports {
	return &Exports{bell: bell, store: store, logger: logger, asked: map[record.ID]silence{}}
}

// Run goes on until ctx ends.
func (e *Exports) Run(ctx context.Context) {
	rounds(ctx, e.logger, e.watch, LoopExports, func(ctx context.Context) (bool, error) { return false, e.Round(ctx) })
}

// Round asks once for what is to be built.
func (e *Exports) Round(ctx context.Context) error {
	open, err := e.store.OpenExports(ctx, ripe, batch)
	if err != nil {
		return fmt.Errorf("start exports: %w", err)
	}
	still := map[record.ID]silence{}
	now := time.Now()
	for _, id := range open {
		s := e.asked[id]
		if now.Before(s.until) {
			still[id] = s
			continue
		}
		started, err := e.start(ctx, id)
		if err != nil {
			return fmt.Errorf("start exports: %w", err)
		}
		if started {
			e.logger.WarnContext(ctx, "an export had no workflow", slog.String("export", string(id)))
		}
		still[id] = s.again(now)
	}
	e.asked = still // what ended is forgotten
	return nil
}

func (e *Exports) start(ctx context.Context, id record.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, perRing)
	defer cancel()
	return e.bell.StartExport(ctx, id)
}

var _ ExportBell = (*workflows.Client)(nil)
