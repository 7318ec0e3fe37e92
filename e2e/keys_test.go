package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// company is the stand-in for the CA company, as a process of its own: between
// it and the product is HTTP and nothing else.
type company struct {
	*process
	origin, token   string
	login, password string // of the operator's pages
}

// softHSM is the PKCS#11 module of the Debian package softhsm2.
const softHSM = "/usr/lib/softhsm/libsofthsm2.so"

// build compiles a program of the repository into the system's folder.
func (s *system) build(ctx context.Context, name string) (string, error) {
	program := filepath.Join(s.dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/"+name)
	build.Dir = ".."
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, said)
	}
	return program, nil
}

// startCompany sets the CA company up for a portal at that address, starts it,
// and takes over what the product has to know of it.
func (s *system) startCompany(ctx context.Context, portal string) error {
	program, err := s.build(ctx, "cacompany")
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "company")
	set := exec.CommandContext(ctx, program, "init", "--data", data, "--portal", "http://"+portal, "--listen", address)
	if said, err := set.CombinedOutput(); err != nil {
		return fmt.Errorf("set the CA company up: %w\n%s", err, said)
	}
	settings, err := assignments(filepath.Join(data, "registration.env"))
	if err != nil {
		return err
	}
	maps.Copy(s.env, settings)
	operator, err := assignments(filepath.Join(data, "operator.txt"))
	if err != nil {
		return err
	}
	s.company = &company{
		process: newProcess(s.dir, "company", program, s.environ(nil), "serve", "--faults", "--data", data), origin: "http://" + address,
		token: operator["token"], login: operator["login"], password: operator["password"],
	}
	return s.begin(s.company.process)
}

// startAgent starts the one agent of all the tests' people: their computers
// share its port, and each of them has keys of their own in it.
func (s *system) startAgent(ctx context.Context, portal string) error {
	program, err := s.build(ctx, "ukey")
	if err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	s.keys, s.ukey = filepath.Join(s.dir, "keys"), program
	tokens := filepath.Join(s.dir, "softhsm")
	config := filepath.Join(s.dir, "softhsm2.conf")
	text := fmt.Sprintf("directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n", tokens)
	if err := errors.Join(os.MkdirAll(s.keys, 0o700), os.MkdirAll(tokens, 0o700), os.WriteFile(config, []byte(text), 0o600)); err != nil {
		return fmt.Errorf("lay out the tokens: %w", err)
	}
	s.env["SOFTHSM2_CONF"] = config
	said, err := s.command(ctx, "softhsm2-util", "--init-token", "--free", "--label", "软件锁", "--pin", keyPIN, "--so-pin", "87654321")
	if err != nil {
		return fmt.Errorf("make a token of SoftHSM2, which `make test` installs: %w\n%s", err, said)
	}
	// What the portal offers for download is the program that runs here.
	offered := filepath.Join(s.dir, "downloads")
	content, err := os.ReadFile(program)
	if err := errors.Join(err, os.Mkdir(offered, 0o700), os.WriteFile(filepath.Join(offered, "ukey-linux-amd64"), content, 0o600)); err != nil {
		return fmt.Errorf("offer the agent: %w", err)
	}
	s.env["UNIREG_DOWNLOADS"] = offered
	s.env["UNIREG_AGENT_ORIGIN"] = "http://127.0.0.1:" + port
	return s.begin(newProcess(s.dir, "ukey", program, s.environ(nil), "serve", "--port", port, "--tokens", s.keys, "--module", softHSM,
		"--origin", "http://"+portal, "--config", filepath.Join(s.dir, "ukey.json")))
}

// command runs a program of the machine in the system's environment.
func (s *system) command(ctx context.Context, name string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, name, args...)
	c.Env = s.environ(nil)
	return c.CombinedOutput()
}

// keyPIN opens every key of the tests.
const keyPIN = "246810"

// assignments reads NAME=value lines.
func assignments(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read what the CA company says of itself: %w", err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(content)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			all[name] = value
		}
	}
	return all, nil
}

// operates does what the operator of the CA company would, by its interface for
// programs, and returns the answer.
func (c *company) operates(t testing.TB, path string, order any) map[string]any {
	t.Helper()
	status, answer := c.asked(t, http.MethodPost, path, order)
	require.Equal(t, http.StatusOK, status, "%v", answer)
	return answer
}

func (c *company) asked(t testing.TB, method, path string, order any) (int, map[string]any) {
	t.Helper()
	body, err := json.Marshal(order)
	require.NoError(t, err)
	request, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, c.origin+path, bytes.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	status, content := exchanged(t, http.DefaultClient, request)
	var read map[string]any
	if len(content) > 0 {
		require.NoError(t, json.Unmarshal([]byte(content), &read), "%s", content)
	}
	return status, read
}

// exchanged sends a request and reads the answer.
func exchanged(t testing.TB, client *http.Client, request *http.Request) (status int, content string) {
	t.Helper()
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(all)
}

// issues takes an application to its end: a key in a token file of that
// algorithm, which is plugged in at once.
func (c *company) issues(t testing.TB, s *system, reference, algorithm string) (serial string) {
	t.Helper()
	for _, step := range []string{"accept", "producing"} {
		c.operates(t, "/operator/applications/"+reference+"/"+step, nil)
	}
	issued := c.operates(t, "/operator/applications/"+reference+"/issue", map[string]any{"algorithm": algorithm, "pin": keyPIN})
	token, err := decode(issued["token"])
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.tokenFile(reference), token, 0o600))
	return serials(t, issued)[0]
}

