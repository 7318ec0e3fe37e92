package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"unireg/config"
	"unireg/storage"
	"unireg/web"
)

type upCommand struct {
	Demo        bool   `help:"Seed demo accounts: a bidder, two reviewers, a supervisor."`
	Data        string `help:"Directory of all data, keys and logs." type:"path" default:"data" placeholder:"DIR"`
	Port        int    `help:"Port of the portal on 127.0.0.1." default:"8080" placeholder:"N"`
	Stack       string `help:"Program of the development stack (default: stack beside this program)." type:"path" env:"UNIREG_STACK" placeholder:"PATH"`
	ObjectStore string `help:"Object store to run: ${enum}." name:"objectstore" enum:"versitygw,minio" default:"versitygw"`
	Company     string `help:"Program of the CA company's stand-in (default: cacompany beside this program)." name:"cacompany" type:"path" placeholder:"PATH"`
	CompanyPort int    `help:"Port of the CA company on 127.0.0.1 (default: 8090, or any where that is taken)." name:"ca-port" placeholder:"N"`
	MinioBin    string `help:"The minio program, for --objectstore=minio." type:"path" placeholder:"PATH"`
}

// Help tells what is started and where it is kept.
func (upCommand) Help() string {
	return `Starts the development stack (PostgreSQL, Temporal with its web interface, an S3 object store), the stand-in for the CA
company and, where clamd is installed, a virus scanner as children, keeps every mail as a file, migrates, and runs worker and portal in this process until
Ctrl-C, which stops everything in order: portal, worker, scanner, CA company, servers. All data is in --data and survives a restart. Keys are drawn once and kept in
DIR/keys.env, demo accounts in DIR/demo-accounts.txt, the CA company's operator in DIR/cacompany/operator.txt, for their
owner alone. Not for production: UNIREG_MODE=production is refused.`
}

// temporalWeb is the port of Temporal's web interface where it is free, so that
// its address lasts.
const temporalWeb = 8233

// readyPatience is how long portal and worker may take to serve.
const readyPatience = 60 * time.Second

// Run starts everything, prints where it is, and stops it when ctx ends.
func (u upCommand) Run(ctx context.Context, out io.Writer) (err error) {
	began := time.Now()
	listener, err := u.prepare(ctx)
	if err != nil {
		return err
	}
	stack, environment, err := startStack(ctx, u.Stack, u.stackArguments(), os.Stderr)
	if err != nil {
		return stopped(ctx, errors.Join(err, listener.Close()))
	}
	defer func() { err = errors.Join(err, stack.stop()) }()
	ca, err := u.startCompany(ctx)
	if err != nil {
		return stopped(ctx, errors.Join(err, listener.Close()))
	}
	defer func() { err = errors.Join(err, ca.stop()) }()
	maps.Copy(environment, ca.environment)
	viruses, err := u.startScanner(environment)
	if err != nil {
		return stopped(ctx, errors.Join(err, listener.Close()))
	}
	defer func() { err = errors.Join(err, viruses.stop()) }()
	post, err := u.startMailbox(environment)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, post.stop()) }()
	c, err := u.settle(environment)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	logFile, err := os.OpenFile(u.path("unireg.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return errors.Join(fmt.Errorf("open the log: %w", err), listener.Close())
	}
	defer func() { err = errors.Join(err, logFile.Close()) }()
	accounts, r, err := u.furnish(ctx, c, newLog(c, logFile))
	if err != nil {
		return stopped(ctx, errors.Join(err, listener.Close()))
	}
	defer func() { err = errors.Join(err, r.close()) }()

	running := startParts(ctx, r, listener)
	defer func() { err = errors.Join(err, running.stop()) }()
	if err := running.awaitReady(ctx, c.Origin, r, stack, ca.child); err != nil {
		return stopped(ctx, err)
	}
	if err := u.announce(out, c, ca, viruses, post, accounts, time.Since(began)); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		_, err := fmt.Fprintln(out, "stopping")
		return err
	case <-running.failed:
		return nil // stop reports it
	case <-stack.ended:
		return stack.failure()
	case <-ca.ended:
		return ca.failure()
	case <-viruses.died():
		return fmt.Errorf("clamd ended by itself; what it said is in %s", u.path("clamd.log"))
	}
}

