package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

// member is a user of an organization in a browser.
type member struct {
	*browser
	login   string
	account record.ID
}

// member makes somebody a member of a subject, logged in by password.
func (p *portal) member(who person, role record.MemberRole) *member {
	p.t.Helper()
	hash, err := access.Hash(p.t.Context(), testPassword)
	require.NoError(p.t, err)
	_, token, err := access.NewToken()
	require.NoError(p.t, err)
	m := &member{browser: p.browser(), login: "m" + suffix()}
	by := record.Actor{Role: record.Applicant, ID: who.account, Assurance: record.ByPassword}
	_, err = p.Store.OpenInvitation(p.t.Context(), storage.NewInvitation{Subject: who.subject.ID, By: by, Link: storage.InvitationLink{Token: token}, Name: "成员" + suffix(), Role: role})
	require.NoError(p.t, err)
	m.account, err = p.Store.AcceptInvitation(p.t.Context(), token, m.login, hash)
	require.NoError(p.t, err)
	require.Equal(p.t, "/home", m.enters(who.subject.Code, testPassword).location())
	return m
}

// enters logs the member in through the page.
func (m *member) enters(account, password string) *answer {
	m.p.t.Helper()
	return m.submit(m.get("/login"), "/login", url.Values{"account": {account}, "member": {m.login}, "password": {password}})
}

var (
	invitationLink = regexp.MustCompile(`/invitations/[A-Za-z0-9_-]{43}`)
	joinLink       = regexp.MustCompile(`^/join/[A-Za-z0-9_-]{43}$`)
)

// invites opens an invitation on 成员管理 and returns the path of its link.
func (b *browser) invites(name string, role record.MemberRole) string {
	b.p.t.Helper()
	page := b.get("/account/members")
	a := b.submit(page, "/account/invitations", url.Values{"name": {name}, "role": {string(role)}, "token": {page.input("token")}})
	require.Equal(b.p.t, http.StatusOK, a.Status, a.text())
	link := invitationLink.FindString(a.Body)
	require.NotEmpty(b.p.t, link, a.text())
	return link
}

func chosenBy(login string) url.Values {
	return url.Values{"login": {login}, "password": {testPassword}, "password_again": {testPassword}}
}

