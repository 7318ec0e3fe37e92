package web

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/certificate"
	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/storage"
)

// door is one way into the portal: how one comes in, and what ends the visit.
type door struct {
	name    string
	cookie  string
	column  string // of the table of sessions, which names whose they are
	id      record.ID
	home    string
	logout  string
	enter   func() *browser // whole, in a browser of its own
	again   func(*browser)  // in a browser that is logged in
	disable func()
	change  func(*browser) *answer // the password
	came    string                 // the event of the log
	refuse  func()                 // an attempt that fails
	refused string                 // its event
}

// doors are the three ways: a subject with its password, a subject with its key,
// staff with password and one-time code.
func doors(p *portal, w *certificatetest.World) []door {
	const fresh = "山中何所有 77"
	change := func(path string, current bool) func(*browser) *answer {
		return func(b *browser) *answer {
			fields := url.Values{"password": {fresh}, "password_again": {fresh}}
			if current {
				fields.Set("current_password", testPassword)
			}
			return b.submit(b.get(path), path+"/password", fields)
		}
	}
	by := record.Actor{Role: record.Supervisor}
	unit := p.newOrganization()
	byPassword := door{
		name: "a subject with its password", cookie: sessionCookie, column: "account", id: unit.account, home: "/account", logout: "/logout",
		enter: func() *browser {
			b := p.browser()
			b.login(unit)
			return b
		},
		again:   func(b *browser) { b.login2(unit) },
		disable: func() { require.NoError(p.t, p.Store.DisableAccount(p.t.Context(), by, unit.account)) },
		change:  change("/account", true), came: "logged in",
		refuse: func() { p.browser().tryLogin(unit.subject.Code, "错误的密码 1") }, refused: "login refused",
	}
	holder := p.newOrganization()
	key := w.Issue(p.t, certificate.RSA, holder.subject.Code)
	owner := p.browser()
	owner.login(holder)
	require.Equal(p.t, http.StatusSeeOther, owner.byKey(key).Status) // the account is the holder's own from here on
	byKey := door{
		name: "a subject with its key", cookie: sessionCookie, column: "account", id: holder.account, home: "/account", logout: "/logout",
		enter: func() *browser {
			b := p.browser()
			require.Equal(p.t, "/home", b.byKey(key).location())
			return b
		},
		again:   func(b *browser) { b.byKeyAgain(key) },
		disable: func() { require.NoError(p.t, p.Store.DisableAccount(p.t.Context(), by, holder.account)) },
		change:  change("/account", false), came: "logged in by certificate",
		refuse: func() {
			stranger := certificatetest.New(p.t, "", "")
			p.browser().byKey(stranger.Issue(p.t, certificate.RSA, holder.subject.Code))
		}, refused: "certificate login refused",
	}
	return []door{byPassword, byKey, p.staffDoor(by, change("/staff/me", true))}
}

// login2 logs in again where one is logged in: the page of the login sends on.
func (b *browser) login2(w person) {
	b.p.t.Helper()
	a := b.submit(b.get("/account"), "/login", url.Values{"account": {w.subject.Code}, "password": {w.password}})
	require.Equal(b.p.t, "/home", a.location(), a.text())
}

// byKeyAgain logs in with a key where one is logged in: a challenge is drawn with
// the token of the session.
func (b *browser) byKeyAgain(key certificatetest.Key) {
	b.p.t.Helper()
	page := b.get("/login/certificate")
	for page.Status == http.StatusSeeOther {
		page = b.follow(page)
	}
	asked, statement := b.asked(page, "/login/certificate/challenge", nil)
	fields := keyFields(b.p.t, key, statement)
	fields.Set("nonce", asked.Nonce)
	a := b.submit(page, "/login/certificate", fields)
	require.Equal(b.p.t, "/home", a.location(), a.text())
}

func (p *portal) staffDoor(by record.Actor, change func(*browser) *answer) door {
	p.t.Helper()
	secret, err := access.NewTOTPSecret()
	require.NoError(p.t, err)
	hash, err := access.Hash(p.t.Context(), testPassword)
	require.NoError(p.t, err)
	login := "d" + suffix()
	id, err := p.Store.AddStaff(p.t.Context(), record.Actor{}, storage.NewStaff{
		Login: login, Name: "沈门", Role: record.Reviewer, Identity: newResidentID(), Password: hash, Secret: secret, Enrolled: true,
	})
	require.NoError(p.t, err)
	give := func(b *browser, page *answer) {
		entered := b.submit(page, "/staff/login", url.Values{"login": {login}, "password": {testPassword}})
		require.Equal(p.t, "/staff/totp", entered.location(), entered.text())
		_, err := owner(p.t).NewRaw("UPDATE staff SET totp_step = 0 WHERE id = ?", id).Exec(p.t.Context())
		require.NoError(p.t, err)
		code, err := access.TOTPCode(secret, time.Now())
		require.NoError(p.t, err)
		before := b.cookies[staffCookie].Value
		require.Equal(p.t, "/staff", b.submit(b.follow(entered), "/staff/totp", url.Values{"code": {code}}).location())
		require.NotEqual(p.t, before, b.cookies[staffCookie].Value, "W9 the step-up draws a new one")
		require.NoError(p.t, p.Store.Forget(p.t.Context(), "totp/"+string(id)))
	}
	return door{
		name: "staff with both factors", cookie: staffCookie, column: "staff", id: id, home: "/staff/me", logout: "/staff/logout",
		enter: func() *browser {
			b := p.browser()
			give(b, b.get("/staff/login"))
			return b
		},
		again:   func(b *browser) { give(b, b.get("/staff/me")) },
		disable: func() { require.NoError(p.t, p.Store.DisableStaff(p.t.Context(), by, id)) },
		change:  change, came: "staff logged in",
		refuse: func() {
			b := p.browser()
			b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {login}, "password": {"错误的密码 1"}})
		}, refused: "staff login refused",
	}
}

