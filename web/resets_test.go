package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
)

const counterPassword = "江上数峰青 2027"

// opensReset opens a link at the counter, and answers its path.
func (b *browser) opensReset(of *bidder) (path string, page *answer) {
	b.p.t.Helper()
	page = b.get(of.desk() + "/resets")
	opened := b.submit(page, of.desk()+"/resets", url.Values{
		"command": {page.input("command")}, "account": {string(of.who.account)}, "reason": {"forgotten"}, "paper": {"licence"}, "note": {"持介绍信办理"},
	})
	require.Equal(b.p.t, http.StatusOK, opened.Status, opened.text())
	link := regexp.MustCompile(`http://portal\.test(/reset/[A-Za-z0-9_-]{43})`).FindStringSubmatch(opened.Body)
	require.NotNil(b.p.t, link)
	require.Contains(b.p.t, opened.Body, "data:image/png;base64,")
	return link[1], opened
}

// unvarying is a page without what differs with each request: nonce, token, and
// the address to which the buttons of the top bar come back.
func (a *answer) unvarying() string {
	return regexp.MustCompile(`nonce="[^"]*"|(?:value|content)="[A-Za-z0-9_-]{80,}"|value="/reset/[^"]*"`).ReplaceAllString(a.Body, "")
}

func TestB09_APasswordIsSetAtTheCounterByALinkThatServesOnce(t *testing.T) {
	p := newPortal(t, nil)
	clerk, staff := p.newStaff(record.Reviewer, true)
	b := p.inForce()
	require.Contains(t, clerk.get(b.desk()).Body, `href="`+b.desk()+`/resets"`)
	path, opened := clerk.opensReset(b)
	token := strings.TrimPrefix(path, "/reset/")

	t.Run("it is shown once, and only its hash is kept", func(t *testing.T) {
		require.NotContains(t, clerk.get(b.desk()+"/resets").Body, token)
		hash, ok := access.HashToken(token)
		require.True(t, ok)
		require.Equal(t, 1, count(t, "SELECT count(*) FROM password_resets WHERE token = ?", hash))
		require.NotContains(t, p.log.String(), token)
		again := clerk.submit(opened, b.desk()+"/resets", url.Values{
			"command": {"command"}, "account": {string(b.who.account)}, "reason": {"forgotten"}, "paper": {"licence"},
		})
		require.Equal(t, http.StatusUnprocessableEntity, again.Status, "a form of nobody's")
	})
	phone := p.browser()
	page := phone.get(path)
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), b.who.subject.Name)
	require.Equal(t, http.StatusOK, phone.get(path).Status, "a look does not use it up")
	require.Equal(t, "no-store", page.Header.Get("Cache-Control"))
	require.Equal(t, "same-origin", page.Header.Get("Referrer-Policy"))

	t.Run("W3 a weak password is refused, and the link still serves", func(t *testing.T) {
		for password, again := range map[string]string{"12345678": "12345678", b.who.subject.Name: b.who.subject.Name, counterPassword: "another one"} {
			weak := phone.submit(page, path, url.Values{"password": {password}, "password_again": {again}})
			require.Equal(t, http.StatusUnprocessableEntity, weak.Status, password)
		}
	})
	require.Equal(t, http.StatusOK, b.get("/home").Status)
	set := phone.submit(page, path, url.Values{"password": {counterPassword}, "password_again": {counterPassword}})
	require.Equal(t, "/login", set.location(), set.text())
	require.Contains(t, b.get("/home").location(), "/login", "the sessions of the account end")
	wrong := phone.submit(phone.get("/login"), "/login", url.Values{"account": {b.who.subject.Code}, "password": {testPassword}})
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	b.who.password = counterPassword
	b.login(b.who)
	require.Contains(t, b.get("/messages").text(), "密码已由柜台重置")

	t.Run("who did it and why is in the subject's history", func(t *testing.T) {
		require.Equal(t, 1, count(t, `SELECT count(*) FROM events WHERE chain = ? AND type = 'password_reset_opened' AND actor = ?
			AND data->>'reason' = 'forgotten' AND data->>'paper' = 'licence'`, b.who.subject.ID, staff))
		log := clerk.get(b.desk() + "?tab=staff").text()
		require.Contains(t, log, "柜台开具密码重置链接")
		require.Contains(t, log, "持介绍信办理")
		require.Contains(t, clerk.get(b.desk()+"/resets").text(), "已使用")
	})
	t.Run("W5 invalid, used, late and revoked look the same", func(t *testing.T) {
		never, _, err := access.NewToken()
		require.NoError(t, err)
		like := phone.get("/reset/" + never)
		require.Equal(t, http.StatusNotFound, like.Status)
		late, _ := clerk.opensReset(b)
		_, err = owner(t).NewRaw("UPDATE password_resets SET expires_at = clock_timestamp() - interval '1 second' WHERE subject = ? AND used_at IS NULL", b.who.subject.ID).Exec(t.Context())
		require.NoError(t, err)
		revoked, shown := clerk.opensReset(b)
		action := regexp.MustCompile(`action="(` + b.desk() + `/resets/[^"]+/revoke)"`).FindStringSubmatch(shown.Body)
		require.NotNil(t, action)
		require.Equal(t, b.desk()+"/resets", clerk.submit(shown, action[1], nil).location())
		require.Equal(t, b.desk()+"/resets", clerk.submit(shown, action[1], nil).location(), "there is nothing left to revoke")
		require.Contains(t, clerk.get(b.desk()+"/resets").text(), "已收回")
		for matter, other := range map[string]string{"used": path, "late": late, "revoked": revoked, "no token": "/reset/x", "an id": "/reset/" + string(storage.NewID())} {
			looked := phone.get(other)
			require.Equal(t, like.Status, looked.Status, matter)
			require.Equal(t, like.unvarying(), looked.unvarying(), matter)
			for _, password := range []string{"weak", counterPassword} {
				used := phone.submit(phone.get("/login"), other, url.Values{"password": {password}, "password_again": {password}})
				require.Equal(t, like.Status, used.Status, matter)
				require.NotContains(t, used.Body, b.who.subject.Name, matter)
			}
		}
	})
}

