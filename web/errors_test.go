package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/web/letters"
)

// contextWithStop is the test's context with an end of its own.
func contextWithStop(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func TestW34_ErrorsTellANumberAndNoDetail(t *testing.T) {
	b := broken(t, "http://portal.test")
	a := b.get("/account")
	require.Equal(t, http.StatusInternalServerError, a.Status)
	reference := regexp.MustCompile(`[0-9A-F]{10}`).FindString(a.text())
	require.NotEmpty(t, reference)
	for _, detail := range []string{"127.0.0.1:1", "canary_database", "secret-4711", "unireg_app", "dial", "pgx", "sql", "goroutine", ".go:"} {
		require.NotContains(t, a.Body, detail)
	}
	require.Equal(t, 1, strings.Count(b.p.log.String(), "request failed"), "logged once")
	require.Regexp(t, `request failed.*request=`+reference, b.p.log.String())
	require.NotContains(t, b.p.log.String(), "secret-4711")
	t.Run("W34 a script gets the number too", func(t *testing.T) {
		b.header = http.Header{"Accept": {"application/json"}}
		a := b.get("/account")
		require.Equal(t, http.StatusInternalServerError, a.Status)
		var told map[string]any
		require.NoError(t, json.Unmarshal([]byte(a.Body), &told))
		require.Len(t, told["reference"], 10)
		require.NotContains(t, a.Body, "dial")
	})
}

// failing is a portal with a route that ends with an error.
func failing(t *testing.T, err error, panics bool) *portal {
	t.Helper()
	p := newPortal(t, nil)
	before := publicRoutes
	publicRoutes = append(slices.Clone(before), route{method: http.MethodGet, path: "/fail", who: anyone, handle: func(*Server, *visit) error {
		if panics {
			var none []error
			return none[len(none)]
		}
		return err
	}})
	s, newErr := New(p.Options)
	publicRoutes = before
	require.NoError(t, newErr)
	p.Server = s
	return p
}

func TestErrorsBecomePages(t *testing.T) {
	for _, c := range []struct {
		err    error
		panics bool
		status int
		says   string
	}{
		{record.Errorf(record.Invalid, "内容有误"), false, 422, "内容有误"},
		{record.Errorf(record.NotFound, "没有这一项"), false, 404, "没有这一项"},
		{record.Errorf(record.Forbidden, "不可以"), false, 403, "不可以"},
		{record.Errorf(record.Conflict, "别人更快"), false, 409, "别人更快"},
		{record.Errorf(record.Taken, "已注册"), false, 409, "已注册"},
		{record.Errorf(record.TooMany, "太多"), false, 429, "太多"},
		{record.Errorf(record.Busy, "稍后"), false, 503, "稍后"},
		{fmt.Errorf("wrapped: %w", record.Errorf(record.DraftChanged, "草稿已更新")), false, 409, "草稿已更新"},
		{refuse(413, "太大"), false, 413, "太大"},
		{context.DeadlineExceeded, false, 503, "参考编号"},
		{errTest, false, 500, "参考编号"},
		{errTest, true, 500, "参考编号"},
	} {
		t.Run(fmt.Sprintf("W34 %d %v", c.status, c.panics), func(t *testing.T) {
			p := failing(t, c.err, c.panics)
			a := p.browser().get("/fail")
			require.Equal(t, c.status, a.Status)
			require.Contains(t, a.text(), c.says)
			require.NotContains(t, a.Body, "canary-9f31")
			require.Contains(t, a.Body, "<h1", "a whole page")
			switch {
			case c.panics:
				require.Contains(t, p.log.String(), "index out of range")
			case c.status == 500:
				require.Contains(t, p.log.String(), "canary-9f31")
			}
		})
	}
}

func TestW31_W32_TheLogHoldsEventsAndNoPersonalData(t *testing.T) {
	p := newPortal(t, nil)
	b := p.browser()
	name, code := "日志金丝雀有限公司", newCreditCode()
	step2 := b.follow(b.submit(b.get("/register?code="+code), "/register", url.Values{"type": {"organization"}, "code": {code}}))
	b.follow(b.submit(step2, "/register/details", url.Values{
		"ticket": {step2.input("ticket")}, "name": {name}, "password": {testPassword}, "password_again": {testPassword},
	}))
	b.header = http.Header{"User-Agent": {"agent-canary\tlevel=ERROR msg=forged"}}
	b.submit(b.get("/account"), "/logout", nil)
	p.browser().tryLogin(name, "错误的密码金丝雀")
	p.browser().tryLogin(name+"\nlevel=ERROR msg=forged", "x")
	p.browser().tryLogin(code, testPassword)
	p.browser().get("/no-such/" + code)
	p.browser().get("/records?kind=%0alevel=ERROR+msg=forged")
	p.browser().post("/login", url.Values{})
	log := p.log.String()
	for _, secret := range []string{name, code, "金丝雀", testPassword, "agent-canary", "forged", b.address, step2.input("ticket")} {
		require.NotContains(t, log, secret, "W31")
	}
	for _, event := range []string{"registered", "logged in", "logged out", "login refused", "denied"} {
		require.Contains(t, log, event, "W32")
	}
	network := strings.Join(strings.Split(b.address, ".")[:3], ".") + ".0/24"
	require.Contains(t, log, network, "W32 where it came from, as far as needed")
}

func TestW23_ForwardedHeadersCountFromProxiesOnly(t *testing.T) {
	for _, c := range []struct {
		promise   string
		proxies   []string
		forwarded []string
		want      string
	}{
		{"W23 nobody is trusted", nil, []string{"9.9.9.9"}, "0.0.0.0"},
		{"W23 another host is trusted", []string{"10.0.0.1"}, []string{"9.9.9.9"}, "0.0.0.0"},
		{"W23 the last hop counts", []string{"0.0.0.0"}, []string{"1.1.1.1, 9.9.9.9"}, "9.9.9.9"},
		{"W23 through two proxies of ours", []string{"0.0.0.0", "10.0.0.0/8"}, []string{"1.1.1.1, 9.9.9.9, 10.3.2.1"}, "9.9.9.9"},
		{"W23 over several headers", []string{"0.0.0.0", "10.0.0.0/8"}, []string{"1.1.1.1", "9.9.9.9", "10.3.2.1"}, "9.9.9.9"},
		{"W23 what is no address ends the way", []string{"0.0.0.0", "10.0.0.0/8"}, []string{"1.1.1.1, <script>, 10.3.2.1"}, "10.3.2.1"},
		{"W23 no header", []string{"0.0.0.0"}, nil, "0.0.0.0"},
		{"W23 six", []string{"0.0.0.0", "fd00::/8"}, []string{"2001:db8::7, fd00::1"}, "2001:db8::7"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			p := newPortal(t, func(o *Options) { o.TrustedProxies = c.proxies })
			w := p.newOrganization()
			b := p.browser()
			b.header = http.Header{
				"X-Forwarded-For": c.forwarded, "X-Real-Ip": {"8.8.8.8"}, "Forwarded": {"for=8.8.8.8"},
				"X-Forwarded-Proto": {"https"}, "X-Forwarded-Host": {"evil.test"},
			}
			a := b.login(w)
			require.Equal(t, "/home", a.location(), "a forwarded host is no part of an address")
			var address string
			require.NoError(t, owner(t).NewRaw("SELECT address FROM sessions WHERE account = ?", w.account).Scan(t.Context(), &address))
			require.Equal(t, c.want, address)
			require.False(t, b.cookies[sessionCookie].Secure, "a forwarded protocol does not count")
			page := b.get("/account")
			require.NotContains(t, page.Body, "evil.test")
			b.header.Set("Origin", "https://evil.test")
			require.Equal(t, http.StatusForbidden, b.submit(page, "/messages/read", url.Values{"all": {"on"}}).Status, "the forwarded host is not ours")
		})
	}
	t.Run("W23 what is neither address nor network is refused at the start", func(t *testing.T) {
		_, err := parseProxies([]string{"proxy.test"})
		require.ErrorContains(t, err, "proxy.test")
		all, err := parseProxies([]string{" 10.0.0.0/8 ", "::1"})
		require.NoError(t, err)
		require.True(t, all[0].Contains(netip.MustParseAddr("10.9.9.9")))
	})
}

