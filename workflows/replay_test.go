package workflows_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

var recording = flag.Bool("record", false, "record histories under testdata, on the real Temporal server")

// TestT11_StoredHistoriesReplay keeps the promise to whoever waits at the time
// of a release: every history that was ever stored goes on under this code. A
// release that changes what the workflows do records further ones:
//
//	bin/stack run -- go test ./workflows -run TestRecordHistories -record
//
// and never deletes one whose like may still be running.
func TestT11_StoredHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json.gz")
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflow(workflows.Lifecycle)
			replayer.RegisterWorkflow(workflows.Registration)
			replayer.RegisterWorkflow(workflows.Sweep)
			replayer.RegisterWorkflow(workflows.CAApplication)
			replayer.RegisterWorkflow(workflows.Import)
			replayer.RegisterWorkflow(workflows.Export)
			require.NoError(t, replayer.ReplayWorkflowHistory(log.NewStructuredLogger(quiet()), readHistory(t, file)))
		})
	}
}

// The replay notices a procedure that is not the one recorded.
func TestT11_AnotherProcedureDoesNotReplay(t *testing.T) {
	replayer := worker.NewWorkflowReplayer()
	replayer.RegisterWorkflowWithOptions(func(ctx workflow.Context, in workflows.LifecycleInput) error {
		if err := workflow.Sleep(ctx, time.Hour); err != nil {
			return err
		}
		return workflows.Lifecycle(ctx, in)
	}, workflow.RegisterOptions{Name: "Lifecycle"})
	history := readHistory(t, "testdata/lifecycle-review.json.gz")
	require.Error(t, replayer.ReplayWorkflowHistory(log.NewStructuredLogger(quiet()), history))
}

func readHistory(t *testing.T, file string) *historypb.History {
	t.Helper()
	stored, err := os.Open(file)
	require.NoError(t, err)
	defer func() { require.NoError(t, stored.Close()) }()
	plain, err := gzip.NewReader(stored)
	require.NoError(t, err)
	history, err := client.HistoryFromJSON(plain, client.HistoryJSONOptions{})
	require.NoError(t, err)
	return history
}

// TestRecordHistories lives through what a record can meet, on the real server,
// and stores the histories. Without -record it lives through it and stores
// nothing.
func TestRecordHistories(t *testing.T) {
	engine := workflowstest.Shared(t)
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			p := &play{t: t, engine: engine, ledger: newLedger(time.Now), record: storage.NewID()}
			w := worker.New(engine.Client, workflows.TaskQueue, worker.Options{Identity: "recorder"})
			w.RegisterWorkflow(workflows.Lifecycle)
			w.RegisterWorkflow(workflows.Registration)
			w.RegisterWorkflow(workflows.Sweep)
			w.RegisterActivity(&activities.Activities{
				Store: p.ledger, AbandonAfter: time.Second, Logger: quiet(),
				Housekeeping: activities.Housekeeping{
					activities.SweepFiles: func(context.Context, record.ID) (activities.Swept, error) {
						return activities.Swept{Done: 1}, nil
					},
				},
			})
			require.NoError(t, w.Start())
			t.Cleanup(w.Stop)
			s.act(p)
			for i, run := range p.runs {
				p.store(fmt.Sprintf("%s%s.json.gz", s.name, []string{"", "-2", "-3"}[i]), run)
			}
		})
	}
}

// play is one scenario on the real server, with a record in memory.
type play struct {
	t      *testing.T
	engine *workflowstest.Engine
	ledger *ledger
	record record.ID
	runs   [][2]string // workflow and run ids, to be stored
}

type scenario struct {
	name string
	act  func(*play)
}