func TestB09_TheCounterAsksForReasonAndPaper(t *testing.T) {
	p := newPortal(t, nil)
	clerk, id := p.newStaff(record.Confirmer, true)
	b := p.inForce()
	path := b.desk() + "/resets"
	page := clerk.get(path)
	post := func(change func(url.Values)) *answer {
		t.Helper()
		values := url.Values{"command": {string(storage.NewID())}, "account": {string(b.who.account)}, "reason": {"leaked"}, "paper": {"head"}}
		change(values)
		return clerk.submit(page, path, values)
	}
	for field, change := range map[string]func(url.Values){
		"账号：": func(v url.Values) { v.Del("account") }, "重置原因：": func(v url.Values) { v.Set("reason", "x") },
		"现场核验的证件：": func(v url.Values) { v.Set("paper", "own") }, "说明：": func(v url.Values) { v.Set("paper", "other") },
	} {
		a := post(change)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status, field)
		require.Contains(t, a.text(), field)
	}
	require.Zero(t, count(t, "SELECT count(*) FROM password_resets WHERE subject = ?", b.who.subject.ID))

	t.Run("a form sent twice opens one link, and the second answer shows none", func(t *testing.T) {
		command := string(storage.NewID())
		first := post(func(v url.Values) { v.Set("command", command) })
		require.Contains(t, first.Body, "http://portal.test/reset/")
		again := post(func(v url.Values) { v.Set("command", command) })
		require.Equal(t, path, again.location())
		require.NotContains(t, clerk.get(path).Body, "http://portal.test/reset/")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM password_resets WHERE subject = ? AND revoked_at IS NULL", b.who.subject.ID))
	})
	t.Run("W1 they are few of one subject a day", func(t *testing.T) {
		var last *answer
		for range resetsOfOne {
			last = post(func(url.Values) {})
		}
		require.Equal(t, http.StatusTooManyRequests, last.Status)
	})
	t.Run("one of the subject's own people asks somebody else", func(t *testing.T) {
		other := p.inForce()
		_, err := owner(t).NewRaw("UPDATE staff SET identity_index = (SELECT people[2] FROM versions WHERE record = ?) WHERE id = ?", other.id, id).Exec(t.Context())
		require.NoError(t, err)
		shown := clerk.get(other.desk() + "/resets")
		a := clerk.submit(shown, other.desk()+"/resets", url.Values{
			"command": {string(storage.NewID())}, "account": {string(other.who.account)}, "reason": {"forgotten"}, "paper": {"head"},
		})
		require.Equal(t, http.StatusForbidden, a.Status)
		require.Contains(t, a.text(), "相关人员")
	})
	t.Run("an unproven subject is led to 占用申诉", func(t *testing.T) {
		stranger := p.bidder()
		shown := clerk.get(stranger.desk() + "/resets")
		require.Contains(t, shown.text(), "占用申诉")
		require.NotContains(t, shown.Body, `name="paper"`)
		a := clerk.submit(shown, stranger.desk()+"/resets", url.Values{
			"command": {string(storage.NewID())}, "account": {string(stranger.who.account)}, "reason": {"forgotten"}, "paper": {"head"},
		})
		require.Equal(t, http.StatusConflict, a.Status)
	})
}
