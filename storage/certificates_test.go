package storage_test

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
)

func browser(name string) []byte {
	sum := sha256.Sum256([]byte(name))
	return sum[:]
}

func TestC1_ChallengeServesOnceAndForOneBrowser(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	nonce := storage.NewNonce()
	issued, err := d.IssueChallenge(ctx, nonce, browser("mine"))
	require.NoError(t, err)
	require.Zero(t, issued.Nanosecond(), "it stands in a statement")

	_, err = d.UseChallenge(ctx, nonce, browser("another"))
	require.Equal(t, record.Forbidden, record.CodeOf(err), "another browser")
	_, err = d.UseChallenge(ctx, storage.NewNonce(), browser("mine"))
	require.Equal(t, record.Forbidden, record.CodeOf(err), "never issued")

	var won atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if at, err := d.UseChallenge(ctx, nonce, browser("mine")); err == nil && at.Equal(issued) {
				won.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, 1, won.Load(), "of 50 uses at once one wins")

	late := storage.NewNonce()
	_, err = d.IssueChallenge(ctx, late, browser("mine"))
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(late))
	_, err = d.app.NewRaw("UPDATE challenges SET expires_at = clock_timestamp() WHERE nonce = ?", sum[:]).Exec(ctx)
	require.NoError(t, err)
	_, err = d.UseChallenge(ctx, late, browser("mine"))
	require.Equal(t, record.Forbidden, record.CodeOf(err), "late")
}

func byKey(t testing.TB, d *desk, key certificatetest.Key, holds record.ID) (storage.CertificateGrant, error) {
	t.Helper()
	return d.LoginByCertificate(t.Context(), storage.CertificateLogin{
		Certificate: key.Certificate, Verified: key.Verified, NoPassword: "none", Holds: holds,
	})
}

// eventsOf counts the events of a type in the subject's history.
func (d *desk) eventsOf(t testing.TB, kind string) (n int) {
	t.Helper()
	require.NoError(t, d.app.NewRaw("SELECT count(*) FROM events WHERE chain = ? AND type = ?", d.subject.ID, kind).Scan(t.Context(), &n))
	return n
}

func TestC5_CertificateBindsToItsOwnSubjectOnly(t *testing.T) {
	w := certificatetest.New(t, "", "")
	mine, other := newDesk(t), newDesk(t)
	key := w.Issue(t, certificate.RSA, mine.subject.Code)
	grant, err := byKey(t, mine, key, mine.account)
	require.NoError(t, err)
	require.Equal(t, storage.CertificateGrant{Account: mine.account, Bound: true}, grant, "who holds both keeps the account")

	require.Equal(t, 1, mine.eventsOf(t, "proven"))
	require.Zero(t, mine.eventsOf(t, "taken_over"), "nobody was put aside")

	again, err := byKey(t, mine, key, "")
	require.NoError(t, err)
	require.Equal(t, storage.CertificateGrant{Account: mine.account}, again)

	grant, err = byKey(t, mine, key, other.account)
	require.NoError(t, err)
	require.Equal(t, mine.account, grant.Account, "an account of another subject is nothing to it")
	bound, err := other.Certificates(t.Context(), other.subject.ID)
	require.NoError(t, err)
	require.Empty(t, bound)

	all, err := mine.Certificates(t.Context(), mine.subject.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, record.CertificateValid, all[0].State(time.Now()))
	require.Equal(t, key.Certificate.SHA256(), all[0].SHA256)
	require.False(t, all[0].LastLoginAt.IsZero())
	one, err := mine.Certificate(t.Context(), mine.subject.ID, all[0].ID)
	require.NoError(t, err)
	require.Equal(t, key.Certificate.Raw(), one.DER)
	_, err = mine.Certificate(t.Context(), other.subject.ID, all[0].ID)
	require.Equal(t, record.NotFound, record.CodeOf(err))

	stranger := w.Issue(t, certificate.SM2, "91430100MA4L16JQ9B")
	_, err = byKey(t, mine, stranger, mine.account)
	require.Equal(t, record.NotFound, record.CodeOf(err), "not registered")
	mine.verify(t)
}

