package storage

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// StaffEdit changes what a supervisor may change of a staff member.
type StaffEdit struct {
	Name     string        // "" keeps it
	Scope    *record.Scope // nil keeps it
	Revision int           // that the editor saw; 0 for whichever there is
}

// What freed work says of why.
const (
	noteScopeChanged = "职责范围已调整"
	noteDisabled     = "账号已停用"
)

// EditStaff changes name, role and scope. It counts at once: what the member
// holds outside of the new scope goes back to the queue in the same transaction.
// A member that was changed since the editor looked is a record.Conflict, and so
// is taking the role from the last enabled supervisor; nobody changes their own
// role or scope. Nothing changed leaves no event.
func (s *Store) EditStaff(ctx context.Context, by record.Actor, id record.ID, edit StaffEdit) error {
	return s.changeStaff(ctx, "edit staff", by, EventStaffChanged, id, func(ctx context.Context, tx bun.Tx, e *event) error {
		row, err := lockStaff(ctx, tx, id)
		if err != nil {
			return err
		}
		if edit.Revision != 0 && edit.Revision != row.Revision {
			return record.Errorf(record.Conflict, "该工作人员的资料在您打开页面后已被修改，请核对后重新保存")
		}
		before := row.scope()
		renamed := edit.Name != "" && form.Clean(edit.Name) != row.Name
		if renamed {
			row.Name, e.Data["renamed"] = form.Clean(edit.Name), true
		}
		scope := before
		if edit.Scope != nil {
			if scope, err = record.CheckScope(*edit.Scope); err != nil {
				return err
			}
		}
		switch moved := !scope.Same(before); {
		case !moved && !renamed:
			e.Type = ""
			return nil
		case moved && by.ID == id:
			return record.Errorf(record.Forbidden, "自己的角色和范围须由另一名管理员修改")
		case moved:
			noteScope(e, "before_", before)
			noteScope(e, "", scope)
		}
		if scope.Role != record.Supervisor {
			if err := keepSupervisor(ctx, tx, row); err != nil {
				return err
			}
		}
		row.setScope(scope)
		row.Revision++
		if _, err := tx.NewUpdate().Model(row).Column("name", "role", "regions", "kinds", "revision").WherePK().Exec(ctx); err != nil {
			return fmt.Errorf("write staff: %w", err)
		}
		return freeWork(ctx, tx, e, id, noteScopeChanged, func(r *reviewRow) bool {
			return !scope.Covers(r.Kind, r.Region, r.filing())
		})
	})
}

// SetStaffScope is EditStaff for role and scope alone.
func (s *Store) SetStaffScope(ctx context.Context, by record.Actor, id record.ID, role record.Role, regions []string, kinds []record.Kind) error {
	return s.EditStaff(ctx, by, id, StaffEdit{Scope: &record.Scope{Role: role, Regions: regions, Kinds: kinds}})
}

// SetAbsent notes that a staff member is away, or here again. Who is away gets no
// work; what they hold stays with them until a supervisor hands it over or its
// lease ends.
func (s *Store) SetAbsent(ctx context.Context, by record.Actor, id record.ID, absent bool) error {
	eventType := EventStaffPresent
	if absent {
		eventType = EventStaffAbsent
	}
	return s.changeStaff(ctx, "set absence", by, eventType, id, func(ctx context.Context, tx bun.Tx, e *event) error {
		row, err := lockStaff(ctx, tx, id)
		if err != nil {
			return err
		}
		if absent != row.AbsentSince.IsZero() {
			e.Type = ""
			return nil
		}
		if absent {
			return updateStaff(ctx, tx, "UPDATE staff SET absent_since = ? WHERE id = ?", e.At, id)
		}
		return updateStaff(ctx, tx, "UPDATE staff SET absent_since = NULL WHERE id = ?", id)
	})
}

// DisableStaff takes everything from a staff member at once: the sessions end,
// what they hold goes back to the queue, and decisions that are not applied yet
// are refused. The last enabled supervisor stays, and nobody disables themselves.
func (s *Store) DisableStaff(ctx context.Context, by record.Actor, id record.ID) error {
	return s.changeStaff(ctx, "disable staff", by, EventStaffDisabled, id, func(ctx context.Context, tx bun.Tx, e *event) error {
		row, err := lockStaff(ctx, tx, id)
		switch {
		case err != nil:
			return err
		case by.ID == id:
			return record.Errorf(record.Forbidden, "不能停用自己的账号，请由另一名管理员办理")
		case !row.DisabledAt.IsZero():
			e.Type = ""
			return nil
		}
		if err := keepSupervisor(ctx, tx, row); err != nil {
			return err
		}
		if err := updateStaff(ctx, tx, "UPDATE staff SET disabled_at = ? WHERE id = ?", e.At, id); err != nil {
			return err
		}
		if _, err := endSessions(ctx, tx, "staff", id, ""); err != nil {
			return err
		}
		return freeWork(ctx, tx, e, id, noteDisabled, func(*reviewRow) bool { return true })
	})
}

// EnableStaff lets a staff member in again.
func (s *Store) EnableStaff(ctx context.Context, by record.Actor, id record.ID) error {
	return s.changeStaff(ctx, "enable staff", by, EventStaffEnabled, id, func(ctx context.Context, tx bun.Tx, e *event) error {
		row, err := lockStaff(ctx, tx, id)
		if err != nil {
			return err
		}
		if row.DisabledAt.IsZero() {
			e.Type = ""
			return nil
		}
		return updateStaff(ctx, tx, "UPDATE staff SET disabled_at = NULL WHERE id = ?", id)
	})
}

