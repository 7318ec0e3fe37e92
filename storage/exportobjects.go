package storage

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Exports keeps the archives of exports in database and object store together. An
// archive is all that somebody is, in one place: it lies sealed under a key of its
// own, which the subject's data key seals, and streams in both directions. Each
// attempt to build one writes to a key of its own below the export's folder, and
// only one of them becomes the export's: a worker that was thought dead and goes on
// spoils nothing. What is left of the others is swept.
type Exports struct {
	store   *Store
	objects *Objects
}

// NewExports joins a store and a bucket.
func NewExports(store *Store, objects *Objects) *Exports {
	return &Exports{store: store, objects: objects}
}

const (
	exportPrefix = "exports/"
	// maxArchive bounds an archive, in bytes: what an object store takes in parts of
	// partSize.
	maxArchive = 10_000 * partSize
)

// randomFolder is a folder in the bucket that tells nothing.
func randomFolder() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw folder: %w", err)
	}
	return exportPrefix + hex.EncodeToString(b) + "/", nil
}

// ExportAttempt is one attempt to build an export.
type ExportAttempt struct {
	Export  record.ID
	Subject record.ID
	Account record.ID

	no     int
	object string
}

// Begin counts an attempt to build an export. Without ok there is nothing to build
// any more.
func (e *Exports) Begin(ctx context.Context, id record.ID) (attempt ExportAttempt, ok bool, err error) {
	var row exportRow
	err = missing(e.store.db.NewRaw(`
		UPDATE exports SET attempts = attempts + 1 WHERE id = ? AND ready_at IS NULL AND failed_at IS NULL RETURNING *`, id).Scan(ctx, &row), "begin export")
	if record.CodeOf(err) == record.NotFound {
		return attempt, false, nil
	}
	return ExportAttempt{
		Export: row.ID, Subject: row.Subject, Account: row.Account, no: row.Attempts, object: row.Folder + strconv.Itoa(row.Attempts),
	}, true, err
}

// sealedFor names the purpose of a seal on the key of an archive.
func sealedFor(id record.ID) string { return "export/" + string(id) }

// Finish streams the archive of an attempt into the object store and makes it the
// export's, with a message to who asked for it. An attempt that another overtook
// leaves nothing. An error of the content is returned as it is.
func (e *Exports) Finish(ctx context.Context, a ExportAttempt, asOf time.Time, content io.Reader) error {
	key := make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return fmt.Errorf("draw key of archive: %w", err)
	}
	meter := &meter{content: content, limit: maxArchive, hash: sha256.New()}
	sealed, err := sealStream(key, meter)
	if err != nil {
		return err
	}
	object, err := e.objects.Put(ctx, a.object, sealed, sealedSize(maxArchive), "application/octet-stream")
	if err != nil {
		return err
	}
	taken := false
	err = e.store.inTx(ctx, "finish export", func(ctx context.Context, tx bun.Tx) error {
		row, now, err := e.store.lockExport(ctx, tx, a.Export)
		if err != nil || row == nil {
			return err
		}
		if !row.building() || row.Attempts != a.no {
			return nil
		}
		dataKey, err := e.store.dataKey(ctx, tx, row.Subject)
		if err != nil {
			return err
		}
		if row.SealedKey, err = seal(dataKey, key, sealedFor(row.ID)); err != nil {
			return err
		}
		row.AsOf, row.Object, row.SealedSize, row.Size = asOf, object.Key, object.Size, meter.size
		row.SHA256, row.ReadyAt, row.ExpiresAt = hex.EncodeToString(meter.hash.Sum(nil)), now, now.Add(ExportAge)
		_, err = tx.NewUpdate().Model(row).Column("as_of", "object", "sealed_key", "sealed_size", "size", "sha256", "ready_at", "expires_at").
			WherePK().Exec(ctx)
		if err != nil {
			return fmt.Errorf("finish export: %w", err)
		}
		taken = true
		if err := e.store.exportEvent(ctx, tx, row, EventExportReady, record.Actor{Role: record.Clock}, now); err != nil {
			return err
		}
		return e.store.Notify(ctx, tx, Notification{Subject: row.Subject, Topic: TopicExportReady, Dedup: TopicExportReady + "/" + string(row.ID)})
	})
	if err != nil || taken {
		return err
	}
	return e.objects.Remove(ctx, a.object)
}

var errExportGone = record.Errorf(record.NotFound, "该导出文件已过期删除，请重新导出")

