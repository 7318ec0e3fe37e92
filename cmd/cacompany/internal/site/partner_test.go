package site_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/webhook"
)

// problemCode reads why something was refused.
func problemCode(t *testing.T, body []byte) string {
	t.Helper()
	var problem protocol.Problem
	require.NoError(t, json.Unmarshal(body, &problem))
	require.NotEmpty(t, problem.Detail, "people are told, too")
	return problem.Code
}

// Every exchange of this package's tests is held against the contract; this one
// goes through each answer of each operation.
func TestP9CompanyKeepsTheContract(t *testing.T) {
	f := newFirm(t)
	a := application()
	body := encode(t, a)
	first := f.say(http.StatusCreated, message{body: body, key: "k1", id: "m1"})
	var acceptance protocol.Acceptance
	require.NoError(t, json.Unmarshal(first, &acceptance))
	require.Equal(t, a.Reference, acceptance.Reference)
	require.NotEmpty(t, acceptance.Papers)
	require.NotEmpty(t, acceptance.Counters)
	require.Equal(t, first, f.say(http.StatusOK, message{body: body, key: "k1", id: "m1"}))
	require.Equal(t, first, f.say(http.StatusOK, message{body: body, key: "k1"}), "another attempt has another webhook-id")

	other := encode(t, application())
	require.Equal(t, "key_reused", problemCode(t, f.say(http.StatusConflict, message{body: other, key: "k1"})))
	require.Equal(t, "message_reused", problemCode(t, f.say(http.StatusConflict, message{body: other, id: "m1"})))
	changed := a
	changed.Years = 3
	require.Equal(t, "reference_known", problemCode(t, f.say(http.StatusConflict, message{body: encode(t, changed)})))
	require.Equal(t, first, f.say(http.StatusOK, message{body: body, key: "k9"}), "the same application under another key is the same")
	require.Equal(t, 1, f.counts().Applications)

	status, answer := f.ask(http.MethodGet, "/applications/"+a.Reference, "wrong", nil)
	require.Equal(t, http.StatusUnauthorized, status)
	require.Equal(t, "unauthorized", problemCode(t, answer))
	status, _ = f.ask(http.MethodGet, "/applications/"+uuid.NewString(), f.settings.Token, nil)
	require.Equal(t, http.StatusNotFound, status)
	require.Empty(t, f.state(a.Reference).Events)

	f.decide(a.Reference, "accept", "supplement", "accept", "payment", "producing")
	outcome := f.operate(http.StatusOK, "applications/"+a.Reference+"/issue", order{"algorithm": "SM2"})
	state := f.state(a.Reference)
	require.Len(t, state.Events, 6)
	require.Equal(t, acceptance.OrderNo, state.OrderNo)
	require.Len(t, state.Events[5].Certificates, 2)
	for i, event := range state.Events {
		require.Equal(t, i+1, event.Sequence)
	}
	require.Len(t, outcome.Serials, 2)
	f.operate(http.StatusOK, "certificates/"+outcome.Serials[0]+"/hold", nil)
	f.operate(http.StatusOK, "certificates/"+outcome.Serials[0]+"/resume", nil)
	f.settle()
	require.Equal(t, 10, f.counts().Deliveries[ledger.Delivered], "each of them as the contract says")

	t.Run("withdrawal", func(t *testing.T) {
		b := application(code(2))
		f.apply(b)
		path, withdrawal := "/applications/"+b.Reference+"/withdrawal", encode(t, protocol.Withdrawal{Reference: b.Reference})
		first := f.say(http.StatusOK, message{path: path, body: withdrawal, key: "w1"})
		require.Equal(t, first, f.say(http.StatusOK, message{path: path, body: withdrawal, key: "w1"}))
		require.Equal(t, first, f.say(http.StatusOK, message{path: path, body: withdrawal, key: "w2"}))
		require.Equal(t, protocol.Withdrawn, f.state(b.Reference).Events[0].Type)
		stranger := uuid.NewString()
		f.say(http.StatusNotFound, message{path: "/applications/" + stranger + "/withdrawal", body: encode(t, protocol.Withdrawal{Reference: stranger})})
		require.Equal(t, "malformed", problemCode(t, f.say(http.StatusUnprocessableEntity, message{path: path, body: encode(t, protocol.Withdrawal{Reference: stranger})})))
		require.Equal(t, "too_late", problemCode(t, f.say(http.StatusUnprocessableEntity, message{
			path: "/applications/" + a.Reference + "/withdrawal", body: encode(t, protocol.Withdrawal{Reference: a.Reference}),
		})))
	})
	t.Run("not of the shape", func(t *testing.T) {
		for _, body := range []string{`{`, `[]`, `{"reference":"x"}`, string(encode(t, application(func(a *protocol.Application) { a.Years = 4 })))} {
			require.Equal(t, "malformed", problemCode(t, f.say(http.StatusUnprocessableEntity, message{body: []byte(body), strange: true})))
		}
	})
	t.Run("down", func(t *testing.T) {
		require.NoError(t, f.board.Set(faults.Switches{RefusePercent: 100}))
		f.say(http.StatusServiceUnavailable, message{body: encode(t, application(code(3)))})
		require.NoError(t, f.board.Set(faults.Switches{}))
	})
}

