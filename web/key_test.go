package web

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/authority"
	"unireg/certificate/certificatetest"
	"unireg/record"
)

// keyPortal is a portal that trusts a world of authorities.
func keyPortal(t *testing.T) (*portal, *certificatetest.World) {
	t.Helper()
	w := certificatetest.New(t, "http://ca.test/rsa.crl", "")
	p := newPortal(t, func(o *Options) { o.Trust = w.Trust })
	p.list(t, w)
	return p, w
}

// list has the portal's store know a fresh list of the first authority. The
// second one has none, as if it were away.
func (p *portal) list(t *testing.T, w *certificatetest.World, entries ...certificate.Entry) {
	t.Helper()
	list, der := w.List(t, time.Now().UnixNano(), entries...)
	_, err := p.Store.SaveRevocationList(t.Context(), w.Trust.Issuers()[0].Key, list, der)
	require.NoError(t, err)
}

// asked is what the portal wants signed for a page's form.
func (b *browser) asked(page *answer, path string, fields url.Values) (statementAnswer, []byte) {
	b.p.t.Helper()
	a := b.submit(page, path, fields)
	require.Equal(b.p.t, http.StatusOK, a.Status, a.Body)
	var answer statementAnswer
	require.NoError(b.p.t, json.Unmarshal([]byte(a.Body), &answer))
	statement, err := base64.StdEncoding.DecodeString(answer.Statement)
	require.NoError(b.p.t, err)
	return answer, statement
}

func keyFields(t *testing.T, key certificatetest.Key, statement []byte) url.Values {
	t.Helper()
	return url.Values{
		"certificate": {base64.StdEncoding.EncodeToString(key.Certificate.Raw())},
		"signature":   {base64.StdEncoding.EncodeToString(key.Sign(t, statement))},
	}
}

// byKey logs in with a key, as the page's script and the agent do together.
func (b *browser) byKey(key certificatetest.Key) *answer {
	b.p.t.Helper()
	page := b.get("/login/certificate")
	require.Equal(b.p.t, http.StatusOK, page.Status, page.text())
	asked, statement := b.asked(page, "/login/certificate/challenge", nil)
	fields := keyFields(b.p.t, key, statement)
	fields.Set("nonce", asked.Nonce)
	return b.submit(page, "/login/certificate", fields)
}

func TestS07_N08_LoginByCertificateInRSAAndSM2(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	for _, algorithm := range []certificate.Algorithm{certificate.RSA, certificate.SM2} {
		t.Run(string(algorithm), func(t *testing.T) {
			b := p.browser()
			b.login(who) // who holds password and key keeps the account
			a := b.byKey(w.Issue(t, algorithm, who.subject.Code))
			require.Equal(t, "/home", a.location(), a.text())
			home := b.follow(a)
			require.Contains(t, home.text(), "证书已绑定到本主体")
			require.Contains(t, home.text(), "CA 证书登录")
			require.Equal(t, algorithm == certificate.SM2, strings.Contains(home.text(), "暂时无法向 CA 公司核实证书状态"), "nobody could tell")
		})
	}
	bound, err := p.Store.Certificates(t.Context(), who.subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 2)
}

