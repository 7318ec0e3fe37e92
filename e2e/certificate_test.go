package e2e

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// TestCertificateFromHandoffToRevocation is the whole way of a certificate, on
// each kind of key: applied for, issued, bound, logged in with, signed with,
// reviewed, counted for 电子标, and revoked.
func TestCertificateFromHandoffToRevocation(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	for _, c := range []struct {
		key   string
		issue func(t testing.TB, reference, name string) (serial string)
	}{
		{"N08 RSA in a token file", func(t testing.TB, reference, _ string) string { return s.company.issues(t, s, reference, "RSA") }},
		{"N08 SM2 in a token file", func(t testing.TB, reference, _ string) string { return s.company.issues(t, s, reference, "SM2") }},
		{"N08 RSA in a PKCS11 token", func(t testing.TB, reference, name string) string {
			return s.company.issuesInto(t, s, reference, name)
		}},
	} {
		t.Run(c.key, func(t *testing.T) {
			t.Parallel()
			wholeWayOfACertificate(t, s, c.issue)
		})
	}
}

func wholeWayOfACertificate(t *testing.T, s *system, issue func(t testing.TB, reference, name string) string) {
	name := fmt.Sprintf("持钥建设%d有限公司", nextNumber())
	b := newBidder(t, s, name)
	p := b.sit(t)
	p.sendsNoHeader()
	p.part("S14 says what is missing before a certificate can be applied for", func() {
		p.open("/profile")
		p.sees("CA 申请信息", "还差")
		require.Equal(t, "true", p.eval(`document.querySelector("#s-ca button").getAttribute("aria-disabled")`))
	})
	b.complete(t)
	p.part("S15 a dialog asks before the information is sent", func() {
		p.open("/profile")
		p.follow("CA办理申请")
		p.sees("申请内容", "机构证书")
		p.press("提交申请")
		p.sees("确认提交", name)
	})
	reference := ""
	p.part("S16 it is sent, and the answer says which papers to bring where", func() {
		p.follow("确定")
		p.sees("请携带", "受理点", "数字证书申请表")
		reference = path.Base(p.path())
		require.True(t, storage.ValidID(reference), p.path())
	})
	serial := issue(t, reference, name)
	p.part("S31 the certificate is bound and shown", func() {
		eventually(t, patience, func() string { return b.holds(t, record.CertificateValid) })
		p.open("/certificates")
		p.sees("有效", "签发后自动绑定")
		p.open(p.eval(fmt.Sprintf(`[...document.querySelectorAll("a")].find((a) => a.textContent.includes(%q)).getAttribute("href")`, serial)))
		p.sees(serial, "SHA-256", name)
	})
	p.part("S07 logs in with the key", func() {
		p.logsOut(name)
		p.logsInByKey(name)
		p.sees("首页", "CA 证书登录")
		require.Equal(t, "/home", p.path())
	})
	p.part("N03 S11 submits, signed with the key", func() {
		p.open("/profile")
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中")
	})
	p.part("N03 the reviewer sees that the signature is good", func() {
		desk := newMember(t, s, "审核员丁", record.Reviewer, true).sit(t, s)
		desk.takes(name)
		desk.unfoldsChecks()
		desk.sees("数字签名有效，内容自提交后未被改动")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
	})
	p.part("S13 电子标 is granted", func() {
		p.open("/home")
		p.sees("电子标可以参加")
		p.follow("查看基本信息")
		p.seesNot("仅可开展纸质标业务")
	})
	p.part("C7 S13 a revoked certificate ends the session, and 电子标 with it", func() {
		s.company.operates(t, "/operator/certificates/"+serial+"/revoke", map[string]any{"reason": "keyCompromise"})
		eventually(t, time.Minute, func() string {
			p.open("/home")
			if !strings.HasPrefix(p.path(), "/login") {
				return "the session goes on"
			}
			return ""
		})
		p.logsIn(name)
		p.sees("电子标暂不能参加", "没有绑定有效的 CA 证书", "纸质标可以参加")
	})
	p.part("C4 the revoked key does not log in, and is told why", func() {
		p.logsOut(name)
		p.logsInByKey(name)
		p.sees("这张证书已被吊销")
	})
}

