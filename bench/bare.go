package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// bare is the least that an update-with-start can be: a workflow without
// activities that answers one update and completes.
type bare struct {
	client client.Client
	worker worker.Worker
}

const (
	bareQueue  = "bench"
	bareUpdate = "answer"
)

func bareWorkflow(ctx workflow.Context) error {
	answered := false
	err := workflow.SetUpdateHandler(ctx, bareUpdate, func(workflow.Context) error {
		answered = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return workflow.Await(ctx, func() bool { return answered && workflow.AllHandlersFinished(ctx) })
}

func startBare(ctx context.Context) (*bare, error) {
	options, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("read Temporal's settings: %w", err)
	}
	options.Logger = log.NewStructuredLogger(quiet())
	connection, err := client.DialContext(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("connect to Temporal: %w", err)
	}
	w := worker.New(connection, bareQueue, worker.Options{})
	w.RegisterWorkflow(bareWorkflow)
	if err := w.Start(); err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	return &bare{connection, w}, nil
}

// update runs one workflow from start to the update's answer.
func (b *bare) update(ctx context.Context) (time.Duration, error) {
	id := "bench/" + rand.Text()
	started := time.Now()
	start := b.client.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: bareQueue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, bareWorkflow)
	handle, err := b.client.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateID: "1", UpdateName: bareUpdate, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	if err != nil {
		return 0, fmt.Errorf("bare update: %w", err)
	}
	return time.Since(started), nil
}

func (b *bare) stop() {
	b.worker.Stop()
	b.client.Close()
}