func scenarios() []scenario {
	return []scenario{
		{"lifecycle-review", func(p *play) {
			p.do(record.Submit)
			p.note()
			p.do(record.Approve)
			p.over()
		}},
		{"lifecycle-correction", func(p *play) {
			p.do(record.Submit)
			p.note()
			p.do(record.Return)
			p.do(record.Submit)
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-four-eyes", func(p *play) {
			p.ledger.second = true
			p.do(record.Submit)
			p.note()
			p.do(record.Approve)
			p.do(record.Reject)
			p.do(record.Approve)
			p.do(record.Confirm)
			p.over()
		}},
		{"lifecycle-overdue", func(p *play) {
			p.soon()
			p.do(record.Submit)
			p.note()
			p.until(p.escalated)
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-lapse", func(p *play) {
			p.soon()
			p.ledger.state = record.State{Standing: record.InForce, Filing: record.UnderReview}
			p.do(record.Return)
			p.note()
			p.over()
			require.Len(p.t, p.ledger.reminded, 1)
			require.Equal(p.t, record.State{Standing: record.InForce, Filing: record.NothingFiled}, p.ledger.state)
		}},
		{"lifecycle-refused", func(p *play) {
			p.do(record.Submit)
			p.note()
			require.Equal(p.t, record.RefusedState, p.ring(p.ledger.accept(entry{move: record.Confirm})).Refusal)
			require.Equal(p.t, record.RefusedVersion, p.ring(p.ledger.accept(entry{move: record.Approve, expected: 9})).Refusal)
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-later", func(p *play) {
			p.do(record.Submit)
			p.note()
			undone := p.ledger.accept(entry{move: record.Approve, notBefore: time.Now().Add(time.Second)})
			require.False(p.t, p.ring(undone).Done)
			p.ledger.cancel(undone)
			p.until(func() bool { return p.done(undone) })
			approve := p.ledger.accept(entry{move: record.Approve, notBefore: time.Now().Add(time.Second)})
			require.False(p.t, p.ring(approve).Done)
			p.over()
		}},
		{"lifecycle-replan", func(p *play) {
			p.do(record.Submit)
			p.note()
			p.soon()
			require.NoError(p.t, p.engine.Door.Replan(p.t.Context(), p.record))
			p.until(p.escalated)
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-broken", func(p *play) {
			// Long enough for the local activity to give up.
			p.ledger.set(func() { p.ledger.finalBefore["apply"] = errBroken })
			submit := p.ledger.accept(entry{move: record.Submit})
			started, err := p.engine.Door.Attend(p.t.Context(), p.record)
			require.NoError(p.t, err)
			require.True(p.t, started)
			p.note()
			p.until(p.pendingActivity)
			p.ledger.set(func() { delete(p.ledger.finalBefore, "apply") })
			p.until(func() bool { return p.done(submit) })
			p.ledger.set(func() { p.ledger.failBefore["apply"] = 2 })
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-long", func(p *play) {
			p.do(record.Submit)
			p.note()
			for range 120 {
				p.ring(p.ledger.accept(entry{move: record.Confirm}))
			}
			p.note()
			require.NotEqual(p.t, p.runs[0], p.runs[1], "the run continued as new")
			p.do(record.Withdraw)
			p.over()
		}},
		{"lifecycle-unknown", func(p *play) {
			p.ledger.set(func() { p.ledger.finalBefore["apply"] = record.Errorf(record.NotFound, "没有找到") })
			_, err := p.engine.Door.Ring(p.t.Context(), p.record, storage.NewID())
			require.ErrorContains(p.t, err, "not_found")
			require.NotErrorIs(p.t, err, workflows.ErrUnavailable)
			p.note()
		}},
		{"registration-closed", func(p *play) {
			require.NoError(p.t, p.engine.Door.RingRegistration(p.t.Context(), p.ledger.subject))
			require.NoError(p.t, p.engine.Door.RingRegistration(p.t.Context(), p.ledger.subject), "again is harmless")
			id := workflows.RegistrationID(p.ledger.subject)
			p.noteRun(id)
			require.NoError(p.t, p.engine.GetWorkflow(p.t.Context(), id, "").Get(p.t.Context(), nil))
			require.False(p.t, p.ledger.closedAt.IsZero())
		}},
		{"registration-in-force", func(p *play) {
			require.NoError(p.t, p.engine.Door.RingRegistration(p.t.Context(), p.ledger.subject))
			id := workflows.RegistrationID(p.ledger.subject)
			p.noteRun(id)
			p.do(record.Submit)
			p.do(record.Approve) // whose Lifecycle tells the registration
			require.NoError(p.t, p.engine.GetWorkflow(p.t.Context(), id, "").Get(p.t.Context(), nil))
			require.True(p.t, p.ledger.closedAt.IsZero())
		}},
		{"sweep", func(p *play) {
			run, err := p.engine.ExecuteWorkflow(p.t.Context(), client.StartWorkflowOptions{
				ID: workflows.SweepID(activities.SweepFiles), TaskQueue: workflows.TaskQueue,
			}, workflows.Sweep, workflows.SweepInput{Chore: activities.SweepFiles})
			require.NoError(p.t, err)
			var swept activities.Swept
			require.NoError(p.t, run.Get(p.t.Context(), &swept))
			require.Equal(p.t, 1, swept.Done)
			p.runs = append(p.runs, [2]string{run.GetID(), run.GetRunID()})
		}},
	}
}

