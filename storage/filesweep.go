package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// FileSweep is what a sweep of attachments did.
type FileSweep struct {
	Orphans  int // files that nothing refers to, deleted
	Finished int // deletions that were interrupted, finished
	Uploads  int // half-written objects, dropped
}

const fileBatch = 200

// Sweep deletes the files that were uploaded longer ago than age, were never
// submitted and are in no draft; and finishes what was interrupted. It never
// races a submit: both lock the file's row, whoever comes second sees what the
// first did. Files in use are never touched.
func (f *Files) Sweep(ctx context.Context, age time.Duration) (FileSweep, error) {
	var done FileSweep
	after := systemChain
	for {
		var rows []fileRow
		err := f.store.db.NewSelect().Model(&rows).Where("NOT in_use").Where("state <> ?", FileDeleted).Where("id > ?", after).
			Where("created_at < clock_timestamp() - ? * interval '1 microsecond'", age.Microseconds()).
			Order("id").Limit(fileBatch).Scan(ctx)
		if err != nil {
			return done, fmt.Errorf("list orphans: %w", err)
		}
		for i := range rows {
			swept, err := f.sweepOrphan(ctx, &rows[i])
			if err != nil {
				return done, err
			}
			if swept {
				done.Orphans++
			}
			after = rows[i].ID
		}
		if len(rows) < fileBatch {
			break
		}
	}
	var err error
	if done.Finished, err = f.finishDeletions(ctx); err != nil {
		return done, err
	}
	done.Uploads, err = f.objects.dropUnfinished(ctx, objectPrefix, age)
	return done, err
}

// sweepOrphan deletes a file unless its draft refers to it or somebody is busy
// with either at this moment; the next sweep looks again.
func (f *Files) sweepOrphan(ctx context.Context, row *fileRow) (bool, error) {
	orphan := false
	err := f.store.inTx(ctx, "sweep file", func(ctx context.Context, tx bun.Tx) error {
		var draft draftRow
		// Draft first, then file: the order in which Accept locks them.
		err := missing(tx.NewSelect().Model(&draft).Where("record = ?", row.Record).For("UPDATE").Scan(ctx), "read draft of file")
		if err != nil && record.CodeOf(err) != record.NotFound {
			return err
		}
		if err == nil && row.State != FileUploading {
			found, err := f.store.draft(ctx, tx, &draft)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(found.Document.Form(time.Time{}).Files(), row.is) {
				return nil
			}
		}
		var ids []record.ID
		err = tx.NewRaw("SELECT id FROM files WHERE id = ? AND NOT in_use AND state <> 'deleted' FOR UPDATE SKIP LOCKED", row.ID).Scan(ctx, &ids)
		if err != nil {
			return fmt.Errorf("lock file: %w", err)
		}
		if orphan = len(ids) == 1; !orphan {
			return nil
		}
		return markDeleted(ctx, tx, row.ID)
	})
	if err != nil || !orphan {
		return false, err
	}
	return true, f.remove(ctx, row.ID, row.Object)
}

// finishDeletions removes the objects of files that were marked as deleted when
// the removal was interrupted.
func (f *Files) finishDeletions(ctx context.Context) (int, error) {
	var rows []fileRow
	err := f.store.db.NewSelect().Model(&rows).Where("state = ?", FileDeleted).
		Where("deleted_at < clock_timestamp() - ? * interval '1 microsecond'", (2 * cleanupTime).Microseconds()).Scan(ctx)
	if err != nil {
		return 0, fmt.Errorf("list deleted files: %w", err)
	}
	for i := range rows {
		if err := f.remove(ctx, rows[i].ID, rows[i].Object); err != nil {
			return i, err
		}
	}
	return len(rows), nil
}

// Audit reads a file's object anew and compares it with what was measured when
// it was taken in. It returns what is wrong, or "".
func (f *Files) Audit(ctx context.Context, id record.ID) (string, error) {
	var row fileRow
	if err := f.store.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return "", missing(err, "read file")
	}
	return f.audit(ctx, &row)
}

