package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serving is a portal that listens, until it is told to stop.
type serving struct {
	address string
	stop    context.CancelFunc
	ended   chan error
}

func serveAt(t *testing.T, s *Server, address string) *serving {
	t.Helper()
	listener, err := Listen(t.Context(), address)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	p := &serving{address: listener.Addr().String(), stop: stop, ended: make(chan error, 1)}
	go func() { p.ended <- s.Serve(ctx, listener) }()
	t.Cleanup(stop)
	return p
}

// visitors ask again and again, each over a connection of its own or over one
// that is kept, until they are told to end.
type visitors struct {
	group    sync.WaitGroup
	end      chan struct{}
	answered atomic.Int64
	mu       sync.Mutex
	cut      []string // requests that were sent and got no answer
}

func crowdAt(t *testing.T, address string, kept bool) *visitors {
	t.Helper()
	v := &visitors{end: make(chan struct{})}
	for range 8 {
		v.group.Go(func() {
			for {
				select {
				case <-v.end:
					return
				default:
				}
				v.visit(address, kept)
			}
		})
	}
	return v
}

// visit makes a connection and asks on it, once or until it is ended.
func (v *visitors) visit(address string, kept bool) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(context.Background(), "tcp", address)
	if err != nil {
		if !errors.Is(err, syscall.ECONNREFUSED) {
			v.note("dial: " + err.Error())
		}
		return
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for first := true; first || kept; first = false {
		select {
		case <-v.end:
			return
		default:
		}
		_, err := fmt.Fprint(conn, "GET /preferences-of-nobody HTTP/1.1\r\nHost: portal.test\r\n\r\n")
		if err == nil {
			var response *http.Response
			if response, err = http.ReadResponse(reader, nil); err == nil {
				_, err = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if err == nil {
					v.answered.Add(1)
				}
				if response.Close {
					return
				}
			}
		}
		if err != nil {
			if first {
				v.note("first request: " + err.Error())
			}
			return // a kept connection may be ended between two requests
		}
	}
}

func (v *visitors) note(what string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.cut = append(v.cut, what)
}

func (v *visitors) leave() []string {
	close(v.end)
	v.group.Wait()
	return v.cut
}

func TestT1_DrainCutsNobodyOff(t *testing.T) {
	for _, c := range []struct {
		promise string
		kept    bool
	}{
		{"T1 whoever has connected is answered", false},
		{"T1 whoever keeps a connection is answered on it and sent away", true},
	} {
		t.Run(c.promise, func(t *testing.T) {
			p := newPortal(t, func(o *Options) { o.DrainTimeout = 10 * time.Second })
			running := serveAt(t, p.Server, "127.0.0.1:0")
			crowd := crowdAt(t, running.address, c.kept)
			for round := range 5 {
				before := crowd.answered.Load()
				require.Eventually(t, func() bool { return crowd.answered.Load() >= before+200 }, 30*time.Second, time.Millisecond, "round %d", round)
				running.stop()
				require.NoError(t, <-running.ended)
				p = newPortal(t, func(o *Options) { o.DrainTimeout = 10 * time.Second })
				running = serveAt(t, p.Server, running.address)
			}
			require.Empty(t, crowd.leave())
		})
	}
}

func TestT1_DrainWaitsForWhatIsUnderWay(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.DrainTimeout = 20 * time.Second })
	running := serveAt(t, p.Server, "127.0.0.1:0")
	dial := func() net.Conn {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", running.address)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	const form = "account=a&password=b"
	head := fmt.Sprintf("POST /login HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n", len(form))
	slow, idle, silent := dial(), dial(), dial()
	_, err := io.WriteString(idle, "GET /login HTTP/1.1\r\nHost: portal.test\r\n\r\n")
	require.NoError(t, err)
	idleReader := bufio.NewReader(idle)
	answer, err := http.ReadResponse(idleReader, nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(t, err)
	require.False(t, answer.Close)
	_, err = io.WriteString(slow, head+form[:8])
	require.NoError(t, err)
	require.Eventually(t, func() bool { return p.App().Server().GetOpenConnectionsCount() >= 3 }, 10*time.Second, time.Millisecond)

	running.stop()
	_, err = idleReader.ReadByte()
	require.ErrorIs(t, err, io.EOF, "who asks nothing is sent away")
	require.Eventually(t, func() bool {
		conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", running.address)
		if err == nil {
			_ = conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	}, 10*time.Second, time.Millisecond, "nobody new is taken")
	select {
	case err := <-running.ended:
		require.Fail(t, "the portal ended while a form was arriving", "%v", err)
	default:
	}
	_, err = io.WriteString(slow, form[8:])
	require.NoError(t, err)
	answer, err = http.ReadResponse(bufio.NewReader(slow), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, answer.StatusCode, "the form was read whole and judged")
	require.True(t, answer.Close)
	require.NoError(t, answer.Body.Close())
	require.NoError(t, <-running.ended, "a connection on which nothing ever came holds nobody up")
	_, err = silent.Read(make([]byte, 1))
	require.Error(t, err)
}

func TestDrainEndsInTime(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.DrainTimeout = 300 * time.Millisecond })
	running := serveAt(t, p.Server, "127.0.0.1:0")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", running.address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "POST /login HTTP/1.1\r\nHost: portal.test\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nacc")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return strings.Contains(fmt.Sprint(p.connections.dismiss(false)), "1") }, 10*time.Second, time.Millisecond)
	running.stop()
	require.ErrorContains(t, <-running.ended, "requests were still under way")
}

func TestDrainNoticeGoesOnServing(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.DrainNotice, o.DrainTimeout = time.Hour, time.Second })
	listener, err := Listen(t.Context(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	go func() { _ = p.Serve(ctx, listener) }()
	stop()
	require.Eventually(t, func() bool {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/login", nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(request)
		require.NoError(t, err, "who is not told yet is still served")
		require.NoError(t, answer.Body.Close())
		return answer.Close
	}, 10*time.Second, time.Millisecond, "and asked to come over another connection")
	require.NoError(t, listener.Close())
}
