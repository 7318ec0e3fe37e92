package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/certificatetest"
	"unireg/cmd/ukey/internal/softhsmtest"
)

const portal = "http://127.0.0.1:18080"

// build compiles the program as it is handed out: without cgo.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ukey")
	command := exec.Command("go", "build", "-o", program, ".")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	said, err := command.CombinedOutput()
	require.NoError(t, err, string(said))
	return program
}

// run runs a command that reads these lines and returns what it printed.
func run(t *testing.T, program, input string, args ...string) string {
	t.Helper()
	said, complaint, err := attempt(t, program, input, args...)
	require.NoError(t, err, complaint)
	return said
}

func attempt(t *testing.T, program, input string, args ...string) (said, complaint string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Stdin = strings.NewReader(input)
	var out, faults bytes.Buffer
	command.Stdout, command.Stderr = &out, &faults
	err = command.Run()
	return out.String(), faults.String(), err
}

// start runs the agent until the test ends and returns its address.
func start(t *testing.T, program string, args ...string) string {
	t.Helper()
	command := exec.Command(program, append([]string{"serve", "--port", "0"}, args...)...)
	log, err := command.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		require.NoError(t, command.Process.Signal(syscall.SIGTERM))
		require.NoError(t, command.Wait(), "it ends in order when it is asked to")
	})
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		if found := regexp.MustCompile(`address=(http://\S+)`).FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return found[1]
		}
	}
	require.Fail(t, "the agent did not start")
	return ""
}

// ask sends a request of the portal's page, or of the agent's own, and decodes
// what is answered.
func ask(t *testing.T, method, address, origin, kind, body string, into any) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Origin", origin)
	request.Header.Set("Content-Type", kind)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Less(t, response.StatusCode, 400, string(text))
	if into != nil {
		require.NoError(t, json.Unmarshal(text, into))
	}
	return string(text)
}

// certificates waits until the agent shows so many.
func certificates(t *testing.T, address string, count int) []string {
	t.Helper()
	var answer struct {
		State        string
		Certificates []struct{ ID string }
	}
	for {
		query := ""
		if answer.State != "" {
			query = "?wait=" + answer.State
		}
		ask(t, http.MethodGet, address+"/v1/certificates"+query, portal, "", "", &answer)
		if len(answer.Certificates) == count {
			break
		}
	}
	var ids []string
	for _, c := range answer.Certificates {
		ids = append(ids, c.ID)
	}
	return ids
}

// sign has the agent sign a login and returns statement and signature.
func sign(t *testing.T, address, id, pin string) (statement, signature []byte) {
	t.Helper()
	session := sha256.Sum256([]byte("session"))
	statement, err := certificate.Statement{
		Purpose: certificate.Login, Origin: portal, Nonce: "n", Session: base64.RawURLEncoding.EncodeToString(session[:]),
		Time: time.Now().UTC().Truncate(time.Second),
	}.Bytes()
	require.NoError(t, err)
	body, err := json.Marshal(map[string]any{"certificate": id, "statement": statement})
	require.NoError(t, err)
	var made struct{ ID, Window string }
	ask(t, http.MethodPost, address+"/v1/signatures", portal, "application/json", string(body), &made)
	page := ask(t, http.MethodGet, made.Window, address, "", "", nil)
	csrf := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(page)
	form := url.Values{"csrf": {csrf[1]}, "pin": {pin}, "action": {"sign"}}
	ask(t, http.MethodPost, made.Window, address, "application/x-www-form-urlencoded", form.Encode(), nil)
	var signed struct {
		State     string
		Signature []byte
	}
	ask(t, http.MethodGet, address+"/v1/signatures/"+made.ID+"?wait=1", portal, "", "", &signed)
	require.Equal(t, "signed", signed.State)
	return statement, signed.Signature
}

// issue certifies a request and writes the chain to a file.
func issue(t *testing.T, by *authority.Authority, request string) (file string, own *certificate.Certificate) {
	t.Helper()
	now := time.Now()
	der, err := by.IssueFromCSR([]byte(request), authority.Request{
		Profile: authority.Organization, Code: "91310000710000000X", Organization: "测试单位", NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	})
	require.NoError(t, err)
	own, err = certificate.Parse(der)
	require.NoError(t, err)
	text := own.PEM()
	for _, above := range by.Chain()[:1] {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: above})...)
	}
	file = filepath.Join(t.TempDir(), "certificate.pem")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	return file, own
}