func TestB08_AnAdministratorInvitesAndTheInvitedJoins(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	boss := p.browser()
	boss.login(who)
	link := boss.invites("欧阳𬀩", record.Handler)
	require.NotContains(t, boss.get("/account/members").Body, link, "shown once")
	require.Contains(t, boss.get("/account/members").text(), "等待对方设置")
	guest := &member{browser: p.browser(), login: "ou.yang"}
	page := guest.get(link)
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), who.subject.Name)
	require.Contains(t, page.text(), "欧阳𬀩")
	t.Run("B08 W3 what is chosen is held to the rules, and what was typed is kept", func(t *testing.T) {
		for promise, c := range map[string]struct {
			fields url.Values
			says   string
		}{
			"no login name":     {url.Values{"login": {" "}, "password": {testPassword}, "password_again": {testPassword}}, "请填写成员用户名"},
			"an address":        {url.Values{"login": {"a@b.cn"}, "password": {testPassword}, "password_again": {testPassword}}, "只能用"},
			"a common password": {url.Values{"login": {"ou.yang"}, "password": {"woaini1314"}, "password_again": {"woaini1314"}}, "密码"},
			"typed differently": {url.Values{"login": {"ou.yang"}, "password": {testPassword}, "password_again": {"x"}}, "不一致"},
		} {
			a := guest.submit(page, link, c.fields)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, promise)
			require.Contains(t, a.text(), c.says, promise)
			require.Equal(t, c.fields.Get("login"), a.value("login"), promise)
		}
	})
	joined := guest.submit(page, link, chosenBy(" Ou.Yang "))
	require.Equal(t, "/home", joined.location(), joined.text())
	require.Contains(t, guest.follow(joined).text(), "已加入本单位")
	require.Equal(t, http.StatusNotFound, p.browser().get(link).Status, "it serves once")
	require.Equal(t, http.StatusForbidden, guest.get("/account/members").Status)
	t.Run("B08 and logs in by that name from then on", func(t *testing.T) {
		again := &member{browser: p.browser(), login: "OU.YANG"}
		require.Equal(t, "/home", again.enters(who.subject.Name, testPassword).location())
		require.Contains(t, again.get("/account").text(), "ou.yang")
		without := p.browser().tryLogin(who.subject.Code, testPassword+"x")
		require.Equal(t, http.StatusUnprocessableEntity, without.Status)
		wrong := &member{browser: p.browser(), login: "ou.yang"}
		refused := wrong.enters(who.subject.Code, "错误的密码 1")
		require.Equal(t, "ou.yang", refused.value("member"), "what was typed is kept")
		require.Contains(t, refused.text(), textWrongLogin)
		for name, cookie := range again.cookies {
			require.NotContains(t, strings.ToLower(cookie.Value), "ou.yang", name)
		}
	})
	t.Run("B08 the same form sent twice is one invitation, taken back it serves nobody", func(t *testing.T) {
		page := boss.get("/account/members")
		fields := url.Values{"name": {"李四"}, "role": {"reader"}, "token": {page.input("token")}}
		first, second := boss.submit(page, "/account/invitations", fields), boss.submit(page, "/account/invitations", fields)
		require.Equal(t, invitationLink.FindString(first.Body), invitationLink.FindString(second.Body))
		id := regexp.MustCompile(`/account/invitations/([0-9a-f-]{36})/revoke`).FindStringSubmatch(second.Body)[1]
		require.Equal(t, 1, strings.Count(second.Body, "/revoke\""), "there is one")
		renewed := boss.submit(second, "/account/invitations/"+id+"/renew", url.Values{"token": {second.input("token")}})
		link := invitationLink.FindString(renewed.Body)
		require.NotEqual(t, invitationLink.FindString(first.Body), link)
		require.Equal(t, http.StatusNotFound, p.browser().get(invitationLink.FindString(first.Body)).Status)
		require.Equal(t, http.StatusOK, p.browser().get(link).Status)
		require.Equal(t, "/account/members", boss.submit(renewed, "/account/invitations/"+id+"/revoke", nil).location())
		require.Equal(t, http.StatusNotFound, p.browser().get(link).Status)
		require.Equal(t, http.StatusNotFound, boss.submit(renewed, "/account/invitations/"+id+"/revoke", nil).Status)
	})
	t.Run("B08 B15 the link goes by mail, too, and a new one as well", func(t *testing.T) {
		require.NotContains(t, boss.get("/account/members").Body, `name="email"`, "not in the name of a unit that nobody has proved")
		boss := p.inForce()
		page := boss.get("/account/members")
		fields := url.Values{"name": {"孙七"}, "role": {"reader"}, "email": {"sun@example.cn"}, "token": {page.input("token")}}
		invited := boss.submit(page, "/account/invitations", fields)
		require.Contains(t, invited.text(), "链接同时发到 sun@example.cn")
		letter := p.letterTo("sun@example.cn")
		require.NotNil(t, letter)
		require.Equal(t, storage.PurposeInvitation, letter.Purpose)
		require.Equal(t, invitationLink.FindString(invited.Body), "/invitations/"+letter.Secret)
		id := regexp.MustCompile(`/account/invitations/([0-9a-f-]{36})/renew`).FindStringSubmatch(invited.Body)[1]
		renewed := boss.submit(invited, "/account/invitations/"+id+"/renew", url.Values{"token": {invited.input("token")}})
		require.Equal(t, invitationLink.FindString(renewed.Body), "/invitations/"+p.letterTo("sun@example.cn").Secret)
		require.Equal(t, "/account/members", boss.submit(renewed, "/account/invitations/"+id+"/revoke", nil).location())
		fields.Set("email", "sun@")
		require.Equal(t, http.StatusUnprocessableEntity, boss.submit(page, "/account/invitations", fields).Status)
		require.NotContains(t, p.log.String(), "sun@example.cn")
		for range invitationsADay {
			_, _, err := p.Store.Hit(t.Context(), "invitation-mail/"+string(boss.who.subject.ID), 24*time.Hour, invitationsADay)
			require.NoError(t, err)
		}
		fields.Set("email", "zhou@example.cn")
		crowded := boss.submit(page, "/account/invitations", fields)
		require.Equal(t, http.StatusTooManyRequests, crowded.Status, "mail goes to people who have not asked for it")
		require.Equal(t, "zhou@example.cn", crowded.value("email"), "what was typed is kept")
		require.Equal(t, "孙七", crowded.value("name"))
		require.Nil(t, p.letterTo("zhou@example.cn"))
	})
	t.Run("B08 bad input", func(t *testing.T) {
		page := boss.get("/account/members")
		for _, fields := range []url.Values{
			{"name": {""}, "role": {"reader"}}, {"name": {"李四"}, "role": {"owner"}}, {"name": {"李四"}, "role": {"reader"}, "token": {"x"}},
		} {
			require.Equal(t, http.StatusUnprocessableEntity, boss.submit(page, "/account/invitations", fields).Status)
		}
	})
	t.Run("B08 W27 the token of somebody else's invitation opens nothing", func(t *testing.T) {
		fields := url.Values{"name": {"李四"}, "role": {"reader"}, "token": {strings.TrimPrefix(link, "/invitations/")}}
		other := p.browser()
		other.login(p.newOrganization())
		a := other.submit(other.get("/account/members"), "/account/invitations", fields)
		require.Equal(t, http.StatusConflict, a.Status)
		require.NotContains(t, a.Body, who.subject.Name)
	})
	require.NotContains(t, p.log.String(), "欧阳", "no name is in the log")
	require.NotContains(t, strings.ToLower(p.log.String()), "ou.yang")
	require.NotContains(t, p.log.String(), strings.TrimPrefix(link, "/invitations/"))
}

