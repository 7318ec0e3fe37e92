package certificate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Bounds of a trust list.
const (
	maxTrust   = 4 << 20 // bytes
	maxIssuers = 64
	maxPinned  = 16 // certificates of one issuer
)

// Trust is the pinned set of authorities whose certificates count. It is
// immutable, and safe for use by several goroutines.
type Trust struct {
	anchors []*anchor
	// bySubject finds the anchors by the name that their certificates carry.
	bySubject map[string][]*anchor
	byKey     map[string]*anchor
}

// Issuer is an authority's certificate that issues to subjects.
type Issuer struct {
	// Name is what people call it, in Chinese.
	Name string
	// CRL and OCSP are addresses over HTTP; "" where the authority has none.
	CRL, OCSP string
	// Key is the SHA-256 of the issuing certificate in lower-case hex. It stays
	// when the list is edited.
	Key string
	// Subject is the issuing certificate's distinguished name as in RFC 2253.
	Subject string
	// NotAfter is its last second.
	NotAfter time.Time
}

// anchor is an issuing certificate with all that belongs to it.
type anchor struct {
	issuer Issuer
	x      *smx509.Certificate
	// pinned are all certificates of its entry.
	pinned []*smx509.Certificate
	// path leads from x to a pinned root; nil if only intermediates that
	// clients send along complete it.
	path []*smx509.Certificate
	code codeRule
	// entry is what it was read from.
	entry TrustEntry
}

// TrustFile is the JSON form of Trust.
type TrustFile struct {
	Issuers []TrustEntry `json:"issuers"`
}

// TrustEntry is one authority in a TrustFile.
type TrustEntry struct {
	// Name is shown to people.
	Name string `json:"name"`
	// Certificates are the issuing certificates, their root, and whatever lies
	// between, in PEM, in any order. All of them are pinned.
	Certificates string `json:"certificates"`
	// Code says where a certificate names its subject's code:
	// "oid:1.2.156.10260.4.1.4" (extension, or attribute of the subject) or
	// "subject:serialNumber", "subject:OU", "subject:O", "subject:CN"; several,
	// tried in order, are separated by commas.
	Code string `json:"code"`
	// CodePattern is a regular expression whose one group is the code within
	// the value; "" takes the whole value.
	CodePattern string `json:"code_pattern,omitempty"`
	// CRL and OCSP are absolute http(s) addresses, or "". An authority's list
	// is signed by one key: an entry with a CRL has one issuing certificate.
	CRL  string `json:"crl,omitempty"`
	OCSP string `json:"ocsp,omitempty"`
}

// ParseTrust reads a TrustFile. Every entry must pin at least one self-signed
// root and one certificate that issues; no certificate may issue in two entries.
// Errors are the operator's to read.
func ParseTrust(text []byte) (*Trust, error) {
	if len(text) > maxTrust {
		return nil, fmt.Errorf("parse trust: longer than %d bytes", maxTrust)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var file TrustFile
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("parse trust: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("parse trust: something follows the JSON object")
	}
	if len(file.Issuers) > maxIssuers {
		return nil, fmt.Errorf("parse trust: more than %d issuers", maxIssuers)
	}
	t := &Trust{bySubject: map[string][]*anchor{}, byKey: map[string]*anchor{}}
	for i, entry := range file.Issuers {
		if err := t.add(entry); err != nil {
			return nil, fmt.Errorf("parse trust: issuer %d (%s): %w", i+1, entry.Name, err)
		}
	}
	return t, nil
}

func (t *Trust) add(entry TrustEntry) error {
	if entry.Name == "" {
		return errors.New("no name")
	}
	for _, address := range []string{entry.CRL, entry.OCSP} {
		if err := checkAddress(address); err != nil {
			return err
		}
	}
	code, err := parseCodeRule(entry.Code, entry.CodePattern)
	if err != nil {
		return err
	}
	pinned, err := parsePinned(entry.Certificates)
	if err != nil {
		return err
	}
	issuing := issuingOf(pinned)
	if entry.CRL != "" && len(issuing) > 1 {
		return errors.New("a crl and several issuing certificates: give each an entry of its own")
	}
	for _, x := range issuing {
		a := &anchor{
			issuer: Issuer{
				Name: entry.Name, CRL: entry.CRL, OCSP: entry.OCSP, Key: fingerprint(x.Raw),
				Subject: distinguishedName(x.RawSubject, x.Subject), NotAfter: x.NotAfter,
			},
			x: x, pinned: pinned, code: code, entry: entry,
		}
		if t.byKey[a.issuer.Key] != nil {
			return errors.New("its certificate issues in an earlier entry already")
		}
		a.path = climb([]*smx509.Certificate{x}, pinned, nil)
		t.anchors = append(t.anchors, a)
		t.byKey[a.issuer.Key] = a
		t.bySubject[string(x.RawSubject)] = append(t.bySubject[string(x.RawSubject)], a)
	}
	return nil
}

func checkAddress(address string) error {
	if address == "" {
		return nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%q is no absolute http address", address)
	}
	return nil
}

func parsePinned(text string) ([]*smx509.Certificate, error) {
	ders, err := pemCertificates([]byte(text), maxPinned)
	if err != nil {
		return nil, err
	}
	var pinned []*smx509.Certificate
	var rooted bool
	for _, der := range ders {
		x, err := parse(der)
		if err != nil {
			return nil, err
		}
		if err := checkAuthority(x); err != nil {
			return nil, fmt.Errorf("certificate %s: %w", SerialText(x.SerialNumber), err)
		}
		pinned = append(pinned, x)
		rooted = rooted || selfSigned(x)
	}
	if !rooted {
		return nil, errors.New("no self-signed root among its certificates")
	}
	return pinned, nil
}

// issuingOf returns the certificates that issued no other one of the list.
func issuingOf(pinned []*smx509.Certificate) []*smx509.Certificate {
	var issuing []*smx509.Certificate
	for _, x := range pinned {
		issues := true
		for _, other := range pinned {
			if !other.Equal(x) && issued(x, other) {
				issues = false
			}
		}
		if issues {
			issuing = append(issuing, x)
		}
	}
	return issuing
}

// Issuers lists the issuing certificates in the order of the file.
func (t *Trust) Issuers() []Issuer {
	issuers := make([]Issuer, len(t.anchors))
	for i, a := range t.anchors {
		issuers[i] = a.issuer
	}
	return issuers
}

// Entry returns what the issuer with that key was read from.
func (t *Trust) Entry(key string) (TrustEntry, bool) {
	a, ok := t.byKey[key]
	if !ok {
		return TrustEntry{}, false
	}
	return a.entry, true
}
