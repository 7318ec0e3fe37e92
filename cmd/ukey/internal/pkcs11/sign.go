package pkcs11

import (
	"crypto/sha256"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
)

// Algorithm of a key pair.
type Algorithm string

// The algorithms: RSA signs with PKCS #1 v1.5 and SHA-256, ECDSA on P-256 with
// SHA-256.
const (
	RSA   Algorithm = "RSA"
	ECDSA Algorithm = "ECDSA"
)

// Mechanisms.
const (
	mechRSAGenerate = 0x0
	mechSHA256RSA   = 0x40
	mechECGenerate  = 0x1040
	mechECDSA       = 0x1041
)

// Sign logs in with the PIN and signs the message with the private key whose
// CKA_ID is id. The message is hashed by the token (RSA) or here (ECDSA, whose
// signature is returned as ASN.1 DER). It returns WrongPIN or Locked for a
// refused PIN, and an error that is Removed when the token is gone.
func (m *Module) Sign(t Token, pin, id []byte, message []byte) ([]byte, error) {
	var signature []byte
	err := m.withSession(t, 0, func(s session) error {
		return s.withLogin(pin, func() (err error) {
			key, err := s.privateKey(id)
			if err != nil {
				return err
			}
			signature, err = s.sign(key, pin, message)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", t.quote(), err)
	}
	return signature, nil
}

// privateKey finds the key of that id.
func (s session) privateKey(id []byte) (uintptr, error) {
	if len(id) == 0 {
		return 0, errors.New("the certificate names no key")
	}
	var t template
	t.add(attrClass, native.ulongs(classPrivateKey))
	t.add(attrID, id)
	keys, err := s.objects(t)
	if err != nil {
		return 0, err
	}
	if len(keys) != 1 {
		return 0, fmt.Errorf("%d private keys for the certificate", len(keys))
	}
	return keys[0], nil
}

// maxSignature is enough for RSA of 8192 bits.
const maxSignature = 1024

func (s session) sign(key uintptr, pin, message []byte) ([]byte, error) {
	kind, err := s.value(key, attrKeyType)
	if err != nil {
		return nil, err
	}
	if len(kind) < native.ulong {
		return nil, errors.New("the key has no type")
	}
	switch native.uint(kind) {
	case keyRSA:
		return s.signWith(mechSHA256RSA, key, pin, message)
	case keyEC:
		digest := sha256.Sum256(message)
		raw, err := s.signWith(mechECDSA, key, pin, digest[:])
		if err != nil {
			return nil, err
		}
		return derSignature(raw)
	default:
		return nil, errors.New("the key is neither RSA nor ECDSA")
	}
}

func (s session) signWith(mechanism uint, key uintptr, pin, data []byte) ([]byte, error) {
	always, err := s.value(key, attrAlwaysAuthenticate)
	if err != nil {
		return nil, err
	}
	var mem memory
	defer mem.release()
	if err := s.check("C_SignInit", fnSignInit, s.handle, mem.of(native.mechanism(mechanism)), key); err != nil {
		return nil, err
	}
	if len(always) == 1 && always[0] == 1 {
		if err := s.login(userContext, pin); err != nil {
			return nil, s.explain(err)
		}
	}
	signature, size := make([]byte, maxSignature), native.ulongs(maxSignature)
	err = s.check("C_Sign", fnSign, s.handle, mem.of(data), uintptr(len(data)), mem.of(signature), mem.of(size))
	if err != nil {
		return nil, err
	}
	return signature[:min(native.uint(size), maxSignature)], nil
}

// derSignature turns the token's r || s into ASN.1 DER.
func derSignature(raw []byte) ([]byte, error) {
	if len(raw) == 0 || len(raw)%2 != 0 {
		return nil, fmt.Errorf("an ECDSA signature of %d bytes", len(raw))
	}
	half := len(raw) / 2
	encoded, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
	if err != nil {
		return nil, fmt.Errorf("encode the signature: %w", err)
	}
	return encoded, nil
}
