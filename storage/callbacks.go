package storage

import (
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// Where a row of the inbox comes from. What came as a callback and stands in the
// CA company's answer to a poll too is from the poll: then it is no lie.
const (
	fromCallback = "callback"
	fromPoll     = "poll"
)

// What became of a row of the inbox.
const (
	callbackApplied   = "applied"
	callbackParked    = "parked"    // waits for those before it
	callbackDoubted   = "doubted"   // does not fit; a poll, or another one of its number, tells whether it is a lie
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

// unsealLoose is the inverse of sealLoose; the master key may be an older one.
func (k Keyring) unsealLoose(sealed []byte, context string) ([]byte, error) {
	master, rest, ok := bytes.Cut(sealed, []byte{0})
	if !ok {
		return nil, errors.New("unseal: no key is named")
	}
	return k.unsealMaster(string(master), rest, context)
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
	if outcome != callbackParked && outcome != callbackDoubted {
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
