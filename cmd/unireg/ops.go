package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"time"

	"unireg/config"
	"unireg/web"
	"unireg/web/static"
)

// checkPatience is how long a process may take to say whether it is ready.
const checkPatience = 5 * time.Second

// health is what a part of the system stands on. Without object store, Temporal
// or scanner it is degraded, yet serves. What does not answer is told to the log.
func (r *rooms) health(of config.Part) *web.Health {
	part := func(name string, ping func(context.Context) error, optional bool) web.Part {
		return web.Part{Name: name, Optional: optional, Ping: func(ctx context.Context) error {
			err := ping(ctx)
			if err != nil {
				r.log.WarnContext(ctx, "not answering", slog.String("part", name), slog.Any("error", err))
			}
			return err
		}}
	}
	parts := []web.Part{
		part("database", r.store.Ping, false), part("schema", r.store.CheckSchema, false),
		part("objects", r.objects.Ping, true), part("workflows", r.door.Healthy, true),
	}
	if r.scanner != nil {
		parts = append(parts, part("scanner", r.scanner.Ping, true))
	}
	if of == config.Portal {
		parts = append(parts, part("pages", func(context.Context) error { return missingPageFiles(static.FS) }, true))
	}
	return web.NewHealth(parts...)
}

// startOps answers operators on a port of its own: /livez (the process runs),
// /readyz (what it stands on, as JSON), /metrics (Prometheus) and, where the
// settings say so, /debug/pprof/. None of it is on the public port. When ctx ends
// /readyz says so at once; the port stays open until end is called, when what was
// under way is finished.
func (r *rooms) startOps(ctx context.Context, of config.Part) (end func(), err error) {
	listener, err := listen(ctx, r.config.OpsListen, "UNIREG_OPS_LISTEN")
	if err != nil {
		return nil, err
	}
	health := r.health(of)
	unhook := context.AfterFunc(ctx, health.Stop)
	r.metrics.Live(health, r.store)
	server := &http.Server{
		Handler: r.opsHandler(health), ReadTimeout: 5 * time.Second, WriteTimeout: opsWrite, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10,
		ErrorLog: slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			r.log.ErrorContext(ctx, "health and metrics are not served any more", slog.Any("error", err))
		}
	}()
	return func() {
		unhook()
		_ = server.Close() // who asks at this moment learns that the process is gone
		<-ended
	}, nil
}

// opsWrite is how long an answer to operators may take: a profile is taken for
// half a minute by default.
const opsWrite = 2 * time.Minute

func (r *rooms) opsHandler(health *web.Health) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", health.Handler())
	mux.Handle("GET /metrics", r.metrics.Handler())
	if r.config.PProf {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", http.NotFound) // arguments may name what is nobody's business
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return opsHeaders(mux)
}

// opsHeaders has every answer to operators forbid what a browser that is led
// here by another site could do with it.
func opsHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
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
