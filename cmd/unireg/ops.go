package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"unireg/config"
)

// ops answers operators on a port of its own: /livez (the process runs),
// /readyz (what it stands on, as JSON) and /metrics (Prometheus). None of it is
// on the public port.
type ops struct {
	part   config.Part
	checks []check
	mux    *http.ServeMux
}

// check asks one thing that the process stands on.
type check struct {
	name string
	// needed tells that the process cannot serve without it; without the others
	// it is degraded, yet serves.
	needed bool
	ask    func(context.Context) error
}

// readiness is the answer of /readyz. Status is ready, degraded or unready;
// Checks has "ok" or "away" for each thing asked. Faults go to the log only.
type readiness struct {
	Status string            `json:"status"`
	Part   config.Part       `json:"part"`
	Checks map[string]string `json:"checks"`
}

// checkPatience is how long each thing may take to answer.
const checkPatience = 3 * time.Second

func newOps(r *rooms, part config.Part) *ops {
	o := &ops{part: part, mux: http.NewServeMux(), checks: []check{
		{"database", true, r.store.Ping},
		{"objects", false, r.objects.Ping},
		{"temporal", false, r.door.Healthy},
	}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewDBStatsCollector(r.db.DB, "unireg"), collectors.NewBuildInfoCollector(),
	)
	o.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	o.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, request *http.Request) {
		answer := o.readiness(request.Context(), r.log)
		w.Header().Set("Content-Type", "application/json")
		if answer.Status == "unready" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // the client may be gone
	})
	o.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return o
}

// readiness asks everything at once.
func (o *ops) readiness(ctx context.Context, log *slog.Logger) readiness {
	ctx, cancel := context.WithTimeout(ctx, checkPatience)
	defer cancel()
	errs := make([]error, len(o.checks))
	var asked sync.WaitGroup
	for i, c := range o.checks {
		asked.Go(func() { errs[i] = c.ask(ctx) })
	}
	asked.Wait()
	answer := readiness{Status: "ready", Part: o.part, Checks: map[string]string{}}
	for i, c := range o.checks {
		answer.Checks[c.name] = "ok"
		if errs[i] == nil {
			continue
		}
		answer.Checks[c.name] = "away"
		log.WarnContext(ctx, "not answering", slog.String("dependency", c.name), slog.Any("error", errs[i]))
		if c.needed {
			answer.Status = "unready"
		} else if answer.Status == "ready" {
			answer.Status = "degraded"
		}
	}
	return answer
}

// serve answers until ctx ends.
func (o *ops) serve(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler: o.mux, ReadTimeout: 5 * time.Second, WriteTimeout: 15 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
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
	ctx, cancel := context.WithTimeout(ctx, 2*checkPatience)
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
