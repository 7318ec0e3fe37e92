package storage_test

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// feed reads everything behind a cursor, some at a time.
func feed(t testing.TB, store *storage.Store, after string) (all []record.Change, next string) {
	t.Helper()
	for next = after; ; {
		page, err := store.Changes(t.Context(), next, 3)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Changes), 3)
		all, next = append(all, page.Changes...), page.Next
		if !page.More {
			return all, next
		}
		require.NotEmpty(t, page.Changes)
	}
}

// closing registers an organization and closes it again, which is the shortest
// change there is, and returns its code.
func closing(t testing.TB, store *storage.Store) string {
	t.Helper()
	n := int(codeNumber.Add(1))
	registered, err := store.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(n), Name: fmt.Sprintf("示范关闭%d有限公司", n), Password: "hash",
	})
	require.NoError(t, err)
	state, err := store.CloseAbandoned(t.Context(), registered.Subject.ID)
	require.NoError(t, err)
	require.True(t, state.Closed)
	return registered.Subject.Code
}

func TestB13_TheFeedTellsWhatTakesEffectAndNothingElse(t *testing.T) {
	database := storagetest.Fresh(t)
	f := newFirmOn(t, database, certificatetest.New(t, "", ""))
	f.settle(t)
	qualification := f.inForce(t, record.Qualification, f.document(t, record.Qualification, 1))
	person := f.inForce(t, record.Practitioner, f.document(t, record.Practitioner, 2))
	returned := f.begin(t, record.Award, f.document(t, record.Award, 3))
	f.submitByKey(t, returned)
	f.move(t, returned, record.Return, reviewer(f.first))
	f.move(t, qualification, record.Void, f.byKey())
	f.move(t, qualification, record.Restore, f.byKey())
	f.move(t, person, record.Release, f.byKey())
	require.NoError(t, f.StartChange(t.Context(), f.account, f.subject.ID, f.profile, "迁址"))
	f.relocate(t)
	require.True(t, f.submit(t).Applied, "a change that waits for a review has no effect")
	require.True(t, f.do(t, f.command(record.Approve, reviewer(f.first))).Applied)
	issuer, serial := f.key.Verified.Issuer.Key, f.key.Certificate.Serial()
	for _, word := range []string{storage.WordSuspended, storage.WordSuspended, storage.WordResumed, storage.WordRevoked} {
		require.NoError(t, f.CertificateWord(t.Context(), issuer, serial, word, time.Now(), "test"))
	}

	type told struct {
		Type    record.ChangeType
		Kind    record.Kind
		Record  record.ID
		Version int
	}
	all, next := feed(t, f.Store, "")
	var got []told
	seen := map[record.ID]bool{}
	for _, c := range all {
		require.Equal(t, f.subject.Code, c.Code)
		require.False(t, seen[c.ID], "an id names one change")
		require.WithinDuration(t, time.Now(), c.At, time.Minute)
		seen[c.ID] = true
		got = append(got, told{c.Type, c.Kind, c.Record, c.Version})
	}
	require.Equal(t, []told{
		{record.ChangeCertificateBound, "", "", 0},
		{record.ChangeEffective, record.OrganizationProfile, f.profile, 1},
		{record.ChangeEffective, record.Qualification, qualification, 1},
		{record.ChangeEffective, record.Practitioner, person, 1},
		{record.ChangeVoided, record.Qualification, qualification, 1},
		{record.ChangeRestored, record.Qualification, qualification, 1},
		{record.ChangeReleased, record.Practitioner, person, 1},
		{record.ChangeEffective, record.OrganizationProfile, f.profile, 2},
		{record.ChangeCertificateSuspended, "", "", 0},
		{record.ChangeCertificateResumed, "", "", 0},
		{record.ChangeCertificateRevoked, "", "", 0},
	}, got)

	empty, again := feed(t, f.Store, next)
	require.Empty(t, empty)
	require.Equal(t, next, again, "a cursor is answered also where nothing came")
	for _, strange := range []string{"x", "ZmVlZDE6LTE", "ZmVlZDE6OTk5OTk5", next + "="} {
		_, err := f.Changes(t.Context(), strange, 10)
		require.Equal(t, record.Invalid, record.CodeOf(err), strange)
	}
	f.verify(t)
	_, err := database.Owner.NewRaw("DELETE FROM changes WHERE no = 2").Exec(t.Context())
	require.NoError(t, err)
	found, err := f.Verify(t.Context())
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, "a change that took effect is not in the feed", found[0].Fault)
}

