package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"unireg/web"
)

// checkPatience is how long a process may take to say whether it is ready.
const checkPatience = 5 * time.Second

// newOps answers operators on a port of its own: /livez (the process runs),
// /readyz (what it stands on, as JSON) and /metrics (Prometheus). None of it is
// on the public port. Without object store or Temporal the process is degraded,
// yet serves. What does not answer is told to the log.
func newOps(r *rooms) http.Handler {
	part := func(name string, ping func(context.Context) error, optional bool) web.Part {
		return web.Part{Name: name, Optional: optional, Ping: func(ctx context.Context) error {
			err := ping(ctx)
			if err != nil {
				r.log.WarnContext(ctx, "not answering", slog.String("part", name), slog.Any("error", err))
			}
			return err
		}}
	}
	health := web.Ops(
		part("database", r.store.Ping, false), part("objects", r.objects.Ping, true), part("workflows", r.door.Healthy, true),
	)
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(r.db.DB, "unireg"), collectors.NewBuildInfoCollector(),
	)
	mux := http.NewServeMux()
	mux.Handle("/", health)
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// serveOps answers operators until ctx ends.
func serveOps(ctx context.Context, handler http.Handler, listener net.Listener) error {
	server := &http.Server{
		Handler: handler, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
	}
	unhook := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer unhook()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve health and metrics: %w", err)
	}
	return nil
}

type healthCommand struct{}

// Help tells which process is asked.
func (healthCommand) Help() string {
	return `Asks /readyz on UNIREG_OPS_LISTEN. The exit code is 0 while the process serves, degraded or not.`
}

// Run asks and reports.
func (healthCommand) Run(ctx context.Context) error {
	c, err := settings()
	if err != nil {
		return err
	}
	if c.OpsListen == "" {
		return errors.New("UNIREG_OPS_LISTEN is not set: there is nobody to ask")
	}
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.OpsListen+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: status %d", response.StatusCode)
	}
	return nil
}
