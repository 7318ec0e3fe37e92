package partner_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

func bundle() record.CABundle {
	b := record.CABundle{
		Reference: record.ID(uuid.Must(uuid.NewV7()).String()), Business: record.BusinessRenew, Kind: record.OrganizationCertificate,
		Medium: record.MediumUKey, Years: 2, Pickup: record.PickupMail, MailAddress: "示范大道 100 号",
		Certificate: &record.CertificateName{Issuer: "CN=示范 CA", Serial: "0AFF"}, AppliedAt: time.Now(),
	}
	sample.Organization(sample.CreditCode(1), "示范建工有限公司", form.File{}).Bundle(&b)
	return b
}

// The company checks every request against the contract when the test ends.
func TestP9_WhatGoesToTheCACompanyIsWhatWasAgreed(t *testing.T) {
	company := partnertest.NewCompany(t)
	client := company.Client(t, 0)
	b := bundle()
	answer := client.Apply(t.Context(), b)
	require.Empty(t, answer.Failure, "%v", answer.Cause)
	require.Equal(t, "CA-0001", answer.Acceptance.OrderNo)
	require.Len(t, answer.Acceptance.Counters, 1)
	require.Equal(t, "示范受理点", answer.Acceptance.Counters[0].Name)

	id, body := company.Happen(t, b.Reference, record.CAAccepted, "")
	state := client.State(t.Context(), b.Reference)
	require.Empty(t, state.Failure)
	require.Len(t, state.Events, 1)
	require.JSONEq(t, string(body), string(state.Events[0]))
	require.Contains(t, string(state.Events[0]), id)

	withdrawn := client.Withdraw(t.Context(), b.Reference)
	require.Empty(t, withdrawn.Failure)
	require.Len(t, withdrawn.Events, 2)

	unknown := bundle().Reference
	require.True(t, client.State(t.Context(), unknown).Unknown)
	require.True(t, client.Withdraw(t.Context(), unknown).Unknown)

	person := record.CABundle{
		Reference: unknown, Business: record.BusinessApply, Kind: record.PersonCertificate, Medium: record.MediumUKey, Years: 1,
		Pickup: record.PickupCounter, AppliedAt: time.Now(),
	}
	sample.Person(sample.ResidentID(1), "𠮷田一郎", form.File{}).Bundle(&person)
	require.Empty(t, client.Apply(t.Context(), person).Failure)
}

func TestP4_TheSameApplicationAgainIsOne(t *testing.T) {
	company := partnertest.NewCompany(t)
	client := company.Client(t, 0)
	company.Fail(partnertest.Lose, partnertest.Sound)
	b := bundle()
	require.Equal(t, record.CAUnreachable, client.Apply(t.Context(), b).Failure)
	require.Empty(t, client.Apply(t.Context(), b).Failure)
	require.Equal(t, 1, company.Applications())
	b.Years = 1
	require.Equal(t, record.CAConflict, client.Apply(t.Context(), b).Failure)
}

