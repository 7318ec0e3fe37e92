package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"unireg/record"
	"unireg/record/form"
)

// ImportState says how far an import is.
type ImportState string

// The states of an import.
const (
	ImportPreview ImportState = "preview" // read, and not confirmed
	ImportRunning ImportState = "running" // rows become drafts
	ImportEnded   ImportState = "ended"
)

// ImportRowState says what has become of a row.
type ImportRowState string

// The states of a row.
const (
	ImportGood   ImportRowState = "good"   // can become a draft
	ImportFaulty ImportRowState = "faulty" // has problems, and becomes none
	ImportMade   ImportRowState = "made"   // is a draft
)

// Import is a sheet that a subject uploaded, and what has become of its rows.
type Import struct {
	ID          record.ID
	Subject     record.ID
	Kind        record.Kind
	File        string // name of the person's file
	State       ImportState
	Rows        int // in all
	Good        int // that can become drafts yet
	Faulty      int
	Made        int
	CreatedAt   time.Time
	ConfirmedAt time.Time
	EndedAt     time.Time
}

// NewImport is what was read of an uploaded sheet.
type NewImport struct {
	ID      record.ID
	Subject record.ID
	Account record.ID
	Kind    record.Kind
	File    string
	Rows    []record.IntakeRow // of documents that are record.Intake
}

type importRow struct {
	bun.BaseModel `bun:"table:imports,alias:i"`

	ID          record.ID   `bun:"id,pk"`
	Subject     record.ID   `bun:"subject"`
	Account     record.ID   `bun:"account"`
	Kind        record.Kind `bun:"kind"`
	File        string      `bun:"file"`
	CreatedAt   time.Time   `bun:"created_at,nullzero"`
	ConfirmedAt time.Time   `bun:"confirmed_at,nullzero"`
	EndedAt     time.Time   `bun:"ended_at,nullzero"`
	HiddenAt    time.Time   `bun:"hidden_at,nullzero"`
}

// sheetRow is a row of an import as it is kept.
type sheetRow struct {
	bun.BaseModel `bun:"table:import_rows,alias:r"`

	Import record.ID      `bun:"import,pk"`
	Line   int            `bun:"line,pk"`
	Record record.ID      `bun:"record"`
	State  ImportRowState `bun:"state"`
	Sealed []byte         `bun:"sealed"`
}

// sheetContent is what is sealed of a row.
type sheetContent struct {
	Cells    map[string]string `json:"cells"`
	Problems []form.Problem    `json:"problems,omitempty"`
	Document json.RawMessage   `json:"document,omitempty"` // canonical; of rows without problems
}

// sealedAs names the purpose of a row's seal.
const sealedAs = "import"

// importChunk is how many rows one statement takes.
const importChunk = 500

func sealRow(key []byte, kind record.Kind, id record.ID, row record.IntakeRow) ([]byte, error) {
	content := sheetContent{Cells: row.Cells, Problems: row.Problems}
	if len(row.Problems) == 0 {
		canonical, err := record.Canonical(kind, row.Document)
		if err != nil {
			return nil, err
		}
		content.Document = canonical
	}
	plain, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encode row of import: %w", err)
	}
	return seal(key, plain, sealedAs+"/"+string(id))
}

func (r *sheetRow) open(key []byte) (record.IntakeRow, error) {
	row := record.IntakeRow{Line: r.Line}
	if len(r.Sealed) == 0 {
		return row, nil // the draft holds it
	}
	plain, err := unseal(key, r.Sealed, sealedAs+"/"+string(r.Record))
	if err != nil {
		return row, fmt.Errorf("open row of import: %w", err)
	}
	var content sheetContent
	if err := json.Unmarshal(plain, &content); err != nil {
		return row, fmt.Errorf("read row of import: %w", err)
	}
	row.Cells, row.Problems = content.Cells, content.Problems
	if len(content.Document) > 0 {
		if _, row.Document, err = record.ParseCanonical(content.Document); err != nil {
			return row, fmt.Errorf("read row of import: %w", err)
		}
	}
	return row, nil
}

// SaveImport keeps what was read of a sheet, sealed, each row with the id of the
// record that it may become. A row about what the subject has already is faulty.
func (s *Store) SaveImport(ctx context.Context, n NewImport) error {
	return s.inTx(ctx, "save import", func(ctx context.Context, tx bun.Tx) error {
		head := importRow{ID: n.ID, Subject: n.Subject, Account: n.Account, Kind: n.Kind, File: CleanFileName(n.File)}
		if _, err := tx.NewInsert().Model(&head).Exec(ctx); err != nil {
			return fmt.Errorf("insert import: %w", err)
		}
		key, err := s.dataKey(ctx, tx, n.Subject)
		if err != nil {
			return err
		}
		for chunk := range slices.Chunk(n.Rows, importChunk) {
			chunk = slices.Clone(chunk)
			if err := s.markTwins(ctx, tx, n.Subject, n.Kind, chunk); err != nil {
				return err
			}
			rows := make([]sheetRow, len(chunk))
			for i, row := range chunk {
				rows[i] = sheetRow{Import: n.ID, Line: row.Line, Record: NewID(), State: ImportGood}
				if len(row.Problems) > 0 {
					rows[i].State = ImportFaulty
				}
				if rows[i].Sealed, err = sealRow(key, n.Kind, rows[i].Record, row); err != nil {
					return err
				}
			}
			if _, err := tx.NewInsert().Model(&rows).Exec(ctx); err != nil {
				return fmt.Errorf("insert rows of import: %w", err)
			}
		}
		return nil
	})
}

