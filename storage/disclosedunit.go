package storage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// DisclosedUnit is all that everybody may read of a unit.
type DisclosedUnit struct {
	Profile Disclosure
	// Lines are the latest of each kind, Counts how many there are.
	Lines   map[record.Kind][]Disclosure
	Counts  map[record.Kind]int
	People  []DisclosedPeople
	Changes []DisclosureChange // the latest first
}

// DisclosedPeople is how many of a unit's practitioners hold a registration today.
type DisclosedPeople struct {
	Type  string `bun:"type"` // a code of ProfessionalRegistrationTypes
	Count int    `bun:"count"`
}

// DisclosureChange is one public change.
type DisclosureChange struct {
	At     time.Time
	Kind   record.Kind
	What   DisclosedTurn
	Title  string // as it is today
	Fields []string
	Unit   string // name
	Code   string // of the unit
}

const (
	// maxUnitLines and maxUnitChanges bound what the page of one unit shows.
	maxUnitLines   = 20
	maxUnitChanges = 20
	// DisclosedDays is for how many days the recent changes are listed.
	DisclosedDays = 30
)

// DisclosedUnit returns what is public of the unit of that credit code; what is not
// public is not found.
func (s *Store) DisclosedUnit(ctx context.Context, code string) (DisclosedUnit, error) {
	if code == "" {
		return DisclosedUnit{}, errNotFound
	}
	var row disclosureRow
	err := s.db.NewSelect().Model(&row).Where("code = ?", code).Where("kind = ?", record.OrganizationProfile).Limit(1).Scan(ctx)
	if err != nil {
		return DisclosedUnit{}, missing(err, "read public unit")
	}
	u := DisclosedUnit{Profile: row.disclosure(), Lines: map[record.Kind][]Disclosure{}}
	if u.Profile.Document, err = record.ParsePublic(row.Kind, row.Content); err != nil {
		return DisclosedUnit{}, err
	}
	if u.Counts, err = s.DisclosedCounts(ctx, DisclosureQuery{Unit: code}); err != nil {
		return DisclosedUnit{}, err
	}
	for _, kind := range record.DisclosedKinds() {
		if kind.Profile() || u.Counts[kind] == 0 {
			continue
		}
		if u.Lines[kind], err = s.unitLines(ctx, code, kind); err != nil {
			return DisclosedUnit{}, err
		}
	}
	if u.People, err = s.disclosedPeople(ctx, code); err != nil {
		return DisclosedUnit{}, err
	}
	u.Changes, err = s.disclosureChanges(ctx, s.db.NewSelect().Where("c.subject = ?", row.Subject).Limit(maxUnitChanges))
	return u, err
}

// unitLines are a unit's lines of a kind with what is disclosed in them: first what
// counts.
func (s *Store) unitLines(ctx context.Context, code string, kind record.Kind) ([]Disclosure, error) {
	var rows []disclosureRow
	err := s.db.NewSelect().Model(&rows).Where("code = ?", code).Where("kind = ?", kind).
		OrderExpr("standing, changed_at DESC, record DESC").Limit(maxUnitLines).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read public lines of unit: %w", err)
	}
	lines := make([]Disclosure, 0, len(rows))
	for i := range rows {
		line := rows[i].disclosure()
		if line.Document, err = record.ParsePublic(kind, rows[i].Content); err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// disclosedPeople counts a unit's practitioners in force by what they hold today.
func (s *Store) disclosedPeople(ctx context.Context, code string) ([]DisclosedPeople, error) {
	var people []DisclosedPeople
	err := s.db.NewRaw(`
		SELECT split_part(held, ' ', 1) AS type, count(DISTINCT p.record) AS count
		FROM disclosures p, unnest(p.tags) held
		WHERE p.code = ?0 AND p.kind = ?1 AND p.standing = 'in_force' AND (split_part(held, ' ', 2) = '' OR split_part(held, ' ', 2) >= ?2)
		GROUP BY 1 ORDER BY 1`, code, record.Practitioner, bun.Safe(listingDay)).Scan(ctx, &people)
	if err != nil {
		return nil, fmt.Errorf("count practitioners: %w", err)
	}
	return people, nil
}

// RecentDisclosures lists the public changes of the last days, the latest first,
// from a cursor on; next is "" at the end. kind narrows them, "" to none.
func (s *Store) RecentDisclosures(ctx context.Context, kind record.Kind, after string, limit int) (changes []DisclosureChange, next string, err error) {
	query := s.db.NewSelect().Where("c.at > statement_timestamp() - make_interval(days => ?)", DisclosedDays).Limit(int64(limit) + 1)
	if kind != "" {
		query.Where("c.kind = ?", kind)
	}
	if place := strings.Split(s.readMarked("changes", after), "/"); len(place) == 3 {
		query.Where("(c.at, c.record, c.revision) < (?, ?, ?)", place[0], place[1], place[2])
	}
	var rows []changeLine
	if err := changeLines(query, &rows).Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list public changes: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := &rows[limit-1]
		next = s.marked("changes", strings.Join([]string{last.At.UTC().Format(time.RFC3339Nano), string(last.Record), strconv.Itoa(last.Revision)}, "/"))
	}
	return changesOf(rows), next, nil
}

// changeLine is a change with what its line says.
type changeLine struct {
	disclosureChangeRow `bun:",extend"`

	Title string `bun:"title"`
	Name  string `bun:"name"`
	Code  string `bun:"code"`
}

func (r *changeLine) change() DisclosureChange {
	return DisclosureChange{At: r.At, Kind: r.Kind, What: r.What, Title: r.Title, Fields: r.Fields, Unit: r.Name, Code: r.Code}
}

// changeLines completes a query on changes c: those of units of which anything is
// public, the latest first.
func changeLines(query *bun.SelectQuery, rows *[]changeLine) *bun.SelectQuery {
	return query.Model(rows).ColumnExpr("c.record, c.revision, c.kind, c.at, c.what, c.fields, p.title, p.name, p.code").
		Join("JOIN disclosures p ON p.record = c.record AND p.code <> ''").
		OrderExpr("c.at DESC, c.record DESC, c.revision DESC")
}

func (s *Store) disclosureChanges(ctx context.Context, query *bun.SelectQuery) ([]DisclosureChange, error) {
	var rows []changeLine
	if err := changeLines(query, &rows).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read public changes: %w", err)
	}
	return changesOf(rows), nil
}

func changesOf(rows []changeLine) []DisclosureChange {
	changes := make([]DisclosureChange, 0, len(rows))
	for i := range rows {
		changes = append(changes, rows[i].change())
	}
	return changes
}
