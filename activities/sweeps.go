package activities

import (
	"context"
	"fmt"

	"unireg/record"
)

// Chore names a piece of housekeeping.
type Chore string

// The chores.
const (
	SweepFiles     Chore = "attachments"      // deletes attachments that nothing refers to
	AuditFiles     Chore = "attachment-audit" // hashes a sample of the stored attachments anew
	SweepThrottles Chore = "throttles"        // deletes counters and tokens that are over
	SweepSessions  Chore = "sessions"         // deletes sessions, invitations and requests that ended long ago
	SweepExpiries  Chore = "expiries"         // tells subjects of what expires, and what is to be confirmed
	SweepImports   Chore = "imports"          // deletes the rows of imports that ended long ago
	KeepReviewDays Chore = "review-days"      // writes down what the desk's days came to
	SweepExports   Chore = "exports"          // deletes archives that expired
	SweepDisclosed Chore = "disclosures"      // writes the public lines that are missing or stale
	TakeCheckpoint Chore = "checkpoint"       // signs where the history stands
	ProveHistory   Chore = "history-proof"    // compares the history with what was signed
)

// Chores lists them all.
func Chores() []Chore {
	return []Chore{SweepFiles, AuditFiles, SweepThrottles, SweepSessions, SweepExpiries, SweepImports, KeepReviewDays, SweepExports, SweepDisclosed, TakeCheckpoint, ProveHistory}
}

// Swept is what a chore came to.
type Swept struct {
	Done   int `json:"done"`   // things swept, or found in order
	Faults int `json:"faults"` // things found not in order
	// Next is where the next sweep of the chore goes on; "" from the beginning.
	Next record.ID `json:"next,omitempty"`
}

// Housekeeping does the chores. Each may be done again at once: it then finds
// less to do. after is where the last sweep stopped.
type Housekeeping map[Chore]func(ctx context.Context, after record.ID) (Swept, error)

// Sweep does one chore.
func (a *Activities) Sweep(ctx context.Context, chore Chore, after record.ID) (Swept, error) {
	return perform(ctx, a, "sweep "+string(chore), "", func() (Swept, error) {
		do, ok := a.Housekeeping[chore]
		if !ok {
			return Swept{}, fmt.Errorf("chore %q is nobody's", chore)
		}
		return do(ctx, after)
	})
}
