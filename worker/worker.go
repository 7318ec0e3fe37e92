// Package worker runs the workflows and activities, and what keeps them going:
// the relay, which rings for every command whose own ring came to nothing, and
// the reconciliation, which starts the Lifecycle of a record under way that has
// none. Beside them it calls the subscribers of changes. Any number of workers may run; each does all of this.
package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"

	"unireg/activities"
	"unireg/certificate"
	"unireg/storage"
	"unireg/workflows"
)

// Store is what the worker needs of storage, beside what its activities need.
type Store interface {
	activities.Store
	activities.ApplicationStore
	activities.ImportStore
	ApplicationLister
	CommandLister
	ExportLister
	ImportLister
	RecordLister
	Sweeper
	ListStore
	SubscriberStore
	LetterStore
}

// Config is what a worker works on.
type Config struct {
	// Temporal is a connection to the product's namespace; it may be lazy.
	Temporal  client.Client
	Namespace string
	Store     Store
	Files     FileKeeper
	// Exports builds what subjects take along; nil where there is no object store.
	Exports ExportKeeper
	// Scanner looks for viruses in attachments; nil where nothing is scanned.
	Scanner VirusScanner
	// Carriers take letters out of the outbox, by channel; a channel that has none
	// is not served.
	Carriers map[storage.Channel]storage.Carrier
	// AbandonAfter is the policy for registrations that come to nothing.
	AbandonAfter time.Duration
	// Company takes the applications for certificates; nil where there is none.
	Company activities.CACompany
	// Trust are the issuers whose lists of revoked certificates are fetched from
	// Lists every ListsEvery; nil for none.
	Trust      *certificate.Trust
	Lists      ListFetcher
	ListsEvery time.Duration
	// Messenger calls subscribers on changes; nil where nobody is called.
	Messenger Messenger
	// History takes checkpoints of the history and proves it by them; nil where no
	// key signs them.
	History Historian
	Logger  *slog.Logger
	// Watcher is told what the worker does; nil for nobody.
	Watcher Watcher
	// Drain is how long activities may go on after the end was asked for, before
	// they are cancelled; 0 means 10 seconds.
	Drain time.Duration
}

// restart is the pause before a worker that could not start, or was stopped by a
// fault, is started again.
const restart = 2 * time.Second

// Run serves until ctx ends. Then it polls no more and lets the activities in hand
// finish, for c.Drain at most.
// While Temporal is away it tries again: nothing but ctx ends it.
func Run(ctx context.Context, c Config) error {
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Drain == 0 {
		c.Drain = 10 * time.Second
	}
	door := workflows.NewClient(c.Temporal, c.Namespace)
	if c.Watcher != nil {
		door.Watch(c.Watcher)
	}
	var group sync.WaitGroup
	for _, loop := range loops(c, door) {
		group.Go(func() { loop(ctx) })
	}
	group.Go(func() {
		keep(ctx, c.Logger, "schedules", func() error { return workflows.EnsureSchedules(ctx, c.Temporal) })
	})
	serveForever(ctx, c)
	group.Wait()
	return nil
}

// loops are what a worker does beside its workflows, each until its context ends.
func loops(c Config, door *workflows.Client) []func(context.Context) {
	watch := observed{c.Watcher}
	relay := NewRelay(door, c.Store, c.Logger)
	reconciler := NewReconciler(door, c.Store, c.Logger)
	imports := NewImports(door, c.Store, c.Logger)
	applications := NewApplications(door, c.Store, c.Logger)
	exports := NewExports(door, c.Store, c.Logger)
	relay.watch, reconciler.watch, imports.watch, exports.watch, applications.watch = watch, watch, watch, watch, watch
	all := []func(context.Context){relay.Run, reconciler.Run, imports.Run, exports.Run, applications.Run}
	if c.Trust != nil {
		revocations := NewRevocations(c.Trust, c.Lists, c.Store, c.ListsEvery, c.Logger)
		revocations.watch = watch
		all = append(all, revocations.Run)
	}
	if c.Messenger != nil {
		deliveries := NewDeliveries(c.Store, c.Messenger, c.Logger)
		deliveries.watch = watch
		all = append(all, deliveries.Run)
	}
	if c.Scanner != nil {
		scans := NewScans(c.Files, c.Scanner, c.Logger)
		scans.watch = watch
		all = append(all, scans.Run)
	}
	if len(c.Carriers) > 0 {
		outbox := NewOutbox(c.Store, c.Carriers, c.Logger)
		outbox.watch = watch
		all = append(all, outbox.Run)
	}
	return all
}

