package worker

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
)

// CommandLister lists accepted commands that are due and have no outcome.
type CommandLister interface {
	OpenCommands(ctx context.Context, olderThan time.Duration, limit int) ([]storage.OpenCommand, error)
}

// Bell is what the relay needs of the door to Temporal.
type Bell interface {
	Ring(ctx context.Context, id, command record.ID) (workflows.Answer, error)
	Attend(ctx context.Context, id record.ID) (started bool, err error)
	RingRegistration(ctx context.Context, subject record.ID) error
	Called(ctx context.Context, id record.ID) error
}

const (
	// ripe is how old an open command is before the relay takes it: whoever
	// accepted it is given the time to ring.
	ripe = 2 * time.Second
	// round is the relay's pace; longestRest its pace while Temporal is away.
	// What waits is drained within a minute of its return.
	round       = time.Second
	longestRest = 15 * time.Second
	batch       = 100
	atOnce      = 8
	perRing     = 5 * time.Second
)

// Relay rings for open commands: for those whose accepter died between accept
// and ring, and for all that came while Temporal was away. It keeps nothing of
// its own, so that it may die at any time and two of them do no harm.
type Relay struct {
	bell   Bell
	store  CommandLister
	logger *slog.Logger
	// silent counts the rings in a row that left a command open. Such a command
	// is rung ever more rarely, so that it takes nobody else's place.
	silent map[record.ID]silence
	watch  observed
}

type silence struct {
	rings int
	until time.Time
}

// NewRelay returns a relay.
func NewRelay(bell Bell, store CommandLister, logger *slog.Logger) *Relay {
	return &Relay{bell: bell, store: store, logger: logger, silent: map[record.ID]silence{}}
}

// Run relays until ctx ends.
func (r *Relay) Run(ctx context.Context) { rounds(ctx, r.logger, r.watch, LoopRelay, r.Round) }

// Round rings once for what is open now and tells whether there is more. The
// error is that of the database, or of Temporal when no ring at all got through.
func (r *Relay) Round(ctx context.Context) (more bool, err error) {
	limit := batch + len(r.silent)
	open, err := r.store.OpenCommands(ctx, ripe, limit)
	if err != nil {
		return false, err
	}
	due := r.choose(open, time.Now())
	results := make([]error, len(due))
	var group sync.WaitGroup
	gate := make(chan struct{}, atOnce)
	for i, command := range due {
		group.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			results[i] = r.ring(ctx, command)
		})
	}
	group.Wait()
	if away(results) {
		return false, workflows.ErrUnavailable
	}
	r.judge(ctx, due, results)
	return len(open) == limit && len(due) > 0, nil
}

// choose leaves one command for each record, since one ring serves all of a
// record's commands, and leaves out those that are rung more rarely.
func (r *Relay) choose(open []storage.OpenCommand, now time.Time) []storage.OpenCommand {
	var due []storage.OpenCommand
	taken := map[record.ID]bool{}
	still := map[record.ID]silence{}
	for _, command := range open {
		s, known := r.silent[command.ID]
		if known {
			still[command.ID] = s
		}
		if taken[command.Record] || now.Before(s.until) {
			continue
		}
		taken[command.Record] = true
		due = append(due, command)
	}
	r.silent = still // what is no longer open is forgotten
	return due
}

// ring rings for one command. A ring that leaves it open (its answer may stem
// from an earlier run, since a command's id is the ring's) is followed by a plain
// start: a run that starts applies whatever is open.
func (r *Relay) ring(ctx context.Context, command storage.OpenCommand) error {
	ctx, cancel := context.WithTimeout(ctx, perRing)
	defer cancel()
	if command.Move == storage.MoveRegister {
		return r.bell.RingRegistration(ctx, command.Record)
	}
	if storage.CAMove(command.Move) {
		// Its outcome may be the CA company's to give: nobody waits for it here.
		return r.call(ctx, command)
	}
	answer, err := r.bell.Ring(ctx, command.Record, command.ID)
	if err == nil && answer.Done || errors.Is(err, workflows.ErrUnavailable) {
		return err
	}
	if _, startErr := r.bell.Attend(ctx, command.Record); startErr != nil {
		return startErr
	}
	if err == nil {
		err = errStillOpen
	}
	return err
}

// call wakes the workflow of a command on an application, ever more rarely while
// the command stays open.
func (r *Relay) call(ctx context.Context, command storage.OpenCommand) error {
	if err := r.bell.Called(ctx, command.Record); err != nil {
		return err
	}
	return errAwaited
}

// errAwaited says that a command waits for somebody else.
var errAwaited = errors.New("the command waits for the CA company")

var errStillOpen = errors.New("the command is still open")

// away reports whether no ring at all got through.
func away(results []error) bool {
	return len(results) > 0 && !slices.ContainsFunc(results, func(err error) bool {
		return !errors.Is(err, workflows.ErrUnavailable)
	})
}

// judge remembers the commands that stayed open.
func (r *Relay) judge(ctx context.Context, due []storage.OpenCommand, results []error) {
	for i, err := range results {
		if err == nil {
			continue
		}
		command := due[i]
		s := r.silent[command.ID].again(time.Now())
		r.silent[command.ID] = s
		if errors.Is(err, errAwaited) {
			continue
		}
		r.logger.WarnContext(ctx, "ring left a command open", slog.String("record", string(command.Record)),
			slog.String("command", string(command.ID)), slog.Int("rings", s.rings), slog.Any("error", err))
	}
}
