package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"unireg/checkpoint"
)

// Checkpoints take signed checkpoints of all hash chains, keep them in database
// and object store, and prove the history by them.
type Checkpoints struct {
	store   *Store
	objects *Objects
	signer  *checkpoint.Signer
	trust   *checkpoint.Trust
}

// NewCheckpoints returns the checkpoints of a store, copies of which are kept in a
// bucket. Whoever only proves needs no signer.
func NewCheckpoints(store *Store, objects *Objects, signer *checkpoint.Signer, trust *checkpoint.Trust) *Checkpoints {
	return &Checkpoints{store: store, objects: objects, signer: signer, trust: trust}
}

// ErrNoSigner says that there is no key that signs checkpoints.
var ErrNoSigner = errors.New("no key signs checkpoints")

// TakenCheckpoint is a checkpoint as pages and operators are shown it.
type TakenCheckpoint struct {
	No   int64     `bun:"no"`
	At   time.Time `bun:"at"`
	Size int64     `bun:"size"` // chains
	Root []byte    `bun:"root"`
	Key  string    `bun:"key"`  // id of the key that signed
	Note string    `bun:"note"` // the signed text
}

type checkpointRow struct {
	bun.BaseModel   `bun:"table:checkpoints,alias:p"`
	TakenCheckpoint `bun:"embed:"`
}

// Take signs where all chains stand at this moment and keeps it: first in the
// database, then in the object store. If it dies in between, the next one brings
// the copy. Takers at the same time come one after the other.
func (c *Checkpoints) Take(ctx context.Context) (TakenCheckpoint, error) {
	if c.signer == nil {
		return TakenCheckpoint{}, ErrNoSigner
	}
	var row checkpointRow
	err := c.store.inTx(ctx, "take checkpoint", func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtextextended('checkpoints', 0))").Exec(ctx); err != nil {
			return fmt.Errorf("order checkpoints: %w", err)
		}
		next, err := c.following(ctx, tx)
		if err != nil {
			return err
		}
		if err := takeHeads(ctx, tx, next.No); err != nil {
			return err
		}
		tree, err := keptTree(ctx, tx)
		if err != nil {
			return err
		}
		next.Size, next.Root = int64(tree.Len()), tree.Root()
		signed, err := c.signer.Sign(next)
		if err != nil {
			return err
		}
		row.TakenCheckpoint = TakenCheckpoint{
			No: next.No, At: next.At, Size: next.Size, Root: next.Root[:], Key: c.signer.KeyID(), Note: signed,
		}
		if _, err := tx.NewInsert().Model(&row).Exec(ctx); err != nil {
			return fmt.Errorf("write checkpoint: %w", err)
		}
		return nil
	})
	if err != nil {
		return TakenCheckpoint{}, err
	}
	return row.TakenCheckpoint, c.publish(ctx)
}

// following is the checkpoint that comes next, with the instant of now. What is
// kept of the one before must be what was signed: nothing is built on a forged one.
func (c *Checkpoints) following(ctx context.Context, tx bun.Tx) (checkpoint.Checkpoint, error) {
	now, err := databaseTime(ctx, tx)
	if err != nil {
		return checkpoint.Checkpoint{}, err
	}
	next := checkpoint.Checkpoint{No: 1, At: now.Truncate(time.Microsecond)}
	var last []checkpointRow
	if err := tx.NewSelect().Model(&last).Order("no DESC").Limit(1).Scan(ctx); err != nil {
		return next, fmt.Errorf("read last checkpoint: %w", err)
	}
	if len(last) == 0 {
		return next, nil
	}
	before, _, err := c.trust.Open(last[0].Note)
	if err != nil {
		return next, fmt.Errorf("read checkpoint %d, on which the next one stands: %w", last[0].No, err)
	}
	next.No, next.Previous = last[0].No+1, before.Hash()
	return next, nil
}