func TestS09_CertificateTakesOverAnUnprovenSubject(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	_, token := login(t, d.Store, storage.NewSession{Account: d.account, Assurance: record.ByPassword})
	key := w.Issue(t, certificate.SM2, d.subject.Code)
	grant, err := byKey(t, d, key, "")
	require.NoError(t, err)
	require.True(t, grant.TakenOver)
	require.Equal(t, 1, d.eventsOf(t, "taken_over"))
	require.NotEqual(t, d.account, grant.Account)
	require.True(t, ended(t, d.Store, token), "the stranger's session")
	account, err := d.Account(t.Context(), d.account)
	require.NoError(t, err)
	require.True(t, account.Disabled)
	_, err = d.Draft(t.Context(), d.subject.ID, d.profile)
	require.Equal(t, record.NotFound, record.CodeOf(err), "the stranger's draft")

	grant2, err := byKey(t, d, w.Issue(t, certificate.RSA, d.subject.Code), "")
	require.NoError(t, err)
	require.Equal(t, storage.CertificateGrant{Account: grant.Account, Bound: true}, grant2, "a second certificate of the same subject")
	d.verify(t)
}

func TestC7_RevocationEndsSessionsAndEligibility(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	ctx := t.Context()
	key := w.Issue(t, certificate.RSA, d.subject.Code)
	_, err := byKey(t, d, key, d.account)
	require.NoError(t, err)
	session := func() []byte {
		_, token := login(t, d.Store, storage.NewSession{Account: d.account, Assurance: record.ByCertificate, Certificate: key.Certificate.SHA256()})
		return token
	}
	first := session()
	_, byPassword := login(t, d.Store, storage.NewSession{Account: d.account, Assurance: record.ByPassword})
	issuer := w.Trust.Issuers()[0].Key
	save := func(number int64, entries ...certificate.Entry) int {
		list, der := w.List(t, number, entries...)
		changed, err := d.SaveRevocationList(ctx, issuer, list, der)
		require.NoError(t, err)
		return changed
	}
	require.Zero(t, save(1))
	require.False(t, ended(t, d.Store, first))

	hold := certificate.Entry{Serial: key.Certificate.Serial(), At: time.Now().Add(-time.Minute).UTC().Truncate(time.Second), Reason: "certificateHold"}
	require.Equal(t, 1, save(2, hold))
	require.True(t, ended(t, d.Store, first))
	require.False(t, ended(t, d.Store, byPassword), "the certificate's sessions only")
	_, err = byKey(t, d, key, "")
	require.Equal(t, record.Forbidden, record.CodeOf(err))
	require.Zero(t, save(3, hold), "said before")

	require.Equal(t, 1, save(4), "taken off the list: resumed")
	_, err = byKey(t, d, key, "")
	require.NoError(t, err)
	second := session()

	gone := certificate.Entry{Serial: key.Certificate.Serial(), At: time.Now().UTC().Truncate(time.Second), Reason: "keyCompromise"}
	list, der := w.List(t, 5, gone)
	changed, err := d.SaveRevocationList(ctx, issuer, list, der)
	require.NoError(t, err)
	require.Equal(t, 1, changed)
	require.True(t, ended(t, d.Store, second))
	facts, _, err := d.EligibilityFacts(ctx, d.subject.ID, time.Time{})
	require.NoError(t, err)
	require.Zero(t, facts.Certificates)
	facts, _, err = d.EligibilityFacts(ctx, d.subject.ID, hold.At.Add(-time.Second))
	require.NoError(t, err)
	require.Zero(t, facts.Certificates, "not bound yet")

	old := list
	old.ThisUpdate = list.ThisUpdate.Add(-time.Hour)
	old.Entries = nil
	changed, err = d.SaveRevocationList(ctx, issuer, old, der)
	require.NoError(t, err)
	require.Zero(t, changed, "an older list brings nothing back")
	_, err = byKey(t, d, key, "")
	require.ErrorContains(t, err, "吊销")
	d.verify(t)
}