// rightOf is what the table of routes takes, told apart from how it is asked.
func rightOf(r route) record.Right {
	switch r.path {
	case "/account/members", "/account/members/:id", "/account/members/:id/revoke", "/account/members/:id/sessions/end", "/account/invitations",
		"/account/invitations/:id/renew", "/account/invitations/:id/revoke", "/account/joins/:id/grant", "/account/joins/:id/refuse",
		"/account/export", "/account/exports/:id/file":
		return record.ToManage
	case "/account/password", "/account/sessions/end-others", "/account/sessions/:id/end", "/account/leave", "/account/contacts/:channel",
		"/account/contacts/:channel/verify", "/account/contacts/:channel/groups", "/account/contacts/:channel/remove":
		return record.ToRead
	case "/exports", "/imports", "/imports/template", "/imports/:id", "/imports/:id/returned", "/records/:id/edit", "/records/:id/check",
		"/records/:id/rows/:group/:row", "/ca/applications/new":
		return record.ToFile
	}
	if r.unsafe() {
		return record.ToFile
	}
	return record.ToRead
}

func TestB08_W19_EveryRoleOnEveryRoute(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	visitors := map[record.MemberRole]*browser{}
	for _, role := range record.MemberRoles() {
		visitors[role] = p.member(who, role).browser
	}
	keyed := p.member(who, record.Reader)
	token, hash, err := access.NewToken()
	require.NoError(t, err)
	_, err = p.Store.StartSession(t.Context(), storage.NewSession{
		Token: hash, Account: keyed.account, Assurance: record.ByCertificate, Certificate: "x", Lifetime: p.AbsoluteTimeout,
	})
	require.NoError(t, err)
	keyed.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: token}
	asked := 0
	for _, r := range routes() {
		if r.who != applicant || ending(r) {
			continue
		}
		for role, b := range visitors {
			a := b.twin().ask(r, "")
			refused := a.Status == http.StatusForbidden && strings.Contains(a.text(), "您在本单位的角色是“"+role.Label()+"”")
			require.Equal(t, !role.May(rightOf(r)), refused, "%s asks for %s %s: %d", role, r.method, r.path, a.Status)
			asked++
		}
		if r.path == "/account/leave" {
			continue // the key asks for nothing more: who has it would be gone
		}
		a := keyed.twin().ask(r, "")
		require.NotContains(t, a.text(), "您在本单位的角色是", "under the key %s %s is open", r.method, r.path)
	}
	require.Greater(t, asked, 150)
	t.Run("B08 a script is told, too", func(t *testing.T) {
		a := visitors[record.Reader].twin().ask(route{method: http.MethodPost, path: "/records/:id/draft", who: applicant}, "application/json")
		require.Equal(t, http.StatusForbidden, a.Status)
		require.Contains(t, a.Body, "请本单位的管理员调整角色")
	})
}

