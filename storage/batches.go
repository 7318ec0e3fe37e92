package storage

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"unireg/record"
)

// BatchAction is what is done to many reviews at once.
type BatchAction string

// The actions.
const (
	BatchClaim   BatchAction = "claim"
	BatchRelease BatchAction = "release"
	BatchAssign  BatchAction = "assign"
	BatchApprove BatchAction = "approve"
)

// BatchLine is what became of one review of a batch.
type BatchLine struct {
	Task    ReviewTask
	Command record.ID // of an approval that was accepted, "" for none
	Problem string    // why nothing was done, "" when it was
	// Of an approval.
	Cancelled bool      // undone
	UndoUntil time.Time // the instant at which it takes effect
	Status    CommandStatus
}

// Undoable reports whether the approval can still be undone at that instant.
func (l BatchLine) Undoable(now time.Time) bool {
	return l.Command != "" && !l.Cancelled && !l.Status.Done && now.Before(l.UndoUntil)
}

// Batch is what was done to many reviews at once, and what became of each.
type Batch struct {
	ID     record.ID
	Action BatchAction
	At     time.Time
	Lines  []BatchLine
}

type batchRow struct {
	bun.BaseModel `bun:"table:review_batches,alias:b"`

	ID     record.ID   `bun:"id,pk"`
	Staff  record.ID   `bun:"staff"`
	Action BatchAction `bun:"action"`
	At     time.Time   `bun:"at,nullzero,default:clock_timestamp()"`
}

type batchLineRow struct {
	bun.BaseModel `bun:"table:review_batch_lines,alias:l"`

	Batch   record.ID `bun:"batch,pk"`
	Task    record.ID `bun:"task,pk"`
	No      int       `bun:"no"`
	Command record.ID `bun:"command,nullzero"`
	Problem string    `bun:"problem"`
}

// BatchID is the id of what is done to those tasks from a page into which drawn
// was drawn: the same form sent again is the same batch, another choice on a page
// that a browser has kept is another.
func BatchID(drawn record.ID, action BatchAction, tasks []record.ID) record.ID {
	var said strings.Builder
	said.WriteString(string(action))
	for _, task := range slices.Sorted(slices.Values(tasks)) {
		said.WriteString(string(task))
	}
	return record.ID(uuid.NewSHA1(uuid.MustParse(string(drawn)), []byte(said.String())).String())
}

// OpenBatch begins a batch, or goes on with one that was interrupted: the id is
// drawn into the page. It returns the tasks that are done with already. An id
// that another member used, or another action, gives an AlreadyDone error.
func (s *Store) OpenBatch(ctx context.Context, staff, id record.ID, action BatchAction) (map[record.ID]bool, error) {
	row := batchRow{ID: id, Staff: staff, Action: action}
	if _, err := s.db.NewInsert().Model(&row).On("CONFLICT (id) DO NOTHING").Returning("NULL").Exec(ctx); err != nil {
		return nil, fmt.Errorf("open batch: %w", err)
	}
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Scan(ctx); err != nil {
		return nil, missing(err, "read batch")
	}
	if row.Staff != staff || row.Action != action {
		return nil, errReused
	}
	var tasks []record.ID
	if err := s.db.NewSelect().Model((*batchLineRow)(nil)).Column("task").Where("batch = ?", id).Scan(ctx, &tasks); err != nil {
		return nil, fmt.Errorf("read batch: %w", err)
	}
	done := map[record.ID]bool{}
	for _, task := range tasks {
		done[task] = true
	}
	return done, nil
}

// NoteBatch writes down what became of the no-th review of a batch. What was
// noted before stays.
func (s *Store) NoteBatch(ctx context.Context, batch, task record.ID, no int, command record.ID, problem string) error {
	row := batchLineRow{Batch: batch, Task: task, No: no, Command: command, Problem: problem}
	if _, err := s.db.NewInsert().Model(&row).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
		return fmt.Errorf("note batch: %w", err)
	}
	return nil
}

