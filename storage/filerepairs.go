package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// TopicFileLost is the message that the content of a file was lost.
const TopicFileLost = "file_lost"

// quarantinePrefix leads the keys of objects that belonged to no file. They are
// kept there until an operator deletes them: a database that was restored to an
// earlier time does not know what it had.
const quarantinePrefix = "quarantine/"

// Repair is Store.Repair for what concerns files and their objects. An object that
// belongs to no file must be of that age: an upload may be under way.
func (f *Files) Repair(ctx context.Context, d Disagreement, age time.Duration) (string, error) {
	switch d.Fault {
	case FaultNoObject:
		return f.lose(ctx, record.ID(d.ID))
	case FaultFound:
		return f.find(ctx, record.ID(d.ID))
	case FaultStray:
		return f.quarantine(ctx, d.ID, age)
	}
	return "", nil
}

// lose puts a file whose object is gone into its own state and tells the subject.
// The row is never deleted: what it names may come back.
func (f *Files) lose(ctx context.Context, id record.ID) (string, error) {
	row, err := f.row(ctx, id)
	if err != nil {
		return "", err
	}
	if _, err := f.objects.Stat(ctx, row.Object); !errors.Is(err, ErrNoObject) {
		return "", err // it is there after all
	}
	return f.restate(ctx, row, doneLost, func(tx bun.Tx) *bun.RawQuery {
		return tx.NewRaw("UPDATE files SET state = 'lost' WHERE id = ? AND state IN ('scanning', 'available', 'refused')", id)
	})
}

// find takes a lost file in again whose object is back, as one that waits for its
// virus scan.
func (f *Files) find(ctx context.Context, id record.ID) (string, error) {
	row, err := f.row(ctx, id)
	if err != nil {
		return "", err
	}
	if fault, err := f.audit(ctx, row); err != nil || fault != "" {
		return "", err
	}
	state := FileAvailable
	if f.store.Policy().ScanRequired {
		state = FileScanning
	}
	return f.restate(ctx, row, doneFound, func(tx bun.Tx) *bun.RawQuery {
		return tx.NewRaw("UPDATE files SET state = ?, scanned = false, scan_until = NULL WHERE id = ? AND state = 'lost'", state, id)
	})
}

// What is done to files whose object is gone, or back.
const (
	doneLost  = "the file counts as lost and the subject is told"
	doneFound = "the file is taken in again"
)

func (f *Files) row(ctx context.Context, id record.ID) (*fileRow, error) {
	row := new(fileRow)
	err := f.store.db.NewSelect().Model(row).Where("id = ?", id).Scan(ctx)
	return row, missing(err, "read file")
}

// restate changes a file's state with an event, and with a message where it is
// lost. It does nothing where the change finds nothing to change.
func (f *Files) restate(ctx context.Context, row *fileRow, done string, change func(bun.Tx) *bun.RawQuery) (string, error) {
	changed := false
	err := f.store.inTx(ctx, "restate file", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, "id = ?", row.Subject)
		if err != nil {
			return err
		}
		result, err := change(tx).Exec(ctx)
		if err != nil {
			return fmt.Errorf("restate file: %w", err)
		}
		n, err := result.RowsAffected()
		if changed = n > 0; err != nil || !changed {
			return err
		}
		if err := head.repaired(ctx, tx, "I4", done, row.Record, map[string]any{"file": string(row.ID)}); err != nil {
			return err
		}
		if done != doneLost {
			return nil
		}
		return f.store.Notify(ctx, tx, Notification{
			Subject: row.Subject, Topic: TopicFileLost, Record: row.Record, Data: map[string]string{"file": string(row.ID)},
			Dedup: fmt.Sprintf("%s/%s/%d", TopicFileLost, row.ID, head.No),
		})
	})
	if err != nil || !changed {
		return "", err
	}
	return done, nil
}

// quarantine moves an object that belongs to no file out of the way.
func (f *Files) quarantine(ctx context.Context, key string, least time.Duration) (string, error) {
	age, err := f.objects.age(ctx, key)
	switch {
	case errors.Is(err, ErrNoObject):
		return "", nil
	case err != nil:
		return "", err
	case age < least:
		return "", nil
	}
	known, err := f.store.db.NewSelect().Model((*fileRow)(nil)).Where("object = ?", key).Exists(ctx)
	if err != nil || known {
		return "", err
	}
	if err := f.objects.move(ctx, key, quarantinePrefix+key); err != nil {
		return "", err
	}
	const done = "the object is moved to " + quarantinePrefix
	return done, f.store.inTx(ctx, "note quarantine", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, "id = ?", systemChain)
		if err != nil {
			return err
		}
		return head.repaired(ctx, tx, "I4", done, "", map[string]any{"object": key})
	})
}

// apart reports whether a key of the bucket is no attachment's.
func apart(key string) bool {
	return strings.HasPrefix(key, checkpointPrefix) || strings.HasPrefix(key, quarantinePrefix)
}
