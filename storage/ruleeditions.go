package storage

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Policy is the configuration with the rules over it that this process knows by
// now: the one answer to every question about periods, calendar and shares.
func (s *Store) Policy() record.Policy { return *s.policy.Load() }

// lastRules is the number of the latest edition of the rules, as a column of
// whatever query is made anyway.
const lastRules = "(SELECT coalesce(max(no), 0) FROM rule_editions)"

// readRules reads the rules as they stand.
func readRules(ctx context.Context, db bun.IDB) (record.Rules, error) {
	var rules record.Rules
	if err := db.NewRaw("SELECT "+lastRules).Scan(ctx, &rules.Edition); err != nil {
		return record.Rules{}, fmt.Errorf("read edition of rules: %w", err)
	}
	if rules.Edition == 0 {
		return rules, nil
	}
	var days []ruleDayRow
	err := db.NewRaw(`
		SELECT DISTINCT ON (day) day::text AS day, edition, works, name, source, staff
		FROM rule_days WHERE edition <= ? ORDER BY day, edition DESC`, rules.Edition).Scan(ctx, &days)
	if err != nil {
		return record.Rules{}, fmt.Errorf("read days: %w", err)
	}
	for i := range days {
		rules.Days = append(rules.Days, days[i].day())
	}
	err = db.NewRaw("SELECT DISTINCT year FROM rule_years WHERE edition <= ? ORDER BY year", rules.Edition).Scan(ctx, &rules.Years)
	if err != nil {
		return record.Rules{}, fmt.Errorf("read years of notices: %w", err)
	}
	var periods []rulePeriodsRow
	err = db.NewRaw(`
		SELECT DISTINCT ON (kind) kind, edition, review, second, correction
		FROM rule_periods WHERE edition <= ? ORDER BY kind, edition DESC`, rules.Edition).Scan(ctx, &periods)
	if err != nil {
		return record.Rules{}, fmt.Errorf("read periods: %w", err)
	}
	rules.Periods = make(map[record.Kind]record.Periods, len(periods))
	for i := range periods {
		rules.Periods[periods[i].Kind] = periods[i].periods()
	}
	var samples []int
	err = db.NewRaw("SELECT percent FROM rule_samples WHERE edition <= ? ORDER BY edition DESC LIMIT 1", rules.Edition).Scan(ctx, &samples)
	if err != nil {
		return record.Rules{}, fmt.Errorf("read share of second reviews: %w", err)
	}
	if len(samples) > 0 {
		rules.Sample = &samples[0]
	}
	confirmations, err := readConfirmations(ctx, db, rules.Edition)
	for _, c := range confirmations {
		rules.Confirmations = append(rules.Confirmations, c.rule())
	}
	return rules, err
}

// confirmationRow is an edition of the annual confirmation.
type confirmationRow struct {
	Edition int64     `bun:"edition"`
	At      time.Time `bun:"at"`
	Days    int       `bun:"days"`
	Stops   bool      `bun:"stops"`
}

func (r *confirmationRow) rule() record.ConfirmationRule {
	return record.ConfirmationRule{Since: r.At.UTC(), Days: r.Days, Stops: r.Stops}
}

// readConfirmations lists what was ever said of the annual confirmation, up to an
// edition, the first one first.
func readConfirmations(ctx context.Context, db bun.IDB, latest int64) ([]confirmationRow, error) {
	var rows []confirmationRow
	err := db.NewRaw(`
		SELECT c.edition, e.at, c.days, c.stops FROM rule_confirmations c JOIN rule_editions e ON e.no = c.edition
		WHERE c.edition <= ? ORDER BY c.edition`, latest).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read annual confirmation: %w", err)
	}
	return rows, nil
}

// FollowRules has this process go by the rules as they stand, and tells whether
// that changed anything. While nothing was changed it reads one number.
func (s *Store) FollowRules(ctx context.Context) (changed bool, err error) {
	return s.followRules(ctx, s.db)
}

func (s *Store) followRules(ctx context.Context, db bun.IDB) (changed bool, err error) {
	var latest int64
	if err := db.NewRaw("SELECT "+lastRules).Scan(ctx, &latest); err != nil {
		return false, fmt.Errorf("read edition of rules: %w", err)
	}
	return s.reachRules(ctx, db, latest)
}

