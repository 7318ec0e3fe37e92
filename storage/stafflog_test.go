package storage_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// logged reads the whole log of a query in pages of that size, forwards and then
// backwards again.
func logged(t *testing.T, s *storage.Store, q storage.LogQuery) []storage.LogEntry {
	t.Helper()
	var all []storage.LogEntry
	var last storage.LogPage
	for {
		page, err := s.StaffLog(t.Context(), q)
		require.NoError(t, err)
		require.LessOrEqual(t, len(page.Entries), q.Limit)
		all = append(all, page.Entries...)
		last = page
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	back := slices.Clone(last.Entries)
	for cursor := last.Previous; cursor != ""; {
		q.After, q.Before = "", cursor
		page, err := s.StaffLog(t.Context(), q)
		require.NoError(t, err)
		back = append(slices.Clone(page.Entries), back...)
		cursor = page.Previous
	}
	require.Equal(t, all, back, "the same backwards")
	return all
}

func types(entries []storage.LogEntry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Type)
	}
	return all
}

func TestB18TheLogTellsWhatStaffDid(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.held(t, "430104", d.first)
	returned := d.command(record.Return, reviewer(d.first))
	returned.Reason = "门牌号缺失"
	require.True(t, d.do(t, returned).Applied)
	r, err := d.Record(ctx, d.subject.ID, d.profile)
	require.NoError(t, err)
	require.NoError(t, d.Reveal(ctx, storage.Reveal{By: reviewer(d.first), Subject: r.Subject, Record: r.ID, Version: 1, Reason: storage.RevealReasons()[0]}))
	d.document.Address = "示范路 2 号"
	d.save(t)
	require.NoError(t, d.Assign(ctx, reviewer(d.first), d.held(t, "", d.first), "", "转回"))
	require.NoError(t, d.SetStaffScope(ctx, d.supervisor(), d.first, record.Reviewer, []string{"44"}, nil))
	require.NoError(t, d.SetStaffPassword(ctx, reviewer(d.first), d.first, "new", ""))

	all := logged(t, d.Store, storage.LogQuery{Staff: d.first, Limit: 2})
	want := []string{
		storage.EventStaffPassword, storage.EventStaffChanged, storage.EventHandedOver, storage.EventRevealed, "return", storage.EventStaffAdded,
	}
	require.ElementsMatch(t, want, types(all), "what the member did, and what was done to them; the subject's moves are not staff's")
	require.True(t, slices.IsSortedFunc(all, func(a, b storage.LogEntry) int { return b.At.Compare(a.At) }), "newest first")
	for _, e := range all {
		switch e.Type {
		case "return", storage.EventRevealed, storage.EventHandedOver:
			require.Equal(t, d.profile, e.Record)
			require.Equal(t, record.OrganizationProfile, e.Kind)
			require.Equal(t, d.subject.ID, e.Subject)
		default:
			require.Empty(t, e.Record)
			require.Empty(t, e.Subject)
			require.Equal(t, string(d.first), e.Text("staff"))
		}
		require.NotContains(t, fmt.Sprint(e), d.subject.Code)
		require.NotContains(t, fmt.Sprint(e), "周婧")
		require.NotContains(t, fmt.Sprint(e), "门牌号")
	}

	t.Run("by type", func(t *testing.T) {
		moves := logged(t, d.Store, storage.LogQuery{Staff: d.first, Types: []string{"return", storage.EventHandedOver}, Limit: 1})
		require.ElementsMatch(t, []string{"return", storage.EventHandedOver}, types(moves))
		require.Equal(t, []string{storage.EventRevealed}, types(logged(t, d.Store, storage.LogQuery{Staff: d.first, Types: []string{storage.EventRevealed}, Limit: 5})))
	})
	t.Run("by day", func(t *testing.T) {
		now := time.Now()
		require.Empty(t, logged(t, d.Store, storage.LogQuery{Staff: d.first, From: now.Add(time.Hour), Limit: 5}))
		require.Empty(t, logged(t, d.Store, storage.LogQuery{Staff: d.first, Until: now.Add(-time.Hour), Limit: 5}))
		require.Len(t, logged(t, d.Store, storage.LogQuery{Staff: d.first, From: now.Add(-time.Hour), Until: now.Add(time.Hour), Limit: 5}), len(all))
	})
	t.Run("everybody's", func(t *testing.T) {
		page, err := d.StaffLog(ctx, storage.LogQuery{Limit: 1000})
		require.NoError(t, err)
		require.Subset(t, types(page.Entries), want)
		for _, e := range page.Entries {
			require.NotEqual(t, "submit", e.Type)
		}
	})
	t.Run("a cursor that is none starts at the beginning", func(t *testing.T) {
		page, err := d.StaffLog(ctx, storage.LogQuery{Staff: d.first, After: "nonsense", Before: "nonsense", Limit: 1})
		require.NoError(t, err)
		require.Equal(t, all[:1], page.Entries)
		require.Empty(t, page.Previous)
	})
	names, err := d.StaffNames(ctx)
	require.NoError(t, err)
	require.Equal(t, "周婧", names[d.boss])
}
