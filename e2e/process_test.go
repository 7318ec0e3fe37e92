package e2e

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// graceful is how long a process may take to end after SIGTERM.
const graceful = 30 * time.Second

// process is one running part of the product. What it says goes into a file,
// which is shown when a test fails.
type process struct {
	name string
	args []string
	env  []string
	log  string

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{}
}

// newProcess describes a part; Start runs it.
func newProcess(dir, name, program string, env []string, args ...string) *process {
	return &process{name: name, args: append([]string{program}, args...), env: env, log: filepath.Join(dir, name+".log")}
}

// start runs the process. It ends with the tests, whatever becomes of them.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	defer log.Close()
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env, cmd.Stdout, cmd.Stderr = p.env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.exited = cmd, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}(p.exited)
	return nil
}

func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("signal %s: %w", p.name, err)
	}
	return nil
}

// stop ends the process as an operator does, and waits.
func (p *process) stop() error {
	if err := p.signal(syscall.SIGTERM); err != nil {
		return err
	}
	return p.gone(graceful)
}

// kill ends the process without notice.
func (p *process) kill() error {
	if err := p.signal(syscall.SIGKILL); err != nil {
		return err
	}
	return p.gone(graceful)
}

// pause stops the process where it stands; resume lets it go on.
func (p *process) pause() error  { return p.signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.signal(syscall.SIGCONT) }

func (p *process) gone(within time.Duration) error {
	if p.exited == nil {
		return nil
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(within):
		_ = p.signal(syscall.SIGKILL)
		<-p.exited
		return fmt.Errorf("%s did not end within %s", p.name, within)
	}
}

// alive reports whether the process runs.
func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// said is the end of what the process wrote.
func (p *process) said() string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	const most = 6000
	return strings.ToValidUTF8(string(content[max(0, len(content)-most):]), "")
}

// showWhenFailed prints what the process wrote if the test fails.
func (p *process) showWhenFailed(t testing.TB) {
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s said, at last:\n%s", p.name, p.said())
		}
	})
}

// freeAddress is a loopback address on which nothing listens.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// eventually waits until what is asked for is a fact; ask returns "" then, and
// what is missing before. It is how tests wait: for facts, not for time.
func eventually(t testing.TB, within time.Duration, ask func() string) {
	t.Helper()
	missing := ask()
	if missing == "" {
		return
	}
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(within); time.Now().Before(deadline); {
		select {
		case <-t.Context().Done():
			require.FailNow(t, "the test ended before: "+missing)
		case <-tick.C:
		}
		if missing = ask(); missing == "" {
			return
		}
	}
	require.FailNow(t, fmt.Sprintf("not within %s: %s", within, missing))
}
