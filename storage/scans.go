package storage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// Scanner tells what a virus scanner finds in a content: the name of it, "" for
// a clean one. An error says nothing about the content.
type Scanner interface {
	Scan(ctx context.Context, content io.Reader) (found string, err error)
}

// Scan is what became of one file.
type Scan struct {
	File    record.ID
	Subject record.ID
	Found   string // "" where it is clean
}

const (
	// scanHold is how long a worker holds a file; scanTime, which is shorter, how
	// long a scan may take.
	scanHold = 6 * time.Minute
	scanTime = 5 * time.Minute
	// scanRest is how long a file rests at most after scans that came to nothing,
	// so that it takes nobody else's place.
	scanRest = time.Minute
	// maxVirus bounds the name of what was found, in bytes.
	maxVirus = 200
)

// ScanNext has one file scanned: the one that waits longest, and when none
// waits one that was taken in while nothing was scanned. It answers nil when
// there is none. Any number of workers may ask at once; each gets another file.
// A worker that dies leaves its file to the others after a while, and a scan
// that fails leaves it waiting: a file is clean only by the scanner's word on
// the very bytes that were taken in.
func (f *Files) ScanNext(ctx context.Context, scanner Scanner) (*Scan, error) {
	row, err := f.holdUnscanned(ctx)
	if row == nil || err != nil {
		return nil, err
	}
	found, err := f.scan(ctx, scanner, row)
	if err != nil {
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTime)
		defer cancel()
		return nil, errors.Join(fmt.Errorf("scan file %s: %w", row.ID, err), f.restUnscanned(after, row.ID))
	}
	if found == "" {
		err = f.pass(ctx, row.ID)
	} else {
		err = f.condemn(ctx, row, cut(found, maxVirus))
	}
	if err != nil {
		return nil, err
	}
	return &Scan{File: row.ID, Subject: row.Subject, Found: found}, nil
}

// holdUnscanned takes a file for a while.
func (f *Files) holdUnscanned(ctx context.Context) (*fileRow, error) {
	var rows []fileRow
	err := f.store.db.NewRaw(`
		UPDATE files SET scan_until = clock_timestamp() + ? * interval '1 microsecond'
		WHERE id = (
			SELECT id FROM files
			WHERE NOT scanned AND state IN ('scanning', 'available') AND (scan_until IS NULL OR scan_until < clock_timestamp())
			ORDER BY state DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED)
		RETURNING id, subject, record, object, sha256`, scanHold.Microseconds()).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("take a file to scan: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // nothing waits, which is the ordinary case
	}
	return &rows[0], nil
}

// scan streams a file to the scanner, and compares what it streamed with what
// was taken in.
func (f *Files) scan(ctx context.Context, scanner Scanner, row *fileRow) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, scanTime)
	defer cancel()
	content, err := f.objects.Get(ctx, row.Object, 0, -1)
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	sum := sha256.New()
	found, err := scanner.Scan(ctx, io.TeeReader(content, sum))
	if err != nil {
		return "", fmt.Errorf("ask the scanner: %w", err)
	}
	if found == "" && hex.EncodeToString(sum.Sum(nil)) != row.SHA256 {
		return "", errors.New("the object is not what was taken in: its SHA-256 differs")
	}
	return found, nil
}

// restUnscanned gives a file back after a scan that came to nothing. It rests
// longer each time.
func (f *Files) restUnscanned(ctx context.Context, id record.ID) error {
	_, err := f.store.db.NewRaw(`
		UPDATE files SET scan_tries = scan_tries + 1,
		       scan_until = clock_timestamp() + least(power(2, least(scan_tries, 20)), ?) * interval '1 second'
		WHERE id = ? AND NOT scanned`, scanRest.Seconds(), id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("give file back: %w", err)
	}
	return nil
}

// pass makes a clean file available. Another worker's word that came first
// stays.
func (f *Files) pass(ctx context.Context, id record.ID) error {
	_, err := f.store.db.NewRaw(`
		UPDATE files SET state = 'available', scanned = true, scanned_at = clock_timestamp(), scan_until = NULL
		WHERE id = ? AND NOT scanned AND state IN ('scanning', 'available')`, id).Exec(ctx)
	if err != nil {
		return fmt.Errorf("note clean file: %w", err)
	}
	return nil
}

// EventFileRefused is the type of the event, and TopicFileRefused the topic of
// the message, that a file leaves in which the scanner found something.
const (
	EventFileRefused = "file_refused"
	TopicFileRefused = "file_refused"
)

// condemn refuses a file, writes it into the subject's chain and tells the
// subject, once. The object stays where it is and is sent to nobody.
func (f *Files) condemn(ctx context.Context, row *fileRow, found string) error {
	return f.store.inTx(ctx, "refuse file", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, row.Subject); err != nil {
			return err
		}
		result, err := tx.NewRaw(`
			UPDATE files SET state = 'refused', virus = ?, scanned = true, scanned_at = clock_timestamp(), scan_until = NULL
			WHERE id = ? AND NOT scanned AND state IN ('scanning', 'available')`, found, row.ID).Exec(ctx)
		if err != nil {
			return fmt.Errorf("note refused file: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err // deleted meanwhile, or another worker was faster
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		if err := f.store.appendEvent(ctx, tx, event{
			Chain: row.Subject, Type: EventFileRefused, Record: row.Record, Role: record.Clock, At: now,
			Data: map[string]any{"file": string(row.ID), "virus": found},
		}); err != nil {
			return err
		}
		return f.store.Notify(ctx, tx, Notification{
			Subject: row.Subject, Topic: TopicFileRefused, Record: row.Record, Data: map[string]string{"file": string(row.ID)},
			Dedup: TopicFileRefused + "/" + string(row.ID),
		})
	})
}

// refuseFiles checks the attachments of what a command would file or put in
// force: none may be refused by the scanner, whatever policy says today, and
// where policy asks for scans none may wait for its own.
func (s *Store) refuseFiles(ctx context.Context, tx bun.Tx, current *filed, command *commandRow, e effect) (record.Refusal, error) {
	var document record.Document
	switch command.Move {
	case record.Submit:
		document = e.submission.document
	case record.Approve, record.Confirm, record.Restore:
		no := current.Submitted
		if command.Move == record.Restore {
			no = current.InForce
		}
		version, err := s.version(ctx, tx, current.ID, no)
		if err != nil {
			return "", err
		}
		document = version.Document
	default:
		return "", nil
	}
	infected, waiting, err := unfit(ctx, tx, document.Form(time.Time{}).Files())
	switch {
	case err != nil:
		return "", err
	case infected:
		return record.RefusedInfected, nil
	case waiting && s.Policy().ScanRequired && (command.Move != record.Submit || e.next.Filing == record.NothingFiled):
		return record.RefusedUnscanned, nil
	}
	return "", nil
}

// unfit reports whether the scanner refused one of the files, and whether one
// waits for it.
func unfit(ctx context.Context, db bun.IDB, files []form.File) (infected, waiting bool, err error) {
	if len(files) == 0 {
		return false, false, nil
	}
	ids := make([]string, 0, len(files))
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	err = db.NewRaw(`
		SELECT count(*) FILTER (WHERE state = 'refused') > 0, count(*) FILTER (WHERE NOT scanned) > 0
		FROM files WHERE id IN (?)`, bun.List(ids)).Scan(ctx, &infected, &waiting)
	if err != nil {
		return false, false, fmt.Errorf("read scan results: %w", err)
	}
	return infected, waiting, nil
}
