package web

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// sides makes pictures that nobody else files.
var sides atomic.Int64

// waits files a profile of which every check is green, and returns the bidder and
// the id of its review.
func (p *portal) waits() (*bidder, string) {
	p.t.Helper()
	b := p.bidder()
	file := b.stored(b.upload("licence", "营业执照.png", picture(p.t, 100+int(sides.Add(1)))))
	page := b.check(sample.Organization(b.who.subject.Code, b.who.subject.Name, file))
	require.Equal(p.t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
	return b, strings.TrimPrefix(b.review(), "/staff/reviews/")
}

// own is the queue narrowed to a bidder, as forms carry it.
func (b *bidder) own() string { return url.Values{"q": {b.who.subject.Code}}.Encode() }

// bulk is the form around the table of a page of the queue.
func bulk(page *answer, tasks ...string) url.Values {
	return url.Values{"batch": {page.input("batch")}, "queue": {page.input("queue")}, "task": tasks}
}

func TestB01_TheNextFilingIsClaimedUnderTheFilter(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	other, _ := p.newStaff(record.Reviewer, true)
	b, task := p.waits()
	page := reviewer.get("/staff?" + b.own())
	require.Equal(t, b.own(), page.input("queue"))

	took := reviewer.submit(page, "/staff/next", url.Values{"queue": {b.own()}})
	require.Equal(t, b.review()+"?"+b.own(), took.location(), "the filter goes along")
	review := reviewer.follow(took)
	require.Contains(t, review.text(), "由我办理")
	require.Equal(t, b.own(), review.input("queue"))

	t.Run("what another holds is not given", func(t *testing.T) {
		page := other.get("/staff?" + b.own())
		require.Contains(t, page.text(), "审核员")
		a := other.submit(page, "/staff/next", url.Values{"queue": {b.own()}})
		require.Contains(t, other.follow(a).text(), "当前筛选下没有您可以办理的件了")
		a = other.submit(page, "/staff/queue/take", url.Values{"take": {task}, "queue": {b.own()}})
		require.Contains(t, other.follow(a).text(), "没有领取成功")
		require.Equal(t, http.StatusNotFound, other.submit(page, "/staff/queue/take", url.Values{"take": {"x"}}).Status)
		require.Equal(t, http.StatusNotFound, other.submit(page, "/staff/queue/take", url.Values{"take": {string(storage.NewID())}}).Status)
	})
	t.Run("after the last decision the queue says so", func(t *testing.T) {
		values := review.nonce()
		values.Set("queue", b.own())
		a := reviewer.submit(review, b.review()+"/approve", values)
		last := reviewer.follow(a)
		require.Contains(t, last.text(), "已通过：")
		require.Contains(t, last.text(), "队列已清空")
	})
	t.Run("a decision leads to the next, which is claimed", func(t *testing.T) {
		one, first := p.waits()
		two, second := p.waits()
		// The two are told apart from all others by what they are searched by.
		word := "同批" + suffix()
		_, err := owner(t).NewRaw("UPDATE review_tasks SET name = ?0 || id::text, find = find || (SELECT array_agg(substr(lower(?0), n, 2)) || array_agg(substr(lower(?0), n, 1)) FROM generate_series(1, length(?0)) n) WHERE id IN (?1, ?2)", word, first, second).Exec(t.Context())
		require.NoError(t, err)
		query := url.Values{"q": {word}}.Encode()
		page := reviewer.follow(reviewer.submit(reviewer.get("/staff?"+query), "/staff/next", url.Values{"queue": {query}}))
		values := page.nonce()
		values.Set("queue", query)
		a := reviewer.submit(page, one.review()+"/approve", values)
		require.Equal(t, two.review()+"?"+query, a.location(), a.text())
		require.Contains(t, reviewer.follow(a).text(), "由我办理")
	})
	t.Run("a row is taken and opened", func(t *testing.T) {
		b, task := p.waits()
		page := reviewer.get("/staff?" + b.own())
		require.Contains(t, page.Body, `name="take" value="`+task+`"`)
		a := reviewer.submit(page, "/staff/queue/take", url.Values{"take": {task}, "queue": {b.own()}})
		require.Equal(t, b.review()+"?"+b.own(), a.location())
		require.NotContains(t, reviewer.get("/staff?"+b.own()).Body, `name="take"`)
	})
}

func TestB01_BadParametersOfTheQueueAreLeftOut(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Supervisor, true)
	b, task := p.waits()
	for _, query := range []string{
		"state=x&kind=x&region=x&occasion=x&key=x&assurance=x&after=x&before=x", "region=43%25", "region=4&region=43", "q=%25%5F", "q=%27%22%3C", "q=%FF%00", "after=%00", "%zz=1",
		"after=" + strings.Repeat("A", 500), "q=" + strings.Repeat("a", 5000),
	} {
		a := reviewer.get("/staff?" + query)
		require.Equal(t, http.StatusOK, a.Status, query)
		require.Equal(t, http.StatusOK, reviewer.get("/staff/reviews/"+task+"?"+query).Status, query)
		require.Equal(t, http.StatusSeeOther, reviewer.submit(a, "/staff/filters", url.Values{"name": {""}, "queue": {strings.ReplaceAll(query, "%00", "")}}).Status, query)
	}
	page := reviewer.get("/staff?" + b.own())
	for _, path := range []string{"claim", "release", "assign", "check", "approve"} {
		for name, values := range map[string]url.Values{
			"nothing chosen": {}, "none": {"task": {"x"}, "to": {task}, "batch": {page.input("batch")}},
		} {
			a := reviewer.submit(page, "/staff/queue/"+path, values)
			require.Equal(t, http.StatusSeeOther, a.Status, "%s %s", path, name)
			require.Equal(t, "/staff", a.location(), "%s %s", path, name)
		}
	}
	require.Equal(t, http.StatusUnprocessableEntity, reviewer.submit(page, "/staff/queue/claim", url.Values{"task": {task}}).Status, "no batch")
	require.Equal(t, http.StatusNotFound, reviewer.get("/staff/queue/batches/"+string(storage.NewID())).Status)
	require.Equal(t, http.StatusNotFound, reviewer.submit(page, "/staff/queue/batches/"+string(storage.NewID())+"/undo", nil).Status)
	require.Equal(t, http.StatusNotFound, reviewer.submit(page, "/staff/filters/"+string(storage.NewID())+"/delete", nil).Status)
}

