// Package ocsp is the ASN.1 of the online certificate status protocol (RFC 6960)
// for both sides, whatever the algorithm of the keys. It decides nothing: who may
// answer and what still counts is the caller's.
package ocsp

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RFC 6960 names keys and issuers by SHA-1; nothing is trusted for it
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/smx509"
)

// Bounds of what strangers send: bytes, and members of the lists within.
const (
	MaxRequest  = 8 << 10
	MaxResponse = 64 << 10
	maxSingles  = 16
	maxCerts    = 4
)

var (
	oidSHA1        = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256      = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSM3         = asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 401}
	oidBasic       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidNonce       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	errMalformed   = errors.New("malformed")
	errUnsupported = errors.New("unsupported")
)

// CertID names a certificate by its issuer and serial number.
type CertID struct {
	HashAlgorithm pkix.AlgorithmIdentifier
	NameHash      []byte
	KeyHash       []byte
	Serial        *big.Int
}

// NewCertID names a certificate. The hash is SM3 where the issuer's key is SM2,
// else SHA-1, which every responder knows.
func NewCertID(issuer *smx509.Certificate, serial *big.Int) (CertID, error) {
	oid := oidSHA1
	if sm2.IsSM2PublicKey(issuer.PublicKey) {
		oid = oidSM3
	}
	id := CertID{HashAlgorithm: pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}, Serial: serial}
	var err error
	id.NameHash, id.KeyHash, err = hashes(oid, issuer)
	return id, err
}

func hashes(oid asn1.ObjectIdentifier, issuer *smx509.Certificate) (name, key []byte, err error) {
	bits, err := keyBits(issuer)
	if err != nil {
		return nil, nil, err
	}
	sum := func(b []byte) []byte {
		switch {
		case oid.Equal(oidSHA1):
			h := sha1.Sum(b) //nolint:gosec // as the import
			return h[:]
		case oid.Equal(oidSHA256):
			h := sha256.Sum256(b)
			return h[:]
		case oid.Equal(oidSM3):
			h := sm3.Sum(b)
			return h[:]
		}
		return nil
	}
	if sum(nil) == nil {
		return nil, nil, fmt.Errorf("hash of an issuer: %w", errUnsupported)
	}
	return sum(issuer.RawSubject), sum(bits), nil
}

func keyBits(x *smx509.Certificate) ([]byte, error) {
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(x.RawSubjectPublicKeyInfo, &info); err != nil {
		return nil, fmt.Errorf("public key of an issuer: %w", err)
	}
	return info.Key.RightAlign(), nil
}

// IssuedBy says whether the name is of a certificate of this issuer.
func (id CertID) IssuedBy(issuer *smx509.Certificate) bool {
	name, key, err := hashes(id.HashAlgorithm.Algorithm, issuer)
	return err == nil && bytes.Equal(name, id.NameHash) && bytes.Equal(key, id.KeyHash)
}

// Request asks about certificates.
type Request struct {
	IDs []CertID
	// Nonce to be repeated in the answer; nil if there is none.
	Nonce []byte
}

