package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
)

// A Monday, ten o'clock in Shanghai: the review period of two working days ends
// on Wednesday, the correction period of five on the Monday after.
var monday = time.Date(2026, time.March, 2, 10, 0, 0, 0, record.Shanghai)

func shanghai(month time.Month, day, hour, minute, second int) time.Time {
	return time.Date(2026, month, day, hour, minute, second, 0, record.Shanghai)
}

// journey is one run of a Lifecycle under the skipping clock, with a record in
// memory behind the real activities.
type journey struct {
	t       *testing.T
	env     *testsuite.TestWorkflowEnvironment
	ledger  *ledger
	record  record.ID
	answers map[record.ID]workflows.Answer
	failed  map[record.ID]error
	told    int // signals to the registration
}

func newJourney(t *testing.T) *journey {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(monday)
	env.SetTestTimeout(30 * time.Second)
	j := &journey{
		t: t, env: env, ledger: newLedger(env.Now), record: storage.NewID(),
		answers: map[record.ID]workflows.Answer{}, failed: map[record.ID]error{},
	}
	env.RegisterWorkflow(workflows.Lifecycle)
	env.RegisterActivity(&activities.Activities{Store: j.ledger, Logger: quiet()})
	env.OnSignalExternalWorkflow(mock.Anything, mock.Anything, "", mock.Anything, mock.Anything).
		Return(func(_, id, _, signal string, _ any) error {
			require.Equal(t, workflows.RegistrationID(j.ledger.subject), id)
			require.Equal(t, workflows.SignalProfileInForce, signal)
			j.told++
			return nil
		}).Maybe()
	return j
}

// at does something when the workflow's clock shows the instant.
func (j *journey) at(instant time.Time, what func()) {
	j.env.RegisterDelayedCallback(what, instant.Sub(monday))
}

// give accepts a command and rings for it.
func (j *journey) give(e entry) record.ID {
	id := j.ledger.accept(e)
	j.ring(id)
	return id
}

func (j *journey) ring(id record.ID) { j.ringAs(string(id), id) }

func (j *journey) ringAs(updateID string, id record.ID) {
	j.env.UpdateWorkflow(workflows.UpdateRing, updateID, &testsuite.TestUpdateCallback{
		OnAccept: func() {},
		OnReject: func(err error) { j.failed[id] = err },
		OnComplete: func(answer any, err error) {
			if err != nil {
				j.failed[id] = err
				return
			}
			j.answers[id] = answer.(workflows.Answer)
		},
	}, id)
}

// run runs the workflow to its end, which must be without error.
func (j *journey) run() {
	j.t.Helper()
	j.env.ExecuteWorkflow(workflows.Lifecycle, workflows.LifecycleInput{Record: j.record})
	require.True(j.t, j.env.IsWorkflowCompleted())
	require.NoError(j.t, j.env.GetWorkflowError())
	require.Empty(j.t, j.failed)
}

func (j *journey) applied(id record.ID, standing record.Standing, filing record.Filing) {
	j.t.Helper()
	require.Equal(j.t, workflows.Answer{
		Done: true, Applied: true, State: activities.State{Standing: standing, Filing: filing},
	}, j.answers[id])
}

func (j *journey) refused(id record.ID, why record.Refusal) {
	j.t.Helper()
	require.Contains(j.t, j.answers, id)
	answer := j.answers[id]
	require.True(j.t, answer.Done)
	require.False(j.t, answer.Applied)
	require.Equal(j.t, why, answer.Refusal)
}

// came checks that notices were left exactly at those instants.
func came(t *testing.T, notices []notice, instants ...time.Time) {
	t.Helper()
	require.Len(t, notices, len(instants))
	for i, want := range instants {
		require.WithinDuration(t, want, notices[i].planned, 0)
		require.WithinDuration(t, want, notices[i].came, time.Second)
	}
}

