package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/web/view"
	"unireg/workflows"
)

// engine says that every candidate is running, or is away.
type engine struct{ *rings }

func (e engine) Processes(_ context.Context, candidates []workflows.Process) ([]workflows.Process, error) {
	if e.isAway() {
		return nil, workflows.ErrUnavailable
	}
	for i := range candidates {
		candidates[i].Run, candidates[i].StartedAt = string(storage.NewID()), time.Now()
	}
	return candidates, nil
}

func (engine) ProcessURL(base string, p workflows.Process) string {
	return workflows.NewClient(nil, "test").ProcessURL(base, p)
}

// watched is a portal whose pages lead to Temporal Web.
func watched(t *testing.T) *portal {
	t.Helper()
	p := newPortal(t, func(o *Options) { o.TemporalUI = "http://temporal.test" })
	p.Processes = engine{p.rings}
	return p
}

func (b *bidder) desk() string { return staffSubjectPath(b.who.subject.ID) }

func TestASubjectsPagesForStaff(t *testing.T) {
	p := watched(t)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	b := p.inForce()
	b.change()
	head := reviewer.get(b.desk())
	require.Equal(t, http.StatusOK, head.Status)

	t.Run("the head says who it is, and what it may do and why", func(t *testing.T) {
		for _, want := range []string{b.who.subject.Name, b.who.subject.Code, "已核实", "纸质标可以参加", "电子标暂不能参加", "没有绑定有效的 CA 证书", "基本信息第 1 版，现行有效"} {
			require.Contains(t, head.text(), want)
		}
	})
	t.Run("it is led to from the search, the review and the record", func(t *testing.T) {
		for _, path := range []string{"/staff/subjects?q=" + b.who.subject.Code, b.review(), staffRecordPath(b.id)} {
			require.Contains(t, reviewer.get(path).Body, `href="`+b.desk()+`"`, path)
		}
	})
	t.Run("each page shows what belongs to it", func(t *testing.T) {
		for tab, want := range map[view.SubjectTab][]string{
			view.SubjectRecords: {"变更审核中", "打开审核"}, view.SubjectHistory: {"提交变更", "审核通过，已生效"}, view.SubjectStaff: {"审核通过，已生效", "审核员"},
			view.SubjectCertificates: {"没有绑定过数字证书"}, view.SubjectApplications: {"没有申请过"}, view.SubjectSessions: {"账号 1", "账号登录"},
			view.SubjectMessages: {"审核通过", "提交成功"}, view.SubjectClaims: {"没有针对该主体的占用申诉"},
		} {
			a := reviewer.get(b.desk() + "?tab=" + string(tab))
			require.Equal(t, http.StatusOK, a.Status, tab)
			for _, words := range want {
				require.Contains(t, a.text(), words, tab)
			}
			require.Contains(t, a.Body, `aria-current="page"`, tab)
			require.NotContains(t, a.Body, sample.ResidentID(1001), "W29 %s", tab)
		}
		records := reviewer.get(b.desk() + "?tab=records&kind=award&after=nonsense")
		require.Contains(t, records.text(), "没有提交过这一类申报")
		require.Equal(t, http.StatusOK, reviewer.get(b.desk()+"?tab=nonsense&before=x").Status)
		require.Contains(t, reviewer.get(b.desk()+"?tab=messages").Body, `href="`+staffRecordPath(b.id)+`"`)
	})
	t.Run("W29 what is masked is shown for a reason, and the look is noted", func(t *testing.T) {
		require.NotContains(t, head.Body, sample.ResidentID(1001))
		for _, fields := range []url.Values{{}, {"reason": {"curious"}}, {"reason": {"other"}}} {
			mute := reviewer.submit(head, b.desk()+"/reveal", fields)
			require.Equal(t, http.StatusUnprocessableEntity, mute.Status)
			require.NotContains(t, mute.Body, sample.ResidentID(1001))
		}
		shown := reviewer.submit(head, b.desk()+"/reveal", url.Values{"reason": {"other"}, "note": {"当面核对"}})
		require.Contains(t, shown.Body, sample.ResidentID(1001))
		require.Contains(t, shown.text(), "查看已留痕")
		require.NotContains(t, reviewer.get(b.desk()).Body, sample.ResidentID(1001), "a look reveals once")
		log := reviewer.get(b.desk() + "?tab=staff").text()
		require.Contains(t, log, "查看完整敏感信息")
		require.Contains(t, log, "当面核对")
		require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE chain = ? AND type = 'revealed' AND data->>'reason' = 'other'", b.who.subject.ID))
		require.NotContains(t, p.log.String(), "当面核对")
	})
	t.Run("a supervisor ends a session, a reviewer does not", func(t *testing.T) {
		sessions := boss.get(b.desk() + "?tab=sessions")
		action := regexp.MustCompile(`action="(` + b.desk() + `/sessions/[^"]+/end)"`).FindStringSubmatch(sessions.Body)
		require.NotNil(t, action)
		require.NotContains(t, reviewer.get(b.desk()+"?tab=sessions").Body, action[1])
		require.Equal(t, http.StatusForbidden, reviewer.submit(head, action[1], nil).Status)
		require.Equal(t, http.StatusOK, b.get("/home").Status)
		require.Equal(t, b.desk()+"?tab=sessions", boss.submit(sessions, action[1], nil).location())
		require.Contains(t, b.get("/home").location(), "/login")
		require.Equal(t, http.StatusSeeOther, boss.submit(sessions, action[1], nil).Status, "ended already")
	})
	t.Run("W16 no address of nobody's", func(t *testing.T) {
		for _, path := range []string{staffSubjectPath(storage.NewID()), staffSubjectPath("x"), staffSubjectPath(storage.NewID()) + "/resets"} {
			require.Equal(t, http.StatusNotFound, reviewer.get(path).Status, path)
		}
		require.Equal(t, http.StatusNotFound, boss.submit(boss.get(b.desk()), b.desk()+"/sessions/x/end", nil).Status)
	})
}