func TestB01_FiltersAreShownSavedAndDeleted(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	other, _ := p.newStaff(record.Reviewer, true)
	b, _ := p.waits()
	query := url.Values{"kind": {"organization"}, "q": {b.who.subject.Code}, "occasion": {"first"}}.Encode()
	page := reviewer.get("/staff?" + query)
	for _, want := range []string{"事项：基本信息", "类型：首次", "搜索：" + b.who.subject.Code, "保存当前筛选", "全部1", "待领取1", "我办理的0"} {
		require.Contains(t, strings.Join(strings.Fields(page.text()), ""), strings.ReplaceAll(want, " ", ""))
	}
	a := reviewer.submit(page, "/staff/filters", url.Values{"name": {"这一家"}, "queue": {page.input("queue") + "&after=x&nonsense=1"}})
	require.Equal(t, "/staff?"+query, a.location())
	page = reviewer.follow(a)
	require.Contains(t, page.text(), "已保存筛选“这一家”")
	require.NotContains(t, page.text(), "保存当前筛选", "it is saved")
	require.NotContains(t, other.get("/staff").text(), "这一家", "own only")
	id := regexp.MustCompile(`/staff/filters/([^/]+)/delete`).FindStringSubmatch(page.Body)[1]
	require.Equal(t, http.StatusNotFound, other.submit(other.get("/staff"), "/staff/filters/"+id+"/delete", nil).Status)
	require.Contains(t, reviewer.follow(reviewer.submit(page, "/staff/filters", url.Values{"name": {" "}, "queue": {query}})).text(), "请给筛选起一个名称")
	require.Equal(t, http.StatusSeeOther, reviewer.submit(page, "/staff/filters/"+id+"/delete", nil).Status)
	require.NotContains(t, reviewer.get("/staff").text(), "这一家")
}

