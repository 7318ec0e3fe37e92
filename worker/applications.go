package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"unireg/record"
	"unireg/workflows"
)

// ApplicationLister lists what is to be done for applications to the CA company.
type ApplicationLister interface {
	// UndeliveredCallbacks lists the applications whose inbox holds what no
	// workflow has looked at.
	UndeliveredCallbacks(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error)
	// OpenApplications pages through the open ones, in the order of their ids.
	OpenApplications(ctx context.Context, after record.ID, limit int) ([]record.ID, error)
}

// ApplicationBell is what Applications needs of the door to Temporal.
type ApplicationBell interface {
	Called(ctx context.Context, id record.ID) error
	AttendApplication(ctx context.Context, id record.ID) (started bool, err error)
	RunningApplications(ctx context.Context) ([]record.ID, error)
}

// Applications keeps the applications to the CA company going: it calls for
// callbacks whose own signal was lost, and starts the CAApplication of an open
// application that has none. It keeps nothing of its own.
type Applications struct {
	bell   ApplicationBell
	store  ApplicationLister
	logger *slog.Logger
	called map[record.ID]silence // applications whose inbox stays as it is
	watch  observed
}

// NewApplications returns what keeps the applications going.
func NewApplications(bell ApplicationBell, store ApplicationLister, logger *slog.Logger) *Applications {
	return &Applications{bell: bell, store: store, logger: logger, called: map[record.ID]silence{}}
}

// Run goes on until ctx ends.
func (a *Applications) Run(ctx context.Context) {
	reconciled := time.Time{}
	rounds(ctx, a.logger, a.watch, LoopApplications, func(ctx context.Context) (bool, error) {
		err := a.Call(ctx)
		if err == nil && time.Since(reconciled) >= betweenReconciliations {
			_, err = a.Reconcile(ctx)
			reconciled = time.Now()
		}
		return false, err
	})
}

// Call calls for what lies in the inbox. An application for which that changes
// nothing is called for ever more rarely.
func (a *Applications) Call(ctx context.Context) error {
	waiting, err := a.store.UndeliveredCallbacks(ctx, ripe, batch)
	if err != nil {
		return fmt.Errorf("call for applications: %w", err)
	}
	still := map[record.ID]silence{}
	now := time.Now()
	for _, id := range waiting {
		s := a.called[id]
		if now.Before(s.until) {
			still[id] = s
			continue
		}
		ctx, cancel := context.WithTimeout(ctx, perRing)
		err = a.bell.Called(ctx, id)
		cancel()
		if err != nil {
			break
		}
		still[id] = s.again(now)
	}
	a.called = still // what was looked at is forgotten
	if err != nil {
		return fmt.Errorf("call for applications: %w", err)
	}
	return nil
}

// Reconcile starts the workflow of each open application that has none and
// tells how many had to be started. One too many ends by itself at its next
// look.
func (a *Applications) Reconcile(ctx context.Context) (started int, err error) {
	running, err := a.bell.RunningApplications(ctx)
	if err != nil {
		return 0, fmt.Errorf("reconcile applications: %w", err)
	}
	known := make(map[record.ID]bool, len(running))
	for _, id := range running {
		known[id] = true
	}
	for after := record.ID(""); ; {
		page, err := a.store.OpenApplications(ctx, after, batch)
		if err != nil {
			return started, fmt.Errorf("reconcile applications: %w", err)
		}
		for _, id := range page {
			after = id
			if known[id] {
				continue
			}
			fresh, err := a.bell.AttendApplication(ctx, id)
			if err != nil {
				return started, fmt.Errorf("reconcile applications: %w", err)
			}
			if fresh {
				started++
			}
		}
		if len(page) < batch {
			break
		}
	}
	if started > 0 {
		a.logger.WarnContext(ctx, "open applications had no workflow", slog.Int("started", started))
	}
	return started, nil
}

var _ ApplicationBell = (*workflows.Client)(nil)
