package storage

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/record"
)

// disclosingBatch is how many records one question of a sweep finds.
const disclosingBatch = 200

// SweepDisclosures writes the lines that are missing or not what their records
// hold: those of records from before there were lines, of what a program of an
// earlier release changed beside this one, and all after an edition of what is
// disclosed. It returns how many it wrote.
func (s *Store) SweepDisclosures(ctx context.Context) (int, error) {
	written := 0
	for after := systemChain; ; {
		var found []struct {
			ID      record.ID `bun:"id"`
			Subject record.ID `bun:"subject"`
		}
		err := s.db.NewRaw(`
			SELECT r.id, r.subject FROM records r LEFT JOIN disclosures p ON p.record = r.id
			WHERE r.id > ?0 AND r.standing <> 'none' AND r.kind <> ?1
			  AND (p.record IS NULL OR p.standing <> r.standing OR p.version <> r.in_force OR p.edition <> ?2)
			ORDER BY r.id LIMIT ?3`, after, record.PersonProfile, record.DisclosureEdition, disclosingBatch).Scan(ctx, &found)
		if err != nil {
			return written, fmt.Errorf("find what is to be disclosed: %w", err)
		}
		for _, r := range found {
			err := s.inTx(ctx, "disclose", func(ctx context.Context, tx bun.Tx) error {
				if err := lockChain(ctx, tx, r.Subject); err != nil {
					return err
				}
				return s.redisclose(ctx, tx, r.ID)
			})
			if err != nil {
				return written, err
			}
			written++
		}
		if len(found) < disclosingBatch {
			return written, nil
		}
		after = found[len(found)-1].ID
	}
}

// redisclose writes the line of a record anew from what is kept, and those of its
// public changes that were not noted. The subject's chain is locked.
func (s *Store) redisclose(ctx context.Context, tx bun.Tx, id record.ID) error {
	var current recordRow
	if err := tx.NewSelect().Model(&current).Where("id = ?", id).Scan(ctx); err != nil {
		return missing(err, "read record to be disclosed")
	}
	version, err := s.version(ctx, tx, id, current.InForce)
	if err != nil {
		return err
	}
	row, err := disclosure(&current, version.Document)
	if err != nil {
		return err
	}
	turns, err := s.turns(ctx, tx, current)
	if err != nil {
		return err
	}
	row.Since, row.ChangedAt = version.Since, version.Since
	for _, t := range turns {
		row.ChangedAt = t.at
		if err := s.noteDisclosed(ctx, tx, &t.record, t.turn); err != nil {
			return err
		}
	}
	return s.writeDisclosure(ctx, tx, &row, version.Document)
}

// pastTurn is a turn with the record as it was after it.
type pastTurn struct {
	turn

	record recordRow
}

// turns are all that was made of what counts of a record, the earliest first, as
// its events tell.
func (s *Store) turns(ctx context.Context, tx bun.Tx, current recordRow) ([]pastTurn, error) {
	var events []struct {
		At   time.Time      `bun:"at"`
		Type record.Move    `bun:"type"`
		Data map[string]any `bun:"data,type:jsonb"`
	}
	err := tx.NewRaw("SELECT at, type, data FROM events WHERE record = ? AND type IN (?) ORDER BY no", current.ID,
		bun.List([]record.Move{record.Submit, record.Approve, record.Confirm, record.Void, record.Restore, record.Release})).Scan(ctx, &events)
	if err != nil {
		return nil, fmt.Errorf("read what was disclosed: %w", err)
	}
	var all []pastTurn
	counted := 0
	for _, e := range events {
		number := func(name string) int { n, _ := e.Data[name].(float64); return int(n) }
		text := func(name string) string { t, _ := e.Data[name].(string); return t }
		t := pastTurn{turn: turn{move: e.Type, before: counted, at: e.At}, record: current}
		t.record.Revision, t.record.Standing, t.record.InForce = number("revision"), record.Standing(text("standing")), number("version")
		switch {
		case t.move == record.Void, t.move == record.Restore, t.move == record.Release:
		case t.record.Standing != record.InForce, text("filing") != string(record.NothingFiled), t.record.InForce == counted:
			continue
		default:
			version, err := s.version(ctx, tx, current.ID, t.record.InForce)
			if err != nil {
				return nil, err
			}
			t.effective, t.document, counted = true, version.Document, t.record.InForce
		}
		all = append(all, t)
	}
	return all, nil
}
