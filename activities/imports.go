package activities

import (
	"context"

	"unireg/record"
)

// ImportStore is what an import needs of storage.
type ImportStore interface {
	// MakeDrafts turns up to limit rows of a confirmed import into drafts, each in
	// a transaction with its mark. over tells that nothing is left to do.
	MakeDrafts(ctx context.Context, id record.ID, limit int) (over bool, err error)
}

// ImportBatch is how many rows one call of MakeDrafts takes: about a second of
// work, so that a worker that stops is not waited for.
const ImportBatch = 100

// Batch is what a call of MakeDrafts came to.
type Batch struct {
	Over bool `json:"over"` // no row of the import is left
}

// MakeDrafts turns the next rows of an import into drafts. Called again after it
// died, it goes on with the row at which it stopped.
func (a *Activities) MakeDrafts(ctx context.Context, id record.ID) (Batch, error) {
	return perform(ctx, a, "make drafts", id, func() (Batch, error) {
		over, err := a.Imports.MakeDrafts(ctx, id, ImportBatch)
		return Batch{Over: over}, err
	})
}
