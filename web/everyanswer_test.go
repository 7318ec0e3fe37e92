package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// asker is somebody who asks for every route.
type asker struct {
	name string
	*browser
}

// everybody are browsers in which those who use the portal are logged in.
func (p *portal) everybody() []asker {
	p.t.Helper()
	firm := p.browser()
	firm.login(p.newOrganization())
	password, _ := p.newStaff(record.Reviewer, false)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	if p.secure {
		for _, b := range []*browser{password, reviewer, boss} {
			b.cookies[securePrefix+staffCookie] = &http.Cookie{Name: securePrefix + staffCookie, Value: b.cookies[staffCookie].Value}
		}
	}
	return []asker{{"nobody", p.browser()}, {"a firm", firm}, {"staff before the second factor", password}, {"a reviewer", reviewer}, {"a supervisor", boss}}
}

// ask sends a request to a route as a page of ours would, with the token where
// it has one.
func (b *browser) ask(r route, accept string) *answer {
	b.p.t.Helper()
	body := url.Values{}
	request := httptest.NewRequest(r.method, r.fill(), nil)
	if r.unsafe() {
		token := b.anyToken(r)
		body.Set("_csrf", token)
		request = httptest.NewRequest(r.method, r.fill(), strings.NewReader(body.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set(csrfHeader, token)
		request.Header.Set("Origin", b.p.Origin)
	}
	if accept != "" {
		request.Header.Set("Accept", accept)
	}
	return b.send(request)
}

// ending are the routes that end the session with which the others are asked.
func ending(r route) bool {
	return strings.HasSuffix(r.path, "/logout") || strings.Contains(r.path, "/sessions/")
}

func TestW12_W14_W15_W28_EveryAnswerOfEveryRoute(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Origin = "https://portal.test" })
	askers := p.everybody()
	answers := 0
	for _, r := range routes() {
		if ending(r) {
			continue
		}
		for _, who := range askers {
			b := who.twin()
			for what, a := range map[string]*answer{
				"as a page would":   b.ask(r, ""),
				"as a script would": b.ask(r, "application/json"),
				"from elsewhere":    b.from("https://evil.test", r),
				"HEAD":              b.send(httptest.NewRequest(http.MethodHead, r.fill(), nil)),
				"BREW":              b.send(httptest.NewRequest("BREW", r.fill(), nil)),
				"DELETE":            b.send(httptest.NewRequest(http.MethodDelete, r.fill(), nil)),
			} {
				name := fmt.Sprintf("%s asks for %s %s, %s: %d", who.name, r.method, r.path, what, a.Status)
				requireHeaders(t, a, name)
				kept := a.Header.Get("Cache-Control")
				if r.public && a.Status == http.StatusOK || r.open && a.Status == http.StatusOK && who.name != "a firm" {
					require.Regexp(t, `^public, max-age=`, kept, name)
					require.Empty(t, a.Header.Values("Set-Cookie"), "%s: what is kept is nobody's", name)
					require.Equal(t, r.open, a.Header.Get("Vary") == "Cookie", "%s: who is known is not given what is kept", name)
				} else {
					require.Equal(t, "no-store", kept, name)
				}
				answers++
			}
		}
	}
	require.Greater(t, answers, 3000)
}

// from asks for a route as a form of another site would.
func (b *browser) from(origin string, r route) *answer {
	b.p.t.Helper()
	request := httptest.NewRequest(http.MethodPost, r.fill(), strings.NewReader("a=b"))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", origin)
	return b.send(request)
}

var noncePolicy = regexp.MustCompile(`^default-src 'self'; script-src 'nonce-[A-Za-z0-9+/]{22}'; style-src 'self'; img-src 'self' data: blob:; worker-src 'self'; font-src 'self'; connect-src 'self'( http://127\.0\.0\.1:17680)?; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors '(none|self)'$`)

// requireHeaders checks what every answer carries, whatever it is about.
func requireHeaders(t *testing.T, a *answer, name string) {
	t.Helper()
	require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), name)
	require.Contains(t, []string{"DENY", "SAMEORIGIN"}, a.Header.Get("X-Frame-Options"), name)
	require.Equal(t, "same-origin", a.Header.Get("Referrer-Policy"), name)
	require.Equal(t, "same-origin", a.Header.Get("Cross-Origin-Opener-Policy"), name)
	require.Equal(t, "same-origin", a.Header.Get("Cross-Origin-Resource-Policy"), name)
	require.Equal(t, "max-age=31536000", a.Header.Get("Strict-Transport-Security"), name)
	require.Contains(t, a.Header.Get("Permissions-Policy"), "camera=()", name)
	require.Regexp(t, noncePolicy, a.Header.Get("Content-Security-Policy"), name)
	require.Empty(t, a.Header.Get("Server"), name)
	require.Empty(t, a.Header.Get("X-Powered-By"), name)
	for _, cookie := range a.Header.Values("Set-Cookie") {
		lower := strings.ToLower(cookie)
		require.True(t, strings.HasPrefix(cookie, "__Host-"), "%s: %s", name, cookie)
		for _, flag := range []string{"; secure", "; httponly", "; samesite=lax", "; path=/"} {
			require.Contains(t, lower, flag, name)
		}
		require.NotContains(t, lower, "domain=", name)
	}
	require.NotRegexp(t, `<[^>]*\s(on[a-z]+|style)=`, a.Body, name)
	for _, tag := range regexp.MustCompile(`<script[^>]*>`).FindAllString(a.Body, -1) {
		require.Contains(t, tag, ` nonce="`, name)
		require.Contains(t, tag, ` src="/static/`, name)
	}
}

