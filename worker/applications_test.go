package worker_test

import (
	"context"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// house is a worker with a CA company behind HTTP, on real servers.
type house struct {
	t        *testing.T
	engine   *workflowstest.Engine
	database *storagetest.Database
	store    *storage.Store
	company  *partnertest.Company
	issuing  *authority.Authority
	trust    *certificate.Trust
}

func newHouse(t *testing.T, pollEvery time.Duration) *house {
	t.Helper()
	h := &house{t: t, engine: workflowstest.Fresh(t), database: storagetest.Fresh(t), company: partnertest.NewCompany(t)}
	policy := storagetest.Policy()
	policy.CAPollEvery = pollEvery
	h.store = storage.New(h.database.App, storagetest.Keys(), policy)
	from, to := time.Now().AddDate(-1, 0, 0), time.Now().AddDate(9, 0, 0)
	root, err := authority.NewRoot(pkix.Name{CommonName: "示范 CA 根"}, certificate.SM2, from, to)
	require.NoError(t, err)
	h.issuing, err = root.NewIntermediate(pkix.Name{CommonName: "示范 CA"}, certificate.SM2, from, to)
	require.NoError(t, err)
	text, err := authority.TrustJSON(h.issuing.TrustEntry("示范 CA"))
	require.NoError(t, err)
	h.trust, err = certificate.ParseTrust(text)
	require.NoError(t, err)
	return h
}

// serve runs a worker whose calls of the company wait that long.
func (h *house) serve(timeout time.Duration) (stop func()) {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	done := make(chan error, 1)
	go func() {
		done <- worker.Run(ctx, worker.Config{
			Temporal: h.engine.Client, Namespace: h.engine.Namespace, Store: h.store, AbandonAfter: 90 * 24 * time.Hour,
			Company: h.company.Client(h.t, timeout), Trust: h.trust, Logger: slog.New(slog.DiscardHandler),
		})
	}()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			require.NoError(h.t, <-done)
		})
	}
	h.t.Cleanup(stop)
	return stop
}

// application is one of a new subject.
type application struct {
	*house
	desk *desk
	id   record.ID
}

func (h *house) apply() *application {
	h.t.Helper()
	d := newDeskOn(h.t, h.engine, h.database)
	id := storage.NewID()
	_, err := h.store.ApplyForCertificate(h.t.Context(), storage.ApplicationRequest{
		Command: id, Subject: d.subject.ID, Actor: d.by(record.Applicant), Business: record.BusinessApply,
		Kind: record.OrganizationCertificate, Years: 1, Pickup: record.PickupCounter,
	})
	require.NoError(h.t, err)
	return &application{h, d, id}
}

func (a *application) ring() error {
	ctx, cancel := context.WithTimeout(a.t.Context(), 30*time.Second)
	defer cancel()
	return a.engine.Door.RingApplication(ctx, a.id, a.id)
}

func (a *application) shown() storage.Application {
	a.t.Helper()
	shown, err := a.store.Application(a.t.Context(), a.desk.subject.ID, a.id)
	require.NoError(a.t, err)
	return shown
}

func (a *application) reaches(status record.ApplicationStatus) {
	a.t.Helper()
	require.Eventually(a.t, func() bool { return a.shown().Status == status }, patience, 30*time.Millisecond, "%s", status)
}

// happens has something happen, and the company calls back if it does.
func (a *application) happens(kind record.CAEventType, callsBack bool, issued ...record.IssuedCertificate) {
	a.t.Helper()
	id, body := a.company.Happen(a.t, a.id, kind, "", issued...)
	if !callsBack {
		return
	}
	taken, err := a.store.TakeCallback(a.t.Context(), storage.Callback{ID: id, Body: body})
	require.NoError(a.t, err)
	require.NoError(a.t, a.engine.Door.Called(a.t.Context(), taken.Application))
}

