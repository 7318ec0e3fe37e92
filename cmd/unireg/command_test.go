package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/web"
)

// asProgram makes the test binary behave as the product's.
const asProgram = "TEST_BINARY_IS_UNIREG"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	storagetest.Main(m)
}

// program is one run of the product.
type program struct {
	t       *testing.T
	command *exec.Cmd
	output  lockedBuffer
	ended   chan struct{}
}

type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// start runs the product with the environment given and nothing of the tests'.
func start(t *testing.T, environment []string, input string, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &program{t: t, command: exec.Command(self, args...), ended: make(chan struct{})}
	p.command.Env = append([]string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, environment...)
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	p.command.Stdin = strings.NewReader(input)
	require.NoError(t, p.command.Start())
	go func() {
		_ = p.command.Wait() // ProcessState tells
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // it may have ended
		if t.Failed() {
			t.Log(p.output.String())
		}
	})
	return p
}

// run runs the product to its end and returns its exit code and all it said.
func run(t *testing.T, environment []string, input string, args ...string) (int, string) {
	t.Helper()
	p := start(t, environment, input, args...)
	return p.exit(), p.output.String()
}

// exit waits for the end.
func (p *program) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(2 * time.Minute):
		require.Fail(p.t, "the program does not end", p.output.String())
	}
	return p.command.ProcessState.ExitCode()
}

// await waits until the output matches and returns the last group.
func (p *program) await(pattern string) string {
	p.t.Helper()
	var found []string
	require.Eventually(p.t, func() bool {
		found = regexp.MustCompile(pattern).FindStringSubmatch(p.output.String())
		return found != nil
	}, 2*time.Minute, 20*time.Millisecond, "waiting for %q", pattern)
	return found[len(found)-1]
}

// system is an environment in which the product runs: a database of its own, a
// bucket, and the stack's Temporal.
func system(t *testing.T, changes ...string) ([]string, *storagetest.Database) {
	t.Helper()
	database, bucket := storagetest.Fresh(t), storagetest.BucketConfig(t)
	objects, err := storage.NewObjects(bucket)
	require.NoError(t, err)
	require.NoError(t, objects.EnsureBucket(t.Context()))
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		for object, err := range objects.List(ctx, "") {
			require.NoError(t, err)
			require.NoError(t, objects.Remove(ctx, object.Key))
		}
		require.NoError(t, objects.RemoveBucket(ctx))
	})
	keys, err := drawKeys()
	require.NoError(t, err)
	environment := append([]string{
		"UNIREG_MODE=development", "UNIREG_DATABASE_URL=" + database.URL, "UNIREG_MIGRATE_DATABASE_URL=" + database.OwnerURL,
		"UNIREG_S3_ENDPOINT=" + bucket.Endpoint, "UNIREG_S3_ACCESS_KEY=" + bucket.AccessKey, "UNIREG_S3_SECRET_KEY=" + bucket.SecretKey,
		"UNIREG_S3_BUCKET=" + bucket.Bucket, "UNIREG_S3_SECURE=" + strconv.FormatBool(bucket.Secure),
		"TEMPORAL_ADDRESS=" + os.Getenv("TEMPORAL_ADDRESS"), "TEMPORAL_NAMESPACE=" + os.Getenv("TEMPORAL_NAMESPACE"),
	}, strings.Fields(string(keys))...)
	return append(environment, changes...), database
}

// freeAddress returns an address of this machine that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// get returns status and body.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url) //nolint:noctx // a test on this machine
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response.StatusCode, string(body)
}