func TestP1UnsignedOrStaleMessagesAreRefused(t *testing.T) {
	f := newFirm(t)
	body := encode(t, application())
	for name, m := range map[string]message{
		"other secret": {body: body, secrets: []string{webhook.NewSecret()}},
		"too old":      {body: body, at: time.Now().Add(-6 * time.Minute)},
		"too new":      {body: body, at: time.Now().Add(6 * time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, "signature", problemCode(t, f.say(http.StatusUnauthorized, m)))
		})
	}
	require.Zero(t, f.counts().Applications)
}

func TestP4OneEntryThoughFiftyPostsAtOnce(t *testing.T) {
	f := newFirm(t)
	body := encode(t, application())
	var together sync.WaitGroup
	statuses, answers := make([]int, 50), make([]string, 50)
	for i := range 50 {
		together.Go(func() {
			response, err := f.post(message{body: body, key: "one"})
			if err == nil {
				content, _ := io.ReadAll(response.Body)
				statuses[i], answers[i] = response.StatusCode, string(content)
			}
		})
	}
	together.Wait()
	slices.Sort(statuses)
	require.Equal(t, append(slices.Repeat([]int{http.StatusOK}, 49), http.StatusCreated), statuses)
	require.Len(t, slices.Compact(answers), 1, "all were told the same")
	require.Equal(t, 1, f.counts().Applications)
}

func TestP4LostAnswersLeaveOneEntryEach(t *testing.T) {
	f := newFirm(t)
	require.NoError(t, f.board.Set(faults.Switches{SilentPercent: 50}))
	var together sync.WaitGroup
	for i := range 40 {
		body := encode(t, application(code(i)))
		together.Go(func() {
			for attempt := 0; ; attempt++ {
				if _, err := f.post(message{body: body, key: "k" + strconv.Itoa(i)}); err == nil || attempt > 100 {
					return
				}
			}
		})
	}
	together.Wait()
	require.Equal(t, 40, f.counts().Applications)
}

func TestP6HangingAndSlowAnswers(t *testing.T) {
	f := newFirm(t)
	a := application()
	require.NoError(t, f.board.Set(faults.Switches{SlowSeconds: 0.2}))
	began := time.Now()
	f.apply(a)
	require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)

	require.NoError(t, f.board.Set(faults.Switches{Hang: true}))
	b := application(code(2))
	_, err := f.post(message{body: encode(t, b), key: "b", timeout: 300 * time.Millisecond})
	require.Error(t, err)
	require.Equal(t, 2, f.counts().Applications, "written down all the same")
	require.NoError(t, f.board.Set(faults.Switches{}))
	f.say(http.StatusOK, message{body: encode(t, b), key: "b"})
}

