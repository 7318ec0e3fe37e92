package worker_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
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

// B03: a supervisor makes a working day a holiday; what is under way is due later,
// in the database and for its workflow.
func TestB03_AHolidayThatIsSetMovesWhatIsUnderWay(t *testing.T) {
	engine, database := workflowstest.Fresh(t), storagetest.Fresh(t)
	d := newDeskOn(t, engine, database)
	d.serve()
	d.do(record.Submit)
	r, err := d.Record(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	portal := database.Store() // another process
	next := portal.Policy().Calendar.AddWorkingDays(r.FiledAt, 1).Format(time.DateOnly)
	_, err = portal.ChangeRules(t.Context(), record.Actor{Role: record.Supervisor, ID: d.supervisor}, storage.RuleChanging{
		RuleChange: record.RuleChange{Day: &record.Day{Date: next, Name: "停业", Staff: true}}, Expected: 0,
	})
	require.NoError(t, err)
	report, err := worker.NewReconciler(engine.Door, d.Store, slog.New(slog.DiscardHandler)).Round(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Replanned)
	want := portal.Policy().Calendar.AddWorkingDays(r.FiledAt, 2)
	require.True(t, want.After(r.DueAt))
	require.Eventually(t, func() bool {
		moved, err := d.Record(t.Context(), d.subject.ID, d.profile)
		return err == nil && moved.DueAt.Equal(want)
	}, patience, 50*time.Millisecond)
	applied, err := d.Apply(t.Context(), d.profile, nil)
	require.NoError(t, err)
	require.True(t, applied.Plan.EscalateAt.Equal(want))
}
