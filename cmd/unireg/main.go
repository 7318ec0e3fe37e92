// Command unireg is the product's binary. The same program is portal, worker
// and the operator's tools; the environment configures it, and only here are
// the rooms of the system joined to one another.
//
// unireg up starts everything on one machine for development and
// demonstration. In production unireg web and unireg worker run as services of
// their own, unireg migrate up before them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"unireg/config"
	"unireg/storage"
)

// cli is the command line.
type cli struct {
	Up         upCommand         `cmd:"" help:"Start everything on this machine: PostgreSQL, Temporal, object store, worker and portal."`
	Web        webCommand        `cmd:"" help:"Run the portal."`
	Worker     workerCommand     `cmd:"" help:"Run the worker: workflows, activities, relay and sweeps. Any number may run."`
	Migrate    migrateCommand    `cmd:"" help:"Change the schema of the database."`
	Staff      staffCommand      `cmd:"" help:"Manage the people who review."`
	Subject    subjectCommand    `cmd:"" help:"Help subjects at the counter."`
	Keys       keysCommand       `cmd:"" help:"Rotate the keys under which contents are sealed."`
	Codes      codesCommand      `cmd:"" help:"Import what changed in the code tables; list and export them."`
	Calendar   calendarCommand   `cmd:"" help:"Take over a year's notice of holidays; list the calendar."`
	Periods    periodsCommand    `cmd:"" help:"Set the working days of reviews and corrections, and the share of second reviews."`
	APIKey     apiKeyCommand     `cmd:"" name:"api-key" help:"Manage the keys under which other systems ask."`
	Doctor     doctorCommand     `cmd:"" help:"Check the settings and everything the system stands on."`
	Verify     verifyCommand     `cmd:"" help:"Prove that everything agrees, or name each disagreement; prove one signed version offline."`
	Checkpoint checkpointCommand `cmd:"" help:"Sign where the history stands at this moment; print the public key."`
	Health     healthCommand     `cmd:"" help:"Ask the portal or worker of this environment whether it is ready, for health checks of containers."`
	Version    versionCommand    `cmd:"" help:"Print what was built from which revision."`
}

const description = `Registration system for public-resource trading.

The environment configures it: the README lists the variables, "unireg doctor" checks them.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		signal.Ignore(syscall.SIGTERM) // who asks twice to end in order does not mean at once
		stop()                         // a second Ctrl-C does
	})
	var c cli
	parsed := kong.Parse(&c, kong.Name("unireg"), kong.Description(description), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(os.Stdout, (*io.Writer)(nil)))
	if err := parsed.Run(); err != nil {
		complain(os.Stderr, err)
		os.Exit(1)
	}
}

// complain prints a sentence for each fault.
func complain(out io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintf(out, "unireg: %s\n", strings.TrimRight(line, "\n"))
	}
}

// settings reads the environment for the parts that are to run.
func settings(parts ...config.Part) (config.Config, error) {
	c, err := config.Load(os.Environ(), parts...)
	if err != nil {
		return c, fmt.Errorf("the environment is not in order:\n%w", err)
	}
	return c, nil
}

// newLog returns the log of a process: lines for machines in production, for
// people in development.
func newLog(c config.Config, out io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel, ReplaceAttr: plainErrors}
	if c.Mode == config.Development {
		return slog.New(slog.NewTextHandler(out, options))
	}
	return slog.New(slog.NewJSONHandler(out, options))
}

// plainErrors writes errors without what PostgreSQL quotes of a statement.
func plainErrors(_ []string, a slog.Attr) slog.Attr {
	if err, ok := a.Value.Any().(error); ok {
		return slog.String(a.Key, storage.LogText(err))
	}
	return a
}

// stopped is nil for what ended because it was asked to.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
