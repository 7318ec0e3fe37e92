package certificate

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate/internal/ocsp"
)

// ocspWithoutNext is how long an answer counts that names no NextUpdate.
const ocspWithoutNext = time.Hour

var (
	errOtherSerial = errors.New("the answer is on another certificate")
	errResponder   = errors.New("neither the issuer nor a responder of its own signed the answer")
)

// OCSPRequest asks the issuer's responder about the certificate: DER to be sent
// by POST as application/ocsp-request. It carries no nonce, so that an answer
// may be kept and shown to others; its dates say for how long.
func (v Verified) OCSPRequest() ([]byte, error) {
	if v.issuing == nil {
		return nil, refuse(StatusUnknown, errNotVerified)
	}
	id, err := ocsp.NewCertID(v.issuing, v.leaf.SerialNumber)
	if err != nil {
		return nil, err
	}
	return ocsp.Request{IDs: []ocsp.CertID{id}}.Marshal()
}

// StatusFromOCSP reads a responder's answer in DER. It must be signed by the
// issuer, or by a certificate in the answer that the issuer itself issued for
// OCSP signing and that is valid at the instant. Good counts while the instant
// lies between ThisUpdate (five minutes of grace) and NextUpdate, or within an
// hour of ThisUpdate if there is no NextUpdate; else, and where the responder
// does not know the certificate, the status is Unknown without an error.
// Answers that are forged, of others, or errors, are RefusalErrors with
// StatusUnknown.
func (v Verified) StatusFromOCSP(response []byte, at time.Time) (Revocation, error) {
	if v.issuing == nil {
		return Revocation{}, refuse(StatusUnknown, errNotVerified)
	}
	answer, err := ocsp.ParseResponse(response)
	if err != nil {
		return Revocation{}, refuse(StatusUnknown, err)
	}
	i := slices.IndexFunc(answer.Singles, func(s ocsp.Single) bool {
		return s.ID.Serial.Cmp(v.leaf.SerialNumber) == 0 && s.ID.IssuedBy(v.issuing)
	})
	if i < 0 {
		return Revocation{}, refuse(StatusUnknown, errOtherSerial)
	}
	if !v.mayAnswer(answer, at) {
		return Revocation{}, refuse(StatusUnknown, errResponder)
	}
	return revocationOf(answer.Singles[i], response, at), nil
}

func revocationOf(single ocsp.Single, response []byte, at time.Time) Revocation {
	r := Revocation{
		Status: Unknown, Source: FromOCSP, ThisUpdate: single.ThisUpdate, NextUpdate: single.NextUpdate, Proof: bytes.Clone(response),
	}
	var age time.Duration
	if single.NextUpdate.IsZero() {
		age = ocspWithoutNext
	}
	switch {
	case single.Status == ocsp.Revoked:
		r.Reason, r.RevokedAt = reasonText(single.Reason), single.RevokedAt
		r.Status = statusFor(r.Reason)
	case single.Status == ocsp.Good && current(single.ThisUpdate, single.NextUpdate, at, age):
		r.Status = Good
	}
	return r
}

// mayAnswer says whether an answer is signed by the issuer or by whom it
// delegated. A delegate is believed for its own validity: whether it was
// revoked is not asked (id-pkix-ocsp-nocheck).
func (v Verified) mayAnswer(answer ocsp.Response, at time.Time) bool {
	signedBy := func(x *smx509.Certificate) bool {
		return x.CheckSignature(answer.SignatureAlgorithm, answer.Signed, answer.Signature) == nil
	}
	if signedBy(v.issuing) {
		return true
	}
	return slices.ContainsFunc(answer.Certificates, func(x *smx509.Certificate) bool {
		return isDelegate(x, v.issuing, at) && signedBy(x)
	})
}

func isDelegate(x, issuing *smx509.Certificate, at time.Time) bool {
	return slices.Contains(x.ExtKeyUsage, smx509.ExtKeyUsageOCSPSigning) &&
		(x.KeyUsage == 0 || x.KeyUsage&smx509.KeyUsageDigitalSignature != 0) &&
		datesAt(x, at) == nil && checkStrength(x) == nil && issued(issuing, x)
}
