package storage_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// drawer is a subject with a draft, and the files of it, in a database and a
// bucket of their own.
type drawer struct {
	*storage.Store
	*storage.Files
	db      *storagetest.Database
	objects *storage.Objects
	subject record.Subject
	account record.ID
	draft   record.ID
}

func newDrawer(t testing.TB, limits storage.FileLimits) *drawer {
	t.Helper()
	d := &drawer{db: storagetest.Fresh(t), objects: storagetest.Bucket(t)}
	d.Store = d.db.Store()
	d.Files = storage.NewFiles(d.Store, d.objects, limits)
	return d.another(t)
}

// another is the drawer of another subject in the same database and bucket.
func (d *drawer) another(t testing.TB) *drawer {
	t.Helper()
	a := *d
	d = &a
	registered := register(t, d.Store, storage.Registration{})
	d.subject, d.account = registered.Subject, registered.Account
	var err error
	d.draft, err = d.StartDraft(t.Context(), d.account, d.subject, record.OrganizationProfile)
	require.NoError(t, err)
	return d
}

func (d *drawer) upload(name string) storage.Upload {
	return storage.Upload{Subject: d.subject.ID, Account: d.account, Record: d.draft, Field: "licence", Name: name}
}

func (d *drawer) put(t testing.TB, name string, content []byte) storage.File {
	t.Helper()
	file, err := d.Upload(t.Context(), d.upload(name), bytes.NewReader(content))
	require.NoError(t, err)
	return file
}

// keep saves a draft whose attachments are the file.
func (d *drawer) keep(t testing.TB, file storage.File) storage.Draft {
	t.Helper()
	draft, err := d.Draft(t.Context(), d.subject.ID, d.draft)
	require.NoError(t, err)
	saved, err := d.SaveDraft(t.Context(), d.subject.ID, d.draft, draft.Version, sample.Organization(d.subject.Code, d.subject.Name, file.Form()))
	require.NoError(t, err)
	return saved
}

func (d *drawer) submit(t testing.TB, draft storage.Draft) error {
	t.Helper()
	_, err := d.Accept(t.Context(), record.Command{
		ID: storage.NewID(), Record: d.draft, Subject: d.subject.ID, Move: record.Submit, Draft: draft.Version,
		Actor: record.Actor{Role: record.Applicant, ID: d.account, Assurance: record.ByPassword},
	})
	return err
}

// older makes a file look as if it had been uploaded that long ago.
func (d *drawer) older(t testing.TB, id record.ID, by time.Duration) {
	t.Helper()
	_, err := d.db.App.NewRaw("UPDATE files SET created_at = created_at - ? * interval '1 microsecond' WHERE id = ?", by.Microseconds(), id).Exec(t.Context())
	require.NoError(t, err)
}

func (d *drawer) rows(t testing.TB) int {
	t.Helper()
	n, err := d.db.App.NewSelect().Table("files").Count(t.Context())
	require.NoError(t, err)
	return int(n)
}

func (d *drawer) stored(t testing.TB) int {
	t.Helper()
	n := 0
	for _, err := range d.objects.List(t.Context(), "") {
		require.NoError(t, err)
		n++
	}
	return n
}

func (d *drawer) agree(t testing.TB) {
	t.Helper()
	faults, err := d.Files.Verify(t.Context(), true)
	require.NoError(t, err)
	require.Empty(t, faults)
}

func (d *drawer) content(t testing.TB, file storage.File) []byte {
	t.Helper()
	reader, err := d.Open(t.Context(), file, 0, -1)
	require.NoError(t, err)
	defer func() { require.NoError(t, reader.Close()) }()
	all, err := io.ReadAll(reader)
	require.NoError(t, err)
	return all
}

func pdf(size int) []byte {
	return append([]byte("%PDF-1.7\n"), bytes.Repeat([]byte("0 obj\n"), size/6)...)
}

func picture() image.Image {
	m := image.NewGray(image.Rect(0, 0, 40, 30))
	m.SetGray(3, 3, color.Gray{Y: 200})
	return m
}

