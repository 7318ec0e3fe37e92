package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
)

// ApplicationInput says which application a CAApplication is of. The rest is
// carried over by a run that continues as new.
type ApplicationInput struct {
	Application record.ID `json:"application"`
	// Failures counts the attempts in a row that came to nothing.
	Failures int `json:"failures,omitempty"`
}

// ApplicationAnswer is what a ring learns of its command.
type ApplicationAnswer struct {
	// Done is false for a command that the CA company has yet to answer.
	Done   bool                     `json:"done"`
	Status record.ApplicationStatus `json:"status"`
}

// CAApplication carries an application to the CA company and through its hands:
// it delivers, as often and as long as it takes; awaits what the company calls
// back, and asks where that is late; escalates its silence; and ends when the
// certificate is bound, or the application refused or withdrawn.
//
// A run that starts looks at the inbox first, so that a start whose signal or
// ring was lost still does its work, and a late word to a closed application is
// recorded.
func CAApplication(ctx workflow.Context, in ApplicationInput) error {
	a := &application{ApplicationInput: in, answers: map[record.ID]ApplicationAnswer{}}
	if err := a.listen(ctx); err != nil {
		return err
	}
	if err := a.run(ctx); err != nil {
		return a.end(ctx, err)
	}
	if a.state.Closed {
		return nil
	}
	return workflow.NewContinueAsNewError(ctx, CAApplication, a.ApplicationInput)
}

type application struct {
	ApplicationInput

	state     activities.Handoff // as the store's last answer has it
	callbacks workflow.ReceiveChannel
	asked     []record.ID // rings that nothing was done for
	served    []record.ID // rings for which something is being done
	answers   map[record.ID]ApplicationAnswer
	early     int   // escalations in a row that came before the database's time
	failed    error // what ends the run; its rings answer with it
}

const (
	// overdue is after how long a first attempt without an outcome is shown as
	// failed. Who rang gets an answer within it.
	overdue = 9 * time.Second
	// shortestPause and longestPause bound the time between attempts.
	shortestPause = 5 * time.Second
	longestPause  = 15 * time.Minute
)

// run is the procedure. It returns when the application is closed, or the run
// long enough and nobody waits for its answer.
func (a *application) run(ctx workflow.Context) error {
	if err := a.look(ctx); err != nil {
		return err
	}
	for {
		var err error
		switch {
		case a.state.Closed:
		case a.state.Withdrawing:
			err = a.withdraw(ctx)
		case !a.state.Delivered:
			err = a.deliver(ctx)
		default:
			err = a.awaitProgress(ctx)
		}
		if err != nil {
			return err
		}
		if !a.state.Closed && !a.long(ctx) {
			continue
		}
		if err := a.answerAll(ctx); err != nil {
			return err
		}
		if a.state.Closed || a.long(ctx) {
			return nil
		}
	}
}

// deliver makes an attempt to hand the application over and, where that came to
// nothing, waits for the next one.
func (a *application) deliver(ctx workflow.Context) error {
	if err := a.attempt(ctx, effects.HandOff); err != nil {
		return err
	}
	if a.state.Withdrawing {
		return nil // its ring waits for the withdrawal
	}
	a.answer()
	if a.state.Delivered {
		a.Failures = 0
		return nil
	}
	return a.pause(ctx)
}

// withdraw makes an attempt to have the application taken back, in the same way.
func (a *application) withdraw(ctx workflow.Context) error {
	if err := a.attempt(ctx, effects.WithdrawApplication); err != nil {
		return err
	}
	a.answer()
	if !a.state.Withdrawing || a.state.Closed {
		a.Failures = 0
		return nil
	}
	return a.pause(ctx)
}

// awaitProgress waits for what the CA company calls back, asks it where it is
// silent, and tells staff when it has been silent for too long. What it issues
// is bound with the callback that brings it.
func (a *application) awaitProgress(ctx workflow.Context) error {
	for a.state.Delivered && !a.state.Closed && !a.state.Withdrawing && !a.long(ctx) {
		due, err := a.await(ctx, a.polling(), a.escalation())
		if err != nil {
			return err
		}
		if err := due(ctx); err != nil {
			return err
		}
		if !a.state.Withdrawing {
			a.answer()
		}
	}
	return nil
}

