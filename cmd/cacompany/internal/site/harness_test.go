package site_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/stretchr/testify/require"

	"unireg/cmd/cacompany/internal/company"
	"unireg/cmd/cacompany/internal/faults"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
	"unireg/cmd/cacompany/internal/sender"
	"unireg/cmd/cacompany/internal/setup"
	"unireg/cmd/cacompany/internal/site"
	"unireg/cmd/cacompany/internal/webhook"
)

// contract is partner/openapi.yaml.
type contract struct {
	t         *testing.T
	validator validator.Validator
}

// readContract takes seconds: once for all tests.
var readContract = sync.OnceValues(func() (validator.Validator, error) {
	text, err := os.ReadFile("../../../../partner/openapi.yaml")
	if err != nil {
		return nil, err
	}
	document, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, problems := validator.NewValidator(document)
	return v, errors.Join(problems...)
})

func newContract(t *testing.T) *contract {
	t.Helper()
	v, err := readContract()
	require.NoError(t, err)
	return &contract{t: t, validator: v}
}

// check demands that an exchange is as the contract says. Bodies may be read
// again afterwards.
func (c *contract) check(request *http.Request, requestBody []byte, response *http.Response, requestToo bool) {
	body, err := io.ReadAll(response.Body)
	require.NoError(c.t, err)
	response.Body = io.NopCloser(bytes.NewReader(body))
	request.Body = io.NopCloser(bytes.NewReader(requestBody))
	if requestToo {
		ok, problems := c.validator.ValidateHttpRequest(request)
		require.True(c.t, ok, "request: %v", problems)
		request.Body = io.NopCloser(bytes.NewReader(requestBody))
	}
	ok, problems := c.validator.ValidateHttpResponse(request, response)
	require.True(c.t, ok, "response %d %s: %v", response.StatusCode, body, problems)
	response.Body = io.NopCloser(bytes.NewReader(body))
}

// portal stands for the registration system: it takes callbacks.
type portal struct {
	*httptest.Server
	contract *contract

	mu       sync.Mutex
	received []received
	answer   func(received) int
}

// received is a callback as it came.
type received struct {
	header http.Header
	body   string
	event  protocol.Event
}

func newPortal(t *testing.T, c *contract) *portal {
	t.Helper()
	p := &portal{contract: c, answer: func(received) int { return http.StatusNoContent }}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var event protocol.Event
		_ = json.Unmarshal(body, &event)
		one := received{r.Header.Clone(), string(body), event}
		p.mu.Lock()
		p.received = append(p.received, one)
		status := p.answer(one)
		p.mu.Unlock()
		if r.URL.Path != sender.Path || r.Method != http.MethodPost {
			status = http.StatusNotImplemented
		}
		w.WriteHeader(status)
		if status == http.StatusNoContent {
			p.mu.Lock()
			defer p.mu.Unlock()
			r.Body = io.NopCloser(bytes.NewReader(body))
			if ok, problems := c.validator.ValidateHttpRequest(r); !ok {
				c.t.Errorf("callback %s: %v", body, problems)
			}
		}
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *portal) answers(answer func(received) int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *portal) got() []received {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]received(nil), p.received...)
}

// firm is a CA company at work in this process.
type firm struct {
	t         *testing.T
	directory string
	url       string
	store     *ledger.Store
	board     *faults.Board
	portal    *portal
	contract  *contract
	settings  ledger.Settings
}

// patience bounds what a test waits for.
const patience = 20 * time.Second

func newFirm(t *testing.T) *firm {
	t.Helper()
	f := &firm{t: t, directory: filepath.Join(t.TempDir(), "ca"), board: new(faults.Board), contract: newContract(t)}
	f.portal = newPortal(t, f.contract)
	server := httptest.NewUnstartedServer(nil)
	address := server.Listener.Addr().String()
	f.url = "http://" + address
	require.NoError(t, setup.Init(f.directory, setup.Places{Portal: f.portal.URL, Listen: address}, time.Now()))
	var err error
	f.store, err = setup.Open(f.directory)
	require.NoError(t, err)
	f.reload()
	authorities, err := setup.Authorities(f.store)
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	callbacks := sender.New(f.store, f.board, sender.Backoff{First: 10 * time.Millisecond, Most: 50 * time.Millisecond}, log)
	server.Config.Handler = site.New(site.Parts{
		Store: f.store, PKI: authorities, Company: company.New(f.store, authorities, callbacks.Wake), Board: f.board,
		Faults: true, Directory: f.directory, Log: log,
	})
	server.Start()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- callbacks.Run(ctx) }()
	t.Cleanup(func() {
		server.Close()
		cancel()
		require.NoError(t, <-ended)
		require.NoError(t, f.store.Close())
	})
	return f
}

// reload reads the settings as they are.
func (f *firm) reload() {
	f.t.Helper()
	require.NoError(f.t, f.store.View(func(tx *ledger.Tx) (err error) {
		f.settings, err = tx.Settings()
		return err
	}))
}

// application is one of an organization, with fresh reference.
func application(changes ...func(*protocol.Application)) protocol.Application {
	a := protocol.Application{
		Reference: uuid.NewString(), Business: protocol.Apply, Kind: protocol.Organization, Medium: "ukey", Years: 2, Pickup: "counter",
		Subject:        protocol.Subject{Type: "organization", Name: "示范建工集团有限公司", Code: "91430100MADEM0019X", Region: "430100", Phone: "073182210013"},
		Representative: protocol.Party{Name: "陈示范", IDType: "resident", IDNumber: "430104190001010001"},
		Agent:          protocol.Party{Name: "李示范", Phone: "13800000000"},
		AppliedAt:      time.Now().UTC().Truncate(time.Second),
	}
	for _, change := range changes {
		change(&a)
	}
	return a
}

