package storage_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// subscription is a store of its own with one subscriber.
type subscription struct {
	*storage.Store
	t        *testing.T
	database *storagetest.Database
	id       record.ID
	secret   string
}

func boss() record.Actor { return record.Actor{Role: record.Supervisor} }

func newSubscription(t *testing.T, types ...record.ChangeType) *subscription {
	t.Helper()
	s := &subscription{t: t, database: storagetest.Fresh(t)}
	s.Store = s.database.Store()
	if len(types) == 0 {
		types = record.ChangeTypes()
	}
	var err error
	s.id, s.secret, err = s.AddSubscriber(t.Context(), boss(), storage.NewSubscriber{Name: "省交易平台", URL: "https://trade.example.cn/hooks", Types: types})
	require.NoError(t, err)
	return s
}

func (s *subscription) hold() *storage.Held {
	s.t.Helper()
	held, err := s.HoldSubscriber(s.t.Context())
	require.NoError(s.t, err)
	return held
}

func (s *subscription) next(held *storage.Held) *storage.Outgoing {
	s.t.Helper()
	next, err := s.NextMessage(s.t.Context(), held)
	require.NoError(s.t, err)
	return next
}

func (s *subscription) note(held *storage.Held, sent *storage.Outgoing, r record.Attempt) bool {
	s.t.Helper()
	goOn, err := s.NoteDelivery(s.t.Context(), held, sent, r)
	require.NoError(s.t, err)
	return goOn
}

func (s *subscription) release(held *storage.Held) {
	s.t.Helper()
	require.NoError(s.t, s.ReleaseSubscriber(s.t.Context(), held))
}

func (s *subscription) stands() storage.Subscriber {
	s.t.Helper()
	one, err := s.Subscriber(s.t.Context(), s.id)
	require.NoError(s.t, err)
	return one
}

// set writes into the subscriber's row, as time or a worker would.
func (s *subscription) set(what string) {
	s.t.Helper()
	_, err := s.database.Owner.NewRaw("UPDATE subscribers SET " + what).Exec(s.t.Context())
	require.NoError(s.t, err)
}

func taken() record.Attempt { return record.Attempt{Status: 204} }

func failure(f record.DeliveryFailure) record.Attempt { return record.Attempt{Status: 500, Failure: f} }

func TestB14_EveryChangeIsSentInOrderUntilItIsTaken(t *testing.T) {
	s := newSubscription(t)
	require.Nil(t, s.hold(), "there is nothing to send")
	first, second := closing(t, s.Store), closing(t, s.Store)
	require.Equal(t, 2, s.stands().Waiting)

	held := s.hold()
	require.Equal(t, s.id, held.Subscriber)
	sent := s.next(held)
	require.Equal(t, first, sent.Change.Code)
	require.Equal(t, record.ChangeClosed, sent.Change.Type)
	require.Equal(t, "https://trade.example.cn/hooks", sent.URL)
	require.Equal(t, []string{s.secret}, sent.Secrets)
	require.LessOrEqual(t, len(sent.ID), 100)
	require.NotContains(t, sent.ID, ".", "dots part what is signed")
	require.False(t, s.note(held, sent, failure(record.DeliveryRefused)), "after a failure it waits")
	s.release(held)
	require.Nil(t, s.hold(), "it rests after a failure")
	require.Equal(t, 1, s.stands().Failures)
	require.True(t, s.stands().NextAt.After(time.Now()))

	s.set("next_at = clock_timestamp()")
	held = s.hold()
	again := s.next(held)
	require.Equal(t, sent.Message, again.Message, "the same message under the same id")
	require.True(t, s.note(held, again, taken()))
	other := s.next(held)
	require.Equal(t, second, other.Change.Code)
	require.NotEqual(t, sent.ID, other.ID)
	require.True(t, s.note(held, other, taken()))
	require.Nil(t, s.next(held))
	s.release(held)
	require.Nil(t, s.hold())

	stands := s.stands()
	require.Zero(t, stands.Waiting)
	require.Zero(t, stands.Failures)
	require.False(t, stands.DeliveredAt.IsZero())
	deliveries, err := s.Deliveries(t.Context(), s.id, 10)
	require.NoError(t, err)
	require.Len(t, deliveries, 2)
	require.Equal(t, []int{1, 2}, []int{deliveries[0].Attempts, deliveries[1].Attempts})
	require.Equal(t, first, deliveries[1].Code)
	require.Equal(t, 204, deliveries[1].Status)
	require.Empty(t, deliveries[1].Failure)
}

