package access_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image/png"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/altcha-org/altcha-lib-go"
	"github.com/stretchr/testify/require"

	"unireg/access"
)

var key = bytes.Repeat([]byte{7}, 32)

// The vectors of RFC 6238, appendix B, cut to six digits.
func TestTOTPAgreesWithTheStandard(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"} {
		code, err := access.TOTPCode(secret, time.Unix(at, 0))
		require.NoError(t, err)
		require.Equal(t, want, code)
		step, ok, err := access.VerifyTOTP(secret, want, time.Unix(at, 0))
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, at/30, step)
	}
}

func TestTOTPToleratesOneStepAndNamesTheStepOfTheCode(t *testing.T) {
	secret, err := access.NewTOTPSecret()
	require.NoError(t, err)
	now := time.Unix(1_800_000_015, 0)
	code, err := access.TOTPCode(secret, now)
	require.NoError(t, err)
	step := now.Unix() / 30
	for seconds, want := range map[int]bool{-60: false, -30: true, 0: true, 30: true, 60: false} {
		got, ok, err := access.VerifyTOTP(secret, code, now.Add(time.Duration(seconds)*time.Second))
		require.NoError(t, err)
		require.Equal(t, want, ok, "%d seconds off", seconds)
		if want {
			require.Equal(t, step, got)
		}
	}
	_, ok, err := access.VerifyTOTP(secret, code[:3]+" "+code[3:], now)
	require.NoError(t, err)
	require.True(t, ok, "apps show codes in groups")
	for _, wrong := range []string{"", "12345", "abcdef", code + "0"} {
		_, ok, err := access.VerifyTOTP(secret, wrong, now)
		require.NoError(t, err)
		require.False(t, ok, wrong)
	}
}

func TestTOTPAddressAndImage(t *testing.T) {
	secret, err := access.NewTOTPSecret()
	require.NoError(t, err)
	address := access.TOTPAddress("公共资源交易", "zhou jing", secret)
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	require.Equal(t, "otpauth", parsed.Scheme)
	require.Equal(t, "/公共资源交易:zhou jing", parsed.Path)
	require.Equal(t, secret, parsed.Query().Get("secret"))
	require.Equal(t, "公共资源交易", parsed.Query().Get("issuer"))
	require.NotContains(t, address, "+")
	picture, err := access.TOTPImage(address, 240)
	require.NoError(t, err)
	config, err := png.DecodeConfig(bytes.NewReader(picture))
	require.NoError(t, err)
	require.Equal(t, 240, config.Width)
}

func TestTokensAreLongUniqueAndStoredHashed(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		token, hash, err := access.NewToken()
		require.NoError(t, err)
		require.Len(t, token, 43)
		require.False(t, seen[token])
		seen[token] = true
		again, ok := access.HashToken(token)
		require.True(t, ok)
		require.Equal(t, hash, again)
		require.NotContains(t, token, string(hash))
	}
	for _, wrong := range []string{"", "short", strings.Repeat("A", 44), strings.Repeat("=", 43), strings.Repeat("A", 42) + "B"} {
		_, ok := access.HashToken(wrong)
		require.False(t, ok, wrong)
	}
}

func TestW13CSRFTokenBelongsToOneSession(t *testing.T) {
	one, err := access.CSRF(key, "session one")
	require.NoError(t, err)
	two, err := access.CSRF(key, "session one")
	require.NoError(t, err)
	require.NotEqual(t, one, two, "masked anew on every page")
	require.True(t, access.CheckCSRF(key, "session one", one))
	require.True(t, access.CheckCSRF(key, "session one", two))
	for _, wrong := range []string{"", "x", one[:len(one)-1], one + "A", strings.ToUpper(one)} {
		require.False(t, access.CheckCSRF(key, "session one", wrong), wrong)
	}
	require.False(t, access.CheckCSRF(key, "session two", one))
	require.False(t, access.CheckCSRF(bytes.Repeat([]byte{8}, 32), "session one", one))
	require.False(t, access.CheckCSRF(key, "", one))
	_, err = access.CSRF(key[:31], "session one")
	require.Error(t, err)
}

func TestReadablePasswordHasNoLookAlikes(t *testing.T) {
	shape := regexp.MustCompile(`^([acdefghjkmnpqrtwxy34679]{4}-){3}[acdefghjkmnpqrtwxy34679]{4}$`)
	seen := map[string]bool{}
	for range 100 {
		p, err := access.ReadablePassword()
		require.NoError(t, err)
		require.Regexp(t, shape, p)
		require.Empty(t, access.PasswordProblem(p))
		require.False(t, seen[p])
		seen[p] = true
	}
}

