package workflows

import (
	"sync"
	"time"
)

const (
	tolerated = 2               // failures in a row before callers are spared
	retryRest = time.Second     // between two tries while they are
	trusted   = 2 * time.Second // how long an answer shows that the engine is there
)

// breaker spares callers the wait for an engine that is known to be away. After
// a few failures in a row one caller in each second tries; the others are told
// at once. A success lets everybody through again.
type breaker struct {
	mu       sync.Mutex
	failures int
	next     time.Time // when the next try is allowed
	answered time.Time // when the engine answered last
}

// known reports whether the engine has answered a moment ago, so that there is
// no need to ask whether it is there.
func (b *breaker) known(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return now.Sub(b.answered) < trusted
}

// allow reports whether the caller may try.
func (b *breaker) allow(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < tolerated {
		return true
	}
	if now.Before(b.next) {
		return false
	}
	b.next = now.Add(retryRest)
	return true
}

// tripped reports whether callers are spared at this moment.
func (b *breaker) tripped() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= tolerated
}

// report takes the result of a try.
func (b *breaker) report(now time.Time, answered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if answered {
		b.failures, b.answered = 0, now
		return
	}
	b.failures++
	b.next = now.Add(retryRest)
}
