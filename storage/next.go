package storage

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"unireg/record"
)

// ClaimNext claims the next review of a staff member's queue and returns it, ""
// when there is none. From a cursor on it goes by the order of the queue, and
// from its end on from the beginning. Without one it looks first for what the
// member does not hold yet. Whoever asks at the same moment gets another; what
// others hold or were given, and what the member may not decide, is passed over.
func (s *Store) ClaimNext(ctx context.Context, staff record.ID, f QueueFilter, after string) (record.ID, error) {
	member, err := readColleague(ctx, s.db, staff)
	if err != nil {
		return "", err
	}
	workable, err := s.narrow(ctx, &member, f)
	if err != nil {
		return "", err
	}
	workable.Where(taskWorkable, staff)
	first := ordered(workable, after, false)
	if _, _, ok := readCursor(after, ListRecent); !ok {
		first.Where("NOT (" + taskClaimed + ")")
	}
	var claimed record.ID
	err = s.inTx(ctx, "claim next review", func(ctx context.Context, tx bun.Tx) error {
		// What the member may do is asked anew here, where it counts.
		member, err := shareColleague(ctx, tx, staff)
		if err != nil {
			return err
		}
		for _, stretch := range []*bun.SelectQuery{first, ordered(workable, "", false)} {
			if claimed, err = s.claimFirst(ctx, tx, &member, stretch); err != nil || claimed != "" {
				return err
			}
		}
		return nil
	})
	return claimed, err
}

// claimFirst claims the first of a stretch of the queue that nobody else is
// about to take and from which nothing bars the member.
func (s *Store) claimFirst(ctx context.Context, tx bun.Tx, member *colleague, stretch *bun.SelectQuery) (record.ID, error) {
	var passed []record.ID
	for {
		query := stretch.Clone().Conn(tx).ColumnExpr("t.id").Limit(1).For("UPDATE OF t SKIP LOCKED")
		if len(passed) > 0 {
			query.Where("t.id NOT IN (?)", bun.List(passed))
		}
		var ids []record.ID
		if err := query.Scan(ctx, &ids); err != nil {
			return "", fmt.Errorf("find next review: %w", err)
		}
		if len(ids) == 0 {
			return "", nil
		}
		var row reviewRow
		if err := tx.NewSelect().Model(&row).Where("id = ?", ids[0]).Scan(ctx); err != nil {
			return "", missing(err, "read next review")
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return "", err
		}
		refusal, err := s.barred(ctx, tx, &row, member, now)
		switch {
		case err != nil:
			return "", err
		case refusal == "":
			return row.ID, row.hold(ctx, tx, member.ID, now.Add(ClaimPeriod))
		}
		passed = append(passed, row.ID)
	}
}

// Neighbourhood is the queue around a task.
type Neighbourhood struct {
	Tasks          []ReviewTask // the task among them, in the order of the queue
	Previous, Next record.ID    // "" at the ends
	Total          int          // of what the member could work on
}

// Around returns up to limit tasks around one, of what a staff member could work
// on: what is theirs, and what nobody holds or was given.
func (s *Store) Around(ctx context.Context, staff record.ID, f QueueFilter, task ReviewTask, limit int) (Neighbourhood, error) {
	member, err := readColleague(ctx, s.db, staff)
	if err != nil {
		return Neighbourhood{}, err
	}
	narrowed, err := s.narrow(ctx, &member, f)
	if err != nil {
		return Neighbourhood{}, err
	}
	narrowed.Where(taskWorkable, staff).Where("t.id <> ?", task.ID)
	before, _, err := s.queueStretch(ctx, narrowed, task.Cursor(), true, limit-1)
	if err != nil {
		return Neighbourhood{}, err
	}
	behind, _, err := s.queueStretch(ctx, narrowed, task.Cursor(), false, limit-1)
	if err != nil {
		return Neighbourhood{}, err
	}
	var n Neighbourhood
	if len(before) > 0 {
		n.Previous = before[len(before)-1].ID
	}
	if len(behind) > 0 {
		n.Next = behind[0].ID
	}
	// A third of the place for what comes before, unless there is room.
	shown := min(len(before), max(limit/3, limit-1-len(behind)))
	n.Tasks = append(append(n.Tasks, before[len(before)-shown:]...), task)
	n.Tasks = append(n.Tasks, behind[:min(len(behind), limit-1-shown)]...)
	n.Total, err = s.countWorkable(ctx, &member, f)
	return n, err
}

// countWorkable counts what is free and what is the member's own; what is
// searched for up to CountedMatches.
func (s *Store) countWorkable(ctx context.Context, member *colleague, f QueueFilter) (int, error) {
	own, err := s.narrow(ctx, member, f)
	if err != nil {
		return 0, err
	}
	free := 0
	switch {
	case f.Text != "":
		own.Where(taskWorkable, member.ID)
	default:
		own.Where(taskMine, member.ID).Where("t.decided_by IS NULL")
		if f.State == QueueMine {
			break
		}
		cells, err := s.waiting.read(ctx, s.db)
		if err != nil {
			return 0, err
		}
		cells = slices.DeleteFunc(slices.Clone(cells), func(c queueCell) bool { return c.Held })
		free = sum(cells, member.scope(), f)
	}
	var n int
	err = s.db.NewRaw("SELECT count(*) FROM (?) own", own.ColumnExpr("t.id").Limit(CountedMatches)).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count own reviews: %w", err)
	}
	return free + n, nil
}
