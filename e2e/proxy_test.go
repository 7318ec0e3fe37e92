package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// wire is a connection that can be cut: a TCP proxy before a server. Cut, it
// ends every connection and takes no new one, as if the server were down.
// Stalled, it takes connections and passes nothing on, as if the server hung.
type wire struct {
	address string // where it listens
	target  string

	mu      sync.Mutex
	changed *sync.Cond
	state   wireState
	open    map[net.Conn]bool
	listen  net.Listener
	done    bool
}

type wireState int

const (
	whole wireState = iota
	stalled
	severed
)

// newWire lays a wire to a server.
func newWire(target string) (*wire, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lay a wire to %s: %w", target, err)
	}
	w := &wire{address: l.Addr().String(), target: target, open: map[net.Conn]bool{}, listen: l}
	w.changed = sync.NewCond(&w.mu)
	go w.serve(l)
	return w, nil
}

func (w *wire) serve(l net.Listener) {
	for {
		near, err := l.Accept()
		if err != nil {
			return
		}
		go w.carry(near)
	}
}

// carry joins one connection to the server.
func (w *wire) carry(near net.Conn) {
	defer w.drop(near)
	if !w.hold(near) || !w.pass() {
		return
	}
	far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", w.target)
	if err != nil {
		return
	}
	defer w.drop(far)
	if !w.hold(far) {
		return
	}
	go func() {
		w.copy(near, far)
		w.drop(near)
	}()
	w.copy(far, near)
}

// copy passes bytes on while the wire is whole, and holds them while it is
// stalled.
func (w *wire) copy(to io.Writer, from io.Reader) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !w.pass() {
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// pass waits while the wire is stalled and answers whether it is whole.
func (w *wire) pass() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.state == stalled && !w.done {
		w.changed.Wait()
	}
	return w.state == whole && !w.done
}

func (w *wire) hold(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == severed || w.done {
		return false
	}
	w.open[c] = true
	return true
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	delete(w.open, c)
	w.mu.Unlock()
	_ = c.Close() // closing twice is no fault here
}

func (w *wire) become(s wireState) {
	w.mu.Lock()
	w.state = s
	w.changed.Broadcast()
	var ends []net.Conn
	if s == severed {
		for c := range w.open {
			ends = append(ends, c)
		}
	}
	w.mu.Unlock()
	for _, c := range ends {
		w.drop(c)
	}
}

// cut, stall and mend say what the wire does from now on.
func (w *wire) cut()   { w.become(severed) }
func (w *wire) stall() { w.become(stalled) }
func (w *wire) mend()  { w.become(whole) }

// close takes the wire away.
func (w *wire) close() error {
	w.mu.Lock()
	w.done = true
	w.changed.Broadcast()
	w.mu.Unlock()
	w.cut()
	if err := w.listen.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("take a wire away: %w", err)
	}
	return nil
}
