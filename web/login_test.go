package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
)

func (b *browser) tryLogin(account, password string) *answer {
	b.p.t.Helper()
	return b.submit(b.get("/login"), "/login", url.Values{"account": {account}, "password": {password}})
}

func TestLogin(t *testing.T) {
	p := newPortal(t, nil)
	unit := p.newOrganization()
	someone := p.newSubject(record.Person, "111", newResidentID(), "欧阳𬀩")
	bracket := p.newSubject(record.Organization, "", newCreditCode(), "长沙（测试）"+suffix())
	for _, c := range []struct{ promise, account string }{
		{"S06 by the unit's full name", unit.subject.Name},
		{"S06 by the unit's code", unit.subject.Code},
		{"S06 by the code in lower case, full width and with blanks", " " + fullWidth(strings.ToLower(unit.subject.Code)) + " "},
		{"S06 by the name with blanks around", "  " + unit.subject.Name + "\u3000"},
		{"S06 by the name with half-width brackets", strings.NewReplacer("（", "(", "）", ")").Replace(bracket.subject.Name)},
		{"S06 by a person's document number", someone.subject.Code},
		{"S06 by a person's number with a small x or not", strings.ToLower(someone.subject.Code)},
	} {
		t.Run(c.promise, func(t *testing.T) {
			b := p.browser()
			a := b.tryLogin(c.account, testPassword)
			require.Equal(t, "/home", a.location(), a.text())
			require.Equal(t, http.StatusOK, b.follow(a).Status)
			require.Equal(t, http.StatusSeeOther, b.get("/login").Status, "who is logged in is sent on")
		})
	}
	t.Run("S06 keeps what was typed, but for the password", func(t *testing.T) {
		b := p.browser()
		a := b.submit(b.get("/login"), "/login", url.Values{"account": {unit.subject.Name}, "password": {"错误的密码 1"}, "remember": {"on"}, "next": {"/messages"}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Equal(t, unit.subject.Name, a.value("account"))
		require.Empty(t, a.value("password"))
		require.Contains(t, a.Body, `name="next" value="/messages"`)
		require.Contains(t, a.text(), "账号或密码不正确")
		require.Nil(t, b.cookies[sessionCookie])
	})
	t.Run("S06 nothing typed", func(t *testing.T) {
		b := p.browser()
		a := b.tryLogin(" ", "")
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "请填写账号")
		require.Contains(t, a.text(), "请填写密码")
	})
	t.Run("S06 remembers the account if asked to, unreadably", func(t *testing.T) {
		b := p.browser()
		b.submit(b.get("/login"), "/login", url.Values{"account": {unit.subject.Name}, "password": {testPassword}, "remember": {"on"}})
		require.NotContains(t, b.cookies[accountCookie].Value, unit.subject.Code)
		b.submit(b.get("/account"), "/logout", nil)
		require.Equal(t, unit.subject.Name, b.get("/login").value("account"))
		b.tryLogin(unit.subject.Name, testPassword)
		require.Nil(t, b.cookies[accountCookie], "without the mark it is forgotten")
	})
	t.Run("S06 a name that two units bear logs in by code only", func(t *testing.T) {
		name := "同名有限公司" + suffix()
		one, two := p.newSubject(record.Organization, "", newCreditCode(), name), p.newSubject(record.Organization, "", newCreditCode(), name)
		require.Equal(t, http.StatusUnprocessableEntity, p.browser().tryLogin(name, testPassword).Status)
		require.Equal(t, http.StatusSeeOther, p.browser().tryLogin(one.subject.Code, testPassword).Status)
		require.Equal(t, http.StatusSeeOther, p.browser().tryLogin(two.subject.Code, testPassword).Status)
	})
	t.Run("S06 goes on to local pages only", func(t *testing.T) {
		for next, goes := range map[string]string{
			"/messages": "/messages", "/records?kind=award": "/records?kind=award", "": "/home", "//evil.test/": "/home", "https://evil.test": "/home",
			"/\\evil.test": "/home", "\\\\evil.test": "/home", "/\t/evil.test": "/home", "javascript:alert(1)": "/home", "/%0d%0aX: y": "/%0d%0aX: y",
		} {
			b := p.browser()
			a := b.submit(b.get("/login"), "/login", url.Values{"account": {unit.subject.Code}, "password": {testPassword}, "next": {next}})
			require.Equal(t, goes, a.location(), next)
		}
	})
}

func TestW5_UnknownAccountsLookLikeKnownOnes(t *testing.T) {
	p := newPortal(t, nil)
	unit := p.newOrganization()
	known, unknown := unit.subject.Code, newCreditCode()
	a, b := p.browser().tryLogin(known, "错误的密码 1"), p.browser().tryLogin(unknown, "错误的密码 1")
	t.Run("W5 same status and words", func(t *testing.T) {
		require.Equal(t, a.Status, b.Status)
		require.Equal(t, strings.ReplaceAll(a.text(), known, ""), strings.ReplaceAll(b.text(), unknown, ""))
		require.Equal(t, cookieNames(a), cookieNames(b))
	})
	t.Run("W5 same time", func(t *testing.T) {
		// The middle of a few, taken in turns so that whatever else the machine
		// does bears on both: one hash each, which is most of the time.
		took := map[string][]time.Duration{}
		for range 9 {
			for _, account := range []string{known, unknown} {
				visitor := p.browser()
				page := visitor.get("/login")
				began := time.Now()
				visitor.submit(page, "/login", url.Values{"account": {account}, "password": {"错误的密码 1"}})
				took[account] = append(took[account], time.Since(began))
			}
		}
		middle := func(account string) time.Duration {
			slices.Sort(took[account])
			return took[account][len(took[account])/2]
		}
		one, other := middle(known), middle(unknown)
		require.Less(t, max(one, other), 2*min(one, other), "known %s, unknown %s", one, other)
	})
	t.Run("W5 the same counting", func(t *testing.T) {
		attempts := func(account string) []int {
			visitor := p.browser()
			var statuses []int
			for range 12 {
				statuses = append(statuses, visitor.tryLogin(account, "错误的密码 1").Status)
			}
			return statuses
		}
		one := attempts(p.newOrganization().subject.Code)
		require.Equal(t, one, attempts(newCreditCode()))
		require.Equal(t, http.StatusTooManyRequests, one[len(one)-1])
	})
}

func cookieNames(a *answer) []string {
	var names []string
	for _, c := range a.Header.Values("Set-Cookie") {
		name, _, _ := strings.Cut(c, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func TestW4_GuessingNeverLocksTheOwnerOut(t *testing.T) {
	p := newPortal(t, nil)
	unit := p.newOrganization()
	known := p.browser()
	known.login(unit)
	known.submit(known.get("/account"), "/logout", nil)
	for range 40 {
		p.browser().tryLogin(unit.subject.Code, "错误的密码 1")
	}
	stranger := p.browser()
	refused := stranger.tryLogin(unit.subject.Code, testPassword)
	require.Equal(t, http.StatusTooManyRequests, refused.Status)
	require.Contains(t, refused.text(), "安全校验")
	t.Run("W4 who logged in from here before still does", func(t *testing.T) {
		require.Equal(t, "/home", known.tryLogin(unit.subject.Code, testPassword).location())
	})
	t.Run("W4 from a new place a proof of work opens the door", func(t *testing.T) {
		require.Contains(t, refused.Body, `data-proof="/challenge?purpose=login"`)
		wrong := stranger.submit(refused, "/login", url.Values{
			"account": {unit.subject.Code}, "password": {testPassword}, "proof": {stranger.solve("organization")},
		})
		require.Equal(t, http.StatusTooManyRequests, wrong.Status, "a proof for something else")
		a := stranger.submit(refused, "/login", url.Values{
			"account": {unit.subject.Code}, "password": {testPassword}, "proof": {stranger.solve("login")},
		})
		require.Equal(t, "/home", a.location(), a.text())
	})
}

func TestSessions(t *testing.T) {
	p := newPortal(t, nil)
	unit := p.newOrganization()
	t.Run("W9 a session that somebody planted is not the one that begins", func(t *testing.T) {
		planted, _, err := access.NewToken()
		require.NoError(t, err)
		b := p.browser()
		b.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: planted}
		b.login(unit)
		require.NotEqual(t, planted, b.cookies[sessionCookie].Value)
		thief := p.browser()
		thief.cookies[sessionCookie] = &http.Cookie{Name: sessionCookie, Value: planted}
		require.Equal(t, "/login?next=%2Faccount", thief.get("/account").location())
	})
	t.Run("W9 a second login ends the session under the old cookie", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		before := b.twin()
		a := b.submit(b.get("/account"), "/login", url.Values{"account": {unit.subject.Code}, "password": {unit.password}})
		require.Equal(t, "/home", a.location())
		require.Equal(t, http.StatusSeeOther, before.get("/account").Status)
		require.Equal(t, http.StatusOK, b.get("/account").Status)
	})
	t.Run("W10 idle for longer, and the session is over", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		p.elapse(unit, "seen_at", p.IdleTimeout-time.Minute)
		require.Equal(t, http.StatusOK, b.get("/account").Status)
		p.elapse(unit, "seen_at", p.IdleTimeout+time.Second)
		require.Equal(t, http.StatusSeeOther, b.get("/account").Status)
	})
	t.Run("W10 used all the time, it ends after twelve hours", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		p.elapse(unit, "expires_at", p.AbsoluteTimeout-time.Minute)
		require.Equal(t, http.StatusOK, b.get("/account").Status)
		p.elapse(unit, "expires_at", 2*time.Minute)
		require.Equal(t, http.StatusSeeOther, b.get("/account").Status)
	})
	t.Run("W11 logging out ends the session, not only its cookie", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		copied := b.twin()
		require.Equal(t, "/login", b.submit(b.get("/account"), "/logout", nil).location())
		require.Nil(t, b.cookies[sessionCookie])
		require.Equal(t, http.StatusSeeOther, copied.get("/account").Status)
	})
	t.Run("W11 W20 a disabled account is out at once, and is told why at the login", func(t *testing.T) {
		w := p.newOrganization()
		b := p.browser()
		b.login(w)
		require.NoError(t, p.Store.DisableAccount(t.Context(), record.Actor{Role: record.Supervisor}, w.account))
		require.Equal(t, http.StatusSeeOther, b.get("/account").Status)
		a := p.browser().tryLogin(w.subject.Code, w.password)
		require.Equal(t, http.StatusForbidden, a.Status)
		require.Contains(t, a.text(), "账号已停用")
		require.NotContains(t, p.browser().tryLogin(w.subject.Code, "错误的密码 1").text(), "停用", "not to who does not know the password")
	})
	t.Run("W1 a hash of an older cost is renewed by a login", func(t *testing.T) {
		w := p.newOrganization()
		old := "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$"
		_, err := owner(t).NewRaw("UPDATE accounts SET password = ? WHERE id = ?", old+argonOf(t, w.password), w.account).Exec(t.Context())
		require.NoError(t, err)
		p.browser().login(w)
		renewed, err := p.Store.Account(t.Context(), w.account)
		require.NoError(t, err)
		require.NotContains(t, renewed.Password, "m=8,t=1")
		p.browser().login(w)
	})
}

