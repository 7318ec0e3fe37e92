package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// claim fills the form of a claim for the code.
func claimOf(page *answer, code string) url.Values {
	return url.Values{
		"command": {page.value("command")}, "type": {"organization"}, "code": {code}, "name": {"司马𬀩"}, "position": {"法定代表人"},
		"phone": {"13812345678"}, "text": {"我单位从未在本平台注册。"},
	}
}

var newCode = regexp.MustCompile(`[a-z0-9]{4}(-[a-z0-9]{4}){3}`)

func TestClaims(t *testing.T) {
	p := newPortal(t, nil)
	stranger := p.newOrganization()
	thief := p.browser()
	thief.login(stranger)
	claimant := p.browser()
	page := claimant.get("/claims/new")
	require.Equal(t, http.StatusOK, page.Status)
	fields := claimOf(page, stranger.subject.Code)
	fields.Set("proof", claimant.solve("organization"))
	opened := claimant.submit(page, "/claims", fields)
	require.Equal(t, http.StatusSeeOther, opened.Status, opened.text())
	path := opened.location()
	require.NotContains(t, path, stranger.subject.Code)

	t.Run("S03 a claim tells no more than step 1 of registration", func(t *testing.T) {
		progress := claimant.get(path)
		require.Contains(t, progress.text(), "核实中")
		require.NotContains(t, progress.text(), stranger.subject.Name)
		require.NotContains(t, progress.text(), stranger.subject.Code)
		require.NotContains(t, progress.text(), "13812345678")
		// A proven subject, and one that somebody else claims already, give the same answer.
		again := claimant.submit(page, "/claims", func() url.Values {
			f := claimOf(page, stranger.subject.Code)
			f.Set("command", string(storage.NewID()))
			return f
		}())
		require.Equal(t, http.StatusSeeOther, again.Status)
		require.NotEqual(t, path, again.location())
		free := claimant.submit(page, "/claims", claimOf(page, newCreditCode()))
		require.Equal(t, "/register", free.location())
		require.Contains(t, claimant.follow(free).text(), "还没有注册")
	})
	t.Run("S03 the same form sent again is the same claim", func(t *testing.T) {
		fields.Del("proof")
		require.Equal(t, path, claimant.submit(page, "/claims", fields).location())
	})
	t.Run("S03 what is wrong is said, and what was typed is kept", func(t *testing.T) {
		f := claimOf(page, "91430100MA00")
		f.Set("phone", "没有")
		f.Set("text", " ")
		a := claimant.submit(page, "/claims", f)
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "请填写手机号码")
		require.Contains(t, a.text(), "请填写情况说明")
		require.Equal(t, "91430100MA00", a.value("code"))
	})
	t.Run("the number leads to the claim", func(t *testing.T) {
		require.Equal(t, path, claimant.get("/claims?number="+strings.ToLower(strings.TrimPrefix(path, "/claims/"))).location())
		require.Equal(t, "/claims/new", claimant.get("/claims?number=1").location())
		require.Equal(t, http.StatusNotFound, claimant.get("/claims/20260101-AAAAAAAAAA").Status)
	})
	t.Run("W6 questions without proof are few", func(t *testing.T) {
		guesser := p.browser()
		form := guesser.get("/claims/new")
		last := 0
		for range askUnproven + 1 {
			f := claimOf(form, newCreditCode())
			f.Set("command", string(storage.NewID()))
			last = guesser.submit(form, "/claims", f).Status
		}
		require.Equal(t, http.StatusTooManyRequests, last)
	})
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	desk := staffClaimPath(t, p, path)
	t.Run("W19 only supervisors see and decide claims", func(t *testing.T) {
		require.Equal(t, http.StatusForbidden, reviewer.get("/staff/claims").Status)
		require.Equal(t, http.StatusForbidden, reviewer.get(desk).Status)
		require.Contains(t, boss.get("/staff/claims").text(), strings.TrimPrefix(path, "/claims/"))
		require.NotContains(t, reviewer.get("/staff").Body, "/staff/claims")
	})
	t.Run("W29 the telephone is masked until a look is noted", func(t *testing.T) {
		shown := boss.get(desk)
		require.NotContains(t, shown.text(), "13812345678")
		require.Equal(t, http.StatusUnprocessableEntity, boss.submit(shown, desk+"/reveal", nil).Status)
		revealed := boss.submit(shown, desk+"/reveal", url.Values{"reason": {"identity"}})
		require.Contains(t, revealed.text(), "13812345678")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE chain = ? AND type = 'claim_revealed'", stranger.subject.ID))
	})
	t.Run("a grant needs the check of the claimant's identity", func(t *testing.T) {
		a := boss.submit(boss.get(desk), desk+"/grant", url.Values{"grant": {"已核实"}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), "请先核实申诉人身份")
		require.Equal(t, http.StatusOK, thief.get("/home").Status)
	})
	var code string
	t.Run("a grant ends the stranger's sessions and gives a code once", func(t *testing.T) {
		a := boss.submit(boss.get(desk), desk+"/grant", url.Values{"grant": {"已电话核实"}, "verified": {"on"}})
		require.Equal(t, http.StatusOK, a.Status, a.text())
		code = newCode.FindString(a.text())
		require.NotEmpty(t, code)
		require.NotContains(t, boss.get(desk).text(), code)
		require.NotContains(t, p.log.String(), code)
		require.Equal(t, "/login?next=%2Fhome", thief.get("/home").location())
		twice := boss.submit(boss.get(desk), desk+"/refuse", url.Values{"refuse": {"不属实"}})
		require.Equal(t, http.StatusConflict, twice.Status)
	})
	const password = "湘江北去橘子洲头 1925"
	t.Run("the code sets a password, once", func(t *testing.T) {
		progress := claimant.get(path)
		require.Contains(t, progress.text(), "已电话核实")
		send := func(code string) *answer {
			return claimant.submit(progress, path, url.Values{"code": {code}, "password": {password}, "password_again": {password}})
		}
		wrong := send("aaaa-cccc-dddd-eeee")
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Contains(t, wrong.text(), "设置码不正确")
		weak := claimant.submit(progress, path, url.Values{"code": {code}, "password": {"12345678"}, "password_again": {"12345678"}})
		require.Equal(t, http.StatusUnprocessableEntity, weak.Status)
		require.Equal(t, "/login", send(strings.ToUpper(code)).location())
		require.Equal(t, http.StatusUnprocessableEntity, send(code).Status)
		mine := p.browser()
		mine.login(person{subject: stranger.subject, password: password})
		require.Equal(t, http.StatusOK, mine.get("/home").Status)
		again := p.browser()
		refused := again.submit(again.get("/login"), "/login", url.Values{"account": {stranger.subject.Code}, "password": {stranger.password}})
		require.NotEqual(t, http.StatusSeeOther, refused.Status, "the stranger's password is dead")
		require.Contains(t, claimant.get(path).text(), "登录密码已设置")
	})
}

