package web

import (
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/partner/partnertest"
	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// yearlyPortal is a portal that asks for a confirmation each year, since long ago.
func yearlyPortal(t *testing.T, stops bool) *portal {
	t.Helper()
	policy := storagetest.Policy()
	policy.Confirmations = record.ConfirmationRules{{Since: time.Date(2020, time.January, 1, 0, 0, 0, 0, record.Shanghai), Days: 365, Stops: stops}}
	store := storage.New(storagetest.Shared(t).App, storagetest.Keys(), policy)
	engine := &rings{store: store}
	p := newPortal(t, func(o *Options) { o.Store, o.Rings = store, engine })
	p.rings = engine
	return p
}

// passes lets days pass since the profile came in force.
func (b *bidder) passes(days int) {
	b.p.t.Helper()
	_, err := owner(b.p.t).NewRaw("UPDATE version_effects SET since = since - ? * interval '1 day' WHERE record = ?", days, b.id).Exec(b.p.t.Context())
	require.NoError(b.p.t, err)
}

// attested counts the confirmations of the profile.
func (b *bidder) attested() int {
	b.p.t.Helper()
	return count(b.p.t, "SELECT count(*) FROM events WHERE record = ? AND type = 'attest'", b.id)
}

// confirms are the fields by which the page confirms.
func (a *answer) confirms() url.Values {
	return url.Values{"command": {a.input("command")}, "revision": {a.input("revision")}, "true": {"on"}}
}

func TestB11_AProfileIsConfirmedFromThePages(t *testing.T) {
	p := yearlyPortal(t, true)
	b := p.inForce()
	address := b.path("/confirmation")

	t.Run("while it is not time no page asks", func(t *testing.T) {
		require.NotContains(t, b.get("/home").text(), "年度确认")
		page := b.get(address)
		require.Equal(t, http.StatusOK, page.Status)
		require.Contains(t, page.text(), "本期不需要再确认")
		require.NotContains(t, page.Body, `name="true"`)
		refused := b.submit(page, address, url.Values{"command": {string(storage.NewID())}, "revision": {"2"}, "true": {"on"}})
		require.Equal(t, http.StatusConflict, refused.Status)
		require.Contains(t, refused.text(), "没有确认")
		shown := b.get(b.path("")).text()
		require.Contains(t, shown, "上次确认")
		require.Contains(t, shown, "最后期限 "+time.Now().In(record.Shanghai).AddDate(0, 0, 365).Format(time.DateOnly))
	})
	b.passes(335)
	t.Run("when it is time, every page leads there", func(t *testing.T) {
		home := b.get("/home")
		require.Contains(t, home.text(), "请进行年度确认")
		require.Contains(t, home.text(), "还有 30 天")
		require.Contains(t, home.text(), "待年度确认")
		require.Contains(t, home.Body, `href="`+address+`"`)
		require.Contains(t, b.get(b.path("")).Body, `href="`+address+`"`)
		_, err := p.Store.SweepExpiries(t.Context())
		require.NoError(t, err)
		messages := b.get("/messages")
		require.Contains(t, messages.text(), "前确认基本信息仍然真实有效，有变化的请办理变更")
		require.Contains(t, messages.Body, `href="`+address+`"`)
	})
	page := b.get(address)
	t.Run("what is in force is shown whole", func(t *testing.T) {
		require.Contains(t, page.text(), b.who.subject.Name)
		require.Contains(t, page.text(), "有变化，去变更")
		require.Contains(t, page.text(), "我确认以上信息真实、有效、无变更")
	})
	t.Run("without the tick nothing is confirmed", func(t *testing.T) {
		fields := page.confirms()
		fields.Del("true")
		refused := b.submit(page, address, fields)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), "请核对后勾选")
		require.Zero(t, b.attested())
	})
	t.Run("a form without its nonce, or without what it showed, confirms nothing", func(t *testing.T) {
		for _, missing := range []string{"command", "revision"} {
			fields := page.confirms()
			fields.Del(missing)
			require.GreaterOrEqual(t, b.submit(page, address, fields).Status, 400, missing)
		}
		require.Zero(t, b.attested())
	})
	t.Run("a double click, and the form sent once more, are one confirmation", func(t *testing.T) {
		var wait sync.WaitGroup
		answers := make([]*answer, 2)
		for i := range answers {
			twin := b.twin()
			wait.Go(func() { answers[i] = twin.submit(page, address, page.confirms()) })
		}
		wait.Wait()
		for _, a := range append(answers, b.submit(page, address, page.confirms())) {
			require.Equal(t, http.StatusSeeOther, a.Status, a.text())
			require.Equal(t, address, a.location())
		}
		require.Equal(t, 1, b.attested())
		done := b.get(address).text()
		require.Contains(t, done, "年度确认已完成")
		require.Contains(t, done, "已年度确认")
		require.NotContains(t, b.get("/home").Body, `href="`+address+`">去确认`)
		require.NotContains(t, b.get("/home").text(), "待年度确认")
	})
	t.Run("it stands in the time line and in the history", func(t *testing.T) {
		require.Contains(t, b.get(b.path("")).text(), "年度确认")
		require.Contains(t, b.get("/history").text(), "确认第 1 版无变化")
		desk, _ := p.newStaff(record.Reviewer, true)
		require.Contains(t, desk.get(b.desk()).text(), "已年度确认")
		require.Contains(t, desk.get(b.desk()+"?tab=history").text(), "年度确认")
		require.Contains(t, desk.get(staffRecordPath(b.id)).text(), "年度确认")
		var at time.Time
		require.NoError(t, owner(t).NewRaw("SELECT at FROM events WHERE record = ? AND type = 'attest'", b.id).Scan(t.Context(), &at))
		moved := b.get("/history/at?time=" + at.Add(time.Microsecond).In(record.Shanghai).Format(exactly))
		require.Contains(t, moved.text(), "基本信息：年度确认")
	})
	t.Run("W17 nobody else sees or confirms it", func(t *testing.T) {
		stranger := p.inForce()
		require.Equal(t, http.StatusNotFound, stranger.get(address).Status)
		fields := page.confirms()
		fields.Set("command", string(storage.NewID()))
		require.Equal(t, http.StatusNotFound, stranger.submit(stranger.get("/account"), address, fields).Status)
	})
}

