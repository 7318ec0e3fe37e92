package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"unireg/cmd/ukey/internal/install"
	"unireg/cmd/ukey/internal/settings"
)

// tokensFolder is where token files are looked for unless flags say otherwise.
func tokensFolder() (string, error) {
	dir, err := settings.Dir()
	return filepath.Join(dir, "tokens"), err
}

type installCommand struct{}

// Run installs this program for the user.
func (installCommand) Run(out io.Writer) error {
	i := install.New(tokensFolder)
	if err := i.Install(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "installed:", i.Program())
	return err
}

type uninstallCommand struct{}

// Run takes the installed program away.
func (uninstallCommand) Run(out io.Writer) error {
	i := install.New(tokensFolder)
	if err := i.Uninstall(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "uninstalled: %s (settings and token files stay; an agent that runs ends with the session)\n", i.Program())
	return err
}

// grace is how long the service goes on after its last page, so that the browser
// gets all of it.
const grace = time.Second

// program is what the agent's pages install and uninstall: this program, which
// serves meanwhile.
type program struct {
	*install.Installation
	// succeed starts the installed program, which waits for the port to become
	// free; nil if this one is to go on.
	succeed func(path string) error
	leave   func() // ends the service
}

// Install installs the program and has it take over.
func (p *program) Install() (moved bool, err error) {
	before, err := p.State()
	if err != nil {
		return false, err
	}
	if err := p.Installation.Install(); err != nil {
		return false, err
	}
	if before.Own || p.succeed == nil {
		return false, nil
	}
	if err := p.succeed(p.Program()); err != nil {
		return false, err
	}
	time.AfterFunc(grace, p.leave)
	return true, nil
}

// Uninstall takes the program away and ends the service.
func (p *program) Uninstall() error {
	if err := p.Installation.Uninstall(); err != nil {
		return err
	}
	time.AfterFunc(grace, p.leave)
	return nil
}

// readiness is how long a new program may take to start, with a virus scanner
// looking at it for the first time.
const readiness = 20 * time.Second

// ready is what a successor says on its standard output.
const ready = "ready\n"

// succession starts the installed program with these arguments, out of this
// one's terminal and group, and returns when it waits for the port.
func succession(ctx context.Context, path string, args []string) error {
	command := exec.CommandContext(context.WithoutCancel(ctx), path, args...) //nolint:gosec // the program just installed
	detach(command)
	reading, writing, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("start the installed program: %w", err)
	}
	defer reading.Close()
	command.Stdout = writing
	err = command.Start()
	_ = writing.Close() // the child has its own
	if err != nil {
		return fmt.Errorf("start the installed program: %w", err)
	}
	_ = reading.SetReadDeadline(time.Now().Add(readiness)) // without a deadline a child that hangs is waited for
	said, err := bufio.NewReader(reading).ReadString('\n')
	if err == nil && said == ready {
		return command.Process.Release()
	}
	_ = command.Process.Kill()
	_ = command.Wait()
	return fmt.Errorf("the installed program did not start: %w", err)
}
