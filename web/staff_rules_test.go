package web

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// ruledPortal is a portal on a database of its own: rules are only added to, and
// would be those of every later test.
func ruledPortal(t *testing.T) (*portal, *storagetest.Database) {
	t.Helper()
	database := storagetest.Fresh(t)
	store := database.Store()
	return newPortal(t, func(o *Options) { o.Store, o.Rings = store, &rings{store: store} }), database
}

// nextWorkday is the first working day after today.
func nextWorkday() time.Time {
	return record.DefaultCalendar().AddWorkingDays(time.Now(), 1).In(record.Shanghai)
}

func TestB03_TheCalendarShowsTheYearAndIsChangedBySupervisors(t *testing.T) {
	p, _ := ruledPortal(t)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	next := nextWorkday()
	date, year := next.Format(time.DateOnly), next.Year()
	address := fmt.Sprintf("/staff/calendar?year=%d", year)

	shown := reviewer.get("/staff/calendar?year=2026")
	require.Equal(t, http.StatusOK, shown.Status)
	require.Contains(t, shown.text(), "2026 年")
	require.Contains(t, shown.text(), "10月1日 星期四，休息：国庆节")
	require.Contains(t, shown.text(), "2月28日 星期六，工作日：春节")
	require.Contains(t, shown.text(), "国办发明电")
	require.NotContains(t, shown.text(), "尚未导入")
	require.NotContains(t, shown.Body, "/staff/calendar/days/", "a reviewer reads")
	require.Contains(t, shown.text(), "2（默认）")
	require.Contains(t, boss.get(fmt.Sprintf("/staff/calendar?year=%d", time.Now().Year()+2)).text(), "尚未导入国务院办公厅关于")
	require.Equal(t, http.StatusForbidden, reviewer.get("/staff/calendar/days/"+date).Status)
	require.Equal(t, http.StatusNotFound, boss.get("/staff/calendar/days/2026-02-30").Status)
	require.Equal(t, http.StatusNotFound, boss.get("/staff/calendar/days/1999-02-03").Status)

	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	due := func() time.Time {
		r, err := p.Store.Record(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		return r.DueAt
	}
	before := due()
	page := boss.get("/staff/calendar/days/" + date)
	require.Contains(t, page.text(), "工作日")
	for _, c := range []struct {
		fields url.Values
		says   string
	}{
		{url.Values{"works": {"off"}, "edition": {"0"}}, "请写明名称"},
		{url.Values{"name": {"停业"}, "edition": {"0"}}, "请选择休息日或工作日"},
	} {
		refused := boss.submit(page, "/staff/calendar/days/"+date, c.fields)
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), c.says)
	}
	saved := boss.submit(page, "/staff/calendar/days/"+date, url.Values{
		"works": {"off"}, "name": {"台风停业"}, "note": {"省政府通知"}, "edition": {page.input("edition")},
	})
	require.Equal(t, address, saved.location(), saved.text())
	after := boss.follow(saved)
	require.Contains(t, after.text(), date+" 已改为休息日 台风停业")
	require.Contains(t, after.Body, "休息：台风停业（本系统设置）")
	require.Contains(t, after.text(), "工作日 → 休息日 台风停业")
	require.Contains(t, after.text(), "省政府通知")

	_, _, err := p.Store.Plan(t.Context(), b.id) // as reconciliation has it looked up
	require.NoError(t, err)
	require.True(t, due().After(before), "the deadline of an open filing moves")

	late := boss.submit(page, "/staff/calendar/days/"+date, url.Values{"works": {"on"}, "name": {""}, "edition": {page.input("edition")}})
	require.Equal(t, http.StatusConflict, late.Status, "the page was older than the rules")
	require.Contains(t, late.text(), "刚刚有人修改过")
	again := boss.submit(late, "/staff/calendar/days/"+date, url.Values{"works": {"on"}, "name": {""}, "edition": {late.input("edition")}})
	require.Equal(t, address, again.location(), again.text())
	_, _, err = p.Store.Plan(t.Context(), b.id)
	require.NoError(t, err)
	require.WithinDuration(t, before, due(), 0)
}

