package certificate

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// evidenceFormat names format and version.
const evidenceFormat = "unireg-evidence/1"

// Bounds of Evidence, in bytes: a revocation list dominates.
const (
	maxEvidence  = 32 << 20
	maxSignature = 1 << 10
)

// Evidence is all that proves a signature years later, but for the document and
// the trust list: it is kept with the signed version and exported with it.
type Evidence struct {
	// Statement is what was signed: Statement.Bytes.
	Statement []byte
	Signature []byte
	// Chain is DER from the signer's certificate to the root.
	Chain [][]byte
	// Source (FromCRL or FromOCSP) and Proof (DER as received) are the issuer's
	// word on the certificate at VerifiedAt.
	Source string
	Proof  []byte
	// VerifiedAt is the instant of the first verification; whole seconds count.
	VerifiedAt time.Time
}

// NewEvidence puts together what was verified at an instant.
func NewEvidence(statement, signature []byte, v Verified, r Revocation, at time.Time) Evidence {
	return Evidence{
		Statement: statement, Signature: signature, Chain: v.Chain, Source: r.Source, Proof: r.Proof,
		VerifiedAt: at.UTC().Truncate(time.Second),
	}
}

// wireEvidence has its members in the order of the encoding.
type wireEvidence struct {
	Format     string   `json:"format"`
	Statement  []byte   `json:"statement"`
	Signature  []byte   `json:"signature"`
	Chain      [][]byte `json:"chain"`
	Source     string   `json:"source"`
	Proof      []byte   `json:"proof"`
	VerifiedAt string   `json:"verified_at"`
}

var errEvidence = errors.New("not evidence of a signature")

func (e Evidence) check() error {
	switch {
	case len(e.Statement) == 0 || len(e.Statement) > maxStatement:
		return fmt.Errorf("%w: the statement's length", errEvidence)
	case len(e.Signature) == 0 || len(e.Signature) > maxSignature:
		return fmt.Errorf("%w: the signature's length", errEvidence)
	case len(e.Chain) < 2 || len(e.Chain) > maxPath+1:
		return fmt.Errorf("%w: the chain's length", errEvidence)
	case e.Source != FromCRL && e.Source != FromOCSP:
		return fmt.Errorf("%w: unknown source of the status", errEvidence)
	case len(e.Proof) == 0 || len(e.Proof) > maxList:
		return fmt.Errorf("%w: the proof's length", errEvidence)
	case e.VerifiedAt.IsZero() || e.VerifiedAt.Nanosecond() != 0:
		return fmt.Errorf("%w: the time is no whole second", errEvidence)
	}
	for _, der := range e.Chain {
		if len(der) == 0 || len(der) > maxCertificate {
			return fmt.Errorf("%w: the length of a certificate", errEvidence)
		}
	}
	return nil
}

// Marshal encodes evidence: JSON without white space, members in a fixed order,
// bytes in standard base64. The same evidence always gives the same bytes.
// docs/signatures.md specifies it.
func (e Evidence) Marshal() ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(wireEvidence{
		Format: evidenceFormat, Statement: e.Statement, Signature: e.Signature, Chain: e.Chain, Source: e.Source, Proof: e.Proof,
		VerifiedAt: e.VerifiedAt.UTC().Format(time.RFC3339),
	})
	if err != nil {
		return nil, fmt.Errorf("encode evidence: %w", err)
	}
	return encoded, nil
}

// ParseEvidence reads the encoding. Whatever Marshal would not have written,
// byte for byte, is refused.
func ParseEvidence(encoded []byte) (Evidence, error) {
	if len(encoded) > maxEvidence {
		return Evidence{}, fmt.Errorf("%w: longer than %d bytes", errEvidence, maxEvidence)
	}
	var wire wireEvidence
	if err := json.Unmarshal(encoded, &wire); err != nil {
		return Evidence{}, fmt.Errorf("%w: no JSON of its shape", errEvidence)
	}
	if wire.Format != evidenceFormat {
		return Evidence{}, fmt.Errorf("%w: unknown format", errEvidence)
	}
	at, err := time.Parse(time.RFC3339, wire.VerifiedAt)
	if err != nil {
		return Evidence{}, fmt.Errorf("%w: the time is none", errEvidence)
	}
	e := Evidence{
		Statement: wire.Statement, Signature: wire.Signature, Chain: wire.Chain, Source: wire.Source, Proof: wire.Proof, VerifiedAt: at.UTC(),
	}
	again, err := e.Marshal()
	if err != nil {
		return Evidence{}, err
	}
	if !bytes.Equal(again, encoded) {
		return Evidence{}, fmt.Errorf("%w: not in its one encoding", errEvidence)
	}
	return e, nil
}

