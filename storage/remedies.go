package storage

import (
	"context"
	"strings"

	"unireg/record"
)

// Faults that Repair mends, or whoever repairs has to tell apart.
const (
	FaultLockedDraft = "a draft is locked by a command that is done or unknown"
	FaultOpenCommand = "a command is due for more than a minute and has no outcome"
	FaultNoReview    = "a record under review has no open review"
	FaultReviewLeft  = "a review is open of a record that is not under review"
	FaultNoLine      = "the record has no line in its list"
	FaultStrayLine   = "a list has a line of what it does not show"
	FaultOtherLine   = "the line stands in the list of another subject or kind"
	FaultStaleLine   = "the line of the list is not what the record holds"
	FaultNoChange    = "a change that took effect is not in the feed"
	FaultExpiries    = "what expires of the record is not what its version in force says"
	FaultDays        = "the day of the desk is not what its reviews come to"
	FaultNoObject    = "the file's object is gone"
	FaultLost        = "a file that was filed is lost"
	FaultFound       = "the object of a lost file is there again"
	FaultStray       = "the object belongs to no file"
	FaultNoCopy      = "the object store has no copy of it"
)

// Remedies of faults that are the same wherever they are said.
const (
	repairItself = "run unireg verify --repair"
	keepEvidence = "change nothing; compare with backups and with the checkpoints kept elsewhere, as docs/operators.md says"
	restoreFile  = "restore the object from a copy of the bucket and run unireg verify --repair; without one the subject files again with a new attachment"
)

// advice is what an operator does about a fault. A fault that is not named is
// answered by its invariant.
var advice = map[string]string{
	FaultLockedDraft: repairItself + ", which unlocks it",
	FaultOpenCommand: "see that a worker runs and reaches Temporal; " + repairItself + ", which rings for it",
	FaultNoReview:    repairItself + ", which opens the review",
	FaultReviewLeft:  repairItself + ", which closes the review",
	FaultNoLine:      repairItself + ", which writes the line",
	FaultStrayLine:   repairItself + ", which takes the line away",
	FaultOtherLine:   repairItself + ", which writes the line anew",
	FaultStaleLine:   repairItself + ", which writes the line anew",
	FaultNoChange:    repairItself + ", which writes it into the feed",
	FaultExpiries:    repairItself + ", which writes it anew",
	FaultDays:        repairItself + ", which counts the day anew",
	FaultNoObject:    repairItself + ", which tells the subject; then " + restoreFile,
	FaultLost:        restoreFile,
	FaultFound:       repairItself + ", which takes it in again",
	FaultStray:       "a day after it was written " + repairItself + ", which moves it to " + quarantinePrefix,
	FaultNoCopy:      repairItself + ", which copies it from the database",
}

var adviceByInvariant = map[string]string{
	"I1":  "compare the command with its record's history on the page for staff; restore the database if rows are missing",
	"I2":  "compare the record with its history on the page for staff; restore the database if rows are missing",
	"I3":  "compare the application with the CA company's own list",
	"I4":  restoreFile,
	"I5":  keepEvidence,
	"I6":  "see that a worker runs and reaches Temporal",
	"I7":  repairItself,
	"I8":  keepEvidence,
	"I14": "see that a worker runs: within a quarter of an hour it writes anew what is public",
	"B08": "see in the subject's chain who sent the last administrator away; a login with the organization's certificate acts as one, and the counter sets passwords",
	"N03": "see which issuers UNIREG_CA_TRUST names; where the signed content was changed " + keepEvidence,
	"N04": keepEvidence,
}

// Advice is what an operator does about a disagreement.
func (d Disagreement) Advice() string {
	if text, ok := advice[d.Fault]; ok {
		return text
	}
	if strings.HasPrefix(d.Fault, "it is signed by key ") {
		return "name the public key in UNIREG_CHECKPOINT_TRUST: unireg checkpoint --key printed it while it signed"
	}
	return adviceByInvariant[d.Invariant]
}

// Repair mends a disagreement of the database where that is safe, by the code that
// should have written it rightly, and leaves an event of it in the chain concerned.
// It answers what it did: "" where it knows of no safe repair, or where nothing is
// wrong any more. Broken chains and signatures are never repaired.
func (s *Store) Repair(ctx context.Context, d Disagreement) (string, error) {
	id := record.ID(d.ID)
	switch d.Fault {
	case FaultLockedDraft:
		return s.unlockDraft(ctx, id)
	case FaultNoReview, FaultReviewLeft:
		return s.repairReview(ctx, id)
	case FaultNoLine, FaultStrayLine, FaultOtherLine, FaultStaleLine:
		return s.repairLine(ctx, id)
	case FaultExpiries:
		return s.repairExpiries(ctx, id)
	case FaultNoChange:
		return s.repairChange(ctx, d.ID)
	case FaultDays:
		return s.repairDay(ctx, d.ID)
	}
	return "", nil
}
