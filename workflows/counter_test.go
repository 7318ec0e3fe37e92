package workflows_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// counter is one application to the CA company in memory, under the contract of
// activities.ApplicationStore, and the CA company across the counter, under that
// of activities.CACompany. The table of edges decides; time is the clock's.
type counter struct {
	mu     sync.Mutex
	clock  func() time.Time
	policy record.Policy
	// plan replaces the policy's plan, where working days are too long.
	plan func(s record.ApplicationStatus, heard, now time.Time) record.HandoffPlan
	id   record.ID

	// The store.
	status     record.ApplicationStatus
	accepted   time.Time
	heard      time.Time
	escalated  time.Time
	escalation int // how often staff were told
	acceptance bool
	attempts   int
	attemptsAt []time.Time
	closed     bool
	commands   map[record.ID]*command
	inbox      []record.CAEvent
	decided    int
	outcomes   map[string]int
	path       []record.ApplicationStatus
	failBefore map[string]int
	failAfter  map[string]int
	finalError error
	looks      int

	// The CA company.
	applications map[record.ID]int // how often each reference was handed over
	events       []record.CAEvent
	polls        int
	answer       func(call string, n int) (record.CAAnswer, bool) // a fault instead of an answer
	lost         int                                              // answers that are lost after the work was done
	slow         func(ctx context.Context)                        // before each call
}

type command struct {
	move    record.Move
	done    bool
	applied bool
}

func newCounter(clock func() time.Time) *counter {
	c := &counter{
		clock: clock, id: storage.NewID(), status: record.ApplicationPending, accepted: clock(),
		policy:   record.Policy{CASilenceDays: 5, CAPollEvery: 6 * time.Hour, Calendar: record.DefaultCalendar()},
		commands: map[record.ID]*command{}, outcomes: map[string]int{}, applications: map[record.ID]int{},
		failBefore: map[string]int{}, failAfter: map[string]int{},
	}
	c.plan = func(s record.ApplicationStatus, heard, now time.Time) record.HandoffPlan {
		return c.policy.HandoffPlanFor(s, heard, now)
	}
	c.commands[c.id] = &command{move: storage.MoveCAApply}
	return c
}

// set changes the counter while workflows use it.
func (c *counter) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// give accepts a command on the application.
func (c *counter) give(move record.Move) record.ID {
	c.mu.Lock()
	defer c.mu.Unlock()
	id := storage.NewID()
	c.commands[id] = &command{move: move}
	if move == storage.MoveCAResend {
		c.status = record.ApplicationPending
	}
	return id
}

// happen has something happen at the CA company.
func (c *counter) happen(kind record.CAEventType) record.CAEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := record.CAEvent{
		ID: fmt.Sprintf("%s-%d", c.id, len(c.events)+1), Reference: c.id, Sequence: len(c.events) + 1, Type: kind, At: c.clock(),
	}
	c.events = append(c.events, e)
	return e
}

// receive writes a callback into the inbox.
func (c *counter) receive(e record.CAEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.receiveLocked(e)
}

func (c *counter) receiveLocked(e record.CAEvent) {
	if !slices.ContainsFunc(c.inbox, func(known record.CAEvent) bool { return known.ID == e.ID }) {
		c.inbox = append(c.inbox, e)
	}
}

// do runs an operation as a transaction, with the faults asked for.
func (c *counter) do(operation string, work func()) (storage.HandoffState, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finalError != nil {
		return storage.HandoffState{}, c.finalError
	}
	if c.failBefore[operation] > 0 {
		c.failBefore[operation]--
		return storage.HandoffState{}, errBroken
	}
	work()
	c.conclude()
	state := c.state()
	if c.failAfter[operation] > 0 {
		c.failAfter[operation]--
		return storage.HandoffState{}, errBroken
	}
	return state, nil
}

func (c *counter) conclude() {
	for _, cmd := range c.commands {
		switch {
		case cmd.done || c.status == record.ApplicationPending:
		case cmd.move != storage.MoveCAWithdraw || c.closed:
			cmd.done, cmd.applied = true, cmd.move != storage.MoveCAWithdraw || c.status == record.ApplicationWithdrawn
		}
	}
}

func (c *counter) state() storage.HandoffState {
	state := storage.HandoffState{Status: c.status, Closed: c.closed, Delivered: c.acceptance || c.closed, Withdrawing: c.withdrawing() && !c.closed}
	for id, cmd := range c.commands {
		if !cmd.done {
			state.Open = append(state.Open, id)
		}
	}
	slices.Sort(state.Open)
	if c.closed {
		return state
	}
	heard := c.accepted
	if c.heard.After(heard) {
		heard = c.heard
	}
	state.Plan = c.plan(c.status, heard, c.clock())
	if !c.escalated.IsZero() {
		state.Plan.EscalateAt = time.Time{}
	}
	return state
}

func (c *counter) withdrawing() bool {
	for _, cmd := range c.commands {
		if cmd.move == storage.MoveCAWithdraw && !cmd.done {
			return true
		}
	}
	return false
}

func (c *counter) step(to record.ApplicationStatus) {
	if !c.status.Leads(to) {
		panic("no edge from " + string(c.status) + " to " + string(to))
	}
	c.status = to
	c.path = append(c.path, to)
	if to == record.ApplicationIssued {
		c.step(record.ApplicationBound)
		return
	}
	c.closed = !to.Open()
}

