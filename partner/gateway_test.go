package partner_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner"
)

func TestB15_AShortMessageGoesToTheGatewaySigned(t *testing.T) {
	var status atomic.Int32
	status.Store(http.StatusAccepted)
	verifier, err := partner.NewVerifier([]string{secret(7)})
	require.NoError(t, err)
	var got partner.ShortMessage
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || verifier.Verify(r.Header, body, time.Now()) != nil || json.Unmarshal(body, &got) != nil || r.Header.Get("Idempotency-Key") != got.ID {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(int(status.Load()))
	}))
	defer gateway.Close()
	g, err := partner.NewGateway(partner.GatewayConfig{URL: gateway.URL + "/sms", Secrets: []string{secret(7)}, Private: true})
	require.NoError(t, err)
	m := partner.ShortMessage{ID: "letter-1", To: "+8613800138000", Text: "验证码 271828"}
	require.NoError(t, g.Send(t.Context(), m))
	require.Equal(t, m, got)

	status.Store(http.StatusUnprocessableEntity)
	err = g.Send(t.Context(), m)
	require.ErrorIs(t, err, partner.ErrNumber)
	for _, code := range []int32{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusFound, http.StatusUnauthorized} {
		status.Store(code)
		err = g.Send(t.Context(), m)
		require.Error(t, err)
		require.NotErrorIs(t, err, partner.ErrNumber, "to be tried again")
		require.NotContains(t, err.Error(), "13800138000")
	}
	t.Run("W35 a private address is called only where that is allowed", func(t *testing.T) {
		g, err := partner.NewGateway(partner.GatewayConfig{URL: gateway.URL, Secrets: []string{secret(7)}})
		require.NoError(t, err)
		require.Error(t, g.Send(t.Context(), m))
	})
	for _, c := range []partner.GatewayConfig{{URL: "sms.example.cn", Secrets: []string{secret(7)}}, {URL: gateway.URL}} {
		_, err := partner.NewGateway(c)
		require.Error(t, err)
	}
}
