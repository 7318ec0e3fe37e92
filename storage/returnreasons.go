package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// FieldReason is how many remarks there were on a field of a kind, or on the rows
// of a group, when filings were returned.
type FieldReason struct {
	Kind record.Kind `bun:"kind"`
	// Field is the field's name; of a row's field that of the group, a point and
	// the name within the row.
	Field string `bun:"field"`
	Count int    `bun:"count"`
}

// PhraseReason is how many returned filings had an opinion that begins with a
// phrase. "" stands for all other opinions.
type PhraseReason struct {
	Phrase string `bun:"phrase"`
	Count  int    `bun:"count"`
}

// reasons tells for what filings were returned: the most frequent first. What was
// written is not told.
func (c *counting) reasons(ctx context.Context) ([]FieldReason, []PhraseReason, error) {
	var fields []FieldReason
	// The ids of rows, which stand between the names of group and field, and those of
	// attachments, which follow the field's name, are left out.
	err := c.returned(`c.kind, CASE WHEN strpos(f.name, '.') = 0 THEN f.name
			ELSE split_part(f.name, '.', 1) || rtrim('.' || split_part(f.name, '.', 3), '.') END AS field`).
		Join(", jsonb_array_elements(c.remarks) r, split_part(r->>'field', '#', 1) AS f (name)").Where("f.name <> ''").
		GroupExpr("2, 3").OrderExpr("count DESC, 2, 3").Scan(ctx, &fields)
	if err != nil {
		return nil, nil, fmt.Errorf("count remarks: %w", err)
	}
	// A phrase that begins another leaves it what begins with both.
	known := slices.SortedFunc(slices.Values(c.query.Phrases), func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var arguments []any
	for _, text := range known {
		arguments = append(arguments, text, text)
	}
	phrase := "CASE WHEN false THEN ''" + strings.Repeat(" WHEN starts_with(c.reason, ?) THEN ?", len(known))
	var phrases []PhraseReason
	err = c.returned(phrase+" ELSE '' END AS phrase", arguments...).Where("c.reason <> ''").
		GroupExpr("2").OrderExpr("count DESC, phrase").Scan(ctx, &phrases)
	if err != nil {
		return nil, nil, fmt.Errorf("count phrases: %w", err)
	}
	slices.SortStableFunc(phrases, func(a, b PhraseReason) int { // the others last
		return cmp.Compare(min(len(b.Phrase), 1), min(len(a.Phrase), 1))
	})
	return fields, phrases, nil
}

// returned counts the returned filings of the query by what is asked for.
func (c *counting) returned(by string, arguments ...any) *bun.SelectQuery {
	q := c.tx.NewSelect().TableExpr("commands AS c").ColumnExpr("count(*) AS count").ColumnExpr(by, arguments...).
		Where("c.move = ?", record.Return).Where("c.applied").
		Where("c.accepted_at >= ?", midnight(c.query.From)).Where("c.accepted_at < ?", midnight(c.query.To).AddDate(0, 0, 1))
	if c.query.Kind != "" {
		q.Where("c.kind = ?", c.query.Kind)
	}
	if c.query.Staff != "" {
		q.Where("c.actor = ?", c.query.Staff)
	}
	if c.query.Region != "" {
		within := record.RegionDigits(c.query.Region) + "%" // what the city begins with the region begins with, too
		q.Join("JOIN review_tasks t ON t.record = c.record AND t.closed_at = c.done_at").
			Where("t.region LIKE ?", within).Where("review_city(t.region) LIKE ?", within)
	}
	return q
}

// midnight is the instant at which the day in Shanghai begins on which the
// instant lies.
func midnight(t time.Time) time.Time {
	year, month, day := t.In(record.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, record.Shanghai)
}