// out tells that a browser's session is over.
func (d door) out(t *testing.T, b *browser) {
	t.Helper()
	a := b.get(d.home)
	require.Equal(t, http.StatusSeeOther, a.Status, "the session goes on: %s", a.text())
	require.Contains(t, a.location(), "/login?next=")
}

func TestW9_W10_W11_SessionsOfEveryDoor(t *testing.T) {
	p, world := keyPortal(t)
	for _, d := range doors(p, world) {
		elapse := func(column string, by time.Duration) {
			_, err := owner(t).ExecContext(t.Context(), "UPDATE sessions SET "+column+" = "+column+" - ? * interval '1 second' WHERE "+d.column+" = ? AND ended_at IS NULL", by.Seconds(), d.id)
			require.NoError(t, err)
		}
		t.Run("W9 "+d.name+": a planted session is not the one that begins", func(t *testing.T) {
			planted, _, err := access.NewToken()
			require.NoError(t, err)
			thief := p.browser()
			thief.cookies[d.cookie] = &http.Cookie{Name: d.cookie, Value: planted}
			b := d.enter()
			require.NotEqual(t, planted, b.cookies[d.cookie].Value)
			d.out(t, thief)
		})
		t.Run("W9 "+d.name+": a second login ends the session under the old cookie", func(t *testing.T) {
			b := d.enter()
			before := b.twin()
			d.again(b)
			require.NotEqual(t, before.cookies[d.cookie].Value, b.cookies[d.cookie].Value)
			d.out(t, before)
			require.Equal(t, http.StatusOK, b.get(d.home).Status)
		})
		t.Run("W10 "+d.name+": idle for longer, and it is over", func(t *testing.T) {
			b := d.enter()
			elapse("seen_at", p.IdleTimeout-time.Minute)
			require.Equal(t, http.StatusOK, b.get(d.home).Status)
			elapse("seen_at", p.IdleTimeout+time.Second)
			d.out(t, b)
		})
		t.Run("W10 "+d.name+": used all the time, it ends after twelve hours", func(t *testing.T) {
			b := d.enter()
			elapse("expires_at", p.AbsoluteTimeout-time.Minute)
			require.Equal(t, http.StatusOK, b.get(d.home).Status)
			elapse("expires_at", 2*time.Minute)
			d.out(t, b)
		})
		t.Run("W11 "+d.name+": logging out ends the session, not only its cookie", func(t *testing.T) {
			b := d.enter()
			copied := b.twin()
			require.Equal(t, http.StatusSeeOther, b.submit(b.get(d.home), d.logout, nil).Status)
			require.Nil(t, b.cookies[d.cookie])
			d.out(t, copied)
		})
		t.Run("W32 "+d.name+": who came and who was refused is in the log", func(t *testing.T) {
			d.enter()
			d.refuse()
			for _, event := range []string{d.came, d.refused} {
				require.Contains(t, p.log.String(), event)
			}
		})
		t.Run("W9 W11 "+d.name+": a new password ends every other session and renews this one", func(t *testing.T) {
			b, other := d.enter(), d.enter()
			before := b.twin()
			require.Equal(t, d.home, d.change(b).location())
			require.Equal(t, http.StatusOK, b.get(d.home).Status)
			d.out(t, other)
			d.out(t, before)
		})
		t.Run("W11 "+d.name+": who is disabled is out at once", func(t *testing.T) {
			token, hash, err := access.NewToken()
			require.NoError(t, err)
			n := storage.NewSession{Token: hash, Account: d.id, Assurance: record.ByPassword, SecondFactor: true, Lifetime: time.Hour}
			if d.cookie == staffCookie {
				n.Account, n.Staff = "", d.id
			}
			_, err = p.Store.StartSession(t.Context(), n)
			require.NoError(t, err)
			b := p.browser()
			b.cookies[d.cookie] = &http.Cookie{Name: d.cookie, Value: token}
			require.Equal(t, http.StatusOK, b.get(d.home).Status)
			d.disable()
			d.out(t, b)
		})
	}
}

// One side's session opens nothing on the other side.
func TestW19_ASessionServesItsOwnSideOnly(t *testing.T) {
	p := newPortal(t, nil)
	b := p.browser()
	b.login(p.newOrganization())
	staff, _ := p.newStaff(record.Supervisor, true)
	for name, c := range map[string]struct{ from, to, path string }{
		"a subject's at the desk": {b.cookies[sessionCookie].Value, staffCookie, "/staff"},
		"staff's at the counter":  {staff.cookies[staffCookie].Value, sessionCookie, "/home"},
	} {
		t.Run(name, func(t *testing.T) {
			swapped := p.browser()
			swapped.cookies[c.to] = &http.Cookie{Name: c.to, Value: c.from}
			require.Contains(t, swapped.get(c.path).location(), "/login?next=")
		})
	}
}
