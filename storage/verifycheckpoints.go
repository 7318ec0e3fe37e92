package storage

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"unireg/checkpoint"
	"unireg/record"
)

// historyFault names a fault of checkpoints or of what they signed.
func historyFault(id, fault string, values ...any) Disagreement {
	return Disagreement{Invariant: "N04", ID: id, Fault: fmt.Sprintf(fault, values...)}
}

// checkpointed are the checkpoints of the database as they are verified.
type checkpointed struct {
	rows []checkpointRow
	at   map[int64]time.Time
}

func readCheckpoints(ctx context.Context, db bun.IDB) (*checkpointed, error) {
	s := &checkpointed{at: map[int64]time.Time{}}
	if err := db.NewSelect().Model(&s.rows).Order("no").Scan(ctx); err != nil {
		return nil, fmt.Errorf("read checkpoints: %w", err)
	}
	for i := range s.rows {
		s.at[s.rows[i].No] = s.rows[i].At
	}
	return s, nil
}

// last is the number of the latest, 0 for none.
func (s *checkpointed) last() int64 {
	if len(s.rows) == 0 {
		return 0
	}
	return s.rows[len(s.rows)-1].No
}

// named is a checkpoint with its instant, as people compare it.
func (s *checkpointed) named(no int64) string {
	return fmt.Sprintf("checkpoint %d (%s)", no, s.at[no].UTC().Format(time.RFC3339))
}

// Verify proves the history by its checkpoints: that each was signed and stands on
// the one before, that every head that one of them signed is still the link of
// that number in the chain, and that the object store holds the same ones. Of a
// chain that was cut off, rewritten or deleted it names the first link that is not
// what was signed, and between which checkpoints that was done. It reads the
// database as of one instant, beside whatever is being filed.
func (c *Checkpoints) Verify(ctx context.Context) ([]Disagreement, error) {
	var found []Disagreement
	var all *checkpointed
	err := c.store.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) (err error) {
		if all, err = readCheckpoints(ctx, tx); err != nil {
			return err
		}
		found = append(found, c.verifySeals(all)...)
		roots, err := verifyRoots(ctx, tx, all)
		if err != nil {
			return err
		}
		heads, err := verifyHeads(ctx, tx, all)
		found = append(append(found, roots...), heads...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("verify checkpoints: %w", err)
	}
	copies, err := c.verifyCopies(ctx, all)
	return append(found, copies...), err
}

// verifySeals checks each checkpoint by itself and against the one before.
func (c *Checkpoints) verifySeals(all *checkpointed) []Disagreement {
	var found []Disagreement
	var before checkpoint.Hash
	for i := range all.rows {
		row := &all.rows[i]
		id := fmt.Sprintf("checkpoint/%d", row.No)
		if want := int64(i) + 1; row.No != want {
			return append(found, historyFault(fmt.Sprintf("checkpoint/%d", want), "the checkpoint is gone"))
		}
		opened, key, err := c.trust.Open(row.Note)
		switch {
		case errors.Is(err, checkpoint.ErrUntrusted):
			found = append(found, historyFault(id, "it is signed by key %s, which is not trusted", row.Key))
		case err != nil:
			return append(found, historyFault(id, "%s", err.Error()))
		case opened.No != row.No || !opened.At.Equal(row.At) || opened.Size != row.Size || !bytes.Equal(opened.Root[:], row.Root) || key != row.Key:
			found = append(found, historyFault(id, "its row is not what was signed"))
		}
		if opened.Previous != before {
			return append(found, historyFault(id, "it does not stand on the checkpoint before it"))
		}
		before = opened.Hash()
	}
	return found
}

// verifyRoots builds the tree from checkpoint to checkpoint, and names the first
// whose kept heads do not come to the root that was signed.
func verifyRoots(ctx context.Context, tx bun.Tx, all *checkpointed) ([]Disagreement, error) {
	rows, err := tx.QueryContext(ctx, "SELECT no, chain, chain_no, hash FROM checkpoint_heads ORDER BY no, chain")
	if err != nil {
		return nil, fmt.Errorf("read signed heads: %w", err)
	}
	defer func() { _ = rows.Close() }()
	tree, places := checkpoint.NewTree(nil), map[string]int{}
	var no int64
	var head checkpoint.Head
	pending := false
	for i := range all.rows {
		row := &all.rows[i]
		for {
			if !pending && rows.Next() {
				if err := rows.Scan(&no, &head.Chain, &head.No, &head.Hash); err != nil {
					return nil, fmt.Errorf("read signed head: %w", err)
				}
				pending = true
			}
			if !pending || no > row.No {
				break
			}
			place, known := places[head.Chain]
			if !known {
				place = tree.Len()
				places[head.Chain] = place
			}
			tree.Set(place, head.Leaf())
			pending = false
		}
		if root := tree.Root(); int64(tree.Len()) != row.Size || !bytes.Equal(root[:], row.Root) {
			return []Disagreement{historyFault(fmt.Sprintf("checkpoint/%d", row.No), "the heads that are kept of it are not those that it signed")}, rows.Err()
		}
	}
	if pending || rows.Next() {
		return []Disagreement{historyFault(fmt.Sprintf("checkpoint/%d", all.last()+1), "heads are kept of a checkpoint that does not exist")}, rows.Err()
	}
	return nil, rows.Err()
}