// code gives the applicant another code.
func code(n int) func(*protocol.Application) {
	return func(a *protocol.Application) { a.Subject.Code = fmt.Sprintf("91430100MADEM%05d", n) }
}

func encode(t *testing.T, value any) []byte {
	t.Helper()
	body, err := json.Marshal(value)
	require.NoError(t, err)
	return body
}

// message is what a test sends; empty fields get their usual values.
type message struct {
	path, key, id string
	body          []byte
	secrets       []string
	at            time.Time
	strange       bool // not a request of the contract
	timeout       time.Duration
}

func (f *firm) post(m message) (*http.Response, error) {
	if m.path == "" {
		m.path = "/applications"
	}
	if m.key == "" {
		m.key = uuid.NewString()
	}
	if m.id == "" {
		m.id = "msg_" + uuid.NewString()
	}
	if m.secrets == nil {
		m.secrets = f.settings.Incoming
	}
	if m.at.IsZero() {
		m.at = time.Now()
	}
	request, err := http.NewRequest(http.MethodPost, f.url+m.path, bytes.NewReader(m.body)) //nolint:noctx // a test on this machine
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", m.key)
	if err := webhook.Sign(request.Header, m.id, m.at, m.body, m.secrets); err != nil {
		return nil, err
	}
	response, err := (&http.Client{Timeout: m.timeout}).Do(request)
	if err != nil {
		return nil, err
	}
	f.contract.check(request, m.body, response, !m.strange)
	return response, nil
}

// say sends a message and demands a status.
func (f *firm) say(status int, m message) []byte {
	f.t.Helper()
	response, err := f.post(m)
	require.NoError(f.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(f.t, err)
	require.Equal(f.t, status, response.StatusCode, "%s", body)
	return body
}

// apply hands an application over.
func (f *firm) apply(a protocol.Application) protocol.Acceptance {
	f.t.Helper()
	var acceptance protocol.Acceptance
	require.NoError(f.t, json.Unmarshal(f.say(http.StatusCreated, message{body: encode(f.t, a)}), &acceptance))
	return acceptance
}

// ask gets a path under a bearer token.
func (f *firm) ask(method, path, token string, body []byte) (int, []byte) {
	f.t.Helper()
	request, err := http.NewRequest(method, f.url+path, bytes.NewReader(body)) //nolint:noctx // a test on this machine
	require.NoError(f.t, err)
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(f.t, err)
	defer response.Body.Close()
	if strings.HasPrefix(path, "/applications") {
		f.contract.check(request, body, response, token != "")
	}
	content, err := io.ReadAll(response.Body)
	require.NoError(f.t, err)
	return response.StatusCode, content
}

// state asks where an application stands.
func (f *firm) state(reference string) protocol.ApplicationState {
	f.t.Helper()
	status, body := f.ask(http.MethodGet, "/applications/"+reference, f.settings.Token, nil)
	require.Equal(f.t, http.StatusOK, status, "%s", body)
	var state protocol.ApplicationState
	require.NoError(f.t, json.Unmarshal(body, &state))
	return state
}

// operate does something as the operator's program and demands a status.
func (f *firm) operate(status int, path string, order any) company.Outcome {
	f.t.Helper()
	got, body := f.ask(http.MethodPost, "/operator/"+path, f.settings.OperatorToken, encode(f.t, order))
	require.Equal(f.t, status, got, "%s", body)
	var outcome company.Outcome
	if status == http.StatusOK {
		require.NoError(f.t, json.Unmarshal(body, &outcome))
	}
	return outcome
}

type order map[string]any

// decide does one step after the other with an application.
func (f *firm) decide(reference string, actions ...string) {
	f.t.Helper()
	for _, action := range actions {
		given := order{}
		if company.Action(action).NeedsReason() {
			given["reason"] = "缺少材料"
		}
		f.operate(http.StatusOK, "applications/"+reference+"/"+action, given)
	}
}

// issue takes an application to its end.
func (f *firm) issue(a protocol.Application, how order) company.Outcome {
	f.t.Helper()
	f.apply(a)
	f.decide(a.Reference, "accept", "producing")
	return f.operate(http.StatusOK, "applications/"+a.Reference+"/issue", how)
}

// counts reads the ledger's counts.
func (f *firm) counts() ledger.Counts {
	f.t.Helper()
	status, body := f.ask(http.MethodGet, "/operator/ledger", f.settings.OperatorToken, nil)
	require.Equal(f.t, http.StatusOK, status)
	var counts ledger.Counts
	require.NoError(f.t, json.Unmarshal(body, &counts))
	return counts
}

// settle waits until no callback is under way.
func (f *firm) settle() {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.counts().Deliveries[ledger.Pending] == 0 }, patience, 5*time.Millisecond)
}

// certificate reads a certificate from the ledger.
func (f *firm) certificate(serial string) (c *ledger.Certificate) {
	f.t.Helper()
	require.NoError(f.t, f.store.View(func(tx *ledger.Tx) (err error) {
		c, err = tx.Certificate(serial)
		return err
	}))
	return c
}
