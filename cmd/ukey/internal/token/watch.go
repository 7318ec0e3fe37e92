package token

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Watch keeps what was seen last of all sources.
type Watch struct {
	log     *slog.Logger
	sources []Source
	looking sync.Mutex

	mu      sync.Mutex
	tokens  []Token
	state   string
	faults  []string
	changed chan struct{} // closed when state changes
}

// NewWatch returns a watch that has looked at its sources once.
func NewWatch(log *slog.Logger, sources ...Source) *Watch {
	w := &Watch{log: log, sources: sources, changed: make(chan struct{}), faults: make([]string, len(sources))}
	w.Look()
	return w
}

// Run looks again each interval until the context ends.
func (w *Watch) Run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.Look()
		}
	}
}

// Look looks at all sources now.
func (w *Watch) Look() {
	w.looking.Lock()
	defer w.looking.Unlock()
	var tokens []Token
	for i, source := range w.sources {
		found, err := source.Tokens()
		tokens = append(tokens, found...)
		w.report(i, err)
	}
	state := fingerprint(tokens)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens = tokens
	if state != w.state {
		w.state = state
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

// report logs a source's fault once for as long as it stays the same.
func (w *Watch) report(source int, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != w.faults[source] && text != "" {
		w.log.Warn("some tokens cannot be read", "error", err)
	}
	w.faults[source] = text
}

// fingerprint changes when a token, a certificate or a count of tries does.
func fingerprint(tokens []Token) string {
	h := sha256.New()
	for _, t := range tokens {
		_, _ = fmt.Fprintf(h, "token %q\n", t.Label)
		for _, c := range t.Certificates {
			_, _ = fmt.Fprintf(h, "certificate %s %d\n", c.ID(), c.TriesLeft)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Tokens returns what was seen last, and the name of that state.
func (w *Watch) Tokens() ([]Token, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.tokens), w.state
}

// Wait returns when the state is another than the named one, or the context
// ends.
func (w *Watch) Wait(ctx context.Context, state string) {
	for {
		w.mu.Lock()
		current, changed := w.state, w.changed
		w.mu.Unlock()
		if current != state {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

// Find finds a certificate by its id.
func (w *Watch) Find(id string) (Certificate, bool) {
	tokens, _ := w.Tokens()
	for _, t := range tokens {
		for _, c := range t.Certificates {
			if c.ID() == id {
				return c, true
			}
		}
	}
	return Certificate{}, false
}
