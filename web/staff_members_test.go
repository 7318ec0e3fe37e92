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
)

// newMemberFields are a form that is right.
func newMemberFields() url.Values {
	return url.Values{
		"login": {"m" + suffix()}, "name": {"吴婷"}, "identity": {newResidentID()}, "role": {"confirmer"},
		"regions": {"4301"}, "region": {"440000", "440100", ""}, "kinds": {"award", "qualification"},
	}
}

// drawn is the password that the page shows once.
func (a *answer) drawn() string {
	a.t.Helper()
	match := regexp.MustCompile(`密码 <span class="code big">([^<]+)</span>`).FindStringSubmatch(a.Body)
	require.NotNil(a.t, match, a.text())
	return match[1]
}

func TestB18ASupervisorAddsAMember(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	page := boss.get("/staff/members/new")
	require.Contains(t, page.text(), "都不选为全部事项")
	fields := newMemberFields()
	added := boss.submit(page, "/staff/members", fields)
	require.Equal(t, http.StatusOK, added.Status, added.text())
	require.Equal(t, "no-store", added.Header.Get("Cache-Control"))

	m, err := p.Store.StaffByLogin(t.Context(), fields.Get("login"))
	require.NoError(t, err)
	require.Equal(t, record.Scope{
		Role: record.Confirmer, Regions: []string{"4301", "4401"}, Kinds: []record.Kind{record.Qualification, record.Award},
	}, m.Scope(), "what was ticked, and where the lists stood")
	password := added.drawn()
	require.NotContains(t, boss.get("/staff/members/"+string(m.ID)).Body, password, "shown once")
	require.NotContains(t, p.log.String(), password)

	t.Run("W7 the member logs in and sets the second factor up", func(t *testing.T) {
		b := p.browser()
		entered := b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {fields.Get("login")}, "password": {password}})
		require.Equal(t, "/staff/totp/enrol", entered.location(), entered.text())
		code, err := access.TOTPCode(m.Secret, time.Now())
		require.NoError(t, err)
		require.Equal(t, "/staff", b.submit(b.follow(entered), "/staff/totp/enrol", url.Values{"code": {code}}).location())
		list := boss.get("/staff/members").text()
		require.Contains(t, list, "湖南省长沙市")
		require.Contains(t, list, "单位资质")
	})
	t.Run("a login that is taken", func(t *testing.T) {
		again := newMemberFields()
		again.Set("login", strings.ToUpper(fields.Get("login")))
		a := boss.submit(page, "/staff/members", again)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "该登录名已存在")
		require.Equal(t, "吴婷", a.value("name"), "what was typed is kept")
		require.Contains(t, a.Body, "广东省广州市")
	})
	for name, c := range map[string]struct{ field, value, want string }{
		"no login":            {"login", " ", "请填写登录名"},
		"a strange login":     {"login", "周婧", "登录名为 2 至 64 个"},
		"a demonstration's":   {"login", "demo-boss", "演示账号"},
		"no name":             {"name", "", "请填写姓名"},
		"a long name":         {"name", strings.Repeat("名", 51), "姓名最多 50 个字"},
		"a wrong number":      {"identity", "430102198001010000", "身份证号码"},
		"no role":             {"role", "", "请选择角色"},
		"a role of no staff":  {"role", "clock", "请选择角色"},
		"a region that is no": {"regions", "99", "没有代码为 99 的地区"},
		"a kind that is none": {"kinds", "licence", "没有名为 licence 的事项"},
	} {
		t.Run("W18 "+name, func(t *testing.T) {
			wrong := newMemberFields()
			wrong.Set(c.field, c.value)
			a := boss.submit(page, "/staff/members", wrong)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			require.Contains(t, a.text(), c.want)
			_, err := p.Store.StaffByLogin(t.Context(), wrong.Get("login"))
			require.Equal(t, record.NotFound, record.CodeOf(err))
		})
	}
	t.Run("regions are chosen without scripts", func(t *testing.T) {
		typed := newMemberFields()
		typed.Set("do", "levels")
		a := boss.submit(page, "/staff/members", typed)
		require.Equal(t, http.StatusOK, a.Status)
		require.Contains(t, a.Body, ">天河区<", "the list below is filled")
		typed.Set("do", "add")
		typed["region"] = []string{"440000", "440100", "430104"} // of before the city was changed
		a = boss.submit(a, "/staff/members", typed)
		require.Contains(t, a.text(), "广东省广州市")
		require.NotContains(t, a.text(), "岳麓区")
		require.Equal(t, typed.Get("login"), a.value("login"))
		_, err := p.Store.StaffByLogin(t.Context(), typed.Get("login"))
		require.Equal(t, record.NotFound, record.CodeOf(err), "nothing is saved on the way")
	})
}