// tokenFile is the key that was issued on an application.
func (s *system) tokenFile(reference string) string { return filepath.Join(s.keys, reference+".ukey") }

// issuesInto issues on a request of a key that was drawn inside SoftHSM2.
func (c *company) issuesInto(t testing.TB, s *system, reference, label string) (serial string) {
	t.Helper()
	for _, step := range []string{"accept", "producing"} {
		c.operates(t, "/operator/applications/"+reference+"/"+step, nil)
	}
	csr, err := s.ukeyRuns(t.Context(), "new-key", "--module", softHSM, "--token", "软件锁", "--subject", label)
	require.NoError(t, err, "%s", csr)
	issued := c.operates(t, "/operator/applications/"+reference+"/issue", map[string]any{"csr": string(csr)})
	list, ok := issued["certificates"].([]any)
	require.True(t, ok && len(list) > 0, "%v", issued)
	first, _ := list[0].(map[string]any)
	pem, _ := first["pem"].(string)
	file := filepath.Join(s.dir, reference+".pem")
	require.NoError(t, os.WriteFile(file, []byte(pem), 0o600))
	said, err := s.ukeyRuns(t.Context(), "import", file, "--module", softHSM, "--token", "软件锁")
	require.NoError(t, err, "%s", said)
	return serials(t, issued)[0]
}

// ukeyRuns runs a command of the agent's program and tells it the PIN.
func (s *system) ukeyRuns(ctx context.Context, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, s.ukey, args...)
	c.Env, c.Stdin = s.environ(nil), strings.NewReader(keyPIN+"\n")
	said, err := c.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.Stderr, err
	}
	return said, err
}

func decode(value any) ([]byte, error) {
	text, _ := value.(string)
	var raw []byte
	err := json.Unmarshal([]byte(`"`+text+`"`), &raw)
	return raw, err
}

func serials(t testing.TB, answer map[string]any) []string {
	t.Helper()
	list, _ := answer["serials"].([]any)
	var all []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	require.NotEmpty(t, all, "%v", answer)
	return all
}

// pinWindow presses what opens the agent's window, and sits down at it by the
// link that the page offers to those who see none: a window of its own, of
// another origin, into which the page cannot see.
func (p *person) pinWindow(opens func()) *person {
	p.t.Helper()
	opens()
	address := ""
	eventually(p.t, patience, func() string {
		address = p.eval(`document.querySelector("[data-key=link]")?.href ?? ""`)
		if !strings.Contains(address, "/authenticate/") {
			return "the page does not lead to the agent's window: " + address
		}
		return ""
	})
	ctx, cancel := chromedp.NewContext(p.ctx)
	p.t.Cleanup(cancel)
	require.NoError(p.t, chromedp.Do(ctx)) // the window lives as long as this context
	w := &person{t: p.t, ctx: ctx, system: p.system, origin: p.system.env["UNIREG_AGENT_ORIGIN"]}
	w.do(chromedp.Navigate(address))
	return w
}

// sendsNoHeader takes away the header by which the tests give each person an
// address: the browser would ask the agent whether it may be sent there.
func (p *person) sendsNoHeader() {
	p.t.Helper()
	p.do(command(network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{}}))
}

// authenticates types the PIN into the agent's window.
func (p *person) authenticates(pin string, opens func()) {
	p.t.Helper()
	w := p.pinWindow(opens)
	w.sees("用户认证", "CA 锁口令")
	w.fill("CA 锁口令", pin)
	w.press("确定")
}

// logsInByKey chooses the certificate of that name and logs in with its key.
func (p *person) logsInByKey(name string) {
	p.t.Helper()
	p.logsInByKeyWith(keyPIN, name)
}

// logsInByKeyWith is logsInByKey for a key whose PIN is not every key's.
func (p *person) logsInByKeyWith(pin, name string) {
	p.t.Helper()
	p.open("/login/certificate")
	p.entersByKey(pin, name)
}

// entersByKey is logsInByKeyWith on the login page that is open.
func (p *person) entersByKey(pin, name string) {
	p.t.Helper()
	p.sees("已连接 CA 驱动", name)
	p.choosesKey(name)
	p.signs(pin, "登录")
}

// submitsByKey presses 提交 on the page of answers and signs with the key of the
// login.
func (p *person) submitsByKey() {
	p.t.Helper()
	p.sees("数字签名", "检测到本次登录的 CA 锁")
	p.signs(keyPIN, "提交")
}

// signs presses the button that has the key sign, types the PIN into the agent's
// window and waits for the page it leads to.
func (p *person) signs(pin, button string) {
	p.t.Helper()
	p.marks++
	mark := fmt.Sprint(p.marks)
	p.find("here", mark)
	p.authenticates(pin, func() { p.press(button) })
	p.find("arrived", mark)
	p.inspect()
}

func (p *person) choosesKey(name string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		return p.eval(fmt.Sprintf(`(() => {
			const card = [...document.querySelectorAll(".key-card")].find((c) => c.textContent.includes(%q));
			if (!card) return "no key of that name";
			card.querySelector("input").checked = true;
			return "";
		})()`, name))
	})
}