func TestB08_WhoOnlyReadsSeesAllAndIsOfferedNothing(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	reader := p.member(b.who, record.Reader)
	draft := reader.follow(reader.get("/profile"))
	require.Equal(t, http.StatusOK, draft.Status, "a draft is shown, read-only")
	require.Contains(t, draft.text(), "草稿")
	require.Equal(t, b.path(""), b.file().location())
	pages := []string{"/home", "/profile", b.path(""), listPath(record.Qualification), "/history", "/certificates", "/messages", "/account", "/expiries"}
	for _, path := range pages {
		a := reader.get(path)
		for a.Status == http.StatusSeeOther {
			a = reader.follow(a)
		}
		require.Equal(t, http.StatusOK, a.Status, path)
		for _, form := range regexp.MustCompile(`<form[^>]*method="post"[^>]*action="([^"]*)"`).FindAllStringSubmatch(a.Body, -1) {
			require.Regexp(t, `^/(logout|preferences|account/(password|leave|sessions/.*))$`, form[1], path)
		}
		for _, link := range regexp.MustCompile(`href="(/[^"]*)"`).FindAllStringSubmatch(a.Body, -1) {
			require.NotRegexp(t, `/edit|/imports|/exports|/ca/applications/new|/account/(export|members)`, link[1], path)
		}
		require.Contains(t, a.text(), "只读", "the page says in which role one looks: %s", path)
	}
	require.Contains(t, reader.get(b.path("")).text(), "撤回：您的角色是只读")
	handler := p.member(b.who, record.Handler)
	require.Contains(t, handler.get(b.path("")).Body, "dialog-withdraw")
	require.NotContains(t, handler.get("/account").Body, `href="/account/export"`)
	require.Contains(t, handler.get("/account").text(), "由本单位的管理员管理")
}

func TestB08_WhoDidItIsNamed(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	m := p.member(b.who, record.Handler)
	names, err := p.Store.MemberNames(t.Context(), b.who.subject.ID)
	require.NoError(t, err)
	name := names[m.account]
	b.browser = m.browser
	require.Equal(t, b.path(""), b.file().location())
	for who, a := range map[string]*answer{
		"the subject, on the record": b.get(b.path("")), "the subject, in the history": b.get("/history"), "the subject, on a version": b.get(b.path("/versions/1")),
	} {
		require.Contains(t, a.text(), name, who)
	}
	clerk, _ := p.newStaff(record.Supervisor, true)
	for who, path := range map[string]string{
		"staff, at the review": b.review(), "staff, on the record": staffRecordPath(b.id), "staff, in the subject's history": b.desk() + "?tab=history",
		"staff, among the sessions": b.desk() + "?tab=sessions",
	} {
		a := clerk.get(path)
		require.Equal(t, http.StatusOK, a.Status, who)
		require.Contains(t, a.text(), name, who)
	}
	require.NotContains(t, p.log.String(), name)
}

