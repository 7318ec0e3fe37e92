package storage_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func (d *desk) request() storage.ApplicationRequest {
	return storage.ApplicationRequest{
		Command: storage.NewID(), Subject: d.subject.ID, Actor: d.applicant(), Business: record.BusinessApply,
		Kind: record.OrganizationCertificate, Years: 1, Pickup: record.PickupCounter,
	}
}

// apply applies for a certificate.
func (d *desk) apply(t testing.TB) record.ID {
	t.Helper()
	r := d.request()
	_, err := d.ApplyForCertificate(t.Context(), r)
	require.NoError(t, err)
	return r.Command
}

var accepted = record.Acceptance{
	OrderNo: "CA-1", Papers: []string{"营业执照复印件"}, Counters: []record.Counter{{Name: "示范受理点", Address: "示范路 1 号"}},
}

// deliver hands the application over.
func (d *desk) deliver(t testing.TB, id record.ID) storage.HandoffState {
	t.Helper()
	bundle, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	require.NotNil(t, bundle)
	state, err := d.HandedOff(t.Context(), id, record.CAAnswer{Acceptance: accepted})
	require.NoError(t, err)
	return state
}

// says is an event of the CA company.
func says(id record.ID, sequence int, kind record.CAEventType, reason string) record.CAEvent {
	return record.CAEvent{
		ID: fmt.Sprintf("%s-%d-%s", id, sequence, kind), Reference: id, Sequence: sequence, Type: kind,
		At: time.Date(2026, 3, 5, 2, 0, sequence, 0, time.UTC), Reason: reason,
	}
}

func (d *desk) called(t testing.TB, e record.CAEvent) (storage.Taken, error) {
	t.Helper()
	body, err := json.Marshal(e)
	require.NoError(t, err)
	return d.TakeCallback(t.Context(), storage.Callback{ID: e.ID, Body: body})
}

func (d *desk) application(t testing.TB, id record.ID) storage.Application {
	t.Helper()
	a, err := d.Application(t.Context(), d.subject.ID, id)
	require.NoError(t, err)
	return a
}

func (d *desk) statuses(t testing.TB, id record.ID) []record.ApplicationStatus {
	t.Helper()
	var all []record.ApplicationStatus
	for _, e := range d.application(t, id).Events {
		if e.Status != "" {
			all = append(all, e.Status)
		}
	}
	return all
}

// verified checks that nothing is wrong with the chains and commands of the
// subject.
func (d *desk) verified(t testing.TB) {
	t.Helper()
	found, err := d.Verify(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)
}

func (d *desk) topics(t testing.TB) []string {
	t.Helper()
	all, err := d.Notifications(t.Context(), d.subject.ID, "", 100)
	require.NoError(t, err)
	var topics []string
	for _, n := range all {
		topics = append(topics, n.Topic)
	}
	return topics
}

func TestS14_AnApplicationFreezesTheDraftAndIsAcceptedOnce(t *testing.T) {
	d := newDesk(t)
	problems, err := d.ApplicationProblems(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.Empty(t, problems)
	r := d.request()
	r.Pickup, r.MailAddress = record.PickupMail, " 示范大道 100 号 "
	receipt, err := d.ApplyForCertificate(t.Context(), r)
	require.NoError(t, err)
	again, err := d.ApplyForCertificate(t.Context(), r)
	require.NoError(t, err)
	require.Equal(t, receipt.Number, again.Number)

	bundle, err := d.ApplicationBundle(t.Context(), d.subject.ID, r.Command)
	require.NoError(t, err)
	require.Equal(t, d.subject.Code, bundle.Code)
	require.Equal(t, "示范大道 100 号", bundle.MailAddress)
	require.Equal(t, d.document.Agent.IDNumber, bundle.Agent.IDNumber)

	// What is changed afterwards does not reach the bundle.
	d.document.Representative.Name = "改名之后"
	d.save(t)
	bundle, err = d.ApplicationBundle(t.Context(), d.subject.ID, r.Command)
	require.NoError(t, err)
	require.Equal(t, "陈明远", bundle.Representative.Name)

	a := d.application(t, r.Command)
	require.Equal(t, record.ApplicationPending, a.Status)
	require.Equal(t, receipt.Number, a.Receipt)
	open, err := d.OpenCommands(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.Contains(t, open, storage.OpenCommand{ID: r.Command, Record: r.Command, Move: storage.MoveCAApply})
	status, err := d.CommandByReceipt(t.Context(), d.subject.ID, receipt.Number)
	require.NoError(t, err)
	require.Equal(t, storage.MoveCAApply, status.Move)
	d.verified(t)
}

func TestS14_WhatIsMissingIsNamed(t *testing.T) {
	d := newDesk(t)
	d.document.Representative.Name = ""
	d.save(t)
	problems, err := d.ApplicationProblems(t.Context(), d.subject.ID)
	require.NoError(t, err)
	require.Len(t, problems, 1)
	require.Equal(t, "representative_name", problems[0].Field)

	r := d.request()
	r.Years, r.Business, r.Kind, r.Pickup = 4, "lend", record.PersonCertificate, "pigeon"
	_, err = d.ApplyForCertificate(t.Context(), r)
	require.Equal(t, record.Invalid, record.CodeOf(err))
	var told *record.Error
	require.ErrorAs(t, err, &told)
	var fields []string
	for _, p := range told.Problems {
		fields = append(fields, p.Field)
	}
	require.Subset(t, fields, []string{"business", "kind", "years", "pickup", "representative_name", "certificate"})

	// A subject that never opened its profile.
	registered, err := d.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Person, IDType: "111", Code: sample.ResidentID(7700000 + int(codeNumber.Add(1))), Name: "林某", Password: "hash",
	})
	require.NoError(t, err)
	problems, err = d.ApplicationProblems(t.Context(), registered.Subject.ID)
	require.NoError(t, err)
	require.Len(t, problems, 1)
}

