package storage

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// StatisticsQuery asks for the figures of a period. Zero values of Kind, Region
// and Staff mean everything; what is given narrows together.
type StatisticsQuery struct {
	From, To time.Time // the first and the last day in Shanghai; times of day do not count
	Kind     record.Kind
	Region   string    // a code of codes.Regions: a province means all in it
	Staff    record.ID // what this staff member decided, and holds
	// ByStaff asks for the lines of the reviewers, too.
	ByStaff bool
	// ByMonth gathers the days of a month in one line.
	ByMonth bool
	// Phrases are what reasons are looked through for.
	Phrases []string
}

// Figures are what the desk came to. The unit is one review of one filing at one
// stage: a filing of which a second review is due is received, and decided,
// twice. A decision that was undone is none.
type Figures struct {
	// Received were opened in the period: filed, passed on to the second review,
	// sent back to the first, or reopened. They are nobody's, so that a staff
	// member's figures have none.
	Received int
	// Approved, Returned, Confirmed and Rejected were decided so in the period: on
	// the day on which the decision was given, once it has taken effect.
	Approved, Returned, Confirmed, Rejected int
	// Withdrawn were taken back by the subject before a decision. What was waiting
	// before the period, with Received, without those decided and Withdrawn, is
	// what was waiting behind it.
	Withdrawn int
	// Late are the decided ones that were decided after their deadline.
	Late int
	// Fresh are the decisions of first reviews on what had not been returned
	// before: first filings and changes. Passed are those of them that approved.
	Fresh, Passed int
	// KeyChanges and Sampled are the decided ones that changed a key field, and
	// that chance had picked for a second review.
	KeyChanges, Sampled int
	// Waiting and Overdue are open at the moment, whatever the period: all, and
	// those whose deadline is over. A decision that can still be undone is none.
	// A staff member's are those that they hold.
	Waiting, Overdue int
	// Hours is the time from opening to decision, by the clock, in tenths that are
	// rounded down; Days is that time in working days, of which the day of opening
	// is none, as for deadlines. Lines of days have neither.
	Hours, Days Spread
}

// Spread is the middle and the long end of a measure, zero of nothing: so many or
// less took half of the decisions, and nine of ten.
type Spread struct{ Median, P90 float64 }

// Decided is how many decisions there were.
func (f Figures) Decided() int { return f.Approved + f.Returned + f.Confirmed + f.Rejected }

// FigureLine is one line of a table of figures.
type FigureLine struct {
	Key  string // kind, region's code ("" for unknown), day as 2006-01-02 or month as 2006-01, or id of the staff member
	Name string // of the staff member
	// Login tells staff members of one name apart.
	Login   string
	Figures Figures
}

// Statistics are the figures of a period, all of one instant.
type Statistics struct {
	At       time.Time
	Total    Figures
	ByKind   []FigureLine // in the order of the navigation; those with something to tell
	ByRegion []FigureLine // by code; those with something to tell
	ByDay    []FigureLine // every day, or month, of the period
	ByStaff  []FigureLine // of whoever may decide or has decided, most decisions first
	Fields   []FieldReason
	Phrases  []PhraseReason
	// Regions are those that ByRegion would have without StatisticsQuery.Region.
	Regions []string
	// Members are those whose lines ByStaff would have without
	// StatisticsQuery.Staff, by name; the figures are left out.
	Members []FigureLine
}

// tally gathers the cells of one line.
type tally struct {
	figures     Figures
	hours, days spread
	worked      bool // the line tells of durations
}

func (t *tally) add(c *cell) {
	f := &t.figures
	f.Received += c.Received
	f.Approved += c.Approved
	f.Returned += c.Returned
	f.Confirmed += c.Confirmed
	f.Rejected += c.Rejected
	f.Withdrawn += c.Withdrawn
	f.Late += c.Late
	f.Fresh += c.Fresh
	f.Passed += c.Passed
	f.KeyChanges += c.KeyChanges
	f.Sampled += c.Sampled
	if !t.worked {
		return
	}
	for i := range c.tenths {
		t.hours.add(c.tenths[i])
		t.days.add(c.workingDays[i])
	}
}

func (t *tally) result() Figures {
	t.figures.Hours = Spread{float64(t.hours.at(50)) / 10, float64(t.hours.at(90)) / 10}
	t.figures.Days = Spread{float64(t.days.at(50)), float64(t.days.at(90))}
	return t.figures
}

// tallies are the lines of a table by their keys.
type tallies map[string]*tally

func (t tallies) of(key string) *tally {
	if t[key] == nil {
		t[key] = &tally{worked: true}
	}
	return t[key]
}

