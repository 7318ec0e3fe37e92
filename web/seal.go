package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// sealer hides and signs small things that a browser keeps for us: nobody
// reads or changes them on the way. A thing sealed for one purpose does not
// open for another.
type sealer struct{ aead cipher.AEAD }

var errSeal = errors.New("sealed value does not open")

func newSealer(key []byte) (sealer, error) {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("unireg/web/seal"))
	block, err := aes.NewCipher(h.Sum(nil))
	if err != nil {
		return sealer{}, fmt.Errorf("cipher of sealed values: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return sealer{}, fmt.Errorf("cipher of sealed values: %w", err)
	}
	return sealer{aead}, nil
}

// seal returns the value as text for a cookie or a hidden field.
func (s sealer) seal(purpose string, expires time.Time, value any) (string, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("seal %s: %w", purpose, err)
	}
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+8+len(content)+s.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails
	plain := binary.BigEndian.AppendUint64(nil, uint64(expires.Unix()))
	plain = append(plain, content...)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(purpose))), nil
}

// open reads a sealed value. Anything wrong with it, its age included, is
// errSeal.
func (s sealer) open(purpose, text string, now time.Time, value any) error {
	sealed, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(sealed) < s.aead.NonceSize() {
		return errSeal
	}
	nonce, rest := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, rest, []byte(purpose))
	if err != nil || len(plain) < 8 {
		return errSeal
	}
	if now.Unix() > int64(binary.BigEndian.Uint64(plain)) {
		return errSeal
	}
	if err := json.Unmarshal(plain[8:], value); err != nil {
		return errSeal
	}
	return nil
}
