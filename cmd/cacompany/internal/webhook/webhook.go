// Package webhook signs messages and checks their signatures after the Standard
// Webhooks specification: the headers webhook-id, webhook-timestamp and
// webhook-signature over the raw body. v1 is HMAC-SHA256 under a shared secret,
// v1a is ed25519. Several keys may stand side by side while one is exchanged.
package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The headers of a signed message.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp"
	HeaderSignature = "webhook-signature"
)

// Prefixes of keys in text: a shared secret, a private and a public key.
const (
	secretPrefix  = "whsec_"
	privatePrefix = "whsk_"
	publicPrefix  = "whpk_"
)

// secretSize is how long drawn secrets are, in bytes; the specification asks for
// 24 to 64.
const secretSize = 32

// tolerance is how far a timestamp may be off.
const tolerance = 5 * time.Minute

// maxID bounds an id, in bytes.
const maxID = 100

// What is wrong with a message. None of them says which key came near.
var (
	ErrHeaders   = errors.New("a webhook header is missing or malformed")
	ErrTimestamp = errors.New("the timestamp is more than five minutes off")
	ErrSignature = errors.New("no signature is right")
)

// NewSecret draws a shared secret, whsec_ and base64.
func NewSecret() string {
	secret := make([]byte, secretSize)
	_, _ = rand.Read(secret) // never fails: the program ends where there is no randomness
	return secretPrefix + base64.StdEncoding.EncodeToString(secret)
}

// NewKey draws an ed25519 key pair: whsk_ and whpk_ with base64.
func NewKey() (private, public string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return "", "", fmt.Errorf("draw a signing key: %w", err)
	}
	return privatePrefix + base64.StdEncoding.EncodeToString(priv), publicPrefix + base64.StdEncoding.EncodeToString(pub), nil
}

// Sign writes the three headers of a message: one signature for each key, which
// are shared secrets (v1) and private keys (v1a).
func Sign(header http.Header, id string, at time.Time, body []byte, keys []string) error {
	content := signedContent(id, strconv.FormatInt(at.Unix(), 10), body)
	signatures := make([]string, 0, len(keys))
	for _, key := range keys {
		signature, err := sign(key, content)
		if err != nil {
			return err
		}
		signatures = append(signatures, signature)
	}
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(HeaderSignature, strings.Join(signatures, " "))
	return nil
}

func sign(key string, content []byte) (string, error) {
	if strings.HasPrefix(key, privatePrefix) {
		raw, err := decode(key, privatePrefix)
		if err != nil || len(raw) != ed25519.PrivateKeySize {
			return "", errors.New("sign: a private key is malformed")
		}
		return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(raw, content)), nil
	}
	raw, err := decode(key, secretPrefix)
	if err != nil || len(raw) == 0 {
		return "", errors.New("sign: a secret is malformed")
	}
	return "v1," + base64.StdEncoding.EncodeToString(mac(raw, content)), nil
}

// Verify accepts a message when one of its signatures is right under one of the
// keys, which are shared secrets (v1) and public keys (v1a), and its timestamp is
// no more than five minutes off. Comparisons take the same time whatever differs.
func Verify(header http.Header, body []byte, keys []string, now time.Time) error {
	id, timestamp := header.Get(HeaderID), header.Get(HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || len(id) > maxID || err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return ErrHeaders
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return ErrTimestamp
	}
	content, right := signedContent(id, timestamp, body), false
	for given := range strings.FieldsSeq(header.Get(HeaderSignature)) {
		version, encoded, _ := strings.Cut(given, ",")
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			continue
		}
		for _, key := range keys {
			right = verify(version, key, content, signature) || right
		}
	}
	if !right {
		return ErrSignature
	}
	return nil
}

func verify(version, key string, content, signature []byte) bool {
	switch {
	case version == "v1" && strings.HasPrefix(key, secretPrefix):
		raw, err := decode(key, secretPrefix)
		return err == nil && len(raw) > 0 && hmac.Equal(mac(raw, content), signature)
	case version == "v1a" && strings.HasPrefix(key, publicPrefix):
		raw, err := decode(key, publicPrefix)
		return err == nil && len(raw) == ed25519.PublicKeySize && ed25519.Verify(raw, content, signature)
	default:
		return false
	}
}

func signedContent(id, timestamp string, body []byte) []byte {
	return append([]byte(id+"."+timestamp+"."), body...)
}

func mac(secret, content []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(content)
	return h.Sum(nil)
}

func decode(key, prefix string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.TrimPrefix(key, prefix))
}