func TestT4_ReadinessNamesThePart(t *testing.T) {
	ask := func(h http.Handler, path string) (int, Readiness) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		var r Readiness
		if strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &r))
		}
		return w.Code, r
	}
	p := newPortal(t, nil)
	health := NewHealth(
		Part{Name: "database", Ping: p.Store.Ping}, Part{Name: "schema", Ping: p.Store.CheckSchema},
		Part{Name: "workflows", Ping: p.rings.Healthy, Optional: true},
	)
	status, answer := ask(health.Handler(), "/readyz")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, Readiness{Ready, map[string]Verdict{"database": PartOK, "schema": PartOK, "workflows": PartOK}}, answer)
	p.rings.leave(true)
	status, answer = ask(health.Handler(), "/readyz")
	require.Equal(t, http.StatusOK, status, "T4 the portal works without the engine")
	require.Equal(t, Readiness{Degraded, map[string]Verdict{"database": PartOK, "schema": PartOK, "workflows": PartFailed}}, answer)
	health.Stop()
	status, answer = ask(health.Handler(), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status, "what is being stopped gets no requests")
	require.Equal(t, Stopping, answer.Status)
	lost := broken(t, "http://portal.test").p.Store
	status, answer = ask(NewHealth(Part{Name: "database", Ping: lost.Ping}, Part{Name: "schema", Ping: lost.CheckSchema}).Handler(), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, Readiness{Unready, map[string]Verdict{"database": PartFailed, "schema": PartFailed}}, answer)
	slow := Part{Name: "slow", Ping: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	away := Part{Name: "away", Optional: true, Ping: func(context.Context) error { return errors.New("away") }}
	status, answer = ask(NewHealth(slow, away).Handler(), "/readyz")
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.Equal(t, Unready, answer.Status)
	status, _ = ask(NewHealth(slow).Handler(), "/livez")
	require.Equal(t, http.StatusOK, status)
	for _, path := range []string{"/livez", "/readyz", "/metrics", "/debug/pprof/"} {
		require.Equal(t, http.StatusNotFound, p.browser().get(path).Status, "W37 not on the public address")
	}
}

