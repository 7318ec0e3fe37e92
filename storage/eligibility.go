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
	at, err := s.passed(ctx, at)
	if err != nil {
		return facts, at, err
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
	return facts, at, err
}

// passed is an instant that is not in the future by the database's clock; the zero
// time, and one that has not come, is now. The rules that had been made by then are
// in use afterwards.
func (s *Store) passed(ctx context.Context, at time.Time) (time.Time, error) {
	var now time.Time
	var rules int64
	if err := s.db.NewRaw("SELECT clock_timestamp(), "+lastRules).Scan(ctx, &now, &rules); err != nil {
		return at, fmt.Errorf("read database time and edition of rules: %w", err)
	}
	if _, err := s.reachRules(ctx, s.db, rules); err != nil {
		return at, err
	}
	if at.IsZero() || at.After(now) {
		at = now
	}
	return at.UTC(), nil
}

// CodedFacts are what the eligibility of the organization of a code follows from.
type CodedFacts struct {
	Code  string
	Known bool // somebody has registered the code; without it there are no facts
	Facts record.EligibilityFacts
}

// EligibilityFactsOf reads for several codes, in their order and for one instant,
// what eligibility follows from.
func (s *Store) EligibilityFactsOf(ctx context.Context, codes []string, at time.Time) ([]CodedFacts, time.Time, error) {
	at, err := s.passed(ctx, at)
	if err != nil {
		return nil, at, err
	}
	all := make([]CodedFacts, 0, len(codes))
	for _, code := range codes {
		one := CodedFacts{Code: code}
		subject, err := s.OrganizationOf(ctx, code)
		switch {
		case record.CodeOf(err) == record.NotFound:
		case err != nil:
			return nil, at, err
		default:
			one.Known = true
			if one.Facts, _, err = s.EligibilityFacts(ctx, subject, at); err != nil {
				return nil, at, err
			}
		}
		all = append(all, one)
	}
	return all, at, nil
}

// OrganizationOf finds the open organization of a code.
func (s *Store) OrganizationOf(ctx context.Context, code string) (record.ID, error) {
	var id record.ID
	err := s.db.NewRaw("SELECT id FROM subjects WHERE code_index = ? AND closed_at IS NULL",
		s.codeIndex(record.Organization, "", code)).Scan(ctx, &id)
	return id, missing(err, "find organization")
}