func TestB01_ManyAreClaimedGivenBackAndHandedOver(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	other, otherID := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	one, first := p.waits()
	two, second := p.waits()
	page := other.get(two.review())
	require.Equal(t, http.StatusSeeOther, other.submit(page, two.review()+"/claim", page.nonce()).Status)

	page = reviewer.get("/staff")
	values := bulk(page, first, second, first, strings.ToUpper(first), string(storage.NewID()))
	a := reviewer.submit(page, "/staff/queue/claim", values)
	report := reviewer.follow(a)
	text := strings.Join(strings.Fields(report.text()), "")
	require.Contains(t, text, "办成1件，没有办成1件", "what cannot be done hinders nothing else")
	require.Contains(t, text, "已由其他审核人员领取")
	t.Run("T5 the same form sent again is the same batch", func(t *testing.T) {
		require.Equal(t, a.location(), reviewer.submit(page, "/staff/queue/claim", values).location())
		require.Equal(t, 2, count(t, "SELECT count(*) FROM review_batch_lines l JOIN review_batches b ON b.id = l.batch WHERE l.task IN (?, ?)", first, second))
		require.Equal(t, http.StatusNotFound, other.get(a.location()).Status, "a report is whose it is")
	})
	released := reviewer.follow(reviewer.submit(page, "/staff/queue/release", bulk(page, first, second)))
	require.Contains(t, strings.Join(strings.Fields(released.text()), ""), "办成1件，没有办成1件")

	t.Run("a supervisor hands many to a colleague, with a note", func(t *testing.T) {
		page := boss.get("/staff")
		require.Contains(t, page.text(), "批量分派")
		require.NotContains(t, reviewer.get("/staff").text(), "批量分派")
		values := bulk(page, first, second)
		require.Contains(t, boss.follow(boss.submit(page, "/staff/queue/assign", values)).text(), "请选择交给谁")
		values.Set("to", string(otherID))
		values.Set("note", strings.Repeat("长", record.MaxNote+1))
		require.Contains(t, boss.follow(boss.submit(page, "/staff/queue/assign", values)).text(), "说明最多")
		values.Set("note", "请优先办理")
		report := boss.follow(boss.submit(page, "/staff/queue/assign", values))
		require.Contains(t, strings.Join(strings.Fields(report.text()), ""), "办成2件，没有办成0件")
		handed, err := p.Store.Handovers(t.Context(), one.id)
		require.NoError(t, err)
		require.Equal(t, "请优先办理", handed[len(handed)-1].Note)
		require.Contains(t, other.get("/staff?state=mine&"+one.own()).text(), "分派给我")
		require.Equal(t, http.StatusForbidden, reviewer.submit(reviewer.get("/staff"), "/staff/queue/assign", values).Status)
	})
	t.Run("whoever has one hands it on", func(t *testing.T) {
		page := other.get(one.review() + "?" + one.own())
		require.Contains(t, page.text(), "转交他人")
		require.NotContains(t, reviewer.get(one.review()).text(), "转交他人")
		action := one.review() + "/assign"
		require.Equal(t, http.StatusConflict, other.submit(page, action, url.Values{"to": {""}}).Status)
		require.Equal(t, http.StatusConflict, other.submit(page, action, url.Values{"to": {string(storage.NewID())}}).Status)
		stranger := reviewer.submit(reviewer.get(one.review()), action, url.Values{"to": {string(otherID)}})
		require.Equal(t, http.StatusConflict, stranger.Status)
		require.Contains(t, stranger.text(), "只能转交由您办理的件")
		taker, third := p.newStaff(record.Reviewer, true)
		a := other.submit(page, action, url.Values{"to": {string(third)}, "note": {"休假"}, "queue": {one.own()}})
		require.Equal(t, "/staff?"+one.own(), a.location(), a.text())
		require.Contains(t, other.follow(a).text(), "已交给")
		require.Contains(t, reviewer.get("/staff?"+one.own()).text(), "分派给 审核员")
		told := taker.get(one.review()).text()
		require.Contains(t, told, "休假", "whoever gets it reads the note")
		require.Regexp(t, "转交 审核员", told)
	})
}

