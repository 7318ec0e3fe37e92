package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// selfCommand makes a command that starts this binary again as the named component.
func selfCommand(component string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find own program: %w", err)
	}
	cmd := exec.Command(self, component) //nolint:gosec // ourselves
	cmd.SysProcAttr = childAttributes(syscall.SIGKILL)
	return cmd, nil
}

// asInput renders settings for a child's standard input: unlike arguments and environment, nobody else can read it.
func asInput(settings any) ([]byte, error) {
	line, err := json.Marshal(settings)
	if err != nil {
		return nil, err
	}
	return append(line, '\n'), nil
}

// childContext reads a child's settings from the first line of standard input, and returns a context that ends when
// the child is told to stop or when standard input ends, which it does only when the stack is gone.
func childContext(settings any) (context.Context, context.CancelFunc, error) {
	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("read settings: %w", err)
	}
	if err := json.Unmarshal(line, settings); err != nil {
		return nil, nil, fmt.Errorf("read settings: %w", err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() {
		drain(os.Stdin)
		cancel()
	}()
	return ctx, cancel, nil
}