// elapse moves an instant of the subject's living sessions into the past.
func (p *portal) elapse(w person, column string, by time.Duration) {
	p.t.Helper()
	_, err := owner(p.t).ExecContext(p.t.Context(),
		"UPDATE sessions SET "+column+" = "+column+" - ? * interval '1 second' WHERE account = ? AND ended_at IS NULL", by.Seconds(), w.account)
	require.NoError(p.t, err)
}

func TestSessionEndedWhileTyping(t *testing.T) {
	p := newPortal(t, nil)
	unit := p.newOrganization()
	typed := url.Values{"current_password": {testPassword}, "note": {"𬀩 已填写 <b>", "第二行"}, "contrast": {"on"}}
	end := func(b *browser) {
		_, err := p.Store.EndOtherSessions(t.Context(), unit.account, "")
		require.NoError(t, err)
	}
	for _, c := range []struct {
		promise string
		after   func(b *browser)
		header  http.Header
	}{
		{"the cookie is still there", func(*browser) {}, http.Header{}},
		{"the cookie is gone, and the browser says that the page is ours", func(b *browser) { delete(b.cookies, sessionCookie) }, http.Header{"Sec-Fetch-Site": {"same-origin"}}},
	} {
		t.Run("S06 what was typed survives: "+c.promise, func(t *testing.T) {
			b := p.browser()
			b.login(unit)
			page := b.get("/account")
			end(b)
			c.after(b)
			b.header = c.header
			ended := b.submit(page, "/messages/read?from=here", typed)
			require.Equal(t, http.StatusUnauthorized, ended.Status, ended.text())
			require.Equal(t, "/messages/read?from=here", ended.input("resume"))
			require.Equal(t, "𬀩 已填写 <b>", ended.input("kept.note"))
			require.Contains(t, ended.Body, "第二行")
			require.Empty(t, ended.input("kept.current_password"), "a password is never sent back")
			require.Empty(t, ended.input("kept._csrf"))

			carry := url.Values{"resume": {ended.input("resume")}, "kept.note": {ended.input("kept.note"), "第二行"}, "account": {unit.subject.Code}}
			carry.Set("password", "错误的密码 1")
			again := b.submit(ended, "/login", carry)
			require.Equal(t, http.StatusUnprocessableEntity, again.Status)
			require.Equal(t, "𬀩 已填写 <b>", again.input("kept.note"), "a wrong password loses nothing")

			carry.Set("password", testPassword)
			resumed := b.submit(again, "/login", carry)
			require.Equal(t, http.StatusOK, resumed.Status, resumed.text())
			require.Contains(t, resumed.Body, `action="/messages/read?from=here"`)
			require.Equal(t, "𬀩 已填写 <b>", resumed.input("note"))
			require.NotNil(t, b.cookies[sessionCookie])
			posted := b.submit(resumed, "/messages/read?from=here", url.Values{"all": {"on"}})
			require.Equal(t, "/messages", posted.location(), "the new session's token is on the page")
		})
	}
	t.Run("S06 a page that was opened under an earlier session asks, and goes on", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		page := b.get("/account")
		b.submit(page, "/login", url.Values{"account": {unit.subject.Code}, "password": {unit.password}})
		b.header = http.Header{"Origin": {"http://portal.test"}}
		a := b.submit(page, "/messages/read", url.Values{"all": {"on"}})
		require.Equal(t, http.StatusForbidden, a.Status)
		require.Equal(t, "on", a.input("all"))
		require.Equal(t, "/messages", b.submit(a, "/messages/read", url.Values{"all": {"on"}}).location())
	})
	t.Run("S06 a script is told in its own language", func(t *testing.T) {
		b := p.browser()
		b.login(unit)
		page := b.get("/account")
		end(b)
		b.header = http.Header{"Accept": {"application/json"}}
		a := b.submit(page, "/messages/read", url.Values{"all": {"on"}})
		require.Equal(t, http.StatusUnauthorized, a.Status)
		require.Contains(t, a.Header.Get("Content-Type"), "application/json")
		require.Contains(t, a.Body, `"unauthorized"`)
	})
}

