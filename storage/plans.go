package storage

import (
	"context"
	"fmt"
	"time"

	"unireg/record"
)

// used are the working days that earlier rounds of the filing used up.
func (r *recordRow) used() record.Used {
	return record.Used{Review: r.ReviewUsed, Second: r.SecondUsed}
}

// enter puts the record into a state at an instant. The stage of review that it
// leaves has used up its days, for as long as the filing goes on; what was planned
// is over.
func (r *recordRow) enter(p record.Policy, next record.State, at time.Time) {
	used := record.Used{}
	if !r.state().AtRest() && !next.AtRest() {
		used = p.Spend(r.used(), r.Filing, r.FiledAt, at)
	}
	r.ReviewUsed, r.SecondUsed = used.Review, used.Second
	r.Standing, r.Filing = next.Standing, next.Filing
	r.FiledAt, r.RemindAt, r.DueAt = at, time.Time{}, time.Time{}
}

// plan is what the policy gives for where the record stands. The end of a
// correction period that a subject was told is never moved forward: a change of
// rules may give time, and takes none.
func (r *recordRow) plan(p record.Policy) record.Plan {
	plan := p.PlanFor(r.Kind, r.Filing, r.FiledAt, r.used())
	if r.Filing == record.Returned && r.DueAt.After(plan.LapseAt) {
		plan.LapseAt = r.DueAt
	}
	return plan
}

// planned is the plan as it is stored, which pages show: what a workflow is told
// in the transaction that moved the record is this and no other.
func (r *recordRow) planned() record.Plan {
	plan := record.Plan{RemindAt: r.RemindAt}
	switch r.Filing {
	case record.UnderReview, record.SecondReview:
		plan.EscalateAt = r.DueAt
	case record.Returned:
		plan.LapseAt = r.DueAt
	case record.NothingFiled:
	}
	return plan
}

func dueAt(p record.Plan) time.Time {
	if !p.LapseAt.IsZero() {
		return p.LapseAt
	}
	return p.EscalateAt
}

// OutdatedPlans looks at a page of records under way, after an id and in order,
// and lists those whose stored deadline is not what policy and calendar give by
// now. last is the page's last record, "" when there is none left.
func (s *Store) OutdatedPlans(ctx context.Context, after record.ID, limit int) (outdated []record.ID, last record.ID, err error) {
	if after == "" {
		after = systemChain
	}
	var rows []struct {
		recordRow `bun:",extend"`

		Rules int64 `bun:"rules"`
	}
	err = s.db.NewSelect().Model(&rows).Column("id", "kind", "filing", "filed_at", "remind_at", "due_at", "review_used", "second_used").
		ColumnExpr(lastRules+" AS rules").Where("filing <> 'none'").Where("id > ?", after).Order("id").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("read deadlines: %w", err)
	}
	if len(rows) == 0 {
		return nil, "", nil
	}
	if _, err := s.reachRules(ctx, s.db, rows[0].Rules); err != nil {
		return nil, "", err
	}
	policy := s.Policy()
	for i := range rows {
		row := &rows[i].recordRow
		plan := row.plan(policy)
		if !dueAt(plan).Equal(row.DueAt) || !plan.RemindAt.Equal(row.RemindAt) {
			outdated = append(outdated, row.ID)
		}
	}
	return outdated, rows[len(rows)-1].ID, nil
}
