package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
	"google.golang.org/protobuf/types/known/durationpb"
)

// TestStack follows one stack through its lives on one data directory; each part leaves the data to the next.
func TestStack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	t.Cleanup(func() {
		if cluster, err := filepath.EvalSymlinks(filepath.Join(dir, "postgres")); err == nil {
			_ = os.RemoveAll(filepath.Dir(cluster)) // it may lodge elsewhere
		}
	})
	t.Run("a first start serves", func(t *testing.T) {
		l := up(t, "--data", dir)
		t.Logf("first start: %.2f s", l.seconds)
		t.Run("PostgreSQL", func(t *testing.T) { checkPostgres(t, l.env) })
		t.Run("S3", func(t *testing.T) { checkS3(t, l.env) })
		t.Run("Temporal", func(t *testing.T) { checkTemporal(t, l.env) })
		t.Run("stack.env", func(t *testing.T) { checkEnvFile(t, filepath.Join(dir, "stack.env"), l.env) })
		t.Run("a taken port is named with its flag", func(t *testing.T) { checkTakenPorts(t, l.env) })
		t.Run("a second stack on the same data is refused", func(t *testing.T) {
			out, err := stackCommand("up", "--data", dir).CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), "another stack runs on "+dir)
		})
		t.Run("components stop and start on request", func(t *testing.T) { checkControl(t, l) })
		require.NoError(t, l.cmd.Process.Signal(syscall.SIGTERM))
		require.Zero(t, l.awaitEnd(t), "%s", &l.messages)
	})
	t.Run("a restart keeps the data, and a killed stack takes its children along", func(t *testing.T) {
		l := up(t, "--data", dir)
		t.Logf("warm start: %.2f s", l.seconds)
		checkKept(t, l.env)
		require.NoError(t, l.cmd.Process.Kill())
		l.awaitEnd(t)
	})
	t.Run("a start after a kill keeps the data, and a dead component ends the stack", func(t *testing.T) {
		l := up(t, "--data", dir)
		checkKept(t, l.env)
		require.NoError(t, syscall.Kill(postmaster(t, dir), syscall.SIGKILL))
		require.Equal(t, 1, l.awaitEnd(t))
		require.Contains(t, l.messages.String(), "postgres died")
	})
	t.Run("the end of standard input ends the stack", func(t *testing.T) {
		parent, ours, err := os.Pipe()
		require.NoError(t, err)
		defer parent.Close()
		defer ours.Close()
		started := filepath.Join(t.TempDir(), "started")
		cmd := stackCommand("run", "--with-parent", "--data", dir, "--", "sh", "-c", `: > "$0"; exec sleep 60`, started)
		cmd.Stdin = parent
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { _, err := os.Stat(started); return err == nil }, 30*time.Second, 20*time.Millisecond)
		family := descendants(cmd.Process.Pid)
		require.NoError(t, ours.Close())
		require.Error(t, cmd.Wait())
		require.Equal(t, 128+int(syscall.SIGTERM), cmd.ProcessState.ExitCode())
		requireGone(t, family)
	})
}

func checkPostgres(t *testing.T, env map[string]string) {
	ctx := t.Context()
	app, err := pgx.Connect(ctx, env["UNIREG_DATABASE_URL"])
	require.NoError(t, err)
	defer app.Close(ctx)
	owner, err := pgx.Connect(ctx, env["UNIREG_MIGRATE_DATABASE_URL"])
	require.NoError(t, err)
	defer owner.Close(ctx)

	var one, trigrams int
	require.NoError(t, app.QueryRow(ctx, "SELECT 1").Scan(&one))
	require.Equal(t, 1, one)
	require.NoError(t, app.QueryRow(ctx, "SELECT cardinality(show_trgm('建筑工程有限公司'))").Scan(&trigrams))
	require.Greater(t, trigrams, 5, "pg_trgm sees the letters of a Chinese name")

	_, err = owner.Exec(ctx, "CREATE TABLE kept (name text); GRANT SELECT, INSERT ON kept TO unireg_app")
	require.NoError(t, err)
	_, err = app.Exec(ctx, "INSERT INTO kept VALUES ('企业')")
	require.NoError(t, err)
	_, err = app.Exec(ctx, "CREATE TABLE not_mine ()")
	require.ErrorContains(t, err, "permission denied", "the app role owns nothing")

	admin, err := pgx.Connect(ctx, env["UNIREG_ADMIN_DATABASE_URL"])
	require.NoError(t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, "CREATE DATABASE made_by_a_test OWNER unireg_owner")
	require.NoError(t, err)
	config, err := pgx.ParseConfig(env["UNIREG_MIGRATE_DATABASE_URL"])
	require.NoError(t, err)
	config.Database = "made_by_a_test"
	made, err := pgx.ConnectConfig(ctx, config)
	require.NoError(t, err)
	defer made.Close(ctx)
	require.NoError(t, made.QueryRow(ctx, "SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'").Scan(&one))
	require.Equal(t, 1, one)
}

