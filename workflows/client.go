package workflows

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"unireg/record"
)

// ErrUnavailable says that Temporal, or a worker, did not answer in time. What
// was accepted stays accepted: the relay rings later.
var ErrUnavailable = errors.New("workflow engine unavailable")

// Client is the door to Temporal for those who are no workflow. A doorbell may be
// rung by anybody, in any order and as often as they like.
type Client struct {
	temporal  client.Client
	namespace string
	breaker   breaker
	watcher   Watcher // nil where nobody watches
}

// NewClient returns a client on a connection to that namespace. A connection of
// client.NewLazyClient lets a process start while Temporal is away.
func NewClient(connection client.Client, namespace string) *Client {
	return &Client{temporal: connection, namespace: namespace}
}

// Ring wakes the record's Lifecycle, or starts it, and waits until ctx ends for
// the outcome of the command. The error is ErrUnavailable, at once while earlier
// rings went unanswered: nobody shall wait for an engine that is known to be away.
func (c *Client) Ring(ctx context.Context, id, command record.ID) (Answer, error) {
	var answer Answer
	err := c.spared(ctx, BellRecord, func() (err error) {
		answer, err = c.ring(ctx, id, command)
		return err
	})
	return answer, err
}

// present is how long an engine that is there may take to say so.
const present = 500 * time.Millisecond

// spared makes a call unless earlier ones went unanswered. An engine that was
// not heard of lately is asked first whether it is there: a call waits for an
// outcome, and the wait for an engine that is away shall be shorter.
func (c *Client) spared(ctx context.Context, bell Bell, call func() error) (err error) {
	began := time.Now()
	defer func() { c.rang(bell, time.Since(began), err) }()
	if !c.breaker.allow(time.Now()) {
		return fmt.Errorf("%w: %w", errSpared, ErrUnavailable)
	}
	err = c.present(ctx)
	if err == nil {
		err = call()
	}
	if !errors.Is(err, context.Canceled) {
		c.breaker.report(time.Now(), !errors.Is(err, ErrUnavailable))
	}
	return err
}

func (c *Client) present(ctx context.Context) error {
	if c.breaker.known(time.Now()) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, present)
	defer cancel()
	_, err := c.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	return back("check health", err)
}

func (c *Client) ring(ctx context.Context, id, command record.ID) (Answer, error) {
	start := c.temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID:                       LifecycleID(id),
		TaskQueue:                TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}, Lifecycle, LifecycleInput{Record: id})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID:   LifecycleID(id),
			UpdateID:     string(command),
			UpdateName:   UpdateRing,
			Args:         []any{command},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return Answer{}, back("ring", err)
	}
	var answer Answer
	if err := handle.Get(ctx, &answer); err != nil {
		return Answer{}, back("ring", err)
	}
	return answer, nil
}

// RingApplication wakes the application's CAApplication, or starts it, and waits
// until ctx ends for the outcome of an attempt. The error is ErrUnavailable as of
// Ring, or ErrOpen when the CA company has yet to answer: the workflow goes on
// trying.
func (c *Client) RingApplication(ctx context.Context, id, command record.ID) (err error) {
	began := time.Now()
	defer func() { c.rang(BellApplication, time.Since(began), err) }()
	if !c.breaker.allow(time.Now()) {
		return fmt.Errorf("%w: %w", errSpared, ErrUnavailable)
	}
	err = c.present(ctx)
	if err != nil {
		c.breaker.report(time.Now(), false)
		return err
	}
	answer, err := c.ringApplication(ctx, id, command)
	switch {
	case err == nil:
		c.breaker.report(time.Now(), true)
	case ctx.Err() != nil:
		// Time ran out while the CA company was waited for: that says nothing of
		// the engine, and must not make it look away to others.
		return fmt.Errorf("%w: %w", ErrOpen, err)
	}
	if err == nil && !answer.Done {
		return ErrOpen
	}
	return err
}

// ErrOpen says that a command on an application has no outcome yet.
var ErrOpen = errors.New("the CA company has yet to answer")

func (c *Client) ringApplication(ctx context.Context, id, command record.ID) (ApplicationAnswer, error) {
	start := c.temporal.NewWithStartWorkflowOperation(applicationStart(id), CAApplication, ApplicationInput{Application: id})
	handle, err := c.temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID:   ApplicationID(id),
			UpdateID:     string(command),
			UpdateName:   UpdateRing,
			Args:         []any{command},
			WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err != nil {
		return ApplicationAnswer{}, back("ring application", err)
	}
	var answer ApplicationAnswer
	if err := handle.Get(ctx, &answer); err != nil {
		return ApplicationAnswer{}, back("ring application", err)
	}
	return answer, nil
}

func applicationStart(id record.ID) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                       ApplicationID(id),
		TaskQueue:                TaskQueue,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
	}
}

// Called tells the application's CAApplication, which it starts where none is
// running, that its inbox holds something. Like Ring it fails at once while
// Temporal is known to be away: the inbox keeps what came, and the relay calls.
func (c *Client) Called(ctx context.Context, id record.ID) error {
	return c.spared(ctx, BellCallback, func() error {
		_, err := c.temporal.SignalWithStartWorkflow(ctx, ApplicationID(id), SignalCallback, nil, applicationStart(id),
			CAApplication, ApplicationInput{Application: id})
		return back("call", err)
	})
}

