package agent_test

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/certificate/filetoken"
)

func TestTheWindowShowsWhatIsSigned(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	st := d.submit("单位资质 <b>建筑工程</b> & 变更")
	page, _ := d.open(d.begin(key.Certificate.SHA256(), st))
	for _, part := range []string{
		"用户认证", "签名并提交", "单位资质 &lt;b&gt;建筑工程&lt;/b&gt; &amp; 变更", portal, st.Time.Local().Format("2006-01-02 15:04:05"), st.Digest,
		key.Certificate.CommonName(), "示范锁", "测试CA SM2", key.Certificate.NotAfter().Local().Format("2006-01-02"), "连续输错将锁定", "确定", "取消",
		`<html lang="zh-CN">`, `<label for="pin">`,
	} {
		require.Contains(t, page, part)
	}
	require.NotContains(t, page, "<script", "no script is needed to type a PIN")
	page, _ = d.open(d.begin(key.Certificate.SHA256(), d.login()))
	require.Contains(t, page, ">登录<")
	require.NotContains(t, page, "文件摘要")
}

func TestC2AWrongPINIsCountedUntilTheTokenLocks(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key, path := d.insert(world, certificate.SM2)
	request := d.begin(key.Certificate.SHA256(), d.login())
	require.Equal(t, new(5), d.result(request).TriesLeft)
	for left := 4; left >= 1; left-- {
		a := d.enter(request, "000000")
		require.Equal(t, http.StatusUnprocessableEntity, a.status)
		require.Contains(t, a.body, "口令不正确")
		require.Contains(t, a.body, map[bool]string{true: "只剩最后 1 次机会", false: "还可尝试"}[left == 1])
		require.NotContains(t, a.body, "000000", "a PIN is never sent back")
		r := d.result(request)
		require.Equal(t, result{State: "waiting", TriesLeft: new(left)}, r)
	}
	require.Equal(t, http.StatusSeeOther, d.enter(request, "000000").status)
	require.Equal(t, result{State: "failed", Reason: "locked", TriesLeft: new(0)}, d.result(request))
	page, _ := d.open(request)
	require.Contains(t, page, "CA 锁已锁定")
	require.NotContains(t, page, "name=\"pin\"")

	again := d.begin(key.Certificate.SHA256(), d.login())
	require.Equal(t, http.StatusSeeOther, d.enter(again, pin).status)
	require.Equal(t, "locked", d.result(again).Reason, "the right PIN comes too late")

	file, err := filetoken.Open(path)
	require.NoError(t, err)
	require.NoError(t, file.Unlock("9876543210", pin))
	d.watch.Look()
	third := d.begin(key.Certificate.SHA256(), d.login())
	require.Equal(t, http.StatusUnprocessableEntity, d.enter(third, "").status, "an empty PIN costs no try")
	require.Equal(t, new(5), d.result(third).TriesLeft)
	require.Equal(t, http.StatusUnprocessableEntity, d.enter(third, "000000").status)
	require.Equal(t, http.StatusSeeOther, d.enter(third, pin).status)
	require.Equal(t, "signed", d.result(third).State)
}

func TestC2TheAgentGrantsFiveTriesWhereTheTokenGrantsMore(t *testing.T) {
	world := certificatetest.New(t, "", "")
	d := newDesk(t)
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	for range 4 {
		require.Equal(t, http.StatusUnprocessableEntity, d.enter(request, "000000").status)
	}
	require.Equal(t, http.StatusSeeOther, d.enter(request, "000000").status)
	require.Equal(t, result{State: "failed", Reason: "wrong_pin"}, d.result(request))
	require.Equal(t, http.StatusForbidden, d.enter(request, pin).status, "there is no form any more")
}

func TestATokenThatFailsIsToldAndLogged(t *testing.T) {
	world := certificatetest.New(t, "", "")
	d := newDesk(t)
	key := d.plug(world)
	d.pocket.fault = errors.New("CKR_DEVICE_ERROR")
	request := d.begin(key.Certificate.SHA256(), d.login())
	require.Equal(t, http.StatusSeeOther, d.enter(request, "000000").status)
	require.Equal(t, "fault", d.result(request).Reason)
	require.Contains(t, d.log.String(), "CKR_DEVICE_ERROR")
	page, _ := d.open(request)
	require.Contains(t, page, "CA 锁没有响应")
	require.NotContains(t, page, "CKR")
}

func TestCancelledSignsNothing(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	_, csrf := d.open(request)
	require.Equal(t, http.StatusSeeOther, d.press(request, url.Values{"csrf": {csrf}, "pin": {pin}, "action": {"cancel"}}).status)
	require.Equal(t, "cancelled", d.result(request).Reason)
	d.press(request, url.Values{"csrf": {csrf}, "pin": {pin}, "action": {"sign"}})
	require.Equal(t, "refused", d.result(request).State)
}

func TestC2ARequestServesOnce(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	_, csrf := d.open(request)
	fields := url.Values{"csrf": {csrf}, "pin": {pin}, "action": {"sign"}}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { d.press(request, fields) })
	}
	all.Wait()
	first := d.result(request)
	require.Equal(t, "signed", first.State)
	d.press(request, fields)
	require.Equal(t, first, d.result(request), "SM2 signatures differ: it was made once")
	require.Equal(t, 1, d.pocket.made())
	page, _ := d.open(request)
	require.Contains(t, page, "可以关闭此窗口")
	require.Contains(t, page, `<script src="/static/close.js" defer></script>`)
}

