package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"unireg/record"
)

// staff are the lines of the reviewers: of those who may decide, and of those who
// could and did. The names are of all of them, whoever is asked for.
func (c *counting) staff(ctx context.Context) (lines, names []FigureLine, err error) {
	cells, err := c.staffCells(ctx)
	if err != nil {
		return nil, nil, err
	}
	told := tallies{}
	for i := range cells {
		c.durations(&cells[i])
		told.of(string(cells[i].Staff)).add(&cells[i])
	}
	held, err := c.held(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, h := range held {
		f := &told.of(string(h.Staff)).figures
		f.Waiting += h.Waiting
		f.Overdue += h.Overdue
	}
	var members []struct {
		ID       record.ID `bun:"id"`
		Name     string    `bun:"name"`
		Login    string    `bun:"login"`
		Disabled bool      `bun:"disabled"`
	}
	err = c.tx.NewRaw("SELECT id, name, login, disabled_at IS NOT NULL AS disabled FROM staff ORDER BY name, login").Scan(ctx, &members)
	if err != nil {
		return nil, nil, fmt.Errorf("read reviewers: %w", err)
	}
	for _, m := range members {
		line := FigureLine{Key: string(m.ID), Name: m.Name, Login: m.Login}
		if m.Disabled && told[line.Key] == nil {
			continue
		}
		names = append(names, line)
		if c.query.Staff == "" || c.query.Staff == m.ID {
			line.Figures = told.of(line.Key).result()
			lines = append(lines, line)
		}
	}
	slices.SortStableFunc(lines, func(a, b FigureLine) int { return cmp.Compare(b.Figures.Decided(), a.Figures.Decided()) })
	return lines, names, nil
}

// held counts what each staff member holds.
func (c *counting) held(ctx context.Context) ([]waitingCell, error) {
	var cells []waitingCell
	err := c.tx.NewRaw(`
		SELECT staff, count(*) AS waiting, count(*) FILTER (WHERE due_at < clock_timestamp()) AS overdue FROM (
			SELECT `+holder+` AS staff, due_at FROM review_tasks
			WHERE closed_at IS NULL AND (claimed_by IS NOT NULL OR assigned_to IS NOT NULL) AND (?1 = '' OR kind = ?1)
			  AND review_city(region) LIKE ?2
		) held WHERE staff IS NOT NULL AND (?0::uuid IS NULL OR staff = ?0) GROUP BY staff`,
		nullID(c.query.Staff), c.query.Kind, record.RegionDigits(c.query.Region)+"%").Scan(ctx, &cells)
	if err != nil {
		return nil, fmt.Errorf("count what is held: %w", err)
	}
	return cells, nil
}
