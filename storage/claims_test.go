package storage_test

import (
	"crypto/sha256"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

func (d *desk) claim(t testing.TB) string {
	t.Helper()
	number, err := d.OpenClaim(t.Context(), storage.NewClaim{
		ID: storage.NewID(), Type: record.Organization, Code: d.subject.Code,
		Statement: storage.ClaimStatement{Name: "司马𬀩", Position: "法务", Phone: "13812345678", Text: "我单位从未注册。"},
	})
	require.NoError(t, err)
	require.Empty(t, record.ReceiptProblem(number))
	return number
}

// claimID finds the claim that staff see under that number.
func (d *desk) claimID(t testing.TB, number string) record.ID {
	t.Helper()
	var id record.ID
	require.NoError(t, d.app.NewRaw("SELECT id FROM occupancy_claims WHERE number = ?", number).Scan(t.Context(), &id))
	return id
}

func (d *desk) events(t testing.TB) []string {
	t.Helper()
	var kinds []string
	require.NoError(t, d.app.NewRaw("SELECT type FROM events WHERE chain = ? ORDER BY no", d.subject.ID).Scan(t.Context(), &kinds))
	return kinds
}

func codeHash(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}

func TestClaimOpens(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	number := d.claim(t)
	id := d.claimID(t, number)

	t.Run("a claimant asks after it and is told no more than what became of it", func(t *testing.T) {
		c, err := d.ClaimByNumber(ctx, number)
		require.NoError(t, err)
		require.Equal(t, storage.ClaimOpen, c.Decision)
		require.Zero(t, c.Statement)
		require.Zero(t, c.Subject)
		_, err = d.ClaimByNumber(ctx, "20260101-AAAAAAAAAA")
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	t.Run("the same form sent twice is one claim", func(t *testing.T) {
		again := storage.NewClaim{ID: id, Type: record.Organization, Code: d.subject.Code}
		got, err := d.OpenClaim(ctx, again)
		require.NoError(t, err)
		require.Equal(t, number, got)
		other := newDesk(t)
		again.Code = other.subject.Code
		_, err = d.OpenClaim(ctx, again)
		require.Equal(t, record.AlreadyDone, record.CodeOf(err))
	})
	t.Run("somebody else's open claim is not told of and not in the way", func(t *testing.T) {
		require.NotEqual(t, number, d.claim(t))
	})
	t.Run("a code that is not registered has nothing to claim", func(t *testing.T) {
		_, err := d.OpenClaim(ctx, storage.NewClaim{ID: storage.NewID(), Type: record.Person, IDType: "111", Code: d.subject.Code})
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	t.Run("W30 what the claimant says is sealed", func(t *testing.T) {
		var row string
		require.NoError(t, d.app.NewRaw("SELECT oc::text || encode(sealed, 'escape') FROM occupancy_claims oc WHERE id = ?", id).Scan(ctx, &row))
		require.NotContains(t, row, "13812345678")
		require.NotContains(t, row, "法务")
	})
	t.Run("staff see it whole, and looking at the contact is an event", func(t *testing.T) {
		c, err := d.ClaimForStaff(ctx, id)
		require.NoError(t, err)
		require.Equal(t, "13812345678", c.Statement.Phone)
		require.Equal(t, d.subject.ID, c.Subject.ID)
		require.NoError(t, d.Reveal(ctx, storage.Reveal{By: boss, Subject: d.subject.ID, Claim: id, Reason: storage.RevealIdentity}))
		require.Contains(t, d.events(t), "claim_revealed")
		all, total, err := d.Claims(ctx, 1000, 0)
		require.NoError(t, err)
		require.Len(t, all, total)
	})
	d.verify(t)
}

func TestClaimGranted(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	number, rival := d.claim(t), d.claim(t)
	id := d.claimID(t, number)
	_, err := d.SettleClaim(ctx, number, "code", "hash")
	require.Equal(t, record.Conflict, record.CodeOf(err), "nothing is granted yet")

	require.NoError(t, d.GrantClaim(ctx, storage.ClaimGrant{Claim: id, By: boss, Answer: "已电话核实", Code: codeHash("right"), NoPassword: "none"}))
	subject, err := d.Subject(ctx, d.subject.ID)
	require.NoError(t, err)
	require.True(t, subject.Proven)
	stranger, err := d.Account(ctx, d.account)
	require.NoError(t, err)
	require.True(t, stranger.Disabled)
	_, err = d.Draft(ctx, d.subject.ID, d.profile)
	require.Equal(t, record.NotFound, record.CodeOf(err), "a stranger's draft is not shown")

	require.Equal(t, record.Conflict, record.CodeOf(d.GrantClaim(ctx, storage.ClaimGrant{Claim: id, By: boss, Code: codeHash("x")})), "decided once")
	err = d.GrantClaim(ctx, storage.ClaimGrant{Claim: d.claimID(t, rival), By: boss, Code: codeHash("x"), NoPassword: "none"})
	require.Equal(t, record.Conflict, record.CodeOf(err), "a proven subject is not handed over")
	require.NoError(t, d.RefuseClaim(ctx, boss, d.claimID(t, rival), "另一申诉已核实"))
	c, err := d.ClaimByNumber(ctx, rival)
	require.NoError(t, err)
	require.Equal(t, storage.ClaimRefused, c.Decision)
	require.Equal(t, "另一申诉已核实", c.Answer)

	for range 10 {
		_, err := d.SettleClaim(ctx, number, "wrong", "hash")
		require.Equal(t, record.Invalid, record.CodeOf(err))
	}
	_, err = d.SettleClaim(ctx, number, "right", "hash")
	require.Equal(t, record.Forbidden, record.CodeOf(err), "a code that was tried too often is dead")
	require.NoError(t, d.RenewClaimCode(ctx, boss, id, codeHash("second")))
	_, err = d.owner.NewRaw("UPDATE occupancy_claims SET code_expires_at = now() - interval '1 second' WHERE id = ?", id).Exec(ctx)
	require.NoError(t, err)
	_, err = d.SettleClaim(ctx, number, "second", "hash")
	require.Equal(t, record.Forbidden, record.CodeOf(err), "a code does not live for ever")
	require.NoError(t, d.RenewClaimCode(ctx, boss, id, codeHash("third")))

	var group sync.WaitGroup
	accounts := make([]record.ID, 20)
	for i := range accounts {
		group.Go(func() { accounts[i], _ = d.SettleClaim(ctx, number, "third", "hash of the claimant") })
	}
	group.Wait()
	won := record.ID("")
	for _, account := range accounts {
		if account != "" {
			require.Empty(t, won, "a code serves once")
			won = account
		}
	}
	owner, err := d.Account(ctx, won)
	require.NoError(t, err)
	require.Equal(t, "hash of the claimant", owner.Password)
	require.False(t, owner.Disabled)
	require.Equal(t, d.subject.ID, owner.Subject.ID)
	require.Equal(t, record.Conflict, record.CodeOf(d.RenewClaimCode(ctx, boss, id, codeHash("x"))), "the password is set: the account decides")
	kinds := d.events(t)
	for _, kind := range []string{"claim_opened", "claim_granted", "taken_over", "claim_refused", "claim_code_renewed", "password_changed"} {
		require.Contains(t, kinds, kind)
	}
	d.verify(t)
}

func TestTwoDecisionsOnAClaimAtOnce(t *testing.T) {
	d := newDesk(t)
	id := d.claimID(t, d.claim(t))
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	var group sync.WaitGroup
	errs := make([]error, 2)
	group.Go(func() {
		errs[0] = d.GrantClaim(t.Context(), storage.ClaimGrant{Claim: id, By: boss, Code: codeHash("x"), NoPassword: "none"})
	})
	group.Go(func() { errs[1] = d.RefuseClaim(t.Context(), boss, id, "不属实") })
	group.Wait()
	require.NotEqual(t, errs[0] == nil, errs[1] == nil)
	d.verify(t)
}
