package agent_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/certificate/filetoken"
	"unireg/cmd/ukey/internal/agent"
	"unireg/cmd/ukey/internal/install"
	"unireg/cmd/ukey/internal/token"
)

const (
	pin     = "2468+10%&=锁"
	code    = "91310000710000000X"
	portal  = "https://reg.example.cn"
	another = "https://ggzy.example.cn"
)

// desk is an agent at work, with a portal's page before it.
type desk struct {
	t       *testing.T
	address string
	dir     string // of token files
	watch   *token.Watch
	log     *lines
	pocket  *pocket
	program *shelf

	mu      sync.Mutex
	ahead   time.Duration // of the agent's clock
	origins []string      // that are allowed
}

// listed lists what is allowed.
func (d *desk) listed() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.origins)
}

func (d *desk) allow(origin string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.origins = append(d.origins, origin)
	return nil
}

func (d *desk) forbid(origin string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.origins = slices.DeleteFunc(d.origins, func(o string) bool { return o == origin })
	return nil
}

// shelf is where a program is installed in a test.
type shelf struct {
	mu    sync.Mutex
	state install.State
	moves bool
	fault error
}

func (s *shelf) State() (install.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state, nil
}

func (s *shelf) Install() (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Installed = s.fault == nil
	return s.moves, s.fault
}

func (s *shelf) Uninstall() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Installed = false
	return s.fault
}

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return time.Now().Add(d.ahead)
}

func (d *desk) later(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ahead += by
}

func newDesk(t *testing.T, more ...token.Source) *desk {
	t.Helper()
	d := &desk{
		t: t, dir: t.TempDir(), log: &lines{}, pocket: &pocket{}, origins: []string{portal, another},
		program: &shelf{state: install.State{Program: "/home/li/.local/share/unireg-ukey/ukey"}},
	}
	log := slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	d.watch = token.NewWatch(log, append([]token.Source{token.Directory(d.dir), d.pocket}, more...)...)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	d.address = "http://" + listener.Addr().String()
	server := agent.New(agent.Options{
		Tokens: d.watch, Allowed: func(origin string) bool { return slices.Contains(d.listed(), origin) },
		Origins: d.listed, Allow: d.allow, Forbid: d.forbid, Program: d.program,
		Port: listener.Addr().(*net.TCPAddr).Port, Version: "test", Now: d.now, Log: log,
	}).Server()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { require.NoError(t, server.Close()) })
	return d
}

// answer is what the agent answered.
type answer struct {
	status int
	header http.Header
	body   string
}

// into decodes the body.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(a.body), v), a.body)
}

// send sends a request with these headers ("Host" too), in pairs.
func (d *desk) send(method, path, body string, headers ...string) answer {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, d.address+path, strings.NewReader(body))
	require.NoError(d.t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	require.NoError(d.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(d.t, err)
	return answer{status: response.StatusCode, header: response.Header, body: string(text)}
}

// get is what a page of the portal fetches.
func (d *desk) get(path string) answer {
	d.t.Helper()
	return d.send(http.MethodGet, path, "", "Origin", portal)
}

// pocket is a token in memory, which grants any number of tries and tells of
// none.
type pocket struct {
	mu         sync.Mutex
	keys       []certificatetest.Key
	fault      error
	signatures int
}

// Tokens is what is plugged in.
func (p *pocket) Tokens() ([]token.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var tokens []token.Token
	for _, key := range p.keys {
		c := token.NewCertificate(key.Certificate, "示范锁", func(typed, message []byte) ([]byte, error) { return p.sign(key, typed, message) })
		tokens = append(tokens, token.Token{Label: "示范锁", Certificates: []token.Certificate{c}})
	}
	return tokens, nil
}

func (p *pocket) sign(key certificatetest.Key, typed, message []byte) ([]byte, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.fault != nil:
		return nil, p.fault
	case string(typed) != pin:
		return nil, token.WrongPIN{TriesLeft: token.Unknown}
	}
	p.signatures++
	return certificate.Sign(key.Signer, message)
}

// made is how many signatures were made.
func (p *pocket) made() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.signatures
}

