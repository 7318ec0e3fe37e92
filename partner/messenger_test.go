package partner_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/record"
)

const (
	changeID = "0193f0a0-0000-7000-8000-000000000001"
	recordID = "0193f0a0-0000-7000-8000-000000000002"
)

func message(url string, secrets ...string) record.Message {
	return record.Message{ID: changeID + "_x", URL: url, Secrets: secrets, Change: record.Change{
		ID: changeID, Code: "91430100MA4L16JQ9B", Type: record.ChangeEffective, Kind: record.Qualification, Record: recordID, Version: 2,
		At: time.Date(2026, 3, 5, 1, 30, 0, 123000, time.UTC),
	}}
}

// heard is what a receiver was sent.
type heard struct {
	header http.Header
	body   []byte
}

// receiver answers with a status, and hands over what it was sent.
func receiver(t *testing.T, answer http.HandlerFunc) (url string, got <-chan heard) {
	t.Helper()
	sent := make(chan heard, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		sent <- heard{r.Header, body}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL + "/hooks?of=us", sent
}

func nearby() *partner.Messenger {
	return partner.NewMessenger(partner.MessengerConfig{Private: true, Plain: true, Timeout: 300 * time.Millisecond})
}

func TestB14_EveryMessageIsSignedByEachSecretAsStandardWebhooksHasIt(t *testing.T) {
	url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	attempt, err := nearby().Deliver(t.Context(), message(url, secret(1), secret(2)))
	require.NoError(t, err)
	require.True(t, attempt.Delivered())
	require.Equal(t, http.StatusNoContent, attempt.Status)
	h := <-got
	require.Equal(t, changeID+"_x", h.header.Get("Webhook-Id"))
	require.Equal(t, "application/json", h.header.Get("Content-Type"))
	for _, key := range []string{secret(1), secret(2)} {
		webhook, err := standardwebhooks.NewWebhook(key)
		require.NoError(t, err)
		require.NoError(t, webhook.Verify(h.body, h.header), "who has either secret can verify it")
	}
	stranger, err := standardwebhooks.NewWebhook(secret(3))
	require.NoError(t, err)
	require.Error(t, stranger.Verify(h.body, h.header))
	require.JSONEq(t, `{"id":"`+changeID+`","type":"effective","code":"91430100MA4L16JQ9B","kind":"qualification","record":"`+recordID+`",
		"version":2,"at":"2026-03-05T01:30:00.000123Z"}`, string(h.body))
}

func TestB14_ATestSaysThatItIsOne(t *testing.T) {
	url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	m := message(url, secret(1))
	m.Change = record.Change{ID: changeID, Type: record.ChangeTest, At: time.Unix(1_772_676_000, 0)}
	attempt, err := nearby().Deliver(t.Context(), m)
	require.NoError(t, err)
	require.True(t, attempt.Delivered())
	var told map[string]any
	require.NoError(t, json.Unmarshal((<-got).body, &told))
	require.Equal(t, map[string]any{"id": changeID, "type": "test", "at": "2026-03-05T02:00:00Z"}, told)
}

func TestB14_WhatAnAttemptComesTo(t *testing.T) {
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	elsewhere, visited := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for name, call := range map[string]struct {
		answer  http.HandlerFunc
		failure record.DeliveryFailure
		status  int
	}{
		"taken":            {status(http.StatusAccepted), "", 202},
		"it wants no more": {status(http.StatusGone), record.DeliveryGone, 410},
		"its own fault":    {status(http.StatusInternalServerError), record.DeliveryRefused, 500},
		"not found":        {status(http.StatusNotFound), record.DeliveryRefused, 404},
		"W35 elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}, record.DeliveryRedirected, 307},
		"too slow":              {func(_ http.ResponseWriter, r *http.Request) { waits(r, release) }, record.DeliveryTimeout, 0},
		"cut":                   {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, record.DeliveryUnreachable, 0},
		"an answer without end": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) }, "", 200},
		"an answer that dawdles": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			waits(r, release)
		}, "", 200},
	} {
		t.Run(name, func(t *testing.T) {
			url, _ := receiver(t, call.answer)
			attempt, err := nearby().Deliver(t.Context(), message(url, secret(1)))
			require.NoError(t, err)
			require.Equal(t, call.failure, attempt.Failure)
			require.Equal(t, call.status, attempt.Status)
		})
	}
	require.Empty(t, visited, "no redirect is followed")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	attempt, err := nearby().Deliver(t.Context(), message(gone.URL, secret(1)))
	require.NoError(t, err)
	require.Equal(t, record.DeliveryUnreachable, attempt.Failure)
}

// waits holds an answer back until the caller has gone or the test is over.
func waits(r *http.Request, release <-chan struct{}) {
	select {
	case <-r.Context().Done():
	case <-release:
	}
}

func TestW35_B14_ASubscriberCannotSendUsIntoTheHouse(t *testing.T) {
	url, got := receiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	plain := partner.NewMessenger(partner.MessengerConfig{Plain: true})
	_, port, _ := strings.Cut(strings.TrimPrefix(url, "http://"), ":")
	for _, address := range []string{url, "http://localhost:" + port} {
		attempt, err := plain.Deliver(t.Context(), message(address, secret(1)))
		require.NoError(t, err)
		require.Equal(t, record.DeliveryForbidden, attempt.Failure, address)
	}
	require.Empty(t, got)
	public := partner.NewMessenger(partner.MessengerConfig{})
	for address, want := range map[string]string{
		"https://trade.example.cn/hooks?of=us": "", "https://8.8.8.8:8443/": "",
		"http://trade.example.cn/hooks": "https://", "trade.example.cn": "完整", "https:///x": "完整", "mailto:x@example.cn": "完整", "": "完整",
		"https://me:word@trade.example.cn/": "用户名", "https://trade.example.cn/#part": "#", "https://10.0.0.1/": "内网", "https://[::1]/": "内网",
		"https://169.254.169.254/latest": "内网",
	} {
		problem := public.AddressProblem(address)
		if want == "" {
			require.Empty(t, problem, address)
		} else {
			require.Contains(t, problem, want, address)
		}
	}
}
