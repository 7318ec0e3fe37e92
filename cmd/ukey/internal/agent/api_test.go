package agent_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/certificatetest"
	"unireg/cmd/ukey/internal/pkcs11"
	"unireg/cmd/ukey/internal/softhsmtest"
	"unireg/cmd/ukey/internal/token"
)

func TestOnlyAllowedOriginsAreAnswered(t *testing.T) {
	d := newDesk(t)
	for _, path := range []string{"/v1/status", "/v1/certificates", "/v1/signatures/x", "/v1/nothing"} {
		for name, headers := range map[string][]string{
			"none":        nil,
			"null":        {"Origin", "null"},
			"foreign":     {"Origin", "https://evil.example"},
			"look-alike":  {"Origin", portal + ".evil.example"},
			"other port":  {"Origin", portal + ":8443"},
			"not secure":  {"Origin", "http://reg.example.cn"},
			"agent's own": {"Origin", d.address},
		} {
			t.Run(path+" "+name, func(t *testing.T) {
				for _, method := range []string{http.MethodGet, http.MethodOptions, http.MethodPost} {
					a := d.send(method, path, "", headers...)
					require.Equal(t, http.StatusForbidden, a.status)
					require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
					require.Empty(t, a.header.Get("Access-Control-Allow-Private-Network"))
				}
			})
		}
	}
	a := d.get("/v1/status")
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, portal, a.header.Get("Access-Control-Allow-Origin"))
	require.JSONEq(t, `{"name":"ukey","version":"test","tokens":0}`, a.body)
}

func TestNamesOfStrangersThatLeadHereAreRefused(t *testing.T) {
	d := newDesk(t)
	for _, host := range []string{"evil.example", "evil.example:17680", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:80"} {
		for _, path := range []string{"/v1/status", "/v1/certificates", "/", "/authenticate/x", "/static/agent.css"} {
			a := d.send(http.MethodGet, path, "", "Host", host, "Origin", portal)
			require.Equal(t, http.StatusMisdirectedRequest, a.status, host+path)
			require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
		}
	}
	port := d.address[strings.LastIndex(d.address, ":"):]
	require.Equal(t, http.StatusOK, d.send(http.MethodGet, "/v1/status", "", "Host", "LocalHost"+port, "Origin", portal).status)
}

func TestBrowsersThatAskBeforehandAreAnswered(t *testing.T) {
	d := newDesk(t)
	a := d.send(http.MethodOptions, "/v1/signatures", "", "Origin", portal, "Access-Control-Request-Method", "POST",
		"Access-Control-Request-Headers", "content-type", "Access-Control-Request-Private-Network", "true")
	require.Equal(t, http.StatusNoContent, a.status)
	require.Equal(t, portal, a.header.Get("Access-Control-Allow-Origin"))
	require.Equal(t, "GET, POST", a.header.Get("Access-Control-Allow-Methods"))
	require.Equal(t, "Content-Type", a.header.Get("Access-Control-Allow-Headers"))
	require.Equal(t, "true", a.header.Get("Access-Control-Allow-Private-Network"))
	require.Empty(t, a.header.Get("Access-Control-Allow-Local-Network"))
	require.Empty(t, a.header.Get("Access-Control-Allow-Credentials"), "no cookies are ever sent")
	require.Contains(t, a.header.Get("Vary"), "Origin")
	a = d.send(http.MethodOptions, "/v1/status", "", "Origin", another, "Access-Control-Request-Local-Network", "true")
	require.Equal(t, "true", a.header.Get("Access-Control-Allow-Local-Network"))
	require.Equal(t, another, a.header.Get("Access-Control-Allow-Origin"))
}

// list is what /v1/certificates answers.
type list struct {
	State        string
	Certificates []map[string]any
}

