package web

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"unireg/access"
	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// OCSP asks an issuer for its word on one certificate.
type OCSP interface {
	AskOCSP(ctx context.Context, url string, request []byte) ([]byte, error)
}

const (
	// keyLogins bounds the logins by certificate of an address in an hour, and as
	// many challenges: a hall full of bidders comes from one.
	keyLogins = 600
	// ocspPatience is how long an issuer may take for its word.
	ocspPatience = 2 * time.Second
	// maxKeyField bounds a posted certificate or signature, in bytes of base64.
	maxKeyField = 16 << 10
	maxChain    = 8
)

// statementAnswer is what the page hands to the agent.
type statementAnswer struct {
	Statement string `json:"statement"` // base64
	Nonce     string `json:"nonce"`
}

// showKeyLogin is the login page's tab for certificates. It is open to who is
// logged in by password: the key takes that session's place.
func (s *Server) showKeyLogin(v *visit) error {
	if v.session != nil && v.session.Assurance == record.ByCertificate {
		return v.see(v.front())
	}
	return s.renderKeyLogin(v, http.StatusOK, view.LoginModel{Next: localPath(v.Query("next"))})
}

func (s *Server) renderKeyLogin(v *visit, status int, m view.LoginModel) error {
	m.Certificate = true
	if s.Trust != nil {
		m.Key.Agent = s.AgentOrigin
		s.allowAgent(v)
	}
	return v.render(status, view.LoginPage(v.page("CA证书登录"), s.entrance(m)))
}

// loginChallenge draws what a key has to sign for a login in this browser.
func (s *Server) loginChallenge(v *visit) error {
	if s.Trust == nil {
		return errNoPage
	}
	if err := v.within("certificate-challenge", keyLogins); err != nil {
		return err
	}
	return s.challengeFor(v, certificate.Statement{Purpose: certificate.Login, Nonce: storage.NewNonce()}, v.visitor())
}

// challengeFor keeps the nonce of a statement for the browser that holds the
// token, and answers the statement.
func (s *Server) challengeFor(v *visit, st certificate.Statement, token string) error {
	binding, ok := access.HashToken(token)
	if !ok {
		return errUnauthorized
	}
	at, err := s.Store.IssueChallenge(v.ctx, st.Nonce, binding)
	if err != nil {
		return err
	}
	encoded, err := s.fill(st, binding, at)
	if err != nil {
		return err
	}
	return v.json(http.StatusOK, statementAnswer{Statement: base64.StdEncoding.EncodeToString(encoded), Nonce: st.Nonce})
}

// fill completes a statement by what the portal knows of itself and of the
// browser.
func (s *Server) fill(st certificate.Statement, binding []byte, at time.Time) ([]byte, error) {
	st.Origin, st.Session, st.Time = s.Origin, base64.RawURLEncoding.EncodeToString(binding), at
	encoded, err := st.Bytes()
	if err != nil {
		return nil, fmt.Errorf("make statement: %w", err)
	}
	return encoded, nil
}

// signed is what came back from a key, and what it proves.
type signed struct {
	certificate *certificate.Certificate
	verified    certificate.Verified
	statement   []byte
	signature   []byte
	revocation  certificate.Revocation
}

// check uses the nonce up, rebuilds the statement from the portal's own
// knowledge, and verifies signature, chain and what the issuer says. What the
// browser sends of the statement is never believed. A status that nobody can
// tell is left in revocation: a login may go on, a submit may not.
func (s *Server) check(v *visit, st certificate.Statement, token string, fields url.Values) (signed, error) {
	var result signed
	binding, ok := access.HashToken(token)
	if !ok {
		return result, errUnauthorized
	}
	at, err := s.Store.UseChallenge(v.ctx, st.Nonce, binding)
	if err != nil {
		return result, err
	}
	if result.statement, err = s.fill(st, binding, at); err != nil {
		return result, err
	}
	chain, err := result.read(fields)
	if err != nil {
		return result, err
	}
	if result.verified, err = s.Trust.Verify(result.certificate, chain, time.Now()); err != nil {
		return result, err
	}
	if err := result.certificate.CheckSignature(result.statement, result.signature); err != nil {
		return result, err
	}
	if result.revocation, err = s.revocation(v, result.certificate, result.verified); err != nil {
		return result, err
	}
	if err := result.revocation.Err(); err != nil && result.revocation.Status != certificate.Unknown {
		return result, err
	}
	return result, nil
}

