package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// RuleSubject is what an edition of the rules is about.
type RuleSubject string

// The subjects.
const (
	RuleDay     RuleSubject = "day"     // one day of the calendar
	RuleNotice  RuleSubject = "notice"  // the days of a notice
	RulePeriods RuleSubject = "periods" // working days of the kinds' stages
	RuleSample  RuleSubject = "sample"  // share of second reviews
	// RuleConfirmation is the annual confirmation.
	RuleConfirmation RuleSubject = "confirmation"
)

// EventRulesChanged is the type of the event that an edition leaves, in the chain of
// what has no subject.
const EventRulesChanged = "rules_changed"

type ruleDayRow struct {
	bun.BaseModel `bun:"table:rule_days,alias:d"`

	Day     string `bun:"day,pk"`
	Edition int64  `bun:"edition,pk"`
	Works   bool   `bun:"works"`
	Name    string `bun:"name"`
	Source  string `bun:"source"`
	Staff   bool   `bun:"staff"`
}

func (r *ruleDayRow) day() record.Day {
	return record.Day{Date: r.Day, Works: r.Works, Name: r.Name, Source: r.Source, Staff: r.Staff}
}

type rulePeriodsRow struct {
	bun.BaseModel `bun:"table:rule_periods,alias:p"`

	Kind       record.Kind `bun:"kind,pk"`
	Edition    int64       `bun:"edition,pk"`
	Review     int         `bun:"review"`
	Second     int         `bun:"second"`
	Correction int         `bun:"correction"`
}

func (r *rulePeriodsRow) periods() record.Periods {
	return record.Periods{Review: r.Review, Second: r.Second, Correction: r.Correction}
}

// AnyEdition is what a change expects that does not say which rules it was made
// from.
const AnyEdition int64 = -1

// RuleChanging is a change of the rules to be made.
type RuleChanging struct {
	record.RuleChange

	// Expected is the edition that whoever asks has seen; AnyEdition for no matter.
	Expected int64
	// Look tells what would change, and changes nothing.
	Look bool
}

// RuleDelta is one thing that an edition changed: a day, the periods of a kind, the
// annual confirmation or, with none of them, the share of second reviews.
type RuleDelta struct {
	Date                        string
	DayBefore, DayAfter         record.Day
	Kind                        record.Kind
	PeriodsBefore, PeriodsAfter record.Periods // 0: as configured
	SampleBefore, SampleAfter   int
	// Both nil where it is not about the annual confirmation.
	ConfirmationBefore, ConfirmationAfter *record.ConfirmationRule
}

// RulesChanged is what a change of the rules did. Edition is the rules'
// afterwards.
type RulesChanged struct {
	Edition int64
	Deltas  []RuleDelta
}

