package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// The stages of a review.
const (
	stageFirst  = "first"
	stageSecond = "second"
)

// ClaimPeriod is how long a claim holds without being renewed.
const ClaimPeriod = 30 * time.Minute

// reviewRow is one piece of work for staff: a filing at one stage of review.
type reviewRow struct {
	bun.BaseModel `bun:"table:review_tasks,alias:t"`

	ID           record.ID   `bun:"id,pk"`
	Record       record.ID   `bun:"record"`
	Subject      record.ID   `bun:"subject"`
	Kind         record.Kind `bun:"kind"`
	Version      int         `bun:"version"`
	Stage        string      `bun:"stage"`
	OpenedAt     time.Time   `bun:"opened_at"`
	DueAt        time.Time   `bun:"due_at"`
	RemindedAt   time.Time   `bun:"reminded_at,nullzero"`
	EscalatedAt  time.Time   `bun:"escalated_at,nullzero"`
	ClaimedBy    record.ID   `bun:"claimed_by,nullzero"`
	ClaimedUntil time.Time   `bun:"claimed_until,nullzero"`
	ClosedAt     time.Time   `bun:"closed_at,nullzero"`
	ClosedBy     record.ID   `bun:"closed_by,nullzero"`
	Decision     record.Move `bun:"decision"`
	AnsweredAt   time.Time   `bun:"answered_at,nullzero"`
}

// openTask locks and returns the open review of a record, or nil.
func openTask(ctx context.Context, tx bun.Tx, id record.ID) (*reviewRow, error) {
	var row reviewRow
	err := missing(tx.NewSelect().Model(&row).Where("record = ?", id).Where("closed_at IS NULL").For("UPDATE").Scan(ctx), "lock review")
	switch {
	case record.CodeOf(err) == record.NotFound:
		return nil, nil //nolint:nilnil // no open review is an ordinary answer here
	case err != nil:
		return nil, err
	}
	return &row, nil
}

func (r *reviewRow) close(ctx context.Context, tx bun.Tx, command *commandRow, now time.Time) error {
	r.ClosedAt, r.AnsweredAt, r.Decision = now, command.AcceptedAt, command.Move
	if command.Role.IsStaff() {
		r.ClosedBy = command.Actor
	}
	if _, err := tx.NewUpdate().Model(r).Column("closed_at", "closed_by", "decision", "answered_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("close review: %w", err)
	}
	return nil
}

// openReview opens the review that a move leads to, if it leads to one.
func openReview(ctx context.Context, tx bun.Tx, current *filed, command *commandRow) error {
	stage := ""
	switch current.Filing {
	case record.UnderReview:
		stage = stageFirst
	case record.SecondReview:
		stage = stageSecond
	case record.NothingFiled, record.Returned:
		return nil
	}
	row := reviewRow{
		ID: NewID(), Record: current.ID, Subject: current.Subject, Kind: current.Kind, Version: current.Submitted,
		Stage: stage, OpenedAt: command.AcceptedAt, DueAt: current.DueAt,
	}
	if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("open review: %w", err)
	}
	return nil
}

