package storage

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"unireg/record"
)

// SubscriberState says whether a subscriber is called.
type SubscriberState string

// The states of a subscriber.
const (
	SubscriberActive    SubscriberState = "active"
	SubscriberPaused    SubscriberState = "paused"    // by staff
	SubscriberSuspended SubscriberState = "suspended" // by the system, after it failed for long or said that it wants no more
)

// Types of events on subscribers.
const (
	EventSubscriberAdded     = "subscriber_added"
	EventSubscriberChanged   = "subscriber_changed"
	EventSubscriberPaused    = "subscriber_paused"
	EventSubscriberResumed   = "subscriber_resumed"
	EventSubscriberSuspended = "subscriber_suspended"
	EventSubscriberRemoved   = "subscriber_removed"
	EventSigningExchanged    = "subscriber_signing_exchanged"
	EventSigningRetired      = "subscriber_signing_retired"
	EventDeliveryAsked       = "subscriber_delivery_asked"
)

const (
	// FormerSecretPeriod is how long a secret signs beside the one that follows it.
	FormerSecretPeriod = 7 * 24 * time.Hour
	// maxSubscribers bounds how many there are.
	maxSubscribers = 100
	maxURL         = 500 // in bytes
)

// Subscriber is a system that is called on changes.
type Subscriber struct {
	ID    record.ID
	Name  string
	URL   string
	Types []record.ChangeType
	State SubscriberState
	Cause record.DeliveryFailure // why it was suspended

	Failures     int       // in a row
	FailingSince time.Time // zero: the last attempt was good
	NextAt       time.Time // of the next attempt, while it fails
	DeliveredAt  time.Time // last success; zero: never
	CreatedAt    time.Time
	FormerUntil  time.Time // until when the former secret signs, too; zero: there is none
	Waiting      int       // changes that it has not been told yet
	OldestAt     time.Time // of the first of them
}

type subscriberRow struct {
	bun.BaseModel `bun:"table:subscribers,alias:s"`

	ID           record.ID              `bun:"id,pk"`
	Name         string                 `bun:"name"`
	URL          string                 `bun:"url"`
	Types        []string               `bun:"types,array"`
	Secret       []byte                 `bun:"secret"`
	Former       []byte                 `bun:"former"`
	FormerUntil  time.Time              `bun:"former_until,nullzero"`
	Reached      int64                  `bun:"reached"`
	State        SubscriberState        `bun:"state"`
	Cause        record.DeliveryFailure `bun:"cause"`
	Failures     int                    `bun:"failures"`
	FailingSince time.Time              `bun:"failing_since,nullzero"`
	NextAt       time.Time              `bun:"next_at,nullzero"`
	HeldBy       record.ID              `bun:"held_by,nullzero"`
	HeldUntil    time.Time              `bun:"held_until,nullzero"`
	DeliveredAt  time.Time              `bun:"delivered_at,nullzero"`
	CreatedAt    time.Time              `bun:"created_at,nullzero"`
	RemovedAt    time.Time              `bun:"removed_at,nullzero"`
}

func (r *subscriberRow) subscriber() Subscriber {
	s := Subscriber{
		ID: r.ID, Name: r.Name, URL: r.URL, State: r.State, Cause: r.Cause, Failures: r.Failures, FailingSince: r.FailingSince,
		NextAt: r.NextAt, DeliveredAt: r.DeliveredAt, CreatedAt: r.CreatedAt, FormerUntil: r.FormerUntil,
	}
	for _, t := range r.Types {
		s.Types = append(s.Types, record.ChangeType(t))
	}
	return s
}

// NewSubscriber is what a supervisor says of one. Whether its address may be
// called is for the caller to ask.
type NewSubscriber struct {
	Name  string
	URL   string
	Types []record.ChangeType
}

// Problem names the field that is wrong and says why; "" for none.
func (n NewSubscriber) Problem() (field, message string) {
	switch {
	case strings.TrimSpace(n.Name) == "":
		return "name", "请填写订阅方名称"
	case utf8.RuneCountInString(n.Name) > 100:
		return "name", "名称最多 100 个字"
	case len(n.URL) > maxURL:
		return "url", "接收地址最多 500 个字符"
	case len(n.Types) == 0:
		return "types", "请至少选择一种变更"
	}
	for _, t := range n.Types {
		if t.Label() == "" {
			return "types", "没有这种变更"
		}
	}
	return "", ""
}

func (n NewSubscriber) types() []string {
	var all []string
	for _, t := range record.ChangeTypes() {
		if slices.Contains(n.Types, t) {
			all = append(all, string(t))
		}
	}
	return all
}

