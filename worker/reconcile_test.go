package worker_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage/storagetest"
	"unireg/worker"
	"unireg/workflows/workflowstest"
)

func TestB03_AChangedRuleMovesTheDeadlinesOfWhatIsUnderWay(t *testing.T) {
	engine, database := workflowstest.Fresh(t), storagetest.Fresh(t)
	d := newDeskOn(t, engine, database)
	d.serve()
	d.do(record.Submit)
	due := func() time.Time {
		var at time.Time
		require.NoError(t, database.App.NewRaw("SELECT due_at FROM records WHERE id = ?", d.profile).Scan(t.Context(), &at))
		return at.UTC()
	}
	right := due()
	// As a rule of yesterday left it.
	_, err := database.App.NewRaw("UPDATE records SET due_at = due_at + interval '9 days' WHERE id = ?", d.profile).Exec(t.Context())
	require.NoError(t, err)
	reconciler := worker.NewReconciler(engine.Door, d.Store, slog.New(slog.DiscardHandler))
	report, err := reconciler.Round(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Replanned)
	require.Eventually(t, func() bool { return due().Equal(right) }, patience, 50*time.Millisecond)
	report, err = reconciler.Round(t.Context())
	require.NoError(t, err)
	require.Zero(t, report.Replanned)
}