func (a *application) certificate() record.IssuedCertificate {
	a.t.Helper()
	key, err := authority.GenerateKey(certificate.SM2)
	require.NoError(a.t, err)
	der, err := a.issuing.Issue(key.Public(), authority.Request{
		Profile: authority.Organization, Code: a.desk.subject.Code, Organization: a.desk.subject.Name,
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().AddDate(1, 0, 0),
	})
	require.NoError(a.t, err)
	return record.IssuedCertificate{Use: record.UseSigning, PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

func (h *house) agrees() {
	h.t.Helper()
	found, err := h.store.Verify(h.t.Context())
	require.NoError(h.t, err)
	require.Empty(h.t, found)
}

func TestS16_FromTheApplicationToTheBoundCertificateOverHTTP(t *testing.T) {
	h := newHouse(t, time.Hour)
	h.serve(0)
	a := h.apply()
	require.NoError(t, a.ring())
	shown := a.shown()
	require.Equal(t, record.ApplicationSent, shown.Status)
	require.NotEmpty(t, shown.Papers)
	require.NotEmpty(t, shown.Counters)
	for _, kind := range []record.CAEventType{record.CAAccepted, record.CASupplement, record.CAAccepted, record.CAProducing} {
		a.happens(kind, true)
	}
	a.happens(record.CAIssued, true, a.certificate())
	a.reaches(record.ApplicationBound)
	bound, err := h.store.Certificates(t.Context(), a.desk.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 1)
	require.Eventually(t, func() bool {
		running, err := h.engine.Door.RunningApplications(t.Context())
		require.NoError(t, err)
		return len(running) == 0
	}, patience, 100*time.Millisecond)
	h.agrees()
}

// What nobody rings for, the relay does: after the portal died, or while
// Temporal or the workers were away.
func TestI6_TheRelayCallsForApplicationsAndCallbacks(t *testing.T) {
	h := newHouse(t, time.Hour)
	a := h.apply()
	stop := h.serve(0)
	a.reaches(record.ApplicationSent)
	stop()
	id, body := h.company.Happen(t, a.id, record.CAAccepted, "")
	_, err := h.store.TakeCallback(t.Context(), storage.Callback{ID: id, Body: body})
	require.NoError(t, err)
	h.serve(0)
	a.reaches(record.ApplicationInProgress)
	h.agrees()
}

func TestP4_ManyApplicationsWithLostAnswersAreAsManyInTheLedger(t *testing.T) {
	h := newHouse(t, time.Hour)
	h.serve(0)
	const many = 40
	var faults []partnertest.Fault
	for i := range 3 * many {
		if i%5 == 0 {
			faults = append(faults, partnertest.Lose)
		} else {
			faults = append(faults, partnertest.Sound)
		}
	}
	h.company.Fail(faults...)
	var all []*application
	for range many {
		all = append(all, h.apply())
	}
	var group sync.WaitGroup
	for _, a := range all {
		group.Go(func() { _ = a.ring() })
	}
	group.Wait()
	for _, a := range all {
		a.reaches(record.ApplicationSent)
	}
	require.Equal(t, many, h.company.Applications())
	require.Greater(t, h.company.Calls(), many)
	h.agrees()
}

func TestP6_AHangingCACompanyStallsNothing(t *testing.T) {
	h := newHouse(t, time.Hour)
	h.serve(2 * time.Second)
	h.company.Fail(partnertest.Hang)
	var hanging []*application
	for range 24 {
		hanging = append(hanging, h.apply())
	}
	var group sync.WaitGroup
	for _, a := range hanging {
		group.Go(func() { _ = a.ring() })
	}
	d := newDeskOn(t, h.engine, h.database)
	began := time.Now()
	for _, move := range []record.Move{record.Submit, record.Withdraw, record.Submit} {
		command := d.accept(move)
		// On a busy machine a ring may find nobody in time; then the relay rings.
		_, _ = d.engine.Door.Ring(t.Context(), d.profile, command)
		require.Eventually(t, func() bool { return d.done(command) }, patience, 20*time.Millisecond)
	}
	require.Less(t, time.Since(began), 20*time.Second, "filings go on as ever")
	group.Wait()
	for _, a := range hanging {
		a.reaches(record.ApplicationFailed)
	}
	h.company.Fail()
	for _, a := range hanging {
		_, err := h.store.ResendApplication(t.Context(), a.desk.subject.ID, a.desk.by(record.Applicant), a.id, storage.NewID())
		if record.CodeOf(err) == record.Conflict {
			continue // it was tried again by itself meanwhile
		}
		require.NoError(t, err) // and the relay calls
	}
	for _, a := range hanging {
		a.reaches(record.ApplicationSent)
	}
	require.Equal(t, len(hanging), h.company.Applications())
	h.agrees()
}

func TestP7_EveryCallbackDroppedIsHealedByPolling(t *testing.T) {
	h := newHouse(t, time.Second)
	h.serve(0)
	a := h.apply()
	require.NoError(t, a.ring())
	for _, kind := range []record.CAEventType{record.CAAccepted, record.CAProducing} {
		a.happens(kind, false)
	}
	a.happens(record.CAIssued, false, a.certificate())
	a.reaches(record.ApplicationBound)
	h.agrees()
}

// CA: ×50 shuffled duplicates.
func TestP3_FiftyShuffledDuplicatesOfEachCallback(t *testing.T) {
	h := newHouse(t, time.Hour)
	h.serve(0)
	a := h.apply()
	require.NoError(t, a.ring())
	var calls []storage.Callback
	for _, kind := range []record.CAEventType{record.CAAccepted, record.CAPayment, record.CAProducing} {
		id, body := h.company.Happen(t, a.id, kind, "")
		calls = append(calls, slices.Repeat([]storage.Callback{{ID: id, Body: body}}, 50)...)
	}
	id, body := h.company.Happen(t, a.id, record.CAIssued, "", a.certificate())
	calls = append(calls, slices.Repeat([]storage.Callback{{ID: id, Body: body}}, 50)...)
	var group sync.WaitGroup
	gate := make(chan struct{}, 8)
	for i := range calls {
		c := calls[(i*67+13)%len(calls)]
		group.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			if _, err := h.store.TakeCallback(t.Context(), c); err == nil {
				_ = h.engine.Door.Called(t.Context(), a.id)
			}
		})
	}
	group.Wait()
	a.reaches(record.ApplicationBound)
	var rows int
	require.NoError(t, h.database.App.NewRaw("SELECT count(*) FROM ca_callbacks WHERE outcome = 'applied'").Scan(t.Context(), &rows))
	require.Equal(t, 4, rows)
	h.agrees()
}

