package daemon_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/clamd"
	"unireg/clamd/daemon"
)

// parentDir makes this test binary the parent of a daemon in that folder.
const parentDir = "CLAMD_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(parentDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	d, err := daemon.Start(daemon.Options{Dir: dir, TestOnly: true, Log: io.Discard})
	if err == nil {
		err = d.Await(context.Background())
	}
	if err != nil {
		_, _ = os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
	_, _ = os.Stdout.WriteString(d.Address + "\n")
	select {} // until it is killed
}

func TestU5TheDaemonEndsWithAParentThatIsKilled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	parent := exec.CommandContext(ctx, os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+t.TempDir())
	parent.Stderr = os.Stderr
	output, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	address, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	client, err := clamd.New(strings.TrimSpace(address))
	require.NoError(t, err)
	require.NoError(t, client.Ping(ctx))
	require.NoError(t, parent.Process.Kill())
	require.Error(t, parent.Wait())
	require.Eventually(t, func() bool { return client.Ping(ctx) != nil }, 30*time.Second, 20*time.Millisecond)
}

func TestU5ADaemonThatCannotStartSaysSo(t *testing.T) {
	dir := t.TempDir()
	d, err := daemon.Start(daemon.Options{Dir: dir, TestOnly: true, Log: io.Discard})
	require.NoError(t, err)
	require.NoError(t, d.Await(t.Context()))
	// A second one in the same folder finds the socket taken.
	second, err := daemon.Start(daemon.Options{Dir: dir, TestOnly: true, Log: io.Discard})
	require.NoError(t, err)
	select {
	case <-second.Ended():
	case <-time.After(30 * time.Second):
		require.Fail(t, "it runs")
	}
	require.NoError(t, d.Stop())
	require.ErrorContains(t, second.Await(t.Context()), "clamd ended by itself")
	require.Error(t, second.Stop())
}
