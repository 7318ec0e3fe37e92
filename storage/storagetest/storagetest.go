// Package storagetest gives tests a real database and a real bucket. They come
// from the servers that the environment names, which `make test` and
// `bin/stack run` start: each package under test gets a migrated database of
// its own, reached as the application's role like in production, and each call
// of Bucket a bucket. A package with a TestMain ends with
//
//	func TestMain(m *testing.M) { storagetest.Main(m) }
//
// and leaves nothing behind; what a killed test left is dropped by a later one.
package storagetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/storage"
)

const (
	connections = 16
	prefix      = "unireg_test_"
	// staleAfter is longer than any test runs.
	staleAfter = 2 * time.Hour
)

// Database is a migrated database.
type Database struct {
	Name  string
	App   *bun.DB // the application's role
	Owner *bun.DB // the role that migrates
	// URL and OwnerURL are for programs that open the database themselves.
	URL, OwnerURL string
}

var shared struct {
	once     sync.Once
	database *Database
	err      error
}

// Open returns a store on the package's database, with the fixed Keys and
// Policy.
func Open(t testing.TB) *storage.Store {
	t.Helper()
	return storage.New(Shared(t).App, Keys(), Policy())
}

// OpenDB returns the package's database as the application and as the owner
// meet it.
func OpenDB(t testing.TB) (app, owner *bun.DB) {
	t.Helper()
	d := Shared(t)
	return d.App, d.Owner
}

// Shared returns the package's database.
func Shared(t testing.TB) *Database {
	t.Helper()
	shared.once.Do(func() {
		// The first test makes it for all: it must outlive that test's context.
		ctx := context.WithoutCancel(t.Context())
		if shared.err = dropStale(ctx); shared.err == nil {
			shared.database, shared.err = create(ctx)
		}
	})
	require.NoError(t, shared.err)
	return shared.database
}

// Fresh returns a migrated database for this test alone: for tests that look at
// everything or break things.
func Fresh(t testing.TB) *Database {
	t.Helper()
	return ending(t, create)
}

// Empty returns a database without tables for this test alone.
func Empty(t testing.TB) *Database {
	t.Helper()
	return ending(t, empty)
}

func ending(t testing.TB, create func(context.Context) (*Database, error)) *Database {
	t.Helper()
	d, err := create(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.drop(context.WithoutCancel(t.Context()))) })
	return d
}

// Store returns a store on the database, with the fixed Keys and Policy.
func (d *Database) Store() *storage.Store {
	return storage.New(d.App, Keys(), Policy())
}

