package storage_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// notes keeps what a watcher is told.
type notes []string

func (n *notes) Accepted(move record.Move) { *n = append(*n, "accepted "+string(move)) }
func (n *notes) Concluded(move record.Move, refusal record.Refusal) {
	*n = append(*n, "concluded "+string(move)+" "+string(refusal))
}
func (n *notes) Uploaded(bytes int64) { *n = append(*n, fmt.Sprintf("uploaded %d", bytes)) }

func TestWatcherIsToldWhatWasCommittedAndOnce(t *testing.T) {
	d := newDesk(t)
	var told notes
	d.Watch(&told)
	r := storage.Registration{Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(int(codeNumber.Add(1))), Name: "观察有限公司", Password: "hash"}
	for range 2 {
		registered, err := d.Register(t.Context(), r)
		require.NoError(t, err)
		require.NoError(t, d.ApplyRegistration(t.Context(), registered.Subject.ID))
	}
	require.Equal(t, notes{"accepted register", "concluded register "}, told, "the same form twice is one command")

	told = nil
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	submit := d.command(record.Submit, d.applicant())
	submit.Draft = draft.Version
	for range 2 {
		_, err := d.Accept(t.Context(), submit)
		require.NoError(t, err)
	}
	_, err = d.Apply(t.Context(), d.profile, nil)
	require.NoError(t, err)
	_, err = d.Apply(t.Context(), d.profile, nil)
	require.NoError(t, err)
	require.Equal(t, notes{"accepted submit", "concluded submit "}, told)

	told = nil
	_, err = d.Accept(t.Context(), d.command(record.Void, d.applicant()))
	require.Error(t, err)
	require.Empty(t, told, "what was not committed is told to nobody")

	files := storage.NewFiles(d.Store, storagetest.Bucket(t), storage.FileLimits{})
	content := []byte("%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n")
	other := newDesk(t)
	draftless, err := other.StartDraft(t.Context(), other.account, other.subject, record.Award)
	require.NoError(t, err)
	_, err = files.Upload(t.Context(), storage.Upload{
		Subject: other.subject.ID, Account: other.account, Record: draftless, Field: "proof", Name: "a.pdf",
	}, bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, notes{fmt.Sprintf("uploaded %d", len(content))}, told)
}

func TestBacklogCountsWhatWaits(t *testing.T) {
	database := storagetest.Fresh(t)
	d := newDeskOn(t, database)
	before, err := d.Backlog(t.Context())
	require.NoError(t, err)
	_, err = d.Accept(t.Context(), d.command(record.Void, d.applicant()))
	require.Error(t, err, "what is refused at once waits for nothing")
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	submit := d.command(record.Submit, d.applicant())
	submit.Draft = draft.Version
	_, err = d.Accept(t.Context(), submit)
	require.NoError(t, err)
	b, err := d.Backlog(t.Context())
	require.NoError(t, err)
	require.Equal(t, before.Commands.Count+1, b.Commands.Count)
	require.Positive(t, b.Commands.Oldest)
	require.Less(t, b.Commands.Oldest, time.Minute)
	require.Zero(t, b.Scans)
	require.Zero(t, b.Applications)

	_, err = database.Owner.ExecContext(t.Context(), "UPDATE commands SET not_before = clock_timestamp() + interval '1 hour' WHERE done_at IS NULL")
	require.NoError(t, err)
	b, err = d.Backlog(t.Context())
	require.NoError(t, err)
	require.Zero(t, b.Commands, "what may not take effect yet is not late")
}

func TestSchemaIsComparedBothWays(t *testing.T) {
	database := storagetest.Fresh(t)
	store := database.Store()
	require.NoError(t, store.CheckSchema(t.Context()))
	_, err := database.Owner.ExecContext(t.Context(), "UPDATE bun_migrations SET name = '99991231235959' WHERE name = (SELECT max(name) FROM bun_migrations)")
	require.NoError(t, err)
	schema, err := storage.SchemaOf(t.Context(), database.App)
	require.NoError(t, err)
	require.Equal(t, []string{"99991231235959"}, schema.Newer)
	require.Equal(t, []string{schema.Last}, schema.Missing)
	require.ErrorContains(t, store.CheckSchema(t.Context()), schema.Last)

	empty := storagetest.Empty(t)
	schema, err = storage.SchemaOf(t.Context(), empty.App)
	require.NoError(t, err)
	require.Greater(t, len(schema.Missing), 5)
}

func TestKeysAreTriedOnWhatTheySealed(t *testing.T) {
	database := storagetest.Fresh(t)
	found, err := database.Store().ExamineKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, found, "nothing is sealed yet")
	register(t, database.Store(), storage.Registration{})
	_, err = database.Store().AddStaff(t.Context(), record.Actor{Role: record.Supervisor}, storage.NewStaff{
		Login: "wu", Name: "吴", Role: record.Reviewer, Identity: "430102199001011234", Password: "hash", Secret: "secret",
	})
	require.NoError(t, err)
	found, err = database.Store().ExamineKeys(t.Context())
	require.NoError(t, err)
	require.Empty(t, found)

	ring := storagetest.Keys()
	ring.Masters["second"] = ring.Masters["first"]
	ring.Index = bytes.Repeat([]byte{9}, 32)
	found, err = storage.New(database.App, ring, storagetest.Policy()).ExamineKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, storage.KeyFindings{Wrong: []string{"second"}, Index: true}, found)

	_, err = database.Owner.ExecContext(t.Context(), "DELETE FROM subject_keys")
	require.NoError(t, err)
	ring = storagetest.Keys()
	ring.Primary = "first"
	delete(ring.Masters, "second")
	found, err = storage.New(database.App, ring, storagetest.Policy()).ExamineKeys(t.Context())
	require.NoError(t, err)
	require.Equal(t, storage.KeyFindings{Missing: []string{"second"}}, found, "secrets of staff are looked at, too")
}

func TestW31_LogTextLeavesOutWhatPostgreSQLQuotes(t *testing.T) {
	_, owner := storagetest.OpenDB(t)
	const canary = "430102199001011234"
	_, err := owner.ExecContext(t.Context(), "SELECT '"+canary+"'::uuid")
	require.ErrorContains(t, err, canary, "PostgreSQL does quote")
	text := storage.LogText(fmt.Errorf("look for somebody: %w", err))
	require.NotContains(t, text, canary, "W31")
	require.Contains(t, text, "look for somebody: PostgreSQL 22P02")

	named := &pgconn.PgError{Severity: "ERROR", Code: "23505", Message: "duplicate of " + canary, Detail: "Key (code)=(" + canary + ")", TableName: "subjects", ConstraintName: "subjects_code"}
	text = storage.LogText(errors.Join(named, errors.New("and: "+named.Detail)))
	require.NotContains(t, text, canary)
	require.Contains(t, text, "PostgreSQL 23505, table subjects, constraint subjects_code")
	require.Equal(t, "plain", storage.LogText(errors.New("plain")))
	require.Empty(t, storage.LogText(nil))
}
