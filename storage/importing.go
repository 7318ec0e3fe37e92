package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Types of the events that an import leaves in its subject's chain.
const (
	EventImportConfirmed = "import_confirmed"
	EventImportEnded     = "import_ended"
)

// previewAge is how long a sheet that nobody confirmed is kept.
const previewAge = 7 * 24 * time.Hour

// ConfirmImport lets the good rows of one of the subject's imports become
// drafts. Confirmed again it stays as it is; without a good row it is refused.
func (s *Store) ConfirmImport(ctx context.Context, by record.Actor, subject, id record.ID) error {
	return s.inTx(ctx, "confirm import", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		var row countedRow
		err := tx.NewRaw(counted+"i.id = ? AND i.subject = ? AND i.hidden_at IS NULL GROUP BY i.id", id, subject).Scan(ctx, &row)
		switch {
		case err != nil:
			return missing(err, "read import")
		case !row.ConfirmedAt.IsZero():
			return nil
		case row.Good == 0:
			return record.Errorf(record.Invalid, "没有可以导入的行，请修改后重新上传")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.NewRaw("UPDATE imports SET confirmed_at = ?, account = ? WHERE id = ?", now, by.ID, id).Exec(ctx); err != nil {
			return fmt.Errorf("confirm import: %w", err)
		}
		return s.appendEvent(ctx, tx, event{
			Chain: subject, Type: EventImportConfirmed, Role: by.Role, Actor: by.ID, At: now,
			Data: map[string]any{"import": string(id), "kind": string(row.Kind), "rows": row.Rows, "good": row.Good},
		})
	})
}

// DropImport deletes one of the subject's imports that was not confirmed.
func (s *Store) DropImport(ctx context.Context, subject, id record.ID) error {
	_, err := s.db.NewRaw("DELETE FROM imports WHERE id = ? AND subject = ? AND confirmed_at IS NULL AND hidden_at IS NULL", id, subject).Exec(ctx)
	if err != nil {
		return fmt.Errorf("drop import: %w", err)
	}
	return nil
}

// draftsAtOnce is how many rows one transaction turns into drafts. A row's draft
// and its mark are always in one; alone in it, a row would cost a journey to the
// disk.
const draftsAtOnce = 50

// MakeDrafts turns up to limit rows of a confirmed import into drafts, each in one
// transaction with its mark, and ends the import when no row is left. It may be
// stopped anywhere and called again, also by several at a time: no row becomes
// two drafts. over tells that nothing is left to do.
func (s *Store) MakeDrafts(ctx context.Context, id record.ID, limit int) (over bool, err error) {
	var head importRow
	err = missing(s.db.NewSelect().Model(&head).Where("id = ?", id).Where("confirmed_at IS NOT NULL").Scan(ctx), "read import")
	if record.CodeOf(err) == record.NotFound {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for left := limit; left > 0; {
		done, err := s.makeSome(ctx, head, min(left, draftsAtOnce))
		if err != nil {
			return false, err
		}
		if done == 0 {
			return true, s.endImport(ctx, id)
		}
		left -= done
	}
	return false, nil
}

// makeSome takes the next rows that can become drafts and returns how many it
// looked at.
func (s *Store) makeSome(ctx context.Context, head importRow, limit int) (done int, err error) {
	err = s.inTx(ctx, "make drafts of rows", func(ctx context.Context, tx bun.Tx) error {
		// In one order with whatever else opens drafts of the subject, so that two
		// imports of the same row see each other.
		if err := orderDrafts(ctx, tx, head.Subject); err != nil {
			return err
		}
		var rows []sheetRow
		err := tx.NewSelect().Model(&rows).Join("JOIN imports i ON i.id = r.import").
			Where("i.id = ?", head.ID).Where("i.ended_at IS NULL").Where("i.hidden_at IS NULL").Where("r.state = ?", ImportGood).
			Order("r.line").Limit(int64(limit)).For("UPDATE OF r").Scan(ctx)
		if err != nil {
			return fmt.Errorf("read rows of import: %w", err)
		}
		done = len(rows)
		if done == 0 {
			return nil
		}
		return s.makeDraftsOf(ctx, tx, head, rows)
	})
	return done, err
}

func (s *Store) makeDraftsOf(ctx context.Context, tx bun.Tx, head importRow, rows []sheetRow) error {
	key, err := s.dataKey(ctx, tx, head.Subject)
	if err != nil {
		return err
	}
	contents := make([]record.IntakeRow, len(rows))
	for i := range rows {
		if contents[i], err = rows[i].open(key); err != nil {
			return err
		}
	}
	if err := s.markTwins(ctx, tx, head.Subject, head.Kind, contents); err != nil {
		return err
	}
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	var drafts []draftRow
	var lines []listingRow
	var made []record.ID
	for i, row := range rows {
		if len(contents[i].Problems) > 0 {
			if err := markFaulty(ctx, tx, head.Kind, key, row, contents[i]); err != nil {
				return err
			}
			continue
		}
		canonical, err := record.Canonical(head.Kind, contents[i].Document)
		if err != nil {
			return err
		}
		// Version 1 is a draft that was opened and never touched.
		draft := draftRow{Record: row.Record, Subject: head.Subject, Kind: head.Kind, Account: head.Account, Version: 2}
		if draft.Sealed, err = seal(key, canonical, "draft/"+string(row.Record)); err != nil {
			return err
		}
		document := contents[i].Document.(record.Intake) //nolint:forcetypeassert // rows are of kinds that can be imported
		line := s.listing(row.Record, head.Subject, head.Kind, document)
		line.UpdatedAt = now
		drafts, lines, made = append(drafts, draft), append(lines, line), append(made, row.Record)
	}
	if len(made) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&drafts).Exec(ctx); err != nil {
		return fmt.Errorf("insert drafts of rows: %w", err)
	}
	if _, err := tx.NewInsert().Model(&lines).Exec(ctx); err != nil {
		return fmt.Errorf("write lines of list: %w", err)
	}
	_, err = tx.NewRaw("UPDATE import_rows SET state = ?, sealed = '' WHERE record IN (?)", ImportMade, bun.List(made)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark rows of import: %w", err)
	}
	return nil
}

