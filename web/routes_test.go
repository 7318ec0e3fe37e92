package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/storage"
)

// fill puts values for the parameters of a route's path.
func (r route) fill() string {
	path := regexp.MustCompile(`/:table`).ReplaceAllString(r.path, "/region")
	path = regexp.MustCompile(`/:number`).ReplaceAllString(path, "/20260305-7KQ3WX4NP9")
	path = regexp.MustCompile(`/:no`).ReplaceAllString(path, "/1")
	return regexp.MustCompile(`/:[a-z]+`).ReplaceAllString(path, "/"+string(storage.NewID()))
}

func TestRouteTable(t *testing.T) {
	p := newPortal(t, nil)
	t.Run("W19 every route that Fiber knows has its row", func(t *testing.T) {
		rows := map[string]bool{"GET /static/*": true}
		for _, r := range routes() {
			rows[r.method+" "+r.path] = true
		}
		for _, tree := range p.App().Stack() {
			for _, r := range tree {
				if r.Method != fiber.MethodHead {
					require.True(t, rows[r.Method+" "+r.Path], "%s %s is served without a row in the table", r.Method, r.Path)
				}
			}
		}
	})
	t.Run("W19 nothing is registered with Fiber but through the table", func(t *testing.T) {
		files, err := filepath.Glob("*.go")
		require.NoError(t, err)
		registers := regexp.MustCompile(`\bapp\.(Add|All|Get|Head|Post|Put|Patch|Delete|Use|Group|Mount|Static)\(`)
		var found []string
		for _, file := range files {
			content, err := os.ReadFile(file)
			require.NoError(t, err)
			if !strings.HasSuffix(file, "_test.go") && registers.Match(content) {
				found = append(found, file)
			}
		}
		require.Equal(t, []string{"routes.go"}, found)
	})
	for _, c := range []struct {
		promise string
		row     route
	}{
		{"no audience", route{method: "GET", path: "/x", handle: (*Server).start}},
		{"an audience that is none", route{method: "GET", path: "/x", who: "everybody", handle: (*Server).start}},
		{"no handler", route{method: "GET", path: "/x", who: anyone}},
		{"twice", route{method: "GET", path: "/", who: anyone, handle: (*Server).start}},
		{"staff's pages for applicants", route{method: "GET", path: "/staff/x", who: applicant, handle: (*Server).start}},
		{"applicants' pages for staff", route{method: "GET", path: "/x", who: staffMember, handle: (*Server).start}},
	} {
		t.Run("W19 a row is refused: "+c.promise, func(t *testing.T) {
			before := publicRoutes
			defer func() { publicRoutes = before }()
			publicRoutes = append(slices.Clone(before), c.row)
			_, err := New(p.Options)
			require.ErrorContains(t, err, c.row.path)
		})
	}
}

