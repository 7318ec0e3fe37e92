package storage

import (
	"context"
	"database/sql"
	"fmt"
	"maps"

	"github.com/uptrace/bun"

	"unireg/record"
)

// verifyExpiries computes anew what expires of every record. Each batch is read as
// of one instant.
func (s *Store) verifyExpiries(ctx context.Context) ([]Disagreement, error) {
	var found []Disagreement
	for after := systemChain; after != ""; {
		err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
			var records []recordRow
			err := tx.NewSelect().Model(&records).Where("id > ?", after).Where("kind IN (?)", bun.List(expiringKinds())).
				Order("id").Limit(verifyBatch).Scan(ctx)
			after = ""
			if err != nil || len(records) == 0 {
				return err
			}
			ids := make([]record.ID, len(records))
			for i := range records {
				ids[i] = records[i].ID
			}
			var rows []expiryRow
			if err := tx.NewSelect().Model(&rows).Where("record IN (?)", bun.List(ids)).Scan(ctx); err != nil {
				return fmt.Errorf("read expiries: %w", err)
			}
			kept := map[record.ID][]expiryRow{}
			for _, row := range rows {
				kept[row.Record] = append(kept[row.Record], row)
			}
			for i := range records {
				want, err := s.expiriesOf(ctx, tx, &records[i])
				if toldElsewhere(err) {
					continue
				}
				if err != nil {
					return err
				}
				if !sameExpiries(kept[records[i].ID], want) {
					found = append(found, Disagreement{"I15", string(records[i].ID), FaultExpiries})
				}
			}
			if len(records) == verifyBatch {
				after = ids[verifyBatch-1]
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("verify expiries: %w", err)
		}
	}
	return found, nil
}

// expiringKinds are the kinds of which anything expires.
func expiringKinds() []record.Kind {
	var kinds []record.Kind
	for _, kind := range record.Kinds() {
		if definition, ok := record.DefinitionOf(kind); ok {
			if _, expires := definition.New().(record.Expiring); expires {
				kinds = append(kinds, kind)
			}
		}
	}
	return kinds
}

// sameExpiries compares what expires, whatever was told of it.
func sameExpiries(kept, want []expiryRow) bool {
	plain := func(rows []expiryRow) map[string]string {
		all := map[string]string{}
		for _, r := range rows {
			all[r.Name] = string(r.Subject) + r.Label + r.ExpiresOn.Format("2006-01-02")
		}
		return all
	}
	return maps.Equal(plain(kept), plain(want))
}

// counts are the columns of review_days that are numbers.
const counts = "received, approved, returned, confirmed, rejected, withdrawn, late, fresh, passed, key_changes, sampled"

// verifyDays counts the days of the desk that are kept from the reviews anew. A day
// of which more became known within the last hours is left to the chore that
// writes it.
func (s *Store) verifyDays(ctx context.Context) ([]Disagreement, error) {
	var days []string
	err := s.db.NewRaw(`
		WITH kept AS (
			SELECT day, kind, coalesce(region, '') AS region, staff, ?0 FROM review_days
		), counted AS (
			SELECT day, kind, region, NULL::uuid AS staff, `+measured+` FROM review_facts GROUP BY day, kind, region
			UNION ALL
			SELECT day, kind, '', staff, `+measured+` FROM review_facts WHERE staff IS NOT NULL GROUP BY day, kind, staff
		)
		SELECT DISTINCT day::text FROM (
			(SELECT * FROM kept EXCEPT ALL SELECT day, kind, region, staff, ?0 FROM counted)
			UNION ALL
			(SELECT day, kind, region, staff, ?0 FROM counted WHERE day <= (SELECT max(day) FROM review_days) EXCEPT ALL SELECT * FROM kept)
		) differing
		WHERE NOT EXISTS (
			SELECT 1 FROM review_tasks t WHERE (coalesce(t.answered_at, t.closed_at) AT TIME ZONE 'Asia/Shanghai')::date = differing.day
			  AND t.closed_at > clock_timestamp() - interval '2 hours')
		ORDER BY 1`, bun.Safe(counts)).Scan(ctx, &days)
	if err != nil {
		return nil, fmt.Errorf("verify days of review: %w", err)
	}
	found := make([]Disagreement, 0, len(days))
	for _, day := range days {
		found = append(found, Disagreement{"I15", day, FaultDays})
	}
	return found, nil
}
