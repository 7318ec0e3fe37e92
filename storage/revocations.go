package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// RevocationList is an issuer's newest list as it was fetched.
type RevocationList struct {
	List      []byte // DER
	FetchedAt time.Time
}

// RevocationList returns the newest list of an issuer.
func (s *Store) RevocationList(ctx context.Context, issuerKey string) (RevocationList, error) {
	var l RevocationList
	err := s.db.NewRaw("SELECT list, fetched_at FROM revocation_lists WHERE issuer_key = ?", issuerKey).Scan(ctx, &l.List, &l.FetchedAt)
	return l, missing(err, "read list of revoked certificates")
}

// RevocationListFetched tells when an issuer's newest list was fetched.
func (s *Store) RevocationListFetched(ctx context.Context, issuerKey string) (time.Time, error) {
	var at time.Time
	err := s.db.NewRaw("SELECT fetched_at FROM revocation_lists WHERE issuer_key = ?", issuerKey).Scan(ctx, &at)
	return at, missing(err, "look for list of revoked certificates")
}

// KnownRevocation is what became known of the certificate with that SHA-256
// since it was used: the status is Good where nothing did.
func (s *Store) KnownRevocation(ctx context.Context, fingerprint string) (certificate.Revocation, error) {
	var row certificateRow
	word := certificate.Revocation{Status: certificate.Good}
	err := missing(s.db.NewSelect().Model(&row).Where("sha256 = ?", fingerprint).Limit(1).Scan(ctx), "read certificate")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return word, nil
	case err != nil:
		return word, err
	case !row.RevokedAt.IsZero():
		word.Status, word.RevokedAt, word.Reason = certificate.Revoked, row.RevokedAt, row.Revocation
	}
	return word, nil
}

// SaveRevocationList keeps a list whose signature was checked, unless a newer
// one is kept already: nobody brings a certificate back to life with an old
// list. Then it writes what the list says of the certificates bound here, ends
// the sessions of those that are revoked or suspended, and returns how many
// certificates changed.
func (s *Store) SaveRevocationList(ctx context.Context, issuerKey string, list certificate.List, der []byte) (int, error) {
	result, err := s.db.NewRaw(`
		INSERT INTO revocation_lists AS l (issuer_key, number, list, this_update, next_update, fetched_at)
		VALUES (?, ?, ?, ?, ?, clock_timestamp())
		ON CONFLICT (issuer_key) DO UPDATE SET number = excluded.number, list = excluded.list, this_update = excluded.this_update,
			next_update = excluded.next_update, fetched_at = excluded.fetched_at
		WHERE excluded.this_update >= l.this_update`,
		issuerKey, list.Number, der, list.ThisUpdate, list.NextUpdate).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("save list of revoked certificates: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return 0, err
	}
	return s.heed(ctx, issuerKey, list)
}

// heed compares the bound certificates of an issuer with its list.
func (s *Store) heed(ctx context.Context, issuerKey string, list certificate.List) (changed int, err error) {
	var live []certificateRow
	err = s.db.NewSelect().Model(&live).Column("serial", "suspended_at").Where("issuer_key = ?", issuerKey).Where("revoked_at IS NULL").Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("read live certificates: %w", err)
	}
	entries := make(map[string]certificate.Entry, len(list.Entries))
	for _, e := range list.Entries {
		entries[e.Serial] = e
	}
	for i := range live {
		word, at, reason := wordOf(entries, &live[i], list.ThisUpdate)
		if word == "" {
			continue
		}
		err := s.inTx(ctx, "heed list of revoked certificates", func(ctx context.Context, tx bun.Tx) error {
			return s.markRevoked(ctx, tx, issuerKey, live[i].Serial, word, at, reason)
		})
		if err != nil {
			return changed, err
		}
		changed++
	}
	return changed, nil
}

// wordOf is what a list says that is new about a certificate, "" for nothing.
func wordOf(entries map[string]certificate.Entry, row *certificateRow, thisUpdate time.Time) (word string, at time.Time, reason string) {
	entry, listed := entries[row.Serial]
	switch {
	case listed && entry.Status() == certificate.Revoked:
		return WordRevoked, entry.At, entry.Reason
	case listed && row.SuspendedAt.IsZero():
		return WordSuspended, entry.At, entry.Reason
	case !listed && !row.SuspendedAt.IsZero() && thisUpdate.After(row.SuspendedAt):
		return WordResumed, thisUpdate, ""
	}
	return "", time.Time{}, ""
}

// CertificateWord writes what an issuer said of one certificate, as an answer
// of OCSP tells it. A certificate that is not bound here is no error.
func (s *Store) CertificateWord(ctx context.Context, issuerKey, serial, word string, at time.Time, reason string) error {
	return s.inTx(ctx, "heed word of an issuer", func(ctx context.Context, tx bun.Tx) error {
		return s.markRevoked(ctx, tx, issuerKey, serial, word, at, reason)
	})
}
