package storage_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

func TestNotificationsAreSentOnceListedAndRead(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	ctx := t.Context()
	a := register(t, s, storage.Registration{}).Subject.ID
	b := register(t, s, storage.Registration{}).Subject.ID
	about := storage.NewID()
	for i := range 5 {
		n := storage.Notification{
			Subject: a, Topic: "returned", Record: about, Data: map[string]string{"days": "5"}, Dedup: fmt.Sprintf("returned/%s/%d", about, i),
		}
		require.NoError(t, s.Notify(ctx, app, n))
		require.NoError(t, s.Notify(ctx, app, n), "the same again is no error")
	}
	require.NoError(t, s.Notify(ctx, app, storage.Notification{Subject: b, Topic: "approved", Dedup: "approved/" + string(about)}))

	unread, err := s.UnreadNotifications(ctx, a, record.Administrator)
	require.NoError(t, err)
	require.Equal(t, 5, unread, "and is not sent twice")
	page, err := s.Notifications(ctx, a, "", 3)
	require.NoError(t, err)
	require.Len(t, page, 3)
	require.Equal(t, fmt.Sprintf("returned/%s/4", about), page[0].Dedup, "newest first")
	require.Equal(t, about, page[0].Record)
	require.Equal(t, map[string]string{"days": "5"}, page[0].Data)
	require.False(t, page[0].CreatedAt.IsZero())
	rest, err := s.Notifications(ctx, a, page[2].ID, 3)
	require.NoError(t, err)
	require.Len(t, rest, 2)

	read, err := s.ReadNotification(ctx, a, page[0].ID)
	require.NoError(t, err)
	require.False(t, read.ReadAt.IsZero())
	again, err := s.ReadNotification(ctx, a, page[0].ID)
	require.NoError(t, err)
	require.Equal(t, read.ReadAt, again.ReadAt, "the first reading counts")
	t.Run("W17 another's message is not found", func(t *testing.T) {
		_, err := s.ReadNotification(ctx, b, page[1].ID)
		require.Equal(t, record.NotFound, record.CodeOf(err))
	})
	unread, err = s.UnreadNotifications(ctx, a, record.Administrator)
	require.NoError(t, err)
	require.Equal(t, 4, unread)
	require.NoError(t, s.ReadAllNotifications(ctx, a, record.Administrator))
	unread, err = s.UnreadNotifications(ctx, a, record.Administrator)
	require.NoError(t, err)
	require.Zero(t, unread)
	unread, err = s.UnreadNotifications(ctx, b, record.Administrator)
	require.NoError(t, err)
	require.Equal(t, 1, unread)
}

func TestNotificationGoesWithItsTransaction(t *testing.T) {
	s := storagetest.Open(t)
	app, _ := storagetest.OpenDB(t)
	a := register(t, s, storage.Registration{}).Subject.ID
	undone := errors.New("undone")
	err := app.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		require.NoError(t, s.Notify(ctx, tx, storage.Notification{Subject: a, Topic: "approved", Dedup: "undone/" + string(a)}))
		return undone
	})
	require.ErrorIs(t, err, undone)
	unread, err := s.UnreadNotifications(t.Context(), a, record.Administrator)
	require.NoError(t, err)
	require.Zero(t, unread)
}
