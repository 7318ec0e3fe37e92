package worker_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

func TestT20_MissedSweepsAreCaughtUpOnce(t *testing.T) {
	engine := workflowstest.Fresh(t)
	d := newDesk(t, engine)
	d.serve()
	schedules := engine.ScheduleClient()
	for _, chore := range []activities.Chore{activities.SweepThrottles, activities.SweepSessions} {
		handle := schedules.GetHandle(t.Context(), workflows.SweepID(chore))
		// The worker that has just started makes the schedules.
		require.Eventually(t, func() bool {
			_, err := handle.Describe(t.Context())
			return err == nil
		}, patience, 50*time.Millisecond)
		// A week in which nothing ran: the times that were missed, all at once.
		now := time.Now()
		require.NoError(t, handle.Backfill(t.Context(), client.ScheduleBackfillOptions{Backfill: []client.ScheduleBackfill{{
			Start: now.Add(-7 * 24 * time.Hour), End: now, Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED,
		}}}))
		require.Eventually(t, func() bool {
			description, err := handle.Describe(t.Context())
			require.NoError(t, err)
			return description.Info.NumActionsSkippedOverlap >= 6 && len(description.Info.RunningWorkflows) == 0 &&
				len(description.Info.RecentActions) == 1
		}, patience, 50*time.Millisecond)
	}
}

func TestEnsuringSchedulesAgainKeepsAnOperatorsPause(t *testing.T) {
	engine := workflowstest.Fresh(t)
	require.NoError(t, workflows.EnsureSchedules(t.Context(), engine.Client))
	handle := engine.ScheduleClient().GetHandle(t.Context(), workflows.SweepID(activities.AuditFiles))
	require.NoError(t, handle.Pause(t.Context(), client.SchedulePauseOptions{Note: "maintenance"}))
	require.NoError(t, workflows.EnsureSchedules(t.Context(), engine.Client))
	for _, chore := range activities.Chores() {
		description, err := engine.ScheduleClient().GetHandle(t.Context(), workflows.SweepID(chore)).Describe(t.Context())
		require.NoError(t, err, chore)
		require.Equal(t, chore == activities.AuditFiles, description.Schedule.State.Paused)
		require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, description.Schedule.Policy.Overlap)
	}
}

func TestU11_TheAuditGoesOnWhereItStopped(t *testing.T) {
	engine := workflowstest.Fresh(t)
	bucket := storagetest.Bucket(t)
	database := storagetest.Fresh(t)
	files := storage.NewFiles(database.Store(), bucket, storage.FileLimits{})
	counted := &countingFiles{Files: files, asked: make(chan string, 10)}
	serveWith(t, engine, database.Store(), counted)
	handle := engine.ScheduleClient().GetHandle(t.Context(), workflows.SweepID(activities.AuditFiles))
	require.Eventually(t, func() bool {
		return handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}) == nil
	}, patience, 50*time.Millisecond)
	require.Empty(t, <-counted.asked)
	require.Eventually(t, func() bool {
		description, err := handle.Describe(t.Context())
		return err == nil && len(description.Info.RunningWorkflows) == 0 && len(description.Info.RecentActions) == 1
	}, patience, 50*time.Millisecond)
	require.NoError(t, handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}))
	require.Equal(t, "the first stopped here", <-counted.asked)
}

// countingFiles tells where each audit was asked to begin.
type countingFiles struct {
	*storage.Files
	asked chan string
}

func (f *countingFiles) AuditNext(ctx context.Context, after record.ID, limit int) ([]storage.Disagreement, record.ID, error) {
	f.asked <- string(after)
	if after != "" {
		return nil, "", nil
	}
	faults, _, err := f.Files.AuditNext(ctx, after, limit)
	return faults, "the first stopped here", err
}
