package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// CertificateThen is a certificate that had been bound to a subject, with what its
// issuer had said of it by then.
type CertificateThen struct {
	ID                  record.ID
	Issuer, Serial      string
	Algorithm, Use      string
	Kind                record.CertificateKind
	NotBefore, NotAfter time.Time
	BoundAt             time.Time
	BoundBy             string
	SuspendedAt         time.Time
	RevokedAt           time.Time
}

// State is the certificate's state at an instant, by what was known then.
func (c CertificateThen) State(at time.Time) record.CertificateState {
	return record.CertificateFacts{
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, SuspendedAt: c.SuspendedAt, RevokedAt: c.RevokedAt,
	}.StateAt(at)
}

// Types of the events that tell of certificates.
const (
	EventCertificateBound     = "certificate_bound"
	EventCertificateRevoked   = certificateEvents + WordRevoked
	EventCertificateSuspended = certificateEvents + WordSuspended
	EventCertificateResumed   = certificateEvents + WordResumed

	// certificateEvents begins the types of an issuer's words.
	certificateEvents = "certificate_"
)

// certificatesThen fills in the certificates that had been bound, the latest
// first. The row of a certificate can be bound anew and tells of today: what had
// happened by then is in the chain, and only what a certificate says of itself is
// taken from the row.
func (s *Store) certificatesThen(ctx context.Context, id record.ID, then *SubjectThen) error {
	var told []struct {
		Type        string    `bun:"type"`
		At          time.Time `bun:"at"`
		Certificate record.ID `bun:"certificate"`
		By          string    `bun:"by"`
		Since       string    `bun:"since"`
	}
	err := s.db.NewRaw(`
		SELECT e.type, e.at, e.data->>'certificate' AS certificate, coalesce(e.data->>'by', '') AS by, coalesce(e.data->>'since', '') AS since
		FROM events e WHERE e.chain = ?0 AND e.at <= ?1 AND e.type IN (?2) ORDER BY e.no`,
		id, then.At, bun.List([]string{EventCertificateBound, EventCertificateRevoked, EventCertificateSuspended, EventCertificateResumed})).Scan(ctx, &told)
	if err != nil {
		return fmt.Errorf("read what was told of certificates: %w", err)
	}
	known := map[record.ID]*CertificateThen{}
	var ids []record.ID
	for _, e := range told {
		c := known[e.Certificate]
		if e.Type == EventCertificateBound {
			if c == nil {
				ids = append(ids, e.Certificate)
			}
			known[e.Certificate] = &CertificateThen{ID: e.Certificate, BoundAt: e.At.UTC(), BoundBy: e.By}
			continue
		}
		if c == nil {
			continue // told of one that was bound to somebody else
		}
		if err := c.hear(e.Type, e.Since); err != nil {
			return err
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []certificateRow
	if err := s.db.NewSelect().Model(&rows).Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return fmt.Errorf("read certificates as they stood: %w", err)
	}
	for i := range rows {
		row, c := &rows[i], known[rows[i].ID]
		c.Issuer, c.Serial, c.Algorithm, c.Use, c.Kind = row.Issuer, row.Serial, row.Algorithm, row.Use, row.Kind
		c.NotBefore, c.NotAfter = row.NotBefore.UTC(), row.NotAfter.UTC()
	}
	slices.Reverse(ids)
	for _, id := range ids {
		then.Certificates = append(then.Certificates, *known[id])
	}
	return nil
}

// hear takes in a word of the issuer, which may be of an earlier instant.
func (c *CertificateThen) hear(word, since string) error {
	at, err := time.Parse(time.RFC3339, since)
	if err != nil {
		return fmt.Errorf("read since when a certificate is %s: %w", word, err)
	}
	switch word {
	case EventCertificateRevoked:
		c.RevokedAt = at
	case EventCertificateSuspended:
		c.SuspendedAt = at
	case EventCertificateResumed:
		c.SuspendedAt = time.Time{}
	}
	return nil
}
