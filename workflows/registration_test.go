package workflows_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/testsuite"

	"unireg/activities"
	"unireg/workflows"
)

const day = 24 * time.Hour

func newRegistration(t *testing.T, closeAfter time.Duration) (*testsuite.TestWorkflowEnvironment, *ledger) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(monday)
	store := newLedger(env.Now)
	env.RegisterWorkflow(workflows.Registration)
	env.RegisterActivity(&activities.Activities{Store: store, AbandonAfter: closeAfter, Logger: quiet()})
	return env, store
}

func register(t *testing.T, env *testsuite.TestWorkflowEnvironment, store *ledger) {
	t.Helper()
	env.ExecuteWorkflow(workflows.Registration, workflows.RegistrationInput{Subject: store.subject})
	require.True(t, env.IsWorkflowCompleted())
	require.NoError(t, env.GetWorkflowError())
}

// ages checks that the reminders came at those ages of the registration.
func ages(t *testing.T, reminders []time.Time, want ...time.Duration) {
	t.Helper()
	require.Len(t, reminders, len(want))
	for i, age := range want {
		require.WithinDuration(t, monday.Add(age), reminders[i], time.Second)
	}
}

func TestAnAbandonedRegistrationIsRemindedThenClosed(t *testing.T) {
	env, store := newRegistration(t, 90*day)
	store.failAfter["close registration"] = 2
	register(t, env, store)
	require.Equal(t, 1, store.registered)
	ages(t, store.registerAt, 7*day, 30*day, 60*day)
	require.WithinDuration(t, monday.Add(90*day), store.closedAt, time.Second)
}

func TestAShorterPolicyClosesBeforeTheLaterReminders(t *testing.T) {
	env, store := newRegistration(t, 10*day)
	register(t, env, store)
	ages(t, store.registerAt, 7*day)
	require.WithinDuration(t, monday.Add(10*day), store.closedAt, time.Second)
}

func TestARegistrationEndsWithTheProfileInForce(t *testing.T) {
	env, store := newRegistration(t, 90*day)
	env.RegisterDelayedCallback(func() { env.SignalWorkflow(workflows.SignalProfileInForce, nil) }, 9*day)
	register(t, env, store)
	ages(t, store.registerAt, 7*day)
	require.WithinDuration(t, monday.Add(9*day), env.Now(), time.Second)
	require.Zero(t, store.closedAt)
}

func TestARegistrationFindsAProfileWhoseSignalWasLost(t *testing.T) {
	env, store := newRegistration(t, 90*day)
	env.RegisterDelayedCallback(func() {
		store.mu.Lock()
		defer store.mu.Unlock()
		store.profile = true
	}, 8*day)
	register(t, env, store)
	ages(t, store.registerAt, 7*day)
	require.WithinDuration(t, monday.Add(30*day), env.Now(), time.Second)
}

func TestARegistrationWithAFilingUnderWayIsNotClosed(t *testing.T) {
	env, store := newRegistration(t, 90*day)
	store.filing = true
	env.RegisterDelayedCallback(func() {
		store.mu.Lock()
		defer store.mu.Unlock()
		store.filing = false
	}, 100*day)
	register(t, env, store)
	require.WithinDuration(t, monday.Add(120*day), store.closedAt, time.Second)
}
