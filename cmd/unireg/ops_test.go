package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/web"
)

// portalUp starts a portal and returns its two ports.
func portalUp(t *testing.T, changes ...string) (portal *program, listen, private string) {
	t.Helper()
	listen, private = freeAddress(t), freeAddress(t)
	environment, _ := system(t, append([]string{"UNIREG_LISTEN=" + listen, "UNIREG_OPS_LISTEN=" + private}, changes...)...)
	portal = start(t, environment, "", "web")
	portal.await("portal listens")
	return portal, listen, private
}

func TestW37_ProfilesAreServedOnlyWhereAskedFor(t *testing.T) {
	without, _, private := portalUp(t)
	status, _ := get(t, "http://"+private+"/debug/pprof/")
	require.Equal(t, http.StatusNotFound, status, "W37 not by default")
	require.NoError(t, without.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, without.exit())

	_, listen, private := portalUp(t, "UNIREG_PPROF=true")
	for path, want := range map[string]int{
		"/debug/pprof/": http.StatusOK, "/debug/pprof/goroutine": http.StatusOK, "/debug/pprof/cmdline": http.StatusNotFound, "/debug/vars": http.StatusNotFound,
	} {
		status, _ := get(t, "http://"+private+path)
		require.Equal(t, want, status, path)
		status, _ = get(t, "http://"+listen+path)
		require.Equal(t, http.StatusNotFound, status, "W37 %s on the public port", path)
	}
}

func TestW15_AnswersToOperatorsForbidWhatBrowsersCouldDo(t *testing.T) {
	_, _, private := portalUp(t, "UNIREG_PPROF=true")
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/debug/pprof/", "/none", "/%2e%2e/"} {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
			r, err := http.NewRequestWithContext(t.Context(), method, "http://"+private+path, nil)
			require.NoError(t, err)
			answer, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			for name, want := range map[string]string{
				"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
				"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			} {
				require.Equal(t, want, answer.Header.Get(name), "%s of %s %s: %d", name, method, path, answer.StatusCode)
			}
		}
	}
}

// TestI10_FiguresNameNobody has a canary in every place that a browser words.
func TestI10_FiguresNameNobody(t *testing.T) {
	_, listen, private := portalUp(t)
	const canary = "430102199001011234"
	for _, request := range []struct{ method, path, body string }{
		{http.MethodGet, "/" + canary, ""},
		{http.MethodGet, "/records/" + canary + "?q=" + canary, ""},
		{http.MethodGet, "/register?code=" + canary, ""},
		{http.MethodPost, "/login", url.Values{"account": {canary}, "password": {canary}}.Encode()},
		{"CANARY" + canary, "/login", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), request.method, "http://"+listen+request.path, strings.NewReader(request.body))
		require.NoError(t, err)
		r.Header.Set("User-Agent", canary)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	status, said := get(t, "http://"+private+"/metrics")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, said, canary, "I10")
	require.NotRegexp(t, `[0-9a-f]{8}-[0-9a-f]{4}-`, said, "I10 no id")
	for _, want := range []string{
		`unireg_http_requests_total{method="POST",route="/login",status="4xx"} 1`,
		`unireg_http_requests_total{method="GET",route="none",status="4xx"} 1`,
		`unireg_part_up{part="database"} 1`, `unireg_part_up{part="schema"} 1`, `unireg_part_up{part="pages"} 1`,
		"unireg_open_commands 0", "go_goroutines ", "process_open_fds ", `go_sql_open_connections{db_name="unireg"}`, "unireg_breaker_open 0",
	} {
		require.Contains(t, said, want)
	}
}

func TestWorkerTellsItsFigures(t *testing.T) {
	private := freeAddress(t)
	environment, _ := system(t, "UNIREG_OPS_LISTEN="+private)
	worker := start(t, environment, "", "worker")
	worker.await("worker serves")
	require.Eventually(t, func() bool {
		_, said := get(t, "http://"+private+"/metrics")
		return strings.Contains(said, `unireg_rounds_total{loop="relay",result="ok"}`) &&
			strings.Contains(said, `unireg_last_good_round_timestamp_seconds{loop="reconcile"}`) &&
			regexp.MustCompile(`(?m)^temporal_\w+\{.*task_queue=`).MatchString(said)
	}, time.Minute, 50*time.Millisecond)
	status, body := get(t, "http://"+private+"/readyz")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, body, "pages", "a worker draws none")
	require.NoError(t, worker.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, worker.exit(), worker.output.String())
	require.Contains(t, worker.output.String(), "stopped")
}

func TestSIGTERMIsToldBeforeThePortalCloses(t *testing.T) {
	portal, listen, private := portalUp(t, "UNIREG_DRAIN_NOTICE=3s")
	require.NoError(t, portal.command.Process.Signal(syscall.SIGTERM))
	require.Eventually(t, func() bool {
		status, body := get(t, "http://"+private+"/readyz")
		var ready web.Readiness
		require.NoError(t, json.Unmarshal([]byte(body), &ready))
		return status == http.StatusServiceUnavailable && ready.Status == web.Stopping
	}, 2*time.Second, 5*time.Millisecond)
	status, _ := get(t, "http://"+private+"/livez")
	require.Equal(t, http.StatusOK, status, "it runs, and is not to be killed")
	status, _ = get(t, "http://"+listen+"/login")
	require.Equal(t, http.StatusOK, status, "it serves while this is told")
	require.Zero(t, portal.exit(), portal.output.String())
	require.Contains(t, portal.output.String(), "stopped")
}

func TestUnmigratedDatabaseIsNotReady(t *testing.T) {
	portal, _, private := portalUp(t)
	environment := portal.command.Env
	var owner string
	for _, line := range environment {
		if value, ok := strings.CutPrefix(line, "UNIREG_MIGRATE_DATABASE_URL="); ok {
			owner = value
		}
	}
	p := &patient{t: t, settings: map[string]string{}}
	u, err := url.Parse(owner)
	require.NoError(t, err)
	p.asSuperuser(strings.TrimPrefix(u.Path, "/"), "DELETE FROM bun_migrations WHERE name = (SELECT max(name) FROM bun_migrations)")
	status, body := get(t, "http://"+private+"/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Contains(t, body, `"schema":"failed"`)
	code, said := run(t, environment[3:], "", "health")
	require.Equal(t, 1, code)
	require.Contains(t, said, "not ready: status 503")
}