// Open writes into the subject's history that an export is taken, and streams its
// archive to the account that asked for it. Of anybody else's, and of one that is
// not ready, it says that there is none. The caller closes the content.
func (e *Exports) Open(ctx context.Context, by record.Actor, subject, id record.ID) (Export, io.ReadCloser, error) {
	var row exportRow
	var found Export
	var key []byte
	err := e.store.inTx(ctx, "take export", func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Where("account = ?", by.ID).Scan(ctx)
		if err := missing(err, "read export"); err != nil {
			return err
		}
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		switch found = row.export(now); found.State {
		case ExportReady:
		case ExportExpired:
			return errExportGone
		case ExportBuilding, ExportFailed:
			return errNotFound
		}
		dataKey, err := e.store.dataKey(ctx, tx, subject)
		if err != nil {
			return err
		}
		if key, err = unseal(dataKey, row.SealedKey, sealedFor(row.ID)); err != nil {
			return fmt.Errorf("open key of archive: %w", err)
		}
		return e.store.exportEvent(ctx, tx, &row, EventExportTaken, by, now)
	})
	if err != nil {
		return Export{}, nil, err
	}
	sealed, err := e.objects.Get(ctx, row.Object, 0, -1)
	if errors.Is(err, ErrNoObject) {
		return Export{}, nil, errExportGone
	}
	if err != nil {
		return Export{}, nil, err
	}
	plain, err := unsealStream(key, sealed)
	if err != nil {
		return Export{}, nil, errors.Join(err, sealed.Close())
	}
	return found, struct {
		io.Reader
		io.Closer
	}{plain, sealed}, nil
}

// Sweep deletes the archives that expired, and what attempts left that came to
// nothing. What is being built is never touched. It returns how many objects were
// deleted.
func (e *Exports) Sweep(ctx context.Context) (int, error) {
	// Objects are listed before rows are read: a row is there before its first object,
	// so that an object without one belongs to nobody.
	var keys []string
	for object, err := range e.objects.List(ctx, exportPrefix) {
		if err != nil {
			return 0, err
		}
		keys = append(keys, object.Key)
	}
	now, err := databaseTime(ctx, e.store.db)
	if err != nil {
		return 0, err
	}
	rows, err := e.rows(ctx)
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, key := range keys {
		row := rows[folderOf(key)]
		if row != nil && (row.building() || row.kept(now) && row.Object == key) {
			continue
		}
		if err := e.objects.Remove(ctx, key); err != nil {
			return swept, err
		}
		swept++
	}
	_, err = e.store.db.NewRaw(`
		UPDATE exports SET removed_at = ?0 WHERE removed_at IS NULL AND (expires_at <= ?0 OR failed_at IS NOT NULL)`, now).Exec(ctx)
	if err != nil {
		return swept, fmt.Errorf("note removed exports: %w", err)
	}
	if _, err := e.store.db.NewRaw("DELETE FROM exports WHERE removed_at < ?", now.Add(-exportRowAge)).Exec(ctx); err != nil {
		return swept, fmt.Errorf("forget exports: %w", err)
	}
	unfinished, err := e.objects.dropUnfinished(ctx, exportPrefix, unfinishedAge)
	return swept + unfinished, err
}

// unfinishedAge is longer than any attempt takes.
const unfinishedAge = 24 * time.Hour

// rows are all exports that are remembered, by their folders.
func (e *Exports) rows(ctx context.Context) (map[string]*exportRow, error) {
	var all []exportRow
	if err := e.store.db.NewSelect().Model(&all).ExcludeColumn("sealed_key").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read exports: %w", err)
	}
	byFolder := make(map[string]*exportRow, len(all))
	for i := range all {
		byFolder[all[i].Folder] = &all[i]
	}
	return byFolder, nil
}

// folderOf is the folder of an object's key.
func folderOf(key string) string { return key[:strings.LastIndexByte(key, '/')+1] }

// verify compares the exports with the objects of their folders, which it takes out
// of sizes: what is ready has an object of its size. What waits for the sweep is no
// fault.
func (e *Exports) verify(ctx context.Context, sizes map[string]int64) ([]Disagreement, error) {
	now, err := databaseTime(ctx, e.store.db)
	if err != nil {
		return nil, err
	}
	rows, err := e.rows(ctx)
	if err != nil {
		return nil, err
	}
	var faults []Disagreement
	for _, row := range rows {
		if !row.kept(now) {
			continue
		}
		if size, listed := sizes[row.Object]; !listed || size != row.SealedSize {
			// It may have become ready after the objects were listed.
			size, err := e.objects.Stat(ctx, row.Object)
			if err != nil && !errors.Is(err, ErrNoObject) {
				return nil, err
			}
			if err != nil || size != row.SealedSize {
				faults = append(faults, Disagreement{"I4", string(row.ID), "the export's object is gone or has another size"})
			}
		}
	}
	for key := range sizes {
		if rows[folderOf(key)] != nil {
			delete(sizes, key)
		}
	}
	return faults, nil
}
