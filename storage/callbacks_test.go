package storage_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// company issues certificates that trust accepts.
type company struct {
	authority *authority.Authority
	trust     *certificate.Trust
}

func newCompany(t testing.TB, algorithm certificate.Algorithm) *company {
	t.Helper()
	from, to := time.Now().AddDate(-1, 0, 0), time.Now().AddDate(10, 0, 0)
	root, err := authority.NewRoot(pkix.Name{CommonName: "示范 CA 根"}, algorithm, from, to)
	require.NoError(t, err)
	issuing, err := root.NewIntermediate(pkix.Name{CommonName: "示范 CA " + string(algorithm)}, algorithm, from, to)
	require.NoError(t, err)
	text, err := authority.TrustJSON(issuing.TrustEntry("示范 CA"))
	require.NoError(t, err)
	trust, err := certificate.ParseTrust(text)
	require.NoError(t, err)
	return &company{issuing, trust}
}

// issue makes a certificate of an organization.
func (c *company) issue(t testing.TB, algorithm certificate.Algorithm, code string, usage authority.Usage) record.IssuedCertificate {
	t.Helper()
	key, err := authority.GenerateKey(algorithm)
	require.NoError(t, err)
	der, err := c.authority.Issue(key.Public(), authority.Request{
		Profile: authority.Organization, Usage: usage, Code: code, Organization: "示范建工有限公司",
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(1, 0, 0),
	})
	require.NoError(t, err)
	use := record.UseSigning
	if usage == authority.Encryption {
		use = record.UseEncryption
	}
	return record.IssuedCertificate{Use: use, PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(c.authority.PEM())}
}

// tell takes events in that order, applying the inbox after each.
func (d *desk) tell(t testing.TB, trust *certificate.Trust, events ...record.CAEvent) storage.HandoffState {
	t.Helper()
	var state storage.HandoffState
	for _, e := range events {
		_, err := d.called(t, e)
		require.NoError(t, err)
		state, err = d.ApplyCallbacks(t.Context(), e.Reference, trust)
		require.NoError(t, err)
	}
	return state
}

func (d *desk) outcomes(t testing.TB, id record.ID) map[string]int {
	t.Helper()
	var rows []struct {
		Outcome string
		N       int
	}
	err := d.app.NewRaw("SELECT outcome, count(*) AS n FROM ca_callbacks WHERE application = ? GROUP BY 1", id).Scan(t.Context(), &rows)
	require.NoError(t, err)
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Outcome] = r.N
	}
	return counts
}

func TestP2_DedupForEver(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	e := says(id, 1, record.CAAccepted, "")
	body, err := json.Marshal(e)
	require.NoError(t, err)
	var group sync.WaitGroup
	known := make([]bool, 20)
	for i := range known {
		group.Go(func() {
			taken, err := d.TakeCallback(t.Context(), storage.Callback{ID: e.ID, Body: body})
			if err == nil {
				known[i] = taken.Known
			}
		})
	}
	group.Wait()
	fresh := 0
	for _, k := range known {
		if !k {
			fresh++
		}
	}
	require.Equal(t, 1, fresh)
	var indented bytes.Buffer
	require.NoError(t, json.Indent(&indented, body, "", "  "))
	taken, err := d.TakeCallback(t.Context(), storage.Callback{ID: e.ID, Body: indented.Bytes()})
	require.NoError(t, err)
	require.True(t, taken.Known, "white space is no content")
	require.Equal(t, id, taken.Application)
	d.tell(t, nil, e)
	require.Equal(t, map[string]int{"applied": 1}, d.outcomes(t, id))
}

func TestP2_SameIDWithAnotherBodyAlarms(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	e := says(id, 1, record.CAAccepted, "")
	d.tell(t, nil, e)
	forged := e
	forged.Type = record.CARejected
	_, err := d.called(t, forged)
	require.Equal(t, record.Conflict, record.CodeOf(err))
	require.Equal(t, record.ApplicationInProgress, d.application(t, id).Status)
	var alarms int
	err = d.app.NewRaw(`SELECT count(*) FROM events WHERE chain = '00000000-0000-0000-0000-000000000000' AND type = 'callback_forged' AND record = ?`, id).
		Scan(t.Context(), &alarms)
	require.NoError(t, err)
	require.Equal(t, 1, alarms)
	d.verified(t)
}

