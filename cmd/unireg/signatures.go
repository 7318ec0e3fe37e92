package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
)

// verifySignatures proves every signed version again, however old. It returns
// how many there are.
func (r *rooms) verifySignatures(ctx context.Context) (int, []storage.Disagreement, error) {
	n := 0
	var found []storage.Disagreement
	err := r.store.SignedVersions(ctx, func(v storage.SignedVersion) error {
		n++
		fault, err := r.signatureFault(ctx, v)
		if err != nil {
			return err
		}
		if fault != "" {
			found = append(found, storage.Disagreement{Invariant: "N03", ID: fmt.Sprintf("%s version %d", v.Record, v.No), Fault: fault})
		}
		return nil
	})
	return n, found, err
}

// signatureFault tells why a signature does not hold, "" if it does. What its
// issuer has said since then counts, as far as it reaches back.
func (r *rooms) signatureFault(ctx context.Context, v storage.SignedVersion) (string, error) {
	if r.trust == nil {
		return "it is signed, and no issuer is trusted (UNIREG_CA_TRUST)", nil
	}
	evidence, err := certificate.ParseEvidence(v.Evidence)
	if err != nil {
		return "its evidence cannot be read", nil //nolint:nilerr // that is the finding
	}
	later, err := r.store.KnownRevocation(ctx, v.Certificate)
	if err != nil {
		return "", err
	}
	if _, err := r.trust.VerifyEvidence(evidence, v.SHA256, v.AcceptedAt, later); err != nil {
		return "its signature does not hold: " + err.Error(), nil //nolint:nilerr // that is the finding
	}
	return "", nil
}

type verifyBundle struct {
	File  string `arg:"" help:"The bundle, as the portal gave it out." type:"existingfile"`
	Trust string `help:"Issuers of your own choice, as JSON, in place of the one that the bundle names." type:"existingfile" placeholder:"FILE"`
}

// Help tells what is needed and proven.
func (verifyBundle) Help() string {
	return `Proves a signed version from its bundle alone: no server, database or network is asked. Shows who signed what and when,
by which issuer. Without --trust the issuer comes from the bundle: compare the root that is printed with the one that the CA publishes.
The exit code is 1 if the signature does not hold.`
}

// Run proves the bundle, or says why it does not hold.
func (b verifyBundle) Run(_ context.Context, out io.Writer) error {
	text, err := os.ReadFile(b.File)
	if err != nil {
		return fmt.Errorf("read bundle: %w", err)
	}
	bundle, err := certificate.ParseBundle(text)
	if err != nil {
		return err
	}
	var trust *certificate.Trust
	if b.Trust != "" {
		list, err := os.ReadFile(b.Trust)
		if err != nil {
			return fmt.Errorf("read issuers: %w", err)
		}
		if trust, err = certificate.ParseTrust(list); err != nil {
			return err
		}
	}
	report, err := bundle.Verify(trust)
	if err != nil {
		return fmt.Errorf("the signature does not hold: %w", err)
	}
	kind, _, err := record.ParseCanonical(bundle.Document)
	if err != nil {
		return err
	}
	digest, chain := sha256.Sum256(bundle.Document), report.Verified.Chain
	root := sha256.Sum256(chain[len(chain)-1])
	for _, line := range [][2]string{
		{"document", string(kind) + ", SHA-256 " + hex.EncodeToString(digest[:])},
		{"title", report.Statement.Title},
		{"signed by", report.Certificate.Subject()},
		{"code", report.Verified.Code},
		{"certificate", string(report.Certificate.Algorithm()) + ", serial " + report.Certificate.Serial() + ", SHA-256 " + report.Certificate.SHA256()},
		{"issuer", report.Verified.Issuer.Name + ", " + report.Certificate.Issuer()},
		{"root SHA-256", hex.EncodeToString(root[:])},
		{"portal", report.Statement.Origin},
		{"challenge drawn", report.Statement.Time.Format(time.RFC3339)},
		{"accepted", bundle.AcceptedAt.Format(time.RFC3339)},
		{"issuer's word", string(report.Revocation.Status) + " by " + report.Revocation.Source + " of " + report.Revocation.ThisUpdate.Format(time.RFC3339)},
	} {
		if _, err := fmt.Fprintf(out, "%-16s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, "the signature holds")
	return err
}