func TestW29_APersonsCodeIsMaskedOnItsPage(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	person := p.newSubject(record.Person, "111", newResidentID(), "查看的人"+suffix())
	path := staffSubjectPath(person.subject.ID)
	page := reviewer.get(path)
	require.NotContains(t, page.Body, person.subject.Code)
	require.Contains(t, page.text(), "未核实")
	require.NotContains(t, page.text(), "后台流程", "no links are configured")
	shown := reviewer.submit(page, path+"/reveal", url.Values{"reason": {"identity"}})
	require.Contains(t, shown.Body, person.subject.Code)
}

func TestB18_StaffOfAnotherRegionLookAndDoNothing(t *testing.T) {
	p := newPortal(t, nil)
	far, id := p.newStaff(record.Supervisor, true)
	b := p.inForce()
	_, err := owner(t).NewRaw("UPDATE staff SET regions = '{11}' WHERE id = ?", id).Exec(t.Context())
	require.NoError(t, err)
	page := far.get(b.desk())
	require.Equal(t, http.StatusOK, page.Status)
	require.Contains(t, page.text(), "不在您负责的地区内")
	refused := far.submit(page, b.desk()+"/reveal", url.Values{"reason": {"identity"}})
	require.Equal(t, http.StatusForbidden, refused.Status)
	require.NotContains(t, refused.Body, sample.ResidentID(1001))
	require.Contains(t, far.get(b.desk()+"/resets").text(), "不在您负责的地区内")
	sessions, err := p.Store.SubjectSessions(t.Context(), b.who.subject.ID, time.Hour)
	require.NoError(t, err)
	end := far.submit(page, b.desk()+"/sessions/"+string(sessions[0].ID)+"/end", nil)
	require.Equal(t, http.StatusForbidden, end.Status)
	require.Equal(t, http.StatusOK, b.get("/home").Status)
}

// What leads to Temporal Web is ids and fixed words: a namespace, a kind, a UUID
// and a run.
var processAddress = regexp.MustCompile(`^http://temporal\.test/namespaces/test/workflows/(record|registration|ca|import)%2F[0-9a-f-]{36}/[0-9a-f-]{36}/history$`)