func TestBusinessRefusals(t *testing.T) {
	f := newFirm(t)
	a := application()
	serial := f.issue(a, order{"algorithm": "RSA"}).Serials[0]
	known := &protocol.CertificateRef{Issuer: f.certificate(serial).Issuer, Serial: serial}
	open := application(code(7))
	f.apply(open)
	for _, c := range []struct {
		name   string
		change func(*protocol.Application)
		want   string // "" is taken in
	}{
		{"a second one while one is open", code(7), "open_application"},
		{"another business meanwhile", func(a *protocol.Application) { code(7)(a); a.Business = protocol.Renew; a.Certificate = known }, "foreign_certificate"},
		{"no certificate named", func(a *protocol.Application) { a.Business = protocol.Renew }, "certificate_required"},
		{"unknown serial", func(a *protocol.Application) {
			a.Business, a.Certificate = protocol.Renew, &protocol.CertificateRef{Issuer: known.Issuer, Serial: "00AB"}
		}, "unknown_certificate"},
		{"other issuer", func(a *protocol.Application) {
			a.Business, a.Certificate = protocol.Renew, &protocol.CertificateRef{Issuer: "CN=else", Serial: serial}
		}, "unknown_certificate"},
		{"other kind", func(a *protocol.Application) {
			a.Business, a.Certificate, a.Kind = protocol.Renew, known, protocol.Agent
		}, "foreign_certificate"},
		{"a second application once the first is done", func(*protocol.Application) {}, ""},
		{"its own certificate", func(a *protocol.Application) { a.Business, a.Certificate = protocol.Unlock, known }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := encode(t, application(c.change))
			if c.want == "" {
				f.say(http.StatusCreated, message{body: body})
				return
			}
			first := f.say(http.StatusUnprocessableEntity, message{body: body, key: c.name})
			require.Equal(t, c.want, problemCode(t, first))
			require.Equal(t, first, f.say(http.StatusUnprocessableEntity, message{body: body, key: c.name}), "refused for good")
		})
	}
	f.operate(http.StatusOK, "certificates/"+serial+"/revoke", order{"reason": "keyCompromise"})
	revoked := func(business protocol.Business) []byte {
		return encode(t, application(func(a *protocol.Application) { a.Business, a.Certificate = business, known }))
	}
	require.Equal(t, "certificate_revoked", problemCode(t, f.say(http.StatusUnprocessableEntity, message{body: revoked(protocol.Renew)})))
	f.say(http.StatusCreated, message{body: revoked(protocol.Reissue)})
}

func TestP5SecretsAreExchangedWithoutAPause(t *testing.T) {
	f := newFirm(t)
	old := f.settings
	n := 0
	exchange := func(status int, secrets []string) {
		n++
		f.say(status, message{body: encode(t, application(code(n))), secrets: secrets})
	}
	checks := func(keys []string) error {
		a := application(code(1000 + n))
		n++
		f.apply(a)
		f.decide(a.Reference, "accept")
		f.settle()
		last := f.portal.got()[len(f.portal.got())-1]
		return webhook.Verify(last.header, []byte(last.body), keys, time.Now())
	}
	for _, side := range []string{"incoming", "outgoing"} {
		f.operate(http.StatusOK, "secrets/"+side+"/rotate", nil)
	}
	f.reload()
	both := f.settings
	require.Len(t, both.Incoming, 2)
	exchange(http.StatusCreated, old.Incoming)
	exchange(http.StatusCreated, both.Incoming)
	exchange(http.StatusCreated, both.Incoming[1:])
	for _, keys := range [][]string{old.Checking(), both.Checking(), {both.Secrets[1]}, {both.Keys[1].Public}, {old.Keys[0].Public}} {
		require.NoError(t, checks(keys))
	}
	for _, side := range []string{"incoming", "outgoing"} {
		f.operate(http.StatusOK, "secrets/"+side+"/retire", nil)
	}
	f.reload()
	exchange(http.StatusUnauthorized, old.Incoming)
	exchange(http.StatusCreated, both.Incoming[1:])
	require.NoError(t, checks(both.Checking()))
	require.ErrorIs(t, checks(old.Checking()), webhook.ErrSignature)
	f.operate(http.StatusNotFound, "secrets/sideways/rotate", nil)
}