func TestB14_OneWorkerAtATimeCallsASubscriber(t *testing.T) {
	s := newSubscription(t)
	closing(t, s.Store)
	var won sync.Map
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if held, err := s.HoldSubscriber(t.Context()); err == nil && held != nil {
				won.Store(held, true)
			}
		})
	}
	group.Wait()
	var holders []*storage.Held
	won.Range(func(key, _ any) bool { holders = append(holders, key.(*storage.Held)); return true })
	require.Len(t, holders, 1)

	// The worker that held it died between sending and noting: another one sends
	// the same again, and a word of the dead one changes nothing.
	lost := holders[0]
	sent := s.next(lost)
	require.NotNil(t, sent)
	s.set("held_until = clock_timestamp()")
	held := s.hold()
	require.NotNil(t, held)
	again := s.next(held)
	require.Equal(t, sent.Message, again.Message)
	require.Nil(t, s.next(lost))
	require.False(t, s.note(lost, sent, taken()))
	require.Equal(t, 1, s.stands().Waiting, "nothing is written for who holds it no more")
	s.release(lost)
	require.Nil(t, s.hold(), "the other one holds it still")
	require.True(t, s.note(held, again, taken()))
	s.release(held)
	require.Zero(t, s.stands().Waiting)
}

func TestB14_APausedSubscriberGoesOnWhereItStopped(t *testing.T) {
	s := newSubscription(t)
	codes := []string{closing(t, s.Store), closing(t, s.Store), closing(t, s.Store)}
	held := s.hold()
	require.True(t, s.note(held, s.next(held), taken()))
	require.NoError(t, s.PauseSubscriber(t.Context(), boss(), s.id))
	require.Nil(t, s.next(held), "who is in the middle stops")
	s.release(held)
	require.Nil(t, s.hold())
	require.Equal(t, record.Conflict, record.CodeOf(s.PauseSubscriber(t.Context(), boss(), s.id)))
	codes = append(codes, closing(t, s.Store))
	require.Equal(t, 3, s.stands().Waiting)

	require.NoError(t, s.ResumeSubscriber(t.Context(), boss(), s.id))
	require.Equal(t, record.Conflict, record.CodeOf(s.ResumeSubscriber(t.Context(), boss(), s.id)))
	held = s.hold()
	for _, code := range codes[1:] {
		sent := s.next(held)
		require.Equal(t, code, sent.Change.Code)
		require.True(t, s.note(held, sent, taken()))
	}
	require.Nil(t, s.next(held))
	s.release(held)
	require.NoError(t, s.RemoveSubscriber(t.Context(), boss(), s.id))
	closing(t, s.Store)
	require.Nil(t, s.hold())
	_, err := s.Subscriber(t.Context(), s.id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	require.Equal(t, record.NotFound, record.CodeOf(s.RemoveSubscriber(t.Context(), boss(), s.id)))
}

func TestB14_WhoFailsForLongOrWantsNoMoreIsSuspendedAndKeepsItsBacklog(t *testing.T) {
	for name, fail := range map[string]struct {
		failure record.DeliveryFailure
		since   string
	}{
		"for three days": {record.DeliveryTimeout, "failing_since = clock_timestamp() - interval '73 hours', failures = 200"},
		"gone":           {record.DeliveryGone, "failures = 0"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSubscription(t)
			code := closing(t, s.Store)
			s.set(fail.since)
			held := s.hold()
			require.False(t, s.note(held, s.next(held), failure(fail.failure)))
			s.release(held)
			stands := s.stands()
			require.Equal(t, storage.SubscriberSuspended, stands.State)
			require.Equal(t, fail.failure, stands.Cause)
			require.Equal(t, 1, stands.Waiting)
			n, err := s.SuspendedSubscribers(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, n, "staff are told")
			s.set("next_at = clock_timestamp()")
			require.Nil(t, s.hold())
			require.NoError(t, s.ResumeSubscriber(t.Context(), boss(), s.id))
			held = s.hold()
			require.Equal(t, code, s.next(held).Change.Code)
			found, err := s.Verify(t.Context())
			require.NoError(t, err)
			require.Empty(t, found)
		})
	}
}