func TestB08_RevokingThrowsOutAtOnce(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	boss := p.browser()
	boss.login(who)
	m := p.member(who, record.Handler)
	path := "/account/members/" + string(m.account)
	page := boss.get(path)
	require.Equal(t, http.StatusOK, page.Status)
	t.Run("B08 a role counts in the session that is open", func(t *testing.T) {
		changed := boss.submit(page, path, url.Values{"name": {"王五"}, "role": {"reader"}})
		require.Equal(t, "/account/members", changed.location(), changed.text())
		require.Equal(t, http.StatusForbidden, m.submit(m.get("/account"), "/records", url.Values{"kind": {"award"}}).Status)
		require.Contains(t, boss.get("/account/members").text(), "王五")
	})
	t.Run("B08 a session ends, and its owner logs in again", func(t *testing.T) {
		require.Equal(t, path, boss.submit(page, path+"/sessions/end", nil).location())
		require.Equal(t, http.StatusSeeOther, m.get("/home").Status)
		require.Equal(t, "/home", m.enters(who.subject.Code, testPassword).location())
	})
	require.Equal(t, "/account/members", boss.submit(page, path+"/revoke", nil).location())
	require.Equal(t, "/login?next=%2Fhome", m.get("/home").location())
	refused := m.enters(who.subject.Code, testPassword)
	require.Equal(t, http.StatusForbidden, refused.Status)
	require.Contains(t, refused.text(), "账号已停用")
	require.Contains(t, boss.get("/account/members").text(), "已停用的成员（1 人）")
	require.NotContains(t, boss.get(path).Body, path+"/revoke")
	t.Run("B08 W17 the members of somebody else are not there", func(t *testing.T) {
		other := p.browser()
		other.login(p.newOrganization())
		page := other.get("/account/members")
		require.Equal(t, http.StatusNotFound, other.get(path).Status)
		for _, rest := range []string{"", "/revoke", "/sessions/end"} {
			a := other.submit(page, path+rest, url.Values{"name": {"王五"}, "role": {"administrator"}})
			require.Equal(t, http.StatusNotFound, a.Status, rest)
		}
	})
	t.Run("B08 the last administrator neither steps down nor leaves", func(t *testing.T) {
		own := "/account/members/" + string(who.account)
		a := boss.submit(boss.get(own), own, url.Values{"name": {"王五"}, "role": {"handler"}})
		require.Equal(t, http.StatusConflict, a.Status)
		require.Contains(t, a.text(), "唯一的管理员")
		left := boss.submit(boss.get("/account"), "/account/leave", url.Values{"leave_password": {who.password}})
		require.Equal(t, http.StatusConflict, left.Status)
		require.Contains(t, left.text(), "唯一的管理员")
	})
	t.Run("B08 who leaves gives the password again", func(t *testing.T) {
		m := p.member(who, record.Reader)
		account := m.get("/account")
		require.Equal(t, http.StatusUnprocessableEntity, m.submit(account, "/account/leave", nil).Status)
		require.Equal(t, http.StatusUnprocessableEntity, m.submit(account, "/account/leave", url.Values{"leave_password": {"错误的密码 1"}}).Status)
		require.Equal(t, "/login", m.submit(account, "/account/leave", url.Values{"leave_password": {testPassword}}).location())
		require.Equal(t, http.StatusForbidden, m.enters(who.subject.Code, testPassword).Status)
	})
	t.Run("B08 a natural person has no members", func(t *testing.T) {
		single := p.browser()
		single.login(p.newSubject(record.Person, "111", newResidentID(), "欧阳某"))
		require.Equal(t, http.StatusNotFound, single.get("/account/members").Status)
		require.NotContains(t, single.get("/account").text(), "本单位成员")
	})
}

// asks fills the form of a request to join and returns where it led.
func (b *browser) asksToJoin(code string) *answer {
	b.p.t.Helper()
	page := b.get("/join")
	return b.submit(page, "/join", url.Values{
		"code": {code}, "name": {"赵六"}, "contact": {"13812345678"}, "reason": {"投标部，负责填报。"}, "token": {page.input("token")}, "proof": {b.solve("organization")},
	})
}

