package web

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"
)

// readyTimeout is how long a part may take to say that it is well.
const readyTimeout = 3 * time.Second

// Part is something that a process needs, and how to ask whether it answers.
type Part struct {
	Name string
	Ping func(context.Context) error
	// Optional parts leave the process at work, with less: it is degraded.
	Optional bool
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Status Status             `json:"status"`
	Parts  map[string]Verdict `json:"parts"`
}

// Status sums the parts up.
type Status string

// The statuses. A process that is unready or stopping gets no requests; one that
// is degraded works, with less.
const (
	Ready    Status = "ready"
	Degraded Status = "degraded"
	Unready  Status = "unready"
	Stopping Status = "stopping"
)

// Verdict is what is known of one part.
type Verdict string

// The verdicts.
const (
	PartOK     Verdict = "ok"
	PartFailed Verdict = "failed"
)

// Health knows the parts of a process and whether it is being stopped.
type Health struct {
	parts    []Part
	stopping atomic.Bool
}

// NewHealth returns the health of a process that stands on those parts.
func NewHealth(parts ...Part) *Health { return &Health{parts: parts} }

// Stop has /readyz say from here on that the process is being stopped, so that
// whoever sends it requests sends them elsewhere.
func (h *Health) Stop() { h.stopping.Store(true) }

// Check asks all parts at once, for a limited time.
func (h *Health) Check(ctx context.Context) Readiness {
	answer := ready(ctx, h.parts)
	if h.stopping.Load() {
		answer.Status = Stopping
	}
	return answer
}

// Handler serves GET /livez, which says that the process runs, and GET /readyz,
// which says which part does not answer, with 503 if the process cannot serve. It
// never is served on the public address.
func (h *Health) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("alive\n")) // who asks has gone away
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer := h.Check(r.Context())
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		if answer.Status == Unready || answer.Status == Stopping {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // who asks has gone away
	})
	return mux
}

func ready(ctx context.Context, parts []Part) Readiness {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	type result struct {
		part Part
		err  error
	}
	results := make(chan result, len(parts))
	for _, part := range parts {
		go func() { results <- result{part, part.Ping(ctx)} }()
	}
	answer := Readiness{Status: Ready, Parts: map[string]Verdict{}}
	for range parts {
		r := <-results
		switch {
		case r.err == nil:
			answer.Parts[r.part.Name] = PartOK
			continue
		case !r.part.Optional:
			answer.Status = Unready
		case answer.Status == Ready:
			answer.Status = Degraded
		}
		answer.Parts[r.part.Name] = PartFailed
	}
	return answer
}
