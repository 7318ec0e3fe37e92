package worker_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

func TestI7_ARecordUnderWayHasOneWorkflowAndARestingOneNone(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	d.serve()
	submit := d.accept(record.Submit)
	answer := d.ring(submit)
	require.Equal(t, workflows.Answer{
		Done: true, Applied: true, State: activities.State{Standing: record.NotInForce, Filing: record.UnderReview},
	}, answer)
	require.True(t, d.running())
	require.Eventually(t, func() bool {
		running, err := d.engine.Door.Running(t.Context())
		require.NoError(t, err)
		return len(running) == 1 && running[0] == d.profile
	}, patience, 50*time.Millisecond)

	d.do(record.Return)
	require.Equal(t, record.Returned, d.state().Filing)
	d.do(record.Submit)
	d.do(record.Approve)
	d.rests()
	require.Equal(t, record.State{Standing: record.InForce, Filing: record.NothingFiled}, d.state())
	require.NoError(t, d.engine.Door.Healthy(t.Context()))
}

func TestT5_OneCommandDeliveredAHundredTimesHasOneEffect(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	d.serve()
	hundred := func(command record.ID) {
		t.Helper()
		before := d.events()
		var group sync.WaitGroup
		answers, failures := make([]workflows.Answer, 100), make([]error, 100)
		for i := range answers {
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				// A client of its own each time, as from as many portals.
				answers[i], failures[i] = workflows.NewClient(d.engine.Client, d.engine.Namespace).Ring(ctx, d.profile, command)
			})
		}
		group.Wait()
		require.NoError(t, errors.Join(failures...))
		for _, answer := range answers {
			require.Equal(t, answers[0], answer)
			require.True(t, answer.Applied)
		}
		require.LessOrEqual(t, d.events(), before+1)
	}
	submit := d.accept(record.Submit)
	hundred(submit)
	require.Equal(t, 1, d.events())
	approve := d.accept(record.Approve)
	hundred(approve)
	d.rests()
	hundred(approve) // after its run has closed
	hundred(submit)
	require.Equal(t, 2, d.events())
	require.Empty(t, verified(t, d))
}

func verified(t testing.TB, d *desk) []storage.Disagreement {
	t.Helper()
	found, err := d.Verify(t.Context())
	require.NoError(t, err)
	return found
}

// Each reopening is approved at once, so that runs complete while others ring,
// some of them for commands of runs long closed.
func TestT6_NoRingIsLostAroundCompletion(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	d.serve()
	given := []record.ID{d.do(record.Submit), d.do(record.Approve)}
	before := d.events()
	const cycles = 25
	for range cycles {
		for _, move := range []record.Move{record.Reopen, record.Approve} {
			id := d.accept(move)
			var group sync.WaitGroup
			for _, known := range append([]record.ID{id, id}, given[len(given)-2:]...) {
				group.Go(func() {
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					answer, err := d.engine.Door.Ring(ctx, d.profile, known)
					if err != nil || !answer.Applied {
						t.Errorf("ring for %s: %+v, %v", known, answer, err)
					}
				})
			}
			group.Wait()
			given = append(given, id)
		}
	}
	require.Equal(t, before+2*cycles, d.events())
	d.rests()
}

// A barrage of commands makes the run continue as new, more than once.
func TestT7_NoRunGrowsLongAndNoRingIsLostAroundContinueAsNew(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	d.serve()
	d.do(record.Submit)
	const barrage = 250
	var refused atomic.Int64
	gate := make(chan struct{}, 6)
	var group sync.WaitGroup
	for range barrage {
		id := d.accept(record.Withdraw, func(c *record.Command) { c.Expected = 99 })
		group.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			answer, err := d.engine.Door.Ring(ctx, d.profile, id)
			if err == nil && answer.Refusal == record.RefusedVersion {
				refused.Add(1)
			}
		})
	}
	group.Wait()
	require.EqualValues(t, barrage, refused.Load())
	d.do(record.Withdraw)
	d.rests()

	runs, longest := 0, int64(0)
	require.Eventually(t, func() bool {
		page, err := d.engine.ListWorkflow(t.Context(), &workflowservice.ListWorkflowExecutionsRequest{
			Namespace: d.engine.Namespace, Query: "WorkflowId = '" + workflows.LifecycleID(d.profile) + "' AND ExecutionStatus != 'Running'",
		})
		require.NoError(t, err)
		runs, longest = 0, 0
		continued := 0
		for _, run := range page.GetExecutions() {
			runs++
			longest = max(longest, run.GetHistoryLength())
			if run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
				continued++
			}
		}
		return continued > 0 && runs > continued
	}, patience, 100*time.Millisecond)
	require.Less(t, longest, int64(1000))
	t.Logf("%d runs, the longest of %d events", runs, longest)
}