// plug plugs in a token with a new SM2 key.
func (d *desk) plug(world *certificatetest.World) certificatetest.Key {
	d.t.Helper()
	key := world.Issue(d.t, certificate.SM2, code)
	d.pocket.mu.Lock()
	d.pocket.keys = append(d.pocket.keys, key)
	d.pocket.mu.Unlock()
	d.watch.Look()
	return key
}

// insert puts a token file with a new key into the folder.
func (d *desk) insert(world *certificatetest.World, algorithm certificate.Algorithm) (certificatetest.Key, string) {
	d.t.Helper()
	key := world.Issue(d.t, algorithm, code)
	by := world.RSA
	if algorithm == certificate.SM2 {
		by = world.SM2
	}
	contents, err := filetoken.Create(pin, "9876543210", "示范锁", []filetoken.Entry{
		{Key: key.Signer, Certificates: append([][]byte{key.Certificate.Raw()}, by.Chain()...), Use: filetoken.Signing},
	})
	require.NoError(d.t, err)
	path := filepath.Join(d.dir, key.Certificate.Serial()+filetoken.Extension)
	require.NoError(d.t, os.WriteFile(path, contents, 0o600))
	d.watch.Look()
	return key, path
}

// login is a statement that the portal would make now.
func (d *desk) login() certificate.Statement {
	session := sha256.Sum256([]byte("session"))
	return certificate.Statement{
		Purpose: certificate.Login, Origin: portal, Nonce: "nonce", Session: base64.RawURLEncoding.EncodeToString(session[:]),
		Time: d.now().UTC().Truncate(time.Second),
	}
}

func (d *desk) submit(title string) certificate.Statement {
	st := d.login()
	st.Purpose, st.Title, st.Digest = certificate.Submit, title, fmt.Sprintf("%x", sha256.Sum256([]byte("document")))
	return st
}

func encode(t *testing.T, st certificate.Statement) []byte {
	t.Helper()
	encoded, err := st.Bytes()
	require.NoError(t, err)
	return encoded
}

// ask asks for a signature of bytes.
func (d *desk) ask(id string, statement []byte, headers ...string) answer {
	d.t.Helper()
	body, err := json.Marshal(map[string]any{"certificate": id, "statement": statement})
	require.NoError(d.t, err)
	return d.send(http.MethodPost, "/v1/signatures", string(body), append([]string{"Origin", portal, "Content-Type", "application/json"}, headers...)...)
}

// begin asks for a signature and returns the request's id.
func (d *desk) begin(id string, st certificate.Statement) string {
	d.t.Helper()
	a := d.ask(id, encode(d.t, st))
	require.Equal(d.t, http.StatusCreated, a.status, a.body)
	var made struct{ ID, Window string }
	a.into(d.t, &made)
	require.Equal(d.t, d.address+"/authenticate/"+made.ID, made.Window)
	return made.ID
}

var csrfField = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// open opens the window, as the browser navigates to it.
func (d *desk) open(request string) (page, csrf string) {
	d.t.Helper()
	a := d.send(http.MethodGet, "/authenticate/"+request, "")
	require.Equal(d.t, http.StatusOK, a.status)
	if found := csrfField.FindStringSubmatch(a.body); found != nil {
		csrf = found[1]
	}
	return a.body, csrf
}

// press sends the window's form.
func (d *desk) press(request string, fields url.Values, headers ...string) answer {
	d.t.Helper()
	return d.send(http.MethodPost, "/authenticate/"+request, fields.Encode(),
		append([]string{"Origin", d.address, "Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// enter types a PIN into the window and presses 确定.
func (d *desk) enter(request, typed string) answer {
	d.t.Helper()
	_, csrf := d.open(request)
	return d.press(request, url.Values{"csrf": {csrf}, "pin": {typed}, "action": {"sign"}})
}

// result is what the portal's page learns of a request.
type result struct {
	State, Reason          string
	TriesLeft              *int `json:"tries_left"`
	Signature, Certificate []byte
	Chain                  [][]byte
}

func (d *desk) result(request string) result {
	d.t.Helper()
	a := d.get("/v1/signatures/" + request)
	require.Equal(d.t, http.StatusOK, a.status, a.body)
	var r result
	a.into(d.t, &r)
	return r
}
