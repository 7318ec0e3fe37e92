package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/setup"
	"unireg/cmd/cacompany/internal/webhook"
)

// asProgram makes the test binary behave as the program.
const asProgram = "TEST_BINARY_IS_CACOMPANY"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is one run of the program.
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

func start(t *testing.T, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	p := &program{t: t, command: exec.Command(self, args...), ended: make(chan struct{})}
	p.command.Env = []string{asProgram + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	p.command.Stdout, p.command.Stderr = &p.output, &p.output
	require.NoError(t, p.command.Start())
	go func() {
		_ = p.command.Wait() // ProcessState tells
		close(p.ended)
	}()
	t.Cleanup(func() { _ = p.command.Process.Kill() }) // it may have ended
	return p
}

func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	p := start(t, args...)
	return p.exit(), p.output.String()
}

func (p *program) exit() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		require.Fail(p.t, "the program does not end", p.output.String())
	}
	return p.command.ProcessState.ExitCode()
}

func (p *program) await(pattern string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return regexp.MustCompile(pattern).MatchString(p.output.String()) },
		time.Minute, 10*time.Millisecond, "waiting for %q", pattern)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// values reads NAME=value lines.
func values(t *testing.T, path string) map[string]string {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	all := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			all[name] = value
		}
	}
	return all
}

func application() protocol.Application {
	return protocol.Application{
		Reference: uuid.NewString(), Business: protocol.Apply, Kind: protocol.Organization, Medium: "ukey", Years: 1, Pickup: "counter",
		Subject:        protocol.Subject{Type: "organization", Name: "示范建工集团有限公司", Code: "91430100MADEM0019X"},
		Representative: protocol.Party{Name: "陈示范"}, Agent: protocol.Party{Name: "李示范"}, AppliedAt: time.Now().UTC(),
	}
}

// hand hands an application over and returns the answer's status.
func hand(address, secret string, a protocol.Application) (int, error) {
	body, err := json.Marshal(a)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(http.MethodPost, address+"/applications", bytes.NewReader(body)) //nolint:noctx // a test on this machine
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", a.Reference)
	if err := webhook.Sign(request.Header, uuid.NewString(), time.Now(), body, []string{secret}); err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

// order does something as the operator's program.
func order(t *testing.T, address, token, path, body string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, address+path, strings.NewReader(body)) //nolint:noctx // a test on this machine
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, response.StatusCode, "%s", said)
}

func TestP4KilledAfterTheLedgerWasWritten(t *testing.T) {
	var up sync.Mutex // held while the portal is away
	portal := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		up.Lock()
		defer up.Unlock()
		w.WriteHeader(http.StatusNoContent)
	}))
	defer portal.Close()
	data, listen := filepath.Join(t.TempDir(), "ca"), freeAddress(t)
	address := "http://" + listen
	code, said := run(t, "init", "--data", data, "--portal", portal.URL, "--listen", listen)
	require.Zero(t, code, said)
	registration, operator := values(t, filepath.Join(data, "registration.env")), values(t, filepath.Join(data, "operator.txt"))
	first := start(t, "serve", "--data", data, "--faults")
	first.await("ready " + address + "\n")

	a, b := application(), application()
	b.Subject.Code = "91430100MADEM0027X"
	status, err := hand(address, registration["UNIREG_CA_SECRETS"], a)
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	up.Lock() // nothing is delivered
	order(t, address, operator["token"], "/operator/applications/"+a.Reference+"/accept", "")
	order(t, address, operator["token"], "/faults", `{"hang":true}`)
	lost := make(chan error, 1)
	go func() {
		_, err := hand(address, registration["UNIREG_CA_SECRETS"], b)
		lost <- err
	}()
	counted := func() (counts ledger.Counts) {
		request, err := http.NewRequest(http.MethodGet, address+"/operator/ledger", nil) //nolint:noctx // a test on this machine
		require.NoError(t, err)
		request.Header.Set("Authorization", "Bearer "+operator["token"])
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer response.Body.Close()
		require.NoError(t, json.NewDecoder(response.Body).Decode(&counts))
		return counts
	}
	require.Eventually(t, func() bool { return counted().Applications == 2 }, time.Minute, 5*time.Millisecond)
	require.NoError(t, first.command.Process.Kill())
	first.exit()
	require.Error(t, <-lost, "no answer ever came")

	store, err := setup.Open(data)
	require.NoError(t, err)
	require.NoError(t, store.View(func(tx *ledger.Tx) error {
		pending, err := tx.Pending()
		require.NoError(t, err)
		require.Len(t, pending, 1)
		require.Equal(t, a.Reference, pending[0].Reference)
		entry, err := tx.Application(b.Reference)
		require.NoError(t, err)
		require.Equal(t, ledger.Received, entry.Status)
		return nil
	}))
	require.NoError(t, store.Close())

	up.Unlock()
	second := start(t, "serve", "--data", data)
	second.await("ready ")
	require.Eventually(t, func() bool { return counted().Deliveries[ledger.Delivered] == 1 }, time.Minute, 5*time.Millisecond)
	status, err = hand(address, registration["UNIREG_CA_SECRETS"], b)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "known already")
	require.Equal(t, 2, counted().Applications)

	require.NoError(t, second.command.Process.Signal(syscall.SIGTERM))
	require.Zero(t, second.exit(), second.output.String())
	require.NotContains(t, second.output.String(), a.Subject.Name, "logs name nobody")
}

