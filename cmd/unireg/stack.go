package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// stackProcess is the development stack, running as a child: PostgreSQL,
// Temporal and an object store. It lives as long as its standard input is open,
// so it also ends when this process dies without a word.
type stackProcess struct {
	command *exec.Cmd
	input   io.Closer
	ended   chan struct{} // closed when the child has ended
	err     error         // how; read after ended
}

// stackGrace is how long the stack may take to stop.
const stackGrace = 60 * time.Second

// startStack starts the program with the arguments and returns once it serves,
// with the environment through which its servers are found. What the stack says
// meanwhile goes to notes.
func startStack(ctx context.Context, program string, args []string, notes io.Writer) (*stackProcess, map[string]string, error) {
	command := exec.Command(program, args...) //nolint:gosec,noctx // named by the operator; stopped in its turn, not by a context
	command.Stderr = notes
	// A terminal's Ctrl-C reaches this process alone, which stops the stack last.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	input, err := command.StdinPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the stack: %w", err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, nil, fmt.Errorf("start the stack: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the stack: %w", err)
	}
	s := &stackProcess{command: command, input: input, ended: make(chan struct{})}
	ready := make(chan map[string]string, 1)
	go func() {
		for lines := bufio.NewScanner(output); lines.Scan(); {
			var line struct {
				Ready bool              `json:"ready"`
				Env   map[string]string `json:"env"`
			}
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Ready {
				ready <- line.Env
				break
			}
		}
		_, _ = io.Copy(io.Discard, output) // until it ends
		s.err = command.Wait()
		close(s.ended)
	}()
	select {
	case environment := <-ready:
		return s, environment, nil
	case <-s.ended:
		return nil, nil, errors.New("the stack did not start; what it said is above")
	case <-ctx.Done():
		return nil, nil, errors.Join(ctx.Err(), s.stop())
	}
}

// failure describes a stack that ended without having been asked to.
func (s *stackProcess) failure() error {
	return fmt.Errorf("the stack ended by itself (%s); its logs are in the data directory", s.command.ProcessState)
}

// stop ends the stack and waits until it has.
func (s *stackProcess) stop() error {
	_ = s.input.Close() // it may have ended already
	select {
	case <-s.ended:
	case <-time.After(stackGrace):
		_ = s.command.Process.Kill()
		<-s.ended
		return fmt.Errorf("the stack did not stop within %s and was killed", stackGrace)
	}
	if s.err != nil {
		return fmt.Errorf("stop the stack: %w", s.err)
	}
	return nil
}
