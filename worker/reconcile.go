package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"unireg/record"
)

// RecordLister pages through the records under way, in the order of their ids.
type RecordLister interface {
	UnderWay(ctx context.Context, after record.ID, limit int) ([]record.ID, error)
	// OutdatedPlans pages through those whose deadline is not what policy and
	// calendar give by now; last is where the next page begins, "" at the end.
	OutdatedPlans(ctx context.Context, after record.ID, limit int) (outdated []record.ID, last record.ID, err error)
}

// Registry is what the reconciler needs of the door to Temporal.
type Registry interface {
	Running(ctx context.Context) ([]record.ID, error)
	Attend(ctx context.Context, id record.ID) (started bool, err error)
	Replan(ctx context.Context, id record.ID) error
}

// Reconciler keeps database and workflows in step: a record under way has
// exactly one running Lifecycle, a resting one none. The database is right. A
// Lifecycle goes missing when an operator terminates it, or when Temporal's
// persistence comes back older than it was; one too many stays when the
// database does.
//
// It is a loop beside the relay and no Temporal schedule, because it mends what
// Temporal lost, and a schedule would be lost with it.
type Reconciler struct {
	registry Registry
	store    RecordLister
	logger   *slog.Logger
	watch    observed
}

// NewReconciler returns a reconciler.
func NewReconciler(registry Registry, store RecordLister, logger *slog.Logger) *Reconciler {
	return &Reconciler{registry: registry, store: store, logger: logger}
}

const betweenReconciliations = 20 * time.Second

// Run reconciles until ctx ends.
func (r *Reconciler) Run(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		report, err := r.Round(ctx)
		if ctx.Err() == nil {
			r.watch.round(LoopReconcile, began, err)
			r.watch.reconciled(report)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			r.logger.WarnContext(ctx, "reconciliation failed", slog.Any("error", err))
		case report.Started > 0:
			r.logger.WarnContext(ctx, "records under way had no workflow", slog.Int("started", report.Started))
		case report.Replanned > 0:
			r.logger.InfoContext(ctx, "a rule changed deadlines", slog.Int("records", report.Replanned))
		}
		pause(ctx, betweenReconciliations)
	}
}

// Reconciliation counts what one round found.
type Reconciliation struct {
	UnderWay int
	Started  int // records under way that had no workflow
	Roused   int // workflows of records that are not known to be under way
	// Replanned are records whose deadlines a changed rule or calendar moves.
	Replanned int
}

// Round compares once and mends. Temporal's index follows the truth by a
// moment: what seems missing is started only if it is, and what seems left over
// is told to look at its record, which does a healthy one no harm.
func (r *Reconciler) Round(ctx context.Context) (Reconciliation, error) {
	var report Reconciliation
	running, err := r.registry.Running(ctx)
	if err != nil {
		return report, fmt.Errorf("reconcile: %w", err)
	}
	left := make(map[record.ID]bool, len(running))
	for _, id := range running {
		left[id] = true
	}
	for after := record.ID(""); ; {
		page, err := r.store.UnderWay(ctx, after, batch)
		if err != nil {
			return report, fmt.Errorf("reconcile: %w", err)
		}
		for _, id := range page {
			report.UnderWay++
			after = id
			if left[id] {
				delete(left, id)
				continue
			}
			started, err := r.registry.Attend(ctx, id)
			if err != nil {
				return report, fmt.Errorf("reconcile: %w", err)
			}
			if started {
				report.Started++
			}
		}
		if len(page) < batch {
			break
		}
	}
	for id := range left {
		if err := r.registry.Replan(ctx, id); err != nil {
			return report, fmt.Errorf("reconcile: %w", err)
		}
		report.Roused++
	}
	return report, r.replan(ctx, &report)
}

// replan tells the workflows of records whose deadlines have moved.
func (r *Reconciler) replan(ctx context.Context, report *Reconciliation) error {
	for after := record.ID(""); ; {
		outdated, last, err := r.store.OutdatedPlans(ctx, after, batch)
		if err != nil {
			return fmt.Errorf("reconcile deadlines: %w", err)
		}
		for _, id := range outdated {
			if err := r.registry.Replan(ctx, id); err != nil {
				return fmt.Errorf("reconcile deadlines: %w", err)
			}
			report.Replanned++
		}
		if last == "" {
			return nil
		}
		after = last
	}
}
