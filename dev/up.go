package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// upCommand keeps a stack until it is told to stop.
type upCommand struct {
	options `embed:""`
}

// Run starts the stack, prints one line of JSON once all of it serves, and stops it on request. It fails if a
// component dies.
func (u *upCommand) Run() error {
	if u.Data == "" {
		return errors.New("--data is required: the directory that keeps this stack's data")
	}
	ctx, _ := stopRequests(u.WithParent)
	s, err := startStack(ctx, u.options, false)
	if err != nil {
		return err
	}
	if err := announce(s); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case err = <-s.failed:
		err = fmt.Errorf("stopping the stack: %w", err)
	case <-ctx.Done():
	}
	// From here on a second Ctrl-C ends the stack at once, and the kernel its children.
	signal.Reset(os.Interrupt, syscall.SIGTERM)
	note("stopping")
	return errors.Join(err, s.stop())
}

// announce prints what a program needs to use the stack, as one line of JSON.
func announce(s *stack) error {
	return json.NewEncoder(os.Stdout).Encode(struct {
		Ready   bool              `json:"ready"`
		Seconds float64           `json:"seconds"`
		Env     map[string]string `json:"env"`
	}{true, math.Round(time.Since(s.began).Seconds()*100) / 100, s.environment().asMap()})
}
