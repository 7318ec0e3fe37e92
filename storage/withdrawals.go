package storage

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"unireg/record"
)

// Withdrawal is what a subject took back by itself, or put back in force:
// without a review, so that staff look at it afterwards.
type Withdrawal struct {
	Subject record.ID
	Record  record.ID
	Kind    record.Kind
	Title   string
	Move    record.Move // void, restore or release
	Reason  string
	At      time.Time
	State   record.State // of the record today

	no int64
}

// WithdrawalQuery asks for one page of what subjects took back.
type WithdrawalQuery struct {
	Kind   record.Kind // "" for all
	After  string      // cursor of the line before the page; "" from the newest
	Before string      // cursor of the line behind the page, when going back
	Limit  int
}

// WithdrawalPage is one page. The cursors are "" where the list ends.
type WithdrawalPage struct {
	Lines    []Withdrawal
	Next     string
	Previous string
}

// Withdrawals returns one page of what subjects took back, newest first. A
// cursor that is none starts at the beginning.
func (s *Store) Withdrawals(ctx context.Context, q WithdrawalQuery) (WithdrawalPage, error) {
	at, chain, no, backwards := readEventCursor(q.Before)
	if !backwards {
		var ok bool
		if at, chain, no, ok = readEventCursor(q.After); !ok {
			q.After = ""
		}
	}
	order, place := "e.at DESC, e.chain, e.no", "e.at <= ?1 AND (e.at < ?1 OR (e.chain, e.no) > (?2, ?3))"
	if backwards {
		order, place = "e.at, e.chain DESC, e.no DESC", "e.at >= ?1 AND (e.at > ?1 OR (e.chain, e.no) < (?2, ?3))"
	}
	if q.After == "" && !backwards {
		place = "true"
	}
	var rows []struct {
		Withdrawal
		No       int64           `bun:"no"`
		Standing record.Standing `bun:"standing"`
		Filing   record.Filing   `bun:"filing"`
	}
	err := s.db.NewRaw(`
		SELECT e.chain AS subject, e.no, e.record, e.type AS move, e.at, r.kind, r.title, r.standing, r.filing, coalesce(c.reason, '') AS reason
		FROM events e JOIN records r ON r.id = e.record LEFT JOIN commands c ON c.id = e.command
		WHERE e.type IN ('void', 'restore', 'release') AND (?0 = '' OR r.kind = ?0) AND `+place+`
		ORDER BY `+order+` LIMIT ?4`, q.Kind, at, chain, no, q.Limit+1).Scan(ctx, &rows)
	if err != nil {
		return WithdrawalPage{}, fmt.Errorf("list withdrawals: %w", err)
	}
	more := len(rows) > q.Limit
	if more {
		rows = rows[:q.Limit]
	}
	if backwards {
		slices.Reverse(rows)
	}
	var page WithdrawalPage
	for _, r := range rows {
		r.no, r.State = r.No, record.State{Standing: r.Standing, Filing: r.Filing}
		page.Lines = append(page.Lines, r.Withdrawal)
	}
	if n := len(page.Lines); n > 0 {
		if backwards || more {
			page.Next = page.Lines[n-1].cursor()
		}
		if q.After != "" || backwards && more {
			page.Previous = page.Lines[0].cursor()
		}
	}
	return page, nil
}

// cursor names a line's place.
func (w Withdrawal) cursor() string { return eventCursor(w.At, w.Subject, w.no) }

// eventCursor names the place of an event in a list by time.
func eventCursor(at time.Time, chain record.ID, no int64) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%s %s %d", at.UTC().Format(time.RFC3339Nano), chain, no))
}

func readEventCursor(cursor string) (at time.Time, chain record.ID, no int64, ok bool) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Split(string(text), " ")
	if err != nil || len(parts) != 3 || !ValidID(parts[1]) {
		return time.Time{}, systemChain, 0, false
	}
	at, err = time.Parse(time.RFC3339Nano, parts[0])
	if err != nil {
		return time.Time{}, systemChain, 0, false
	}
	no, err = strconv.ParseInt(parts[2], 10, 64)
	return at, record.ID(parts[1]), no, err == nil
}

// RecordForStaff returns a record that was filed, and whose it is.
func (s *Store) RecordForStaff(ctx context.Context, id record.ID) (record.Record, record.Subject, error) {
	var owner record.ID
	if err := s.db.NewRaw("SELECT subject FROM records WHERE id = ?", id).Scan(ctx, &owner); err != nil {
		return record.Record{}, record.Subject{}, missing(err, "read record for staff")
	}
	found, err := s.Record(ctx, owner, id)
	if err != nil {
		return record.Record{}, record.Subject{}, err
	}
	subject, err := s.Subject(ctx, owner)
	return found, subject, err
}
