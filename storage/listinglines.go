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

// relist writes the line of a record anew, in the transaction that changed it.
// What lists do not show any more takes its line along.
func (s *Store) relist(ctx context.Context, tx bun.Tx, id record.ID) error {
	if err := orderLine(ctx, tx, id); err != nil {
		return err
	}
	row, err := s.line(ctx, tx, id)
	if err != nil {
		return err
	}
	if row != nil {
		return row.write(ctx, tx)
	}
	if _, err := tx.NewDelete().Model((*listingRow)(nil)).Where("record = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("drop line of list: %w", err)
	}
	return nil
}

// listNew writes the line of the draft of a new record, which nobody else knows
// yet. A profile has none.
func (s *Store) listNew(ctx context.Context, tx bun.Tx, row draftRow, document record.Document) error {
	if listed, many := document.(record.Listed); many {
		return s.listing(row.Record, row.Subject, row.Kind, listed).write(ctx, tx)
	}
	return nil
}

// relistDraft is relist of a saved draft that is in hand.
func (s *Store) relistDraft(ctx context.Context, tx bun.Tx, d Draft) error {
	listed, many := d.Document.(record.Listed)
	if !many {
		return nil
	}
	if err := orderLine(ctx, tx, d.Record); err != nil {
		return err
	}
	shown, err := tx.NewSelect().Model((*recordRow)(nil)).Where("id = ?", d.Record).Where("in_force > 0 OR submitted > 0").Exists(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("read record of list: %w", err)
	case shown:
		return relistUnchanged(ctx, tx, d.Record)
	}
	return s.listing(d.Record, d.Subject, d.Kind, listed).write(ctx, tx)
}

// relistMoved is relist of a record that a command has moved. document is what
// the command made the shown one, nil when it made none.
func (s *Store) relistMoved(ctx context.Context, tx bun.Tx, r *recordRow, document record.Document) error {
	if r.Kind.Profile() {
		return nil
	}
	if listed, ok := document.(record.Listed); ok {
		if err := orderLine(ctx, tx, r.ID); err != nil {
			return err
		}
		return s.listing(r.ID, r.Subject, r.Kind, listed).write(ctx, tx)
	}
	if r.InForce > 0 || r.Submitted > 0 {
		return relistUnchanged(ctx, tx, r.ID)
	}
	return s.relist(ctx, tx, r.ID)
}

// relistUnchanged moves a line to the end of the latest change: what it shows is
// the version that it showed before.
func relistUnchanged(ctx context.Context, tx bun.Tx, id record.ID) error {
	if _, err := tx.NewRaw("UPDATE listings SET updated_at = clock_timestamp() WHERE record = ?", id).Exec(ctx); err != nil {
		return fmt.Errorf("move line of list: %w", err)
	}
	return nil
}

// orderLine has whoever writes the line of the same record at the same time
// wait, so that the last one sees what all the others changed.
func orderLine(ctx context.Context, tx bun.Tx, id record.ID) error {
	if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "listing/"+string(id)).Exec(ctx); err != nil {
		return fmt.Errorf("order lines of list: %w", err)
	}
	return nil
}

// write stores the line, with the instant of now.
func (r listingRow) write(ctx context.Context, tx bun.Tx) error {
	_, err := tx.NewInsert().Model(&r).Value("updated_at", "clock_timestamp()").On("CONFLICT (record) DO UPDATE").
		Set("title = EXCLUDED.title, cells = EXCLUDED.cells, note = EXCLUDED.note, find = EXCLUDED.find, people = EXCLUDED.people").
		Set("sort_on = EXCLUDED.sort_on, expires_on = EXCLUDED.expires_on, updated_at = EXCLUDED.updated_at").
		Returning("NULL").Exec(ctx)
	if err != nil {
		return fmt.Errorf("write line of list: %w", err)
	}
	return nil
}

// line is the line of a record or of the draft of a new one, without its
// instant: of the version that counts, else of the one under way, else of the
// draft. It is nil for a profile, for a draft that is not shown, and for a
// record that was withdrawn or lapsed and whose draft was dropped.
func (s *Store) line(ctx context.Context, tx bun.Tx, id record.ID) (*listingRow, error) {
	row, document, err := s.shown(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	listed, many := document.(record.Listed)
	if !many {
		return nil, nil //nolint:nilnil // no line is an ordinary answer here
	}
	line := s.listing(id, row.Subject, row.Kind, listed)
	return &line, nil
}

// shown is the document by which lists know a record, nil where they do not,
// and whose it is.
func (s *Store) shown(ctx context.Context, tx bun.Tx, id record.ID) (recordRow, record.Document, error) {
	var current recordRow
	err := missing(tx.NewSelect().Model(&current).Where("id = ?", id).Scan(ctx), "read record of list")
	if err != nil && record.CodeOf(err) != record.NotFound {
		return recordRow{}, nil, err
	}
	no := current.InForce
	if no == 0 {
		no = current.Submitted
	}
	if err == nil && no > 0 {
		version, err := s.version(ctx, tx, id, no)
		return current, version.Document, err
	}
	var row draftRow
	err = missing(tx.NewSelect().Model(&row).Where("record = ?", id).Where("hidden_at IS NULL").Scan(ctx), "read draft of list")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return recordRow{}, nil, nil
	case err != nil:
		return recordRow{}, nil, err
	}
	draft, err := s.draft(ctx, tx, &row)
	return recordRow{ID: id, Subject: row.Subject, Kind: row.Kind}, draft.Document, err
}

// listing is the line of a document.
func (s *Store) listing(id, subject record.ID, kind record.Kind, d record.Listed) listingRow {
	l := d.Listing()
	texts := append([]string{d.Title()}, append(slices.Clone(l.Cells), l.Find...)...)
	words := make([]string, 0, 2*len(texts))
	for _, text := range texts {
		words = append(words, strings.ToLower(text), letters(text))
	}
	row := listingRow{
		Record: id, Subject: subject, Kind: kind,
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
