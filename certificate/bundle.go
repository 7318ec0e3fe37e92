package certificate

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Bundle is all that proves a signed version anywhere else: what was signed, the
// evidence, and the issuer as the portal trusted it.
type Bundle struct {
	// Format is bundleFormat.
	Format string `json:"format"`
	// Document is the canonical document, byte for byte.
	Document []byte `json:"document"`
	// Evidence is what Evidence.Marshal wrote.
	Evidence []byte `json:"evidence"`
	// AcceptedAt is the instant at which the portal accepted the submit.
	AcceptedAt time.Time `json:"accepted_at"`
	// Issuer is the signer's, with its pinned certificates.
	Issuer TrustEntry `json:"issuer"`
}

const (
	bundleFormat = "unireg-signed-version/1"
	maxBundle    = 32 << 20
)

// NewBundle puts together what proves a version whose evidence was verified.
func (t *Trust) NewBundle(document, evidence []byte, acceptedAt time.Time) (Bundle, error) {
	b := Bundle{Format: bundleFormat, Document: document, Evidence: evidence, AcceptedAt: acceptedAt.UTC()}
	e, err := ParseEvidence(evidence)
	if err != nil {
		return Bundle{}, err
	}
	report, err := t.VerifyEvidence(e, sha256.Sum256(document), acceptedAt)
	if err != nil {
		return Bundle{}, err
	}
	var ok bool
	if b.Issuer, ok = t.Entry(report.Verified.Issuer.Key); !ok {
		return Bundle{}, errNoAnchor
	}
	return b, nil
}

// Marshal writes the bundle as JSON, indented for those who look into it.
func (b Bundle) Marshal() ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(b); err != nil {
		return nil, fmt.Errorf("write bundle: %w", err)
	}
	return out.Bytes(), nil
}

// ParseBundle reads what Marshal wrote.
func ParseBundle(text []byte) (Bundle, error) {
	if len(text) > maxBundle {
		return Bundle{}, fmt.Errorf("read bundle: longer than %d bytes", maxBundle)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var b Bundle
	if err := decoder.Decode(&b); err != nil {
		return Bundle{}, fmt.Errorf("read bundle: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Bundle{}, errors.New("read bundle: something follows the JSON object")
	}
	if b.Format != bundleFormat {
		return Bundle{}, fmt.Errorf("read bundle: the format is not %s", bundleFormat)
	}
	return b, nil
}

// Verify proves the bundle by itself: with the issuer that it names, which is
// only as good as that issuer's root, or with a list of the caller's own.
func (b Bundle) Verify(trust *Trust) (Report, error) {
	if trust == nil {
		text, err := json.Marshal(TrustFile{Issuers: []TrustEntry{b.Issuer}})
		if err != nil {
			return Report{}, fmt.Errorf("read the bundle's issuer: %w", err)
		}
		if trust, err = ParseTrust(text); err != nil {
			return Report{}, fmt.Errorf("read the bundle's issuer: %w", err)
		}
	}
	evidence, err := ParseEvidence(b.Evidence)
	if err != nil {
		return Report{}, err
	}
	return trust.VerifyEvidence(evidence, sha256.Sum256(b.Document), b.AcceptedAt)
}
