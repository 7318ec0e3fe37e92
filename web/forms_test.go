package web

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve runs the portal on a real listener until the test ends.
func (p *portal) serve() string {
	p.t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(p.t, err)
	done := make(chan error, 1)
	ctx := p.t.Context()
	go func() { done <- p.Serve(ctx, listener) }()
	p.t.Cleanup(func() { require.NoError(p.t, <-done) })
	return listener.Addr().String()
}

// wire is one keep-alive connection.
type wire struct {
	t      *testing.T
	conn   net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, address string) *wire {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return &wire{t, conn, bufio.NewReader(conn)}
}

func (w *wire) write(text string) {
	w.t.Helper()
	_, err := io.WriteString(w.conn, text)
	require.NoError(w.t, err)
}

// read reads one response.
func (w *wire) read() *answer {
	w.t.Helper()
	response, err := http.ReadResponse(w.reader, nil)
	require.NoError(w.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(w.t, err)
	return &answer{w.t, response.StatusCode, response.Header, string(body)}
}

// closed waits for the portal to hang up.
func (w *wire) closed() bool {
	_, err := io.Copy(io.Discard, w.reader)
	return err == nil
}

func TestW22_BuffersOfOneRequestAreNotReadInTheNext(t *testing.T) {
	p := newPortal(t, nil)
	// A handler that keeps what it read, as storage does, and compares it after
	// other requests have come over the same connections.
	type read struct {
		field, param, query, header string
	}
	var mu sync.Mutex
	var all []read
	publicBefore := publicRoutes
	defer func() { publicRoutes = publicBefore }()
	publicRoutes = append(append([]route{}, publicBefore...), route{
		method: http.MethodPost, path: "/keep/:name", who: anyone, handle: func(_ *Server, v *visit) error {
			fields, err := v.form()
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, read{field: fields.Get("canary"), param: v.Params("name"), query: v.Query("q"), header: v.Get("X-Canary")})
			return v.SendStatus(http.StatusNoContent)
		},
	})
	s, err := New(p.Options)
	require.NoError(t, err)
	p.Server = s
	address := p.serve()
	b := p.browser()
	token := b.get("/login").token()
	visitor := b.cookies[visitorCookie].Value

	const rounds = 400
	var group sync.WaitGroup
	for client := range 2 {
		group.Go(func() {
			w := dial(t, address)
			for i := range rounds {
				canary := strings.Repeat(fmt.Sprintf("%c%03d", 'A'+client, i), 1+i%50)
				body := url.Values{"_csrf": {token}, "canary": {canary}}.Encode()
				kind := "application/x-www-form-urlencoded"
				if i%3 == 0 {
					var form bytes.Buffer
					m := multipart.NewWriter(&form)
					_ = m.WriteField("_csrf", token)
					_ = m.WriteField("canary", canary)
					_ = m.Close()
					body, kind = form.String(), m.FormDataContentType()
				}
				w.write(fmt.Sprintf("POST /keep/%s?q=%s HTTP/1.1\r\nHost: portal.test\r\nX-Canary: %s\r\nCookie: visitor=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
					canary, canary, canary, visitor, kind, len(body), body))
				require.Equal(t, http.StatusNoContent, w.read().Status)
			}
		})
	}
	group.Wait()
	require.Len(t, all, 2*rounds)
	seen := map[string]bool{}
	for _, r := range all {
		require.Regexp(t, `^([AB]\d{3})+$`, r.field)
		require.Equal(t, strings.Repeat(r.field[:4], len(r.field)/4), r.field, "W22 another request's bytes")
		require.Equal(t, []string{r.field, r.field, r.field}, []string{r.param, r.query, r.header}, "W22 another request's bytes")
		seen[r.field[:4]] = true
	}
	require.Len(t, seen, 2*rounds)
}

