package site_test

import (
	"bytes"
	"encoding/pem"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/filetoken"
	"unireg/cmd/cacompany/internal/ledger"
	"unireg/cmd/cacompany/internal/protocol"
)

// desk is an operator at the pages.
type desk struct {
	f      *firm
	client *http.Client
	csrf   string
}

func (f *firm) desk() *desk {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(f.t, err)
	return &desk{f: f, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// login goes to the pages with the password.
func (f *firm) login() *desk {
	f.t.Helper()
	d := f.desk()
	d.post(http.StatusSeeOther, "/login", url.Values{"login": {f.settings.Operator}, "password": {f.settings.Password}})
	d.get("/desk")
	return d
}

func (d *desk) do(request *http.Request) (int, string) {
	d.f.t.Helper()
	response, err := d.client.Do(request)
	require.NoError(d.f.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(d.f.t, err)
	if found := regexp.MustCompile(`name="csrf" value="(\w+)"`).FindSubmatch(body); found != nil {
		d.csrf = string(found[1])
	}
	return response.StatusCode, string(body)
}

func (d *desk) get(path string) string {
	d.f.t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.f.url+path, nil) //nolint:noctx // a test on this machine
	require.NoError(d.f.t, err)
	status, body := d.do(request)
	require.Equal(d.f.t, http.StatusOK, status, path)
	return body
}

func (d *desk) post(want int, path string, form url.Values) string {
	d.f.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has("csrf") {
		form.Set("csrf", d.csrf)
	}
	request, err := http.NewRequest(http.MethodPost, d.f.url+path, strings.NewReader(form.Encode())) //nolint:noctx // a test on this machine
	require.NoError(d.f.t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, body := d.do(request)
	require.Equal(d.f.t, want, status, "%s: %s", path, body)
	return body
}

// upload posts a form with one file.
func (d *desk) upload(want int, path, field string, content []byte) string {
	d.f.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	require.NoError(d.f.t, form.WriteField("csrf", d.csrf))
	file, err := form.CreateFormFile(field, "file")
	require.NoError(d.f.t, err)
	_, err = file.Write(content)
	require.NoError(d.f.t, err)
	require.NoError(d.f.t, form.Close())
	request, err := http.NewRequest(http.MethodPost, d.f.url+path, &b) //nolint:noctx // a test on this machine
	require.NoError(d.f.t, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	status, body := d.do(request)
	require.Equal(d.f.t, want, status, "%s: %s", path, body)
	return body
}

func TestOperatorsPagesAreGuarded(t *testing.T) {
	f := newFirm(t)
	a := application()
	f.apply(a)
	stranger := f.desk()
	for _, path := range []string{"/desk", "/desk/applications/" + a.Reference, "/desk/certificates", "/desk/deliveries", "/desk/secrets", "/desk/faults"} {
		request, err := http.NewRequest(http.MethodGet, f.url+path, nil) //nolint:noctx // a test on this machine
		require.NoError(t, err)
		status, body := stranger.do(request)
		require.Equal(t, http.StatusSeeOther, status, path)
		require.NotContains(t, body, a.Subject.Name)
	}
	stranger.post(http.StatusSeeOther, "/desk/applications/"+a.Reference+"/accept", nil)
	stranger.post(http.StatusUnprocessableEntity, "/login", url.Values{"login": {"operator"}, "password": {"wrong"}})
	stranger.post(http.StatusUnprocessableEntity, "/login", url.Values{"login": {"root"}, "password": {f.settings.Password}})
	require.Empty(t, f.state(a.Reference).Events)

	d := f.login()
	d.post(http.StatusForbidden, "/desk/applications/"+a.Reference+"/accept", url.Values{"csrf": {"forged"}})
	request, err := http.NewRequest(http.MethodPost, f.url+"/desk/applications/"+a.Reference+"/accept", strings.NewReader("csrf="+d.csrf)) //nolint:noctx // a test on this machine
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", "http://evil.example")
	status, _ := d.do(request)
	require.Equal(t, http.StatusForbidden, status, "another site")
	require.Empty(t, f.state(a.Reference).Events)

	status, _ = f.ask(http.MethodPost, "/operator/applications/"+a.Reference+"/accept", f.settings.Token, nil)
	require.Equal(t, http.StatusUnauthorized, status, "the registration system's token is not the operator's")
	d.post(http.StatusSeeOther, "/logout", nil)
	d.post(http.StatusSeeOther, "/desk/applications/"+a.Reference+"/accept", nil)
	require.Empty(t, f.state(a.Reference).Events, "logged out")
}

func TestOperatorWorksAnApplicationOff(t *testing.T) {
	f := newFirm(t)
	a := application()
	acceptance := f.apply(a)
	f.apply(application(code(5), func(a *protocol.Application) { a.Subject.Name = "远山水利工程有限公司" }))
	d := f.login()
	require.Contains(t, d.get("/desk"), acceptance.OrderNo)
	require.NotContains(t, d.get("/desk?status=issued"), acceptance.OrderNo)
	found := d.post(http.StatusOK, "/desk", url.Values{"q": {"远山"}})
	require.Contains(t, found, "远山水利工程有限公司")
	require.NotContains(t, found, a.Subject.Name)

	path := "/desk/applications/" + a.Reference
	page := d.get(path)
	for _, text := range []string{a.Subject.Name, a.Subject.Code, a.Representative.Name, a.Agent.Phone, acceptance.OrderNo, "待受理"} {
		require.Contains(t, page, text)
	}
	require.NotContains(t, page, path+"/issue", "only what is legal is offered")
	require.Contains(t, d.post(http.StatusConflict, path+"/issue", url.Values{"algorithm": {"RSA"}}), "不能签发")
	require.Contains(t, d.post(http.StatusUnprocessableEntity, path+"/reject", url.Values{"reason": {" "}}), "请写明原因")
	d.post(http.StatusSeeOther, path+"/accept", nil)
	require.Contains(t, d.get(path), "申请受理中，正在通知注册系统")
	d.post(http.StatusSeeOther, path+"/supplement", url.Values{"reason": {"营业执照<b>不清晰"}})
	require.Contains(t, d.get(path), "营业执照&lt;b&gt;不清晰")
	for _, action := range []string{"accept", "payment", "producing"} {
		d.post(http.StatusSeeOther, path+"/"+action, nil)
	}
	require.Contains(t, d.post(http.StatusUnprocessableEntity, path+"/issue", url.Values{"csr": {"none"}}), "证书请求（CSR）无效")
	d.post(http.StatusSeeOther, path+"/issue", url.Values{"algorithm": {"SM2"}})
	page = d.get(path)
	pin := regexp.MustCompile(`data-pin>(\d{8})<`).FindStringSubmatch(page)
	require.NotNil(t, pin, "the PIN is shown")
	require.NotContains(t, d.get(path), pin[1], "once")

	token := filepath.Join(t.TempDir(), "token.ukey")
	require.NoError(t, os.WriteFile(token, []byte(d.get(path+"/token")), 0o600))
	opened, err := filetoken.Open(token)
	require.NoError(t, err)
	require.Len(t, opened.Certificates(), 2, "signing and encryption")
	leaf, err := certificate.Parse(opened.Certificates()[0].Certificates[0])
	require.NoError(t, err)
	signature, err := opened.Sign(pin[1], leaf.Raw(), []byte("statement"))
	require.NoError(t, err)
	require.NoError(t, leaf.CheckSignature([]byte("statement"), signature))

	f.settle()
	require.Contains(t, d.get("/desk/deliveries"), "已送达")
	require.Contains(t, d.get("/desk/certificates"), a.Subject.Name)
	certificatePath := "/desk/certificates/" + leaf.Serial()
	require.Contains(t, d.get(certificatePath), "有效")
	d.post(http.StatusSeeOther, certificatePath+"/hold", nil)
	require.Contains(t, d.get(certificatePath), "解除挂失")
	d.post(http.StatusSeeOther, certificatePath+"/revoke", url.Values{"reason": {"keyCompromise"}})
	require.Equal(t, ledger.Revoked, f.certificate(leaf.Serial()).State)
	d.post(http.StatusConflict, certificatePath+"/resume", nil)
}

func TestOperatorIssuesOnAnUploadedRequestAndUnlocksAToken(t *testing.T) {
	f := newFirm(t)
	d := f.login()
	a := application()
	f.apply(a)
	f.decide(a.Reference, "accept", "producing")
	path := "/desk/applications/" + a.Reference
	_, csr := request(t, certificate.ECDSA)
	d.upload(http.StatusSeeOther, path+"/issue", "csr_file", csr)
	page := d.get(path)
	require.Contains(t, page, "data-pem")
	block, _ := pem.Decode([]byte(page[strings.Index(page, "-----BEGIN"):]))
	leaf, err := certificate.Parse(block.Bytes)
	require.NoError(t, err)
	require.Equal(t, certificate.ECDSA, leaf.Algorithm())

	b := application(code(3))
	outcome := f.issue(b, order{"algorithm": "RSA", "pin": "123456"})
	require.Equal(t, "123456", outcome.PIN)
	lockedPath := filepath.Join(t.TempDir(), outcome.TokenName)
	require.NoError(t, os.WriteFile(lockedPath, outcome.Token, 0o600))
	token, err := filetoken.Open(lockedPath)
	require.NoError(t, err)
	raw := token.Certificates()[0].Certificates[0]
	for range filetoken.PINTries {
		_, err = token.Sign("999999", raw, nil)
	}
	require.ErrorAs(t, err, &filetoken.Locked{})
	locked, err := os.ReadFile(lockedPath)
	require.NoError(t, err)

	unlock := application(code(3), func(u *protocol.Application) {
		u.Business, u.Certificate = protocol.Unlock, &protocol.CertificateRef{Issuer: f.certificate(outcome.Serials[0]).Issuer, Serial: outcome.Serials[0]}
	})
	f.apply(unlock)
	f.decide(unlock.Reference, "accept", "producing")
	path = "/desk/applications/" + unlock.Reference
	require.Contains(t, d.post(http.StatusUnprocessableEntity, path+"/issue", nil), "请上传需要解锁的")
	require.Contains(t, d.upload(http.StatusUnprocessableEntity, path+"/issue", "token", []byte("{}")), "不是 UKey 文件")
	other := f.issue(application(code(4)), order{"algorithm": "SM2"})
	require.Contains(t, d.upload(http.StatusUnprocessableEntity, path+"/issue", "token", other.Token), "没有申请所指的证书")
	d.upload(http.StatusSeeOther, path+"/issue", "token", locked)
	pin := regexp.MustCompile(`data-pin>(\d{8})<`).FindStringSubmatch(d.get(path))
	require.NotNil(t, pin)
	require.NoError(t, os.WriteFile(lockedPath, []byte(d.get(path+"/token")), 0o600))
	token, err = filetoken.Open(lockedPath)
	require.NoError(t, err)
	_, err = token.Sign(pin[1], raw, nil)
	require.NoError(t, err)
}

func TestOperatorExchangesSecretsAndSetsSwitchesOnPages(t *testing.T) {
	f := newFirm(t)
	d := f.login()
	require.NotContains(t, d.get("/desk/secrets"), "/desk/secrets/incoming/retire")
	d.post(http.StatusSeeOther, "/desk/secrets/incoming/rotate", nil)
	require.Contains(t, d.get("/desk/secrets"), "/desk/secrets/incoming/retire")
	written, err := os.ReadFile(filepath.Join(f.directory, "registration.env"))
	require.NoError(t, err)
	f.reload()
	require.Contains(t, string(written), "UNIREG_CA_SECRETS="+strings.Join(f.settings.Incoming, ",")+"\n")

	form := url.Values{"slow_seconds": {"0"}, "silent_percent": {"0"}, "refuse_percent": {"0"}, "drop_percent": {"30"}, "duplicates": {"2"}, "reorder": {"true"}}
	d.post(http.StatusSeeOther, "/desk/faults", form)
	require.Equal(t, 30, f.board.Read().DropPercent)
	require.True(t, f.board.Read().Reorder)
	require.Contains(t, d.get("/desk"), "故障开关已打开")
	form.Set("drop_percent", "many")
	require.Contains(t, d.post(http.StatusUnprocessableEntity, "/desk/faults", form), "比例须在")
	d.post(http.StatusSeeOther, "/desk/faults", url.Values{"off": {"true"}})
	require.False(t, f.board.Read().Any())
}