// AttendApplication sees to it that a CAApplication of the application is
// running. It answers whether one had to be started.
func (c *Client) AttendApplication(ctx context.Context, id record.ID) (started bool, err error) {
	return c.start(ctx, ApplicationID(id), CAApplication, ApplicationInput{Application: id})
}

// RunningApplications returns the applications whose CAApplication is running,
// like Running.
func (c *Client) RunningApplications(ctx context.Context) ([]record.ID, error) {
	return c.list(ctx, "CAApplication", applicationPrefix)
}

// ApplicationURL is the page of Temporal Web, at that base URL, that shows every
// run of the application's CAApplication.
func (c *Client) ApplicationURL(base string, id record.ID) string {
	return c.workflowURL(base, ApplicationID(id))
}

// Attend sees to it that a Lifecycle of the record is running, for a record
// under way and for commands whose ring was of no use. It answers whether one
// had to be started.
func (c *Client) Attend(ctx context.Context, id record.ID) (started bool, err error) {
	return c.start(ctx, LifecycleID(id), Lifecycle, LifecycleInput{Record: id})
}

// RingRegistration starts the subject's Registration, unless it is running. Like
// Ring it fails at once while Temporal is known to be away.
func (c *Client) RingRegistration(ctx context.Context, subject record.ID) error {
	return c.spared(ctx, BellRegistration, func() error {
		_, err := c.start(ctx, RegistrationID(subject), Registration, RegistrationInput{Subject: subject})
		return err
	})
}

// StartImport sees to it that an Import of the import is running and answers
// whether one had to be started. Like Ring it fails at once while Temporal is
// known to be away: the worker starts what was confirmed when it is back.
func (c *Client) StartImport(ctx context.Context, id record.ID) (started bool, err error) {
	err = c.spared(ctx, BellImport, func() (err error) {
		started, err = c.start(ctx, ImportID(id), Import, ImportInput{Import: id})
		return err
	})
	return started, err
}

// StartExport sees to it that an Export of the export is running, as StartImport
// does for an import.
func (c *Client) StartExport(ctx context.Context, id record.ID) (started bool, err error) {
	err = c.spared(ctx, BellExport, func() (err error) {
		started, err = c.start(ctx, ExportID(id), Export, ExportInput{Export: id})
		return err
	})
	return started, err
}

func (c *Client) start(ctx context.Context, id string, workflow, input any) (started bool, err error) {
	_, err = c.temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                                       id,
		TaskQueue:                                TaskQueue,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
	}, workflow, input)
	if _, running := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); running {
		return false, nil
	}
	return err == nil, back("start", err)
}

// Replan has the record's Lifecycle look its plan up anew. Where none is
// running there is nothing to plan.
func (c *Client) Replan(ctx context.Context, id record.ID) error {
	err := c.temporal.SignalWorkflow(ctx, LifecycleID(id), "", SignalReplan, nil)
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return nil
	}
	return back("replan", err)
}

// Running returns the records whose Lifecycle is running. It reads Temporal's
// index, which follows the truth by a moment.
func (c *Client) Running(ctx context.Context) ([]record.ID, error) {
	return c.list(ctx, "Lifecycle", recordPrefix)
}

// list returns the ids, without the prefix, of the running workflows of a type.
func (c *Client) list(ctx context.Context, workflowType, prefix string) ([]record.ID, error) {
	var running []record.ID
	request := &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.namespace,
		PageSize:  1000,
		Query:     fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running'", workflowType),
	}
	for {
		page, err := c.temporal.ListWorkflow(ctx, request)
		if err != nil {
			return nil, back("list", err)
		}
		for _, execution := range page.GetExecutions() {
			if id, ok := strings.CutPrefix(execution.GetExecution().GetWorkflowId(), prefix); ok {
				running = append(running, record.ID(id))
			}
		}
		if len(page.GetNextPageToken()) == 0 {
			return running, nil
		}
		request.NextPageToken = page.GetNextPageToken()
	}
}

// Healthy reports whether Temporal answers and a worker is there to serve.
func (c *Client) Healthy(ctx context.Context) error {
	queue, err := c.temporal.DescribeTaskQueue(ctx, TaskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return back("describe queue", err)
	}
	if len(queue.GetPollers()) == 0 {
		return fmt.Errorf("no worker: %w", ErrUnavailable)
	}
	return nil
}

// WorkflowURL is the page of Temporal Web, at that base URL, that shows every
// run of the record's Lifecycle: one for each time that the record was under way.
func (c *Client) WorkflowURL(base string, id record.ID) string {
	return c.workflowURL(base, LifecycleID(id))
}

func (c *Client) workflowURL(base, workflowID string) string {
	query := url.Values{"query": {fmt.Sprintf("WorkflowId=%q", workflowID)}}
	return strings.TrimSuffix(base, "/") + "/namespaces/" + url.PathEscape(c.namespace) + "/workflows?" + query.Encode()
}

// back is the only door by which an error of Temporal comes back. Its text is
// dropped: the caller learns the operation, and ErrUnavailable unless a workflow
// answered with a failure.
func back(operation string, err error) error {
	var application *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &application):
		return fmt.Errorf("%s: workflow failed: %s", operation, application.Type())
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", operation, context.Canceled)
	default:
		return fmt.Errorf("%s: %w", operation, ErrUnavailable)
	}
}
