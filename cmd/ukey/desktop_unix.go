//go:build !windows

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
)

// browse opens an address in the default browser.
func browse(ctx context.Context, address string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "/usr/bin/open"
	}
	if err := exec.CommandContext(ctx, opener, address).Run(); err != nil { //nolint:gosec // the agent's own address
		return fmt.Errorf("open %s in the browser: %w", address, err)
	}
	return nil
}

// detach makes a program outlive this one, its terminal and its group.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// hideConsole has nothing to hide: the system opens none, or the person did.
func hideConsole() {}

// showAlert is Windows' alone.
func showAlert(string) error { return errors.ErrUnsupported }