// What never comes to a route is answered with the same care.
func TestW15_AnswersThatReachNoRoute(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Origin = "https://portal.test" })
	address := p.serve()
	long := strings.Repeat("z", 2*maxHeader)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"no such page":                 {"GET /none HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusNotFound},
		"no such page of staff":        {"GET /staff/none HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusNotFound},
		"no such thing of partners":    {"GET /api/v1/none HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusNotFound},
		"another method":               {"DELETE /login HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusMethodNotAllowed},
		"another method of partners":   {"PATCH /api/v1/ca/callbacks HTTP/1.1\r\nHost: portal.test\r\nContent-Length: 0\r\n\r\n", http.StatusMethodNotAllowed},
		"a method that is none":        {"BREW /login HTTP/1.1\r\nHost: portal.test\r\n\r\n", 0},
		"no such file":                 {"GET /static/none.js HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusNotFound},
		"a file out of the house":      {"GET /static/%2e%2e/server.go HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusNotFound},
		"headers that are too long":    {"GET / HTTP/1.1\r\nHost: portal.test\r\nX-Long: " + long + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"a line that is too long":      {"GET /" + long + " HTTP/1.1\r\nHost: portal.test\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		"no request":                   {"\x16\x03\x01\x02\x00\r\n\r\n", http.StatusBadRequest},
		"a header that is none":        {"GET / HTTP/1.1\r\nHost: portal.test\r\nnone\r\n\r\n", 0},
		"a body that is too large":     {"POST /login HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1073741824\r\n\r\n" + long, http.StatusRequestEntityTooLarge},
		"a callback that is too large": {"POST /api/v1/ca/callbacks HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n" + long, 0},
		"no token":                     {"POST /login HTTP/1.1\r\nHost: portal.test\r\nContent-Length: 0\r\n\r\n", http.StatusForbidden},
	} {
		t.Run("W15 "+name, func(t *testing.T) {
			w := dial(t, address)
			w.write(c.request)
			a := w.read()
			if c.status != 0 {
				require.Equal(t, c.status, a.Status)
			}
			require.GreaterOrEqual(t, a.Status, 400)
			requireHeaders(t, a, name)
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
			require.NotContains(t, a.Body, "fasthttp")
			require.NotContains(t, a.Body, "error when")
		})
	}
}

// identities are the tables without which nobody is let in.
var identities = map[string]bool{"sessions": true, "accounts": true, "subjects": true, "subject_keys": true, "staff": true, "api_keys": true, "throttles": true, "used_tokens": true, "challenges": true}

// Behind whoever was let in nothing works: every table that pages read is gone.
func TestW34_NoRouteTellsWhatWentWrongInside(t *testing.T) {
	database := storagetest.Fresh(t)
	p := newPortal(t, func(o *Options) {
		o.Store = database.Store()
		o.Rings = &rings{store: o.Store}
	})
	askers := p.everybody()
	_, key, err := p.Store.AddAPIKey(t.Context(), record.Actor{Role: record.Supervisor}, "x", []storage.Scope{storage.ScopeCARead, storage.ScopeEligibilityRead}, farFuture())
	require.NoError(t, err)
	var tables []string
	require.NoError(t, database.Owner.NewRaw("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").Scan(t.Context(), &tables))
	for _, name := range tables {
		if !identities[name] {
			_, err := database.Owner.ExecContext(t.Context(), fmt.Sprintf(`ALTER TABLE %q RENAME TO %q`, name, name+"_canary"))
			require.NoError(t, err)
		}
	}
	reference := regexp.MustCompile(`(?:class="code">|"reference":"|参考编号 ?)([0-9A-F]{10})`)
	failed := map[string]bool{}
	look := func(who string, r route, a *answer) {
		name := fmt.Sprintf("%s asks for %s %s: %d", who, r.method, r.path, a.Status)
		for _, detail := range []string{"canary", "relation ", "SQLSTATE", "42P01", "pgx", "does not exist", "goroutine", ".go:", "unireg/", "SELECT ", "panic"} {
			require.NotContains(t, a.unvarying(), detail, name) // a nonce may spell anything
		}
		if a.Status < 500 {
			return
		}
		failed[r.method+" "+r.path] = true
		number := reference.FindStringSubmatch(a.Body)
		require.NotNil(t, number, "%s: %s", name, a.Body)
		require.Contains(t, p.log.String(), "request="+number[1], "%s: the number leads to its lines", name)
	}
	for _, r := range routes() {
		if ending(r) {
			continue
		}
		for _, who := range askers {
			for _, accept := range []string{"text/html", "application/json"} {
				b := who.twin()
				if r.who == partnerSystem {
					b.header = http.Header{"Authorization": {"Bearer " + key}}
				}
				look(who.name, r, b.ask(r, accept))
			}
		}
	}
	require.Greater(t, len(failed), 60, "routes that failed inside: %v", failed)
	for _, path := range []string{"/home", "/records/:id", "/staff", "/staff/reviews/:id", "/api/v1/ca/applications/:reference", "/claims/:number"} {
		require.True(t, failed["GET "+path], "%s needs a table that is gone", path)
	}
}
