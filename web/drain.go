package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

// The end of a portal cuts nobody off whose request had arrived: connections
// that the system has taken for us are served, new ones are refused, those that
// are open get an answer that ends them, and idle ones are asked whether a
// request is on its way before they are closed.

const (
	// lastHandshakes is how long connections that were being made when the end
	// came may still arrive.
	lastHandshakes = 50 * time.Millisecond
	// freshGrace is for how long a connection may still bring its first request.
	freshGrace = time.Second
	// drainPace is how often idle connections are looked for.
	drainPace = 20 * time.Millisecond
)

// Listen opens the portal's port. It is plain TCP: the system has no means to
// refuse newcomers to a port of multipath TCP, which is Go's default.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	var plain net.ListenConfig
	plain.SetMultipathTCP(false)
	listener, err := plain.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return listener, nil
}

// doorway is the portal's listener. Retired, it hands out the connections that
// wait to be taken, and then no more.
type doorway struct {
	net.Listener

	retiring atomic.Bool
	close    sync.Once
	err      error
}

// Accept returns io.EOF at the end, which is no fault to the server.
func (d *doorway) Accept() (net.Conn, error) {
	c, err := d.Listener.Accept()
	if err != nil && (d.retiring.Load() || errors.Is(err, net.ErrClosed)) {
		return nil, io.EOF
	}
	return c, err //nolint:wrapcheck // the server tells by its kind whether to try again
}

// Close closes the listener, once.
func (d *doorway) Close() error {
	d.close.Do(func() { d.err = d.Listener.Close() })
	return d.err
}

// retire lets nobody begin a connection any more and ends Accept once everybody
// who had begun one is in. Closing the listener at once would cut those off.
func (d *doorway) retire() error {
	listener, ok := d.Listener.(*net.TCPListener)
	if !ok {
		d.retiring.Store(true)
		return d.Close()
	}
	refuseNewcomers(listener)
	d.retiring.Store(true)
	if err := listener.SetDeadline(time.Now().Add(lastHandshakes)); err != nil {
		return errors.Join(err, d.Close())
	}
	return nil
}

// connections are the open ones that wait for a request, by what they wait for.
type connections struct {
	mu   sync.Mutex
	open map[net.Conn]fasthttp.ConnState
}

// turned keeps a connection's new state.
func (c *connections) turned(conn net.Conn, state fasthttp.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case fasthttp.StateClosed, fasthttp.StateHijacked:
		delete(c.open, conn)
	default:
		if c.open == nil {
			c.open = map[net.Conn]fasthttp.ConnState{}
		}
		c.open[conn] = state
	}
}

// dismiss ends the connections that wait for a request, fresh ones only if told
// so, and answers how many are open. Only the reading side is shut: a request
// that has arrived meanwhile is still read and answered.
func (c *connections) dismiss(fresh bool) (open int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn, state := range c.open {
		if state == fasthttp.StateIdle || fresh && state == fasthttp.StateNew {
			shutReading(conn)
		}
	}
	return len(c.open)
}

func shutReading(conn net.Conn) {
	if half, ok := conn.(interface{ CloseRead() error }); ok {
		_ = half.CloseRead() // it may be closed already
		return
	}
	_ = conn.Close() // it may be closed already
}

// Serve serves on an open listener until ctx ends. Then it goes on for
// DrainNotice, so that who sends requests here learns from /readyz to send them
// elsewhere; takes no further connection; and gives the requests under way
// DrainTimeout to finish, so that what was accepted is also acknowledged.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	door := &doorway{Listener: listener}
	done := make(chan error, 1)
	go func() { done <- s.app.Listener(door) }()
	select {
	case err := <-done:
		if err != nil {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	notice := time.NewTimer(s.DrainNotice)
	defer notice.Stop()
	select {
	case err := <-done:
		return fmt.Errorf("serve: the listener ended: %w", err)
	case <-notice.C:
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.DrainTimeout)
	defer cancel()
	return s.drain(drain, door, done)
}

// drain ends what is under way, until ctx ends.
func (s *Server) drain(ctx context.Context, door *doorway, done <-chan error) error {
	fault := door.retire()
	fault = errors.Join(fault, <-done, door.Close()) // every connection that had been made is in
	tick := time.NewTicker(drainPace)
	defer tick.Stop()
	for began := time.Now(); s.connections.dismiss(time.Since(began) > freshGrace) > 0; {
		select {
		case <-ctx.Done():
			return errors.Join(fault, fmt.Errorf("drain: requests were still under way: %w", ctx.Err()))
		case <-tick.C:
		}
	}
	if err := s.app.ShutdownWithContext(ctx); err != nil {
		fault = errors.Join(fault, fmt.Errorf("drain: %w", err))
	}
	s.ringing.Wait() // each ends by itself
	return fault
}
