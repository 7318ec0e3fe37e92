package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// component is one server of the stack. Its methods may be called from several goroutines; they take turns.
type component struct {
	name     string
	logPath  string                      // what the server prints
	command  func() (*exec.Cmd, error)   // makes a fresh command, output and stdin unset
	input    []byte                      // first thing on the child's standard input, which then stays open
	probe    func(context.Context) error // nil once the server serves
	shutdown syscall.Signal              // asks the server to stop
	grace    time.Duration               // how long it may take to stop
	failed   chan<- error                // told when the server ends unasked

	mu      sync.Mutex
	process *process // nil before the first start
}

const (
	startTimeout  = 90 * time.Second
	probeInterval = 20 * time.Millisecond
)

// start starts the server and returns once it serves. Starting a server that runs does nothing.
func (c *component) start(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil && !c.process.ended() {
		return nil
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	p, err := c.launch()
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	c.process = p
	if err := c.awaitReady(ctx, p); err != nil {
		p.kill()
		return fmt.Errorf("%s: %w", c.name, err)
	}
	go c.watch(p)
	note("%s: ready %.1f s", c.name, time.Since(began).Seconds())
	return nil
}

func (c *component) launch() (*process, error) {
	cmd, err := c.command()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(c.logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if c.input == nil {
		return spawn(cmd)
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	if _, err := stdin.Write(c.input); err != nil {
		p.kill()
		return nil, fmt.Errorf("configure: %w", err)
	}
	return p, nil
}

func (c *component) awaitReady(ctx context.Context, p *process) error {
	for {
		err := c.probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("ended while starting: %w%s", orExited(p.err), c.lastWords())
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return fmt.Errorf("not ready within %s: %w%s", startTimeout, err, c.lastWords())
			}
			return context.Cause(ctx)
		case <-time.After(probeInterval):
		}
	}
}

// watch tells the stack when the server ends without having been asked to.
func (c *component) watch(p *process) {
	<-p.done
	if !p.expected.Load() {
		c.failed <- fmt.Errorf("%s died: %w%s", c.name, orExited(p.err), c.lastWords())
	}
}

// orExited makes an error of a child that ended with exit code 0.
func orExited(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// stop stops the server the gentle way and returns once it has ended.
func (c *component) stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil {
		return nil
	}
	if err := c.process.stop(c.shutdown, c.grace); err != nil {
		return fmt.Errorf("%s %w", c.name, err)
	}
	return nil
}

// kill ends the server at once and returns once it has ended.
func (c *component) kill() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process != nil {
		c.process.kill()
	}
	return nil
}

// suspend freezes the server and returns once all of it stands still; a frozen server accepts connections and does not
// answer.
func (c *component) suspend() error {
	if err := c.signalAll(syscall.SIGSTOP); err != nil {
		return err
	}
	if err := c.process.awaitFrozen(); err != nil {
		return fmt.Errorf("%s %w", c.name, err)
	}
	return nil
}

// resume thaws a frozen server.
func (c *component) resume() error { return c.signalAll(syscall.SIGCONT) }

func (c *component) signalAll(sig syscall.Signal) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.process == nil || c.process.ended() {
		return fmt.Errorf("%s does not run", c.name)
	}
	c.process.signalAll(sig)
	return nil
}

// lastWords quotes the end of the server's log.
func (c *component) lastWords() string {
	log, err := os.Open(c.logPath)
	if err != nil {
		return ""
	}
	defer log.Close()
	const most = 1500
	if info, err := log.Stat(); err == nil && info.Size() > most {
		if _, err := log.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	tail, err := io.ReadAll(log)
	if tail = bytes.TrimSpace(tail); err != nil || len(tail) == 0 {
		return ""
	}
	return fmt.Sprintf("\n--- end of %s ---\n%s\n---", c.logPath, tail)
}

// truncate empties a log file, so that each life of the stack begins with an empty one.
func truncate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}
