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

	taskSummary `bun:"embed:"`

	AssignedTo    record.ID `bun:"assigned_to,nullzero"`
	AssignedBy    record.ID `bun:"assigned_by,nullzero"`
	AssignedUntil time.Time `bun:"assigned_until,nullzero"`
	DecidedBy     record.ID `bun:"decided_by,nullzero"`
	DecidedWith   record.ID `bun:"decided_with,nullzero"`
	DecidedUntil  time.Time `bun:"decided_until,nullzero"`
}

// taskSummary is what the queue lists, filters and searches: as it was when the
// review was opened, so that a page of the queue reads nothing else.
type taskSummary struct {
	SubjectType record.SubjectType `bun:"subject_type"`
	Name        string             `bun:"name"`
	Title       string             `bun:"title"`
	Region      string             `bun:"region"`
	Occasion    Occasion           `bun:"occasion"`
	KeyChange   bool               `bun:"key_change"`
	Sampled     bool               `bun:"sampled"`
	Assurance   record.Assurance   `bun:"assurance"`
	Find        []string           `bun:"find,array"`
}

// Occasion is what brought a filing to review.
type Occasion string

// The occasions.
const (
	FirstFiling Occasion = "first"
	Changed     Occasion = "change"
	Corrected   Occasion = "corrected" // filed again after a return
	Reopened    Occasion = "reopened"  // by a supervisor
)

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
	r.DecidedBy, r.DecidedWith, r.DecidedUntil = "", "", time.Time{}
	if command.Role.IsStaff() {
		r.ClosedBy = command.Actor
	}
	if _, err := tx.NewUpdate().Model(r).Column("closed_at", "closed_by", "decision", "answered_at", "decided_by", "decided_with", "decided_until").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("close review: %w", err)
	}
	return nil
}

// Review is all that the review page shows.
type Review struct {
	Task      ReviewTask
	Record    record.Record
	Subject   record.Subject
	Submitted Version
	InForce   *Version // nil for a first filing
	KeyChange bool
	// Barred says why the staff member may not work on the review, "" for no reason.
	Barred  record.Refusal
	FirstBy record.ID // of a second review: who approved before
}

// Review returns a review task for a staff member. One that is in none of their
// kinds and regions is not found.
func (s *Store) Review(ctx context.Context, staff, id record.ID) (Review, error) {
	var review Review
	if err := s.db.NewRaw("SELECT"+reviewColumns+" WHERE t.id = ?", id).Scan(ctx, &review.Task); err != nil {
		return Review{}, missing(err, "read review")
	}
	var task reviewRow
	if err := s.db.NewSelect().Model(&task).Where("id = ?", id).Scan(ctx); err != nil {
		return Review{}, missing(err, "read review")
	}
	member, err := readColleague(ctx, s.db, staff)
	if err != nil {
		return Review{}, err
	}
	if !member.reads(&task) {
		return Review{}, errNotFound
	}
	if review.Barred, err = s.barred(ctx, s.db, &task, &member, time.Now()); err != nil {
		return Review{}, err
	}
	var row recordRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", task.Record).Scan(ctx); err != nil {
		return Review{}, missing(err, "read reviewed record")
	}
	review.Record = row.record()
	if review.Subject, err = s.Subject(ctx, task.Subject); err != nil {
		return Review{}, err
	}
	if review.Submitted, err = s.version(ctx, s.db, row.ID, task.Version); err != nil {
		return Review{}, err
	}
	if row.InForce > 0 && row.InForce != task.Version {
		before, err := s.version(ctx, s.db, row.ID, row.InForce)
		if err != nil {
			return Review{}, err
		}
		review.InForce = &before
		review.KeyChange = keyChanged(before.Document, review.Submitted.Document)
	}
	review.FirstBy, err = firstReviewer(ctx, s.db, &task)
	return review, err
}
