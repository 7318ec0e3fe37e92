package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// SubjectSummary is what the head of a subject's page for staff says.
type SubjectSummary struct {
	Subject    record.Subject
	Registered time.Time
	ProvenAt   time.Time
	ClosedAt   time.Time
	// Profile is its 基本信息; the zero value means never filed.
	Profile record.Record
	Records map[record.Kind]int
	// Files counts the attachments, and FileBytes sums their sizes; those that were
	// never submitted are among them.
	Files     int
	FileBytes int64
}

// SubjectSummary returns what there is of a subject.
func (s *Store) SubjectSummary(ctx context.Context, id record.ID) (SubjectSummary, error) {
	var row subjectRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return SubjectSummary{}, missing(err, "read subject")
	}
	sum := SubjectSummary{Registered: row.CreatedAt, ProvenAt: row.ProvenAt, ClosedAt: row.ClosedAt, Records: map[record.Kind]int{}}
	var err error
	if sum.Subject, err = s.subject(ctx, s.db, &row); err != nil {
		return SubjectSummary{}, err
	}
	var kinds []struct {
		Kind  record.Kind `bun:"kind"`
		Count int         `bun:"count"`
	}
	if err := s.db.NewRaw("SELECT kind, count(*) AS count FROM records WHERE subject = ? GROUP BY kind", id).Scan(ctx, &kinds); err != nil {
		return SubjectSummary{}, fmt.Errorf("count records: %w", err)
	}
	for _, k := range kinds {
		sum.Records[k.Kind] = k.Count
	}
	err = s.db.NewRaw("SELECT count(*), coalesce(sum(size), 0) FROM files WHERE subject = ? AND state <> ?", id, FileDeleted).
		Scan(ctx, &sum.Files, &sum.FileBytes)
	if err != nil {
		return SubjectSummary{}, fmt.Errorf("count files: %w", err)
	}
	if profile := record.ProfileKind(row.Type); sum.Records[profile] > 0 {
		all, err := s.Records(ctx, id, profile)
		if err != nil {
			return SubjectSummary{}, err
		}
		sum.Profile = all[0]
	}
	return sum, nil
}

// SubjectRecord is one line of what a subject filed.
type SubjectRecord struct {
	record.Record

	Review record.ID // that is open, "" for none
}

// SubjectRecords returns a page of the records of a subject, of one kind or of all
// ("" for all), latest change first: at most limit, behind the line of the cursor.
// next is the cursor of the following page, "" where the list ends. A cursor that
// is none starts at the beginning.
func (s *Store) SubjectRecords(ctx context.Context, subject record.ID, kind record.Kind, after string, limit int) (lines []SubjectRecord, next string, err error) {
	var rows []struct {
		recordRow `bun:",extend"`

		Review record.ID `bun:"review"`
	}
	query := s.db.NewSelect().Model(&rows).ColumnExpr("r.*").ColumnExpr(`
		coalesce((SELECT t.id::text FROM review_tasks t WHERE t.record = r.id AND t.closed_at IS NULL), '') AS review`).
		Where("r.subject = ?", subject).Order("r.updated_at DESC", "r.id DESC").Limit(int64(limit) + 1)
	if kind != "" {
		query.Where("r.kind = ?", kind)
	}
	if at, id, ok := readCursor(after, ListRecent); ok {
		query.Where("(r.updated_at, r.id) < (?, ?)", at, id)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, "", fmt.Errorf("list records of subject: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = (&listingRow{Record: last.ID, UpdatedAt: last.UpdatedAt}).cursor(ListRecent)
	}
	for i := range rows {
		lines = append(lines, SubjectRecord{Record: rows[i].record(), Review: rows[i].Review})
	}
	return lines, next, nil
}

// EventsOf selects events of a subject.
type EventsOf string

// The selections.
const (
	EventsOfRecords EventsOf = "records" // what became of filings
	EventsOfStaff   EventsOf = "staff"   // what staff did
)

// eventsOf are the selections in SQL.
var eventsOf = map[EventsOf]string{
	EventsOfRecords: "e.type IN (?2)",
	EventsOfStaff:   "e.role IN (?3)",
}

// SubjectEvent is one line of a subject's history.
type SubjectEvent struct {
	Event

	No     int64     // in the subject's chain
	Record record.ID // "" when it is about none
	Kind   record.Kind
	Title  string
	// Why is the code of the reason that staff chose, and Note what they wrote beside
	// it; "" where none is asked for.
	Why  string
	Note string
}

// SubjectEvents returns what happened to a subject, latest first: at most limit,
// before the event of that number, or from the latest when it is 0. more tells
// that there are earlier ones.
func (s *Store) SubjectEvents(ctx context.Context, subject record.ID, which EventsOf, before int64, limit int) (all []SubjectEvent, more bool, err error) {
	var rows []struct {
		saidEvent `bun:"embed:"`

		No     int64       `bun:"no"`
		Record record.ID   `bun:"record"`
		Kind   record.Kind `bun:"kind"`
		Title  string      `bun:"title"`
		Note   string      `bun:"note"`
	}
	err = s.db.NewRaw("SELECT"+saidColumns+`, e.no, coalesce(e.record::text, '') AS record,
		       coalesce(r.kind, '') AS kind, coalesce(r.title, '') AS title, coalesce(rv.note, pr.note, '') AS note
		FROM events e`+saidJoins+`
		LEFT JOIN records r ON r.id = e.record
		LEFT JOIN reveals rv ON rv.id = (e.data->>'reveal')::uuid
		LEFT JOIN password_resets pr ON pr.id = (e.data->>'reset')::uuid
		WHERE e.chain = ?0 AND (?1 = 0 OR e.no < ?1) AND `+eventsOf[which]+` ORDER BY e.no DESC LIMIT ?4`,
		subject, before, bun.List(record.Moves()), bun.List(record.StaffRoles()), limit+1).Scan(ctx, &rows)
	if err != nil {
		return nil, false, fmt.Errorf("read events of subject: %w", err)
	}
	if more = len(rows) > limit; more {
		rows = rows[:limit]
	}
	for i := range rows {
		r := &rows[i]
		e, err := r.event()
		if err != nil {
			return nil, false, err
		}
		all = append(all, SubjectEvent{Event: e, No: r.No, Record: r.Record, Kind: r.Kind, Title: r.Title, Why: r.text("reason"), Note: r.Note})
	}
	return all, more, nil
}

// sessionsShown bounds the sessions of a subject that are listed.
const sessionsShown = 200

// SubjectSessions lists the sessions of all accounts of a subject that have
// neither ended nor expired, latest seen first. Of their owners only the
// account's id is filled in.
func (s *Store) SubjectSessions(ctx context.Context, subject record.ID, idle time.Duration) ([]Session, error) {
	var rows []sessionRow
	err := s.db.NewRaw(`
		SELECT s.* FROM sessions s JOIN accounts a ON a.id = s.account
		WHERE a.subject = ? AND s.ended_at IS NULL AND s.expires_at > clock_timestamp()
		  AND s.seen_at > clock_timestamp() - ? * interval '1 microsecond'
		ORDER BY s.seen_at DESC, s.id DESC LIMIT ?`, subject, idle.Microseconds(), sessionsShown).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("list sessions of subject: %w", err)
	}
	all := make([]Session, 0, len(rows))
	for i := range rows {
		session := rows[i].session()
		session.Account.ID = rows[i].Account
		all = append(all, session)
	}
	return all, nil
}