// prepare finds every fault that can be found before anything is started, and
// opens the portal's port.
func (u *upCommand) prepare(ctx context.Context) (net.Listener, error) {
	var faults []error
	if os.Getenv("UNIREG_MODE") == string(config.Production) {
		faults = append(faults, errProduction)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	for _, p := range []struct {
		path                *string
		beside, whose, flag string
	}{
		{&u.Stack, "stack", "development stack", "--stack"},
		{&u.Company, "cacompany", "CA company", "--cacompany"},
	} {
		if *p.path == "" {
			*p.path = filepath.Join(filepath.Dir(self), p.beside)
		}
		if info, err := os.Stat(*p.path); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
			faults = append(faults, fmt.Errorf("the program of the %s is missing at %s: run make build, or name it with %s", p.whose, *p.path, p.flag))
		}
	}
	if u.CompanyPort != 0 {
		if _, err := u.companyAddress(ctx); err != nil {
			faults = append(faults, err)
		}
	}
	if u.ObjectStore == "minio" && u.MinioBin == "" {
		faults = append(faults, errors.New("--objectstore=minio needs --minio-bin, the path of the minio program"))
	}
	mode := fs.FileMode(0o700)
	if os.Geteuid() == 0 {
		mode = 0o711 // PostgreSQL runs as another user and has to pass through
	}
	if err := os.MkdirAll(u.Data, mode); err != nil {
		faults = append(faults, fmt.Errorf("the data directory cannot be made: %w", err))
	}
	// The servers' addresses come from the stack: what else is set is checked now.
	var planned map[string]string
	if u.scans() {
		planned = scannerSettings("unix:" + u.path("clamd.sock"))
	}
	if _, err := config.Load(u.environ(planned)); err != nil {
		faults = append(faults, err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(u.Port))
	listener, err := web.Listen(ctx, address)
	if err != nil {
		faults = append(faults, portError(address, "--port", err))
	}
	if len(faults) > 0 && listener != nil {
		faults = append(faults, listener.Close())
	}
	return listener, errors.Join(faults...)
}

// portError says of a port that cannot be opened how to choose another.
func portError(address, setting string, err error) error {
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: choose another with %s", address, setting)
	}
	return fmt.Errorf("%s cannot be listened on, choose another with %s: %w", address, setting, err)
}

func (u *upCommand) stackArguments() []string {
	args := []string{"up", "--with-parent", "--data", u.Data, "--objectstore", u.ObjectStore}
	if u.MinioBin != "" {
		args = append(args, "--minio-bin", u.MinioBin)
	}
	if probe, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(temporalWeb))); err == nil { //nolint:noctx // closed at once
		if probe.Close() == nil {
			args = append(args, "--temporal-ui-port", strconv.Itoa(temporalWeb))
		}
	}
	return args
}

func (u *upCommand) path(name string) string { return filepath.Join(u.Data, name) }

// environ is this process's environment with the stack's servers, development
// mode and the port asked for. Where more values bear one name the last counts.
func (u *upCommand) environ(stack map[string]string) []string {
	all := append([]string{"UNIREG_MODE=" + string(config.Development)}, os.Environ()...)
	all = append(all, "UNIREG_LISTEN="+net.JoinHostPort("127.0.0.1", strconv.Itoa(u.Port)))
	for name, value := range stack {
		all = append(all, name+"="+value)
	}
	return all
}

// settle joins the environment, the stack's servers and the keys of the data
// directory, and validates the whole.
func (u *upCommand) settle(stack map[string]string) (config.Config, error) {
	keys, err := loadKeys(u.path("keys.env"))
	if err != nil {
		return config.Config{}, err
	}
	maps.Copy(keys, stack)
	c, err := config.Load(u.environ(keys), config.Portal, config.Worker, config.Schema)
	if err != nil {
		return c, fmt.Errorf("the settings are not in order:\n%w", err)
	}
	return c, nil
}

// checkpointKey is the setting of the key that signs checkpoints.
const checkpointKey = "UNIREG_CHECKPOINT_KEY"

// loadKeys reads the keys of the data directory, or draws them the first time:
// what is sealed under them is lost without them. A directory that knows of no
// checkpoints gets a key for them.
func loadKeys(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if content, err = drawKeys(); err == nil {
			err = writePrivate(path, content)
		}
	case err == nil && !strings.Contains(string(content), checkpointKey+"="):
		var drawn string
		if drawn, err = drawKey(); err == nil {
			content = fmt.Appendf(content, "%s=%s\n", checkpointKey, drawn)
			err = writePrivate(path, content)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	keys := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			keys[name] = value
		}
	}
	return keys, nil
}

func drawKeys() ([]byte, error) {
	var b strings.Builder
	for _, name := range []string{"UNIREG_MASTER_KEYS=" + config.DemoKey + "-1:", "UNIREG_INDEX_KEY=", "UNIREG_COOKIE_KEY=", checkpointKey + "="} {
		drawn, err := drawKey()
		if err != nil {
			return nil, err
		}
		b.WriteString(name + drawn + "\n")
	}
	return []byte(b.String()), nil
}