// newWebhookSecret draws a secret after the Standard Webhooks specification.
func newWebhookSecret() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

func secretPurpose(id record.ID) string { return "subscriber/" + string(id) }

// AddSubscriber adds one that is told what changes from now on. Its secret is in
// this answer and nowhere else. A second one with the same address is
// record.Taken.
func (s *Store) AddSubscriber(ctx context.Context, by record.Actor, n NewSubscriber) (id record.ID, secret string, err error) {
	if _, problem := n.Problem(); problem != "" {
		return "", "", record.Errorf(record.Invalid, problem)
	}
	row := subscriberRow{ID: NewID(), Name: strings.TrimSpace(n.Name), URL: n.URL, Types: n.types(), State: SubscriberActive}
	secret = newWebhookSecret()
	if row.Secret, err = s.keys.sealLoose([]byte(secret), secretPurpose(row.ID)); err != nil {
		return "", "", err
	}
	if err := s.number(ctx); err != nil {
		return "", "", err
	}
	err = s.onSubscribers(ctx, "add subscriber", by, EventSubscriberAdded, func(ctx context.Context, tx bun.Tx, now time.Time) (record.ID, error) {
		var known int
		if err := tx.NewRaw("SELECT count(*) FROM subscribers WHERE removed_at IS NULL").Scan(ctx, &known); err != nil {
			return "", fmt.Errorf("count subscribers: %w", err)
		}
		if known >= maxSubscribers {
			return "", record.Errorf(record.Conflict, "订阅方最多 100 个，请先移除不用的")
		}
		if row.Reached, err = lastChange(ctx, tx); err != nil {
			return "", err
		}
		row.CreatedAt, row.NextAt = now, now
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			if uniqueViolation(err) == "subscribers_url" {
				return "", errSameURL
			}
			return "", fmt.Errorf("insert subscriber: %w", err)
		}
		return row.ID, nil
	})
	return row.ID, secret, err
}

var errSameURL = record.Errorf(record.Taken, "这个接收地址已有订阅方")

// onSubscribers does something to a subscriber and writes it into the chain of
// what has no subject.
func (s *Store) onSubscribers(
	ctx context.Context, operation string, by record.Actor, what string, change func(context.Context, bun.Tx, time.Time) (record.ID, error),
) error {
	return s.inTx(ctx, operation, func(ctx context.Context, tx bun.Tx) error {
		if err := lockChain(ctx, tx, systemChain); err != nil {
			return err
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		id, err := change(ctx, tx, now)
		if err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{
			Chain: systemChain, Type: what, Role: by.Role, Actor: by.ID, At: now, Data: map[string]any{"subscriber": string(id)},
		})
	})
}