func TestI3_OneOpenApplicationForSubjectKindAndBusiness(t *testing.T) {
	d := newDesk(t)
	var group sync.WaitGroup
	results := make([]error, 8)
	for i := range results {
		group.Go(func() { _, results[i] = d.ApplyForCertificate(context.WithoutCancel(t.Context()), d.request()) })
	}
	group.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
			continue
		}
		require.Equal(t, record.Conflict, record.CodeOf(err))
	}
	require.Equal(t, 1, won)
	other := d.request()
	other.Kind = record.AgentCertificate
	_, err := d.ApplyForCertificate(t.Context(), other)
	require.NoError(t, err, "another kind is another application")
	d.verified(t)
}

func TestW17_ApplicationsOfOthersAreNotFound(t *testing.T) {
	d, other := newDesk(t), newDesk(t)
	id := d.apply(t)
	_, err := other.Application(t.Context(), other.subject.ID, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	_, err = other.ApplicationBundle(t.Context(), other.subject.ID, id)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	_, err = other.WithdrawApplication(t.Context(), other.subject.ID, other.applicant(), id, storage.NewID())
	require.Equal(t, record.NotFound, record.CodeOf(err))
	_, err = other.WithdrawApplication(t.Context(), d.subject.ID, other.applicant(), id, storage.NewID())
	require.Equal(t, record.NotFound, record.CodeOf(err))
	r := d.request()
	r.Actor = other.applicant()
	_, err = d.ApplyForCertificate(t.Context(), r)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	mine, err := other.Applications(t.Context(), other.subject.ID)
	require.NoError(t, err)
	require.Empty(t, mine)
}

func TestS17_AFailedDeliveryIsShownAndSentAgain(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	_, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	state, err := d.HandedOff(t.Context(), id, record.CAAnswer{Failure: record.CAUnreachable})
	require.NoError(t, err)
	require.Equal(t, record.ApplicationFailed, state.Status)
	require.False(t, state.Delivered)
	require.Empty(t, state.Open, "the command has its outcome: an attempt was made")
	a := d.application(t, id)
	require.Equal(t, 1, a.Attempts)
	require.Contains(t, a.Failure, "无法连接")
	require.Contains(t, d.topics(t), "ca_failed")

	// A second failure is no second step.
	_, _, err = d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	_, err = d.HandedOff(t.Context(), id, record.CAAnswer{Failure: record.CATimeout})
	require.NoError(t, err)
	require.Equal(t, []record.ApplicationStatus{record.ApplicationPending, record.ApplicationFailed}, d.statuses(t, id))

	command := storage.NewID()
	receipt, err := d.ResendApplication(t.Context(), d.subject.ID, d.applicant(), id, command)
	require.NoError(t, err)
	again, err := d.ResendApplication(t.Context(), d.subject.ID, d.applicant(), id, command)
	require.NoError(t, err)
	require.Equal(t, receipt, again)
	require.Equal(t, record.ApplicationPending, d.application(t, id).Status)
	_, err = d.ResendApplication(t.Context(), d.subject.ID, d.applicant(), id, storage.NewID())
	require.Equal(t, record.Conflict, record.CodeOf(err))

	state = d.deliver(t, id)
	require.True(t, state.Delivered)
	require.Empty(t, state.Open)
	require.False(t, state.Plan.PollAt.IsZero())
	require.False(t, state.Plan.EscalateAt.IsZero())
	a = d.application(t, id)
	require.Equal(t, record.ApplicationSent, a.Status)
	require.Equal(t, accepted.Papers, a.Papers)
	require.Equal(t, accepted.Counters, a.Counters)
	require.Empty(t, a.Failure)
	bundle, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	require.Nil(t, bundle, "what was delivered is not delivered again")
	d.verified(t)
}

func TestT8_AnOutcomeWrittenTwiceIsOne(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	first := d.deliver(t, id)
	second, err := d.HandedOff(t.Context(), id, record.CAAnswer{Acceptance: accepted})
	require.NoError(t, err)
	require.Equal(t, first.Status, second.Status)
	late, err := d.HandedOff(t.Context(), id, record.CAAnswer{Failure: record.CATimeout})
	require.NoError(t, err)
	require.Equal(t, record.ApplicationSent, late.Status)
	require.Len(t, d.statuses(t, id), 2)
	d.verified(t)
}

func TestAnAttemptWithoutAnOutcomeIsShownAsFailed(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	_, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	state, err := d.OverdueHandOff(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, record.ApplicationFailed, state.Status)
	state, err = d.HandedOff(t.Context(), id, record.CAAnswer{Acceptance: accepted})
	require.NoError(t, err)
	require.Equal(t, record.ApplicationSent, state.Status)
	state, err = d.OverdueHandOff(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, record.ApplicationSent, state.Status)
}

func TestS16_ABusinessRefusalClosesTheApplication(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	_, _, err := d.BeginHandOff(t.Context(), id)
	require.NoError(t, err)
	state, err := d.HandedOff(t.Context(), id, record.CAAnswer{Refused: true, Reason: "该单位已有有效证书"})
	require.NoError(t, err)
	require.True(t, state.Closed)
	a := d.application(t, id)
	require.Equal(t, record.ApplicationRejected, a.Status)
	require.Equal(t, "该单位已有有效证书", a.Reason)
	require.Contains(t, a.Events[len(a.Events)-1].Text, "该单位已有有效证书")
	require.Contains(t, d.topics(t), "ca_rejected")
	d.apply(t) // there is room for another
	d.verified(t)
}

func TestWithdrawals(t *testing.T) {
	t.Run("before the first attempt nobody is asked", func(t *testing.T) {
		d := newDesk(t)
		id := d.apply(t)
		command := storage.NewID()
		_, err := d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, command)
		require.NoError(t, err)
		require.True(t, d.application(t, id).Withdrawing)
		_, err = d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, storage.NewID())
		require.Equal(t, record.Conflict, record.CodeOf(err))
		bundle, state, err := d.BeginHandOff(t.Context(), id)
		require.NoError(t, err)
		require.Nil(t, bundle)
		require.True(t, state.Withdrawing)
		ask, state, err := d.BeginWithdrawal(t.Context(), id)
		require.NoError(t, err)
		require.False(t, ask)
		require.True(t, state.Closed)
		require.Empty(t, state.Open)
		done, err := d.CommandStatus(t.Context(), command)
		require.NoError(t, err)
		require.True(t, done.Outcome.Applied)
		d.verified(t)
	})
	t.Run("the CA company agrees", func(t *testing.T) {
		d := newDesk(t)
		id := d.apply(t)
		d.deliver(t, id)
		_, err := d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, storage.NewID())
		require.NoError(t, err)
		ask, _, err := d.BeginWithdrawal(t.Context(), id)
		require.NoError(t, err)
		require.True(t, ask)
		state, err := d.Withdrawn(t.Context(), id, record.CAAnswer{Failure: record.CATimeout}, nil)
		require.NoError(t, err)
		require.True(t, state.Withdrawing)
		first, err := json.Marshal(says(id, 1, record.CAAccepted, ""))
		require.NoError(t, err)
		second, err := json.Marshal(says(id, 2, record.CAWithdrawn, ""))
		require.NoError(t, err)
		state, err = d.Withdrawn(t.Context(), id, record.CAAnswer{Events: [][]byte{first, second}}, nil)
		require.NoError(t, err)
		require.True(t, state.Closed)
		require.Equal(t, record.ApplicationWithdrawn, state.Status)
		d.verified(t)
	})
	t.Run("the CA company does not know it", func(t *testing.T) {
		d := newDesk(t)
		id := d.apply(t)
		_, _, err := d.BeginHandOff(t.Context(), id)
		require.NoError(t, err)
		_, err = d.HandedOff(t.Context(), id, record.CAAnswer{Failure: record.CATimeout})
		require.NoError(t, err)
		_, err = d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, storage.NewID())
		require.NoError(t, err)
		ask, _, err := d.BeginWithdrawal(t.Context(), id)
		require.NoError(t, err)
		require.True(t, ask, "the attempt that failed may have arrived")
		state, err := d.Withdrawn(t.Context(), id, record.CAAnswer{Unknown: true}, nil)
		require.NoError(t, err)
		require.Equal(t, record.ApplicationWithdrawn, state.Status)
		d.verified(t)
	})
	t.Run("too late", func(t *testing.T) {
		d := newDesk(t)
		id := d.apply(t)
		d.deliver(t, id)
		command := storage.NewID()
		_, err := d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, command)
		require.NoError(t, err)
		state, err := d.Withdrawn(t.Context(), id, record.CAAnswer{Refused: true}, nil)
		require.NoError(t, err)
		require.False(t, state.Closed)
		require.False(t, state.Withdrawing)
		done, err := d.CommandStatus(t.Context(), command)
		require.NoError(t, err)
		require.Equal(t, record.RefusedState, done.Outcome.Refusal)
		require.Contains(t, d.topics(t), storage.TopicCAWithdrawDenied)
		for i, kind := range []record.CAEventType{record.CAAccepted, record.CAProducing} {
			_, err := d.called(t, says(id, i+1, kind, ""))
			require.NoError(t, err)
		}
		_, err = d.ApplyCallbacks(t.Context(), id, nil)
		require.NoError(t, err)
		_, err = d.WithdrawApplication(t.Context(), d.subject.ID, d.applicant(), id, storage.NewID())
		require.Equal(t, record.Conflict, record.CodeOf(err))
		d.verified(t)
	})
}