func TestB09_AccountSecurity(t *testing.T) {
	p := newPortal(t, nil)
	change := func(b *browser, current, password, again string) *answer {
		return b.submit(b.get("/account"), "/account/password", url.Values{
			"current_password": {current}, "password": {password}, "password_again": {again},
		})
	}
	const fresh = "山中何所有 77"
	t.Run("B09 W9 W11 a changed password ends the other sessions and renews this one", func(t *testing.T) {
		w := p.newOrganization()
		b, other := p.browser(), p.browser()
		b.login(w)
		other.login(w)
		before := b.twin()
		a := change(b, testPassword, fresh, fresh)
		require.Equal(t, "/account", a.location(), a.text())
		require.Contains(t, b.follow(a).text(), "密码已修改")
		require.NotContains(t, b.get("/account").text(), "密码已修改", "a notice is shown once")
		require.Equal(t, http.StatusSeeOther, other.get("/account").Status)
		require.Equal(t, http.StatusSeeOther, before.get("/account").Status)
		require.Equal(t, http.StatusUnprocessableEntity, p.browser().tryLogin(w.subject.Code, testPassword).Status)
		require.Equal(t, http.StatusSeeOther, p.browser().tryLogin(w.subject.Code, fresh).Status)
	})
	t.Run("B09 bad input changes nothing", func(t *testing.T) {
		w := p.newOrganization()
		b := p.browser()
		b.login(w)
		for _, c := range []struct{ promise, current, password, again, says string }{
			{"the present password is wrong", "错误的密码 1", fresh, fresh, "当前密码不正确"},
			{"nothing chosen", testPassword, "", "", "请设置密码"},
			{"W3 too short", testPassword, "短x1", "短x1", "至少 8 个字符"},
			{"W3 common", testPassword, "a123456789", "a123456789", "请换一个"},
			{"W3 the code", testPassword, w.subject.Code, w.subject.Code, "不能包含"},
			{"typed differently", testPassword, fresh, fresh + " ", "不一致"},
			{"the same again", testPassword, testPassword, testPassword, "与当前密码相同"},
		} {
			a := change(b, c.current, c.password, c.again)
			require.Equal(t, http.StatusUnprocessableEntity, a.Status, c.promise)
			require.Contains(t, a.text(), c.says, c.promise)
		}
		require.Equal(t, http.StatusSeeOther, p.browser().tryLogin(w.subject.Code, testPassword).Status)
	})
	t.Run("W4 a session left open does not help to guess the password", func(t *testing.T) {
		w := p.newOrganization()
		b := p.browser()
		b.login(w)
		for range passwordTries {
			change(b, "错误的密码 1", fresh, fresh)
		}
		require.Equal(t, http.StatusTooManyRequests, change(b, testPassword, fresh, fresh).Status)
	})
	t.Run("B09 sessions are listed and ended", func(t *testing.T) {
		w := p.newOrganization()
		b, other, third := p.browser(), p.browser(), p.browser()
		other.header = http.Header{"User-Agent": {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36"}}
		for _, each := range []*browser{b, other, third} {
			each.login(w)
		}
		page := b.get("/account")
		require.Contains(t, page.text(), "Chrome，Windows")
		require.Contains(t, page.text(), other.address)
		require.Equal(t, 1, strings.Count(page.text(), "当前会话"))
		foreign := p.newOrganization()
		stranger := p.browser()
		stranger.login(foreign)
		var id string
		require.NoError(t, owner(t).NewRaw("SELECT id FROM sessions WHERE account = ? AND address = ? AND ended_at IS NULL",
			w.account, other.address).Scan(t.Context(), &id))
		require.Equal(t, http.StatusNotFound, stranger.submit(stranger.get("/account"), "/account/sessions/"+id+"/end", nil).Status, "W17 of another account")
		require.Equal(t, http.StatusOK, other.get("/account").Status)
		require.Equal(t, "/account", b.submit(page, "/account/sessions/"+id+"/end", nil).location())
		require.Equal(t, http.StatusSeeOther, other.get("/account").Status)
		require.Equal(t, "/account", b.submit(b.get("/account"), "/account/sessions/end-others", nil).location())
		require.Equal(t, http.StatusSeeOther, third.get("/account").Status)
		require.Equal(t, http.StatusOK, b.get("/account").Status)
		require.Equal(t, http.StatusOK, stranger.get("/account").Status)
	})
}