// read takes certificate, chain and signature from the posted fields.
func (r *signed) read(fields url.Values) (chain [][]byte, err error) {
	decode := func(text string) []byte {
		if len(text) > maxKeyField {
			return nil
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil
		}
		return raw
	}
	if r.certificate, err = certificate.Parse(decode(fields.Get("certificate"))); err != nil {
		return nil, err
	}
	r.signature = decode(fields.Get("signature"))
	for i, link := range fields["chain"] {
		if der := decode(link); der != nil && i < maxChain {
			chain = append(chain, der)
		}
	}
	return chain, nil
}

// revocation asks what the issuer says: its responder if it has one, and
// otherwise, or if that does not answer, its newest list.
func (s *Server) revocation(v *visit, c *certificate.Certificate, verified certificate.Verified) (certificate.Revocation, error) {
	if word, err := s.askOCSP(v, verified); err == nil && word.Status != certificate.Unknown {
		return word, s.heed(v, c, verified, word)
	}
	list, err := s.lists.newest(v.ctx, s.Store, s.Trust, verified.Issuer.Key)
	if _, refused := certificate.RefusalOf(err); refused || record.CodeOf(err) == record.NotFound {
		return certificate.Revocation{Status: certificate.Unknown}, nil
	}
	if err != nil {
		return certificate.Revocation{}, err
	}
	word, err := verified.StatusFromList(list, time.Now(), s.CRLMaxAge)
	if _, refused := certificate.RefusalOf(err); refused {
		return certificate.Revocation{Status: certificate.Unknown}, nil
	}
	return word, err
}

// listShelf keeps the lists of revoked certificates as they were parsed: a list
// may be long, and serves every login until the next one.
type listShelf struct {
	mu   sync.Mutex
	kept map[string]keptList
}

type keptList struct {
	fetched time.Time
	list    certificate.List
}

