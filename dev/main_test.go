package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// asStack, set in the environment, turns the test binary into the stack itself, children included.
const asStack = "STACK_TEST_AS_STACK"

func TestMain(m *testing.M) {
	if os.Getenv(asStack) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// launched is a stack running as a process of its own, as its users start it.
type launched struct {
	cmd      *exec.Cmd
	env      map[string]string
	seconds  float64
	family   []int // its processes when it was ready
	messages lockedBuffer
	ended    chan struct{}
}

// stackCommand makes a command line of the stack.
func stackCommand(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asStack+"=1")
	return cmd
}

// up starts a stack and waits for its line of JSON. The test's end kills it if nothing has stopped it before.
func up(t *testing.T, args ...string) *launched {
	t.Helper()
	l := &launched{cmd: stackCommand(append([]string{"up"}, args...)...), ended: make(chan struct{})}
	l.cmd.Stderr = &l.messages
	out, err := l.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, l.cmd.Start())
	t.Cleanup(func() {
		_ = l.cmd.Process.Kill()
		<-l.ended
	})
	lines := bufio.NewReader(out)
	line, readErr := lines.ReadBytes('\n')
	go func() {
		defer close(l.ended)
		drain(out.(*os.File))
		_ = l.cmd.Wait()
	}()
	require.NoError(t, readErr, "%s", &l.messages)
	var announced struct {
		Ready   bool
		Seconds float64
		Env     map[string]string
	}
	require.NoError(t, json.Unmarshal(line, &announced))
	require.True(t, announced.Ready)
	l.env, l.seconds, l.family = announced.Env, announced.Seconds, descendants(l.cmd.Process.Pid)
	require.GreaterOrEqual(t, len(l.family), 3)
	return l
}

// awaitEnd waits until the stack and every process it had are gone, and returns its exit code.
func (l *launched) awaitEnd(t *testing.T) int {
	t.Helper()
	select {
	case <-l.ended:
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the stack does not end", "%s", &l.messages)
	}
	requireGone(t, l.family)
	return l.cmd.ProcessState.ExitCode()
}

// requireGone waits for the end of processes that have been told to end.
func requireGone(t *testing.T, family []int) {
	t.Helper()
	require.NotEmpty(t, family)
	require.Eventually(t, func() bool {
		for _, pid := range family {
			if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
				return false
			}
		}
		return true
	}, 15*time.Second, 20*time.Millisecond, "children remain")
}

// ask sends one line to the control socket and returns the answer.
func (l *launched) ask(t *testing.T, line string) string {
	t.Helper()
	conn, err := net.Dial("unix", l.env["UNIREG_STACK_CONTROL"])
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte(line + "\n"))
	require.NoError(t, err)
	answer, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(answer)
}

// lockedBuffer collects what a process prints while the test looks on.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
