package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
)

// RegistrationInput says whose registration it is.
type RegistrationInput struct {
	Subject record.ID `json:"subject"`
}

const day = 24 * time.Hour

// reminders are the ages at which a registration without a profile in force is
// reminded of it.
func reminders() []time.Duration { return []time.Duration{7 * day, 30 * day, 60 * day} }

// graceForFiling is how long an old registration waits for a filing that is
// under way, before it is looked at again.
const graceForFiling = 30 * day

// Registration goes with a subject from its registration to its first profile
// in force: it reminds while the profile is missing, closes the account of a
// registration that came to nothing, which frees the code, and ends with the
// signal that the profile is in force.
func Registration(ctx workflow.Context, in RegistrationInput) error {
	r := &registration{RegistrationInput: in, started: workflow.Now(ctx)}
	r.listen(ctx)
	return r.run(ctx)
}

type registration struct {
	RegistrationInput
	started time.Time
	reached workflow.ReceiveChannel
	state   activities.RegistrationState
}

func (r *registration) listen(ctx workflow.Context) {
	r.reached = workflow.GetSignalChannel(ctx, SignalProfileInForce)
}

func (r *registration) run(ctx workflow.Context) error {
	var registered activities.Registered
	if err := perform(ctx, &registered, effects.Register, r.Subject); err != nil {
		return err
	}
	for i, after := range reminders() {
		if after >= registered.CloseAfter {
			break
		}
		if err := r.awaitProfile(ctx, after, "remind"); err != nil || r.over() {
			return err
		}
		if err := r.remind(ctx, i+1); err != nil || r.over() {
			return err
		}
	}
	// Each round of this loop is a month: no run grows long by it.
	for after := registered.CloseAfter; ; after += graceForFiling {
		if err := r.awaitProfile(ctx, after, "close"); err != nil || r.over() {
			return err
		}
		if err := r.closeAbandoned(ctx); err != nil || r.over() {
			return err
		}
	}
}

// over reports whether nothing more is to come: the profile counts, or the
// account is closed.
func (r *registration) over() bool { return r.state.ProfileInForce || r.state.Closed }

// awaitProfile waits for the profile until the registration has that age.
func (r *registration) awaitProfile(ctx workflow.Context, age time.Duration, then string) error {
	timing, stop := workflow.WithCancel(ctx)
	defer stop()
	wait := r.started.Add(age).Sub(workflow.Now(ctx))
	timer := workflow.NewTimerWithOptions(timing, wait, workflow.TimerOptions{Summary: then})
	if err := workflow.Await(ctx, func() bool { return r.reached.Len() > 0 || timer.IsReady() }); err != nil {
		return err
	}
	if r.reached.ReceiveAsync(nil) {
		r.state.ProfileInForce = true
	}
	return nil
}

// remind leaves the nth reminder. The answer also tells of a profile whose
// signal never arrived.
func (r *registration) remind(ctx workflow.Context, n int) error {
	return workflow.ExecuteActivity(patiently(ctx), effects.RemindRegistration, r.Subject, n).Get(ctx, &r.state)
}

// closeAbandoned closes the account, unless something is under way.
func (r *registration) closeAbandoned(ctx workflow.Context) error {
	return workflow.ExecuteActivity(patiently(ctx), effects.CloseAbandoned, r.Subject).Get(ctx, &r.state)
}
