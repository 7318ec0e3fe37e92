package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// LogEntry is one line of the log of what staff did. It holds ids, enum names and
// numbers; what was written or filed is not in it.
type LogEntry struct {
	At     time.Time
	Type   string // a move, or what else happened
	Role   record.Role
	Actor  record.ID // "" for the system and the command line
	Record record.ID // "" where it is about none
	Kind   record.Kind
	// Subject is whose record it is, or about whom it is without one; "" for none.
	Subject record.ID
	Data    map[string]any

	chain record.ID
	no    int64
}

// Text is one of the entry's data, "" if there is none of that name.
func (e LogEntry) Text(name string) string {
	text, _ := e.Data[name].(string)
	return text
}

// Scope is the scope of a staff member that the entry tells, "before_" being the
// prefix of the one before. Without one the role is "".
func (e LogEntry) Scope(prefix string) record.Scope {
	scope := record.Scope{Role: record.Role(e.Text(prefix + "role")), Regions: e.list(prefix + "regions")}
	for _, kind := range e.list(prefix + "kinds") {
		scope.Kinds = append(scope.Kinds, record.Kind(kind))
	}
	return scope
}

func (e LogEntry) list(name string) []string {
	var texts []string
	all, _ := e.Data[name].([]any)
	for _, one := range all {
		if text, ok := one.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// LogQuery asks for one page of the log, newest first. Zero values mean
// everything.
type LogQuery struct {
	Staff  record.ID // what they did, and what was done to them
	Types  []string
	From   time.Time // inclusive
	Until  time.Time // exclusive
	After  string    // cursor of the line before the page; "" from the newest
	Before string    // cursor of the line behind the page, when going back
	Limit  int
}

// LogPage is one page. The cursors are "" where the log ends.
type LogPage struct {
	Entries  []LogEntry
	Next     string
	Previous string
}

// The parts of the log, each an ordered stretch of an index: what staff did and
// what belongs to no subject, and what was done to a member by others. The words
// of the first are those of the index.
const (
	logOfStaff = `
		SELECT e.* FROM events e
		WHERE (role IN ('reviewer', 'confirmer', 'supervisor') OR chain = '00000000-0000-0000-0000-000000000000')
		  AND (?0::uuid IS NULL OR e.actor = ?0) AND (?1 OR e.type IN (?2)) AND e.at >= ?3 AND e.at < ?4`
	logAboutStaff = `
		SELECT e.* FROM events e
		WHERE e.chain = '00000000-0000-0000-0000-000000000000' AND e.data->>'staff' = ?0::text AND e.actor IS DISTINCT FROM ?0
		  AND (?1 OR e.type IN (?2)) AND e.at >= ?3 AND e.at < ?4`
)

// forEver is later than anything that happens.
var forEver = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// StaffLog returns one page of what staff did to records, and of what happened
// in the chain of what has no subject. A cursor that is none starts at the
// beginning.
func (s *Store) StaffLog(ctx context.Context, q LogQuery) (LogPage, error) {
	at, chain, no, backwards := readEventCursor(q.Before)
	if !backwards {
		var ok bool
		if at, chain, no, ok = readEventCursor(q.After); !ok {
			q.After = ""
		}
	}
	direction, beyond := " DESC", " < "
	if backwards {
		direction, beyond = "", " > "
	}
	part := func(source string) string {
		if q.After != "" || backwards {
			source += " AND (e.at, e.chain, e.no)" + beyond + "(?5, ?6, ?7)"
		}
		return "(" + source + " ORDER BY e.at" + direction + ", e.chain" + direction + ", e.no" + direction + " LIMIT ?8)"
	}
	parts := part(logOfStaff)
	if q.Staff != "" {
		parts += " UNION ALL " + part(logAboutStaff)
	}
	if q.Until.IsZero() {
		q.Until = forEver
	}
	var rows []struct {
		At      time.Time       `bun:"at"`
		Chain   record.ID       `bun:"chain"`
		No      int64           `bun:"no"`
		Type    string          `bun:"type"`
		Role    record.Role     `bun:"role"`
		Actor   record.ID       `bun:"actor"`
		Record  record.ID       `bun:"record"`
		Kind    record.Kind     `bun:"kind"`
		Subject record.ID       `bun:"subject"`
		Data    json.RawMessage `bun:"data"`
	}
	err := s.db.NewRaw(`
		SELECT l.at, l.chain, l.no, l.type, l.role, coalesce(l.actor::text, '') AS actor, coalesce(r.id::text, '') AS record, l.data,
		       coalesce(r.kind, '') AS kind, coalesce(r.subject::text, s.id::text, '') AS subject
		FROM (`+parts+`) l
		LEFT JOIN records r ON r.id = l.record LEFT JOIN subjects s ON s.id = l.chain
		ORDER BY l.at`+direction+`, l.chain`+direction+`, l.no`+direction+` LIMIT ?8`,
		nullID(q.Staff), len(q.Types) == 0, bun.List(append([]string{""}, q.Types...)), q.From, q.Until, at, chain, no, q.Limit+1).
		Scan(ctx, &rows)
	if err != nil {
		return LogPage{}, fmt.Errorf("read staff log: %w", err)
	}
	more := len(rows) > q.Limit
	if more {
		rows = rows[:q.Limit]
	}
	if backwards {
		slices.Reverse(rows)
	}
	var page LogPage
	for _, r := range rows {
		e := LogEntry{
			At: r.At, Type: r.Type, Role: r.Role, Actor: r.Actor, Record: r.Record, Kind: r.Kind, Subject: r.Subject, chain: r.Chain, no: r.No,
		}
		if err := json.Unmarshal(r.Data, &e.Data); err != nil {
			return LogPage{}, fmt.Errorf("read entry of staff log: %w", err)
		}
		page.Entries = append(page.Entries, e)
	}
	if n := len(page.Entries); n > 0 {
		if backwards || more {
			page.Next = page.Entries[n-1].cursor()
		}
		if q.After != "" || backwards && more {
			page.Previous = page.Entries[0].cursor()
		}
	}
	return page, nil
}

func (e LogEntry) cursor() string { return eventCursor(e.At, e.chain, e.no) }

// StaffNames are the names of all staff, by id.
func (s *Store) StaffNames(ctx context.Context) (map[record.ID]string, error) {
	var rows []struct {
		ID   record.ID `bun:"id"`
		Name string    `bun:"name"`
	}
	if err := s.db.NewRaw("SELECT id, name FROM staff").Scan(ctx, &rows); err != nil {
		return nil, fmt.Errorf("read names of staff: %w", err)
	}
	names := make(map[record.ID]string, len(rows))
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}
