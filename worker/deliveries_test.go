package worker_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/worker"
)

// trading is a trading system on loopback that is subscribed to all changes. It
// takes a message only if the Standard Webhooks library finds its signature right.
type trading struct {
	t        *testing.T
	store    *storage.Store
	database *storagetest.Database
	id       record.ID
	url      string

	mu      sync.Mutex
	verify  *standardwebhooks.Webhook
	status  int // that it answers
	hang    chan struct{}
	heard   []string // codes, in the order in which they came
	ids     []string // of their messages
	forged  int
	calls   int
	subject int
}

func newTrading(t *testing.T) *trading {
	t.Helper()
	database := storagetest.Fresh(t)
	s := &trading{t: t, store: database.Store(), database: database, status: http.StatusNoContent}
	server := httptest.NewServer(http.HandlerFunc(s.take))
	t.Cleanup(server.Close)
	s.url = server.URL + "/hooks"
	var secret string
	var err error
	s.id, secret, err = s.store.AddSubscriber(t.Context(), record.Actor{Role: record.Supervisor}, storage.NewSubscriber{
		Name: "交易系统", URL: s.url, Types: record.ChangeTypes(),
	})
	require.NoError(t, err)
	s.verify, err = standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	return s
}

func (s *trading) take(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	s.mu.Lock()
	hang, status := s.hang, s.status
	s.calls++
	var change struct{ Code string }
	switch {
	case err != nil || s.verify.Verify(body, r.Header) != nil || json.Unmarshal(body, &change) != nil:
		s.forged++
		status = http.StatusUnauthorized
	case status < 300 && hang == nil:
		s.heard, s.ids = append(s.heard, change.Code), append(s.ids, r.Header.Get("Webhook-Id"))
	}
	s.mu.Unlock()
	if hang != nil {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
		return
	}
	if status == http.StatusTemporaryRedirect {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(status)
}

// answers has the system answer otherwise.
func (s *trading) answers(status int, hang chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.hang = status, hang
}

// got is what was taken so far: the codes, and the ids of their messages.
func (s *trading) got() (codes, ids []string, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Zero(s.t, s.forged)
	return append([]string{}, s.heard...), append([]string{}, s.ids...), s.calls
}

// changes has registrations closed, which is the shortest change there is, and
// returns their codes.
func (s *trading) changes(n int) []string {
	s.t.Helper()
	var codes []string
	for range n {
		s.subject++
		registered, err := s.store.Register(s.t.Context(), storage.Registration{
			Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(s.subject), Name: fmt.Sprintf("示范%d有限公司", s.subject), Password: "hash",
		})
		require.NoError(s.t, err)
		_, err = s.store.CloseAbandoned(s.t.Context(), registered.Subject.ID)
		require.NoError(s.t, err)
		codes = append(codes, registered.Subject.Code)
	}
	return codes
}

// worker is one more worker's part in calling subscribers.
func (s *trading) worker(store worker.SubscriberStore) *worker.Deliveries {
	return worker.NewDeliveries(store, partner.NewMessenger(partner.MessengerConfig{Private: true, Plain: true, Timeout: 500 * time.Millisecond}),
		slog.New(slog.DiscardHandler))
}

// runs has workers call until the test ends, or stop is called.
func (s *trading) runs(n int) (stop func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	var group sync.WaitGroup
	for range n {
		group.Go(func() { s.worker(s.database.Store()).Run(ctx) })
	}
	stop = func() {
		cancel()
		group.Wait()
	}
	s.t.Cleanup(stop)
	return stop
}

// hears waits until those codes have come, in this order.
func (s *trading) hears(want []string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		codes, _, _ := s.got()
		return len(codes) >= len(want)
	}, patience, 20*time.Millisecond)
	codes, _, _ := s.got()
	require.Equal(s.t, want, codes)
}

// due has the next attempt made now.
func (s *trading) due() {
	s.t.Helper()
	_, err := s.database.Owner.NewRaw("UPDATE subscribers SET next_at = clock_timestamp()").Exec(s.t.Context())
	require.NoError(s.t, err)
}

func (s *trading) stands() storage.Subscriber {
	s.t.Helper()
	one, err := s.store.Subscriber(s.t.Context(), s.id)
	require.NoError(s.t, err)
	return one
}

func TestB14_TwoWorkersTellASubscriberEveryChangeOnceAndInOrder(t *testing.T) {
	s := newTrading(t)
	s.runs(2)
	want := s.changes(30)
	s.hears(want)
	require.Eventually(t, func() bool { return s.stands().Waiting == 0 }, patience, 20*time.Millisecond)
	_, ids, calls := s.got()
	require.Equal(t, len(want), calls)
	seen := map[string]bool{}
	for _, id := range ids {
		require.False(t, seen[id], "an id names one message")
		seen[id] = true
	}
}