func TestASubmissionIsApprovedAndTheRecordRests(t *testing.T) {
	j := newJourney(t)
	var submit, approve record.ID
	j.at(monday, func() { submit = j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() { approve = j.give(entry{move: record.Approve}) })
	j.run()
	j.applied(submit, record.NotInForce, record.UnderReview)
	j.applied(approve, record.InForce, record.NothingFiled)
	require.WithinDuration(t, monday.Add(time.Hour), j.env.Now(), time.Second, "the run ends with the approval")
	require.Equal(t, 1, j.told, "the registration learns that the profile is in force")
	require.Empty(t, j.ledger.reminded)
}

func TestAStartWithoutARingAppliesWhatIsOpen(t *testing.T) {
	j := newJourney(t)
	submit := j.ledger.accept(entry{move: record.Submit})
	withdraw := j.ledger.accept(entry{move: record.Withdraw})
	j.run()
	require.True(t, j.ledger.outcome(submit).Applied)
	require.True(t, j.ledger.outcome(withdraw).Applied)
	require.Equal(t, 1, j.ledger.applies)
}

func TestReturnedThenCorrectedThenApproved(t *testing.T) {
	j := newJourney(t)
	var returned, again record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() { returned = j.give(entry{move: record.Return}) })
	j.at(monday.Add(48*time.Hour), func() { again = j.give(entry{move: record.Submit}) })
	j.at(monday.Add(49*time.Hour), func() { j.give(entry{move: record.Approve}) })
	j.run()
	j.applied(returned, record.NotInForce, record.Returned)
	j.applied(again, record.NotInForce, record.UnderReview)
	require.Equal(t, []record.Move{record.Submit, record.Return, record.Submit, record.Approve}, j.ledger.effects)
	require.Empty(t, j.ledger.lapses)
}

func TestFourEyes(t *testing.T) {
	j := newJourney(t)
	j.ledger.second = true
	var approve, reject, confirm record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(1*time.Hour), func() { approve = j.give(entry{move: record.Approve}) })
	j.at(monday.Add(2*time.Hour), func() { reject = j.give(entry{move: record.Reject}) })
	j.at(monday.Add(3*time.Hour), func() { j.give(entry{move: record.Approve}) })
	// The second review has a period of its own, of which the reminder comes on Tuesday.
	j.at(monday.Add(30*time.Hour), func() { confirm = j.give(entry{move: record.Confirm}) })
	j.run()
	j.applied(approve, record.NotInForce, record.SecondReview)
	j.applied(reject, record.NotInForce, record.UnderReview)
	j.applied(confirm, record.InForce, record.NothingFiled)
	came(t, j.ledger.reminded, shanghai(time.March, 3, 9, 0, 0))
}

// B03 by timers, N06 in its instants.
func TestB03_ReminderAndEscalationComeAtTheirInstants(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(shanghai(time.March, 6, 9, 0, 0), func() { j.give(entry{move: record.Approve}) })
	j.run()
	came(t, j.ledger.reminded, shanghai(time.March, 3, 9, 0, 0))
	came(t, j.ledger.escalated, shanghai(time.March, 4, 23, 59, 59))
	require.Equal(t, record.InForce, j.ledger.state.Standing)
}

func TestB03_AnUncorrectedReturnLapsesWithItsPeriod(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() {
		j.give(entry{move: record.Submit})
		j.give(entry{move: record.Return})
	})
	j.run()
	came(t, j.ledger.reminded, shanghai(time.March, 5, 9, 0, 0))
	require.Len(t, j.ledger.lapses, 1)
	require.WithinDuration(t, shanghai(time.March, 9, 23, 59, 59), j.ledger.lapses[0], time.Second)
	require.Equal(t, record.State{Standing: record.NotInForce, Filing: record.NothingFiled}, j.ledger.state)
}

func TestACorrectionAcceptedInTimeDoesNotLapse(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() {
		j.give(entry{move: record.Submit})
		j.give(entry{move: record.Return})
	})
	// Its ring is lost: only the timer wakes the workflow.
	j.at(shanghai(time.March, 9, 20, 0, 0), func() { j.ledger.accept(entry{move: record.Submit}) })
	j.at(shanghai(time.March, 10, 9, 0, 0), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	require.Empty(t, j.ledger.lapses)
	require.Equal(t, []record.Move{record.Submit, record.Return, record.Submit, record.Withdraw}, j.ledger.effects)
}

