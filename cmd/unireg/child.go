package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// child is a program that runs as long as its standard input is open, so it also
// ends when this process dies without a word.
type child struct {
	name    string
	command *exec.Cmd
	input   io.Closer
	ended   chan struct{} // closed when the child has ended
	err     error         // how; read after ended
}

// childGrace is how long a child may take to stop.
const childGrace = 60 * time.Second

// startChild starts a program and returns once ready accepts a line of its
// output. What it says on standard error goes to notes.
func startChild(ctx context.Context, name string, command *exec.Cmd, notes io.Writer, ready func(line []byte) bool) (*child, error) {
	command.Stderr = notes
	// A terminal's Ctrl-C reaches this process alone, which stops its children last.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &child{name: name, command: command, input: input, ended: make(chan struct{})}
	serving := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			if ready(lines.Bytes()) {
				close(serving)
				break
			}
		}
		_, _ = io.Copy(io.Discard, output) // until it ends
		c.err = command.Wait()
		close(c.ended)
	}()
	select {
	case <-serving:
		return c, nil
	case <-c.ended:
		return nil, fmt.Errorf("%s did not start", name)
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.stop())
	}
}

// failure describes a child that ended without having been asked to.
func (c *child) failure() error {
	return fmt.Errorf("%s ended by itself (%s); its logs are in the data directory", c.name, c.command.ProcessState)
}

// stop ends the child and waits until it has.
func (c *child) stop() error {
	_ = c.input.Close() // it may have ended already
	select {
	case <-c.ended:
	case <-time.After(childGrace):
		_ = c.command.Process.Kill()
		<-c.ended
		return fmt.Errorf("%s did not stop within %s and was killed", c.name, childGrace)
	}
	if c.err != nil {
		return fmt.Errorf("stop %s: %w", c.name, c.err)
	}
	return nil
}