func TestN07_SilenceIsToldToStaffOnce(t *testing.T) {
	d := newDesk(t)
	id := d.apply(t)
	d.deliver(t, id)
	state, err := d.EscalateApplication(t.Context(), id)
	require.NoError(t, err)
	require.False(t, state.Plan.EscalateAt.IsZero(), "it is not due")
	_, err = d.owner.NewRaw(`UPDATE ca_applications SET accepted_at = accepted_at - interval '30 days', sent_at = sent_at - interval '30 days',
		heard_at = heard_at - interval '30 days' WHERE id = ?`, id).Exec(t.Context())
	require.NoError(t, err)
	for range 2 {
		state, err = d.EscalateApplication(t.Context(), id)
		require.NoError(t, err)
		require.Zero(t, state.Plan.EscalateAt)
	}
	silent, err := d.SilentApplications(t.Context())
	require.NoError(t, err)
	require.Len(t, withID(silent, id), 1)
	count := 0
	for _, topic := range d.topics(t) {
		if topic == storage.TopicCASilent {
			count++
		}
	}
	require.Equal(t, 1, count)

	// A word ends the silence.
	_, err = d.called(t, says(id, 1, record.CAAccepted, ""))
	require.NoError(t, err)
	state, err = d.ApplyCallbacks(t.Context(), id, nil)
	require.NoError(t, err)
	require.False(t, state.Plan.EscalateAt.IsZero())
	silent, err = d.SilentApplications(t.Context())
	require.NoError(t, err)
	require.Empty(t, withID(silent, id))
	d.verified(t)
}