// newest returns the newest list of an issuer.
func (l *listShelf) newest(ctx context.Context, store *storage.Store, trust *certificate.Trust, issuer string) (certificate.List, error) {
	fetched, err := store.RevocationListFetched(ctx, issuer)
	if err != nil {
		return certificate.List{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if known, ok := l.kept[issuer]; ok && known.fetched.Equal(fetched) {
		return known.list, nil
	}
	kept, err := store.RevocationList(ctx, issuer)
	if err != nil {
		return certificate.List{}, err
	}
	list, err := trust.ParseCRL(issuer, kept.List)
	if err != nil {
		return certificate.List{}, err
	}
	if l.kept == nil {
		l.kept = map[string]keptList{}
	}
	l.kept[issuer] = keptList{kept.FetchedAt, list}
	return list, nil
}

func (s *Server) askOCSP(v *visit, verified certificate.Verified) (certificate.Revocation, error) {
	if verified.Issuer.OCSP == "" || s.OCSP == nil {
		return certificate.Revocation{}, errors.New("no responder")
	}
	request, err := verified.OCSPRequest()
	if err != nil {
		return certificate.Revocation{}, err
	}
	ctx, cancel := context.WithTimeout(v.ctx, ocspPatience)
	defer cancel()
	answer, err := s.OCSP.AskOCSP(ctx, verified.Issuer.OCSP, request)
	if err != nil {
		v.log.Warn("no word of an issuer", slog.String("issuer", verified.Issuer.Key), slog.Any("error", err))
		return certificate.Revocation{}, err
	}
	return verified.StatusFromOCSP(answer, time.Now())
}

// heed writes down at once what a responder says, so that other sessions of the
// certificate end without waiting for the next list.
func (s *Server) heed(v *visit, c *certificate.Certificate, verified certificate.Verified, word certificate.Revocation) error {
	said := map[certificate.Status]string{certificate.Revoked: storage.WordRevoked, certificate.Suspended: storage.WordSuspended}[word.Status]
	if said == "" {
		return nil
	}
	return s.Store.CertificateWord(v.ctx, verified.Issuer.Key, c.Serial(), said, word.RevokedAt, word.Reason)
}

// loginByCertificate takes the answer of a key to a challenge.
func (s *Server) loginByCertificate(v *visit) error {
	if s.Trust == nil {
		return errNoPage
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	if err := v.within("certificate", keyLogins); err != nil {
		return s.keyRefused(v, fields, err)
	}
	proof, err := s.check(v, certificate.Statement{Purpose: certificate.Login, Nonce: fields.Get("nonce")}, v.visitor(), fields)
	if err != nil {
		return s.keyRefused(v, fields, err)
	}
	return s.enter(v, fields, proof)
}

// enter begins the session of a key whose signature was verified.
func (s *Server) enter(v *visit, fields url.Values, proof signed) error {
	grant, err := s.Store.LoginByCertificate(v.ctx, storage.CertificateLogin{
		Certificate: proof.certificate, Verified: proof.verified, NoPassword: access.NoPassword, Holds: v.account,
	})
	if record.CodeOf(err) == record.NotFound {
		return s.leadToRegistration(v, fields, proof)
	}
	if err != nil {
		return s.keyRefused(v, fields, err)
	}
	err = v.begin(storage.NewSession{Account: grant.Account, Assurance: record.ByCertificate, Certificate: proof.certificate.SHA256()})
	if err != nil {
		return s.keyRefused(v, fields, err)
	}
	v.audit("logged in by certificate", slog.String("account", string(grant.Account)),
		slog.Bool("bound", grant.Bound), slog.Bool("taken_over", grant.TakenOver))
	if n, say := entered(grant, proof.revocation.Status); say {
		v.flashNotice(n)
	}
	next := localPath(fields.Get("next"))
	if next == "" {
		next = "/home"
	}
	return v.see(next)
}

// entered is what is worth saying after a login by certificate.
func entered(grant storage.CertificateGrant, status certificate.Status) (n view.Notice, say bool) {
	switch {
	case grant.TakenOver:
		n = view.Notice{Tone: view.Warn, Title: "已由证书持有人接管", Text: "此前用本单位代码注册的账号已停用，其草稿不再显示。如需账号登录，请在【账号安全】中设置密码。"}
	case grant.Bound:
		n = view.Notice{Tone: view.Good, Title: "证书已绑定到本主体", Text: "可在【数字证书】中查看。"}
	}
	if status == certificate.Unknown {
		n.Tone = view.Warn
		n.Text += "暂时无法向 CA 公司核实证书状态：可以查看和填写，提交时会再次核实。"
	}
	return n, n.Text != ""
}

// leadToRegistration goes on to step 2 of a registration with the code of the
// certificate: who holds the key need not prove the code again. The ticket keeps
// the certificate, which is bound when the registration is done.
func (s *Server) leadToRegistration(v *visit, fields url.Values, proof signed) error {
	t := ticket{Type: record.Organization, Code: record.NormalizeCode(proof.verified.Code), Command: storage.NewID(), Certificate: proof.certificate.Raw()}
	if record.CreditCodeProblem(t.Code) != "" {
		t.Type, t.IDType = record.Person, residentID
		if record.ResidentIDProblem(t.Code, time.Now()) != "" {
			return s.keyRefused(v, fields, record.Errorf(record.Invalid, "证书中的代码既不是有效的统一社会信用代码，也不是有效的居民身份证号码，请联系服务热线"))
		}
	}
	sealed, err := s.seals.seal(ticketCookie, time.Now().Add(ticketAge), t)
	if err != nil {
		return err
	}
	v.setCookie(ticketCookie, sealed, ticketAge)
	v.flashNotice(view.Notice{Tone: view.Info, Title: "该证书对应的主体尚未注册", Text: "代码已从证书读出。补全下面的信息即完成注册，证书随即绑定。"})
	return v.see("/register/details")
}

// bindAtRegistration logs a new account in by the certificate that led to its
// registration. Where that does not work any more the account stays logged in
// by password, and the key may log in later.
func (s *Server) bindAtRegistration(v *visit, t ticket, account record.ID) storage.NewSession {
	byPassword := storage.NewSession{Account: account, Assurance: record.ByPassword}
	if len(t.Certificate) == 0 || s.Trust == nil {
		return byPassword
	}
	c, err := certificate.Parse(t.Certificate)
	if err != nil {
		return byPassword
	}
	verified, err := s.Trust.Verify(c, nil, time.Now())
	if err != nil {
		return byPassword
	}
	grant, err := s.Store.LoginByCertificate(v.ctx, storage.CertificateLogin{
		Certificate: c, Verified: verified, NoPassword: access.NoPassword, Holds: account,
	})
	if err != nil || grant.Account != account {
		v.log.Warn("certificate not bound at registration", slog.Any("error", err))
		return byPassword
	}
	return storage.NewSession{Account: account, Assurance: record.ByCertificate, Certificate: c.SHA256()}
}

// keyRefused draws the login again and says why the key did not log in.
func (s *Server) keyRefused(v *visit, fields url.Values, err error) error {
	var text string
	status := http.StatusForbidden
	var known *record.Error
	refusal, refused := certificate.RefusalOf(err)
	switch {
	case refused:
		text = refusal.Explain()
		v.auditAt(slog.LevelWarn, "certificate login refused", slog.String("reason", string(refusal)))
	case errors.As(err, &known):
		text, status = known.Message, statuses[known.Code]
		v.auditAt(slog.LevelWarn, "certificate login refused", slog.String("reason", string(known.Code)))
	default:
		return err
	}
	return s.renderKeyLogin(v, status, view.LoginModel{Next: localPath(fields.Get("next")), Error: text})
}

// allowAgent lets the page's script reach the agent on the person's own
// computer.
func (s *Server) allowAgent(v *visit) {
	v.Set("Content-Security-Policy", view.Policy(v.nonce, s.AgentOrigin))
}

// submitStatement answers what a key has to sign for the submit of a draft.
func submitStatement(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	id, err := commandID(values)
	if err != nil {
		return err
	}
	if v.session.Assurance != record.ByCertificate || s.Trust == nil || !d.open() {
		return record.Errorf(record.Conflict, "当前不能签名，请刷新页面")
	}
	st, _, err := s.submitting(v, d, id, number(values.Get("draft_version")))
	if err != nil {
		return err
	}
	return s.challengeFor(v, st, v.cookie(v.sessionCookie()))
}

// submitting is the statement of a submit, and the digest that it is about.
func (s *Server) submitting(v *visit, d dossier, id record.ID, version int) (certificate.Statement, []byte, error) {
	digest, title, err := s.Store.DraftDigest(v.ctx, v.subject.ID, d.id, version)
	if err != nil {
		return certificate.Statement{}, nil, err
	}
	return certificate.Statement{
		Purpose: certificate.Submit, Nonce: string(id), Digest: fmt.Sprintf("%x", digest), Title: certificate.Title(d.kind.Label() + " " + title),
	}, digest, nil
}

// evidence checks the signature under a submit and makes what is kept of it.
// Unlike a login it fails closed: a certificate of which nobody can say whether
// it is good does not sign.
func (s *Server) evidence(v *visit, d dossier, c *record.Command, fields url.Values) error {
	if s.Trust == nil {
		return record.Errorf(record.Busy, "暂时不能核验签名，请稍后再试")
	}
	st, digest, err := s.submitting(v, d, c.ID, c.Draft)
	if err != nil {
		return err
	}
	proof, err := s.check(v, st, v.cookie(v.sessionCookie()), fields)
	if err != nil {
		return err
	}
	if proof.certificate.SHA256() != v.session.Certificate {
		return record.Errorf(record.Forbidden, "签名所用的证书不是本次登录的证书，请插入登录时使用的 CA 锁")
	}
	if err := proof.revocation.Err(); err != nil {
		return err
	}
	c.Digest = digest
	c.Signature, err = certificate.NewEvidence(proof.statement, proof.signature, proof.verified, proof.revocation, time.Now()).Marshal()
	return err
}

// signatureRefused turns what is wrong with a signature into words on the page.
func signatureRefused(err error) error {
	if refusal, ok := certificate.RefusalOf(err); ok {
		return record.Errorf(record.Forbidden, refusal.Explain())
	}
	return err
}
