package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// confirmed is an import of so many people that was confirmed, and that nobody
// has started.
func (d *desk) confirmed(first, rows int) record.ID {
	d.t.Helper()
	id := storage.NewID()
	n := storage.NewImport{ID: id, Subject: d.subject.ID, Account: d.account, Kind: record.Practitioner, File: "名册.xlsx"}
	for i := range rows {
		p := sample.Practitioner(sample.ResidentID(first+i), fmt.Sprintf("周予安%d", i), form.File{})
		p.Card, p.Employment, p.TitleProof, p.Registrations, p.Awards, p.Safety = nil, nil, nil, nil, nil, nil
		n.Rows = append(n.Rows, record.IntakeRow{Line: i + 3, Cells: map[string]string{"name": p.Name}, Document: p})
	}
	require.NoError(d.t, d.SaveImport(d.t.Context(), n))
	require.NoError(d.t, d.ConfirmImport(d.t.Context(), d.by(record.Applicant), d.subject.ID, id))
	return id
}

func (d *desk) ended(id record.ID) func() bool {
	return func() bool {
		i, err := d.Import(d.t.Context(), d.subject.ID, id)
		require.NoError(d.t, err)
		return i.State == storage.ImportEnded
	}
}

// deaf commits a few rows and dies, so often.
type deaf struct {
	*storage.Store
	deaths atomic.Int64
}

func (s *deaf) MakeDrafts(ctx context.Context, id record.ID, limit int) (bool, error) {
	if s.deaths.Add(-1) >= 0 {
		_, err := s.Store.MakeDrafts(ctx, id, 7)
		return false, errors.Join(errors.New("the worker died"), err)
	}
	return s.Store.MakeDrafts(ctx, id, limit)
}

func TestB16_AnImportWhoseStartWasLostIsMadeAndDeathsDoubleNothing(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	const rows = 130
	id := d.confirmed(30_000, rows) // Temporal was away: nobody starts it
	store := &deaf{Store: d.Store}
	store.deaths.Store(3)
	serve(t, d.engine, store)
	require.Eventually(t, d.ended(id), patience, 50*time.Millisecond)
	i, err := d.Import(t.Context(), d.subject.ID, id)
	require.NoError(t, err)
	require.Equal(t, rows, i.Made)
	drafts, err := d.Drafts(t.Context(), d.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Len(t, drafts, rows)
	require.Empty(t, verified(t, d))
}

func TestB16_AnImportThatAnOperatorEndedGoesOn(t *testing.T) {
	engine := workflowstest.Fresh(t)
	d := newDesk(t, engine)
	id := d.confirmed(31_000, 10)
	started, err := engine.Door.StartImport(t.Context(), id)
	require.NoError(t, err)
	require.True(t, started)
	require.NoError(t, engine.TerminateWorkflow(t.Context(), workflows.ImportID(id), "", "by hand"))
	d.serve()
	require.Eventually(t, d.ended(id), patience, 50*time.Millisecond)
}

// bells count how often an import is started.
type bells struct {
	asked int
	err   error
}

func (b *bells) StartImport(context.Context, record.ID) (bool, error) {
	b.asked++
	return b.err == nil, b.err
}

// imported lists one import.
type imported record.ID

func (i imported) OpenImports(context.Context, time.Duration, int) ([]record.ID, error) {
	return []record.ID{record.ID(i)}, nil
}

func TestB16_ARunningImportIsAskedForEverMoreRarely(t *testing.T) {
	bell := &bells{}
	imports := worker.NewImports(bell, imported(storage.NewID()), slog.New(slog.DiscardHandler))
	for range 5 {
		require.NoError(t, imports.Round(t.Context()))
	}
	require.Equal(t, 1, bell.asked)
	bell = &bells{err: workflows.ErrUnavailable}
	imports = worker.NewImports(bell, imported(storage.NewID()), slog.New(slog.DiscardHandler))
	for range 3 {
		require.ErrorIs(t, imports.Round(t.Context()), workflows.ErrUnavailable)
	}
	require.Equal(t, 3, bell.asked, "as long as Temporal is away")
}
