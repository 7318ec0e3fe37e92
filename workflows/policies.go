package workflows

import (
	"errors"
	"math"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// promptly is the policy of an effect that somebody waits for: it runs inside
// the workflow task, which saves three trips through the server. It is cut
// short: a local activity that goes on retrying fills the history with
// heartbeats of its workflow task.
func promptly(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 5 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    50 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    time.Second,
		},
	})
}

// patiently is the policy of an effect that must happen whenever its machinery
// is back, be it in a month: each try is short, their number is not limited. The
// longest pause keeps the wait after healing well below a minute.
func patiently(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Second,
			// Zero would mean the same to the server, but ten to the test environment.
			MaximumAttempts: math.MaxInt32,
		},
	})
}

// calling is the policy of an effect that calls the CA company. That it does not
// answer is an outcome, not a failure; what is tried again is a process that
// died, or a database that is away.
func calling(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:           CAQueue,
		StartToCloseTimeout: 15 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Second,
			MaximumAttempts:    math.MaxInt32,
		},
	})
}

// inBatches is the policy of an effect that works for a while and goes on where
// it stopped: each try has a minute, and their number is not limited.
func inBatches(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    500 * time.Millisecond,
			BackoffCoefficient: 2,
			MaximumInterval:    15 * time.Second,
			MaximumAttempts:    math.MaxInt32,
		},
	})
}

// atLength is the policy of an effect that may take an hour and tells all the while
// that it is alive: one that died is noticed within seconds and begun anew. What
// does not come to its end for hours is given up.
func atLength(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		ScheduleToCloseTimeout: 6 * time.Hour,
		StartToCloseTimeout:    2 * time.Hour,
		HeartbeatTimeout:       20 * time.Second,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval:    time.Second,
			BackoffCoefficient: 2,
			MaximumInterval:    2 * time.Minute,
			MaximumAttempts:    math.MaxInt32,
		},
	})
}

// once is the policy of a sweep: what it does not reach is found by the next one.
func once(ctx workflow.Context) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout: 10 * time.Minute,
		RetryPolicy:         &temporal.RetryPolicy{MaximumAttempts: 1},
	})
}

// perform runs an effect promptly and, where that fails for want of machinery,
// patiently. Only a refusal or the workflow's cancellation comes back as an error.
func perform(ctx workflow.Context, answer, activity any, args ...any) error {
	err := workflow.ExecuteLocalActivity(promptly(ctx), activity, args...).Get(ctx, answer)
	if err == nil || final(err) {
		return err
	}
	return workflow.ExecuteActivity(patiently(ctx), activity, args...).Get(ctx, answer)
}

// final reports whether trying again cannot help.
func final(err error) bool {
	var application *temporal.ApplicationError
	return temporal.IsCanceledError(err) || errors.As(err, &application) && application.NonRetryable()
}