func TestI7_AnOpenApplicationWithoutAWorkflowGetsOne(t *testing.T) {
	h := newHouse(t, time.Hour)
	stop := h.serve(0)
	a := h.apply()
	require.NoError(t, a.ring())
	stop()
	require.NoError(t, h.engine.TerminateWorkflow(t.Context(), workflows.ApplicationID(a.id), "", "by an operator"))
	keeper := worker.NewApplications(h.engine.Door, h.store, slog.New(slog.DiscardHandler))
	require.Eventually(t, func() bool {
		started, err := keeper.Reconcile(t.Context())
		require.NoError(t, err)
		return started == 1
	}, patience, 100*time.Millisecond)
	started, err := keeper.Reconcile(t.Context())
	require.NoError(t, err)
	require.Zero(t, started)
	h.serve(0)
	a.happens(record.CAAccepted, true)
	a.reaches(record.ApplicationInProgress)
}

func TestI10_TemporalLearnsNothingOfAnApplication(t *testing.T) {
	h := newHouse(t, time.Hour)
	h.serve(0)
	a := h.apply()
	require.NoError(t, a.ring())
	a.happens(record.CAAccepted, true)
	a.happens(record.CARejected, true)
	a.reaches(record.ApplicationRejected)
	require.NoError(t, h.engine.GetWorkflow(t.Context(), workflows.ApplicationID(a.id), "").Get(t.Context(), nil))
	bundle, err := h.store.ApplicationBundle(t.Context(), a.desk.subject.ID, a.id)
	require.NoError(t, err)
	history := h.engine.GetWorkflowHistory(t.Context(), workflows.ApplicationID(a.id), "", false, 1)
	for history.HasNext() {
		event, err := history.Next()
		require.NoError(t, err)
		text := event.String()
		for _, canary := range []string{bundle.Code, bundle.Name, bundle.Representative.Name, bundle.Representative.IDNumber, bundle.Agent.Phone, bundle.Agent.IDNumber} {
			require.NotContains(t, text, canary)
		}
	}
}

// calling is a bell that only Called and the registry of applications serve.
type calling struct {
	called []record.ID
	away   bool
}

func (c *calling) Called(_ context.Context, id record.ID) error {
	if c.away {
		return fmt.Errorf("call: %w", workflows.ErrUnavailable)
	}
	c.called = append(c.called, id)
	return nil
}

func (c *calling) AttendApplication(context.Context, record.ID) (bool, error) { return true, nil }
func (c *calling) RunningApplications(context.Context) ([]record.ID, error)   { return nil, nil }

type waiting []record.ID

func (w waiting) UndeliveredCallbacks(context.Context, time.Duration, int) ([]record.ID, error) {
	return w, nil
}

func (w waiting) OpenApplications(context.Context, record.ID, int) ([]record.ID, error) {
	return nil, nil
}

func TestAnInboxThatStaysIsCalledForMoreRarely(t *testing.T) {
	bell := &calling{}
	keeper := worker.NewApplications(bell, waiting{"a", "b"}, slog.New(slog.DiscardHandler))
	for range 3 {
		require.NoError(t, keeper.Call(t.Context()))
	}
	require.Equal(t, []record.ID{"a", "b"}, bell.called)
	bell.away = true
	keeper = worker.NewApplications(bell, waiting{"a"}, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, keeper.Call(t.Context()), workflows.ErrUnavailable)
}

func TestTheRelayCallsForCommandsOnApplications(t *testing.T) {
	b := &bell{answer: served}
	_, err := relayRound(t, b, open{{ID: "c1", Record: "a", Move: storage.MoveCAApply}, {ID: "c2", Record: "b", Move: record.Submit}})
	require.NoError(t, err)
	require.Equal(t, []record.ID{"a"}, b.called)
	require.Equal(t, []record.ID{"b"}, b.rung)
}