func TestB18ASupervisorEditsAMember(t *testing.T) {
	p := newPortal(t, nil)
	boss, self := p.newStaff(record.Supervisor, true)
	other, _ := p.newStaff(record.Supervisor, true)
	_, id := p.newStaff(record.Reviewer, true)
	path := "/staff/members/" + string(id)
	page, stale := boss.get(path), other.get(path)
	saved := boss.submit(page, path, url.Values{"revision": {page.value("revision")}, "name": {"周静"}, "role": {"confirmer"}, "regions": {"43"}})
	require.Equal(t, path, saved.location(), saved.text())
	m, err := p.Store.Staff(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, record.Scope{Role: record.Confirmer, Regions: []string{"43"}, Kinds: []record.Kind{}}, m.Scope())
	require.Contains(t, boss.get(path).text(), "已保存，立即生效")

	t.Run("409 when it was changed meanwhile, with what was typed and what is kept", func(t *testing.T) {
		late := other.submit(stale, path, url.Values{"revision": {stale.value("revision")}, "name": {"周敬"}, "role": {"reviewer"}})
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.text(), "周静，复核员，湖南省，全部事项")
		require.Equal(t, "周敬", late.value("name"))
		saved := other.submit(late, path, url.Values{"revision": {late.value("revision")}, "name": {"周敬"}, "role": {"reviewer"}})
		require.Equal(t, path, saved.location(), "and may be saved over it knowingly")
	})
	t.Run("422 with what was typed", func(t *testing.T) {
		wrong := boss.submit(page, path, url.Values{"revision": {"3"}, "name": {""}, "role": {"reviewer"}, "regions": {"4301"}})
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Contains(t, wrong.Body, "湖南省长沙市")
	})
	t.Run("nobody changes their own role or disables themselves", func(t *testing.T) {
		own := "/staff/members/" + string(self)
		page := boss.get(own)
		require.Contains(t, page.text(), "自己的角色和范围须由另一名管理员修改")
		require.NotContains(t, page.Body, `name="role"`)
		require.NotContains(t, page.Body, own+"/disable")
		saved := boss.submit(page, own, url.Values{"revision": {page.value("revision")}, "name": {"郑明"}, "role": {"reviewer"}, "regions": {"43"}})
		require.Equal(t, own, saved.location(), saved.text())
		m, err := p.Store.Staff(t.Context(), self)
		require.NoError(t, err)
		require.Equal(t, "郑明", m.Name)
		require.Equal(t, record.Supervisor, m.Role)
		require.Empty(t, m.Regions)
		for _, action := range []string{"/disable", "/password", "/factor"} {
			require.Equal(t, http.StatusForbidden, boss.submit(page, own+action, nil).Status, action)
		}
	})
	t.Run("away and here again", func(t *testing.T) {
		require.Equal(t, path, boss.submit(page, path+"/absent", nil).location())
		require.Contains(t, boss.get("/staff/members").text(), "离岗")
		require.Equal(t, path, boss.submit(page, path+"/present", nil).location())
	})
}

// What a supervisor changes counts with the next request of who is logged in.
func TestW20RightsOfStaffChangeAtOnce(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	second, id := p.newStaff(record.Supervisor, true)
	path := "/staff/members/" + string(id)
	require.Equal(t, http.StatusOK, second.get("/staff/members").Status)

	form := boss.get(path)
	edit := url.Values{"revision": {form.value("revision")}, "name": {"某"}, "role": {"reviewer"}}
	require.Equal(t, path, boss.submit(form, path, edit).location())
	require.Equal(t, http.StatusForbidden, second.get("/staff/members").Status)
	require.NotContains(t, second.get("/staff/log").Body, `name="staff"`)
	require.Equal(t, http.StatusOK, second.get("/staff").Status, "still staff")

	for name, c := range map[string]struct {
		action string
		again  bool
	}{
		"disabled":                {"/disable", false},
		"a new password":          {"/password", false},
		"a new second factor":     {"/factor", false},
		"away, and still let in":  {"/absent", true},
		"here again, and also so": {"/present", true},
	} {
		t.Run(name, func(t *testing.T) {
			member, id := p.newStaff(record.Reviewer, true)
			require.Equal(t, http.StatusOK, member.get("/staff").Status)
			a := boss.submit(form, "/staff/members/"+string(id)+c.action, nil)
			require.Less(t, a.Status, 400, a.text())
			require.Equal(t, c.again, member.get("/staff").Status == http.StatusOK)
		})
	}
	t.Run("a password that was reset is drawn and shown once", func(t *testing.T) {
		_, id := p.newStaff(record.Reviewer, true)
		m, err := p.Store.Staff(t.Context(), id)
		require.NoError(t, err)
		password := boss.submit(form, "/staff/members/"+string(id)+"/password", nil).drawn()
		b := p.browser()
		entered := b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {m.Login}, "password": {password}})
		require.Equal(t, "/staff/totp", entered.location(), entered.text())
	})
}

