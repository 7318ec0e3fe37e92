package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// FileState is where an attachment stands.
type FileState string

// The states of an attachment.
const (
	FileUploading FileState = "uploading" // the row exists, its content may not
	FileScanning  FileState = "scanning"  // whole; waits for its virus scan
	FileAvailable FileState = "available" // whole; scanned tells whether a scan took place
	FileRefused   FileState = "refused"   // the virus scan found something; sent to nobody
	FileDeleted   FileState = "deleted"   // its object is being removed, then the row
	FileLost      FileState = "lost"      // its object is gone though nobody removed it; the subject was told
)

// File is an attachment: a row here, its content in the object store.
type File struct {
	ID        record.ID
	Subject   record.ID
	Record    record.ID // of the draft it was uploaded for
	Field     string
	Name      string // as the uploader calls it, made safe by CleanFileName
	Type      string // media type
	Size      int64  // bytes
	SHA256    string // hex
	State     FileState
	Scanned   bool
	Virus     string // what the virus scan found in a refused one
	InUse     bool   // part of a command or version: kept for ever
	CreatedAt time.Time

	object string
}

// Sendable reports whether the content may go to those who may see the file: it
// is whole, and the virus scan has found nothing in it.
func (f File) Sendable() bool { return f.State == FileScanning || f.State == FileAvailable }

// Form is how a document refers to the file.
func (f File) Form() form.File {
	return form.File{ID: string(f.ID), Name: f.Name, SHA256: f.SHA256, Type: f.Type, Size: f.Size}
}

type fileRow struct {
	bun.BaseModel `bun:"table:files,alias:f"`

	ID        record.ID `bun:"id,pk"`
	Subject   record.ID `bun:"subject"`
	Account   record.ID `bun:"account"`
	Record    record.ID `bun:"record"`
	Field     string    `bun:"field"`
	Name      string    `bun:"name"`
	Type      string    `bun:"type"`
	Size      int64     `bun:"size"`
	SHA256    string    `bun:"sha256"`
	Object    string    `bun:"object"`
	State     FileState `bun:"state"`
	Scanned   bool      `bun:"scanned"`
	Virus     string    `bun:"virus"`
	InUse     bool      `bun:"in_use"`
	CreatedAt time.Time `bun:"created_at,nullzero"`
	DeletedAt time.Time `bun:"deleted_at,nullzero"`
	ScannedAt time.Time `bun:"scanned_at,nullzero"`
	ScanUntil time.Time `bun:"scan_until,nullzero"` // held by a worker, or resting after a fault
	ScanTries int       `bun:"scan_tries"`          // scans that came to nothing
}

func (r *fileRow) file() File {
	return File{
		ID: r.ID, Subject: r.Subject, Record: r.Record, Field: r.Field, Name: r.Name, Type: r.Type, Size: r.Size, SHA256: r.SHA256,
		State: r.State, Scanned: r.Scanned, Virus: r.Virus, InUse: r.InUse, CreatedAt: r.CreatedAt, object: r.Object,
	}
}

// File returns an attachment of the subject, whole or not. A deleted one, and
// another subject's, is not found.
func (s *Store) File(ctx context.Context, subject, id record.ID) (File, error) {
	var row fileRow
	err := s.db.NewSelect().Model(&row).Where("id = ?", id).Where("subject = ?", subject).Where("state <> ?", FileDeleted).Scan(ctx)
	if err != nil {
		return File{}, missing(err, "read file")
	}
	return row.file(), nil
}

// FileForStaff returns an attachment that was submitted: staff see nothing of
// drafts, nor of submissions that were refused. Where policy asks for virus
// scans, one that waits for its own gives a conflict.
func (s *Store) FileForStaff(ctx context.Context, id record.ID) (File, error) {
	var row fileRow
	err := s.db.NewSelect().Model(&row).Where("f.id = ?", id).Where("f.in_use").Where("f.state <> ?", FileDeleted).
		Where("EXISTS (SELECT 1 FROM commands c WHERE c.subject = f.subject AND f.id = ANY (c.files) AND c.applied IS NOT FALSE)").
		Scan(ctx)
	if err != nil {
		return File{}, missing(err, "read file for staff")
	}
	if s.Policy().ScanRequired && !row.Scanned {
		return File{}, record.Errorf(record.Conflict, "该附件正在等待病毒扫描，扫描完成后才能查看，请稍后再试")
	}
	return row.file(), nil
}

// FilesOf lists the whole attachments that the subject uploaded for a record,
// in the order of uploading, whether or not the draft refers to them.
func (s *Store) FilesOf(ctx context.Context, subject, id record.ID) ([]File, error) {
	var rows []fileRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("record = ?", id).
		Where("state IN (?)", bun.List([]FileState{FileAvailable, FileScanning, FileRefused})).Order("id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	files := make([]File, 0, len(rows))
	for i := range rows {
		files = append(files, rows[i].file())
	}
	return files, nil
}

// FileLookup returns the function by which a posted form finds its attachments:
// those that the subject uploaded for the record, and those that the draft had
// from the version that it changes. A refused one stays in the draft, so that
// the person sees it and takes it out; Accept does not take it.
func (s *Store) FileLookup(ctx context.Context, subject, id record.ID) (func(id string) (form.File, bool), error) {
	files, err := s.FilesOf(ctx, subject, id)
	if err != nil {
		return nil, err
	}
	known := make(map[string]form.File, len(files))
	for _, f := range files {
		known[string(f.ID)] = f.Form()
	}
	return func(id string) (form.File, bool) {
		f, ok := known[id]
		return f, ok
	}, nil
}

// markFilesInUse freezes attachments into a command: they exist, belong to the
// subject, are whole, and are never deleted from here on. A file that is being
// deleted or swept at this moment is waited for. scanned asks that none waits
// for its virus scan: nobody will look at what they are filed with.
func markFilesInUse(ctx context.Context, tx bun.Tx, subject record.ID, ids []string, scanned bool) error {
	if len(ids) == 0 {
		return nil
	}
	for _, id := range ids {
		if !ValidID(id) {
			return errFileGone
		}
	}
	var rows []fileRow
	err := tx.NewRaw(`
		UPDATE files SET in_use = true
		WHERE id IN (?) AND subject = ? AND state IN ('available', 'scanning', 'refused') RETURNING id, name, state, scanned`,
		bun.List(ids), subject).Scan(ctx, &rows)
	if err != nil {
		return fmt.Errorf("mark files in use: %w", err)
	}
	known := map[string]bool{}
	for i := range rows {
		known[string(rows[i].ID)] = true
		switch {
		case rows[i].State == FileRefused:
			return record.Errorf(record.Invalid, "附件「"+rows[i].Name+"」未通过病毒扫描，请删除后重新上传")
		case scanned && !rows[i].Scanned:
			return record.Errorf(record.Conflict, "附件正在进行病毒扫描，请稍候片刻再提交")
		}
	}
	for _, id := range ids {
		if !known[id] {
			return errFileGone
		}
	}
	return nil
}

var errFileGone = record.Errorf(record.Invalid, "有附件已失效，请重新上传")

// is reports whether a document's reference is to this file.
func (r *fileRow) is(reference form.File) bool { return reference.ID == string(r.ID) }