func TestB13_PersonsAreInNoFeed(t *testing.T) {
	database := storagetest.Fresh(t)
	store := database.Store()
	registered, err := store.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Person, IDType: codes.IDDocumentResident, Code: sample.ResidentID(31), Name: "陈明远", Password: "hash",
	})
	require.NoError(t, err)
	_, err = store.CloseAbandoned(t.Context(), registered.Subject.ID)
	require.NoError(t, err)
	all, _ := feed(t, store, "")
	require.Empty(t, all)
}

// A transaction that wrote its change early and commits late must not be passed
// over by whoever reads in between.
func TestB13_AChangeThatCommitsLateIsNotPassedOver(t *testing.T) {
	database := storagetest.Fresh(t)
	store := database.Store()
	first := closing(t, store)
	all, cursor := feed(t, store, "")
	require.Len(t, all, 1)

	n := int(codeNumber.Add(1))
	slow, err := store.Register(t.Context(), storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(n), Name: fmt.Sprintf("示范慢%d有限公司", n), Password: "hash",
	})
	require.NoError(t, err)
	tx, err := database.App.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = tx.NewRaw(`INSERT INTO events (chain, no, at, type, role, data, hash) VALUES (?, 2, clock_timestamp(), 'closed', 'clock', '{}', '\x')`,
		slow.Subject.ID).Exec(t.Context())
	require.NoError(t, err)

	quick := closing(t, store)
	seen, cursor := feed(t, store, cursor)
	require.Equal(t, []string{quick}, codesOf(seen), "what is committed is told at once")
	require.NoError(t, tx.Commit())
	seen, cursor = feed(t, store, cursor)
	require.Equal(t, []string{slow.Subject.Code}, codesOf(seen), "and what commits later is told later")
	whole, end := feed(t, store, "")
	require.Equal(t, []string{first, quick, slow.Subject.Code}, codesOf(whole), "in this order for ever")
	require.Equal(t, cursor, end)
}

func codesOf(all []record.Change) []string {
	var codes []string
	for _, c := range all {
		codes = append(codes, c.Code)
	}
	return codes
}