func TestInitKeepsWhatItDrew(t *testing.T) {
	data := filepath.Join(t.TempDir(), "ca")
	initialise := func(args ...string) (registration, operator map[string]string, trust string) {
		code, said := run(t, append([]string{"init", "--data", data}, args...)...)
		require.Zero(t, code, said)
		content, err := os.ReadFile(filepath.Join(data, "trust.json"))
		require.NoError(t, err)
		return values(t, filepath.Join(data, "registration.env")), values(t, filepath.Join(data, "operator.txt")), string(content)
	}
	registration, operator, trust := initialise("--portal", "http://127.0.0.1:8080")
	require.Equal(t, "http://127.0.0.1:8090", registration["UNIREG_CA_URL"])
	require.Equal(t, filepath.Join(data, "trust.json"), registration["UNIREG_CA_TRUST"])
	require.Equal(t, "true", registration["UNIREG_EGRESS_PRIVATE"])
	require.Contains(t, trust, "http://127.0.0.1:8090/crl/sm2.crl")
	for _, name := range []string{"operator.txt", "registration.env", "ledger.db"} {
		info, err := os.Stat(filepath.Join(data, name))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), name)
	}
	again, operatorAgain, trustAgain := initialise("--portal", "http://127.0.0.1:8080")
	require.Equal(t, registration, again)
	require.Equal(t, operator, operatorAgain)
	require.Equal(t, trust, trustAgain)

	moved, operatorMoved, trustMoved := initialise("--portal", "http://127.0.0.1:9", "--listen", "127.0.0.1:8091")
	require.Equal(t, registration["UNIREG_CA_SECRETS"], moved["UNIREG_CA_SECRETS"])
	require.Equal(t, operator["password"], operatorMoved["password"])
	require.Equal(t, trust, strings.ReplaceAll(trustMoved, ":8091", ":8090"), "the same authorities")
}

func TestServeSaysWhatIsWrong(t *testing.T) {
	data := filepath.Join(t.TempDir(), "ca")
	code, said := run(t, "serve", "--data", data)
	require.Equal(t, 1, code)
	require.Equal(t, "cacompany: the data directory is not set up: run cacompany init first\n", said)
	for _, c := range []struct{ portal, listen, want string }{
		{"ftp://x", "127.0.0.1:8090", "the portal's address is no http or https address"},
		{"http://127.0.0.1:8080", "8090", "the address to listen on is not host:port"},
	} {
		code, said = run(t, "init", "--data", data, "--portal", c.portal, "--listen", c.listen)
		require.Equal(t, 1, code)
		require.Equal(t, "cacompany: "+c.want+"\n", said)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	code, said = run(t, "init", "--data", data, "--portal", "http://127.0.0.1:8080", "--listen", taken.Addr().String())
	require.Zero(t, code, said)
	code, said = run(t, "serve", "--data", data)
	require.Equal(t, 1, code)
	require.Equal(t, "cacompany: "+taken.Addr().String()+" is taken by another program: choose another with cacompany init --listen\n", said)

	code, said = run(t, "init", "--data", data, "--portal", "http://127.0.0.1:8080", "--listen", freeAddress(t))
	require.Zero(t, code, said)
	first := start(t, "serve", "--data", data)
	first.await("ready ")
	code, said = run(t, "serve", "--data", data)
	require.Equal(t, 1, code)
	require.Equal(t, "cacompany: the ledger is in use by another cacompany\n", said)
	require.NoError(t, first.command.Process.Signal(os.Interrupt))
	require.Zero(t, first.exit())
}

func TestEveryCommandHasHelp(t *testing.T) {
	for _, command := range []string{"", "init", "serve", "version"} {
		code, said := run(t, append(strings.Fields(command), "--help")...)
		require.Zero(t, code, said)
		require.Contains(t, said, "Usage: cacompany", command)
	}
	code, said := run(t, "version")
	require.Zero(t, code, said)
	require.Contains(t, said, "cacompany ")
}
