package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/workflows"
)

// caller is the CA company as the portal meets it.
type caller struct {
	*portal
	contract *partnertest.Contract
	signer   *partner.Signer
	bell     *callbackBell
	address  string
}

type callbackBell struct {
	mu   sync.Mutex
	ids  []record.ID
	away bool
}

func (b *callbackBell) Called(_ context.Context, id record.ID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return workflows.ErrUnavailable
	}
	b.ids = append(b.ids, id)
	return nil
}

func newCaller(t *testing.T) *caller {
	t.Helper()
	verifier, err := partner.NewVerifier([]string{partnertest.Secret})
	require.NoError(t, err)
	signer, err := partner.NewSigner([]string{partnertest.Secret})
	require.NoError(t, err)
	c := &caller{contract: partnertest.NewContract(t), signer: signer, bell: &callbackBell{}}
	c.portal = newPortal(t, func(o *Options) { o.Callbacks, o.CallbackBell = verifier, c.bell })
	c.address = c.browser().address
	return c
}

// application applies for a certificate on behalf of a new organization.
func (c *caller) application() record.ID {
	c.t.Helper()
	ctx := c.t.Context()
	registered, err := c.Store.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: newCreditCode(), Name: "示范建工" + suffix(), Password: "hash",
	})
	require.NoError(c.t, err)
	profile, err := c.Store.StartDraft(ctx, registered.Account, registered.Subject, record.OrganizationProfile)
	require.NoError(c.t, err)
	draft, err := c.Store.Draft(ctx, registered.Subject.ID, profile)
	require.NoError(c.t, err)
	document := sample.Organization(registered.Subject.Code, registered.Subject.Name, form.File{})
	document.Licence, document.RepresentativeCard, document.AgentAuthorization, document.AccountConfirmation = nil, nil, nil, nil
	_, err = c.Store.SaveDraft(ctx, registered.Subject.ID, profile, draft.Version, document)
	require.NoError(c.t, err)
	id := storage.NewID()
	_, err = c.Store.ApplyForCertificate(ctx, storage.ApplicationRequest{
		Command: id, Subject: registered.Subject.ID, Actor: record.Actor{Role: record.Applicant, ID: registered.Account},
		Business: record.BusinessApply, Kind: record.OrganizationCertificate, Years: 1, Pickup: record.PickupCounter,
	})
	require.NoError(c.t, err)
	return id
}

func callbackOf(reference record.ID, sequence int, kind record.CAEventType) (string, []byte) {
	id := fmt.Sprintf("evt-%s-%d", reference, sequence)
	return id, fmt.Appendf(nil, `{"id":%q,"reference":%q,"sequence":%d,"type":%q,"at":%q}`,
		id, reference, sequence, kind, time.Now().UTC().Format(time.RFC3339))
}

// called is a callback, signed at that instant; change may spoil it.
func (c *caller) called(id string, body []byte, at time.Time, change func(*http.Request)) *http.Response {
	c.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/ca/callbacks", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	require.NoError(c.t, c.signer.Sign(r.Header, id, at, body))
	if change != nil {
		change(r)
	}
	return c.ask(r)
}

// ask sends a request and checks the answer against the contract.
func (c *caller) ask(r *http.Request) *http.Response {
	c.t.Helper()
	r.Header.Set("X-Forwarded-For", c.address)
	answer, err := c.App().Test(r, -1)
	require.NoError(c.t, err)
	require.Empty(c.t, answer.Header.Values("Set-Cookie"), "other systems know no cookies")
	c.contract.Response(c.t, httptest.NewRequest(r.Method, r.URL.String(), nil), answer)
	return answer
}

func (c *caller) code(answer *http.Response) string {
	c.t.Helper()
	require.Equal(c.t, "application/problem+json", answer.Header.Get("Content-Type"))
	var problem struct {
		Code, Title, Detail string
		Status              int
	}
	require.NoError(c.t, json.NewDecoder(answer.Body).Decode(&problem))
	require.Equal(c.t, answer.StatusCode, problem.Status)
	require.NotEmpty(c.t, problem.Detail)
	return problem.Code
}

