package storage_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func TestB18StaffAreAddedFoundAndListed(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	id, err := s.AddStaff(ctx, record.Actor{}, storage.NewStaff{
		Login: " Zhou.Jing ", Name: "周婧", Role: record.Reviewer, Identity: sample.ResidentID(1), Password: "hash", Secret: "JBSWY3DPEHPK3PXP",
	})
	require.NoError(t, err)
	for _, login := range []string{"zhou.jing", "ZHOU.JING", "ｚｈｏｕ．ｊｉｎｇ"} {
		m, err := s.StaffByLogin(ctx, login)
		require.NoError(t, err)
		require.Equal(t, id, m.ID)
		require.Equal(t, "JBSWY3DPEHPK3PXP", m.Secret)
		require.False(t, m.Enrolled)
	}
	_, err = s.StaffByLogin(ctx, "nobody")
	require.Equal(t, record.NotFound, record.CodeOf(err))
	all, err := s.StaffMembers(ctx)
	require.NoError(t, err)
	require.Contains(t, ids(all), id)

	_, err = s.AddStaff(ctx, record.Actor{}, storage.NewStaff{
		Login: "ZHOU.jing", Name: "另一人", Role: record.Supervisor, Identity: sample.ResidentID(2), Password: "hash", Secret: "x",
	})
	require.Equal(t, record.Taken, record.CodeOf(err))
	for name, wrong := range map[string]storage.NewStaff{
		"no login":    {Name: "某", Role: record.Reviewer, Identity: sample.ResidentID(3)},
		"no name":     {Login: "some", Role: record.Reviewer, Identity: sample.ResidentID(3)},
		"no identity": {Login: "some", Name: "某", Role: record.Reviewer},
		"no role":     {Login: "some", Name: "某", Identity: sample.ResidentID(3)},
		"other role":  {Login: "some", Name: "某", Role: record.Applicant, Identity: sample.ResidentID(3)},
	} {
		_, err := s.AddStaff(ctx, record.Actor{}, wrong)
		require.Equal(t, record.Invalid, record.CodeOf(err), name)
	}
}

func ids(members []storage.StaffMember) []record.ID {
	var all []record.ID
	for _, m := range members {
		all = append(all, m.ID)
	}
	return all
}

func TestW30StaffSecretsAreSealed(t *testing.T) {
	d := newDesk(t)
	app, _ := storagetest.OpenDB(t)
	const secret = "JBSWY3DPEHPK3PXQ"
	id, err := d.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
		Login: string(storage.NewID()), Name: "周婧", Role: record.Reviewer, Identity: sample.ResidentID(4), Password: "hash", Secret: secret,
	})
	require.NoError(t, err)
	var row string
	require.NoError(t, app.NewRaw("SELECT staff::text || encode(totp_sealed, 'escape') FROM staff WHERE id = ?", id).Scan(t.Context(), &row))
	require.NotContains(t, row, secret)
	require.NotContains(t, row, sample.ResidentID(4))

	// Sealed for one row: moved to another it does not open.
	_, err = app.NewRaw("UPDATE staff SET totp_sealed = (SELECT totp_sealed FROM staff WHERE id = ?) WHERE id = ?", id, d.second).Exec(t.Context())
	require.NoError(t, err)
	_, err = d.Staff(t.Context(), d.second)
	require.Error(t, err)
	require.Empty(t, record.CodeOf(err))
	require.NoError(t, d.ResetSecondFactor(t.Context(), record.Actor{}, d.second, secret))
	_, err = d.Staff(t.Context(), d.second)
	require.NoError(t, err)
}

func TestB18DisabledStaffAreOutAtOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	require.True(t, d.submit(t).Applied)
	_, token := login(t, d.Store, storage.NewSession{Staff: d.first, SecondFactor: true})
	decision := d.command(record.Approve, reviewer(d.first))
	_, err := d.Accept(ctx, decision)
	require.NoError(t, err)

	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	require.NoError(t, d.DisableStaff(ctx, boss, d.first))
	t.Run("W20 the session ends", func(t *testing.T) { require.True(t, ended(t, d.Store, token)) })
	t.Run("no new session", func(t *testing.T) {
		_, err := d.StartSession(ctx, storage.NewSession{Token: tokenOf("again"), Staff: d.first, Assurance: record.ByPassword, Lifetime: lifetime})
		require.Equal(t, record.Forbidden, record.CodeOf(err))
	})
	t.Run("no one-time code", func(t *testing.T) {
		used, err := d.UseTOTP(ctx, d.first, 1<<40)
		require.NoError(t, err)
		require.False(t, used)
	})
	t.Run("a decision on its way is refused", func(t *testing.T) {
		applied, err := d.Apply(ctx, d.profile, []record.ID{decision.ID})
		require.NoError(t, err)
		require.Equal(t, record.RefusedDisabled, applied.Outcomes[0].Refusal)
	})
	require.NoError(t, d.EnableStaff(ctx, boss, d.first))
	require.True(t, ended(t, d.Store, token))
	login(t, d.Store, storage.NewSession{Staff: d.first})
	require.Equal(t, record.NotFound, record.CodeOf(d.DisableStaff(ctx, boss, storage.NewID())))
	d.verify(t)
}