func TestALapseWaitsForTheDatabasesClock(t *testing.T) {
	j := newJourney(t)
	// The database's clock is ten minutes behind Temporal's.
	j.ledger.clock = func() time.Time { return j.env.Now().Add(-10 * time.Minute) }
	j.at(monday, func() {
		j.give(entry{move: record.Submit})
		j.give(entry{move: record.Return})
	})
	j.run()
	require.Equal(t, record.NothingFiled, j.ledger.state.Filing)
	require.WithinDuration(t, shanghai(time.March, 9, 23, 59, 59), j.ledger.lapses[len(j.ledger.lapses)-1], 30*time.Second)
	require.Greater(t, len(j.ledger.lapses), 2, "it came too early, and tried again")
	require.Less(t, len(j.ledger.lapses), 40, "with growing pauses")
}

func TestOneCommandRungTwiceHasOneEffect(t *testing.T) {
	j := newJourney(t)
	var submit record.ID
	j.at(monday, func() {
		submit = j.give(entry{move: record.Submit})
		j.ringAs("another ring", submit)
	})
	j.at(monday.Add(time.Minute), func() { j.ringAs("a late ring", submit) })
	j.at(monday.Add(time.Hour), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	j.applied(submit, record.NotInForce, record.UnderReview)
	require.Equal(t, []record.Move{record.Submit, record.Withdraw}, j.ledger.effects)
}

func TestARefusedCommandIsAnsweredAndChangesNothing(t *testing.T) {
	j := newJourney(t)
	var stale, illegal, void record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(1*time.Minute), func() { stale = j.give(entry{move: record.Approve, expected: 7}) })
	j.at(monday.Add(2*time.Minute), func() { illegal = j.give(entry{move: record.Confirm}) })
	j.at(monday.Add(3*time.Minute), func() { void = j.give(entry{move: record.Approve, role: record.Applicant}) })
	j.at(monday.Add(4*time.Minute), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	j.refused(stale, record.RefusedVersion)
	j.refused(illegal, record.RefusedState)
	j.refused(void, record.RefusedState)
	require.Equal(t, []record.Move{record.Submit, record.Withdraw}, j.ledger.effects)
}

func TestTwoApprovalsAtOnceOneWins(t *testing.T) {
	j := newJourney(t)
	var first, second record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		first = j.give(entry{move: record.Approve, expected: 1})
		second = j.give(entry{move: record.Approve, expected: 1})
	})
	j.run()
	j.applied(first, record.InForce, record.NothingFiled)
	j.refused(second, record.RefusedVersion)
	require.Equal(t, 1, j.told)
}

func TestAnActivityThatFailsThreeTimesSucceeds(t *testing.T) {
	j := newJourney(t)
	j.ledger.failBefore["apply"] = 3
	j.ledger.failBefore["remind"] = 3
	j.ledger.failBefore["escalate"] = 3
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(shanghai(time.March, 6, 9, 0, 0), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	require.Equal(t, []record.Move{record.Submit, record.Withdraw}, j.ledger.effects)
	require.Len(t, j.ledger.reminded, 1)
	require.Len(t, j.ledger.escalated, 1)
}

// T8 and T9 in the small: what was committed before the activity failed is not
// done again.
func TestT8_AnActivityThatFailsAfterItsCommitDoesNothingTwice(t *testing.T) {
	j := newJourney(t)
	for _, operation := range []string{"apply", "remind", "escalate"} {
		j.ledger.failAfter[operation] = 2
	}
	var submit record.ID
	j.at(monday, func() { submit = j.give(entry{move: record.Submit}) })
	j.at(shanghai(time.March, 6, 9, 0, 0), func() { j.give(entry{move: record.Return}) })
	j.at(shanghai(time.March, 6, 10, 0, 0), func() { j.ledger.failAfter["lapse"] = 2 })
	j.run()
	j.applied(submit, record.NotInForce, record.UnderReview)
	require.Equal(t, []record.Move{record.Submit, record.Return, record.Lapse}, j.ledger.effects)
	came(t, j.ledger.escalated, shanghai(time.March, 4, 23, 59, 59))
}

// T10: a database that is away for long leaves the local activity for a regular
// one, and fails no workflow.
func TestT10_ADatabaseThatIsAwayForLongFailsNoWorkflow(t *testing.T) {
	j := newJourney(t)
	var started []string
	j.env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		started = append(started, info.ActivityType.Name)
	})
	back := monday.Add(30 * time.Minute)
	j.ledger.finalBefore["apply"] = errBroken
	j.at(back, func() {
		j.ledger.mu.Lock()
		defer j.ledger.mu.Unlock()
		delete(j.ledger.finalBefore, "apply")
	})
	var submit record.ID
	var answeredAt time.Time
	j.at(monday, func() { submit = j.ledger.accept(entry{move: record.Submit}) })
	j.at(monday.Add(time.Millisecond), func() {
		j.env.UpdateWorkflow(workflows.UpdateRing, string(submit), &testsuite.TestUpdateCallback{
			OnAccept: func() {}, OnReject: func(err error) { require.NoError(t, err) },
			OnComplete: func(answer any, err error) {
				require.NoError(t, err)
				answeredAt = j.env.Now()
				require.True(t, answer.(workflows.Answer).Applied)
			},
		}, submit)
	})
	j.at(back.Add(time.Hour), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	require.Contains(t, started, "Apply", "as a regular activity")
	require.WithinRange(t, answeredAt, back, back.Add(time.Minute), "drained within a minute of its return")
	require.Equal(t, []record.Move{record.Submit, record.Withdraw}, j.ledger.effects)
}

