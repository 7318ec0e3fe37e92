package storage_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

const (
	idle     = 30 * time.Minute
	lifetime = 12 * time.Hour
)

var personNumber atomic.Int64

// register registers a subject; what is empty is made up.
func register(t testing.TB, s *storage.Store, r storage.Registration) storage.RegisteredAccount {
	t.Helper()
	n := int(personNumber.Add(1))
	r.Command = storage.NewID()
	if r.Type == "" {
		r.Type = record.Organization
	}
	if r.Code == "" && r.Type == record.Person {
		r.Code, r.IDType = sample.ResidentID(500_000+n), codes.IDDocumentResident
	} else if r.Code == "" {
		r.Code = sample.CreditCode(50_000_000 + n)
	}
	if r.Name == "" {
		r.Name = fmt.Sprintf("登录示范第%d有限公司", n)
	}
	if r.Password == "" {
		r.Password = "hash"
	}
	registered, err := s.Register(t.Context(), r)
	require.NoError(t, err)
	return registered
}

func tokenOf(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// login starts a session and returns its id and token.
func login(t testing.TB, s *storage.Store, n storage.NewSession) (record.ID, []byte) {
	t.Helper()
	n.Token = tokenOf(string(storage.NewID()))
	if n.Assurance == "" {
		n.Assurance = record.ByPassword
	}
	if n.Lifetime == 0 {
		n.Lifetime = lifetime
	}
	id, err := s.StartSession(t.Context(), n)
	require.NoError(t, err)
	return id, n.Token
}

func ended(t testing.TB, s *storage.Store, token []byte) bool {
	t.Helper()
	_, err := s.Session(t.Context(), token, idle)
	if err == nil {
		return false
	}
	require.Equal(t, record.Unauthorized, record.CodeOf(err), "%v", err)
	return true
}

func TestLoginByCodeOrName(t *testing.T) {
	s := storagetest.Open(t)
	company := register(t, s, storage.Registration{Name: "𬀩城（集团）建设有限公司"})
	person := register(t, s, storage.Registration{Type: record.Person, Name: "欧阳𬀩"})
	passport := register(t, s, storage.Registration{Type: record.Person, IDType: "414", Code: "E12345678", Name: "Ada Example"})
	for _, row := range []struct {
		name, login string
		want        record.ID
	}{
		{"S06 by code", company.Subject.Code, company.Account},
		{"code in lower case and full width, with spaces", "  ９１" + company.Subject.Code[2:10] + " " + company.Subject.Code[10:], company.Account},
		{"S06 by name", "𬀩城（集团）建设有限公司", company.Account},
		{"name with half-width brackets", " 𬀩城(集团)建设有限公司 ", company.Account},
		{"S06 person by number", person.Subject.Code, person.Account},
		{"S06 person by name", "欧阳𬀩", person.Account},
		{"another kind of document", "e12345678", passport.Account},
		{"nobody", sample.CreditCode(99_999_998), ""},
		{"part of a name", "𬀩城", ""},
		{"nothing", "  ", ""},
		{"injection", "' OR 1=1 --", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			match, err := s.AccountsByLogin(t.Context(), row.login)
			require.NoError(t, err)
			require.False(t, match.Ambiguous)
			if row.want == "" {
				require.Empty(t, match.Accounts)
				return
			}
			require.Len(t, match.Accounts, 1)
			require.Equal(t, row.want, match.Accounts[0].ID)
			require.Equal(t, "hash", match.Accounts[0].Password)
			require.NotEmpty(t, match.Accounts[0].Subject.Code)
		})
	}
}

func TestSharedNameLogsInByCodeOnly(t *testing.T) {
	s := storagetest.Open(t)
	one := register(t, s, storage.Registration{Type: record.Person, Name: "同名之人"})
	two := register(t, s, storage.Registration{Type: record.Person, Name: "同名之人"})
	match, err := s.AccountsByLogin(t.Context(), "同名之人")
	require.NoError(t, err)
	require.True(t, match.Ambiguous)
	require.Empty(t, match.Accounts)
	for _, each := range []storage.RegisteredAccount{one, two} {
		match, err := s.AccountsByLogin(t.Context(), each.Subject.Code)
		require.NoError(t, err)
		require.Len(t, match.Accounts, 1)
		require.Equal(t, each.Account, match.Accounts[0].ID)
	}
}

