package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/altcha-org/altcha-lib-go"
	"github.com/stretchr/testify/require"

	"unireg/record"
)

// solve does the work that a browser's script does before registering.
func (b *browser) solve(purpose string) string {
	b.p.t.Helper()
	a := b.get("/challenge?purpose=" + purpose)
	require.Equal(b.p.t, http.StatusOK, a.Status)
	var c altcha.Challenge
	require.NoError(b.p.t, json.Unmarshal([]byte(a.Body), &c))
	solution, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.Algorithm(c.Algorithm), int(c.MaxNumber), 0, nil)
	require.NoError(b.p.t, err)
	require.NotNil(b.p.t, solution)
	payload, err := json.Marshal(altcha.Payload{
		Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(solution.Number), Salt: c.Salt, Signature: c.Signature,
	})
	require.NoError(b.p.t, err)
	return base64.StdEncoding.EncodeToString(payload)
}

func TestRegistration(t *testing.T) {
	p := newPortal(t, nil)
	own := suffix()
	for _, c := range []struct {
		promise, kind, idType, code, name, typedName string
	}{
		{"S02 S04 S05 registers a unit and shows its login account", "organization", "", newCreditCode(), "𬀩光建设（长沙）有限公司" + suffix(), ""},
		{"S02 S04 S05 registers a person and shows the document number", "person", "111", newResidentID(), "司马𬀩" + own, " 司马𬀩" + own + " "},
		{"S02 registers the holder of a passport", "person", "414", "E" + strings.ToUpper(suffix()), "MARIA LOPEZ", ""},
	} {
		t.Run(c.promise, func(t *testing.T) {
			b := p.browser()
			step1 := b.get("/register")
			require.Equal(t, http.StatusOK, step1.Status)
			for _, words := range []string{"注册类型", "单位", "自然人", "代码或证件号", "下一步"} {
				require.Contains(t, step1.text(), words)
			}
			// Full-width digits, blanks around and lower case are what people type.
			a := b.submit(step1, "/register", url.Values{
				"type": {c.kind}, "id_type": {c.idType}, "code": {"  " + fullWidth(strings.ToLower(c.code)) + " "}, "proof": {b.solve(c.kind)},
			})
			require.Equal(t, "/register/details", a.location(), a.text())
			require.NotContains(t, a.location(), c.code)
			step2 := b.follow(a)
			require.Contains(t, step2.text(), c.code)
			require.Contains(t, step2.text(), "注册并登录")
			typed := c.typedName
			if typed == "" {
				typed = c.name
			}
			before := b.cookies[visitorCookie]
			a = b.submit(step2, "/register/details", url.Values{
				"ticket": {step2.input("ticket")}, "name": {typed}, "password": {testPassword}, "password_again": {testPassword},
			})
			require.Equal(t, "/profile?welcome=1", a.location(), a.text())
			require.NotNil(t, b.cookies[sessionCookie])
			require.NotEqual(t, before.Value, b.cookies[sessionCookie].Value)
			profile := b.follow(a)
			for profile.Status == http.StatusSeeOther {
				profile = b.follow(profile)
			}
			require.Equal(t, http.StatusOK, profile.Status)
			require.Contains(t, profile.text(), "基本信息")
			account := c.name
			if c.kind == "person" {
				account = c.code
			}
			require.Contains(t, profile.text(), account)
			require.Equal(t, 1, count(t, "SELECT count(*) FROM subjects WHERE name = ? AND type = ?", c.name, c.kind))
		})
	}
}

