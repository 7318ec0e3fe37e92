package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Notification is a message (消息) to a subject. It holds no text: the topic
// names what page web says, and ids and enum names fill it in.
type Notification struct {
	ID      record.ID
	Subject record.ID
	Topic   string
	Record  record.ID         // "" when it is about none
	Command record.ID         // "" when it follows from none
	Data    map[string]string // enum names, numbers and ids; never contents
	// Dedup is what the message is about, once and for ever: a second one with
	// the same Dedup is not sent.
	Dedup     string
	CreatedAt time.Time
	ReadAt    time.Time // zero while unread
}

type notificationRow struct {
	bun.BaseModel `bun:"table:notifications,alias:n"`

	ID        record.ID         `bun:"id,pk"`
	Subject   record.ID         `bun:"subject"`
	Topic     string            `bun:"topic"`
	Record    record.ID         `bun:"record,nullzero"`
	Command   record.ID         `bun:"command,nullzero"`
	Data      map[string]string `bun:"data,type:jsonb"`
	Dedup     string            `bun:"dedup"`
	CreatedAt time.Time         `bun:"created_at,nullzero"`
	ReadAt    time.Time         `bun:"read_at,nullzero"`
}

func (r *notificationRow) notification() Notification {
	return Notification{
		ID: r.ID, Subject: r.Subject, Topic: r.Topic, Record: r.Record, Command: r.Command, Data: r.Data, Dedup: r.Dedup,
		CreatedAt: r.CreatedAt, ReadAt: r.ReadAt,
	}
}

// Notify leaves a message, inside the caller's transaction if there is one, and
// with it one letter for each account and channel on which its group is wanted.
// One with the same Dedup that exists already is left as it is, so that a retry
// sends nothing twice.
func (s *Store) Notify(ctx context.Context, db bun.IDB, n Notification) error {
	row := notificationRow{
		ID: NewID(), Subject: n.Subject, Topic: n.Topic, Record: n.Record, Command: n.Command, Data: n.Data, Dedup: n.Dedup,
	}
	if row.Data == nil {
		row.Data = map[string]string{}
	}
	group := GroupOf(n.Topic)
	_, err := db.NewRaw(`
		WITH told AS (?)
		INSERT INTO letters (account, channel, purpose, notification, expires_at)
		SELECT k.account, k.channel, ?, told.id, clock_timestamp() + ? * interval '1 microsecond'
		FROM told JOIN contacts k ON k.subject = told.subject JOIN accounts a ON a.id = k.account
		WHERE k.verified_at IS NOT NULL AND k.failed_at IS NULL AND a.disabled_at IS NULL AND (? OR ? = ANY (k.groups))
		  AND (? OR a.role = 'administrator')`,
		db.NewInsert().Model(&row).On("CONFLICT (dedup) DO NOTHING").Returning("id, subject"),
		PurposeMessage, letterPeriod.Microseconds(), group == Important, string(group), !strings.HasPrefix(n.Topic, memberTopics)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// Notifications returns a page of the subject's messages, newest first: at most
// limit, before the message with that id, or from the newest when it is "".
func (s *Store) Notifications(ctx context.Context, subject, before record.ID, limit int) ([]Notification, error) {
	return s.NotificationsFor(ctx, subject, record.Administrator, before, limit)
}

// NotificationsFor is Notifications for a member in that role: what is told of
// members is for administrators alone.
func (s *Store) NotificationsFor(ctx context.Context, subject record.ID, role record.MemberRole, before record.ID, limit int) ([]Notification, error) {
	var rows []notificationRow
	query := s.db.NewSelect().Model(&rows).Where("subject = ?", subject).Where("? OR NOT starts_with(topic, ?)", role.May(record.ToManage), memberTopics).
		Order("id DESC").Limit(int64(limit))
	if before != "" {
		// UUIDv7: the order of ids is the order of time.
		query = query.Where("id < ?", before)
	}
	if err := query.Scan(ctx); err != nil {
		return nil, fmt.Errorf("list notifications: %w", err)
	}
	all := make([]Notification, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].notification())
	}
	return all, nil
}

// UnreadNotifications counts the subject's unread messages for a member in that
// role.
func (s *Store) UnreadNotifications(ctx context.Context, subject record.ID, role record.MemberRole) (int, error) {
	n, err := s.db.NewSelect().Model((*notificationRow)(nil)).Where("subject = ?", subject).Where("read_at IS NULL").
		Where("? OR NOT starts_with(topic, ?)", role.May(record.ToManage), memberTopics).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("count unread notifications: %w", err)
	}
	return int(n), nil
}

// ReadNotification marks a message of the subject as read and returns it. The
// first reading counts. One of another subject is not found.
func (s *Store) ReadNotification(ctx context.Context, subject, id record.ID) (Notification, error) {
	var row notificationRow
	err := s.db.NewRaw(`
		UPDATE notifications SET read_at = coalesce(read_at, clock_timestamp()) WHERE id = ? AND subject = ?
		RETURNING *`, id, subject).Scan(ctx, &row)
	if err != nil {
		return Notification{}, missing(err, "mark notification as read")
	}
	return row.notification(), nil
}

// ReadAllNotifications marks all messages of the subject as read that a member in
// that role sees.
func (s *Store) ReadAllNotifications(ctx context.Context, subject record.ID, role record.MemberRole) error {
	_, err := s.db.NewRaw(`
		UPDATE notifications SET read_at = clock_timestamp() WHERE subject = ? AND read_at IS NULL AND (? OR NOT starts_with(topic, ?))`,
		subject, role.May(record.ToManage), memberTopics).Exec(ctx)
	if err != nil {
		return fmt.Errorf("mark notifications as read: %w", err)
	}
	return nil
}
