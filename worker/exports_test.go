package worker_test

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/takeout"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// press is a packer whose workers die in the middle, so often: with a word, or
// without one, as by a cut of the power.
type press struct {
	*takeout.Packer
	deaths, silent atomic.Int64
	attempts       atomic.Int64
}

func newPress(t *testing.T, d *desk) *press {
	t.Helper()
	return &press{Packer: &takeout.Packer{Store: d.Store, Objects: storagetest.Bucket(t), Site: "测试", Log: slog.New(slog.DiscardHandler)}}
}

func (p *press) BuildExport(ctx context.Context, id record.ID, beat func()) error {
	p.attempts.Add(1)
	if p.silent.Add(-1) >= 0 {
		<-ctx.Done() // it hears nothing and says nothing until its time is over
		return ctx.Err()
	}
	if p.deaths.Add(-1) < 0 {
		return p.Packer.BuildExport(ctx, id, beat)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	beats := 0
	err := p.Packer.BuildExport(ctx, id, func() {
		beat()
		if beats++; beats == 12 {
			cancel()
		}
	})
	return errors.Join(errors.New("the worker died"), err)
}

// serveExports runs a worker that builds exports, until the test ends.
func serveExports(t *testing.T, engine *workflowstest.Engine, store worker.Store, exports worker.ExportKeeper) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- worker.Run(ctx, worker.Config{
			Temporal: engine.Client, Namespace: engine.Namespace, Store: store, Exports: exports,
			AbandonAfter: 90 * 24 * time.Hour, Logger: slog.New(slog.DiscardHandler),
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
}

func (d *desk) requestExport() record.ID {
	d.t.Helper()
	export, err := d.RequestExport(d.t.Context(), d.by(record.Applicant), d.subject.ID)
	require.NoError(d.t, err)
	return export.ID
}

func (d *desk) exportIs(state storage.ExportState) func() bool {
	return func() bool {
		all, err := d.Exports(d.t.Context(), d.subject.ID, d.account, 1)
		require.NoError(d.t, err)
		return all[0].State == state
	}
}

func TestB25_AnExportWhoseStartWasLostIsBuiltAndDeathsMakeOneArchive(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	press := newPress(t, d)
	press.deaths.Store(2)
	d.requestExport() // Temporal was away: nobody starts it
	serveExports(t, d.engine, d.Store, press)
	require.Eventually(t, d.exportIs(storage.ExportReady), patience, 50*time.Millisecond)
	require.EqualValues(t, 3, press.attempts.Load())
	_, err := press.SweepExports(t.Context())
	require.NoError(t, err)
	n := 0
	for _, err := range press.Objects.List(t.Context(), "") {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 1, n)
	require.Empty(t, verified(t, d))
}

// A worker that is killed cannot say so: that it falls silent is noticed long before
// its time is over.
func TestB25_AWorkerThatFallsSilentIsNotWaitedFor(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	press := newPress(t, d)
	press.silent.Store(1)
	id := d.requestExport()
	serveExports(t, d.engine, d.Store, press)
	_, err := d.engine.Door.StartExport(t.Context(), id)
	require.NoError(t, err)
	require.Eventually(t, d.exportIs(storage.ExportReady), 2*patience, 100*time.Millisecond)
	require.EqualValues(t, 2, press.attempts.Load())
}

func TestB25_AnExportThatAnOperatorEndedGoesOn(t *testing.T) {
	engine := workflowstest.Fresh(t)
	d := newDesk(t, engine)
	id := d.requestExport()
	started, err := engine.Door.StartExport(t.Context(), id)
	require.NoError(t, err)
	require.True(t, started)
	started, err = engine.Door.StartExport(t.Context(), id)
	require.NoError(t, err)
	require.False(t, started, "it is running")
	require.NoError(t, engine.TerminateWorkflow(t.Context(), workflows.ExportID(id), "", "by hand"))
	serveExports(t, engine, d.Store, newPress(t, d))
	require.Eventually(t, d.exportIs(storage.ExportReady), patience, 50*time.Millisecond)
}

// exported lists one export.
type exported record.ID

func (e exported) OpenExports(context.Context, time.Duration, int) ([]record.ID, error) {
	return []record.ID{record.ID(e)}, nil
}

// exportBells count how often an export is started.
type exportBells struct {
	asked int
	err   error
}

func (b *exportBells) StartExport(context.Context, record.ID) (bool, error) {
	b.asked++
	return b.err == nil, b.err
}

func TestB25_ARunningExportIsAskedForEverMoreRarely(t *testing.T) {
	bell := &exportBells{}
	exports := worker.NewExports(bell, exported(storage.NewID()), slog.New(slog.DiscardHandler))
	for range 5 {
		require.NoError(t, exports.Round(t.Context()))
	}
	require.Equal(t, 1, bell.asked)
	bell = &exportBells{err: workflows.ErrUnavailable}
	exports = worker.NewExports(bell, exported(storage.NewID()), slog.New(slog.DiscardHandler))
	for range 3 {
		require.ErrorIs(t, exports.Round(t.Context()), workflows.ErrUnavailable)
	}
	require.Equal(t, 3, bell.asked, "as long as Temporal is away")
}
