package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// Verified is what Trust found out about a certificate at an instant. Only
// Trust makes it.
type Verified struct {
	// Issuer is the pinned certificate that issued it.
	Issuer Issuer
	// Code of the subject: unified social credit code or number of a person's
	// document, as the certificate has it. Personal data.
	Code string
	// Chain is DER from the certificate to the root.
	Chain [][]byte

	leaf, issuing *smx509.Certificate
}

var (
	errNoAnchor  = errors.New("no pinned certificate issued it")
	errNoPath    = errors.New("no chain to a pinned root")
	errCA        = errors.New("the certificate of an authority")
	errNoSigning = errors.New("its key usage allows no signatures")
	errMachine   = errors.New("its extended key usage is for machines")
	errWeakRSA   = fmt.Errorf("RSA of less than %d bits", minRSA)
	errCritical  = errors.New("a critical extension that is not understood")
)

// Verify proves at an instant that a pinned authority issued the certificate,
// for whom, that all of its chain is within its dates, that keys are strong and
// that it may sign. Intermediates that a client sent along only help to join
// pinned certificates: none is believed for its own sake. Revocation is asked
// of the result. Errors are RefusalErrors.
func (t *Trust) Verify(c *Certificate, intermediates [][]byte, at time.Time) (Verified, error) {
	v, err := t.VerifyBinding(c, intermediates, at)
	if err != nil {
		return Verified{}, err
	}
	if err := checkSigning(c); err != nil {
		return Verified{}, refuse(Usage, err)
	}
	return v, nil
}

// VerifyBinding is Verify without the demand that the certificate may sign: for
// an encryption certificate that is bound beside a signing one.
func (t *Trust) VerifyBinding(c *Certificate, intermediates [][]byte, at time.Time) (Verified, error) {
	a, path, err := t.chain(c, intermediates, at)
	if err != nil {
		return Verified{}, err
	}
	if err := checkEntity(c, a.code); err != nil {
		return Verified{}, err
	}
	for _, x := range append([]*smx509.Certificate{c.x}, path...) {
		if err := datesAt(x, at); err != nil {
			return Verified{}, err
		}
	}
	code, err := a.code.find(c.x)
	if err != nil {
		return Verified{}, err
	}
	v := Verified{Issuer: a.issuer, Code: code, Chain: [][]byte{c.Raw()}, leaf: c.x, issuing: a.x}
	for _, x := range path {
		v.Chain = append(v.Chain, bytes.Clone(x.Raw))
	}
	return v, nil
}

// chain finds who issued the certificate and the way from there to a root. Of
// several (an authority's certificate renewed under its old key) one whose
// dates fit is preferred.
func (t *Trust) chain(c *Certificate, intermediates [][]byte, at time.Time) (*anchor, []*smx509.Certificate, error) {
	var found *anchor
	var way []*smx509.Certificate
	reason := errNoAnchor
	for _, a := range t.bySubject[string(c.x.RawIssuer)] {
		if !issued(a.x, c.x) {
			continue
		}
		path := a.path
		if path == nil {
			path = climb([]*smx509.Certificate{a.x}, a.pinned, parseIntermediates(intermediates))
		}
		if path == nil {
			reason = errNoPath
			continue
		}
		current := !slices.ContainsFunc(path, func(x *smx509.Certificate) bool { return datesAt(x, at) != nil })
		if found == nil || current {
			found, way = a, path
		}
		if current {
			break
		}
	}
	if found == nil {
		return nil, nil, refuse(UnknownIssuer, reason)
	}
	return found, way, nil
}

// parseIntermediates leaves out what does not parse, is no authority's or is
// too much.
func parseIntermediates(ders [][]byte) []*smx509.Certificate {
	var all []*smx509.Certificate
	for _, der := range ders[:min(len(ders), maxIntermediates)] {
		if x, err := parse(der); err == nil && checkAuthority(x) == nil {
			all = append(all, x)
		}
	}
	return all
}

// maxPath bounds a path of authorities, root included.
const maxPath = 6