func pngImage(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, picture()))
	return b.Bytes()
}

func jpegImage(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, picture(), nil))
	return b.Bytes()
}

// bomb is a PNG of a few bytes that says it has that many pixels.
func bomb(width, height uint32) []byte {
	header := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(header[4:], width)
	binary.BigEndian.PutUint32(header[8:], height)
	header[12] = 8
	b := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	b = append(b, header...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(header))
}

func TestU1TypeIsToldByContentAndName(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	for _, row := range []struct {
		name    string
		content []byte
		media   string
		message string
	}{
		{"执照.pdf", pdf(4000), "application/pdf", ""},
		{"执照.PDF", pdf(10), "application/pdf", ""},
		{"身份证.jpg", jpegImage(t), "image/jpeg", ""},
		{"身份证.JPEG", jpegImage(t), "image/jpeg", ""},
		{"印章.png", pngImage(t), "image/png", ""},
		{"改名.jpg", pdf(4000), "", "扩展名是 .jpg，内容却是 PDF"},
		{"改名.png", jpegImage(t), "", "扩展名是 .png，内容却是 JPG"},
		{"改名.pdf", pngImage(t), "", "扩展名是 .pdf，内容却是 PNG"},
		{"网页.pdf", []byte("<html><script>alert(1)</script>"), "", "内容却不是 PDF"},
		{"程序.jpg", []byte("MZ\x90\x00this is no picture"), "", "内容却不是 JPG"},
		{"文档.docx", []byte("PK\x03\x04"), "", "只能上传 PDF、JPG、PNG"},
		{"矢量.svg", []byte("<svg/>"), "", "只能上传"},
		{"无扩展名", pdf(10), "", "只能上传"},
		{"双重.pdf.exe", pdf(10), "", "只能上传"},
		{"空.pdf", nil, "", "文件是空的"},
		{"U2 bomb.png", bomb(60_000, 60_000), "", "尺寸过大（60000 × 60000 像素）"},
		{"U2 wide.png", bomb(1<<31-1, 1<<31-1), "", "尺寸过大|已损坏"},
		{"cut.png", pngImage(t)[:20], "", "已损坏"},
		{"cut.jpg", jpegImage(t)[:30], "", "已损坏"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := d.rows(t)
			file, err := d.Upload(t.Context(), d.upload(row.name), bytes.NewReader(row.content))
			if row.message != "" {
				require.Equal(t, record.Invalid, record.CodeOf(err), "%v", err)
				require.Regexp(t, row.message, err.Error())
				require.Equal(t, before, d.rows(t), "what is refused leaves nothing behind")
				return
			}
			require.NoError(t, err)
			require.Equal(t, row.media, file.Type)
			require.Equal(t, row.name, file.Name)
			require.Equal(t, hashOf(row.content), file.SHA256)
			require.EqualValues(t, len(row.content), file.Size)
			require.Equal(t, storage.FileAvailable, file.State)
			require.False(t, file.Scanned, "nobody scanned it, and it does not say so")
			require.Equal(t, row.content, d.content(t, file))
		})
	}
	d.agree(t)
	require.Equal(t, d.rows(t), d.stored(t))
}

func TestFileOf21MiBIsRefusedAndOf20Kept(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	_, err := d.Upload(t.Context(), d.upload("大.pdf"), bytes.NewReader(pdf(21*mebibyte)))
	require.Equal(t, record.Invalid, record.CodeOf(err))
	require.ErrorContains(t, err, "超过 20 MB")
	require.Zero(t, d.rows(t))
	require.Zero(t, d.stored(t))
	exact := pdf(20 * mebibyte)[:20*mebibyte-1]
	require.EqualValues(t, len(exact), d.put(t, "可.pdf", exact).Size)
}

