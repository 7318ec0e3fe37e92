package certificate

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/emmansun/gmsm/smx509"
)

// Status is an issuer's word on one certificate.
type Status string

// The statuses. Unknown also stands for a word that is too old to count.
const (
	Good      Status = "good"
	Revoked   Status = "revoked"
	Suspended Status = "suspended"
	Unknown   Status = "unknown"
)

// Where a word on revocation comes from.
const (
	FromCRL  = "crl"
	FromOCSP = "ocsp"
)

// clockSkew is how far in our future an issuer's ThisUpdate may lie.
const clockSkew = 5 * time.Minute

// maxList bounds a revocation list, in bytes.
const maxList = 16 << 20

// Revocation is what an issuer says of a certificate, with the proof.
type Revocation struct {
	Status Status
	// RevokedAt is the instant from which Revoked or Suspended counts.
	RevokedAt time.Time
	// Reason is a CRLReason of RFC 5280 by its name there, such as
	// keyCompromise or certificateHold; "" if the issuer gives none.
	Reason string
	// Source is FromCRL or FromOCSP.
	Source string
	// ThisUpdate and NextUpdate bound the time for which the issuer speaks.
	// NextUpdate is zero where the issuer does not say.
	ThisUpdate, NextUpdate time.Time
	// Proof is the list or the answer, DER as received.
	Proof []byte
}

// Err returns nil if the status is good, else a RefusalError.
func (r Revocation) Err() error {
	switch r.Status {
	case Good:
		return nil
	case Revoked:
		return refuse(IsRevoked, nil)
	case Suspended:
		return refuse(IsSuspended, nil)
	case Unknown:
	}
	return refuse(StatusUnknown, nil)
}

// before says whether the certificate had stopped counting at an instant.
func (r Revocation) before(at time.Time) bool {
	return (r.Status == Revoked || r.Status == Suspended) && !r.RevokedAt.After(at)
}

