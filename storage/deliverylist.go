package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

type deliveryRow struct {
	bun.BaseModel `bun:"table:deliveries,alias:d"`

	ID          record.ID              `bun:"id,pk"`
	Subscriber  record.ID              `bun:"subscriber"`
	Change      int64                  `bun:"change,nullzero"`
	Attempts    int                    `bun:"attempts"`
	Status      int                    `bun:"status"`
	Failure     record.DeliveryFailure `bun:"failure"`
	FirstAt     time.Time              `bun:"first_at,nullzero"`
	LastAt      time.Time              `bun:"last_at,nullzero"`
	DeliveredAt time.Time              `bun:"delivered_at,nullzero"`
	AskedAt     time.Time              `bun:"asked_at,nullzero"`
}

// Delivery is what became of one message to a subscriber.
type Delivery struct {
	ID          record.ID
	Type        record.ChangeType // "" for a test
	Kind        record.Kind
	Subject     record.ID // whom the change is about; "" for a test
	Code        string
	FirstAt     time.Time // of the first attempt, or of the wish
	LastAt      time.Time // zero: not tried yet
	DeliveredAt time.Time // zero: not yet
	Attempts    int
	Status      int // of the last answer; 0: none came
	Failure     record.DeliveryFailure
	Asked       bool // it will be sent once more
}

// Deliveries lists the latest messages to a subscriber, newest first.
func (s *Store) Deliveries(ctx context.Context, subscriber record.ID, limit int) ([]Delivery, error) {
	var rows []struct {
		deliveryRow `bun:",extend"`

		Type    record.ChangeType `bun:"type"`
		Kind    record.Kind       `bun:"kind"`
		Subject record.ID         `bun:"subject"`
		Code    string            `bun:"code"`
	}
	err := s.db.NewSelect().Model(&rows).ColumnExpr("d.*").
		ColumnExpr("coalesce(n.type, '') AS type, coalesce(n.kind, '') AS kind, coalesce(n.subject::text, '') AS subject, coalesce(n.code, '') AS code").
		Join("LEFT JOIN changes n ON n.no = d.change").Where("d.subscriber = ?", subscriber).
		Order("d.first_at DESC", "d.id DESC").Limit(int64(limit)).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	all := make([]Delivery, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		all = append(all, Delivery{
			ID: r.ID, Type: r.Type, Kind: r.Kind, Subject: r.Subject, Code: r.Code, FirstAt: r.FirstAt, LastAt: r.LastAt,
			DeliveredAt: r.DeliveredAt, Attempts: r.Attempts, Status: r.Status, Failure: r.Failure, Asked: !r.AskedAt.IsZero(),
		})
	}
	return all, nil
}

// AskTest has a test message sent to a subscriber, also to one that is paused. One
// that waits already serves.
func (s *Store) AskTest(ctx context.Context, by record.Actor, id record.ID) error {
	return s.onSubscribers(ctx, "ask for a test", by, EventDeliveryAsked, func(ctx context.Context, tx bun.Tx, now time.Time) (record.ID, error) {
		result, err := tx.NewRaw(`
			INSERT INTO deliveries (id, subscriber, first_at, asked_at)
			SELECT ?0, s.id, ?2, ?2 FROM subscribers s WHERE s.id = ?1 AND s.removed_at IS NULL
			  AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.subscriber = s.id AND d.change IS NULL AND d.asked_at IS NOT NULL)`,
			NewID(), id, now).Exec(ctx)
		return asked(id, result, err, record.Errorf(record.Conflict, "上一条测试消息还没有发出"))
	})
}

// AskAgain has a message sent once more, under the same id.
func (s *Store) AskAgain(ctx context.Context, by record.Actor, subscriber, delivery record.ID) error {
	return s.onSubscribers(ctx, "ask for a repetition", by, EventDeliveryAsked, func(ctx context.Context, tx bun.Tx, now time.Time) (record.ID, error) {
		result, err := tx.NewRaw(`
			UPDATE deliveries d SET asked_at = ?2 FROM subscribers s
			WHERE d.id = ?0 AND d.subscriber = ?1 AND s.id = d.subscriber AND s.removed_at IS NULL AND d.asked_at IS NULL`,
			delivery, subscriber, now).Exec(ctx)
		return asked(subscriber, result, err, record.Errorf(record.Conflict, "没有这条消息，或已经在重新发送"))
	})
}

func asked(id record.ID, result interface{ RowsAffected() (int64, error) }, err, refusal error) (record.ID, error) {
	if err != nil {
		return "", fmt.Errorf("ask for a delivery: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return "", refusal
	}
	return id, nil
}

// SweepDeliveries deletes what is known of messages that were delivered longer ago
// than that, and of tests, and returns how many there were. Those that were not
// delivered stay.
func (s *Store) SweepDeliveries(ctx context.Context, age time.Duration) (int, error) {
	result, err := s.db.NewRaw(`
		DELETE FROM deliveries WHERE asked_at IS NULL AND first_at < clock_timestamp() - ? * interval '1 second'
		  AND (delivered_at IS NOT NULL OR change IS NULL)`, age.Seconds()).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep deliveries: %w", err)
	}
	n, err := result.RowsAffected()
	return int(n), err
}