func TestP9_EveryAnswerToTheCACompanyIsWhatWasAgreed(t *testing.T) {
	c := newCaller(t)
	reference := c.application()
	id, body := callbackOf(reference, 1, record.CAAccepted)
	now := time.Now()

	require.Equal(t, http.StatusNoContent, c.called(id, body, now, nil).StatusCode)
	require.Equal(t, []record.ID{reference}, c.bell.ids)
	require.Equal(t, http.StatusNoContent, c.called(id, body, now.Add(-time.Minute), nil).StatusCode, "the same again")
	require.Equal(t, []record.ID{reference}, c.bell.ids)

	for name, call := range map[string]struct {
		status   int
		code     string
		id       string
		body     []byte
		at       time.Time
		contrive func(*http.Request)
	}{
		"another body under the id":   {http.StatusConflict, "id_reused", id, bytes.Replace(body, []byte("accepted"), []byte("rejected"), 1), now, nil},
		"P1 too old":                  {http.StatusUnauthorized, "webhook_timestamp", id, body, now.Add(-6 * time.Minute), nil},
		"P1 from the future":          {http.StatusUnauthorized, "webhook_timestamp", id, body, now.Add(6 * time.Minute), nil},
		"P1 signature of another key": {http.StatusUnauthorized, "webhook_signature", id, body, now, signedBy(t, id, body)},
		"P1 body changed under way": {http.StatusUnauthorized, "webhook_signature", id, body, now, func(r *http.Request) {
			r.Body = http.NoBody
			*r = *httptest.NewRequest(r.Method, r.URL.Path, bytes.NewReader(append([]byte(" "), body...))).WithContext(r.Context())
			require.NoError(t, c.signer.Sign(r.Header, id, now, body))
		}},
		"no headers":            {http.StatusUnauthorized, "webhook_headers", id, body, now, func(r *http.Request) { r.Header.Del(partner.HeaderSignature) }},
		"id of another message": {http.StatusBadRequest, "malformed", "evt-other", body, now, nil},
		"no JSON":               {http.StatusBadRequest, "malformed", id, []byte("{"), now, nil},
		"too large":             {http.StatusRequestEntityTooLarge, "refused", id, bytes.Repeat([]byte(" "), 257<<10), now, nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer := c.called(call.id, call.body, call.at, call.contrive)
			require.Equal(t, call.status, answer.StatusCode)
			require.Equal(t, call.code, c.code(answer))
		})
	}
	unknown, unknownBody := callbackOf(storage.NewID(), 1, record.CAAccepted)
	answer := c.called(unknown, unknownBody, now, nil)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Equal(t, "unknown_reference", c.code(answer))
}

