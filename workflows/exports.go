package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"unireg/record"
)

// ExportInput says which export it is.
type ExportInput struct {
	Export record.ID `json:"export"`
}

// Export builds the archive of an export. What cannot be built for hours is given
// up, and whoever asked for it is told.
func Export(ctx workflow.Context, in ExportInput) error {
	err := workflow.ExecuteActivity(atLength(ctx), effects.BuildExport, in.Export).Get(ctx, nil)
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	return workflow.ExecuteActivity(patiently(ctx), effects.FailExport, in.Export).Get(ctx, nil)
}
