package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is one running child. It is reaped as soon as it ends.
type process struct {
	cmd      *exec.Cmd
	done     chan struct{} // closed once the child has been reaped
	err      error         // how it ended; read only after done
	expected atomic.Bool   // its end has been asked for
}

// spawn starts cmd in a process group of its own, so that a terminal's Ctrl-C reaches the stack alone and the stack
// decides the order in which its children stop.
func spawn(cmd *exec.Cmd) (*process, error) {
	if err := startFromLastingThread(cmd); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// ended reports whether the child has been reaped.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop asks the child to end with sig and kills it if it has not within grace.
func (p *process) stop(sig syscall.Signal, grace time.Duration) error {
	p.expected.Store(true)
	if p.ended() {
		return nil
	}
	p.signalAll(syscall.SIGCONT)
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
		return nil
	case <-time.After(grace):
		p.kill()
		return fmt.Errorf("did not stop within %s and was killed", grace)
	}
}

// kill ends the child and everything it started at once, as a power cut would, and waits until all of it is gone: a
// PostgreSQL whose last backend still holds the shared memory could not be started.
func (p *process) kill() {
	p.expected.Store(true)
	members := p.signalAll(syscall.SIGKILL)
	<-p.done
	for deadline := time.Now().Add(standstill); slices.ContainsFunc(members, runs) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// signalAll sends sig to the child and to all its descendants, wherever they moved themselves: PostgreSQL's
// backends each lead a session of their own, so the process group alone would miss them. It returns the descendants.
func (p *process) signalAll(sig syscall.Signal) []int {
	if p.ended() {
		return nil
	}
	pid := p.cmd.Process.Pid
	if sig != syscall.SIGCONT {
		_ = syscall.Kill(-pid, syscall.SIGSTOP) // no more children while we look for them
	}
	members := descendants(pid)
	for _, member := range members {
		_ = syscall.Kill(member, sig)
	}
	_ = syscall.Kill(-pid, sig)
	return members
}

// standstill bounds the time from a signal that stops or kills to its effect on the last of many threads.
const standstill = 10 * time.Second

// awaitFrozen waits until the child and its descendants stand still: the signal stops one thread after another, and a
// server may answer meanwhile.
func (p *process) awaitFrozen() error {
	for deadline := time.Now().Add(standstill); ; time.Sleep(time.Millisecond) {
		if !slices.ContainsFunc(append(descendants(p.cmd.Process.Pid), p.cmd.Process.Pid), runs) {
			return nil
		}
		if p.ended() {
			return fmt.Errorf("ended: %w", orExited(p.err))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("did not stand still within %s", standstill)
		}
	}
}

// launches carries commands to the one goroutine that starts them.
var launches = sync.OnceValue(func() chan<- launch {
	requests := make(chan launch)
	go func() {
		// The kernel sends a child its parent-death signal when the *thread* that forked it ends. Go's threads
		// come and go, so one is kept for as long as the process lives.
		runtime.LockOSThread()
		for request := range requests {
			request.started <- request.cmd.Start()
		}
	}()
	return requests
})

type launch struct {
	cmd     *exec.Cmd
	started chan error
}

func startFromLastingThread(cmd *exec.Cmd) error {
	request := launch{cmd: cmd, started: make(chan error, 1)}
	launches() <- request
	if err := <-request.started; err != nil {
		return fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return nil
}

// drain reads f until it ends.
func drain(f *os.File) {
	buf := make([]byte, 512)
	for {
		if _, err := f.Read(buf); err != nil {
			return
		}
	}
}
