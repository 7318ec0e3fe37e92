package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/worker"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// TestRecordApplicationHistories does for CAApplication what
// TestRecordHistories does for the others:
//
//	bin/stack run -- go test ./workflows -run TestRecordApplicationHistories -record
func TestRecordApplicationHistories(t *testing.T) {
	engine := workflowstest.Shared(t)
	for _, s := range applicationScenarios() {
		t.Run(s.name, func(t *testing.T) {
			p := &handing{play: play{t: t, engine: engine}, counter: newCounter(time.Now)}
			effects := &activities.Activities{Applications: p.counter, Company: p.counter, Logger: quiet()}
			w := worker.New(engine.Client, workflows.TaskQueue, worker.Options{Identity: "recorder"})
			w.RegisterWorkflow(workflows.CAApplication)
			w.RegisterActivity(effects)
			require.NoError(t, w.Start())
			t.Cleanup(w.Stop)
			calls := worker.New(engine.Client, workflows.CAQueue, worker.Options{Identity: "recorder", DisableWorkflowWorker: true})
			calls.RegisterActivity(effects)
			require.NoError(t, calls.Start())
			t.Cleanup(calls.Stop)
			s.act(p)
			for i, run := range p.runs {
				p.store(fmt.Sprintf("%s%s.json.gz", s.name, []string{"", "-2", "-3"}[i]), run)
			}
		})
	}
}

// handing is one scenario of an application on the real server.
type handing struct {
	play
	counter *counter
}

type applicationScenario struct {
	name string
	act  func(*handing)
}

func (p *handing) ring(command record.ID) error {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 30*time.Second)
	defer cancel()
	err := p.engine.Door.RingApplication(ctx, p.counter.id, command)
	require.True(p.t, err == nil || errors.Is(err, workflows.ErrOpen), "%v", err)
	return err
}

func (p *handing) call(e record.CAEvent) {
	p.t.Helper()
	p.counter.receive(e)
	require.NoError(p.t, p.engine.Door.Called(p.t.Context(), p.counter.id))
}

func (p *handing) note() { p.noteRun(workflows.ApplicationID(p.counter.id)) }

func (p *handing) status(want record.ApplicationStatus) {
	p.t.Helper()
	p.until(func() bool {
		p.counter.mu.Lock()
		defer p.counter.mu.Unlock()
		return p.counter.status == want
	})
}

func (p *handing) over() {
	p.t.Helper()
	require.NoError(p.t, p.engine.GetWorkflow(p.t.Context(), workflows.ApplicationID(p.counter.id), "").Get(p.t.Context(), nil))
}

func away(string, int) (record.CAAnswer, bool) {
	return record.CAAnswer{Failure: record.CAUnreachable}, true
}

func applicationScenarios() []applicationScenario {
	return []applicationScenario{
		{"application-bound", func(p *handing) {
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			var events []record.CAEvent
			for _, kind := range []record.CAEventType{record.CAAccepted, record.CAPayment, record.CAProducing, record.CAIssued} {
				events = append(events, p.counter.happen(kind))
			}
			for _, i := range []int{2, 0, 0, 3, 1} {
				p.call(events[i])
			}
			p.over()
			require.Equal(p.t, record.ApplicationBound, p.counter.status)
		}},
		{"application-failed", func(p *handing) {
			p.counter.plan = func(record.ApplicationStatus, time.Time, time.Time) record.HandoffPlan {
				return record.HandoffPlan{PollAt: time.Now().Add(time.Second)}
			}
			p.counter.answer = away
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			require.NoError(p.t, p.ring(p.counter.give(storage.MoveCAResend)))
			p.counter.set(func() { p.counter.answer = nil })
			require.NoError(p.t, p.ring(p.counter.give(storage.MoveCAResend)))
			p.status(record.ApplicationSent)
			p.counter.happen(record.CAAccepted) // which only a poll finds
			p.status(record.ApplicationInProgress)
			p.counter.happen(record.CARejected)
			p.over()
		}},
		{"application-signalled", func(p *handing) {
			p.counter.answer = away
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			before := p.looks()
			require.NoError(p.t, p.engine.Door.Called(p.t.Context(), p.counter.id))
			p.until(func() bool { return p.looks() > before })
			p.counter.set(func() { p.counter.answer = nil })
			p.status(record.ApplicationSent) // at the end of the pause, which the signal did not cut short
			p.call(p.counter.happen(record.CAAccepted))
			p.call(p.counter.happen(record.CARejected))
			p.over()
			require.Equal(p.t, 2, p.counter.attempts)
		}},
		{"application-withdrawn", func(p *handing) {
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			p.counter.set(func() { p.counter.answer = away })
			require.ErrorIs(p.t, p.ring(p.counter.give(storage.MoveCAWithdraw)), workflows.ErrOpen)
			p.counter.set(func() { p.counter.answer = nil })
			p.over()
			require.Equal(p.t, record.ApplicationWithdrawn, p.counter.status)
		}},
		{"application-refused", func(p *handing) {
			p.counter.answer = func(string, int) (record.CAAnswer, bool) { return record.CAAnswer{Refused: true}, true }
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			p.over()
			late := p.counter.happen(record.CAAccepted)
			p.call(late) // which starts a run that ends at once
			p.note()
			p.over()
		}},
		{"application-hanging", func(p *handing) {
			release := make(chan struct{})
			p.counter.slow = func(context.Context) { <-release }
			require.NoError(p.t, p.ring(p.counter.id), "the answer is that it failed so far")
			p.note()
			p.status(record.ApplicationFailed)
			close(release)
			p.status(record.ApplicationSent)
			p.call(p.counter.happen(record.CAAccepted))
			p.call(p.counter.happen(record.CARejected))
			p.over()
		}},
		{"application-silent", func(p *handing) {
			p.counter.plan = func(_ record.ApplicationStatus, heard, _ time.Time) record.HandoffPlan {
				return record.HandoffPlan{EscalateAt: heard.Add(time.Second)}
			}
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			p.until(func() bool {
				p.counter.mu.Lock()
				defer p.counter.mu.Unlock()
				return p.counter.escalation == 1
			})
			p.call(p.counter.happen(record.CAAccepted))
			p.call(p.counter.happen(record.CARejected))
			p.over()
		}},
		{"application-long", func(p *handing) {
			require.NoError(p.t, p.ring(p.counter.id))
			p.note()
			for range 150 {
				before := p.looks()
				require.NoError(p.t, p.engine.Door.Called(p.t.Context(), p.counter.id))
				p.until(func() bool { return p.looks() > before })
			}
			p.note()
			require.NotEqual(p.t, p.runs[0], p.runs[1], "the run continued as new")
			p.call(p.counter.happen(record.CAAccepted))
			p.call(p.counter.happen(record.CARejected))
			p.over()
			require.Equal(p.t, record.ApplicationRejected, p.counter.status)
		}},
	}
}

func (p *handing) looks() int {
	p.counter.mu.Lock()
	defer p.counter.mu.Unlock()
	return p.counter.looks
}