func TestB14_TheSecretIsExchangedWithoutAPauseAndSealedAtRest(t *testing.T) {
	s := newSubscription(t)
	closing(t, s.Store)
	second, err := s.ExchangeSecret(t.Context(), boss(), s.id)
	require.NoError(t, err)
	require.NotEqual(t, s.secret, second)
	_, err = s.ExchangeSecret(t.Context(), boss(), s.id)
	require.Equal(t, record.Conflict, record.CodeOf(err), "no third one beside the two")
	held := s.hold()
	require.Equal(t, []string{second, s.secret}, s.next(held).Secrets)
	require.WithinDuration(t, time.Now().Add(storage.FormerSecretPeriod), s.stands().FormerUntil, time.Minute)

	var kept struct{ Secret, Former []byte }
	require.NoError(t, s.database.Owner.NewRaw("SELECT secret, former FROM subscribers").Scan(t.Context(), &kept))
	for _, sealed := range [][]byte{kept.Secret, kept.Former} {
		require.False(t, bytes.Contains(sealed, []byte("whsec_")))
	}
	// A rotation of the master key leaves both as they are.
	keys := storagetest.Keys()
	keys.Primary = "first"
	rotated := storage.New(s.database.App, keys, storagetest.Policy())
	for _, want := range []int{1, 0} {
		n, err := rotated.RewrapSubscribers(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, n)
	}
	delete(keys.Masters, "second")
	s.Store = storage.New(s.database.App, keys, storagetest.Policy())
	require.Equal(t, []string{second, s.secret}, s.next(held).Secrets)

	require.NoError(t, s.RetireSecret(t.Context(), boss(), s.id))
	require.Equal(t, []string{second}, s.next(held).Secrets)
	require.Equal(t, record.Conflict, record.CodeOf(s.RetireSecret(t.Context(), boss(), s.id)))
	third, err := s.ExchangeSecret(t.Context(), boss(), s.id)
	require.NoError(t, err)
	s.set("former_until = clock_timestamp()")
	require.Equal(t, []string{third}, s.next(held).Secrets, "the former one is over by itself")
	require.True(t, s.stands().FormerUntil.IsZero())
}

func TestB14_TestsAndRepetitionsGoOutAlsoToAPausedSubscriber(t *testing.T) {
	s := newSubscription(t)
	code := closing(t, s.Store)
	held := s.hold()
	sent := s.next(held)
	require.True(t, s.note(held, sent, taken()))
	s.release(held)
	require.NoError(t, s.PauseSubscriber(t.Context(), boss(), s.id))
	closing(t, s.Store)

	require.NoError(t, s.AskTest(t.Context(), boss(), s.id))
	require.Equal(t, record.Conflict, record.CodeOf(s.AskTest(t.Context(), boss(), s.id)), "one waits already")
	held = s.hold()
	test := s.next(held)
	require.Equal(t, record.ChangeTest, test.Change.Type)
	require.Empty(t, test.Change.Code)
	require.True(t, s.note(held, test, failure(record.DeliveryRedirected)), "a test that fails says nothing of the feed")
	require.Nil(t, s.next(held), "it is tried once")
	s.release(held)
	require.Zero(t, s.stands().Failures)

	deliveries, err := s.Deliveries(t.Context(), s.id, 10)
	require.NoError(t, err)
	require.Len(t, deliveries, 2)
	require.Equal(t, record.DeliveryRedirected, deliveries[0].Failure)
	require.NoError(t, s.AskAgain(t.Context(), boss(), s.id, deliveries[1].ID))
	require.Equal(t, record.Conflict, record.CodeOf(s.AskAgain(t.Context(), boss(), s.id, deliveries[1].ID)))
	require.Equal(t, record.Conflict, record.CodeOf(s.AskAgain(t.Context(), boss(), storage.NewID(), deliveries[0].ID)), "another's message")
	held = s.hold()
	again := s.next(held)
	require.Equal(t, code, again.Change.Code)
	require.Equal(t, sent.Message, again.Message)
	require.True(t, s.note(held, again, taken()))
	require.Nil(t, s.next(held))
	s.release(held)

	_, err = s.database.Owner.NewRaw("UPDATE deliveries SET first_at = first_at - interval '31 days'").Exec(t.Context())
	require.NoError(t, err)
	n, err := s.SweepDeliveries(t.Context(), 30*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 2, n)
}

