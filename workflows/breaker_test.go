package workflows

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheBreakerSparesCallersAndLetsOneTry(t *testing.T) {
	now := time.Date(2026, time.March, 2, 10, 0, 0, 0, time.UTC)
	var b breaker
	b.report(now, false)
	require.True(t, b.allow(now), "one failure is nothing")
	b.report(now, false)
	require.False(t, b.allow(now))
	require.False(t, b.allow(now.Add(retryRest-time.Millisecond)))

	now = now.Add(retryRest)
	require.True(t, b.allow(now), "one tries")
	require.False(t, b.allow(now), "the others are spared")
	b.report(now, false)
	require.False(t, b.allow(now.Add(retryRest/2)))

	now = now.Add(retryRest)
	require.True(t, b.allow(now))
	b.report(now, true)
	require.True(t, b.allow(now), "it is back, for everybody")
	require.True(t, b.allow(now))
}

func TestN09_AskingWhatRunsTakesNoTryFromFilings(t *testing.T) {
	c := NewClient(nil, "away")
	long := time.Now().Add(-time.Hour)
	for range tolerated {
		c.breaker.report(long, false)
	}
	_, err := c.Processes(t.Context(), []Process{{Kind: ProcessRecord, ID: "01a2159b-655a-76d8-ba74-7349708f2761"}})
	require.ErrorIs(t, err, ErrUnavailable)
	require.True(t, c.breaker.allow(time.Now()), "the try is left to a filing")
}
