package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// answer answers every request for a link.
func answer(t testing.TB, s *storage.Store) int {
	t.Helper()
	for n := 0; ; n++ {
		found, err := s.AnswerReset(t.Context(), access.NewToken)
		require.NoError(t, err)
		if !found {
			return n
		}
	}
}

func TestB09_AForgottenPasswordIsSetByALinkThatWasMailed(t *testing.T) {
	d := alone(t)
	ctx := t.Context()
	d.reached(t, "li@example.cn")
	require.NoError(t, d.AskReset(ctx, d.subject.Name, ""))
	require.Equal(t, 1, answer(t, d.Store))
	letters := take(t, d.Store)
	require.Len(t, letters, 1)
	require.Equal(t, storage.PurposeReset, letters[0].Purpose)
	require.Equal(t, "li@example.cn", letters[0].Address)
	hash, ok := access.HashToken(letters[0].Secret)
	require.True(t, ok)
	owner, err := d.ResetByToken(ctx, hash)
	require.NoError(t, err)
	require.Equal(t, d.subject.ID, owner.ID)
	_, session := login(t, d.Store, storage.NewSession{Account: d.account})
	_, err = d.UseReset(ctx, hash, "new hash")
	require.NoError(t, err)
	require.Equal(t, "new hash", d.password(t))
	require.True(t, ended(t, d.Store, session))
	require.Contains(t, d.topics(t), storage.TopicPasswordResetByMail)
	told := take(t, d.Store)
	require.Len(t, told, 1)
	require.Equal(t, storage.TopicPasswordResetByMail, told[0].Items[0].Topic)
	_, err = d.UseReset(ctx, hash, "second hash")
	require.Equal(t, record.NotFound, record.CodeOf(err))
	resets, err := d.Resets(ctx, d.subject.ID, 10)
	require.NoError(t, err)
	require.Equal(t, storage.PaperMail, resets[0].Paper, "staff see that it was asked for")
	require.Empty(t, resets[0].Staff)
	d.verify(t)
}

func TestB09_WhoCannotBeMailedIsSentNothing(t *testing.T) {
	d := alone(t)
	ctx := t.Context()
	ask := func(login string) []storage.Letter {
		t.Helper()
		require.NoError(t, d.AskReset(ctx, login, ""))
		require.Equal(t, 1, answer(t, d.Store), "every request is answered, by nothing or by mail")
		return take(t, d.Store)
	}
	require.Empty(t, ask("查无此单位有限公司"))
	require.Empty(t, ask(d.subject.Code), "no address")
	d.propose(t, storage.ByEmail, "li@example.cn", "271828")
	take(t, d.Store)
	require.Empty(t, ask(d.subject.Code), "an address that has proved nothing")
	d.reached(t, "li@example.cn")
	require.Len(t, ask(d.subject.Code), 1)

	t.Run("a newer link is the only one", func(t *testing.T) {
		first, _ := access.HashToken(ask(d.subject.Code)[0].Secret)
		second, _ := access.HashToken(ask(d.subject.Code)[0].Secret)
		_, err := d.ResetByToken(ctx, first)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		_, err = d.ResetByToken(ctx, second)
		require.NoError(t, err)
	})
	t.Run("a link of the counter stays beside it, until one is used", func(t *testing.T) {
		d.settle(t)
		take(t, d.Store)
		link := string(storage.NewID())
		_, err := d.OpenReset(ctx, d.newReset(link))
		require.NoError(t, err)
		mailed, _ := access.HashToken(ask(d.subject.Code)[0].Secret)
		_, err = d.ResetByToken(ctx, tokenOf(link))
		require.NoError(t, err, "a stranger who asks takes nothing back")
		_, err = d.UseReset(ctx, mailed, "new hash")
		require.NoError(t, err)
		_, err = d.ResetByToken(ctx, tokenOf(link))
		require.Equal(t, record.NotFound, record.CodeOf(err))
		take(t, d.Store)
	})
	t.Run("a mailbox is not filled", func(t *testing.T) {
		require.Len(t, ask(d.subject.Code), 1)
		require.Empty(t, ask(d.subject.Code), "five a day")
	})
	t.Run("a link goes with its address", func(t *testing.T) {
		_, err := d.owner.NewRaw("UPDATE password_resets SET opened_at = opened_at - interval '1 day'").Exec(ctx)
		require.NoError(t, err)
		hash, _ := access.HashToken(ask(d.subject.Code)[0].Secret)
		_, err = d.RemoveContact(ctx, d.account, storage.ByEmail)
		require.NoError(t, err)
		_, err = d.ResetByToken(ctx, hash)
		require.Equal(t, record.NotFound, record.CodeOf(err))
		take(t, d.Store)
		d.reached(t, "li@example.cn")
	})
	t.Run("a request that waited for too long is forgotten", func(t *testing.T) {
		require.NoError(t, d.AskReset(ctx, d.subject.Code, ""))
		_, err := d.owner.NewRaw("UPDATE reset_requests SET created_at = created_at - interval '31 minutes'").Exec(ctx)
		require.NoError(t, err)
		require.Equal(t, 1, answer(t, d.Store))
		require.Empty(t, take(t, d.Store))
	})
	t.Run("a suspended account gets none", func(t *testing.T) {
		require.NoError(t, d.DisableAccount(ctx, record.Actor{Role: record.Supervisor, ID: d.boss}, d.account))
		require.Empty(t, ask(d.subject.Code))
	})
}
