package activities_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
)

// faulty is a store of which every call ends the same way.
type faulty struct {
	activities.Store
	err  error
	fall any // what to panic with
}

func (f faulty) Apply(context.Context, record.ID, []record.ID) (storage.Applied, error) {
	if f.fall != nil {
		panic(f.fall)
	}
	return storage.Applied{Subject: "left over"}, f.err
}

const text = "pool exhausted at 10.0.0.7"

// What an error says stays in the log: Temporal learns the operation and a type.
func TestI10_NoTextOfAnErrorReachesTemporal(t *testing.T) {
	cases := map[string]struct {
		store   faulty
		failure string
		final   bool
		logs    bool // the log tells the cause
	}{
		"an internal error is tried again": {
			faulty{err: fmt.Errorf("connect: %w", errors.New(text))}, activities.TypeUnavailable, false, true,
		},
		"an error for people is final": {
			faulty{err: fmt.Errorf("apply: %w", record.Errorf(record.NotFound, text))}, "not_found", true, false,
		},
		"a busy store is tried again": {faulty{err: record.Errorf(record.Busy, text)}, activities.TypeUnavailable, false, true},
		"a panic is tried again":      {faulty{fall: text}, activities.TypePanic, false, true},
		"a panic with an error":       {faulty{fall: errors.New(text)}, activities.TypePanic, false, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			var suite testsuite.WorkflowTestSuite
			env := suite.NewTestActivityEnvironment()
			effects := &activities.Activities{Store: c.store, Logger: slog.New(slog.NewTextHandler(&logged, nil))}
			env.RegisterActivity(effects)
			_, err := env.ExecuteActivity(effects.Apply, record.ID("r"), []record.ID(nil))
			var failure *temporal.ApplicationError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, c.failure, failure.Type())
			require.Equal(t, c.final, failure.NonRetryable())
			require.NotContains(t, err.Error(), text)
			require.Contains(t, err.Error(), "apply")
			require.NoError(t, failure.Unwrap(), "no cause comes along")
			require.Equal(t, c.logs, bytes.Contains(logged.Bytes(), []byte(text)))
			require.Contains(t, logged.String(), "operation=apply")
		})
	}
}

func TestAFailedActivityAnswersNothing(t *testing.T) {
	effects := &activities.Activities{Store: faulty{err: errors.New(text)}, Logger: slog.New(slog.DiscardHandler)}
	applied, err := effects.Apply(t.Context(), "r", nil)
	require.Error(t, err)
	require.Zero(t, applied)
}

func TestAChoreThatNobodyDoesFails(t *testing.T) {
	effects := &activities.Activities{Logger: slog.New(slog.DiscardHandler), Housekeeping: activities.Housekeeping{
		activities.SweepFiles: func(_ context.Context, after record.ID) (activities.Swept, error) {
			return activities.Swept{Done: 3, Next: after + "1"}, nil
		},
	}}
	swept, err := effects.Sweep(t.Context(), activities.SweepFiles, "4")
	require.NoError(t, err)
	require.Equal(t, activities.Swept{Done: 3, Next: "41"}, swept)
	_, err = effects.Sweep(t.Context(), activities.AuditFiles, "")
	require.Error(t, err)
}