func TestB03_PeriodsAndShareAreSetOnThePage(t *testing.T) {
	p, _ := ruledPortal(t)
	boss, _ := p.newStaff(record.Supervisor, true)
	page := boss.get("/staff/calendar")
	wrong := boss.submit(page, "/staff/calendar/periods", url.Values{"award.review": {"x"}, "award.second": {"99"}, "organization.correction": {"8"}, "edition": {"0"}})
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	require.Contains(t, wrong.text(), "获奖信息初审")
	require.Contains(t, wrong.text(), "请填写 1 至 60 的整数，或留空")
	require.Equal(t, "x", wrong.input("award.review"), "what was typed is kept")
	require.Equal(t, "8", wrong.input("organization.correction"))

	saved := boss.submit(wrong, "/staff/calendar/periods", url.Values{
		"award.review": {"7"}, "organization.review": {"3"}, "organization.correction": {"8"}, "periods_note": {"年底高峰"}, "edition": {wrong.input("edition")},
	})
	require.Equal(t, "/staff/calendar", saved.location(), saved.text())
	shown := boss.follow(saved)
	require.Contains(t, shown.text(), "获奖信息 初审：默认 → 7 个工作日")
	require.Contains(t, shown.text(), "年底高峰")
	require.Equal(t, "8", shown.input("organization.correction"))
	require.Contains(t, p.browser().get("/").text(), "3 个工作日", "the start page promises what counts")

	b := p.bidder()
	require.Contains(t, b.check(b.document()).text(), "时限 3 个工作日")

	same := boss.submit(shown, "/staff/calendar/periods", url.Values{
		"award.review": {"7"}, "organization.review": {"3"}, "organization.correction": {"8"}, "edition": {shown.input("edition")},
	})
	require.Contains(t, boss.follow(same).text(), "没有变化")

	for text, says := range map[string]string{"many": "0 至 100 的整数", "101": "0 至 100 之间"} {
		refused := boss.submit(shown, "/staff/calendar/sample", url.Values{"sample": {text}, "edition": {shown.input("edition")}})
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), says)
	}
	sampled := boss.submit(shown, "/staff/calendar/sample", url.Values{"sample": {"15%"}, "edition": {shown.input("edition")}})
	require.Contains(t, boss.follow(sampled).text(), "0% → 15%")
	require.Equal(t, 15, p.Store.Policy().SamplePercent)
	late := boss.submit(shown, "/staff/calendar/sample", url.Values{"sample": {"20"}, "edition": {shown.input("edition")}})
	require.Equal(t, http.StatusConflict, late.Status)
	require.Equal(t, "20", late.value("sample"))
}

func TestB03_ANoticeIsLookedAtBeforeItIsTaken(t *testing.T) {
	p, _ := ruledPortal(t)
	boss, _ := p.newStaff(record.Supervisor, true)
	year := time.Now().Year() + 2
	text := fmt.Sprintf("date\tkind\tname\tsource\r\n%d-01-01\tholiday\t元旦\t国办〔%d〕1号\r\n", year, year-1)
	page := boss.get("/staff/calendar/notice")
	for tsv, says := range map[string]string{
		"":                          "请粘贴日期列表",
		"2026-01-01 holiday":        "第 1 行：应有日期、安排、名称、文号四列",
		"2026-01-05\tworkday\tx\ty": "不是周末",
		"2099-01-05\tholiday\tx\ty": "超出日历的范围",
	} {
		refused := boss.submit(page, "/staff/calendar/notice", url.Values{"tsv": {tsv}})
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), says)
	}
	look := boss.submit(page, "/staff/calendar/notice", url.Values{"tsv": {text}, "note": {"年度通知"}})
	require.Equal(t, http.StatusOK, look.Status)
	require.Contains(t, look.text(), fmt.Sprintf("预览：%d 年", year))
	require.Contains(t, look.text(), "休息日 元旦")
	require.False(t, p.Store.Policy().Calendar.CoversYear(year), "a look changes nothing")
	taken := boss.submit(look, "/staff/calendar/notice", url.Values{"tsv": {text}, "note": {"年度通知"}, "step": {"apply"}, "edition": {look.input("edition")}})
	require.Equal(t, fmt.Sprintf("/staff/calendar?year=%d", year), taken.location(), taken.text())
	require.True(t, p.Store.Policy().Calendar.CoversYear(year))
	shown := boss.follow(taken).text()
	require.NotContains(t, shown, "尚未导入")
	require.Contains(t, shown, "放假通知")
	require.Contains(t, shown, "年度通知")
	late := boss.submit(look, "/staff/calendar/notice", url.Values{"tsv": {text}, "step": {"apply"}, "edition": {look.input("edition")}})
	require.Equal(t, http.StatusConflict, late.Status)
}