func s3Client(t *testing.T, env map[string]string) *minio.Client {
	t.Helper()
	objects, err := minio.New(env["UNIREG_S3_ENDPOINT"], &minio.Options{
		Creds:  credentials.NewStaticV4(env["UNIREG_S3_ACCESS_KEY"], env["UNIREG_S3_SECRET_KEY"], ""),
		Secure: env["UNIREG_S3_SECURE"] == "true",
	})
	require.NoError(t, err)
	return objects
}

func checkS3(t *testing.T, env map[string]string) {
	_, err := s3Client(t, env).PutObject(t.Context(), env["UNIREG_S3_BUCKET"], "scan/营业执照.pdf",
		strings.NewReader("kept"), 4, minio.PutObjectOptions{ContentType: "application/pdf"})
	require.NoError(t, err)
	wrong := map[string]string{"UNIREG_S3_SECRET_KEY": "wrong"}
	for name, value := range env {
		if _, ok := wrong[name]; !ok {
			wrong[name] = value
		}
	}
	_, err = s3Client(t, wrong).BucketExists(t.Context(), env["UNIREG_S3_BUCKET"])
	require.Error(t, err)
}

// checkTemporal proves that a namespace made by a test serves update-with-start at once.
func checkTemporal(t *testing.T, env map[string]string) {
	ctx := t.Context()
	const fresh, queue = "made-by-a-test", "queue"
	quiet := sdklog.NewStructuredLogger(noLogger)
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: env["TEMPORAL_ADDRESS"], Logger: quiet})
	require.NoError(t, err)
	defer namespaces.Close()
	described, err := namespaces.Describe(ctx, env["TEMPORAL_NAMESPACE"])
	require.NoError(t, err)
	require.Equal(t, 72*time.Hour, described.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration())
	began := time.Now()
	require.NoError(t, namespaces.Register(ctx, &workflowservice.RegisterNamespaceRequest{
		Namespace: fresh, WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}))

	temporal, err := client.Dial(client.Options{HostPort: env["TEMPORAL_ADDRESS"], Namespace: fresh, Logger: quiet})
	require.NoError(t, err)
	defer temporal.Close()
	_, err = temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
	require.NoError(t, err)
	workers := worker.New(temporal, queue, worker.Options{})
	workers.RegisterWorkflowWithOptions(echo, workflow.RegisterOptions{Name: "echo"})
	require.NoError(t, workers.Start())
	defer workers.Stop()
	handle, err := temporal.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: temporal.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
			ID: "one", TaskQueue: queue, WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		}, "echo"),
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: "one", UpdateName: "say", Args: []any{"hello"}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	require.NoError(t, err)
	var said string
	require.NoError(t, handle.Get(ctx, &said))
	require.Equal(t, "hello", said)
	require.Less(t, time.Since(began), 10*time.Second)
	t.Logf("fresh namespace to answered update: %s", time.Since(began))

	page, err := http.Get(env["UNIREG_TEMPORAL_UI_URL"] + "/namespaces/unireg/workflows")
	require.NoError(t, err)
	defer page.Body.Close()
	require.Equal(t, http.StatusOK, page.StatusCode)
}

// echo answers one update with what it was sent.
func echo(ctx workflow.Context) error {
	answered := false
	err := workflow.SetUpdateHandler(ctx, "say", func(_ workflow.Context, text string) (string, error) {
		answered = true
		return text, nil
	})
	if err != nil {
		return err
	}
	return workflow.Await(ctx, func() bool { return answered })
}