// Report is what a verification of evidence found.
type Report struct {
	Statement   Statement
	Certificate *Certificate
	// Verified is issuer, code and chain at the instant of acceptance.
	Verified Verified
	// Revocation is the word kept with the signature.
	Revocation Revocation
	AcceptedAt time.Time
}

var (
	errPurpose   = errors.New("the statement is not on a submit")
	errDigest    = errors.New("the statement is on another content")
	errLater     = errors.New("the statement is later than the acceptance")
	errNotCovers = errors.New("the proof does not cover the instant of acceptance")
	errSource    = errors.New("unknown source of the status")
)

// VerifyEvidence proves again, however much later, that the content with that
// SHA-256 was signed by a certificate that counted when it was accepted: the
// statement is a submit of this digest, the key signed it, the chain leads to
// pinned certificates and was within its dates at acceptedAt, and the issuer's
// word kept with it covers acceptedAt and is good, or revokes only later.
// Dates and revocations since then change nothing. Words that came later may be
// added: one that revokes from before acceptedAt refuses. Authorities must stay
// in the trust list as long as what they vouched for. Errors are RefusalErrors;
// the Report then has what was found until there.
func (t *Trust) VerifyEvidence(e Evidence, digest [32]byte, acceptedAt time.Time, later ...Revocation) (Report, error) {
	report := Report{AcceptedAt: acceptedAt}
	if err := e.check(); err != nil {
		return report, refuse(Malformed, err)
	}
	var err error
	if report.Statement, err = ParseStatement(e.Statement); err != nil {
		return report, refuse(Malformed, err)
	}
	if report.Certificate, err = Parse(e.Chain[0]); err != nil {
		return report, err
	}
	if err := checkStatement(report.Statement, digest, acceptedAt); err != nil {
		return report, refuse(BadSignature, err)
	}
	if err := report.Certificate.CheckSignature(e.Statement, e.Signature); err != nil {
		return report, err
	}
	if report.Verified, err = t.Verify(report.Certificate, e.Chain[1:], acceptedAt); err != nil {
		return report, err
	}
	if report.Revocation, err = report.Verified.statusAt(e, acceptedAt); err != nil {
		return report, err
	}
	for _, word := range append([]Revocation{report.Revocation}, later...) {
		if word.before(acceptedAt) {
			return report, word.Err()
		}
	}
	return report, nil
}

func checkStatement(s Statement, digest [32]byte, acceptedAt time.Time) error {
	switch {
	case s.Purpose != Submit:
		return errPurpose
	case s.Digest != hex.EncodeToString(digest[:]):
		return errDigest
	case s.Time.After(acceptedAt.Add(clockSkew)):
		return errLater
	}
	return nil
}

// statusAt reads the kept word as of the acceptance. A word that revokes from
// an instant after the acceptance says good of the acceptance, if it was spoken
// later: an issuer does not revoke before it knows.
func (v Verified) statusAt(e Evidence, at time.Time) (Revocation, error) {
	var r Revocation
	var err error
	switch e.Source {
	case FromCRL:
		r, err = v.StatusFromCRL(e.Proof, at, 0)
	case FromOCSP:
		r, err = v.StatusFromOCSP(e.Proof, at)
	default:
		err = refuse(StatusUnknown, errSource)
	}
	if err != nil {
		return r, err
	}
	if r.Status == Unknown {
		return r, refuse(StatusUnknown, errNotCovers)
	}
	return r, nil
}
