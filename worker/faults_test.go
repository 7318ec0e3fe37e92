package worker_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/worker"
	"unireg/workflows"
	"unireg/workflows/workflowstest"
)

// lostCommits stands between the application and PostgreSQL and, when told to,
// lets a COMMIT through and cuts the connection before its answer.
type lostCommits struct {
	address string
	cut     atomic.Int64 // how many answers are to be lost
	lost    atomic.Int64
}

func newLostCommits(t *testing.T, target string) *lostCommits {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	p := &lostCommits{address: listener.Addr().String()}
	go func() {
		for {
			application, err := listener.Accept()
			if err != nil {
				return
			}
			go p.serve(application, target)
		}
	}()
	return p
}

func (p *lostCommits) serve(application net.Conn, target string) {
	defer application.Close()
	database, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer database.Close()
	var deaf atomic.Bool
	go func() {
		defer application.Close()
		answer := make([]byte, 32<<10)
		for {
			n, err := database.Read(answer)
			if err != nil || deaf.Load() { // the database has answered: it has committed
				return
			}
			if _, err := application.Write(answer[:n]); err != nil {
				return
			}
		}
	}()
	question := make([]byte, 32<<10)
	for {
		n, err := application.Read(question)
		if err != nil {
			return
		}
		if bytes.Contains(bytes.ToUpper(question[:n]), []byte("COMMIT\x00")) && p.cut.Add(-1) >= 0 {
			deaf.Store(true)
			p.lost.Add(1)
		}
		if _, err := database.Write(question[:n]); err != nil {
			return
		}
		if deaf.Load() {
			_, _ = io.Copy(io.Discard, application)
			return
		}
	}
}

func TestT9_ALostCommitAnswerIsResolvedByTheCommandsID(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	direct, err := url.Parse(d.database.URL)
	require.NoError(t, err)
	proxy := newLostCommits(t, direct.Host)
	direct.Host = proxy.address
	through, err := storage.Open(direct.String(), 4)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, through.Close()) })
	serve(t, d.engine, storage.New(through, storagetest.Keys(), storagetest.Policy()))

	for _, move := range []record.Move{record.Submit, record.Withdraw, record.Submit, record.Approve} {
		id := d.accept(move)
		proxy.cut.Store(1)
		require.True(t, d.ring(id).Applied)
	}
	require.EqualValues(t, 4, proxy.lost.Load(), "each of them lost an answer")
	require.Equal(t, 4, d.events())
	require.Empty(t, verified(t, d))
}

// Whatever a person wrote, and whatever went wrong meanwhile, Temporal's own
// tables hold none of it.
func TestT13_NothingPersonalReachesTemporalsDatabase(t *testing.T) {
	admin := os.Getenv("UNIREG_ADMIN_DATABASE_URL")
	require.NotEmpty(t, admin, "run `make test` or `bin/stack run -- go test ./...`")
	d := newDesk(t, workflowstest.Shared(t))
	store := &forgetful{Store: d.Store, message: "duplicate key: " + canaryRemark}
	serve(t, d.engine, store)
	_, document, err := record.ParseCanonical(d.content())
	require.NoError(t, err)
	organization := document.(*record.OrganizationDocument)

	d.do(record.Submit)
	store.lost.Store(4)
	id := d.accept(record.Return, func(c *record.Command) {
		c.Reason = canaryRemark
		c.Remarks = []record.Remark{{Field: "legal_name", Text: canaryRemark}}
	})
	require.True(t, d.ring(id).Applied)
	store.panics.Store(1)
	d.do(record.Submit)
	d.do(record.Approve)
	d.rests()
	require.NoError(t, d.engine.Door.RingRegistration(t.Context(), d.subject.ID))

	canaries := []string{
		d.subject.Name, d.subject.Code, canaryRemark, "营业执照",
		organization.Representative.Name, organization.Representative.IDNumber,
		organization.Agent.Name, organization.Agent.IDNumber, organization.Agent.Mobile, organization.Account.Number,
	}
	for _, canary := range canaries {
		require.Greater(t, len(canary), 5, "a canary must be longer than chance")
	}
	found := scanTemporal(t, admin, append(canaries, string(d.profile), string(id)))
	for _, canary := range canaries {
		require.Empty(t, found[canary], canary)
	}
	require.NotEmpty(t, found[string(d.profile)], "the scan sees what is there")
	require.NotEmpty(t, found[string(id)], "the scan sees what is there")
}

const canaryRemark = "请补充张三丰的身份证43010219900307663X"

// content is the canonical bytes of the draft.
func (d *desk) content() []byte {
	d.t.Helper()
	draft, err := d.Draft(d.t.Context(), d.subject.ID, d.profile)
	require.NoError(d.t, err)
	content, err := record.Canonical(record.OrganizationProfile, draft.Document)
	require.NoError(d.t, err)
	return content
}