// updateSubscriber is onSubscribers for one statement, of which ?0 is the id and
// ?1 the time; one that finds no row is the refusal.
func (s *Store) updateSubscriber(
	ctx context.Context, by record.Actor, what string, id record.ID, refusal error, statement string, arguments ...any,
) error {
	return s.onSubscribers(ctx, "update subscriber", by, what, func(ctx context.Context, tx bun.Tx, now time.Time) (record.ID, error) {
		result, err := tx.NewRaw(statement, append([]any{id, now}, arguments...)...).Exec(ctx)
		if err != nil {
			if uniqueViolation(err) == "subscribers_url" {
				return "", errSameURL
			}
			return "", fmt.Errorf("update subscriber: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return "", refusal
		}
		return id, nil
	})
}

// ChangeSubscriber gives one another name, address or choice of changes. What it
// has been told stays told.
func (s *Store) ChangeSubscriber(ctx context.Context, by record.Actor, id record.ID, n NewSubscriber) error {
	if _, problem := n.Problem(); problem != "" {
		return record.Errorf(record.Invalid, problem)
	}
	return s.updateSubscriber(ctx, by, EventSubscriberChanged, id, errNotFound, `
		UPDATE subscribers SET name = ?2, url = ?3, types = ?4::text[], next_at = ?1
		WHERE id = ?0 AND removed_at IS NULL`, strings.TrimSpace(n.Name), n.URL, pgdialect.Array(n.types()))
}

var errNotPausable = record.Errorf(record.Conflict, "该订阅方现在没有在推送")

// PauseSubscriber stops calling one. What it is not told waits for it.
func (s *Store) PauseSubscriber(ctx context.Context, by record.Actor, id record.ID) error {
	return s.updateSubscriber(ctx, by, EventSubscriberPaused, id, errNotPausable, `
		UPDATE subscribers SET state = 'paused' WHERE id = ?0 AND state = 'active' AND removed_at IS NULL`)
}

// ResumeSubscriber calls one again, from where it stopped.
func (s *Store) ResumeSubscriber(ctx context.Context, by record.Actor, id record.ID) error {
	return s.updateSubscriber(ctx, by, EventSubscriberResumed, id, record.Errorf(record.Conflict, "该订阅方没有暂停"), `
		UPDATE subscribers SET state = 'active', cause = '', failures = 0, failing_since = NULL, next_at = ?1
		WHERE id = ?0 AND state <> 'active' AND removed_at IS NULL`)
}

// RemoveSubscriber ends a subscription for good.
func (s *Store) RemoveSubscriber(ctx context.Context, by record.Actor, id record.ID) error {
	return s.updateSubscriber(ctx, by, EventSubscriberRemoved, id, errNotFound, `
		UPDATE subscribers SET removed_at = ?1, state = 'paused' WHERE id = ?0 AND removed_at IS NULL`)
}

// ExchangeSecret draws another secret, which is in this answer and nowhere else.
// The one before signs beside it for a while, so that the subscriber can change
// over when it suits it. While two sign there is no third: record.Conflict.
func (s *Store) ExchangeSecret(ctx context.Context, by record.Actor, id record.ID) (secret string, err error) {
	secret = newWebhookSecret()
	sealed, err := s.keys.sealLoose([]byte(secret), secretPurpose(id))
	if err != nil {
		return "", err
	}
	return secret, s.updateSubscriber(ctx, by, EventSigningExchanged, id, record.Errorf(record.Conflict, "上一次更换的旧密钥还在使用，请先停用"), `
		UPDATE subscribers SET former = secret, former_until = ?1::timestamptz + ?2 * interval '1 second', secret = ?3
		WHERE id = ?0 AND removed_at IS NULL AND (former_until IS NULL OR former_until < ?1)`, FormerSecretPeriod.Seconds(), sealed)
}

// RetireSecret ends the former secret at once.
func (s *Store) RetireSecret(ctx context.Context, by record.Actor, id record.ID) error {
	return s.updateSubscriber(ctx, by, EventSigningRetired, id, record.Errorf(record.Conflict, "没有正在使用的旧密钥"), `
		UPDATE subscribers SET former = NULL, former_until = NULL
		WHERE id = ?0 AND removed_at IS NULL AND former_until > ?1`)
}

// Subscribers lists those that were not removed, by their names.
func (s *Store) Subscribers(ctx context.Context) ([]Subscriber, error) {
	return s.subscribers(ctx, "s.removed_at IS NULL")
}

// Subscriber returns one that was not removed.
func (s *Store) Subscriber(ctx context.Context, id record.ID) (Subscriber, error) {
	found, err := s.subscribers(ctx, "s.removed_at IS NULL AND s.id = ?", id)
	if err == nil && len(found) == 0 {
		err = errNotFound
	}
	if err != nil {
		return Subscriber{}, err
	}
	return found[0], nil
}

func (s *Store) subscribers(ctx context.Context, condition string, arguments ...any) ([]Subscriber, error) {
	if err := s.number(ctx); err != nil {
		return nil, err
	}
	var rows []struct {
		subscriberRow `bun:",extend"`

		Waiting int       `bun:"waiting"`
		Oldest  time.Time `bun:"oldest"`
		Twice   bool      `bun:"signs_twice"`
	}
	err := s.db.NewSelect().Model(&rows).ColumnExpr("s.*, w.waiting, w.oldest, coalesce(s.former_until > clock_timestamp(), false) AS signs_twice").
		Join("CROSS JOIN LATERAL (SELECT count(*) AS waiting, min(n.at) AS oldest FROM changes n WHERE n.no > s.reached AND n.type = ANY (s.types)) w").
		Where(condition, arguments...).Order("s.name", "s.id").Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("list subscribers: %w", err)
	}
	all := make([]Subscriber, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		one := row.subscriber()
		one.Waiting, one.OldestAt = row.Waiting, row.Oldest
		if !row.Twice {
			one.FormerUntil = time.Time{}
		}
		all = append(all, one)
	}
	return all, nil
}

// SuspendedSubscribers counts those that the system no longer calls.
func (s *Store) SuspendedSubscribers(ctx context.Context) (int, error) {
	var n int
	err := s.db.NewRaw("SELECT count(*) FROM subscribers WHERE state = ? AND removed_at IS NULL", SubscriberSuspended).Scan(ctx, &n)
	if err != nil {
		return 0, fmt.Errorf("count suspended subscribers: %w", err)
	}
	return n, nil
}
