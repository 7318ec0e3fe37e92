package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// systemChain is the chain of what has no subject: staff, policy, code tables.
const systemChain record.ID = "00000000-0000-0000-0000-000000000000"

// event is one link of a hash chain, before it is written. Data holds enum
// names, numbers and ids; never contents.
type event struct {
	Chain   record.ID // subject, or systemChain
	Type    string
	Record  record.ID
	Command record.ID
	Role    record.Role
	Actor   record.ID
	At      time.Time
	Data    map[string]any
}

// eventRow is a link as it is kept.
type eventRow struct {
	bun.BaseModel `bun:"table:events,alias:e"`

	Chain   record.ID      `bun:"chain,pk"`
	No      int64          `bun:"no,pk"`
	At      time.Time      `bun:"at"`
	Type    string         `bun:"type"`
	Record  record.ID      `bun:"record,nullzero"`
	Command record.ID      `bun:"command,nullzero"`
	Role    record.Role    `bun:"role"`
	Actor   record.ID      `bun:"actor,nullzero"`
	Data    map[string]any `bun:"data,type:jsonb"`
	Hash    []byte         `bun:"hash"`
}

// link computes the hash of an event from its predecessor's hash: SHA-256 over
// that hash and the event as JSON with sorted keys, instants in microseconds.
func (r *eventRow) link(previous []byte) ([]byte, error) {
	var content bytes.Buffer
	content.Write(previous)
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(map[string]any{
		"chain": r.Chain, "no": r.No, "at": r.At.UnixMicro(), "type": r.Type, "record": r.Record,
		"command": r.Command, "role": r.Role, "actor": r.Actor, "data": r.Data,
	})
	if err != nil {
		return nil, fmt.Errorf("hash event: %w", err)
	}
	sum := sha256.Sum256(content.Bytes())
	return sum[:], nil
}

// lockChain locks the head of a subject's chain: from here to the end of the
// transaction everything that happens to the subject is in one order. It is
// always the first lock that a transaction takes.
func lockChain(ctx context.Context, tx bun.IDB, chain record.ID) error {
	_, err := lockHead(ctx, tx, "id = ?", chain)
	return err
}

// chainHead is the last link of a chain, locked.
type chainHead struct {
	bun.BaseModel `bun:"table:chains,alias:h"`

	Chain record.ID `bun:"id,pk"`
	No    int64     `bun:"no"`
	Hash  []byte    `bun:"hash"`
}

// lockHead locks the head of the one chain that the condition names.
func lockHead(ctx context.Context, tx bun.IDB, condition string, arguments ...any) (*chainHead, error) {
	head := new(chainHead)
	err := tx.NewSelect().Model(head).Where(condition, arguments...).For("UPDATE").Scan(ctx)
	return head, missing(err, "lock chain")
}

// appendEvent adds a link to a chain. The chain's head is locked by it.
func (s *Store) appendEvent(ctx context.Context, tx bun.IDB, e event) error {
	head, err := lockHead(ctx, tx, "id = ?", e.Chain)
	if err != nil {
		return err
	}
	return head.append(ctx, tx, e)
}

// append adds a link after the head, which becomes the event's.
func (h *chainHead) append(ctx context.Context, tx bun.IDB, e event) error {
	if e.Data == nil {
		e.Data = map[string]any{}
	}
	row := eventRow{
		Chain: h.Chain, No: h.No + 1, At: e.At.UTC().Truncate(time.Microsecond), Type: e.Type, Record: e.Record,
		Command: e.Command, Role: e.Role, Actor: e.Actor, Data: e.Data,
	}
	hash, err := row.link(h.Hash)
	if err != nil {
		return err
	}
	row.Hash = hash
	moved := tx.NewUpdate().Model(&chainHead{Chain: h.Chain, No: row.No, Hash: hash}).Column("no", "hash").WherePK()
	if _, err := tx.NewInsert().With("moved", moved).Model(&row).Exec(ctx); err != nil {
		return fmt.Errorf("append event: %w", err)
	}
	h.No, h.Hash = row.No, hash
	return nil
}

// newChain starts the chain of a new subject.
func newChain(ctx context.Context, tx bun.IDB, subject record.ID) error {
	_, err := tx.NewRaw(`INSERT INTO chains (id, no, hash) VALUES (?, 0, '\x')`, subject).Exec(ctx)
	if err != nil {
		return fmt.Errorf("start chain: %w", err)
	}
	return nil
}

// Event is one entry of a record's history.
type Event struct {
	At    time.Time
	Type  string      // a move, or what else happened
	Move  record.Move // what was refused, when Refusal says why
	Role  record.Role
	Actor record.ID
	Name  string // of the staff member; "" for others
	// Assurance is how the session was opened that gave the command, "" without one.
	Assurance record.Assurance
	Version   int
	Reason    string // as the actor gave it
	Remarks   []record.Remark
	Answers   map[string]string // of a submit, to the remarks of the return before it
	Refusal   record.Refusal
	State     record.State // afterwards
}

// saidEvent is an event with what its command says: reasons and remarks come
// from commands, which hold the free text.
type saidEvent struct {
	At      time.Time        `bun:"at"`
	Type    string           `bun:"type"`
	Role    record.Role      `bun:"role"`
	Actor   record.ID        `bun:"actor"`
	Data    map[string]any   `bun:"data,type:jsonb"`
	Name    string           `bun:"name"`
	Reason  string           `bun:"reason"`
	How     record.Assurance `bun:"how"`
	Remarks json.RawMessage  `bun:"remarks"`
	Answers json.RawMessage  `bun:"answers"`
}

// The columns and joins of a saidEvent in a query on events e.
const (
	saidColumns = `
		e.at, e.type, e.role, coalesce(e.actor::text, '') AS actor, e.data, coalesce(s.name, '') AS name, coalesce(c.reason, '') AS reason,
		coalesce(c.assurance, '') AS how, coalesce(c.remarks, '[]') AS remarks, coalesce(c.answers, '{}') AS answers`
	saidJoins = `
		LEFT JOIN staff s ON s.id = e.actor
		LEFT JOIN commands c ON c.id = e.command`
)

// text is one of the event's data, "" if there is none of that name.
func (r *saidEvent) text(name string) string {
	text, _ := r.Data[name].(string)
	return text
}

func (r *saidEvent) event() (Event, error) {
	version, _ := r.Data["version"].(float64)
	e := Event{
		At: r.At, Type: r.Type, Role: r.Role, Actor: r.Actor, Name: r.Name, Assurance: r.How, Version: int(version), Reason: r.Reason,
		Refusal: record.Refusal(r.text("refusal")), Move: record.Move(r.text("move")),
		State: record.State{Standing: record.Standing(r.text("standing")), Filing: record.Filing(r.text("filing"))},
	}
	if err := json.Unmarshal(r.Remarks, &e.Remarks); err != nil {
		return Event{}, fmt.Errorf("read remarks: %w", err)
	}
	if err := json.Unmarshal(r.Answers, &e.Answers); err != nil {
		return Event{}, fmt.Errorf("read answers: %w", err)
	}
	return e, nil
}

// Events returns what happened to a record, oldest first.
func (s *Store) Events(ctx context.Context, id record.ID) ([]Event, error) {
	var rows []saidEvent
	err := s.db.NewRaw("SELECT"+saidColumns+" FROM events e"+saidJoins+" WHERE e.record = ? ORDER BY e.no", id).Scan(ctx, &rows)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	events := make([]Event, 0, len(rows))
	for i := range rows {
		e, err := rows[i].event()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}
