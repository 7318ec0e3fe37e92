package web

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestW24_TransfersAreBounded(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.ReadTimeout = 700 * time.Millisecond })
	address := p.serve()
	b := p.bidder()
	head := func(cookie string) string {
		return "POST /files?record=" + string(b.id) + "&field=licence HTTP/1.1\r\nHost: portal.test\r\nCookie: session=" + cookie +
			"\r\nX-CSRF-Token: " + tokenFor(t, p.Server, b.cookies[sessionCookie].Value) +
			"\r\nAccept: application/json\r\nContent-Type: multipart/form-data; boundary=b\r\n"
	}
	mine := head(b.cookies[sessionCookie].Value)
	const first = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n\r\n%PDF-1.7\n"
	t.Run("W24 an attachment of a gigabyte is refused by its length, unread", func(t *testing.T) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		w := dial(t, address)
		w.write(mine + "Content-Length: 1073741824\r\n\r\n" + first + strings.Repeat("x", 10_000))
		require.Equal(t, http.StatusRequestEntityTooLarge, w.read().Status)
		require.True(t, w.closed(), "the connection ends: nobody reads the rest")
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(64<<20))
	})
	t.Run("W24 one of unknown length is counted", func(t *testing.T) {
		w := dial(t, address)
		w.write(mine + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(first), first))
		sent, chunk := 0, fmt.Sprintf("%x\r\n%s\r\n", 256<<10, strings.Repeat("y", 256<<10))
		for range 8 * p.MaxFile / (256 << 10) {
			if _, err := io.WriteString(w.conn, chunk); err != nil {
				break // hung up already
			}
			sent += 256 << 10
		}
		require.Less(t, int64(sent), (patienceFactor+2)*p.MaxFile, "the portal reads on and on")
	})
	t.Run("W24 a transfer by nobody gets no more time than anything else", func(t *testing.T) {
		for _, begun := range []string{"", first, first + strings.Repeat("x", 10_000)} {
			w := dial(t, address)
			began := time.Now()
			w.write(head("nobody") + "Content-Length: 1000000\r\n\r\n" + begun)
			require.GreaterOrEqual(t, w.read().Status, 400)
			require.True(t, w.closed())
			require.Less(t, time.Since(began), 5*time.Second)
		}
	})
	t.Run("W24 one by who is logged in may take its time", func(t *testing.T) {
		w := dial(t, address)
		content := first + strings.Repeat("% filling\n", 2000) + "%%EOF\n\r\n--b--\r\n"
		w.write(mine + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(content), content[:10_000]))
		late := time.NewTimer(p.ReadTimeout + 300*time.Millisecond)
		<-late.C
		w.write(content[10_000:])
		require.Equal(t, http.StatusCreated, w.read().Status)
	})
	t.Run("W24 another system's message is bounded", func(t *testing.T) {
		w := dial(t, address)
		w.write("POST /api/v1/ca/callbacks HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n" + strings.Repeat("{", 10_000))
		require.GreaterOrEqual(t, w.read().Status, 400)
		require.True(t, w.closed())
	})
	t.Run("W24 nothing of a connection is without a limit", func(t *testing.T) {
		server := p.App().Server()
		for name, limit := range map[string]time.Duration{"read": server.ReadTimeout, "write": server.WriteTimeout, "idle": server.IdleTimeout} {
			require.Positive(t, limit, name)
			require.LessOrEqual(t, limit, 2*time.Minute, name)
		}
		require.Equal(t, maxHeader, server.ReadBufferSize)
		require.Equal(t, maxConnections, server.Concurrency)
		for _, r := range routes() {
			if r.slow && r.unsafe() {
				require.True(t, r.stream, "%s %s has time and reads its body at once", r.method, r.path)
			}
			if r.stream {
				require.NotContains(t, []audience{anyone, anonymousOnly}, r.who, "%s %s takes files of nobody", r.method, r.path)
			}
		}
	})
}
