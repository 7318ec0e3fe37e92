package workflows_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"unireg/record"
	"unireg/storage"
)

// ledger is one record in memory, under the contract of activities.Store: the
// lifecycle table decides, a done command stays as it is, time is the clock's.
// Workflows are tested against it where the database is not the point.
type ledger struct {
	mu      sync.Mutex
	clock   func() time.Time
	policy  record.Policy
	subject record.ID
	second  bool // an approval goes to a second review
	// plan replaces the policy's plan, where working days are too long.
	plan func(record.Filing, time.Time) record.Plan

	state    record.State
	since    time.Time
	used     record.Used
	revision int
	entries  []*entry

	applies     int // transactions
	asked       []record.ID
	effects     []record.Move // in the order in which they were applied
	reminded    []notice
	escalated   []notice
	lapses      []time.Time // tries to lapse
	planned     int
	registered  int
	registerAt  []time.Time // reminders of the registration
	closedAt    time.Time
	profile     bool
	filing      bool // something of the subject is under way
	failBefore  map[string]int
	failAfter   map[string]int
	finalBefore map[string]error
}

type entry struct {
	id        record.ID
	move      record.Move
	role      record.Role
	expected  int
	notBefore time.Time
	cancelled bool
	outcome   *record.Outcome
}

type notice struct{ planned, came time.Time }

var errBroken = errors.New("connection of 张三 13800138000 was reset")

func newLedger(clock func() time.Time) *ledger {
	l := &ledger{
		clock: clock, subject: storage.NewID(),
		policy:     record.Policy{ReviewDays: 2, CorrectionDays: 5, Calendar: record.DefaultCalendar()},
		state:      record.State{Standing: record.NotInForce, Filing: record.NothingFiled},
		failBefore: map[string]int{}, failAfter: map[string]int{}, finalBefore: map[string]error{},
	}
	l.plan = func(f record.Filing, since time.Time) record.Plan {
		return l.policy.PlanFor(record.OrganizationProfile, f, since, l.used)
	}
	return l
}

// accept freezes a command.
func (l *ledger) accept(e entry) record.ID {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.id == "" {
		e.id = storage.NewID()
	}
	if e.role == "" {
		t, _ := record.TransitionOf(e.move)
		e.role = t.By
	}
	if e.expected == 0 {
		e.expected = -1
	}
	l.entries = append(l.entries, &e)
	return e.id
}

func (l *ledger) cancel(id record.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.id == id && e.outcome == nil {
			e.cancelled = true
		}
	}
}

func (l *ledger) outcome(id record.ID) *record.Outcome {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.entries {
		if e.id == id {
			return e.outcome
		}
	}
	return nil
}

// do runs an operation as a transaction, with the faults asked for.
func (l *ledger) do(operation string, work func()) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.finalBefore[operation]; err != nil {
		return err
	}
	if l.failBefore[operation] > 0 {
		l.failBefore[operation]--
		return errBroken
	}
	work()
	if l.failAfter[operation] > 0 {
		l.failAfter[operation]--
		return errBroken
	}
	return nil
}

func (l *ledger) Apply(_ context.Context, _ record.ID, asked []record.ID) (applied storage.Applied, err error) {
	err = l.do("apply", func() {
		l.applies++
		l.asked = append(l.asked, asked...)
		applied = l.apply(asked)
	})
	return applied, err
}

func (l *ledger) apply(asked []record.ID) storage.Applied {
	now := l.clock()
	applied := storage.Applied{Subject: l.subject}
	for _, e := range l.entries {
		switch {
		case e.outcome != nil:
		case !e.cancelled && e.notBefore.After(now):
			if applied.NextDue.IsZero() || e.notBefore.Before(applied.NextDue) {
				applied.NextDue = e.notBefore
			}
		default:
			l.decide(e, now)
		}
		for _, id := range asked {
			if id == e.id && e.outcome != nil {
				applied.Outcomes = append(applied.Outcomes, *e.outcome)
			}
		}
	}
	applied.State, applied.Plan = l.state, l.plan(l.state.Filing, l.since)
	applied.ProfileInForce = l.state.Standing == record.InForce
	return applied
}

func (l *ledger) decide(e *entry, now time.Time) {
	refuse := func(r record.Refusal) {
		e.outcome = &record.Outcome{Command: e.id, Refusal: r, State: l.state, At: now}
	}
	next, legal := record.Next(l.state, e.move, e.role, record.Facts{
		Kind: record.OrganizationProfile, NeedsReview: true, NeedsSecond: l.second,
	})
	switch {
	case e.cancelled:
		refuse(record.RefusedCancelled)
	case e.expected >= 0 && e.expected != l.revision:
		refuse(record.RefusedVersion)
	case !legal:
		refuse(record.RefusedState)
	default:
		l.move(e.move, next, now)
		e.outcome = &record.Outcome{Command: e.id, Applied: true, State: next, At: now}
	}
}

func (l *ledger) move(move record.Move, next record.State, now time.Time) {
	if l.state.AtRest() || next.AtRest() {
		l.used = record.Used{}
	} else {
		l.used = l.policy.Spend(l.used, l.state.Filing, l.since, now)
	}
	l.state, l.since = next, now
	l.revision++
	l.effects = append(l.effects, move)
}

func (l *ledger) Plan(context.Context, record.ID) (plan record.Plan, state record.State, err error) {
	err = l.do("plan", func() {
		l.planned++
		plan, state = l.plan(l.state.Filing, l.since), l.state
	})
	return plan, state, err
}

func (l *ledger) Remind(_ context.Context, _ record.ID, at time.Time) error {
	return l.do("remind", func() { l.reminded = note(l.reminded, at, l.clock()) })
}

func (l *ledger) Escalate(_ context.Context, _ record.ID, at time.Time) error {
	return l.do("escalate", func() { l.escalated = note(l.escalated, at, l.clock()) })
}

// note keeps a notice once for each instant.
func note(notices []notice, at, now time.Time) []notice {
	for _, n := range notices {
		if n.planned.Equal(at) {
			return notices
		}
	}
	return append(notices, notice{planned: at, came: now})
}

func (l *ledger) Lapse(context.Context, record.ID) (applied storage.Applied, err error) {
	err = l.do("lapse", func() {
		now := l.clock()
		l.lapses = append(l.lapses, now)
		l.apply(nil)
		plan := l.plan(l.state.Filing, l.since)
		if next, legal := record.Next(l.state, record.Lapse, record.Clock, record.Facts{}); legal && !now.Before(plan.LapseAt) {
			l.move(record.Lapse, next, now)
		}
		applied = l.apply(nil)
	})
	return applied, err
}

func (l *ledger) ApplyRegistration(context.Context, record.ID) error {
	return l.do("register", func() { l.registered++ })
}

func (l *ledger) RemindRegistration(_ context.Context, _ record.ID, n int) (state storage.RegistrationState, err error) {
	err = l.do("remind registration", func() {
		state = storage.RegistrationState{ProfileInForce: l.profile, UnderWay: l.filing}
		if !l.profile && len(l.registerAt) < n {
			l.registerAt = append(l.registerAt, l.clock())
		}
	})
	return state, err
}

func (l *ledger) CloseAbandoned(context.Context, record.ID) (state storage.RegistrationState, err error) {
	err = l.do("close registration", func() {
		if !l.profile && !l.filing && l.closedAt.IsZero() {
			l.closedAt = l.clock()
		}
		state = storage.RegistrationState{ProfileInForce: l.profile, UnderWay: l.filing, Closed: !l.closedAt.IsZero()}
	})
	return state, err
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// set changes the ledger while workflows use it.
func (l *ledger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}
