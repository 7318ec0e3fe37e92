package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
)

// Schema is how the migrations of a database compare with this program's.
type Schema struct {
	// Missing are those that the program has and the database has not: it cannot
	// work before they are applied.
	Missing []string
	// Newer are those of a later release. A schema is made for the release
	// before, too, so that this program goes on.
	Newer []string
	// Last is the program's last one.
	Last string
}

// SchemaOf compares. Whoever may read the list of migrations may ask, which the
// application's role may.
func SchemaOf(ctx context.Context, db *bun.DB) (Schema, error) {
	migrations, err := discovered()
	if err != nil {
		return Schema{}, err
	}
	var applied []string
	err = db.NewRaw("SELECT name FROM bun_migrations ORDER BY name").Scan(ctx, &applied)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P01" {
		err = nil // without the list nothing is applied
	}
	if err != nil {
		return Schema{}, fmt.Errorf("read migrations: %w", err)
	}
	var s Schema
	known := map[string]bool{}
	for _, migration := range migrations.Sorted() {
		known[migration.Name] = true
		s.Last = max(s.Last, migration.Name+"_"+migration.Comment)
		if !slices.Contains(applied, migration.Name) {
			s.Missing = append(s.Missing, migration.Name+"_"+migration.Comment)
		}
	}
	for _, name := range applied {
		if !known[name] {
			s.Newer = append(s.Newer, name)
		}
	}
	slices.Sort(s.Missing)
	return s, nil
}

// CheckSchema reports that migrations of this program are missing.
func (s *Store) CheckSchema(ctx context.Context) error {
	schema, err := SchemaOf(ctx, s.db)
	if err == nil && len(schema.Missing) > 0 {
		err = fmt.Errorf("%d migrations are missing, the first is %s", len(schema.Missing), schema.Missing[0])
	}
	return err
}
