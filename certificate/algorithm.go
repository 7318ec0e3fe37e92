package certificate

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
)

// Algorithm names the key of a certificate, and with it how it signs:
//
//   - RSA: PKCS #1 v1.5 with SHA-256
//   - ECDSA: P-256 with SHA-256, signature in ASN.1 DER
//   - SM2: GB/T 32918.2 with SM3 and the user id of GM/T 0009, signature in ASN.1 DER
type Algorithm string

// The algorithms.
const (
	RSA   Algorithm = "RSA"
	ECDSA Algorithm = "ECDSA"
	SM2   Algorithm = "SM2"
)

// SM2UserID is the user id under every SM2 signature (GM/T 0009-2012, 10).
const SM2UserID = "1234567812345678"

// Bounds of RSA moduli in bits. Below, a key is weak; above, a stranger's key
// would cost us more than it proves.
const (
	minRSA = 2048
	maxRSA = 8192
)

var (
	errKey       = errors.New("a key of no supported kind")
	errSignature = errors.New("the signature does not fit")
)

// AlgorithmOf tells the algorithm of a public key: RSA of at most 8192 bits,
// ECDSA on P-256 or SM2. Weak RSA keys have one too; Trust refuses them.
func AlgorithmOf(public crypto.PublicKey) (Algorithm, error) {
	switch key := public.(type) {
	case *rsa.PublicKey:
		if key.N == nil || key.N.BitLen() > maxRSA {
			return "", fmt.Errorf("RSA of more than %d bits: %w", maxRSA, errKey)
		}
		return RSA, nil
	case *ecdsa.PublicKey:
		switch {
		case sm2.IsSM2PublicKey(key):
			return SM2, nil
		case key.Curve == elliptic.P256():
			return ECDSA, nil
		}
	}
	return "", errKey
}

// Sign signs a message as the algorithm of the key demands; the message is
// whole, not a digest. Keys are *rsa.PrivateKey, *ecdsa.PrivateKey,
// *sm2.PrivateKey or another signer of such a public key that follows their
// conventions (SM2: raw message with sm2's signer options).
func Sign(key crypto.Signer, message []byte) ([]byte, error) {
	algorithm, err := AlgorithmOf(key.Public())
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	var signature []byte
	if algorithm == SM2 {
		signature, err = key.Sign(rand.Reader, message, sm2.NewSM2SignerOption(true, []byte(SM2UserID)))
	} else {
		digest := sha256.Sum256(message)
		signature, err = key.Sign(rand.Reader, digest[:], crypto.SHA256)
	}
	if err != nil {
		return nil, fmt.Errorf("sign with %s: %w", algorithm, err)
	}
	return signature, nil
}

// CheckSignature proves that a key signed the message. A signature that does
// not fit is a RefusalError with BadSignature.
func CheckSignature(public crypto.PublicKey, message, signature []byte) error {
	var fits bool
	switch key := public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(message)
		fits = rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	case *ecdsa.PublicKey:
		if sm2.IsSM2PublicKey(key) {
			fits = sm2.VerifyASN1WithSM2(key, []byte(SM2UserID), message, signature)
			break
		}
		digest := sha256.Sum256(message)
		fits = ecdsa.VerifyASN1(key, digest[:], signature)
	}
	if !fits {
		return refuse(BadSignature, errSignature)
	}
	return nil
}
