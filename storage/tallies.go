package storage

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Tally counts a subject's records of a kind by where they stand.
type Tally struct {
	Lines     int // in the list: records, and drafts of new ones
	Drafts    int // never filed, or withdrawn
	Submitted int // in force, or waiting for staff
	Returned  int // waiting for a correction, in force or not
	Expiring  int // things that expire soon, or have
}

// Tallies counts the subject's records of each kind. What expires within so many
// days counts as expiring. A profile has no lines and no drafts here.
func (s *Store) Tallies(ctx context.Context, subject record.ID, within int) (map[record.Kind]Tally, error) {
	var rows []struct {
		Kind      record.Kind `bun:"kind"`
		Lines     int         `bun:"lines"`
		Filed     int         `bun:"filed"`
		Submitted int         `bun:"submitted"`
		Returned  int         `bun:"returned"`
		Expiring  int         `bun:"expiring"`
	}
	err := s.db.NewRaw(`
		SELECT kind, sum(lines) AS lines, sum(filed) AS filed, sum(submitted) AS submitted, sum(returned) AS returned, sum(expiring) AS expiring
		FROM (
			SELECT kind, count(*) AS lines, 0 AS filed, 0 AS submitted, 0 AS returned, 0 AS expiring
			FROM listings WHERE subject = ?0 GROUP BY kind
			UNION ALL
			SELECT kind, 0, count(*) FILTER (WHERE standing <> 'none' OR filing <> 'none'),
			       count(*) FILTER (WHERE standing = 'in_force' OR filing IN ('under_review', 'second_review')),
			       count(*) FILTER (WHERE filing = 'returned'), 0
			FROM records WHERE subject = ?0 GROUP BY kind
			UNION ALL
			SELECT r.kind, 0, 0, 0, 0, count(*)
			FROM expiries x JOIN records r ON r.id = x.record WHERE x.subject = ?0 AND x.expires_on <= ?1 + ?2 GROUP BY r.kind
		) counted GROUP BY kind`, subject, bun.Safe(todaySQL), within).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count records: %w", err)
	}
	tallies := make(map[record.Kind]Tally, len(rows))
	for _, r := range rows {
		tallies[r.Kind] = Tally{Lines: r.Lines, Drafts: max(0, r.Lines-r.Filed), Submitted: r.Submitted, Returned: r.Returned, Expiring: r.Expiring}
	}
	return tallies, nil
}
