package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
)

const tokenSize = 32

// NewToken draws a token of 256 bits for a cookie, in base64url, with the hash
// under which it is stored.
func NewToken() (token string, hash []byte, err error) {
	secret := make([]byte, tokenSize)
	if _, err := rand.Read(secret); err != nil {
		return "", nil, fmt.Errorf("draw token: %w", err)
	}
	token = base64.RawURLEncoding.EncodeToString(secret)
	hash, _ = HashToken(token)
	return token, hash, nil
}

// HashToken returns the hash under which a token is stored. ok is false for
// what never was a token.
func HashToken(token string) (hash []byte, ok bool) {
	secret, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(secret) != tokenSize {
		return nil, false
	}
	sum := sha256.Sum256(secret)
	return sum[:], true
}

// CSRF returns the token that the forms of a session carry. It is derived from
// the session's cookie, so that nothing is stored and a new session has a new
// one. The token is masked with fresh random bytes each time: compressed pages
// do not give it away.
func CSRF(key []byte, session string) (string, error) {
	if len(key) < minKey {
		return "", errKeyTooShort
	}
	mask := make([]byte, sha256.Size)
	if _, err := rand.Read(mask); err != nil {
		return "", fmt.Errorf("draw mask: %w", err)
	}
	token := csrf(key, session)
	for i := range token {
		token[i] ^= mask[i]
	}
	return base64.RawURLEncoding.EncodeToString(append(mask, token...)), nil
}

// CheckCSRF reports whether a form's token belongs to the session.
func CheckCSRF(key []byte, session, token string) bool {
	masked, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(masked) != 2*sha256.Size || len(key) < minKey || session == "" {
		return false
	}
	mask, got := masked[:sha256.Size], masked[sha256.Size:]
	for i := range got {
		got[i] ^= mask[i]
	}
	return hmac.Equal(got, csrf(key, session))
}

func csrf(key []byte, session string) []byte { return mac(key, "csrf", session) }

// mac is HMAC-SHA-256 over values that cannot run into one another.
func mac(key []byte, values ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, v := range values {
		fmt.Fprintf(h, "%d:%s", len(v), v)
	}
	return h.Sum(nil)
}

// readable are the characters of passwords that people copy by eye: no 0 o, no
// 1 l i, no 5 s, no 2 z, no 8 b, no u v.
const readable = "acdefghjkmnpqrtwxy34679"

// ReadablePassword draws a password of four groups of four characters without
// look-alikes, some 70 bits.
func ReadablePassword() (string, error) {
	var b strings.Builder
	for i := range 16 {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		n, err := rand.Int(rand.Reader, big.NewInt(int64(len(readable))))
		if err != nil {
			return "", fmt.Errorf("draw password: %w", err)
		}
		b.WriteByte(readable[n.Int64()])
	}
	return b.String(), nil
}