// markFaulty keeps a row that turned out to be about what the subject has already.
func markFaulty(ctx context.Context, tx bun.Tx, kind record.Kind, key []byte, row sheetRow, content record.IntakeRow) error {
	sealed, err := sealRow(key, kind, row.Record, content)
	if err != nil {
		return err
	}
	_, err = tx.NewRaw("UPDATE import_rows SET state = ?, sealed = ? WHERE record = ?", ImportFaulty, sealed, row.Record).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark row of import: %w", err)
	}
	return nil
}

// endImport notes that no row is left, once.
func (s *Store) endImport(ctx context.Context, id record.ID) error {
	return s.inTx(ctx, "end import", func(ctx context.Context, tx bun.Tx) error {
		var subject record.ID
		err := missing(tx.NewRaw("SELECT subject FROM imports WHERE id = ? AND confirmed_at IS NOT NULL AND ended_at IS NULL", id).
			Scan(ctx, &subject), "read import")
		if record.CodeOf(err) == record.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		result, err := tx.NewRaw("UPDATE imports SET ended_at = ? WHERE id = ? AND ended_at IS NULL", now, id).Exec(ctx)
		if err != nil {
			return fmt.Errorf("end import: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		var row countedRow
		if err := tx.NewRaw(counted+"i.id = ? GROUP BY i.id", id).Scan(ctx, &row); err != nil {
			return fmt.Errorf("count rows of import: %w", err)
		}
		return s.appendEvent(ctx, tx, event{
			Chain: subject, Type: EventImportEnded, Role: record.Clock, At: now,
			Data: map[string]any{"import": string(id), "kind": string(row.Kind), "made": row.Made, "faulty": row.Faulty},
		})
	})
}

// OpenImports lists imports that were confirmed longer ago than that and have
// not ended.
func (s *Store) OpenImports(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error) {
	var ids []record.ID
	err := s.db.NewRaw(`
		SELECT id FROM imports WHERE confirmed_at < clock_timestamp() - ? * interval '1 microsecond' AND ended_at IS NULL
		ORDER BY confirmed_at LIMIT ?`, olderThan.Microseconds(), limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list open imports: %w", err)
	}
	return ids, nil
}

// SweepImports deletes imports that ended longer ago than that, and those that
// nobody confirmed within a week, with all their rows.
func (s *Store) SweepImports(ctx context.Context, age time.Duration) (int, error) {
	result, err := s.db.NewRaw(`
		DELETE FROM imports WHERE ended_at < clock_timestamp() - ?0 * interval '1 microsecond'
		    OR confirmed_at IS NULL AND created_at < clock_timestamp() - ?1 * interval '1 microsecond'`,
		age.Microseconds(), previewAge.Microseconds()).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep imports: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("sweep imports: %w", err)
	}
	return int(n), nil
}