func TestARefusalOfTheStoreEndsTheRunAfterItsRingsAreAnswered(t *testing.T) {
	j := newJourney(t)
	j.ledger.finalBefore["apply"] = record.Errorf(record.NotFound, "没有找到张三")
	var submit record.ID
	j.at(monday, func() { submit = j.give(entry{move: record.Submit}) })
	j.env.ExecuteWorkflow(workflows.Lifecycle, workflows.LifecycleInput{Record: j.record})
	require.True(t, j.env.IsWorkflowCompleted())
	require.ErrorContains(t, j.env.GetWorkflowError(), "not_found")
	require.NotContains(t, j.env.GetWorkflowError().Error(), "张三")
	require.ErrorContains(t, j.failed[submit], "not_found")
}

func TestACommandThatMayBeUndoneTakesEffectAtItsInstant(t *testing.T) {
	j := newJourney(t)
	var approve record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	due := monday.Add(time.Hour).Add(10 * time.Second)
	j.at(monday.Add(time.Hour), func() { approve = j.give(entry{move: record.Approve, notBefore: due}) })
	j.run()
	require.False(t, j.answers[approve].Done, "the ring is answered before")
	outcome := j.ledger.outcome(approve)
	require.True(t, outcome.Applied)
	require.WithinDuration(t, due, outcome.At, 2*time.Second)
}

func TestACommandRungBeforeItWasDueIsAnsweredAnewAfterwards(t *testing.T) {
	j := newJourney(t)
	var returned record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		returned = j.give(entry{move: record.Return, notBefore: monday.Add(time.Hour + 10*time.Second)})
	})
	j.at(monday.Add(time.Hour+time.Second), func() { require.False(t, j.answers[returned].Done) })
	j.at(monday.Add(2*time.Hour), func() { j.ringAs("a later ring", returned) })
	j.at(monday.Add(3*time.Hour), func() { j.give(entry{move: record.Discard}) })
	j.run()
	j.applied(returned, record.NotInForce, record.Returned)
}

func TestAnUndoneCommandHasNoEffect(t *testing.T) {
	j := newJourney(t)
	var approve record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		approve = j.give(entry{move: record.Approve, notBefore: monday.Add(time.Hour + 10*time.Second)})
	})
	j.at(monday.Add(time.Hour+5*time.Second), func() { j.ledger.cancel(approve) })
	j.at(monday.Add(2*time.Hour), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	require.Equal(t, record.RefusedCancelled, j.ledger.outcome(approve).Refusal)
	require.Equal(t, []record.Move{record.Submit, record.Withdraw}, j.ledger.effects)
}

func TestARecordAtRestWaitsForACommandThatIsNotDue(t *testing.T) {
	j := newJourney(t)
	j.ledger.state = record.State{Standing: record.InForce, Filing: record.NothingFiled}
	var reopen record.ID
	j.at(monday, func() { reopen = j.give(entry{move: record.Reopen, notBefore: monday.Add(10 * time.Second)}) })
	j.at(monday.Add(time.Hour), func() { j.give(entry{move: record.Approve}) })
	j.run()
	require.True(t, j.ledger.outcome(reopen).Applied)
	require.Equal(t, []record.Move{record.Reopen, record.Approve}, j.ledger.effects)
}