func TestB02_ManyAreApprovedWhereEveryCheckIsGreen(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, member := p.newStaff(record.Reviewer, true)
	_, green := p.waits()
	red := p.bidder()
	require.Equal(t, red.path(""), red.file().location())
	odd := strings.TrimPrefix(red.review(), "/staff/reviews/")
	key := p.inForce() // files the same picture as the odd one
	key.change()
	keyTask := strings.TrimPrefix(key.review(), "/staff/reviews/")
	gone, closing := p.waits()

	page := reviewer.get("/staff")
	check := reviewer.submit(page, "/staff/queue/check", bulk(page, green, odd, keyTask, closing, string(storage.NewID())))
	require.Equal(t, http.StatusOK, check.Status)
	text := strings.Join(strings.Fields(check.text()), "")
	require.Contains(t, text, "将通过2件")
	require.Contains(t, text, "不能批量通过2件")
	require.Contains(t, text, "含关键项变更，须逐件审核")
	require.Contains(t, text, "个主体提交过同一文件", "the check that stands in the way, with its evidence")

	values := url.Values{"batch": {check.input("batch")}, "queue": {""}, "task": {green, closing, odd, keyTask}}
	for _, task := range []string{green, closing} {
		values.Set("command."+task, check.input("command."+task))
		values.Set("version."+task, check.input("version."+task))
	}
	// Forged: the page offers neither.
	for _, task := range []string{odd, keyTask} {
		values.Set("command."+task, string(storage.NewID()))
		values.Set("version."+task, "1")
	}
	// One is decided by a colleague while the page is read.
	colleague, _ := p.newStaff(record.Reviewer, true)
	other := colleague.get(gone.review())
	decided := other.nonce()
	decided.Set("reason", "不清晰")
	require.Equal(t, http.StatusSeeOther, colleague.submit(other, gone.review()+"/return", decided).Status)

	a := reviewer.submit(check, "/staff/queue/approve", values)
	report := strings.Join(strings.Fields(reviewer.follow(a).text()), "")
	require.Contains(t, report, "办成1件，没有办成3件")
	require.Contains(t, report, "该件已办结")
	require.Equal(t, 1, count(t, "SELECT count(*) FROM events e JOIN review_tasks t ON t.record = e.record WHERE t.id = ? AND e.type = 'approve'", green), "one audit row each")
	require.Equal(t, 0, count(t, "SELECT count(*) FROM commands c JOIN review_tasks t ON t.record = c.record WHERE t.id IN (?, ?) AND c.actor = ?", odd, keyTask, member))
	t.Run("T5 sent again nothing is decided twice", func(t *testing.T) {
		require.Equal(t, a.location(), reviewer.submit(check, "/staff/queue/approve", values).location())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE actor = ? AND move = 'approve'", member))
	})
	t.Run("an interrupted batch goes on with what was accepted", func(t *testing.T) {
		_, err := owner(t).NewRaw("DELETE FROM review_batch_lines WHERE task = ?", green).Exec(t.Context())
		require.NoError(t, err)
		report := strings.Join(strings.Fields(reviewer.follow(reviewer.submit(check, "/staff/queue/approve", values)).text()), "")
		require.Contains(t, report, "办成1件，没有办成3件")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE actor = ? AND move = 'approve'", member))
	})
}

func TestB02_ManyApprovalsAreUndoneTogether(t *testing.T) {
	p := newPortal(t, func(o *Options) {
		app, _ := storagetest.OpenDB(t)
		policy := storagetest.Policy()
		policy.UndoPeriod = time.Hour
		o.Store = storage.New(app, storagetest.Keys(), policy)
	})
	reviewer, member := p.newStaff(record.Reviewer, true)
	one, first := p.waits()
	_, second := p.waits()
	page := reviewer.get("/staff")
	check := reviewer.submit(page, "/staff/queue/check", bulk(page, first, second))
	values := url.Values{"batch": {check.input("batch")}, "task": {first, second}}
	for _, task := range []string{first, second} {
		values.Set("command."+task, check.input("command."+task))
		values.Set("version."+task, check.input("version."+task))
	}
	a := reviewer.submit(check, "/staff/queue/approve", values)
	report := reviewer.follow(a)
	require.Contains(t, report.text(), "即将通过")
	require.Contains(t, report.text(), "撤销全部")
	require.Equal(t, record.UnderReview, one.state().Filing)
	require.Contains(t, reviewer.get("/staff?state=mine&"+one.own()).text(), "已决定，即将生效")
	require.NotContains(t, reviewer.get("/staff?"+one.own()).Body, one.review(), "it is in nobody's list but the decider's")

	undone := reviewer.follow(reviewer.submit(report, a.location()+"/undo", nil))
	require.Contains(t, undone.text(), "已撤销 2 件")
	require.NotContains(t, undone.text(), "撤销全部")
	require.Contains(t, reviewer.get("/staff?state=mine&"+one.own()).text(), "（我）", "they stay with who decided")
	require.Equal(t, 2, count(t, "SELECT count(*) FROM commands WHERE actor = ? AND cancelled_at IS NOT NULL", member))
	again := reviewer.follow(reviewer.submit(undone, a.location()+"/undo", nil))
	require.Contains(t, again.text(), "没有撤销")
}