func TestC3_C4_CertificatesThatDoNotCountAreExplained(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	stranger := certificatetest.New(t, "", "")
	now := time.Now().UTC().Truncate(time.Second)
	request := authority.Request{
		Profile: authority.Organization, Code: who.subject.Code, Organization: "测试单位", NotBefore: now.Add(-30 * time.Minute), NotAfter: now.AddDate(1, 0, 0),
	}
	expired, early, encryption := request, request, request
	expired.NotAfter = now.Add(-time.Minute)
	early.NotBefore = now.Add(10 * time.Minute)
	encryption.Usage = authority.Encryption
	revoked, held := w.Issue(t, certificate.RSA, who.subject.Code), w.Issue(t, certificate.RSA, who.subject.Code)
	p.list(t, w,
		certificate.Entry{Serial: revoked.Certificate.Serial(), At: now.Add(-time.Minute), Reason: "keyCompromise"},
		certificate.Entry{Serial: held.Certificate.Serial(), At: now.Add(-time.Minute), Reason: "certificateHold"})
	for _, c := range []struct {
		name string
		key  certificatetest.Key
		want certificate.Refusal
	}{
		{"wrong CA", stranger.Issue(t, certificate.RSA, who.subject.Code), certificate.UnknownIssuer},
		{"expired", w.IssueBy(t, w.RSA, certificate.RSA, expired), certificate.Expired},
		{"not yet valid", w.IssueBy(t, w.RSA, certificate.RSA, early), certificate.NotYetValid},
		{"encryption certificate", w.IssueBy(t, w.RSA, certificate.RSA, encryption), certificate.Usage},
		{"revoked", revoked, certificate.IsRevoked},
		{"suspended", held, certificate.IsSuspended},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := p.browser()
			a := b.byKey(c.key)
			require.Equal(t, http.StatusForbidden, a.Status)
			require.Contains(t, a.text(), c.want.Explain())
			require.Equal(t, "/login?next=%2Fhome", b.get("/home").location(), "nobody is logged in")
		})
	}
}

func TestC1_C2_AStatementServesOnceForItsBrowserAndPurpose(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	key := w.Issue(t, certificate.RSA, who.subject.Code)
	b := p.browser()
	page := b.get("/login/certificate")
	asked, statement := b.asked(page, "/login/certificate/challenge", nil)
	parsed, err := certificate.ParseStatement(statement)
	require.NoError(t, err)
	require.Equal(t, certificate.Login, parsed.Purpose)
	require.Equal(t, "http://portal.test", parsed.Origin)
	fields := keyFields(t, key, statement)
	fields.Set("nonce", asked.Nonce)

	thief := p.browser()
	a := thief.submit(thief.get("/login/certificate"), "/login/certificate", fields)
	require.Equal(t, http.StatusForbidden, a.Status, "another browser")
	require.Contains(t, a.text(), "本次认证已失效")

	a = b.submit(page, "/login/certificate", fields)
	require.Equal(t, http.StatusSeeOther, a.Status, "the thief did not use it up")
	twice := p.browser()
	twice.cookies = map[string]*http.Cookie{visitorCookie: b.cookies[visitorCookie]}
	a = twice.submit(twice.get("/login/certificate"), "/login/certificate", fields)
	require.Equal(t, http.StatusForbidden, a.Status, "once")

	for name, change := range map[string]func(*certificate.Statement){
		"origin":  func(s *certificate.Statement) { s.Origin = "https://evil.test" },
		"purpose": func(s *certificate.Statement) { s.Purpose, s.Digest, s.Title = certificate.Submit, sixtyFour, "x" },
		"time":    func(s *certificate.Statement) { s.Time = s.Time.Add(time.Second) },
		"session": func(s *certificate.Statement) { s.Session = base64.RawURLEncoding.EncodeToString(make([]byte, 32)) },
	} {
		t.Run("signed over another "+name, func(t *testing.T) {
			b := p.browser()
			page := b.get("/login/certificate")
			asked, statement := b.asked(page, "/login/certificate/challenge", nil)
			s, err := certificate.ParseStatement(statement)
			require.NoError(t, err)
			change(&s)
			other, err := s.Bytes()
			require.NoError(t, err)
			fields := keyFields(t, key, other)
			fields.Set("nonce", asked.Nonce)
			a := b.submit(page, "/login/certificate", fields)
			require.Equal(t, http.StatusForbidden, a.Status)
			require.Contains(t, a.text(), certificate.BadSignature.Explain())
		})
	}
}

const sixtyFour = "0000000000000000000000000000000000000000000000000000000000000000"

