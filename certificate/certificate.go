package certificate

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// Bounds of what strangers send, in bytes and in certificates.
const (
	maxCertificate   = 16 << 10
	maxPEM           = 256 << 10
	maxIntermediates = 8
)

// Certificate is a parsed X.509 certificate of an end entity. That it parses
// says nothing about whom to believe: Trust.Verify does.
type Certificate struct {
	x         *smx509.Certificate
	algorithm Algorithm
}

// Parse reads a certificate in DER of at most 16 KiB. Errors are RefusalErrors
// with Malformed.
func Parse(der []byte) (*Certificate, error) {
	x, err := parse(der)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	algorithm, err := AlgorithmOf(x.PublicKey)
	if err != nil {
		return nil, refuse(Malformed, err)
	}
	return &Certificate{x: x, algorithm: algorithm}, nil
}

func parse(der []byte) (*smx509.Certificate, error) {
	if len(der) > maxCertificate {
		return nil, fmt.Errorf("parse certificate: longer than %d bytes", maxCertificate)
	}
	x, err := smx509.ParseCertificate(bytes.Clone(der))
	if err != nil {
		return nil, fmt.Errorf("parse certificate: %w", err)
	}
	return x, nil
}

// ParsePEM reads one end entity's certificate and, in any order, the
// certificates of authorities that came along. Errors are RefusalErrors with
// Malformed.
func ParsePEM(text []byte) (leaf *Certificate, intermediates [][]byte, err error) {
	ders, err := pemCertificates(text, maxIntermediates+1)
	if err != nil {
		return nil, nil, refuse(Malformed, err)
	}
	for _, der := range ders {
		c, err := Parse(der)
		switch {
		case err == nil && !c.x.IsCA && leaf != nil:
			return nil, nil, refuse(Malformed, errors.New("more than one certificate of an end entity"))
		case err == nil && !c.x.IsCA:
			leaf = c
		default: // an authority's, whose key may be of another kind
			if _, err := parse(der); err != nil {
				return nil, nil, refuse(Malformed, err)
			}
			intermediates = append(intermediates, der)
		}
	}
	if leaf == nil {
		return nil, nil, refuse(Malformed, errors.New("no certificate of an end entity"))
	}
	return leaf, intermediates, nil
}

// pemCertificates decodes the CERTIFICATE blocks of a text and refuses others.
func pemCertificates(text []byte, most int) ([][]byte, error) {
	if len(text) > maxPEM {
		return nil, fmt.Errorf("PEM longer than %d bytes", maxPEM)
	}
	var ders [][]byte
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, errors.New("PEM of something else than certificates")
		}
		if ders = append(ders, block.Bytes); len(ders) > most {
			return nil, fmt.Errorf("more than %d certificates", most)
		}
		text = rest
	}
	if len(ders) == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return ders, nil
}

// Raw returns the certificate in DER.
func (c *Certificate) Raw() []byte { return bytes.Clone(c.x.Raw) }

// PEM returns the certificate in PEM.
func (c *Certificate) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.x.Raw})
}

// Issuer returns the issuer's distinguished name as in RFC 2253.
func (c *Certificate) Issuer() string { return distinguishedName(c.x.RawIssuer, c.x.Issuer) }

// Subject returns the subject's distinguished name as in RFC 2253. It is
// personal data.
func (c *Certificate) Subject() string { return distinguishedName(c.x.RawSubject, c.x.Subject) }

// distinguishedName keeps the order of the certificate, which pkix.Name loses.
func distinguishedName(raw []byte, parsed pkix.Name) string {
	var sequence pkix.RDNSequence
	if rest, err := asn1.Unmarshal(raw, &sequence); err != nil || len(rest) > 0 {
		return parsed.String()
	}
	return sequence.String()
}

// CommonName returns the name for which the certificate was issued, of a
// company or a person; "" if it has none.
func (c *Certificate) CommonName() string { return c.x.Subject.CommonName }

// Serial returns the serial number in upper-case hex, two digits a byte, as
// openssl prints it.
func (c *Certificate) Serial() string { return SerialText(c.x.SerialNumber) }

// SerialText writes a serial number as Certificate.Serial does.
func SerialText(n *big.Int) string {
	text := fmt.Sprintf("%X", n)
	if len(text)%2 == 1 {
		text = "0" + text
	}
	return text
}

// NotBefore returns the first second of validity.
func (c *Certificate) NotBefore() time.Time { return c.x.NotBefore }

// NotAfter returns the last second of validity.
func (c *Certificate) NotAfter() time.Time { return c.x.NotAfter }

// ValidAt says whether an instant lies between NotBefore and the end of
// NotAfter's second.
func (c *Certificate) ValidAt(at time.Time) bool { return datesAt(c.x, at) == nil }

// Algorithm returns the kind of the key.
func (c *Certificate) Algorithm() Algorithm { return c.algorithm }

// PublicKey returns *rsa.PublicKey or *ecdsa.PublicKey (also for SM2).
func (c *Certificate) PublicKey() crypto.PublicKey { return c.x.PublicKey }

// SHA256 returns the fingerprint of the DER in lower-case hex.
func (c *Certificate) SHA256() string { return fingerprint(c.x.Raw) }

func fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// SM3 returns the SM3 fingerprint of the DER in lower-case hex.
func (c *Certificate) SM3() string {
	sum := sm3.Sum(c.x.Raw)
	return hex.EncodeToString(sum[:])
}

// Signs says whether the key usage allows signatures: digitalSignature or
// nonRepudiation (contentCommitment). Without key usage nothing is allowed.
func (c *Certificate) Signs() bool {
	return c.x.KeyUsage&(smx509.KeyUsageDigitalSignature|smx509.KeyUsageContentCommitment) != 0
}

// Encrypts says whether the key usage allows encryption: keyEncipherment,
// dataEncipherment or keyAgreement.
func (c *Certificate) Encrypts() bool {
	return c.x.KeyUsage&(smx509.KeyUsageKeyEncipherment|smx509.KeyUsageDataEncipherment|smx509.KeyUsageKeyAgreement) != 0
}

// CheckSignature proves that the certificate's key signed the message with its
// Algorithm. A signature that does not fit is a RefusalError with BadSignature.
func (c *Certificate) CheckSignature(message, signature []byte) error {
	return CheckSignature(c.x.PublicKey, message, signature)
}

// String keeps personal data out of logs: the fingerprint's first half.
func (c *Certificate) String() string { return "certificate " + strings.ToUpper(c.SHA256()[:32]) }