// takeHeads keeps the heads that changed since the last checkpoint. One statement
// reads them, so that they are all of one moment; the rest follows from what it
// kept.
func takeHeads(ctx context.Context, tx bun.Tx, no int64) error {
	for _, statement := range []string{`
		INSERT INTO checkpoint_heads (no, chain, chain_no, hash)
		SELECT ?0, c.id, c.no, c.hash FROM chains c LEFT JOIN checkpoint_leaves l ON l.chain = c.id
		WHERE l.chain IS NULL OR (l.chain_no, l.hash) IS DISTINCT FROM (c.no, c.hash)`, `
		UPDATE checkpoint_leaves l SET chain_no = h.chain_no, hash = h.hash
		FROM checkpoint_heads h WHERE h.no = ?0 AND h.chain = l.chain`, `
		INSERT INTO checkpoint_leaves (chain, leaf, chain_no, hash)
		SELECT h.chain, (SELECT count(*) FROM checkpoint_leaves) + row_number() OVER (ORDER BY h.chain) - 1, h.chain_no, h.hash
		FROM checkpoint_heads h
		WHERE h.no = ?0 AND NOT EXISTS (SELECT 1 FROM checkpoint_leaves l WHERE l.chain = h.chain)`} {
		if _, err := tx.NewRaw(statement, no).Exec(ctx); err != nil {
			return fmt.Errorf("take heads of chains: %w", err)
		}
	}
	return nil
}

// keptTree is the tree over the leaves of the last checkpoint.
func keptTree(ctx context.Context, db bun.IDB) (*checkpoint.Tree, error) {
	rows, err := db.QueryContext(ctx, "SELECT chain, chain_no, hash FROM checkpoint_leaves ORDER BY leaf")
	if err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var leaves []checkpoint.Hash
	for rows.Next() {
		var head checkpoint.Head
		if err := rows.Scan(&head.Chain, &head.No, &head.Hash); err != nil {
			return nil, fmt.Errorf("read leaf: %w", err)
		}
		leaves = append(leaves, head.Leaf())
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read leaves: %w", err)
	}
	return checkpoint.NewTree(leaves), nil
}

// checkpointPrefix leads the keys of checkpoints in the bucket.
const checkpointPrefix = "checkpoints/"

func checkpointKey(no int64) string { return checkpointPrefix + strconv.FormatInt(no, 10) + ".txt" }

// maxCheckpoint bounds what is read as a checkpoint, in bytes.
const maxCheckpoint = 8 << 10

// publish brings the copies of the latest checkpoints into the object store,
// back to one that is there. One that is another there is never overwritten.
func (c *Checkpoints) publish(ctx context.Context) error {
	for before := int64(1 << 62); ; {
		var rows []checkpointRow
		if err := c.store.db.NewSelect().Model(&rows).Where("no < ?", before).Order("no DESC").Limit(1).Scan(ctx); err != nil {
			return fmt.Errorf("read checkpoint: %w", err)
		}
		if len(rows) == 0 {
			return nil
		}
		row := &rows[0]
		copied, err := c.copyOf(ctx, row.No)
		switch {
		case err == nil && copied == row.Note:
			return nil
		case err == nil:
			return fmt.Errorf("the object store holds another checkpoint %d than the database: unireg verify names what differs", row.No)
		case !errors.Is(err, ErrNoObject):
			return err
		}
		if err := c.copyOut(ctx, &row.TakenCheckpoint); err != nil {
			return err
		}
		before = row.No
	}
}

func (c *Checkpoints) copyOut(ctx context.Context, row *TakenCheckpoint) error {
	_, err := c.objects.Put(ctx, checkpointKey(row.No), strings.NewReader(row.Note), maxCheckpoint, "text/plain; charset=utf-8")
	if err != nil {
		return fmt.Errorf("copy checkpoint %d: %w", row.No, err)
	}
	return nil
}

