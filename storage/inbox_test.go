package storage_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// polled has the CA company's own list tell of these events.
func (d *desk) polled(t testing.TB, trust *certificate.Trust, id record.ID, events ...record.CAEvent) storage.HandoffState {
	t.Helper()
	answer := record.CAAnswer{}
	for _, e := range events {
		body, err := json.Marshal(e)
		require.NoError(t, err)
		answer.Events = append(answer.Events, body)
	}
	state, err := d.Polled(t.Context(), id, answer, trust)
	require.NoError(t, err)
	return state
}

func TestI5_IllegalWordsAreRecordedAndRefused(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	usual := d.deliver(t, id).Plan.PollAt
	events := []record.CAEvent{says(id, 1, record.CAIssued, ""), says(id, 2, record.CAAccepted, ""), says(id, 3, record.CASupplement, "缺少授权书")}
	state := d.tell(t, nil, events...)
	require.Equal(t, record.ApplicationSent, state.Status, "it may be a lie: the true word may come yet")
	require.Equal(t, map[string]int{"doubted": 1, "parked": 2}, d.outcomes(t, id))
	require.True(t, state.Plan.PollAt.Before(usual.Add(-time.Hour)), "the CA company is asked soon")
	undelivered, err := d.UndeliveredCallbacks(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.NotContains(t, undelivered, id, "what is doubted was looked at")

	state = d.polled(t, nil, id, events...)
	require.Equal(t, record.ApplicationSupplement, state.Status, "the next ones are applied")
	require.Equal(t, map[string]int{"illegal": 1, "applied": 2}, d.outcomes(t, id))
	a := d.application(t, id)
	require.Equal(t, "缺少授权书", a.Reason)
	var illegal, supplement bool
	for _, e := range a.Events {
		illegal = illegal || strings.Contains(e.Text, "与当前进度不符")
		supplement = supplement || strings.Contains(e.Text, "缺少授权书")
	}
	require.True(t, illegal)
	require.True(t, supplement)
	status, err := d.ApplicationStatusOf(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, 3, status.LastSequence)

	// Another message under a number that took effect.
	second := says(id, 3, record.CARejected, "")
	state = d.tell(t, nil, second)
	require.Equal(t, record.ApplicationSupplement, state.Status)
	require.Equal(t, 1, d.outcomes(t, id)["duplicate"])
	d.verified(t)
}

// A false word under the next number, rightly signed, does not take the place of
// the true one: neither a step that no edge allows nor the certificates of
// somebody else.
func TestI5_ALieDoesNotTakeTheNumberOfTheTruth(t *testing.T) {
	ca := newCompany(t, certificate.SM2)
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	issued := says(id, 3, record.CAIssued, "")
	issued.Certificates = []record.IssuedCertificate{ca.issue(t, certificate.SM2, d.subject.Code, authority.Signing)}
	lie := func(number int, kind record.CAEventType) record.CAEvent {
		e := says(id, number, kind, "")
		e.ID += "-lie"
		return e
	}
	others := lie(3, record.CAIssued)
	others.Certificates = []record.IssuedCertificate{ca.issue(t, certificate.SM2, sample.CreditCode(79), authority.Signing)}
	for _, both := range [][2]record.CAEvent{
		{lie(2, record.CAIssued), says(id, 1, record.CAAccepted, "")},
		{others, says(id, 2, record.CAProducing, "")},
	} {
		d.tell(t, ca.trust, both[0], both[1])
	}
	require.Equal(t, map[string]int{"applied": 2, "illegal": 1, "doubted": 1}, d.outcomes(t, id))
	state := d.polled(t, ca.trust, id, says(id, 1, record.CAAccepted, ""), says(id, 2, record.CAProducing, ""))
	require.False(t, state.Closed, "the list does not know of the lie")
	state = d.tell(t, ca.trust, issued)
	require.True(t, state.Closed)
	require.Equal(t, record.ApplicationBound, state.Status)
	require.Equal(t, map[string]int{"applied": 3, "illegal": 2}, d.outcomes(t, id))
	bound, err := d.Certificates(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 1)
	require.Equal(t, 2, strings.Count(fmt.Sprint(d.application(t, id).Events), "与当前进度不符"), "both lies are told")
	d.verified(t)
}
