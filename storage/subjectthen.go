package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// SubjectThen is a subject as it stood at an instant, by what was known then. It
// follows from events, versions and their effects alone, which nobody changes: the
// answer for an instant that is past stays the same for ever. What an issuer said
// later of an earlier day, as that a key had been stolen, is not in it. Of rules it goes
// by those that had been made by then.
type SubjectThen struct {
	At time.Time
	// Subject has the name of then. Proven and Closed are as they were.
	Subject    record.Subject
	Registered time.Time
	ProvenAt   time.Time // zero: not by then
	ClosedAt   time.Time // zero: not by then
	// Existed tells that it was registered by then; without it nothing below is
	// filled in.
	Existed      bool
	Records      []RecordThen // in the order of kinds, then by title
	Certificates []CertificateThen
	Eligibility  record.Eligibility
}

// RecordThen is a record as it stood.
type RecordThen struct {
	ID        record.ID
	Kind      record.Kind
	Title     string // of the version that counted, else of the last one submitted
	State     record.State
	InForce   int       // number of the version that counted, 0 for none
	Submitted int       // number of the version under way, 0 for none
	Last      int       // number of the last version submitted by then
	Since     time.Time // when InForce had begun to count; zero for none
	MovedAt   time.Time // of the last move
	Expired   bool      // in force, and its last day was over
}

// Shown is the version by which the record is known: the one that counted, else
// the last one.
func (r RecordThen) Shown() int { return cmp.Or(r.InForce, r.Last) }

// SubjectAt returns a subject as it stood at an instant, by the database's clock;
// the zero time is now. An instant that has not come yet is record.Invalid.
func (s *Store) SubjectAt(ctx context.Context, id record.ID, at time.Time) (SubjectThen, error) {
	settled, err := s.settledAt(ctx, id)
	if err != nil {
		return SubjectThen{}, err
	}
	if err := s.settleRules(ctx); err != nil {
		return SubjectThen{}, err
	}
	switch {
	case at.IsZero():
		at = settled
	case at.After(settled):
		return SubjectThen{}, errNotYet
	}
	then := SubjectThen{At: at.UTC()}
	profile, err := s.subjectThen(ctx, id, &then)
	if err != nil || !then.Existed {
		return then, err
	}
	if err := s.recordsThen(ctx, id, &then); err != nil {
		return then, err
	}
	if err := s.certificatesThen(ctx, id, &then); err != nil {
		return then, err
	}
	facts := record.EligibilityFacts{Closed: then.Subject.Closed, Assurance: profile}
	facts.Profile = record.State{Standing: record.NotInForce, Filing: record.NothingFiled}
	for _, r := range then.Records {
		if r.Kind.Profile() {
			facts.Profile = r.State
		}
	}
	for _, c := range then.Certificates {
		if c.Use == UseSigning && c.State(then.At).Usable() {
			facts.Certificates++
		}
	}
	if facts.Confirmation, err = s.confirmationAt(ctx, s.db, id, then.At); err != nil {
		return then, err
	}
	then.Eligibility = record.EligibilityOf(facts)
	return then, nil
}

var errNotYet = record.Errorf(record.Invalid, "这个时间还没有到，请选择过去的时间")

// settledAt is an instant up to which the subject's history is complete. Whatever
// happens to a subject takes its time under the lock of its chain: once the lock is
// had, nothing that is still under way can be earlier.
func (s *Store) settledAt(ctx context.Context, id record.ID) (time.Time, error) {
	var settled time.Time
	err := s.inTx(ctx, "settle history", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, id); err != nil {
			return err
		}
		var err error
		settled, err = databaseTime(ctx, tx)
		return err
	})
	return settled, err
}

