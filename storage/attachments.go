package storage

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// FileLimits bounds what is uploaded. The zero value of a field means its
// default.
type FileLimits struct {
	MaxSize   int64 // bytes of one file; 20 MiB
	Quota     int64 // bytes of all files of a subject; 2 GiB
	MaxPixels int64 // of one image; 80 million, an A4 page at 900 DPI
	MaxLoose  int   // files of a subject that are not submitted; 3,000
}

func (l FileLimits) orDefault() FileLimits {
	if l.MaxSize == 0 {
		l.MaxSize = 20 << 20
	}
	if l.Quota == 0 {
		l.Quota = 2 << 30
	}
	if l.MaxPixels == 0 {
		l.MaxPixels = 80_000_000
	}
	if l.MaxLoose == 0 {
		l.MaxLoose = 3000
	}
	return l
}

// Files keeps attachments in database and object store together. A file is
// staged (a row, committed), written (an object), completed (size, hash and
// type in the row) and, by Accept, put in use. Whatever dies in between leaves
// a row that the sweep finds, never an object that nobody knows of, and nothing
// that is in use is ever removed.
type Files struct {
	store   *Store
	objects *Objects
	limits  FileLimits
}

// NewFiles joins a store and a bucket.
func NewFiles(store *Store, objects *Objects, limits FileLimits) *Files {
	return &Files{store: store, objects: objects, limits: limits.orDefault()}
}

// MaxSize is the most that one file may have, in bytes.
func (f *Files) MaxSize() int64 { return f.limits.MaxSize }

// Upload names a file that is coming in.
type Upload struct {
	Subject record.ID
	Account record.ID
	Record  record.ID // of the subject's open draft
	Field   string
	Name    string // as the browser sent it
}

// Upload takes a file in while it streams. Type, size, number of pixels and
// quota are checked on the way; what is refused leaves nothing behind. Errors
// for people: Invalid with what to do, NotFound without such a draft, Conflict
// when the draft is submitted.
func (f *Files) Upload(ctx context.Context, u Upload, content io.Reader) (File, error) {
	u.Name = CleanFileName(u.Name)
	buffered := bufio.NewReaderSize(content, sniffed)
	head, err := buffered.Peek(sniffed)
	if err != nil && !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("read upload: %w", err)
	}
	media, err := typeOf(u.Name, head)
	if err != nil {
		return File{}, err
	}
	file, err := f.Stage(ctx, u, media)
	if err != nil {
		return File{}, err
	}
	completed, err := f.write(ctx, file, buffered)
	if err != nil {
		// The reader's connection may be gone, and ctx with it.
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		return File{}, errors.Join(err, f.abandon(after, file))
	}
	return completed, nil
}

// cleanupTime is what undoing a failed upload may take. The sweep does what is
// left.
const cleanupTime = 10 * time.Second

func (f *Files) write(ctx context.Context, file File, content io.Reader) (File, error) {
	object, err := f.Write(ctx, file, content)
	if err != nil {
		return File{}, err
	}
	return f.Complete(ctx, file, object)
}

// Stage commits the row of a file before its content exists. The subject's
// quota counts files under way at their full size.
func (f *Files) Stage(ctx context.Context, u Upload, media string) (File, error) {
	key, err := randomKey()
	if err != nil {
		return File{}, err
	}
	row := fileRow{
		ID: NewID(), Subject: u.Subject, Account: u.Account, Record: u.Record, Field: u.Field, Name: CleanFileName(u.Name),
		Type: media, Object: key, State: FileUploading,
	}
	err = f.store.inTx(ctx, "stage file", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", "files/"+string(u.Subject)).Exec(ctx); err != nil {
			return fmt.Errorf("order uploads: %w", err)
		}
		var locked bool
		err := tx.NewRaw("SELECT locked_by IS NOT NULL FROM drafts WHERE record = ? AND subject = ? AND hidden_at IS NULL", u.Record, u.Subject).Scan(ctx, &locked)
		if err := missing(err, "look for draft"); err != nil {
			return err
		}
		if locked {
			return record.Errorf(record.Conflict, "该草稿已提交，正在处理，暂不能上传附件")
		}
		if err := f.checkQuota(ctx, tx, u.Subject); err != nil {
			return err
		}
		if row.CreatedAt, err = databaseTime(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("insert file: %w", err)
		}
		return nil
	})
	if err != nil {
		return File{}, err
	}
	return row.file(), nil
}

