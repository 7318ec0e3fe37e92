package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/record/form"
)

// SavedFilter is a staff member's own way to look at the queue.
type SavedFilter struct {
	ID    record.ID `bun:"id"`
	Name  string    `bun:"name"`
	Query string    `bun:"query"` // of the queue's address
}

type savedFilterRow struct {
	bun.BaseModel `bun:"table:saved_filters,alias:f"`

	ID        record.ID `bun:"id,pk"`
	Staff     record.ID `bun:"staff"`
	Name      string    `bun:"name"`
	Query     string    `bun:"query"`
	CreatedAt time.Time `bun:"created_at,nullzero,default:clock_timestamp()"`
}

const (
	// MaxSavedFilters is how many filters a staff member may keep.
	MaxSavedFilters = 20
	// MaxFilterName bounds the name of one, in characters.
	MaxFilterName = 20
)

// SaveFilter keeps a filter under a name; one of that name is replaced. An empty
// or long name, and one filter too many, give an Invalid error.
func (s *Store) SaveFilter(ctx context.Context, staff record.ID, name, query string) error {
	name = form.Clean(name)
	if n := len([]rune(name)); n == 0 || n > MaxFilterName {
		return record.Errorf(record.Invalid, fmt.Sprintf("请给筛选起一个名称，最多 %d 个字", MaxFilterName))
	}
	return s.inTx(ctx, "save filter", func(ctx context.Context, tx bun.Tx) error {
		// One at a time for each member, so that the bound holds.
		if _, err := tx.NewRaw("SELECT id FROM staff WHERE id = ? FOR NO KEY UPDATE", staff).Exec(ctx); err != nil {
			return fmt.Errorf("lock staff member: %w", err)
		}
		others, err := tx.NewSelect().Model((*savedFilterRow)(nil)).Where("staff = ?", staff).Where("name <> ?", name).Count(ctx)
		if err != nil {
			return fmt.Errorf("count saved filters: %w", err)
		}
		if others >= MaxSavedFilters {
			return record.Errorf(record.Invalid, fmt.Sprintf("最多保存 %d 个筛选，请先删除不用的", MaxSavedFilters))
		}
		row := savedFilterRow{ID: NewID(), Staff: staff, Name: name, Query: query}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (staff, name) DO UPDATE SET query = EXCLUDED.query").Exec(ctx); err != nil {
			return fmt.Errorf("insert saved filter: %w", err)
		}
		return nil
	})
}

// SavedFilters lists a staff member's filters, oldest first.
func (s *Store) SavedFilters(ctx context.Context, staff record.ID) ([]SavedFilter, error) {
	var all []SavedFilter
	err := s.db.NewSelect().Model((*savedFilterRow)(nil)).Column("id", "name", "query").Where("staff = ?", staff).
		Order("created_at", "id").Scan(ctx, &all)
	if err != nil {
		return nil, fmt.Errorf("list saved filters: %w", err)
	}
	return all, nil
}

// DeleteFilter deletes a filter. One that is not the member's is not found.
func (s *Store) DeleteFilter(ctx context.Context, staff, id record.ID) error {
	result, err := s.db.NewDelete().Model((*savedFilterRow)(nil)).Where("id = ?", id).Where("staff = ?", staff).Exec(ctx)
	if err != nil {
		return fmt.Errorf("delete saved filter: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return errNotFound
	}
	return nil
}
