package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// postgres is the PostgreSQL server of one stack: where its cluster lies, who runs it and with which programs.
type postgres struct {
	id       identity
	binaries binaries
	place    string // where the stack keeps the cluster, or a link to its lodging
	cluster  string // the data directory, as the server sees it
	port     int
	password string // the superuser's
	fast     bool   // trade durability for speed
	logPath  string
}

// newPostgres settles where the cluster of the stack on dir lies, without making it, and makes sure that PostgreSQL can
// be run.
func newPostgres(dir, bin string) (*postgres, error) {
	place := filepath.Join(dir, "postgres")
	id, err := postgresIdentity(place)
	if err != nil {
		return nil, err
	}
	found, err := findBinaries(bin, id)
	if err != nil {
		return nil, err
	}
	pg := &postgres{id: id, binaries: found, place: place, cluster: place, logPath: filepath.Join(dir, "postgres.log")}
	existing, err := filepath.EvalSymlinks(place)
	if errors.Is(err, fs.ErrNotExist) {
		return pg, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find the PostgreSQL data: %w", err)
	}
	if !id.reaches(filepath.Dir(existing)) {
		return nil, fmt.Errorf("user %s, who runs PostgreSQL for root, cannot reach the data in %s: "+
			"open its parent directories to others (chmod o+x)", id.name, existing)
	}
	pg.cluster = existing
	return pg, pg.checkVersion()
}

// checkVersion refuses a cluster of another major version before the server does so at greater length.
func (pg *postgres) checkVersion() error {
	text, err := os.ReadFile(filepath.Join(pg.cluster, "PG_VERSION"))
	if err != nil {
		return fmt.Errorf("%s holds no PostgreSQL cluster: %w", pg.cluster, err)
	}
	if version := strings.TrimSpace(string(text)); version != strconv.Itoa(pg.binaries.major) {
		return fmt.Errorf("the data in %s is of PostgreSQL %s, the programs in %s are of %d", pg.cluster, version, pg.binaries.dir, pg.binaries.major)
	}
	return nil
}

// initialised reports whether there is a cluster.
func (pg *postgres) initialised() bool {
	_, err := os.Stat(filepath.Join(pg.cluster, "PG_VERSION"))
	return err == nil
}

// initialise makes the cluster, in one step: an interrupted initdb leaves nothing that looks like one.
func (pg *postgres) initialise(ctx context.Context) error {
	if !pg.id.reaches(filepath.Dir(pg.place)) {
		lodging, err := lodge(pg.id, pg.place)
		if err != nil {
			return err
		}
		pg.cluster = filepath.Join(lodging, "postgres")
		note("postgres: user %s cannot enter %s, its files are kept in %s", pg.id.name, filepath.Dir(pg.place), lodging)
	}
	workshop, err := os.MkdirTemp(filepath.Dir(pg.cluster), "initdb-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(workshop)
	if err := pg.id.own(workshop); err != nil {
		return err
	}
	passwordFile := filepath.Join(workshop, "password")
	if err := os.WriteFile(passwordFile, []byte(pg.password), 0o600); err != nil {
		return err
	}
	if err := pg.id.own(passwordFile); err != nil {
		return err
	}
	fresh := filepath.Join(workshop, "cluster")
	args := []string{
		"--pgdata", fresh, "--username", "postgres", "--pwfile", passwordFile,
		"--auth-host", "scram-sha-256", "--auth-local", "scram-sha-256", "--encoding", "UTF8", "--no-instructions",
	}
	cmd := exec.CommandContext(ctx, pg.binaries.program("initdb"), append(args, pg.localeArgs()...)...) //nolint:gosec // our own program
	cmd.Dir = "/"
	cmd.Env = pg.environment()
	cmd.SysProcAttr = childAttributes(syscall.SIGKILL)
	pg.id.assume(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return os.Rename(fresh, pg.cluster)
}

// localeArgs choose Unicode code point order, the same on every system, with character classes that know Chinese.
// pg_trgm asks the operating system's LC_CTYPE which characters are letters, also under PostgreSQL's own locale
// provider: in locale C it would see none in a Chinese name.
func (pg *postgres) localeArgs() []string {
	if pg.binaries.major < 17 {
		return []string{"--locale", systemUTF8Locale}
	}
	return []string{"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C", "--lc-ctype", systemUTF8Locale}
}

// environment keeps the caller's PG* variables and locale away from the server.
func (pg *postgres) environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=", "LANG=C", "TZ=UTC"}
}

// command starts the server. All settings are arguments, so that a cluster made by an older stack follows along.
func (pg *postgres) command() (*exec.Cmd, error) {
	settings := []string{
		"port=" + strconv.Itoa(pg.port),
		"listen_addresses=127.0.0.1",
		"unix_socket_directories=",
		"max_connections=300",
		"shared_buffers=256MB",
		"timezone=UTC",
		"log_timezone=UTC",
		"logging_collector=off",
		"log_destination=stderr",
		"log_line_prefix=%m [%p] %q%u@%d ",
	}
	if pg.fast {
		settings = append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	args := []string{"-D", pg.cluster}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	cmd := exec.Command(pg.binaries.program("postgres"), args...) //nolint:gosec // our own program
	cmd.Dir = "/"
	cmd.Env = pg.environment()
	cmd.SysProcAttr = childAttributes(syscall.SIGINT) // fast shutdown: the data stays clean if the stack is killed
	pg.id.assume(cmd)
	return cmd, nil
}

// probe reports whether the server answers queries.
func (pg *postgres) probe(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, pg.superuserURL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.Ping(ctx)
}

// awaitPredecessor waits for a server that an earlier, killed stack left behind on this cluster. It clears away a
// postmaster.pid whose process id has meanwhile gone to another program, which PostgreSQL itself would take for a
// running server; one whose process is gone PostgreSQL clears itself.
func (pg *postgres) awaitPredecessor(ctx context.Context) error {
	deadline := time.Now().Add(10 * time.Second)
	for {
		pid, err := readPostmaster(pg.cluster)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for a running server: %w", err)
		}
		if processName(pid) == "" {
			return nil
		}
		if !serves(pid, pg.cluster) {
			return os.Remove(postmasterFile(pg.cluster))
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("an earlier PostgreSQL still runs on %s as process %d: stop it first (kill -INT %d)", pg.cluster, pid, pid)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// postmasterFile is where a running server names its process.
func postmasterFile(cluster string) string { return filepath.Join(cluster, "postmaster.pid") }

func readPostmaster(cluster string) (int, error) {
	text, err := os.ReadFile(postmasterFile(cluster))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// serves reports whether process pid is a PostgreSQL server on cluster, which it makes its working directory. Systems
// without /proc do not tell the directory; any server is taken for this one there.
func serves(pid int, cluster string) bool {
	if processName(pid) != "postgres" {
		return false
	}
	working, err := os.Readlink(fmt.Sprintf("/proc/%d/cwd", pid))
	return err != nil || working == cluster
}

// remove deletes the cluster of a stopped server, wherever it lies.
func (pg *postgres) remove() error {
	if pg.cluster == pg.place {
		return os.RemoveAll(pg.cluster)
	}
	return errors.Join(os.Remove(pg.place), os.RemoveAll(filepath.Dir(pg.cluster)))
}
