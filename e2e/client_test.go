package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
)

// caller posts and reads like a bidder's browser, without one: for tests of
// which the point is what the portal does, not how it looks.
type caller struct {
	bidder *bidder
	origin string
	http   *http.Client
	// visitor is the cookie of a browser in which a login by key begins.
	visitor string
}

// at is the bidder's caller at a portal. It keeps no connection, for the portal
// may be killed at any time.
func (b *bidder) at(origin string) *caller {
	return &caller{bidder: b, origin: origin, http: &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what the portal answered.
type answer struct {
	status   int
	location string
	body     string
	session  string // that begins with this answer, "" for none
}

// send makes a request with the bidder's session.
func (c *caller) send(ctx context.Context, method, path, kind string, body io.Reader) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.origin+path, body)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	token, err := access.CSRF(cookieKey, c.bidder.cookie)
	if err != nil {
		return answer{}, err
	}
	cookies := "session=" + c.bidder.cookie
	if c.visitor != "" {
		cookies += "; visitor=" + c.visitor
	}
	request.Header.Set("Cookie", cookies)
	request.Header.Set("Origin", c.origin)
	request.Header.Set("X-CSRF-Token", token)
	request.Header.Set("X-Forwarded-For", c.bidder.address)
	request.Header.Set("Accept", "text/html")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, fmt.Errorf("%s %s: %w", method, path, err)
	}
	got := answer{status: response.StatusCode, location: response.Header.Get("Location"), body: string(content)}
	for _, cookie := range response.Cookies() {
		if cookie.Name == "session" {
			got.session = cookie.Value
		}
	}
	return got, nil
}

func (c *caller) get(ctx context.Context, path string) (answer, error) {
	return c.send(ctx, http.MethodGet, path, "", nil)
}

const urlencoded = "application/x-www-form-urlencoded"

// submission is the form by which the page of answers submits.
func submission(command record.ID, draft int) url.Values {
	return url.Values{"command": {string(command)}, "draft_version": {strconv.Itoa(draft)}}
}

// form is the form by which the profile is submitted.
func (b *bidder) form(command record.ID) string { return submission(command, b.draft).Encode() }

// submit posts the draft and returns what the portal answered.
func (c *caller) submit(ctx context.Context, command record.ID) (answer, error) {
	return c.send(ctx, http.MethodPost, "/records/"+string(c.bidder.profile)+"/submit", urlencoded, strings.NewReader(c.bidder.form(command)))
}

// accepted reports that the answer acknowledges a submit.
func (a answer) accepted() bool {
	return a.status == http.StatusSeeOther && (strings.HasPrefix(a.location, "/receipts/") || strings.HasPrefix(a.location, "/records/"))
}

// shows reports that a page is there.
func (c *caller) shows(t testing.TB, path string) {
	t.Helper()
	got, err := c.get(t.Context(), path)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status, "GET %s leads to %q", path, got.location)
	require.Contains(t, got.body, "<h1", "GET %s is a page", path)
}
