package storage

import (
	"context"
	"fmt"
	"time"

	"unireg/record"
)

// EligibilityFacts reads what a subject's eligibility follows from, as it stood
// at an instant; the zero time is now.
func (s *Store) EligibilityFacts(ctx context.Context, subject record.ID, at time.Time) (record.EligibilityFacts, time.Time, error) {
	var facts record.EligibilityFacts
	var now time.Time
	var rules int64
	err := s.db.NewRaw("SELECT clock_timestamp(), "+lastRules).Scan(ctx, &now, &rules)
	if err != nil {
		return facts, at, fmt.Errorf("read database time and edition of rules: %w", err)
	}
	if _, err := s.reachRules(ctx, s.db, rules); err != nil {
		return facts, at, err
	}
	if at.IsZero() || at.After(now) {
		at = now
	}
	err = s.db.NewRaw(`
		SELECT coalesce(s.closed_at <= ?1, false),
		       coalesce(v.assurance, ''),
		       CASE WHEN v.record IS NULL THEN 'none' ELSE 'in_force' END,
		       coalesce(r.filing, 'none'),
		       (SELECT count(*) FROM certificates c
		        WHERE c.subject = s.id AND c.use = ?2 AND c.bound_at <= ?1 AND c.not_before <= ?1 AND c.not_after >= ?1
		          AND (c.unbound_at IS NULL OR c.unbound_at > ?1)
		          AND NOT EXISTS (SELECT 1 FROM certificate_spans p
		                          WHERE p.certificate = c.id AND p.since <= ?1 AND (p.until IS NULL OR p.until > ?1)))
		FROM subjects s
		LEFT JOIN records r ON r.subject = s.id AND r.kind IN (?3, ?4)
		LEFT JOIN LATERAL (
			SELECT v.record, v.assurance FROM version_effects e JOIN versions v USING (record, no)
			WHERE e.record = r.id AND e.since <= ?1 ORDER BY e.since DESC LIMIT 1) v ON true
		WHERE s.id = ?0`,
		subject, at, UseSigning, record.OrganizationProfile, record.PersonProfile).
		Scan(ctx, &facts.Closed, &facts.Assurance, &facts.Profile.Standing, &facts.Profile.Filing, &facts.Certificates)
	if err != nil {
		return facts, at, missing(err, "read what eligibility follows from")
	}
	facts.Confirmation, err = s.confirmationAt(ctx, s.db, subject, at)
	return facts, at.UTC(), err
}

// OrganizationOf finds the open organization of a code.
func (s *Store) OrganizationOf(ctx context.Context, code string) (record.ID, error) {
	var id record.ID
	err := s.db.NewRaw("SELECT id FROM subjects WHERE code_index = ? AND closed_at IS NULL",
		s.codeIndex(record.Organization, "", code)).Scan(ctx, &id)
	return id, missing(err, "find organization")
}
