package filetoken

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
)

// Sign signs the message with the key of a certificate of the token, given in
// DER: RSA as PKCS #1 v1.5 with SHA-256, ECDSA with SHA-256, SM2 with SM3 and the
// standard's default user id, both as ASN.1 DER. The message is hashed here: a
// digest cannot be handed in. It returns WrongPIN, Locked, or an error that is
// fs.ErrNotExist when the file is gone.
func (t *Token) Sign(pin string, der, message []byte) ([]byte, error) {
	secret := []byte(pin)
	defer clear(secret)
	return t.SignWith(secret, der, message)
}

// SignWith is Sign for a PIN that the caller can wipe.
func (t *Token) SignWith(pin, der, message []byte) (signature []byte, err error) {
	err = t.withKey(pin, func(p pair) bool {
		return p.Use == Signing && len(p.Certificates) > 0 && bytes.Equal(p.Certificates[0], der)
	}, func(key crypto.Signer) error {
		signature, err = certificate.Sign(key, message)
		return err
	})
	return signature, err
}

// Request returns a PKCS #10 request, DER, for the token's first signing key
// that has no certificate yet.
func (t *Token) Request(pin string, subject pkix.Name) (request []byte, err error) {
	secret := []byte(pin)
	defer clear(secret)
	err = t.withKey(secret, func(p pair) bool {
		return p.Use == Signing && len(p.Certificates) == 0
	}, func(key crypto.Signer) error {
		request, err = smx509.CreateCertificateRequest(rand.Reader, &smx509.CertificateRequest{Subject: subject}, key)
		return err
	})
	return request, err
}

// Unlock sets a new PIN with the PUK and grants PINTries anew. It returns
// WrongPIN with the PUK's tries, or Locked when the PUK has none left.
func (t *Token) Unlock(puk, pin string) error { return t.renew("puk", puk, pin) }

// ChangePIN replaces the PIN.
func (t *Token) ChangePIN(old, pin string) error { return t.renew("pin", old, pin) }

func (t *Token) renew(by, proof, pin string) error {
	if !fits([]byte(pin)) {
		return errPIN
	}
	writing.Lock()
	defer writing.Unlock()
	master, err := t.try(by, []byte(proof))
	if err != nil {
		return err
	}
	defer clear(master)
	f := t.file
	if f.PIN, err = f.wrap("pin", []byte(pin), master, PINTries); err != nil {
		return err
	}
	return t.store(f)
}

// withKey opens the first key pair that is wanted, and forgets it again.
func (t *Token) withKey(pin []byte, wanted func(pair) bool, use func(crypto.Signer) error) error {
	writing.Lock()
	defer writing.Unlock()
	f, err := read(t.path)
	if err != nil {
		return err
	}
	t.file = f
	at := -1
	for i, p := range f.Pairs {
		if at < 0 && wanted(p) {
			at = i
		}
	}
	if at < 0 {
		return errCertificate
	}
	master, err := t.try("pin", pin)
	if err != nil {
		return err
	}
	defer clear(master)
	keys, err := f.privateKeys(master)
	if err != nil {
		return err
	}
	defer wipe(keys...)
	key, err := parseKey(keys[at], f.Pairs[at].Public)
	if err != nil {
		return err
	}
	return use(key)
}

func parseKey(pkcs8, public []byte) (crypto.Signer, error) {
	parsed, err := smx509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("parse the private key: %w", err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("the private key cannot sign")
	}
	own, err := smx509.MarshalPKIXPublicKey(key.Public())
	if err != nil || !bytes.Equal(own, public) {
		return nil, errors.New("private and public key are no pair")
	}
	return key, nil
}

// try opens the master key with a PIN or PUK. A try is taken from the file
// before it is made and given back when it succeeds, so that a crash in between
// is no free try.
func (t *Token) try(name string, pin []byte) ([]byte, error) {
	f, err := read(t.path)
	if err != nil {
		return nil, err
	}
	s, full := &f.PIN, PINTries
	if name == "puk" {
		s, full = &f.PUK, PUKTries
	}
	if s.Tries <= 0 {
		t.file = f
		return nil, Locked{}
	}
	s.Tries--
	if err := t.store(f); err != nil {
		return nil, err
	}
	master, ok := f.unwrap(name, *s, pin)
	switch {
	case ok:
		s.Tries = full
		return master, t.store(f)
	case s.Tries == 0:
		return nil, Locked{}
	}
	return nil, WrongPIN{TriesLeft: s.Tries}
}
