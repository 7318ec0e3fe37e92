// Package authority issues X.509 certificates in RSA, ECDSA and SM2, revocation
// lists and OCSP answers: for the CA company's stand-in and for tests. It keeps
// nothing; whoever uses it stores keys, serial numbers and revocations.
package authority

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
)

// GenerateKey draws a key: RSA of 2048 bits, ECDSA on P-256, or SM2.
func GenerateKey(algorithm certificate.Algorithm) (crypto.Signer, error) {
	var key crypto.Signer
	var err error
	switch algorithm {
	case certificate.RSA:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case certificate.ECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case certificate.SM2:
		key, err = sm2.GenerateKey(rand.Reader)
	default:
		return nil, fmt.Errorf("generate key: unknown algorithm %q", algorithm)
	}
	if err != nil {
		return nil, fmt.Errorf("generate %s key: %w", algorithm, err)
	}
	return key, nil
}

// MarshalKey writes a key of GenerateKey as PKCS #8 in DER.
func MarshalKey(key crypto.Signer) ([]byte, error) {
	der, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("marshal key: %w", err)
	}
	return der, nil
}

// ParseKey reads PKCS #8 in DER.
func ParseKey(der []byte) (crypto.Signer, error) {
	key, err := smx509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse key: %w", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("parse key: it cannot sign")
	}
	return signer, nil
}

// Authority is a certificate that issues others, with its key. It is immutable,
// and safe for use by several goroutines.
type Authority struct {
	// CRL and OCSP are the addresses written into what it issues; "" writes none.
	CRL, OCSP string

	key crypto.Signer
	// chain leads from its own certificate to the root.
	chain []*smx509.Certificate
}

// NewRoot draws a self-signed authority.
func NewRoot(name pkix.Name, algorithm certificate.Algorithm, notBefore, notAfter time.Time) (*Authority, error) {
	return create(nil, name, algorithm, notBefore, notAfter, -1)
}

// NewIntermediate draws an authority under this one, which may issue to
// subjects only (path length 0).
func (a *Authority) NewIntermediate(name pkix.Name, algorithm certificate.Algorithm, notBefore, notAfter time.Time) (*Authority, error) {
	return create(a, name, algorithm, notBefore, notAfter, 0)
}

// NewPolicy draws an authority under this one that may have others below
// itself, as many as pathLength says.
func (a *Authority) NewPolicy(name pkix.Name, algorithm certificate.Algorithm, notBefore, notAfter time.Time, pathLength int) (*Authority, error) {
	return create(a, name, algorithm, notBefore, notAfter, pathLength)
}

func create(parent *Authority, name pkix.Name, algorithm certificate.Algorithm, notBefore, notAfter time.Time, pathLength int) (*Authority, error) {
	key, err := GenerateKey(algorithm)
	if err != nil {
		return nil, err
	}
	template := &smx509.Certificate{
		Subject: name, NotBefore: notBefore, NotAfter: notAfter,
		KeyUsage: smx509.KeyUsageCertSign | smx509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true,
		MaxPathLen: pathLength, MaxPathLenZero: pathLength == 0,
	}
	signer := &Authority{key: key, chain: []*smx509.Certificate{template}}
	if parent != nil {
		signer = parent
	}
	x, err := signer.sign(template, key.Public())
	if err != nil {
		return nil, fmt.Errorf("create authority: %w", err)
	}
	a := &Authority{key: key, chain: []*smx509.Certificate{x}}
	if parent != nil {
		a.chain = append(a.chain, parent.chain...)
	}
	return a, nil
}

// sign draws a serial number where the template has none.
func (a *Authority) sign(template *smx509.Certificate, public crypto.PublicKey) (*smx509.Certificate, error) {
	if template.SerialNumber == nil {
		serial, err := newSerial()
		if err != nil {
			return nil, err
		}
		template.SerialNumber = serial
	}
	der, err := smx509.CreateCertificate(rand.Reader, template, a.chain[0], public, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	x, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate: %w", err)
	}
	return x, nil
}

// newSerial draws 16 bytes, the first of them not zero and positive.
func newSerial() (*big.Int, error) {
	serial := make([]byte, 16)
	if _, err := rand.Read(serial); err != nil {
		return nil, fmt.Errorf("draw serial number: %w", err)
	}
	serial[0] = serial[0]&0x7f | 0x40
	return new(big.Int).SetBytes(serial), nil
}

// Load makes an authority of its chain (own certificate first) in DER and its
// key as PKCS #8 in DER.
func Load(chain [][]byte, key []byte) (*Authority, error) {
	signer, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, errors.New("load authority: no certificate")
	}
	a := &Authority{key: signer}
	for _, der := range chain {
		x, err := smx509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("load authority: %w", err)
		}
		a.chain = append(a.chain, x)
	}
	public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(a.chain[0].PublicKey) {
		return nil, errors.New("load authority: the key is another certificate's")
	}
	return a, nil
}

// Key returns the private key as PKCS #8 in DER, for Load.
func (a *Authority) Key() ([]byte, error) { return MarshalKey(a.key) }

// Certificate returns its own certificate in DER.
func (a *Authority) Certificate() []byte { return slices.Clone(a.chain[0].Raw) }

// Chain returns DER from its own certificate to the root.
func (a *Authority) Chain() [][]byte {
	chain := make([][]byte, len(a.chain))
	for i, x := range a.chain {
		chain[i] = slices.Clone(x.Raw)
	}
	return chain
}

// PEM returns Chain in PEM.
func (a *Authority) PEM() []byte {
	var text []byte
	for _, x := range a.chain {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw})...)
	}
	return text
}

// Name returns the common name of its certificate.
func (a *Authority) Name() string { return a.chain[0].Subject.CommonName }

// TrustEntry returns the entry that makes a portal trust it, with the code where
// Issue puts it.
func (a *Authority) TrustEntry(name string) certificate.TrustEntry {
	return certificate.TrustEntry{
		Name: name, Certificates: string(a.PEM()), Code: "oid:" + CodeOID, CRL: a.CRL, OCSP: a.OCSP,
	}
}

// TrustJSON writes a trust list that certificate.ParseTrust reads.
func TrustJSON(entries ...certificate.TrustEntry) ([]byte, error) {
	text, err := json.MarshalIndent(certificate.TrustFile{Issuers: entries}, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write trust: %w", err)
	}
	return append(text, '\n'), nil
}
