package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"unireg/record"
	"unireg/storage"
)

// SubscriberStore keeps who is called on changes, and how far each is.
type SubscriberStore interface {
	HoldSubscriber(ctx context.Context) (*storage.Held, error)
	ReleaseSubscriber(ctx context.Context, held *storage.Held) error
	NextMessage(ctx context.Context, held *storage.Held) (*storage.Outgoing, error)
	NoteDelivery(ctx context.Context, held *storage.Held, sent *storage.Outgoing, attempt record.Attempt) (goOn bool, err error)
	SweepDeliveries(ctx context.Context, age time.Duration) (int, error)
}

// Messenger makes one attempt to send a message to a subscriber.
type Messenger interface {
	Deliver(ctx context.Context, message record.Message) (record.Attempt, error)
}

const (
	// deliveryPace is how often an idle worker looks for something to send.
	deliveryPace = time.Second
	// callsAtOnce is how many subscribers a worker calls at a time: one that hangs
	// keeps one of them for a call, and then waits for its next turn.
	callsAtOnce = 4
	// turn is after how many messages a subscriber makes room for others.
	turn = 100
	// noteTime is how long the outcome of a call may take to be written down after
	// the worker was asked to end.
	noteTime = 5 * time.Second
	// deliveryAge is for how long it is known what became of a message.
	deliveryAge = 30 * 24 * time.Hour
	sweepPace   = time.Hour
)

// Deliveries sends changes to their subscribers: each in the order of the feed, one
// at a time, until it takes it. It needs no Temporal, and any number may run: a
// subscriber is held by one at a time. It keeps nothing of its own, so that it may
// die at any time: what it had sent and not noted is sent again under its id.
type Deliveries struct {
	store     SubscriberStore
	messenger Messenger
	logger    *slog.Logger
	watch     observed
}

// NewDeliveries returns what calls subscribers, several at a time.
func NewDeliveries(store SubscriberStore, messenger Messenger, logger *slog.Logger) *Deliveries {
	return &Deliveries{store: store, messenger: messenger, logger: logger}
}

// Run calls subscribers until ctx ends.
func (d *Deliveries) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range callsAtOnce {
		group.Go(func() { d.follow(ctx) })
	}
	group.Go(func() { d.sweep(ctx) })
	group.Wait()
}

// follow serves one subscriber after another.
func (d *Deliveries) follow(ctx context.Context) {
	rest := deliveryPace
	for ctx.Err() == nil {
		began := time.Now()
		more, err := d.Round(ctx)
		if ctx.Err() == nil {
			d.watch.round(LoopDeliveries, began, err)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			rest = min(2*rest, longestRest)
			d.logger.WarnContext(ctx, "a subscriber was not served", slog.Any("error", err))
		case more:
			rest = deliveryPace
			continue
		default:
			rest = deliveryPace
		}
		pause(ctx, rest)
	}
}

// Round serves one subscriber as far as it goes, and tells whether there was one.
func (d *Deliveries) Round(ctx context.Context) (more bool, err error) {
	held, err := d.store.HoldSubscriber(ctx)
	if held == nil || err != nil {
		return false, err
	}
	defer func() {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
		defer cancel()
		err = errors.Join(err, d.store.ReleaseSubscriber(after, held))
	}()
	for range turn {
		goOn, err := d.send(ctx, held)
		if !goOn || err != nil {
			return true, err
		}
	}
	return true, nil
}

// send sends a held subscriber its next message, and tells whether there may be
// another one.
func (d *Deliveries) send(ctx context.Context, held *storage.Held) (goOn bool, err error) {
	next, err := d.store.NextMessage(ctx, held)
	if next == nil || err != nil {
		return false, err
	}
	attempt, err := d.messenger.Deliver(ctx, next.Message)
	if err != nil {
		return false, err
	}
	if !attempt.Delivered() {
		d.logger.WarnContext(ctx, "a subscriber did not take a message", slog.String("subscriber", string(held.Subscriber)),
			slog.String("change", string(next.Change.ID)), slog.String("failure", string(attempt.Failure)), slog.Int("status", attempt.Status))
	}
	// What was taken is written down although the worker is to end.
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTime)
	defer cancel()
	goOn, err = d.store.NoteDelivery(after, held, next, attempt)
	return goOn && ctx.Err() == nil, err
}

// sweep forgets what became of old messages.
func (d *Deliveries) sweep(ctx context.Context) {
	for ctx.Err() == nil {
		if _, err := d.store.SweepDeliveries(ctx, deliveryAge); err != nil && ctx.Err() == nil {
			d.logger.WarnContext(ctx, "old deliveries stay", slog.Any("error", err))
		}
		pause(ctx, sweepPace)
	}
}