func TestT4PortalBootsWithoutTemporalAndSaysDegraded(t *testing.T) {
	listen, private := freeAddress(t), freeAddress(t)
	environment, _ := system(t, "UNIREG_LISTEN="+listen, "UNIREG_OPS_LISTEN="+private, "TEMPORAL_ADDRESS="+freeAddress(t))
	portal := start(t, environment, "", "web")
	portal.await("portal listens")
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + listen + "/login") //nolint:noctx // a test on this machine
		return err == nil && response.Body.Close() == nil && response.StatusCode == http.StatusOK
	}, time.Minute, 20*time.Millisecond)

	status, body := get(t, "http://"+private+"/readyz")
	require.Equal(t, http.StatusOK, status, "a degraded portal serves")
	var ready web.Readiness
	require.NoError(t, json.Unmarshal([]byte(body), &ready))
	parts := map[string]web.Verdict{"database": "ok", "schema": "ok", "objects": "ok", "workflows": "failed", "pages": "ok"}
	require.Equal(t, web.Readiness{Status: web.Degraded, Parts: parts}, ready)
	code, said := run(t, environment, "", "health")
	require.Zero(t, code, said)

	t.Run("W37 no debug or metrics on the public port", func(t *testing.T) {
		for _, path := range []string{"/metrics", "/readyz", "/livez", "/debug/pprof/", "/debug/vars", "/healthz"} {
			status, _ := get(t, "http://"+listen+path)
			require.Equal(t, http.StatusNotFound, status, path)
		}
		status, body := get(t, "http://"+private+"/metrics")
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, body, "go_sql_open_connections")
		status, _ = get(t, "http://"+private+"/livez")
		require.Equal(t, http.StatusOK, status)
	})

	require.NoError(t, portal.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, portal.exit(), portal.output.String())
}

func TestW37ProductionRefusesTheAccountsOfADemonstration(t *testing.T) {
	environment, _ := system(t, "UNIREG_MODE=production", "UNIREG_ORIGIN=https://reg.example.cn",
		"UNIREG_LISTEN="+freeAddress(t), "TEMPORAL_ADDRESS="+freeAddress(t))
	code, said := run(t, environment, "", "web")
	require.Equal(t, 1, code)
	require.Contains(t, said, `UNIREG_MASTER_KEYS holds "demo-1", a key of a demonstration`)

	for i, line := range environment {
		environment[i] = strings.Replace(line, "UNIREG_MASTER_KEYS=demo-1:", "UNIREG_MASTER_KEYS=k1:", 1)
	}
	code, said = run(t, environment, sample.ResidentID(1), "staff", "add", storage.DemoLogin+"reviewer-1", "--name", "周", "--role", "reviewer")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "web")
	require.Equal(t, 1, code)
	require.Equal(t, "unireg: production mode refuses the demo account demo-reviewer-1: disable it with unireg staff disable demo-reviewer-1\n", said)

	code, said = run(t, environment, "", "staff", "disable", storage.DemoLogin+"reviewer-1")
	require.Zero(t, code, said)
	portal := start(t, environment, "", "web")
	portal.await("portal listens")
	require.NoError(t, portal.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, portal.exit())
}

func TestUpNamesEveryFaultAtOnce(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	missing, company := filepath.Join(t.TempDir(), "stack"), filepath.Join(t.TempDir(), "cacompany")
	code, said := run(t, []string{"UNIREG_MODE=production", "UNIREG_LISTNE=x", "UNIREG_REVIEW_DAYS=two"}, "",
		"up", "--demo", "--data", t.TempDir(), "--port", port, "--stack", missing, "--cacompany", company, "--ca-port", port)
	require.Equal(t, 1, code)
	for _, want := range []string{
		"unireg: production mode refuses the development stack",
		"unireg: the program of the development stack is missing at " + missing + ": run make build",
		"unireg: the program of the CA company is missing at " + company + ": run make build",
		"unireg: 127.0.0.1:" + port + " is taken by another program: choose another with --ca-port",
		"unireg: UNIREG_LISTNE is no setting of this program: was UNIREG_LISTEN meant?",
		"unireg: UNIREG_REVIEW_DAYS is not a whole number",
		"unireg: 127.0.0.1:" + port + " is taken by another program: choose another with --port",
	} {
		require.Contains(t, said, want)
	}
	require.Equal(t, 7, strings.Count(said, "\n"), "one sentence each:\n%s", said)
}

