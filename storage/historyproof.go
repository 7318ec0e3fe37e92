package storage

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"github.com/uptrace/bun"

	"unireg/checkpoint"
	"unireg/record"
)

// historyTree is the tree of the last checkpoint that somebody asked about: it is
// built once for all who ask before the next is taken.
type historyTree struct {
	mu   sync.Mutex
	no   int64
	tree *checkpoint.Tree
}

// ProofFile is a proof as it is given out, and the checkpoint that it is of.
type ProofFile struct {
	No   int64
	Text string
}

// Covered reports whether a checkpoint covers the subject's history.
func (s *Store) Covered(ctx context.Context, subject record.ID) (bool, error) {
	var covered bool
	err := s.db.NewRaw("SELECT EXISTS (SELECT 1 FROM checkpoint_leaves WHERE chain = ?)", subject).Scan(ctx, &covered)
	if err != nil {
		return false, fmt.Errorf("look for the subject in the last checkpoint: %w", err)
	}
	return covered, nil
}

// HistoryProofOf proves that the last checkpoint covers the subject's history. It
// tells of nobody else. A subject that no checkpoint covers yet is not found.
func (s *Store) HistoryProofOf(ctx context.Context, subject record.ID) (ProofFile, error) {
	var file ProofFile
	err := s.db.RunInTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, func(ctx context.Context, tx bun.Tx) error {
		var last checkpointRow
		if err := tx.NewSelect().Model(&last).Order("no DESC").Limit(1).Scan(ctx); err != nil {
			return missing(err, "read last checkpoint")
		}
		proof := checkpoint.Proof{Head: checkpoint.Head{Chain: string(subject)}, Signed: last.Note}
		err := tx.NewRaw("SELECT leaf, chain_no, hash FROM checkpoint_leaves WHERE chain = ?", subject).
			Scan(ctx, &proof.Leaf, &proof.Head.No, &proof.Head.Hash)
		if err != nil {
			return missing(err, "read leaf")
		}
		if proof.Path, err = s.history.path(ctx, tx, last.No, int(proof.Leaf)); err != nil {
			return err
		}
		file = ProofFile{No: last.No, Text: proof.Text()}
		return nil
	})
	return file, err
}

// path is that of a leaf in the tree of the last checkpoint, as the transaction
// sees it.
func (h *historyTree) path(ctx context.Context, tx bun.Tx, no int64, leaf int) ([]checkpoint.Hash, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.no != no {
		tree, err := keptTree(ctx, tx)
		if err != nil {
			return nil, err
		}
		h.no, h.tree = no, tree
	}
	if leaf >= h.tree.Len() {
		return nil, errNotFound
	}
	return h.tree.Path(leaf), nil
}
