package web

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// postbox keeps letters.
type postbox struct{ letters []storage.Letter }

func (p *postbox) Carry(_ context.Context, l storage.Letter) error {
	p.letters = append(p.letters, l)
	return nil
}

// letterTo is the latest letter to an address.
func (p *portal) letterTo(address string) *storage.Letter {
	p.t.Helper()
	box := &postbox{}
	for {
		done, err := p.Store.CarryNext(p.t.Context(), map[storage.Channel]storage.Carrier{storage.ByEmail: box, storage.BySMS: box})
		require.NoError(p.t, err)
		if done == nil {
			break
		}
	}
	for i := range box.letters {
		if box.letters[i].Address == address {
			return &box.letters[i]
		}
	}
	return nil
}

const emailPath, smsPath = "/account/contacts/email", "/account/contacts/sms"

// gives types an address.
func (b *browser) gives(path, address, password string) *answer {
	b.p.t.Helper()
	return b.submit(b.get(path), path, url.Values{"address": {address}, "current_password": {password}})
}

// proves gives an address and types the code that was sent there.
func (b *browser) proves(path, address string) {
	b.p.t.Helper()
	require.Equal(b.p.t, path, b.gives(path, address, testPassword).location())
	letter := b.p.letterTo(address)
	require.NotNil(b.p.t, letter)
	proved := b.submit(b.get(path), path+"/verify", url.Values{"code": {letter.Secret}})
	require.Equal(b.p.t, "/account/contacts", proved.location(), proved.text())
	b.p.letterTo(address) // that it was changed is no matter of whoever asks next
}

// office is a portal whose letters are its own.
type office struct {
	*portal
	database *storagetest.Database
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{database: storagetest.Fresh(t)}
	store := o.database.Store()
	o.portal = newPortal(t, func(options *Options) { options.Store, options.Rings = store, &rings{store: store} })
	return o
}

// pass changes what is stored of an account, for time to pass.
func (o *office) pass(statement string, account record.ID) {
	o.t.Helper()
	_, err := o.database.Owner.NewRaw(statement, account).Exec(o.t.Context())
	require.NoError(o.t, err)
}

func TestB15_WhereMessagesGoIsSetAndProved(t *testing.T) {
	p := newOffice(t)
	w := p.newOrganization()
	b := p.browser()
	b.login(w)
	require.Contains(t, b.get("/account").Body, `href="/account/contacts"`)
	require.Contains(t, b.get("/account/contacts").text(), "未设置")

	for _, row := range []struct {
		what, path, address, password, says string
	}{
		{"no mail address", emailPath, "li@", testPassword, "电子邮箱格式不正确"},
		{"two at once", emailPath, "li@example.cn,wang@example.cn", testPassword, "电子邮箱格式不正确"},
		{"no mobile number", smsPath, "0731-84445555", testPassword, "手机号码为 11 位数字"},
		{"a wrong password", emailPath, "li@example.cn", "wrong", "当前密码不正确"},
		{"no password", emailPath, "li@example.cn", "", "当前密码不正确"},
	} {
		t.Run(row.what, func(t *testing.T) {
			a := b.gives(row.path, row.address, row.password)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			require.Contains(t, a.text(), row.says)
			require.Contains(t, a.Body, `value="`+row.address+`"`, "what was typed stays")
			require.Nil(t, p.letterTo(row.address))
		})
	}
	for _, row := range []struct{ path, address, shown string }{
		{emailPath, "li@example.cn", "l***@example.cn"}, {smsPath, "13800138000", "138****8000"},
	} {
		t.Run(row.path, func(t *testing.T) {
			require.Equal(t, row.path, b.gives(row.path, row.address, testPassword).location())
			page := b.get(row.path)
			require.Contains(t, page.text(), row.shown)
			require.NotContains(t, page.Body, row.address, "nobody reads it over a shoulder")
			letter := p.letterTo(row.address)
			require.Regexp(t, `^\d{6}$`, letter.Secret)
			wrong := b.submit(page, row.path+"/verify", url.Values{"code": {"x"}})
			require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
			require.Contains(t, wrong.text(), "验证码不正确")
			require.Equal(t, "/account/contacts", b.submit(page, row.path+"/verify", url.Values{"code": {" " + letter.Secret}}).location())
			all := b.get("/account/contacts")
			require.Contains(t, all.text(), "已验证")
			require.Contains(t, all.text(), row.shown)
			require.NotContains(t, p.log.String(), row.address)
			require.NotContains(t, p.log.String(), letter.Secret)
		})
	}
	t.Run("a code that was tried too often", func(t *testing.T) {
		b.gives(emailPath, "wang@example.cn", testPassword)
		letter := p.letterTo("wang@example.cn")
		var last *answer
		for range 5 {
			last = b.submit(b.get(emailPath), emailPath+"/verify", url.Values{"code": {"000000"}})
		}
		require.Contains(t, last.text(), "次数过多")
		right := b.post(emailPath+"/verify", url.Values{"_csrf": {last.token()}, "code": {letter.Secret}})
		require.Equal(t, http.StatusUnprocessableEntity, right.Status)
		require.Contains(t, b.get("/account/contacts").text(), "l***@example.cn", "messages go where they went")
	})
	t.Run("a code that came late", func(t *testing.T) {
		c := p.newOrganization()
		late := p.browser()
		late.login(c)
		late.gives(emailPath, "late@example.cn", testPassword)
		letter := p.letterTo("late@example.cn")
		page := late.get(emailPath)
		p.pass("UPDATE contacts SET code_expires_at = clock_timestamp() WHERE account = ?", c.account)
		a := late.submit(page, emailPath+"/verify", url.Values{"code": {letter.Secret}})
		require.Contains(t, a.text(), "验证码已失效")
		require.NotContains(t, late.get(emailPath).Body, `name="code"`)
	})
	t.Run("groups and language", func(t *testing.T) {
		page := b.get("/account/contacts")
		require.Equal(t, "/account/contacts", b.submit(page, emailPath+"/groups", url.Values{"groups": {"progress"}, "language": {"en"}}).location())
		known, err := p.Store.Contacts(t.Context(), w.account)
		require.NoError(t, err)
		require.Equal(t, []storage.Group{storage.Progress}, known[storage.ByEmail].Groups)
		require.Equal(t, "en", known[storage.ByEmail].Language)
	})
	t.Run("it is taken away, and the address is told", func(t *testing.T) {
		page := b.get("/account/contacts")
		for range 2 {
			require.Equal(t, "/account/contacts", b.submit(page, emailPath+"/remove", nil).location())
		}
		require.Equal(t, storage.PurposeChanged, p.letterTo("li@example.cn").Purpose)
		require.Contains(t, b.get("/messages").text(), "通知方式已变更")
	})
	t.Run("W17 every account has its own", func(t *testing.T) {
		other := p.browser()
		other.login(p.newOrganization())
		require.NotContains(t, other.get("/account/contacts").text(), "138****8000")
		require.Equal(t, http.StatusUnprocessableEntity, other.submit(other.get(emailPath), emailPath+"/verify", url.Values{"code": {"000000"}}).Status)
	})
	t.Run("codes are few", func(t *testing.T) {
		spammer := p.browser()
		spammer.login(p.newOrganization())
		var last *answer
		for range codesOfAccount + 1 {
			last = spammer.gives(emailPath, "victim@example.cn", testPassword)
		}
		require.Equal(t, http.StatusTooManyRequests, last.Status)
		require.Contains(t, last.text(), "尝试次数过多")
	})
}