func TestUpStartsEverythingAndKeepsItOverARestart(t *testing.T) {
	stack, err := filepath.Abs("../../bin/stack")
	require.NoError(t, err)
	require.FileExists(t, stack, "run make build")
	company, err := filepath.Abs("../../bin/cacompany")
	require.NoError(t, err)
	require.FileExists(t, company, "run make build")
	data := filepath.Join(t.TempDir(), "data")
	_, port, err := net.SplitHostPort(freeAddress(t))
	require.NoError(t, err)
	origin := "http://127.0.0.1:" + port
	up := func() *program {
		p := start(t, nil, "", "up", "--demo", "--data", data, "--port", port, "--stack", stack, "--cacompany", company)
		p.await(`ready ` + origin + ` \([0-9.]+ s\)[\s\S]*Ctrl-C stops everything`)
		return p
	}

	first := up()
	for _, path := range []string{"/", "/login", "/register", "/staff/login"} {
		status, _ := get(t, origin+path)
		require.Equal(t, http.StatusOK, status, path)
	}
	temporalWeb := first.await(`Temporal Web +(\S+)`)
	status, _ := get(t, temporalWeb)
	require.Equal(t, http.StatusOK, status)
	checkCompany(t, first, data)
	first.await("virus scan +clamd with")
	viruses := "unix:" + filepath.Join(data, "clamd", "clamd.sock")
	require.NoError(t, pingScanner(t, viruses))
	for _, name := range []string{"keys.env", "demo-accounts.txt", "unireg.log", "cacompany.log", "clamd.log", "cacompany/operator.txt", "cacompany/registration.env"} {
		info, err := os.Stat(filepath.Join(data, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	accounts, err := readDemo(filepath.Join(data, "demo-accounts.txt"))
	require.NoError(t, err)
	require.Len(t, accounts, 4)
	for login, account := range accounts {
		require.Contains(t, first.output.String(), account.Password, login)
		require.Contains(t, first.output.String(), account.Secret, login)
		require.Empty(t, access.PasswordProblem(account.Password, account.Name, login), "a demo password is a good one")
	}
	checkDemo(t, data, accounts)

	require.NoError(t, first.command.Process.Signal(os.Interrupt))
	require.Zero(t, first.exit(), first.output.String())
	_, err = net.Dial("tcp", strings.TrimPrefix(first.await(`CA company +(\S+)`), "http://"))
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "everything stopped")
	_, err = net.Dial("tcp", strings.TrimPrefix(temporalWeb, "http://"))
	require.ErrorIs(t, err, syscall.ECONNREFUSED, "everything stopped")
	require.Error(t, pingScanner(t, viruses), "everything stopped")

	second := up()
	again, err := readDemo(filepath.Join(data, "demo-accounts.txt"))
	require.NoError(t, err)
	require.Equal(t, accounts, again)
	checkDemo(t, data, accounts)
	require.NoError(t, second.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, second.exit(), second.output.String())
}

// checkCompany looks at the CA company that runs beside the portal.
func checkCompany(t *testing.T, p *program, data string) {
	t.Helper()
	directory := filepath.Join(data, "cacompany")
	address := p.await(`CA company +(http://127\.0\.0\.1:\d+) `)
	said, err := readEnvironment(filepath.Join(directory, "registration.env"))
	require.NoError(t, err)
	require.Equal(t, address, said["UNIREG_CA_URL"])
	operator, err := readEnvironment(filepath.Join(directory, "operator.txt"))
	require.NoError(t, err)
	p.await("operator " + operator["login"] + ", password " + operator["password"])
	status, body := get(t, address+"/login")
	require.Equal(t, http.StatusOK, status)
	require.Contains(t, body, "操作员登录")
	status, _ = get(t, address+"/crl/sm2.crl")
	require.Equal(t, http.StatusOK, status)
	require.NotContains(t, p.output.String(), said["UNIREG_CA_TOKEN"], "what programs bear is not announced")
}

// checkDemo looks into the running demonstration's database.
func checkDemo(t *testing.T, data string, accounts map[string]demoAccount) {
	t.Helper()
	environment := []string{"UNIREG_MODE=development"}
	for _, name := range []string{"stack.env", "keys.env", "clamd/registration.env"} {
		content, err := os.ReadFile(filepath.Join(data, name))
		require.NoError(t, err)
		environment = append(environment, strings.Fields(string(content))...)
	}
	code, said := run(t, environment, "", "staff", "list")
	require.Zero(t, code, said)
	for _, a := range accounts {
		if a.Secret != "" {
			require.Regexp(t, a.Login+` +`+a.Role+` +enabled +enrolled +all +all +never +`+a.Name, said)
		}
	}
	code, said = run(t, environment, "", "doctor")
	require.Zero(t, code, said)
	require.Contains(t, said, "worker         serves")
	require.Contains(t, said, "finds the EICAR test file")
	code, said = run(t, environment, "", "verify", "--content")
	require.Zero(t, code, said)
	require.Regexp(t, `subjects +1\n`, said)
	require.Contains(t, said, "everything agrees")
}

func TestB18StaffFromTheCommandLine(t *testing.T) {
	environment, database := system(t)
	code, said := run(t, environment, "430104190001010001\n", "staff", "add", "zhou", "--name", "周婧", "--role", "reviewer")
	require.Equal(t, 1, code)
	require.Contains(t, said, "the identity number on standard input")

	code, said = run(t, environment, sample.ResidentID(7)+"\n", "staff", "add", "Zhou", "--name", "周婧", "--role", "reviewer")
	require.Zero(t, code, said)
	password := regexp.MustCompile(`password +(\S+)`).FindStringSubmatch(said)
	require.NotNil(t, password, said)
	var hash string
	require.NoError(t, database.App.NewRaw("SELECT password FROM staff WHERE login = 'zhou'").Scan(t.Context(), &hash))
	ok, _, err := access.Verify(t.Context(), password[1], hash)
	require.NoError(t, err)
	require.True(t, ok)

	code, said = run(t, environment, sample.ResidentID(8)+"\n", "staff", "add", "zhou", "--name", "吴", "--role", "reviewer")
	require.Equal(t, 1, code)
	require.Contains(t, said, "该登录名已存在")

	for _, step := range []struct{ command, state string }{{"disable", "disabled"}, {"enable", "enabled"}, {"absent", "absent"}, {"present", "enabled"}} {
		code, said = run(t, environment, "", "staff", step.command, "zhou")
		require.Zero(t, code, said)
		code, said = run(t, environment, "", "staff", "list")
		require.Zero(t, code, said)
		require.Regexp(t, `zhou +reviewer +`+step.state+` +at first login +all +all +never +周婧`, said)
	}
	code, said = run(t, environment, "", "staff", "edit", "zhou", "--role", "confirmer", "--region", "430100", "--region", "44", "--kind", "award")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "staff", "edit", "zhou", "--name", "周静", "--every-kind")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "staff", "list")
	require.Zero(t, code, said)
	require.Regexp(t, `zhou +confirmer +enabled +at first login +4301,44 +all +never +周静`, said)
	for want, args := range map[string][]string{
		"say what to change":    {"edit", "zhou"},
		"没有代码为 99 的地区":          {"edit", "zhou", "--region", "99"},
		"没有名为 licence 的事项":      {"edit", "zhou", "--kind", "licence"},
		"--role must be one of": {"edit", "zhou", "--role", "clock"},
	} {
		code, said = run(t, environment, "", append([]string{"staff"}, args...)...)
		require.NotZero(t, code, said)
		require.Contains(t, said, want)
	}
	code, said = run(t, environment, "", "staff", "reset-password", "zhou")
	require.Zero(t, code, said)
	again := regexp.MustCompile(`password +(\S+)`).FindStringSubmatch(said)
	require.NotNil(t, again, said)
	require.NotEqual(t, password[1], again[1])
	code, said = run(t, environment, "", "staff", "reset-factor", "zhou")
	require.Zero(t, code, said)
	code, said = run(t, environment, "", "staff", "disable", "nobody")
	require.Equal(t, 1, code)
	require.Contains(t, said, `there is no staff member "nobody"`)
}

