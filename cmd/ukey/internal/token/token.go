// Package token knows the keys that are plugged in: tokens behind PKCS#11
// modules and token files. A Watch looks at all of them again and again, and
// tells those who wait when one came or went.
package token

import (
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
)

// Unknown is the tries left of a token that does not tell them.
const Unknown = -1

// WrongPIN says that the PIN was not the token's. TriesLeft may be Unknown.
type WrongPIN struct{ TriesLeft int }

func (WrongPIN) Error() string { return "wrong PIN" }

// What else keeps a token from signing.
var (
	ErrLocked  = errors.New("the token is locked")
	ErrRemoved = errors.New("the token is not there any more")
)

// Token is a token that is plugged in.
type Token struct {
	Label string
	// Certificates are those to sign with.
	Certificates []Certificate
}

// Certificate is one to sign with, and the way to its key.
type Certificate struct {
	*certificate.Certificate
	// Chain is the certificates of its issuers, DER, as far as the token holds
	// them, the nearest first.
	Chain [][]byte
	// Token is the label of the token that holds the key.
	Token string
	// TriesLeft says how often the PIN may still be wrong; 0 is locked, Unknown
	// where the token does not tell.
	TriesLeft int

	sign func(pin, message []byte) ([]byte, error)
}

// NewCertificate returns a certificate whose key is reached through sign, on a
// token that does not tell its tries.
func NewCertificate(c *certificate.Certificate, label string, sign func(pin, message []byte) ([]byte, error)) Certificate {
	return Certificate{Certificate: c, Token: label, TriesLeft: Unknown, sign: sign}
}

// ID names the certificate: SHA-256 of its DER in lower-case hex.
func (c Certificate) ID() string { return c.SHA256() }

// Sign signs the message with the certificate's key and proves the signature
// with the certificate, so that a token which mixes up its keys is noticed here.
// It returns WrongPIN, ErrLocked or ErrRemoved. The PIN is the caller's to wipe.
func (c Certificate) Sign(pin, message []byte) ([]byte, error) {
	signature, err := c.sign(pin, message)
	if err != nil {
		return nil, err
	}
	if err := c.CheckSignature(message, signature); err != nil {
		return nil, fmt.Errorf("the token's signature does not fit its certificate: %w", err)
	}
	return signature, nil
}

// Source is where tokens are looked for.
type Source interface {
	// Tokens lists those that are plugged in now. With an error come those that
	// could be read all the same.
	Tokens() ([]Token, error)
}

// signing parses a certificate that may sign; nil for one that may not, or is of
// an authority, or of an algorithm that is none of ours.
func signing(der []byte) *certificate.Certificate {
	c, err := certificate.Parse(der)
	if err != nil || !c.Signs() {
		return nil
	}
	if x, err := smx509.ParseCertificate(der); err != nil || x.IsCA {
		return nil
	}
	return c
}
