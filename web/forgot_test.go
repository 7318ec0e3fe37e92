package web

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// answered has a worker answer every request for a link.
func (o *office) answered() int {
	o.t.Helper()
	for n := 0; ; n++ {
		found, err := o.Store.AnswerReset(o.t.Context(), access.NewToken)
		require.NoError(o.t, err)
		if !found {
			return n
		}
	}
}

// asks asks for a link.
func (b *browser) asks(account string) *answer {
	b.p.t.Helper()
	return b.submit(b.get("/forgot"), "/forgot", url.Values{"account": {account}})
}

func TestB09_AForgottenPasswordIsResetByMail(t *testing.T) {
	p := newOffice(t)
	w := p.newOrganization()
	b := p.browser()
	b.login(w)
	b.proves(emailPath, "li@example.cn")
	nobody := p.browser()
	require.Contains(t, nobody.get("/login").Body, `href="/forgot"`)
	require.Contains(t, nobody.get("/login/certificate").Body, `href="/forgot"`)
	require.Equal(t, "/forgot?asked=1", nobody.asks(w.subject.Name).location())
	require.Nil(t, p.letterTo("li@example.cn"), "the answer came before anybody looked the account up")
	require.Equal(t, 1, p.answered())
	letter := p.letterTo("li@example.cn")
	require.NotNil(t, letter)

	path := "/reset/" + letter.Secret
	page := nobody.get(path)
	require.Contains(t, page.text(), w.subject.Name)
	set := nobody.submit(page, path, url.Values{"password": {counterPassword}, "password_again": {counterPassword}})
	require.Equal(t, "/login", set.location(), set.text())
	require.Contains(t, b.get("/home").location(), "/login", "the sessions of the account end")
	require.Equal(t, http.StatusNotFound, nobody.get(path).Status, "it serves once")
	w.password = counterPassword
	b.login(w)
	require.Contains(t, b.get("/messages").text(), "密码已通过邮箱重置")
	require.Equal(t, storage.TopicPasswordResetByMail, p.letterTo("li@example.cn").Items[0].Topic)
	require.NotContains(t, p.log.String(), letter.Secret)

	clerk, _ := p.newStaff(record.Reviewer, true)
	desk := "/staff/subjects/" + string(w.subject.ID)
	require.Contains(t, clerk.get(desk+"/resets").text(), "申报人自助")
}

// Known and unknown accounts, with an address and without, get the same answer,
// and leave the same row behind.
func TestW5_AskingForALinkTellsNothing(t *testing.T) {
	p := newOffice(t)
	reached, silent := p.newOrganization(), p.newOrganization()
	b := p.browser()
	b.login(reached)
	b.proves(emailPath, "li@example.cn")
	var first, second *answer
	for i, account := range []string{reached.subject.Code, silent.subject.Code, silent.subject.Name, "查无此单位有限公司", "430102199001011234", "<b>"} {
		visitor := p.browser()
		asked := visitor.asks(account)
		require.Equal(t, http.StatusSeeOther, asked.Status, account)
		require.Equal(t, "/forgot?asked=1", asked.location(), account)
		said := visitor.follow(asked)
		require.NotContains(t, said.Body, account)
		if i == 0 {
			first, second = asked, said
			continue
		}
		require.Equal(t, first.Body, asked.Body, account)
		require.Equal(t, second.unvarying(), said.unvarying(), account)
	}
	var sizes []int
	require.NoError(t, p.database.Owner.NewRaw("SELECT count(*) FROM reset_requests").Scan(t.Context(), &sizes))
	require.Equal(t, []int{6}, sizes, "each left a row for a worker")
	require.NotContains(t, p.log.String(), reached.subject.Code)
	require.Equal(t, 6, p.answered())
	require.NotNil(t, p.letterTo("li@example.cn"))
}

func TestW6_AskingForALinkIsCounted(t *testing.T) {
	p := newOffice(t)
	b := p.browser()
	for range resetsAskedUnproven {
		require.Equal(t, http.StatusSeeOther, b.asks("查无此单位有限公司").Status)
	}
	a := b.asks("查无此单位有限公司")
	require.Equal(t, http.StatusTooManyRequests, a.Status)
	require.Contains(t, a.text(), "尝试次数过多")
	for _, account := range []string{"", "   "} {
		require.Equal(t, http.StatusUnprocessableEntity, p.browser().asks(account).Status)
	}
	t.Run("a proof of work goes further", func(t *testing.T) {
		for range resetsAskedUnproven + 2 {
			page := b.get("/forgot")
			a := b.submit(page, "/forgot", url.Values{"account": {"查无此单位有限公司"}, "proof": {b.solve("reset")}})
			require.Equal(t, http.StatusSeeOther, a.Status, a.text())
		}
	})
}

func TestB09_WithoutMailTheOtherWaysAreTold(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.Channels = []storage.Channel{storage.BySMS} })
	page := p.browser().get("/forgot")
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), "CA 证书登录")
	require.Contains(t, page.text(), "服务柜台")
	require.NotContains(t, page.Body, `name="account"`)
	b := p.browser()
	require.Equal(t, http.StatusNotFound, b.submit(b.get("/login"), "/forgot", url.Values{"account": {"x"}}).Status)
}
