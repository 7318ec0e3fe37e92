package storage_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// filings gives the subject many records straight in the database.
func (d *desk) filings(t testing.TB, n int) {
	t.Helper()
	_, err := d.owner.NewRaw(`
		INSERT INTO records (id, subject, kind, standing, filing, revision, in_force, title, updated_at)
		SELECT gen_random_uuid(), ?, 'award', 'in_force', 'none', 1, 1, '奖 ' || i, clock_timestamp() - i / 10 * interval '1 minute'
		FROM generate_series(1, ?) i`, d.subject.ID, n).Exec(t.Context())
	require.NoError(t, err)
}

func TestASubjectsRecordsComePageByPageEachOnce(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t)) // whose rows the invariants of others' do not meet
	d.settle(t)
	ctx := t.Context()
	const many = 25
	d.filings(t, many)
	seen := map[record.ID]bool{}
	cursor, pages := "", 0
	for last := time.Now().Add(time.Hour); ; pages++ {
		lines, next, err := d.SubjectRecords(ctx, d.subject.ID, "", cursor, 10)
		require.NoError(t, err)
		for _, line := range lines {
			require.False(t, seen[line.ID], "twice")
			require.False(t, line.UpdatedAt.After(last), "latest first")
			seen[line.ID], last = true, line.UpdatedAt
		}
		if next == "" {
			break
		}
		cursor = next
	}
	require.Len(t, seen, many+1)
	require.Equal(t, 2, pages)
	profiles, next, err := d.SubjectRecords(ctx, d.subject.ID, record.OrganizationProfile, "", 10)
	require.NoError(t, err)
	require.Empty(t, next)
	require.Len(t, profiles, 1)
	_, _, err = d.SubjectRecords(ctx, d.subject.ID, "", "no cursor", 10)
	require.NoError(t, err)
	none, _, err := d.SubjectRecords(ctx, storage.NewID(), "", "", 10)
	require.NoError(t, err)
	require.Empty(t, none)
}

func TestASubjectOfFiveThousandRecordsIsQuick(t *testing.T) {
	d := newDeskOn(t, storagetest.Fresh(t))
	d.settle(t)
	ctx := t.Context()
	d.filings(t, 5000)
	_, err := d.owner.NewRaw("ANALYZE records").Exec(ctx)
	require.NoError(t, err)
	began := time.Now()
	const times = 20
	for range times {
		sum, err := d.SubjectSummary(ctx, d.subject.ID)
		require.NoError(t, err)
		require.Equal(t, 5000, sum.Records[record.Award])
		lines, _, err := d.SubjectRecords(ctx, d.subject.ID, "", "", 50)
		require.NoError(t, err)
		require.Len(t, lines, 50)
	}
	mean := time.Since(began) / times
	t.Logf("head and first page of 5,000 records: %s", mean)
	require.Less(t, mean, 500*time.Millisecond)
}

func TestN09_WhatOfASubjectMayHaveAProcess(t *testing.T) {
	ctx := t.Context()
	f := newFirm(t, certificatetest.New(t, "", ""))
	a, err := f.AwaitingOf(ctx, f.subject.ID, 10)
	require.NoError(t, err)
	require.Equal(t, storage.Awaiting{Registration: true}, a)
	application := f.desk.apply(t)
	require.True(t, f.submit(t).Applied)
	a, err = f.AwaitingOf(ctx, f.subject.ID, 10)
	require.NoError(t, err)
	require.Equal(t, storage.Awaiting{Registration: true, Records: []record.ID{f.profile}, Applications: []record.ID{application}}, a)
	require.True(t, f.do(t, f.command(record.Approve, reviewer(f.first))).Applied)
	a, err = f.AwaitingOf(ctx, f.subject.ID, 10)
	require.NoError(t, err)
	require.Equal(t, storage.Awaiting{Applications: []record.ID{application}}, a)
}

func TestASupervisorEndsASessionOfASubject(t *testing.T) {
	d, other := proven(t), proven(t)
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	id, token := login(t, d.Store, storage.NewSession{Account: d.account, Assurance: record.ByPassword, Address: "203.0.113.9"})
	sessions, err := d.SubjectSessions(ctx, d.subject.ID, idle)
	require.NoError(t, err)
	require.Len(t, sessions, 1)
	require.Equal(t, d.account, sessions[0].Account.ID)
	require.Equal(t, record.NotFound, record.CodeOf(d.EndSubjectSession(ctx, boss, other.subject.ID, id)))
	require.False(t, ended(t, d.Store, token))
	require.NoError(t, d.EndSubjectSession(ctx, boss, d.subject.ID, id))
	require.True(t, ended(t, d.Store, token))
	require.Equal(t, 1, d.eventsOf(t, storage.EventSessionEnded))
	require.Equal(t, record.NotFound, record.CodeOf(d.EndSubjectSession(ctx, boss, d.subject.ID, id)))
	d.verify(t)
}

func TestTheHistoryOfASubjectIsOfAllItsRecords(t *testing.T) {
	d := proven(t)
	require.True(t, d.do(t, func() record.Command {
		c := d.command(record.Reopen, record.Actor{Role: record.Supervisor, ID: d.boss})
		c.Reason = "抽查"
		return c
	}()).Applied)
	events, more, err := d.SubjectEvents(t.Context(), d.subject.ID, storage.EventsOfRecords, 0, 2)
	require.NoError(t, err)
	require.True(t, more)
	require.Equal(t, string(record.Reopen), events[0].Type)
	require.Equal(t, "抽查", events[0].Reason)
	require.Equal(t, "周婧", events[0].Name)
	require.Equal(t, d.profile, events[0].Record)
	require.Equal(t, record.OrganizationProfile, events[0].Kind)
	events, more, err = d.SubjectEvents(t.Context(), d.subject.ID, storage.EventsOfRecords, events[1].No, 2)
	require.NoError(t, err)
	require.False(t, more)
	require.Len(t, events, 1)
	require.Equal(t, string(record.Submit), events[0].Type)
}
