// Package install puts the program where it stays and has it started when its
// user logs in, all of it in the user's own folders: nothing asks for an
// administrator. What lies where, and what is written there, is decided by pure
// functions for every system; each system's file only writes it down.
package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// Installation is this program and its place on this computer.
type Installation struct {
	source string // the program that runs
	plan   Plan
	tokens string // folder of token files, made for the person to find
	fault  error  // why the program cannot be installed
}

// State is how far the program is installed.
type State struct {
	Program   string // where it is, or would be
	Installed bool   // it is there and starts at login
	Own       bool   // the program that runs is the installed one
}

// New returns the installation of the program that runs, whose token files lie
// in this folder. Where there is no place for it, each use says so.
func New(tokens func() (string, error)) *Installation {
	var i Installation
	var missing error
	i.tokens, missing = tokens()
	i.source, i.plan, i.fault = place()
	i.fault = errors.Join(missing, i.fault)
	return &i
}

func place() (source string, plan Plan, err error) {
	if source, err = os.Executable(); err != nil {
		return "", Plan{}, fmt.Errorf("find this program: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", Plan{}, fmt.Errorf("find the home folder: %w", err)
	}
	plan, err = NewPlan(runtime.GOOS, home, os.Getenv)
	return source, plan, err
}

// Program is where the program is once it is installed.
func (i *Installation) Program() string { return i.plan.Program }

// State looks how far the program is installed.
func (i *Installation) State() (State, error) {
	s := State{Program: i.plan.Program}
	if i.fault != nil {
		return s, i.fault
	}
	there, err := os.Stat(i.plan.Program)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("look for the program: %w", err)
	}
	if own, err := os.Stat(i.source); err == nil {
		s.Own = os.SameFile(there, own)
	}
	s.Installed, err = i.plan.registered()
	return s, err
}

// Install copies the program to its place, unless it runs from there, has it
// started at login, and makes the folder of token files. It can be repeated.
func (i *Installation) Install() error {
	s, err := i.State()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(i.tokens, 0o700); err != nil {
		return fmt.Errorf("make the folder of token files: %w", err)
	}
	if !s.Own {
		if err := i.copy(); err != nil {
			return err
		}
	}
	return i.plan.register()
}

// Uninstall takes back what Install did. Settings and token files stay.
func (i *Installation) Uninstall() error {
	if i.fault != nil {
		return i.fault
	}
	if err := i.plan.unregister(); err != nil {
		return err
	}
	if err := discard(i.plan.Program); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(i.plan.Program)) // unless something else is in it
	return nil
}

// copy writes the program beside its place, then puts it there.
func (i *Installation) copy() (err error) {
	if err := os.MkdirAll(filepath.Dir(i.plan.Program), 0o700); err != nil {
		return fmt.Errorf("make the program's folder: %w", err)
	}
	beside := i.plan.Program + ".new"
	if err := duplicate(i.source, beside); err != nil {
		return errors.Join(fmt.Errorf("copy the program: %w", err), os.Remove(beside))
	}
	if err := discard(i.plan.Program); err != nil {
		return err
	}
	if err := os.Rename(beside, i.plan.Program); err != nil {
		return fmt.Errorf("copy the program: %w", err)
	}
	return nil
}

func duplicate(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o700) //nolint:gosec // a program is run
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// discard removes a program. Windows lets one that runs not be removed, but
// moved: it goes to the folder of temporary files, which Windows clears.
func discard(program string) error {
	err := os.Remove(program)
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := filepath.Join(os.TempDir(), "ukey-removed-"+strconv.Itoa(os.Getpid())+filepath.Ext(program))
	if moved := os.Rename(program, aside); moved != nil {
		return fmt.Errorf("remove the program: %w", errors.Join(err, moved))
	}
	return nil
}
