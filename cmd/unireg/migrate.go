package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"unireg/config"
	"unireg/storage"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Apply the migrations that are missing; make the bucket where an object store is named."`
	Down   migrateDown   `cmd:"" help:"Take the last group of migrations back."`
	Status migrateStatus `cmd:"" help:"List applied and missing migrations; the exit code is 1 if any is missing."`
}

// Help tells whose rights are needed.
func (migrateCommand) Help() string {
	return `Works on UNIREG_MIGRATE_DATABASE_URL, the connection of the role that owns the schema. The application's own role,
unireg_app, must exist and cannot change the schema.`
}

type (
	migrateUp     struct{}
	migrateDown   struct{}
	migrateStatus struct{}
)

// Run applies what is missing, and makes the bucket where the settings name an
// object store.
func (migrateUp) Run(ctx context.Context, out io.Writer) error {
	c, err := settings(config.Schema)
	if err != nil {
		return err
	}
	err = migrateWith(c, func(m *storage.Migrator) error {
		applied, err := m.Up(ctx)
		if err != nil {
			return err
		}
		return listNames(out, "applied", applied, "the schema is current")
	})
	if err != nil || c.S3Endpoint == "" {
		return err
	}
	objects, err := newObjects(c)
	if err != nil {
		return err
	}
	return objects.EnsureBucket(ctx)
}

// Run takes the last group back.
func (migrateDown) Run(ctx context.Context, out io.Writer) error {
	return withMigrator(func(m *storage.Migrator) error {
		taken, err := m.Down(ctx)
		if err != nil {
			return err
		}
		return listNames(out, "taken back", taken, "there is nothing to take back")
	})
}

// Run lists both kinds.
func (migrateStatus) Run(ctx context.Context, out io.Writer) error {
	return withMigrator(func(m *storage.Migrator) error {
		applied, missing, err := m.Status(ctx)
		if err != nil {
			return err
		}
		if err := listNames(out, "applied", applied, "nothing is applied"); err != nil {
			return err
		}
		if len(missing) == 0 {
			return nil
		}
		return errors.Join(listNames(out, "missing", missing, ""), errors.New("migrations are missing: run unireg migrate up"))
	})
}

func withMigrator(work func(*storage.Migrator) error) error {
	c, err := settings(config.Schema)
	if err != nil {
		return err
	}
	return migrateWith(c, work)
}

// migrateWith works on the owner's connection of the settings.
func migrateWith(c config.Config, work func(*storage.Migrator) error) (err error) {
	owner, err := storage.Open(c.MigrateDatabaseURL.Reveal(), 2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, owner.Close()) }()
	migrator, err := storage.NewMigrator(owner)
	if err != nil {
		return err
	}
	return work(migrator)
}

// listNames prints a line for each name, or the sentence for none.
func listNames(out io.Writer, verb string, names []string, none string) error {
	if len(names) == 0 {
		_, err := fmt.Fprintln(out, none)
		return err
	}
	for _, name := range names {
		if _, err := fmt.Fprintln(out, verb, name); err != nil {
			return err
		}
	}
	return nil
}