// signedBy replaces the signature by one of a key that is not known.
func signedBy(t *testing.T, id string, body []byte) func(*http.Request) {
	t.Helper()
	stranger, err := partner.NewSigner([]string{"whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{9}, 32))})
	require.NoError(t, err)
	return func(r *http.Request) { require.NoError(t, stranger.Sign(r.Header, id, time.Now(), body)) }
}

func TestT2_ACallbackIsWrittenDownWhileTemporalIsAway(t *testing.T) {
	c := newCaller(t)
	c.bell.away = true
	reference := c.application()
	id, body := callbackOf(reference, 1, record.CAAccepted)
	require.Equal(t, http.StatusNoContent, c.called(id, body, time.Now(), nil).StatusCode)
	waiting, err := c.Store.UndeliveredCallbacks(t.Context(), 0, 1000)
	require.NoError(t, err)
	require.Contains(t, waiting, reference)
}

func TestP9_WhereAnApplicationStandsIsToldToKeysOfTheScope(t *testing.T) {
	c := newCaller(t)
	reference := c.application()
	by := record.Actor{Role: record.Supervisor}
	_, reader, err := c.Store.AddAPIKey(t.Context(), by, "CA", []storage.Scope{storage.ScopeCARead}, time.Time{})
	require.NoError(t, err)
	_, other, err := c.Store.AddAPIKey(t.Context(), by, "trading", []storage.Scope{storage.ScopeEligibilityRead}, time.Time{})
	require.NoError(t, err)
	get := func(reference, authorization string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/ca/applications/"+reference, nil)
		if authorization != "" {
			r.Header.Set("Authorization", authorization)
		}
		return c.ask(r)
	}
	answer := get(string(reference), "Bearer "+reader)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var status struct {
		Reference record.ID
		Status    record.ApplicationStatus
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&status))
	require.Equal(t, reference, status.Reference)
	require.Equal(t, record.ApplicationPending, status.Status)

	for name, call := range map[string]struct {
		reference, authorization, code string
		status                         int
	}{
		"no key":            {string(reference), "", "key_missing", http.StatusUnauthorized},
		"wrong key":         {string(reference), "Bearer urk_wrong", "key_invalid", http.StatusUnauthorized},
		"another scope":     {string(reference), "Bearer " + other, "scope", http.StatusForbidden},
		"unknown reference": {string(storage.NewID()), "Bearer " + reader, "unknown_reference", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			answer := get(call.reference, call.authorization)
			require.Equal(t, call.status, answer.StatusCode)
			require.Equal(t, call.code, c.code(answer))
		})
	}
	r := httptest.NewRequest(http.MethodGet, "/api/v1/ca/applications/none", nil)
	r.Header.Set("Authorization", "Bearer "+reader)
	strange, err := c.App().Test(r, -1)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, strange.StatusCode)
	require.NotContains(t, c.log.String(), reader, "keys stay out of the log")
}

func TestW4_WhoFailsToProveItselfTooOftenIsHeldOff(t *testing.T) {
	c := newCaller(t)
	id, body := callbackOf(storage.NewID(), 1, record.CAAccepted)
	last := 0
	for range partnerRefusals + 1 {
		last = c.called(id, body, time.Now(), signedBy(t, id, body)).StatusCode
	}
	require.Equal(t, http.StatusTooManyRequests, last)
}

func TestTheContractIsServed(t *testing.T) {
	p := newPortal(t, nil)
	a := p.browser().get("/api/openapi.yaml")
	require.Equal(t, http.StatusOK, a.Status)
	require.Equal(t, string(partner.Contract), a.Body)
	require.True(t, strings.HasPrefix(a.Header.Get("Content-Type"), "application/yaml"))
	stray := httptest.NewRequest(http.MethodGet, "/api/v1/nothing", nil)
	answer, err := p.App().Test(stray, -1)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, answer.StatusCode)
	require.Equal(t, "application/problem+json", answer.Header.Get("Content-Type"))
}

func TestP9_S13_TradingSystemsAskWhetherAnOrganizationMayBid(t *testing.T) {
	c := newCaller(t)
	_, key, err := c.Store.AddAPIKey(t.Context(), record.Actor{Role: record.Supervisor}, "trading", []storage.Scope{storage.ScopeEligibilityRead}, time.Time{})
	require.NoError(t, err)
	who := c.newOrganization()
	ask := func(code string) *http.Response {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/subjects/"+code+"/eligibility", nil)
		r.Header.Set("Authorization", "Bearer "+key)
		return c.ask(r)
	}
	answer := ask(who.subject.Code)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	var told struct {
		Code              string
		Paper, Electronic struct {
			Eligible bool
			Reasons  []string
		}
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&told))
	require.Equal(t, who.subject.Code, told.Code)
	require.False(t, told.Paper.Eligible)
	require.Equal(t, []string{"基本信息尚未提交"}, told.Electronic.Reasons)
	unknown := ask(newCreditCode())
	require.Equal(t, http.StatusNotFound, unknown.StatusCode)
	require.Equal(t, "unknown_subject", c.code(unknown))
}