// soon brings the instants of the plan near.
func (p *play) soon() {
	p.ledger.set(func() {
		p.ledger.plan = func(f record.Filing, since time.Time) record.Plan {
			switch f {
			case record.UnderReview, record.SecondReview:
				return record.Plan{RemindAt: since.Add(500 * time.Millisecond), EscalateAt: since.Add(time.Second)}
			case record.Returned:
				return record.Plan{RemindAt: since.Add(500 * time.Millisecond), LapseAt: since.Add(time.Second)}
			case record.NothingFiled:
			}
			return record.Plan{}
		}
	})
}

func (p *play) ring(id record.ID) workflows.Answer {
	p.t.Helper()
	answer, err := p.engine.Door.Ring(p.t.Context(), p.record, id)
	require.NoError(p.t, err)
	return answer
}

func (p *play) do(move record.Move) {
	p.t.Helper()
	require.True(p.t, p.ring(p.ledger.accept(entry{move: move})).Applied)
}

func (p *play) escalated() bool {
	p.ledger.mu.Lock()
	defer p.ledger.mu.Unlock()
	return len(p.ledger.escalated) == 1
}

func (p *play) done(id record.ID) bool { return p.ledger.outcome(id) != nil }

// until waits for a fact.
func (p *play) until(fact func() bool) {
	p.t.Helper()
	require.Eventually(p.t, fact, time.Minute, 20*time.Millisecond)
}

// note remembers the present run of the record's Lifecycle.
func (p *play) note() { p.noteRun(workflows.LifecycleID(p.record)) }

func (p *play) noteRun(id string) {
	p.t.Helper()
	description, err := p.engine.DescribeWorkflowExecution(p.t.Context(), id, "")
	require.NoError(p.t, err)
	p.runs = append(p.runs, [2]string{id, description.GetWorkflowExecutionInfo().GetExecution().GetRunId()})
}

func (p *play) pendingActivity() bool {
	description, err := p.engine.DescribeWorkflowExecution(p.t.Context(), workflows.LifecycleID(p.record), "")
	return err == nil && len(description.GetPendingActivities()) > 0
}

// over waits until the record's Lifecycle has completed.
func (p *play) over() {
	p.t.Helper()
	require.NoError(p.t, p.engine.GetWorkflow(p.t.Context(), workflows.LifecycleID(p.record), "").Get(p.t.Context(), nil))
}

// store writes a run's history, without the names of the machine.
func (p *play) store(name string, run [2]string) {
	p.t.Helper()
	history := &historypb.History{}
	events := p.engine.GetWorkflowHistory(p.t.Context(), run[0], run[1], false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(p.t, err)
		if queue := event.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue(); queue.GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			queue.Name = "recorder" // it names the machine
		}
		history.Events = append(history.Events, event)
	}
	require.NotEmpty(p.t, history.Events)
	plain, err := temporalproto.CustomJSONMarshalOptions{Indent: " "}.Marshal(history)
	require.NoError(p.t, err)
	require.NotContains(p.t, string(plain), "13800138000", "the text of errBroken stays outside")
	if !*recording {
		return
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, err = writer.Write(plain)
	require.NoError(p.t, err)
	require.NoError(p.t, writer.Close())
	require.NoError(p.t, os.WriteFile(filepath.Join("testdata", name), packed.Bytes(), 0o644))
}