// Batch returns what a staff member did to many reviews at once. One that is not
// the member's is not found.
func (s *Store) Batch(ctx context.Context, staff, id record.ID) (Batch, error) {
	var row batchRow
	if err := s.db.NewSelect().Model(&row).Where("id = ?", id).Where("staff = ?", staff).Scan(ctx); err != nil {
		return Batch{}, missing(err, "read batch")
	}
	var lines []batchLineRow
	if err := s.db.NewSelect().Model(&lines).Where("batch = ?", id).Order("no").Scan(ctx); err != nil {
		return Batch{}, fmt.Errorf("read batch: %w", err)
	}
	batch := Batch{ID: row.ID, Action: row.Action, At: row.At}
	var ids, given []record.ID
	for _, line := range lines {
		ids = append(ids, line.Task)
		if line.Command != "" {
			given = append(given, line.Command)
		}
	}
	tasks, err := s.ReviewTasks(ctx, ids)
	if err != nil {
		return Batch{}, err
	}
	commands, err := s.commandsByID(ctx, given)
	if err != nil {
		return Batch{}, err
	}
	for _, line := range lines {
		shown := BatchLine{Task: tasks[line.Task], Command: line.Command, Problem: line.Problem}
		if command, ok := commands[line.Command]; ok {
			shown.Status, shown.Cancelled, shown.UndoUntil = command.status(), !command.CancelledAt.IsZero(), command.NotBefore
		}
		batch.Lines = append(batch.Lines, shown)
	}
	return batch, nil
}

func (s *Store) commandsByID(ctx context.Context, ids []record.ID) (map[record.ID]*commandRow, error) {
	found := map[record.ID]*commandRow{}
	if len(ids) == 0 {
		return found, nil
	}
	var rows []commandRow
	if err := s.db.NewSelect().Model(&rows).ExcludeColumn("sealed").Where("id IN (?)", bun.List(ids)).Scan(ctx); err != nil {
		return nil, fmt.Errorf("read commands: %w", err)
	}
	for i := range rows {
		found[rows[i].ID] = &rows[i]
	}
	return found, nil
}

// ReviewTasks returns the review tasks of those ids, open and closed. Whether who
// asks may see them is the caller's to check.
func (s *Store) ReviewTasks(ctx context.Context, ids []record.ID) (map[record.ID]ReviewTask, error) {
	found := map[record.ID]ReviewTask{}
	if len(ids) == 0 {
		return found, nil
	}
	var tasks []ReviewTask
	if err := s.db.NewRaw("SELECT"+reviewColumns+" WHERE t.id IN (?)", bun.List(ids)).Scan(ctx, &tasks); err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	for _, task := range tasks {
		found[task.ID] = task
	}
	return found, nil
}

// Taker is a member of the staff to whom work can be handed.
type Taker struct {
	ID   record.ID
	Name string
	Role record.Role
	Held int // reviews that they hold or were given
}

// Takers lists the staff that is there, by name, to whom a task can be
// handed: those whose scope covers it, or with nil everybody. The transaction of
// Assign asks again, and more.
func (s *Store) Takers(ctx context.Context, task *ReviewTask) ([]Taker, error) {
	var rows []struct {
		colleague `bun:",extend"`
		Held      int `bun:"held,scanonly"`
	}
	err := s.db.NewSelect().Model(&rows).ColumnExpr("st.id, st.name, st.role, st.regions, st.kinds").
		ColumnExpr("(SELECT count(*) FROM review_tasks t WHERE "+heldBy("st.id")+") AS held").
		Where("st.disabled_at IS NULL AND st.absent_since IS NULL").Order("st.name", "st.login").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list takers: %w", err)
	}
	var all []Taker
	for i := range rows {
		r := &rows[i]
		if task == nil || r.covers(task.row()) {
			all = append(all, Taker{ID: r.ID, Name: r.Name, Role: r.Role, Held: r.Held})
		}
	}
	return all, nil
}

// row is what of a task a colleague's scope looks at.
func (t *ReviewTask) row() *reviewRow {
	row := &reviewRow{Kind: t.Kind, Stage: stageFirst, taskSummary: taskSummary{Region: t.Region}}
	if t.Second {
		row.Stage = stageSecond
	}
	return row
}