func TestB15_AChannelThatTheInstallationHasNotIsNotOffered(t *testing.T) {
	none := newPortal(t, func(o *Options) { o.Channels = nil })
	b := none.browser()
	b.login(none.newOrganization())
	require.NotContains(t, b.get("/account").Body, "/account/contacts")
	require.Equal(t, http.StatusNotFound, b.get("/account/contacts").Status)
	mail := newPortal(t, func(o *Options) { o.Channels = []storage.Channel{storage.ByEmail} })
	b = mail.browser()
	b.login(mail.newOrganization())
	page := b.get("/account/contacts")
	require.NotContains(t, page.text(), "手机号码")
	require.Equal(t, http.StatusNotFound, b.get(smsPath).Status)
	require.Equal(t, http.StatusNotFound, b.submit(page, smsPath, url.Values{"address": {"13800138000"}, "current_password": {testPassword}}).Status)
}

func TestB15_ARefusedAddressIsShown(t *testing.T) {
	p := newOffice(t)
	w := p.newOrganization()
	b := p.browser()
	b.login(w)
	b.proves(emailPath, "gone@example.cn")
	p.pass("UPDATE contacts SET failed_at = clock_timestamp() WHERE account = ?", w.account)
	require.Contains(t, b.get("/account").text(), "无法送达")
	require.Contains(t, b.get("/account/contacts").text(), "无法送达，请核对邮箱")
}

// A link in a mail ends a group of messages: after a look, or by the one click of
// a mail program, which has neither cookies nor a page of ours.
func TestB15_UnsubscribingTakesNoLogin(t *testing.T) {
	p := newOffice(t)
	w := p.newOrganization()
	b := p.browser()
	b.login(w)
	b.proves(emailPath, "li@example.cn")
	groups := func() []storage.Group {
		known, err := p.Store.Contacts(t.Context(), w.account)
		require.NoError(t, err)
		return known[storage.ByEmail].Groups
	}
	again := func() {
		require.NoError(t, p.Store.ChooseGroups(t.Context(), w.account, storage.ByEmail, storage.ChosenGroups(), "zh-CN"))
	}
	again()
	path := "/unsubscribe/" + p.Store.LeaveToken(storage.Subscription{Account: w.account, Channel: storage.ByEmail, Group: storage.Progress})
	nobody := p.browser()
	page := nobody.get(path)
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), "办理进度")
	require.Len(t, groups(), 2, "programs look at links, too")
	require.Contains(t, nobody.submit(page, path, nil).text(), "已停止发送")
	require.Equal(t, []storage.Group{storage.Reminders}, groups())

	t.Run("by one click", func(t *testing.T) {
		again()
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("List-Unsubscribe=One-Click"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		program := p.browser()
		require.Equal(t, http.StatusOK, program.send(r).Status)
		require.Equal(t, []storage.Group{storage.Reminders}, groups())
	})
	t.Run("nobody ends another's", func(t *testing.T) {
		for _, token := range []string{"x", string(storage.NewID()), strings.TrimPrefix(path, "/unsubscribe/") + "A"} {
			require.Equal(t, http.StatusNotFound, nobody.get("/unsubscribe/"+token).Status)
			require.Equal(t, http.StatusForbidden, p.browser().post("/unsubscribe/"+token, nil).Status)
			require.Equal(t, http.StatusNotFound, nobody.submit(page, "/unsubscribe/"+token, nil).Status)
		}
		require.Equal(t, []storage.Group{storage.Reminders}, groups())
	})
	require.NotContains(t, p.log.String(), "li@example.cn")
}
