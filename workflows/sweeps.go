package workflows

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"unireg/activities"
)

// SweepInput names the chore.
type SweepInput struct {
	Chore activities.Chore `json:"chore"`
}

// Sweep does one chore once. A chore that fails is seen to fail, and what it did
// not reach is found by the next one. A chore that goes through things in order
// goes on where the schedule's last sweep stopped.
func Sweep(ctx workflow.Context, in SweepInput) (activities.Swept, error) {
	var last, swept activities.Swept
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			return swept, err
		}
	}
	err := workflow.ExecuteActivity(once(ctx), effects.Sweep, in.Chore, last.Next).Get(ctx, &swept)
	return swept, err
}

// rhythm is how often a chore is done.
type rhythm struct {
	chore activities.Chore
	every time.Duration
	// offset within the interval keeps chores apart.
	offset time.Duration
}

func rhythms() []rhythm {
	return []rhythm{
		{activities.SweepFiles, time.Hour, 7 * time.Minute},
		{activities.SweepThrottles, time.Hour, 22 * time.Minute},
		{activities.SweepSessions, day, 18 * time.Hour},
		{activities.SweepExpiries, day, 17 * time.Hour}, // one in the morning in China
		{activities.SweepImports, day, 18*time.Hour + 20*time.Minute},
		{activities.KeepReviewDays, time.Hour, 10 * time.Minute},
		{activities.SweepExports, time.Hour, 37 * time.Minute},
		{activities.SweepDisclosed, 15 * time.Minute, time.Minute},
		{activities.AuditFiles, day, 19 * time.Hour}, // three in the morning in China
		{activities.TakeCheckpoint, time.Hour, 2 * time.Minute},
		{activities.ProveHistory, day, 20 * time.Hour}, // four in the morning in China
	}
}

// EnsureSchedules brings Temporal's schedules to what this release wants. It may
// be called by every worker that starts.
func EnsureSchedules(ctx context.Context, connection client.Client) error {
	for _, r := range rhythms() {
		if err := ensureSchedule(ctx, connection.ScheduleClient(), r); err != nil {
			return err
		}
	}
	return nil
}

func ensureSchedule(ctx context.Context, schedules client.ScheduleClient, r rhythm) error {
	wanted := r.schedule()
	_, err := schedules.Create(ctx, client.ScheduleOptions{
		ID: SweepID(r.chore), Spec: *wanted.Spec, Action: wanted.Action,
		Overlap: wanted.Policy.Overlap, CatchupWindow: wanted.Policy.CatchupWindow,
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		err = schedules.GetHandle(ctx, SweepID(r.chore)).Update(ctx, client.ScheduleUpdateOptions{
			DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
				wanted.State = in.Description.Schedule.State // an operator's pause stays
				return &client.ScheduleUpdate{Schedule: wanted}, nil
			},
		})
	}
	return back("ensure schedule "+SweepID(r.chore), err)
}

// schedule describes the rhythm. Chores never overlap, and what was missed while
// Temporal was away is caught up once: of the missed times the first starts and
// the rest find it running.
func (r rhythm) schedule() *client.Schedule {
	return &client.Schedule{
		Spec: &client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: r.every, Offset: r.offset}}},
		Action: &client.ScheduleWorkflowAction{
			ID: SweepID(r.chore), Workflow: Sweep, Args: []any{SweepInput{Chore: r.chore}}, TaskQueue: TaskQueue,
		},
		Policy: &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, CatchupWindow: 2 * r.every},
	}
}