// signedHead is a head that a checkpoint signed. It holds if the chain still has
// that link.
type signedHead struct {
	Checkpoint int64 `bun:"no"`
	No         int64 `bun:"chain_no"`
	Holds      bool  `bun:"holds"`
}

// verifyHeads looks for every head that was signed in today's chains.
func verifyHeads(ctx context.Context, tx bun.Tx, all *checkpointed) ([]Disagreement, error) {
	var chains []record.ID
	err := tx.NewRaw(`
		SELECT DISTINCT h.chain FROM checkpoint_heads h LEFT JOIN events e ON e.chain = h.chain AND e.no = h.chain_no
		WHERE h.chain_no > 0 AND e.hash IS DISTINCT FROM h.hash
		   OR NOT EXISTS (SELECT 1 FROM chains c WHERE c.id = h.chain) ORDER BY 1`).Scan(ctx, &chains)
	if err != nil {
		return nil, fmt.Errorf("look for signed heads: %w", err)
	}
	var found []Disagreement
	for _, chain := range chains {
		var heads []signedHead
		err := tx.NewRaw(`
			SELECT h.no, h.chain_no, h.chain_no = 0 OR e.hash IS NOT DISTINCT FROM h.hash AS holds
			FROM checkpoint_heads h LEFT JOIN events e ON e.chain = h.chain AND e.no = h.chain_no WHERE h.chain = ? ORDER BY h.no`, chain).
			Scan(ctx, &heads)
		if err != nil {
			return nil, fmt.Errorf("read signed heads of chain: %w", err)
		}
		var links int64
		var exists bool
		err = tx.NewRaw(`
			SELECT (SELECT coalesce(max(no), 0) FROM events WHERE chain = ?0), EXISTS (SELECT 1 FROM chains WHERE id = ?0)`, chain).
			Scan(ctx, &links, &exists)
		if err != nil {
			return nil, fmt.Errorf("read chain: %w", err)
		}
		found = append(found, all.broken(chain, heads, links, exists))
	}
	return found, nil
}

// broken says of a chain that is not what was signed where that begins and when
// it came about. heads are in the order of the checkpoints; links is the number
// of the chain's last one.
func (s *checkpointed) broken(chain record.ID, heads []signedHead, links int64, exists bool) Disagreement {
	first, last := -1, len(heads)-1
	for i, head := range heads {
		if !head.Holds {
			last = i
			if first < 0 {
				first = i
			}
		}
	}
	// What was signed last of the old chain stood until the chain was signed anew.
	span := "after " + s.named(s.last())
	if last+1 < len(heads) {
		after := heads[last+1].Checkpoint
		span = fmt.Sprintf("between %s and %s", s.named(after-1), s.named(after))
	}
	if !exists {
		return historyFault(fmt.Sprintf("%s/1", chain), "the whole chain is gone, of which %d links were signed: deleted %s", heads[last].No, span)
	}
	sound := int64(0)
	for _, head := range heads[:max(first, 0)] {
		sound = max(sound, head.No)
	}
	if wrong := heads[first]; links < wrong.No && last == len(heads)-1 {
		return historyFault(fmt.Sprintf("%s/%d", chain, max(links, sound)+1), "the chain ends before it, and %d links were signed: cut off %s",
			heads[last].No, span)
	}
	return historyFault(fmt.Sprintf("%s/%d", chain, sound+1), "the links from here to %d are not those that were signed: rewritten %s", heads[first].No, span)
}

// vouched says between which checkpoints a link was written: it was sound when the
// later of them was taken. It is "" where none was.
func (s *Store) vouched(ctx context.Context, chain record.ID, no int64) (string, error) {
	side := func(condition, order string) (string, error) {
		var p struct {
			No int64     `bun:"no"`
			At time.Time `bun:"at"`
		}
		err := missing(s.db.NewRaw(`
			SELECT p.no, p.at FROM checkpoint_heads h JOIN checkpoints p ON p.no = h.no
			WHERE h.chain = ?0 AND h.chain_no `+condition+` ?1 ORDER BY h.no `+order+` LIMIT 1`, chain, no).Scan(ctx, &p), "read checkpoint by link")
		if record.CodeOf(err) == record.NotFound {
			return "", nil
		}
		return fmt.Sprintf("checkpoint %d (%s)", p.No, p.At.UTC().Format(time.RFC3339)), err
	}
	before, err := side("<", "DESC")
	if err != nil {
		return "", err
	}
	after, err := side(">=", "")
	switch {
	case err != nil:
		return "", err
	case before != "" && after != "":
		return "; it was written between " + before + " and " + after, nil
	case before != "":
		return "; it was written after " + before, nil
	case after != "":
		return "; it was written before " + after, nil
	}
	return "", nil
}