func TestSealedValues(t *testing.T) {
	s, err := newSealer([]byte(strings.Repeat("k", 32)))
	require.NoError(t, err)
	now := time.Now()
	sealed, err := s.seal("one", now.Add(time.Minute), map[string]string{"number": "430102199001011234"})
	require.NoError(t, err)
	require.NotContains(t, sealed, "4301")
	var got map[string]string
	require.NoError(t, s.open("one", sealed, now, &got))
	require.Equal(t, "430102199001011234", got["number"])
	other, err := newSealer([]byte(strings.Repeat("o", 32)))
	require.NoError(t, err)
	require.ErrorIs(t, s.open("two", sealed, now, &got), errSeal, "another purpose")
	require.ErrorIs(t, s.open("one", sealed, now.Add(2*time.Minute), &got), errSeal, "too old")
	require.ErrorIs(t, other.open("one", sealed, now, &got), errSeal, "another key")
	for i := range len(sealed) {
		changed := []byte(sealed)
		changed[i] ^= 1
		if string(changed) != sealed {
			require.Error(t, s.open("one", string(changed), now, &got), "changed at %d", i)
		}
	}
	for _, text := range []string{"", "=", "AAAA", strings.Repeat("A", 200)} {
		require.ErrorIs(t, s.open("one", text, now, &got), errSeal)
	}
}

