package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"unireg/record"
)

// Absence is a member of the staff who is away or was let go, with what they
// still hold.
type Absence struct {
	Staff    record.ID `bun:"staff"`
	Login    string    `bun:"login"`
	Name     string    `bun:"name"`
	Since    time.Time `bun:"since,nullzero"` // away; zero for who was only let go
	Disabled bool      `bun:"disabled"`
	Held     int       `bun:"held"`
	Overdue  int       `bun:"overdue"` // of what is held
	FirstDue time.Time `bun:"first_due,nullzero"`
}

// heldBy is the condition in a query on review_tasks t that the member works on
// the review or is to. What was decided is out of their hands.
func heldBy(member string) string {
	return "t.closed_at IS NULL AND t.decided_by IS NULL AND " + strings.ReplaceAll(taskMine, "?0", member)
}

// absenceColumns reads members of the staff s, each with what they hold.
var absenceColumns = `
	SELECT s.id AS staff, s.login, s.name, s.absent_since AS since, s.disabled_at IS NOT NULL AS disabled, w.held, w.overdue, w.first_due
	FROM staff s CROSS JOIN LATERAL (
		SELECT count(*) AS held, count(*) FILTER (WHERE t.due_at < clock_timestamp()) AS overdue, min(t.due_at) AS first_due
		FROM review_tasks t WHERE ` + heldBy("s.id") + `) w`

// Absences lists who is away, and of those who were let go the ones who still
// hold something; what is due first comes first.
func (s *Store) Absences(ctx context.Context) ([]Absence, error) {
	var all []Absence
	err := s.db.NewRaw(absenceColumns+`
		WHERE (s.absent_since IS NOT NULL OR s.disabled_at IS NOT NULL) AND (s.disabled_at IS NULL OR w.held > 0)
		ORDER BY w.first_due NULLS LAST, s.login`).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list absences: %w", err)
	}
	return all, nil
}

// HeldBy lists what a member of the staff works on or is to, first due first.
func (s *Store) HeldBy(ctx context.Context, staff record.ID) ([]ReviewTask, error) {
	var tasks []ReviewTask
	err := s.db.NewRaw("SELECT"+reviewColumns+" WHERE "+heldBy("?0")+" ORDER BY t.due_at, t.id", staff).Scan(ctx, &tasks)
	if err != nil {
		return nil, fmt.Errorf("list what is held: %w", err)
	}
	return tasks, nil
}

// Reassigned is what became of work that was handed over together.
type Reassigned struct {
	Moved  int
	Failed []Unmoved
}

// Unmoved is a review that stayed where it was, and why, for people.
type Unmoved struct {
	Task ReviewTask
	Why  string
}

// Reassign hands what a member holds to a colleague, or with to "" back to the
// queue: the named reviews, each by itself, so that one that cannot be moved holds
// up none of the others. What the member does not hold any more is left alone, and
// told.
func (s *Store) Reassign(ctx context.Context, by record.Actor, from, to record.ID, note string, tasks ...record.ID) (Reassigned, error) {
	var done Reassigned
	held, err := s.HeldBy(ctx, from)
	if err != nil {
		return done, err
	}
	for _, id := range tasks {
		i := slices.IndexFunc(held, func(t ReviewTask) bool { return t.ID == id })
		if i < 0 {
			done.Failed = append(done.Failed, Unmoved{Task: ReviewTask{ID: id}, Why: "该件已不在其名下。"})
			continue
		}
		err := s.assign(ctx, by, id, from, to, note)
		if refused, ok := errors.AsType[*record.Error](err); ok {
			done.Failed = append(done.Failed, Unmoved{Task: held[i], Why: refused.Message})
			continue
		}
		if err != nil {
			return done, err
		}
		done.Moved++
	}
	return done, nil
}

// AbsenceOf is whether a member of the staff is away or was let go, and what they
// hold.
func (s *Store) AbsenceOf(ctx context.Context, staff record.ID) (Absence, error) {
	var a Absence
	err := s.db.NewRaw(absenceColumns+" WHERE s.id = ?", staff).Scan(ctx, &a)
	return a, missing(err, "read absence")
}