func TestW19_WhoMayDoWhatOnWhichRoute(t *testing.T) {
	p := newPortal(t, nil)
	applicantBrowser := p.browser()
	applicantBrowser.login(p.newOrganization())
	password, _ := p.newStaff(record.Reviewer, false)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	confirmer, _ := p.newStaff(record.Confirmer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	visitors := []struct {
		name string
		*browser
		may []audience
	}{
		{"nobody", p.browser(), []audience{anyone, anonymousOnly}},
		{"an applicant", applicantBrowser, []audience{anyone, applicant}},
		{"staff before the second factor", password, []audience{anyone, staffPassword}},
		{"a reviewer", reviewer, []audience{anyone, staffPassword, staffMember}},
		{"a confirmer", confirmer, []audience{anyone, staffPassword, staffMember}},
		{"a supervisor", boss, []audience{anyone, staffPassword, staffMember, supervisor}},
	}
	for _, r := range routes() {
		for _, v := range visitors {
			if r.path == "/logout" || r.path == "/staff/logout" || strings.Contains(r.path, "/account/sessions/") {
				continue // they end the session with which the others are asked
			}
			// The other side's cookie is nobody here.
			may := slices.Contains(v.may, r.who)
			if r.who == anonymousOnly && v.name != "an applicant" && !r.staff || r.who == anonymousOnly && r.staff && v.name == "an applicant" {
				may = true
			}
			b := v.twin()
			var a *answer
			if r.unsafe() {
				b.header = http.Header{"Origin": {"http://portal.test"}}
				token := b.anyToken(r)
				request := httptest.NewRequest(r.method, r.fill(), strings.NewReader(url.Values{"_csrf": {token}}.Encode()))
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				request.Header.Set(csrfHeader, token)
				a = b.send(request)
			} else {
				a = b.get(r.fill())
			}
			what := fmt.Sprintf("%s on %s %s: %d %s", v.name, r.method, r.path, a.Status, a.location())
			refused := a.Status == http.StatusUnauthorized || strings.HasPrefix(a.location(), "/login?") || strings.HasPrefix(a.location(), "/staff/login?") ||
				a.location() == "/staff/totp" && r.who != staffPassword && !r.staff ||
				a.Status == http.StatusForbidden && strings.Contains(a.text(), "只有管理员") ||
				r.who == anonymousOnly && (a.location() == "/home" || a.location() == "/staff")
			require.Equal(t, !may, refused, what)
		}
	}
}

// anyToken is a token that the route's gate takes from this browser.
func (b *browser) anyToken(r route) string {
	b.p.t.Helper()
	v := &visit{s: b.p.Server, route: r}
	name := v.sessionCookie()
	for _, candidate := range []string{name, visitorCookie} {
		if c, ok := b.cookies[candidate]; ok {
			return tokenFor(b.p.t, b.p.Server, c.Value)
		}
	}
	if page := b.get("/"); page.Status == http.StatusOK {
		return page.token()
	}
	return ""
}

func TestW13_NoRequestOfAnotherSiteChangesAnything(t *testing.T) {
	p := newPortal(t, nil)
	w := p.newOrganization()
	b := p.browser()
	b.login(w)
	reviewer, _ := p.newStaff(record.Supervisor, true)
	stranger := p.browser()
	stranger.get("/login")
	foreign := tokenFor(t, p.Server, stranger.cookies[visitorCookie].Value)
	before := snapshot(t)
	for _, r := range routes() {
		if !r.unsafe() {
			continue
		}
		for _, c := range []struct {
			promise string
			token   string
			header  http.Header
		}{
			{"no token", "", nil},
			{"a token of another browser", foreign, nil},
			{"the right token, from another site", "right", http.Header{"Origin": {"https://evil.test"}}},
			{"the right token, from another site, by the browser's word", "right", http.Header{"Sec-Fetch-Site": {"cross-site"}}},
			{"the right token, from a neighbour's site", "right", http.Header{"Sec-Fetch-Site": {"same-site"}}},
		} {
			visitor := b.twin()
			if r.who.ofStaff() || r.staff {
				visitor = reviewer.twin()
			}
			token := c.token
			if token == "right" {
				token = visitor.anyToken(r)
			}
			visitor.header = c.header
			a := visitor.post(r.fill(), url.Values{"_csrf": {token}, "all": {"on"}})
			if r.who == partnerSystem {
				// Cookies and tokens say nothing there: only a signature does.
				require.Equal(t, http.StatusUnauthorized, a.Status, "%s %s with %s", r.method, r.path, c.promise)
				continue
			}
			if r.who == partnerSystem {
				// No cookie counts there: a signature or a key does, which no page has.
				require.Equal(t, http.StatusUnauthorized, a.Status, "%s %s with %s", r.method, r.path, c.promise)
				continue
			}
			if r.stream {
				// The token of a stream is its header or its first part.
				require.GreaterOrEqual(t, a.Status, 400, "%s %s with %s", r.method, r.path, c.promise)
				continue
			}
			require.Equal(t, http.StatusForbidden, a.Status, "%s %s with %s", r.method, r.path, c.promise)
		}
	}
	require.Equal(t, before, snapshot(t), "nothing changed")
}

func TestW13_NoGetChangesAnything(t *testing.T) {
	p := newPortal(t, nil)
	b := p.browser()
	b.login(p.newOrganization())
	reviewer, _ := p.newStaff(record.Supervisor, true)
	before := snapshot(t)
	for _, r := range routes() {
		if r.unsafe() {
			continue
		}
		visitor := b
		if r.who.ofStaff() || r.staff {
			visitor = reviewer
		}
		a := visitor.get(r.fill())
		require.Less(t, a.Status, 500, r.path)
	}
	require.Equal(t, before, snapshot(t))
}

func TestT3_EveryPageIsServedWithoutTheWorkflowEngine(t *testing.T) {
	p := newPortal(t, nil)
	p.rings.leave(true)
	b := p.browser()
	b.login(p.newOrganization())
	reviewer, _ := p.newStaff(record.Supervisor, true)
	for _, r := range routes() {
		if r.unsafe() {
			continue
		}
		visitor := b
		if r.who.ofStaff() || r.staff {
			visitor = reviewer
		}
		require.Less(t, visitor.get(r.fill()).Status, 500, r.path)
	}
}

func TestW13_AStreamThatSkipsTheGateIsAnError(t *testing.T) {
	p := newPortal(t, nil)
	before := publicRoutes
	publicRoutes = append(slices.Clone(before), route{
		method: http.MethodPost, path: "/careless", who: anyone, stream: true,
		handle: func(_ *Server, v *visit) error { return v.SendString("done") },
	})
	s, err := New(p.Options)
	publicRoutes = before
	require.NoError(t, err)
	p.Server = s
	require.Equal(t, http.StatusInternalServerError, p.browser().post("/careless", nil).Status)
}

// snapshot counts and sums what is stored, but for the counters of attempts.
func snapshot(t *testing.T) map[string]string {
	t.Helper()
	var tables []string
	require.NoError(t, owner(t).NewRaw("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").Scan(t.Context(), &tables))
	sums := map[string]string{}
	for _, name := range tables {
		if name == "throttles" || name == "used_tokens" {
			continue
		}
		var sum string
		require.NoError(t, owner(t).NewRaw("SELECT count(*) || '/' || coalesce(md5(string_agg(md5(x::text), '' ORDER BY md5(x::text))), '') FROM ? x",
			bun.Ident(name)).Scan(t.Context(), &sum))
		sums[name] = sum
	}
	return sums
}

func TestW25_NoSpellingOfAPathSkipsTheTable(t *testing.T) {
	p := newPortal(t, nil)
	nobody := p.browser()
	unit := p.browser()
	unit.login(p.newOrganization())
	for _, path := range []string{"/staff", "/staff/subjects", "/account", "/messages", "/home"} {
		rest := path[1:]
		for _, variant := range []string{
			"/" + path, "//" + path, "/." + path, path + "/", path + "/.", "/x/.." + path, "/%2e" + path, "/%2e%2e" + path, "/" + strings.ToUpper(rest),
			fmt.Sprintf("/%%%02x%s", rest[0], rest[1:]), fmt.Sprintf("/%%%02X%s", rest[0], rest[1:]), "/%2f" + rest, "/\\" + rest, path + ";a=b", path + "%00",
			path + "%20", path + "?x=/login", path + "#x", path + ".html", "/static/.." + path, "/login/.." + path, "/login/%2e%2e" + path,
		} {
			for name, b := range map[string]*browser{"nobody": nobody, "an applicant": unit} {
				if name == "an applicant" && !strings.HasPrefix(path, "/staff") {
					continue
				}
				request := &http.Request{Method: http.MethodGet, Header: http.Header{}, Host: "portal.test", Body: http.NoBody}
				request.URL = &url.URL{Opaque: variant}
				request.RequestURI = variant
				a := b.send(request)
				sent := a.Status == http.StatusSeeOther && (strings.HasPrefix(a.location(), "/login") || strings.HasPrefix(a.location(), "/staff/login"))
				require.True(t, sent || a.Status == http.StatusNotFound || a.Status == http.StatusBadRequest, "%s asks for %q: %d", name, variant, a.Status)
			}
		}
	}
}
