package worker

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"unireg/access"
	"unireg/storage"
)

// LetterStore keeps what leaves the portal: letters, and links for who has
// forgotten a password.
type LetterStore interface {
	CarryNext(ctx context.Context, carriers map[storage.Channel]storage.Carrier) (*storage.Carried, error)
	AnswerReset(ctx context.Context, draw func() (token string, hash []byte, err error)) (bool, error)
}

// lettersAtOnce is how many letters a worker has carried at a time.
const lettersAtOnce = 2

// Outbox has the letters carried that are due. It needs no Temporal, and any
// number may run: storage gives each another letter. While a server is away the
// letters wait, and the rounds come more slowly.
type Outbox struct {
	store    LetterStore
	carriers map[storage.Channel]storage.Carrier
	logger   *slog.Logger
	watch    observed
}

// NewOutbox returns what has letters carried, a few at a time.
func NewOutbox(store LetterStore, carriers map[storage.Channel]storage.Carrier, logger *slog.Logger) *Outbox {
	return &Outbox{store: store, carriers: carriers, logger: logger}
}

// Run has letters carried until ctx ends, and where mail leaves this installation
// answers who has forgotten a password.
func (o *Outbox) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range lettersAtOnce {
		group.Go(func() { rounds(ctx, o.logger, o.watch, LoopOutbox, o.Round) })
	}
	if o.carriers[storage.ByEmail] != nil {
		group.Go(func() { rounds(ctx, o.logger, o.watch, LoopResets, o.Answer) })
	}
	group.Wait()
}

// Round has one letter carried and tells whether there may be more. What could
// not be carried is tried again later, and is an error of the round: most often
// it is the server that is away, and others would fare no better.
func (o *Outbox) Round(ctx context.Context) (more bool, err error) {
	done, err := o.store.CarryNext(ctx, o.carriers)
	if done != nil && ctx.Err() == nil {
		o.watch.carried(*done)
	}
	switch {
	case err != nil || done == nil:
		return false, err
	case done.Outcome == storage.LetterDeferred && done.Cause != nil:
		return false, fmt.Errorf("letter %s: %w", done.Letter, done.Cause)
	case done.Outcome == storage.LetterRefused:
		o.logger.WarnContext(ctx, "a letter is refused", slog.String("letter", string(done.Letter)),
			slog.String("channel", string(done.Channel)), slog.Any("error", done.Cause))
	}
	return true, nil
}

// Answer answers one request for a link and tells whether there may be more.
func (o *Outbox) Answer(ctx context.Context) (more bool, err error) {
	return o.store.AnswerReset(ctx, access.NewToken)
}