func TestS09_AKeyWhoseSubjectIsNotRegisteredLeadsThroughRegistration(t *testing.T) {
	p, w := keyPortal(t)
	code := newCreditCode()
	key := w.Issue(t, certificate.SM2, code)
	b := p.browser()
	a := b.byKey(key)
	require.Equal(t, "/register/details", a.location(), a.text())
	page := b.follow(a)
	require.Contains(t, page.text(), "该证书对应的主体尚未注册")
	require.Contains(t, page.text(), code)
	a = b.submit(page, "/register/details", url.Values{
		"ticket": {page.input("ticket")}, "name": {"执钥建设" + suffix()}, "password": {testPassword}, "password_again": {testPassword},
	})
	require.Equal(t, "/profile?welcome=1", a.location(), a.text())
	require.Contains(t, b.get("/home").text(), "CA 证书登录", "the key is bound and the session is its own")
	match, err := p.Store.AccountsByLogin(t.Context(), code)
	require.NoError(t, err)
	require.True(t, match.Accounts[0].Subject.Proven)
	bound, err := p.Store.Certificates(t.Context(), match.Accounts[0].Subject.ID)
	require.NoError(t, err)
	require.Len(t, bound, 1)
}

func TestN03_S13_ASubmitIsSignedOverWhatWasShown(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	b := p.enter(who)
	key := w.Issue(t, certificate.RSA, who.subject.Code)
	require.Equal(t, http.StatusSeeOther, b.byKey(key).Status)
	page := b.fill()
	require.Contains(t, page.text(), "数字签名")
	require.NotContains(t, page.text(), "纸质标")
	nonce := page.nonce()

	a := b.submit(page, b.path("/submit"), nonce)
	require.Equal(t, http.StatusForbidden, a.Status, "unsigned")

	_, statement := b.asked(page, b.path("/statement"), nonce)
	other := w.Issue(t, certificate.RSA, who.subject.Code)
	a = b.submit(page, b.path("/submit"), merge(nonce, keyFields(t, other, statement)))
	require.Equal(t, http.StatusForbidden, a.Status)
	require.Contains(t, a.text(), "签名所用的证书不是本次登录的证书")

	_, statement = b.asked(page, b.path("/statement"), nonce)
	signature := keyFields(t, key, statement)
	a = b.submit(page, b.path("/submit"), merge(nonce, signature))
	require.Equal(t, http.StatusSeeOther, a.Status, a.text())
	again := b.submit(page, b.path("/submit"), merge(nonce, signature))
	require.Equal(t, a.location(), again.location(), "the same command, the same answer")
	require.Equal(t, record.UnderReview, b.state().Filing)

	version, err := p.Store.Version(t.Context(), who.subject.ID, b.id, 1)
	require.NoError(t, err)
	require.Equal(t, record.ByCertificate, version.Assurance)
	require.NotEmpty(t, version.Signature)
	evidence, err := certificate.ParseEvidence(version.Signature)
	require.NoError(t, err)
	require.Equal(t, statement, evidence.Statement)
	report, err := p.verifySignature(t.Context(), version)
	require.NoError(t, err)
	require.Equal(t, key.Certificate.SHA256(), report.Certificate.SHA256())

	shown := b.get(b.path("/versions/1"))
	require.Contains(t, shown.text(), "数字签名有效，内容自提交后未被改动")
	given := b.get(b.path("/versions/1/signature"))
	require.Equal(t, http.StatusOK, given.Status, given.Body)
	bundle, err := certificate.ParseBundle([]byte(given.Body))
	require.NoError(t, err)
	for _, trust := range []*certificate.Trust{nil, w.Trust} {
		report, err := bundle.Verify(trust)
		require.NoError(t, err)
		require.Equal(t, "http://portal.test", report.Statement.Origin)
	}
	_, err = bundle.Verify(certificatetest.New(t, "", "").Trust)
	require.Error(t, err, "issuers of one's own choice")
	bundle.Document[len(bundle.Document)/2] ^= 1
	_, err = bundle.Verify(nil)
	require.Error(t, err, "another content")
	require.Equal(t, http.StatusNotFound, p.bidder().get(b.path("/versions/1/signature")).Status, "somebody else's")
}