// markTwins adds a problem to each row about what the subject has already, as a
// record or as a draft: for kinds that are distinct by a person's number that
// number, for others title and date.
func (s *Store) markTwins(ctx context.Context, db bun.IDB, subject record.ID, kind record.Kind, rows []record.IntakeRow) error {
	var people [][]byte
	var titles []string
	for _, row := range rows {
		person, title, _ := s.twinOf(row.Document)
		if person != nil {
			people = append(people, person)
		} else if title != "" {
			titles = append(titles, title)
		}
	}
	if len(people)+len(titles) == 0 {
		return nil
	}
	var known []listingRow
	err := db.NewRaw(`
		SELECT l.title, l.sort_on, l.people FROM listings l
		LEFT JOIN records r ON r.id = l.record
		LEFT JOIN drafts d ON d.record = l.record AND d.hidden_at IS NULL
		WHERE l.subject = ?0 AND l.kind = ?1 AND (r.id IS NOT NULL OR d.record IS NOT NULL) AND (l.people && ?2 OR l.title = ANY (?3))`,
		subject, kind, pgdialect.Array(people), pgdialect.Array(titles)).Scan(ctx, &known)
	if err != nil {
		return fmt.Errorf("look for the same records: %w", err)
	}
	type dated struct{ title, on string }
	knownPeople, knownTitles := map[string]bool{}, map[dated]bool{}
	for _, l := range known {
		for _, p := range l.People {
			knownPeople[string(p)] = true
		}
		knownTitles[dated{l.Title, l.SortOn}] = true
	}
	for i, row := range rows {
		person, title, on := s.twinOf(row.Document)
		same := person != nil && knownPeople[string(person)] || person == nil && knownTitles[dated{title, on}]
		switch {
		case same:
			twin := record.Twin(row.Document.(record.Intake), "本单位的"+kind.Label()+"中已经有了（包括草稿和已作废的），没有重复导入") //nolint:forcetypeassert // twinOf has looked
			rows[i].Problems = append(slices.Clone(row.Problems), twin)
		case len(row.Problems) > 0:
		case person != nil:
			knownPeople[string(person)] = true
		case title != "":
			knownTitles[dated{title, on}] = true
		}
	}
	return nil
}

// twinOf is by what a document's twin is known: the blind index of a person, or
// title and date; nothing for a document without its keys.
func (s *Store) twinOf(d record.Document) (person []byte, title, on string) {
	intake, ok := d.(record.Intake)
	if !ok {
		return nil, "", ""
	}
	fields := d.Form(time.Time{})
	for _, key := range intake.Keys() {
		if fields.Field(key).Empty() {
			return nil, "", ""
		}
	}
	if distinct, ok := d.(record.Distinct); ok {
		return s.identityIndex(distinct.Unique()), "", ""
	}
	return nil, d.Title(), civilDate(intake.Listing().On)
}

// counted selects imports with the numbers of their rows.
const counted = `
	SELECT i.*, count(r.line) AS rows, count(r.line) FILTER (WHERE r.state = 'good') AS good,
	       count(r.line) FILTER (WHERE r.state = 'faulty') AS faulty, count(r.line) FILTER (WHERE r.state = 'made') AS made
	FROM imports i LEFT JOIN import_rows r ON r.import = i.id WHERE `

type countedRow struct {
	importRow `bun:",extend"`

	Rows   int `bun:"rows"`
	Good   int `bun:"good"`
	Faulty int `bun:"faulty"`
	Made   int `bun:"made"`
}

func (r *countedRow) result() Import {
	i := Import{
		ID: r.ID, Subject: r.Subject, Kind: r.Kind, File: r.File, State: ImportPreview, Rows: r.Rows, Good: r.Good, Faulty: r.Faulty, Made: r.Made,
		CreatedAt: r.CreatedAt, ConfirmedAt: r.ConfirmedAt, EndedAt: r.EndedAt,
	}
	switch {
	case !r.EndedAt.IsZero():
		i.State = ImportEnded
	case !r.ConfirmedAt.IsZero():
		i.State = ImportRunning
	}
	return i
}

// Import returns one of the subject's imports with its counts.
func (s *Store) Import(ctx context.Context, subject, id record.ID) (Import, error) {
	var row countedRow
	err := s.db.NewRaw(counted+"i.id = ? AND i.subject = ? AND i.hidden_at IS NULL GROUP BY i.id", id, subject).Scan(ctx, &row)
	if err != nil {
		return Import{}, missing(err, "read import")
	}
	return row.result(), nil
}

// Imports lists the subject's imports of a kind, newest first.
func (s *Store) Imports(ctx context.Context, subject record.ID, kind record.Kind, limit int) ([]Import, error) {
	var rows []countedRow
	err := s.db.NewRaw(counted+"i.subject = ? AND i.kind = ? AND i.hidden_at IS NULL GROUP BY i.id ORDER BY i.created_at DESC LIMIT ?",
		subject, kind, limit).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	all := make([]Import, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].result())
	}
	return all, nil
}

// ImportRows returns rows of one of the subject's imports that are in a state,
// in the order of the sheet, at most limit of them.
func (s *Store) ImportRows(ctx context.Context, subject, id record.ID, state ImportRowState, limit int) ([]record.IntakeRow, error) {
	var rows []sheetRow
	err := s.db.NewSelect().Model(&rows).Join("JOIN imports i ON i.id = r.import").
		Where("i.id = ?", id).Where("i.subject = ?", subject).Where("i.hidden_at IS NULL").Where("r.state = ?", state).
		Order("r.line").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rows of import: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	key, err := s.dataKey(ctx, s.db, subject)
	if err != nil {
		return nil, err
	}
	all := make([]record.IntakeRow, 0, len(rows))
	for i := range rows {
		row, err := rows[i].open(key)
		if err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, nil
}
