package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// FieldReason is how many returned filings of a kind had a remark on a field, or
// on a row of a group.
type FieldReason struct {
	Kind record.Kind `bun:"kind"`
	// Field is the field's name; of a row's field that of the group, a point and
	// the name within the row.
	Field string `bun:"field"`
	Count int    `bun:"count"`
}

// PhraseReason is how many returned filings had an opinion or a remark that
// begins with a phrase. "" stands for returned filings without any of them.
type PhraseReason struct {
	Phrase string `bun:"phrase"`
	Count  int    `bun:"count"`
}

// returned are the returned filings of the period.
const returned = `
	returned AS (
		SELECT c.id, t.kind, c.reason, c.remarks FROM commands c
		JOIN review_tasks t ON t.record = c.record AND t.closed_at = c.done_at
		WHERE c.move = 'return' AND c.applied AND c.accepted_at >= ?0 AND c.accepted_at < ?1
		  AND (?2 = '' OR t.kind = ?2) AND review_city(t.region) LIKE ?3 AND (?4::uuid IS NULL OR t.closed_by = ?4)
	)`

// reasons tells for what filings were returned: the most frequent first. What was
// written is not told.
func (c *counting) reasons(ctx context.Context) ([]FieldReason, []PhraseReason, error) {
	arguments := []any{
		midnight(c.query.From), midnight(c.query.To).AddDate(0, 0, 1), c.query.Kind, regionPrefix(c.query.Region) + "%", nullID(c.query.Staff),
	}
	var fields []FieldReason
	err := c.tx.NewRaw(`WITH `+returned+`
		SELECT kind, field, count(DISTINCT id) AS count FROM (
			SELECT id, kind, split_part(name, '.', 1) || CASE WHEN split_part(name, '.', 3) = '' THEN '' ELSE '.' || split_part(name, '.', 3) END AS field
			FROM (SELECT id, kind, remark->>'field' AS name FROM returned, jsonb_array_elements(remarks) remark) remarks
			WHERE name <> ''
		) remarked GROUP BY kind, field ORDER BY count DESC, kind, field`, arguments...).Scan(ctx, &fields)
	if err != nil {
		return nil, nil, fmt.Errorf("count remarks: %w", err)
	}
	var phrases []PhraseReason
	// A phrase that begins another leaves it what begins with both.
	known := slices.Concat([]string{""}, c.query.Phrases)
	err = c.tx.NewRaw(`WITH `+returned+`, said AS (
			SELECT id, reason AS text FROM returned UNION ALL SELECT id, remark->>'text' FROM returned, jsonb_array_elements(remarks) remark
		), begun AS (
			SELECT DISTINCT id, phrase FROM said, LATERAL (
				SELECT phrase FROM unnest(ARRAY[?5]) phrase WHERE starts_with(text, phrase) ORDER BY length(phrase) DESC LIMIT 1) p
		)
		SELECT phrase, count(*) AS count FROM begun
		WHERE phrase <> '' OR NOT EXISTS (SELECT 1 FROM begun o WHERE o.id = begun.id AND o.phrase <> '')
		GROUP BY phrase ORDER BY phrase = '', count DESC, phrase`, append(arguments, bun.List(known))...).Scan(ctx, &phrases)
	if err != nil {
		return nil, nil, fmt.Errorf("count phrases: %w", err)
	}
	return fields, phrases, nil
}

// midnight is the instant at which the day in Shanghai begins on which the
// instant lies.
func midnight(t time.Time) time.Time {
	year, month, day := t.In(record.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, record.Shanghai)
}
