// Package pki is the CA company's own hierarchy: a root and an issuing authority
// under it in RSA, and the same in SM2. It issues, and signs lists and answers
// about what was issued; what was revoked it is told.
package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"time"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/filetoken"
	"unireg/cmd/cacompany/internal/protocol"
)

// Company is the name in the certificates of the authorities.
const Company = "示范数字证书认证有限公司"

// How long what is drawn at init counts.
const (
	rootYears         = 20
	intermediateYears = 10
)

// Freshness is how long a list or an answer counts.
const Freshness = 10 * time.Minute

// Algorithms lists those of the authorities, the first of a form's choices first.
func Algorithms() []certificate.Algorithm {
	return []certificate.Algorithm{certificate.RSA, certificate.SM2}
}

// keys name the authorities in addresses and storage.
var keys = map[certificate.Algorithm]string{certificate.RSA: "rsa", certificate.SM2: "sm2"}

// Key names the authority of an algorithm in addresses and storage.
func Key(algorithm certificate.Algorithm) string { return keys[algorithm] }

// Kept is what storage keeps of an authority: DER.
type Kept struct {
	Chain   [][]byte // the issuing authority, then its root
	Key     []byte   // of the issuing authority, PKCS #8
	RootKey []byte
}

// Draw makes a root and an issuing authority.
func Draw(algorithm certificate.Algorithm, at time.Time) (Kept, error) {
	begin := at.UTC().Truncate(time.Second)
	root, err := authority.NewRoot(name(algorithm, "根证书"), algorithm, begin, begin.AddDate(rootYears, 0, 0))
	if err != nil {
		return Kept{}, fmt.Errorf("draw the %s root: %w", algorithm, err)
	}
	issuing, err := root.NewIntermediate(name(algorithm, "签发证书"), algorithm, begin, begin.AddDate(intermediateYears, 0, 0))
	if err != nil {
		return Kept{}, fmt.Errorf("draw the %s authority: %w", algorithm, err)
	}
	kept := Kept{Chain: issuing.Chain()}
	kept.Key, err = issuing.Key()
	if err != nil {
		return Kept{}, err
	}
	kept.RootKey, err = root.Key()
	return kept, err
}

func name(algorithm certificate.Algorithm, what string) pkix.Name {
	return pkix.Name{Country: []string{"CN"}, Organization: []string{Company}, CommonName: fmt.Sprintf("示范 CA %s %s", algorithm, what)}
}

// PKI issues. It is immutable, and safe for concurrent use.
type PKI struct {
	byKey map[string]*authority.Authority
}

// Load joins the authorities, which are reached under the address url.
func Load(url string, kept map[string]Kept) (*PKI, error) {
	p := &PKI{byKey: map[string]*authority.Authority{}}
	for _, key := range keys {
		k, ok := kept[key]
		if !ok {
			return nil, fmt.Errorf("the authority %s is missing", key)
		}
		a, err := authority.Load(k.Chain, k.Key)
		if err != nil {
			return nil, fmt.Errorf("load the authority %s: %w", key, err)
		}
		a.CRL, a.OCSP = url+"/crl/"+key+".crl", url+"/ocsp/"+key
		p.byKey[key] = a
	}
	return p, nil
}

// Trust is the list by which the registration system trusts the authorities.
func (p *PKI) Trust() ([]byte, error) {
	var entries []certificate.TrustEntry
	for _, algorithm := range Algorithms() {
		entries = append(entries, p.byKey[Key(algorithm)].TrustEntry(fmt.Sprintf("%s（%s）", Company, algorithm)))
	}
	return authority.TrustJSON(entries...)
}

// Order says what to issue.
type Order struct {
	Application protocol.Application
	// Algorithm of the keys that are drawn; unused with a CSR.
	Algorithm certificate.Algorithm
	// CSR is PKCS #10 in PEM or DER; nil draws the keys.
	CSR []byte
	At  time.Time
}

// Made is a certificate that was issued.
type Made struct {
	*certificate.Certificate
	Authority string // its key
	Use       string // signing or encryption
	Chain     [][]byte
	Key       crypto.Signer // nil for one on a CSR
}

