package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func TestHeadersOfEveryAnswer(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Origin = "https://portal.test" })
	b := p.browser()
	signed := p.browser()
	unit := p.newOrganization()
	signed.login(unit)
	method := func(name, path string) *http.Request { return httptest.NewRequest(name, path, nil) }
	answers := map[string]*answer{
		"a page":                     b.get("/"),
		"a page of an account":       signed.get("/account"),
		"HEAD":                       b.send(method(http.MethodHead, "/login")),
		"JSON":                       b.get("/codes/region"),
		"a redirect":                 b.get("/account"),
		"no such page":               b.get("/no-such-page"),
		"no such method":             b.send(method(http.MethodDelete, "/login")),
		"a method that is none":      b.send(method("BREW", "/login")),
		"a forged form":              b.post("/login", url.Values{}),
		"an unreadable form":         b.unreadable("/login"),
		"bad input":                  b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}}),
		"a static file":              b.get("/static/theme.css"),
		"a static file that is none": b.get("/static/../server.go"),
		"an internal error":          broken(t, "https://portal.test").get("/account"),
	}
	policy := regexp.MustCompile(`script-src 'nonce-([A-Za-z0-9+/]{22})'`)
	nonces := map[string]string{}
	for what, a := range answers {
		t.Run("W14 W15 "+what, func(t *testing.T) {
			require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"))
			require.Equal(t, "DENY", a.Header.Get("X-Frame-Options"))
			require.Equal(t, "same-origin", a.Header.Get("Referrer-Policy"))
			require.Contains(t, a.Header.Get("Strict-Transport-Security"), "max-age=31536000")
			csp := a.Header.Get("Content-Security-Policy")
			match := policy.FindStringSubmatch(csp)
			require.NotNil(t, match, csp)
			require.NotContains(t, csp, "unsafe")
			require.Contains(t, csp, "frame-ancestors 'none'")
			require.Contains(t, csp, "object-src 'none'")
			require.Empty(t, nonces[match[1]], "a nonce serves once")
			nonces[match[1]] = what
			require.Empty(t, a.Header.Get("Server"))
			for _, tag := range regexp.MustCompile(`<script[^>]*>`).FindAllString(a.Body, -1) {
				require.Contains(t, tag, `nonce="`+match[1]+`"`)
			}
			require.NotRegexp(t, `<[^>]*\son[a-z]+=`, a.Body, "no handler attributes")
			require.NotRegexp(t, `<[^>]*\sstyle=`, a.Body, "no inline styles")
			require.NotContains(t, a.Body, "<style")
		})
		t.Run("W28 "+what, func(t *testing.T) {
			cache := a.Header.Get("Cache-Control")
			switch {
			case strings.HasPrefix(what, "a static file") && a.Status == http.StatusOK:
				require.Equal(t, "no-cache", cache)
			case what == "JSON":
				require.Contains(t, cache, "public")
			default:
				require.Equal(t, "no-store", cache)
			}
		})
	}
	t.Run("W15 without TLS no promise of TLS", func(t *testing.T) {
		require.Empty(t, newPortal(t, nil).browser().get("/").Header.Get("Strict-Transport-Security"))
	})
}

// unreadable posts what is no form.
func (b *browser) unreadable(path string) *answer {
	b.p.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
	r.Header.Set("Content-Type", "application/json")
	return b.send(r)
}

// broken is a browser at a portal whose database does not answer. It carries a
// session's cookie, so that the portal asks.
func broken(t *testing.T, origin string) *browser {
	t.Helper()
	db, err := storage.Open("postgres://unireg_app:secret-4711@127.0.0.1:1/canary_database", 1)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	p := newPortal(t, func(o *Options) {
		o.Store, o.Origin = storage.New(db, storagetest.Keys(), storagetest.Policy()), origin
	})
	b := p.browser()
	token, _, err := access.NewToken()
	require.NoError(t, err)
	name := sessionCookie
	if p.secure {
		name = securePrefix + name
	}
	b.cookies[name] = &http.Cookie{Name: name, Value: token}
	return b
}

func TestW12_Cookies(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Origin = "https://portal.test" })
	unit := p.newOrganization()
	b := p.browser()
	page := b.get("/login")
	answers := []*answer{
		page,
		b.submit(page, "/preferences", url.Values{"contrast": {"on"}, "next": {"/"}}),
		b.submit(page, "/login", url.Values{"account": {unit.subject.Name}, "password": {testPassword}, "remember": {"on"}}),
		b.submit(b.get("/account"), "/account/sessions/end-others", nil),
		p.browser().get("/register"),
	}
	other := p.browser()
	answers = append(answers, other.submit(other.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {newCreditCode()}}))
	seen := map[string]bool{}
	for _, a := range answers {
		for _, cookie := range a.Header.Values("Set-Cookie") {
			name, _, _ := strings.Cut(cookie, "=")
			seen[name] = true
			lower := strings.ToLower(cookie)
			require.True(t, strings.HasPrefix(name, "__Host-"), cookie)
			for _, flag := range []string{"; secure", "; httponly", "; samesite=lax", "; path=/"} {
				require.Contains(t, lower, flag, name)
			}
			require.NotContains(t, lower, "domain=")
			require.NotContains(t, cookie, unit.subject.Code)
			require.NotContains(t, cookie, url.QueryEscape(unit.subject.Name))
		}
	}
	for _, name := range []string{sessionCookie, visitorCookie, prefsCookie, accountCookie, deviceCookie, flashCookie, ticketCookie} {
		require.True(t, seen["__Host-"+name], "W12 %s was not looked at", name)
	}
	t.Run("W12 a session's cookie ends with the browser", func(t *testing.T) {
		require.Zero(t, b.cookies["__Host-session"].MaxAge)
		require.True(t, b.cookies["__Host-session"].Expires.IsZero())
	})
	t.Run("W12 without TLS the cookies are as strict as they can be", func(t *testing.T) {
		plain := newPortal(t, nil).browser().get("/login").Header.Get("Set-Cookie")
		require.Contains(t, plain, "HttpOnly")
		require.Contains(t, plain, "SameSite=Lax")
		require.NotContains(t, plain, "secure")
	})
}

func TestW28_StaticFilesMayBeKept(t *testing.T) {
	p := newPortal(t, nil)
	page := p.browser().get("/")
	found := regexp.MustCompile(`(?:href|src)="(/static/[^"#]+)`).FindAllStringSubmatch(page.Body, -1)
	require.NotEmpty(t, found)
	for _, match := range found {
		a := p.browser().get(match[1])
		if strings.Contains(match[1], "/vendor/") && a.Status == http.StatusNotFound {
			continue // a clean clone, before the third parties' files are installed
		}
		require.Equal(t, http.StatusOK, a.Status, match[1])
		require.Equal(t, "public, max-age=31536000, immutable", a.Header.Get("Cache-Control"), match[1])
		require.Empty(t, a.Header.Get("Set-Cookie"))
	}
	for _, path := range []string{"/static/theme.css?v=0", "/static/theme.css"} {
		require.Equal(t, "no-cache", p.browser().get(path).Header.Get("Cache-Control"), path)
	}
	for _, path := range []string{"/static/", "/static/vendor", "/static/static.go", "/static/vendor/README.md", "/static/%2e%2e/server.go"} {
		require.Equal(t, http.StatusNotFound, p.browser().get(path).Status, path)
	}
}