func withID(all []storage.Application, id record.ID) []storage.Application {
	var found []storage.Application
	for _, a := range all {
		if a.ID == id {
			found = append(found, a)
		}
	}
	return found
}

func TestAPIKeysHaveScopesAndEnd(t *testing.T) {
	store := storagetest.Open(t)
	by := record.Actor{Role: record.Supervisor}
	key, text, err := store.AddAPIKey(t.Context(), by, "CA 公司", []storage.Scope{storage.ScopeCARead}, time.Time{})
	require.NoError(t, err)
	found, err := store.APIKeyOf(t.Context(), text)
	require.NoError(t, err)
	require.Equal(t, key.ID, found.ID)
	require.True(t, found.May(storage.ScopeCARead))
	require.False(t, found.May(storage.ScopeEligibilityRead))
	listed, err := store.APIKeys(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, listed)

	for _, wrong := range []string{"", "urk_", text + "X", text[:len(text)-1]} {
		_, err = store.APIKeyOf(t.Context(), wrong)
		require.Equal(t, record.Unauthorized, record.CodeOf(err))
	}
	require.NoError(t, store.RevokeAPIKey(t.Context(), by, key.ID))
	_, err = store.APIKeyOf(t.Context(), text)
	require.Equal(t, record.Unauthorized, record.CodeOf(err))
	require.Equal(t, record.NotFound, record.CodeOf(store.RevokeAPIKey(t.Context(), by, key.ID)))

	_, expired, err := store.AddAPIKey(t.Context(), by, "过期", []storage.Scope{storage.ScopeCARead}, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	_, err = store.APIKeyOf(t.Context(), expired)
	require.Equal(t, record.Unauthorized, record.CodeOf(err))
	_, _, err = store.AddAPIKey(t.Context(), by, "无权限", []storage.Scope{"all"}, time.Time{})
	require.Equal(t, record.Invalid, record.CodeOf(err))
}