type wireRequest struct {
	TBS struct {
		Version   int           `asn1:"explicit,tag:0,default:0,optional"`
		Requestor asn1.RawValue `asn1:"explicit,tag:1,optional"`
		Requests  []wireSingleRequest
		Exts      []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	Signature asn1.RawValue `asn1:"explicit,tag:0,optional"`
}

type wireSingleRequest struct {
	ID   CertID
	Exts []pkix.Extension `asn1:"explicit,tag:0,optional"`
}

// Marshal encodes the request.
func (r Request) Marshal() ([]byte, error) {
	// Written without the optional members of wireRequest, whose raw values
	// cannot be left away.
	var wire struct {
		TBS struct {
			Requests []wireSingleRequest
			Exts     []pkix.Extension `asn1:"explicit,tag:2,optional,omitempty"`
		}
	}
	for _, id := range r.IDs {
		wire.TBS.Requests = append(wire.TBS.Requests, wireSingleRequest{ID: id})
	}
	var err error
	if wire.TBS.Exts, err = nonceExtension(r.Nonce); err != nil {
		return nil, err
	}
	der, err := asn1.Marshal(wire)
	if err != nil {
		return nil, fmt.Errorf("encode OCSP request: %w", err)
	}
	return der, nil
}

func nonceExtension(nonce []byte) ([]pkix.Extension, error) {
	if nonce == nil {
		return nil, nil
	}
	value, err := asn1.Marshal(nonce)
	if err != nil {
		return nil, fmt.Errorf("encode nonce: %w", err)
	}
	return []pkix.Extension{{Id: oidNonce, Value: value}}, nil
}

// maxNonce is RFC 9654's bound in bytes.
const maxNonce = 128

func nonceOf(extensions []pkix.Extension) []byte {
	for _, e := range extensions {
		var nonce []byte
		if !e.Id.Equal(oidNonce) {
			continue
		}
		if rest, err := asn1.Unmarshal(e.Value, &nonce); err == nil && len(rest) == 0 && len(nonce) > 0 && len(nonce) <= maxNonce {
			return nonce
		}
	}
	return nil
}

// ParseRequest decodes a request of 1 to 16 certificates.
func ParseRequest(der []byte) (Request, error) {
	if len(der) > MaxRequest {
		return Request{}, fmt.Errorf("OCSP request of %d bytes: %w", len(der), errMalformed)
	}
	var wire wireRequest
	if rest, err := asn1.Unmarshal(der, &wire); err != nil || len(rest) > 0 {
		return Request{}, fmt.Errorf("OCSP request: %w", errMalformed)
	}
	if n := len(wire.TBS.Requests); n == 0 || n > maxSingles {
		return Request{}, fmt.Errorf("OCSP request for %d certificates: %w", n, errMalformed)
	}
	r := Request{Nonce: nonceOf(wire.TBS.Exts)}
	for _, single := range wire.TBS.Requests {
		r.IDs = append(r.IDs, single.ID)
	}
	return r, nil
}

// Status is the word on a certificate.
type Status int

// The statuses, by their tag in CertStatus.
const (
	Good Status = iota
	Revoked
	Unknown
)

// Single is the word on one certificate.
type Single struct {
	ID     CertID
	Status Status
	// RevokedAt and Reason (a number of RFC 5280, 5.3.1) come with Revoked.
	RevokedAt              time.Time
	Reason                 int
	ThisUpdate, NextUpdate time.Time // NextUpdate may be zero
}

// Response is a decoded basic response. Nothing in it is verified.
type Response struct {
	Singles []Single
	// Signed are the bytes under Signature.
	Signed, Signature  []byte
	SignatureAlgorithm smx509.SignatureAlgorithm
	// Certificates came along; at most four, those that do not parse left out.
	Certificates []*smx509.Certificate
}

type wireResponse struct {
	Status asn1.Enumerated
	Bytes  wireBytes `asn1:"explicit,tag:0,optional"`
}

type wireBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

type wireBasic struct {
	Data         wireData
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional,omitempty"`
}

type wireData struct {
	Raw         asn1.RawContent
	Version     int `asn1:"explicit,tag:0,default:0,optional"`
	ResponderID asn1.RawValue
	ProducedAt  time.Time `asn1:"generalized"`
	Responses   []wireSingle
	Exts        []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
}

type wireSingle struct {
	ID         CertID
	Status     asn1.RawValue
	ThisUpdate time.Time        `asn1:"generalized"`
	NextUpdate time.Time        `asn1:"generalized,explicit,tag:0,optional"`
	Exts       []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
}

type wireRevoked struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

// ErrorStatus is an answer without a word on any certificate.
type ErrorStatus int

// The error statuses of RFC 6960, 4.2.1.
const (
	MalformedRequest ErrorStatus = 1
	InternalError    ErrorStatus = 2
	TryLater         ErrorStatus = 3
	Unauthorized     ErrorStatus = 6
)

// Error implements error.
func (s ErrorStatus) Error() string {
	return fmt.Sprintf("the responder answered with error %d", int(s))
}

// ParseResponse decodes an answer. An ErrorStatus is the error if that is the
// answer.
func ParseResponse(der []byte) (Response, error) {
	if len(der) > MaxResponse {
		return Response{}, fmt.Errorf("OCSP response of %d bytes: %w", len(der), errMalformed)
	}
	var wire wireResponse
	if rest, err := asn1.Unmarshal(der, &wire); err != nil || len(rest) > 0 {
		return Response{}, fmt.Errorf("OCSP response: %w", errMalformed)
	}
	if wire.Status != 0 {
		return Response{}, ErrorStatus(wire.Status)
	}
	if !wire.Bytes.Type.Equal(oidBasic) {
		return Response{}, fmt.Errorf("OCSP response type: %w", errUnsupported)
	}
	var basic wireBasic
	if rest, err := asn1.Unmarshal(wire.Bytes.Response, &basic); err != nil || len(rest) > 0 {
		return Response{}, fmt.Errorf("basic OCSP response: %w", errMalformed)
	}
	return basic.decode()
}

func (b wireBasic) decode() (Response, error) {
	r := Response{
		Signed: b.Data.Raw, Signature: b.Signature.RightAlign(), SignatureAlgorithm: signatureAlgorithm(b.Algorithm.Algorithm),
	}
	if r.SignatureAlgorithm == smx509.UnknownSignatureAlgorithm {
		return Response{}, fmt.Errorf("OCSP signature algorithm: %w", errUnsupported)
	}
	if n := len(b.Data.Responses); n == 0 || n > maxSingles {
		return Response{}, fmt.Errorf("OCSP response on %d certificates: %w", n, errMalformed)
	}
	if hasCritical(b.Data.Exts) {
		return Response{}, fmt.Errorf("critical extension of an OCSP response: %w", errUnsupported)
	}
	for _, wire := range b.Data.Responses {
		single, err := wire.decode()
		if err != nil {
			return Response{}, err
		}
		r.Singles = append(r.Singles, single)
	}
	for _, raw := range b.Certificates[:min(len(b.Certificates), maxCerts)] {
		if x, err := smx509.ParseCertificate(raw.FullBytes); err == nil {
			r.Certificates = append(r.Certificates, x)
		}
	}
	return r, nil
}

func hasCritical(extensions []pkix.Extension) bool {
	return slices.ContainsFunc(extensions, func(e pkix.Extension) bool { return e.Critical })
}

func (w wireSingle) decode() (Single, error) {
	single := Single{ID: w.ID, ThisUpdate: w.ThisUpdate.UTC(), NextUpdate: w.NextUpdate.UTC()}
	if w.NextUpdate.IsZero() {
		single.NextUpdate = time.Time{}
	}
	if hasCritical(w.Exts) {
		return Single{}, fmt.Errorf("critical extension of an OCSP response: %w", errUnsupported)
	}
	if w.Status.Class != asn1.ClassContextSpecific || w.Status.Tag > int(Unknown) {
		return Single{}, fmt.Errorf("status in an OCSP response: %w", errMalformed)
	}
	single.Status = Status(w.Status.Tag)
	if single.Status != Revoked {
		return single, nil
	}
	var revoked wireRevoked
	if rest, err := asn1.UnmarshalWithParams(w.Status.FullBytes, &revoked, "tag:1"); err != nil || len(rest) > 0 {
		return Single{}, fmt.Errorf("revocation in an OCSP response: %w", errMalformed)
	}
	single.RevokedAt, single.Reason = revoked.At.UTC(), int(revoked.Reason)
	return single, nil
}

// algorithms under answers; SHA-1 is not among them.
var algorithms = []struct {
	oid       asn1.ObjectIdentifier
	algorithm smx509.SignatureAlgorithm
	null      bool // whether the parameters are NULL
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, smx509.SHA256WithRSA, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, smx509.SHA384WithRSA, true},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, smx509.SHA512WithRSA, true},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, smx509.ECDSAWithSHA256, false},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, smx509.ECDSAWithSHA384, false},
	{asn1.ObjectIdentifier{1, 2, 156, 10197, 1, 501}, smx509.SM2WithSM3, false},
}

