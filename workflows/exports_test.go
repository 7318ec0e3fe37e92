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

// archiveInHand is an export in memory, under the contract of
// activities.ExportStore.
type archiveInHand struct {
	mu     sync.Mutex
	faults int   // attempts that fail before one succeeds
	final  error // of every attempt
	built  int
	failed int
}

func (a *archiveInHand) BuildExport(_ context.Context, _ record.ID, beat func()) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	beat()
	if a.final != nil {
		return a.final
	}
	if a.faults > 0 {
		a.faults--
		return errBroken
	}
	a.built++
	return nil
}

func (a *archiveInHand) FailExport(context.Context, record.ID) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed++
	return nil
}

func TestB25_AnExportIsBuiltOrGivenUpAfterHours(t *testing.T) {
	for name, c := range map[string]struct {
		store         *archiveInHand
		built, failed int
		within        time.Duration
	}{
		"at once":                        {&archiveInHand{}, 1, 0, time.Minute},
		"the object store was away":      {&archiveInHand{faults: 12}, 1, 0, time.Hour},
		"it never comes":                 {&archiveInHand{faults: 1 << 30}, 0, 1, 7 * time.Hour},
		"the subject's key is destroyed": {&archiveInHand{final: record.Errorf(record.NotFound, "没有找到")}, 0, 1, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestWorkflowEnvironment()
			env.SetStartTime(monday)
			env.SetWorkflowRunTimeout(24 * time.Hour)
			env.RegisterWorkflow(workflows.Export)
			env.RegisterActivity(&activities.Activities{Exports: c.store, Logger: quiet()})
			env.ExecuteWorkflow(workflows.Export, workflows.ExportInput{Export: storage.NewID()})
			require.True(t, env.IsWorkflowCompleted())
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, c.built, c.store.built)
			require.Equal(t, c.failed, c.store.failed)
			require.Less(t, env.Now().Sub(monday), c.within)
		})
	}
}

// TestRecordExportHistories does for Export what TestRecordHistories does for the
// others:
//
//	bin/stack run -- go test ./workflows -run TestRecordExportHistories -record
func TestRecordExportHistories(t *testing.T) {
	engine := workflowstest.Shared(t)
	for name, store := range map[string]*archiveInHand{
		"export": {faults: 2}, "export-failed": {final: record.Errorf(record.NotFound, "没有找到")},
	} {
		t.Run(name, func(t *testing.T) {
			w := worker.New(engine.Client, workflows.TaskQueue, worker.Options{Identity: "recorder"})
			w.RegisterWorkflow(workflows.Export)
			w.RegisterActivity(&activities.Activities{Exports: store, Logger: quiet()})
			p := &play{t: t, engine: engine}
			id := storage.NewID()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			started, err := engine.Door.StartExport(ctx, id)
			require.NoError(t, err)
			require.True(t, started)
			p.noteRun(workflows.ExportID(id))
			require.NoError(t, w.Start())
			t.Cleanup(w.Stop)
			require.NoError(t, engine.GetWorkflow(ctx, workflows.ExportID(id), "").Get(ctx, nil))
			require.Equal(t, store.final == nil, store.built == 1)
			require.Equal(t, store.final != nil, store.failed == 1)
			p.store(name+".json.gz", p.runs[0])
		})
	}
}
