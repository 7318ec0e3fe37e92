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

// MakeDrafts turns up to limit rows of a confirmed import into drafts, each in a
// transaction with its mark, and ends the import when no row is left. It may be
// stopped anywhere and called again, also by several at a time: no row becomes
// two drafts. over tells that nothing is left to do.
func (s *Store) MakeDrafts(ctx context.Context, id record.ID, limit int) (over bool, err error) {
	for range limit {
		if over, err = s.makeDraft(ctx, id); over || err != nil {
			break
		}
	}
	if over && err == nil {
		err = s.endImport(ctx, id)
	}
	return over, err
}

// makeDraft takes the next row that can become a draft.
func (s *Store) makeDraft(ctx context.Context, id record.ID) (over bool, err error) {
	err = s.inTx(ctx, "make draft of row", func(ctx context.Context, tx bun.Tx) error {
		var head importRow
		err := missing(tx.NewSelect().Model(&head).Where("id = ?", id).
			Where("confirmed_at IS NOT NULL").Where("ended_at IS NULL").Where("hidden_at IS NULL").Scan(ctx), "read import")
		if over = record.CodeOf(err) == record.NotFound; over {
			return nil
		}
		if err != nil {
			return err
		}
		// In one order with whatever else opens drafts of the subject, so that two
		// imports of the same row see each other.
		if err := orderDrafts(ctx, tx, head.Subject); err != nil {
			return err
		}
		var row sheetRow
		err = missing(tx.NewSelect().Model(&row).Where("import = ?", id).Where("state = ?", ImportGood).
			Order("line").Limit(1).For("UPDATE").Scan(ctx), "read row of import")
		if over = record.CodeOf(err) == record.NotFound; over {
			return nil
		}
		if err != nil {
			return err
		}
		return s.makeDraftOf(ctx, tx, head, row)
	})
	return over, err
}

func (s *Store) makeDraftOf(ctx context.Context, tx bun.Tx, head importRow, row sheetRow) error {
	key, err := s.dataKey(ctx, tx, head.Subject)
	if err != nil {
		return err
	}
	content, err := row.open(key)
	if err != nil {
		return err
	}
	one := []record.IntakeRow{content}
	if err := s.markTwins(ctx, tx, head.Subject, head.Kind, one); err != nil {
		return err
	}
	if len(one[0].Problems) > 0 {
		row.State = ImportFaulty
		if row.Sealed, err = sealRow(key, head.Kind, row.Record, one[0]); err != nil {
			return err
		}
	} else {
		row.State, row.Sealed = ImportMade, []byte{}
		// Version 1 is a draft that was opened and never touched.
		draft := draftRow{Record: row.Record, Subject: head.Subject, Kind: head.Kind, Account: head.Account, Version: 2}
		if err := s.insertDraft(ctx, tx, draft, content.Document); err != nil {
			return err
		}
	}
	if _, err := tx.NewUpdate().Model(&row).Column("state", "sealed").WherePK().Exec(ctx); err != nil {
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
