package storage

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Keyring holds the master keys. Contents are sealed with a data key of their
// subject; data keys and staff secrets are sealed with a master key.
type Keyring struct {
	// Primary names the key that seals what is new.
	Primary string
	// Masters are 32-byte AES keys by name; older ones open what they sealed.
	Masters map[string][]byte
	// Index keys the blind indexes, 32 bytes. It cannot be rotated without
	// computing every index anew.
	Index []byte
}

const keySize = 32

// Validate reports every fault of the keyring.
func (k Keyring) Validate() error {
	var faults []error
	if _, ok := k.Masters[k.Primary]; !ok {
		faults = append(faults, fmt.Errorf("master key %q is named but not given", k.Primary))
	}
	for name, key := range k.Masters {
		if len(key) != keySize {
			faults = append(faults, fmt.Errorf("master key %q has %d bytes, want %d", name, len(key), keySize))
		}
	}
	if len(k.Index) != keySize {
		faults = append(faults, fmt.Errorf("index key has %d bytes, want %d", len(k.Index), keySize))
	}
	return errors.Join(faults...)
}

// blind returns the keyed blind index of a sensitive value. domain separates
// the uses, so that equal values in different columns differ.
func (k Keyring) blind(domain, value string) []byte {
	mac := hmac.New(sha256.New, k.Index)
	mac.Write([]byte(domain))
	mac.Write([]byte{0})
	mac.Write([]byte(value))
	return mac.Sum(nil)
}

// seal encrypts with AES-256-GCM under a random nonce, which leads the result.
// context is authenticated with it, so that a sealed value cannot be moved to
// another row.
func seal(key, plain []byte, context string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return nil, fmt.Errorf("draw nonce: %w", err)
	}
	return aead.Seal(nonce, nonce, plain, []byte(context)), nil
}

// errUnreadable says that a content is not what was sealed, or not of a form that
// is known.
var errUnreadable = errors.New("the content cannot be read")

// unseal is the inverse of seal.
func unseal(key, sealed []byte, context string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("unseal: %w: too short", errUnreadable)
	}
	nonce, rest := sealed[:aead.NonceSize()], sealed[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, rest, []byte(context))
	if err != nil {
		return nil, fmt.Errorf("unseal: %w: %w", errUnreadable, err)
	}
	return plain, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("content cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("content cipher: %w", err)
	}
	return aead, nil
}

// sealMaster seals with the primary master key and returns its name.
func (k Keyring) sealMaster(plain []byte, context string) (master string, sealed []byte, err error) {
	sealed, err = seal(k.Masters[k.Primary], plain, context)
	return k.Primary, sealed, err
}

func (k Keyring) unsealMaster(master string, sealed []byte, context string) ([]byte, error) {
	key, ok := k.Masters[master]
	if !ok {
		return nil, fmt.Errorf("master key %q is not in the keyring", master)
	}
	return unseal(key, sealed, context)
}