func serveForever(ctx context.Context, c Config) {
	for ctx.Err() == nil {
		if err := serve(ctx, c); err != nil && ctx.Err() == nil {
			c.Logger.WarnContext(ctx, "worker stopped, starting again", slog.Any("error", err))
			pause(ctx, restart)
		}
	}
}

// serve runs one worker until ctx ends or the worker fails.
func serve(ctx context.Context, c Config) error {
	failed := make(chan error, 1)
	effects := &activities.Activities{
		Store: c.Store, AbandonAfter: c.AbandonAfter, Housekeeping: housekeeping(c), Logger: c.Logger,
		Applications: c.Store, Company: c.Company, Trust: c.Trust, Imports: c.Store,
	}
	if c.Exports != nil {
		effects.Exports = c.Exports
	}
	w := worker.New(c.Temporal, workflows.TaskQueue, options(failed, c.Drain))
	Register(w, effects)
	if err := w.Start(); err != nil {
		return fmt.Errorf("start worker: %w", err)
	}
	stops := []func(){w.Stop}
	defer func() { together(stops) }()
	calls := worker.New(c.Temporal, workflows.CAQueue, callOptions(failed, c.Drain))
	calls.RegisterActivity(effects)
	if err := calls.Start(); err != nil {
		return fmt.Errorf("start worker for calls: %w", err)
	}
	stops = append(stops, calls.Stop)
	c.Logger.InfoContext(ctx, "worker serves", slog.String("queue", workflows.TaskQueue))
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return fmt.Errorf("worker failed: %w", err)
	}
}

// together calls all at once: each may take its time.
func together(calls []func()) {
	var group sync.WaitGroup
	for _, call := range calls {
		group.Go(call)
	}
	group.Wait()
}

// Register registers everything that the product's queue may ask for.
func Register(r worker.Registry, effects *activities.Activities) {
	r.RegisterWorkflow(workflows.Lifecycle)
	r.RegisterWorkflow(workflows.Registration)
	r.RegisterWorkflow(workflows.Sweep)
	r.RegisterWorkflow(workflows.CAApplication)
	r.RegisterWorkflow(workflows.Import)
	r.RegisterWorkflow(workflows.Export)
	r.RegisterActivity(effects)
}

// options suit a worker that shares a small machine with a database: the work is
// waiting for PostgreSQL, so that a few tasks per core keep it busy.
func options(failed chan<- error, drain time.Duration) worker.Options {
	cores := runtime.GOMAXPROCS(0)
	return worker.Options{
		Identity:                                "worker-" + rand.Text()[:8], // says nothing about the host
		MaxConcurrentWorkflowTaskExecutionSize:  max(8, 8*cores),
		MaxConcurrentLocalActivityExecutionSize: max(8, 8*cores),
		MaxConcurrentActivityExecutionSize:      max(8, 8*cores),
		MaxConcurrentWorkflowTaskPollers:        max(2, 2*cores),
		MaxConcurrentActivityTaskPollers:        2,
		WorkerStopTimeout:                       drain,
		// A busy machine may hold a workflow up for more than the default second.
		DeadlockDetectionTimeout: 5 * time.Second,
		// A release that cannot replay a history, or panics, leaves the workflow
		// waiting for one that can: it must not fail a filing.
		WorkflowPanicPolicy: worker.BlockWorkflow,
		OnFatalError: func(err error) {
			select {
			case failed <- err:
			default:
			}
		},
	}
}

// callOptions suit the queue of calls of the CA company, which wait for somebody
// else's computers: many at a time, and none in anybody's way.
func callOptions(failed chan<- error, drain time.Duration) worker.Options {
	o := options(failed, drain)
	o.DisableWorkflowWorker = true
	o.MaxConcurrentActivityExecutionSize = 64
	return o
}

// Logger adapts a logger for the connection's options: what Temporal's SDK has
// to say is a warning at most of interest to the operator.
func Logger(l *slog.Logger) log.Logger { return log.NewStructuredLogger(l) }

// keep tries something until it succeeds or ctx ends.
func keep(ctx context.Context, logger *slog.Logger, what string, try func() error) {
	for wait := time.Second; ctx.Err() == nil; wait = min(2*wait, longestRest) {
		err := try()
		if err == nil || errors.Is(err, context.Canceled) {
			return
		}
		logger.WarnContext(ctx, "trying again", slog.String("operation", what), slog.Any("error", err))
		pause(ctx, wait)
	}
}

// pause waits, or returns when ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
