package main

import (
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noLogger = slog.New(slog.NewTextHandler(io.Discard, nil))

func portOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	_, port, err := net.SplitHostPort(u.Host)
	require.NoError(t, err)
	return port
}

// TestRun gives a command a stack of its own in a place that PostgreSQL's user cannot enter, stops it by signal, and
// finds nothing left.
func TestRun(t *testing.T) {
	private := t.TempDir()
	require.NoError(t, os.Chmod(private, 0o700))
	report := filepath.Join(private, "report")
	cmd := stackCommand("run", "--fast", "--", "sh", "-c",
		`trap 'exit 7' TERM; env > "$0.new"; mv "$0.new" "$0"; while :; do sleep 0.05; done`, report)
	cmd.Env = append(cmd.Env, "TMPDIR="+private)
	var messages lockedBuffer
	cmd.Stdout, cmd.Stderr = &messages, &messages
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	require.Eventually(t, func() bool { _, err := os.Stat(report); return err == nil }, 30*time.Second, 20*time.Millisecond, "%s", &messages)
	family := descendants(cmd.Process.Pid)
	text, err := os.ReadFile(report)
	require.NoError(t, err)
	for _, name := range []string{"UNIREG_DATABASE_URL=postgres://unireg_app:", "TEMPORAL_ADDRESS=127.0.0.1:", "UNIREG_S3_ENDPOINT=127.0.0.1:"} {
		require.Contains(t, string(text), name)
	}
	places, err := filepath.Glob(filepath.Join(private, "unireg-stack-*", "postgres"))
	require.NoError(t, err)
	require.Len(t, places, 1)
	lodging, err := filepath.EvalSymlinks(places[0])
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, <-ended)
	require.Equal(t, 7, cmd.ProcessState.ExitCode(), "the command's own exit code: %s", &messages)
	requireGone(t, family)
	left, err := filepath.Glob(filepath.Join(private, "unireg-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	require.NoDirExists(t, filepath.Dir(lodging), "the data lodged elsewhere is gone as well")
}

func TestDataOfADeletedTemporaryDirectoryIsSwept(t *testing.T) {
	root := t.TempDir()
	lodging, link := filepath.Join(root, temporaryLodging+"1"), filepath.Join(root, "stack", "postgres")
	cluster := filepath.Join(lodging, "postgres")
	require.NoError(t, os.MkdirAll(cluster, 0o700))
	require.NoError(t, sweepLodgings(root))
	require.DirExists(t, cluster, "a lodging that is being made is left alone")
	require.NoError(t, os.Mkdir(filepath.Dir(link), 0o700))
	require.NoError(t, os.Symlink(cluster, link))
	require.NoError(t, os.WriteFile(filepath.Join(lodging, tenantFile), []byte(link), 0o600))
	require.NoError(t, sweepLodgings(root))
	require.DirExists(t, cluster, "its stack is there")
	require.NoError(t, os.RemoveAll(filepath.Dir(link)))
	require.NoError(t, sweepLodgings(root))
	require.NoDirExists(t, lodging)
}

func TestRunNeedsACommand(t *testing.T) {
	out, err := stackCommand("run", "--").CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "stack:")
}

func TestUnreachableProgramsAreCopied(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root lends PostgreSQL another user")
	}
	private := t.TempDir()
	require.NoError(t, os.Chmod(private, 0o700))
	native := filepath.Join(private, "native")
	require.NoError(t, os.MkdirAll(filepath.Join(native, "bin"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(native, "lib"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(native, "lib", "libpq.so.5.18"), []byte(t.Name()), 0o644))
	require.NoError(t, os.Symlink("libpq.so.5.18", filepath.Join(native, "lib", "libpq.so.5")))
	script := []byte("#!/bin/sh\necho 'postgres (PostgreSQL) 18.4' # " + private + "\n")
	for _, name := range []string{"initdb", "postgres"} {
		require.NoError(t, os.WriteFile(filepath.Join(native, "bin", name), script, 0o755))
	}
	id, err := postgresIdentity(filepath.Join(private, "absent"))
	require.NoError(t, err)
	found, err := findBinaries(filepath.Join(native, "bin"), id)
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(found.dir)) })
	require.Equal(t, 18, found.major)
	require.True(t, strings.HasPrefix(found.dir, lodgings))
	check := exec.Command("cat", filepath.Join(filepath.Dir(found.dir), "lib", "libpq.so.5"))
	check.SysProcAttr = childAttributes(syscall.SIGKILL)
	id.assume(check)
	out, err := check.Output()
	require.NoError(t, err, "PostgreSQL's user reads the copy")
	require.Equal(t, t.Name(), string(out))
}

func TestPortsNamedTwiceAreRefused(t *testing.T) {
	_, err := choosePorts(options{PostgresPort: 25432, S3Port: 25432})
	require.ErrorContains(t, err, "port 25432 is named by both --postgres-port and --s3-port")
}

func TestStalePostmasterFileOfAnotherProgramIsCleared(t *testing.T) {
	cluster := t.TempDir()
	path := filepath.Join(cluster, "postmaster.pid")
	// Process 1 lives and is no PostgreSQL: its number was PostgreSQL's in an earlier life of the machine.
	require.NoError(t, os.WriteFile(path, []byte("1\n"+cluster+"\n"), 0o600))
	require.NoError(t, (&postgres{cluster: cluster}).awaitPredecessor(t.Context()))
	require.NoFileExists(t, path)
}

func TestEnvironmentFileSurvivesAShell(t *testing.T) {
	env := environment{{"PLAIN", "postgres://a:b@127.0.0.1:1/c?sslmode=disable"}, {"ODD", "a b'c$d"}}
	file := filepath.Join(t.TempDir(), "stack.env")
	require.NoError(t, writePrivate(file, env.asFile()))
	out, err := exec.Command("sh", "-c", `. "$0"; printf '%s|%s' "$PLAIN" "$ODD"`, file).Output()
	require.NoError(t, err)
	require.Equal(t, "postgres://a:b@127.0.0.1:1/c?sslmode=disable|a b'c$d", string(out))
}
