package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"golang.org/x/crypto/argon2"

	"unireg/access"
	"unireg/activities"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
	"unireg/web/view"
	"unireg/workflows"
)

func TestMain(m *testing.M) { storagetest.Main(m) }

// portal is a portal on the package's database.
type portal struct {
	*Server
	t     *testing.T
	rings *rings
	log   *journal
}

// newPortal makes a portal; change may set options.
func newPortal(t *testing.T, change func(*Options)) *portal {
	t.Helper()
	store := storagetest.Open(t)
	log := &journal{}
	engine := &rings{store: store}
	o := Options{
		Store: store, Objects: storagetest.Bucket(t), Rings: engine,
		Log:    slog.New(slog.NewTextHandler(log, nil)),
		Site:   view.Site{Name: "测试省公共资源交易统一注册系统", Hotline: "0731-00000000", Disclosure: true},
		Origin: "http://portal.test", CookieKey: bytes.Repeat([]byte{7}, 32),
		// Each browser of a test comes from an address of its own, by the proxy's
		// word: requests of app.Test come from 0.0.0.0, others from the loopback.
		TrustedProxies: []string{"0.0.0.0/32", "127.0.0.1/32"}, ProofDifficulty: 50, Channels: storage.Channels(),
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	require.NoError(t, err)
	return &portal{Server: s, t: t, rings: engine, log: log}
}

// journal collects what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// rings applies at once what the worker would, or is away.
type rings struct {
	store *storage.Store
	mu    sync.Mutex
	away  bool
}

func (r *rings) leave(away bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.away = away
}

func (r *rings) isAway() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.away
}

func (r *rings) Ring(ctx context.Context, id, command record.ID) (workflows.Answer, error) {
	if r.isAway() {
		return workflows.Answer{}, workflows.ErrUnavailable
	}
	applied, err := r.store.Apply(ctx, id, []record.ID{command})
	if err != nil {
		return workflows.Answer{}, err
	}
	for _, o := range applied.Outcomes {
		if o.Command == command {
			return workflows.Answer{Done: true, Applied: o.Applied, Refusal: o.Refusal, State: activities.State(o.State)}, nil
		}
	}
	return workflows.Answer{}, nil
}

func (r *rings) RingRegistration(ctx context.Context, subject record.ID) error {
	if r.isAway() {
		return workflows.ErrUnavailable
	}
	return r.store.ApplyRegistration(ctx, subject)
}

func (r *rings) Healthy(context.Context) error {
	if r.isAway() {
		return workflows.ErrUnavailable
	}
	return nil
}

func (r *rings) WorkflowURL(base string, id record.ID) string { return base + "/" + string(id) }

// browser keeps cookies and comes from an address of its own.
type browser struct {
	p       *portal
	address string
	cookies map[string]*http.Cookie
	header  http.Header // sent along with every request
}

func (p *portal) browser() *browser {
	n := rand.Uint32()
	return &browser{
		p: p, cookies: map[string]*http.Cookie{}, header: http.Header{},
		address: fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255),
	}
}

// answer is a response, read whole.
type answer struct {
	t      *testing.T
	Status int
	Header http.Header
	Body   string
}