func (f *Files) checkQuota(ctx context.Context, tx bun.Tx, subject record.ID) error {
	var bytes int64
	var loose int
	err := tx.NewRaw(`
		SELECT coalesce(sum(CASE state WHEN 'uploading' THEN ? ELSE size END), 0)::bigint, count(*) FILTER (WHERE NOT in_use)
		FROM files WHERE subject = ? AND state <> 'deleted'
		  AND (state <> 'uploading' OR created_at > clock_timestamp() - interval '1 hour')`,
		f.limits.MaxSize, subject).Scan(ctx, &bytes, &loose)
	if err != nil {
		return fmt.Errorf("measure quota: %w", err)
	}
	if bytes+f.limits.MaxSize > f.limits.Quota || loose >= f.limits.MaxLoose {
		return record.Errorf(record.TooMany, "附件已达到存储上限，请先删除草稿中不需要的附件，或联系服务热线")
	}
	return nil
}

// Write streams the content of a staged file into the object store.
func (f *Files) Write(ctx context.Context, file File, content io.Reader) (Object, error) {
	object, err := f.objects.Put(ctx, file.object, content, f.limits.MaxSize, file.Type)
	if errors.Is(err, ErrTooLarge) {
		return Object{}, record.Errorf(record.Invalid, fmt.Sprintf("文件超过 %d MB，请压缩或降低扫描精度后再上传", f.limits.MaxSize>>20))
	}
	return object, err
}

// Complete makes a written file part of the draft: it may be submitted from
// here on. Where policy asks for a virus scan the file waits for it; where not,
// it is available and says that it was not scanned.
func (f *Files) Complete(ctx context.Context, file File, object Object) (File, error) {
	if err := f.checkPixels(ctx, file); err != nil {
		return File{}, err
	}
	file.Size, file.SHA256, file.State = object.Size, object.SHA256, FileAvailable
	if f.store.Policy().ScanRequired {
		file.State = FileScanning
	}
	result, err := f.store.db.NewRaw(`
		UPDATE files SET size = ?, sha256 = ?, state = ? WHERE id = ? AND state = 'uploading'`,
		file.Size, file.SHA256, file.State, file.ID).Exec(ctx)
	if err != nil {
		return File{}, fmt.Errorf("complete file: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return File{}, record.Errorf(record.Conflict, "该附件在上传时已被删除")
	}
	if f.store.watcher != nil {
		f.store.watcher.Uploaded(file.Size)
	}
	return file, nil
}

func (f *Files) checkPixels(ctx context.Context, file File) error {
	if !isImage(file.Type) {
		return nil // nothing of it is fetched
	}
	content, err := f.objects.Get(ctx, file.object, 0, -1)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	return checkPixels(file.Type, content, f.limits.MaxPixels)
}

// Open streams length bytes of a file's content from offset; length < 0 means
// to the end. The caller has found the file by File or FileForStaff, which
// check whose it is, and closes the content.
func (f *Files) Open(ctx context.Context, file File, offset, length int64) (io.ReadCloser, error) {
	if !file.Sendable() {
		return nil, errNotFound
	}
	return f.objects.Get(ctx, file.object, offset, length)
}

// Delete removes a file of the subject that was never submitted. A submitted
// one gives a conflict: it is only superseded.
func (f *Files) Delete(ctx context.Context, subject, id record.ID) error {
	var row fileRow
	err := f.store.inTx(ctx, "delete file", func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Where("state <> ?", FileDeleted).
			For("UPDATE").Scan(ctx)
		if err != nil {
			return missing(err, "read file")
		}
		if row.InUse {
			return record.Errorf(record.Conflict, "该附件已随申报提交，不能删除，可在变更时替换")
		}
		return markDeleted(ctx, tx, id)
	})
	if err != nil {
		return err
	}
	return f.remove(ctx, row.ID, row.Object)
}

// abandon removes a file whose upload failed.
func (f *Files) abandon(ctx context.Context, file File) error {
	if err := markDeleted(ctx, f.store.db, file.ID); err != nil {
		return err
	}
	return f.remove(ctx, file.ID, file.object)
}

func markDeleted(ctx context.Context, db bun.IDB, id record.ID) error {
	_, err := db.NewRaw(`
		UPDATE files SET state = 'deleted', deleted_at = clock_timestamp() WHERE id = ? AND NOT in_use AND state <> 'deleted'`, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark file as deleted: %w", err)
	}
	return nil
}

// remove removes the object of a file that is marked as deleted, and then the
// row: as long as an object may exist, a row knows of it.
func (f *Files) remove(ctx context.Context, id record.ID, object string) error {
	if err := f.objects.Remove(ctx, object); err != nil {
		return err
	}
	if _, err := f.store.db.NewRaw("DELETE FROM files WHERE id = ? AND state = 'deleted'", id).Exec(ctx); err != nil {
		return fmt.Errorf("delete file: %w", err)
	}
	return nil
}

// randomKey is a key in the bucket that tells nothing. Its first characters
// spread the objects over folders.
func randomKey() (string, error) {
	b := make([]byte, 16)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw object key: %w", err)
	}
	text := hex.EncodeToString(b)
	return objectPrefix + text[:2] + "/" + text[2:], nil
}

const objectPrefix = "files/"