func (f *Files) audit(ctx context.Context, row *fileRow) (string, error) {
	object, err := f.objects.hash(ctx, row.Object)
	switch {
	case errors.Is(err, ErrNoObject):
		return FaultNoObject, nil
	case err != nil:
		return "", err
	case object.Size != row.Size:
		return fmt.Sprintf("the file's object has %d bytes instead of %d", object.Size, row.Size), nil
	case object.SHA256 != row.SHA256:
		return "the file's object was changed: its SHA-256 differs", nil
	}
	return "", nil
}

// AuditNext audits up to limit whole files after an id, in the order of
// uploading, and returns the faults and the id to go on from, "" at the end.
func (f *Files) AuditNext(ctx context.Context, after record.ID, limit int) (faults []Disagreement, next record.ID, err error) {
	if after == "" {
		after = systemChain
	}
	var rows []fileRow
	err = f.store.db.NewSelect().Model(&rows).Where("id > ?", after).Where("state NOT IN ('uploading', 'deleted', 'lost')").
		Order("id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("list files to audit: %w", err)
	}
	for i := range rows {
		fault, err := f.audit(ctx, &rows[i])
		if err != nil {
			return nil, "", err
		}
		if fault != "" {
			faults = append(faults, Disagreement{"I4", string(rows[i].ID), fault})
		}
	}
	if len(rows) == limit {
		next = rows[limit-1].ID
	}
	return faults, next, nil
}

// Verify compares the rows with the objects: every whole file, and every export
// that is ready, has an object of its size, and every object a row. With content it
// reads every file's object and compares hashes too.
func (f *Files) Verify(ctx context.Context, content bool) ([]Disagreement, error) {
	sizes := map[string]int64{}
	for object, err := range f.objects.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		if !apart(object.Key) {
			sizes[object.Key] = object.Size
		}
	}
	// Rows are read after objects. A file that came or went in between is looked
	// at alone.
	var faults []Disagreement
	after := systemChain
	for {
		var rows []fileRow
		err := f.store.db.NewSelect().Model(&rows).Where("id > ?", after).Order("id").Limit(fileBatch).Scan(ctx)
		if err != nil {
			return nil, fmt.Errorf("verify files: %w", err)
		}
		for i := range rows {
			row := &rows[i]
			after = row.ID
			size, listed := sizes[row.Object]
			delete(sizes, row.Object)
			if row.State == FileUploading || row.State == FileDeleted || listed && size == row.Size && !content && row.State != FileLost {
				continue
			}
			if row.State == FileLost && !listed {
				if row.InUse {
					faults = append(faults, Disagreement{"I4", string(row.ID), FaultLost})
				}
				continue
			}
			fault, err := f.audit(ctx, row)
			if err != nil {
				return nil, err
			}
			if fault == "" && row.State == FileLost {
				fault = FaultFound
			}
			if fault != "" && f.stillThere(ctx, row.ID) {
				faults = append(faults, Disagreement{"I4", string(row.ID), fault})
			}
		}
		if len(rows) < fileBatch {
			break
		}
	}
	exports, err := NewExports(f.store, f.objects).verify(ctx, sizes)
	if err != nil {
		return nil, err
	}
	faults = append(faults, exports...)
	for key := range sizes {
		if _, err := f.objects.Stat(ctx, key); errors.Is(err, ErrNoObject) {
			continue
		}
		faults = append(faults, Disagreement{"I4", key, FaultStray})
	}
	return faults, nil
}

// stillThere reports whether a file was not deleted meanwhile.
func (f *Files) stillThere(ctx context.Context, id record.ID) bool {
	exists, err := f.store.db.NewSelect().Model((*fileRow)(nil)).Where("id = ?", id).Where("state <> ?", FileDeleted).Exists(ctx)
	return err != nil || exists
}
