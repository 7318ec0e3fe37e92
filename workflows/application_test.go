package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
)

// handoff is one run of a CAApplication under the skipping clock.
type handoff struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	counter *counter
	answers map[record.ID]workflows.ApplicationAnswer
	at      map[record.ID]time.Time // when an answer came
	failed  map[record.ID]error
}

func newHandoff(t *testing.T) *handoff {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(monday)
	env.SetTestTimeout(time.Minute)
	h := &handoff{
		t: t, env: env, counter: newCounter(env.Now),
		answers: map[record.ID]workflows.ApplicationAnswer{}, at: map[record.ID]time.Time{}, failed: map[record.ID]error{},
	}
	h.counter.accepted = monday
	env.RegisterWorkflow(workflows.CAApplication)
	env.RegisterActivity(&activities.Activities{Applications: h.counter, Company: h.counter, Logger: quiet()})
	return h
}

// after does something so long after the start.
func (h *handoff) after(d time.Duration, what func()) { h.env.RegisterDelayedCallback(what, d) }

func (h *handoff) ring(id record.ID) {
	h.env.UpdateWorkflow(workflows.UpdateRing, string(id), &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { h.failed[id] = err },
		OnComplete: func(answer any, err error) {
			if err != nil {
				h.failed[id] = err
				return
			}
			h.answers[id], h.at[id] = answer.(workflows.ApplicationAnswer), h.env.Now()
		},
	}, id)
}

// call brings a callback and the signal that it came.
func (h *handoff) call(e record.CAEvent) {
	h.counter.receive(e)
	h.env.SignalWorkflow(workflows.SignalCallback, nil)
}

// happen has something happen at the CA company, which calls back.
func (h *handoff) happen(d time.Duration, kind record.CAEventType) {
	h.after(d, func() { h.call(h.counter.happen(kind)) })
}

func (h *handoff) run() {
	h.t.Helper()
	h.env.ExecuteWorkflow(workflows.CAApplication, workflows.ApplicationInput{Application: h.counter.id})
	require.True(h.t, h.env.IsWorkflowCompleted())
	require.NoError(h.t, h.env.GetWorkflowError())
	require.Empty(h.t, h.failed)
}

