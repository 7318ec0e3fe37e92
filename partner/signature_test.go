package partner_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner"
)

func secret(fill byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill}, 32))
}

func pair(t *testing.T) (private, public string) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return "whsk_" + base64.StdEncoding.EncodeToString(priv), "whpk_" + base64.StdEncoding.EncodeToString(pub)
}

func signed(t *testing.T, at time.Time, body []byte, keys ...string) http.Header {
	t.Helper()
	signer, err := partner.NewSigner(keys)
	require.NoError(t, err)
	header := http.Header{}
	require.NoError(t, signer.Sign(header, "msg_1", at, body))
	return header
}

func verify(t *testing.T, header http.Header, body []byte, now time.Time, keys ...string) error {
	t.Helper()
	verifier, err := partner.NewVerifier(keys)
	require.NoError(t, err)
	return verifier.Verify(header, body, now)
}

// The example of the Standard Webhooks specification's reference libraries.
func TestStandardWebhooksExample(t *testing.T) {
	header := http.Header{}
	header.Set(partner.HeaderID, "msg_p5jXN8AQM9LWM0D4loKWxJek")
	header.Set(partner.HeaderTimestamp, "1614265330")
	header.Set(partner.HeaderSignature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	require.NoError(t, verify(t, header, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
}

func TestP1_SignatureOverTheRawBody(t *testing.T) {
	now := time.Unix(1_772_676_000, 0)
	private, public := pair(t)
	body := []byte(`{"id":"msg_1", "type":"accepted"}`)
	for name, keys := range map[string][2]string{"v1": {secret(1), secret(1)}, "v1a": {private, public}} {
		t.Run(name, func(t *testing.T) {
			header := signed(t, now, body, keys[0])
			require.NoError(t, verify(t, header, body, now, keys[1]))
			require.ErrorIs(t, verify(t, header, []byte(`{"id":"msg_1","type":"accepted"}`), now, keys[1]), partner.ErrSignature, "white space counts")
			other := header.Clone()
			other.Set(partner.HeaderID, "msg_2")
			require.ErrorIs(t, verify(t, other, body, now, keys[1]), partner.ErrSignature)
			other = header.Clone()
			other.Set(partner.HeaderTimestamp, strconv.FormatInt(now.Unix()+1, 10))
			require.ErrorIs(t, verify(t, other, body, now, keys[1]), partner.ErrSignature)
			require.ErrorIs(t, verify(t, header, body, now, secret(9)), partner.ErrSignature)
			require.ErrorIs(t, verify(t, header, body, now), partner.ErrSignature, "without keys nothing is right")
		})
	}
	// A version says by which kind of key: an HMAC is no ed25519 signature.
	header := signed(t, now, body, secret(1))
	header.Set(partner.HeaderSignature, strings.Replace(header.Get(partner.HeaderSignature), "v1,", "v1a,", 1))
	require.ErrorIs(t, verify(t, header, body, now, secret(1), public), partner.ErrSignature)
}

func TestP1_FiveMinutes(t *testing.T) {
	now := time.Unix(1_772_676_000, 0)
	body := []byte("{}")
	for offset, want := range map[time.Duration]error{
		0: nil, 5 * time.Minute: nil, -5 * time.Minute: nil,
		5*time.Minute + time.Second: partner.ErrTimestamp, -5*time.Minute - time.Second: partner.ErrTimestamp, -24 * time.Hour: partner.ErrTimestamp,
	} {
		require.ErrorIs(t, verify(t, signed(t, now.Add(offset), body, secret(1)), body, now, secret(1)), want, offset)
	}
	for _, spelled := range []string{"", "+1772676000", "01772676000", "1772676000.0", "now", "99999999999999999999"} {
		header := signed(t, now, body, secret(1))
		header.Set(partner.HeaderTimestamp, spelled)
		require.ErrorIs(t, verify(t, header, body, now, secret(1)), partner.ErrHeaders, spelled)
	}
	for _, name := range []string{partner.HeaderID, partner.HeaderSignature} {
		header := signed(t, now, body, secret(1))
		header.Del(name)
		require.ErrorIs(t, verify(t, header, body, now, secret(1)), partner.ErrHeaders)
	}
	long := signed(t, now, body, secret(1))
	long.Set(partner.HeaderID, strings.Repeat("x", 101))
	require.ErrorIs(t, verify(t, long, body, now, secret(1)), partner.ErrHeaders)
}

// While a secret is exchanged, every order of steps leaves a way.
func TestP5_SecretRotationWithoutDowntime(t *testing.T) {
	now := time.Unix(1_772_676_000, 0)
	body := []byte("{}")
	private, public := pair(t)
	before, after := secret(1), secret(2)
	for _, step := range []struct{ signs, verifies []string }{
		{[]string{before}, []string{before}},
		{[]string{before}, []string{before, after}},
		{[]string{before, after}, []string{before}},
		{[]string{before, after}, []string{after}},
		{[]string{after}, []string{before, after}},
		{[]string{after, private}, []string{public}},
	} {
		require.NoError(t, verify(t, signed(t, now, body, step.signs...), body, now, step.verifies...))
	}
	require.ErrorIs(t, verify(t, signed(t, now, body, before), body, now, after), partner.ErrSignature, "the old one is dead")
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	private, public := pair(t)
	for _, keys := range [][]string{nil, {"none"}, {"whsec_???"}, {public}, {"whsk_" + base64.StdEncoding.EncodeToString([]byte("short"))}} {
		_, err := partner.NewSigner(keys)
		require.Error(t, err)
	}
	for _, keys := range [][]string{{private}, {"whpk_" + base64.StdEncoding.EncodeToString([]byte("short"))}, {"whsec_"}} {
		_, err := partner.NewVerifier(keys)
		require.Error(t, err)
		require.NotContains(t, err.Error(), strings.TrimPrefix(keys[0], "whsk_")+"!")
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("msg_1", "1772676000", "v1,AAAA v1a,BBBB", []byte("{}"))
	f.Fuzz(func(t *testing.T, id, timestamp, signature string, body []byte) {
		header := http.Header{partner.HeaderID: {id}, partner.HeaderTimestamp: {timestamp}, partner.HeaderSignature: {signature}}
		require.Error(t, verify(t, header, body, time.Unix(1_772_676_000, 0), secret(1)))
	})
}
