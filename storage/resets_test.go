package storage_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// proven is a desk whose profile is in force.
func proven(t testing.TB) *desk {
	t.Helper()
	d := newDesk(t)
	d.settle(t)
	return d
}

func (d *desk) newReset(link string) storage.NewReset {
	return storage.NewReset{
		ID: storage.NewID(), Subject: d.subject.ID, Account: d.account, By: reviewer(d.first), Token: tokenOf(link),
		Reason: storage.ResetForgotten, Paper: storage.PaperLicence,
	}
}

func (d *desk) password(t testing.TB) string {
	t.Helper()
	a, err := d.Account(t.Context(), d.account)
	require.NoError(t, err)
	return a.Password
}

// late lets time pass for every link of the subject.
func (d *desk) late(t testing.TB) {
	t.Helper()
	_, err := d.owner.NewRaw("UPDATE password_resets SET expires_at = clock_timestamp() - interval '1 second' WHERE subject = ?", d.subject.ID).Exec(t.Context())
	require.NoError(t, err)
}

func TestB09_ALinkOfTheCounterSetsAPasswordOnce(t *testing.T) {
	d := proven(t)
	ctx := t.Context()
	link := string(storage.NewID())
	n := d.newReset(link)
	n.Note = "持授权委托书办理"
	opened, err := d.OpenReset(ctx, n)
	require.NoError(t, err)
	require.Equal(t, storage.ResetPeriod, opened.ExpiresAt.Sub(opened.OpenedAt))
	owner, err := d.ResetByToken(ctx, tokenOf(link))
	require.NoError(t, err)
	require.Equal(t, d.subject.ID, owner.ID)

	t.Run("the same form sent again opens no second one", func(t *testing.T) {
		again := n
		again.Token = tokenOf(link + "again")
		_, err := d.OpenReset(ctx, again)
		require.Equal(t, record.AlreadyDone, record.CodeOf(err))
		_, err = d.ResetByToken(ctx, tokenOf(link))
		require.NoError(t, err, "what the form was refused for changed nothing")
	})
	_, session := login(t, d.Store, storage.NewSession{Account: d.account, Assurance: record.ByPassword})
	account, err := d.UseReset(ctx, tokenOf(link), "new hash")
	require.NoError(t, err)
	require.Equal(t, d.account, account)
	require.Equal(t, "new hash", d.password(t))
	require.True(t, ended(t, d.Store, session), "its sessions end")
	require.Contains(t, d.topics(t), storage.TopicPasswordReset)
	_, err = d.UseReset(ctx, tokenOf(link), "second hash")
	require.Equal(t, record.NotFound, record.CodeOf(err))
	require.Equal(t, "new hash", d.password(t))

	t.Run("who did it, why and on which paper are in the chain, words are not", func(t *testing.T) {
		events, _, err := d.SubjectEvents(ctx, d.subject.ID, storage.EventsOfStaff, 0, 10)
		require.NoError(t, err)
		require.Equal(t, storage.EventResetOpened, events[0].Type)
		require.Equal(t, d.first, events[0].Actor)
		require.Equal(t, "forgotten", events[0].Why)
		require.Equal(t, "持授权委托书办理", events[0].Note)
		var data string
		require.NoError(t, d.app.NewRaw("SELECT data::text FROM events WHERE chain = ? AND type = ?", d.subject.ID, storage.EventResetOpened).Scan(ctx, &data))
		require.Contains(t, data, "licence")
		require.NotContains(t, data, "授权委托书")
	})
	listed, err := d.Resets(ctx, d.subject.ID, 10)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, "周婧", listed[0].StaffName)
	require.False(t, listed[0].UsedAt.IsZero())
	d.verify(t)
}

func TestB09_OfManyWhoUseALinkAtOnceOneDoes(t *testing.T) {
	d := proven(t)
	link := string(storage.NewID())
	_, err := d.OpenReset(t.Context(), d.newReset(link))
	require.NoError(t, err)
	const many = 20
	failures := make([]error, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { _, failures[i] = d.UseReset(t.Context(), tokenOf(link), "hash") })
	}
	all.Wait()
	done := 0
	for _, err := range failures {
		if err == nil {
			done++
			continue
		}
		require.Equal(t, record.NotFound, record.CodeOf(err))
	}
	require.Equal(t, 1, done)
}

