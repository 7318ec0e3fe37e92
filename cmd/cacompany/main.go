// Command cacompany is the stand-in for a CA company: it takes the registration
// system's applications, its operator works them off, it issues real RSA and SM2
// certificates, says which of them still count, and calls back what happened. It
// is a program with storage of its own: nothing but HTTP passes between it and
// the registration system.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/sender"
	"unireg/cmd/cacompany/internal/setup"
	"unireg/cmd/cacompany/internal/site"
)

// cli is the command line.
type cli struct {
	Init    initCommand    `cmd:"" help:"Draw keys and secrets, once, and write what operator and registration system must know."`
	Serve   serveCommand   `cmd:"" help:"Serve the registration system and the operator."`
	Version versionCommand `cmd:"" help:"Print what was built from which revision."`
}

const description = `Stand-in for a CA company, for development, demonstrations and tests.

Its certificates are real and nobody should trust them.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var c cli
	parsed := kong.Parse(&c, kong.Name("cacompany"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)))
	if err := parsed.Run(); err != nil {
		for line := range strings.Lines(err.Error()) {
			_, _ = fmt.Fprintf(os.Stderr, "cacompany: %s\n", strings.TrimRight(line, "\n"))
		}
		os.Exit(1)
	}
}

type initCommand struct {
	Data   string `help:"Directory of the ledger, keys and files." type:"path" required:"" placeholder:"DIR"`
	Portal string `help:"Address of the registration system." required:"" placeholder:"URL"`
	Listen string `help:"Address to listen on." default:"127.0.0.1:8090" placeholder:"ADDR"`
	URL    string `help:"Address under which this program is reached (default: that of --listen)." placeholder:"URL"`
}

// Help tells what is written and what stays.
func (initCommand) Help() string {
	return `Writes DIR/registration.env (the environment of the registration system), DIR/trust.json (the authorities that it is to
trust) and DIR/operator.txt (login of the operator's pages, token for programs). Run again, it changes addresses only: keys,
secrets and the ledger stay.`
}

// Run sets the data directory up.
func (c initCommand) Run(out io.Writer) error {
	if err := setup.Init(c.Data, setup.Places{Portal: c.Portal, Listen: c.Listen, URL: c.URL}, time.Now()); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "set up %s\n", c.Data)
	return err
}

type serveCommand struct {
	Data       string `help:"Directory that init set up." type:"path" required:"" placeholder:"DIR"`
	Faults     bool   `help:"Open the switches by which it misbehaves on purpose."`
	WithParent bool   `help:"End when standard input ends." hidden:""`
}

// Help tells what is served.
func (serveCommand) Help() string {
	return `Listens where init was told, prints "ready URL" when it serves and stops on Ctrl-C or SIGTERM. Callbacks that are not
delivered yet are delivered after the next start.`
}

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context, out io.Writer) (err error) {
	if c.WithParent {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		defer cancel()
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // until the parent is gone
			cancel()
		}()
	}
	if _, err := os.Stat(c.Data); err != nil {
		return setup.ErrNotInitialised
	}
	store, err := setup.Open(c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	var settings ledger.Settings
	authorities, err := setup.Authorities(store)
	if err != nil {
		return err
	}
	if err := store.View(func(tx *ledger.Tx) (err error) {
		settings, err = tx.Settings()
		return err
	}); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", settings.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: choose another with cacompany init --listen", settings.Listen)
	}
	if err != nil {
		return fmt.Errorf("listen on %s: %w", settings.Listen, err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	board := new(faults.Board)
	callbacks := sender.New(store, board, sender.Standard(), log)
	handler := site.New(site.Parts{
		Store: store, PKI: authorities, Company: company.New(store, authorities, callbacks.Wake), Board: board,
		Faults: c.Faults, Directory: c.Data, Log: log,
	})
	if _, err := fmt.Fprintf(out, "ready %s\n", settings.URL); err != nil {
		return errors.Join(err, listener.Close())
	}
	return serve(ctx, listener, handler, callbacks, log)
}

// Timeouts of the server.
const (
	readTimeout = 30 * time.Second
	idleTimeout = 2 * time.Minute
	stopTimeout = 10 * time.Second
)

// serve answers and delivers until ctx ends or one of both fails; requests under
// way are finished.
func serve(ctx context.Context, listener net.Listener, handler http.Handler, callbacks *sender.Sender, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &http.Server{
		Handler: handler, ReadTimeout: readTimeout, ReadHeaderTimeout: readTimeout, IdleTimeout: idleTimeout,
		BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	delivering := make(chan error, 1)
	go func() {
		delivering <- callbacks.Run(ctx)
		cancel()
	}()
	serving := make(chan error, 1)
	go func() {
		serving <- server.Serve(listener)
		cancel()
	}()
	<-ctx.Done()
	patience, done := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer done()
	err := server.Shutdown(patience)
	if served := <-serving; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, <-delivering)
}

type versionCommand struct{}

// Run prints revision, compiler and platform.
func (versionCommand) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "cacompany", revision(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH)
	return err
}

// revision is the commit that was built, as far as the build could see it.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return info.Main.Version
}
