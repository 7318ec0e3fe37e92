package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sync/errgroup"

	"unireg/config"
	"unireg/metrics"
	"unireg/storage"
	"unireg/takeout"
	"unireg/web"
	"unireg/web/view"
	"unireg/worker"
)

type webCommand struct{}

// Help tells what the portal needs.
func (webCommand) Help() string {
	return `Serves bidders, staff and the public on UNIREG_LISTEN until it is told to stop (SIGTERM or Ctrl-C), then finishes
what is under way. It starts and works without Temporal and workers: submissions are accepted and processed later.
UNIREG_OPS_LISTEN, if set, serves /livez, /readyz and /metrics to operators, and says during UNIREG_DRAIN_NOTICE that the
portal stops while it still serves.`
}

// Run serves the portal until ctx ends.
func (webCommand) Run(ctx context.Context) error {
	return serve(ctx, config.Portal, func(ctx context.Context, r *rooms) error {
		if err := refuseDemo(ctx, r); err != nil {
			return err
		}
		listener, err := listen(ctx, r.config.Listen, "UNIREG_LISTEN")
		if err != nil {
			return err
		}
		r.log.InfoContext(ctx, "portal listens", slog.String("address", listener.Addr().String()), slog.String("origin", r.config.Origin))
		return r.serveWeb(ctx, listener)
	})
}

type workerCommand struct{}

// Help tells what the worker does.
func (workerCommand) Help() string {
	return `Runs the workflows and activities, the relay that rings for what was accepted while Temporal was away, and the
sweeps, until it is told to stop (SIGTERM or Ctrl-C). Any number of workers may run at once.`
}

// Run works until ctx ends.
func (workerCommand) Run(ctx context.Context) error {
	return serve(ctx, config.Worker, func(ctx context.Context, r *rooms) error { return r.serveWorker(ctx) })
}

// serve runs one part, and beside it what operators ask.
func serve(ctx context.Context, part config.Part, run func(context.Context, *rooms) error) (err error) {
	c, err := settings(part)
	if err != nil {
		return err
	}
	var figures *metrics.Metrics
	if c.OpsListen != "" {
		figures = metrics.New()
	}
	r, err := openWatched(ctx, c, newLog(c, os.Stderr), figures)
	if err != nil {
		return stopped(ctx, err)
	}
	defer func() { err = errors.Join(err, r.close()) }()
	group, groupCtx := errgroup.WithContext(ctx)
	if c.OpsListen != "" {
		end, err := r.startOps(groupCtx, part)
		if err != nil {
			return err
		}
		defer end()
	}
	group.Go(func() error { return r.followEditions(groupCtx) })
	group.Go(func() error { return run(groupCtx, r) })
	if err := stopped(ctx, group.Wait()); err != nil {
		return err
	}
	r.log.InfoContext(ctx, "stopped", slog.String("part", string(part)))
	return nil
}

// listen opens a port; variable is the setting that names it.
func listen(ctx context.Context, address, variable string) (net.Listener, error) {
	listener, err := web.Listen(ctx, address)
	if err != nil {
		return nil, portError(address, variable, err)
	}
	return listener, nil
}

// serveWeb serves the portal until ctx ends.
func (r *rooms) serveWeb(ctx context.Context, listener net.Listener) error {
	c := r.config
	options := web.Options{
		Store: r.store, Objects: r.objects, Rings: r.door, Applications: r.door, Imports: r.door, Exports: r.door, Processes: r.door, CallbackBell: r.door, Callbacks: r.verifier,
		Log:    r.log,
		Site:   view.Site{Name: c.SiteName, Center: c.Center, Motto: c.Motto, Hotline: c.Hotline, Hours: c.Hours, QQ: c.QQ, Disclosure: c.Disclosure == config.DisclosureOn},
		Origin: c.Origin, TrustedProxies: c.TrustedProxies, CookieKey: c.CookieKey.Bytes(), TemporalUI: c.TemporalUIURL,
		Trust: r.trust, OCSP: r.partner, CRLMaxAge: c.CRLMaxAge, AgentOrigin: c.AgentOrigin, Downloads: os.DirFS(r.downloads()), Subscribers: r.messenger(),
		IdleTimeout: c.SessionIdle, AbsoluteTimeout: c.SessionAbsolute, RingWait: c.RingWait,
		MaxFile: c.MaxFileBytes(), Quota: c.QuotaBytes(), ProofDifficulty: c.ProofDifficulty,
		DrainTimeout: c.Drain, DrainNotice: c.DrainNotice, Channels: r.outgoing.channels(),
	}
	if r.metrics != nil {
		options.Watch = r.metrics
	}
	portal, err := web.New(options) //nolint:contextcheck // each request has a context of its own
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return portal.Serve(ctx, listener)
}

// downloads is the folder of the CA drivers.
func (r *rooms) downloads() string {
	if r.config.Downloads != "" {
		return r.config.Downloads
	}
	program, err := os.Executable()
	if err != nil {
		return "ukey"
	}
	return filepath.Join(filepath.Dir(program), "ukey")
}

// serveWorker works until ctx ends.
func (r *rooms) serveWorker(ctx context.Context) error {
	c := worker.Config{
		Temporal: r.temporal, Namespace: r.config.Temporal.Namespace, Store: r.store, Files: r.files,
		AbandonAfter: r.config.Policy().AbandonAfter, Company: r.partner,
		Trust: r.trust, Lists: r.partner, ListsEvery: r.config.CRLRefresh, Messenger: r.messenger(),
		Carriers: r.outgoing.carriers, Logger: r.log, Drain: r.config.Drain,
	}
	if r.metrics != nil {
		c.Watcher = r.metrics
	}
	if r.scanner != nil {
		c.Scanner = r.scanner
	}
	if r.objects != nil {
		c.Exports = &takeout.Packer{Store: r.store, Objects: r.objects, Trust: r.trust, Site: r.config.SiteName, Log: r.log}
	}
	if r.config.CheckpointKey.Bytes() != nil {
		c.History = r.checkpoints
	}
	return worker.Run(ctx, c)
}

// refuseDemo keeps a public portal from serving a database whose staff has
// passwords that a demonstration printed.
func refuseDemo(ctx context.Context, r *rooms) error {
	if r.config.Mode != config.Production {
		return nil
	}
	members, err := r.store.StaffMembers(ctx)
	if err != nil {
		return fmt.Errorf("look for demo accounts: %w", err)
	}
	var faults []error
	for _, m := range members {
		if strings.HasPrefix(m.Login, storage.DemoLogin) && !m.Disabled {
			faults = append(faults, fmt.Errorf("production mode refuses the demo account %s: disable it with unireg staff disable %s", m.Login, m.Login))
		}
	}
	return errors.Join(faults...)
}