func TestRegistrationBadInput(t *testing.T) {
	p := newPortal(t, nil)
	registered := p.newOrganization()
	credit, resident := newCreditCode(), newResidentID()
	t.Run("step 1", func(t *testing.T) {
		for _, c := range []struct {
			promise, kind, idType, code, says string
			status                            int
		}{
			{"S02 nothing typed", "organization", "", "", "请填写统一社会信用代码", 422},
			{"S02 a wrong check digit", "organization", "", spoil(credit), "校验码不正确", 422},
			{"S02 a code with the letter O for zero", "organization", "", credit[:9] + "O" + credit[10:], "没有字母 I、O、S、V、Z", 422},
			{"S02 a person's number given as a unit's", "organization", "", resident, "这是身份证号码", 422},
			{"S02 a unit's code given as a person's", "person", "111", credit, "这是统一社会信用代码", 422},
			{"S02 a resident's number under another document", "person", "414", resident, "请把证件类型改为居民身份证", 422},
			{"S02 a wrong check digit of a resident", "person", "111", spoil(resident), "校验码不正确", 422},
			{"S02 no such kind of document", "person", "999", resident, "请选择证件类型", 422},
			{"S02 no such type", "company", "", credit, "请选择单位或自然人", 422},
			{"S02 letters that are none", "organization", "", "九一四三零一零零", "代码只含数字和大写字母", 422},
			{"S03 a code that is registered leads to the login", "organization", "", registered.subject.Code, "", 303},
		} {
			t.Run(c.promise, func(t *testing.T) {
				b := p.browser()
				before := count(t, "SELECT count(*) FROM subjects")
				a := b.submit(b.get("/register"), "/register", url.Values{"type": {c.kind}, "id_type": {c.idType}, "code": {c.code}})
				require.Equal(t, c.status, a.Status, a.text())
				if c.status == http.StatusSeeOther {
					require.Equal(t, "/login", a.location())
					require.Contains(t, b.follow(a).text(), "已在本平台注册")
				} else {
					require.Contains(t, a.text(), c.says)
					require.Equal(t, c.code, a.value("code"), "what was typed is kept")
				}
				require.Equal(t, before, count(t, "SELECT count(*) FROM subjects"))
				require.Nil(t, b.cookies[sessionCookie])
			})
		}
	})
	t.Run("step 2", func(t *testing.T) {
		for _, c := range []struct{ promise, name, password, again, says string }{
			{"S04 no name", "  ", testPassword, testPassword, "请填写单位全称"},
			{"S04 one letter", "湘", testPassword, testPassword, "至少 2 个字"},
			{"S04 the code for a name", credit, testPassword, testPassword, "不是代码或证件号"},
			{"W3 a password of seven characters", "长沙测试", "a4短x-9z", "a4短x-9z", "密码至少 8 个字符"},
			{"W3 a common password", "长沙测试", "woaini1314", "woaini1314", "常见密码"},
			{"W3 a run on the keyboard", "长沙测试", "qwertyuiop", "qwertyuiop", "请换一个"},
			{"W3 the name as password", "长沙测试有限公司分部", "长沙测试有限公司分部", "长沙测试有限公司分部", "不能包含"},
			{"W3 the code as password", "长沙测试", credit, credit, "不能包含"},
			{"W3 129 characters", "长沙测试", strings.Repeat("雨后斜阳", 32) + "a", "", "不能超过 128 个字符"},
			{"S04 the password typed differently", "长沙测试", testPassword, testPassword + "x", "不一致"},
		} {
			t.Run(c.promise, func(t *testing.T) {
				b := p.browser()
				before := count(t, "SELECT count(*) FROM subjects")
				step2 := b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {credit}}))
				a := b.submit(step2, "/register/details", url.Values{
					"ticket": {step2.input("ticket")}, "name": {c.name}, "password": {c.password}, "password_again": {c.again},
				})
				require.Equal(t, http.StatusUnprocessableEntity, a.Status)
				require.Contains(t, a.text(), c.says)
				require.Equal(t, c.name, a.value("name"), "what was typed is kept")
				require.Empty(t, a.value("password")+a.value("password_again"), "a password is never sent back")
				require.Equal(t, before, count(t, "SELECT count(*) FROM subjects"))
			})
		}
	})
	t.Run("W3 128 characters are kept whole", func(t *testing.T) {
		b := p.browser()
		code, password := newCreditCode(), longPassword()
		step2 := b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {code}}))
		a := b.submit(step2, "/register/details", url.Values{
			"ticket": {step2.input("ticket")}, "name": {"长沙长密码有限公司"}, "password": {password}, "password_again": {password},
		})
		require.Equal(t, http.StatusSeeOther, a.Status, a.text())
		short := p.browser()
		a = short.submit(short.get("/login"), "/login", url.Values{"account": {code}, "password": {password[:len(password)-3]}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status, "one character less is another password")
	})
	t.Run("S04 a ticket of another purpose, changed or old opens nothing", func(t *testing.T) {
		b := p.browser()
		sealed, err := p.seals.seal(flashCookie, farFuture(), ticket{Type: record.Organization, Code: credit})
		require.NoError(t, err)
		late, err := p.seals.seal(ticketCookie, longAgo(), ticket{Type: record.Organization, Code: credit})
		require.NoError(t, err)
		for _, forged := range []string{"", "x", sealed, late, sealed[:20] + "A" + sealed[21:]} {
			a := b.submit(b.get("/login"), "/register/details", url.Values{
				"ticket": {forged}, "name": {"长沙测试"}, "password": {testPassword}, "password_again": {testPassword},
			})
			require.Equal(t, "/register", a.location())
		}
	})
}

