package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
)

// startStack starts the development stack with the arguments, PostgreSQL,
// Temporal and an object store, and returns once it serves, with the environment
// through which its servers are found. What the stack says meanwhile goes to
// notes.
func startStack(ctx context.Context, program string, args []string, notes io.Writer) (*child, map[string]string, error) {
	var environment map[string]string
	command := exec.Command(program, args...) //nolint:gosec,noctx // named by the operator; stopped in its turn, not by a context
	stack, err := startChild(ctx, "the stack", command, notes, func(line []byte) bool {
		var said struct {
			Ready bool              `json:"ready"`
			Env   map[string]string `json:"env"`
		}
		if json.Unmarshal(line, &said) != nil || !said.Ready {
			return false
		}
		environment = said.Env
		return true
	})
	if err != nil && ctx.Err() == nil {
		return nil, nil, errors.Join(err, errors.New("what the stack said is above"))
	}
	return stack, environment, err
}