// forgetful commits, then says that it failed: a worker that dies after the
// commit and before its answer.
type forgetful struct {
	*storage.Store
	message string
	lost    atomic.Int64
	panics  atomic.Int64
}

func (f *forgetful) Apply(ctx context.Context, id record.ID, asked []record.ID) (storage.Applied, error) {
	applied, err := f.Store.Apply(ctx, id, asked)
	if err == nil && f.lost.Add(-1) >= 0 {
		return storage.Applied{}, errors.New("the worker died: " + f.message)
	}
	if f.panics.Add(-1) >= 0 {
		panic(f.message)
	}
	return applied, err
}

func TestT8_AnActivityThatDiesAfterItsCommitDoesNothingTwice(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	store := &forgetful{Store: d.Store}
	serve(t, d.engine, store)
	for _, lost := range []int64{1, 5} {
		store.lost.Store(lost)
		d.do(record.Submit)
		store.lost.Store(lost)
		d.do(record.Withdraw)
	}
	require.Equal(t, 4, d.events())
	require.Empty(t, verified(t, d))
}

func TestN02_WhatWasAcceptedWhileNobodyServedIsDoneOnReturn(t *testing.T) {
	engine := workflowstest.Fresh(t)
	database := storagetest.Fresh(t)
	var desks []*desk
	var commands []record.ID
	for range 40 {
		d := newDeskOn(t, engine, database)
		desks = append(desks, d)
		commands = append(commands, d.accept(record.Submit))
	}
	// A ring meanwhile waits for nobody for long.
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := engine.Door.Ring(ctx, desks[0].profile, commands[0])
	require.ErrorIs(t, err, workflows.ErrUnavailable)

	// Two workers, with a relay each.
	began := time.Now()
	serve(t, engine, desks[0].Store)
	serve(t, engine, desks[1].Store)
	require.Eventually(t, func() bool {
		for i, d := range desks {
			for _, id := range []record.ID{commands[i], d.command} {
				if !d.done(id) {
					return false
				}
			}
		}
		return true
	}, patience, 100*time.Millisecond)
	t.Logf("%d commands drained in %s", 2*len(desks), time.Since(began).Round(time.Millisecond))
	for _, d := range desks {
		require.Equal(t, record.UnderReview, d.state().Filing)
		require.Equal(t, 1, d.events())
	}
	require.Empty(t, verified(t, desks[0]))
}

// One click leads to every run of a record in Temporal Web, and what it shows
// there is ids and enum names.
func TestN09_AnOperatorSeesTheRunsOfARecord(t *testing.T) {
	web := os.Getenv("UNIREG_TEMPORAL_UI_URL")
	require.NotEmpty(t, web, "run `make test` or `bin/stack run -- go test ./...`")
	d := newDesk(t, workflowstest.Shared(t))
	d.serve()
	d.do(record.Submit)
	address, err := url.Parse(d.engine.Door.WorkflowURL(web+"/", d.profile))
	require.NoError(t, err)
	require.Equal(t, "/namespaces/"+d.engine.Namespace+"/workflows", address.Path)
	page := get(t, address.String())
	require.Contains(t, page, "<html")
	// What the page asks its server for.
	address.Path = "/api/v1" + address.Path
	require.Eventually(t, func() bool {
		list := get(t, address.String())
		return strings.Contains(list, workflows.LifecycleID(d.profile)) && !strings.Contains(list, d.subject.Name)
	}, patience, 100*time.Millisecond)
}

func get(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, response.Body.Close()) }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, string(body))
	return string(body)
}