func TestB08_ARequestToJoin(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	boss := p.browser()
	boss.login(who)
	guest := p.browser()
	asked := guest.asksToJoin(who.subject.Code)
	require.Regexp(t, joinLink, asked.location(), asked.text())
	waiting := guest.follow(asked)
	t.Run("B08 W5 nothing tells whether the code is registered, or who it is", func(t *testing.T) {
		stranger := p.browser()
		unknown := stranger.asksToJoin(newCreditCode())
		require.Regexp(t, joinLink, unknown.location())
		other := stranger.follow(unknown)
		same := func(a *answer) string {
			return regexp.MustCompile(`/join/[A-Za-z0-9_-]{43}|20\d\d-\d\d-\d\d \d\d:\d\d`).ReplaceAllString(a.text(), "")
		}
		require.Equal(t, same(waiting), same(other))
		require.NotContains(t, waiting.text(), who.subject.Name)
		require.NotContains(t, waiting.text(), who.subject.Code)
		require.NotContains(t, waiting.text(), "13812345678")
	})
	t.Run("B08 the administrators see it, and are told", func(t *testing.T) {
		require.Contains(t, boss.get("/messages").text(), "有人申请加入本单位")
		page := boss.get("/account/members").text()
		for _, said := range []string{"赵六", "13812345678", "投标部，负责填报。"} {
			require.Contains(t, page, said)
		}
		handler := p.member(who, record.Handler)
		require.NotContains(t, handler.get("/messages").text(), "申请加入")
	})
	id := regexp.MustCompile(`/account/joins/([0-9a-f-]{36})/grant`).FindStringSubmatch(boss.get("/account/members").Body)[1]
	t.Run("B08 W17 another's administrator decides nothing", func(t *testing.T) {
		other := p.browser()
		other.login(p.newOrganization())
		page := other.get("/account/members")
		for _, rest := range []string{"/grant", "/refuse"} {
			require.Equal(t, http.StatusNotFound, other.submit(page, "/account/joins/"+id+rest, url.Values{"role": {"reader"}}).Status)
		}
	})
	page := boss.get("/account/members")
	require.Equal(t, http.StatusUnprocessableEntity, boss.submit(page, "/account/joins/"+id+"/grant", url.Values{"role": {"owner"}}).Status)
	require.Equal(t, "/account/members", boss.submit(page, "/account/joins/"+id+"/grant", url.Values{"role": {"handler"}}).location())
	require.Contains(t, boss.follow(boss.submit(page, "/account/joins/"+id+"/refuse", nil)).text(), "已由其他管理员处理", "decided once")
	granted := guest.get(asked.location())
	require.Contains(t, granted.text(), who.subject.Name)
	joined := guest.submit(granted, asked.location(), chosenBy("zhao.liu"))
	require.Equal(t, "/home", joined.location(), joined.text())
	require.Contains(t, guest.get("/account").text(), "zhao.liu")
	require.Contains(t, p.browser().get(asked.location()).text(), "已加入")
	require.NotContains(t, p.log.String(), "13812345678")
	t.Run("B08 refused", func(t *testing.T) {
		guest := p.browser()
		asked := guest.asksToJoin(who.subject.Code)
		page := boss.get("/account/members")
		id := regexp.MustCompile(`/account/joins/([0-9a-f-]{36})/grant`).FindStringSubmatch(page.Body)[1]
		require.Equal(t, "/account/members", boss.submit(page, "/account/joins/"+id+"/refuse", nil).location())
		refused := guest.get(asked.location())
		require.Contains(t, refused.text(), "没有通过")
		require.NotContains(t, refused.text(), who.subject.Name)
		require.Equal(t, http.StatusConflict, guest.submit(refused, asked.location(), chosenBy("late")).Status)
	})
	t.Run("B08 what is wrong is said, and what was typed is kept", func(t *testing.T) {
		page := guest.get("/join")
		a := p.browser().twin().submit(page, "/join", nil)
		require.Equal(t, http.StatusForbidden, a.Status, "another browser's page")
		a = guest.submit(page, "/join", url.Values{"code": {"91430100MA00"}, "name": {"赵"}, "contact": {strings.Repeat("1", 61)}, "token": {page.input("token")}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		for _, said := range []string{"姓名至少 2 个字", "联系方式最多 60 个字", "请填写申请理由"} {
			require.Contains(t, a.text(), said)
		}
		require.Equal(t, "91430100MA00", a.value("code"))
		require.Equal(t, page.input("token"), a.input("token"))
	})
	t.Run("B08 W6 requests are few, for a code and from an address", func(t *testing.T) {
		code := newCreditCode()
		statuses := map[int]int{}
		for range joinsOfCode + 1 {
			statuses[p.browser().asksToJoin(code).Status]++
		}
		require.Equal(t, map[int]int{http.StatusSeeOther: joinsOfCode, http.StatusTooManyRequests: 1}, statuses)
		one := p.browser()
		last := 0
		for range joinsAnHour + 1 {
			last = one.asksToJoin(newCreditCode()).Status
		}
		require.Equal(t, http.StatusTooManyRequests, last)
		guesser := p.browser()
		for n := range joinLinks + 1 {
			token, _, err := access.NewToken()
			require.NoError(t, err)
			last = guesser.get([]string{"/join/", "/invitations/"}[n%2] + token).Status
		}
		require.Equal(t, http.StatusTooManyRequests, last)
	})
}

func TestB08_W5_UnknownMembersLookLikeKnownOnes(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	m := p.member(who, record.Reader)
	try := func(account, login string) *answer {
		unknown := &member{browser: p.browser(), login: login}
		return unknown.enters(account, "错误的密码 1")
	}
	known := try(who.subject.Code, m.login)
	for promise, a := range map[string]*answer{
		"no such member": try(who.subject.Code, "m"+suffix()), "no such subject": try(newCreditCode(), m.login), "no member's name": try(who.subject.Code, ""),
	} {
		require.Equal(t, known.Status, a.Status, promise)
		require.Contains(t, a.text(), textWrongLogin, promise)
		require.Equal(t, cookieNames(known), cookieNames(a), promise)
	}
	requireSameTime(t, func() { try(who.subject.Code, m.login) }, func() { try(who.subject.Code, "m"+suffix()) })
	m = p.member(who, record.Reader) // the failures of one are counted
	requireSameTime(t, func() { try(who.subject.Code, m.login) }, func() { try(newCreditCode(), m.login) })
	t.Run("B08 W4 one member's failures do not hold up another", func(t *testing.T) {
		for range 25 {
			(&member{browser: p.browser(), login: "somebody"}).enters(who.subject.Code, "错误的密码 1")
		}
		require.Equal(t, "/home", (&member{browser: p.browser(), login: m.login}).enters(who.subject.Code, testPassword).location())
		require.Equal(t, "/home", p.browser().tryLogin(who.subject.Code, who.password).location())
	})
	t.Run("S06 a member whose session ended goes on", func(t *testing.T) {
		page := m.get("/account")
		_, err := p.Store.EndOtherSessions(t.Context(), m.account, "")
		require.NoError(t, err)
		ended := m.submit(page, "/account/password", url.Values{"password": {"x"}})
		require.Equal(t, http.StatusUnauthorized, ended.Status)
		resumed := m.submit(ended, "/login", url.Values{
			"resume": {ended.input("resume")}, "account": {who.subject.Code}, "member": {m.login}, "password": {testPassword},
		})
		require.Equal(t, http.StatusOK, resumed.Status)
		require.Contains(t, resumed.Body, `action="/account/password"`)
	})
}

func TestB08_B09_AMemberResetsTheirOwnPasswordByMail(t *testing.T) {
	p := newOffice(t)
	who := p.newOrganization()
	m := p.member(who, record.Handler)
	m.proves(emailPath, "m@example.cn")
	ask := func(member string) {
		nobody := p.browser()
		a := nobody.submit(nobody.get("/forgot"), "/forgot", url.Values{"account": {who.subject.Code}, "member": {member}})
		require.Equal(t, "/forgot?asked=1", a.location())
		require.Equal(t, 1, p.answered())
	}
	ask("")
	ask("somebody")
	require.Nil(t, p.letterTo("m@example.cn"), "nobody else's name sends a member a link")
	ask(m.login)
	letter := p.letterTo("m@example.cn")
	require.NotNil(t, letter)
	nobody := p.browser()
	path := "/reset/" + letter.Secret
	require.Equal(t, "/login", nobody.submit(nobody.get(path), path, url.Values{"password": {counterPassword}, "password_again": {counterPassword}}).location())
	require.Equal(t, "/home", m.enters(who.subject.Code, counterPassword).location())
	p.browser().login(who) // whose password is as it was
}

func TestB08_B15_WhatIsToldOfMembersGoesToAdministrators(t *testing.T) {
	p := newOffice(t)
	who := p.newOrganization()
	boss, m := p.browser(), p.member(who, record.Handler)
	boss.login(who)
	boss.proves(emailPath, "boss@example.cn")
	m.proves(emailPath, "m@example.cn")
	p.browser().asksToJoin(who.subject.Code)
	require.Equal(t, storage.EventJoinAsked, p.letterTo("boss@example.cn").Items[0].Topic)
	require.Nil(t, p.letterTo("m@example.cn"))
	require.NoError(t, p.Store.RevokeMember(t.Context(), record.Actor{Role: record.Applicant, ID: who.account, Assurance: record.ByPassword}, who.subject.ID, m.account))
	var left int
	require.NoError(t, p.database.Owner.NewRaw("SELECT count(*) FROM contacts WHERE account = ?", m.account).Scan(t.Context(), &left))
	require.Zero(t, left, "an address is forgotten with its member")
}

func TestB08_RegistrationLeadsToTheRequest(t *testing.T) {
	p := newPortal(t, nil)
	who := p.newOrganization()
	b := p.browser()
	told := b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {who.subject.Code}}))
	require.Contains(t, told.text(), "已在本平台注册")
	require.Contains(t, told.text(), "申请加入")
	require.Contains(t, told.Body, `href="/join"`)
	require.NotContains(t, told.text(), who.subject.Name)
}
