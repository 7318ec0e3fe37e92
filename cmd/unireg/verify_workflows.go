package main

import (
	"context"
	"fmt"
	"time"

	"unireg/record"
	"unireg/storage"
)

// Faults of what is under way and what runs, for a record and an application.
const (
	faultNoWorkflow          = "the record is under way and no workflow runs for it"
	faultWorkflowLeft        = "a workflow runs and the record is at rest"
	faultNoApplicationFlow   = "the application is under way and no workflow runs for it"
	faultApplicationFlowLeft = "a workflow runs and the application is at rest"
)

const (
	// settle is how long a record and its workflow may differ: one of them is
	// just being started or ended, or Temporal has not listed it yet.
	settle      = 20 * time.Second
	settleRound = time.Second
	page        = 500
)

// verifyWorkflows compares the records under way with the Lifecycles that run.
// It returns the number of the running.
func (r *rooms) verifyWorkflows(ctx context.Context) (int, []storage.Disagreement, error) {
	tick := time.NewTicker(settleRound)
	defer tick.Stop()
	for deadline := time.Now().Add(settle); ; {
		running, found, err := r.compareWorkflows(ctx)
		if err != nil || len(found) == 0 || time.Now().After(deadline) {
			return running, found, err
		}
		select {
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// compareWorkflows compares what is under way with what runs, records and
// applications to the CA company.
func (r *rooms) compareWorkflows(ctx context.Context) (int, []storage.Disagreement, error) {
	records, found, err := compare(ctx, r.door.Running, r.store.UnderWay, faultNoWorkflow, faultWorkflowLeft)
	if err != nil {
		return 0, nil, err
	}
	applications, more, err := compare(ctx, r.door.RunningApplications, r.store.OpenApplications, faultNoApplicationFlow, faultApplicationFlowLeft)
	return records + applications, append(found, more...), err
}

func compare(
	ctx context.Context, list func(context.Context) ([]record.ID, error),
	underWay func(ctx context.Context, after record.ID, limit int) ([]record.ID, error), none, left string,
) (int, []storage.Disagreement, error) {
	running, err := list(ctx)
	if err != nil {
		return 0, nil, fmt.Errorf("list running workflows: %w", err)
	}
	alone := map[record.ID]bool{}
	for _, id := range running {
		alone[id] = true
	}
	var found []storage.Disagreement
	var after record.ID
	for {
		ids, err := underWay(ctx, after, page)
		if err != nil {
			return 0, nil, err
		}
		for _, id := range ids {
			if !alone[id] {
				found = append(found, storage.Disagreement{Invariant: "I7", ID: string(id), Fault: none})
			}
			delete(alone, id)
		}
		if len(ids) < page {
			break
		}
		after = ids[len(ids)-1]
	}
	for id := range alone {
		found = append(found, storage.Disagreement{Invariant: "I7", ID: string(id), Fault: left})
	}
	return len(running), found, nil
}