func TestB18StaffLookAfterTheirOwnAccount(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	fields := newMemberFields()
	password := boss.submit(boss.get("/staff/members/new"), "/staff/members", fields).drawn()
	m, err := p.Store.StaffByLogin(t.Context(), fields.Get("login"))
	require.NoError(t, err)
	at := time.Now()
	enter := func(password string, next time.Duration) *browser {
		t.Helper()
		b := p.browser()
		entered := b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {m.Login}, "password": {password}})
		code, err := access.TOTPCode(m.Secret, at.Add(next))
		require.NoError(t, err)
		require.Equal(t, "/staff", b.submit(b.follow(entered), entered.location(), url.Values{"code": {code}}).location(), entered.text())
		return b
	}
	here := enter(password, -30*time.Second)
	there := enter(password, 0)
	page := here.get("/staff/me")
	require.Contains(t, page.text(), "湖南省长沙市")
	require.Equal(t, 2, strings.Count(page.text(), "密码和动态口令登录"))

	for name, c := range map[string]struct{ field, value, want string }{
		"the present one is wrong": {"current_password", "wrong", "当前密码不正确"},
		"too short":                {"password", "short", "密码"},
		"not the same twice":       {"password_again", "other", "两次输入的密码不一致"},
	} {
		t.Run("W3 "+name, func(t *testing.T) {
			typed := url.Values{"current_password": {password}, "password": {testPassword}, "password_again": {testPassword}}
			typed.Set(c.field, c.value)
			a := here.submit(page, "/staff/me/password", typed)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status)
			require.Contains(t, a.text(), c.want)
		})
	}
	changed := here.submit(page, "/staff/me/password", url.Values{
		"current_password": {password}, "password": {testPassword}, "password_again": {testPassword},
	})
	require.Equal(t, "/staff/me", changed.location(), changed.text())
	t.Run("W9 W11 it goes on here under a new session and ends elsewhere", func(t *testing.T) {
		require.Equal(t, http.StatusOK, here.get("/staff/me").Status)
		require.NotEqual(t, http.StatusOK, there.get("/staff/me").Status)
	})
	t.Run("sessions are ended one by one and all at once", func(t *testing.T) {
		there := enter(testPassword, 30*time.Second)
		page := here.get("/staff/me")
		end := regexp.MustCompile(`/staff/me/sessions/[0-9a-f-]{36}/end`).FindString(page.Body)
		require.NotEmpty(t, end)
		require.Equal(t, "/staff/me", here.submit(page, end, nil).location())
		require.NotEqual(t, http.StatusOK, there.get("/staff").Status)
		stranger, _ := p.newStaff(record.Reviewer, true)
		require.Equal(t, http.StatusNotFound, stranger.submit(stranger.get("/staff/me"), end, nil).Status, "W17 another's session is not found")
		require.Equal(t, "/staff/me", here.submit(page, "/staff/me/sessions/end-others", nil).location())
		require.Equal(t, http.StatusOK, here.get("/staff/me").Status)
	})
	t.Run("W6 guesses at the present password are counted", func(t *testing.T) {
		var last *answer
		for range passwordTries + 1 {
			last = here.submit(here.get("/staff/me"), "/staff/me/password", url.Values{"current_password": {"guess"}})
		}
		require.Equal(t, http.StatusTooManyRequests, last.Status)
	})
}

// The pages of the staff's bar are the ones that there are.
func TestB18TheMenuLeadsToEveryPageOfTheViewer(t *testing.T) {
	p := newPortal(t, nil)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	for b, more := range map[*browser]bool{boss: true, reviewer: false} {
		page := b.get("/staff/log")
		nav := regexp.MustCompile(`(?s)<nav class="desk-nav".*?</nav>`).FindString(page.Body)
		require.Equal(t, more, strings.Contains(nav, "/staff/members"))
		require.Equal(t, 1, strings.Count(nav, `aria-current="page"`))
		for _, link := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(nav, -1) {
			require.Equal(t, http.StatusOK, b.get(link[1]).Status, link[1])
		}
	}
}