func TestWhatACallComesTo(t *testing.T) {
	company := partnertest.NewCompany(t)
	client := company.Client(t, 300*time.Millisecond)
	for fault, want := range map[partnertest.Fault]record.CAFailure{
		partnertest.Down: record.CABroken, partnertest.Hang: record.CATimeout, partnertest.Babble: record.CAMalformed,
	} {
		company.Fail(fault)
		b := bundle()
		answer := client.Apply(t.Context(), b)
		require.Equal(t, want, answer.Failure, fault)
		require.Error(t, answer.Cause)
		require.NotContains(t, answer.Cause.Error(), company.URL, "addresses stay in the configuration")
		require.NotContains(t, answer.Cause.Error(), b.Name)
	}
	company.Fail(partnertest.Refuse)
	answer := client.Apply(t.Context(), bundle())
	require.True(t, answer.Refused)
	require.Equal(t, "该单位已有有效证书", answer.Reason)

	company.Fail()
	stranger, err := partner.NewClient(partner.Config{URL: company.URL, Token: "other", Secrets: []string{secret(9)}, Private: true})
	require.NoError(t, err)
	require.Equal(t, record.CAUnauthorized, stranger.Apply(t.Context(), bundle()).Failure)
	require.Equal(t, record.CAUnauthorized, stranger.State(t.Context(), bundle().Reference).Failure)

	none, err := partner.NewClient(partner.Config{})
	require.NoError(t, err)
	for _, answer := range []record.CAAnswer{
		none.Apply(t.Context(), bundle()), none.State(t.Context(), "r"), none.Withdraw(t.Context(), bundle().Reference),
	} {
		require.Equal(t, record.CAUnconfigured, answer.Failure)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.Copy(w, io.LimitReader(zeros{}, 64<<20))
	}))
	defer endless.Close()
	client, err := partner.NewClient(partner.Config{URL: endless.URL, Secrets: []string{secret(1)}, Issuers: []string{endless.URL}, Private: true})
	require.NoError(t, err)
	require.Equal(t, record.CAMalformed, client.State(t.Context(), bundle().Reference).Failure)
	_, err = client.FetchCRL(t.Context(), endless.URL+"/x.crl")
	require.ErrorContains(t, err, "longer")
	_, err = client.AskOCSP(t.Context(), endless.URL+"/ocsp", []byte("?"))
	require.ErrorContains(t, err, "longer")
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestW35_OutboundCallsAreGuarded(t *testing.T) {
	reached := 0
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer inside.Close()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusFound)
	}))
	defer elsewhere.Close()
	port := strings.TrimPrefix(elsewhere.URL, "http://127.0.0.1:")

	t.Run("no redirect is followed", func(t *testing.T) {
		client, err := partner.NewClient(partner.Config{URL: elsewhere.URL, Secrets: []string{secret(1)}, Issuers: []string{inside.URL}, Private: true})
		require.NoError(t, err)
		require.Equal(t, record.CABroken, client.State(t.Context(), bundle().Reference).Failure)
		_, err = client.FetchCRL(t.Context(), elsewhere.URL)
		require.ErrorContains(t, err, "302")
	})
	t.Run("only hosts of the configuration", func(t *testing.T) {
		client, err := partner.NewClient(partner.Config{Issuers: []string{elsewhere.URL}, Private: true})
		require.NoError(t, err)
		for _, address := range []string{
			inside.URL, "http://localhost:" + port, "https://127.0.0.1:" + port, "http://user@127.0.0.1:" + port, "file:///etc/passwd", "http://[::1]:" + port,
		} {
			_, err = client.FetchCRL(t.Context(), address)
			require.ErrorContains(t, err, "may not be called", address)
		}
	})
	t.Run("no private address unless allowed, whatever the name", func(t *testing.T) {
		for _, address := range []string{inside.URL, "http://localhost" + inside.URL[strings.LastIndex(inside.URL, ":"):]} {
			client, err := partner.NewClient(partner.Config{URL: address, Secrets: []string{secret(1)}})
			require.NoError(t, err)
			require.Equal(t, record.CAForbidden, client.State(t.Context(), bundle().Reference).Failure, address)
		}
	})
	t.Run("no proxy of the environment", func(t *testing.T) {
		proxy, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer func() { require.NoError(t, proxy.Close()) }()
		t.Setenv("HTTP_PROXY", "http://"+proxy.Addr().String())
		t.Setenv("http_proxy", "http://"+proxy.Addr().String())
		client, err := partner.NewClient(partner.Config{Issuers: []string{"http://ca.invalid/x.crl"}, Private: true})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err = client.FetchCRL(ctx, "http://ca.invalid/x.crl")
		require.Error(t, err)
		require.NoError(t, proxy.(*net.TCPListener).SetDeadline(time.Now().Add(50*time.Millisecond)))
		_, err = proxy.Accept()
		require.Error(t, err, "nobody came")
	})
	require.Zero(t, reached)
}