func TestCallbacksThatCannotBeTakenIn(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	e := says(id, 1, record.CAAccepted, "")
	body, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = d.TakeCallback(t.Context(), storage.Callback{ID: "another", Body: body})
	require.Equal(t, record.Invalid, record.CodeOf(err), "the id in the header is the one in the body")
	_, err = d.TakeCallback(t.Context(), storage.Callback{ID: e.ID, Body: []byte("{")})
	require.Equal(t, record.Invalid, record.CodeOf(err))
	_, err = d.called(t, says(storage.NewID(), 1, record.CAAccepted, ""))
	require.Equal(t, record.NotFound, record.CodeOf(err))
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			all = append(all, append(append(append([]int{}, p[:at]...), n-1), p[at:]...))
		}
	}
	return all
}

func TestP3_EveryOrderOfFourCallbacksEndsTheSame(t *testing.T) {
	ca := newCompany(t, certificate.SM2)
	for _, order := range permutations(4) {
		d := newDesk(t)
		id := d.apply(t)
		d.deliver(t, id)
		events := []record.CAEvent{
			says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAPayment, "请缴费"), says(id, 3, record.CAProducing, ""), says(id, 4, record.CAIssued, ""),
		}
		events[3].Certificates = []record.IssuedCertificate{ca.issue(t, certificate.SM2, d.subject.Code, authority.Signing)}
		var state storage.HandoffState
		for _, i := range order {
			d.tell(t, ca.trust, events[i])
			state = d.tell(t, ca.trust, events[i]) // and every one twice
		}
		require.True(t, state.Closed, "%v", order)
		require.Equal(t, []record.ApplicationStatus{
			record.ApplicationPending, record.ApplicationSent, record.ApplicationInProgress, record.ApplicationPayment,
			record.ApplicationProducing, record.ApplicationIssued, record.ApplicationBound,
		}, d.statuses(t, id), "%v", order)
		require.Equal(t, map[string]int{"applied": 4}, d.outcomes(t, id))
	}
}

func TestAGapIsAskedAfterSoon(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	usual := d.deliver(t, id).Plan.PollAt
	state := d.tell(t, nil, says(id, 2, record.CAPayment, ""))
	require.Equal(t, record.ApplicationSent, state.Status)
	require.True(t, state.Plan.PollAt.Before(usual.Add(-time.Hour)))
	undelivered, err := d.UndeliveredCallbacks(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.NotContains(t, undelivered, id, "what is parked was looked at")

	first, err := json.Marshal(says(id, 1, record.CAAccepted, ""))
	require.NoError(t, err)
	state, err = d.Polled(t.Context(), id, record.CAAnswer{Events: [][]byte{first, []byte(`{"id":"none of ours"}`)}}, nil)
	require.NoError(t, err)
	require.Equal(t, record.ApplicationPayment, state.Status)
}

func TestP7_PollingFindsWhatWasNeverCalledBack(t *testing.T) {
	ca := newCompany(t, certificate.RSA)
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	last := says(id, 3, record.CAIssued, "")
	last.Certificates = []record.IssuedCertificate{ca.issue(t, certificate.RSA, d.subject.Code, authority.Signing)}
	var events [][]byte
	for _, e := range []record.CAEvent{says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAProducing, ""), last} {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		events = append(events, body)
	}
	for range 2 {
		state, err := d.Polled(t.Context(), id, record.CAAnswer{Events: events}, ca.trust)
		require.NoError(t, err)
		require.Equal(t, record.ApplicationBound, state.Status)
	}
	// The callback comes after all, indented: it is the same.
	taken, err := d.TakeCallback(t.Context(), storage.Callback{ID: last.ID, Body: events[2]})
	require.NoError(t, err)
	require.True(t, taken.Known)
	d.verified(t)
}

func TestAnApplicationThatTheCACompanyForgotIsToldToStaff(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	for range 2 {
		_, err := d.Polled(t.Context(), id, record.CAAnswer{Unknown: true}, nil)
		require.NoError(t, err)
	}
	silent, err := d.SilentApplications(t.Context())
	require.NoError(t, err)
	require.Len(t, withID(silent, id), 1)
	require.Contains(t, d.application(t, id).Failure, "没有找到")
	d.verified(t)
}

