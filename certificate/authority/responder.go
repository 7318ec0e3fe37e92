package authority

import (
	"crypto"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emmansun/gmsm/smx509"

	"unireg/certificate"
	"unireg/certificate/internal/ocsp"
)

// State is what an authority knows about a certificate that it issued.
type State struct {
	// Status is Good, Revoked, Suspended or Unknown (never issued).
	Status certificate.Status
	// At and Reason come with Revoked and Suspended.
	At     time.Time
	Reason string
}

// Responder answers OCSP requests for one authority.
type Responder struct {
	// Authority whose certificates are asked about.
	Authority *Authority
	// Lookup tells the state of the certificate with a serial number in
	// upper-case hex. An error is answered with tryLater.
	Lookup func(serial string) (State, error)
	// Now is the clock.
	Now func() time.Time
	// Validity is the time from ThisUpdate to NextUpdate; 0 names no NextUpdate.
	Validity time.Duration
	// Delegate signs in the authority's place; nil lets the authority sign.
	Delegate *Delegate
}

// Delegate is a certificate for OCSP signing with its key.
type Delegate struct {
	x   *smx509.Certificate
	key crypto.Signer
}

var oidNoCheck = []int{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

// NewDelegate issues a certificate for signing OCSP answers.
func (a *Authority) NewDelegate(algorithm certificate.Algorithm, notBefore, notAfter time.Time) (*Delegate, error) {
	key, err := GenerateKey(algorithm)
	if err != nil {
		return nil, err
	}
	x, err := a.sign(&smx509.Certificate{
		Subject: pkix.Name{CommonName: a.Name() + " OCSP"}, NotBefore: notBefore, NotAfter: notAfter, BasicConstraintsValid: true,
		KeyUsage: smx509.KeyUsageDigitalSignature, ExtKeyUsage: []smx509.ExtKeyUsage{smx509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: oidNoCheck, Value: []byte{0x05, 0x00}}},
	}, key.Public())
	if err != nil {
		return nil, fmt.Errorf("issue OCSP certificate: %w", err)
	}
	return &Delegate{x: x, key: key}, nil
}

// LoadDelegate makes a delegate of its certificate in DER and its key as
// PKCS #8 in DER.
func LoadDelegate(der, key []byte) (*Delegate, error) {
	signer, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	x, err := smx509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("load OCSP certificate: %w", err)
	}
	return &Delegate{x: x, key: signer}, nil
}

// Certificate returns the delegate's certificate in DER.
func (d *Delegate) Certificate() []byte { return slices.Clone(d.x.Raw) }

// Key returns the private key as PKCS #8 in DER, for LoadDelegate.
func (d *Delegate) Key() ([]byte, error) { return MarshalKey(d.key) }

// Respond answers a request in DER with a response in DER, whatever the
// request: errors are answers, too.
func (r *Responder) Respond(request []byte) []byte {
	asked, err := ocsp.ParseRequest(request)
	if err != nil {
		return ocsp.MarshalError(ocsp.MalformedRequest)
	}
	singles, err := r.singles(asked)
	if status, ok := errors.AsType[ocsp.ErrorStatus](err); ok {
		return ocsp.MarshalError(status)
	}
	if err != nil {
		return ocsp.MarshalError(ocsp.TryLater)
	}
	signer, key := r.Authority.chain[0], r.Authority.key
	if r.Delegate != nil {
		signer, key = r.Delegate.x, r.Delegate.key
	}
	algorithm, err := answerAlgorithm(key)
	if err != nil {
		return ocsp.MarshalError(ocsp.InternalError)
	}
	answer := ocsp.Answer{Singles: singles, ProducedAt: r.Now(), Nonce: asked.Nonce, Signer: signer, Include: r.Delegate != nil}
	der, err := answer.Sign(algorithm, func(message []byte) ([]byte, error) { return certificate.Sign(key, message) })
	if err != nil {
		return ocsp.MarshalError(ocsp.InternalError)
	}
	return der
}

func (r *Responder) singles(asked ocsp.Request) ([]ocsp.Single, error) {
	now := r.Now()
	var singles []ocsp.Single
	for _, id := range asked.IDs {
		if !id.IssuedBy(r.Authority.chain[0]) {
			return nil, ocsp.Unauthorized
		}
		state, err := r.Lookup(certificate.SerialText(id.Serial))
		if err != nil {
			return nil, fmt.Errorf("look up certificate: %w", err)
		}
		single := ocsp.Single{ID: id, Status: ocsp.Unknown, ThisUpdate: now}
		if r.Validity > 0 {
			single.NextUpdate = now.Add(r.Validity)
		}
		switch state.Status {
		case certificate.Good:
			single.Status = ocsp.Good
		case certificate.Revoked, certificate.Suspended:
			reason, ok := certificate.ReasonCode(state.Reason)
			if !ok {
				return nil, fmt.Errorf("unknown reason %q", state.Reason)
			}
			single.Status, single.RevokedAt, single.Reason = ocsp.Revoked, state.At, reason
		case certificate.Unknown:
		}
		singles = append(singles, single)
	}
	return singles, nil
}

// answerAlgorithm is the one by which certificate.Sign signs.
func answerAlgorithm(key crypto.Signer) (smx509.SignatureAlgorithm, error) {
	algorithm, err := certificate.AlgorithmOf(key.Public())
	switch algorithm {
	case certificate.RSA:
		return smx509.SHA256WithRSA, err
	case certificate.ECDSA:
		return smx509.ECDSAWithSHA256, err
	case certificate.SM2:
		return smx509.SM2WithSM3, err
	default:
		return smx509.UnknownSignatureAlgorithm, err
	}
}
