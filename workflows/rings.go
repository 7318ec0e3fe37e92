package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"unireg/record"
)

// listen registers the handlers. Nothing blocks before it: a ring that comes
// with the start finds its handler.
func (l *lifecycle) listen(ctx workflow.Context) error {
	l.replans = workflow.GetSignalChannel(ctx, SignalReplan)
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateRing, l.ring, workflow.UpdateHandlerOptions{
		Description: "a command was accepted; waits for its outcome",
	})
}

// ring asks for a command's outcome and waits for it. It does not apply by
// itself: the one loop of the run does, in order.
func (l *lifecycle) ring(ctx workflow.Context, command record.ID) (Answer, error) {
	// An earlier answer may be that the command is not due.
	delete(l.answers, command)
	l.asked = append(l.asked, command)
	answered := func() bool { _, ok := l.answers[command]; return ok }
	if err := workflow.Await(ctx, func() bool { return answered() || l.failed != nil }); err != nil {
		return Answer{}, err
	}
	if !answered() {
		return Answer{}, l.failed
	}
	return l.answers[command], nil
}

// answerAll serves every ring that has come, and those that come meanwhile, so
// that none is cut off by the end of the run.
func (l *lifecycle) answerAll(ctx workflow.Context) error {
	for {
		err := workflow.Await(ctx, func() bool { return len(l.asked) > 0 || workflow.AllHandlersFinished(ctx) })
		if err != nil || len(l.asked) == 0 {
			return err
		}
		if err := l.apply(ctx); err != nil {
			return err
		}
	}
}

// end closes a run that cannot go on, after its rings were told so. The
// commands stay open in the database: the relay rings again.
func (l *lifecycle) end(ctx workflow.Context, err error) error {
	l.failed = err
	if temporal.IsCanceledError(err) {
		return err
	}
	if waited := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); waited != nil {
		return waited
	}
	return err
}