func TestRegistrationTwice(t *testing.T) {
	p := newPortal(t, nil)
	step2 := func(b *browser, code string) *answer {
		return b.follow(b.submit(b.get("/register"), "/register", url.Values{"type": {"organization"}, "code": {code}}))
	}
	details := func(page *answer, password string) url.Values {
		return url.Values{"ticket": {page.input("ticket")}, "name": {"双击有限公司"}, "password": {password}, "password_again": {password}}
	}
	t.Run("S04 a double click gives one account, and both answers are logged in", func(t *testing.T) {
		code := newCreditCode()
		first := p.browser()
		page := step2(first, code)
		second := first.twin()
		var group sync.WaitGroup
		answers := make([]*answer, 2)
		for i, b := range []*browser{first, second} {
			group.Go(func() { answers[i] = b.submit(page, "/register/details", details(page, testPassword)) })
		}
		group.Wait()
		for i, b := range []*browser{first, second} {
			require.Equal(t, "/profile?welcome=1", answers[i].location(), answers[i].text())
			require.Equal(t, http.StatusOK, b.get("/account").Status)
		}
		require.Equal(t, 1, count(t, "SELECT count(*) FROM subjects WHERE code = ?", code))
		require.Equal(t, 1, count(t, "SELECT count(*) FROM accounts a JOIN subjects s ON s.id = a.subject WHERE s.code = ?", code))
	})
	t.Run("S04 the back button with another password opens no door", func(t *testing.T) {
		code := newCreditCode()
		b := p.browser()
		page := step2(b, code)
		stranger := b.twin()
		require.Equal(t, "/profile?welcome=1", b.submit(page, "/register/details", details(page, testPassword)).location())
		a := stranger.submit(page, "/register/details", details(page, "另一个密码 8842"))
		require.Equal(t, "/login", a.location())
		require.Nil(t, stranger.cookies[sessionCookie])
	})
	t.Run("S03 two browsers at once: one is registered, the other is told", func(t *testing.T) {
		code := newCreditCode()
		one, two := p.browser(), p.browser()
		pageOne, pageTwo := step2(one, code), step2(two, code)
		require.Equal(t, "/profile?welcome=1", one.submit(pageOne, "/register/details", details(pageOne, testPassword)).location())
		a := two.submit(pageTwo, "/register/details", details(pageTwo, testPassword))
		require.Equal(t, "/login", a.location())
		require.Contains(t, two.follow(a).text(), "已在本平台注册")
		require.Nil(t, two.cookies[sessionCookie])
	})
	t.Run("T4 registers while the workflow engine is away", func(t *testing.T) {
		p.rings.leave(true)
		defer p.rings.leave(false)
		b, code := p.browser(), newCreditCode()
		page := step2(b, code)
		require.Equal(t, "/profile?welcome=1", b.submit(page, "/register/details", details(page, testPassword)).location())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands c JOIN subjects s ON s.id = c.subject WHERE s.code = ? AND done_at IS NULL", code))
	})
}

func TestW6_AskingWhoIsRegisteredIsBounded(t *testing.T) {
	p := newPortal(t, nil)
	ask := func(b *browser, kind, code, proof string) int {
		return b.submit(b.get("/register"), "/register", url.Values{"type": {kind}, "id_type": {"111"}, "code": {code}, "proof": {proof}}).Status
	}
	allowed := func(b *browser, kind string, tries int, proof func() string) int {
		n := 0
		for range tries {
			code := newCreditCode()
			if kind == "person" {
				code = newResidentID()
			}
			switch status := ask(b, kind, code, proof()); status {
			case http.StatusSeeOther:
				n++
			default:
				require.Equal(t, http.StatusTooManyRequests, status)
			}
		}
		return n
	}
	none := func() string { return "" }
	t.Run("W6 without proof a few, of persons fewer", func(t *testing.T) {
		require.Equal(t, askUnproven, allowed(p.browser(), "organization", askUnproven+3, none))
		require.Equal(t, askUnprovenID, allowed(p.browser(), "person", askUnprovenID+3, none))
	})
	t.Run("W6 a proof serves once and for its purpose", func(t *testing.T) {
		b := p.browser()
		used := b.solve("organization")
		require.Equal(t, 1+askUnproven, allowed(b, "organization", askUnproven+4, func() string { return used }))
		b = p.browser()
		require.Equal(t, askUnprovenID, allowed(b, "person", askUnprovenID+3, func() string { return b.solve("organization") }))
	})
	t.Run("W6 with proofs more, of persons fewer", func(t *testing.T) {
		b := p.browser()
		require.Equal(t, askPerson, allowed(b, "person", askPerson+2, func() string { return b.solve("person") }))
	})
	t.Run("W6 the refusal keeps what was typed and says when to come back", func(t *testing.T) {
		b, code := p.browser(), newResidentID()
		allowed(b, "person", askUnprovenID, none)
		a := b.submit(b.get("/register"), "/register", url.Values{"type": {"person"}, "id_type": {"111"}, "code": {code}})
		require.Equal(t, http.StatusTooManyRequests, a.Status)
		require.Equal(t, code, a.value("code"))
		require.NotEmpty(t, a.Header.Get("Retry-After"))
		require.Contains(t, a.text(), "分钟后再试")
	})
}

// longPassword has 128 different characters.
func longPassword() string {
	var b strings.Builder
	for i := range 128 {
		b.WriteRune(rune(0x4e00 + 37*i))
	}
	return b.String()
}

// spoil changes the check character.
func spoil(code string) string {
	last := byte('1')
	if code[len(code)-1] == last {
		last = '2'
	}
	return code[:len(code)-1] + string(last)
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '!' && r <= '~' {
			return r - '!' + '！'
		}
		return r
	}, s)
}
