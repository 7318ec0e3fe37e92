//go:build !linux

package main

import (
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes puts a child into a process group of its own. Only Linux can tie a child's life to its parent's;
// elsewhere Temporal and the object store notice the end of their standard input, PostgreSQL outlives a killed stack
// until the next start says so.
func childAttributes(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// descendants lists the processes below pid, parents before their children.
func descendants(pid int) []int {
	var found []int
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		out, err := exec.Command("pgrep", "-P", strconv.Itoa(queue[0])).Output()
		if err != nil {
			continue
		}
		for field := range strings.FieldsSeq(string(out)) {
			if child, err := strconv.Atoi(field); err == nil {
				found = append(found, child)
				queue = append(queue, child)
			}
		}
	}
	return found
}

// runs reports whether a process may do something: is neither stopped nor dead nor gone.
func runs(pid int) bool {
	out, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	state := strings.TrimSpace(string(out))
	return err == nil && !strings.HasPrefix(state, "T") && !strings.HasPrefix(state, "Z")
}

// processName returns the name of the program that pid runs, or "" if there is no such process.
func processName(pid int) string {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return filepath.Base(strings.TrimSpace(string(out)))
}

// systemUTF8Locale is a locale of the operating system that knows every letter of Unicode.
const systemUTF8Locale = "en_US.UTF-8"
