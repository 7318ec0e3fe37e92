// Package filetoken is a key token in a file: what a USB key is in hardware, a
// *.ukey file is for those who have none, for tests, and for SM2, which SoftHSM
// does not know. The file is JSON. Certificates stand in it in the clear, so
// that they can be listed without a PIN; private keys are a list of PKCS #8
// sealed with AES-256-GCM under a random key, which is wrapped twice: under a
// key that argon2id derives from the PIN, and under one from the PUK.
//
// The file counts the tries that are left. It cannot defend that count against
// somebody who copies the file beforehand: then only argon2id's price stands
// between them and a short PIN. A hardware token defends its own count.
package filetoken

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"unicode/utf8"

	"github.com/emmansun/gmsm/smx509"
)

// Extension ends the name of each token file.
const Extension = ".ukey"

// Use says what a key pair of the token is for.
type Use string

// The uses. Only a Signing key signs.
const (
	Signing    Use = "sign"
	Encryption Use = "encrypt"
)

// Entry is one key pair to put into a token.
type Entry struct {
	// Key is an *rsa.PrivateKey, an *ecdsa.PrivateKey or an *sm2.PrivateKey.
	Key crypto.Signer
	// Certificates are DER, the key's own first, its issuers after it. None, for
	// a key whose certificate is still to be issued: Request, then Import.
	Certificates [][]byte
	Use          Use
}

// Chain is the certificates of one key pair, DER, the key's own first.
type Chain struct {
	Use          Use
	Certificates [][]byte
}

// WrongPIN says that the PIN, or the PUK, was not the token's.
type WrongPIN struct{ TriesLeft int }

func (e WrongPIN) Error() string { return fmt.Sprintf("wrong PIN, %d tries left", e.TriesLeft) }

// Locked says that no tries are left: the PUK unlocks a PIN, nothing unlocks a
// PUK.
type Locked struct{}

func (Locked) Error() string { return "the token is locked" }

// Tries that a fresh token grants in a row.
const (
	PINTries = 5
	PUKTries = 10
)

// Lengths of PIN and PUK in bytes.
const (
	minPIN = 6
	maxPIN = 64
)

var (
	errPIN         = fmt.Errorf("a PIN has %d to %d bytes", minPIN, maxPIN)
	errFile        = errors.New("not a token file")
	errCertificate = errors.New("the token holds no signing key for this certificate")
)

// format names the layout of the file; it is authenticated with each seal.
const format = "unireg-ukey/1"

// maxFile bounds a token file in bytes.
const maxFile = 1 << 20

// file is the layout.
type file struct {
	Format string `json:"format"`
	ID     string `json:"id"`
	Label  string `json:"label"`
	KDF    kdf    `json:"kdf"`
	PIN    secret `json:"pin"`
	PUK    secret `json:"puk"`
	Pairs  []pair `json:"pairs"`
	Keys   []byte `json:"keys"` // sealed: JSON array of PKCS #8, one for each pair
}

type pair struct {
	Use          Use      `json:"use"`
	Public       []byte   `json:"public"` // SubjectPublicKeyInfo
	Certificates [][]byte `json:"certificates"`
}

// Create returns the contents of a new token file. PIN and PUK have 6 to 64
// bytes. The file grants PINTries and PUKTries.
func Create(pin, puk, label string, entries []Entry) ([]byte, error) {
	if !fits([]byte(pin)) || !fits([]byte(puk)) {
		return nil, errPIN
	}
	if label == "" || !utf8.ValidString(label) || len(entries) == 0 {
		return nil, errors.New("a token has a label and at least one key")
	}
	f := file{Format: format, ID: hex.EncodeToString(random(16)), Label: label, KDF: standardKDF}
	keys := make([][]byte, 0, len(entries))
	defer func() { wipe(keys...) }()
	for i, entry := range entries {
		p, key, err := newPair(entry)
		if err != nil {
			return nil, fmt.Errorf("key %d of the token: %w", i+1, err)
		}
		f.Pairs, keys = append(f.Pairs, p), append(keys, key)
	}
	master := random(32)
	defer clear(master)
	if err := f.sealKeys(master, keys); err != nil {
		return nil, err
	}
	var err error
	if f.PIN, err = f.wrap("pin", []byte(pin), master, PINTries); err != nil {
		return nil, err
	}
	if f.PUK, err = f.wrap("puk", []byte(puk), master, PUKTries); err != nil {
		return nil, err
	}
	return f.encode()
}

func newPair(e Entry) (pair, []byte, error) {
	if e.Use != Signing && e.Use != Encryption {
		return pair{}, nil, fmt.Errorf("unknown use %q", e.Use)
	}
	key, err := smx509.MarshalPKCS8PrivateKey(e.Key)
	if err != nil {
		return pair{}, nil, fmt.Errorf("encode the private key: %w", err)
	}
	public, err := smx509.MarshalPKIXPublicKey(e.Key.Public())
	if err != nil {
		return pair{}, nil, fmt.Errorf("encode the public key: %w", err)
	}
	p := pair{Use: e.Use, Public: public, Certificates: [][]byte{}}
	if len(e.Certificates) > 0 {
		if err := p.certify(e.Certificates); err != nil {
			return pair{}, nil, err
		}
	}
	return p, key, nil
}