func signatureAlgorithm(oid asn1.ObjectIdentifier) smx509.SignatureAlgorithm {
	for _, a := range algorithms {
		if a.oid.Equal(oid) {
			return a.algorithm
		}
	}
	return smx509.UnknownSignatureAlgorithm
}

// Answer is what a responder signs.
type Answer struct {
	Singles    []Single
	ProducedAt time.Time
	// Nonce of the request, or nil.
	Nonce []byte
	// Signer's certificate, sent along if Include.
	Signer  *smx509.Certificate
	Include bool
}

// Sign encodes an answer and signs it with an algorithm of the list above.
func (a Answer) Sign(algorithm smx509.SignatureAlgorithm, sign func(message []byte) ([]byte, error)) ([]byte, error) {
	data, err := a.data()
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	signature, err := sign(data.Raw)
	if err != nil {
		return nil, fmt.Errorf("sign OCSP response: %w", err)
	}
	basic := wireBasic{Data: data, Signature: asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}}
	for _, known := range algorithms {
		if known.algorithm == algorithm {
			basic.Algorithm.Algorithm = known.oid
			if known.null {
				basic.Algorithm.Parameters = asn1.NullRawValue
			}
		}
	}
	if a.Include {
		basic.Certificates = []asn1.RawValue{{FullBytes: a.Signer.Raw}}
	}
	der, err := asn1.Marshal(basic)
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	der, err = asn1.Marshal(wireResponse{Bytes: wireBytes{Type: oidBasic, Response: der}})
	if err != nil {
		return nil, fmt.Errorf("encode OCSP response: %w", err)
	}
	return der, nil
}

