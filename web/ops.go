package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// readyTimeout is how long a part may take to say that it is well.
const readyTimeout = 3 * time.Second

// Part is something that the portal needs, and how to ask whether it answers.
type Part struct {
	Name string
	Ping func(context.Context) error
	// Optional parts leave the portal at work, with less: it is degraded.
	Optional bool
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Status string            `json:"status"` // ready, degraded or unready
	Parts  map[string]string `json:"parts"`  // name: ok or failed
}

// Ops serves the private listener: GET /livez says that the process runs, GET
// /readyz which part does not answer. Without the workflow engine the portal is
// degraded, not unready: it accepts, and the relay rings later. It never is
// served on the public address.
func (s *Server) Ops() http.Handler {
	return Ops(
		Part{Name: "database", Ping: s.Store.Ping},
		Part{Name: "objects", Ping: s.Objects.Ping},
		Part{Name: "workflows", Ping: s.Rings.Healthy, Optional: true},
	)
}

// Ops serves /livez and /readyz for the parts of a process.
func Ops(parts ...Part) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("alive\n")) // who asks has gone away
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		answer := ready(r.Context(), parts)
		w.Header().Set("Content-Type", "application/json")
		if answer.Status == unready {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_ = json.NewEncoder(w).Encode(answer) // who asks has gone away
	})
	return mux
}

const (
	isReady  = "ready"
	degraded = "degraded"
	unready  = "unready"
)

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
	answer := Readiness{Status: isReady, Parts: map[string]string{}}
	for range parts {
		r := <-results
		switch {
		case r.err == nil:
			answer.Parts[r.part.Name] = "ok"
			continue
		case !r.part.Optional:
			answer.Status = unready
		case answer.Status == isReady:
			answer.Status = degraded
		}
		answer.Parts[r.part.Name] = "failed"
	}
	return answer
}
