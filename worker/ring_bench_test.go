package worker_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/workflows/workflowstest"
)

// BenchmarkRing measures accept, ring and apply of one command at a time, on the
// real servers: p50 and p95 of the ring alone.
func BenchmarkRing(b *testing.B) {
	d := newDesk(b, workflowstest.Shared(b))
	d.serve()
	d.do(record.Submit)
	d.do(record.Approve)
	var rings, accepts []time.Duration
	moves := []record.Move{record.Reopen, record.Approve}
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		id := d.accept(moves[i%2])
		accepted := time.Now()
		require.True(b, d.ring(id).Applied)
		accepts, rings = append(accepts, accepted.Sub(began)), append(rings, time.Since(accepted))
	}
	slices.Sort(rings)
	slices.Sort(accepts)
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(milliseconds(accepts[len(accepts)/2]), "accept-p50-ms")
	b.ReportMetric(milliseconds(rings[len(rings)/2]), "ring-p50-ms")
	b.ReportMetric(milliseconds(rings[len(rings)*95/100]), "ring-p95-ms")
}
