package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"unireg/record"
	"unireg/storage"
)

type periodsCommand struct {
	List    periodsList    `cmd:"" help:"List the periods of every kind, the share of second reviews, and the annual confirmation."`
	Set     periodsSet     `cmd:"" help:"Give a kind periods of its own."`
	Sample  periodsSample  `cmd:"" help:"Set how many in a hundred of the filings that take no second review are drawn to take one."`
	Confirm periodsConfirm `cmd:"" help:"Set within how many days 基本信息 is confirmed again (年度确认)."`
}

type periodsList struct{}

// Run lists the periods.
func (periodsList) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		if _, err := store.FollowRules(ctx); err != nil {
			return err
		}
		policy := store.Policy()
		lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(lines, "KIND\tREVIEW\tSECOND\tCORRECTION") // Flush reports faults
		for _, k := range record.Kinds() {
			own, counts := policy.Periods[k], policy.PeriodsOf(k)
			_, _ = fmt.Fprintf(lines, "%s\t%s\t%s\t%s\n", k, periodText(own.Review, counts.Review),
				periodText(own.Second, counts.Second), periodText(own.Correction, counts.Correction))
		}
		if err := lines.Flush(); err != nil {
			return err
		}
		_, err := fmt.Fprintf(out, "share of second reviews: %d %%\nannual confirmation: %s\nedition %d\n",
			policy.SamplePercent, confirmationText(policy.Confirmations.At(time.Now())), policy.Edition)
		return err
	})
}

// confirmationText is what is asked for of the annual confirmation.
func confirmationText(rule record.ConfirmationRule) string {
	switch {
	case rule.Days == 0:
		return "not asked for"
	case rule.Stops:
		return fmt.Sprintf("%d days, who is overdue may not bid", rule.Days)
	}
	return fmt.Sprintf("%d days, who is overdue is reminded", rule.Days)
}

// periodText is a period that counts, and whether it is the kind's own.
func periodText(own, counts int) string {
	if own == 0 {
		return fmt.Sprintf("%d (configured)", counts)
	}
	return fmt.Sprint(counts)
}

type periodsSet struct {
	Kind       string `arg:"" help:"Which kind, as the list names it."`
	Review     *int   `help:"Working days of the first review; 0 as configured. What is not given stays."`
	Second     *int   `help:"Working days of the second review; 0 as configured."`
	Correction *int   `help:"Working days of the correction; 0 as configured."`
	Note       string `help:"What is written down with the change."`
}

// Run sets the periods.
func (c periodsSet) Run(ctx context.Context, out io.Writer) error {
	kind := record.Kind(c.Kind)
	if _, ok := record.DefinitionOf(kind); !ok {
		return fmt.Errorf("there is no kind %q, but %v", c.Kind, record.Kinds())
	}
	return withStaff(ctx, func(store *storage.Store) error {
		if _, err := store.FollowRules(ctx); err != nil {
			return err
		}
		policy := store.Policy()
		periods := policy.Periods[kind]
		for _, given := range []struct {
			days *int
			to   *int
		}{{c.Review, &periods.Review}, {c.Second, &periods.Second}, {c.Correction, &periods.Correction}} {
			if given.days != nil {
				*given.to = *given.days
			}
		}
		changed, err := store.ChangeRules(ctx, commandLine, storage.RuleChanging{
			RuleChange: record.RuleChange{Periods: map[record.Kind]record.Periods{kind: periods}, Note: c.Note}, Expected: policy.Edition,
		})
		if err != nil {
			return personal(err)
		}
		return concluded(out, changed, false)
	})
}

type periodsSample struct {
	Percent int    `arg:"" help:"0 for none, 100 for all."`
	Note    string `help:"What is written down with the change."`
}

// Run sets the share.
func (c periodsSample) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		changed, err := store.ChangeRules(ctx, commandLine, storage.RuleChanging{
			RuleChange: record.RuleChange{Sample: &c.Percent, Note: c.Note}, Expected: storage.AnyEdition,
		})
		if err != nil {
			return personal(err)
		}
		return concluded(out, changed, false)
	})
}

type periodsConfirm struct {
	Days  int    `arg:"" help:"Such as 365; 0: it is not asked for."`
	Stops bool   `help:"Who is overdue may not bid; without it they are reminded only."`
	Note  string `help:"What is written down with the change."`
}

// Run sets the annual confirmation.
func (c periodsConfirm) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		changed, err := store.ChangeRules(ctx, commandLine, storage.RuleChanging{
			RuleChange: record.RuleChange{Confirmation: &record.ConfirmationRule{Days: c.Days, Stops: c.Stops && c.Days > 0}, Note: c.Note}, Expected: storage.AnyEdition,
		})
		if err != nil {
			return personal(err)
		}
		return concluded(out, changed, false)
	})
}
