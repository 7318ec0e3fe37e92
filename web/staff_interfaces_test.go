package web

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// interfacesPortal is a portal on a database of its own, and a supervisor.
func interfacesPortal(t *testing.T) (*portal, *browser) {
	t.Helper()
	store := storagetest.Fresh(t).Store()
	p := newPortal(t, func(o *Options) {
		o.Store, o.Rings = store, &rings{store: store}
		o.Subscribers = partner.NewMessenger(partner.MessengerConfig{})
	})
	boss, _ := p.newStaff(record.Supervisor, true)
	return p, boss
}

func TestB13_ASupervisorGivesKeysAndTakesThemBack(t *testing.T) {
	p, boss := interfacesPortal(t)
	form := boss.get("/staff/interfaces/keys/new")
	for name, c := range map[string]struct {
		fields url.Values
		want   string
	}{
		"no name":         {url.Values{"scopes": {"changes.read"}}, "请填写名称"},
		"no scope":        {url.Values{"name": {"甲"}}, "请至少选择一项权限"},
		"a strange scope": {url.Values{"name": {"甲"}, "scopes": {"everything"}}, "没有这项权限"},
		"no days":         {url.Values{"name": {"甲"}, "scopes": {"changes.read"}, "days": {"0"}}, "1 至 3650"},
	} {
		t.Run(name, func(t *testing.T) {
			a := boss.submit(form, "/staff/interfaces/keys", c.fields)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			require.Contains(t, a.text(), c.want)
			require.Equal(t, c.fields.Get("name"), a.value("name"), "what was typed is kept")
		})
	}
	added := boss.submit(form, "/staff/interfaces/keys", url.Values{"name": {"省交易平台"}, "scopes": {"changes.read", "subjects.read"}, "days": {"30"}})
	require.Equal(t, http.StatusOK, added.Status, added.text())
	require.Equal(t, "no-store", added.Header.Get("Cache-Control"))
	text := regexp.MustCompile(`urk_[A-Z2-7]+`).FindString(added.Body)
	key, err := p.Store.APIKeyOf(t.Context(), text)
	require.NoError(t, err)
	require.ElementsMatch(t, []storage.Scope{storage.ScopeChangesRead, storage.ScopeSubjectsRead}, key.Scopes)
	require.WithinDuration(t, time.Now().AddDate(0, 0, 30), key.ExpiresAt, time.Hour)
	list := boss.get("/staff/interfaces")
	require.NotContains(t, list.Body, text, "shown once")
	require.NotContains(t, p.log.String(), text)
	require.Contains(t, list.text(), "读取变更清单")
	revoked := boss.submit(list, "/staff/interfaces/keys/"+string(key.ID)+"/revoke", nil)
	require.Contains(t, boss.follow(revoked).text(), "已停用")
	_, err = p.Store.APIKeyOf(t.Context(), text)
	require.Equal(t, record.Unauthorized, record.CodeOf(err))
	require.Equal(t, http.StatusNotFound, boss.submit(list, "/staff/interfaces/keys/"+string(key.ID)+"/revoke", nil).Status)
	log := boss.get("/staff/log").text()
	require.Contains(t, log, "新增接口密钥")
	require.Contains(t, log, "停用接口密钥")
}

func subscription(change func(url.Values)) url.Values {
	fields := url.Values{"name": {"省交易平台"}, "url": {"https://trade.example.cn/hooks"}, "types": {"effective", "voided"}}
	if change != nil {
		change(fields)
	}
	return fields
}

