package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"unireg/record"
	"unireg/storage"
)

type calendarCommand struct {
	Import calendarImport `cmd:"" help:"Take over the State Council's notice of a year, or of several."`
	List   calendarList   `cmd:"" help:"List the days on which a year works or rests against the week."`
}

type calendarImport struct {
	File   string `arg:"" help:"Lines of date, holiday or workday, name and source, separated by tabs; - is standard input."`
	Note   string `help:"What is written down with the change."`
	DryRun bool   `help:"Tell what would change, and change nothing."`
}

// Help tells what becomes of the days that a file leaves out.
func (calendarImport) Help() string {
	return `The file is the whole notice of the years that it names: days of an earlier notice that it leaves out are as the week has
them again. Single days that staff have set stay. Deadlines of what is under way move by themselves soon after.`
}

// maxNotice bounds a notice, in bytes: a year takes two thousand.
const maxNotice = 1 << 20

// Run imports, or tells what an import would do.
func (c calendarImport) Run(ctx context.Context, out io.Writer) error {
	text, err := readNotice(c.File)
	if err != nil {
		return err
	}
	days, err := record.ReadNotice(text)
	if err != nil {
		return err
	}
	return withStaff(ctx, func(store *storage.Store) error {
		changed, err := store.ChangeRules(ctx, commandLine, storage.RuleChanging{
			RuleChange: record.RuleChange{Notice: days, Note: c.Note}, Expected: storage.AnyEdition, Look: c.DryRun,
		})
		if err != nil {
			return personal(err)
		}
		lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, d := range changed.Deltas {
			_, _ = fmt.Fprintf(lines, "%s\t%s\t→\t%s\n", d.Date, dayText(d.DayBefore), dayText(d.DayAfter)) // Flush reports faults
		}
		if err := lines.Flush(); err != nil {
			return err
		}
		return concluded(out, changed, c.DryRun)
	})
}

// readNotice reads a file, or standard input.
func readNotice(name string) ([]byte, error) {
	in := os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open the notice: %w", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxNotice+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the notice: %w", err)
	case len(text) > maxNotice:
		return nil, fmt.Errorf("the notice is larger than %d MiB", maxNotice>>20)
	}
	return text, nil
}

// concluded tells how a change of the rules ended.
func concluded(out io.Writer, changed storage.RulesChanged, dry bool) error {
	var err error
	switch {
	case dry:
		_, err = fmt.Fprintf(out, "%d to change\ndry run: nothing was changed\n", len(changed.Deltas))
	case len(changed.Deltas) == 0:
		_, err = fmt.Fprintln(out, "nothing to change")
	default:
		_, err = fmt.Fprintf(out, "%d changed\nedition %d\n", len(changed.Deltas), changed.Edition)
	}
	return err
}

func dayText(d record.Day) string {
	text := "holiday"
	if d.Works {
		text = "workday"
	}
	if d.Name != "" {
		text += " " + d.Name
	}
	return text
}

type calendarList struct {
	Year int `arg:"" optional:"" help:"Which year; this one if not given."`
}

// Run lists the days.
func (c calendarList) Run(ctx context.Context, out io.Writer) error {
	year := c.Year
	if year == 0 {
		year = time.Now().In(record.Shanghai).Year()
	}
	return withStaff(ctx, func(store *storage.Store) error {
		if _, err := store.FollowRules(ctx); err != nil {
			return err
		}
		calendar := store.Policy().Calendar
		if !calendar.CoversYear(year) {
			if _, err := fmt.Fprintf(out, "the notice of %d is not known: every Monday to Friday works\n", year); err != nil {
				return err
			}
		}
		lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, d := range calendar.Exceptions(year) {
			origin := "notice"
			if d.Staff {
				origin = "staff"
			}
			_, _ = fmt.Fprintf(lines, "%s\t%s\t%s\t%s\n", d.Date, dayText(d), origin, d.Source) // Flush reports faults
		}
		return lines.Flush()
	})
}
