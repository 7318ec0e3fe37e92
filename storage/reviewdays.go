package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// cell is what one day came to for one kind and region, or for one staff member.
type cell struct {
	Day        time.Time   `bun:"day"`
	Kind       record.Kind `bun:"kind"`
	Region     string      `bun:"region"`
	Staff      record.ID   `bun:"staff"`
	Received   int         `bun:"received"`
	Approved   int         `bun:"approved"`
	Returned   int         `bun:"returned"`
	Confirmed  int         `bun:"confirmed"`
	Rejected   int         `bun:"rejected"`
	Withdrawn  int         `bun:"withdrawn"`
	Late       int         `bun:"late"`
	Fresh      int         `bun:"fresh"`
	Passed     int         `bun:"passed"`
	KeyChanges int         `bun:"key_changes"`
	Sampled    int         `bun:"sampled"`
	Tenths     string      `bun:"tenths"` // durations of the decisions, with commas between
	Days       string      `bun:"days"`

	tenths, workingDays []int // of each decision, once read
}

// durations reads the durations of a cell, until those of the next are read.
func (c *counting) durations(of *cell) {
	c.tenths, c.waits = numbers(c.tenths[:0], of.Tenths), numbers(c.waits[:0], of.Days)
	for i, days := range c.waits {
		c.waits[i] = c.working.between(of.Day, days)
	}
	of.tenths, of.workingDays = c.tenths, c.waits
}

// measured makes cells of facts. It is the one place where facts are counted.
const measured = `
	count(*) FILTER (WHERE fact = 'received') AS received,
	count(*) FILTER (WHERE fact = 'approve') AS approved,
	count(*) FILTER (WHERE fact = 'return') AS returned,
	count(*) FILTER (WHERE fact = 'confirm') AS confirmed,
	count(*) FILTER (WHERE fact = 'reject') AS rejected,
	count(*) FILTER (WHERE fact = 'withdrawn') AS withdrawn,
	count(*) FILTER (WHERE fact NOT IN ('received', 'withdrawn') AND late) AS late,
	count(*) FILTER (WHERE fact IN ('approve', 'return') AND fresh) AS fresh,
	count(*) FILTER (WHERE fact = 'approve' AND fresh) AS passed,
	count(*) FILTER (WHERE fact NOT IN ('received', 'withdrawn') AND key_change) AS key_changes,
	count(*) FILTER (WHERE fact NOT IN ('received', 'withdrawn') AND sampled) AS sampled,
	coalesce(string_agg(tenths::text, ',') FILTER (WHERE fact NOT IN ('received', 'withdrawn')), '') AS tenths,
	coalesce(string_agg(days::text, ',') FILTER (WHERE fact NOT IN ('received', 'withdrawn')), '') AS days`

// summed adds cells up.
const summed = `
	sum(received) AS received, sum(approved) AS approved, sum(returned) AS returned, sum(confirmed) AS confirmed, sum(rejected) AS rejected,
	sum(withdrawn) AS withdrawn, sum(late) AS late, sum(fresh) AS fresh, sum(passed) AS passed, sum(key_changes) AS key_changes,
	sum(sampled) AS sampled, coalesce(string_agg(nullif(tenths, ''), ','), '') AS tenths, coalesce(string_agg(nullif(days, ''), ','), '') AS days`

// measures are the columns of review_days for what measured counts.
const measures = `received, approved, returned, confirmed, rejected, withdrawn, late, fresh, passed, key_changes, sampled, tenths, days`

// KeepReviewDays writes down what the days came to that are over and not kept
// yet, or of which more has become known since: a decision counts on the day on
// which it was given, and may take effect on a later one. It answers how many
// days it wrote. What is kept is what would be counted, so that statistics are
// right without it, only slower.
func (s *Store) KeepReviewDays(ctx context.Context) (int, error) {
	kept := 0
	err := s.inTx(ctx, "keep days of review", func(ctx context.Context, tx bun.Tx) error {
		var mine bool
		if err := tx.NewRaw("SELECT pg_try_advisory_xact_lock(hashtextextended('review_days', 0))").Scan(ctx, &mine); err != nil || !mine {
			return err
		}
		var days []string
		err := tx.NewRaw(`
			WITH span AS (
				SELECT coalesce(max(day) - ?0, '-infinity') AS first, (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date AS today FROM review_days
			), counted AS (
				SELECT day, count(*) AS n FROM review_facts WHERE day >= (SELECT first FROM span) AND day < (SELECT today FROM span) GROUP BY day
			), written AS (
				SELECT day, sum(received + approved + returned + confirmed + rejected + withdrawn) AS n FROM review_days
				WHERE staff IS NULL AND day >= (SELECT first FROM span) GROUP BY day
			)
			SELECT day::text FROM counted LEFT JOIN written USING (day) WHERE counted.n IS DISTINCT FROM written.n`, stragglers).Scan(ctx, &days)
		if err != nil || len(days) == 0 {
			return err
		}
		kept = len(days)
		return writeReviewDays(ctx, tx, days)
	})
	return kept, err
}

