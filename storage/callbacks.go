package storage

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/certificate"
	"unireg/record"
)

// Where a row of the inbox comes from.
const (
	fromCallback = "callback"
	fromPoll     = "poll"
)

// What became of a row of the inbox.
const (
	callbackApplied   = "applied"
	callbackParked    = "parked"    // waits for those before it
	callbackDuplicate = "duplicate" // another one had its number
	callbackIllegal   = "illegal"   // no edge allows it
	callbackLate      = "late"      // the application was closed
	callbackUnknown   = "unknown"   // of a certificate that is not bound here
)

type callbackRow struct {
	bun.BaseModel `bun:"table:ca_callbacks,alias:cc"`

	ID          string             `bun:"id,pk"`
	Application record.ID          `bun:"application,nullzero"`
	Sequence    int                `bun:"sequence,nullzero"`
	Type        record.CAEventType `bun:"type"`
	Sealed      []byte             `bun:"sealed"`
	SHA256      []byte             `bun:"sha256"`
	Source      string             `bun:"source"`
	ReceivedAt  time.Time          `bun:"received_at,nullzero"`
	DoneAt      time.Time          `bun:"done_at,nullzero"`
	Outcome     string             `bun:"outcome"`
}

// Callback is a message of the CA company whose signature was verified.
type Callback struct {
	ID   string // the webhook-id
	Body []byte
}

// Taken says what became of a callback that was written down.
type Taken struct {
	// Application is the one to ring for, "" for an event of a certificate.
	Application record.ID
	// Known tells that the same message was written down before.
	Known bool
}

// TakeCallback writes a callback into the inbox, once and for ever: the same id
// with the same content is known, with another content it is refused and leaves
// an event. What it tells of a certificate takes effect at once; what it tells
// of an application, when its workflow comes to it.
//
// Errors for people: Invalid, NotFound for an application that is not ours,
// Conflict.
func (s *Store) TakeCallback(ctx context.Context, c Callback) (Taken, error) {
	e, err := record.ParseCAEvent(c.Body)
	if err != nil {
		return Taken{}, err
	}
	if e.ID != c.ID {
		return Taken{}, record.Errorf(record.Invalid, "正文的 id 与 webhook-id 不一致")
	}
	taken := Taken{Application: e.Reference}
	forged := false
	err = s.inTx(ctx, "take callback", func(ctx context.Context, tx bun.Tx) error {
		row, err := s.inboxRow(ctx, tx, e, c.Body, fromCallback)
		if err != nil {
			return err
		}
		fresh, err := row.insert(ctx, tx)
		if err != nil {
			return err
		}
		if fresh {
			return s.takeCertificateEvent(ctx, tx, row, e)
		}
		taken.Known = true
		var before callbackRow
		if err := tx.NewSelect().Model(&before).Where("id = ?", c.ID).Scan(ctx); err != nil {
			return fmt.Errorf("read callback: %w", err)
		}
		if forged = !hmac.Equal(before.SHA256, row.SHA256); !forged {
			return nil
		}
		now, err := databaseTime(ctx, tx)
		if err != nil {
			return err
		}
		return s.appendEvent(ctx, tx, event{
			Chain: systemChain, Type: eventCAForged, Record: before.Application, Role: record.Clock, At: now,
			Data: map[string]any{"callback": c.ID, "type": string(e.Type)},
		})
	})
	if err != nil {
		return Taken{}, err
	}
	if forged {
		return Taken{}, record.Errorf(record.Conflict, "该 webhook-id 已用于内容不同的消息")
	}
	return taken, nil
}

// inboxRow seals an event for the inbox.
func (s *Store) inboxRow(ctx context.Context, tx bun.Tx, e record.CAEvent, body []byte, source string) (*callbackRow, error) {
	content, err := sortedJSON(body)
	if err != nil {
		return nil, err
	}
	row := &callbackRow{
		ID: e.ID, Application: e.Reference, Sequence: e.Sequence, Type: e.Type, Source: source, SHA256: s.keys.blind("callback", string(content)),
	}
	if e.Type.OnCertificate() {
		row.Sealed, err = s.keys.sealLoose(body, callbackPurpose+"/"+e.ID)
		return row, err
	}
	var subject record.ID
	if err := tx.NewRaw("SELECT subject FROM ca_applications WHERE id = ?", e.Reference).Scan(ctx, &subject); err != nil {
		return nil, missing(err, "find application of callback")
	}
	row.Sealed, err = s.sealDocument(ctx, tx, subject, record.ID(e.ID), callbackPurpose, body)
	return row, err
}

const callbackPurpose = "callback"

