package activities

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"

	"go.temporal.io/sdk/temporal"

	"unireg/record"
)

// Types of failure that a workflow, and the reader of Temporal Web, may see
// beside the codes of record.Error.
const (
	// TypeUnavailable is a failure of the machinery: it is tried again.
	TypeUnavailable = "unavailable"
	// TypePanic is a fault of the program: it is tried again, so that a release
	// that mends it finds the work still waiting.
	TypePanic = "panic"
)

// out is the only door by which an error leaves the activities. Temporal keeps
// failure texts in plain, so that none passes: a failure is named by its
// operation and type. An error for people is final, everything else is tried
// again; its text goes to the log.
func (a *Activities) out(ctx context.Context, operation string, id record.ID, err error) error {
	if err == nil {
		return nil
	}
	code := record.CodeOf(err)
	switch code {
	case "", record.Busy:
		a.log().ErrorContext(ctx, "activity failed", slog.String("operation", operation), slog.String("record", string(id)),
			slog.Any("error", err))
		return temporal.NewApplicationError(operation, TypeUnavailable)
	default:
		a.log().WarnContext(ctx, "activity refused", slog.String("operation", operation), slog.String("record", string(id)),
			slog.String("code", string(code)))
		return temporal.NewNonRetryableApplicationError(operation, string(code), nil)
	}
}

// outPanic is out for a panic, whose value and stack would otherwise be kept by
// Temporal.
func (a *Activities) outPanic(ctx context.Context, operation string, id record.ID, value any) error {
	a.log().ErrorContext(ctx, "activity panicked", slog.String("operation", operation), slog.String("record", string(id)),
		slog.String("error", fmt.Sprint(value)), slog.String("stack", string(debug.Stack())))
	return temporal.NewApplicationError(operation, TypePanic)
}

func (a *Activities) log() *slog.Logger {
	if a.Logger == nil {
		return slog.Default()
	}
	return a.Logger
}