// scanTemporal searches every column of every table of Temporal's databases and
// answers where each text was found.
func scanTemporal(t *testing.T, admin string, texts []string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, database := range temporalDatabases(t, admin) {
		connection, err := pgx.Connect(t.Context(), inDatabase(t, admin, database))
		require.NoError(t, err)
		columns, err := connection.Query(t.Context(), `
			SELECT quote_ident(table_schema) || '.' || quote_ident(table_name), quote_ident(column_name), data_type
			FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
			WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'`)
		require.NoError(t, err)
		type column struct{ Table, Name, Type string }
		all, err := pgx.CollectRows(columns, pgx.RowToStructByPos[column])
		require.NoError(t, err)
		require.NotEmpty(t, all)
		for _, c := range all {
			for _, text := range texts {
				condition := "position($1::text IN " + c.Name + "::text) > 0"
				if c.Type == "bytea" {
					condition = "position(convert_to($1::text, 'UTF8') IN " + c.Name + ") > 0"
				}
				var hits int
				err := connection.QueryRow(t.Context(), "SELECT count(*) FROM "+c.Table+" WHERE "+condition, text).Scan(&hits)
				require.NoError(t, err)
				if hits > 0 {
					found[text] = append(found[text], database+": "+c.Table+"."+c.Name)
				}
			}
		}
		require.NoError(t, connection.Close(t.Context()))
	}
	return found
}

// temporalDatabases are those with a table of workflow executions.
func temporalDatabases(t *testing.T, admin string) []string {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), admin)
	require.NoError(t, err)
	defer func() { require.NoError(t, connection.Close(context.WithoutCancel(t.Context()))) }()
	rows, err := connection.Query(t.Context(), "SELECT datname FROM pg_database WHERE datallowconn AND datname LIKE 'temporal%'")
	require.NoError(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

func inDatabase(t *testing.T, address, database string) string {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	u.Path = "/" + database
	return u.String()
}

func TestT4_ADoorWithoutTemporalFailsAtOnce(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	connection, err := client.NewLazyClient(client.Options{HostPort: nobody.Addr().String(), Namespace: "away"})
	require.NoError(t, err, "it opens without Temporal")
	defer connection.Close()
	door := workflows.NewClient(connection, "away")
	ring := func(limit time.Duration) time.Duration {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		began := time.Now()
		_, err := door.Ring(ctx, storage.NewID(), storage.NewID())
		require.ErrorIs(t, err, workflows.ErrUnavailable)
		require.NotContains(t, err.Error(), "127.0.0.1")
		return time.Since(began)
	}
	ring(200 * time.Millisecond)
	ring(200 * time.Millisecond)
	require.Less(t, ring(5*time.Second), time.Second, "it is known to be away: nobody waits")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, door.Healthy(ctx), workflows.ErrUnavailable)
}

func TestI7_ATerminatedWorkflowIsStartedAgainAndOneTooManyIsRoused(t *testing.T) {
	engine, database := workflowstest.Fresh(t), storagetest.Fresh(t)
	d, other := newDeskOn(t, engine, database), newDeskOn(t, engine, database)
	d.serve()
	d.do(record.Submit)
	other.do(record.Submit)
	require.NoError(t, engine.TerminateWorkflow(t.Context(), workflows.LifecycleID(d.profile), "", "by an operator"))
	// The other record is put back, as by a database that is restored older.
	_, err := database.Owner.NewRaw("UPDATE records SET filing = 'none', submitted = 0 WHERE id = ?", other.profile).Exec(t.Context())
	require.NoError(t, err)

	reconciler := worker.NewReconciler(engine.Door, d.Store, slog.New(slog.DiscardHandler))
	require.Eventually(t, func() bool {
		_, err := reconciler.Round(t.Context())
		require.NoError(t, err)
		return d.running() && !other.running()
	}, patience, 100*time.Millisecond)
	d.do(record.Approve)
	d.rests()
	require.Equal(t, record.InForce, d.state().Standing)
}

func TestI7_ARingAnsweredByAClosedRunIsNoDeadEnd(t *testing.T) {
	d := newDesk(t, workflowstest.Shared(t))
	stop := serveUntil(t, d.engine, d.Store, nil)
	d.do(record.Submit)
	d.undoable(2 * time.Second)
	approve := d.accept(record.Approve)
	require.False(t, d.ring(approve).Done)
	stop()
	require.NoError(t, d.engine.TerminateWorkflow(t.Context(), workflows.LifecycleID(d.profile), "", "by an operator"))
	d.serve()
	require.Eventually(t, func() bool { return d.done(approve) }, patience, 50*time.Millisecond)
	require.Equal(t, record.InForce, d.state().Standing)
}

func TestARelayWhoseDatabaseFailsSaysSo(t *testing.T) {
	relay := worker.NewRelay(workflowstest.Shared(t).Door, noCommands{}, slog.New(slog.DiscardHandler))
	_, err := relay.Round(t.Context())
	require.ErrorIs(t, err, errNoDatabase)
}

type noCommands struct{}

var errNoDatabase = errors.New("no database")

func (noCommands) OpenCommands(context.Context, time.Duration, int) ([]storage.OpenCommand, error) {
	return nil, errNoDatabase
}