// sortedJSON is the one form in which a message and the same message out of a
// later answer compare: keys sorted, no white space.
func sortedJSON(body []byte) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, record.Errorf(record.Invalid, "正文不是约定的 JSON")
	}
	sorted, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("sort message: %w", err)
	}
	return sorted, nil
}

// sealLoose seals what belongs to no subject under the primary master key, whose
// name leads the result.
func (k Keyring) sealLoose(plain []byte, context string) ([]byte, error) {
	master, sealed, err := k.sealMaster(plain, context)
	return slices.Concat([]byte(master), []byte{0}, sealed), err
}

// insert writes the row and tells whether its id is new.
func (r *callbackRow) insert(ctx context.Context, tx bun.Tx) (bool, error) {
	result, err := tx.NewInsert().Model(r).On("CONFLICT (id) DO NOTHING").Returning("NULL").Exec(ctx)
	if err != nil {
		return false, fmt.Errorf("insert callback: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, fmt.Errorf("insert callback: %w", err)
	}
	return n == 1, nil
}

// finish writes what became of the row.
func (r *callbackRow) finish(ctx context.Context, tx bun.Tx, outcome string, now time.Time) error {
	r.Outcome = outcome
	if outcome != callbackParked {
		r.DoneAt = now
	}
	if _, err := tx.NewUpdate().Model(r).Column("outcome", "done_at").WherePK().Exec(ctx); err != nil {
		return fmt.Errorf("write outcome of callback: %w", err)
	}
	return nil
}

// takeCertificateEvent writes what the issuer says of a certificate, if the
// event is about one.
func (s *Store) takeCertificateEvent(ctx context.Context, tx bun.Tx, row *callbackRow, e record.CAEvent) error {
	if !e.Type.OnCertificate() {
		return nil
	}
	var keys []string
	err := tx.NewRaw("SELECT issuer_key FROM certificates WHERE issuer = ? AND serial = ?", e.Certificate.Issuer, e.Certificate.Serial).
		Scan(ctx, &keys)
	if err != nil {
		return fmt.Errorf("find certificate of callback: %w", err)
	}
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return err
	}
	outcome := callbackUnknown
	for _, key := range keys {
		if err := s.markRevoked(ctx, tx, key, e.Certificate.Serial, string(e.Type), e.At, e.Reason); err != nil {
			return err
		}
		outcome = callbackApplied
	}
	return row.finish(ctx, tx, outcome, now)
}

// ApplyCallbacks takes what the inbox holds for an application, strictly in the
// order of the CA company's numbers: what comes too early is parked, what no
// edge allows, comes twice or too late has no effect but is recorded. An issued
// certificate that trust verifies is bound in the same transaction. It may be
// called as often as anybody likes.
func (s *Store) ApplyCallbacks(ctx context.Context, id record.ID, trust *certificate.Trust) (HandoffState, error) {
	return s.withApplication(ctx, "apply callbacks", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		return s.applyInbox(ctx, tx, row, trust, now)
	})
}

// Polled writes the events that a question to the CA company found into the
// inbox and applies them.
func (s *Store) Polled(ctx context.Context, id record.ID, answer record.CAAnswer, trust *certificate.Trust) (HandoffState, error) {
	return s.withApplication(ctx, "take poll", id, func(ctx context.Context, tx bun.Tx, row *applicationRow, now time.Time) error {
		switch {
		case answer.Failure != "" || !row.ClosedAt.IsZero():
			return nil // the callbacks, or the next question, will tell
		case answer.Unknown && row.Failure != failureUnknown:
			row.Failure = failureUnknown
			return s.escalate(ctx, tx, row, eventCAUnknown, "", now)
		case answer.Unknown:
			return nil
		}
		if row.Failure == failureUnknown {
			row.Failure = ""
		}
		return s.takePolled(ctx, tx, row, answer.Events, trust, now)
	})
}

// takePolled writes events into the inbox, as far as they are new and of this
// application, and applies it.
func (s *Store) takePolled(ctx context.Context, tx bun.Tx, row *applicationRow, events [][]byte, trust *certificate.Trust, now time.Time) error {
	for _, body := range events {
		e, err := record.ParseCAEvent(body)
		if err != nil || e.Reference != row.ID {
			continue // not what was agreed: the state names events of this application only
		}
		inbox, err := s.inboxRow(ctx, tx, e, body, fromPoll)
		if err != nil {
			return err
		}
		if _, err := inbox.insert(ctx, tx); err != nil {
			return err
		}
	}
	return s.applyInbox(ctx, tx, row, trust, now)
}

