package storagetest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/storage"
	"unireg/storage/storagetest"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

func tables(t *testing.T, db *bun.DB) []string {
	t.Helper()
	var names []string
	err := db.NewRaw(`SELECT table_name FROM information_schema.tables
		WHERE table_schema = 'public' AND table_name NOT LIKE 'bun_%' ORDER BY 1`).Scan(t.Context(), &names)
	require.NoError(t, err)
	return names
}

func TestMigrationsGoUpAndDownAndUpAgain(t *testing.T) {
	db := storagetest.Empty(t)
	ctx := t.Context()
	migrator, err := storage.NewMigrator(db.Owner)
	require.NoError(t, err)
	_, missing, err := migrator.Status(ctx)
	require.NoError(t, err)
	require.NotEmpty(t, missing)

	applied, err := migrator.Up(ctx)
	require.NoError(t, err)
	require.Equal(t, missing, applied)
	listed, missing, err := migrator.Status(ctx)
	require.NoError(t, err)
	require.Empty(t, missing)
	require.Equal(t, applied, listed, "oldest first")
	first := tables(t, db.Owner)
	require.Contains(t, first, "events")

	reverted, err := migrator.Down(ctx)
	require.NoError(t, err)
	require.Len(t, reverted, len(applied))
	require.Empty(t, tables(t, db.Owner))

	again, err := migrator.Up(ctx)
	require.NoError(t, err)
	require.Equal(t, applied, again)
	require.Equal(t, first, tables(t, db.Owner))

	none, err := migrator.Up(ctx)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestSharedDatabaseIsMigratedAndReachedAsTheApplication(t *testing.T) {
	app, owner := storagetest.OpenDB(t)
	require.Contains(t, tables(t, owner), "versions")
	var user string
	require.NoError(t, app.NewRaw("SELECT current_user").Scan(t.Context(), &user))
	require.Equal(t, "unireg_app", user)
	require.NoError(t, storagetest.Open(t).Ping(t.Context()))
}

// What is append-only stays so whatever the application's code tries.
func TestW33ApplicationCannotRewriteHistoryOrSchema(t *testing.T) {
	app, owner := storagetest.OpenDB(t)
	ctx := t.Context()
	for _, statement := range []string{
		"UPDATE events SET type = 'other'",
		"DELETE FROM events",
		"TRUNCATE events",
		"UPDATE versions SET reason = 'other'",
		"DELETE FROM versions",
		"TRUNCATE versions CASCADE",
		"DELETE FROM version_effects",
		"UPDATE changes SET type = 'voided'",
		"DELETE FROM changes",
		"CREATE TABLE other (id integer)",
		"ALTER TABLE events DISABLE TRIGGER ALL",
		"DROP TABLE events",
		"DELETE FROM bun_migrations",
		"SET ROLE unireg_owner",
	} {
		t.Run(statement, func(t *testing.T) {
			_, err := app.ExecContext(ctx, statement)
			require.ErrorContains(t, err, "42501", "want insufficient privilege")
		})
	}
	for _, statement := range []string{
		"UPDATE events SET type = 'other'", "DELETE FROM events", "TRUNCATE events",
		"UPDATE versions SET reason = 'other'", "DELETE FROM versions",
	} {
		t.Run("owner: "+statement, func(t *testing.T) {
			_, err := owner.ExecContext(ctx, statement)
			require.ErrorContains(t, err, "append-only")
		})
	}
}

func TestBucketIsFreshAndUsable(t *testing.T) {
	a, b := storagetest.Bucket(t), storagetest.Bucket(t)
	ctx := context.WithoutCancel(t.Context())
	require.NoError(t, a.Ping(ctx))
	_, err := a.Put(ctx, "one", strings.NewReader("x"), 1, "text/plain")
	require.NoError(t, err)
	for object, err := range b.List(ctx, "") {
		require.NoError(t, err)
		require.Failf(t, "a new bucket is empty", "it holds %s", object.Key)
	}
}
