package web

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// What a person posted is on the page of the error: to be posted again where
// that may help, or else the words, to be copied.
func TestAnErrorLosesNothingThatWasTyped(t *testing.T) {
	for _, c := range []struct {
		err   error
		again bool
	}{
		{errTest, true},
		{record.Errorf(record.Busy, "稍后"), true},
		{record.Errorf(record.TooMany, "太多"), true},
		{record.Errorf(record.Conflict, "别人更快"), false},
		{record.Errorf(record.Invalid, "内容有误"), false},
		{record.Errorf(record.Forbidden, "不可以"), false},
		{record.Errorf(record.NotFound, "没有这一项"), false},
	} {
		t.Run(c.err.Error(), func(t *testing.T) {
			p := newPortal(t, nil)
			before := publicRoutes
			var seen []url.Values
			publicRoutes = append(slices.Clone(before), route{method: http.MethodPost, path: "/fail", who: anyone, handle: func(_ *Server, v *visit) error {
				fields, err := v.form()
				require.NoError(t, err)
				seen = append(seen, fields)
				return c.err
			}})
			s, err := New(p.Options)
			publicRoutes = before
			require.NoError(t, err)
			p.Server = s
			b := p.browser()
			sent := url.Values{"reason": {"法定代表人变更<b>"}, "command": {"nonce-1"}, "roles": {"bidder", "supplier"}, "password": {"secret-4711"}}
			a := b.submit(b.get("/login"), "/fail", sent)
			require.Equal(t, statuses[record.CodeOf(c.err)] == 0, a.Status == http.StatusInternalServerError)
			require.Regexp(t, `[0-9A-F]{10}`, a.text())
			require.Contains(t, html.UnescapeString(a.Body), "法定代表人变更<b>")
			require.NotContains(t, a.Body, "secret-4711")
			require.NotContains(t, a.Body, "变更<b>")
			if !c.again {
				require.NotContains(t, a.text(), "再试一次")
				require.NotContains(t, a.Body, "nonce-1")
				return
			}
			require.Contains(t, a.text(), "再试一次")
			form := a.Body[strings.Index(a.Body, `action="/fail"`):]
			again := url.Values{}
			for _, found := range regexp.MustCompile(`type="hidden" name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(form[:strings.Index(form, "</form>")], -1) {
				again.Add(found[1], html.UnescapeString(found[2]))
			}
			again.Del("_csrf")
			b.submit(a, "/fail", again)
			require.Len(t, seen, 2)
			for name, values := range seen[0] {
				if name != "password" && name != "_csrf" {
					require.Equal(t, values, seen[1][name], name)
				}
			}
		})
	}
}
