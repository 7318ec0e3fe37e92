package web

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// lines are the log as a machine reads it.
func (j *journal) lines(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(j.String()) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry), "W31 every line is one entry: %q", line)
		all = append(all, entry)
	}
	return all
}

// logging is a portal whose log is that of production.
func logging(t *testing.T, change func(*Options)) *portal {
	t.Helper()
	log := &journal{}
	p := newPortal(t, func(o *Options) {
		o.Log = slog.New(slog.NewJSONHandler(log, nil))
		if change != nil {
			change(o)
		}
	})
	p.log = log
	return p
}

// eavesdropper keeps the events that a watcher is told.
type eavesdropper struct{ events, requests []string }

func (c *eavesdropper) Request(route, method string, status int, _ time.Duration) {
	c.requests = append(c.requests, fmt.Sprintf("%s %s %d", method, route, status))
}
func (c *eavesdropper) Event(name string) { c.events = append(c.events, name) }

func TestW32_EventsHaveAFixedSetOfKeys(t *testing.T) {
	watch := &eavesdropper{}
	p := logging(t, func(o *Options) { o.Watch = watch })
	unit := p.newOrganization()
	b := p.browser()
	p.browser().tryLogin(unit.subject.Code, "错误的密码 1")
	b.login(unit)
	b.get("/staff")
	b.post("/account/password", url.Values{})
	p.browser().post("/login", url.Values{"account": {"x"}})
	b.submit(b.get("/account"), "/logout", nil)
	thrower := p.browser()
	for range 12 {
		thrower.tryLogin(unit.subject.Code, "错误的密码 1")
	}
	staff, member := p.newStaff(record.Reviewer, true)
	require.Equal(t, http.StatusForbidden, staff.get(supervisorsOnly(t)).Status)

	seen := map[string]map[string]any{}
	for _, entry := range p.log.lines(t) {
		require.Regexp(t, `^[0-9A-F]{10}$`, entry["request"], "every line of a request has its number: %v", entry)
		if entry["log"] != eventLog {
			continue
		}
		for _, key := range append([]string{"time", "level", "msg"}, eventKeys...) {
			require.Contains(t, entry, key, "W32 %v", entry)
		}
		for key := range entry {
			require.True(t, slices.Contains(append([]string{"time", "level", "msg", "request", "log"}, eventKeys...), key), "W32 %s in %v", key, entry)
		}
		seen[fmt.Sprint(entry["msg"])+"/"+fmt.Sprint(entry["reason"])] = entry
	}
	network := strings.Join(strings.Split(b.address, ".")[:3], ".") + ".0/24"
	for event, want := range map[string]map[string]any{
		"login refused/password": {"level": "WARN", "route": "/login", "account": ""},
		"logged in/":             {"level": "INFO", "route": "/login", "account": string(unit.account), "network": network},
		"logged out/":            {"account": string(unit.account)},
		"denied/refused":         {"level": "WARN"},
		"throttled/proof_needed": {"level": "WARN", "route": "/login"},
		"denied/forbidden":       {"level": "WARN", "staff": string(member), "account": ""},
	} {
		require.Contains(t, seen, event, "W32")
		for key, value := range want {
			require.Equal(t, value, seen[event][key], "W32 %s of %s", key, event)
		}
	}
	for _, event := range []string{"login refused", "logged in", "denied", "throttled"} {
		require.Contains(t, watch.events, event, "the figures have it too")
	}
	require.Contains(t, watch.requests, "POST /login 303")
}

// supervisorsOnly is a page that the table of routes keeps from reviewers.
func supervisorsOnly(t *testing.T) string {
	t.Helper()
	for _, r := range routes() {
		if r.who == supervisor && r.method == http.MethodGet && !strings.Contains(r.path, ":") {
			return r.path
		}
	}
	require.Fail(t, "there is no such page")
	return ""
}

// TestW31_NobodyWritesALineOfTheLog sends what would break out of a line in every
// place that a browser words.
func TestW31_NobodyWritesALineOfTheLog(t *testing.T) {
	watch := &eavesdropper{}
	p := logging(t, func(o *Options) { o.Watch = watch })
	running := serveAt(t, p.Server, "127.0.0.1:0")
	const forged = `canary","level":"ERROR","msg":"forged`
	for _, request := range []string{
		"GET /%0d%0a" + url.PathEscape(forged) + " HTTP/1.1\r\nHost: portal.test\r\n\r\n",
		"GET /login?next=%0a" + url.QueryEscape(forged) + " HTTP/1.1\r\nHost: portal.test\r\n\r\n",
		"GET /login HTTP/1.1\r\nHost: portal.test\r\nUser-Agent: " + forged + "\r\nReferer: " + forged + "\r\nCookie: session=" + forged + "\r\n\r\n",
		"GET /login HTTP/1.1\r\nHost: portal.test\r\nX-Forwarded-For: " + forged + "\r\nX-Request-Id: " + forged + "\r\n\r\n",
		"GET /login HTTP/1.1\r\nHost: canary-host\r\n\r\n",
		"CANARY-METHOD /login HTTP/1.1\r\nHost: portal.test\r\n\r\n",
		"GET /login HTTP/1.1\r\nHost: portal.test\r\nCANARY\r\n\r\n",
		"POST /login HTTP/1.1\r\nHost: portal.test\r\nOrigin: http://canary.test\r\nContent-Type: canary\r\nContent-Length: 6\r\n\r\ncanary",
		"GET /records/canary-430102199001011234 HTTP/1.1\r\nHost: portal.test\r\n\r\n",
	} {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", running.address)
		require.NoError(t, err)
		_, err = io.WriteString(conn, strings.Replace(request, "\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1))
		require.NoError(t, err)
		_, err = io.ReadAll(conn)
		require.NoError(t, err, request)
		require.NoError(t, conn.Close())
	}
	require.NotEmpty(t, p.log.lines(t))
	require.NotContains(t, strings.ToLower(p.log.String()), "canary", "W31")
	require.NotContains(t, p.log.String(), "430102199001011234", "W31")
	require.NotContains(t, strings.ToLower(strings.Join(append(watch.requests, watch.events...), "\n")), "canary", "no label is a browser's word")
	patterns := map[string]bool{"none": true}
	for _, r := range routes() {
		patterns[r.path] = true
	}
	for _, request := range watch.requests {
		fields := strings.Fields(request)
		require.True(t, patterns[fields[1]], "%s is no route", request)
		require.Regexp(t, `^(GET|HEAD|POST|other)$`, fields[0])
	}
	require.Equal(t, http.MethodGet, shownMethod("GET"))
	require.Equal(t, "other", shownMethod("BREW"))
}
