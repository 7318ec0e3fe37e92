// Package sender delivers the callbacks that the ledger holds: signed, in the
// order of their events, again and again until the registration system has
// written them down. What it refuses for good is parked for the operator.
package sender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/webhook"
)

// Path is where the registration system takes callbacks.
const Path = "/api/v1/ca/callbacks"

const (
	// patience is how long one attempt may take.
	patience = 10 * time.Second
	// idle is how long the sender sleeps when nothing is due and nobody wakes it.
	idle = 30 * time.Second
	// atOnce is how many deliveries are under way together.
	atOnce = 16
	// shuffleWindow is how long a callback may wait when the order is disturbed.
	shuffleWindow = 3 * time.Second
)

// Backoff is how long to wait between attempts: First, then twice as long each
// time up to Most.
type Backoff struct{ First, Most time.Duration }

// Standard is the back-off of a running company.
func Standard() Backoff { return Backoff{First: 500 * time.Millisecond, Most: time.Minute} }

// after is the wait after a number of failed attempts, a fifth of it at random so
// that many deliveries do not come back together.
func (b Backoff) after(attempts int) time.Duration {
	wait := b.First
	for i := 1; i < attempts && wait < b.Most; i++ {
		wait *= 2
	}
	wait = min(wait, b.Most)
	return wait - time.Duration(rand.Int64N(int64(wait)/5+1)) //nolint:gosec // spreads load
}

// Sender delivers. Make one with New.
type Sender struct {
	store   *ledger.Store
	board   *faults.Board
	backoff Backoff
	log     *slog.Logger
	client  *http.Client
	wake    chan struct{}

	mu       sync.Mutex
	inFlight map[uint64]bool
	held     map[uint64]time.Time // by the fault switch that disturbs the order
}

