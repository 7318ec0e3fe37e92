package worker

import (
	"context"
	"log/slog"
	"time"
)

// rounds works until ctx ends: at once again where there is more to do, else
// after a rest, which grows while the work fails.
func rounds(ctx context.Context, logger *slog.Logger, watch observed, who Loop, work func(context.Context) (more bool, err error)) {
	rest := round
	for ctx.Err() == nil {
		began := time.Now()
		more, err := work(ctx)
		if ctx.Err() == nil {
			watch.round(who, began, err)
		}
		switch {
		case err != nil && ctx.Err() == nil:
			rest = min(2*rest, longestRest)
			logger.WarnContext(ctx, string(who)+" rests", slog.Duration("for", rest), slog.Any("error", err))
		case more:
			rest = round
			continue
		default:
			rest = round
		}
		pause(ctx, rest)
	}
}

// again is the silence after one more ring that changed nothing: it lasts ever
// longer.
func (s silence) again(now time.Time) silence {
	s.rings++
	s.until = now.Add(min(longestRest, round<<min(s.rings, 4)))
	return s
}
