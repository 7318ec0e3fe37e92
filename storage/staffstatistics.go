package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"unireg/record"
)

// staff are the lines of the reviewers: of those who may decide, and of those who
// could and did.
func (c *counting) staff(ctx context.Context) ([]FigureLine, error) {
	cells, err := c.staffCells(ctx)
	if err != nil {
		return nil, err
	}
	lines := tallies{}
	for i := range cells {
		lines.of(string(cells[i].Staff)).add(&cells[i], c.working)
	}
	held, err := c.held(ctx)
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		f := &lines.of(string(h.Staff)).figures
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
		return nil, fmt.Errorf("read reviewers: %w", err)
	}
	var all []FigureLine
	for _, m := range members {
		if _, told := lines[string(m.ID)]; !told && (m.Disabled || c.query.Staff != "" && c.query.Staff != m.ID) {
			continue
		}
		all = append(all, FigureLine{Key: string(m.ID), Name: m.Name, Login: m.Login, Figures: lines.of(string(m.ID)).result()})
	}
	slices.SortStableFunc(all, func(a, b FigureLine) int { return cmp.Compare(b.Figures.Decided(), a.Figures.Decided()) })
	return all, nil
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
		nullID(c.query.Staff), c.query.Kind, regionPrefix(c.query.Region)+"%").Scan(ctx, &cells)
	if err != nil {
		return nil, fmt.Errorf("count what is held: %w", err)
	}
	return cells, nil
}
