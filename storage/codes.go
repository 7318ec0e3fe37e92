package storage

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/codes"
)

// EventCodesImported is the type of the event that an import of codes leaves.
const EventCodesImported = "codes_imported"

// codeEntryRow is an imported entry as it is kept.
type codeEntryRow struct {
	bun.BaseModel `bun:"table:code_entries,alias:c"`

	Namespace string `bun:"namespace,pk"`
	Code      string `bun:"code,pk"`
	Edition   int64  `bun:"edition,pk"`
	Name      string `bun:"name"`
	Parent    string `bun:"parent"`
	Initials  string `bun:"initials"`
	ValidFrom string `bun:"valid_from,nullzero"`
	ValidTo   string `bun:"valid_to,nullzero"`
}

// CodeImport is a file about one code table.
type CodeImport struct {
	Table  *codes.Table
	Sheet  codes.Sheet
	Terms  codes.Terms // without From new codes begin tomorrow
	SHA256 [32]byte    // of the file
	// Look tells what the import would change, and changes nothing.
	Look bool
}

// CodesImported is what an import changed. Edition is the tables' afterwards.
type CodesImported struct {
	Edition int64
	Changes []codes.Change
}

// ImportCodes lays a file over a code table: all of it, as one edition and one
// event of the system's chain, or nothing. The error is codes.Faults if the file
// is at fault. A file that changes nothing makes no edition. Portals and workers
// notice a new edition by FollowCodes.
func (s *Store) ImportCodes(ctx context.Context, by record.Actor, i CodeImport) (CodesImported, error) {
	var imported CodesImported
	err := s.inTx(ctx, "import codes", func(ctx context.Context, tx bun.Tx) error {
		// Imports follow one another in the order of the chain.
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		edition, err := codeEdition(ctx, tx)
		if err != nil {
			return err
		}
		terms := i.Terms
		if terms.From == "" {
			terms.From = codes.CivilDate(now.AddDate(0, 0, 1))
		}
		changes, err := edition.Compare(i.Table, i.Sheet, codes.CivilDate(now), terms)
		if err != nil {
			return err
		}
		imported = CodesImported{edition.No(), changes}
		if i.Look || len(changes) == 0 {
			return nil
		}
		imported.Edition++
		return s.appendEdition(ctx, tx, by, i, imported, now)
	})
	return imported, err
}

// appendEdition writes what an import changes, and its event.
func (s *Store) appendEdition(ctx context.Context, tx bun.Tx, by record.Actor, i CodeImport, imported CodesImported, now time.Time) error {
	_, err := tx.NewRaw("INSERT INTO code_editions (no, namespace, sha256, at) VALUES (?, ?, ?, ?)",
		imported.Edition, i.Table.Name(), i.SHA256[:], now).Exec(ctx)
	if err != nil {
		return fmt.Errorf("insert edition: %w", err)
	}
	rows := make([]codeEntryRow, 0, len(imported.Changes))
	counts := map[codes.ChangeKind]int{}
	for _, c := range imported.Changes {
		e := c.After
		rows = append(rows, codeEntryRow{
			Namespace: i.Table.Name(), Code: e.Code, Edition: imported.Edition, Name: e.Name, Parent: e.Parent,
			Initials: e.Initials, ValidFrom: e.ValidFrom, ValidTo: e.ValidTo,
		})
		for _, kind := range c.Kinds() {
			counts[kind]++
		}
	}
	if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return fmt.Errorf("insert codes: %w", err)
	}
	said := map[string]any{
		"table": i.Table.Name(), "edition": imported.Edition, "count": len(rows), "sha256": hex.EncodeToString(i.SHA256[:]),
	}
	for kind, n := range counts {
		said[string(kind)] = n
	}
	return s.appendEvent(ctx, tx, event{
		Chain: systemChain, Type: EventCodesImported, Role: by.Role, Actor: by.ID, At: now, Data: said,
	})
}

// CodeEdition reads the tables as they stand: what the product brings, and what
// was imported over it.
func (s *Store) CodeEdition(ctx context.Context) (*codes.Edition, error) {
	return codeEdition(ctx, s.db)
}

func codeEdition(ctx context.Context, db bun.IDB) (*codes.Edition, error) {
	no, err := lastEdition(ctx, db)
	if err != nil {
		return nil, err
	}
	var rows []codeEntryRow
	err = db.NewRaw(`
		SELECT DISTINCT ON (namespace, code) namespace, code, edition, name, parent, initials,
		       coalesce(valid_from::text, '') AS valid_from, coalesce(valid_to::text, '') AS valid_to
		FROM code_entries WHERE edition <= ? ORDER BY namespace, code, edition DESC`, no).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read codes: %w", err)
	}
	imported := map[string][]codes.Entry{}
	for _, r := range rows {
		imported[r.Namespace] = append(imported[r.Namespace], codes.Entry{
			Code: r.Code, Name: r.Name, Parent: r.Parent, Initials: r.Initials, ValidFrom: r.ValidFrom, ValidTo: r.ValidTo,
		})
	}
	edition, err := codes.NewEdition(no, imported)
	if err != nil {
		return nil, fmt.Errorf("lay imported codes over the tables: %w", err)
	}
	return edition, nil
}

// lastEdition is the number of the last import, 0 where there was none.
func lastEdition(ctx context.Context, db bun.IDB) (int64, error) {
	var no int64
	if err := db.NewRaw("SELECT coalesce(max(no), 0) FROM code_editions").Scan(ctx, &no); err != nil {
		return 0, fmt.Errorf("read edition of codes: %w", err)
	}
	return no, nil
}

// FollowCodes has this process use the tables as they stand, and tells whether
// that changed anything. While nothing was imported it reads one number.
func (s *Store) FollowCodes(ctx context.Context) (changed bool, err error) {
	return followCodes(ctx, s.db)
}

func followCodes(ctx context.Context, db bun.IDB) (changed bool, err error) {
	no, err := lastEdition(ctx, db)
	if err != nil || no == codes.InUse().No() {
		return false, err
	}
	edition, err := codeEdition(ctx, db)
	if err != nil {
		return false, err
	}
	codes.Use(edition)
	return true, nil
}

// CodeTable is how a table came to be what it is.
type CodeTable struct {
	Edition    int64 // of its last import; 0 for none
	ImportedAt time.Time
}

// ImportedTables lists the last import of each table that has one, by namespace.
func (s *Store) ImportedTables(ctx context.Context) (map[string]CodeTable, error) {
	var rows []struct {
		Namespace string    `bun:"namespace"`
		No        int64     `bun:"no"`
		At        time.Time `bun:"at"`
	}
	err := s.db.NewRaw("SELECT DISTINCT ON (namespace) namespace, no, at FROM code_editions ORDER BY namespace, no DESC").Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list imports of codes: %w", err)
	}
	tables := make(map[string]CodeTable, len(rows))
	for _, r := range rows {
		tables[r.Namespace] = CodeTable{r.No, r.At}
	}
	return tables, nil
}