// copyOf is the checkpoint of that number in the object store.
func (c *Checkpoints) copyOf(ctx context.Context, no int64) (string, error) {
	content, err := c.objects.Get(ctx, checkpointKey(no), 0, -1)
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	var text bytes.Buffer
	if _, err := io.Copy(&text, io.LimitReader(content, maxCheckpoint)); err != nil {
		return "", fmt.Errorf("read copy of checkpoint %d: %w", no, err)
	}
	return text.String(), nil
}

// Repair brings a copy that the object store lost there again, if the database's
// checkpoint holds. Nothing else about checkpoints is ever repaired.
func (c *Checkpoints) Repair(ctx context.Context, d Disagreement) (string, error) {
	no, err := strconv.ParseInt(strings.TrimPrefix(d.ID, "checkpoint/"), 10, 64)
	if err != nil || d.Fault != FaultNoCopy {
		return "", nil //nolint:nilerr // a disagreement about something else
	}
	row, err := c.store.Checkpoint(ctx, no)
	if err != nil {
		return "", err
	}
	if _, _, err := c.trust.Open(row.Note); err != nil {
		return "", nil //nolint:nilerr // verification tells
	}
	const done = "the checkpoint is copied to the object store"
	if err := c.copyOut(ctx, &row); err != nil {
		return "", err
	}
	return done, c.store.inTx(ctx, "note copy of checkpoint", func(ctx context.Context, tx bun.Tx) error {
		head, err := lockHead(ctx, tx, "id = ?", systemChain)
		if err != nil {
			return err
		}
		return head.repaired(ctx, tx, d.Invariant, done, "", map[string]any{"checkpoint": no})
	})
}

// HistoryProof is when the whole history was last compared with its checkpoints.
type HistoryProof struct {
	At     time.Time `bun:"at"`
	No     int64     `bun:"no"`     // the latest checkpoint that there was
	Faults int       `bun:"faults"` // that were found
}

// Prove compares the whole history with its checkpoints, as Verify does, and
// writes down that it did.
func (c *Checkpoints) Prove(ctx context.Context) ([]Disagreement, error) {
	found, err := c.Verify(ctx)
	if err != nil {
		return nil, err
	}
	_, err = c.store.db.NewRaw(`
		INSERT INTO checkpoint_proofs (at, no, faults)
		SELECT clock_timestamp(), (SELECT coalesce(max(no), 0) FROM checkpoints), ?`, len(found)).Exec(ctx)
	if err != nil {
		return nil, fmt.Errorf("write proof of history: %w", err)
	}
	return found, nil
}

// Checkpoint is the one of that number.
func (s *Store) Checkpoint(ctx context.Context, no int64) (TakenCheckpoint, error) {
	var row checkpointRow
	err := s.db.NewSelect().Model(&row).Where("no = ?", no).Scan(ctx)
	return row.TakenCheckpoint, missing(err, "read checkpoint")
}

// LatestCheckpoints are the last checkpoints, newest first, and the last proof of
// the history by them, nil before the first.
func (s *Store) LatestCheckpoints(ctx context.Context, limit int) ([]TakenCheckpoint, *HistoryProof, error) {
	var rows []checkpointRow
	if err := s.db.NewSelect().Model(&rows).Order("no DESC").Limit(int64(limit)).Scan(ctx); err != nil {
		return nil, nil, fmt.Errorf("list checkpoints: %w", err)
	}
	all := make([]TakenCheckpoint, 0, len(rows))
	for i := range rows {
		all = append(all, rows[i].TakenCheckpoint)
	}
	var proofs []HistoryProof
	if err := s.db.NewRaw("SELECT at, no, faults FROM checkpoint_proofs ORDER BY at DESC LIMIT 1").Scan(ctx, &proofs); err != nil {
		return nil, nil, fmt.Errorf("read proof of history: %w", err)
	}
	if len(proofs) == 0 {
		return all, nil, nil
	}
	return all, &proofs[0], nil
}