// attempt makes one call of the CA company. A first one that takes too long is
// shown as failed meanwhile.
func (a *application) attempt(ctx workflow.Context, activity any) error {
	a.serve()
	call := workflow.ExecuteActivity(calling(ctx), activity, a.Application)
	if a.state.Status == record.ApplicationPending {
		timing, stop := workflow.WithCancel(ctx)
		timer := workflow.NewTimerWithOptions(timing, overdue, workflow.TimerOptions{Summary: "overdue"})
		err := workflow.Await(ctx, func() bool { return call.IsReady() || timer.IsReady() })
		stop()
		if err != nil {
			return err
		}
		if !call.IsReady() {
			if err := a.patiently(ctx, effects.MarkOverdue); err != nil {
				return err
			}
			a.answer()
		}
	}
	var state activities.Handoff
	if err := call.Get(ctx, &state); err != nil {
		return err
	}
	a.stand(ctx, state)
	return nil
}

// pause waits for the next attempt: longer after each one that came to nothing,
// not at all once somebody rings or what the inbox holds moves the application.
func (a *application) pause(ctx workflow.Context) error {
	a.Failures++
	wait := min(longestPause, shortestPause<<min(a.Failures-1, 10))
	at, over := workflow.Now(ctx).Add(wait), false
	attempt := alarm{name: "attempt", at: func() time.Time { return at }, act: func(workflow.Context) error {
		over = true
		return nil
	}}
	for {
		before := a.state
		due, err := a.await(ctx, attempt, a.escalation())
		if err != nil {
			return err
		}
		rung := len(a.asked) > 0
		if err := due(ctx); err != nil {
			return err
		}
		if over || rung || a.moved(before) || a.long(ctx) || !pauseGoesOn(ctx) {
			return nil
		}
	}
}

// moved reports whether the application stands elsewhere than before.
func (a *application) moved(before activities.Handoff) bool {
	return a.state.Status != before.Status || a.state.Closed != before.Closed ||
		a.state.Delivered != before.Delivered || a.state.Withdrawing != before.Withdrawing
}

// pauseGoesOn reports whether a signal that brings nothing new leaves a pause as
// long as it was. In runs that began without it every signal cuts a pause short.
func pauseGoesOn(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "pause-goes-on", workflow.DefaultVersion, 1) > workflow.DefaultVersion
}

// polling asks the CA company where the application stands.
func (a *application) polling() alarm {
	return alarm{name: "poll", at: func() time.Time { return a.state.PollAt }, act: func(ctx workflow.Context) error {
		var state activities.Handoff
		if err := workflow.ExecuteActivity(calling(ctx), effects.PollApplication, a.Application).Get(ctx, &state); err != nil {
			return err
		}
		a.stand(ctx, state)
		return nil
	}}
}

// escalation tells staff of the CA company's silence, if the database agrees
// that it is too long.
func (a *application) escalation() alarm {
	return alarm{name: "escalate", at: func() time.Time { return a.state.EscalateAt }, act: func(ctx workflow.Context) error {
		before := a.state.EscalateAt
		if err := a.patiently(ctx, effects.EscalateApplication); err != nil {
			return err
		}
		a.early++
		if !a.state.EscalateAt.Equal(before) {
			a.early = 0
		}
		return nil
	}}
}

// look applies what the inbox holds, and finds what subjects have asked for.
func (a *application) look(ctx workflow.Context) error {
	for a.callbacks.ReceiveAsync(nil) {
		// Any number of signals asks for one look.
	}
	a.serve()
	var state activities.Handoff
	if err := perform(ctx, &state, effects.ApplyCallbacks, a.Application); err != nil {
		return err
	}
	a.stand(ctx, state)
	return nil
}

// patiently runs an effect on the database and takes its answer over.
func (a *application) patiently(ctx workflow.Context, activity any) error {
	var state activities.Handoff
	if err := workflow.ExecuteActivity(patiently(ctx), activity, a.Application).Get(ctx, &state); err != nil {
		return err
	}
	a.stand(ctx, state)
	return nil
}