func checkEnvFile(t *testing.T, path string, env map[string]string) {
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	found := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		found[name] = value
	}
	require.Equal(t, env, found)
}

func checkTakenPorts(t *testing.T, env map[string]string) {
	postgres, temporal := portOf(t, env["UNIREG_DATABASE_URL"]), portOf(t, "grpc://"+env["TEMPORAL_ADDRESS"])
	out, err := stackCommand("up", "--data", t.TempDir(), "--postgres-port", postgres, "--temporal-port", temporal).CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "port "+postgres+" is taken: choose another with --postgres-port")
	require.Contains(t, string(out), "port "+temporal+" is taken: choose another with --temporal-port")
}

func checkControl(t *testing.T, l *launched) {
	probes := map[string]func(context.Context) error{
		"postgres": func(ctx context.Context) error {
			conn, err := pgx.Connect(ctx, l.env["UNIREG_DATABASE_URL"])
			if err != nil {
				return err
			}
			return conn.Close(ctx)
		},
		"s3": func(ctx context.Context) error {
			_, err := s3Client(t, l.env).BucketExists(ctx, l.env["UNIREG_S3_BUCKET"])
			return err
		},
		"temporal": func(ctx context.Context) error {
			temporal, err := client.DialContext(ctx, client.Options{
				HostPort: l.env["TEMPORAL_ADDRESS"], Namespace: l.env["TEMPORAL_NAMESPACE"], Logger: sdklog.NewStructuredLogger(noLogger),
			})
			if err != nil {
				return err
			}
			defer temporal.Close()
			_, err = temporal.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{})
			return err
		},
	}
	for _, fault := range []struct{ name, breaks, mends string }{
		{"postgres", "stop", "start"},
		{"postgres", "kill", "start"},
		{"postgres", "pause", "resume"},
		{"s3", "stop", "start"},
		{"s3", "pause", "resume"},
		{"temporal", "kill", "start"},
		{"temporal", "pause", "resume"},
	} {
		t.Run(fault.breaks+" "+fault.name, func(t *testing.T) {
			require.Equal(t, "ok", l.ask(t, fault.breaks+" "+fault.name))
			brief, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			require.Error(t, probes[fault.name](brief))
			require.Equal(t, "ok", l.ask(t, fault.mends+" "+fault.name))
			require.Eventually(t, func() bool { return probes[fault.name](t.Context()) == nil }, 30*time.Second, 50*time.Millisecond)
		})
	}
	require.Contains(t, l.ask(t, "stop everything"), "error: ")
	require.Contains(t, l.ask(t, "burn s3"), "error: ")
}

// checkKept finds what the first start left behind.
func checkKept(t *testing.T, env map[string]string) {
	t.Helper()
	ctx := t.Context()
	app, err := pgx.Connect(ctx, env["UNIREG_DATABASE_URL"])
	require.NoError(t, err)
	defer app.Close(ctx)
	var name string
	require.NoError(t, app.QueryRow(ctx, "SELECT name FROM kept").Scan(&name))
	require.Equal(t, "企业", name)

	object, err := s3Client(t, env).GetObject(ctx, env["UNIREG_S3_BUCKET"], "scan/营业执照.pdf", minio.GetObjectOptions{})
	require.NoError(t, err)
	text, err := io.ReadAll(object)
	require.NoError(t, err)
	require.Equal(t, "kept", string(text))

	temporal, err := client.Dial(client.Options{
		HostPort: env["TEMPORAL_ADDRESS"], Namespace: "made-by-a-test", Logger: sdklog.NewStructuredLogger(noLogger),
	})
	require.NoError(t, err)
	defer temporal.Close()
	run, err := temporal.DescribeWorkflowExecution(ctx, "one", "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, run.GetWorkflowExecutionInfo().GetStatus())
}

// postmaster reads the process id of the PostgreSQL server on dir.
func postmaster(t *testing.T, dir string) int {
	t.Helper()
	pid, err := readPostmaster(filepath.Join(dir, "postgres"))
	require.NoError(t, err)
	return pid
}