// EventSessionEnded is the type of the event that staff ended a session.
const EventSessionEnded = "session_ended"

// EndSubjectSession ends a session of one of a subject's accounts by order of a
// staff member. One that ended already, or is another's, is not found.
func (s *Store) EndSubjectSession(ctx context.Context, by record.Actor, subject, id record.ID) error {
	return s.inTx(ctx, "end session of subject", func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, subject); err != nil {
			return err
		}
		if err := refuseOutside(ctx, tx, by.ID, subject); err != nil {
			return err
		}
		var account record.ID
		var now time.Time
		err := tx.NewRaw(`
			UPDATE sessions SET ended_at = clock_timestamp() FROM accounts a
			WHERE sessions.id = ? AND a.id = sessions.account AND a.subject = ? AND sessions.ended_at IS NULL
			RETURNING a.id, sessions.ended_at`, id, subject).Scan(ctx, &account, &now)
		if err := missing(err, "end session"); err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{
			Chain: subject, Type: EventSessionEnded, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"account": string(account)},
		})
	})
}

// ClaimsOf lists the claims on a subject, latest first, at most limit. Statements
// are left out.
func (s *Store) ClaimsOf(ctx context.Context, subject record.ID, limit int) ([]Claim, error) {
	var rows []claimRow
	err := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Order("opened_at DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list claims on subject: %w", err)
	}
	claims := make([]Claim, 0, len(rows))
	for i := range rows {
		claims = append(claims, rows[i].claim())
	}
	return claims, nil
}

// Awaiting is what of a subject may have a process that runs.
type Awaiting struct {
	Registration bool        // its profile is not in force yet
	Records      []record.ID // under way, the first due first
	Applications []record.ID // open
	Imports      []record.ID // confirmed, and not over
	Exports      []record.ID // asked for, and not built
}

// AwaitingOf returns what of a subject may have a process that runs, at most limit
// of a kind.
func (s *Store) AwaitingOf(ctx context.Context, subject record.ID, limit int) (Awaiting, error) {
	var a Awaiting
	for _, q := range []struct {
		into  *[]record.ID
		query string
	}{
		{&a.Records, "SELECT id FROM records WHERE subject = ? AND filing <> 'none' ORDER BY due_at, id LIMIT ?"},
		{&a.Applications, "SELECT id FROM ca_applications WHERE subject = ? AND closed_at IS NULL ORDER BY id LIMIT ?"},
		{&a.Exports, "SELECT id FROM exports WHERE subject = ? AND ready_at IS NULL AND failed_at IS NULL ORDER BY id LIMIT ?"},
		{&a.Imports, "SELECT id FROM imports WHERE subject = ? AND confirmed_at IS NOT NULL AND ended_at IS NULL ORDER BY id LIMIT ?"},
	} {
		if err := s.db.NewRaw(q.query, subject, limit).Scan(ctx, q.into); err != nil {
			return Awaiting{}, fmt.Errorf("look for what is awaited: %w", err)
		}
	}
	err := s.db.NewRaw(`
		SELECT s.closed_at IS NULL AND NOT EXISTS (SELECT 1 FROM records r
		       WHERE r.subject = s.id AND r.kind IN ('organization', 'person') AND r.in_force > 0)
		FROM subjects s WHERE s.id = ?`, subject).Scan(ctx, &a.Registration)
	return a, missing(err, "look for what is awaited")
}