// data returns the bytes to be signed in Raw.
func (a Answer) data() (wireData, error) {
	_, key, err := hashes(oidSHA1, a.Signer)
	if err != nil {
		return wireData{}, err
	}
	key, err = asn1.Marshal(key)
	if err != nil {
		return wireData{}, err
	}
	data := wireData{
		ResponderID: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2, IsCompound: true, Bytes: key},
		ProducedAt:  a.ProducedAt.UTC().Truncate(time.Second),
	}
	if data.Exts, err = nonceExtension(a.Nonce); err != nil {
		return wireData{}, err
	}
	for _, single := range a.Singles {
		wire, err := single.encode()
		if err != nil {
			return wireData{}, err
		}
		data.Responses = append(data.Responses, wire)
	}
	data.Raw, err = asn1.Marshal(data)
	return data, err
}

func (s Single) encode() (wireSingle, error) {
	wire := wireSingle{
		ID: s.ID, ThisUpdate: s.ThisUpdate.UTC().Truncate(time.Second),
		Status: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: int(s.Status)},
	}
	if !s.NextUpdate.IsZero() {
		wire.NextUpdate = s.NextUpdate.UTC().Truncate(time.Second)
	}
	if s.Status != Revoked {
		return wire, nil
	}
	der, err := asn1.MarshalWithParams(wireRevoked{At: s.RevokedAt.UTC().Truncate(time.Second), Reason: asn1.Enumerated(s.Reason)}, "tag:1")
	if err != nil {
		return wireSingle{}, err
	}
	wire.Status = asn1.RawValue{FullBytes: der}
	return wire, nil
}

// MarshalError encodes an answer that says nothing of a certificate.
func MarshalError(status ErrorStatus) []byte {
	return []byte{0x30, 0x03, 0x0a, 0x01, byte(status)}
}
