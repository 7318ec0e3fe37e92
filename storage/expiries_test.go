package storage_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
)

// inDays is the civil date in China that many days from today.
func inDays(days int) form.Date {
	return form.Date(time.Now().In(record.Shanghai).AddDate(0, 0, days).Format(time.DateOnly))
}

// notices are the days of the expiry messages that the subject got, oldest first.
func (d *desk) notices(t testing.TB) []string {
	t.Helper()
	all, err := d.Notifications(t.Context(), d.subject.ID, "", 100)
	require.NoError(t, err)
	days := []string{}
	for _, n := range slices.Backward(all) {
		if n.Topic == storage.TopicExpiring {
			days = append(days, n.Data["count"]+" in "+n.Data["days"])
		}
	}
	return days
}

func (d *desk) sweep(t testing.TB) {
	t.Helper()
	_, err := d.SweepExpiries(t.Context())
	require.NoError(t, err)
}

func TestB10_WhatExpiresIsToldOnceForEachNotice(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.document.LicenceLongTerm, d.document.LicenceExpires = false, inDays(100)
	d.save(t)
	d.settle(t)
	d.sweep(t)
	require.Empty(t, d.notices(t), "a hundred days are far away")

	pass := func(left int) {
		t.Helper()
		_, err := d.owner.NewRaw("UPDATE expiries SET expires_on = ? WHERE record = ?", string(inDays(left)), d.profile).Exec(ctx)
		require.NoError(t, err)
		d.sweep(t)
		d.sweep(t)
	}
	pass(90)
	require.Equal(t, []string{"1 in 90"}, d.notices(t))
	pass(61)
	require.Equal(t, []string{"1 in 90"}, d.notices(t))
	pass(5)
	require.Equal(t, []string{"1 in 90", "1 in 7"}, d.notices(t), "T20 what was missed is caught up with the nearest")
	pass(0)
	pass(-1)
	require.Equal(t, []string{"1 in 90", "1 in 7", "1 in 0"}, d.notices(t), "today and afterwards are one notice")

	expiring, err := d.ExpiringOf(ctx, d.subject.ID, 90)
	require.NoError(t, err)
	require.Len(t, expiring, 1)
	require.Equal(t, d.profile, expiring[0].Record)
	require.Equal(t, "营业期限", expiring[0].Label)
	require.Equal(t, string(inDays(-1)), expiring[0].On.Format(time.DateOnly))

	t.Run("a new date in force is told of anew", func(t *testing.T) {
		require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "换照"))
		d.document.LicenceExpires = inDays(20)
		d.save(t)
		require.True(t, d.submit(t).Applied)
		d.sweep(t)
		require.Len(t, d.notices(t), 3, "a change under way does not count yet")
		require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
		var on time.Time
		require.NoError(t, d.app.NewRaw("SELECT expires_on FROM expiries WHERE record = ?", d.profile).Scan(ctx, &on))
		require.Equal(t, string(inDays(20)), on.Format(time.DateOnly))
		_, err := d.owner.NewRaw("DELETE FROM notifications WHERE subject = ? AND topic = ?", d.subject.ID, storage.TopicExpiring).Exec(ctx)
		require.NoError(t, err)
		d.sweep(t)
		require.Equal(t, []string{"1 in 30"}, d.notices(t))
	})
	t.Run("for ever expires never", func(t *testing.T) {
		require.NoError(t, d.StartChange(ctx, d.account, d.subject.ID, d.profile, "长期"))
		d.document.LicenceLongTerm, d.document.LicenceExpires = true, ""
		d.save(t)
		require.True(t, d.submit(t).Applied)
		require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
		expiring, err := d.ExpiringOf(ctx, d.subject.ID, 90)
		require.NoError(t, err)
		require.Empty(t, expiring)
	})
}

func TestB10_ACertificateOfTheCAExpiresToo(t *testing.T) {
	d := newDesk(t)
	key := certificatetest.New(t, "", "").Issue(t, certificate.RSA, d.subject.Code)
	_, err := byKey(t, d, key, d.account)
	require.NoError(t, err)
	_, err = d.owner.NewRaw("UPDATE certificates SET not_after = clock_timestamp() + interval '25 days' WHERE subject = ?", d.subject.ID).Exec(t.Context())
	require.NoError(t, err)
	d.sweep(t)
	d.sweep(t)
	require.Equal(t, []string{"1 in 30"}, d.notices(t))
	expiring, err := d.ExpiringOf(t.Context(), d.subject.ID, 90)
	require.NoError(t, err)
	require.Len(t, expiring, 1)
	require.NotEmpty(t, expiring[0].Certificate)

	other := newDesk(t)
	expiring, err = other.ExpiringOf(t.Context(), other.subject.ID, 90)
	require.NoError(t, err)
	require.Empty(t, expiring, "I9 another subject's stay its own")
}
