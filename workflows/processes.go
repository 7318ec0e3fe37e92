package workflows

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"unireg/record"
)

// ProcessKind names what a process looks after.
type ProcessKind string

// The kinds of process, each the beginning of its workflows' ids.
const (
	ProcessRecord       ProcessKind = recordPrefix
	ProcessRegistration ProcessKind = registrationPrefix
	ProcessApplication  ProcessKind = applicationPrefix
	ProcessImport       ProcessKind = importPrefix
	ProcessExport       ProcessKind = exportPrefix
)

// Process is a workflow that looks after something: what, and which of it. Its
// run and its beginning are known where Processes has found it running.
type Process struct {
	Kind      ProcessKind
	ID        record.ID
	Run       string
	StartedAt time.Time
}

func (p Process) workflowID() string { return string(p.Kind) + string(p.ID) }

// maxProcesses bounds what Processes asks after at once.
const maxProcesses = 100

// Processes returns those of the candidates that are running, in their order; of
// more than a hundred the first hundred are looked for. It reads Temporal's index,
// which follows the truth by a moment. The error is ErrUnavailable, at once while
// Temporal is known to be away: a page does not wait for it.
func (c *Client) Processes(ctx context.Context, candidates []Process) ([]Process, error) {
	candidates = candidates[:min(len(candidates), maxProcesses)]
	if len(candidates) == 0 {
		return nil, nil
	}
	ids := make([]string, 0, len(candidates))
	for _, p := range candidates {
		ids = append(ids, fmt.Sprintf("'%s'", p.workflowID())) // a UUID behind a fixed word needs no escaping
	}
	// It neither takes the one try that the breaker has for filings nor reports to
	// it: an index that is slow says nothing of the engine that they ring for.
	if c.breaker.tripped() {
		return nil, fmt.Errorf("%w: %w", errSpared, ErrUnavailable)
	}
	answer, err := c.temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: c.namespace, PageSize: maxProcesses,
		Query: "ExecutionStatus = 'Running' AND WorkflowId IN (" + strings.Join(ids, ", ") + ")",
	})
	if err != nil {
		return nil, back("look for processes", err)
	}
	found := map[string]Process{}
	for _, e := range answer.GetExecutions() {
		found[e.GetExecution().GetWorkflowId()] = Process{Run: e.GetExecution().GetRunId(), StartedAt: e.GetStartTime().AsTime()}
	}
	var running []Process
	for _, p := range candidates {
		if f, ok := found[p.workflowID()]; ok {
			p.Run, p.StartedAt = f.Run, f.StartedAt
			running = append(running, p)
		}
	}
	return running, nil
}

// ProcessURL is the page of Temporal Web, at that base URL, that shows the history
// of a running process. It names a namespace, an id and a run, and nobody.
func (c *Client) ProcessURL(base string, p Process) string {
	return strings.TrimSuffix(base, "/") + "/namespaces/" + url.PathEscape(c.namespace) +
		"/workflows/" + url.PathEscape(p.workflowID()) + "/" + url.PathEscape(p.Run) + "/history"
}
