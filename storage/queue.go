package storage

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ReviewTask is one line of the queue.
type ReviewTask struct {
	ID           record.ID          `bun:"id"`
	Record       record.ID          `bun:"record"`
	Subject      record.ID          `bun:"subject"`
	SubjectType  record.SubjectType `bun:"subject_type"`
	Name         string             `bun:"name"` // of the subject, on a first 基本信息 the one filed
	Region       string             `bun:"region"`
	Occasion     Occasion           `bun:"occasion"`
	KeyChange    bool               `bun:"key_change"`
	Sampled      bool               `bun:"sampled"` // a second review that chance asked for
	Kind         record.Kind        `bun:"kind"`
	Version      int                `bun:"version"`
	Second       bool               `bun:"second"`
	Title        string             `bun:"title"`
	Assurance    record.Assurance   `bun:"assurance"`
	OpenedAt     time.Time          `bun:"opened_at"`
	DueAt        time.Time          `bun:"due_at"`
	EscalatedAt  time.Time          `bun:"escalated_at,nullzero"`
	ClaimedBy    record.ID          `bun:"claimed_by"`
	ClaimedName  string             `bun:"claimed_name"`
	ClaimedUntil time.Time          `bun:"claimed_until,nullzero"`
	AssignedTo   record.ID          `bun:"assigned_to"`
	AssignedName string             `bun:"assigned_name"`
	// Of a decision that can still be undone.
	DecidedBy    record.ID   `bun:"decided_by"`
	DecidedWith  record.ID   `bun:"decided_with"`
	DecidedUntil time.Time   `bun:"decided_until,nullzero"`
	ClosedAt     time.Time   `bun:"closed_at,nullzero"`
	Decision     record.Move `bun:"decision"`
}

// Holder is who works on the task or is to, "" for nobody.
func (t ReviewTask) Holder() record.ID {
	if t.ClaimedBy != "" {
		return t.ClaimedBy
	}
	return t.AssignedTo
}

// Cursor names the place of the task in the queue.
func (t ReviewTask) Cursor() string {
	return (&listingRow{Record: t.ID, UpdatedAt: t.DueAt}).cursor(ListRecent)
}

const (
	reviewFields = `
	t.id, t.record, t.subject, t.subject_type, t.kind, t.version, t.stage = 'second' AS second, t.name, t.title, t.region, t.occasion,
	t.key_change, t.sampled, t.assurance, t.opened_at, t.due_at, t.escalated_at,
	CASE WHEN t.claimed_until > clock_timestamp() THEN t.claimed_by::text ELSE '' END AS claimed_by,
	CASE WHEN t.claimed_until > clock_timestamp() THEN coalesce(c.name, '') ELSE '' END AS claimed_name,
	t.claimed_until,
	CASE WHEN coalesce(t.assigned_until, 'infinity') > clock_timestamp() THEN coalesce(t.assigned_to::text, '') ELSE '' END AS assigned_to,
	CASE WHEN coalesce(t.assigned_until, 'infinity') > clock_timestamp() THEN coalesce(a.name, '') ELSE '' END AS assigned_name,
	coalesce(t.decided_by::text, '') AS decided_by, coalesce(t.decided_with::text, '') AS decided_with, t.decided_until,
	t.closed_at, t.decision`
	reviewJoins = `
	LEFT JOIN staff c ON c.id = t.claimed_by
	LEFT JOIN staff a ON a.id = t.assigned_to`
	reviewColumns = reviewFields + " FROM review_tasks t" + reviewJoins
)

// QueueQuery asks for one page of the queue: overdue first, then what is due
// next.
type QueueQuery struct {
	Filter QueueFilter
	After  string // cursor of the task before the page; "" from the beginning
	Before string // cursor of the task behind the page, when going back
	Limit  int
}

// QueuePage is one page of the queue. The cursors are "" where it ends.
type QueuePage struct {
	Tasks    []ReviewTask
	Next     string
	Previous string
}