// writeReviewDays writes down anew what days came to.
func writeReviewDays(ctx context.Context, tx bun.Tx, days []string) error {
	if _, err := tx.NewRaw("DELETE FROM review_days WHERE day IN (?)", bun.List(days)).Exec(ctx); err != nil {
		return fmt.Errorf("drop days of review: %w", err)
	}
	_, err := tx.NewRaw(`
		INSERT INTO review_days (day, kind, region, staff, `+measures+`)
		SELECT day, kind, region, NULL, `+measured+` FROM review_facts WHERE day IN (?0) GROUP BY day, kind, region
		UNION ALL
		SELECT day, kind, NULL, staff, `+measured+` FROM review_facts WHERE day IN (?0) AND staff IS NOT NULL GROUP BY day, kind, staff`,
		bun.List(days)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("write days of review: %w", err)
	}
	return nil
}

// stragglers is for how many days more is looked for behind a day that is kept:
// longer than anything is away.
const stragglers = 60

// reading says which cells are read: columns is what they are told apart by, of
// the days that are kept and of the facts alike, and by what they are summed by.
type reading struct {
	columns     string
	by          string // "" for all of the columns
	days, facts string // conditions
	kept        string // the last day that is read from review_days
}

// cells reads what the days of the period came to by kind and region. What a
// staff member decided is read from the filings themselves.
func (c *counting) cells(ctx context.Context) ([]cell, error) {
	r := reading{columns: "day, kind, region", days: "staff IS NULL", facts: "true", kept: c.kept}
	if c.query.Staff != "" {
		r.days, r.facts, r.kept = "false", "staff = ?3", never
	}
	return c.read(ctx, r)
}

// staffCells reads what the days came to by staff member. Days that are kept tell
// nothing of the regions of what they decided.
func (c *counting) staffCells(ctx context.Context) ([]cell, error) {
	r := reading{columns: "day, kind, staff", by: "day, staff", days: "staff IS NOT NULL", facts: "staff IS NOT NULL AND region LIKE ?5", kept: c.kept}
	if c.query.Staff != "" {
		r.days, r.facts = "staff = ?3", "staff = ?3 AND region LIKE ?5"
	}
	if c.query.Region != "" {
		r.kept = never
	}
	return c.read(ctx, r)
}

// never is the day before all days.
const never = "-infinity"

func (c *counting) read(ctx context.Context, r reading) ([]cell, error) {
	var cells []cell
	query := `
		SELECT ` + r.columns + `, ` + measures + ` FROM review_days
		WHERE day BETWEEN ?0 AND least(?1::date, ?2::date) AND (?4 = '' OR kind = ?4) AND ` + r.days + `
		UNION ALL
		SELECT ` + r.columns + `, ` + measured + ` FROM review_facts
		WHERE day > ?2::date AND day BETWEEN ?0 AND ?1 AND (?4 = '' OR kind = ?4) AND ` + r.facts + `
		GROUP BY ` + r.columns
	if r.by != "" {
		query = "SELECT " + r.by + ", " + summed + " FROM (" + query + ") cells GROUP BY " + r.by
	}
	err := c.tx.NewRaw(query,
		civilDay(c.query.From).Format(time.DateOnly), civilDay(c.query.To).Format(time.DateOnly), r.kept,
		nullID(c.query.Staff), c.query.Kind, record.RegionDigits(c.query.Region)+"%").Scan(ctx, &cells)
	if err != nil {
		return nil, fmt.Errorf("read days of review: %w", err)
	}
	return cells, nil
}

// waitingCell is what is open of a kind in a region, or is held by a staff member.
type waitingCell struct {
	Kind    record.Kind `bun:"kind"`
	Region  string      `bun:"region"`
	Staff   record.ID   `bun:"staff"`
	Waiting int         `bun:"waiting"`
	Overdue int         `bun:"overdue"`
}

// holder is who works on an open review: by a claim that holds, else by an
// assignment.
const holder = `coalesce(CASE WHEN claimed_until > clock_timestamp() THEN claimed_by END,
	CASE WHEN assigned_until IS NULL OR assigned_until > clock_timestamp() THEN assigned_to END)`

func (c *counting) waiting(ctx context.Context) ([]waitingCell, error) {
	var cells []waitingCell
	held := "true"
	if c.query.Staff != "" {
		held = "(claimed_by = ?0 OR assigned_to = ?0) AND " + holder + " = ?0"
	}
	err := c.tx.NewRaw(`
		SELECT kind, review_city(region) AS region, sum(waiting) AS waiting, sum(overdue) AS overdue FROM (
			SELECT kind, region, count(*) AS waiting, count(*) FILTER (WHERE due_at < clock_timestamp()) AS overdue
			FROM review_tasks WHERE closed_at IS NULL AND (?1 = '' OR kind = ?1) AND `+held+` GROUP BY kind, region
		) open GROUP BY 1, 2`,
		nullID(c.query.Staff), c.query.Kind).Scan(ctx, &cells)
	if err != nil {
		return nil, fmt.Errorf("count what is waiting: %w", err)
	}
	return cells, nil
}