func TestC2ARequestDiesAfterTwoMinutes(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	_, csrf := d.open(request)
	d.later(2 * time.Minute)
	require.Equal(t, http.StatusSeeOther, d.press(request, url.Values{"csrf": {csrf}, "pin": {pin}, "action": {"sign"}}).status)
	require.Equal(t, result{State: "failed", Reason: "expired"}, d.result(request))
	page, _ := d.open(request)
	require.Contains(t, page, "请求已过期")
	d.later(3 * time.Minute)
	require.Equal(t, http.StatusNotFound, d.send(http.MethodGet, "/authenticate/"+request, "").status)
	require.Equal(t, http.StatusNotFound, d.press(request, url.Values{"csrf": {csrf}}).status)
}

func TestARemovedTokenEndsTheRequest(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key, path := d.insert(world, certificate.SM2)
	seen, typed := d.begin(key.Certificate.SHA256(), d.login()), d.begin(key.Certificate.SHA256(), d.login())
	_, csrf := d.open(typed)
	require.NoError(t, os.Remove(path))
	d.press(typed, url.Values{"csrf": {csrf}, "pin": {pin}, "action": {"sign"}})
	require.Equal(t, "removed", d.result(typed).Reason)
	page, _ := d.open(seen)
	require.Contains(t, page, "CA 锁已拔出")
	require.Equal(t, "removed", d.result(seen).Reason)
}

func TestW13OnlyTheWindowsOwnPageSendsAPIN(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request, other := d.begin(key.Certificate.SHA256(), d.login()), d.begin(key.Certificate.SHA256(), d.login())
	_, csrf := d.open(request)
	_, foreign := d.open(other)
	fields := func(token string) url.Values { return url.Values{"csrf": {token}, "pin": {pin}, "action": {"sign"}} }
	for name, send := range map[string]func() answer{
		"no token":          func() answer { return d.press(request, fields("")) },
		"another's token":   func() answer { return d.press(request, fields(foreign)) },
		"the portal's page": func() answer { return d.press(request, fields(csrf), "Origin", portal) },
		"a sandboxed page":  func() answer { return d.press(request, fields(csrf), "Origin", "null") },
		"a foreign page":    func() answer { return d.press(request, fields(csrf), "Origin", "https://evil.example") },
		"no origin":         func() answer { return d.press(request, fields(csrf), "Origin", "") },
		"a cross-site form": func() answer { return d.press(request, fields(csrf), "Sec-Fetch-Site", "cross-site") },
		"plain text":        func() answer { return d.press(request, fields(csrf), "Content-Type", "text/plain") },
		"damaged":           func() answer { return d.press(request, url.Values{"csrf": {csrf + "%"}}, "X", "y") },
		"a cancel without a token": func() answer {
			return d.press(request, url.Values{"action": {"cancel"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusForbidden, send().status)
			require.Equal(t, "waiting", d.result(request).State)
		})
	}
	t.Run("a GET changes nothing", func(t *testing.T) {
		a := d.send(http.MethodGet, "/authenticate/"+request+"?"+fields(csrf).Encode(), "", "Origin", d.address)
		require.Equal(t, http.StatusOK, a.status)
		require.Equal(t, "waiting", d.result(request).State)
	})
	t.Run("no other page reads the window", func(t *testing.T) {
		a := d.send(http.MethodGet, "/authenticate/"+request, "", "Origin", portal)
		require.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
		require.Equal(t, http.StatusMethodNotAllowed, d.send(http.MethodOptions, "/authenticate/"+request, "", "Origin", portal).status)
	})
	t.Run("an endless form", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, d.press(request, fields(csrf+strings.Repeat("x", 1<<20))).status)
	})
	require.Equal(t, http.StatusSeeOther, d.press(request, fields(csrf), "Sec-Fetch-Site", "same-origin").status)
}

func TestW14EveryAnswerForbidsInlineScriptsAndFrames(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key := d.plug(world)
	request := d.begin(key.Certificate.SHA256(), d.login())
	for _, path := range []string{"/", "/authenticate/" + request, "/authenticate/none", "/allow?origin=https://new.example.cn", "/install", "/static/agent.css", "/static/close.js", "/static/guard.js", "/static/seal.svg", "/v1/status", "/none"} {
		a := d.get(path)
		policy := a.header.Get("Content-Security-Policy")
		require.Contains(t, policy, "default-src 'none'", path)
		require.Contains(t, policy, "script-src 'self'", path)
		require.Contains(t, policy, "frame-ancestors 'none'", path)
		require.NotContains(t, policy, "unsafe", path)
		require.Equal(t, "DENY", a.header.Get("X-Frame-Options"), path)
		require.Equal(t, "nosniff", a.header.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-store", a.header.Get("Cache-Control"), path)
		require.NotContains(t, a.body, "style=", path)
		require.NotContains(t, a.body, "onclick", path)
	}
}

func TestW31LogsHoldNoPINNoNameNoTitle(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	key, _ := d.insert(world, certificate.SM2)
	request := d.begin(key.Certificate.SHA256(), d.submit("金丝雀"))
	d.enter(request, "canary-0000")
	d.enter(request, pin)
	d.send(http.MethodGet, "/v1/status", "", "Origin", "https://evil.example\tlevel=ERROR")
	said := d.log.String()
	require.Contains(t, said, "state=signed")
	for _, secret := range []string{"canary-0000", pin, url.QueryEscape(pin), "金丝雀", key.Certificate.CommonName(), code, "\tlevel=ERROR"} {
		require.NotContains(t, said, secret)
	}
}

func TestTheStartPageTellsThatTheAgentRuns(t *testing.T) {
	d, world := newDesk(t), certificatetest.New(t, "", "")
	page := d.send(http.MethodGet, "/", "").body
	require.Contains(t, page, "没有检测到 CA 锁")
	require.Contains(t, page, portal)
	key := d.plug(world)
	require.Contains(t, d.send(http.MethodGet, "/", "").body, key.Certificate.CommonName())
}