// PEM is the certificate followed by its intermediates, the root left away.
func (m Made) PEM() string {
	var text []byte
	for _, der := range m.Chain[:len(m.Chain)-1] {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return string(text)
}

// ErrRequest says that a CSR is of no use.
var ErrRequest = errors.New("the certificate request is of no use")

// Issue issues a signing certificate, and beside it an encryption certificate
// where the keys are drawn in SM2.
func (p *PKI) Issue(o Order) ([]Made, error) {
	if o.CSR != nil {
		return p.issueOnRequest(o)
	}
	a, ok := p.byKey[Key(o.Algorithm)]
	if !ok {
		return nil, fmt.Errorf("issue: no authority for %q", o.Algorithm)
	}
	key, err := authority.GenerateKey(o.Algorithm)
	if err != nil {
		return nil, err
	}
	if o.Algorithm != certificate.SM2 {
		der, err := a.Issue(key.Public(), request(o))
		if err != nil {
			return nil, err
		}
		return p.made(o.Algorithm, part{der, "signing", key})
	}
	pair, err := a.IssuePair(key.Public(), request(o))
	if err != nil {
		return nil, err
	}
	return p.made(o.Algorithm, part{pair.Signing, "signing", key}, part{pair.Encryption, "encryption", pair.EncryptionKey})
}

func (p *PKI) issueOnRequest(o Order) ([]Made, error) {
	public, err := authority.CSRKey(o.CSR)
	if err != nil {
		return nil, errors.Join(ErrRequest, err)
	}
	algorithm, err := certificate.AlgorithmOf(public)
	if err != nil {
		return nil, errors.Join(ErrRequest, err)
	}
	if algorithm == certificate.ECDSA {
		algorithm = certificate.RSA // its authority signs for both
	}
	der, err := p.byKey[Key(algorithm)].Issue(public, request(o))
	if err != nil {
		return nil, err
	}
	return p.made(algorithm, part{der: der, use: "signing"})
}

type part struct {
	der []byte
	use string
	key crypto.Signer
}

func (p *PKI) made(algorithm certificate.Algorithm, parts ...part) ([]Made, error) {
	key := Key(algorithm)
	var all []Made
	for _, part := range parts {
		c, err := certificate.Parse(part.der)
		if err != nil {
			return nil, fmt.Errorf("read back what was issued: %w", err)
		}
		chain := append([][]byte{part.der}, p.byKey[key].Chain()...)
		all = append(all, Made{Certificate: c, Authority: key, Use: part.use, Chain: chain, Key: part.key})
	}
	return all, nil
}

// request names the subject as the kind of certificate asks.
func request(o Order) authority.Request {
	a := o.Application
	begin := o.At.UTC().Truncate(time.Second)
	r := authority.Request{
		Profile: authority.Profile(a.Kind), Code: a.Subject.Code, Organization: a.Subject.Name,
		NotBefore: begin, NotAfter: begin.AddDate(a.Years, 0, 0),
	}
	switch a.Kind {
	case protocol.Organization:
	case protocol.Representative:
		r.Name, r.PersonNumber = a.Representative.Name, a.Representative.IDNumber
	case protocol.Agent:
		r.Name, r.PersonNumber = a.Agent.Name, a.Agent.IDNumber
	case protocol.Person:
		r.Name, r.PersonNumber = a.Subject.Name, a.Subject.Code
	}
	return r
}

// Token puts what was issued into a token file.
func Token(label, pin, puk string, made []Made) ([]byte, error) {
	var entries []filetoken.Entry
	for _, m := range made {
		use := filetoken.Signing
		if m.Use == "encryption" {
			use = filetoken.Encryption
		}
		entries = append(entries, filetoken.Entry{Key: m.Key, Certificates: m.Chain, Use: use})
	}
	return filetoken.Create(pin, puk, label, entries)
}

// NewPIN draws the initial PIN of a token: eight digits.
func NewPIN() (string, error) { return digits(8) }

// NewPUK draws what unlocks a token: sixteen digits.
func NewPUK() (string, error) { return digits(16) }

func digits(n int64) (string, error) {
	drawn, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil))
	if err != nil {
		return "", fmt.Errorf("draw digits: %w", err)
	}
	return fmt.Sprintf("%0*d", n, drawn), nil
}

// CRL signs a list of what an authority has revoked and suspended; unknown
// authorities get nil. Lists of later instants have higher numbers.
func (p *PKI) CRL(key string, entries []certificate.Entry, at time.Time) ([]byte, error) {
	a, ok := p.byKey[key]
	if !ok {
		return nil, nil
	}
	this := at.UTC().Truncate(time.Second)
	return a.RevocationList(at.UnixMilli(), entries, this, this.Add(Freshness))
}

// OCSP answers a request to an authority, DER for DER, as of an instant; unknown
// authorities get nil. lookup tells the state of a serial in upper-case hex.
func (p *PKI) OCSP(key string, request []byte, lookup func(serial string) (authority.State, error), at time.Time) []byte {
	a, ok := p.byKey[key]
	if !ok {
		return nil
	}
	responder := authority.Responder{
		Authority: a, Lookup: lookup, Now: func() time.Time { return at.UTC().Truncate(time.Second) }, Validity: Freshness,
	}
	return responder.Respond(request)
}