func TestU6QuotaHoldsForUploadsAtTheSameTime(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{MaxSize: mebibyte, Quota: 4 * mebibyte})
	var refused, kept int
	var mutex sync.Mutex
	var race sync.WaitGroup
	for range 12 {
		race.Go(func() {
			_, err := d.Upload(t.Context(), d.upload("a.pdf"), bytes.NewReader(pdf(mebibyte-100)))
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				kept++
				return
			}
			require.Equal(t, record.TooMany, record.CodeOf(err), "%v", err)
			refused++
		})
	}
	race.Wait()
	require.Equal(t, 4, kept)
	require.Equal(t, 8, refused)

	files, err := d.FilesOf(t.Context(), d.subject.ID, d.draft)
	require.NoError(t, err)
	require.NoError(t, d.Delete(t.Context(), d.subject.ID, files[0].ID))
	d.put(t, "again.pdf", pdf(100))
	d.agree(t)

	few := newDrawer(t, storage.FileLimits{MaxLoose: 2})
	few.put(t, "1.pdf", pdf(10))
	few.put(t, "2.pdf", pdf(10))
	_, err = few.Upload(t.Context(), few.upload("3.pdf"), bytes.NewReader(pdf(10)))
	require.Equal(t, record.TooMany, record.CodeOf(err))
}

func TestW17FilesBelongToTheirSubject(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	stranger := register(t, d.Store, storage.Registration{})
	file := d.put(t, "执照.pdf", pdf(100))

	_, err := d.File(ctx, stranger.Subject.ID, file.ID)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	require.Equal(t, record.NotFound, record.CodeOf(d.Delete(ctx, stranger.Subject.ID, file.ID)))
	others, err := d.FilesOf(ctx, stranger.Subject.ID, d.draft)
	require.NoError(t, err)
	require.Empty(t, others)
	lookup, err := d.FileLookup(ctx, stranger.Subject.ID, d.draft)
	require.NoError(t, err)
	_, ok := lookup(string(file.ID))
	require.False(t, ok)
	_, err = d.Upload(ctx, storage.Upload{
		Subject: stranger.Subject.ID, Account: stranger.Account, Record: d.draft, Field: "licence", Name: "a.pdf",
	}, bytes.NewReader(pdf(10)))
	require.Equal(t, record.NotFound, record.CodeOf(err), "into another's draft")

	// A stranger's draft that names the file is not accepted.
	theirs, err := d.StartDraft(ctx, stranger.Account, stranger.Subject, record.OrganizationProfile)
	require.NoError(t, err)
	saved, err := d.SaveDraft(ctx, stranger.Subject.ID, theirs, 1, sample.Organization(stranger.Subject.Code, stranger.Subject.Name, file.Form()))
	require.NoError(t, err)
	_, err = d.Accept(ctx, record.Command{
		ID: storage.NewID(), Record: theirs, Subject: stranger.Subject.ID, Move: record.Submit, Draft: saved.Version,
		Actor: record.Actor{Role: record.Applicant, ID: stranger.Account, Assurance: record.ByPassword},
	})
	require.Equal(t, record.Invalid, record.CodeOf(err))

	mine, err := d.File(ctx, d.subject.ID, file.ID)
	require.NoError(t, err)
	require.False(t, mine.InUse)
	lookup, err = d.FileLookup(ctx, d.subject.ID, d.draft)
	require.NoError(t, err)
	found, ok := lookup(string(file.ID))
	require.True(t, ok)
	require.Equal(t, form.File{ID: string(file.ID), Name: "执照.pdf", SHA256: file.SHA256, Type: "application/pdf", Size: file.Size}, found)
}