// N06: the time line says in human words that the clock stands still.
func TestN06_TheTimeLineTellsOfThePause(t *testing.T) {
	p, database := ruledPortal(t)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	b.decide(staff, record.Return, "请补正")
	require.Contains(t, b.get(b.path("")).text(), "补正期间审核时限暂停计时")
	page := b.check(b.document())
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())

	_, err := database.Owner.NewRaw("UPDATE records SET filed_at = filed_at - interval '30 days' WHERE id = ?", b.id).Exec(t.Context())
	require.NoError(t, err)
	b.decide(staff, record.Return, "请再补正")
	r, err := p.Store.Record(t.Context(), b.who.subject.ID, b.id)
	require.NoError(t, err)
	require.Greater(t, r.Used.Review, 2)
	require.Contains(t, b.get(b.path("")).text(), fmt.Sprintf("审核时限已用 %d 个工作日，补正期间暂停计时", r.Used.Review))
	page = b.check(b.document())
	require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	words := fmt.Sprintf("此前已用 %d 个工作日（补正期间不计），本轮时限 1 个工作日", r.Used.Review)
	require.Contains(t, b.get(b.path("")).text(), words)
	require.Contains(t, reviewer.get(b.review()).text(), words)
}

func TestB03_TheWorkOfWhoIsAwayIsHandedOver(t *testing.T) {
	p, database := ruledPortal(t)
	boss, _ := p.newStaff(record.Supervisor, true)
	reviewer, away := p.newStaff(record.Reviewer, true)
	_, colleague := p.newStaff(record.Reviewer, true)
	var tasks []record.ID
	for range 3 {
		b := p.bidder()
		require.Equal(t, b.path(""), b.file().location())
		id, err := p.Store.ReviewOf(t.Context(), b.id)
		require.NoError(t, err)
		ok, err := p.Store.Claim(t.Context(), away, id)
		require.NoError(t, err)
		require.True(t, ok)
		tasks = append(tasks, id)
	}
	require.Contains(t, boss.get("/staff/absences").text(), "没有离岗的人员")
	require.NotContains(t, boss.get("/staff").text(), "离岗人员名下")
	_, err := database.Owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", away).Exec(t.Context())
	require.NoError(t, err)
	require.Contains(t, boss.get("/staff").text(), "1 名离岗人员名下共 3 件")
	require.NotContains(t, reviewer.get("/staff").text(), "离岗人员名下")
	work := "/staff/members/" + string(away) + "/work"
	require.Contains(t, boss.get("/staff/absences").Body, work)
	require.Equal(t, http.StatusForbidden, reviewer.get(work).Status)
	require.Equal(t, http.StatusNotFound, boss.get("/staff/members/"+string(storage.NewID())+"/work").Status)

	page := boss.get(work)
	require.Contains(t, page.text(), "领取，保留到")
	empty := boss.submit(page, work, url.Values{})
	require.Equal(t, http.StatusUnprocessableEntity, empty.Status)
	require.Contains(t, empty.text(), "请勾选要转交的件")
	require.Contains(t, empty.text(), "请选择同事，或放回队列")

	_, err = p.Store.ReleaseClaim(t.Context(), away, tasks[2])
	require.NoError(t, err)
	some := boss.submit(page, work, url.Values{"task": {string(tasks[0]), string(tasks[2])}, "to": {string(colleague)}, "note": {"休假"}})
	require.Equal(t, http.StatusConflict, some.Status)
	require.Contains(t, some.text(), "1 件没有转交")
	require.Contains(t, some.text(), "已转交 1 件")
	held, err := p.Store.HeldBy(t.Context(), colleague)
	require.NoError(t, err)
	require.Len(t, held, 1)
	require.Equal(t, tasks[0], held[0].ID)

	rest := boss.submit(some, work, url.Values{"task": {string(tasks[1])}, "to": {"queue"}})
	require.Equal(t, work, rest.location(), rest.text())
	require.Contains(t, boss.follow(rest).text(), "名下没有在办的件")
	require.NotContains(t, boss.get("/staff").text(), "离岗人员名下")

	_, err = database.Owner.NewRaw("UPDATE staff SET absent_since = now() WHERE id = ?", colleague).Exec(t.Context())
	require.NoError(t, err)
	own := "/staff/members/" + string(colleague) + "/work"
	refused := boss.submit(boss.get(own), own, url.Values{"task": {string(tasks[0])}, "to": {string(away)}})
	require.Equal(t, http.StatusConflict, refused.Status, "nobody who is away gets work")
	require.Contains(t, refused.text(), "没有转交：")
}
