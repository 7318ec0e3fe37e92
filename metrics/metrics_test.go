package metrics

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/web"
	"unireg/worker"
	"unireg/workflows"
)

// shelf tells what waits, or that nobody knows.
type shelf struct {
	backlog storage.Backlog
	fault   error
}

func (s *shelf) Backlog(context.Context) (storage.Backlog, error) { return s.backlog, s.fault }

// read is what Prometheus reads.
func read(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	body, err := io.ReadAll(w.Body)
	require.NoError(t, err)
	return string(body)
}

// used returns figures of which every one was told something.
func used(t *testing.T, waits *shelf) *Metrics {
	t.Helper()
	m := New()
	m.Pool(&sql.DB{})
	handler, err := m.Temporal(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	handler.WithTags(map[string]string{"operation": "StartWorkflowExecution"}).Counter("temporal_request").Inc(1)
	handler.WithTags(map[string]string{"operation": "StartWorkflowExecution"}).Timer("temporal_request_latency").Record(20 * time.Millisecond)
	m.Live(web.NewHealth(
		web.Part{Name: "database", Ping: func(context.Context) error { return nil }},
		web.Part{Name: "workflows", Optional: true, Ping: func(context.Context) error { return errors.New("away") }},
	), waits)
	m.Request("/records/:id/submit", "POST", 303, 30*time.Millisecond)
	m.Request("/records/:id/submit", "POST", 422, 20*time.Millisecond)
	m.Event("login refused")
	m.Accepted(record.Submit)
	m.Concluded(record.Submit, "")
	m.Concluded(record.Approve, record.RefusedState)
	m.Uploaded(1 << 20)
	m.Rang(workflows.BellRecord, workflows.RungAnswered, 15*time.Millisecond)
	m.Rang(workflows.BellRecord, workflows.RungSpared, 0)
	m.Spared(true)
	m.Round(worker.LoopRelay, time.Millisecond, nil)
	m.Round(worker.LoopReconcile, time.Millisecond, errors.New("away"))
	m.Reconciled(worker.Reconciliation{Started: 2, Roused: 1, Replanned: 3})
	m.Scanned(worker.ScanClean)
	m.Carried(storage.ByEmail, storage.LetterSent)
	return m
}

func TestFiguresAreWhatWasTold(t *testing.T) {
	waits := &shelf{backlog: storage.Backlog{Commands: storage.Waiting{Count: 4, Oldest: 90 * time.Second}}}
	m := used(t, waits)
	said := read(t, m)
	for _, line := range []string{
		`unireg_http_requests_total{method="POST",route="/records/:id/submit",status="3xx"} 1`,
		`unireg_http_requests_total{method="POST",route="/records/:id/submit",status="4xx"} 1`,
		`unireg_http_request_seconds_count{method="POST",route="/records/:id/submit"} 2`,
		`unireg_security_events_total{event="login refused"} 1`,
		`unireg_commands_accepted_total{move="submit"} 1`,
		`unireg_commands_applied_total{move="submit"} 1`,
		`unireg_commands_refused_total{move="approve",refusal="` + string(record.RefusedState) + `"} 1`,
		`unireg_upload_bytes_total 1.048576e+06`,
		`unireg_rings_total{bell="record",outcome="answered"} 1`,
		`unireg_rings_total{bell="record",outcome="spared"} 1`,
		`unireg_breaker_open 1`,
		`unireg_rounds_total{loop="reconcile",result="failed"} 1`,
		`unireg_reconciled_total{what="started"} 2`,
		`unireg_scans_total{result="clean"} 1`,
		`unireg_letters_total{channel="email",outcome="sent"} 1`,
		`unireg_open_letters 0`,
		`unireg_part_up{part="database"} 1`,
		`unireg_part_up{part="workflows"} 0`,
		`unireg_open_commands 4`,
		`unireg_oldest_open_commands_seconds 90`,
		`unireg_open_scans 0`,
		`go_sql_max_open_connections{db_name="unireg"} 0`,
		`temporal_request_total{operation="StartWorkflowExecution"} 1`,
		`temporal_request_latency_seconds_bucket{operation="StartWorkflowExecution",le="0.025"} 1`,
	} {
		require.Contains(t, said, line)
	}
	require.Contains(t, said, "unireg_last_good_round_timestamp_seconds{loop=\"relay\"}")
	require.NotContains(t, said, "unireg_last_good_round_timestamp_seconds{loop=\"reconcile\"}", "a round that failed was not good")

	waits.fault = errors.New("the database is away")
	m.Spared(false)
	said = read(t, m)
	require.NotContains(t, said, "unireg_open_commands ", "no figure is better than an old one")
	require.Contains(t, said, "unireg_breaker_open 0")
	require.Contains(t, said, "unireg_part_up")
}

// TestOperatorsGuideNamesEveryFigure holds the guide's list and the figures equal.
func TestOperatorsGuideNamesEveryFigure(t *testing.T) {
	content, err := os.ReadFile("../docs/operators.md")
	require.NoError(t, err)
	names := func(text, pattern string) []string {
		var all []string
		for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			all = append(all, match[1])
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	_, list, ok := strings.Cut(string(content), "## Figures\n")
	require.True(t, ok)
	list, _, _ = strings.Cut(list, "\n## ")
	require.Equal(t, names(read(t, used(t, &shelf{backlog: storage.Backlog{Checkpoints: storage.Waiting{Count: 1}}})), `(?m)^# TYPE (unireg_\w+) `), names(list, "(?m)^\\| `(unireg_\\w+)`"))
}