func TestC9_SubmitUnderACertificateIsSignedAndRefusedWhereItDoesNotCount(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	ctx := t.Context()
	key := w.Issue(t, certificate.RSA, d.subject.Code)
	_, err := byKey(t, d, key, d.account)
	require.NoError(t, err)
	submit := func(digest, signature []byte) (record.Receipt, record.Command, error) {
		draft, err := d.Draft(ctx, d.subject.ID, d.profile)
		require.NoError(t, err)
		c := d.command(record.Submit, record.Actor{
			Role: record.Applicant, ID: d.account, Assurance: record.ByCertificate, Certificate: key.Certificate.SHA256(),
		})
		c.Draft, c.Digest, c.Signature = draft.Version, digest, signature
		receipt, err := d.Accept(ctx, c)
		return receipt, c, err
	}
	_, _, err = submit(nil, nil)
	require.Equal(t, record.Invalid, record.CodeOf(err), "unsigned")
	_, _, err = submit(browser("other content"), []byte("signature"))
	require.Equal(t, record.DraftChanged, record.CodeOf(err), "signed over something else")

	draft, err := d.Draft(ctx, d.subject.ID, d.profile)
	require.NoError(t, err)
	digest, title, err := d.DraftDigest(ctx, d.subject.ID, d.profile, draft.Version)
	require.NoError(t, err)
	require.Equal(t, d.subject.Name, title)
	_, _, err = d.DraftDigest(ctx, d.subject.ID, d.profile, draft.Version-1)
	require.Equal(t, record.DraftChanged, record.CodeOf(err))

	_, c, err := submit(digest, []byte("signature"))
	require.NoError(t, err)
	list, der := w.List(t, 1, certificate.Entry{Serial: key.Certificate.Serial(), At: time.Now().Add(-time.Hour).UTC().Truncate(time.Second), Reason: "keyCompromise"})
	_, err = d.SaveRevocationList(ctx, w.Trust.Issuers()[0].Key, list, der)
	require.NoError(t, err)
	applied, err := d.Apply(ctx, d.profile, []record.ID{c.ID})
	require.NoError(t, err)
	require.Equal(t, record.RefusedCertificate, applied.Outcomes[0].Refusal, "revoked before it was accepted, known only afterwards")
	draft, err = d.Draft(ctx, d.subject.ID, d.profile)
	require.NoError(t, err)
	require.False(t, draft.Locked, "the content is the draft again")
	d.verify(t)
}

func TestC5_CertificateOfAClosedRegistrationFollowsTheCode(t *testing.T) {
	w := certificatetest.New(t, "", "")
	d := newDesk(t)
	ctx := t.Context()
	key := w.Issue(t, certificate.RSA, d.subject.Code)
	_, err := byKey(t, d, key, d.account)
	require.NoError(t, err)
	state, err := d.CloseAbandoned(ctx, d.subject.ID)
	require.NoError(t, err)
	require.True(t, state.Closed)
	again, err := d.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: d.subject.Code, Name: d.subject.Name, Password: "hash",
	})
	require.NoError(t, err)
	grant, err := byKey(t, d, key, again.Account)
	require.NoError(t, err)
	require.Equal(t, storage.CertificateGrant{Account: again.Account, Bound: true}, grant)
	all, err := d.Certificates(ctx, again.Subject.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	one, err := d.Certificate(ctx, again.Subject.ID, all[0].ID)
	require.NoError(t, err)
	require.Equal(t, key.Certificate.Raw(), one.DER, "sealed under the new subject's key")
	d.verify(t)
}
