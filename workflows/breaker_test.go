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