func TestCertificatesAreListedAndAwaited(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	var empty list
	d.get("/v1/certificates").into(t, &empty)
	require.Empty(t, empty.Certificates)
	require.NotNil(t, empty.Certificates)

	came := make(chan answer)
	go func() { came <- d.get("/v1/certificates?wait=" + empty.State) }()
	key, path := d.insert(world, certificate.SM2)
	var one list
	(<-came).into(t, &one)
	require.NotEqual(t, empty.State, one.State)
	require.Len(t, one.Certificates, 1)
	c := key.Certificate
	got := one.Certificates[0]
	for name, want := range map[string]any{
		"id": c.SHA256(), "token": "示范锁", "common_name": c.CommonName(), "issuer": c.Issuer(), "serial": c.Serial(), "algorithm": "SM2",
		"not_before": c.NotBefore().UTC().Format(time.RFC3339), "not_after": c.NotAfter().UTC().Format(time.RFC3339), "tries_left": 5.0,
	} {
		require.Equal(t, want, got[name], name)
	}
	require.NotEmpty(t, got["der"])

	go func() { came <- d.get("/v1/certificates?wait=" + one.State) }()
	require.NoError(t, os.Remove(path))
	d.watch.Look()
	var gone list
	(<-came).into(t, &gone)
	require.Equal(t, empty, gone)
}

func TestC2EachAlgorithmSignsTheStatement(t *testing.T) {
	world := certificatetest.New(t, "", "")
	softhsmtest.Configure(t)
	softhsmtest.AddToken(t, "硬件锁")
	module, err := pkcs11.Open(softhsmtest.Module)
	require.NoError(t, err)
	slots, err := module.Tokens()
	require.NoError(t, err)
	now := time.Now()
	for _, algorithm := range []pkcs11.Algorithm{pkcs11.RSA, pkcs11.ECDSA} {
		csr, err := module.NewKey(slots[0], []byte(softhsmtest.PIN), algorithm, pkix.Name{CommonName: "测试单位"})
		require.NoError(t, err)
		der, err := world.RSA.IssueFromCSR(csr, authority.Request{
			Profile: authority.Organization, Code: code, Organization: "测试单位", NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		})
		require.NoError(t, err)
		require.NoError(t, module.Import(slots[0], []byte(softhsmtest.PIN), append([][]byte{der}, world.RSA.Chain()...)))
	}
	require.NoError(t, module.Close())
	modules := token.NewModules(softhsmtest.Module)
	d := newDesk(t, modules)
	t.Cleanup(func() { require.NoError(t, modules.Close()) })
	d.insert(world, certificate.RSA)
	d.insert(world, certificate.SM2)

	tokens, _ := d.watch.Tokens()
	seen := 0
	for _, held := range tokens {
		for _, c := range held.Certificates {
			seen++
			secret := pin
			if held.Label == "硬件锁" {
				secret = softhsmtest.PIN
			}
			for _, st := range []certificate.Statement{d.login(), d.submit("基本信息")} {
				t.Run(held.Label+" "+string(c.Algorithm())+" "+string(st.Purpose), func(t *testing.T) {
					message := encode(t, st)
					request := d.begin(c.ID(), st)
					require.Equal(t, "waiting", d.result(request).State)
					a := d.enter(request, secret)
					require.Equal(t, http.StatusSeeOther, a.status)
					r := d.result(request)
					require.Equal(t, "signed", r.State)
					require.NoError(t, c.CheckSignature(message, r.Signature))
					require.Error(t, c.CheckSignature(append(message, ' '), r.Signature))
					require.Equal(t, c.Raw(), r.Certificate)
					_, err := world.Trust.Verify(c.Certificate, r.Chain, time.Now())
					require.NoError(t, err)
				})
			}
		}
	}
	require.Equal(t, 4, seen)
}

