package storage

import (
	"context"

	"unireg/record"
)

// UndoneDecision returns a decision that the staff member undid, so that what
// was typed can be gone on with. Others, and one that stands, are not found.
func (s *Store) UndoneDecision(ctx context.Context, staff, command record.ID) (Decision, error) {
	var row commandRow
	err := s.db.NewSelect().Model(&row).Where("id = ?", command).Where("actor = ?", staff).Where("cancelled_at IS NOT NULL").Scan(ctx)
	if err != nil {
		return Decision{}, missing(err, "read undone decision")
	}
	return Decision{Command: row.ID, Move: row.Move, Reason: row.Reason, Remarks: row.Remarks}, nil
}
