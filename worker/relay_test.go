package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/worker"
	"unireg/workflows"
)

// bell answers each ring as told and notes who rang.
type bell struct {
	mu       sync.Mutex
	answer   func(record.ID) (workflows.Answer, error)
	rung     []record.ID
	attended []record.ID
	subjects []record.ID
	called   []record.ID
}

func (b *bell) Ring(_ context.Context, id, _ record.ID) (workflows.Answer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rung = append(b.rung, id)
	return b.answer(id)
}

func (b *bell) Attend(_ context.Context, id record.ID) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.attended = append(b.attended, id)
	return true, nil
}

func (b *bell) RingRegistration(_ context.Context, subject record.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.subjects = append(b.subjects, subject)
	return nil
}

func (b *bell) Called(_ context.Context, id record.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.called = append(b.called, id)
	return nil
}

// open is a list of open commands that stays as it is.
type open []storage.OpenCommand

func (o open) OpenCommands(_ context.Context, _ time.Duration, limit int) ([]storage.OpenCommand, error) {
	return o[:min(limit, len(o))], nil
}

func relayRound(t *testing.T, b *bell, commands open) (bool, error) {
	t.Helper()
	return worker.NewRelay(b, commands, slog.New(slog.DiscardHandler)).Round(t.Context())
}

func served(record.ID) (workflows.Answer, error) { return workflows.Answer{Done: true}, nil }

func TestTheRelayRingsOnceForEachRecord(t *testing.T) {
	b := &bell{answer: served}
	more, err := relayRound(t, b, open{
		{ID: "c1", Record: "a", Move: record.Submit},
		{ID: "c2", Record: "a", Move: record.Withdraw},
		{ID: "c3", Record: "b", Move: record.Approve},
		{ID: "c4", Record: "s", Move: storage.MoveRegister},
	})
	require.NoError(t, err)
	require.False(t, more)
	require.ElementsMatch(t, []record.ID{"a", "b"}, b.rung)
	require.Equal(t, []record.ID{"s"}, b.subjects)
	require.Empty(t, b.attended)
}

func TestTheRelayRestsWhileTemporalIsAway(t *testing.T) {
	b := &bell{answer: func(record.ID) (workflows.Answer, error) {
		return workflows.Answer{}, fmt.Errorf("ring: %w", workflows.ErrUnavailable)
	}}
	_, err := relayRound(t, b, open{{ID: "c1", Record: "a"}, {ID: "c2", Record: "b"}})
	require.ErrorIs(t, err, workflows.ErrUnavailable)
	require.Empty(t, b.attended, "who is away starts nothing")
}

func TestARingThatLeavesACommandOpenIsFollowedByAStart(t *testing.T) {
	b := &bell{answer: func(id record.ID) (workflows.Answer, error) { return workflows.Answer{Done: id != "stuck"}, nil }}
	commands := open{{ID: "c1", Record: "stuck"}, {ID: "c2", Record: "fine"}}
	relay := worker.NewRelay(b, commands, slog.New(slog.DiscardHandler))
	for range 3 {
		_, err := relay.Round(t.Context())
		require.NoError(t, err)
	}
	require.Equal(t, []record.ID{"stuck"}, b.attended, "and then rung more rarely")
	require.ElementsMatch(t, []record.ID{"stuck", "fine", "fine", "fine"}, b.rung)
}

func TestAHundredStuckCommandsDoNotKeepOthersWaiting(t *testing.T) {
	b := &bell{answer: func(id record.ID) (workflows.Answer, error) {
		return workflows.Answer{Done: !strings.HasPrefix(string(id), "stuck")}, nil
	}}
	var commands open
	for i := range 100 {
		id := record.ID(fmt.Sprintf("stuck %d", i))
		commands = append(commands, storage.OpenCommand{ID: id, Record: id})
	}
	commands = append(commands, storage.OpenCommand{ID: "last", Record: "last"})
	relay := worker.NewRelay(b, commands, slog.New(slog.DiscardHandler))
	more, err := relay.Round(t.Context())
	require.NoError(t, err)
	require.True(t, more)
	require.NotContains(t, b.rung, record.ID("last"))
	_, err = relay.Round(t.Context())
	require.NoError(t, err)
	require.Contains(t, b.rung, record.ID("last"))
}