// Many write, several read by their own cursors: each reader has everything once,
// all in one order, and what happened to one subject in the order in which it did.
func TestB13_EveryReaderHasEveryChangeOnceWhileManyCommit(t *testing.T) {
	database := storagetest.Fresh(t)
	store := database.Store()
	const writers, each = 6, 8
	subjects := make([]record.ID, writers)
	for i := range subjects {
		n := int(codeNumber.Add(1))
		registered, err := store.Register(t.Context(), storage.Registration{
			Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(n), Name: fmt.Sprintf("示范%d有限公司", n), Password: "hash",
		})
		require.NoError(t, err)
		subjects[i] = registered.Subject.ID
	}
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	faults := make(chan error, writers+3)
	for i, subject := range subjects {
		writing.Go(func() { faults <- writeChanges(t.Context(), database.App, subject, each, i) })
	}
	got := make([][]record.Change, 3)
	for i := range got {
		reading.Go(func() {
			cursor := ""
			for last := false; ; {
				page, err := store.Changes(t.Context(), cursor, 2+i)
				if err != nil {
					faults <- err
					return
				}
				got[i], cursor = append(got[i], page.Changes...), page.Next
				if last && len(page.Changes) == 0 {
					faults <- nil
					return
				}
				select {
				case <-done:
					last = true
				default:
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	for range writers + 3 {
		require.NoError(t, <-faults)
	}
	require.Len(t, got[0], writers*each)
	require.Equal(t, got[0], got[1])
	require.Equal(t, got[0], got[2])
	latest, seen := map[string]int{}, map[record.ID]bool{}
	for _, c := range got[0] {
		require.False(t, seen[c.ID])
		seen[c.ID] = true
		require.Equal(t, latest[c.Code]+1, c.Version, "in the order of the subject's chain")
		latest[c.Code] = c.Version
	}
}

// writeChanges writes effects of a record, each in a transaction that stays open
// while others begin and end. Their versions count them.
func writeChanges(ctx context.Context, db *bun.DB, subject record.ID, each, odd int) error {
	id := storage.NewID()
	_, err := db.NewRaw(`
		INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, title)
		VALUES (?, ?, 'award', 'in_force', 'none', 1, 1, '示范')`, id, subject).Exec(ctx)
	for no := 1; no <= each && err == nil; no++ {
		err = db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			var wait int
			if err := tx.NewRaw("SELECT no FROM chains WHERE id = ? FOR UPDATE", subject).Scan(ctx, &wait); err != nil {
				return err
			}
			_, err := tx.NewRaw(`
				INSERT INTO events (chain, no, at, type, record, role, data, hash)
				VALUES (?, ?, clock_timestamp(), 'approve', ?, 'reviewer', jsonb_build_object('standing', 'in_force', 'filing', 'none', 'version', ?::int), '\x')`,
				subject, no+1, id, no).Exec(ctx)
			if err != nil {
				return err
			}
			_, err = tx.NewRaw("SELECT pg_sleep(?)", float64((no*7+odd*3)%5)/200).Exec(ctx)
			return err
		})
	}
	return err
}

// An installation that has worked for long finds in its feed what had happened.
func TestB13_TheMigrationFillsTheFeedFromWhatHappenedBefore(t *testing.T) {
	database := storagetest.Fresh(t)
	f := newFirmOn(t, database, certificatetest.New(t, "", ""))
	f.settle(t)
	id := f.inForce(t, record.Qualification, f.document(t, record.Qualification, 1))
	f.move(t, id, record.Void, f.byKey())
	closing(t, f.Store)
	before, _ := feed(t, f.Store, "")
	require.Len(t, before, 5)
	for _, name := range []string{"down", "up"} {
		statements, err := os.ReadFile("migrations/20261127000002_feed." + name + ".sql")
		require.NoError(t, err)
		_, err = database.Owner.DB.ExecContext(t.Context(), string(statements))
		require.NoError(t, err)
	}
	after, _ := feed(t, f.Store, "")
	require.Len(t, after, len(before))
	for i := range after {
		require.NotEqual(t, before[i].ID, after[i].ID)
		after[i].ID = before[i].ID
	}
	require.Equal(t, before, after)
	f.move(t, id, record.Restore, f.byKey())
	again, _ := feed(t, f.Store, "")
	require.Len(t, again, 6)
	f.verify(t)
}

func TestB13_WhatIsToldIsWhatCounts(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	_, err := f.Holdings(ctx, f.subject.ID, "", 10)
	require.Equal(t, record.NotFound, record.CodeOf(err), "nothing is in force yet")
	f.settle(t)
	first := f.inForce(t, record.Qualification, f.document(t, record.Qualification, 1))
	second := f.inForce(t, record.Award, f.document(t, record.Award, 2))
	f.begin(t, record.Performance, f.document(t, record.Performance, 3))
	waiting := f.begin(t, record.Performance, f.document(t, record.Performance, 4))
	f.submitByKey(t, waiting)
	f.move(t, second, record.Void, f.byKey())

	d, err := f.Holdings(ctx, f.subject.ID, "", 10)
	require.NoError(t, err)
	require.Equal(t, f.subject.Code, d.Code)
	require.Equal(t, f.profile, d.Profile.ID)
	require.Equal(t, 1, d.Profile.Version)
	require.Equal(t, d.First, d.Profile.Since)
	require.Len(t, d.Records, 2)
	require.Equal(t, []record.ID{first, second}, []record.ID{d.Records[0].ID, d.Records[1].ID})
	require.Equal(t, []record.Standing{record.InForce, record.Voided}, []record.Standing{d.Records[0].Standing, d.Records[1].Standing})
	require.Equal(t, "D", d.Records[0].Document.(*record.QualificationDocument).CertificateNo[:1])
	require.False(t, d.More)

	page, err := f.Holdings(ctx, f.subject.ID, "", 1)
	require.NoError(t, err)
	require.True(t, page.More)
	page, err = f.Holdings(ctx, f.subject.ID, page.Records[0].ID, 1)
	require.NoError(t, err)
	require.Equal(t, second, page.Records[0].ID)
	require.False(t, page.More)

	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, f.profile, "迁址"))
	f.relocate(t)
	require.True(t, f.submit(t).Applied)
	d, err = f.Holdings(ctx, f.subject.ID, "", 10)
	require.NoError(t, err)
	require.Equal(t, 1, d.Profile.Version, "the version in force stays while a change is reviewed")
	require.True(t, f.do(t, f.command(record.Approve, reviewer(f.first))).Applied)
	d, err = f.Holdings(ctx, f.subject.ID, "", 10)
	require.NoError(t, err)
	require.Equal(t, 2, d.Profile.Version)
	require.True(t, d.Profile.Since.After(d.First))
}

// relocate moves the firm in the draft that is open.
func (f *firm) relocate(t testing.TB) {
	t.Helper()
	f.desk.document.Address = "新址 9 号"
	f.save(t)
}