func TestW4DeviceTokenServesOneLoginOnly(t *testing.T) {
	token, err := access.NewDevice(key, "91430100MA4L16JL9N")
	require.NoError(t, err)
	device := access.CheckDevice(key, "91430100MA4L16JL9N", token)
	require.NotEmpty(t, device)
	require.Empty(t, access.CheckDevice(key, "91430100MA4L16JL9X", token))
	require.Empty(t, access.CheckDevice(bytes.Repeat([]byte{8}, 32), "91430100MA4L16JL9N", token))
	for _, wrong := range []string{"", ".", device, device + ".", token + "A", "x" + token} {
		require.Empty(t, access.CheckDevice(key, "91430100MA4L16JL9N", wrong), wrong)
	}
}

// solve does what a visitor's browser does.
func solve(t *testing.T, c altcha.Challenge) altcha.Payload {
	t.Helper()
	solution, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, int(c.MaxNumber), 0, nil)
	require.NoError(t, err)
	require.NotNil(t, solution)
	return altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(solution.Number), Salt: c.Salt, Signature: c.Signature}
}

func encoded(t *testing.T, p altcha.Payload) string {
	t.Helper()
	text, err := json.Marshal(p)
	require.NoError(t, err)
	return base64.StdEncoding.EncodeToString(text)
}

func TestW6ProofOfWork(t *testing.T) {
	proofs, err := access.NewProofs(key, 2000)
	require.NoError(t, err)
	expires := time.Now().Add(10 * time.Minute).Truncate(time.Second)
	challenge, err := proofs.NewChallenge(access.ProofPerson, expires)
	require.NoError(t, err)
	solved := solve(t, challenge)

	token, until, err := proofs.Verify(access.ProofPerson, encoded(t, solved))
	require.NoError(t, err)
	require.Len(t, token, 32)
	require.True(t, until.Equal(expires))
	again, _, err := proofs.Verify(access.ProofPerson, encoded(t, solved))
	require.NoError(t, err)
	require.Equal(t, token, again, "the same solution is the same token, to be used once")

	refused := func(what string, purpose access.Purpose, payload string) {
		_, _, err := proofs.Verify(purpose, payload)
		require.ErrorIs(t, err, access.ErrProof, what)
	}
	refused("another purpose", access.ProofOrganization, encoded(t, solved))
	refused("nothing", access.ProofPerson, "")
	refused("no base64", access.ProofPerson, "{}")
	refused("no JSON", access.ProofPerson, "AAAA")
	refused("too much", access.ProofPerson, strings.Repeat("A", 1<<20))
	change := func(edit func(*altcha.Payload)) string {
		p := solved
		edit(&p)
		return encoded(t, p)
	}
	refused("another number", access.ProofPerson, change(func(p *altcha.Payload) { p.Number++ }))
	refused("another signature", access.ProofPerson, change(func(p *altcha.Payload) { p.Signature = strings.Repeat("0", 64) }))
	refused("another algorithm", access.ProofPerson, change(func(p *altcha.Payload) { p.Algorithm = "SHA-1" }))
	refused("a later end", access.ProofPerson, change(func(p *altcha.Payload) {
		p.Salt = strings.Replace(p.Salt, "expires=", "expires=9", 1)
	}))
	refused("a purpose of one's own", access.ProofOrganization, change(func(p *altcha.Payload) {
		p.Salt = strings.Replace(p.Salt, "purpose=person", "purpose=organization", 1)
	}))

	late, err := proofs.NewChallenge(access.ProofPerson, time.Now().Add(-time.Minute))
	require.NoError(t, err)
	refused("an expired one", access.ProofPerson, encoded(t, solve(t, late)))

	others, err := access.NewProofs(bytes.Repeat([]byte{8}, 32), 2000)
	require.NoError(t, err)
	_, _, err = others.Verify(access.ProofPerson, encoded(t, solved))
	require.ErrorIs(t, err, access.ErrProof)
}

func TestW6ProofForPersonsIsHarder(t *testing.T) {
	proofs, err := access.NewProofs(key, 1000)
	require.NoError(t, err)
	organization, err := proofs.NewChallenge(access.ProofOrganization, time.Now().Add(time.Minute))
	require.NoError(t, err)
	person, err := proofs.NewChallenge(access.ProofPerson, time.Now().Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, 4*organization.MaxNumber, person.MaxNumber)
	_, err = proofs.NewChallenge("other", time.Now())
	require.Error(t, err)
	_, err = access.NewProofs(key, 0)
	require.Error(t, err)
	_, err = access.NewProofs(key[:16], 1000)
	require.Error(t, err)
}

func BenchmarkVerify(b *testing.B) {
	hash, err := access.Hash(b.Context(), "how long does one take")
	require.NoError(b, err)
	for b.Loop() {
		_, _, err := access.Verify(b.Context(), "how long does one take", hash)
		require.NoError(b, err)
	}
}

func FuzzProof(f *testing.F) {
	proofs, err := access.NewProofs(key, 10)
	require.NoError(f, err)
	f.Add("eyJhbGdvcml0aG0iOiJTSEEtMjU2In0=")
	f.Fuzz(func(t *testing.T, payload string) {
		_, _, err := proofs.Verify(access.ProofLogin, payload)
		require.ErrorIs(t, err, access.ErrProof)
	})
}