// A demonstration of an earlier release: its accounts get today's roles and keep
// their passwords.
func TestB18ADemonstrationGetsTodaysRoles(t *testing.T) {
	store := storagetest.Fresh(t).Store()
	path := filepath.Join(t.TempDir(), "demo-accounts.txt")
	accounts, err := seedDemo(t.Context(), store, path)
	require.NoError(t, err)
	m, err := store.StaffByLogin(t.Context(), storage.DemoLogin+"reviewer-2")
	require.NoError(t, err)
	require.Equal(t, record.Confirmer, m.Role)
	require.NoError(t, store.EditStaff(t.Context(), commandLine, m.ID, storage.StaffEdit{Name: "审核员 吴示范", Scope: &record.Scope{Role: record.Reviewer}}))

	again, err := seedDemo(t.Context(), store, path)
	require.NoError(t, err)
	for i := range accounts {
		require.Equal(t, accounts[i].Password, again[i].Password)
		require.False(t, again[i].fresh)
	}
	m, err = store.StaffByLogin(t.Context(), storage.DemoLogin+"reviewer-2")
	require.NoError(t, err)
	require.Equal(t, record.Confirmer, m.Role)
	require.Equal(t, "复核员 吴示范", m.Name)
}

func TestMigrateFromTheCommandLine(t *testing.T) {
	database := storagetest.Empty(t)
	environment := []string{"UNIREG_MIGRATE_DATABASE_URL=" + database.OwnerURL}
	code, said := run(t, environment, "", "migrate", "status")
	require.Equal(t, 1, code)
	require.Contains(t, said, "unireg: migrations are missing: run unireg migrate up")
	for _, step := range []struct{ command, want string }{
		{"up", "applied 2"}, {"up", "the schema is current"}, {"status", "applied 2"}, {"down", "taken back 2"}, {"up", "applied 2"},
	} {
		code, said = run(t, environment, "", "migrate", step.command)
		require.Zero(t, code, said)
		require.Contains(t, said, step.want, step.command)
	}
}

