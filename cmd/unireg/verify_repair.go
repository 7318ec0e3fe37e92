package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
)

// strayAge is how old an object that belongs to no file is before it is moved
// away: the age at which the sweep deletes attachments that nothing refers to.
const strayAge = 24 * time.Hour

// ringPatience is how long a repair waits for the outcome of a ring.
const ringPatience = 5 * time.Second

// leftWorkflow is what an operator does about a workflow that does not end by
// itself after it was woken.
const leftWorkflow = "look at it in Temporal Web: where its task fails run the release that can replay it, else terminate it there"

// repaired repairs what was found and proves again. The report tells what was
// repaired, and what is left or new.
func (r *rooms) repaired(ctx context.Context, v verifySystem, before *verifyReport) (*verifyReport, error) {
	done, failed := map[verdict]string{}, map[verdict]error{}
	for _, found := range before.Disagreements {
		said, err := r.repair(ctx, storage.Disagreement{Invariant: found.Invariant, ID: found.ID, Fault: found.Fault})
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			failed[found] = err // the others are repaired all the same
		case said != "":
			done[found] = said
		}
	}
	after, err := r.proveSettled(ctx, v)
	if err != nil {
		return nil, err
	}
	for i := range after.Disagreements {
		left := &after.Disagreements[i]
		if isWorkflowLeft(left.Fault) {
			left.Do = leftWorkflow
		}
		for found, err := range failed {
			if found.same(*left) {
				left.Do = fmt.Sprintf("the repair failed (%s); %s", storage.LogText(err), left.Do)
			}
		}
	}
	var all []verdict
	for _, found := range before.Disagreements {
		// What was repaired and still disagrees is told as what it is.
		if said := done[found]; said != "" && !slices.ContainsFunc(after.Disagreements, found.same) {
			found.Repaired, found.Do = said, ""
			all = append(all, found)
		}
	}
	after.Disagreements = append(all, after.Disagreements...)
	return after, nil
}

// same reports whether two verdicts are about the same disagreement.
func (d verdict) same(other verdict) bool {
	return d.Invariant == other.Invariant && d.ID == other.ID && d.Fault == other.Fault
}

func isWorkflowLeft(fault string) bool {
	return fault == faultWorkflowLeft || fault == faultApplicationFlowLeft
}

// proveSettled proves again until what was woken has come to rest, for settle at
// most.
func (r *rooms) proveSettled(ctx context.Context, v verifySystem) (*verifyReport, error) {
	tick := time.NewTicker(settleRound)
	defer tick.Stop()
	for deadline := time.Now().Add(settle); ; {
		report, err := r.prove(ctx, v)
		if err != nil || time.Now().After(deadline) ||
			!slices.ContainsFunc(report.Disagreements, func(d verdict) bool { return d.Fault == storage.FaultOpenCommand }) {
			return report, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// repair has whoever holds what disagrees repair it. It answers what was done, ""
// for nothing.
func (r *rooms) repair(ctx context.Context, d storage.Disagreement) (string, error) {
	switch d.Fault {
	case faultNoWorkflow, faultWorkflowLeft, faultNoApplicationFlow, faultApplicationFlowLeft:
		return r.repairWorkflow(ctx, d)
	case storage.FaultOpenCommand:
		return r.repairCommand(ctx, d)
	}
	for _, room := range []func(context.Context, storage.Disagreement) (string, error){
		r.store.Repair, r.checkpoints.Repair,
		func(ctx context.Context, d storage.Disagreement) (string, error) {
			return r.files.Repair(ctx, d, strayAge)
		},
	} {
		if said, err := room(ctx, d); said != "" || err != nil {
			return said, err
		}
	}
	return "", nil
}

// repairWorkflow starts what is missing and wakes what is left over, so that it
// looks at its record and ends by itself. Nothing is terminated.
func (r *rooms) repairWorkflow(ctx context.Context, d storage.Disagreement) (string, error) {
	id := record.ID(d.ID)
	said := "a workflow is started"
	var err error
	switch d.Fault {
	case faultNoWorkflow:
		_, err = r.door.Attend(ctx, id)
	case faultNoApplicationFlow:
		_, err = r.door.AttendApplication(ctx, id)
	case faultWorkflowLeft:
		said, err = "the workflow was woken and has ended", r.door.Replan(ctx, id)
	default:
		said, err = "the workflow was woken and has ended", r.door.Called(ctx, id)
	}
	if err != nil {
		return "", err
	}
	return said, r.store.NoteRepair(ctx, d, said)
}

// repairCommand rings for a command that nobody rang for, as the relay does.
func (r *rooms) repairCommand(ctx context.Context, d storage.Disagreement) (string, error) {
	command, err := r.store.CommandStatus(ctx, record.ID(d.ID))
	if err != nil {
		return "", err
	}
	const said = "its workflow was rung for it"
	ring, cancel := context.WithTimeout(ctx, ringPatience)
	defer cancel()
	answer, err := r.door.Ring(ring, command.Record, record.ID(d.ID))
	if err != nil && !errors.Is(err, workflows.ErrUnavailable) || err == nil && !answer.Done {
		_, err = r.door.Attend(ctx, command.Record)
	}
	if errors.Is(err, workflows.ErrUnavailable) {
		return "", nil // what is left tells to start a worker
	}
	if err != nil {
		return "", err
	}
	return said, r.store.NoteRepair(ctx, storage.Disagreement{Invariant: d.Invariant, ID: string(command.Record)}, said)
}
