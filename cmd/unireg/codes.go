package main

import (
	"context"
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/codes/initials"
	"unireg/storage"
)

type codesCommand struct {
	Import codesImport `cmd:"" help:"Lay a file over a code table: regions, industries, qualifications and the others."`
	List   codesList   `cmd:"" help:"List the code tables, and what was imported over them."`
	Export codesExport `cmd:"" help:"Print a table as it stands, in the form that import reads."`
}

type codesImport struct {
	File     string `arg:"" help:"Text separated by tabs or commas, UTF-8; - is standard input."`
	Table    string `help:"Which table it is, such as region; needless where a comment of the file says # table: region."`
	From     string `help:"First day of new codes that name none, 2026-01-31; tomorrow if not given."`
	Complete bool   `help:"The file is the whole table: what it leaves out is retired on the day before --from."`
	DryRun   bool   `help:"Tell what would change, and change nothing."`
}

// Help tells what a file looks like and what becomes of codes.
func (codesImport) Help() string {
	return `The heading has code and name (代码, 名称), and any of parent (上级代码), valid_from (启用日期), valid_to (停用日期) and initials
(拼音首字母), which are computed where they are missing. A code that the file leaves out stays, or is retired under --complete: no
code is ever deleted or given to something else. A new name counts at once, filed documents keep the old one. A code that may be
chosen today stays so until the day ends. Every fault of the file is told, and then nothing is imported. Running portals
and workers follow within a minute.`
}

// maxCodeFile bounds a file of codes, in bytes: all townships of the country
// would take a fifth of it.
const maxCodeFile = 16 << 20

// Run imports, or tells what an import would do.
func (c codesImport) Run(ctx context.Context, out io.Writer) error {
	text, err := readCodeFile(c.File)
	if err != nil {
		return err
	}
	sheet := codes.ReadSheet(text)
	table, err := c.table(sheet)
	if err == nil {
		err = c.checkFrom()
	}
	if err != nil {
		if len(sheet.Faults) > 0 {
			err = errors.Join(err, sheet.Faults)
		}
		return err
	}
	return withStaff(ctx, func(store *storage.Store) error {
		imported, err := store.ImportCodes(ctx, commandLine, storage.CodeImport{
			Table: table, Sheet: sheet, SHA256: sha256.Sum256(text), Look: c.DryRun,
			Terms: codes.Terms{From: c.From, Complete: c.Complete, Initials: initials.Of},
		})
		if faults, ok := errors.AsType[codes.Faults](err); ok {
			return fmt.Errorf("%w\nnothing was imported", faults)
		}
		if err != nil {
			return err
		}
		return c.tell(out, table, imported)
	})
}

// readCodeFile reads a file, or standard input.
func readCodeFile(name string) ([]byte, error) {
	in := os.Stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open the file of codes: %w", err)
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxCodeFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the file of codes: %w", err)
	case len(text) > maxCodeFile:
		return nil, fmt.Errorf("the file of codes is larger than %d MiB", maxCodeFile>>20)
	}
	return text, nil
}

// table is the one that the file or the command line names.
func (c codesImport) table(sheet codes.Sheet) (*codes.Table, error) {
	name := c.Table
	switch {
	case name == "" && sheet.Table == "":
		return nil, errors.New("the file does not say which table it is: give --table, or begin it with # table: region")
	case name == "":
		name = sheet.Table
	case sheet.Table != "" && sheet.Table != name:
		return nil, fmt.Errorf("the file is table %s, not %s", sheet.Table, name)
	}
	return namedTable(name)
}

func namedTable(name string) (*codes.Table, error) {
	table, ok := codes.Named(name)
	if !ok {
		return nil, fmt.Errorf("there is no table %q, but %s", name, strings.Join(codes.Names(), ", "))
	}
	return table, nil
}

func (c codesImport) checkFrom() error {
	if _, err := time.Parse(time.DateOnly, c.From); c.From != "" && err != nil {
		return fmt.Errorf("--from %s is no date: write 2026-01-31", c.From)
	}
	return nil
}

