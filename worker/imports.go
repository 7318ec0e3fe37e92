package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"unireg/record"
	"unireg/workflows"
)

// ImportLister lists imports that were confirmed and have rows left.
type ImportLister interface {
	OpenImports(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error)
}

// ImportBell is what Imports needs of the door to Temporal.
type ImportBell interface {
	StartImport(ctx context.Context, id record.ID) (started bool, err error)
}

// Imports sees to it that the Import of every confirmed import is running: of one
// whose own start was lost, of all that were confirmed while Temporal was away,
// and of one that an operator ended. It keeps nothing of its own.
type Imports struct {
	bell   ImportBell
	store  ImportLister
	logger *slog.Logger
	asked  map[record.ID]silence // those that were running, asked ever more rarely
	watch  observed
}

// NewImports returns what keeps the imports going.
func NewImports(bell ImportBell, store ImportLister, logger *slog.Logger) *Imports {
	return &Imports{bell: bell, store: store, logger: logger, asked: map[record.ID]silence{}}
}

// Run goes on until ctx ends.
func (i *Imports) Run(ctx context.Context) {
	rounds(ctx, i.logger, i.watch, LoopImports, func(ctx context.Context) (bool, error) { return false, i.Round(ctx) })
}

// Round asks once for what is open.
func (i *Imports) Round(ctx context.Context) error {
	open, err := i.store.OpenImports(ctx, ripe, batch)
	if err != nil {
		return fmt.Errorf("start imports: %w", err)
	}
	still := map[record.ID]silence{}
	now := time.Now()
	for _, id := range open {
		s := i.asked[id]
		if now.Before(s.until) {
			still[id] = s
			continue
		}
		started, err := i.start(ctx, id)
		if err != nil {
			return fmt.Errorf("start imports: %w", err)
		}
		if started {
			i.logger.WarnContext(ctx, "a confirmed import had no workflow", slog.String("import", string(id)))
		}
		still[id] = s.again(now)
	}
	i.asked = still // what ended is forgotten
	return nil
}

func (i *Imports) start(ctx context.Context, id record.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, perRing)
	defer cancel()
	return i.bell.StartImport(ctx, id)
}

var _ ImportBell = (*workflows.Client)(nil)
