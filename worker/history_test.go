package worker_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"unireg/activities"
	"unireg/checkpoint"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// said is a log that tests read while it is written.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestN04_AWorkerSignsTheHistoryAndProvesIt(t *testing.T) {
	engine, database, bucket := workflowstest.Fresh(t), storagetest.Fresh(t), storagetest.Bucket(t)
	store := database.Store()
	signer, err := checkpoint.NewSigner(bytes.Repeat([]byte{9}, checkpoint.SeedSize))
	require.NoError(t, err)
	trust, err := checkpoint.NewTrust(signer.Public())
	require.NoError(t, err)
	log := &said{}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- worker.Run(ctx, worker.Config{
			Temporal: engine.Client, Namespace: engine.Namespace, Store: store, Files: storage.NewFiles(store, bucket, storage.FileLimits{}),
			History: storage.NewCheckpoints(store, bucket, signer, trust), Logger: slog.New(slog.NewJSONHandler(log, nil)),
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	does := func(chore activities.Chore, fact func() bool) {
		t.Helper()
		handle := engine.ScheduleClient().GetHandle(t.Context(), workflows.SweepID(chore))
		require.Eventually(t, func() bool {
			return handle.Trigger(t.Context(), client.ScheduleTriggerOptions{}) == nil
		}, patience, 50*time.Millisecond)
		require.Eventually(t, fact, patience, 50*time.Millisecond)
	}
	does(activities.TakeCheckpoint, func() bool {
		taken, _, err := store.LatestCheckpoints(t.Context(), 1)
		return err == nil && len(taken) == 1
	})
	require.Eventually(t, func() bool {
		return bytes.Contains([]byte(log.String()), []byte(`"msg":"checkpoint","no":1,"chains":1,"root":"`))
	}, patience, 50*time.Millisecond)
	proved := func() bool {
		_, proof, err := store.LatestCheckpoints(t.Context(), 1)
		return err == nil && proof != nil && proof.Faults == 0
	}
	does(activities.ProveHistory, proved)

	_, err = database.Owner.NewRaw("ALTER TABLE checkpoints DISABLE TRIGGER USER").Exec(t.Context())
	require.NoError(t, err)
	_, err = database.Owner.NewRaw("UPDATE checkpoints SET size = 7 WHERE no = 1").Exec(t.Context())
	require.NoError(t, err)
	does(activities.ProveHistory, func() bool { return !proved() })
	require.Contains(t, log.String(), "the history is not what was signed")
}
