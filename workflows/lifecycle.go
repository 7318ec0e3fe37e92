package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
)

// LifecycleInput says which record a Lifecycle is of. The rest is carried over
// by a run that continues as new.
type LifecycleInput struct {
	Record record.ID `json:"record"`
	// Reminded and Escalated are the instants of the plan that were served.
	Reminded  time.Time `json:"reminded,omitzero"`
	Escalated time.Time `json:"escalated,omitzero"`
}

// Answer is what a ring learns of its command.
type Answer struct {
	// Done is false for a command that waits for its not_before instant.
	Done    bool             `json:"done"`
	Applied bool             `json:"applied"`
	Refusal record.Refusal   `json:"refusal,omitempty"`
	State   activities.State `json:"state"`
}

// Lifecycle carries a record from a command to rest. It applies what was
// accepted, then waits for reviewers, for a correction, for the end of a period;
// a ring wakes it, and with nothing left to wait for it completes: a record at
// rest has no running workflow.
//
// A run that starts applies first, so that a start whose ring was lost still
// does its work. Whatever ends a wait, open commands come before what follows
// from it: a filing accepted in time never lapses because the engine was away.
func Lifecycle(ctx workflow.Context, in LifecycleInput) error {
	l := &lifecycle{LifecycleInput: in, answers: map[record.ID]Answer{}}
	if err := l.listen(ctx); err != nil {
		return err
	}
	if err := l.run(ctx); err != nil {
		return l.end(ctx, err)
	}
	if l.settled() {
		return nil
	}
	return workflow.NewContinueAsNewError(ctx, Lifecycle, l.LifecycleInput)
}

type lifecycle struct {
	LifecycleInput

	// As the last answer of the store has it.
	state   activities.State
	plan    activities.Plan
	nextDue time.Time

	asked   []record.ID          // rings that no Apply has been asked about
	answers map[record.ID]Answer // of this run's rings
	replans workflow.ReceiveChannel
	early   int   // alarms in a row that came before the database's time
	failed  error // what ends the run; its rings answer with it
}

// effects names the activities; a nil pointer serves for their names.
var effects *activities.Activities

// longRun is the number of events after which a run continues as new. What is
// under way then ends first: a run stays well below 1,000 events.
const longRun = 500

// run is the procedure. It returns when the record rests, or the run is long
// enough and nobody waits for its answer.
func (l *lifecycle) run(ctx workflow.Context) error {
	if err := l.apply(ctx); err != nil {
		return err
	}
	for {
		var err error
		switch l.state.Filing {
		case record.UnderReview:
			err = l.awaitReview(ctx)
		case record.SecondReview:
			err = l.awaitSecondReview(ctx)
		case record.Returned:
			err = l.awaitCorrection(ctx)
		case record.NothingFiled:
			err = l.awaitDueCommand(ctx)
		}
		if err != nil {
			return err
		}
		if !l.settled() && !l.long(ctx) {
			continue
		}
		if err := l.answerAll(ctx); err != nil {
			return err
		}
		if l.settled() || l.long(ctx) {
			return nil
		}
	}
}

// awaitReview waits for a reviewer's decision. Half of the review period later
// staff are reminded, at its end the review is escalated.
func (l *lifecycle) awaitReview(ctx workflow.Context) error {
	return l.await(ctx, record.UnderReview, l.reminder(), l.escalation())
}

// awaitSecondReview waits for the second of four eyes, under a period of its own.
func (l *lifecycle) awaitSecondReview(ctx workflow.Context) error {
	return l.await(ctx, record.SecondReview, l.reminder(), l.escalation())
}

// awaitCorrection waits for the subject to correct what was returned. Half of
// the correction period later the subject is reminded, at its end the filing
// lapses.
func (l *lifecycle) awaitCorrection(ctx workflow.Context) error {
	return l.await(ctx, record.Returned, l.reminder(), l.lapsing())
}

// awaitDueCommand waits, with nothing filed, for a command that is to take
// effect later, such as a decision that can be undone for a few seconds.
func (l *lifecycle) awaitDueCommand(ctx workflow.Context) error {
	return l.await(ctx, record.NothingFiled)
}

// settled reports whether the record rests: nothing is filed, no command is to
// come.
func (l *lifecycle) settled() bool {
	return l.state.Filing == record.NothingFiled && l.nextDue.IsZero()
}

// long reports whether the run should continue as new.
func (l *lifecycle) long(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return info.GetContinueAsNewSuggested() || info.GetCurrentHistoryLength() > longRun
}

// apply applies the record's open commands, answers the rings that ask for
// them, and takes over where the record stands.
func (l *lifecycle) apply(ctx workflow.Context) error {
	asked := l.asked
	l.asked = nil
	var applied activities.Applied
	if err := perform(ctx, &applied, effects.Apply, l.Record, asked); err != nil {
		return err
	}
	for _, id := range asked {
		l.answers[id] = Answer{State: applied.State}
	}
	for _, o := range applied.Outcomes {
		l.answers[o.Command] = Answer{Done: true, Applied: o.Applied, Refusal: o.Refusal, State: o.State}
	}
	return l.take(ctx, applied)
}

// take takes over where the store says that the record stands.
func (l *lifecycle) take(ctx workflow.Context, applied activities.Applied) error {
	came := applied.ProfileInForce && applied.State.Filing == record.NothingFiled && l.state.Standing != record.InForce
	l.stand(ctx, applied.State, applied.Plan)
	l.nextDue = applied.NextDue
	if came {
		return l.announce(ctx, applied.Subject)
	}
	return nil
}

// announce tells the subject's registration that the profile is in force. That
// it cannot be told is no failure: it may have ended long ago, and one that
// still waits finds out at its next step.
func (l *lifecycle) announce(ctx workflow.Context, subject record.ID) error {
	told := workflow.SignalExternalWorkflow(ctx, RegistrationID(subject), "", SignalProfileInForce, nil)
	if err := told.Get(ctx, nil); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// replan looks the plan up anew.
func (l *lifecycle) replan(ctx workflow.Context) error {
	for l.replans.ReceiveAsync(nil) {
		// Any number of signals asks for one look.
	}
	var planned activities.Planned
	if err := workflow.ExecuteActivity(patiently(ctx), effects.Plan, l.Record).Get(ctx, &planned); err != nil {
		return err
	}
	l.stand(ctx, planned.State, planned.Plan)
	return nil
}

// stand takes over state and plan. A record that the store does not know, or
// does not know yet, has nothing filed.
func (l *lifecycle) stand(ctx workflow.Context, state activities.State, plan activities.Plan) {
	if state.Filing == "" {
		state.Filing = record.NothingFiled
	}
	l.state, l.plan = state, plan
	l.describe(ctx)
}

// describe says in Temporal Web what is awaited.
func (l *lifecycle) describe(ctx workflow.Context) {
	details := "standing: " + string(l.state.Standing) + "\n\nfiling: " + string(l.state.Filing)
	instant := func(name string, at time.Time) {
		if !at.IsZero() {
			details += "\n\n" + name + ": " + at.UTC().Format(time.RFC3339)
		}
	}
	instant("remind at", l.plan.RemindAt)
	instant("escalate at", l.plan.EscalateAt)
	instant("lapse at", l.plan.LapseAt)
	workflow.SetCurrentDetails(ctx, details)
}
