// Package storage keeps what is true: Bun models beside their queries,
// transactions and migrations on PostgreSQL, and the attachments in an
// S3-compatible object store. It knows nothing of HTTP or Temporal, and maps
// PostgreSQL's error codes once, here.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"unireg/record"
)

// Store is the door to the database.
type Store struct {
	db         *bun.DB
	keys       Keyring
	configured record.Policy
	policy     atomic.Pointer[record.Policy] // with the rules over it that are known

	waiting queueCube
	history historyTree
	// watcher is nil where nobody watches.
	watcher Watcher
}

// New returns a store on an open database, which goes by the configured policy
// until it has read the rules that staff set over it.
func New(db *bun.DB, keys Keyring, configured record.Policy) *Store {
	s := &Store{db: db, keys: keys, configured: configured}
	s.policy.Store(&configured)
	return s
}

// Open connects to PostgreSQL. Bun writes arguments into the statements, so the
// simple protocol saves a round trip for each.
func Open(url string, connections int) (*bun.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// The error of the driver would show the password.
		return nil, errors.New("the database URL cannot be parsed")
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	if _, ok := config.RuntimeParams["timezone"]; !ok {
		config.RuntimeParams["timezone"] = "UTC"
	}
	pool := stdlib.OpenDB(*config)
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxLifetime(30 * time.Minute)
	return bun.NewDB(pool, pgdialect.New()), nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.db.PingContext(ctx); err != nil {
		return fmt.Errorf("ping database: %w", err)
	}
	return nil
}

// NewID returns a fresh UUIDv7.
func NewID() record.ID {
	return record.ID(uuid.Must(uuid.NewV7()).String())
}

// nullID is an id as an argument, where "" is none.
func nullID(id record.ID) any {
	if id == "" {
		return nil
	}
	return id
}

// ValidID reports whether the text has the shape of an id, so that a mistyped
// address is "not found" and no error of the database.
func ValidID(text string) bool {
	return len(text) == 36 && uuid.Validate(text) == nil
}

var errNotFound = record.Errorf(record.NotFound, "没有找到所请求的内容")

// missing turns "no rows" into the error for people and wraps the rest.
func missing(err error, operation string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return errNotFound
	default:
		return fmt.Errorf("%s: %w", operation, err)
	}
}

// uniqueViolation returns the name of the violated unique index, or "".
func uniqueViolation(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "23505" {
		return pg.ConstraintName
	}
	return ""
}

// databaseTime is the one clock of the system: processes' clocks may differ.
func databaseTime(ctx context.Context, db bun.IDB) (time.Time, error) {
	var now time.Time
	if err := db.NewRaw("SELECT clock_timestamp()").Scan(ctx, &now); err != nil {
		return time.Time{}, fmt.Errorf("read database time: %w", err)
	}
	return now.UTC(), nil
}

// inTx runs work in one transaction. It is not repeated: a lost answer to
// COMMIT is resolved by the command's id, not by trying again.
func (s *Store) inTx(ctx context.Context, operation string, work func(ctx context.Context, tx bun.Tx) error) error {
	ctx = context.WithValue(ctx, openedKeys{}, map[record.ID][]byte{})
	notes := &notebook{}
	err := s.db.RunInTx(context.WithValue(ctx, notebookKey{}, notes), &sql.TxOptions{}, work)
	if err == nil {
		s.told(notes)
		return nil
	}
	if record.CodeOf(err) != "" {
		return err
	}
	return fmt.Errorf("%s: %w", operation, err)
}