func TestW8OneTimeCodeServesOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	const step = 60_000_000
	var used atomic.Int64
	var race sync.WaitGroup
	for range 30 {
		race.Go(func() {
			ok, err := d.UseTOTP(ctx, d.first, step)
			require.NoError(t, err)
			if ok {
				used.Add(1)
			}
		})
	}
	race.Wait()
	require.EqualValues(t, 1, used.Load(), "of thirty at the same time")
	for at, want := range map[int64]bool{step - 1: false, step: false} {
		ok, err := d.UseTOTP(ctx, d.first, at)
		require.NoError(t, err)
		require.Equal(t, want, ok)
	}
	ok, err := d.UseTOTP(ctx, d.first, step+1)
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = d.UseTOTP(ctx, d.second, step)
	require.NoError(t, err)
	require.True(t, ok, "of another member")
}

func TestW7FirstCodeEnrols(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	enrolled := func() bool {
		m, err := d.Staff(ctx, d.first)
		require.NoError(t, err)
		return m.Enrolled
	}
	require.False(t, enrolled())
	ok, err := d.UseTOTP(ctx, d.first, 100)
	require.NoError(t, err)
	require.True(t, ok)
	require.True(t, enrolled())

	_, token := login(t, d.Store, storage.NewSession{Staff: d.first, SecondFactor: true})
	require.NoError(t, d.ResetSecondFactor(ctx, record.Actor{Role: record.Supervisor, ID: d.boss}, d.first, "NEWSECRET"))
	require.False(t, enrolled())
	require.True(t, ended(t, d.Store, token))
	m, err := d.Staff(ctx, d.first)
	require.NoError(t, err)
	require.Equal(t, "NEWSECRET", m.Secret)
}

func TestW11StaffPasswordChangeEndsOtherSessions(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	keep, kept := login(t, d.Store, storage.NewSession{Staff: d.first})
	_, other := login(t, d.Store, storage.NewSession{Staff: d.first})
	require.NoError(t, d.SetStaffPassword(ctx, reviewer(d.first), d.first, "new", keep))
	require.False(t, ended(t, d.Store, kept))
	require.True(t, ended(t, d.Store, other))
	require.NoError(t, d.RenewStaffHash(ctx, d.first, "old", "never"))
	m, err := d.Staff(ctx, d.first)
	require.NoError(t, err)
	require.Equal(t, "new", m.Password)
	listed, err := d.StaffSessions(ctx, d.first, idle)
	require.NoError(t, err)
	require.Len(t, listed, 1)
	n, err := d.EndStaffSessions(ctx, d.first, "")
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// Who was added, disabled and enabled stands in the chain of what has no
// subject, by id alone.
func TestI2StaffChangesAreEvents(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	require.NoError(t, d.DisableStaff(ctx, boss, d.second))
	require.NoError(t, d.EnableStaff(ctx, boss, d.second))
	var events []struct{ Type, Data string }
	err := d.app.NewRaw(`SELECT type, data::text AS data FROM events
		WHERE chain = '00000000-0000-0000-0000-000000000000' AND data->>'staff' = ? ORDER BY no`, d.second).Scan(ctx, &events)
	require.NoError(t, err)
	var types []string
	for _, e := range events {
		types = append(types, e.Type)
		require.NotContains(t, e.Data, "周婧")
	}
	require.Equal(t, "staff_added staff_disabled staff_enabled", strings.Join(types, " "))
	d.verify(t)
}

func TestW30StaffSecretsSurviveRotation(t *testing.T) {
	db := storagetest.Fresh(t)
	ctx := t.Context()
	keys := storagetest.Keys()
	keys.Primary = "first"
	before := storage.New(db.App, keys, storagetest.Policy())
	id, err := before.AddStaff(ctx, record.Actor{}, storage.NewStaff{
		Login: "zhou", Name: "周婧", Role: record.Reviewer, Identity: sample.ResidentID(5), Password: "hash", Secret: "JBSWY3DPEHPK3PXP",
	})
	require.NoError(t, err)

	n, err := db.Store().RewrapStaff(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = db.Store().RewrapStaff(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	rotated := storagetest.Keys()
	delete(rotated.Masters, "first")
	m, err := storage.New(db.App, rotated, storagetest.Policy()).Staff(ctx, id)
	require.NoError(t, err)
	require.Equal(t, "JBSWY3DPEHPK3PXP", m.Secret)
}