func TestReplanMovesTheInstants(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		j.ledger.mu.Lock()
		j.ledger.policy.ReviewDays = 4
		j.ledger.mu.Unlock()
		j.env.SignalWorkflowSkippingWorkflowTask(workflows.SignalReplan, nil)
		j.env.SignalWorkflow(workflows.SignalReplan, nil)
	})
	j.at(shanghai(time.March, 9, 9, 0, 0), func() { j.give(entry{move: record.Withdraw}) })
	j.run()
	require.Equal(t, 1, j.ledger.planned, "two signals ask for one look")
	came(t, j.ledger.reminded, shanghai(time.March, 4, 9, 0, 0))
	came(t, j.ledger.escalated, shanghai(time.March, 6, 23, 59, 59))
}

func TestReplanFindsARecordAtRest(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		j.ledger.mu.Lock()
		j.ledger.state = record.State{Standing: record.NotInForce, Filing: record.NothingFiled} // a database restored older
		j.ledger.mu.Unlock()
		j.env.SignalWorkflow(workflows.SignalReplan, nil)
	})
	j.run()
	require.WithinDuration(t, monday.Add(time.Hour), j.env.Now(), time.Second)
}

// T6, T7: a long run continues as new when nobody waits for its answer, and the
// next one carries on.
func TestT7_ALongRunContinuesAsNewAndLosesNoRing(t *testing.T) {
	j := newJourney(t)
	var first, second record.ID
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(shanghai(time.March, 3, 12, 0, 0), func() { // after the reminder
		j.env.SetCurrentHistoryLength(600)
		first = j.give(entry{move: record.Return})
		second = j.give(entry{move: record.Submit})
	})
	j.env.ExecuteWorkflow(workflows.Lifecycle, workflows.LifecycleInput{Record: j.record})
	require.True(t, j.env.IsWorkflowCompleted())
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, j.env.GetWorkflowError(), &again)
	require.Empty(t, j.failed)
	j.applied(first, record.NotInForce, record.Returned)
	j.applied(second, record.NotInForce, record.UnderReview)

	// The next run neither reminds again nor forgets what is to come.
	var carried workflows.LifecycleInput
	require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(again.Input, &carried))
	require.WithinDuration(t, shanghai(time.March, 3, 9, 0, 0), carried.Reminded, 0)
	next := newJourney(t)
	next.ledger.state, next.ledger.since = record.State{Standing: record.NotInForce, Filing: record.UnderReview}, monday
	next.env.SetStartTime(shanghai(time.March, 3, 12, 0, 0))
	next.env.RegisterDelayedCallback(func() { next.give(entry{move: record.Withdraw}) }, 7*24*time.Hour)
	next.env.ExecuteWorkflow(workflows.Lifecycle, carried)
	require.NoError(t, next.env.GetWorkflowError())
	require.Empty(t, next.ledger.reminded)
	came(t, next.ledger.escalated, shanghai(time.March, 4, 23, 59, 59))
}

func TestTemporalsSuggestionIsTaken(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), func() {
		j.env.SetContinueAsNewSuggested(true)
		j.env.SignalWorkflow(workflows.SignalReplan, nil)
	})
	j.env.ExecuteWorkflow(workflows.Lifecycle, workflows.LifecycleInput{Record: j.record})
	var again *workflow.ContinueAsNewError
	require.ErrorAs(t, j.env.GetWorkflowError(), &again)
}

func TestACancelledRunEnds(t *testing.T) {
	j := newJourney(t)
	j.at(monday, func() { j.give(entry{move: record.Submit}) })
	j.at(monday.Add(time.Hour), j.env.CancelWorkflow)
	j.env.ExecuteWorkflow(workflows.Lifecycle, workflows.LifecycleInput{Record: j.record})
	require.ErrorContains(t, j.env.GetWorkflowError(), "cancel")
	require.Equal(t, record.UnderReview, j.ledger.state.Filing, "the filing stays: a new run takes over")
}

func TestAChangeInForceTellsNoRegistration(t *testing.T) {
	j := newJourney(t)
	j.ledger.state = record.State{Standing: record.InForce, Filing: record.NothingFiled}
	submit := j.ledger.accept(entry{move: record.Submit})
	j.at(monday.Add(time.Hour), func() { j.give(entry{move: record.Approve}) })
	j.run()
	require.True(t, j.ledger.outcome(submit).Applied)
	require.Zero(t, j.told)
}