// CA: callback before the handoff's answer.
func TestACallbackBeforeTheAnswerProvesDelivery(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	_, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	state := d.tell(t, nil, says(id, 1, record.CAAccepted, ""))
	require.Equal(t, record.ApplicationInProgress, state.Status)
	require.False(t, state.Delivered, "papers and counters are still to be asked for")
	state, err = d.HandedOff(t.Context(), id, record.CAAnswer{Acceptance: accepted})
	require.NoError(t, err)
	require.True(t, state.Delivered)
	a := d.application(t, id)
	require.Equal(t, record.ApplicationInProgress, a.Status)
	require.Equal(t, accepted.Papers, a.Papers)
	require.Empty(t, state.Open)
	d.verified(t)
}

func TestT18_LateWordsAreRecorded(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	state := d.tell(t, nil, says(id, 1, record.CAAccepted, ""), says(id, 2, record.CARejected, "材料不实"), says(id, 3, record.CAProducing, ""))
	require.Equal(t, record.ApplicationRejected, state.Status)
	require.Equal(t, map[string]int{"applied": 2, "late": 1}, d.outcomes(t, id))
	events := d.application(t, id).Events
	require.Contains(t, events[len(events)-1].Text, "仅作记录")
	d.verified(t)
}

func TestN08_AnIssuedPairIsBound(t *testing.T) {
	ca := newCompany(t, certificate.SM2)
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	issued := says(id, 3, record.CAIssued, "")
	issued.Certificates = []record.IssuedCertificate{
		ca.issue(t, certificate.SM2, d.subject.Code, authority.Signing), ca.issue(t, certificate.SM2, d.subject.Code, authority.Encryption),
	}
	d.tell(t, ca.trust, says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAProducing, ""), issued)
	bound, err := d.Certificates(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 2)
	for _, c := range bound {
		require.Equal(t, id, c.Application)
		require.Equal(t, storage.BoundByCallback, c.BoundBy)
	}
	require.NotZero(t, d.application(t, id).ClosedAt)
	require.Contains(t, d.topics(t), "ca_bound")

	// What the CA company says of a certificate takes effect at once.
	for _, c := range bound {
		revoked := record.CAEvent{
			ID: "revoked-" + c.Serial, Type: record.CARevoked, At: time.Now(), Certificate: &record.CertificateName{Issuer: c.Issuer, Serial: c.Serial},
		}
		taken, err := d.called(t, revoked)
		require.NoError(t, err)
		require.Empty(t, taken.Application)
		taken, err = d.called(t, revoked)
		require.NoError(t, err)
		require.True(t, taken.Known)
	}
	bound, err = d.Certificates(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.NotZero(t, bound[0].RevokedAt)
	require.NotZero(t, bound[1].RevokedAt)
	_, err = d.called(t, record.CAEvent{
		ID: "revoked-" + string(id), Type: record.CARevoked, At: time.Now(), Certificate: &record.CertificateName{Issuer: "CN=nobody", Serial: "0A"},
	})
	require.NoError(t, err, "of a certificate that is not bound here nothing follows")
	d.verified(t)
}