// certify replaces the pair's certificates, if the first is for its key.
func (p *pair) certify(chain [][]byte) error {
	for _, der := range chain {
		if _, err := smx509.ParseCertificate(der); err != nil {
			return fmt.Errorf("parse a certificate: %w", err)
		}
	}
	leaf, err := smx509.ParseCertificate(chain[0])
	if err != nil {
		return fmt.Errorf("parse the certificate: %w", err)
	}
	public, err := smx509.MarshalPKIXPublicKey(leaf.PublicKey)
	if err != nil || !bytes.Equal(public, p.Public) {
		return errors.New("the certificate is for another key")
	}
	p.Certificates = chain
	return nil
}

func fits(pin []byte) bool { return len(pin) >= minPIN && len(pin) <= maxPIN }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, by its contract
	return b
}

func wipe(secrets ...[]byte) {
	for _, s := range secrets {
		clear(s)
	}
}

func (f file) encode() ([]byte, error) {
	encoded, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode the token: %w", err)
	}
	return append(encoded, '\n'), nil
}

// Token is a token file on disk. Its methods read the file anew where the count
// of tries matters, so that several holders in one process agree.
type Token struct {
	path string
	file file
}

// writing serialises what changes token files in this process.
var writing sync.Mutex

// Open reads the token at path. It needs no PIN.
func Open(path string) (*Token, error) {
	f, err := read(path)
	if err != nil {
		return nil, err
	}
	return &Token{path: path, file: f}, nil
}

func read(path string) (file, error) {
	info, err := os.Stat(path)
	if err != nil {
		return file{}, fmt.Errorf("open the token: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return file{}, fmt.Errorf("open the token: %w", errFile)
	}
	encoded, err := os.ReadFile(path) // #nosec G304 -- whoever starts the agent names its tokens
	if err != nil {
		return file{}, fmt.Errorf("read the token: %w", err)
	}
	return parse(encoded)
}

func parse(encoded []byte) (file, error) {
	var f file
	if err := json.Unmarshal(encoded, &f); err != nil {
		return file{}, fmt.Errorf("%w: %w", errFile, err)
	}
	if f.Format != format || f.ID == "" || len(f.Pairs) == 0 || !f.KDF.sane() {
		return file{}, fmt.Errorf("%w: unknown format or parameters", errFile)
	}
	for _, p := range f.Pairs {
		if len(p.Certificates) == 0 {
			continue
		}
		if err := p.certify(p.Certificates); err != nil {
			return file{}, fmt.Errorf("%w: %w", errFile, err)
		}
	}
	return f, nil
}

// ID is the token's own, drawn when it was created.
func (t *Token) ID() string { return t.file.ID }

// Label is the name that its creator gave it.
func (t *Token) Label() string { return t.file.Label }

// TriesLeft says how often the PIN may still be wrong, as of Open or the last
// attempt through this Token. 0 means locked.
func (t *Token) TriesLeft() int { return t.file.PIN.Tries }

// Certificates lists the chains of the key pairs that have one.
func (t *Token) Certificates() []Chain {
	var chains []Chain
	for _, p := range t.file.Pairs {
		if len(p.Certificates) > 0 {
			chains = append(chains, Chain{Use: p.Use, Certificates: p.Certificates})
		}
	}
	return chains
}

// Import puts certificates, DER with the key's own first, beside the key that
// the first is for, and takes the place of those that were there. It needs no
// PIN: a certificate is public, and is refused unless it fits a key.
func (t *Token) Import(certificates [][]byte) error {
	if len(certificates) == 0 {
		return errors.New("no certificate to import")
	}
	return t.update(func(f *file) error {
		for i := range f.Pairs {
			if err := f.Pairs[i].certify(certificates); err == nil {
				return nil
			}
		}
		return errors.New("the token holds no key for this certificate")
	})
}

// update reads the file, changes it and writes it.
func (t *Token) update(change func(*file) error) error {
	writing.Lock()
	defer writing.Unlock()
	f, err := read(t.path)
	if err != nil {
		return err
	}
	if err := change(&f); err != nil {
		return err
	}
	return t.store(f)
}

// store writes the file in whole: a crash leaves the old one or the new one.
func (t *Token) store(f file) error {
	encoded, err := f.encode()
	if err != nil {
		return err
	}
	if err := replace(t.path, encoded); err != nil {
		return fmt.Errorf("write the token: %w", err)
	}
	t.file = f
	return nil
}

func replace(path string, contents []byte) (err error) {
	beside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.Remove(beside.Name()); err == nil && !errors.Is(e, fs.ErrNotExist) {
			err = e
		}
	}()
	_, err = beside.Write(contents)
	if err == nil {
		err = beside.Sync()
	}
	if e := beside.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(beside.Name(), path)
	}
	return err
}