// holds tells what keeps the bidder from holding a signing certificate in that
// state.
func (b *bidder) holds(t testing.TB, state record.CertificateState) string {
	all, err := b.system.store.Certificates(t.Context(), b.subject.ID)
	if err != nil {
		return err.Error()
	}
	var states []string
	for _, c := range all {
		if c.Use == storage.UseSigning && c.State(time.Now()) == state {
			return ""
		}
		states = append(states, string(c.State(time.Now())))
	}
	return "certificates: " + strings.Join(states, ", ")
}

// TestFailedHandoff is what a bidder sees while the CA company does not answer.
func TestFailedHandoff(t *testing.T) {
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("待发建设%d有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	faults := func(switches map[string]any) { s.company.operates(t, "/faults", switches) }
	t.Cleanup(func() { faults(map[string]any{}) })
	p.part("S17 a failure is told with the hotline and the QQ group", func() {
		faults(map[string]any{"refuse_percent": 100})
		p.open("/ca/applications/new")
		p.press("提交申请")
		p.follow("确定")
		p.sees("没有发送成功", "0731-82210013/82210016", "878543073", "重新发送")
	})
	p.part("S17 is sent again, and nothing is sent twice", func() {
		faults(map[string]any{})
		p.follow("重新发送")
		p.sees("请携带", "受理点")
		status, answer := s.company.asked(t, http.MethodGet, "/operator/applications/"+path.Base(p.path()), nil)
		require.Equal(t, http.StatusOK, status, "%v", answer)
	})
}

// TestS09_KeyBeforeRegistration is who holds a key and never registered here.
func TestS09_KeyBeforeRegistration(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	name := fmt.Sprintf("先有锁建设%d有限公司", nextNumber())
	// The key comes from an application of an earlier registration, which was
	// closed: the code is free again and the certificate goes on.
	before := newBidder(t, s, name).complete(t)
	p := before.sit(t)
	p.sendsNoHeader()
	p.open("/ca/applications/new")
	p.press("提交申请")
	p.follow("确定")
	p.sees("请携带")
	s.company.issues(t, s, path.Base(p.path()), "SM2")
	eventually(t, patience, func() string { return before.holds(t, record.CertificateValid) })
	state, err := s.store.CloseAbandoned(t.Context(), before.subject.ID)
	require.NoError(t, err)
	require.True(t, state.Closed, "%+v", state)

	p.part("S09 the key leads through registration with the code filled in", func() {
		p.logsInByKey(name)
		p.sees("该证书对应的主体尚未注册", before.subject.Code, "第 2 步，共 2 步")
		p.fill("单位全称", name)
		p.fill("新建密码", password)
		p.fill("再次输入密码", password)
		p.follow("注册并登录")
		p.sees("注册成功")
		p.press("开始填写基本信息")
		p.open("/certificates")
		p.sees("首次登录时绑定")
	})
}

func TestS08_DriverDownload(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p := newPerson(t, s)
	p.open("/login/certificate")
	p.follow("CA驱动下载")
	p.sees("Windows", "macOS", "Linux", "SHA-256", "运行", "确定", "安装", "完成", "【用户认证】", "允许本站", "本站暂未提供")
	require.NotEmpty(t, p.eval(`document.querySelector("a[href='/downloads/ukey-linux-amd64']")?.textContent ?? ""`))
}

// TestC11_AnAgentThatIsAbsentOrKeptFromThePageIsExplained opens the login page
// where no agent runs, and where the browser does not let the page reach one.
func TestC11_AnAgentThatIsAbsentOrKeptFromThePageIsExplained(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	nobody, err := freeAddress()
	require.NoError(t, err)
	lonely, err := s.runPortal("lonely", map[string]string{"UNIREG_AGENT_ORIGIN": "http://" + nobody})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lonely.stop()) })
	lonely.serves(t)

	absent := newPerson(t, s)
	absent.origin = lonely.origin
	absent.open("/login/certificate")
	absent.sees("未连接 CA 驱动", "没有检测到 CA 驱动", "下载并安装 CA 驱动", "重新检测")

	denied := newPerson(t, s)
	denied.open("/login")
	denied.do(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `navigator.permissions.query = async () => ({ state: "denied" });
			window.fetch = async () => { throw new TypeError("kept from this computer"); };`,
	}))
	denied.open("/login/certificate")
	denied.sees("浏览器不允许本页连接 CA 驱动", "本地网络访问")
}
