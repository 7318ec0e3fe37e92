package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
)

// alarm is an instant that a stage of the lifecycle waits for.
type alarm struct {
	name string // as Temporal Web shows the timer
	// at is the instant, by the database's clock; zero when none is to come.
	at func() time.Time
	// act does what is due. Open commands were applied just before.
	act func(workflow.Context) error
}

// reminder reminds whoever is awaited, once for each instant of a plan.
func (l *lifecycle) reminder() alarm {
	return alarm{
		name: "remind",
		at: func() time.Time {
			if l.plan.RemindAt.Equal(l.Reminded) {
				return time.Time{}
			}
			return l.plan.RemindAt
		},
		act: func(ctx workflow.Context) error {
			at := l.plan.RemindAt
			if err := workflow.ExecuteActivity(patiently(ctx), effects.Remind, l.Record, at).Get(ctx, nil); err != nil {
				return err
			}
			l.Reminded = at
			return nil
		},
	}
}

// escalation marks a review as overdue, once for each instant of a plan.
func (l *lifecycle) escalation() alarm {
	return alarm{
		name: "escalate",
		at: func() time.Time {
			if l.plan.EscalateAt.Equal(l.Escalated) {
				return time.Time{}
			}
			return l.plan.EscalateAt
		},
		act: func(ctx workflow.Context) error {
			at := l.plan.EscalateAt
			if err := workflow.ExecuteActivity(patiently(ctx), effects.Escalate, l.Record, at).Get(ctx, nil); err != nil {
				return err
			}
			l.Escalated = at
			return nil
		},
	}
}

// lapsing ends the filing with the correction period, if the database agrees
// that it is over.
func (l *lifecycle) lapsing() alarm {
	return alarm{
		name: "lapse",
		at:   func() time.Time { return l.plan.LapseAt },
		act: func(ctx workflow.Context) error {
			var applied activities.Applied
			if err := workflow.ExecuteActivity(patiently(ctx), effects.Lapse, l.Record).Get(ctx, &applied); err != nil {
				return err
			}
			return l.take(ctx, applied)
		},
	}
}

// dueCommand is the instant at which the next open command may take effect.
func (l *lifecycle) dueCommand() alarm {
	return alarm{
		name: "due command",
		at:   func() time.Time { return l.nextDue },
		act:  func(workflow.Context) error { return nil }, // Apply was all
	}
}

// await stays in a stage of the lifecycle until the record has left it. It
// returns early when the run is long, or has nothing left to wait for.
func (l *lifecycle) await(ctx workflow.Context, stage record.Filing, alarms ...alarm) error {
	alarms = append(alarms, l.dueCommand())
	for l.state.Filing == stage && !l.settled() && !l.long(ctx) {
		next := earliest(alarms)
		at := next.at()
		came, err := l.sleep(ctx, next)
		if err != nil {
			return err
		}
		if l.replans.Len() > 0 {
			if err := l.replan(ctx); err != nil {
				return err
			}
		}
		if !came && len(l.asked) == 0 {
			continue
		}
		if err := l.apply(ctx); err != nil {
			return err
		}
		if !came {
			continue
		}
		if l.state.Filing == stage && next.at().Equal(at) {
			if err := next.act(ctx); err != nil {
				return err
			}
		}
		if next.at().Equal(at) {
			l.early++
		} else {
			l.early = 0
		}
	}
	return nil
}

// earliest returns the alarm that comes first; one that never comes when there
// is none.
func earliest(alarms []alarm) alarm {
	first := alarms[0]
	for _, a := range alarms[1:] {
		if at := a.at(); !at.IsZero() && (first.at().IsZero() || at.Before(first.at())) {
			first = a
		}
	}
	return first
}

// sleep waits for a ring, a replan or the alarm, and tells whether the alarm came.
func (l *lifecycle) sleep(ctx workflow.Context, a alarm) (came bool, err error) {
	called := func() bool { return len(l.asked) > 0 || l.replans.Len() > 0 }
	at := a.at()
	if called() || at.IsZero() {
		return false, workflow.Await(ctx, called)
	}
	timing, stop := workflow.WithCancel(ctx)
	defer stop()
	timer := workflow.NewTimerWithOptions(timing, l.until(ctx, at), workflow.TimerOptions{Summary: a.name})
	err = workflow.Await(ctx, func() bool { return called() || timer.IsReady() })
	return timer.IsReady(), err
}

// until is how long to wait for an instant of the database's clock. Temporal's
// clock may run ahead of it: an alarm that came too early is set again, with
// growing pauses.
func (l *lifecycle) until(ctx workflow.Context, at time.Time) time.Duration {
	const longest = 30 * time.Second
	pause := time.Duration(0)
	if l.early > 0 {
		pause = min(longest, time.Second<<min(l.early-1, 5))
	}
	return max(at.Sub(workflow.Now(ctx)), pause)
}
