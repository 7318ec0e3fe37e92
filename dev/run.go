package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// runCommand keeps a stack for the length of one command.
type runCommand struct {
	options `embed:""`
	Fast    bool     `help:"Trade durability for speed: no fsync. A crash of the machine loses the data."`
	Command []string `arg:"" passthrough:"" help:"The command to run, after --."`
}

// Run starts the stack, runs the command, stops the stack and exits with the command's code. Without --data the data
// is new and is removed at the end.
func (r *runCommand) Run() error {
	if r.Command[0] == "--" {
		r.Command = r.Command[1:]
	}
	if len(r.Command) == 0 {
		return errors.New("no command to run: stack run [flags] -- COMMAND ARGS…")
	}
	ctx, requests := stopRequests(r.WithParent)
	s, err := startStack(ctx, r.options, r.Fast)
	if err != nil {
		return err
	}
	code, err := r.runIn(s, requests)
	err = errors.Join(err, s.stop())
	switch {
	case code == 0:
		return err
	case err != nil:
		note("stack: %v", err)
	}
	return exitCode(code)
}

// runIn runs the command to its end, passing requests to stop on to it, and returns its exit code. If a component
// dies meanwhile, the command is stopped and the component's error returned as well.
func (r *runCommand) runIn(s *stack, requests <-chan syscall.Signal) (int, error) {
	cmd := exec.Command(r.Command[0], r.Command[1:]...) //nolint:gosec // what the caller asked for
	cmd.Env = append(os.Environ(), s.environment().asList()...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if !r.WithParent {
		cmd.Stdin = os.Stdin
	}
	cmd.SysProcAttr = childAttributes(syscall.SIGTERM)
	// At a terminal the command stays in our process group, so that it may read from the terminal and so that
	// Ctrl-C and Ctrl-Z reach it from there. Elsewhere it leads its own, which takes along what it started.
	interactive := atTerminal()
	cmd.SysProcAttr.Setpgid = !interactive
	p, err := spawn(cmd)
	if err != nil {
		return 0, err
	}
	group := -cmd.Process.Pid
	if interactive {
		group = cmd.Process.Pid
	}
	var died error
	for asked := 0; ; {
		select {
		case <-p.done:
			if !interactive {
				_ = syscall.Kill(group, syscall.SIGTERM) // what it left behind
			}
			return exitCodeOf(cmd.ProcessState), died
		case request := <-requests:
			asked++
			switch {
			case asked > 2:
				p.kill()
			case !interactive || request != syscall.SIGINT:
				_ = syscall.Kill(group, request)
			}
		case failure := <-s.failed:
			died = errors.Join(died, failure)
			note("stack: %v", failure)
			_ = syscall.Kill(group, syscall.SIGTERM)
			time.AfterFunc(10*time.Second, func() {
				if !p.ended() {
					p.kill()
				}
			})
		}
	}
}

// atTerminal reports whether standard input is a terminal whose foreground process group is ours.
func atTerminal() bool {
	foreground, err := unix.IoctlGetInt(int(os.Stdin.Fd()), unix.TIOCGPGRP)
	return err == nil && foreground == unix.Getpgrp()
}

// exitCodeOf follows the shells: 128 and the signal's number for a command that a signal ended.
func exitCodeOf(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}
