package workflows_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// sheetInHand is an import in memory, under the contract of
// activities.ImportStore.
type sheetInHand struct {
	mu     sync.Mutex
	left   int
	made   int
	calls  int
	faults map[int]int // by the number of the call: the rows that it makes before it fails
}

func (s *sheetInHand) MakeDrafts(_ context.Context, _ record.ID, limit int) (over bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if rows, fails := s.faults[s.calls]; fails {
		s.made, s.left = s.made+rows, s.left-rows
		return false, errBroken
	}
	n := min(limit, s.left)
	s.made, s.left = s.made+n, s.left-n
	return n < limit, nil
}

func TestB16_AnImportGoesOnUntilNoRowIsLeft(t *testing.T) {
	for name, c := range map[string]struct {
		rows, calls int
		faults      map[int]int
	}{
		"a few rows":                   {3, 1, nil},
		"no row":                       {0, 1, nil},
		"exactly one batch":            {activities.ImportBatch, 2, nil},
		"the largest sheet":            {5000, 51, nil},
		"PostgreSQL away, many times":  {150, 9, map[int]int{1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 7: 0, 8: 0}},
		"killed in the middle of each": {250, 4, map[int]int{1: 30, 3: 99}},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetStartTime(monday)
			store := &sheetInHand{left: c.rows, faults: c.faults}
			env.RegisterWorkflow(workflows.Import)
			env.RegisterActivity(&activities.Activities{Imports: store, Logger: quiet()})
			env.ExecuteWorkflow(workflows.Import, workflows.ImportInput{Import: storage.NewID()})
			require.True(t, env.IsWorkflowCompleted())
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, c.rows, store.made)
			require.Equal(t, c.calls, store.calls)
		})
	}
}

// TestRecordImportHistories does for Import what TestRecordHistories does for the
// others:
//
//	bin/stack run -- go test ./workflows -run TestRecordImportHistories -record
func TestRecordImportHistories(t *testing.T) {
	engine := workflowstest.Shared(t)
	store := &sheetInHand{left: 250, faults: map[int]int{2: 40}}
	w := worker.New(engine.Client, workflows.TaskQueue, worker.Options{Identity: "recorder"})
	w.RegisterWorkflow(workflows.Import)
	w.RegisterActivity(&activities.Activities{Imports: store, Logger: quiet()})
	p := &play{t: t, engine: engine}
	id := storage.NewID()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	started, err := engine.Door.StartImport(ctx, id)
	require.NoError(t, err)
	require.True(t, started)
	started, err = engine.Door.StartImport(ctx, id)
	require.NoError(t, err)
	require.False(t, started, "it is running")
	p.noteRun(workflows.ImportID(id))
	require.NoError(t, w.Start())
	t.Cleanup(w.Stop)
	require.NoError(t, engine.GetWorkflow(ctx, workflows.ImportID(id), "").Get(ctx, nil))
	require.Equal(t, 250, store.made)
	p.store("import.json.gz", p.runs[0])
}
