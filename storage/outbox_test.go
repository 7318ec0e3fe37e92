package storage_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// pass lets all letters that wait be due.
func (d *desk) pass(t testing.TB) {
	t.Helper()
	_, err := d.owner.NewRaw("UPDATE letters SET due_at = clock_timestamp() WHERE outcome = ''").Exec(t.Context())
	require.NoError(t, err)
}

// told leaves a message, and with it what is to be sent.
func (d *desk) told(t testing.TB, topic string) {
	t.Helper()
	require.NoError(t, d.Notify(t.Context(), d.app, storage.Notification{Subject: d.subject.ID, Topic: topic, Dedup: string(storage.NewID())}))
}

func TestB15_WhatAFilingComesToIsSentWithTheMessage(t *testing.T) {
	d := alone(t)
	d.reached(t, "li@example.cn")
	require.True(t, d.submit(t).Applied)
	c := d.command(record.Return, reviewer(d.first))
	c.Reason = "请补充法定代表人身份证扫描件，张三 430102199001011234"
	require.True(t, d.do(t, c).Applied)
	letters := take(t, d.Store)
	require.Len(t, letters, 1)
	l := letters[0]
	require.Equal(t, "li@example.cn", l.Address)
	require.Equal(t, d.subject.Name, l.Unit)
	require.Len(t, l.Items, 1, "that it was taken in is not wanted unless chosen")
	require.Equal(t, string(record.Return), l.Items[0].Topic)
	require.Equal(t, record.OrganizationProfile, l.Items[0].Kind)
	require.NotEmpty(t, l.Items[0].Receipt)
	require.NotContains(t, fmt.Sprintf("%+v", l), "张三")
	require.Empty(t, take(t, d.Store), "once")

	t.Run("a message that is left again is not sent again", func(t *testing.T) {
		n := storage.Notification{Subject: d.subject.ID, Topic: storage.TopicApproved, Dedup: "the same"}
		for range 3 {
			require.NoError(t, d.Notify(t.Context(), d.app, n))
		}
		require.Len(t, take(t, d.Store), 1)
	})
	t.Run("a message that is rolled back is not sent", func(t *testing.T) {
		tx, err := d.app.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, d.Notify(t.Context(), tx, storage.Notification{Subject: d.subject.ID, Topic: storage.TopicApproved, Dedup: "never"}))
		require.NoError(t, tx.Rollback())
		require.Empty(t, take(t, d.Store))
	})
	t.Run("who is suspended gets nothing", func(t *testing.T) {
		d.told(t, storage.TopicApproved)
		require.NoError(t, d.DisableAccount(t.Context(), record.Actor{Role: record.Supervisor, ID: d.boss}, d.account))
		done := carry(t, d.Store, &post{})
		require.Len(t, done, 1)
		require.Equal(t, storage.LetterDropped, done[0].Outcome)
		d.told(t, storage.TopicApproved)
		require.Empty(t, take(t, d.Store))
	})
}

func TestB15_ALetterThatIsNotTakenWaitsAndIsTriedAgainUnderTheSameName(t *testing.T) {
	d := alone(t)
	d.reached(t, "li@example.cn")
	d.told(t, storage.TopicApproved)
	away := &post{fault: errors.New("connection refused")}
	first := carry(t, d.Store, away)
	require.Len(t, first, 1, "a letter that was tried rests")
	require.Equal(t, storage.LetterDeferred, first[0].Outcome)
	require.ErrorIs(t, first[0].Cause, away.fault)
	var rests []float64
	for range 3 {
		d.pass(t)
		carry(t, d.Store, away)
		var rest float64
		require.NoError(t, d.owner.NewRaw("SELECT extract(epoch FROM due_at - clock_timestamp())::float8 FROM letters WHERE outcome = ''").Scan(t.Context(), &rest))
		rests = append(rests, rest)
	}
	require.Less(t, rests[0], rests[1])
	require.Less(t, rests[1], rests[2])

	d.told(t, storage.TopicRefused)
	d.pass(t)
	letters := take(t, d.Store)
	require.Len(t, letters, 2, "what came later goes in a letter of its own: a letter that may have been taken does not change")
	names := map[string]record.ID{}
	for _, l := range letters {
		names[l.Items[0].Topic] = l.ID
	}
	require.Equal(t, first[0].Letter, names[storage.TopicApproved])
	require.NotEqual(t, first[0].Letter, names[storage.TopicRefused])

	t.Run("it is given up after some days", func(t *testing.T) {
		d.told(t, storage.TopicApproved)
		carry(t, d.Store, away)
		_, err := d.owner.NewRaw("UPDATE letters SET expires_at = clock_timestamp(), due_at = clock_timestamp() WHERE outcome = ''").Exec(t.Context())
		require.NoError(t, err)
		done := carry(t, d.Store, &post{})
		require.Len(t, done, 1)
		require.Equal(t, storage.LetterExpired, done[0].Outcome)
		require.Zero(t, d.contact(t).FailedAt, "that is nobody's address's fault")
	})
	t.Run("what waits is counted", func(t *testing.T) {
		d.told(t, storage.TopicApproved)
		backlog, err := d.Backlog(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, backlog.Letters.Count)
		require.Positive(t, backlog.Letters.Oldest)
	})
}

