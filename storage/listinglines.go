package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/codes/initials"
	"unireg/record/form"
)

// relist writes the line of a record anew, in the transaction that changed it:
// of the version that counts, else of the one under way, else of the draft. A
// draft that is gone without a record takes its line along.
func (s *Store) relist(ctx context.Context, tx bun.Tx, subject, id record.ID) error {
	kind, document, err := s.shown(ctx, tx, id)
	if err != nil {
		return err
	}
	listed, many := document.(record.Listed)
	if !many {
		_, err := tx.NewDelete().Model((*listingRow)(nil)).Where("record = ?", id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("drop line of list: %w", err)
		}
		return nil
	}
	return s.list(ctx, tx, line{record: id, subject: subject, kind: kind, document: listed})
}

// line is what a line of a list is written of.
type line struct {
	record, subject record.ID
	kind            record.Kind
	document        record.Document
}

// list writes the line of a record whose document is in hand, like relist. A
// profile has none.
func (s *Store) list(ctx context.Context, tx bun.Tx, l line) error {
	listed, many := l.document.(record.Listed)
	if !many {
		return nil
	}
	row := s.listing(listed)
	row.Record, row.Subject, row.Kind = l.record, l.subject, l.kind
	_, err := tx.NewInsert().Model(&row).Value("updated_at", "clock_timestamp()").On("CONFLICT (record) DO UPDATE").
		Set("title = EXCLUDED.title, cells = EXCLUDED.cells, note = EXCLUDED.note, find = EXCLUDED.find, people = EXCLUDED.people").
		Set("sort_on = EXCLUDED.sort_on, expires_on = EXCLUDED.expires_on, updated_at = EXCLUDED.updated_at").
		Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write line of list: %w", err)
	}
	return nil
}

// relistUnchanged moves a line to the end of the latest change: what it shows is
// the version that it showed before.
func relistUnchanged(ctx context.Context, tx bun.Tx, id record.ID) error {
	if _, err := tx.NewRaw("UPDATE listings SET updated_at = clock_timestamp() WHERE record = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("move line of list: %w", err)
	}
	return nil
}

// relistDraft writes the line of a saved draft, unless a version is shown.
func (s *Store) relistDraft(ctx context.Context, tx bun.Tx, d Draft) error {
	if d.Kind.Profile() {
		return nil
	}
	shown, err := tx.NewSelect().Model((*recordRow)(nil)).Where("id = ?", d.Record).Where("in_force > 0 OR submitted > 0").Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read record of list: %w", err)
	case shown:
		return relistUnchanged(ctx, tx, d.Record)
	}
	return s.list(ctx, tx, line{record: d.Record, subject: d.Subject, kind: d.Kind, document: d.Document})
}

// relistMoved writes the line of a record that a command has moved. document is
// what the command made the shown one, nil when it made none.
func (s *Store) relistMoved(ctx context.Context, tx bun.Tx, r *recordRow, document record.Document) error {
	switch {
	case r.Kind.Profile():
		return nil
	case document != nil:
		return s.list(ctx, tx, line{record: r.ID, subject: r.Subject, kind: r.Kind, document: document})
	case r.InForce > 0 || r.Submitted > 0:
		return relistUnchanged(ctx, tx, r.ID)
	}
	return s.relist(ctx, tx, r.Subject, r.ID)
}

// shown is the document by which lists know a record; nil for a profile, and
// where nothing is left.
func (s *Store) shown(ctx context.Context, tx bun.Tx, id record.ID) (record.Kind, record.Document, error) {
	var current recordRow
	err := missing(tx.NewSelect().Model(&current).Where("id = ?", id).Scan(ctx), "read record of list")
	filed := err == nil
	if err != nil && record.CodeOf(err) != record.NotFound {
		return "", nil, err
	}
	if no := max(current.InForce, 0); filed && (no > 0 || current.Submitted > 0) {
		if no == 0 {
			no = current.Submitted
		}
		version, err := s.version(ctx, tx, id, no)
		return current.Kind, version.Document, err
	}
	var row draftRow
	err = missing(tx.NewSelect().Model(&row).Where("record = ?", id).Scan(ctx), "read draft of list")
	switch {
	case err == nil:
		draft, err := s.draft(ctx, tx, &row)
		return row.Kind, draft.Document, err
	case record.CodeOf(err) != record.NotFound:
		return "", nil, err
	case !filed:
		return "", nil, nil
	}
	// Lapsed or withdrawn, and the draft dropped: what was filed last.
	var no int
	if err := tx.NewRaw("SELECT max(no) FROM versions WHERE record = ?", id).Scan(ctx, &no); err != nil {
		return "", nil, fmt.Errorf("read last version of list: %w", err)
	}
	version, err := s.version(ctx, tx, id, no)
	return current.Kind, version.Document, err
}

// listing is a document's line without its ids.
func (s *Store) listing(d record.Listed) listingRow {
	l := d.Listing()
	texts := append([]string{d.Title()}, append(slices.Clone(l.Cells), l.Find...)...)
	words := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		words = append(words, strings.ToLower(text), letters(text))
	}
	row := listingRow{
		Title: d.Title(), Cells: l.Cells, Note: l.Note, Find: strings.Join(words, "\n"), People: [][]byte{},
		SortOn: civilDate(l.On), ExpiresOn: civilDate(l.Expires),
	}
	for _, number := range d.People() {
		row.People = append(row.People, s.identityIndex(number))
	}
	return row
}

func civilDate(d form.Date) string {
	if _, ok := d.Time(); !ok {
		return ""
	}
	return string(d)
}

// letters are the pinyin initials of a text, without the characters that have
// no reading.
func letters(text string) string {
	if all, err := initials.Of(text); err == nil {
		return all
	}
	var read strings.Builder
	for _, r := range text {
		if letter, err := initials.Of(string(r)); err == nil {
			read.WriteString(letter)
		}
	}
	return read.String()
}
