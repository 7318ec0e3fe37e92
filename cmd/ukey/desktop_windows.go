package main

import (
	"context"
	"fmt"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// browse opens an address in the default browser.
func browse(_ context.Context, address string) error {
	target, err := windows.UTF16PtrFromString(address)
	if err != nil {
		return fmt.Errorf("open %s in the browser: %w", address, err)
	}
	if err := windows.ShellExecute(0, nil, target, nil, nil, windows.SW_SHOWNORMAL); err != nil {
		return fmt.Errorf("open %s in the browser: %w", address, err)
	}
	return nil
}

// detach makes a program outlive this one, its console and its group.
func detach(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP}
}

// hideConsole closes the console that Windows opened for this program alone: at
// a double-click or at login, not in a person's terminal.
func hideConsole() {
	kernel := windows.NewLazySystemDLL("kernel32.dll")
	var processes [2]uint32
	count, _, _ := kernel.NewProc("GetConsoleProcessList").Call(uintptr(unsafe.Pointer(&processes[0])), uintptr(len(processes)))
	if count == 1 {
		_, _, _ = kernel.NewProc("FreeConsole").Call()
	}
}

// showAlert shows a box with a text.
func showAlert(text string) error {
	said, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return fmt.Errorf("show a box: %w", err)
	}
	title, err := windows.UTF16PtrFromString("CA 驱动")
	if err != nil {
		return fmt.Errorf("show a box: %w", err)
	}
	if _, err := windows.MessageBox(0, said, title, windows.MB_OK|windows.MB_ICONERROR); err != nil {
		return fmt.Errorf("show a box: %w", err)
	}
	return nil
}
