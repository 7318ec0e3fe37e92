package agent_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const newcomer = "https://xn--fiqs8s.example.cn:8443"

// question opens the window that asks whether a site may use the keys.
func (d *desk) question(origin string, headers ...string) answer {
	d.t.Helper()
	return d.send(http.MethodGet, "/allow?origin="+url.QueryEscape(origin), "", headers...)
}

// secret is the secret of a page's form.
func secret(t *testing.T, page answer) string {
	t.Helper()
	found := csrfField.FindStringSubmatch(page.body)
	require.NotNil(t, found, page.body)
	return found[1]
}

// fill sends a form of the agent's own pages.
func (d *desk) fill(path string, fields url.Values, headers ...string) answer {
	d.t.Helper()
	return d.send(http.MethodPost, path, fields.Encode(),
		append([]string{"Origin", d.address, "Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

func TestThePersonAllowsASite(t *testing.T) {
	d := newDesk(t)
	require.Equal(t, http.StatusForbidden, d.send(http.MethodGet, "/v1/status", "", "Origin", newcomer).status)
	page := d.question(newcomer, "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "document")
	require.Equal(t, http.StatusOK, page.status)
	for _, part := range []string{"是否允许", "<small>https://</small>xn--fiqs8s.example.cn:8443", "使用本机的 CA 锁？", "由其他文字转写", "允许", "不允许", "得不到口令"} {
		require.Contains(t, page.body, part)
	}
	require.Empty(t, page.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "same-origin", page.header.Get("Cross-Origin-Opener-Policy"))

	fields := url.Values{"csrf": {secret(t, page)}, "origin": {newcomer}, "action": {"refuse"}}
	a := d.fill("/allow", fields)
	require.Equal(t, "/allow/refused", a.header.Get("Location"))
	require.Contains(t, d.send(http.MethodGet, "/allow/refused", "").body, "没有允许")
	require.NotContains(t, d.listed(), newcomer)

	fields.Set("action", "allow")
	a = d.fill("/allow", fields, "Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "document")
	require.Equal(t, http.StatusSeeOther, a.status)
	done := d.send(http.MethodGet, a.header.Get("Location"), "")
	require.Contains(t, done.body, "可以关闭此窗口")
	require.Contains(t, done.body, "/static/close.js")
	require.Equal(t, http.StatusOK, d.send(http.MethodGet, "/v1/status", "", "Origin", newcomer).status)

	start := d.send(http.MethodGet, "/", "")
	a = d.fill("/forbid", url.Values{"csrf": {secret(t, start)}, "origin": {newcomer}})
	require.Equal(t, http.StatusSeeOther, a.status)
	require.NotContains(t, d.listed(), newcomer)
	require.NotContains(t, d.question("https://reg2.example.cn").body, "转写")
}

func TestW13OnlyTheQuestionsOwnPageAllowsASite(t *testing.T) {
	d := newDesk(t)
	csrf := secret(t, d.question(newcomer))
	fields := func(csrf, origin string) url.Values {
		return url.Values{"csrf": {csrf}, "origin": {origin}, "action": {"allow"}}
	}
	forbidding := secret(t, d.send(http.MethodGet, "/", ""))
	right := fields(csrf, newcomer)
	for name, send := range map[string]func() answer{
		"no secret":             func() answer { return d.fill("/allow", fields("", newcomer)) },
		"a secret without time": func() answer { return d.fill("/allow", fields(csrf[strings.Index(csrf, "."):], newcomer)) },
		"another site's secret": func() answer { return d.fill("/allow", fields(csrf, "https://evil.example")) },
		"another form's secret": func() answer { return d.fill("/allow", fields(forbidding, newcomer)) },
		"the site itself":       func() answer { return d.fill("/allow", right, "Origin", newcomer) },
		"an allowed portal":     func() answer { return d.fill("/allow", right, "Origin", portal) },
		"a sandboxed page":      func() answer { return d.fill("/allow", right, "Origin", "null") },
		"no origin":             func() answer { return d.fill("/allow", right, "Origin", "") },
		"a cross-site form":     func() answer { return d.fill("/allow", right, "Sec-Fetch-Site", "cross-site") },
		"a page's fetch":        func() answer { return d.fill("/allow", right, "Sec-Fetch-Dest", "empty") },
		"plain text":            func() answer { return d.fill("/allow", right, "Content-Type", "text/plain") },
		"an endless form":       func() answer { return d.fill("/allow", fields(strings.Repeat("x", 1<<20), newcomer)) },
		"a late one": func() answer {
			d.later(61 * time.Minute)
			defer d.later(-61 * time.Minute)
			return d.fill("/allow", right)
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusForbidden, send().status)
			require.NotContains(t, d.listed(), newcomer)
		})
	}
	t.Run("a GET changes nothing", func(t *testing.T) {
		d.send(http.MethodGet, "/allow?"+right.Encode(), "")
		require.NotContains(t, d.listed(), newcomer)
	})
	require.Equal(t, http.StatusSeeOther, d.fill("/allow", right).status)
}

func TestOnlyAWellFormedSiteIsAskedAbout(t *testing.T) {
	d := newDesk(t)
	for _, wrong := range []string{
		"", "*", "null", "reg.example.cn", "http://reg.example.cn", "https://Reg.example.cn", "https://reg.example.cn/", "https://reg.example.cn:443",
		"https://中国.example.cn", "https://a@reg.example.cn", "https://reg.example.cn?x", "javascript:alert(1)", d.address, "https://reg example.cn",
		"https://" + strings.Repeat("a", 300) + ".cn", strings.Replace(d.address, "127.0.0.1", "localhost", 1),
	} {
		a := d.question(wrong)
		require.Equal(t, http.StatusBadRequest, a.status, wrong)
		require.NotContains(t, a.body, "<form", wrong)
	}
	require.Equal(t, http.StatusOK, d.question("http://127.0.0.1:18080").status)
}

func TestNoPageAsksInAPersonsPlace(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/", "/install", "/allow?origin=" + newcomer} {
		for name, headers := range map[string][]string{
			"a page's fetch":   {"Origin", "https://evil.example"},
			"a hidden request": {"Sec-Fetch-Dest", "empty"},
			"a frame":          {"Sec-Fetch-Dest", "iframe"},
			"a portal's page":  {"Origin", portal},
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				a := d.send(http.MethodGet, path, "", headers...)
				require.Equal(t, http.StatusForbidden, a.status)
				require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
				require.NotContains(t, a.body, "csrf")
			})
		}
	}
}

func TestQuestionsAndSitesAreBounded(t *testing.T) {
	d := newDesk(t)
	var last answer
	for range 31 {
		last = d.question(newcomer)
	}
	require.Equal(t, http.StatusTooManyRequests, last.status)
	d.later(time.Minute)
	page := d.question(newcomer)
	require.Equal(t, http.StatusOK, page.status)
	for i := range 30 {
		require.NoError(t, d.allow(fmt.Sprintf("https://n%d.example.cn", i)))
	}
	a := d.fill("/allow", url.Values{"csrf": {secret(t, page)}, "origin": {newcomer}, "action": {"allow"}})
	require.Equal(t, http.StatusConflict, a.status)
	require.NotContains(t, d.listed(), newcomer)
}
