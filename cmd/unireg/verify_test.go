package main

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/config"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/workflows/workflowstest"
)

// town is a system whose parts the test holds, with subjects that file.
type town struct {
	*rooms
	t           *testing.T
	environment []string
	database    *storagetest.Database
	reviewer    record.ID
}

func newTown(t *testing.T) *town {
	t.Helper()
	environment, database := system(t, "TEMPORAL_NAMESPACE="+workflowstest.Fresh(t).Namespace, "UNIREG_UNDO_PERIOD=0s")
	c, err := config.Load(environment, config.Verify)
	require.NoError(t, err)
	r, err := openRooms(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.close()) })
	w := &town{rooms: r, t: t, environment: environment, database: database}
	w.reviewer, err = r.store.AddStaff(t.Context(), commandLine, storage.NewStaff{
		Login: "zhou", Name: "周婧", Role: record.Reviewer, Identity: sample.ResidentID(7), Password: "x", Secret: "x",
	})
	require.NoError(t, err)
	return w
}

// accepted has an organization file its profile, which is accepted and rung for by nobody.
func (w *town) accepted(n int) (id record.ID, c record.Command) {
	w.t.Helper()
	ctx := w.t.Context()
	registered, err := w.store.Register(ctx, storage.Registration{
		Command: storage.NewID(), Type: record.Organization, Code: sample.CreditCode(n), Name: "核对示范有限公司", Password: "x",
	})
	require.NoError(w.t, err)
	id, err = w.store.StartDraft(ctx, registered.Account, registered.Subject, record.OrganizationProfile)
	require.NoError(w.t, err)
	file, err := w.files.Upload(ctx, storage.Upload{
		Subject: registered.Subject.ID, Account: registered.Account, Record: id, Field: "licence", Name: "执照.pdf",
	}, strings.NewReader("%PDF-1.7\n%%EOF\n"))
	require.NoError(w.t, err)
	draft, err := w.store.Draft(ctx, registered.Subject.ID, id)
	require.NoError(w.t, err)
	draft, err = w.store.SaveDraft(ctx, registered.Subject.ID, id, draft.Version, sample.Organization(registered.Subject.Code, registered.Subject.Name, file.Form()))
	require.NoError(w.t, err)
	c = record.Command{
		ID: storage.NewID(), Record: id, Subject: registered.Subject.ID, Move: record.Submit, Draft: draft.Version,
		Actor: record.Actor{Role: record.Applicant, ID: registered.Account, Assurance: record.ByPassword},
	}
	_, err = w.store.Accept(ctx, c)
	require.NoError(w.t, err)
	return id, c
}

func (w *town) sql(statement string, values ...any) {
	w.t.Helper()
	_, err := w.database.Owner.NewRaw(statement, values...).Exec(w.t.Context())
	require.NoError(w.t, err)
}

// verify runs unireg verify and returns what it says.
func (w *town) verify(args ...string) (agrees bool, report verifyReport) {
	w.t.Helper()
	code, said := run(w.t, w.environment, "", append([]string{"verify", "--json"}, args...)...)
	text, _, _ := strings.Cut(said, "\nunireg: ")
	require.NoError(w.t, json.Unmarshal([]byte(text), &report), said)
	require.Equal(w.t, code == 0, report.Agrees)
	return report.Agrees, report
}

// of finds the verdict about one thing.
func (r verifyReport) of(id record.ID, fault string) *verdict {
	for i := range r.Disagreements {
		if d := &r.Disagreements[i]; d.ID == string(id) && d.Fault == fault {
			return d
		}
	}
	return nil
}

