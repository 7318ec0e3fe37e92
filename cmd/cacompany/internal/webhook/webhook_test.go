package webhook_test

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"unireg/cmd/cacompany/internal/webhook"
)

func TestP1SignatureAgreesWithTheSpecificationsLibrary(t *testing.T) {
	secret, body := webhook.NewSecret(), []byte(`{"a":"报"}`)
	theirs, err := standard.NewWebhook(secret)
	require.NoError(t, err)

	header := http.Header{}
	private, _, err := webhook.NewKey()
	require.NoError(t, err)
	require.NoError(t, webhook.Sign(header, "msg_1", time.Now(), body, []string{private, webhook.NewSecret(), secret}))
	require.NoError(t, theirs.Verify(body, header), "they find theirs among several")

	at := time.Now()
	signature, err := theirs.Sign("msg_2", at, body)
	require.NoError(t, err)
	header = http.Header{}
	header.Set("webhook-id", "msg_2")
	header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	header.Set("webhook-signature", signature)
	require.NoError(t, webhook.Verify(header, body, []string{secret}, at))
}

func TestP1SignatureCoversIDTimeAndRawBody(t *testing.T) {
	secret, at, body := webhook.NewSecret(), time.Unix(1_790_000_000, 0), []byte(`{"a": 1}`)
	private, public, err := webhook.NewKey()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(http.Header)
		body   string
		keys   []string
		after  time.Duration
		want   error
	}{
		"right, five minutes late":     {after: 5 * time.Minute},
		"right, five minutes early":    {after: -5 * time.Minute},
		"right by the secret alone":    {keys: []string{secret}},
		"right by the public key only": {keys: []string{public}},
		"too old":                      {after: 5*time.Minute + time.Second, want: webhook.ErrTimestamp},
		"too new":                      {after: -5*time.Minute - time.Second, want: webhook.ErrTimestamp},
		"same JSON, other bytes":       {body: `{"a":1}`, want: webhook.ErrSignature},
		"other secret":                 {keys: []string{webhook.NewSecret()}, want: webhook.ErrSignature},
		"no key at all":                {keys: []string{}, want: webhook.ErrSignature},
		"an empty secret":              {keys: []string{"whsec_"}, want: webhook.ErrSignature},
		"public key taken as a secret": {keys: []string{"whsec_" + public[5:]}, want: webhook.ErrSignature},
		"other id":                     {change: func(h http.Header) { h.Set("webhook-id", "msg_2") }, want: webhook.ErrSignature},
		"other time":                   {change: func(h http.Header) { h.Set("webhook-timestamp", "1790000001") }, want: webhook.ErrSignature},
		"time with a sign":             {change: func(h http.Header) { h.Set("webhook-timestamp", "+1790000000") }, want: webhook.ErrHeaders},
		"no id":                        {change: func(h http.Header) { h.Del("webhook-id") }, want: webhook.ErrHeaders},
		"no signature":                 {change: func(h http.Header) { h.Del("webhook-signature") }, want: webhook.ErrSignature},
		"noise before the right one": {change: func(h http.Header) {
			h.Set("webhook-signature", "v9,AAAA v1 v1,! "+h.Get("webhook-signature"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			require.NoError(t, webhook.Sign(header, "msg_1", at, body, []string{secret, private}))
			if c.change != nil {
				c.change(header)
			}
			if c.body == "" {
				c.body = string(body)
			}
			if c.keys == nil {
				c.keys = []string{secret, public}
			}
			require.ErrorIs(t, webhook.Verify(header, []byte(c.body), c.keys, at.Add(c.after)), c.want)
		})
	}
}

func TestP5TwoSecretsSideBySide(t *testing.T) {
	old, fresh, at := webhook.NewSecret(), webhook.NewSecret(), time.Now()
	for _, c := range []struct {
		sender, receiver []string
		want             error
	}{
		{[]string{old}, []string{old, fresh}, nil},
		{[]string{old, fresh}, []string{old, fresh}, nil},
		{[]string{old, fresh}, []string{fresh}, nil},
		{[]string{fresh}, []string{fresh}, nil},
		{[]string{old}, []string{fresh}, webhook.ErrSignature},
	} {
		header := http.Header{}
		require.NoError(t, webhook.Sign(header, "msg_1", at, nil, c.sender))
		require.ErrorIs(t, webhook.Verify(header, nil, c.receiver, at), c.want)
	}
}

func TestMalformedKeysDoNotSign(t *testing.T) {
	for _, key := range []string{"whsec_!", "whsec_", "whsk_AAAA", ""} {
		require.Error(t, webhook.Sign(http.Header{}, "msg_1", time.Now(), nil, []string{key}), key)
	}
}