func TestB14_ASubscriberIsToldWhatItWantsFromItsBeginningOn(t *testing.T) {
	database := storagetest.Fresh(t)
	f := newFirmOn(t, database, certificatetest.New(t, "", ""))
	f.settle(t)
	s := &subscription{Store: f.Store, t: t, database: database}
	wanted := storage.NewSubscriber{Name: "a", URL: "https://a.example.cn/", Types: []record.ChangeType{record.ChangeVoided}}
	var err error
	s.id, s.secret, err = s.AddSubscriber(t.Context(), boss(), wanted)
	require.NoError(t, err)
	require.Zero(t, s.stands().Waiting, "what was before is read from the feed")
	_, _, err = s.AddSubscriber(t.Context(), boss(), wanted)
	require.Equal(t, record.Taken, record.CodeOf(err))

	id := f.inForce(t, record.Qualification, f.document(t, record.Qualification, 1))
	held := s.hold()
	require.Nil(t, s.next(held), "it does not want to know of what takes effect")
	s.release(held)
	require.Nil(t, s.hold(), "and is past it")
	f.move(t, id, record.Void, f.byKey())
	held = s.hold()
	sent := s.next(held)
	require.Equal(t, record.Change{
		ID: sent.Change.ID, Code: f.subject.Code, Type: record.ChangeVoided, Kind: record.Qualification, Record: id, Version: 1, At: sent.Change.At,
	}, sent.Change)
	require.True(t, s.note(held, sent, taken()))
	s.release(held)

	wanted.Name, wanted.URL, wanted.Types = "b", "https://b.example.cn/", []record.ChangeType{record.ChangeRestored}
	require.NoError(t, s.ChangeSubscriber(t.Context(), boss(), s.id, wanted))
	f.move(t, id, record.Restore, f.byKey())
	held = s.hold()
	require.Equal(t, "https://b.example.cn/", s.next(held).URL)
	for _, n := range []storage.NewSubscriber{
		{URL: wanted.URL, Types: wanted.Types},
		{Name: "a", URL: wanted.URL},
		{Name: "a", URL: wanted.URL, Types: []record.ChangeType{record.ChangeTest}},
		{Name: "a", URL: "https://a.example.cn/" + strings.Repeat("x", 500), Types: wanted.Types},
		{Name: strings.Repeat("长", 101), URL: wanted.URL, Types: wanted.Types},
	} {
		_, _, err := s.AddSubscriber(t.Context(), boss(), n)
		require.Equal(t, record.Invalid, record.CodeOf(err))
		require.Equal(t, record.Invalid, record.CodeOf(s.ChangeSubscriber(t.Context(), boss(), s.id, n)))
	}
	var audited []string
	require.NoError(t, database.Owner.NewRaw("SELECT type FROM events WHERE data->>'subscriber' = ? ORDER BY no", string(s.id)).Scan(t.Context(), &audited))
	require.Equal(t, []string{storage.EventSubscriberAdded, storage.EventSubscriberChanged}, audited)
}