func TestB15_AnAddressThatIsRefusedForGoodIsShownAndSpared(t *testing.T) {
	d := alone(t)
	d.reached(t, "gone@example.cn")
	d.told(t, storage.TopicApproved)
	d.told(t, storage.TopicRefused)
	refuses := &post{fault: fmt.Errorf("answered with 550: %w", storage.ErrUndeliverable)}
	done := carry(t, d.Store, refuses)
	require.Len(t, done, 1)
	require.Equal(t, storage.LetterRefused, done[0].Outcome)
	require.False(t, d.contact(t).FailedAt.IsZero())
	d.told(t, storage.TopicApproved)
	require.Empty(t, take(t, d.Store), "nothing is sent there any more")

	d.reached(t, "gone@example.cn")
	require.True(t, d.contact(t).FailedAt.IsZero(), "proved anew, it is sent to again")
	d.told(t, storage.TopicApproved)
	require.Len(t, take(t, d.Store), 1)

	t.Run("an address that takes no code is told before it is used", func(t *testing.T) {
		d.propose(t, storage.ByEmail, "typo@example.cn", "271828")
		carry(t, d.Store, refuses)
		c := d.contact(t)
		require.True(t, c.NextFailed)
		require.True(t, c.FailedAt.IsZero(), "the address in use is another")
	})
}

func TestB15_ABurstDoesNotFloodAnAddress(t *testing.T) {
	d := alone(t)
	d.reached(t, "li@example.cn")
	for range 5 {
		d.told(t, storage.TopicApproved)
	}
	letters := take(t, d.Store)
	require.Len(t, letters, 1)
	require.Len(t, letters[0].Items, 5, "what is due together goes together")
	for range 8 {
		d.told(t, storage.TopicApproved)
		letters = append(letters, take(t, d.Store)...)
	}
	require.Len(t, letters, 6, "six letters an hour")
	d.propose(t, storage.BySMS, "13800138000", "271828")
	require.Len(t, take(t, d.Store), 1, "a code waits for no message")

	_, err := d.owner.NewRaw("UPDATE letters SET done_at = done_at - interval '1 hour' WHERE outcome = 'sent'").Exec(t.Context())
	require.NoError(t, err)
	d.pass(t)
	letters = take(t, d.Store)
	require.Len(t, letters, 1)
	require.Len(t, letters[0].Items, 3, "the rest follows in one")
}

// Of a hundred messages each is sent once, however many workers ask at once.
func TestB15_ManyWorkersSendOnce(t *testing.T) {
	d := alone(t)
	d.reached(t, "li@example.cn")
	for range 10 {
		other := newDeskOn(t, &storagetest.Database{App: d.app, Owner: d.owner})
		other.reached(t, "li@example.cn")
		for range 10 {
			other.told(t, storage.TopicApproved)
		}
	}
	p := &post{}
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() { carry(t, d.Store, p) })
	}
	group.Wait()
	seen := map[record.ID]int{}
	for _, l := range p.letters {
		for _, i := range l.Items {
			seen[i.ID]++
		}
	}
	require.Len(t, seen, 100)
	for id, n := range seen {
		require.Equal(t, 1, n, id)
	}
}

// A worker that dies while it holds a letter leaves it to the others.
func TestB15_ALetterOfADeadWorkerIsTakenByAnother(t *testing.T) {
	d := alone(t)
	d.reached(t, "li@example.cn")
	d.told(t, storage.TopicApproved)
	held := &dying{s: d.Store}
	_, err := d.CarryNext(t.Context(), carriers(held))
	require.NoError(t, err)
	require.Empty(t, held.meanwhile, "nobody else sends it while it is held")

	_, err = d.owner.NewRaw("UPDATE letters SET outcome = '', done_at = NULL, due_at = clock_timestamp() - interval '1 second' WHERE outcome = 'sent'").Exec(t.Context())
	require.NoError(t, err)
	again := take(t, d.Store)
	require.Len(t, again, 1)
	require.Equal(t, held.letter.ID, again[0].ID, "and its name tells that it is the same")
}

// dying looks, while it holds a letter, whether another worker gets it.
type dying struct {
	s         *storage.Store
	letter    storage.Letter
	meanwhile []storage.Letter
}

func (c *dying) Carry(ctx context.Context, l storage.Letter) error {
	c.letter = l
	p := &post{}
	_, err := c.s.CarryNext(ctx, carriers(p))
	c.meanwhile = p.letters
	return err
}