// reachRules is followRules for who knows the number of the latest edition.
func (s *Store) reachRules(ctx context.Context, db bun.IDB, latest int64) (changed bool, err error) {
	if latest <= s.Policy().Edition {
		return false, nil
	}
	rules, err := readRules(ctx, db)
	if err != nil {
		return false, err
	}
	return s.adopt(rules), nil
}

// adopt puts an edition in use, unless a later one is. It tells whether it did.
func (s *Store) adopt(rules record.Rules) bool {
	policy := s.configured.Under(rules)
	for {
		current := s.policy.Load()
		if current.Edition >= policy.Edition {
			return false
		}
		if s.policy.CompareAndSwap(current, &policy) {
			return true
		}
	}
}

// RuleEdition is one change of the rules, as it was made.
type RuleEdition struct {
	No     int64       `bun:"no"`
	At     time.Time   `bun:"at"`
	By     record.ID   `bun:"by"`
	Name   string      `bun:"name"` // of the staff member; "" for the command line
	What   RuleSubject `bun:"what"`
	Note   string      `bun:"note"`
	Deltas []RuleDelta `bun:"-"`
}

// RuleHistory lists every change of the rules, newest first, each with what it
// found and what it left.
func (s *Store) RuleHistory(ctx context.Context) ([]RuleEdition, error) {
	var editions []RuleEdition
	err := s.db.NewRaw(`
		SELECT e.no, e.at, coalesce(e.by::text, '') AS by, coalesce(s.name, '') AS name, e.what, e.note
		FROM rule_editions e LEFT JOIN staff s ON s.id = e.by ORDER BY e.no`).Scan(ctx, &editions)
	if err != nil {
		return nil, fmt.Errorf("list changes of rules: %w", err)
	}
	written, err := s.writtenRules(ctx)
	if err != nil {
		return nil, err
	}
	rules := record.Rules{Periods: map[record.Kind]record.Periods{}}
	for i := range editions {
		w := written[editions[i].No]
		editions[i].Deltas = deltas(s.configured.Under(rules), w)
		rules.Days = append(rules.Days, w.Days...)
		maps.Copy(rules.Periods, w.Periods)
		if w.Sample != nil {
			rules.Sample = w.Sample
		}
		rules.Confirmations = append(rules.Confirmations, w.Confirmations...)
	}
	slices.Reverse(editions)
	return editions, nil
}

// writtenRules is what each edition wrote.
func (s *Store) writtenRules(ctx context.Context) (map[int64]record.Rules, error) {
	written := map[int64]record.Rules{}
	change := func(no int64, write func(*record.Rules)) {
		w := written[no]
		write(&w)
		written[no] = w
	}
	var days []ruleDayRow
	err := s.db.NewRaw("SELECT day::text AS day, edition, works, name, source, staff FROM rule_days ORDER BY edition, day").Scan(ctx, &days)
	if err != nil {
		return nil, fmt.Errorf("list days: %w", err)
	}
	for i := range days {
		change(days[i].Edition, func(w *record.Rules) { w.Days = append(w.Days, days[i].day()) })
	}
	var periods []rulePeriodsRow
	if err := s.db.NewSelect().Model(&periods).Scan(ctx); err != nil {
		return nil, fmt.Errorf("list periods: %w", err)
	}
	for i := range periods {
		change(periods[i].Edition, func(w *record.Rules) {
			if w.Periods == nil {
				w.Periods = map[record.Kind]record.Periods{}
			}
			w.Periods[periods[i].Kind] = periods[i].periods()
		})
	}
	var samples []struct {
		Edition int64
		Percent int
	}
	if err := s.db.NewRaw("SELECT edition, percent FROM rule_samples").Scan(ctx, &samples); err != nil {
		return nil, fmt.Errorf("list shares of second reviews: %w", err)
	}
	for i := range samples {
		change(samples[i].Edition, func(w *record.Rules) { w.Sample = &samples[i].Percent })
	}
	confirmations, err := readConfirmations(ctx, s.db, math.MaxInt64)
	for i := range confirmations {
		change(confirmations[i].Edition, func(w *record.Rules) { w.Confirmations = append(w.Confirmations, confirmations[i].rule()) })
	}
	return written, err
}