func TestW11PasswordChangeEndsOtherSessions(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	a := register(t, s, storage.Registration{})
	other := register(t, s, storage.Registration{})
	mine, mineToken := login(t, s, storage.NewSession{Account: a.Account})
	_, elsewhere := login(t, s, storage.NewSession{Account: a.Account})
	_, stranger := login(t, s, storage.NewSession{Account: other.Account})

	require.NoError(t, s.SetPassword(ctx, a.Account, "new hash", mine))
	require.False(t, ended(t, s, mineToken))
	require.True(t, ended(t, s, elsewhere))
	require.False(t, ended(t, s, stranger))
	account, err := s.Account(ctx, a.Account)
	require.NoError(t, err)
	require.Equal(t, "new hash", account.Password)
	require.True(t, account.PasswordChangedAt.After(account.CreatedAt))

	app, _ := storagetest.OpenDB(t)
	var events int
	err = app.NewRaw("SELECT count(*) FROM events WHERE chain = ? AND type = 'password_changed' AND actor = ?", a.Subject.ID, a.Account).Scan(ctx, &events)
	require.NoError(t, err)
	require.Equal(t, 1, events)
	require.Equal(t, record.NotFound, record.CodeOf(s.SetPassword(ctx, storage.NewID(), "hash", "")))
}

func TestW1RenewedHashNeverUndoesAChange(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	a := register(t, s, storage.Registration{Password: "old cost"})
	require.NoError(t, s.RenewHash(ctx, a.Account, "old cost", "today's cost"))
	account, err := s.Account(ctx, a.Account)
	require.NoError(t, err)
	require.Equal(t, "today's cost", account.Password)
	require.NoError(t, s.SetPassword(ctx, a.Account, "another password", ""))
	require.NoError(t, s.RenewHash(ctx, a.Account, "today's cost", "late"))
	account, err = s.Account(ctx, a.Account)
	require.NoError(t, err)
	require.Equal(t, "another password", account.Password)
}

func TestW20DisabledAccountIsOutAtOnce(t *testing.T) {
	d := newDesk(t)
	s, ctx := d.Store, t.Context()
	_, token := login(t, s, storage.NewSession{Account: d.account})
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}

	require.NoError(t, s.DisableAccount(ctx, boss, d.account))
	require.True(t, ended(t, s, token))
	_, err := s.StartSession(ctx, storage.NewSession{
		Token: tokenOf("disabled"), Account: d.account, Assurance: record.ByPassword, Lifetime: lifetime,
	})
	require.Equal(t, record.Forbidden, record.CodeOf(err))
	require.Equal(t, record.Forbidden, record.CodeOf(s.SetPassword(ctx, d.account, "hash", "")))
	match, err := s.AccountsByLogin(ctx, d.subject.Code)
	require.NoError(t, err)
	require.True(t, match.Accounts[0].Disabled)

	require.NoError(t, s.EnableAccount(ctx, boss, d.account))
	require.True(t, ended(t, s, token), "a session that ended stays so")
	login(t, s, storage.NewSession{Account: d.account})
	d.verify(t)
}

// However the two meet: after disabling has returned, no session works.
func TestW20DisablingRacesLogin(t *testing.T) {
	s := storagetest.Open(t)
	ctx := t.Context()
	for range 20 {
		a := register(t, s, storage.Registration{})
		token := tokenOf(string(storage.NewID()))
		var both sync.WaitGroup
		both.Go(func() {
			_, err := s.StartSession(ctx, storage.NewSession{Token: token, Account: a.Account, Assurance: record.ByPassword, Lifetime: lifetime})
			if err != nil {
				require.Equal(t, record.Forbidden, record.CodeOf(err))
			}
		})
		both.Go(func() {
			require.NoError(t, s.DisableAccount(ctx, record.Actor{Role: record.Supervisor}, a.Account))
		})
		both.Wait()
		require.True(t, ended(t, s, token))
	}
}

func TestClosedSubjectHasNoLogin(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	a := register(t, s, storage.Registration{})
	_, token := login(t, s, storage.NewSession{Account: a.Account})
	_, err := app.NewRaw("UPDATE subjects SET closed_at = now() WHERE id = ?", a.Subject.ID).Exec(t.Context())
	require.NoError(t, err)
	require.True(t, ended(t, s, token))
	for _, text := range []string{a.Subject.Code, a.Subject.Name} {
		match, err := s.AccountsByLogin(context.WithoutCancel(t.Context()), text)
		require.NoError(t, err)
		require.Empty(t, match.Accounts)
	}
}
