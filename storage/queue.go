package storage

import (
	"context"
	"fmt"
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
	FirstFiling  bool               `bun:"first_filing"` // no version has been in force
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

// ReviewFilter narrows the queue; zero values mean everything.
type ReviewFilter struct {
	Staff  record.ID // whose queue: what others hold is left out unless All
	All    bool
	First  bool // first filings only
	Change bool // changes only
	// Text narrows to what bears it in its title, or is of one of the Subjects; ""
	// for everything.
	Text     string
	Subjects []record.ID
	Limit    int
}

const reviewColumns = `
	t.id, t.record, t.subject, t.subject_type, t.kind, t.version, t.stage = 'second' AS second, t.name, t.title, t.region, t.occasion,
	t.key_change, t.sampled, r.in_force = 0 AS first_filing, t.assurance, t.opened_at, t.due_at, t.escalated_at,
	CASE WHEN t.claimed_until > clock_timestamp() THEN t.claimed_by::text ELSE '' END AS claimed_by,
	CASE WHEN t.claimed_until > clock_timestamp() THEN coalesce(c.name, '') ELSE '' END AS claimed_name,
	t.claimed_until,
	CASE WHEN coalesce(t.assigned_until, 'infinity') > clock_timestamp() THEN coalesce(t.assigned_to::text, '') ELSE '' END AS assigned_to,
	CASE WHEN coalesce(t.assigned_until, 'infinity') > clock_timestamp() THEN coalesce(a.name, '') ELSE '' END AS assigned_name,
	coalesce(t.decided_by::text, '') AS decided_by, coalesce(t.decided_with::text, '') AS decided_with, t.decided_until,
	t.closed_at, t.decision
	FROM review_tasks t
	JOIN records r ON r.id = t.record
	LEFT JOIN staff c ON c.id = t.claimed_by
	LEFT JOIN staff a ON a.id = t.assigned_to`

// ReviewQueue lists open reviews, overdue first, and counts all that wait.
func (s *Store) ReviewQueue(ctx context.Context, filter ReviewFilter) ([]ReviewTask, int, error) {
	var tasks []ReviewTask
	err := s.db.NewRaw("SELECT"+reviewColumns+`
		WHERE t.closed_at IS NULL
		  AND (? OR t.claimed_by IS NULL OR t.claimed_by = ? OR t.claimed_until <= clock_timestamp())
		  AND (NOT ? OR r.in_force = 0) AND (NOT ? OR r.in_force > 0)
		  AND (? OR t.title LIKE ? OR t.subject IN (?))
		ORDER BY t.due_at, t.id LIMIT ?`,
		filter.All, nullID(filter.Staff), filter.First, filter.Change,
		filter.Text == "", "%"+escapeLike(filter.Text)+"%", bun.List(append([]record.ID{systemChain}, filter.Subjects...)), filter.Limit).
		Scan(ctx, &tasks)
	if err != nil {
		return nil, 0, fmt.Errorf("read review queue: %w", err)
	}
	waiting, err := s.db.NewSelect().Model((*reviewRow)(nil)).Where("closed_at IS NULL").Count(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("count reviews: %w", err)
	}
	return tasks, int(waiting), nil
}

func nullID(id record.ID) any {
	if id == "" {
		return nil
	}
	return id
}

// ReviewedToday counts what a staff member decided since midnight in Shanghai.
func (s *Store) ReviewedToday(ctx context.Context, staff record.ID) (int, error) {
	var n int
	err := s.db.NewRaw(`
		SELECT count(*) FROM review_tasks
		WHERE closed_by = ? AND closed_at >= date_trunc('day', clock_timestamp(), 'Asia/Shanghai')`, staff).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count decisions of today: %w", err)
	}
	return n, nil
}