func (b *browser) send(r *http.Request) *answer {
	b.p.t.Helper()
	r.Header.Set("X-Forwarded-For", b.address)
	maps.Copy(r.Header, b.header)
	for _, c := range b.cookies {
		r.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	response, err := b.p.App().Test(r, 30_000)
	require.NoError(b.p.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(b.p.t, err)
	for _, c := range response.Cookies() {
		if c.Value == "" || c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c
		}
	}
	return &answer{b.p.t, response.StatusCode, response.Header, string(body)}
}

func (b *browser) get(path string) *answer {
	b.p.t.Helper()
	return b.send(httptest.NewRequest(http.MethodGet, path, nil))
}

// post sends a form as it is.
func (b *browser) post(path string, fields url.Values) *answer {
	b.p.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(r)
}

// submit sends a form with the token of the page it stands on.
func (b *browser) submit(page *answer, path string, fields url.Values) *answer {
	b.p.t.Helper()
	sent := url.Values{view.CSRFField: {page.token()}}
	maps.Copy(sent, fields)
	return b.post(path, sent)
}

// follow opens the page that an answer leads to.
func (b *browser) follow(a *answer) *answer {
	b.p.t.Helper()
	require.Equal(b.p.t, http.StatusSeeOther, a.Status, a.Body)
	return b.get(a.Header.Get("Location"))
}

func (a *answer) location() string { return a.Header.Get("Location") }

func (a *answer) input(name string) string {
	match := regexp.MustCompile(`name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(a.Body)
	if match == nil {
		return ""
	}
	return html.UnescapeString(match[1])
}

func (a *answer) token() string {
	a.t.Helper()
	token := a.input(view.CSRFField)
	require.NotEmpty(a.t, token, "the page has no form with a token: %s", a.Body)
	return token
}

// text is the page without its markup.
func (a *answer) text() string {
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(a.Body, ""))
}

// person is a subject with its password.
type person struct {
	subject  record.Subject
	account  record.ID
	password string
}

const testPassword = "雨后复斜阳 2026"

// newOrganization registers a unit straight in the database.
func (p *portal) newOrganization() person {
	p.t.Helper()
	return p.newSubject(record.Organization, "", newCreditCode(), "测试单位"+suffix())
}

func (p *portal) newSubject(kind record.SubjectType, idType, code, name string) person {
	p.t.Helper()
	hash, err := access.Hash(p.t.Context(), testPassword)
	require.NoError(p.t, err)
	registered, err := p.Store.Register(p.t.Context(), storage.Registration{
		Command: storage.NewID(), Type: kind, IDType: idType, Code: code, Name: name, Password: hash,
	})
	require.NoError(p.t, err)
	return person{registered.Subject, registered.Account, testPassword}
}

// login logs in through the page.
func (b *browser) login(w person) *answer {
	b.p.t.Helper()
	a := b.submit(b.get("/login"), "/login", url.Values{"account": {w.subject.Code}, "password": {w.password}})
	require.Equal(b.p.t, http.StatusSeeOther, a.Status, a.text())
	return a
}

// newStaff adds a staff member and returns a browser in which they are logged
// in, with the second factor or before it.
func (p *portal) newStaff(role record.Role, secondFactor bool) (*browser, record.ID) {
	p.t.Helper()
	secret, err := access.NewTOTPSecret()
	require.NoError(p.t, err)
	id, err := p.Store.AddStaff(p.t.Context(), record.Actor{}, storage.NewStaff{
		Login: "s" + suffix(), Name: "审核员" + suffix(), Role: role, Identity: newResidentID(), Password: "-", Secret: secret, Enrolled: true,
	})
	require.NoError(p.t, err)
	token, hash, err := access.NewToken()
	require.NoError(p.t, err)
	_, err = p.Store.StartSession(p.t.Context(), storage.NewSession{
		Token: hash, Staff: id, Assurance: record.ByPassword, SecondFactor: secondFactor, Lifetime: time.Hour,
	})
	require.NoError(p.t, err)
	b := p.browser()
	b.cookies[staffCookie] = &http.Cookie{Name: staffCookie, Value: token}
	return b, id
}

func suffix() string { return strings.ToLower(newReference()) }

// newCreditCode draws a code that passes every check.
func newCreditCode() string {
	for {
		serial := fmt.Sprintf("MA%06d", rand.IntN(1_000_000))
		if code := record.NewCreditCode("91", "430100", serial); record.CreditCodeProblem(code) == "" {
			return code
		}
	}
}

// newResidentID draws a number that passes every check.
func newResidentID() string {
	born := time.Date(1960+rand.IntN(40), time.Month(1+rand.IntN(12)), 1+rand.IntN(28), 0, 0, 0, 0, time.UTC)
	return record.NewResidentID("430102", born.Format("20060102"), fmt.Sprintf("%03d", 1+rand.IntN(998)))
}

// owner is the database with every right, to look at what was stored and to
// let time pass.
func owner(t *testing.T) *bun.DB {
	_, db := storagetest.OpenDB(t)
	return db
}

// count answers a query for a number.
func count(t *testing.T, query string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, owner(t).NewRaw(query, args...).Scan(t.Context(), &n))
	return n
}

var errTest = errors.New("canary-9f31 of an internal error")

// twin is the same browser, sending a second request at the same time.
func (b *browser) twin() *browser {
	other := &browser{p: b.p, address: b.address, cookies: map[string]*http.Cookie{}, header: b.header}
	maps.Copy(other.cookies, b.cookies)
	return other
}

// value is what a control of the page holds, wherever its value stands.
func (a *answer) value(name string) string {
	tag := regexp.MustCompile(`<input[^>]*\bname="` + regexp.QuoteMeta(name) + `"[^>]*>`).FindString(a.Body)
	match := regexp.MustCompile(`\bvalue="([^"]*)"`).FindStringSubmatch(tag)
	if match == nil {
		return ""
	}
	return html.UnescapeString(match[1])
}

func farFuture() time.Time { return time.Now().Add(time.Hour) }
func longAgo() time.Time   { return time.Now().Add(-time.Hour) }

// argonOf is the hash of a password at a cost of long ago, with the salt
// saltsaltsalt.
func argonOf(t *testing.T, password string) string {
	t.Helper()
	hash := argon2.IDKey([]byte(password), []byte("saltsaltsalt"), 1, 8, 1, 32)
	return base64.RawStdEncoding.EncodeToString(hash)
}

// tokenFor is the token of a form for the owner of that cookie.
func tokenFor(t *testing.T, s *Server, cookie string) string {
	t.Helper()
	token, err := access.CSRF(s.CookieKey, cookie)
	require.NoError(t, err)
	return token
}