// await waits for a ring, a callback or the first of the alarms, and returns
// what is to be done then.
func (a *application) await(ctx workflow.Context, alarms ...alarm) (due func(workflow.Context) error, err error) {
	called := func() bool { return len(a.asked) > 0 || a.callbacks.Len() > 0 }
	next := earliest(alarms)
	if at := next.at(); !at.IsZero() && !called() {
		timing, stop := workflow.WithCancel(ctx)
		defer stop()
		timer := workflow.NewTimerWithOptions(timing, a.until(ctx, next), workflow.TimerOptions{Summary: next.name})
		err = workflow.Await(ctx, func() bool { return called() || timer.IsReady() })
	} else {
		err = workflow.Await(ctx, called)
	}
	if err != nil {
		return nil, err
	}
	if called() {
		return a.look, nil
	}
	return next.act, nil
}

// until is how long to wait for an alarm. Temporal's clock may run ahead of the
// database's: an escalation that came too early is set again, with pauses.
func (a *application) until(ctx workflow.Context, next alarm) time.Duration {
	pause := time.Duration(0)
	if a.early > 0 {
		pause = min(30*time.Second, time.Second<<min(a.early-1, 5))
	}
	return max(next.at().Sub(workflow.Now(ctx)), pause)
}

// long reports whether the run should continue as new.
func (a *application) long(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > longRun
}

// stand takes over where the application stands, and says in Temporal Web what
// is awaited.
func (a *application) stand(ctx workflow.Context, state activities.Handoff) {
	a.state = state
	details := "status: " + string(state.Status)
	instant := func(name string, at time.Time) {
		if !at.IsZero() {
			details += "\n\n" + name + ": " + at.UTC().Format(time.RFC3339)
		}
	}
	instant("poll at", state.PollAt)
	instant("escalate at", state.EscalateAt)
	workflow.SetCurrentDetails(ctx, details)
}

// listen registers the handlers. Nothing blocks before it.
func (a *application) listen(ctx workflow.Context) error {
	a.callbacks = workflow.GetSignalChannel(ctx, SignalCallback)
	return workflow.SetUpdateHandlerWithOptions(ctx, UpdateRing, a.ring, workflow.UpdateHandlerOptions{
		Description: "a command was accepted; waits for the CA company's first answer",
	})
}

// ring waits until an attempt that its command asked for has an outcome.
func (a *application) ring(ctx workflow.Context, command record.ID) (ApplicationAnswer, error) {
	delete(a.answers, command)
	a.asked = append(a.asked, command)
	answered := func() bool { _, ok := a.answers[command]; return ok }
	if err := workflow.Await(ctx, func() bool { return answered() || a.failed != nil }); err != nil {
		return ApplicationAnswer{}, err
	}
	if !answered() {
		return ApplicationAnswer{}, a.failed
	}
	return a.answers[command], nil
}

// serve takes the rings on for which the effect that begins is to answer. One
// that comes while it runs may ask for something that it did not see.
func (a *application) serve() {
	a.served = append(a.served, a.asked...)
	a.asked = nil
}

// answer answers the rings that were served.
func (a *application) answer() {
	for _, command := range a.served {
		a.answers[command] = ApplicationAnswer{Done: !slices.Contains(a.state.Open, command), Status: a.state.Status}
	}
	a.served = nil
}

// answerAll serves the rings and callbacks that have come, and those that come
// meanwhile, so that none is cut off by the end of the run.
func (a *application) answerAll(ctx workflow.Context) error {
	for {
		a.answer()
		called := func() bool { return len(a.asked) > 0 || a.callbacks.Len() > 0 }
		err := workflow.Await(ctx, func() bool { return called() || workflow.AllHandlersFinished(ctx) })
		if err != nil || !called() {
			return err
		}
		if err := a.look(ctx); err != nil {
			return err
		}
	}
}

// end closes a run that cannot go on, after its rings were told so.
func (a *application) end(ctx workflow.Context, err error) error {
	a.failed = err
	if temporal.IsCanceledError(err) {
		return err
	}
	if waited := workflow.Await(ctx, func() bool { return workflow.AllHandlersFinished(ctx) }); waited != nil {
		return waited
	}
	return err
}
