package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Holdings is what systems that rely on an organization read of it: documents as
// they count. Which of their fields are told is the reader's to choose.
type Holdings struct {
	Code    string
	Profile RecordInForce
	// First is since when the organization has counted at all.
	First   time.Time
	Records []RecordInForce
	// More tells that there are records behind the last one.
	More bool
}

// RecordInForce is a record that counts, or was voided after it had.
type RecordInForce struct {
	ID       record.ID
	Kind     record.Kind
	Standing record.Standing
	Version  int
	Since    time.Time // from when on the version counts
	Document record.Document
}

// Holdings reads an organization in force and up to limit of its other records
// behind an id, in the order of their ids. One that is not in force is
// record.NotFound.
func (s *Store) Holdings(ctx context.Context, subject, after record.ID, limit int) (Holdings, error) {
	owner, err := s.Subject(ctx, subject)
	if err != nil {
		return Holdings{}, err
	}
	d := Holdings{Code: owner.Code}
	profiles, err := s.inForce(ctx, 1, "r.subject = ? AND r.kind = ? AND r.standing = 'in_force'", subject, record.OrganizationProfile)
	if err != nil {
		return Holdings{}, err
	}
	if len(profiles) == 0 {
		return Holdings{}, errNotInForce
	}
	d.Profile = profiles[0]
	err = s.db.NewRaw("SELECT min(since) FROM version_effects WHERE record = ?", d.Profile.ID).Scan(ctx, &d.First)
	if err != nil {
		return Holdings{}, fmt.Errorf("read since when an organization counts: %w", err)
	}
	d.First = d.First.UTC()
	if after == "" {
		after = systemChain
	}
	d.Records, err = s.inForce(ctx, limit+1, "r.subject = ? AND r.kind <> ? AND r.standing IN ('in_force', 'voided') AND r.id > ?",
		subject, record.OrganizationProfile, after)
	if len(d.Records) > limit {
		d.Records, d.More = d.Records[:limit], true
	}
	return d, err
}

var errNotInForce = record.Errorf(record.NotFound, "该单位的基本信息尚未生效")

// inForce reads records with the versions that count, in the order of their ids.
func (s *Store) inForce(ctx context.Context, limit int, condition string, arguments ...any) ([]RecordInForce, error) {
	var rows []struct {
		bun.BaseModel `bun:"table:records,alias:r"`
		wrappedKey

		ID       record.ID       `bun:"id"`
		Subject  record.ID       `bun:"subject"`
		Kind     record.Kind     `bun:"kind"`
		Standing record.Standing `bun:"standing"`
		InForce  int             `bun:"in_force"`
		Sealed   []byte          `bun:"sealed"`
		Since    time.Time       `bun:"since"`
	}
	err := s.db.NewSelect().Model(&rows).ColumnExpr("r.id, r.subject, r.kind, r.standing, r.in_force, v.sealed, k.master, k.wrapped").
		ColumnExpr("(SELECT max(e.since) FROM version_effects e WHERE e.record = v.record AND e.no = v.no) AS since").
		Join("JOIN versions v ON v.record = r.id AND v.no = r.in_force").Join("JOIN subject_keys k ON k.subject = r.subject").
		Where(condition, arguments...).Order("r.id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read records in force: %w", err)
	}
	all := make([]RecordInForce, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		key, err := s.openKey(row.Subject, row.wrappedKey)
		if err != nil {
			return nil, err
		}
		content, err := unsealAs(key, row.ID, versionPurpose(row.InForce), row.Sealed)
		if err != nil {
			return nil, err
		}
		_, document, err := record.ParseCanonical(content)
		if err != nil {
			return nil, fmt.Errorf("read version in force: %w", err)
		}
		all = append(all, RecordInForce{
			ID: row.ID, Kind: row.Kind, Standing: row.Standing, Version: row.InForce, Since: row.Since.UTC(), Document: document,
		})
	}
	return all, nil
}
