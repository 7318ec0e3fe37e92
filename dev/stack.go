package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// stack is a running stack: its servers, and what programs need to find them.
type stack struct {
	dir     string // absolute
	lock    *os.File
	ports   ports
	secrets secrets
	pg      *postgres

	postgres, temporal, s3 *component
	temporary              bool // the data goes with the stack

	controlPath string
	control     *control
	failed      chan error // components that died unasked
	began       time.Time
}

// note tells people how far things are; standard output is for programs.
func note(format string, a ...any) { fmt.Fprintf(os.Stderr, format+"\n", a...) }

// startStack starts every server on the data in o.Data, which it makes if it is new, and returns once all serve. It
// stops what it started if one of them does not.
func startStack(ctx context.Context, o options, fast bool) (*stack, error) {
	s := &stack{dir: o.Data, failed: make(chan error, 8), began: time.Now()}
	err := s.prepare(o, fast)
	if err == nil {
		err = s.start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

// prepare settles everything that can be settled before the first server starts.
func (s *stack) prepare(o options, fast bool) (err error) {
	if err := s.openDir(); err != nil {
		return err
	}
	if s.pg, err = newPostgres(s.dir, o.Bin); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(s.dir, "secrets.json")); errors.Is(err, fs.ErrNotExist) && s.pg.initialised() {
		return fmt.Errorf("%s holds data but not the secrets.json it was made with", s.dir)
	}
	if s.secrets, err = loadSecrets(s.dir); err != nil {
		return err
	}
	if s.ports, err = choosePorts(o); err != nil {
		return err
	}
	s.pg.port, s.pg.password, s.pg.fast = s.ports.postgres, s.secrets.Superuser, fast
	if s.controlPath, err = controlPath(s.dir); err != nil {
		return err
	}
	return s.assemble(o)
}

// openDir makes the data directory if need be — a temporary one if none is named — and locks it: one stack to a
// directory.
func (s *stack) openDir() error {
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // PostgreSQL's user has to pass through to the cluster
	}
	var err error
	if s.dir == "" {
		s.temporary = true
		if s.dir, err = os.MkdirTemp("", "unireg-stack-"); err == nil {
			err = os.Chmod(s.dir, mode)
		}
	} else {
		err = os.MkdirAll(s.dir, mode)
	}
	if err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(s.dir, "stack.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the data directory: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(lock.Name())
		return errors.Join(fmt.Errorf("another stack runs on %s (process %s)", s.dir, strings.TrimSpace(string(holder))), lock.Close())
	}
	s.lock = lock
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintln(lock, os.Getpid())
	return err
}

// assemble describes the three servers.
func (s *stack) assemble(o options) error {
	s.postgres = s.newComponent("postgres", s.pg.command, s.pg.probe)
	s.postgres.shutdown = syscall.SIGINT // fast: ends sessions, writes a checkpoint
	s.postgres.grace = 30 * time.Second

	s.temporal = s.newComponent("temporal",
		func() (*exec.Cmd, error) { return selfCommand("temporal") },
		func(ctx context.Context) error { return probeTemporal(ctx, s.ports.temporal, s.ports.temporalUI) })
	var err error
	if s.temporal.input, err = asInput(temporalSettings{
		Port: s.ports.temporal, UIPort: s.ports.temporalUI,
		PostgresAddress: localAddress(s.ports.postgres), Password: s.secrets.Temporal,
	}); err != nil {
		return err
	}

	objects := s3Settings{Address: localAddress(s.ports.s3), Dir: s.dir, Access: s.secrets.S3Access, Secret: s.secrets.S3Secret}
	s.s3 = s.newComponent("s3", func() (*exec.Cmd, error) { return selfCommand("s3") }, objects.probe)
	if o.ObjectStore == "minio" {
		if o.MinioBin == "" {
			return errors.New("--objectstore=minio needs --minio-bin, the path of the minio program")
		}
		if _, err := os.Stat(o.MinioBin); err != nil {
			return fmt.Errorf("no minio program: %w", err)
		}
		s.s3.command = func() (*exec.Cmd, error) { return minioCommand(o.MinioBin, objects) }
		return nil
	}
	s.s3.input, err = asInput(objects)
	return err
}

func (s *stack) newComponent(name string, command func() (*exec.Cmd, error), probe func(context.Context) error) *component {
	return &component{
		name: name, command: command, probe: probe, logPath: filepath.Join(s.dir, name+".log"),
		shutdown: syscall.SIGTERM, grace: 15 * time.Second, failed: s.failed,
	}
}

// start starts the servers: the object store beside PostgreSQL, Temporal once PostgreSQL is provisioned.
func (s *stack) start(ctx context.Context) error {
	for _, c := range s.components() {
		if err := truncate(c.logPath); err != nil {
			return fmt.Errorf("open the log of %s: %w", c.name, err)
		}
	}
	servers, ctx := errgroup.WithContext(ctx)
	servers.Go(func() error { return s.s3.start(ctx) })
	servers.Go(func() error {
		if err := s.startPostgres(ctx); err != nil {
			return err
		}
		return s.temporal.start(ctx)
	})
	if err := servers.Wait(); err != nil {
		return err
	}
	var err error
	if s.control, err = listenControl(s.controlPath, s.components()); err != nil {
		return err
	}
	return writePrivate(filepath.Join(s.dir, "stack.env"), s.environment().asFile())
}

func (s *stack) startPostgres(ctx context.Context) error {
	if s.pg.initialised() {
		if err := s.pg.awaitPredecessor(ctx); err != nil {
			return err
		}
	} else {
		note("postgres: initdb")
		if err := s.pg.initialise(ctx); err != nil {
			return err
		}
	}
	if err := s.postgres.start(ctx); err != nil {
		return err
	}
	return s.pg.provision(ctx, s.secrets)
}

// components lists the servers in the order in which they stop: nobody loses what it still needs.
func (s *stack) components() []*component { return []*component{s.temporal, s.s3, s.postgres} }

// stop stops every server and returns once all have ended. Temporary data is removed.
func (s *stack) stop() error {
	var errs []error
	if s.control != nil {
		errs = append(errs, s.control.close())
	}
	for _, c := range s.components() {
		if c != nil {
			errs = append(errs, c.stop())
		}
	}
	if s.temporary {
		if s.pg != nil {
			errs = append(errs, s.pg.remove())
		}
		errs = append(errs, os.RemoveAll(s.dir))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