// subjectThen fills in who the subject was, and returns how the profile that
// counted had been submitted.
func (s *Store) subjectThen(ctx context.Context, id record.ID, then *SubjectThen) (record.Assurance, error) {
	var row struct {
		subjectRow `bun:",extend"`

		Then      string           `bun:"then"`
		Assurance record.Assurance `bun:"assurance"`
	}
	err := s.db.NewRaw(`
		SELECT s.*, coalesce(v.projection->>'title', nullif(s.registered_name, ''), s.name) AS "then", coalesce(v.assurance, '') AS assurance
		FROM subjects s
		LEFT JOIN records r ON r.subject = s.id AND r.kind IN (?2, ?3)
		LEFT JOIN LATERAL (
			SELECT v.projection, v.assurance FROM version_effects e JOIN versions v USING (record, no)
			WHERE e.record = r.id AND e.since <= ?1 ORDER BY e.since DESC LIMIT 1) v ON true
		WHERE s.id = ?0`, id, then.At, record.OrganizationProfile, record.PersonProfile).Scan(ctx, &row)
	if err != nil {
		return "", missing(err, "read subject as it stood")
	}
	subject, err := s.subject(ctx, s.db, &row.subjectRow)
	if err != nil {
		return "", err
	}
	happened := func(t time.Time) bool { return !t.IsZero() && !t.After(then.At) }
	subject.Name = row.Then
	subject.Proven, subject.Closed = happened(row.ProvenAt), happened(row.ClosedAt)
	then.Subject, then.Registered, then.Existed = subject, row.CreatedAt.UTC(), happened(row.CreatedAt)
	if subject.Proven {
		then.ProvenAt = row.ProvenAt.UTC()
	}
	if subject.Closed {
		then.ClosedAt = row.ClosedAt.UTC()
	}
	return row.Assurance, nil
}

// recordsThen fills in the records that had been filed.
func (s *Store) recordsThen(ctx context.Context, id record.ID, then *SubjectThen) error {
	var rows []struct {
		RecordThen

		Standing record.Standing `bun:"standing"`
		Filing   record.Filing   `bun:"filing"`
		Sealed   []byte          `bun:"sealed"`
	}
	err := s.db.NewRaw(`
		SELECT r.id, r.kind, coalesce(v.projection->>'title', '') AS title, e.data->>'standing' AS standing, e.data->>'filing' AS filing, e.at AS moved_at,
		       CASE WHEN e.data->>'filing' = 'none' THEN 0 ELSE (e.data->>'version')::int END AS submitted,
		       f.last, coalesce(c.no, 0) AS in_force, c.since, v.sealed
		FROM records r
		JOIN LATERAL (
			SELECT (e.data->>'version')::int AS last FROM events e
			WHERE e.record = r.id AND e.type = 'submit' AND e.at <= ?1 ORDER BY e.no DESC LIMIT 1) f ON true
		JOIN LATERAL (
			SELECT e.data, e.at FROM events e
			WHERE e.record = r.id AND e.at <= ?1 AND e.data->>'filing' <> '' AND e.data->>'version' <> '' ORDER BY e.no DESC LIMIT 1) e ON true
		LEFT JOIN LATERAL (
			SELECT c.no, c.since FROM version_effects c WHERE c.record = r.id AND c.since <= ?1 ORDER BY c.since DESC LIMIT 1) c ON true
		JOIN versions v ON v.record = r.id AND v.no = coalesce(c.no, f.last)
		WHERE r.subject = ?0 ORDER BY title, r.id`, id, then.At).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("read records as they stood: %w", err)
	}
	if len(rows) == 0 {
		return nil
	}
	key, err := s.dataKey(ctx, s.db, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		r := row.RecordThen
		r.State = record.State{Standing: row.Standing, Filing: row.Filing}
		r.Since, r.MovedAt = r.Since.UTC(), r.MovedAt.UTC()
		if r.State.Standing == record.InForce && !r.Kind.Profile() {
			if r.Expired, err = expiredThen(key, r, row.Sealed, then.At); err != nil {
				return err
			}
		}
		then.Records = append(then.Records, r)
	}
	kinds := record.Kinds()
	slices.SortStableFunc(then.Records, func(a, b RecordThen) int {
		return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
	})
	return nil
}

// expiredThen opens the version that counted and tells whether its last day was
// over.
func expiredThen(key []byte, r RecordThen, sealed []byte, at time.Time) (bool, error) {
	content, err := unsealAs(key, r.ID, versionPurpose(r.InForce), sealed)
	if err != nil {
		return false, err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return false, fmt.Errorf("read version: %w", err)
	}
	return record.ExpiredAt(document, at), nil
}
