package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

type handoverRow struct {
	bun.BaseModel `bun:"table:review_handovers,alias:h"`

	ID     record.ID `bun:"id,pk"`
	Task   record.ID `bun:"task"`
	Record record.ID `bun:"record"`
	At     time.Time `bun:"at"`
	By     record.ID `bun:"by,nullzero"`
	Taken  record.ID `bun:"taken,nullzero"`
	Given  record.ID `bun:"given,nullzero"`
	Note   string    `bun:"note"`
}

// Handover is work that went from one member of the staff to another. Names are
// "" where nobody is meant: By for the system, Taken for the queue, Given for
// back to the queue.
type Handover struct {
	At    time.Time `bun:"at"`
	Task  record.ID `bun:"task"`
	By    string    `bun:"by"`
	Taken string    `bun:"taken"`
	Given string    `bun:"given"`
	Note  string    `bun:"note"`
}

// Handovers lists how the reviews of a record went from hand to hand, oldest
// first.
func (s *Store) Handovers(ctx context.Context, id record.ID) ([]Handover, error) {
	var all []Handover
	err := s.db.NewRaw(`
		SELECT h.at, h.task, coalesce(b.name, '') AS by, coalesce(t.name, '') AS taken, coalesce(g.name, '') AS given, h.note
		FROM review_handovers h
		LEFT JOIN staff b ON b.id = h.by LEFT JOIN staff t ON t.id = h.taken LEFT JOIN staff g ON g.id = h.given
		WHERE h.record = ? ORDER BY h.at, h.id`, id).Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list handovers: %w", err)
	}
	return all, nil
}

// EventHandedOver is the type of the event that a handover leaves in the
// subject's chain.
const EventHandedOver = "review_handed_over"

// Assign hands an open review to a colleague with a note, or with to "" back to
// the queue. A supervisor may hand over any, another member what they hold. It
// is the colleague's until they give it away; nobody else may claim it.
//
// Errors for people: NotFound; Forbidden when it is not the giver's to give, or
// the colleague may not work on it; Conflict when it was decided meanwhile.
func (s *Store) Assign(ctx context.Context, by record.Actor, task, to record.ID, note string) error {
	return s.assign(ctx, by, task, anybody, to, note)
}

// anybody is from whom a review is taken that may be in anybody's hands.
const anybody record.ID = "*"

// assign is Assign for a review that from must still hold.
func (s *Store) assign(ctx context.Context, by record.Actor, task, from, to record.ID, note string) error {
	return s.inTx(ctx, "hand review over", func(ctx context.Context, tx bun.Tx) error {
		// The chain first, as everywhere.
		head, err := lockHead(ctx, tx, "id = (SELECT subject FROM review_tasks WHERE id = ?)", task)
		if err != nil {
			return err
		}
		giver, err := shareColleague(ctx, tx, by.ID)
		if err != nil {
			return err
		}
		var taker colleague
		if to != "" {
			if taker, err = shareColleague(ctx, tx, to); err != nil {
				return err
			}
		}
		row, now, err := lockTask(ctx, tx, task)
		if err != nil {
			return err
		}
		if !row.ClosedAt.IsZero() || row.DecidedBy != "" {
			return record.Errorf(record.Conflict, "该件已办结或已作出决定，不能再转交。")
		}
		holder := row.holder(now)
		if !giver.covers(row) || giver.Role != record.Supervisor && holder != by.ID {
			return record.Errorf(record.Forbidden, "只能转交由您办理的件；分派其他件由管理员办理。")
		}
		if from != anybody && holder != from {
			return record.Errorf(record.Conflict, "该件已不在其名下。")
		}
		if holder == to {
			return nil
		}
		if to != "" {
			if err := s.mayTake(ctx, tx, row, &taker, now); err != nil {
				return err
			}
		}
		return row.handOver(ctx, tx, head, handoverRow{By: by.ID, Given: to, Note: form.Clean(note), At: now}, by.Role)
	})
}

// mayTake checks that a review may be handed to a colleague.
func (s *Store) mayTake(ctx context.Context, tx bun.Tx, row *reviewRow, taker *colleague, now time.Time) error {
	if !taker.AbsentSince.IsZero() {
		return record.Errorf(record.Forbidden, fmt.Sprintf("%s 已离岗，不能分派。", taker.Name))
	}
	refusal, err := s.barred(ctx, tx, row, taker, now)
	if err != nil || refusal == "" || momentary(refusal) {
		return err
	}
	return record.Errorf(record.Forbidden, fmt.Sprintf("不能交给 %s：%s", taker.Name, refusal.Explain()))
}

// holder is who works on a review or is to, "" for nobody.
func (r *reviewRow) holder(now time.Time) record.ID {
	switch {
	case r.ClaimedBy != "" && r.ClaimedUntil.After(now):
		return r.ClaimedBy
	case r.AssignedTo != "" && (r.AssignedUntil.IsZero() || r.AssignedUntil.After(now)):
		return r.AssignedTo
	}
	return ""
}

// handOver gives a review away, or with nobody given back to the queue, and
// writes down that it was.
func (r *reviewRow) handOver(ctx context.Context, tx bun.Tx, head *chainHead, h handoverRow, role record.Role) error {
	h.ID, h.Task, h.Record, h.Taken = NewID(), r.ID, r.Record, r.holder(h.At)
	r.ClaimedBy, r.ClaimedUntil = "", time.Time{}
	r.AssignedTo, r.AssignedBy, r.AssignedUntil = h.Given, "", time.Time{}
	if h.Given != "" {
		r.AssignedBy = h.By
	}
	_, err := tx.NewUpdate().Model(r).Column("claimed_by", "claimed_until", "assigned_to", "assigned_by", "assigned_until").WherePK().Exec(ctx)
	if err != nil {
		return fmt.Errorf("hand review over: %w", err)
	}
	if _, err := tx.NewInsert().Model(&h).Exec(ctx); err != nil {
		return fmt.Errorf("write handover: %w", err)
	}
	return head.append(ctx, tx, event{
		Chain: r.Subject, Type: EventHandedOver, Record: r.Record, Role: role, Actor: h.By, At: h.At,
		Data: map[string]any{"task": string(r.ID), "taken": string(h.Taken), "given": string(h.Given)},
	})
}