// lockStaff reads a member and keeps the row until the transaction ends. Whoever
// claims, assigns or decides shares the lock, so that it comes before this
// change or after it.
func lockStaff(ctx context.Context, tx bun.Tx, id record.ID) (*staffRow, error) {
	row := new(staffRow)
	err := tx.NewSelect().Model(row).Where("id = ?", id).For("UPDATE").Scan(ctx)
	return row, missing(err, "read staff")
}

// mustSupervise refuses who is no enabled supervisor (any more).
func mustSupervise(ctx context.Context, tx bun.Tx, id record.ID) error {
	may, err := tx.NewSelect().Model((*staffRow)(nil)).
		Where("id = ?", id).Where("role = ?", record.Supervisor).Where("disabled_at IS NULL").Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for the supervisor: %w", err)
	}
	if !may {
		return record.Errorf(record.Forbidden, "这一项只有管理员可以办理")
	}
	return nil
}

// keepSupervisor refuses to take its role from the last enabled supervisor. The
// chain's lock orders all who might.
func keepSupervisor(ctx context.Context, tx bun.Tx, row *staffRow) error {
	if row.Role != record.Supervisor || !row.DisabledAt.IsZero() {
		return nil
	}
	others, err := tx.NewSelect().Model((*staffRow)(nil)).
		Where("id <> ?", row.ID).Where("role = ?", record.Supervisor).Where("disabled_at IS NULL").Exists(ctx)
	if err != nil {
		return fmt.Errorf("look for other supervisors: %w", err)
	}
	if !others {
		return record.Errorf(record.Conflict, "这是最后一名启用的管理员，不能停用，也不能改为其他角色")
	}
	return nil
}

// noteScope writes a scope into an event.
func noteScope(e *event, prefix string, scope record.Scope) {
	e.Data[prefix+"role"] = string(scope.Role)
	e.Data[prefix+"regions"] = append([]string{}, scope.Regions...)
	e.Data[prefix+"kinds"] = append([]record.Kind{}, scope.Kinds...)
}

// freeWork gives back to the queue what the member holds and the condition says,
// with a note for whoever takes it up. The event tells how much that was.
func freeWork(ctx context.Context, tx bun.Tx, e *event, id record.ID, note string, frees func(*reviewRow) bool) error {
	var held []reviewRow
	err := tx.NewSelect().Model(&held).Where("closed_at IS NULL").Where("? IN (claimed_by, assigned_to)", id).
		Order("id").For("UPDATE").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read what is held: %w", err)
	}
	var free []record.ID
	var handovers []handoverRow
	for i := range held {
		row := &held[i]
		if !frees(row) {
			continue
		}
		free = append(free, row.ID)
		if row.holder(e.At) == id {
			handovers = append(handovers, handoverRow{ID: NewID(), Task: row.ID, Record: row.Record, At: e.At, By: e.Actor, Taken: id, Note: note})
		}
	}
	if len(free) == 0 {
		return nil
	}
	e.Data["freed"] = len(handovers)
	_, err = tx.NewRaw(`
		UPDATE review_tasks SET
			claimed_by = nullif(claimed_by, ?0), claimed_until = CASE WHEN claimed_by = ?0 THEN NULL ELSE claimed_until END,
			assigned_to = nullif(assigned_to, ?0), assigned_by = CASE WHEN assigned_to = ?0 THEN NULL ELSE assigned_by END,
			assigned_until = CASE WHEN assigned_to = ?0 THEN NULL ELSE assigned_until END
		WHERE id IN (?1)`, id, bun.List(free)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("free what is held: %w", err)
	}
	if len(handovers) == 0 {
		return nil
	}
	if _, err := tx.NewInsert().Model(&handovers).Exec(ctx); err != nil {
		return fmt.Errorf("note what was freed: %w", err)
	}
	return nil
}

// StaffLoad is how much work a staff member has at this moment.
type StaffLoad struct {
	Claimed  int // filings that they work on
	Assigned int // filings that wait for them
}

// StaffLoads counts what each member holds. Who holds nothing is missing.
func (s *Store) StaffLoads(ctx context.Context) (map[record.ID]StaffLoad, error) {
	var rows []struct {
		Staff    record.ID `bun:"staff"`
		Claimed  int       `bun:"claimed"`
		Assigned int       `bun:"assigned"`
	}
	err := s.db.NewRaw(`
		SELECT `+holder+` AS staff, count(*) FILTER (WHERE claimed_until > clock_timestamp()) AS claimed,
			count(*) FILTER (WHERE claimed_until IS NULL OR claimed_until <= clock_timestamp()) AS assigned
		FROM review_tasks WHERE closed_at IS NULL AND (claimed_by IS NOT NULL OR assigned_to IS NOT NULL) AND `+holder+` IS NOT NULL
		GROUP BY 1`).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("count what staff hold: %w", err)
	}
	loads := make(map[record.ID]StaffLoad, len(rows))
	for _, r := range rows {
		loads[r.Staff] = StaffLoad{Claimed: r.Claimed, Assigned: r.Assigned}
	}
	return loads, nil
}