// The whole life of keys by the program that is handed out, built without cgo:
// drawn in SoftHSM and in a file, certified, imported while the agent runs,
// seen by it, signed with.
func TestC2KeysFromTheirDrawingToTheirSignature(t *testing.T) {
	program, world := build(t), certificatetest.New(t, "", "")
	softhsmtest.Configure(t)
	softhsmtest.AddToken(t, "硬件锁")
	folder, settings := t.TempDir(), filepath.Join(t.TempDir(), "config.json")
	address := start(t, program, "--tokens", folder, "--module", softhsmtest.Module, "--config", settings)

	require.Contains(t, run(t, program, "", "origins", "add", portal+"/", "--config", settings), portal)
	require.Equal(t, portal+"\n", run(t, program, "", "origins", "list", "--config", settings))
	require.Empty(t, certificates(t, address, 0), "the agent counts what was allowed while it runs")

	soft := filepath.Join(folder, "单位.ukey")
	owned := map[string]struct {
		own *certificate.Certificate
		pin string
	}{}
	for _, key := range []struct {
		by        *authority.Authority
		algorithm string
		place     []string
		pin       string
	}{
		{world.RSA, "rsa", []string{"--module", softhsmtest.Module, "--token", "硬件锁"}, softhsmtest.PIN},
		{world.RSA, "ecdsa", []string{"--module", softhsmtest.Module}, softhsmtest.PIN},
		{world.SM2, "sm2", []string{"--file", soft}, "246810"},
	} {
		request := run(t, program, key.pin+"\n87654321\n", append([]string{"new-key", "--algorithm", key.algorithm, "--subject", "测试单位"}, key.place...)...)
		file, own := issue(t, key.by, request)
		require.Contains(t, run(t, program, key.pin+"\n", append([]string{"import", file}, key.place...)...), own.SHA256())
		owned[own.SHA256()] = struct {
			own *certificate.Certificate
			pin string
		}{own, key.pin}
	}
	for _, id := range certificates(t, address, len(owned)) {
		statement, signature := sign(t, address, id, owned[id].pin)
		require.NoError(t, owned[id].own.CheckSignature(statement, signature), owned[id].own.Algorithm())
	}

	listed := run(t, program, "", "list", "--tokens", folder, "--module", softhsmtest.Module)
	for id := range owned {
		require.Contains(t, listed, id)
	}
	require.NoError(t, os.Remove(soft))
	certificates(t, address, 2)
	run(t, program, "", "origins", "remove", portal, "--config", settings)
	_, complaint, err := attempt(t, program, "", "origins", "remove", portal, "--config", settings)
	require.Error(t, err)
	require.Contains(t, complaint, "was not allowed")
}

func TestCommandsSayWhatIsWrong(t *testing.T) {
	program := build(t)
	softhsmtest.Configure(t)
	softhsmtest.AddToken(t, "a")
	softhsmtest.AddToken(t, "b")
	file := filepath.Join(t.TempDir(), "t.ukey")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, try := range map[string]struct {
		input string
		args  []string
		says  string
	}{
		"no portal":             {"", []string{"origins", "add", "http://evil.example"}, "https"},
		"relative module":       {"", []string{"serve", "--module", "module.so"}, "absolute path"},
		"missing module":        {"", []string{"list", "--module", "/nowhere/module.so"}, "no such file"},
		"two tokens":            {"135790\n", []string{"new-key", "--module", softhsmtest.Module, "--subject", "x"}, "--token"},
		"wrong PIN":             {"000000\n", []string{"new-key", "--module", softhsmtest.Module, "--token", "a", "--subject", "x"}, "wrong PIN"},
		"no PIN":                {"", []string{"new-key", "--module", softhsmtest.Module, "--token", "a", "--subject", "x"}, "PIN of a"},
		"SM2 on PKCS#11":        {"", []string{"new-key", "--module", softhsmtest.Module, "--token", "a", "--subject", "x", "--algorithm", "sm2"}, "token files only"},
		"a file that is there":  {"246810\n87654321\n", []string{"new-key", "--file", file, "--subject", "x"}, "exists"},
		"a file of other name":  {"", []string{"new-key", "--file", file + ".txt", "--subject", "x"}, ".ukey"},
		"a short PIN":           {"1\n2\n", []string{"new-key", "--file", file + "x.ukey", "--subject", "x"}, "6 to 64"},
		"no certificate":        {"", []string{"import", file, "--file", file}, "PEM"},
		"neither file nor slot": {"", []string{"new-key", "--subject", "x"}, "--module"},
	} {
		t.Run(name, func(t *testing.T) {
			said, complaint, err := attempt(t, program, try.input, try.args...)
			require.Error(t, err)
			require.Contains(t, complaint, try.says)
			require.NotContains(t, said+complaint, "panic")
		})
	}
	require.Contains(t, run(t, program, "", "version"), "ukey ")
	for _, command := range []string{"open", "serve", "install", "uninstall", "list", "new-key", "import", "origins add", "origins list", "origins remove", "version"} {
		help := run(t, program, "", append(strings.Fields(command), "--help")...)
		require.Contains(t, help, "Usage: ukey "+command)
	}
}
