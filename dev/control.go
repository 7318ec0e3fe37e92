package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// control lets tests break the stack on purpose. It listens on a Unix socket, which UNIREG_STACK_CONTROL names; each
// line it reads is "stop", "start", "kill", "pause" or "resume" and a component: "postgres", "temporal" or "s3". It
// answers each with "ok" once that is done, or "error: " and the reason. A component comes back on the same port.
type control struct {
	listener   net.Listener
	components map[string]*component
	life       context.Context //nolint:containedctx // a start asked for here ends with the stack, not with the caller
	end        context.CancelFunc
	open       sync.WaitGroup
}

// longestSocketPath keeps below what the address of a Unix socket holds on any system (104 bytes on macOS).
const longestSocketPath = 100

// controlPath returns where the socket of the stack on dir lies: there, unless the path is too long for a socket.
func controlPath(dir string) (string, error) {
	if path := filepath.Join(dir, "control.sock"); len(path) <= longestSocketPath {
		return path, nil
	}
	short, err := os.MkdirTemp("/tmp", "unireg-control-")
	if err != nil {
		return "", fmt.Errorf("make a place for the control socket: %w", err)
	}
	return filepath.Join(short, "control.sock"), nil
}

// listenControl opens the socket to this user alone.
func listenControl(path string, components []*component) (*control, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace the control socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	c := &control{listener: listener, components: map[string]*component{}}
	c.life, c.end = context.WithCancel(context.Background())
	for _, component := range components {
		c.components[component.name] = component
	}
	c.open.Go(c.accept)
	return c, nil
}

func (c *control) accept() {
	for {
		conn, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.open.Go(func() { c.serve(conn) })
	}
}

func (c *control) serve(conn net.Conn) {
	unblock := context.AfterFunc(c.life, func() { _ = conn.Close() })
	defer unblock()
	defer conn.Close()
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		answer := "ok"
		if err := c.obey(lines.Text()); err != nil {
			answer = "error: " + strings.ReplaceAll(err.Error(), "\n", " | ")
		}
		note("control: %s: %s", lines.Text(), answer)
		if _, err := fmt.Fprintln(conn, answer); err != nil {
			return
		}
	}
}

func (c *control) obey(line string) error {
	verb, name, _ := strings.Cut(strings.TrimSpace(line), " ")
	component := c.components[strings.TrimSpace(name)]
	if component == nil {
		return fmt.Errorf("no component %q", name)
	}
	switch verb {
	case "start":
		return component.start(c.life)
	case "stop":
		return component.stop()
	case "kill":
		return component.kill()
	case "pause":
		return component.suspend()
	case "resume":
		return component.resume()
	default:
		return fmt.Errorf("no command %q", verb)
	}
}

// close ends the socket and waits for what was under way.
func (c *control) close() error {
	c.end()
	err := c.listener.Close()
	c.open.Wait()
	if dir := filepath.Dir(c.listener.Addr().String()); strings.HasPrefix(filepath.Base(dir), "unireg-control-") {
		err = errors.Join(err, os.Remove(dir))
	}
	return err
}