// ReviewTask is one line of the queue.
type ReviewTask struct {
	ID           record.ID          `bun:"id"`
	Record       record.ID          `bun:"record"`
	Subject      record.ID          `bun:"subject"`
	SubjectType  record.SubjectType `bun:"subject_type"`
	Kind         record.Kind        `bun:"kind"`
	Version      int                `bun:"version"`
	Second       bool               `bun:"second"`
	Title        string             `bun:"title"`
	FirstFiling  bool               `bun:"first_filing"`
	Corrected    bool               `bun:"corrected"` // filed again after a return
	Assurance    record.Assurance   `bun:"assurance"`
	OpenedAt     time.Time          `bun:"opened_at"`
	DueAt        time.Time          `bun:"due_at"`
	EscalatedAt  time.Time          `bun:"escalated_at,nullzero"`
	ClaimedBy    record.ID          `bun:"claimed_by"`
	ClaimedName  string             `bun:"claimed_name"`
	ClaimedUntil time.Time          `bun:"claimed_until,nullzero"`
	ClosedAt     time.Time          `bun:"closed_at,nullzero"`
	Decision     record.Move        `bun:"decision"`
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
	t.id, t.record, t.subject, s.type AS subject_type, t.kind, t.version, t.stage = 'second' AS second,
	v.projection->>'title' AS title, r.in_force = 0 AS first_filing, v.assurance,
	EXISTS (SELECT 1 FROM review_tasks p WHERE p.record = t.record AND p.decision = 'return' AND p.closed_at <= t.opened_at
	        AND NOT EXISTS (SELECT 1 FROM review_tasks q WHERE q.record = t.record AND q.closed_at > p.closed_at
	                        AND q.closed_at <= t.opened_at)) AS corrected,
	t.opened_at, t.due_at, t.escalated_at,
	CASE WHEN t.claimed_until > clock_timestamp() THEN t.claimed_by::text ELSE '' END AS claimed_by,
	CASE WHEN t.claimed_until > clock_timestamp() THEN coalesce(c.name, '') ELSE '' END AS claimed_name,
	t.claimed_until, t.closed_at, t.decision
	FROM review_tasks t
	JOIN records r ON r.id = t.record
	JOIN subjects s ON s.id = t.subject
	JOIN versions v ON v.record = t.record AND v.no = t.version
	LEFT JOIN staff c ON c.id = t.claimed_by`

// ReviewQueue lists open reviews, overdue first, and counts all that wait.
func (s *Store) ReviewQueue(ctx context.Context, filter ReviewFilter) ([]ReviewTask, int, error) {
	var tasks []ReviewTask
	err := s.db.NewRaw("SELECT"+reviewColumns+`
		WHERE t.closed_at IS NULL
		  AND (? OR t.claimed_by IS NULL OR t.claimed_by = ? OR t.claimed_until <= clock_timestamp())
		  AND (NOT ? OR r.in_force = 0) AND (NOT ? OR r.in_force > 0)
		  AND (? OR v.projection->>'title' LIKE ? OR t.subject IN (?))
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

// Review is all that the review page shows.
type Review struct {
	Task      ReviewTask
	Record    record.Record
	Subject   record.Subject
	Submitted Version
	InForce   *Version // nil for a first filing
	KeyChange bool
	Appears   bool // the staff member appears in the filing
	FirstBy   record.ID
}

// Review returns a review task for a staff member.
func (s *Store) Review(ctx context.Context, staff, id record.ID) (Review, error) {
	var review Review
	if err := s.db.NewRaw("SELECT"+reviewColumns+" WHERE t.id = ?", id).Scan(ctx, &review.Task); err != nil {
		return Review{}, missing(err, "read review")
	}
	var row recordRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", review.Task.Record).Scan(ctx); err != nil {
		return Review{}, missing(err, "read reviewed record")
	}
	review.Record = row.record()
	var err error
	if review.Subject, err = s.Subject(ctx, review.Task.Subject); err != nil {
		return Review{}, err
	}
	if review.Submitted, err = s.version(ctx, s.db, row.ID, review.Task.Version); err != nil {
		return Review{}, err
	}
	if row.InForce > 0 && row.InForce != review.Task.Version {
		before, err := s.version(ctx, s.db, row.ID, row.InForce)
		if err != nil {
			return Review{}, err
		}
		review.InForce = &before
		review.KeyChange = keyChanged(before, review.Submitted)
	}
	if review.Appears, err = s.appearsIn(ctx, s.db, staff, row.ID, review.Task.Version); err != nil {
		return Review{}, err
	}
	err = s.db.NewRaw(`
		SELECT closed_by FROM review_tasks WHERE record = ? AND version = ? AND stage = 'first' AND decision = 'approve'
		ORDER BY closed_at DESC LIMIT 1`, row.ID, review.Task.Version).Scan(ctx, &review.FirstBy)
	if err := missing(err, "read first reviewer"); err != nil && record.CodeOf(err) != record.NotFound {
		return Review{}, err
	}
	return review, nil
}

// Claim gives a review to a staff member for ClaimPeriod. It answers false when
// somebody else holds it or it is closed. Claiming again renews.
func (s *Store) Claim(ctx context.Context, staff, id record.ID) (bool, error) {
	return s.updateClaim(ctx, `
		UPDATE review_tasks SET claimed_by = ?0, claimed_until = clock_timestamp() + ?2 * interval '1 second'
		WHERE id = ?1 AND closed_at IS NULL
		  AND (claimed_by IS NULL OR claimed_by = ?0 OR claimed_until <= clock_timestamp())`, staff, id)
}

// ReleaseClaim gives a review back to the queue.
func (s *Store) ReleaseClaim(ctx context.Context, staff, id record.ID) (bool, error) {
	return s.updateClaim(ctx, `
		UPDATE review_tasks SET claimed_by = NULL, claimed_until = NULL
		WHERE id = ?1 AND closed_at IS NULL AND claimed_by = ?0`, staff, id)
}

func (s *Store) updateClaim(ctx context.Context, statement string, staff, id record.ID) (bool, error) {
	result, err := s.db.NewRaw(statement, staff, id, int(ClaimPeriod.Seconds())).Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("claim review: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("claim review: %w", err)
	}
	return n == 1, nil
}
