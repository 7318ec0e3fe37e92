package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
)

// TestW25_PathVariants sends paths as no browser does: whatever is written, the
// portal serves a page only to who may see it.
func TestW25_PathVariants(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	member := newMember(t, s, "路径审核员", record.Reviewer, true)
	b := newBidder(t, s, fmt.Sprintf("路径%d有限公司", nextNumber())).complete(t).submitted(t)
	task, err := s.store.ReviewOf(t.Context(), b.profile)
	require.NoError(t, err)
	stranger := newBidder(t, s, fmt.Sprintf("别人%d有限公司", nextNumber()))
	profile := "/records/" + string(b.profile)

	for _, c := range []struct {
		who, cookie string
		paths       []string
	}{
		{"nobody", "", []string{"/home", profile, profile + "/edit", "/history", "/account", "/messages", "/staff", "/staff/reviews/" + string(task), "/staff/subjects", "/files/" + b.file.ID}},
		{"another subject", "session=" + stranger.cookie, []string{profile, profile + "/versions/1", "/files/" + b.file.ID, "/staff", "/staff/reviews/" + string(task), "/staff/files/" + b.file.ID}},
		{"a subject as staff", "staff=" + b.cookie, []string{"/staff", "/staff/reviews/" + string(task)}},
	} {
		t.Run("W25 W17 "+c.who, func(t *testing.T) {
			for _, path := range c.paths {
				for _, variant := range variants(path) {
					status, body := raw(t, s.origin, http.MethodGet, variant, c.cookie)
					require.NotContains(t, body, b.subject.Name, "GET %s", variant)
					require.NotContains(t, body, b.subject.Code, "GET %s", variant)
					require.Contains(t, []int{303, 400, 401, 403, 404, 301, 302, 307, 308}, status, "GET %s", variant)
				}
			}
		})
	}
	t.Run("W25 W13 no variant of a path changes anything", func(t *testing.T) {
		token, err := access.CSRF(cookieKey, stranger.cookie)
		require.NoError(t, err)
		for _, path := range []string{profile + "/withdraw", "/staff/reviews/" + string(task) + "/claim", "/staff/reviews/" + string(task) + "/approve"} {
			for _, variant := range variants(path) {
				for _, cookie := range []string{"", "session=" + stranger.cookie, "staff=" + stranger.cookie} {
					status, _ := raw(t, s.origin, http.MethodPost, variant, cookie, "X-CSRF-Token: "+token)
					require.GreaterOrEqual(t, status, 303, "POST %s", variant)
				}
			}
		}
		require.Empty(t, b.standsAt(t, record.UnderReview))
		found, err := s.store.Review(t.Context(), member.ID, task)
		require.NoError(t, err)
		require.Empty(t, found.Task.ClaimedBy)
	})
}

// variants writes a path in ways that mean the same to a careless guard, or
// something else to a careless router.
func variants(path string) []string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if rest != "" {
		rest = "/" + rest
	}
	return []string{
		path, "/" + path, "/." + path, path + "/", "/x/.." + path, "/static/.." + path, "/static/%2e%2e" + path,
		"/" + strings.ToUpper(first) + rest, fmt.Sprintf("/%%%02x%s%s", first[0], first[1:], rest), "/%2e" + path, path + "%2f", path + ";x=1",
		path + "%00", path + "?/../", "/%2f" + path[1:], "\\" + path[1:], path + "/.", path + "//",
	}
}

// raw sends a request line as it is and reads the answer.
func raw(t testing.TB, origin, method, path, cookie string, headers ...string) (status int, body string) {
	t.Helper()
	address := strings.TrimPrefix(origin, "http://")
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + address, "Connection: close", "Content-Length: 0"}, headers...)
	if cookie != "" {
		lines = append(lines, "Cookie: "+cookie)
	}
	_, err = fmt.Fprint(conn, strings.Join(lines, "\r\n")+"\r\n\r\n")
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err, "%s %s", method, path)
	defer response.Body.Close()
	var all strings.Builder
	_, err = bufio.NewReader(response.Body).WriteTo(&all)
	require.NoError(t, err)
	return response.StatusCode, all.String()
}
