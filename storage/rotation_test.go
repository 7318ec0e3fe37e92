package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func TestW30_MasterKeysRotateOnline(t *testing.T) {
	database := storagetest.Fresh(t)
	old := storagetest.Keys()
	old.Primary = "first"
	before := storage.New(database.App, old, storagetest.Policy())
	registered, err := before.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(1), Name: "示范建工", Password: "hash",
	})
	require.NoError(t, err)
	id, err := before.StartDraft(t.Context(), registered.Account, registered.Subject, record.OrganizationProfile)
	require.NoError(t, err)

	after := database.Store()
	n, err := after.Rewrap(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	n, err = after.Rewrap(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)

	alone := storagetest.Keys()
	delete(alone.Masters, "first")
	draft, err := storage.New(database.App, alone, storagetest.Policy()).Draft(t.Context(), registered.Subject.ID, id)
	require.NoError(t, err, "the old master key is not needed any more")
	require.Equal(t, "示范建工", draft.Document.Title())
	_, err = before.Draft(t.Context(), registered.Subject.ID, id)
	require.NoError(t, err, "a portal with the old order of keys still reads")
}

func TestOutdatedPlansAreFound(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	policy := storagetest.Policy()
	policy.ReviewDays = 9
	changed := storage.New(d.app, storagetest.Keys(), policy)
	outdated, _, err := changed.OutdatedPlans(t.Context(), "", 10_000)
	require.NoError(t, err)
	require.Contains(t, outdated, d.profile)
	plan, _, err := changed.Plan(t.Context(), d.profile)
	require.NoError(t, err)
	r, err := d.Record(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.WithinDuration(t, plan.EscalateAt, r.DueAt, 0)
	outdated, _, err = changed.OutdatedPlans(t.Context(), "", 10_000)
	require.NoError(t, err)
	require.NotContains(t, outdated, d.profile)
}
