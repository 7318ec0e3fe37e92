package authority

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
)

// CodeOID is the extension that carries the subject's code (GB/T 20518, code of
// an organization).
const CodeOID = "1.2.156.10260.4.1.4"

var codeOID = asn1.ObjectIdentifier{1, 2, 156, 10260, 4, 1, 4}

// Profile says for whom a certificate is.
type Profile string

// The profiles, named as the portal names the kinds of certificate.
const (
	Organization   Profile = "organization"
	Representative Profile = "representative"
	Agent          Profile = "agent"
	Person         Profile = "person"
)

// Usage says what the key may do.
type Usage string

// The usages. Signing is the default of a zero Request.
const (
	Signing    Usage = ""
	Encryption Usage = "encryption"
	Both       Usage = "both"
)

// Request says what to write into a certificate.
type Request struct {
	Profile Profile
	Usage   Usage
	// Code of the subject: unified social credit code, or number of a natural
	// person's document. "" leaves the extension away.
	Code string
	// Organization is the company's name; unused for a natural person.
	Organization string
	// Name of the person; for an organization's certificate unused.
	Name string
	// PersonNumber goes into serialNumber of the subject, for persons only; ""
	// leaves it away.
	PersonNumber        string
	NotBefore, NotAfter time.Time
	// Serial is drawn if nil.
	Serial *big.Int
	// Change edits the template before it is signed, for tests; nil leaves it.
	Change func(*smx509.Certificate)
}

// Issue signs a certificate for a public key and returns its DER.
func (a *Authority) Issue(public crypto.PublicKey, r Request) ([]byte, error) {
	if _, err := certificate.AlgorithmOf(public); err != nil && r.Change == nil {
		return nil, fmt.Errorf("issue: %w", err)
	}
	template, err := a.template(r)
	if err != nil {
		return nil, fmt.Errorf("issue: %w", err)
	}
	x, err := a.sign(template, public)
	if err != nil {
		return nil, fmt.Errorf("issue: %w", err)
	}
	return x.Raw, nil
}

// IssueFromCSR signs a certificate for the key of a PKCS #10 request in DER or
// PEM, whose own signature proves possession. Names in the request do not
// count: Request says who it is for.
func (a *Authority) IssueFromCSR(csr []byte, r Request) ([]byte, error) {
	public, err := CSRKey(csr)
	if err != nil {
		return nil, err
	}
	return a.Issue(public, r)
}

// CSRKey returns the public key of a PKCS #10 request in DER or PEM after
// checking its signature.
func CSRKey(csr []byte) (crypto.PublicKey, error) {
	if block, _ := pem.Decode(csr); block != nil {
		csr = block.Bytes
	}
	request, err := smx509.ParseCertificateRequest(csr)
	if err != nil {
		return nil, fmt.Errorf("parse certificate request: %w", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	if _, err := certificate.AlgorithmOf(request.PublicKey); err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	return request.PublicKey, nil
}

// NewCSR writes a PKCS #10 request in DER for a key.
func NewCSR(key crypto.Signer, commonName string) ([]byte, error) {
	template := &smx509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}}
	der, err := smx509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		return nil, fmt.Errorf("create certificate request: %w", err)
	}
	return der, nil
}

// Pair is what an SM2 subject receives: a signing certificate for the key that
// never left its medium, and an encryption certificate whose key the authority
// drew and may escrow.
type Pair struct {
	Signing, Encryption []byte
	EncryptionKey       crypto.Signer
}

// IssuePair issues both certificates of a pair; public is the signing key. The
// Request's Usage and Serial are ignored.
func (a *Authority) IssuePair(public crypto.PublicKey, r Request) (Pair, error) {
	algorithm, err := certificate.AlgorithmOf(public)
	if err != nil {
		return Pair{}, fmt.Errorf("issue pair: %w", err)
	}
	r.Serial, r.Usage = nil, Signing
	signing, err := a.Issue(public, r)
	if err != nil {
		return Pair{}, err
	}
	key, err := GenerateKey(algorithm)
	if err != nil {
		return Pair{}, err
	}
	r.Usage = Encryption
	encryption, err := a.Issue(key.Public(), r)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Signing: signing, Encryption: encryption, EncryptionKey: key}, nil
}

func (a *Authority) template(r Request) (*smx509.Certificate, error) {
	subject, err := subjectOf(r)
	if err != nil {
		return nil, err
	}
	template := &smx509.Certificate{
		SerialNumber: r.Serial, Subject: subject, NotBefore: r.NotBefore, NotAfter: r.NotAfter, BasicConstraintsValid: true,
		ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageClientAuth, smx509.ExtKeyUsageEmailProtection},
	}
	switch r.Usage {
	case Signing:
		template.KeyUsage = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment
	case Encryption:
		template.KeyUsage = smx509.KeyUsageKeyEncipherment | smx509.KeyUsageDataEncipherment | smx509.KeyUsageKeyAgreement
	case Both:
		template.KeyUsage = smx509.KeyUsageDigitalSignature | smx509.KeyUsageContentCommitment | smx509.KeyUsageKeyEncipherment
	default:
		return nil, fmt.Errorf("unknown usage %q", r.Usage)
	}
	if a.CRL != "" {
		template.CRLDistributionPoints = []string{a.CRL}
	}
	if a.OCSP != "" {
		template.OCSPServer = []string{a.OCSP}
	}
	if r.Code != "" {
		value, err := asn1.MarshalWithParams(r.Code, "utf8")
		if err != nil {
			return nil, fmt.Errorf("encode code: %w", err)
		}
		template.ExtraExtensions = []pkix.Extension{{Id: codeOID, Value: value}}
	}
	if r.Change != nil {
		r.Change(template)
	}
	return template, nil
}

func subjectOf(r Request) (pkix.Name, error) {
	name := pkix.Name{Country: []string{"CN"}, CommonName: r.Name, SerialNumber: r.PersonNumber}
	switch r.Profile {
	case Organization:
		name.Organization, name.CommonName, name.SerialNumber = []string{r.Organization}, r.Organization, ""
	case Representative:
		name.Organization, name.OrganizationalUnit = []string{r.Organization}, []string{"法定代表人"}
	case Agent:
		name.Organization, name.OrganizationalUnit = []string{r.Organization}, []string{"经办人"}
	case Person:
	default:
		return pkix.Name{}, fmt.Errorf("unknown profile %q", r.Profile)
	}
	if name.CommonName == "" {
		return pkix.Name{}, errors.New("no name to issue for")
	}
	return name, nil
}