func TestS14_AnApplicationGoesItsWayToTheBoundCertificate(t *testing.T) {
	h := newHandoff(t)
	h.after(0, func() { h.ring(h.counter.id) })
	h.happen(days(1), record.CAAccepted)
	h.happen(days(2), record.CASupplement)
	h.happen(days(9), record.CAAccepted)
	h.happen(days(9)+time.Hour, record.CAPayment)
	h.happen(days(10), record.CAProducing)
	h.happen(days(12), record.CAIssued)
	h.run()
	require.Equal(t, workflows.ApplicationAnswer{Done: true, Status: record.ApplicationSent}, h.answers[h.counter.id])
	require.WithinDuration(t, monday, h.at[h.counter.id], 9*time.Second)
	require.Equal(t, []record.ApplicationStatus{
		record.ApplicationSent, record.ApplicationInProgress, record.ApplicationSupplement, record.ApplicationInProgress,
		record.ApplicationPayment, record.ApplicationProducing, record.ApplicationIssued, record.ApplicationBound,
	}, h.counter.path)
	require.Equal(t, 1, h.counter.attempts)
	require.WithinDuration(t, monday.Add(days(12)), h.env.Now(), time.Minute, "the run ends with the bound certificate")
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

func TestS17_AttemptsGoOnForWeeksAndResendingIsNow(t *testing.T) {
	h := newHandoff(t)
	h.counter.answer = func(call string, _ int) (record.CAAnswer, bool) {
		return record.CAAnswer{Failure: record.CAUnreachable}, call == "apply"
	}
	h.after(0, func() { h.ring(h.counter.id) })
	var resend record.ID
	h.after(2*time.Hour+7*time.Minute, func() {
		resend = h.counter.give(storage.MoveCAResend)
		h.ring(resend)
	})
	h.after(6*time.Hour, func() { h.counter.set(func() { h.counter.answer = nil }) })
	for i, kind := range []record.CAEventType{record.CAAccepted, record.CARejected} {
		h.happen(7*time.Hour+time.Duration(i)*time.Hour, kind)
	}
	h.run()
	require.Equal(t, workflows.ApplicationAnswer{Done: true, Status: record.ApplicationFailed}, h.answers[h.counter.id])
	require.Equal(t, workflows.ApplicationAnswer{Done: true, Status: record.ApplicationFailed}, h.answers[resend], "an attempt was made")
	at := h.counter.attemptsAt
	require.WithinDuration(t, monday.Add(5*time.Second), at[1], time.Second)
	require.WithinDuration(t, monday.Add(15*time.Second), at[2], time.Second)
	require.True(t, slices.ContainsFunc(at, func(a time.Time) bool {
		return a.Sub(monday.Add(2*time.Hour+7*time.Minute)).Abs() < time.Second
	}), "resending is an attempt at once")
	for i := 1; i < len(at); i++ {
		require.LessOrEqual(t, at[i].Sub(at[i-1]), 15*time.Minute+time.Second)
	}
	require.WithinDuration(t, monday.Add(6*time.Hour), at[len(at)-1], 16*time.Minute)
	require.Equal(t, record.ApplicationRejected, h.counter.status)
}

// The relay signals for as long as a command is open, which a withdrawal is until
// the CA company answers: that must not make of each signal an attempt.
func TestP6_SignalsThatBringNothingDoNotCutAPauseShort(t *testing.T) {
	for _, move := range []record.Move{storage.MoveCAApply, storage.MoveCAWithdraw} {
		t.Run(string(move), func(t *testing.T) {
			h := newHandoff(t)
			calls := 0
			h.counter.answer = func(call string, _ int) (record.CAAnswer, bool) {
				if move == storage.MoveCAApply || call == "withdraw" {
					calls++
					return record.CAAnswer{Failure: record.CATimeout}, true
				}
				return record.CAAnswer{}, false
			}
			if move == storage.MoveCAWithdraw {
				h.after(time.Second, func() { h.ring(h.counter.give(move)) })
			}
			for i := range 400 {
				h.after(time.Duration(i)*15*time.Second, func() { h.env.SignalWorkflow(workflows.SignalCallback, nil) })
			}
			h.after(100*time.Minute, func() {
				require.Less(t, calls, 20, "the pauses grow to a quarter of an hour")
				require.Greater(t, calls, 9)
				h.counter.set(func() { h.counter.answer = nil })
			})
			if move == storage.MoveCAApply {
				h.happen(3*time.Hour, record.CAAccepted)
				h.happen(4*time.Hour, record.CARejected)
			}
			h.run()
		})
	}
}

func TestN07_TwoWeeksWithoutTheCACompanyContinueAsNew(t *testing.T) {
	h := newHandoff(t)
	h.counter.answer = func(string, int) (record.CAAnswer, bool) { return record.CAAnswer{Failure: record.CATimeout}, true }
	h.after(days(14), func() { h.env.SetCurrentHistoryLength(600) }) // the test environment does not count
	h.env.ExecuteWorkflow(workflows.CAApplication, workflows.ApplicationInput{Application: h.counter.id})
	require.True(t, h.env.IsWorkflowCompleted())
	require.ErrorContains(t, h.env.GetWorkflowError(), "continue as new")
	require.InDelta(t, 14*24*4, h.counter.attempts, 20, "one in each quarter of an hour")
	require.Equal(t, 1, h.counter.escalation)
}

func TestABusinessRefusalEndsTheRun(t *testing.T) {
	h := newHandoff(t)
	h.counter.answer = func(string, int) (record.CAAnswer, bool) { return record.CAAnswer{Refused: true, Reason: "no"}, true }
	h.after(0, func() { h.ring(h.counter.id) })
	h.run()
	require.Equal(t, workflows.ApplicationAnswer{Done: true, Status: record.ApplicationRejected}, h.answers[h.counter.id])
	require.Equal(t, 1, h.counter.attempts)
}

func TestP3_AllPermutationsOfFourCallbacks(t *testing.T) {
	orders := [][]int{{}}
	for n := range 4 {
		var next [][]int
		for _, order := range orders {
			for at := range n + 1 {
				next = append(next, slices.Insert(slices.Clone(order), at, n))
			}
		}
		orders = next
	}
	require.Len(t, orders, 24)
	for _, order := range orders {
		h := newHandoff(t)
		kinds := []record.CAEventType{record.CAAccepted, record.CAPayment, record.CAProducing, record.CAIssued}
		var events []record.CAEvent
		h.after(time.Minute, func() {
			for _, kind := range kinds {
				events = append(events, h.counter.happen(kind))
			}
		})
		for i, n := range order {
			h.after(time.Hour+time.Duration(i)*time.Second, func() { h.call(events[n]) })
		}
		h.run()
		require.Equal(t, record.ApplicationBound, h.counter.status, "%v", order)
		require.Equal(t, 4, h.counter.outcomes["applied"], "%v", order)
		require.Zero(t, h.counter.polls)
	}
}

func TestP4_OneApplicationThoughTheAnswersWereLost(t *testing.T) {
	h := newHandoff(t)
	h.counter.lost = 4
	h.happen(time.Hour, record.CAAccepted)
	h.happen(2*time.Hour, record.CARejected)
	h.run()
	require.Len(t, h.counter.applications, 1)
	require.Equal(t, 5, h.counter.applications[h.counter.id], "the same reference each time")
	require.Equal(t, []record.ApplicationStatus{
		record.ApplicationFailed, record.ApplicationSent, record.ApplicationInProgress, record.ApplicationRejected,
	}, h.counter.path)
}

func TestP7_WithoutAnyCallbackPollingBringsItHome(t *testing.T) {
	h := newHandoff(t)
	for i, kind := range []record.CAEventType{record.CAAccepted, record.CAProducing, record.CAIssued} {
		h.after(days(i+1), func() { h.counter.happen(kind) })
	}
	h.run()
	require.Equal(t, record.ApplicationBound, h.counter.status)
	require.WithinDuration(t, monday.Add(days(3)), h.env.Now(), 6*time.Hour+time.Minute)
	require.InDelta(t, 13, h.counter.polls, 1)
	require.Zero(t, h.counter.escalation)
}

// CA: silent 48 h, and for weeks: staff are told after five working days, once.
func TestN07_WeeksOfSilenceAreEscalatedOnceForEachSilence(t *testing.T) {
	h := newHandoff(t)
	fifth := time.Date(2026, 3, 9, 23, 59, 59, 0, record.Shanghai)
	h.after(fifth.Sub(monday)-time.Minute, func() { require.Zero(t, h.counter.escalation) })
	h.after(fifth.Sub(monday)+time.Minute, func() { require.Equal(t, 1, h.counter.escalation) })
	h.happen(days(20), record.CAAccepted)
	h.after(days(21), func() { require.Equal(t, 1, h.counter.escalation) })
	h.happen(days(40), record.CARejected)
	h.run()
	require.Equal(t, 2, h.counter.escalation, "the silence after the word is another one")
	require.Equal(t, record.ApplicationRejected, h.counter.status)
}

func TestUndeliveredForDaysIsEscalatedToo(t *testing.T) {
	h := newHandoff(t)
	h.counter.failBefore["begin"] = 0
	h.counter.answer = func(string, int) (record.CAAnswer, bool) { return record.CAAnswer{Failure: record.CAUnreachable}, true }
	h.counter.accepted = monday.Add(-days(7) + time.Hour) // as a run sees it that continued as new
	h.after(days(1), func() { h.counter.set(func() { h.counter.answer = nil }) })
	h.env.ExecuteWorkflow(workflows.CAApplication, workflows.ApplicationInput{Application: h.counter.id, Failures: 20})
	require.True(t, h.env.IsWorkflowCompleted())
	require.Equal(t, 1, h.counter.escalation)
}

func TestT8_AnActivityThatDiesAfterItsCommitDoesNothingTwice(t *testing.T) {
	h := newHandoff(t)
	for _, operation := range []string{"apply", "begin", "hand off", "polled"} {
		h.counter.failAfter[operation] = 2
		h.counter.failBefore[operation] = 1
	}
	h.after(0, func() { h.ring(h.counter.id) })
	h.happen(days(1), record.CAAccepted)
	h.after(days(2), func() { h.counter.happen(record.CAProducing) })
	h.happen(days(3), record.CAIssued)
	h.run()
	require.Len(t, h.counter.applications, 1)
	require.Equal(t, []record.ApplicationStatus{
		record.ApplicationSent, record.ApplicationInProgress, record.ApplicationProducing, record.ApplicationIssued, record.ApplicationBound,
	}, h.counter.path)
}

func TestT10_ADatabaseAwayForHalfAnHourFailsNothing(t *testing.T) {
	h := newHandoff(t)
	h.counter.failBefore["apply"] = 200
	h.happen(2*time.Hour, record.CAAccepted)
	h.happen(3*time.Hour, record.CARejected)
	h.run()
	require.Equal(t, record.ApplicationRejected, h.counter.status)
}

func TestACallbackBeforeTheAnswerIsNotLost(t *testing.T) {
	h := newHandoff(t)
	h.counter.lost = 1
	h.after(time.Second, func() { h.call(h.counter.happen(record.CAAccepted)) })
	h.happen(time.Hour, record.CARejected)
	h.run()
	require.Equal(t, []record.ApplicationStatus{
		record.ApplicationFailed, record.ApplicationSent, record.ApplicationInProgress, record.ApplicationRejected,
	}, h.counter.path)
	require.Equal(t, 2, h.counter.applications[h.counter.id], "papers and counters are asked for again")
}

func TestWithdrawing(t *testing.T) {
	t.Run("while nothing was delivered", func(t *testing.T) {
		h := newHandoff(t)
		h.counter.answer = func(call string, _ int) (record.CAAnswer, bool) {
			return record.CAAnswer{Failure: record.CAUnreachable}, call == "apply"
		}
		var command record.ID
		h.after(time.Minute, func() {
			command = h.counter.give(storage.MoveCAWithdraw)
			h.ring(command)
		})
		h.run()
		require.Equal(t, record.ApplicationWithdrawn, h.counter.status)
		require.Equal(t, workflows.ApplicationAnswer{Done: true, Status: record.ApplicationWithdrawn}, h.answers[command])
	})
	t.Run("while the CA company is away", func(t *testing.T) {
		h := newHandoff(t)
		var command record.ID
		h.after(time.Hour, func() {
			h.counter.set(func() {
				h.counter.answer = func(string, int) (record.CAAnswer, bool) { return record.CAAnswer{Failure: record.CATimeout}, true }
			})
			command = h.counter.give(storage.MoveCAWithdraw)
			h.ring(command)
		})
		h.after(3*time.Hour, func() {
			require.Equal(t, workflows.ApplicationAnswer{Status: record.ApplicationSent}, h.answers[command], "it is not done yet")
			h.counter.set(func() { h.counter.answer = nil })
		})
		h.run()
		require.Equal(t, record.ApplicationWithdrawn, h.counter.status)
		require.WithinDuration(t, monday.Add(3*time.Hour), h.env.Now(), 16*time.Minute)
	})
	t.Run("too late", func(t *testing.T) {
		h := newHandoff(t)
		h.counter.answer = func(call string, _ int) (record.CAAnswer, bool) {
			return record.CAAnswer{Refused: true}, call == "withdraw"
		}
		var command record.ID
		h.after(time.Hour, func() {
			command = h.counter.give(storage.MoveCAWithdraw)
			h.ring(command)
		})
		h.happen(2*time.Hour, record.CAAccepted)
		h.happen(3*time.Hour, record.CARejected)
		h.run()
		require.True(t, h.answers[command].Done)
		require.Equal(t, record.ApplicationRejected, h.counter.status)
	})
}

// A late callback starts a run, which looks and ends.
func TestAClosedApplicationEndsAtOnce(t *testing.T) {
	h := newHandoff(t)
	h.counter.status, h.counter.closed = record.ApplicationRejected, true
	h.after(0, func() {
		h.env.SignalWorkflow(workflows.SignalCallback, nil)
		h.ring(storage.NewID())
	})
	h.run()
	require.WithinDuration(t, monday, h.env.Now(), time.Minute)
	require.GreaterOrEqual(t, h.counter.looks, 1)
	require.Zero(t, h.counter.attempts)
}

// T6: whatever comes just as the run is long enough is seen by this run or the
// next: the inbox keeps it, and a run begins with a look.
func TestT6_AFloodOfSignalsContinuesAsNewWithoutLoss(t *testing.T) {
	h := newHandoff(t)
	for i := range 300 {
		h.after(time.Hour+time.Duration(i)*time.Minute, func() { h.env.SignalWorkflow(workflows.SignalCallback, nil) })
	}
	var last record.ID
	h.after(4*time.Hour, func() {
		h.env.SetCurrentHistoryLength(600)
		// Both come with the end of the run.
		h.counter.receive(h.counter.happen(record.CAAccepted))
		h.env.SignalWorkflow(workflows.SignalCallback, nil)
		last = h.counter.give(storage.MoveCAWithdraw)
		h.ring(last)
	})
	h.env.ExecuteWorkflow(workflows.CAApplication, workflows.ApplicationInput{Application: h.counter.id})
	require.True(t, h.env.IsWorkflowCompleted())
	require.ErrorContains(t, h.env.GetWorkflowError(), "continue as new")
	require.Contains(t, h.answers, last, "no ring is cut off")
	require.Equal(t, record.ApplicationInProgress, h.counter.status)
}

func TestAnUnknownApplicationFailsItsRings(t *testing.T) {
	h := newHandoff(t)
	h.counter.finalError = record.Errorf(record.NotFound, "没有找到")
	h.after(0, func() { h.ring(h.counter.id) })
	h.env.ExecuteWorkflow(workflows.CAApplication, workflows.ApplicationInput{Application: h.counter.id})
	require.ErrorContains(t, h.env.GetWorkflowError(), "not_found")
	require.Error(t, h.failed[h.counter.id])
}