func TestC5_WhatDoesNotVerifyIsNeverBound(t *testing.T) {
	ca, stranger := newCompany(t, certificate.SM2), newCompany(t, certificate.SM2)
	cases := map[string]func(*desk) []record.IssuedCertificate{
		"another organization's code": func(*desk) []record.IssuedCertificate {
			return []record.IssuedCertificate{ca.issue(t, certificate.SM2, sample.CreditCode(77), authority.Signing)}
		},
		"the second of the pair is another's": func(d *desk) []record.IssuedCertificate {
			return []record.IssuedCertificate{
				ca.issue(t, certificate.SM2, d.subject.Code, authority.Signing), ca.issue(t, certificate.SM2, sample.CreditCode(78), authority.Encryption),
			}
		},
		"a CA that is not pinned": func(d *desk) []record.IssuedCertificate {
			return []record.IssuedCertificate{stranger.issue(t, certificate.SM2, d.subject.Code, authority.Signing)}
		},
		"an encryption certificate for signing": func(d *desk) []record.IssuedCertificate {
			c := ca.issue(t, certificate.SM2, d.subject.Code, authority.Encryption)
			c.Use = record.UseSigning
			return []record.IssuedCertificate{c}
		},
		"no signing certificate": func(d *desk) []record.IssuedCertificate {
			return []record.IssuedCertificate{ca.issue(t, certificate.SM2, d.subject.Code, authority.Encryption)}
		},
		"nothing at all": func(*desk) []record.IssuedCertificate { return nil },
		"no certificate": func(*desk) []record.IssuedCertificate {
			return []record.IssuedCertificate{{Use: record.UseSigning, PEM: "none"}}
		},
	}
	for name, given := range cases {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			id := d.apply(t)
			d.deliver(t, id)
			issued := says(id, 3, record.CAIssued, "")
			issued.Certificates = given(d)
			state := d.tell(t, ca.trust, says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAProducing, ""), issued)
			require.Equal(t, record.ApplicationProducing, state.Status, "it may be a lie")
			state = d.polled(t, ca.trust, id, issued)
			require.Equal(t, record.ApplicationIssued, state.Status)
			require.True(t, state.Closed, "the subject may apply again")
			bound, err := d.Certificates(t.Context(), d.subject.ID)
			require.NoError(t, err)
			require.Empty(t, bound)
			silent, err := d.SilentApplications(t.Context())
			require.NoError(t, err)
			require.Len(t, withID(silent, id), 1)
			require.Contains(t, d.topics(t), storage.TopicCAUnbound)
			require.Contains(t, d.application(t, id).Failure, "未能绑定")
			d.verified(t)
		})
	}
}

func TestB20_ABusinessOnACertificateThatBindsNothingEndsAsDone(t *testing.T) {
	ca := newCompany(t, certificate.RSA)
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	issued := says(id, 3, record.CAIssued, "")
	issued.Certificates = []record.IssuedCertificate{ca.issue(t, certificate.RSA, d.subject.Code, authority.Signing)}
	d.tell(t, ca.trust, says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAProducing, ""), issued)
	bound, err := d.Certificates(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 1)

	for _, business := range []record.Business{record.BusinessUnlock, record.BusinessRevoke} {
		r := d.request()
		r.Business, r.Certificate = business, bound[0].ID
		_, err = d.ApplyForCertificate(t.Context(), r)
		require.NoError(t, err)
		bundle, err := d.ApplicationBundle(t.Context(), d.subject.ID, r.Command)
		require.NoError(t, err)
		require.Equal(t, bound[0].Serial, bundle.Certificate.Serial)
		d.deliver(t, r.Command)
		state := d.tell(t, ca.trust, says(r.Command, 1, record.CAAccepted, ""), says(r.Command, 2, record.CAProducing, ""), says(r.Command, 3, record.CAIssued, ""))
		require.Equal(t, record.ApplicationIssued, state.Status)
		require.True(t, state.Closed)
		require.Contains(t, d.topics(t), "ca_issued")
		silent, err := d.SilentApplications(t.Context())
		require.NoError(t, err)
		require.Empty(t, withID(silent, r.Command))
	}
	r := d.request()
	r.Business, r.Certificate = record.BusinessRenew, storage.NewID()
	_, err = d.ApplyForCertificate(t.Context(), r)
	require.Equal(t, record.Invalid, record.CodeOf(err), "a certificate of somebody else's")
	d.verified(t)
}

// What a superuser changes in an application is named.
func TestI3_VerifyNamesApplicationsThatAreNotInOrder(t *testing.T) {
	database := storagetest.Fresh(t)
	d := newDeskOn(t, database)
	id := d.apply(t)
	d.deliver(t, id)
	d.verified(t)
	for _, planted := range []struct{ change, back, fault string }{
		{"status = 'in_progress'", "status = 'sent'", "is not what its last step says"},
		{"closed_at = now()", "closed_at = NULL", "closed though anything may follow"},
		{`sha256 = '\x00'`, "", "does not match its hash"},
	} {
		_, err := database.Owner.ExecContext(t.Context(), "UPDATE ca_applications SET "+planted.change)
		require.NoError(t, err)
		found, err := d.Verify(t.Context())
		require.NoError(t, err)
		require.NotEmpty(t, found, planted.change)
		require.Contains(t, found[0].Fault, planted.fault)
		if planted.back != "" {
			_, err = database.Owner.ExecContext(t.Context(), "UPDATE ca_applications SET "+planted.back)
			require.NoError(t, err)
		}
	}
}