func (s *Store) applyInbox(ctx context.Context, tx bun.Tx, row *applicationRow, trust *certificate.Trust, now time.Time) error {
	var open []callbackRow
	err := tx.NewSelect().Model(&open).Where("application = ?", row.ID).Where("done_at IS NULL").
		Order("sequence", "received_at", "id").For("UPDATE").Scan(ctx)
	if err != nil {
		return fmt.Errorf("read callbacks: %w", err)
	}
	decided, err := lastDecided(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for i := range open {
		callback := &open[i]
		var outcome string
		switch {
		case callback.Sequence <= decided:
			outcome = callbackDuplicate
		case !row.ClosedAt.IsZero():
			outcome, err = callbackLate, s.lateWord(ctx, tx, row, callback, now)
		case callback.Sequence > decided+1:
			outcome = callbackParked
		default:
			decided = callback.Sequence
			outcome, err = s.applyCallback(ctx, tx, row, callback, trust, now)
		}
		if err != nil {
			return err
		}
		if err := callback.finish(ctx, tx, outcome, now); err != nil {
			return err
		}
	}
	return nil
}

// lastDecided is the number up to which the CA company's events have an outcome.
func lastDecided(ctx context.Context, tx bun.Tx, id record.ID) (int, error) {
	var last int
	err := tx.NewRaw("SELECT coalesce(max(sequence), 0) FROM ca_callbacks WHERE application = ? AND outcome IN (?, ?)",
		id, callbackApplied, callbackIllegal).Scan(ctx, &last)
	if err != nil {
		return 0, fmt.Errorf("read last callback: %w", err)
	}
	return last, nil
}

func (s *Store) lateWord(ctx context.Context, tx bun.Tx, row *applicationRow, callback *callbackRow, now time.Time) error {
	return s.appendEvent(ctx, tx, event{
		Chain: row.Subject, Type: eventCALate, Record: row.ID, Role: record.Clock, At: now,
		Data: map[string]any{"status": string(row.Status), "to": string(callback.Type.Status()), "sequence": callback.Sequence},
	})
}

// applyCallback decides the next event of an application.
func (s *Store) applyCallback(
	ctx context.Context, tx bun.Tx, row *applicationRow, callback *callbackRow, trust *certificate.Trust, now time.Time,
) (outcome string, err error) {
	body, err := s.unsealDocument(ctx, tx, row.Subject, record.ID(callback.ID), callbackPurpose, callback.Sealed)
	if err != nil {
		return "", err
	}
	e, err := record.ParseCAEvent(body)
	if err != nil {
		return "", fmt.Errorf("read callback %s: %w", callback.ID, err)
	}
	heard(row, now)
	// Whoever speaks of an application has it, although the answer to its handing
	// over may be lost.
	if err := s.sent(ctx, tx, row, now); err != nil {
		return "", err
	}
	to := e.Type.Status()
	if !row.Status.Leads(to) {
		return callbackIllegal, s.refuseWord(ctx, tx, row, to, callback.Sequence, now)
	}
	row.LastSequence, row.Reason = callback.Sequence, e.Reason
	if e.OrderNo != "" && row.OrderNo == "" {
		row.OrderNo = e.OrderNo
	}
	if err := s.step(ctx, tx, row, step{to: to, at: now, sequence: callback.Sequence}); err != nil {
		return "", err
	}
	if to == record.ApplicationIssued && row.Business.Binds() {
		err = s.bindIssued(ctx, tx, row, e.Certificates, trust, now)
	}
	return callbackApplied, err
}

// oldestParked is when the longest waiting callback came; zero for none.
func oldestParked(ctx context.Context, tx bun.Tx, id record.ID) (time.Time, error) {
	var oldest *time.Time
	err := tx.NewRaw("SELECT min(received_at) FROM ca_callbacks WHERE application = ? AND done_at IS NULL AND outcome = ?", id, callbackParked).
		Scan(ctx, &oldest)
	if err != nil {
		return time.Time{}, fmt.Errorf("look for parked callbacks: %w", err)
	}
	if oldest == nil {
		return time.Time{}, nil
	}
	return *oldest, nil
}

// UndeliveredCallbacks lists the applications for which the inbox holds what no
// workflow has looked at, and that is older than that; oldest first.
func (s *Store) UndeliveredCallbacks(ctx context.Context, olderThan time.Duration, limit int) ([]record.ID, error) {
	var ids []record.ID
	err := s.db.NewRaw(`
		SELECT application FROM ca_callbacks
		WHERE done_at IS NULL AND outcome = '' AND application IS NOT NULL
		  AND received_at < clock_timestamp() - ? * interval '1 microsecond'
		GROUP BY application ORDER BY min(received_at) LIMIT ?`, olderThan.Microseconds(), limit).Scan(ctx, &ids)
	if err != nil {
		return nil, fmt.Errorf("list undelivered callbacks: %w", err)
	}
	return ids, nil
}
