package storage

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// changeRow is an entry of the feed. A trigger writes it in the transaction of its
// event (see the migration); number gives it its place.
type changeRow struct {
	bun.BaseModel `bun:"table:changes,alias:n"`

	ID      record.ID         `bun:"id"`
	No      int64             `bun:"no"`
	Code    string            `bun:"code"`
	Type    record.ChangeType `bun:"type"`
	Kind    record.Kind       `bun:"kind"`
	Record  record.ID         `bun:"record,nullzero"`
	Version int               `bun:"version"`
	At      time.Time         `bun:"at"`
}

func (r *changeRow) change() record.Change {
	return record.Change{
		ID: r.ID, Code: r.Code, Type: r.Type, Kind: r.Kind, Record: r.Record, Version: r.Version, At: r.At.UTC(),
	}
}

// feedLock is the advisory lock under which changes get their numbers.
const feedLock = 7315640001

// number gives every committed change its place in the feed. Transactions commit
// in another order than they began, so that a number drawn inside of them could
// become visible after a greater one. Here one transaction at a time numbers what
// is committed: whoever sees a number sees all before it, for ever. The changes of
// one subject keep their order, since its chain let them commit in no other.
func (s *Store) number(ctx context.Context) error {
	var waiting bool
	if err := s.db.NewRaw("SELECT EXISTS (SELECT 1 FROM changes WHERE no IS NULL)").Scan(ctx, &waiting); err != nil {
		return fmt.Errorf("look for changes without a number: %w", err)
	}
	if !waiting {
		return nil
	}
	return s.inTx(ctx, "number changes", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", feedLock).Exec(ctx); err != nil {
			return fmt.Errorf("lock feed: %w", err)
		}
		// The statement after the lock sees what was committed when it was got.
		_, err := tx.NewRaw(`
			WITH waiting AS (
				SELECT subject, event, max(at) OVER (PARTITION BY subject ORDER BY event) AS reached FROM changes WHERE no IS NULL),
			placed AS (
				SELECT subject, event, row_number() OVER (ORDER BY reached, subject, event) AS place FROM waiting)
			UPDATE changes SET no = placed.place + (SELECT coalesce(max(no), 0) FROM changes)
			FROM placed WHERE changes.subject = placed.subject AND changes.event = placed.event`).Exec(ctx)
		if err != nil {
			return fmt.Errorf("number changes: %w", err)
		}
		return nil
	})
}

// lastChange is the greatest number of the feed.
func lastChange(ctx context.Context, db bun.IDB) (int64, error) {
	var last int64
	if err := db.NewRaw("SELECT coalesce(max(no), 0) FROM changes").Scan(ctx, &last); err != nil {
		return 0, fmt.Errorf("read the end of the feed: %w", err)
	}
	return last, nil
}

// ChangePage is a stretch of the feed.
type ChangePage struct {
	Changes []record.Change
	// Next is where to go on: behind the last change of the page, or where the
	// question stood if there was none.
	Next string
	// More tells that there are further ones already.
	More bool
}

// Changes returns up to limit changes behind a cursor, in their order; the cursor
// "" is the beginning. A cursor that this feed did not give, or not before it was
// restored from a backup, is record.Invalid.
func (s *Store) Changes(ctx context.Context, after string, limit int) (ChangePage, error) {
	from, ok := readChangeCursor(after)
	if !ok {
		return ChangePage{}, errCursor
	}
	if err := s.number(ctx); err != nil {
		return ChangePage{}, err
	}
	last, err := lastChange(ctx, s.db)
	if err != nil {
		return ChangePage{}, err
	}
	if from > last {
		return ChangePage{}, errCursor
	}
	var rows []changeRow
	err = s.db.NewSelect().Model(&rows).Where("no > ?", from).Where("no <= ?", last).Order("no").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return ChangePage{}, fmt.Errorf("read feed: %w", err)
	}
	page := ChangePage{Next: changeCursor(from)}
	for i := range rows {
		page.Changes = append(page.Changes, rows[i].change())
	}
	if n := len(rows); n > 0 {
		page.Next, page.More = changeCursor(rows[n-1].No), rows[n-1].No < last
	}
	return page, nil
}

var errCursor = record.Errorf(record.Invalid, "游标不是本系统给出的，请从头读取，或核对保存的游标")

// feedMark leads a number inside a cursor, so that another shape can follow one
// day and still be told apart.
const feedMark = "feed1:"

// changeCursor names the place behind a change. Its text is nobody's business.
func changeCursor(no int64) string {
	return base64.RawURLEncoding.EncodeToString([]byte(feedMark + strconv.FormatInt(no, 10)))
}

func readChangeCursor(cursor string) (no int64, ok bool) {
	if cursor == "" {
		return 0, true
	}
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	digits, marked := strings.CutPrefix(string(text), feedMark)
	if err != nil || !marked {
		return 0, false
	}
	no, err = strconv.ParseInt(digits, 10, 64)
	return no, err == nil && no >= 0 && changeCursor(no) == cursor
}
