package workflows

import (
	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
)

// ImportInput says which import it is.
type ImportInput struct {
	Import record.ID `json:"import"`
}

// Import turns the rows of a confirmed import into drafts, one batch after the
// other, until none is left. A sheet has 5,000 rows at most, which is fifty
// batches: no run grows long by it.
func Import(ctx workflow.Context, in ImportInput) error {
	for {
		var batch activities.Batch
		err := workflow.ExecuteActivity(inBatches(ctx), effects.MakeDrafts, in.Import).Get(ctx, &batch)
		if err != nil || batch.Over {
			return err
		}
	}
}
