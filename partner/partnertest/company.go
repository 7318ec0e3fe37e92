package partnertest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/record"
)

// Fault is what goes wrong with the next calls.
type Fault string

// The faults.
const (
	Sound  Fault = ""
	Lose   Fault = "lose"   // does the work, then cuts the connection
	Down   Fault = "down"   // 503
	Hang   Fault = "hang"   // never answers
	Refuse Fault = "refuse" // 422
	Babble Fault = "babble" // 200 with something else
)

// Token is the bearer token under which the company tells.
const Token = "bearer-token"

// Secret signs what goes to the company and what it calls back.
var Secret = "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

// Company is a CA company in memory.
type Company struct {
	URL      string
	Contract *Contract

	mu       sync.Mutex
	verifier *partner.Verifier
	ledger   map[record.ID]*entry
	faults   []Fault // of the next calls; the last one stays
	calls    int
	wrong    []string
	released chan struct{}
}

type entry struct {
	body    []byte
	orderNo string
	events  []json.RawMessage
}

// NewCompany starts one, which ends with the test: then nothing that it was sent
// may have been against the contract.
func NewCompany(t testing.TB) *Company {
	t.Helper()
	verifier, err := partner.NewVerifier([]string{Secret})
	require.NoError(t, err)
	c := &Company{Contract: NewContract(t), verifier: verifier, ledger: map[record.ID]*entry{}, released: make(chan struct{})}
	server := httptest.NewServer(c)
	c.URL = server.URL
	t.Cleanup(func() {
		close(c.released)
		server.Close()
		c.mu.Lock()
		defer c.mu.Unlock()
		require.Empty(t, c.wrong)
	})
	return c
}

// Client returns a client of the company that waits that long.
func (c *Company) Client(t testing.TB, timeout time.Duration) *partner.Client {
	t.Helper()
	client, err := partner.NewClient(partner.Config{URL: c.URL, Token: Token, Secrets: []string{Secret}, Private: true, Timeout: timeout})
	require.NoError(t, err)
	return client
}

// Fail sets what becomes of the next calls, one after the other; the last one
// stays.
func (c *Company) Fail(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = faults
}

// Applications counts what stands in the company's ledger.
func (c *Company) Applications() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ledger)
}

// Calls counts the calls that reached the company.
func (c *Company) Calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls
}

// Happen has something happen to an application and returns the event.
func (c *Company) Happen(t testing.TB, reference record.ID, kind record.CAEventType, reason string, certificates ...record.IssuedCertificate) (id string, body []byte) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.ledger[reference]
	require.True(t, ok, "the company has the application")
	return c.happen(t, e, reference, kind, reason, certificates)
}

func (c *Company) happen(
	t testing.TB, e *entry, reference record.ID, kind record.CAEventType, reason string, certificates []record.IssuedCertificate,
) (string, []byte) {
	sequence := len(e.events) + 1
	event := record.CAEvent{
		ID: fmt.Sprintf("evt-%s-%d", reference, sequence), Reference: reference, Sequence: sequence, Type: kind, At: time.Now().UTC(),
		Reason: reason, Certificates: certificates,
	}
	body, err := json.Marshal(event)
	if t != nil {
		require.NoError(t, err)
	}
	e.events = append(e.events, body)
	return event.ID, body
}

// ServeHTTP answers a call.
func (c *Company) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	fault := c.next()
	switch fault {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-c.released:
		}
		return
	case Down:
		problem(w, http.StatusServiceUnavailable, "暂停服务")
		return
	case Refuse:
		problem(w, http.StatusUnprocessableEntity, "该单位已有有效证书")
		return
	case Babble:
		_, _ = w.Write([]byte("<html>维护中</html>"))
		return
	case Sound, Lose:
	}
	answer := httptest.NewRecorder()
	c.serve(answer, r, body)
	if fault == Lose {
		panic(http.ErrAbortHandler) //nolint:forbidigo // cuts the connection
	}
	maps.Copy(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func (c *Company) next() Fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if len(c.faults) == 0 {
		return Sound
	}
	fault := c.faults[0]
	if len(c.faults) > 1 {
		c.faults = c.faults[1:]
	}
	return fault
}

func (c *Company) serve(w *httptest.ResponseRecorder, r *http.Request, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	c.wrong = append(c.wrong, c.Contract.Request(r)...)
	if r.Method == http.MethodPost {
		if c.verifier.Verify(r.Header, body, time.Now()) != nil {
			problem(w, http.StatusUnauthorized, "签名不正确")
			return
		}
	} else if r.Header.Get("Authorization") != "Bearer "+Token {
		problem(w, http.StatusUnauthorized, "令牌不正确")
		return
	}
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodPost && len(parts) == 1:
		c.apply(w, body)
	case r.Method == http.MethodPost && len(parts) == 3:
		c.withdraw(w, record.ID(parts[1]))
	case len(parts) == 2:
		c.state(w, record.ID(parts[1]))
	default:
		problem(w, http.StatusNotFound, "没有这个地址")
	}
}

func (c *Company) apply(w http.ResponseWriter, body []byte) {
	var application struct {
		Reference record.ID `json:"reference"`
	}
	if json.Unmarshal(body, &application) != nil {
		problem(w, http.StatusUnprocessableEntity, "申请无法识别")
		return
	}
	known, ok := c.ledger[application.Reference]
	switch {
	case ok && !bytes.Equal(known.body, body):
		problem(w, http.StatusConflict, "该编号下已有内容不同的申请")
		return
	case !ok:
		known = &entry{body: body, orderNo: fmt.Sprintf("CA-%04d", len(c.ledger)+1)}
		c.ledger[application.Reference] = known
	}
	status := http.StatusCreated
	if ok {
		status = http.StatusOK
	}
	reply(w, status, map[string]any{
		"reference": application.Reference, "order_no": known.orderNo, "papers": []string{"营业执照复印件（加盖公章）"},
		"counters": []map[string]string{{"name": "示范受理点", "address": "示范路 1 号", "hours": "工作日 9:00–17:00"}},
	})
}

func (c *Company) withdraw(w http.ResponseWriter, reference record.ID) {
	e, ok := c.ledger[reference]
	if !ok {
		problem(w, http.StatusNotFound, "没有这件申请")
		return
	}
	for _, body := range e.events {
		var event record.CAEvent
		if json.Unmarshal(body, &event) == nil && event.Type == record.CAProducing {
			problem(w, http.StatusUnprocessableEntity, "证书已在制作，不能撤销")
			return
		}
	}
	c.happen(nil, e, reference, record.CAWithdrawn, "", nil)
	c.state(w, reference)
}

func (c *Company) state(w http.ResponseWriter, reference record.ID) {
	e, ok := c.ledger[reference]
	if !ok {
		problem(w, http.StatusNotFound, "没有这件申请")
		return
	}
	events := e.events
	if events == nil {
		events = []json.RawMessage{}
	}
	reply(w, http.StatusOK, map[string]any{"reference": reference, "order_no": e.orderNo, "events": events})
}

func reply(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(status), "status": status, "detail": detail})
}