// New returns a sender of what the store holds. Run makes it work.
func New(store *ledger.Store, board *faults.Board, backoff Backoff, log *slog.Logger) *Sender {
	return &Sender{
		store: store, board: board, backoff: backoff, log: log,
		client: &http.Client{
			Timeout:       patience,
			Transport:     &http.Transport{MaxIdleConnsPerHost: atOnce, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		wake: make(chan struct{}, 1), inFlight: map[uint64]bool{}, held: map[uint64]time.Time{},
	}
}

// Wake has the sender look at once: something was entered.
func (s *Sender) Wake() {
	select {
	case s.wake <- struct{}{}:
	default: // it is about to look
	}
}

// Run delivers until ctx ends, then waits for what is under way.
func (s *Sender) Run(ctx context.Context) error {
	var under sync.WaitGroup
	defer under.Wait()
	defer s.client.CloseIdleConnections()
	for {
		due, wait, err := s.due(time.Now())
		if err != nil {
			return fmt.Errorf("look for callbacks to deliver: %w", err)
		}
		for _, d := range due {
			under.Go(func() {
				defer s.Wake()
				defer s.release(d.Number)
				if err := s.deliver(ctx, d); err != nil {
					s.log.Error("callback cannot be kept", "delivery", d.Number, "error", err)
				}
			})
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// due takes the deliveries that are to be attempted at once and says how long it
// is until the next one. Of one application or certificate only the oldest is
// attempted, unless the order is to be disturbed.
func (s *Sender) due(now time.Time) ([]*ledger.Delivery, time.Duration, error) {
	var pending []*ledger.Delivery
	if err := s.store.View(func(tx *ledger.Tx) (err error) {
		pending, err = tx.Pending()
		return err
	}); err != nil {
		return nil, 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	reorder := s.board.Read().Reorder
	wait, blocked := idle, map[string]bool{}
	var due []*ledger.Delivery
	for _, d := range pending {
		turn := !blocked[d.Group] || reorder
		blocked[d.Group] = true
		if !turn || s.inFlight[d.Number] || len(s.inFlight) >= atOnce {
			continue
		}
		if left := s.dueAt(d, reorder, now).Sub(now); left > 0 {
			wait = min(wait, left)
			continue
		}
		s.inFlight[d.Number] = true
		due = append(due, d)
	}
	return due, wait, nil
}

func (s *Sender) dueAt(d *ledger.Delivery, reorder bool, now time.Time) time.Time {
	if !reorder || d.Attempts > 0 {
		return d.Due
	}
	if _, held := s.held[d.Number]; !held {
		s.held[d.Number] = now.Add(rand.N(shuffleWindow)) //nolint:gosec // a fault to be shown
	}
	return s.held[d.Number]
}

func (s *Sender) release(n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.inFlight, n)
	delete(s.held, n)
}

// deliver makes one attempt and notes how it ended.
func (s *Sender) deliver(ctx context.Context, d *ledger.Delivery) error {
	switches := s.board.Read()
	if switches.Drop() {
		d.State, d.LastSaid, d.LastAt = ledger.Dropped, "故障开关：未发送", time.Now()
		return s.note(d, nil)
	}
	settings, err := s.settings()
	if err != nil {
		return err
	}
	before, after, err := s.lies(d, switches.Lie)
	if err != nil {
		return err
	}
	s.tell(ctx, settings, before)
	said := s.send(ctx, settings.Portal, message{id: d.ID, body: d.Body, keys: settings.Signing()})
	if said.interrupted {
		return nil // at the end of the program: the next one tries anew
	}
	for range switches.Duplicates {
		if switches.Reorder {
			pause(ctx, rand.N(200*time.Millisecond)) //nolint:gosec // a fault to be shown
		}
		s.send(ctx, settings.Portal, message{id: d.ID, body: d.Body, keys: settings.Signing()})
	}
	s.tell(ctx, settings, after)
	s.conclude(d, said)
	return s.note(d, append(before, after...))
}

// conclude decides what an answer means for a delivery.
func (s *Sender) conclude(d *ledger.Delivery, said reply) {
	d.Attempts++
	d.LastAt, d.LastSaid = time.Now(), said.text
	switch {
	case said.status == http.StatusNoContent:
		d.State = ledger.Delivered
	case said.status >= 400 && said.status < 500 && said.status != http.StatusRequestTimeout && said.status != http.StatusTooManyRequests:
		d.State = ledger.Parked
		s.log.Warn("callback parked", "delivery", d.Number, "answer", said.text)
	default:
		d.Due = d.LastAt.Add(max(s.backoff.after(d.Attempts), said.retryAfter))
	}
}

// note writes down how an attempt ended, and the lies told on the way.
func (s *Sender) note(d *ledger.Delivery, lies []*falsehood) error {
	err := s.store.Update(func(tx *ledger.Tx) error {
		for _, lie := range lies {
			if err := tx.Enqueue(lie.delivery); err != nil {
				return err
			}
		}
		return tx.SaveDelivery(d)
	})
	if err != nil {
		return fmt.Errorf("note a delivery: %w", err)
	}
	return nil
}

func (s *Sender) settings() (settings ledger.Settings, err error) {
	err = s.store.View(func(tx *ledger.Tx) error {
		settings, err = tx.Settings()
		return err
	})
	if err != nil {
		return settings, fmt.Errorf("read the settings: %w", err)
	}
	return settings, nil
}

// message is what is sent.
type message struct {
	id   string
	body []byte
	keys []string
}

// reply is how an attempt ended.
type reply struct {
	status      int
	text        string // for the operator
	retryAfter  time.Duration
	interrupted bool
}

// maxRetryAfter bounds how long the other side may have us wait.
const maxRetryAfter = 10 * time.Minute

func (s *Sender) send(ctx context.Context, portal string, m message) reply {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, portal+Path, bytes.NewReader(m.body))
	if err != nil {
		return reply{text: "地址无效"}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "cacompany")
	if err := webhook.Sign(request.Header, m.id, time.Now(), m.body, m.keys); err != nil {
		return reply{text: "无法签名"}
	}
	response, err := s.client.Do(request)
	if err != nil {
		return reply{text: reason(err), interrupted: ctx.Err() != nil}
	}
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection serves again
	_ = response.Body.Close()
	seconds, _ := strconv.Atoi(response.Header.Get("Retry-After")) // absent or a date: 0
	return reply{
		status: response.StatusCode, text: "HTTP " + strconv.Itoa(response.StatusCode),
		retryAfter: min(time.Duration(max(seconds, 0))*time.Second, maxRetryAfter),
	}
}

func reason(err error) string {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "超时"
	}
	return "无法连接"
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
