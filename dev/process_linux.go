package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// childAttributes puts a child into a process group of its own and has the kernel send it onParentDeath when the
// stack dies without having stopped it.
func childAttributes(onParentDeath syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: onParentDeath}
}

// descendants lists the processes below pid, parents before their children.
func descendants(pid int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := map[int][]int{}
	for _, entry := range entries {
		member, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if parent, ok := parentOf(member); ok {
			children[parent] = append(children[parent], member)
		}
	}
	found := children[pid]
	for i := 0; i < len(found); i++ {
		found = append(found, children[found[i]]...)
	}
	return found
}

func parentOf(pid int) (int, bool) {
	_, parent, ok := statusLine(fmt.Sprintf("/proc/%d/stat", pid))
	return parent, ok
}

// runs reports whether any thread of a process may do something: is neither stopped nor dead nor gone.
func runs(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	return err != nil || slices.ContainsFunc(threads, func(thread string) bool {
		state, _, ok := statusLine(thread)
		return ok && !strings.Contains("TtZX", state)
	})
}

// statusLine reads the state and the parent's id from a status line, "pid (name) state parent …"; the name may itself hold
// spaces and brackets.
func statusLine(path string) (state string, parent int, ok bool) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return "", 0, false
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return "", 0, false
	}
	parent, err = strconv.Atoi(fields[1])
	return fields[0], parent, err == nil
}

// processName returns the name of the program that pid runs, or "" if there is no such process.
func processName(pid int) string {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(name))
}

// systemUTF8Locale is a locale of the operating system that knows every letter of Unicode.
const systemUTF8Locale = "C.UTF-8"
