package storage

import (
	"context"
	"fmt"

	"unireg/record"
	"unireg/record/form"
)

// employed are the practitioners that a subject's documents may refer to: those
// who count, and those whose filing is under way.
const employed = `
	FROM listings l JOIN records r ON r.id = l.record
	WHERE l.subject = ?0 AND l.kind = ?1 AND (r.standing = 'in_force' OR r.standing = 'none' AND r.filing <> 'none')`

// Employed lists the subject's practitioners that a document may refer to, by
// name, a registration's number or pinyin initials. The references carry no
// identity number.
func (s *Store) Employed(ctx context.Context, subject record.ID, search string, limit int) ([]form.Reference, error) {
	var rows []listingRow
	err := s.db.NewRaw("SELECT l.record, l.title, l.note"+employed+" AND l.find LIKE ?2 ORDER BY l.title, l.record LIMIT ?3",
		subject, record.Practitioner, "%"+escapeLike(findable(search))+"%", limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list practitioners: %w", err)
	}
	all := make([]form.Reference, 0, len(rows))
	for _, r := range rows {
		all = append(all, form.Reference{ID: string(r.Record), Name: r.Title, Note: r.Note})
	}
	return all, nil
}

// EmployedOf returns the subject's practitioners of those ids, with their
// identity numbers, by which nobody reviews a filing in which they appear. What
// is not found is left out.
func (s *Store) EmployedOf(ctx context.Context, subject record.ID, ids []string) (map[string]form.Reference, error) {
	found := map[string]form.Reference{}
	for _, id := range ids {
		if _, known := found[id]; known || !ValidID(id) || len(found) == form.MaxReferences {
			continue
		}
		var row struct {
			No   int    `bun:"no"`
			Note string `bun:"note"`
		}
		err := s.db.NewRaw("SELECT CASE WHEN r.in_force > 0 THEN r.in_force ELSE r.submitted END AS no, l.note"+employed+" AND l.record = ?2",
			subject, record.Practitioner, id).Scan(ctx, &row)
		if err := missing(err, "read practitioner"); err != nil {
			if record.CodeOf(err) == record.NotFound {
				continue
			}
			return nil, err
		}
		version, err := s.version(ctx, s.db, record.ID(id), row.No)
		if err != nil {
			return nil, err
		}
		reference := form.Reference{ID: id, Name: version.Document.Title(), Note: row.Note}
		if people := version.Document.People(); len(people) > 0 {
			reference.Number = people[0]
		}
		found[id] = reference
	}
	return found, nil
}