func TestW24_RequestsAreBounded(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.ReadTimeout = 700 * time.Millisecond })
	address := p.serve()
	b := p.browser()
	token := b.get("/login").token()
	head := "POST /preferences HTTP/1.1\r\nHost: portal.test\r\nCookie: visitor=" + b.cookies[visitorCookie].Value +
		"\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	t.Run("W24 a body of a gigabyte is refused by its length, unread", func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := dial(t, address)
		w.write(head + "Content-Length: 1073741824\r\n\r\n" + strings.Repeat("x", 10_000))
		require.Equal(t, http.StatusRequestEntityTooLarge, w.read().Status)
		require.True(t, w.closed(), "the connection ends: nobody reads the rest")
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
	})
	t.Run("W24 a body of unknown length is counted", func(t *testing.T) {
		w := dial(t, address)
		w.write(head + "Transfer-Encoding: chunked\r\n\r\n")
		chunk := fmt.Sprintf("%x\r\n%s\r\n", 64<<10, strings.Repeat("y", 64<<10))
		for range maxForm/(64<<10) + 2 {
			if _, err := io.WriteString(w.conn, chunk); err != nil {
				break // hung up already
			}
		}
		require.Equal(t, http.StatusRequestEntityTooLarge, w.read().Status)
	})
	t.Run("W24 a form has a bounded number of fields", func(t *testing.T) {
		a := b.post("/preferences", url.Values{"_csrf": {token}, "x": make([]string, maxFields)})
		require.Equal(t, http.StatusRequestEntityTooLarge, a.Status)
	})
	t.Run("W24 headers are bounded", func(t *testing.T) {
		w := dial(t, address)
		w.write("GET / HTTP/1.1\r\nHost: portal.test\r\nX-Long: " + strings.Repeat("z", 2*maxHeader) + "\r\n\r\n")
		a := w.read()
		require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, a.Status)
		require.Equal(t, "nosniff", a.Header.Get("X-Content-Type-Options"), "W15")
	})
	t.Run("W24 who sends a header a byte at a time is hung up on", func(t *testing.T) {
		w := dial(t, address)
		began := time.Now()
		w.write("GET / HTTP/1.1\r\nHost: portal.test\r\nX-Slow: ")
		done := make(chan bool, 1)
		go func() { done <- w.closed() }()
		ticker := time.NewTicker(100 * time.Millisecond)
		defer ticker.Stop()
		for open := true; open; {
			select {
			case <-done:
				open = false
			case <-ticker.C:
				_, _ = io.WriteString(w.conn, "a") // it may be hung up already
			}
		}
		require.Less(t, time.Since(began), 5*time.Second)
	})
	t.Run("W24 who sends a body a byte at a time is hung up on", func(t *testing.T) {
		w := dial(t, address)
		began := time.Now()
		w.write(head + "Content-Length: 100000\r\n\r\n_csrf=")
		a := w.read()
		require.GreaterOrEqual(t, a.Status, 400)
		require.Less(t, time.Since(began), 5*time.Second)
	})
	t.Run("W24 a crowd of slow ones keeps nobody out", func(t *testing.T) {
		for range 200 {
			w := dial(t, address)
			w.write("GET / HTTP/1.1\r\nHost: por")
		}
		w := dial(t, address)
		w.write("GET /login HTTP/1.1\r\nHost: portal.test\r\n\r\n")
		require.Equal(t, http.StatusOK, w.read().Status)
	})
	t.Run("W24 what is left of a refused body is not the next request", func(t *testing.T) {
		w := dial(t, address)
		hidden := "GET /static/theme.css HTTP/1.1\r\nHost: portal.test\r\n\r\n"
		w.write(fmt.Sprintf("POST /account/password HTTP/1.1\r\nHost: portal.test\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden))
		require.GreaterOrEqual(t, w.read().Status, 400)
		// If the connection lives on, the next answer is that to the next request.
		_, _ = io.WriteString(w.conn, "GET /codes/region HTTP/1.1\r\nHost: portal.test\r\nConnection: close\r\n\r\n")
		rest, err := http.ReadResponse(w.reader, nil)
		if err == nil {
			defer rest.Body.Close()
			require.Contains(t, rest.Header.Get("Content-Type"), "application/json")
		}
	})
}

func TestBadForms(t *testing.T) {
	p := newPortal(t, nil)
	b := p.browser()
	token := b.get("/login").token()
	for _, c := range []struct{ promise, kind, body string }{
		{"W26 a broken escape", "application/x-www-form-urlencoded", "_csrf=" + token + "&x=%zz"},
		{"W26 bytes that are no text", "application/x-www-form-urlencoded", "_csrf=" + token + "&x=%ff%fe"},
		{"W26 a zero byte", "application/x-www-form-urlencoded", "_csrf=" + token + "&x=a%00b"},
		{"W26 a zero byte in a name", "application/x-www-form-urlencoded", "_csrf=" + token + "&x%00=a"},
		{"W26 another type", "application/json", `{"_csrf":"` + token + `"}`},
		{"W26 a type that is none", "/;;=", "_csrf=" + token},
		{"W26 multipart without a boundary", "multipart/form-data", "_csrf=" + token},
		{"W26 multipart that ends early", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n" + token},
		{"W26 a file where none belongs", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n" + token +
			"\r\n--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.pdf\"\r\n\r\nx\r\n--b--\r\n"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://portal.test/preferences", strings.NewReader(c.body))
			require.NoError(t, err)
			r.Header.Set("Content-Type", c.kind)
			require.Equal(t, http.StatusBadRequest, b.send(r).Status)
		})
	}
	t.Run("W26 a compressed body is refused", func(t *testing.T) {
		b := b.twin()
		b.header = http.Header{"Content-Encoding": {"gzip"}}
		require.Equal(t, http.StatusBadRequest, b.post("/preferences", url.Values{"_csrf": {token}}).Status)
	})
}

func FuzzW26_Forms(f *testing.F) {
	f.Add("a=1&b=2", "application/x-www-form-urlencoded")
	f.Add("--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--\r\n", "b")
	f.Fuzz(func(t *testing.T, body, boundary string) {
		for _, parse := range []func() (url.Values, error){
			func() (url.Values, error) { return parseURLEncoded([]byte(body)) },
			func() (url.Values, error) { return parseMultipart([]byte(body), boundary) },
		} {
			fields, err := parse()
			if err != nil {
				require.NotEmpty(t, troubleOf(err).status)
				require.Less(t, troubleOf(err).status, 500)
				continue
			}
			for name, values := range fields {
				for _, text := range append(values, name) {
					require.NoError(t, checkText(text))
				}
			}
		}
	})
}

func TestStoppingAnswersTheLastRequests(t *testing.T) {
	p := newPortal(t, nil)
	entered, release := make(chan struct{}), make(chan struct{})
	before := publicRoutes
	defer func() { publicRoutes = before }()
	publicRoutes = append(append([]route{}, before...), route{
		method: http.MethodGet, path: "/last", who: anyone, handle: func(_ *Server, v *visit) error {
			close(entered)
			select {
			case <-release:
				return v.SendString("acknowledged")
			case <-v.ctx.Done():
				return v.ctx.Err()
			}
		},
	})
	s, err := New(p.Options)
	require.NoError(t, err)
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := contextWithStop(t)
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, listener) }()
	w := dial(t, listener.Addr().String())
	w.write("GET /last HTTP/1.1\r\nHost: portal.test\r\n\r\n")
	<-entered
	stop()
	require.Eventually(t, func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", listener.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	}, 10*time.Second, 10*time.Millisecond, "no further connection is taken")
	close(release)
	require.Equal(t, "acknowledged", w.read().Body)
	require.NoError(t, <-done)
}