func TestSubmittedFileIsShownToStaffAndNeverDeleted(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	file := d.put(t, "执照.pdf", pdf(100))
	loose := d.put(t, "草稿.pdf", pdf(100))
	_, err := d.FileForStaff(ctx, file.ID)
	require.Equal(t, record.NotFound, record.CodeOf(err), "drafts are nobody's business")

	require.NoError(t, d.submit(t, d.keep(t, file)))
	shown, err := d.FileForStaff(ctx, file.ID)
	require.NoError(t, err)
	require.Equal(t, pdf(100), d.content(t, shown))
	_, err = d.FileForStaff(ctx, loose.ID)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	require.Equal(t, record.Conflict, record.CodeOf(d.Delete(ctx, d.subject.ID, file.ID)))
	_, err = d.Upload(ctx, d.upload("晚.pdf"), bytes.NewReader(pdf(10)))
	require.Equal(t, record.Conflict, record.CodeOf(err), "the draft is frozen")

	d.older(t, file.ID, 1000*time.Hour)
	swept, err := d.Sweep(ctx, 24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, swept)
	require.NoError(t, d.Delete(ctx, d.subject.ID, loose.ID))
	require.Equal(t, record.NotFound, record.CodeOf(d.Delete(ctx, d.subject.ID, loose.ID)))
	d.agree(t)
	require.Equal(t, 1, d.stored(t))
}

// Whatever step the portal dies at, what is left is found, and nothing that is
// not whole can be submitted.
func TestU9DyingAtEachStepLeavesNothingBehind(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	staged, err := d.Stage(ctx, d.upload("staged.pdf"), "application/pdf")
	require.NoError(t, err)
	written, err := d.Stage(ctx, d.upload("written.pdf"), "application/pdf")
	require.NoError(t, err)
	_, err = d.Write(ctx, written, bytes.NewReader(pdf(100)))
	require.NoError(t, err)
	completed := d.put(t, "completed.pdf", pdf(100))
	d.agree(t)

	for _, half := range []storage.File{staged, written} {
		half.Size, half.SHA256 = completed.Size, completed.SHA256 // as a forged form would have it
		require.Equal(t, record.Invalid, record.CodeOf(d.submit(t, d.keep(t, half))))
		_, err := d.Open(ctx, half, 0, -1)
		require.Equal(t, record.NotFound, record.CodeOf(err))
	}
	d.keep(t, completed)

	swept, err := d.Sweep(ctx, 24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, swept, "uploads may be under way")
	for _, f := range []storage.File{staged, written, completed} {
		d.older(t, f.ID, 25*time.Hour)
	}
	swept, err = d.Sweep(ctx, 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, storage.FileSweep{Orphans: 2}, swept, "the completed one is in the draft")
	require.Equal(t, 1, d.rows(t))
	require.Equal(t, 1, d.stored(t))

	_, err = d.Complete(ctx, written, storage.Object{})
	require.Error(t, err, "who wakes up late completes nothing")

	// Dying between marking and removing: the next sweep finishes it.
	_, err = d.db.App.NewRaw("UPDATE files SET state = 'deleted', deleted_at = now() - interval '1 hour' WHERE id = ?", completed.ID).Exec(ctx)
	require.NoError(t, err)
	swept, err = d.Sweep(ctx, 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, storage.FileSweep{Finished: 1}, swept)
	require.Zero(t, d.rows(t))
	require.Zero(t, d.stored(t))
}

func TestUploadThatBreaksLeavesNothingBehind(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	gone := errors.New("connection reset")
	for _, size := range []int{10, 5000, 6 * mebibyte} {
		_, err := d.Upload(t.Context(), d.upload("a.pdf"), io.MultiReader(bytes.NewReader(pdf(size)), iotest.ErrReader(gone)))
		require.ErrorIs(t, err, gone)
		require.Zero(t, d.rows(t))
		require.Zero(t, d.stored(t))
	}
}

// A file that a draft begins to refer to while it is swept is either submitted
// and kept, or swept and the submit told to upload it again. Never both.
func TestU10SweepNeverRacesASubmit(t *testing.T) {
	all := newDrawer(t, storage.FileLimits{})
	for range 20 {
		d := all.another(t)
		file := d.put(t, "执照.pdf", pdf(100))
		d.older(t, file.ID, 25*time.Hour)
		var submitted error
		var race sync.WaitGroup
		race.Go(func() { submitted = d.submit(t, d.keep(t, file)) })
		race.Go(func() {
			_, err := d.Sweep(t.Context(), 24*time.Hour)
			require.NoError(t, err)
		})
		race.Wait()
		kept, err := d.File(t.Context(), d.subject.ID, file.ID)
		if submitted == nil {
			require.NoError(t, err)
			require.True(t, kept.InUse)
			require.Equal(t, pdf(100), d.content(t, kept))
		} else {
			require.Equal(t, record.Invalid, record.CodeOf(submitted), "%v", submitted)
			require.ErrorContains(t, submitted, "请重新上传")
			require.Equal(t, record.NotFound, record.CodeOf(err))
		}
		d.agree(t)
	}
}