// ChangeRules changes the rules, as one edition and one event of the system's
// chain, or not at all. Only supervisors may, and the command line, whose actor
// has no ID. A change that changes nothing makes no edition. Every transaction
// that plans goes by the new edition from its commit on; portals and workers
// notice it by FollowRules, and reconciliation moves what is under way.
//
// Errors for people: Forbidden; Invalid; Conflict where somebody else was faster.
func (s *Store) ChangeRules(ctx context.Context, by record.Actor, c RuleChanging) (RulesChanged, error) {
	var changed RulesChanged
	var adopted record.Rules
	err := s.inTx(ctx, "change rules", func(ctx context.Context, tx bun.Tx) error {
		// Changes follow one another in the order of the chain.
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		if by.ID != "" {
			if err := mustSupervise(ctx, tx, by.ID); err != nil {
				return err
			}
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		rules, err := readRules(ctx, tx)
		if err != nil {
			return err
		}
		if c.Expected != AnyEdition && c.Expected != rules.Edition {
			return record.Errorf(record.Conflict, "时限或日历刚刚有人修改过，请核对现在的内容后再提交")
		}
		if err := c.Check(now); err != nil {
			return err
		}
		current := s.configured.Under(rules)
		written := record.Rules{Days: c.Days(current.Calendar), Periods: c.Periods, Sample: c.Sample}
		if c.Confirmation != nil {
			written.Confirmations = record.ConfirmationRules{{Since: now, Days: c.Confirmation.Days, Stops: c.Confirmation.Stops}}
		}
		changed = RulesChanged{rules.Edition, deltas(current, written)}
		if c.Look || len(changed.Deltas) == 0 {
			return nil
		}
		changed.Edition++
		if err := s.appendRules(ctx, tx, by, c.RuleChange, changed, now); err != nil {
			return err
		}
		adopted, err = readRules(ctx, tx)
		return err
	})
	if err == nil && adopted.Edition > 0 {
		s.adopt(adopted)
	}
	return changed, err
}

// deltas is what an edition that writes these rules does to the policy in force.
func deltas(p record.Policy, written record.Rules) []RuleDelta {
	var all []RuleDelta
	for _, d := range written.Days {
		if before := p.Calendar.On(d.Date); before != d {
			all = append(all, RuleDelta{Date: d.Date, DayBefore: before, DayAfter: d})
		}
	}
	for _, k := range record.Kinds() {
		after, ok := written.Periods[k]
		if before := p.Periods[k]; ok && before != after {
			all = append(all, RuleDelta{Kind: k, PeriodsBefore: before, PeriodsAfter: after})
		}
	}
	if written.Sample != nil && *written.Sample != p.SamplePercent {
		all = append(all, RuleDelta{SampleBefore: p.SamplePercent, SampleAfter: *written.Sample})
	}
	for _, after := range written.Confirmations {
		before := p.Confirmations.At(after.Since)
		if before.Days != after.Days || before.Stops != after.Stops {
			all = append(all, RuleDelta{ConfirmationBefore: &before, ConfirmationAfter: &after})
		}
	}
	return all
}

// ruleSubjectOf is what a change is about.
func ruleSubjectOf(c record.RuleChange) RuleSubject {
	switch {
	case len(c.Notice) > 0:
		return RuleNotice
	case c.Day != nil:
		return RuleDay
	case len(c.Periods) > 0:
		return RulePeriods
	case c.Confirmation != nil:
		return RuleConfirmation
	}
	return RuleSample
}

// appendRules writes an edition and its event.
func (s *Store) appendRules(ctx context.Context, tx bun.Tx, by record.Actor, c record.RuleChange, changed RulesChanged, now time.Time) error {
	what := ruleSubjectOf(c)
	_, err := tx.NewRaw("INSERT INTO rule_editions (no, at, by, what, note) VALUES (?, ?, ?, ?, ?)",
		changed.Edition, now, nullID(by.ID), what, c.Note).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert edition of rules: %w", err)
	}
	var days []ruleDayRow
	var periods []rulePeriodsRow
	for _, d := range changed.Deltas {
		switch {
		case d.Date != "":
			after := d.DayAfter
			days = append(days, ruleDayRow{
				Day: d.Date, Edition: changed.Edition, Works: after.Works, Name: after.Name, Source: after.Source, Staff: after.Staff,
			})
		case d.Kind != "":
			after := d.PeriodsAfter
			periods = append(periods, rulePeriodsRow{
				Kind: d.Kind, Edition: changed.Edition, Review: after.Review, Second: after.Second, Correction: after.Correction,
			})
		case d.ConfirmationAfter != nil:
			_, err := tx.NewRaw("INSERT INTO rule_confirmations (edition, days, stops) VALUES (?, ?, ?)",
				changed.Edition, d.ConfirmationAfter.Days, d.ConfirmationAfter.Stops).Exec(ctx)
			if err != nil {
				return fmt.Errorf("insert annual confirmation: %w", err)
			}
		default:
			_, err := tx.NewRaw("INSERT INTO rule_samples (edition, percent) VALUES (?, ?)", changed.Edition, d.SampleAfter).Exec(ctx)
			if err != nil {
				return fmt.Errorf("insert share of second reviews: %w", err)
			}
		}
	}
	if len(days) > 0 {
		if _, err := tx.NewInsert().Model(&days).Exec(ctx); err != nil {
			return fmt.Errorf("insert days: %w", err)
		}
	}
	if len(periods) > 0 {
		if _, err := tx.NewInsert().Model(&periods).Exec(ctx); err != nil {
			return fmt.Errorf("insert periods: %w", err)
		}
	}
	for _, year := range c.Years() {
		if _, err := tx.NewRaw("INSERT INTO rule_years (year, edition) VALUES (?, ?)", year, changed.Edition).Exec(ctx); err != nil {
			return fmt.Errorf("insert year of notice: %w", err)
		}
	}
	return s.appendEvent(ctx, tx, event{
		Chain: systemChain, Type: EventRulesChanged, Role: by.Role, Actor: by.ID, At: now,
		Data: map[string]any{"what": string(what), "edition": changed.Edition, "count": len(changed.Deltas)},
	})
}