// Queue returns one page of what lies in the scope of a staff member. Tasks come
// and go between two pages: none that stays is passed over or shown twice. A
// cursor that is none starts at the beginning.
func (s *Store) Queue(ctx context.Context, staff record.ID, q QueueQuery) (QueuePage, error) {
	member, err := readColleague(ctx, s.db, staff)
	if err != nil {
		return QueuePage{}, err
	}
	narrowed, err := s.narrow(ctx, &member, q.Filter)
	if err != nil {
		return QueuePage{}, err
	}
	if _, _, ok := readCursor(q.Before, ListRecent); ok {
		page, err := s.queueBefore(ctx, narrowed, q.Before, q.Limit)
		if err != nil || page.Previous != "" {
			return page, err
		}
		q.After = "" // fewer than a page is left in front: the first page, and a full one
	}
	tasks, more, err := s.queueStretch(ctx, narrowed, q.After, false, q.Limit)
	if err != nil {
		return QueuePage{}, err
	}
	_, _, behind := readCursor(q.After, ListRecent)
	if len(tasks) == 0 && behind {
		return s.queueBefore(ctx, narrowed, q.After, q.Limit) // what followed is gone: the last page
	}
	page := QueuePage{Tasks: tasks}
	if more {
		page.Next = tasks[len(tasks)-1].Cursor()
	}
	if behind {
		page.Previous = tasks[0].Cursor()
	}
	return page, nil
}

func (s *Store) queueBefore(ctx context.Context, narrowed *bun.SelectQuery, cursor string, limit int) (QueuePage, error) {
	tasks, more, err := s.queueStretch(ctx, narrowed, cursor, true, limit)
	if err != nil || len(tasks) == 0 {
		return QueuePage{}, err
	}
	page := QueuePage{Tasks: tasks, Next: tasks[len(tasks)-1].Cursor()}
	if more {
		page.Previous = tasks[0].Cursor()
	}
	return page, nil
}

// queueStretch reads up to limit tasks behind a cursor, or before it, in the
// order of the queue, and tells whether there are more.
func (s *Store) queueStretch(ctx context.Context, narrowed *bun.SelectQuery, cursor string, backwards bool, limit int) ([]ReviewTask, bool, error) {
	var tasks []ReviewTask
	err := s.db.NewRaw("SELECT"+reviewFields+" FROM (?) p JOIN review_tasks t ON t.id = p.id"+reviewJoins+" ORDER BY t.due_at, t.id",
		ordered(narrowed, cursor, backwards).ColumnExpr("t.id").Limit(int64(limit)+1)).Scan(ctx, &tasks)
	if err != nil {
		return nil, false, fmt.Errorf("read review queue: %w", err)
	}
	more := len(tasks) > limit
	switch {
	case more && backwards:
		tasks = slices.Delete(tasks, 0, 1)
	case more:
		tasks = tasks[:limit]
	}
	return tasks, more, nil
}

// ordered is the queue from a place on, forwards or backwards.
func ordered(narrowed *bun.SelectQuery, cursor string, backwards bool) *bun.SelectQuery {
	query := narrowed.Clone()
	comparison, direction := ">", bun.Safe("ASC")
	if backwards {
		comparison, direction = "<", "DESC"
	}
	if at, id, ok := readCursor(cursor, ListRecent); ok {
		query.Where("(t.due_at, t.id) "+comparison+" (?, ?)", at, id)
	}
	return query.OrderExpr("t.due_at ?, t.id ?", direction, direction)
}

// ReviewedToday counts what a staff member decided today, as Statistics does.
func (s *Store) ReviewedToday(ctx context.Context, staff record.ID) (int, error) {
	var n int
	err := s.db.NewRaw("SELECT count(*) FROM review_facts WHERE staff = ? AND "+decidedToday, staff).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count decisions of today: %w", err)
	}
	return n, nil
}