func TestB11_ThePageIsOlderThanTheRecord(t *testing.T) {
	p := yearlyPortal(t, false)
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.inForce()
	b.passes(360)
	address := b.path("/confirmation")
	old := b.get(address)
	require.Equal(t, b.path("/edit"), b.submit(old, b.path("/change"), url.Values{"reason": {"迁址"}}).location())
	drafted := b.get(address)
	require.Contains(t, drafted.text(), "另有一份尚未提交的变更草稿")
	document, ok := b.document().(*record.OrganizationDocument)
	require.True(t, ok)
	document.Address = "新址 9 号"
	page := b.check(document)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())

	under := b.submit(old, address, old.confirms())
	require.Equal(t, http.StatusConflict, under.Status)
	require.Contains(t, under.text(), "变更正在审核，审核通过即视为已确认")
	require.NotContains(t, b.get("/home").text(), "请进行年度确认", "it cannot be done now")
	b.decide(staff, record.Return, "请补正")
	require.Contains(t, b.get(address).text(), "可以放弃修改，再到这里确认")
	page = b.check(document)
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	b.decide(staff, record.Approve, "")
	b.passes(360)
	again := b.get(address)
	stale := b.submit(again, address, old.confirms())
	require.Equal(t, http.StatusConflict, stale.Status)
	require.Contains(t, stale.text(), record.RefusedVersion.Explain())
	require.Zero(t, b.attested())
	require.Equal(t, address, b.submit(stale, address, stale.confirms()).location(), "what it shows now can be confirmed")
	require.Equal(t, 1, b.attested())
}

func TestB11_WhileTheEngineIsAwayItIsAccepted(t *testing.T) {
	p := yearlyPortal(t, true)
	b := p.inForce()
	b.passes(360)
	address := b.path("/confirmation")
	page := b.get(address)
	p.rings.leave(true)
	sent := b.submit(page, address, page.confirms())
	require.Contains(t, sent.location(), "/receipts/")
	require.Contains(t, b.follow(sent).text(), "正在处理")
	require.Contains(t, b.get(address).text(), "已受理，正在处理")
	require.NotContains(t, b.get("/home").text(), "请进行年度确认")
	p.rings.leave(false)
	_, err := p.Store.Apply(t.Context(), b.id, nil)
	require.NoError(t, err)
	require.Contains(t, b.get(address).text(), "已年度确认")
}