// climb continues a path of authorities to a pinned, self-signed root, or
// returns nil. Each step is taken only on a signature, so extra certificates
// of strangers lead nowhere.
func climb(path, pinned, extra []*smx509.Certificate) []*smx509.Certificate {
	last := path[len(path)-1]
	if selfSigned(last) {
		if slices.ContainsFunc(pinned, last.Equal) {
			return path
		}
		return nil
	}
	if len(path) == maxPath {
		return nil
	}
	for _, parent := range slices.Concat(pinned, extra) {
		if slices.ContainsFunc(path, parent.Equal) || !allowsBelow(parent, path) || !issued(parent, last) {
			continue
		}
		if whole := climb(append(slices.Clone(path), parent), pinned, extra); whole != nil {
			return whole
		}
	}
	return nil
}

// allowsBelow obeys the path length of an authority: how many others, not
// counting those issued to themselves, may stand between it and the end entity.
func allowsBelow(parent *smx509.Certificate, path []*smx509.Certificate) bool {
	if parent.MaxPathLen < 0 || parent.MaxPathLen == 0 && !parent.MaxPathLenZero {
		return true
	}
	between := 0
	for _, x := range path {
		if !bytes.Equal(x.RawSubject, x.RawIssuer) {
			between++
		}
	}
	return between <= parent.MaxPathLen
}

// issued says whether parent is the authority that signed child.
func issued(parent, child *smx509.Certificate) bool {
	return bytes.Equal(parent.RawSubject, child.RawIssuer) && isStrongSignature(child.SignatureAlgorithm) && child.CheckSignatureFrom(parent) == nil
}

func selfSigned(x *smx509.Certificate) bool { return issued(x, x) }

// isStrongSignature lists the algorithms under certificates, lists and answers.
func isStrongSignature(algorithm smx509.SignatureAlgorithm) bool {
	switch algorithm {
	case smx509.SHA256WithRSA, smx509.SHA384WithRSA, smx509.SHA512WithRSA, smx509.ECDSAWithSHA256, smx509.ECDSAWithSHA384, smx509.SM2WithSM3:
		return true
	default:
		return false
	}
}

var nameConstraints = asn1.ObjectIdentifier{2, 5, 29, 30}

// checkAuthority says why a certificate cannot stand in a chain above another.
func checkAuthority(x *smx509.Certificate) error {
	switch {
	case !x.BasicConstraintsValid || !x.IsCA || x.KeyUsage&smx509.KeyUsageCertSign == 0:
		return errors.New("not the certificate of an authority")
	case len(x.UnhandledCriticalExtensions) > 0:
		return errCritical
	}
	for _, extension := range x.Extensions {
		if extension.Id.Equal(nameConstraints) {
			return errors.New("name constraints are not supported")
		}
	}
	return checkStrength(x)
}

func checkStrength(x *smx509.Certificate) error {
	switch key := x.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minRSA {
			return errWeakRSA
		}
		if key.N.BitLen() > maxRSA {
			return errKey
		}
		return nil
	case *ecdsa.PublicKey:
		if sm2.IsSM2PublicKey(key) || key.Curve.Params().BitSize >= 256 {
			return nil
		}
	}
	return errKey
}

// checkEntity checks the certificate itself, except dates and key usage.
func checkEntity(c *Certificate, code codeRule) error {
	if c.x.IsCA {
		return refuse(Usage, errCA)
	}
	if err := checkStrength(c.x); err != nil {
		return refuse(Weak, err)
	}
	for _, oid := range c.x.UnhandledCriticalExtensions {
		if !code.covers(oid) {
			return refuse(Malformed, errCritical)
		}
	}
	return nil
}

// checkSigning says why a certificate may not sign for a subject. An extended
// key usage that names only machines' purposes rules people out.
func checkSigning(c *Certificate) error {
	if !c.Signs() {
		return errNoSigning
	}
	if len(c.x.ExtKeyUsage) == 0 || len(c.x.UnknownExtKeyUsage) > 0 {
		return nil
	}
	for _, usage := range c.x.ExtKeyUsage {
		switch usage {
		case smx509.ExtKeyUsageServerAuth, smx509.ExtKeyUsageCodeSigning, smx509.ExtKeyUsageTimeStamping, smx509.ExtKeyUsageOCSPSigning:
		default:
			return nil
		}
	}
	return errMachine
}

// datesAt refuses an instant outside of the dates. Both ends count, the last
// one for its whole second.
func datesAt(x *smx509.Certificate, at time.Time) error {
	switch {
	case at.Before(x.NotBefore):
		return refuse(NotYetValid, nil)
	case !at.Before(x.NotAfter.Add(time.Second)):
		return refuse(Expired, nil)
	}
	return nil
}