func TestN11_T17_I7_VerifyRepairsWhatIsSafeAndSaysWhatIsLeft(t *testing.T) {
	w := newTown(t)
	missing, submit := w.accepted(1)
	_, err := w.store.Apply(t.Context(), missing, []record.ID{submit.ID})
	require.NoError(t, err)
	unrung, command := w.accepted(2)
	w.sql("UPDATE commands SET accepted_at = accepted_at - interval '2 minutes' WHERE id = ?", command.ID)
	resting, settled := w.accepted(3)
	_, err = w.store.Apply(t.Context(), resting, []record.ID{settled.ID})
	require.NoError(t, err)
	approve := record.Command{ID: storage.NewID(), Record: resting, Move: record.Approve, Actor: record.Actor{Role: record.Reviewer, ID: w.reviewer}}
	_, err = w.store.Accept(t.Context(), approve)
	require.NoError(t, err)
	_, err = w.store.Apply(t.Context(), resting, []record.ID{approve.ID})
	require.NoError(t, err)
	_, err = w.door.Attend(t.Context(), resting)
	require.NoError(t, err)
	w.sql("DELETE FROM review_tasks WHERE record = ?", missing)
	w.sql("INSERT INTO expiries (record, name, subject, label, expires_on) SELECT id, 'x', subject, 'x', now() FROM records WHERE id = ?", resting)

	agrees, report := w.verify()
	require.False(t, agrees)
	for fault, id := range map[string]record.ID{
		faultNoWorkflow: missing, storage.FaultNoReview: missing, faultWorkflowLeft: resting, storage.FaultExpiries: resting, storage.FaultOpenCommand: command.ID,
	} {
		found := report.of(id, fault)
		require.NotNil(t, found, "%s: %+v", fault, report)
		require.NotEmpty(t, found.Do)
		require.Empty(t, found.Repaired)
	}
	require.Len(t, report.Disagreements, 5)

	// Without a worker what waits for one is left, and says so.
	agrees, report = w.verify("--repair")
	require.False(t, agrees)
	require.Equal(t, "a workflow is started", report.of(missing, faultNoWorkflow).Repaired)
	require.Equal(t, "the review is opened", report.of(missing, storage.FaultNoReview).Repaired)
	require.Equal(t, "what expires is written anew", report.of(resting, storage.FaultExpiries).Repaired)
	require.Equal(t, leftWorkflow, report.of(resting, faultWorkflowLeft).Do)
	require.Contains(t, report.of(command.ID, storage.FaultOpenCommand).Do, "a worker runs")

	worker := start(t, w.environment, "", "worker")
	worker.await("worker serves")
	require.Eventually(t, func() bool {
		status, err := w.store.CommandStatus(t.Context(), command.ID)
		return err == nil && status.Done
	}, time.Minute, 50*time.Millisecond)
	code, said := run(t, w.environment, "", "verify", "--repair")
	require.Zero(t, code, said)
	require.Contains(t, said, "everything agrees")

	// And what was repaired goes on as if nothing had been.
	for _, id := range []record.ID{missing, unrung} {
		c := record.Command{ID: storage.NewID(), Record: id, Move: record.Approve, Actor: record.Actor{Role: record.Reviewer, ID: w.reviewer}}
		_, err := w.store.Accept(t.Context(), c)
		require.NoError(t, err)
		answer, err := w.door.Ring(t.Context(), id, c.ID)
		require.NoError(t, err)
		require.True(t, answer.Applied)
	}
	code, said = run(t, w.environment, "", "verify", "--content")
	require.Zero(t, code, said)
	require.NoError(t, worker.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, worker.exit())
}

func TestN04_TheCommandLineSignsComparesAndProves(t *testing.T) {
	w := newTown(t)
	worker := start(t, w.environment, "", "worker")
	worker.await("worker serves")
	id, command := w.accepted(1)
	require.Eventually(t, func() bool {
		status, err := w.store.CommandStatus(t.Context(), command.ID)
		return err == nil && status.Done
	}, time.Minute, 50*time.Millisecond)
	code, key := run(t, w.environment, "", "checkpoint", "--key")
	require.Zero(t, code, key)
	require.Regexp(t, `^unireg/history\+[0-9a-f]{8}\+\S+\n$`, key)
	code, note := run(t, w.environment, "", "checkpoint")
	require.Zero(t, code, note)
	require.Regexp(t, `^unireg/history\n\d+\n`, note)
	kept := filepath.Join(t.TempDir(), "checkpoint.txt")
	require.NoError(t, os.WriteFile(kept, []byte(note), 0o600))
	code, said := run(t, w.environment, "", "verify", "--checkpoint", kept)
	require.Zero(t, code, said)
	require.Regexp(t, `checkpoints +\d+\n`, said)

	// The doctor knows of it.
	code, said = run(t, w.environment, "", "doctor")
	require.Zero(t, code, said)
	require.Regexp(t, `(?m)^ok +checkpoints +\d+ taken, the last by key [0-9a-f]{8}$`, said)

	// A subject's proof needs neither database nor network.
	proof, err := w.store.HistoryProofOf(t.Context(), command.Subject)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "proof.txt")
	require.NoError(t, os.WriteFile(file, []byte(proof.Text), 0o600))
	code, said = run(t, nil, "", "verify", "proof", file, "--key", strings.TrimSpace(key))
	require.Zero(t, code, said)
	require.Contains(t, said, "the checkpoint covers this history")
	require.Contains(t, said, string(command.Subject))
	code, said = run(t, w.environment, "", "verify", "proof", file)
	require.Zero(t, code, said)
	forged := regexp.MustCompile(`(?m)^no (\d+)$`).ReplaceAllString(proof.Text, "no 999")
	require.NoError(t, os.WriteFile(file, []byte(forged), 0o600))
	code, said = run(t, w.environment, "", "verify", "proof", file)
	require.Equal(t, 1, code)
	require.Contains(t, said, "the proof does not hold")

	// Somebody rewrites the history with right hashes; the copy finds it.
	w.sql("ALTER TABLE events DISABLE TRIGGER USER")
	w.sql("DELETE FROM events WHERE chain = ? AND record = ?", command.Subject, id)
	w.sql("UPDATE chains SET no = 1, hash = (SELECT hash FROM events WHERE chain = chains.id) WHERE id = ?", command.Subject)
	code, said = run(t, w.environment, "", "verify")
	require.Equal(t, 1, code)
	require.Regexp(t, `N04 `+string(command.Subject)+`/2: the chain ends before it, and 2 links were signed: cut off after checkpoint \d+`, said)
	require.Contains(t, said, "do: change nothing; compare with backups")
	require.NoError(t, worker.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, worker.exit())
}
