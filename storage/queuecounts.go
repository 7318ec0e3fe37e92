package storage

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// QueueCounts say how much the queue of a member holds.
type QueueCounts struct {
	// States counts the tasks of each state under the rest of the filter. What is
	// searched for is counted up to CountedMatches: beyond, AtLeast is true and only
	// QueueAll is told.
	States  map[QueueState]int
	AtLeast bool
	// Kinds, Occasions and Regions count under the rest of the filter, each without
	// its own part. They are nil for a search and for QueueMine.
	Kinds     map[record.Kind]int
	Occasions map[Occasion]int
	// Regions are counties, cities and provinces from which something waits.
	Regions []RegionCount
}

// RegionCount is how much waits from a region and all that lies in it.
type RegionCount struct {
	Digits string // 43, 4301 or 430102
	Count  int
}

// CountedMatches is up to where the matches of a search are counted.
const CountedMatches = 1000

// QueueCounts counts the queue of a staff member. A queue of up to exactTasks is
// counted anew at every call; of a longer one the counts are some seconds old,
// but for what is the member's own.
func (s *Store) QueueCounts(ctx context.Context, staff record.ID, f QueueFilter) (QueueCounts, error) {
	member, err := readColleague(ctx, s.db, staff)
	if err != nil {
		return QueueCounts{}, err
	}
	if f.Text != "" {
		return s.countMatches(ctx, &member, f)
	}
	cells, err := s.waiting.read(ctx, s.db)
	if err != nil {
		return QueueCounts{}, err
	}
	counts := QueueCounts{States: map[QueueState]int{}}
	for _, state := range QueueStates() {
		if state != QueueMine {
			counts.States[state] = sum(cells, member.scope(), f.in(state))
		}
	}
	if counts.States[QueueMine], err = s.countMine(ctx, &member, f); err != nil {
		return QueueCounts{}, err
	}
	if f.State != QueueMine {
		counts.facets(cells, member.scope(), f)
	}
	return counts, nil
}

// in is the filter in another state.
func (f QueueFilter) in(state QueueState) QueueFilter {
	f.State = state
	return f
}

func (s *Store) countMine(ctx context.Context, member *colleague, f QueueFilter) (int, error) {
	query, err := s.narrow(ctx, member, f.in(QueueMine))
	if err != nil {
		return 0, err
	}
	n, err := query.Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count own reviews: %w", err)
	}
	return int(n), nil
}

// countMatches counts what a search finds.
func (s *Store) countMatches(ctx context.Context, member *colleague, f QueueFilter) (QueueCounts, error) {
	query, err := s.narrow(ctx, member, f.in(QueueAll))
	if err != nil {
		return QueueCounts{}, err
	}
	var n struct {
		All     int `bun:"n"`
		Free    int `bun:"free"`
		Second  int `bun:"second"`
		Overdue int `bun:"overdue"`
	}
	err = s.db.NewRaw(`
		SELECT count(*) AS n, count(*) FILTER (WHERE NOT held) AS free, count(*) FILTER (WHERE second) AS second,
			count(*) FILTER (WHERE overdue) AS overdue FROM (?) found`,
		query.ColumnExpr(taskHeld+" AS held").ColumnExpr("t.stage = 'second' AS second").
			ColumnExpr("t.due_at < statement_timestamp() AS overdue").Limit(CountedMatches+1)).Scan(ctx, &n)
	if err != nil {
		return QueueCounts{}, fmt.Errorf("count matches: %w", err)
	}
	if n.All > CountedMatches {
		return QueueCounts{AtLeast: true, States: map[QueueState]int{QueueAll: CountedMatches}}, nil
	}
	counts := QueueCounts{States: map[QueueState]int{QueueAll: n.All, QueueFree: n.Free, QueueSecond: n.Second, QueueOverdue: n.Overdue}}
	counts.States[QueueMine], err = s.countMine(ctx, member, f)
	return counts, err
}

// facets counts the choices of each part of the filter under the others.
func (c *QueueCounts) facets(cells []queueCell, scope record.Scope, f QueueFilter) {
	c.Kinds, c.Occasions = map[record.Kind]int{}, map[Occasion]int{}
	regions := map[string]int{}
	kind, occasion, region := f, f, f
	kind.Kind, occasion.Occasion, region.Region = "", "", ""
	for _, cell := range cells {
		if !scope.Covers(cell.Kind, cell.Region, cell.filing()) {
			continue
		}
		if kind.admits(cell) {
			c.Kinds[cell.Kind] += cell.Count
		}
		if occasion.admits(cell) {
			c.Occasions[cell.Occasion] += cell.Count
		}
		if !region.admits(cell) {
			continue
		}
		for n := 2; n <= len(cell.Region); n += 2 {
			if digits := cell.Region[:n]; digits == record.RegionDigits(digits) {
				regions[digits] += cell.Count
			}
		}
	}
	for digits, n := range regions {
		c.Regions = append(c.Regions, RegionCount{digits, n})
	}
	slices.SortFunc(c.Regions, func(a, b RegionCount) int { return cmp.Compare(a.Digits, b.Digits) })
}

