package storage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// beside is another subject's desk with the same staff.
func (d *desk) beside(t *testing.T, database *storagetest.Database) *desk {
	t.Helper()
	other := newDeskOn(t, database)
	other.first, other.second, other.boss = d.first, d.second, d.boss
	return other
}

func (d *desk) openReview(t *testing.T) record.ID {
	t.Helper()
	id, err := d.ReviewOf(t.Context(), d.profile)
	require.NoError(t, err)
	return id
}

func TestB03_WhatAnAbsentReviewerHoldsIsHandedOver(t *testing.T) {
	database := storagetest.Fresh(t)
	d := newDeskOn(t, database)
	ctx := t.Context()
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}
	desks := []*desk{d, d.beside(t, database), d.beside(t, database), d.beside(t, database)}
	for _, each := range desks {
		require.True(t, each.submit(t).Applied)
	}
	claimed, assigned, lapsed, others := desks[0].openReview(t), desks[1].openReview(t), desks[2].openReview(t), desks[3].openReview(t)
	for _, id := range []record.ID{claimed, lapsed} {
		ok, err := d.Claim(ctx, d.first, id)
		require.NoError(t, err)
		require.True(t, ok)
	}
	require.NoError(t, d.Assign(ctx, boss, assigned, d.first, "请今天办理"))
	ok, err := d.Claim(ctx, d.second, others)
	require.NoError(t, err)
	require.True(t, ok)
	_, err = d.owner.NewRaw("UPDATE review_tasks SET claimed_until = now() WHERE id = ?", lapsed).Exec(ctx)
	require.NoError(t, err)
	_, err = d.owner.NewRaw("UPDATE review_tasks SET due_at = now() - interval '1 hour' WHERE id = ?", assigned).Exec(ctx)
	require.NoError(t, err)

	absences, err := d.Absences(ctx)
	require.NoError(t, err)
	require.Empty(t, absences, "everybody is at work")
	_, err = d.owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", d.first).Exec(ctx)
	require.NoError(t, err)
	absences, err = d.Absences(ctx)
	require.NoError(t, err)
	require.Len(t, absences, 1)
	require.Equal(t, d.first, absences[0].Staff)
	require.Equal(t, 2, absences[0].Held, "a claim whose lease is over is nobody's")
	require.Equal(t, 1, absences[0].Overdue)
	require.False(t, absences[0].Since.IsZero())
	held, err := d.HeldBy(ctx, d.first)
	require.NoError(t, err)
	require.Len(t, held, 2)
	require.Equal(t, []record.ID{assigned, claimed}, []record.ID{held[0].ID, held[1].ID}, "first due first")

	refused, err := d.Reassign(ctx, record.Actor{Role: record.Reviewer, ID: d.second}, d.first, d.second, "", claimed)
	require.NoError(t, err)
	require.Zero(t, refused.Moved, "only a supervisor takes from others")
	require.Len(t, refused.Failed, 1)
	refused, err = d.Reassign(ctx, boss, d.first, d.first, "", claimed)
	require.NoError(t, err)
	require.Equal(t, 1, refused.Moved, "whoever holds it keeps it")

	done, err := d.Reassign(ctx, boss, d.first, d.second, "周婧休假", assigned, claimed, lapsed, others)
	require.NoError(t, err)
	require.Equal(t, 2, done.Moved)
	require.Len(t, done.Failed, 2, "what the member does not hold is left alone, and told")
	require.Equal(t, lapsed, done.Failed[0].Task.ID)
	require.NotEmpty(t, done.Failed[0].Why)
	held, err = d.HeldBy(ctx, d.second)
	require.NoError(t, err)
	require.Len(t, held, 3)
	handovers, err := d.Handovers(ctx, d.profile)
	require.NoError(t, err)
	require.Equal(t, "周婧休假", handovers[len(handovers)-1].Note)

	back, err := d.Reassign(ctx, boss, d.second, "", "", claimed)
	require.NoError(t, err)
	require.Equal(t, storage.Reassigned{Moved: 1}, back)
	ok, err = d.Claim(ctx, d.boss, claimed)
	require.NoError(t, err)
	require.True(t, ok, "it is free again")

	// As one whom an operator let go in the database itself.
	_, err = d.owner.NewRaw("UPDATE staff SET disabled_at = now() WHERE id = ?", d.second).Exec(ctx)
	require.NoError(t, err)
	absences, err = d.Absences(ctx)
	require.NoError(t, err)
	require.Len(t, absences, 2, "who was let go and still holds something is among them")
	require.True(t, absences[0].Disabled)
	require.Equal(t, 2, absences[0].Held)
	require.Zero(t, absences[1].Held)
}
