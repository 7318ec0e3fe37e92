package filetoken

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/crypto/argon2"
)

// kdf is the parameters of argon2id (RFC 9106), kept in the file.
type kdf struct {
	Name    string `json:"name"`
	Time    uint32 `json:"time"`
	Memory  uint32 `json:"memory"` // KiB
	Threads uint8  `json:"threads"`
}

var standardKDF = kdf{Name: "argon2id", Time: 3, Memory: 64 * 1024, Threads: 2}

// sane bounds what a file may make this machine compute.
func (k kdf) sane() bool {
	return k.Name == "argon2id" && k.Time >= 1 && k.Time <= 16 && k.Memory >= 8*1024 && k.Memory <= 512*1024 && k.Threads >= 1 && k.Threads <= 8
}

// secret is the master key wrapped under a PIN or PUK.
type secret struct {
	Salt    []byte `json:"salt"`
	Wrapped []byte `json:"wrapped"`
	Tries   int    `json:"tries"`
}

// wrap seals the master key under what is derived from a PIN or PUK.
func (f file) wrap(name string, pin, master []byte, tries int) (secret, error) {
	s := secret{Salt: random(16), Tries: tries}
	key := f.derive(pin, s.Salt)
	defer clear(key)
	var err error
	s.Wrapped, err = f.seal(name, key, master)
	return s, err
}

func (f file) derive(pin, salt []byte) []byte {
	return argon2.IDKey(pin, salt, f.KDF.Time, f.KDF.Memory, f.KDF.Threads, 32)
}

// unwrap opens the master key; ok is false for a wrong PIN.
func (f file) unwrap(name string, s secret, pin []byte) (master []byte, ok bool) {
	key := f.derive(pin, s.Salt)
	defer clear(key)
	master, err := f.unseal(name, key, s.Wrapped)
	return master, err == nil
}

func (f *file) sealKeys(master []byte, keys [][]byte) error {
	list, err := json.Marshal(keys)
	if err != nil {
		return fmt.Errorf("encode the keys: %w", err)
	}
	defer clear(list)
	f.Keys, err = f.seal("keys", master, list)
	return err
}

// privateKeys opens the list of PKCS #8, one for each pair.
func (f file) privateKeys(master []byte) ([][]byte, error) {
	list, err := f.unseal("keys", master, f.Keys)
	if err != nil {
		return nil, fmt.Errorf("open the keys: %w", err)
	}
	defer clear(list)
	var keys [][]byte
	if err := json.Unmarshal(list, &keys); err != nil {
		return nil, fmt.Errorf("decode the keys: %w", err)
	}
	if len(keys) != len(f.Pairs) {
		return nil, fmt.Errorf("%w: %d keys for %d pairs", errFile, len(keys), len(f.Pairs))
	}
	return keys, nil
}

// seal returns nonce and ciphertext. Format, token and part are authenticated.
func (f file) seal(part string, key, plain []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	nonce := random(gcm.NonceSize())
	return gcm.Seal(nonce, nonce, plain, f.bound(part)), nil
}

var errSeal = errors.New("the seal does not open")

func (f file) unseal(part string, key, sealed []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < gcm.NonceSize() {
		return nil, errSeal
	}
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], f.bound(part))
	if err != nil {
		return nil, errSeal
	}
	return plain, nil
}

func (f file) bound(part string) []byte { return []byte(f.Format + "\n" + f.ID + "\n" + part) }

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("prepare the cipher: %w", err)
	}
	return gcm, nil
}
