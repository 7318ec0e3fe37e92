package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migrator runs the schema's migrations. It needs a connection of the role that
// owns the database; the application's own role cannot change the schema.
type Migrator struct{ inner *migrate.Migrator }

// NewMigrator returns a migrator on the owner's connection. The role
// unireg_app must exist.
func NewMigrator(owner *bun.DB) (*Migrator, error) {
	migrations, err := discovered()
	if err != nil {
		return nil, err
	}
	return &Migrator{migrate.NewMigrator(owner, migrations, migrate.WithMarkAppliedOnSuccess(true))}, nil
}

// discovered are the migrations of this program.
func discovered() (*migrate.Migrations, error) {
	migrations := migrate.NewMigrations()
	if err := migrations.Discover(migrationFiles); err != nil {
		return nil, fmt.Errorf("discover migrations: %w", err)
	}
	return migrations, nil
}

// Up applies what is missing and returns the names of what it applied. Two
// migrators at once are ordered by a lock.
func (m *Migrator) Up(ctx context.Context) ([]string, error) {
	if err := m.inner.Init(ctx); err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	if err := m.inner.Lock(ctx); err != nil {
		return nil, fmt.Errorf("lock migrations: %w", err)
	}
	defer m.unlock(ctx)
	group, err := m.inner.Migrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate up: %w", err)
	}
	return names(group.Migrations), nil
}

// Down takes the last group back and returns the names of what it took back.
func (m *Migrator) Down(ctx context.Context) ([]string, error) {
	if err := m.inner.Lock(ctx); err != nil {
		return nil, fmt.Errorf("lock migrations: %w", err)
	}
	defer m.unlock(ctx)
	group, err := m.inner.Rollback(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate down: %w", err)
	}
	return names(group.Migrations), nil
}

func (m *Migrator) unlock(ctx context.Context) {
	// A lock that stays is reported by the next migrator.
	_ = m.inner.Unlock(context.WithoutCancel(ctx))
}

// Status returns the names of applied and of missing migrations. Once the schema
// exists the application's role may ask, too.
func (m *Migrator) Status(ctx context.Context) (applied, missing []string, err error) {
	all, err := m.inner.MigrationsWithStatus(ctx)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P01" { // the list itself is missing: nothing is applied
		if err := m.inner.Init(ctx); err != nil {
			return nil, nil, fmt.Errorf("prepare migrations: %w", err)
		}
		all, err = m.inner.MigrationsWithStatus(ctx)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("migration status: %w", err)
	}
	return names(all.Applied()), names(all.Unapplied()), nil
}

// names lists migrations in the order in which they are applied: their names
// begin with their time.
func names(migrations migrate.MigrationSlice) []string {
	var all []string
	for _, m := range migrations {
		all = append(all, m.Name+"_"+m.Comment)
	}
	slices.Sort(all)
	return all
}
