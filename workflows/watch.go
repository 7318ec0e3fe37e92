package workflows

import (
	"errors"
	"time"
)

// Bell names what is rung for.
type Bell string

// The bells.
const (
	BellRecord       Bell = "record"
	BellApplication  Bell = "application"
	BellCallback     Bell = "callback"
	BellRegistration Bell = "registration"
	BellImport       Bell = "import"
	BellExport       Bell = "export"
)

// Rung is what became of a ring.
type Rung string

// What becomes of a ring.
const (
	RungAnswered    Rung = "answered"
	RungOpen        Rung = "open"        // heard, and the outcome is awaited
	RungUnavailable Rung = "unavailable" // nobody answered in time
	RungSpared      Rung = "spared"      // nobody was asked: earlier rings went unanswered
	RungFailed      Rung = "failed"
)

// Watcher is told what became of rings, for the figures that operators read. It
// must not block.
type Watcher interface {
	// Rang tells of one ring and how long it took.
	Rang(bell Bell, rung Rung, took time.Duration)
	// Spared tells whether callers are told at once that the engine is away.
	Spared(away bool)
}

// Watch has a watcher told from here on. It is called before the client is used.
func (c *Client) Watch(w Watcher) { c.watcher = w }

// errSpared is ErrUnavailable without having asked.
var errSpared = errors.New("spared")

// rang tells the watcher of a ring.
func (c *Client) rang(bell Bell, took time.Duration, err error) {
	if c.watcher == nil {
		return
	}
	rung := RungFailed
	switch {
	case err == nil:
		rung = RungAnswered
	case errors.Is(err, ErrOpen):
		rung = RungOpen
	case errors.Is(err, errSpared):
		rung = RungSpared
	case errors.Is(err, ErrUnavailable):
		rung = RungUnavailable
	}
	c.watcher.Rang(bell, rung, took)
	c.watcher.Spared(c.breaker.tripped())
}