func TestC2NothingButAStatementOfThePageIsSigned(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	id := key.Certificate.SHA256()
	digest := sha256.Sum256([]byte("a contract"))
	foreign, early, late := d.login(), d.login(), d.login()
	foreign.Origin = another
	early.Time, late.Time = early.Time.Add(-6*time.Minute), late.Time.Add(6*time.Minute)
	turned := bytes.Replace(encode(t, d.submit("基本信息")), []byte("基本"), []byte("基本\u202e"), 1)
	extra := append(encode(t, d.login()), "more: 1\n"...)
	for name, try := range map[string]struct {
		statement []byte
		status    int
		code      string
	}{
		"raw digest":           {digest[:], http.StatusBadRequest, "statement"},
		"nothing":              {nil, http.StatusBadRequest, "statement"},
		"text":                 {[]byte("I owe you"), http.StatusBadRequest, "statement"},
		"a line more":          {extra, http.StatusBadRequest, "statement"},
		"turned writing":       {turned, http.StatusBadRequest, "statement"},
		"of another origin":    {encode(t, foreign), http.StatusForbidden, "origin"},
		"six minutes too old":  {encode(t, early), http.StatusBadRequest, "time"},
		"six minutes too soon": {encode(t, late), http.StatusBadRequest, "time"},
	} {
		t.Run(name, func(t *testing.T) {
			a := d.ask(id, try.statement)
			require.Equal(t, try.status, a.status, a.body)
			var p struct{ Code, Error string }
			a.into(t, &p)
			require.Equal(t, try.code, p.Code)
			require.NotEmpty(t, p.Error)
		})
	}
	t.Run("unknown certificate", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, d.ask(strings.Repeat("0", 64), encode(t, d.login())).status)
	})
	t.Run("four minutes off is fine", func(t *testing.T) {
		st := d.login()
		st.Time = st.Time.Add(-4 * time.Minute)
		require.Equal(t, http.StatusCreated, d.ask(id, encode(t, st)).status)
	})
}

func TestBodiesThatAreNoRequestAreRefused(t *testing.T) {
	d := newDesk(t)
	good, err := json.Marshal(map[string]any{"certificate": "x", "statement": encode(t, d.login())})
	require.NoError(t, err)
	for name, try := range map[string]struct {
		kind, body string
		status     int
	}{
		"a form":        {"application/x-www-form-urlencoded", string(good), http.StatusUnsupportedMediaType},
		"plain text":    {"text/plain", string(good), http.StatusUnsupportedMediaType},
		"no JSON":       {"application/json", "x", http.StatusBadRequest},
		"unknown field": {"application/json", `{"digest":"00"}`, http.StatusBadRequest},
		"two values":    {"application/json", string(good) + string(good), http.StatusBadRequest},
		"endless":       {"application/json", `{"certificate":"` + strings.Repeat("x", 1<<20) + `"}`, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, try.status, d.send(http.MethodPost, "/v1/signatures", try.body, "Origin", portal, "Content-Type", try.kind).status)
		})
	}
}

func TestC2AnotherOriginCannotReadARequest(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	require.Equal(t, http.StatusSeeOther, d.enter(request, pin).status)
	a := d.send(http.MethodGet, "/v1/signatures/"+request, "", "Origin", another)
	require.Equal(t, http.StatusNotFound, a.status)
	require.NotContains(t, a.body, "signature\":")
	require.Equal(t, "signed", d.result(request).State)
	require.Equal(t, http.StatusNotFound, d.get("/v1/signatures/00000000-0000-4000-8000-000000000000").status)
}

func TestTheOutcomeIsAwaited(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	came := make(chan answer)
	go func() { came <- d.get("/v1/signatures/" + request + "?wait=1") }()
	_, csrf := d.open(request)
	d.press(request, url.Values{"csrf": {csrf}, "action": {"cancel"}})
	var r result
	(<-came).into(t, &r)
	require.Equal(t, "refused", r.State)
	require.Equal(t, "cancelled", r.Reason)
}

func TestRequestsAreBoundedAndForgotten(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	id := key.Certificate.SHA256()
	first := d.begin(id, d.login())
	status := http.StatusCreated
	for n := 0; status == http.StatusCreated; n++ {
		require.Less(t, n, 100)
		status = d.ask(id, encode(t, d.login())).status
	}
	require.Equal(t, http.StatusTooManyRequests, status)
	d.later(5 * time.Minute)
	require.Equal(t, http.StatusCreated, d.ask(id, encode(t, d.login())).status)
	require.Equal(t, http.StatusNotFound, d.get("/v1/signatures/"+first).status)
}

// TestWhoFilesMuchSignsMuchInARow holds that what was signed already takes no
// room from what is to be signed.
func TestWhoFilesMuchSignsMuchInARow(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	id := d.plug(world).Certificate.SHA256()
	for range 20 {
		request := d.begin(id, d.submit("获奖信息"))
		d.enter(request, pin)
		require.Equal(t, "signed", d.result(request).State)
	}
}