func TestC4_ASubmitFailsClosedWhereNobodyCanTell(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	b := p.enter(who)
	key := w.Issue(t, certificate.SM2, who.subject.Code) // of an authority whose list never came
	require.Equal(t, http.StatusSeeOther, b.byKey(key).Status)
	page := b.fill()
	_, statement := b.asked(page, b.path("/statement"), page.nonce())
	a := b.submit(page, b.path("/submit"), merge(page.nonce(), keyFields(t, key, statement)))
	require.Equal(t, http.StatusForbidden, a.Status)
	require.Contains(t, a.text(), certificate.StatusUnknown.Explain())
	_, err := p.Store.Record(t.Context(), who.subject.ID, b.id)
	require.Equal(t, record.NotFound, record.CodeOf(err), "nothing was filed")
}

func TestC7_ARevokedCertificateIsLoggedOut(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	b := p.browser()
	b.login(who)
	key := w.Issue(t, certificate.RSA, who.subject.Code)
	require.Equal(t, http.StatusSeeOther, b.byKey(key).Status)
	require.Equal(t, http.StatusOK, b.get("/home").Status)
	p.list(t, w, certificate.Entry{Serial: key.Certificate.Serial(), At: time.Now().UTC().Truncate(time.Second), Reason: "keyCompromise"})
	require.Equal(t, "/login?next=%2Fhome", b.get("/home").location())
}

func TestB09_ACertificateLoginSetsANewPassword(t *testing.T) {
	p, w := keyPortal(t)
	who := p.newOrganization()
	b := p.browser()
	b.login(who)
	require.Equal(t, http.StatusSeeOther, b.byKey(w.Issue(t, certificate.RSA, who.subject.Code)).Status)
	page := b.get("/account")
	require.Contains(t, page.text(), "不需要当前密码即可设置新密码")
	a := b.submit(page, "/account/password", url.Values{"password": {"新的长句子 2027"}, "password_again": {"新的长句子 2027"}})
	require.Equal(t, "/account", a.location(), a.text())
	require.Contains(t, b.get("/home").text(), "CA 证书登录", "still the key's session")
	who.password = "新的长句子 2027"
	p.browser().login(who)
}

// responder answers what an authority would.
type responder func(request []byte) ([]byte, error)

func (r responder) AskOCSP(_ context.Context, _ string, request []byte) ([]byte, error) {
	return r(request)
}

func TestC4_TheResponderIsAskedAndTheListServesWhereItIsAway(t *testing.T) {
	w := certificatetest.New(t, "", "http://ca.test/ocsp")
	states := map[string]authority.State{}
	var away error
	r := &authority.Responder{Authority: w.RSA, Lookup: func(serial string) (authority.State, error) { return states[serial], nil }, Now: time.Now, Validity: time.Hour}
	p := newPortal(t, func(o *Options) {
		o.Trust = w.Trust
		o.OCSP = responder(func(request []byte) ([]byte, error) { return r.Respond(request), away })
	})
	who := p.newOrganization()
	key := w.Issue(t, certificate.RSA, who.subject.Code)
	states[key.Certificate.Serial()] = authority.State{Status: certificate.Good}
	b := p.browser()
	b.login(who)
	a := b.byKey(key)
	require.Equal(t, http.StatusSeeOther, a.Status, a.text())
	require.NotContains(t, b.follow(a).text(), "暂时无法向 CA 公司核实证书状态")

	states[key.Certificate.Serial()] = authority.State{Status: certificate.Revoked, At: time.Now().UTC().Truncate(time.Second), Reason: "keyCompromise"}
	a = p.browser().byKey(key)
	require.Contains(t, a.text(), certificate.IsRevoked.Explain())
	require.Equal(t, "/login?next=%2Fhome", b.get("/home").location(), "the other session ends at once")

	away = errors.New("away")
	a = p.browser().byKey(w.Issue(t, certificate.RSA, who.subject.Code))
	require.Equal(t, http.StatusSeeOther, a.Status, "a login goes on, its submits will not")
}

func merge(all ...url.Values) url.Values {
	sum := url.Values{}
	for _, values := range all {
		maps.Copy(sum, values)
	}
	return sum
}
