package worker_test

import (
	"context"
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
	"unireg/storage/storagetest"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

const patience = time.Minute // for what comes within a second on an idle machine

var subjects atomic.Int64

// desk is a subject with a filled profile, on real servers.
type desk struct {
	*storage.Store
	t        testing.TB
	database *storagetest.Database
	engine   *workflowstest.Engine

	subject    record.Subject
	account    record.ID
	reviewer   record.ID
	supervisor record.ID
	profile    record.ID
	command    record.ID // of the registration
}

func newDesk(t testing.TB, engine *workflowstest.Engine) *desk {
	t.Helper()
	return newDeskOn(t, engine, storagetest.Shared(t))
}

func newDeskOn(t testing.TB, engine *workflowstest.Engine, database *storagetest.Database) *desk {
	t.Helper()
	n := int(subjects.Add(1))
	d := &desk{Store: database.Store(), t: t, database: database, engine: engine, command: storage.NewID()}
	registered, err := d.Register(t.Context(), storage.Registration{
		Command: d.command, Type: record.Organization, Code: sample.CreditCode(n),
		Name: fmt.Sprintf("示范建工第%d有限公司", n), Password: "hash",
	})
	require.NoError(t, err)
	d.subject, d.account = registered.Subject, registered.Account
	d.reviewer = d.staff(record.Reviewer, sample.ResidentID(930000+n))
	d.supervisor = d.staff(record.Supervisor, sample.ResidentID(940000+n))
	d.profile, err = d.StartDraft(t.Context(), d.account, d.subject, record.OrganizationProfile)
	require.NoError(t, err)
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	_, err = d.SaveDraft(t.Context(), d.subject.ID, d.profile, draft.Version, sample.Organization(d.subject.Code, d.subject.Name, d.file()))
	require.NoError(t, err)
	return d
}

func (d *desk) staff(role record.Role, number string) record.ID {
	d.t.Helper()
	id, err := d.AddStaff(d.t.Context(), record.Actor{}, storage.NewStaff{
		Login: "s" + string(storage.NewID()), Name: "周婧", Role: role, Identity: number, Password: "hash", Secret: "secret",
	})
	require.NoError(d.t, err)
	return id
}

// file stores the row of an attachment; its bytes are not the matter here.
func (d *desk) file() form.File {
	d.t.Helper()
	f := sample.File(string(storage.NewID()), "营业执照.pdf")
	_, err := d.database.App.NewRaw(`INSERT INTO files (id, subject, account, record, field, name, type, size, sha256, object, state)
		VALUES (?, ?, ?, ?, 'licence', ?, ?, ?, ?, ?, 'available')`,
		f.ID, d.subject.ID, d.account, storage.NewID(), f.Name, f.Type, f.Size, f.SHA256, f.ID).Exec(d.t.Context())
	require.NoError(d.t, err)
	return f
}

// serve runs a worker on the desk's store, as the product does, until the test ends.
func (d *desk) serve() { serve(d.t, d.engine, d.Store) }

func serve(t testing.TB, engine *workflowstest.Engine, store worker.Store) {
	t.Helper()
	t.Cleanup(serveUntil(t, engine, store, nil))
}

func serveWith(t testing.TB, engine *workflowstest.Engine, store worker.Store, files worker.FileKeeper) {
	t.Helper()
	t.Cleanup(serveUntil(t, engine, store, files))
}

// serveUntil runs a worker until it is told to stop.
func serveUntil(t testing.TB, engine *workflowstest.Engine, store worker.Store, files worker.FileKeeper) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- worker.Run(ctx, worker.Config{
			Temporal: engine.Client, Namespace: engine.Namespace, Store: store, Files: files,
			AbandonAfter: 90 * 24 * time.Hour, Logger: slog.New(slog.DiscardHandler),
		})
	}()
	return func() {
		cancel()
		require.NoError(t, <-done)
	}
}

func (d *desk) by(role record.Role) record.Actor {
	switch role {
	case record.Reviewer:
		return record.Actor{Role: role, ID: d.reviewer}
	case record.Confirmer, record.Supervisor:
		return record.Actor{Role: record.Supervisor, ID: d.supervisor}
	case record.Applicant, record.Clock:
	}
	return record.Actor{Role: record.Applicant, ID: d.account, Assurance: record.ByPassword}
}

// undoable lets decisions wait for that long, in which they can be undone.
func (d *desk) undoable(period time.Duration) {
	policy := storagetest.Policy()
	policy.UndoPeriod = period
	d.Store = storage.New(d.database.App, storagetest.Keys(), policy)
}

// accept accepts a command without ringing.
func (d *desk) accept(move record.Move, change ...func(*record.Command)) record.ID {
	d.t.Helper()
	t, _ := record.TransitionOf(move)
	c := record.Command{ID: storage.NewID(), Record: d.profile, Move: move, Actor: d.by(t.By), Reason: "测试"}
	if t.By == record.Applicant {
		c.Subject = d.subject.ID
	}
	if move == record.Submit {
		draft, err := d.Draft(d.t.Context(), d.subject.ID, d.profile)
		require.NoError(d.t, err)
		c.Draft = draft.Version
	}
	for _, set := range change {
		set(&c)
	}
	_, err := d.Accept(d.t.Context(), c)
	require.NoError(d.t, err)
	return c.ID
}

// ring rings until the engine answers.
func (d *desk) ring(command record.ID) workflows.Answer {
	d.t.Helper()
	answer, err := d.engine.Door.Ring(d.t.Context(), d.profile, command)
	require.NoError(d.t, err)
	return answer
}

// do accepts a command, rings for it, and expects it to be applied.
func (d *desk) do(move record.Move) record.ID {
	d.t.Helper()
	id := d.accept(move)
	require.True(d.t, d.ring(id).Applied)
	return id
}

func (d *desk) done(command record.ID) bool {
	status, err := d.CommandStatus(d.t.Context(), command)
	return err == nil && status.Done
}

func (d *desk) state() record.State {
	d.t.Helper()
	r, err := d.Record(d.t.Context(), d.subject.ID, d.profile)
	require.NoError(d.t, err)
	return r.State
}

// events counts the links of the record's history.
func (d *desk) events() int {
	d.t.Helper()
	events, err := d.Events(d.t.Context(), d.profile)
	require.NoError(d.t, err)
	return len(events)
}

// rests waits until the record has no running workflow.
func (d *desk) rests() {
	d.t.Helper()
	require.Eventually(d.t, func() bool { return !d.running() }, patience, 20*time.Millisecond)
}

func (d *desk) running() bool {
	description, err := d.engine.DescribeWorkflowExecution(d.t.Context(), workflows.LifecycleID(d.profile), "")
	return err == nil && description.GetWorkflowExecutionInfo().GetCloseTime() == nil
}