func TestB14_ASupervisorLooksAfterSubscribers(t *testing.T) {
	p, boss := interfacesPortal(t)
	form := boss.get("/staff/interfaces/subscribers/new")
	for name, c := range map[string]struct{ field, value, want string }{
		"no name":              {"name", " ", "请填写订阅方名称"},
		"W35 plain http":       {"url", "http://trade.example.cn/", "https://"},
		"W35 a private place":  {"url", "https://192.168.1.7/hooks", "内网"},
		"W35 our own machine":  {"url", "https://127.0.0.1/hooks", "内网"},
		"no address":           {"url", "", "完整的网址"},
		"a change there isn't": {"types", "test", "没有这种变更"},
	} {
		t.Run(name, func(t *testing.T) {
			a := boss.submit(form, "/staff/interfaces/subscribers", subscription(func(v url.Values) { v.Set(c.field, c.value) }))
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			require.Contains(t, a.text(), c.want)
		})
	}
	added := boss.submit(form, "/staff/interfaces/subscribers", subscription(nil))
	require.Equal(t, http.StatusOK, added.Status, added.text())
	secret := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(added.Body)
	require.NotEmpty(t, secret)
	all, err := p.Store.Subscribers(t.Context())
	require.NoError(t, err)
	require.Len(t, all, 1)
	path := subscriberPath(all[0].ID)
	page := boss.get(path)
	require.NotContains(t, page.Body, "whsec_", "shown once")
	require.NotContains(t, p.log.String(), secret)
	twice := boss.submit(form, "/staff/interfaces/subscribers", subscription(nil))
	require.Equal(t, http.StatusConflict, twice.Status)
	require.Contains(t, twice.text(), "已有订阅方")

	does := func(rest, want string) *answer {
		t.Helper()
		a := boss.follow(boss.submit(boss.get(path), path+rest, nil))
		require.Contains(t, a.text(), want)
		return a
	}
	does("/pause", "已暂停推送")
	require.Contains(t, does("/pause", "现在没有在推送").text(), "恢复推送")
	does("/resume", "已恢复推送")
	require.Contains(t, does("/test", "测试消息即将发出").text(), "尚未发送")
	does("/test", "还没有发出")
	exchanged := boss.submit(page, path+"/exchange", nil)
	require.Equal(t, http.StatusOK, exchanged.Status)
	second := regexp.MustCompile(`whsec_[A-Za-z0-9+/=]+`).FindString(exchanged.Body)
	require.NotEqual(t, secret, second)
	require.Contains(t, boss.follow(boss.submit(page, path+"/exchange", nil)).text(), "请先停用")
	does("/retire", "旧密钥已停用")

	changed := boss.submit(page, path, subscription(func(v url.Values) { v.Set("name", "新平台") }))
	require.Contains(t, boss.follow(changed).text(), "新平台")
	wrong := boss.submit(page, path, subscription(func(v url.Values) { v.Set("url", "ftp://x") }))
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	require.Equal(t, "ftp://x", wrong.value("url"))

	// What was sent is on the page, and is sent again from there.
	held, err := p.Store.HoldSubscriber(t.Context())
	require.NoError(t, err)
	sent, err := p.Store.NextMessage(t.Context(), held)
	require.NoError(t, err)
	_, err = p.Store.NoteDelivery(t.Context(), held, sent, record.Attempt{Status: 503, Failure: record.DeliveryRefused})
	require.NoError(t, err)
	require.NoError(t, p.Store.ReleaseSubscriber(t.Context(), held))
	shown := boss.get(path)
	require.Contains(t, shown.text(), "HTTP 503")
	again := regexp.MustCompile(path + `/deliveries/([^/]+)/resend`).FindString(shown.Body)
	require.NotEmpty(t, again)
	require.Contains(t, boss.follow(boss.submit(shown, again, nil)).text(), "等待发送")
	require.Contains(t, boss.follow(boss.submit(shown, again, nil)).text(), "已经在重新发送")

	removed := boss.submit(page, path+"/remove", nil)
	require.Equal(t, "/staff/interfaces", removed.location())
	for _, rest := range []string{"", "/pause", "/resume", "/exchange", "/retire", "/test", "/remove"} {
		require.Equal(t, http.StatusNotFound, boss.submit(page, path+rest, subscription(nil)).Status, rest)
	}
	log := boss.get("/staff/log").text()
	for _, word := range []string{"新增订阅方", "修改订阅方", "暂停向订阅方推送", "恢复向订阅方推送", "更换订阅方的签名密钥", "停用订阅方的旧密钥", "要求向订阅方发送消息", "移除订阅方"} {
		require.Contains(t, log, word)
	}
	reviewer, _ := p.newStaff(record.Reviewer, true)
	require.Equal(t, http.StatusForbidden, reviewer.get("/staff/interfaces").Status)
}

func TestB14_SupervisorsAreToldAtTheQueueOfWhoIsNoLongerCalled(t *testing.T) {
	p, boss := interfacesPortal(t)
	_, _, err := p.Store.AddSubscriber(t.Context(), record.Actor{Role: record.Supervisor}, storage.NewSubscriber{
		Name: "省交易平台", URL: "https://trade.example.cn/", Types: record.ChangeTypes(),
	})
	require.NoError(t, err)
	who := p.newOrganization()
	_, err = p.Store.CloseAbandoned(t.Context(), who.subject.ID)
	require.NoError(t, err)
	const told = "有订阅方收不到通知"
	require.NotContains(t, boss.get("/staff").text(), told)
	held, err := p.Store.HoldSubscriber(t.Context())
	require.NoError(t, err)
	sent, err := p.Store.NextMessage(t.Context(), held)
	require.NoError(t, err)
	_, err = p.Store.NoteDelivery(t.Context(), held, sent, record.Attempt{Status: 410, Failure: record.DeliveryGone})
	require.NoError(t, err)
	require.Contains(t, boss.get("/staff").text(), told)
	require.Contains(t, boss.get("/staff/interfaces").text(), "系统已暂停")
	require.Contains(t, boss.get("/staff/log").text(), "系统停止向订阅方推送")
	reviewer, _ := p.newStaff(record.Reviewer, true)
	require.NotContains(t, reviewer.get("/staff").text(), told)
}

func TestB13_EveryScopeAndEveryChangeHasItsWords(t *testing.T) {
	for _, scope := range storage.Scopes() {
		require.NotEmpty(t, scopeWords[scope].Label, scope)
	}
	require.Len(t, scopeWords, len(storage.Scopes()))
	for _, change := range record.ChangeTypes() {
		require.NotEmpty(t, change.Label(), change)
	}
}
