package storage

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// colleague is what of a staff member counts when they take or decide work.
type colleague struct {
	bun.BaseModel `bun:"table:staff,alias:st"`

	ID          record.ID     `bun:"id,pk"`
	Name        string        `bun:"name"`
	Role        record.Role   `bun:"role"`
	Regions     []string      `bun:"regions,array"`
	Kinds       []record.Kind `bun:"kinds,array"`
	AbsentSince time.Time     `bun:"absent_since,nullzero"`
	DisabledAt  time.Time     `bun:"disabled_at,nullzero"`
}

// shareColleague is readColleague for who is about to work on something: what
// the member may do stays as it is until the transaction ends. It comes before the
// lock of a task, as in lockStaff.
func shareColleague(ctx context.Context, tx bun.Tx, id record.ID) (colleague, error) {
	var c colleague
	err := tx.NewSelect().Model(&c).Where("id = ?", id).For("SHARE").Scan(ctx)
	return c, missing(err, "read staff member")
}

// readColleague reads a member of the staff.
func readColleague(ctx context.Context, db bun.IDB, id record.ID) (colleague, error) {
	var c colleague
	err := db.NewSelect().Model(&c).Where("id = ?", id).Scan(ctx)
	return c, missing(err, "read staff member")
}

func (c *colleague) scope() record.Scope {
	return record.Scope{Role: c.Role, Regions: c.Regions, Kinds: c.Kinds}
}

// covers reports whether the member may work on the review at all.
func (c *colleague) covers(row *reviewRow) bool {
	return c.DisabledAt.IsZero() && c.scope().Covers(row.Kind, row.Region, row.filing())
}

// reads reports whether the member may look at the review: whoever may not confirm
// still sees what became of their own approval.
func (c *colleague) reads(row *reviewRow) bool {
	return c.DisabledAt.IsZero() && c.scope().Covers(row.Kind, row.Region, record.UnderReview)
}

// takes reports whether the review may be handed to the member.
func (c *colleague) takes(row *reviewRow) bool { return c.AbsentSince.IsZero() && c.covers(row) }

// barred says why a member may not work on a review, "" for no reason. What is
// only for the moment comes last: that others work on it, or are to.
func (s *Store) barred(ctx context.Context, db bun.IDB, row *reviewRow, c *colleague, now time.Time) (record.Refusal, error) {
	switch {
	case !c.DisabledAt.IsZero():
		return record.RefusedDisabled, nil
	case !c.covers(row):
		return record.RefusedNoAuthority, nil
	}
	appears, err := s.appearsIn(ctx, db, c.ID, row.Record, row.Version)
	if err != nil {
		return "", err
	}
	if appears {
		return record.RefusedOwnFiling, nil
	}
	if row.Stage == stageSecond {
		first, err := firstReviewer(ctx, db, row)
		if err != nil {
			return "", err
		}
		if first == c.ID {
			return record.RefusedSamePerson, nil
		}
	}
	switch {
	case row.DecidedBy != "" && row.DecidedBy != c.ID:
		return record.RefusedDecided, nil
	case row.ClaimedBy != "" && row.ClaimedBy != c.ID && row.ClaimedUntil.After(now):
		return record.RefusedNotClaimed, nil
	case row.AssignedTo != "" && row.AssignedTo != c.ID && (row.AssignedUntil.IsZero() || row.AssignedUntil.After(now)):
		return record.RefusedAssigned, nil
	}
	return "", nil
}

// momentary reports whether what bars from a review passes by itself, or by
// another's doing.
func momentary(r record.Refusal) bool {
	return r == record.RefusedDecided || r == record.RefusedNotClaimed || r == record.RefusedAssigned
}

func (r *reviewRow) filing() record.Filing {
	if r.Stage == stageSecond {
		return record.SecondReview
	}
	return record.UnderReview
}