// queueCell counts the tasks that are alike in all that the queue is filtered by.
type queueCell struct {
	Kind      record.Kind      `bun:"kind"`
	Region    string           `bun:"region"`
	Stage     string           `bun:"stage"`
	Occasion  Occasion         `bun:"occasion"`
	KeyChange bool             `bun:"key_change"`
	Assurance record.Assurance `bun:"assurance"`
	Held      bool             `bun:"held"`
	Overdue   bool             `bun:"overdue"`
	Count     int              `bun:"n"`
}

func (c queueCell) filing() record.Filing { return (&reviewRow{Stage: c.Stage}).filing() }

// admits says of a cell what narrow says of a task, but for QueueMine and Text.
func (f QueueFilter) admits(c queueCell) bool {
	switch f.State {
	case QueueFree:
		if c.Held {
			return false
		}
	case QueueSecond:
		if c.Stage != stageSecond {
			return false
		}
	case QueueOverdue:
		if !c.Overdue {
			return false
		}
	case QueueAll, QueueMine:
	}
	return (f.Kind == "" || f.Kind == c.Kind) && (f.Occasion == "" || f.Occasion == c.Occasion) && (!f.KeyChange || c.KeyChange) &&
		(f.Assurance == "" || f.Assurance == c.Assurance) && len(c.Region) >= len(f.Region) && c.Region[:len(f.Region)] == f.Region
}

func sum(cells []queueCell, scope record.Scope, f QueueFilter) int {
	n := 0
	for _, c := range cells {
		if scope.Covers(c.Kind, c.Region, c.filing()) && f.admits(c) {
			n += c.Count
		}
	}
	return n
}

const (
	// exactTasks is up to how many waiting tasks are counted at every question: it
	// takes some milliseconds.
	exactTasks = 5000
	// countingShare bounds the time for which a long queue is being counted, to one
	// part in that many.
	countingShare = 50
	// countsAge is when counts are too old to be shown: counting fails.
	countsAge = time.Minute
)

// queueCube is the counts that all requests of the process share.
type queueCube struct {
	mu       sync.Mutex
	cells    []queueCell
	total    int
	began    time.Time // when the counting of cells began
	took     time.Duration
	renewing bool
}

// read returns counts that are exact for a short queue. For a long one it
// answers what it has, and counts anew on the side.
func (c *queueCube) read(ctx context.Context, db *bun.DB) ([]queueCell, error) {
	asked := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.After(asked) {
		return c.cells, nil // counted while this one waited
	}
	age := time.Since(c.began)
	if c.total <= exactTasks || age > countsAge {
		began := time.Now()
		cells, err := countCells(ctx, db)
		if err != nil {
			return nil, err
		}
		c.keep(cells, began)
		return c.cells, nil
	}
	if age > countingShare*c.took && !c.renewing {
		c.renewing = true
		go c.renew(context.WithoutCancel(ctx), db)
	}
	return c.cells, nil
}

// renew counts on the side. Where that fails the old counts stay, until they are
// too old and whoever asks learns why.
func (c *queueCube) renew(ctx context.Context, db *bun.DB) {
	ctx, cancel := context.WithTimeout(ctx, countsAge)
	defer cancel()
	began := time.Now()
	cells, err := countCells(ctx, db)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewing = false
	if err == nil {
		c.keep(cells, began)
	}
}

func (c *queueCube) keep(cells []queueCell, began time.Time) {
	c.cells, c.began, c.took, c.total = cells, began, time.Since(began), 0
	for _, cell := range cells {
		c.total += cell.Count
	}
}

func countCells(ctx context.Context, db *bun.DB) ([]queueCell, error) {
	var cells []queueCell
	err := db.NewRaw("SELECT t.kind, t.region, t.stage, t.occasion, t.key_change, t.assurance, "+taskHeld+" AS held,"+`
			t.due_at < statement_timestamp() AS overdue, count(*) AS n
		FROM review_tasks t WHERE t.closed_at IS NULL AND t.decided_by IS NULL GROUP BY 1, 2, 3, 4, 5, 6, 7, 8`).Scan(ctx, &cells)
	if err != nil {
		return nil, fmt.Errorf("count reviews: %w", err)
	}
	return cells, nil
}