// The moment between the lock and the commit of a submit.
func TestU10SweepPassesByWhatASubmitHolds(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	file := d.put(t, "执照.pdf", pdf(100))
	d.older(t, file.ID, 25*time.Hour)
	tx, err := d.db.App.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.NewRaw("UPDATE files SET in_use = true WHERE id = ?", file.ID).Exec(t.Context())
	require.NoError(t, err)
	swept, err := d.Sweep(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, swept)
	require.NoError(t, tx.Rollback())
	swept, err = d.Sweep(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, swept.Orphans, "which did not commit: now it is an orphan")
}

func TestU10FileInASavedDraftIsNeverSwept(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	file := d.put(t, "执照.pdf", pdf(100))
	d.older(t, file.ID, 1000*time.Hour)
	draft := d.keep(t, file)
	var submitted error
	var race sync.WaitGroup
	for range 3 {
		race.Go(func() {
			_, err := d.Sweep(t.Context(), 24*time.Hour)
			require.NoError(t, err)
		})
	}
	race.Go(func() { submitted = d.submit(t, draft) })
	race.Wait()
	require.NoError(t, submitted)
	d.agree(t)
	require.Equal(t, 1, d.stored(t))
}

func TestU11FlippedByteIsFound(t *testing.T) {
	d := newDrawer(t, storage.FileLimits{})
	ctx := t.Context()
	good := d.put(t, "good.pdf", pdf(100))
	flipped := d.put(t, "flipped.pdf", pdf(200))
	gone := d.put(t, "gone.pdf", pdf(300))
	d.agree(t)
	keys := map[int64]string{}
	for object, err := range d.objects.List(ctx, "") {
		require.NoError(t, err)
		keys[object.Size] = object.Key
	}
	content := pdf(200)
	content[100] ^= 1
	_, err := d.objects.Put(ctx, keys[flipped.Size], bytes.NewReader(content), mebibyte, "application/pdf")
	require.NoError(t, err)
	require.NoError(t, d.objects.Remove(ctx, keys[gone.Size]))
	_, err = d.objects.Put(ctx, "files/zz/stray", strings.NewReader("x"), 10, "application/pdf")
	require.NoError(t, err)

	for id, want := range map[record.ID]string{good.ID: "", flipped.ID: "SHA-256 differs", gone.ID: "is gone"} {
		fault, err := d.Audit(ctx, id)
		require.NoError(t, err)
		if want == "" {
			require.Empty(t, fault)
		} else {
			require.Contains(t, fault, want)
		}
	}
	t.Run("I4 by the audit in small steps", func(t *testing.T) {
		var found []string
		after, steps := record.ID(""), 0
		for {
			faults, next, err := d.AuditNext(ctx, after, 2)
			require.NoError(t, err)
			for _, f := range faults {
				found = append(found, f.ID)
			}
			steps++
			if after = next; next == "" {
				break
			}
		}
		require.Equal(t, 2, steps)
		require.Equal(t, []string{string(flipped.ID), string(gone.ID)}, found)
	})
	t.Run("I4 by verification", func(t *testing.T) {
		quick, err := d.Files.Verify(ctx, false)
		require.NoError(t, err)
		require.Len(t, quick, 2, "rows against the list: the lost one and the stray")
		full, err := d.Files.Verify(ctx, true)
		require.NoError(t, err)
		require.Len(t, full, 3)
		for _, f := range full {
			require.Equal(t, "I4", f.Invariant)
		}
	})
}