func TestDoctorNamesWhatIsAway(t *testing.T) {
	environment, _ := system(t, "UNIREG_S3_BUCKET=no-such-bucket", "TEMPORAL_ADDRESS="+freeAddress(t), "UNIREG_MIGRATE_DATABASE_URL=")
	code, said := run(t, environment, "", "doctor")
	require.Equal(t, 1, code)
	require.Regexp(t, `ok +database +PostgreSQL \d+`, said)
	require.Regexp(t, `ok +schema +current at 2`, said, "the application's role may ask")
	require.Regexp(t, `FAULT object store +there is no bucket no-such-bucket`, said)
	require.Regexp(t, `FAULT Temporal +nothing answers at .*: submissions are accepted and wait`, said)
	require.Contains(t, said, "unireg: 2 faults")
}

func TestCalendarIsExaminedByYear(t *testing.T) {
	for year, want := range map[int]string{2026: "2027 are not known yet", 2000: "FAULT calendar"} {
		var out strings.Builder
		d := &diagnosis{out: &out}
		examineCalendar(d, storagetest.Policy().Calendar, time.Date(year, 11, 1, 0, 0, 0, 0, time.UTC))
		require.Contains(t, out.String(), want)
	}
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, command := range []string{
		"", "up", "web", "worker", "migrate", "migrate up", "migrate down", "migrate status",
		"staff", "staff add", "staff edit", "staff list", "staff disable", "staff enable", "staff absent", "staff present", "staff reset-password", "staff reset-factor", "codes", "codes import", "codes list", "codes export", "calendar", "calendar import", "calendar list",
		"periods", "periods list", "periods set", "periods sample", "doctor", "verify", "version", "health",
	} {
		code, said := run(t, nil, "", append(strings.Fields(command), "--help")...)
		require.Zero(t, code, said)
		require.Contains(t, said, "Usage: unireg", command)
	}
	code, said := run(t, nil, "", "version")
	require.Zero(t, code, said)
	require.Contains(t, said, "unireg ")
	require.Contains(t, said, fmt.Sprintf(" %s", "linux/"))
}