// drawKey draws a key as the environment writes it.
func drawKey() (string, error) {
	secret := make([]byte, config.KeySize)
	if _, err := rand.Read(secret); err != nil {
		return "", fmt.Errorf("draw key: %w", err)
	}
	return base64.StdEncoding.EncodeToString(secret), nil
}

// writePrivate writes a file for its owner alone, whole or not at all.
func writePrivate(path string, content []byte) error {
	partial, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-") // mode 0600
	if err != nil {
		return err
	}
	_, err = partial.Write(content)
	if err = errors.Join(err, partial.Sync(), partial.Close()); err != nil {
		return errors.Join(err, os.Remove(partial.Name()))
	}
	return os.Rename(partial.Name(), path)
}

// furnish migrates, makes the bucket and, if asked to, the demo accounts.
func (u *upCommand) furnish(ctx context.Context, c config.Config, log *slog.Logger) (accounts []demoAccount, r *rooms, err error) {
	err = migrateWith(c, func(m *storage.Migrator) error {
		_, err := m.Up(ctx)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if r, err = openRooms(ctx, c, log); err != nil {
		return nil, nil, err
	}
	if err = r.objects.EnsureBucket(ctx); err == nil && u.Demo {
		accounts, err = seedDemo(ctx, r.store, u.path("demo-accounts.txt"))
	}
	if err != nil {
		return nil, nil, errors.Join(err, r.close())
	}
	return accounts, r, nil
}

// announce prints where everything is and who may log in.
func (u *upCommand) announce(out io.Writer, c config.Config, ca *company, viruses *scanner, post *mailServer, accounts []demoAccount, took time.Duration) error {
	login, password, err := ca.operator()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, `ready %s (%.1f s)

  portal        %s
  staff         %s/staff/login
  CA company    %s (operator %s, password %s)
  Temporal Web  %s
  virus scan    %s
  mail          %s
  data, logs    %s
`, c.Origin, took.Seconds(), c.Origin, c.Origin, c.CAURL, login, password, c.TemporalUIURL, viruses.said, post.said, u.Data); err != nil {
		return err
	}
	if len(accounts) == 0 {
		_, err := fmt.Fprintln(out, "\nCtrl-C stops everything.")
		return err
	}
	if _, err := fmt.Fprintf(out, "\n  demo accounts (%s): role, login, password; of staff the code at this moment and the secret\n", u.path("demo-accounts.txt")); err != nil {
		return err
	}
	if err := printDemo(out, accounts, time.Now()); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, "\nCtrl-C stops everything.")
	return err
}

// parts are portal and worker, and what follows the code tables for both, running
// in this process.
type parts struct {
	running []*part // in the order in which they stop
	failed  chan struct{}
}

// part is one of them. Its context is not the caller's: it ends in its turn.
type part struct {
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // read after ended
}

// startParts starts worker and portal.
func startParts(ctx context.Context, r *rooms, listener net.Listener) *parts {
	all := &parts{failed: make(chan struct{}, 3)}
	for _, run := range []func(context.Context) error{
		func(ctx context.Context) error { return r.serveWeb(ctx, listener) },
		r.serveWorker,
		r.followEditions,
	} {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		p := &part{cancel: cancel, ended: make(chan struct{})}
		all.running = append(all.running, p)
		go func() {
			p.err = stopped(own, run(own))
			if own.Err() == nil {
				all.failed <- struct{}{}
			}
			close(p.ended)
		}()
	}
	return all
}

// stop ends the portal, then the worker, each when the one before has finished
// what was under way.
func (all *parts) stop() error {
	var errs []error
	for _, p := range all.running {
		p.cancel()
		<-p.ended
		errs = append(errs, p.err)
	}
	return errors.Join(errs...)
}

// awaitReady returns once the portal serves its start page and a worker takes
// tasks.
func (all *parts) awaitReady(ctx context.Context, origin string, r *rooms, children ...*child) error {
	deadline, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := errors.Join(serves(deadline, origin), r.door.Healthy(deadline))
		if err == nil {
			return nil
		}
		for _, c := range children {
			select {
			case <-c.ended:
				return c.failure()
			default:
			}
		}
		select {
		case <-all.failed:
			return errors.New("portal or worker ended by itself")
		case <-deadline.Done():
			return fmt.Errorf("portal or worker did not serve within %s: %w", readyPatience, err)
		case <-tick.C:
		}
	}
}

// serves asks for the start page.
func serves(ctx context.Context, origin string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	if err := response.Body.Close(); err != nil {
		return err
	}
	if !slices.Contains([]int{http.StatusOK, http.StatusSeeOther}, response.StatusCode) {
		return fmt.Errorf("the start page answers %s", response.Status)
	}
	return nil
}