func TestB14_WhatASubscriberDoesNotTakeIsKeptUntilItDoes(t *testing.T) {
	for name, fault := range map[string]struct {
		status  int
		hangs   bool
		failure record.DeliveryFailure
	}{
		"down":       {status: http.StatusServiceUnavailable, failure: record.DeliveryRefused},
		"slow":       {status: http.StatusNoContent, hangs: true, failure: record.DeliveryTimeout},
		"redirected": {status: http.StatusTemporaryRedirect, failure: record.DeliveryRedirected},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTrading(t)
			var hang chan struct{}
			if fault.hangs {
				hang = make(chan struct{})
				defer close(hang)
			}
			s.answers(fault.status, hang)
			want := s.changes(3)
			more, err := s.worker(s.store).Round(t.Context())
			require.NoError(t, err)
			require.True(t, more)
			codes, _, calls := s.got()
			require.Empty(t, codes)
			require.Equal(t, 1, calls, "what follows waits for it, and no redirect is followed")
			deliveries, err := s.store.Deliveries(t.Context(), s.id, 10)
			require.NoError(t, err)
			require.Len(t, deliveries, 1)
			require.Equal(t, fault.failure, deliveries[0].Failure)
			more, err = s.worker(s.store).Round(t.Context())
			require.NoError(t, err)
			require.False(t, more, "it rests")

			s.answers(http.StatusNoContent, nil)
			s.due()
			_, err = s.worker(s.store).Round(t.Context())
			require.NoError(t, err)
			s.hears(want)
		})
	}
}

func TestB14_ASubscriberThatWantsNoMoreIsAskedNoMore(t *testing.T) {
	s := newTrading(t)
	s.answers(http.StatusGone, nil)
	want := s.changes(2)
	s.runs(1)
	require.Eventually(t, func() bool { return s.stands().State == storage.SubscriberSuspended }, patience, 20*time.Millisecond)
	require.Equal(t, 2, s.stands().Waiting)
	s.answers(http.StatusNoContent, nil)
	require.NoError(t, s.store.ResumeSubscriber(t.Context(), record.Actor{Role: record.Supervisor}, s.id))
	s.hears(want)
}

// mortal is a store of a worker that dies after it has sent, before it could note.
type mortal struct {
	*storage.Store
	dead bool
}

var errDead = errors.New("the worker died")

func (m *mortal) NoteDelivery(context.Context, *storage.Held, *storage.Outgoing, record.Attempt) (bool, error) {
	m.dead = true
	return false, errDead
}

// ReleaseSubscriber does nothing: the dead give nothing back.
func (m *mortal) ReleaseSubscriber(context.Context, *storage.Held) error { return nil }

func TestB14_AWorkerThatDiesBetweenSendingAndNotingLosesNothing(t *testing.T) {
	s := newTrading(t)
	want := s.changes(2)
	dying := &mortal{Store: s.store}
	_, err := s.worker(dying).Round(t.Context())
	require.ErrorIs(t, err, errDead)
	require.True(t, dying.dead)
	s.hears(want[:1])
	more, err := s.worker(s.store).Round(t.Context())
	require.NoError(t, err)
	require.False(t, more, "the dead worker's lease runs on")
	_, err = s.database.Owner.NewRaw("UPDATE subscribers SET held_until = clock_timestamp()").Exec(t.Context())
	require.NoError(t, err)
	_, err = s.worker(s.store).Round(t.Context())
	require.NoError(t, err)
	s.hears([]string{want[0], want[0], want[1]})
	_, ids, _ := s.got()
	require.Equal(t, ids[0], ids[1], "sent twice under one id, by which the receiver knows it")
	require.NotEqual(t, ids[1], ids[2])
}

func TestB14_AWorkerThatIsStoppedLeavesNoLeaseAndCountsNoFailure(t *testing.T) {
	s := newTrading(t)
	hang := make(chan struct{})
	defer close(hang)
	s.answers(http.StatusNoContent, hang)
	want := s.changes(1)
	stop := s.runs(1)
	require.Eventually(t, func() bool { _, _, calls := s.got(); return calls == 1 }, patience, time.Millisecond)
	stop()
	require.LessOrEqual(t, s.stands().Failures, 1)
	s.answers(http.StatusNoContent, nil)
	s.due()
	_, err := s.worker(s.store).Round(t.Context())
	require.NoError(t, err)
	s.hears(want)
}

func TestB14_ASubscriberThatHangsKeepsNoOtherWaiting(t *testing.T) {
	s := newTrading(t)
	hang := make(chan struct{})
	defer close(hang)
	s.answers(http.StatusNoContent, hang)
	quick := &trading{t: t, store: s.store, database: s.database, status: http.StatusNoContent}
	server := httptest.NewServer(http.HandlerFunc(quick.take))
	t.Cleanup(server.Close)
	_, secret, err := s.store.AddSubscriber(t.Context(), record.Actor{Role: record.Supervisor}, storage.NewSubscriber{
		Name: "另一系统", URL: server.URL, Types: record.ChangeTypes(),
	})
	require.NoError(t, err)
	quick.verify, err = standardwebhooks.NewWebhook(secret)
	require.NoError(t, err)
	s.runs(1)
	quick.hears(s.changes(5))
	codes, _, _ := s.got()
	require.Empty(t, codes)
}