func (c *counter) take() {
	for moved := true; moved; {
		moved = false
		for _, e := range c.inbox {
			if e.Sequence != c.decided+1 || c.closed {
				continue
			}
			moved = true
			c.decided++
			c.heard, c.escalated = c.clock(), time.Time{}
			if !c.status.Delivered() {
				c.step(record.ApplicationSent)
			}
			if !c.status.Leads(e.Type.Status()) {
				c.outcomes["illegal"]++
				continue
			}
			c.outcomes["applied"]++
			c.step(e.Type.Status())
		}
	}
}

func (c *counter) ApplyCallbacks(context.Context, record.ID, *certificate.Trust) (storage.HandoffState, error) {
	return c.do("apply", func() {
		c.looks++
		c.take()
	})
}

func (c *counter) BeginHandOff(context.Context, record.ID) (*record.CABundle, storage.HandoffState, error) {
	var bundle *record.CABundle
	state, err := c.do("begin", func() {
		if c.withdrawing() || c.acceptance || c.closed {
			return
		}
		c.attempts++
		c.attemptsAt = append(c.attemptsAt, c.clock())
		bundle = &record.CABundle{Reference: c.id}
	})
	return bundle, state, err
}

func (c *counter) HandedOff(_ context.Context, _ record.ID, answer record.CAAnswer) (storage.HandoffState, error) {
	return c.do("hand off", func() {
		switch {
		case c.acceptance || c.closed:
		case answer.Failure != "":
			c.undelivered()
		default:
			if !c.status.Delivered() {
				c.step(record.ApplicationSent)
			}
			c.heard = c.clock()
			if answer.Refused {
				c.step(record.ApplicationRejected)
				return
			}
			c.acceptance = true
		}
	})
}

func (c *counter) undelivered() {
	if c.status == record.ApplicationPending {
		c.step(record.ApplicationFailed)
	}
}

func (c *counter) OverdueHandOff(context.Context, record.ID) (storage.HandoffState, error) {
	return c.do("overdue", c.undelivered)
}

func (c *counter) BeginWithdrawal(context.Context, record.ID) (ask bool, state storage.HandoffState, err error) {
	state, err = c.do("begin withdrawal", func() {
		if ask = c.withdrawing() && !c.closed && c.attempts > 0; !ask && c.withdrawing() && !c.closed {
			c.step(record.ApplicationWithdrawn)
		}
	})
	return ask, state, err
}

func (c *counter) Withdrawn(_ context.Context, _ record.ID, answer record.CAAnswer, _ *certificate.Trust) (storage.HandoffState, error) {
	return c.do("withdrawn", func() {
		if answer.Failure != "" || c.closed {
			return
		}
		c.ingest(answer)
		if c.closed {
			return
		}
		if answer.Refused || !c.status.Leads(record.ApplicationWithdrawn) {
			for _, cmd := range c.commands {
				cmd.done = cmd.done || cmd.move == storage.MoveCAWithdraw
			}
			return
		}
		c.step(record.ApplicationWithdrawn)
	})
}

func (c *counter) ingest(answer record.CAAnswer) {
	for _, body := range answer.Events {
		var e record.CAEvent
		if json.Unmarshal(body, &e) == nil {
			c.receiveLocked(e)
		}
	}
	c.take()
}

func (c *counter) Polled(_ context.Context, _ record.ID, answer record.CAAnswer, _ *certificate.Trust) (storage.HandoffState, error) {
	return c.do("polled", func() { c.ingest(answer) })
}

func (c *counter) EscalateApplication(context.Context, record.ID) (storage.HandoffState, error) {
	return c.do("escalate", func() {
		if due := c.state().Plan.EscalateAt; !due.IsZero() && !c.clock().Before(due) {
			c.escalated = c.clock()
			c.escalation++
		}
	})
}

// fault gives what goes wrong with a call of the CA company, if anything.
func (c *counter) fault(ctx context.Context, call string, n int) (record.CAAnswer, bool) {
	if slow := c.slow; slow != nil {
		slow(ctx)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.answer == nil {
		return record.CAAnswer{}, false
	}
	return c.answer(call, n)
}

func (c *counter) Apply(ctx context.Context, b record.CABundle) record.CAAnswer {
	c.mu.Lock()
	n := c.attempts
	c.mu.Unlock()
	if answer, failed := c.fault(ctx, "apply", n); failed {
		return answer
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applications[b.Reference]++
	if c.lost > 0 {
		c.lost--
		return record.CAAnswer{Failure: record.CAUnreachable}
	}
	return record.CAAnswer{Acceptance: record.Acceptance{OrderNo: "CA-1"}}
}

func (c *counter) State(ctx context.Context, _ record.ID) record.CAAnswer {
	c.mu.Lock()
	c.polls++
	n := c.polls
	c.mu.Unlock()
	if answer, failed := c.fault(ctx, "state", n); failed {
		return answer
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told()
}

func (c *counter) told() record.CAAnswer {
	var answer record.CAAnswer
	for _, e := range c.events {
		body, err := json.Marshal(e)
		if err != nil {
			return record.CAAnswer{Failure: record.CAMalformed}
		}
		answer.Events = append(answer.Events, body)
	}
	return answer
}

func (c *counter) Withdraw(ctx context.Context, id record.ID) record.CAAnswer {
	if answer, failed := c.fault(ctx, "withdraw", 0); failed {
		return answer
	}
	c.mu.Lock()
	known := c.applications[id] > 0
	c.mu.Unlock()
	if !known {
		return record.CAAnswer{Unknown: true}
	}
	c.happen(record.CAWithdrawn)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told()
}
