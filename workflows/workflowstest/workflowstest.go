// Package workflowstest gives tests a namespace of their own on the real
// Temporal server that the environment names, which `make test` and
// `bin/stack run` start.
package workflowstest

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	"unireg/workflows"
)

// Engine is a namespace with a connection to it.
type Engine struct {
	client.Client
	Namespace string
	// Door is the product's client on that connection.
	Door *workflows.Client
}

var shared struct {
	once   sync.Once
	engine *Engine
	err    error
}

// Shared returns the namespace of the package under test.
func Shared(t testing.TB) *Engine {
	t.Helper()
	shared.once.Do(func() { shared.engine, shared.err = open(t) })
	require.NoError(t, shared.err)
	return shared.engine
}

// Fresh returns a namespace for this test alone.
func Fresh(t testing.TB) *Engine {
	t.Helper()
	engine, err := open(t)
	require.NoError(t, err)
	t.Cleanup(engine.Close)
	return engine
}

func open(t testing.TB) (*Engine, error) {
	address := os.Getenv("TEMPORAL_ADDRESS")
	if address == "" {
		return nil, errors.New("TEMPORAL_ADDRESS is not set: run `make test` or `bin/stack run -- go test ./...`")
	}
	// The package's namespace outlives the test that comes first.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	name := "unireg-test-" + strings.ToLower(rand.Text()[:12])
	connection, err := client.DialContext(ctx, client.Options{
		HostPort: address, Namespace: name, Identity: "test", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		return nil, err
	}
	_, err = connection.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: name, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	})
	if err != nil {
		return nil, err
	}
	engine := &Engine{Client: connection, Namespace: name, Door: workflows.NewClient(connection, name)}
	return engine, engine.awaitKnown(ctx)
}

// awaitKnown waits until every part of the server knows the namespace.
func (e *Engine) awaitKnown(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond) //nolint:forbidigo // no workflow runs this
	defer tick.Stop()
	for {
		_, err := e.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{Namespace: e.Namespace, PageSize: 1})
		if err == nil {
			_, err = e.DescribeTaskQueue(ctx, workflows.TaskQueue, 1)
		}
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