// reasons by their number in RFC 5280, 5.3.1. 7 is not used there; 8 takes an
// entry of an earlier list back.
var reasons = map[int]string{
	0: "", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
	5: "cessationOfOperation", 6: onHold, 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

const onHold = "certificateHold"

// ReasonCode returns the number of a reason's name in RFC 5280, 5.3.1.
func ReasonCode(reason string) (int, bool) {
	for code, name := range reasons {
		if name == reason {
			return code, true
		}
	}
	return 0, false
}

func reasonText(code int) string {
	if name, ok := reasons[code]; ok {
		return name
	}
	return "reason " + strconv.Itoa(code)
}

// statusFor maps a reason: a hold suspends, everything else revokes.
func statusFor(reason string) Status {
	if reason == onHold {
		return Suspended
	}
	return Revoked
}

// List is a revocation list whose signature was checked.
type List struct {
	// Number grows with every list of an issuer; in decimal, "" if the list has
	// none.
	Number string
	// ThisUpdate and NextUpdate are the list's; NextUpdate is zero if it has none.
	ThisUpdate, NextUpdate time.Time
	Entries                []Entry

	issuerKey string
	raw       []byte
	index     map[string]int
}

// Entry is one certificate of a List.
type Entry struct {
	// Serial is upper-case hex, two digits a byte, as Certificate.Serial.
	Serial string
	At     time.Time
	// Reason as in Revocation; "certificateHold" suspends.
	Reason string
}

// Status returns Revoked or Suspended.
func (e Entry) Status() Status { return statusFor(e.Reason) }

var (
	errNotVerified  = errors.New("the certificate was not verified")
	errListIssuer   = errors.New("the list is another issuer's")
	errListForged   = errors.New("the list's signature does not fit its issuer")
	errListPartial  = errors.New("the list is partial or indirect, which is not supported")
	errListTooLarge = fmt.Errorf("the list is longer than %d bytes", maxList)
)

// ParseCRL reads a complete revocation list in DER of at most 16 MiB and checks
// that the issuer with that Key signed it. That it is current is asked of
// StatusFromList. Errors are RefusalErrors with StatusUnknown.
func (t *Trust) ParseCRL(issuerKey string, der []byte) (List, error) {
	a := t.byKey[issuerKey]
	if a == nil {
		return List{}, refuse(StatusUnknown, errNoAnchor)
	}
	return parseCRL(a.x, issuerKey, der)
}

func parseCRL(issuing *smx509.Certificate, issuerKey string, der []byte) (List, error) {
	if len(der) > maxList {
		return List{}, refuse(StatusUnknown, errListTooLarge)
	}
	der = bytes.Clone(der)
	x, err := smx509.ParseRevocationList(der)
	switch {
	case err != nil:
		return List{}, refuse(StatusUnknown, fmt.Errorf("parse list: %w", err))
	case len(x.Raw) != len(der):
		return List{}, refuse(StatusUnknown, errors.New("parse list: something follows it"))
	case !bytes.Equal(x.RawIssuer, issuing.RawSubject):
		return List{}, refuse(StatusUnknown, errListIssuer)
	case issuing.KeyUsage&smx509.KeyUsageCRLSign == 0 || !isStrongSignature(x.SignatureAlgorithm) || x.CheckSignatureFrom(issuing) != nil:
		return List{}, refuse(StatusUnknown, errListForged)
	case !complete(x):
		return List{}, refuse(StatusUnknown, errListPartial)
	}
	l := List{
		ThisUpdate: x.ThisUpdate, NextUpdate: x.NextUpdate,
		Entries: make([]Entry, len(x.RevokedCertificateEntries)),
		index:   make(map[string]int, len(x.RevokedCertificateEntries)), issuerKey: issuerKey, raw: der,
	}
	if x.Number != nil {
		l.Number = x.Number.String()
	}
	for i, e := range x.RevokedCertificateEntries {
		l.Entries[i] = Entry{Serial: SerialText(e.SerialNumber), At: e.RevocationTime.UTC(), Reason: reasonText(e.ReasonCode)}
		if before, twice := l.index[l.Entries[i].Serial]; !twice || l.Entries[before].Status() == Suspended {
			l.index[l.Entries[i].Serial] = i
		}
	}
	return l, nil
}

var (
	issuingPoint      = asn1.ObjectIdentifier{2, 5, 29, 28}
	deltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	certificateIssuer = asn1.ObjectIdentifier{2, 5, 29, 29}
	listNumber        = asn1.ObjectIdentifier{2, 5, 29, 20}
	authorityKey      = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// complete says whether a list speaks for all certificates of its signer:
// silence in a partial one would prove nothing.
func complete(x *smx509.RevocationList) bool {
	for _, e := range x.Extensions {
		if e.Id.Equal(issuingPoint) || e.Id.Equal(deltaIndicator) {
			return false
		}
		if e.Critical && !e.Id.Equal(listNumber) && !e.Id.Equal(authorityKey) {
			return false
		}
	}
	for _, entry := range x.RevokedCertificateEntries {
		for _, e := range entry.Extensions {
			if e.Critical || e.Id.Equal(certificateIssuer) {
				return false
			}
		}
	}
	return true
}

// StatusFromCRL looks the certificate up in a list in DER, checking its
// signature. See StatusFromList for what counts as current.
func (v Verified) StatusFromCRL(der []byte, at time.Time, maxAge time.Duration) (Revocation, error) {
	if v.issuing == nil {
		return Revocation{}, refuse(StatusUnknown, errNotVerified)
	}
	l, err := parseCRL(v.issuing, v.Issuer.Key, der)
	if err != nil {
		return Revocation{}, err
	}
	return v.StatusFromList(l, at, maxAge)
}

// StatusFromList looks the certificate up in a list. Being listed counts even
// if the list is old. Silence counts only while the list is current: at lies
// between ThisUpdate (five minutes of grace for clocks) and NextUpdate, and
// within maxAge (0: no further limit) of ThisUpdate; else the status is Unknown,
// without an error.
func (v Verified) StatusFromList(l List, at time.Time, maxAge time.Duration) (Revocation, error) {
	if v.issuing == nil {
		return Revocation{}, refuse(StatusUnknown, errNotVerified)
	}
	if l.issuerKey != v.Issuer.Key {
		return Revocation{}, refuse(StatusUnknown, errListIssuer)
	}
	r := Revocation{Status: Good, Source: FromCRL, ThisUpdate: l.ThisUpdate, NextUpdate: l.NextUpdate, Proof: l.raw}
	i, listed := l.index[SerialText(v.leaf.SerialNumber)]
	switch {
	case listed && l.Entries[i].Reason != reasons[8]:
		r.Status, r.RevokedAt, r.Reason = l.Entries[i].Status(), l.Entries[i].At, l.Entries[i].Reason
	case !current(l.ThisUpdate, l.NextUpdate, at, maxAge):
		r.Status = Unknown
	}
	return r, nil
}

// current says whether an issuer's word counts at an instant. A word without
// NextUpdate needs a maxAge to count.
func current(thisUpdate, nextUpdate, at time.Time, maxAge time.Duration) bool {
	switch {
	case thisUpdate.After(at.Add(clockSkew)):
		return false
	case nextUpdate.IsZero() && maxAge <= 0:
		return false
	case !nextUpdate.IsZero() && at.After(nextUpdate):
		return false
	}
	return maxAge <= 0 || !at.After(thisUpdate.Add(maxAge))
}

// ParseSerial reads a serial number as Certificate.Serial writes it.
func ParseSerial(serial string) (*big.Int, error) {
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok || n.Sign() < 0 || len(serial) > 2*maxSerial || SerialText(n) != serial {
		return nil, errors.New("not a serial number in upper-case hex")
	}
	return n, nil
}

// maxSerial bounds a serial number in bytes; RFC 5280 allows 20.
const maxSerial = 64