// tell prints a line for each change.
func (c codesImport) tell(out io.Writer, table *codes.Table, imported storage.CodesImported) error {
	lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	counts := map[codes.ChangeKind]int{}
	for _, change := range imported.Changes {
		for _, kind := range change.Kinds() {
			counts[kind]++
			_, _ = fmt.Fprintf(lines, "%s\t%s\t%s\n", kind, change.After.Code, changeText(kind, change)) // Flush reports faults
		}
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	var said []string
	for _, kind := range codes.ChangeKinds() {
		if counts[kind] > 0 {
			said = append(said, fmt.Sprintf("%d %s", counts[kind], kind))
		}
	}
	summary := "nothing to change"
	if len(said) > 0 {
		summary = strings.Join(said, ", ")
	}
	ending := fmt.Sprintf("edition %d", imported.Edition)
	if c.DryRun {
		ending = "dry run: nothing was imported"
	}
	_, err := fmt.Fprintf(out, "table %s: %s\n%s\n", table.Name(), summary, ending)
	return err
}

// changeText says what happens to a code.
func changeText(kind codes.ChangeKind, c codes.Change) string {
	before, after := c.Before, c.After
	switch kind {
	case codes.Added:
		text := after.Name
		if after.Parent != "" {
			text += " below " + after.Parent
		}
		if after.ValidFrom != "" {
			text += ", from " + after.ValidFrom
		}
		if after.ValidTo != "" {
			text += ", last day " + after.ValidTo
		}
		return text
	case codes.Renamed:
		return before.Name + " → " + after.Name
	case codes.Moved:
		return fmt.Sprintf("%s, from below %q to below %q", after.Name, before.Parent, after.Parent)
	case codes.Retired:
		return after.Name + ", last day " + after.ValidTo
	case codes.Reopened:
		if after.ValidTo != "" {
			return after.Name + ", last day " + after.ValidTo
		}
		return after.Name + ", was to end on " + before.ValidTo
	case codes.Begins:
		return after.Name + ", from " + after.ValidFrom
	default:
		return fmt.Sprintf("%s, %s → %s", after.Name, before.Initials, after.Initials)
	}
}

type codesList struct{}

// Run lists the tables.
func (codesList) Run(ctx context.Context, out io.Writer) error {
	return withStaff(ctx, func(store *storage.Store) error {
		edition, err := store.CodeEdition(ctx)
		if err != nil {
			return err
		}
		imports, err := store.ImportedTables(ctx)
		if err != nil {
			return err
		}
		today := codes.CivilDate(time.Now())
		lines := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(lines, "TABLE\tCODES\tVALID TODAY\tEDITION\tIMPORTED") // Flush reports faults
		for _, name := range codes.Names() {
			table, err := namedTable(name)
			if err != nil {
				return err
			}
			entries, valid := edition.Entries(table), 0
			for _, e := range entries {
				if e.ValidOn(today) {
					valid++
				}
			}
			last := imports[name]
			_, _ = fmt.Fprintf(lines, "%s\t%d\t%d\t%d\t%s\n", name, len(entries), valid, last.Edition, importDay(last))
		}
		return lines.Flush()
	})
}

// importDay is the day of a table's last import.
func importDay(t storage.CodeTable) string {
	if t.Edition == 0 {
		return "never"
	}
	return t.ImportedAt.In(record.Shanghai).Format(time.DateOnly)
}

type codesExport struct {
	Table string `arg:"" help:"Which table, as the list names it."`
}

// Run prints the table.
func (e codesExport) Run(ctx context.Context, out io.Writer) error {
	table, err := namedTable(e.Table)
	if err != nil {
		return err
	}
	return withStaff(ctx, func(store *storage.Store) error {
		edition, err := store.CodeEdition(ctx)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "# table: %s, edition %d\n", table.Name(), edition.No()); err != nil {
			return err
		}
		lines := csv.NewWriter(out)
		lines.Comma = '\t'
		rows := [][]string{{"code", "name", "parent", "valid_from", "valid_to", "initials"}}
		for _, e := range edition.Entries(table) {
			rows = append(rows, []string{e.Code, e.Name, e.Parent, e.ValidFrom, e.ValidTo, e.Initials})
		}
		return lines.WriteAll(rows)
	})
}