// lines are the lines in the order of the keys.
func (t tallies) lines(keys []string) []FigureLine {
	var all []FigureLine
	for _, key := range keys {
		if line := t[key]; line != nil {
			all = append(all, FigureLine{Key: key, Figures: line.result()})
		}
	}
	return all
}

// Statistics counts. What is counted, when and for whom is said by Figures and by
// the view review_facts, here and in what is kept of days that are over.
func (s *Store) Statistics(ctx context.Context, q StatisticsQuery) (Statistics, error) {
	var result Statistics
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	err := s.db.RunInTx(ctx, options, func(ctx context.Context, tx bun.Tx) error {
		c := counting{tx: tx, query: q, working: &workingDays{calendar: s.Policy().Calendar, last: civilDay(q.To)}}
		var err error
		if result.At, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		if err := tx.NewRaw("SELECT coalesce(max(day), '-infinity')::text FROM review_days").Scan(ctx, &c.kept); err != nil {
			return fmt.Errorf("read which days are kept: %w", err)
		}
		if err := c.count(ctx, &result); err != nil {
			return err
		}
		if q.ByStaff {
			if result.ByStaff, result.Members, err = c.staff(ctx); err != nil {
				return err
			}
		}
		result.Fields, result.Phrases, err = c.reasons(ctx)
		return err
	})
	if err != nil {
		return Statistics{}, fmt.Errorf("count reviews: %w", err)
	}
	return result, nil
}

// counting is one count under way.
type counting struct {
	tx      bun.Tx
	query   StatisticsQuery
	kept    string // the last day of which review_days tells
	working *workingDays
	// What durations reads into.
	tenths, waits []int
}

// count fills in all lines but those of the staff.
func (c *counting) count(ctx context.Context, result *Statistics) error {
	cells, err := c.cells(ctx)
	if err != nil {
		return err
	}
	total, kinds, regions := tally{worked: true}, tallies{}, tallies{}
	days, step := tallies{}, time.DateOnly
	if c.query.ByMonth {
		step = "2006-01"
	}
	for day := civilDay(c.query.To); !day.Before(civilDay(c.query.From)); day = day.AddDate(0, 0, -1) {
		days[day.Format(step)] = &tally{}
	}
	known := map[string]bool{}
	for i := range cells {
		cell := &cells[i]
		c.durations(cell)
		known[cell.Region] = true
		if !within(cell.Region, c.query.Region) {
			continue
		}
		for _, line := range []*tally{&total, kinds.of(string(cell.Kind)), regions.of(cell.Region), days.of(cell.Day.Format(step))} {
			line.add(cell)
		}
	}
	waiting, err := c.waiting(ctx)
	if err != nil {
		return err
	}
	for _, w := range waiting {
		known[w.Region] = true
		if !within(w.Region, c.query.Region) {
			continue
		}
		for _, line := range []*tally{&total, kinds.of(string(w.Kind)), regions.of(w.Region)} {
			line.figures.Waiting += w.Waiting
			line.figures.Overdue += w.Overdue
		}
	}
	result.Total = total.result()
	for _, kind := range record.Kinds() {
		result.ByKind = append(result.ByKind, kinds.lines([]string{string(kind)})...)
	}
	result.ByRegion = regions.lines(slices.Sorted(maps.Keys(regions)))
	result.ByDay = days.lines(slices.Sorted(maps.Keys(days)))
	result.Regions = slices.Sorted(maps.Keys(known))
	return nil
}

// within reports whether a region is the other or lies in it; everything lies in
// "".
func within(region, outer string) bool {
	return outer == "" || region != "" && strings.HasPrefix(region, record.RegionDigits(outer))
}

// DeskToday is the day at a glance.
type DeskToday struct {
	Mine    int `bun:"mine"` // decided by the staff member
	Team    int `bun:"team"` // decided by all
	Waiting int `bun:"waiting"`
	Overdue int `bun:"overdue"`
}

// decidedToday is the condition in a query on review_facts.
const decidedToday = `day = (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date AND fact NOT IN ('received', 'withdrawn')`

// DeskToday counts what Statistics would for today.
func (s *Store) DeskToday(ctx context.Context, staff record.ID) (DeskToday, error) {
	var today DeskToday
	err := s.db.NewRaw(`
		SELECT f.mine, f.team, t.waiting, t.overdue
		FROM (SELECT count(*) FILTER (WHERE staff = ?) AS mine, count(*) AS team FROM review_facts WHERE `+decidedToday+`) f,
		     (SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at < clock_timestamp()) AS overdue FROM review_tasks
		      WHERE closed_at IS NULL) t`, staff).Scan(ctx, &today)
	if err != nil {
		return DeskToday{}, fmt.Errorf("count reviews of today: %w", err)
	}
	return today, nil
}