// Main runs the tests of a package, then what is given to be done after them,
// and drops the database.
func Main(m *testing.M, after ...func() error) {
	code := m.Run()
	for _, end := range after {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	for _, made := range []*Database{shared.database, pattern.database} {
		if made == nil {
			continue
		}
		if err := made.drop(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

// Keys is a keyring of two master keys, the same each time.
func Keys() storage.Keyring {
	return storage.Keyring{
		Primary: "second",
		Masters: map[string][]byte{
			"first":  bytes.Repeat([]byte{1}, 32),
			"second": bytes.Repeat([]byte{2}, 32),
		},
		Index: bytes.Repeat([]byte{3}, 32),
	}
}

// Policy reviews every kind with four eyes for key changes, in two working
// days, gives five to correct, and five to the CA company, which is asked every
// six hours.
func Policy() record.Policy {
	return record.Policy{
		SecondReview:   true,
		ReviewDays:     2,
		CorrectionDays: 5,
		AbandonAfter:   90 * 24 * time.Hour,
		CASilenceDays:  5,
		CAPollEvery:    6 * time.Hour,
		Calendar:       record.DefaultCalendar(),
	}
}

// Bucket returns a new bucket, which ends with the test.
func Bucket(t testing.TB) *storage.Objects {
	t.Helper()
	objects, err := storage.NewObjects(BucketConfig(t))
	require.NoError(t, err)
	require.NoError(t, objects.EnsureBucket(t.Context()))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		var keys []string
		for object, err := range objects.List(ctx, "") {
			require.NoError(t, err)
			keys = append(keys, object.Key)
		}
		for _, key := range keys {
			require.NoError(t, objects.Remove(ctx, key))
		}
		require.NoError(t, objects.RemoveBucket(ctx))
	})
	return objects
}

// BucketConfig names a bucket that does not exist, on the object store of the
// environment.
func BucketConfig(t testing.TB) storage.ObjectsConfig {
	t.Helper()
	endpoint, err := environment("UNIREG_S3_ENDPOINT")
	require.NoError(t, err)
	secure, err := strconv.ParseBool(os.Getenv("UNIREG_S3_SECURE"))
	require.NoError(t, err, "UNIREG_S3_SECURE")
	suffix, err := random()
	require.NoError(t, err)
	return storage.ObjectsConfig{
		Endpoint: endpoint, AccessKey: os.Getenv("UNIREG_S3_ACCESS_KEY"), SecretKey: os.Getenv("UNIREG_S3_SECRET_KEY"),
		Bucket: "unireg-test-" + suffix, Secure: secure,
	}
}

func environment(name string) (string, error) {
	value := os.Getenv(name)
	if value == "" {
		return "", fmt.Errorf("%s is not set: run `make test` or `bin/stack run -- go test ./...`", name)
	}
	return value, nil
}

// databaseURL is the environment's URL with another database in it.
func databaseURL(name, database string) (string, error) {
	text, err := environment(name)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", fmt.Errorf("%s is not a URL", name)
	}
	if database != "" {
		u.Path = "/" + database
	}
	return u.String(), nil
}

func open(name, database string) (*bun.DB, string, error) {
	address, err := databaseURL(name, database)
	if err != nil {
		return nil, "", err
	}
	db, err := storage.Open(address, connections)
	return db, address, err
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// pattern is the database that is migrated once, for the others to be copied
// from it. Nobody is connected to it.
var pattern struct {
	once     sync.Once
	database *Database
	err      error
}

// patterned returns the name of the pattern.
func patterned(ctx context.Context) (string, error) {
	pattern.once.Do(func() {
		var d *Database
		if d, pattern.err = empty(ctx); pattern.err != nil {
			return
		}
		pattern.database = d
		pattern.err = errors.Join(d.migrate(ctx), d.App.Close(), d.Owner.Close())
	})
	if pattern.err != nil {
		return "", fmt.Errorf("prepare the pattern of test databases: %w", pattern.err)
	}
	return pattern.database.Name, nil
}

// create makes a migrated database.
func create(ctx context.Context) (*Database, error) {
	name, err := patterned(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	return copyOf(ctx, name)
}

// empty makes a database as the owner's migrations expect it.
func empty(ctx context.Context) (*Database, error) {
	d, err := copyOf(ctx, "template1")
	if err != nil {
		return nil, err
	}
	return d, asSuperuser(ctx, d.Name, "CREATE EXTENSION IF NOT EXISTS pg_trgm")
}

// copyOf makes a database whose name tells the package under test and when.
func copyOf(ctx context.Context, template string) (*Database, error) {
	suffix, err := random()
	if err != nil {
		return nil, err
	}
	program := notInNames.ReplaceAllString(strings.TrimSuffix(filepath.Base(os.Args[0]), ".test"), "_")
	name := fmt.Sprintf("%s%d_%.20s_%s", prefix, time.Now().Unix(), program, suffix)
	if err := asSuperuser(ctx, "", "CREATE DATABASE "+name+" OWNER unireg_owner TEMPLATE "+template); err != nil {
		return nil, err
	}
	d := &Database{Name: name}
	if d.App, d.URL, err = open("UNIREG_DATABASE_URL", name); err != nil {
		return nil, err
	}
	if d.Owner, d.OwnerURL, err = open("UNIREG_MIGRATE_DATABASE_URL", name); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Database) migrate(ctx context.Context) error {
	migrator, err := storage.NewMigrator(d.Owner)
	if err == nil {
		_, err = migrator.Up(ctx)
	}
	return err
}

func (d *Database) drop(ctx context.Context) error {
	return errors.Join(d.App.Close(), d.Owner.Close(), asSuperuser(ctx, "", "DROP DATABASE "+d.Name+" WITH (FORCE)"))
}

// dropStale drops the databases of tests that were killed.
func dropStale(ctx context.Context) error {
	admin, _, err := open("UNIREG_ADMIN_DATABASE_URL", "")
	if err != nil {
		return err
	}
	defer admin.Close()
	var found []string
	if err := admin.NewRaw("SELECT datname FROM pg_database WHERE datname LIKE ?", prefix+"%").Scan(ctx, &found); err != nil {
		return fmt.Errorf("list test databases: %w", err)
	}
	for _, name := range found {
		second, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		born, err := strconv.ParseInt(second, 10, 64)
		if err != nil || time.Since(time.Unix(born, 0)) < staleAfter {
			continue
		}
		if _, err := admin.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			return fmt.Errorf("drop stale test database: %w", err)
		}
	}
	return nil
}

// asSuperuser runs one statement; databases can only be made by those who may.
func asSuperuser(ctx context.Context, database, statement string) error {
	admin, _, err := open("UNIREG_ADMIN_DATABASE_URL", database)
	if err != nil {
		return err
	}
	defer admin.Close()
	if _, err := admin.ExecContext(ctx, statement); err != nil {
		return fmt.Errorf("prepare test database: %w", err)
	}
	return nil
}

func random() (string, error) {
	b := make([]byte, 5)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw a name: %w", err)
	}
	return hex.EncodeToString(b), nil
}
