package storage_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// age moves an instant of a session into the past, as the database sees it.
func age(t testing.TB, id record.ID, column string, by time.Duration) {
	t.Helper()
	app, _ := storagetest.OpenDB(t)
	_, err := app.NewRaw("UPDATE sessions SET "+column+" = clock_timestamp() - ? * interval '1 microsecond' WHERE id = ?",
		by.Microseconds(), id).Exec(t.Context())
	require.NoError(t, err)
}

func TestSessionTellsWhoActs(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, token := login(t, d.Store, storage.NewSession{
		Account: d.account, Assurance: record.ByCertificate, Certificate: "4f2a", Address: "203.0.113.7", Agent: strings.Repeat("浏", 200),
	})
	session, err := d.Session(ctx, token, idle)
	require.NoError(t, err)
	require.False(t, session.IsStaff())
	require.Equal(t, d.subject.ID, session.Account.Subject.ID)
	require.Equal(t, d.subject.Code, session.Account.Subject.Code)
	require.Equal(t, record.Actor{
		Role: record.Applicant, ID: d.account, Session: id, Assurance: record.ByCertificate, Certificate: "4f2a",
	}, session.Actor())
	require.Equal(t, strings.Repeat("浏", 100), session.Agent, "cut between characters")

	_, token = login(t, d.Store, storage.NewSession{Staff: d.boss, SecondFactor: true})
	session, err = d.Session(ctx, token, idle)
	require.NoError(t, err)
	require.True(t, session.IsStaff())
	require.True(t, session.SecondFactor)
	require.Equal(t, record.Supervisor, session.Actor().Role)
	require.Equal(t, d.boss, session.Actor().ID)

	require.True(t, ended(t, d.Store, tokenOf("never given")))
	_, err = d.StartSession(ctx, storage.NewSession{Token: tokenOf("x"), Account: storage.NewID(), Assurance: record.ByPassword, Lifetime: lifetime})
	require.Equal(t, record.NotFound, record.CodeOf(err))
}

func TestW9LoginAndStepUpReplaceTheSession(t *testing.T) {
	d := newDesk(t)
	before, old := login(t, d.Store, storage.NewSession{Staff: d.first})
	after, token := login(t, d.Store, storage.NewSession{Staff: d.first, SecondFactor: true, Replaces: before})
	require.NotEqual(t, before, after)
	require.True(t, ended(t, d.Store, old))
	require.False(t, ended(t, d.Store, token))
	_, err := d.StartSession(t.Context(), storage.NewSession{
		Token: token, Staff: d.first, Assurance: record.ByPassword, Lifetime: lifetime,
	})
	require.Error(t, err, "a token serves one session")
}

func TestW10SessionEndsByIdlenessAndByAge(t *testing.T) {
	s := storagetest.Open(t)
	a := register(t, s, storage.Registration{})

	id, token := login(t, s, storage.NewSession{Account: a.Account})
	age(t, id, "seen_at", 29*time.Minute)
	require.False(t, ended(t, s, token), "being seen within the time keeps it")
	session, err := s.Session(t.Context(), token, idle)
	require.NoError(t, err)
	require.Less(t, session.CreatedAt.Sub(session.SeenAt), time.Minute, "and starts the time anew")
	age(t, id, "seen_at", 31*time.Minute)
	require.True(t, ended(t, s, token))

	id, token = login(t, s, storage.NewSession{Account: a.Account})
	age(t, id, "expires_at", time.Second)
	require.True(t, ended(t, s, token), "however busy")
}

func TestSessionIsTouchedAtMostOnceAMinute(t *testing.T) {
	s := storagetest.Open(t)
	a := register(t, s, storage.Registration{})
	id, token := login(t, s, storage.NewSession{Account: a.Account})
	seen := func() time.Time {
		session, err := s.Session(t.Context(), token, idle)
		require.NoError(t, err)
		return session.SeenAt
	}
	first := seen()
	require.Equal(t, first, seen())
	age(t, id, "seen_at", 2*time.Minute)
	stale := seen()
	require.True(t, stale.Before(first))
	require.True(t, seen().After(first))
}

func TestW11LogoutAndListedSessionsEnd(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	a := register(t, s, storage.Registration{})
	b := register(t, s, storage.Registration{})
	one, oneToken := login(t, s, storage.NewSession{Account: a.Account})
	two, twoToken := login(t, s, storage.NewSession{Account: a.Account})
	three, threeToken := login(t, s, storage.NewSession{Account: a.Account})
	gone, _ := login(t, s, storage.NewSession{Account: a.Account})
	age(t, gone, "seen_at", time.Hour)
	_, bToken := login(t, s, storage.NewSession{Account: b.Account})

	listed, err := s.Sessions(ctx, a.Account, idle)
	require.NoError(t, err)
	var ids []record.ID
	for _, l := range listed {
		ids = append(ids, l.ID)
	}
	require.Equal(t, []record.ID{three, two, one}, ids)

	t.Run("W17 another's session is not found", func(t *testing.T) {
		require.Equal(t, record.NotFound, record.CodeOf(s.EndAccountSession(ctx, b.Account, one)))
		require.False(t, ended(t, s, oneToken))
	})
	require.NoError(t, s.EndSession(ctx, one))
	require.NoError(t, s.EndSession(ctx, one), "twice is no error")
	require.True(t, ended(t, s, oneToken))
	require.NoError(t, s.EndAccountSession(ctx, a.Account, two))
	require.True(t, ended(t, s, twoToken))

	_, extra := login(t, s, storage.NewSession{Account: a.Account})
	n, err := s.EndOtherSessions(ctx, a.Account, three)
	require.NoError(t, err)
	require.Equal(t, 2, n, "the new one and the idle one")
	require.True(t, ended(t, s, extra))
	require.False(t, ended(t, s, threeToken))
	require.False(t, ended(t, s, bToken))
}

func TestOldSessionsAreSwept(t *testing.T) {
	s := storagetest.Open(t)
	a := register(t, s, storage.Registration{})
	old, _ := login(t, s, storage.NewSession{Account: a.Account})
	require.NoError(t, s.EndSession(t.Context(), old))
	age(t, old, "ended_at", 40*24*time.Hour)
	_, live := login(t, s, storage.NewSession{Account: a.Account})
	n, err := s.SweepSessions(t.Context(), 30*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.False(t, ended(t, s, live))
}