func TestN09_EveryRunningProcessIsOneClickFromSubjectAndRecord(t *testing.T) {
	p := watched(t)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	links := func(path string) []string {
		t.Helper()
		var all []string
		for _, m := range regexp.MustCompile(`href="(http://temporal[^"]*)"`).FindAllStringSubmatch(reviewer.get(path).Body, -1) {
			require.Regexp(t, processAddress, m[1])
			all = append(all, m[1])
		}
		return all
	}
	require.Len(t, links(b.desk()), 2, "the registration, and the filing under review")
	require.Contains(t, reviewer.get(b.desk()).text(), "基本信息：审核中")
	require.Len(t, links(staffRecordPath(b.id)), 1)

	t.Run("T3 without the engine the pages say so and show everything else", func(t *testing.T) {
		p.rings.leave(true)
		defer p.rings.leave(false)
		page := reviewer.get(b.desk())
		require.Equal(t, http.StatusOK, page.Status)
		require.Contains(t, page.text(), "后台流程暂时查不到")
		require.Contains(t, page.text(), "交易资格")
		require.Contains(t, reviewer.get(staffRecordPath(b.id)).text(), "后台流程暂时查不到")
	})
	t.Run("at rest there is nothing to see", func(t *testing.T) {
		_, staff := p.newStaff(record.Reviewer, true)
		b.decide(staff, record.Approve, "")
		require.Empty(t, links(b.desk()))
		require.Contains(t, reviewer.get(b.desk()).text(), "没有正在进行的后台流程")
		require.Empty(t, links(staffRecordPath(b.id)))
	})
}

func TestASupervisorReopensARecordWithAReason(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	b := p.inForce()
	path := staffRecordPath(b.id)
	require.NotContains(t, reviewer.get(path).Body, path+"/reopen")
	page := boss.get(path)
	require.Contains(t, page.Body, `action="`+path+`/reopen"`)
	values := url.Values{"command": {page.input("command")}, "revision": {page.input("revision")}}
	require.Equal(t, http.StatusForbidden, reviewer.submit(reviewer.get(path), path+"/reopen", values).Status)
	mute := boss.submit(page, path+"/reopen", values)
	require.Equal(t, http.StatusUnprocessableEntity, mute.Status)
	require.Contains(t, mute.text(), "请填写原因")
	require.Equal(t, settled, b.state())

	values.Set("reason", "群众举报，需复查")
	require.Equal(t, path, boss.submit(page, path+"/reopen", values).location())
	require.Equal(t, record.State{Standing: record.InForce, Filing: record.UnderReview}, b.state())
	t.Run("T5 pressed twice it is one", func(t *testing.T) {
		require.Equal(t, path, boss.submit(page, path+"/reopen", values).location())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE record = ? AND move = 'reopen'", b.id))
	})
	t.Run("the page was older than the record", func(t *testing.T) {
		late := boss.submit(page, path+"/reopen", url.Values{"command": {string(storage.NewID())}, "revision": {page.input("revision")}, "reason": {"再来一次"}})
		require.Equal(t, http.StatusConflict, late.Status)
		require.Contains(t, late.text(), "没有重新审核")
	})
	require.Contains(t, boss.get(path).text(), "群众举报，需复查")
	require.NotContains(t, boss.get(path).Body, path+"/reopen", "it is under review already")
	require.Contains(t, reviewer.get(b.review()).text(), b.who.subject.Name)
	require.Contains(t, b.get("/messages").text(), "重新审核")
}

func TestTheReasonsOfALookAreThoseThatAreKept(t *testing.T) {
	var offered []storage.RevealReason
	for _, o := range view.RevealReasons {
		offered = append(offered, storage.RevealReason(o.Value))
	}
	require.Equal(t, storage.RevealReasons(), offered)
	for _, r := range storage.ResetReasons() {
		require.NotEmpty(t, resetReasons[r])
	}
	for _, kind := range []record.SubjectType{record.Organization, record.Person} {
		for _, paper := range storage.ResetPapers(kind) {
			require.NotEmpty(t, resetPapers[paper])
		}
	}
}