func TestB09_ALinkThatSetsNoPasswordIsNotFoundWhateverIsTheMatter(t *testing.T) {
	ctx := t.Context()
	for _, c := range []struct {
		matter string
		spoil  func(t *testing.T, d *desk, opened storage.Reset)
	}{
		{"it came late", func(t *testing.T, d *desk, _ storage.Reset) { t.Helper(); d.late(t) }},
		{"it was revoked", func(t *testing.T, d *desk, opened storage.Reset) {
			t.Helper()
			done, err := d.RevokeReset(ctx, reviewer(d.second), d.subject.ID, opened.ID)
			require.NoError(t, err)
			require.True(t, done)
			done, err = d.RevokeReset(ctx, reviewer(d.second), d.subject.ID, opened.ID)
			require.NoError(t, err)
			require.False(t, done, "there is nothing left to revoke")
		}},
		{"a later one was opened", func(t *testing.T, d *desk, _ storage.Reset) {
			t.Helper()
			_, err := d.OpenReset(ctx, d.newReset("later"+string(d.subject.ID)))
			require.NoError(t, err)
		}},
		{"the account was suspended", func(t *testing.T, d *desk, _ storage.Reset) {
			t.Helper()
			require.NoError(t, d.DisableAccount(ctx, reviewer(d.boss), d.account))
		}},
		{"who opened it is staff no more", func(t *testing.T, d *desk, _ storage.Reset) {
			t.Helper()
			require.NoError(t, d.DisableStaff(ctx, record.Actor{Role: record.Supervisor}, d.first))
		}},
	} {
		t.Run(c.matter, func(t *testing.T) {
			d := proven(t)
			link := string(storage.NewID())
			before := d.password(t)
			opened, err := d.OpenReset(ctx, d.newReset(link))
			require.NoError(t, err)
			c.spoil(t, d, opened)
			_, looked := d.ResetByToken(ctx, tokenOf(link))
			_, used := d.UseReset(ctx, tokenOf(link), "hash")
			_, unknown := d.UseReset(ctx, tokenOf("never"+link), "hash")
			require.Equal(t, unknown.Error(), looked.Error())
			require.Equal(t, unknown.Error(), used.Error())
			require.Equal(t, before, d.password(t))
		})
	}
}

func TestB09_WhoOpensALinkForWhom(t *testing.T) {
	ctx := t.Context()
	t.Run("nobody for a subject that is not proven", func(t *testing.T) {
		d := newDesk(t)
		_, err := d.OpenReset(ctx, d.newReset("u"+string(d.subject.ID)))
		require.Equal(t, record.Conflict, record.CodeOf(err))
		require.ErrorContains(t, err, "占用申诉")
	})
	d := proven(t)
	other := proven(t)
	open := func(change func(*storage.NewReset)) error {
		n := d.newReset(string(storage.NewID()))
		change(&n)
		_, err := d.OpenReset(ctx, n)
		return err
	}
	t.Run("the account is one of the subject's", func(t *testing.T) {
		require.Equal(t, record.NotFound, record.CodeOf(open(func(n *storage.NewReset) { n.Account = other.account })))
	})
	t.Run("with a reason and a paper", func(t *testing.T) {
		for _, change := range []func(*storage.NewReset){
			func(n *storage.NewReset) { n.Reason = "" }, func(n *storage.NewReset) { n.Paper = storage.PaperOwn },
			func(n *storage.NewReset) { n.Reason = storage.ResetOther }, func(n *storage.NewReset) { n.Account = "" },
		} {
			require.Equal(t, record.Invalid, record.CodeOf(open(change)))
		}
	})
	t.Run("staff of another region do not", func(t *testing.T) {
		_, err := d.owner.NewRaw("UPDATE staff SET regions = '{11,4403}' WHERE id = ?", d.first).Exec(ctx)
		require.NoError(t, err)
		require.Equal(t, record.Forbidden, record.CodeOf(open(func(*storage.NewReset) {})))
		require.Equal(t, record.Forbidden, record.CodeOf(d.Reveal(ctx, storage.Reveal{By: reviewer(d.first), Subject: d.subject.ID, Reason: storage.RevealIdentity})))
		_, err = d.owner.NewRaw("UPDATE staff SET regions = ARRAY['11', left(?, 2)] WHERE id = ?", d.document.Region.Code, d.first).Exec(ctx)
		require.NoError(t, err)
		require.NoError(t, open(func(*storage.NewReset) {}))
	})
	t.Run("nor somebody of the subject's own people", func(t *testing.T) {
		own := d.staff(t, record.Reviewer, sample.ResidentID(1001))
		require.Equal(t, record.Forbidden, record.CodeOf(open(func(n *storage.NewReset) { n.By = reviewer(own) })))
	})
	t.Run("a suspended account gets none", func(t *testing.T) {
		require.NoError(t, d.DisableAccount(ctx, reviewer(d.boss), d.account))
		require.Equal(t, record.Conflict, record.CodeOf(open(func(*storage.NewReset) {})))
	})
}

func TestW29_ARevealTakesAReasonThatIsKept(t *testing.T) {
	d := proven(t)
	ctx := t.Context()
	look := func(reason storage.RevealReason, note string) error {
		return d.Reveal(ctx, storage.Reveal{By: reviewer(d.first), Subject: d.subject.ID, Reason: reason, Note: note})
	}
	for _, bad := range []error{look("", ""), look("curious", ""), look(storage.RevealOther, ""), look(storage.RevealIdentity, string(make([]rune, record.MaxNote+1)))} {
		require.Equal(t, record.Invalid, record.CodeOf(bad))
	}
	require.Zero(t, d.eventsOf(t, storage.EventRevealed))
	require.NoError(t, look(storage.RevealOther, "电话核对"))
	events, more, err := d.SubjectEvents(ctx, d.subject.ID, storage.EventsOfStaff, 0, 1)
	require.NoError(t, err)
	require.True(t, more, "the approval came before")
	require.Equal(t, storage.EventRevealed, events[0].Type)
	require.Equal(t, "电话核对", events[0].Note)
	require.WithinDuration(t, time.Now(), events[0].At, time.Minute)
	require.NoError(t, d.DisableStaff(ctx, record.Actor{Role: record.Supervisor}, d.first))
	require.Equal(t, record.Forbidden, record.CodeOf(look(storage.RevealIdentity, "")), "at once")
	d.verify(t)
}
