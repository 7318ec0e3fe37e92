package storage

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"unireg/record"
)

// Duplicate is another record that bears a mark of a filing, in the version that
// counts or in the one under way. It is for staff alone: whoever files is never
// told of others.
type Duplicate struct {
	Mark    record.Mark // as the filing bears it
	Subject record.Subject
	Record  record.ID
	Kind    record.Kind
	Title   string
	State   record.State
}

// maxDuplicates is how many records are named for one filing.
const maxDuplicates = 20

// marks are the blind indexes of what a document bears, in the order of
// record.MarksOf.
func (s *Store) marks(d record.Document) [][]byte {
	all := [][]byte{}
	for _, m := range record.MarksOf(d) {
		all = append(all, s.keys.blind("mark/"+string(m.Kind), m.Value))
	}
	return all
}

// Duplicates finds what else is in force or under way and bears a mark of the
// document. A person and a project are looked for at other subjects: of one's
// own the first is refused anyhow, and the second may be several contracts.
func (s *Store) Duplicates(ctx context.Context, filed record.Record, d record.Document) ([]Duplicate, error) {
	indexes := s.marks(d)
	if len(indexes) == 0 {
		return nil, nil
	}
	var rows []struct {
		Record   record.ID       `bun:"record"`
		Subject  record.ID       `bun:"subject"`
		Kind     record.Kind     `bun:"kind"`
		Title    string          `bun:"title"`
		Standing record.Standing `bun:"standing"`
		Filing   record.Filing   `bun:"filing"`
		Marks    [][]byte        `bun:"marks,array"`
	}
	err := s.db.NewRaw(`
		SELECT r.id AS record, r.subject, r.kind, v.projection->>'title' AS title, r.standing, r.filing, v.marks
		FROM versions v JOIN records r ON r.id = v.record
		WHERE v.marks && ?0 AND r.id <> ?1 AND (r.standing = 'in_force' AND v.no = r.in_force OR v.no = r.submitted)
		ORDER BY v.no = r.in_force DESC, r.id LIMIT ?2`, pgdialect.Array(indexes), filed.ID, maxDuplicates).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for duplicates: %w", err)
	}
	ids := make([]record.ID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.Subject)
	}
	subjects, err := s.SubjectsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	var found []Duplicate
	for i, mark := range record.MarksOf(d) {
		for _, r := range rows {
			own := r.Subject == filed.Subject && (mark.Kind == record.MarkPerson || mark.Kind == record.MarkProject)
			if own || !slices.ContainsFunc(r.Marks, func(b []byte) bool { return bytes.Equal(b, indexes[i]) }) {
				continue
			}
			duplicate := Duplicate{
				Mark: mark, Subject: subjects[r.Subject], Record: r.Record, Kind: r.Kind, Title: r.Title,
				State: record.State{Standing: r.Standing, Filing: r.Filing},
			}
			if !slices.Contains(found, duplicate) {
				found = append(found, duplicate)
			}
		}
	}
	return found, nil
}

// SharedFiles names, by SHA-256, the other subjects that filed the same content
// as one of those attachments. What nobody else filed is left out.
func (s *Store) SharedFiles(ctx context.Context, subject record.ID, hashes []string) (map[string][]record.Subject, error) {
	shared := map[string][]record.Subject{}
	if len(hashes) == 0 {
		return shared, nil
	}
	var rows []struct {
		Hash    string    `bun:"sha256"`
		Subject record.ID `bun:"subject"`
	}
	err := s.db.NewRaw(`
		SELECT DISTINCT sha256, subject FROM files
		WHERE sha256 IN (?) AND subject <> ? AND in_use ORDER BY sha256, subject LIMIT ?`,
		bun.List(hashes), subject, maxDuplicates*len(hashes)).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("look for the same files elsewhere: %w", err)
	}
	ids := make([]record.ID, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.Subject)
	}
	subjects, err := s.SubjectsByID(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		shared[r.Hash] = append(shared[r.Hash], subjects[r.Subject])
	}
	return shared, nil
}
