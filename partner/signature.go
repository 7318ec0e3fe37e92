package partner

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The headers of a signed message.
const (
	HeaderID        = standardwebhooks.HeaderWebhookID
	HeaderTimestamp = standardwebhooks.HeaderWebhookTimestamp
	HeaderSignature = standardwebhooks.HeaderWebhookSignature
)

// Prefixes of keys in text: a shared secret, a private and a public key.
const (
	secretPrefix  = "whsec_"
	privatePrefix = "whsk_"
	publicPrefix  = "whpk_"
)

const (
	// tolerance is how far a timestamp may be off.
	tolerance = 5 * time.Minute
	// maxID bounds an id, in bytes.
	maxID = 100
	// maxSignatures bounds how many signatures of a message are looked at.
	maxSignatures = 10
)

// Signer signs messages under all of its keys, so that one may be exchanged
// without a pause.
type Signer struct {
	secrets  []*standardwebhooks.Webhook
	privates []ed25519.PrivateKey
}

// NewSigner reads keys in text: shared secrets (whsec_…) and ed25519 keys
// (whsk_…), of which there must be one at least.
func NewSigner(keys []string) (*Signer, error) {
	s := &Signer{}
	for _, text := range keys {
		key, prefix, err := parseKey(text)
		switch {
		case err != nil:
			return nil, err
		case prefix == secretPrefix:
			secret, err := standardwebhooks.NewWebhookRaw(key)
			if err != nil {
				return nil, errors.New("a webhook secret cannot be used")
			}
			s.secrets = append(s.secrets, secret)
		case prefix == privatePrefix && len(key) == ed25519.PrivateKeySize:
			s.privates = append(s.privates, key)
		case prefix == privatePrefix && len(key) == ed25519.SeedSize:
			s.privates = append(s.privates, ed25519.NewKeyFromSeed(key))
		default:
			return nil, errors.New("a webhook key is none that signs")
		}
	}
	if len(s.secrets)+len(s.privates) == 0 {
		return nil, errors.New("no webhook key signs")
	}
	return s, nil
}

// parseKey decodes a key; its text never gets into an error.
func parseKey(text string) (key []byte, prefix string, err error) {
	for _, prefix := range []string{secretPrefix, privatePrefix, publicPrefix} {
		encoded, ok := strings.CutPrefix(text, prefix)
		if !ok {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(key) == 0 {
			return nil, "", errors.New("a webhook key is not base64")
		}
		return key, prefix, nil
	}
	return nil, "", errors.New("a webhook key begins with none of whsec_, whsk_, whpk_")
}

// Sign writes the three headers of a message.
func (s *Signer) Sign(header http.Header, id string, at time.Time, body []byte) error {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	var signatures []string
	for _, secret := range s.secrets {
		signature, err := secret.Sign(id, at, body)
		if err != nil {
			return errors.New("sign message: a secret cannot be used")
		}
		signatures = append(signatures, signature)
	}
	for _, private := range s.privates {
		signature := ed25519.Sign(private, signedContent(id, timestamp, body))
		signatures = append(signatures, "v1a,"+base64.StdEncoding.EncodeToString(signature))
	}
	header.Set(HeaderID, id)
	header.Set(HeaderTimestamp, timestamp)
	header.Set(HeaderSignature, strings.Join(signatures, " "))
	return nil
}

func signedContent(id, timestamp string, body []byte) []byte {
	return append([]byte(id+"."+timestamp+"."), body...)
}

// Verifier verifies messages: a signature that is right under any of its keys
// counts.
type Verifier struct {
	secrets []*standardwebhooks.Webhook
	publics []ed25519.PublicKey
}

// NewVerifier reads keys in text: shared secrets (whsec_…) and public ed25519
// keys (whpk_…). Without any, no message is right.
func NewVerifier(keys []string) (*Verifier, error) {
	v := &Verifier{}
	for _, text := range keys {
		key, prefix, err := parseKey(text)
		switch {
		case err != nil:
			return nil, err
		case prefix == secretPrefix:
			secret, err := standardwebhooks.NewWebhookRaw(key)
			if err != nil {
				return nil, errors.New("a webhook secret cannot be used")
			}
			v.secrets = append(v.secrets, secret)
		case prefix == publicPrefix && len(key) == ed25519.PublicKeySize:
			v.publics = append(v.publics, key)
		default:
			return nil, errors.New("a webhook key is none that verifies")
		}
	}
	return v, nil
}

// Verify accepts a message when one of its signatures over the raw body is
// right under one of the keys, and its timestamp is no more than five minutes
// off now. Comparisons take the same time whatever differs.
func (v *Verifier) Verify(header http.Header, body []byte, now time.Time) error {
	id, timestamp, signatures := header.Get(HeaderID), header.Get(HeaderTimestamp), header.Get(HeaderSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || len(id) > maxID || signatures == "" || err != nil || strconv.FormatInt(seconds, 10) != timestamp {
		return ErrHeaders
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > tolerance || off < -tolerance {
		return ErrTimestamp
	}
	fields := strings.Fields(signatures)
	fields = fields[:min(len(fields), maxSignatures)]
	trimmed := http.Header{}
	trimmed.Set(HeaderID, id)
	trimmed.Set(HeaderTimestamp, timestamp)
	trimmed.Set(HeaderSignature, strings.Join(fields, " "))
	right := false
	for _, secret := range v.secrets {
		right = secret.VerifyIgnoringTimestamp(body, trimmed) == nil || right
	}
	content := signedContent(id, timestamp, body)
	for _, field := range fields {
		encoded, ok := strings.CutPrefix(field, "v1a,")
		if !ok {
			continue
		}
		signature, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(signature) != ed25519.SignatureSize {
			continue
		}
		for _, public := range v.publics {
			right = ed25519.Verify(public, content, signature) || right
		}
	}
	if !right {
		return ErrSignature
	}
	return nil
}