func TestReceiptsAndMessages(t *testing.T) {
	p := newPortal(t, nil)
	w, foreign := p.newOrganization(), p.newOrganization()
	b, stranger := p.browser(), p.browser()
	b.login(w)
	stranger.login(foreign)
	var number string
	require.NoError(t, owner(t).NewRaw("SELECT receipt FROM commands WHERE subject = ?", w.subject.ID).Scan(t.Context(), &number))
	t.Run("a receipt says what has become of it", func(t *testing.T) {
		a := b.get("/receipts/" + number)
		require.Equal(t, http.StatusOK, a.Status)
		require.Contains(t, a.text(), number)
		require.Contains(t, a.text(), "正在处理")
		require.NoError(t, p.Store.ApplyRegistration(t.Context(), w.subject.ID))
		require.Contains(t, b.get("/receipts/"+number).text(), "注册成功")
	})
	t.Run("W17 a receipt is its subject's", func(t *testing.T) {
		require.Equal(t, http.StatusNotFound, stranger.get("/receipts/"+number).Status)
		require.Equal(t, http.StatusNotFound, b.get("/receipts/"+number[:len(number)-1]+"0").Status)
		require.Equal(t, http.StatusNotFound, b.get("/receipts/x").Status)
	})
	t.Run("messages are shown, counted and marked", func(t *testing.T) {
		for n := range messagesShown + 3 {
			_, err := p.Store.RemindRegistration(t.Context(), w.subject.ID, n)
			require.NoError(t, err)
		}
		page := b.get("/messages")
		require.Contains(t, page.text(), "请填写基本信息")
		require.Contains(t, page.Body, fmt.Sprintf(`<b class="ct">%d</b>`, messagesShown+3))
		ids := regexp.MustCompile(`name="id" value="([^"]+)"`).FindAllStringSubmatch(page.Body, -1)
		require.Len(t, ids, messagesShown)
		require.Equal(t, http.StatusNotFound, stranger.submit(stranger.get("/messages"), "/messages/read", url.Values{"id": {ids[0][1]}}).Status, "W17")
		require.Equal(t, http.StatusNotFound, b.submit(page, "/messages/read", url.Values{"id": {"x"}}).Status)
		require.Equal(t, "/messages", b.submit(page, "/messages/read", url.Values{"id": {ids[0][1]}}).location())
		require.Contains(t, b.get("/messages").Body, fmt.Sprintf(`<b class="ct">%d</b>`, messagesShown+2))
		older := b.get("/messages?before=" + ids[messagesShown-1][1])
		require.Len(t, regexp.MustCompile(`name="id" value="([^"]+)"`).FindAllString(older.Body, -1), 3)
		b.submit(page, "/messages/read", url.Values{"all": {"on"}})
		require.NotContains(t, b.get("/messages").Body, `class="ct"`)
		require.Equal(t, http.StatusNotFound, b.get("/messages?before=x").Status)
	})
	t.Run("every topic that storage writes has its words", func(t *testing.T) {
		for _, topic := range []string{
			storage.TopicApproved, storage.TopicRefused, storage.TopicSubmitted, storage.TopicCorrectRemind, storage.TopicOverdue,
			storage.TopicRegisterRemind, storage.TopicFileRefused, string(record.Return), string(record.Lapse), string(record.Reopen),
			storage.TopicPasswordReset, storage.TopicPasswordResetByMail, storage.TopicContactChanged,
		} {
			require.NotEqual(t, "通知", letters.Of(storage.Notification{Topic: topic}).Title, topic)
		}
	})
}

func TestS01_StartPage(t *testing.T) {
	p := newPortal(t, nil)
	a := p.browser().get("/")
	for _, words := range []string{"网上办事大厅", "注册登记", "登录", "办理流程", "2 个工作日"} {
		require.Contains(t, a.text(), words)
	}
	t.Run("S01 the flow chart is the lifecycle table's", func(t *testing.T) {
		titles := func(policy record.Policy) []string {
			var all []string
			for _, step := range procedure(policy) {
				all = append(all, step.Title)
				if step.Back != "" {
					require.Contains(t, all, step.Back)
					require.Equal(t, record.Return.Label(), step.BackWord)
				}
			}
			return all
		}
		policy := p.Store.Policy()
		require.Equal(t, []string{"注册登记", firstStep, "核对并提交", "审核", "复核", "已生效"}, titles(policy))
		policy.SecondReview = false
		require.Equal(t, []string{"注册登记", firstStep, "核对并提交", "审核", "已生效"}, titles(policy))
		policy.Review = map[record.Kind]record.ReviewMode{record.OrganizationProfile: record.ReviewAutomatic}
		require.Equal(t, []string{"注册登记", firstStep, "核对并提交", "已生效"}, titles(policy))
	})
	t.Run("preferences are kept and lead back to the page", func(t *testing.T) {
		b := p.browser()
		page := b.get("/login/certificate")
		back := b.submit(page, "/preferences", url.Values{"contrast": {"on"}, "next": {page.input("next")}})
		require.Equal(t, "/login/certificate", back.location())
		require.Contains(t, b.follow(back).Body, `class="contrast"`)
		require.Equal(t, "/", b.submit(page, "/preferences", url.Values{"contrast": {"off"}, "next": {"//evil.test"}}).location())
		require.NotContains(t, b.get("/").Body, `class="contrast"`)
	})
	t.Run("a challenge is for a purpose", func(t *testing.T) {
		b := p.browser()
		require.Equal(t, http.StatusNotFound, b.get("/challenge?purpose=nothing").Status)
	})
}