func TestB11_WhoIsOverdueIsToldAndWherePolicySaysSoMayNotBid(t *testing.T) {
	for _, stops := range []bool{false, true} {
		p := yearlyPortal(t, stops)
		c := &caller{portal: p, contract: partnertest.NewContract(t), address: p.browser().address}
		key := c.apiKey(storage.ScopeEligibilityRead)
		b := p.inForce()
		b.passes(366)
		home := b.get("/home").text()
		require.Contains(t, home, "基本信息逾期未年度确认")
		_, body := c.asks(key, "/api/v1/subjects/"+b.who.subject.Code+"/eligibility")
		type told struct {
			Paper        struct{ Reasons []string }
			Confirmation struct {
				Due            string
				Overdue, Stops bool
			}
		}
		over := decoded[told](t, body)
		require.True(t, over.Confirmation.Overdue)
		require.Equal(t, stops, over.Confirmation.Stops)
		require.Equal(t, time.Now().In(record.Shanghai).AddDate(0, 0, -1).Format(time.DateOnly), over.Confirmation.Due)
		require.Equal(t, !stops, decoded[toldEligibility](t, body).Paper.Eligible)
		desk, _ := p.newStaff(record.Reviewer, true)
		require.Contains(t, desk.get(b.desk()).text(), "逾期未年度确认")
		if !stops {
			require.Contains(t, home, "请尽快确认")
			continue
		}
		require.Contains(t, over.Paper.Reasons[0], "基本信息逾期未年度确认")
		require.Contains(t, home, "确认前不能参加交易")
		page := b.get(b.path("/confirmation"))
		require.Equal(t, b.path("/confirmation"), b.submit(page, b.path("/confirmation"), page.confirms()).location())
		_, body = c.asks(key, "/api/v1/subjects/"+b.who.subject.Code+"/eligibility")
		require.True(t, decoded[toldEligibility](t, body).Paper.Eligible)
		require.False(t, decoded[told](t, body).Confirmation.Overdue)
	}
}

func TestB11_WhereItIsNotAskedForThePageSaysSo(t *testing.T) {
	p := newPortal(t, nil)
	b := p.inForce()
	b.passes(4000)
	page := b.get(b.path("/confirmation"))
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), "目前不要求年度确认")
	for _, path := range []string{"/home", b.path(""), "/history"} {
		require.NotContains(t, b.get(path).text(), "年度确认", path)
	}
	refused := b.submit(page, b.path("/confirmation"), url.Values{"command": {string(storage.NewID())}, "revision": {"2"}, "true": {"on"}})
	require.Equal(t, http.StatusConflict, refused.Status)
	fresh := p.bidder()
	require.Contains(t, fresh.get(fresh.path("/confirmation")).text(), "基本信息生效后才需要年度确认")
}

func TestB11_SupervisorsSetItOnThePage(t *testing.T) {
	p, _ := ruledPortal(t)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	b := p.inForce()
	require.Contains(t, reviewer.get("/staff/calendar").text(), "不要求年度确认")
	page := boss.get("/staff/calendar")
	set := func(page *answer, fields url.Values) *answer {
		t.Helper()
		sent := url.Values{"edition": {page.input("edition")}}
		maps.Copy(sent, fields)
		return boss.submit(page, "/staff/calendar/confirmation", sent)
	}
	for _, text := range []string{"30", "year", "-365", "1831"} {
		refused := set(page, url.Values{"confirm_days": {text}, "confirm_stops": {"on"}})
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), "请填写 90 至 1830 的整数")
		require.Equal(t, text, refused.value("confirm_days"), "what was typed is kept")
	}
	same := set(page, url.Values{"confirm_days": {"0"}, "confirm_stops": {"on"}})
	require.Contains(t, boss.follow(same).text(), "没有变化")
	saved := boss.follow(set(page, url.Values{"confirm_days": {"365"}, "confirm_stops": {"on"}, "confirm_note": {"年初布置"}}))
	require.Contains(t, saved.text(), "年度确认已修改")
	require.Contains(t, saved.text(), "不要求年度确认 → 每 365 天确认一次，逾期暂停参加交易")
	require.Contains(t, saved.text(), "年初布置")
	require.Equal(t, "365", saved.value("confirm_days"))
	require.Contains(t, reviewer.get("/staff/calendar").text(), "每 365 天确认一次，逾期暂停参加交易")
	require.Equal(t, http.StatusForbidden, reviewer.submit(reviewer.get("/staff"), "/staff/calendar/confirmation", url.Values{"confirm_days": {"0"}, "edition": {"1"}}).Status)
	late := set(page, url.Values{"confirm_days": {"180"}})
	require.Equal(t, http.StatusConflict, late.Status, "the page was older than the rules")
	require.Contains(t, b.get(b.path("")).text(), "最后期限 "+time.Now().In(record.Shanghai).AddDate(0, 0, 365).Format(time.DateOnly))
}
