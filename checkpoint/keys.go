package checkpoint

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// SeedSize is the length of the secret from which a signing key is derived.
const SeedSize = ed25519.SeedSize

// algorithm leads a key in its written form; it stands for Ed25519.
const algorithm = 1

// Signer signs checkpoints with one Ed25519 key.
type Signer struct {
	signer note.Signer
	public string
}

// NewSigner returns the signer of a seed.
func NewSigner(seed []byte) (*Signer, error) {
	if len(seed) != SeedSize {
		return nil, fmt.Errorf("a signing key is derived from %d bytes, these are %d", SeedSize, len(seed))
	}
	public, ok := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("derive the public key")
	}
	written, err := note.NewEd25519VerifierKey(Origin, public)
	if err != nil {
		return nil, fmt.Errorf("write the public key: %w", err)
	}
	private := strings.Join([]string{
		"PRIVATE", "KEY", Origin, keyID(written), base64.StdEncoding.EncodeToString(append([]byte{algorithm}, seed...)),
	}, "+")
	signer, err := note.NewSigner(private)
	if err != nil {
		return nil, errors.New("prepare the signing key") // the error would show it
	}
	return &Signer{signer, written}, nil
}

// keyID is the id in a written key: origin+id+key.
func keyID(written string) string {
	_, rest, _ := strings.Cut(written, "+")
	id, _, _ := strings.Cut(rest, "+")
	return id
}

// Public is the public key as Trust reads it: whoever verifies needs it.
func (s *Signer) Public() string { return s.public }

// KeyID names the key in eight characters.
func (s *Signer) KeyID() string { return keyID(s.public) }

// Sign returns the signed text.
func (s *Signer) Sign(c Checkpoint) (string, error) {
	signed, err := note.Sign(&note.Note{Text: c.text()}, s.signer)
	if err != nil {
		return "", fmt.Errorf("sign checkpoint: %w", err)
	}
	return string(signed), nil
}

// Trust are the public keys whose checkpoints count: that of today, and those of
// earlier days for as long as what they signed is kept.
type Trust struct{ verifiers []note.Verifier }

// NewTrust reads public keys as Signer.Public writes them. One that is named
// twice counts once.
func NewTrust(keys ...string) (*Trust, error) {
	t := &Trust{}
	for i, key := range keys {
		key = strings.TrimSpace(key)
		if slices.Contains(keys[:i], key) {
			continue
		}
		verifier, err := note.NewVerifier(key)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is no public key of checkpoints: unireg checkpoint --key prints them", key)
		case verifier.Name() != Origin:
			return nil, fmt.Errorf("%q is a key of another log than %s", key, Origin)
		}
		t.verifiers = append(t.verifiers, verifier)
	}
	return t, nil
}

// Errors of Open.
var (
	ErrUntrusted = errors.New("it is signed by a key that is not trusted")
	ErrForged    = errors.New("its signature does not hold")
)

// Open verifies a signed text and returns the checkpoint and the id of the key
// that signed it. A text that is none gives an error, one that a trusted key did
// not sign ErrForged, and one under a key that is not trusted ErrUntrusted, with the
// checkpoint that it claims to be.
func (t *Trust) Open(signed string) (Checkpoint, string, error) {
	opened, err := note.Open([]byte(signed), note.VerifierList(t.verifiers...))
	var unknown *note.UnverifiedNoteError
	var wrong *note.InvalidSignatureError
	switch {
	case errors.As(err, &unknown):
		claimed, err := parse(unknown.Note.Text)
		if err != nil {
			return Checkpoint{}, "", err
		}
		return claimed, "", ErrUntrusted
	case errors.As(err, &wrong):
		return Checkpoint{}, "", ErrForged
	case err != nil:
		return Checkpoint{}, "", errText
	}
	c, err := parse(opened.Text)
	return c, fmt.Sprintf("%08x", opened.Sigs[0].Hash), err
}