func TestClaimRefused(t *testing.T) {
	p := newPortal(t, nil)
	proven := p.newOrganization()
	_, err := owner(t).NewRaw("UPDATE subjects SET proven_at = now() WHERE id = ?", proven.subject.ID).Exec(t.Context())
	require.NoError(t, err)
	b := p.browser()
	page := b.get("/claims/new")
	path := b.submit(page, "/claims", claimOf(page, proven.subject.Code)).location()
	require.Regexp(t, `^/claims/2`, path, "a proven subject gives the same answer")
	boss, _ := p.newStaff(record.Supervisor, true)
	desk := staffClaimPath(t, p, path)
	shown := boss.get(desk)
	require.Contains(t, shown.text(), "该主体已经核实，不能移交")
	a := boss.submit(shown, desk+"/grant", url.Values{"grant": {"已核实"}, "verified": {"on"}})
	require.Equal(t, http.StatusConflict, a.Status)
	require.Equal(t, http.StatusUnprocessableEntity, boss.submit(shown, desk+"/refuse", nil).Status)
	require.Equal(t, desk, boss.submit(shown, desk+"/refuse", url.Values{"refuse": {"账号由贵单位经办人使用"}}).location())
	require.Contains(t, b.get(path).text(), "账号由贵单位经办人使用")
	owner := p.browser()
	owner.login(proven)
	require.Equal(t, http.StatusOK, owner.get("/home").Status)
}

// staffClaimPath is the staff's page of the claim that its claimant finds there.
func staffClaimPath(t *testing.T, p *portal, path string) string {
	t.Helper()
	var id string
	require.NoError(t, owner(t).NewRaw("SELECT id FROM occupancy_claims WHERE number = ?", strings.TrimPrefix(path, "/claims/")).Scan(t.Context(), &id))
	return "/staff/claims/" + id
}
