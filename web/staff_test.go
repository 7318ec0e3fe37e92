package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/record/sample"
	"unireg/storage"
)

// review is the open review of a bidder's filing.
func (b *bidder) review() string {
	b.p.t.Helper()
	id, err := b.p.Store.ReviewOf(b.p.t.Context(), b.id)
	require.NoError(b.p.t, err)
	return "/staff/reviews/" + string(id)
}

// inForce is a bidder whose profile was approved.
func (p *portal) inForce() *bidder {
	p.t.Helper()
	_, staff := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(p.t, b.path(""), b.file().location())
	b.decide(staff, record.Approve, "")
	return b
}

// change files a change of the legal name: a key field.
func (b *bidder) change() {
	b.p.t.Helper()
	shown := b.get(b.path(""))
	require.Equal(b.p.t, b.path("/edit"), b.submit(shown, b.path("/change"), url.Values{"reason": {"更名"}}).location())
	document, ok := b.document().(*record.OrganizationDocument)
	require.True(b.p.t, ok)
	document.LegalName += "（集团）"
	document.Account.Name = document.LegalName
	page := b.check(document)
	require.Equal(b.p.t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
}

func TestW7_StaffAlwaysGiveASecondFactor(t *testing.T) {
	p := newPortal(t, nil)
	secret, err := access.NewTOTPSecret()
	require.NoError(t, err)
	hash, err := access.Hash(t.Context(), testPassword)
	require.NoError(t, err)
	login := "shen" + suffix()
	id, err := p.Store.AddStaff(t.Context(), record.Actor{}, storage.NewStaff{
		Login: login, Name: "沈星", Role: record.Reviewer, Identity: newResidentID(), Password: hash, Secret: secret,
	})
	require.NoError(t, err)
	b := p.browser()

	t.Run("W5 a wrong password and an unknown login have the same answer", func(t *testing.T) {
		page := b.get("/staff/login")
		wrong := b.submit(page, "/staff/login", url.Values{"login": {login}, "password": {"not the password"}})
		unknown := b.submit(page, "/staff/login", url.Values{"login": {"nobody" + suffix()}, "password": {"not the password"}})
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Equal(t, wrong.Status, unknown.Status)
		require.Contains(t, wrong.text(), textWrongStaff)
		require.Contains(t, unknown.text(), textWrongStaff)
		require.Contains(t, wrong.Body, login, "what was typed is kept")
		require.NotContains(t, wrong.Body, "not the password")
	})
	enter := func() *answer {
		t.Helper()
		return b.submit(b.get("/staff/login"), "/staff/login", url.Values{"login": {strings.ToUpper(login) + " "}, "password": {testPassword}})
	}
	entered := enter()
	require.Equal(t, "/staff/totp/enrol", entered.location(), entered.text())
	halfway := b.cookies[staffCookie].Value

	t.Run("W7 the password alone opens nothing", func(t *testing.T) {
		for _, path := range []string{"/staff", "/staff/subjects", "/staff/reviews/" + string(storage.NewID()), "/staff/files/" + string(storage.NewID())} {
			a := b.get(path)
			require.Equal(t, http.StatusSeeOther, a.Status, path)
			require.Equal(t, "/staff/totp", a.location(), path)
		}
	})
	page := b.follow(entered)
	require.Contains(t, page.Body, "data:image/png;base64,")
	wrong := b.submit(page, "/staff/totp/enrol", url.Values{"code": {"000000"}})
	require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
	require.Contains(t, wrong.text(), textWrongCode)

	at := time.Now()
	code, err := access.TOTPCode(secret, at)
	require.NoError(t, err)
	done := b.submit(wrong, "/staff/totp/enrol", url.Values{"code": {code}})
	require.Equal(t, "/staff", done.location(), done.text())
	require.Equal(t, http.StatusOK, b.get("/staff").Status)

	t.Run("W9 the step-up goes on under a new session, and the old one is over", func(t *testing.T) {
		require.NotEqual(t, halfway, b.cookies[staffCookie].Value)
		old := p.browser()
		old.cookies[staffCookie] = &http.Cookie{Name: staffCookie, Value: halfway}
		require.Equal(t, "/staff/login", strings.Split(old.get("/staff/totp").location(), "?")[0])
	})
	t.Run("the secret is shown once", func(t *testing.T) {
		require.Equal(t, "/staff/totp", b.get("/staff/totp/enrol").location())
	})
	t.Run("W8 a code serves once", func(t *testing.T) {
		require.Equal(t, "/staff/login", b.submit(b.get("/staff"), "/staff/logout", nil).location())
		require.Equal(t, "/staff/totp", enter().location())
		again := b.submit(b.get("/staff/totp"), "/staff/totp", url.Values{"code": {code}})
		require.Equal(t, http.StatusUnprocessableEntity, again.Status)
		next, err := access.TOTPCode(secret, at.Add(30*time.Second))
		require.NoError(t, err)
		require.Equal(t, "/staff", b.submit(again, "/staff/totp", url.Values{"code": {next}}).location())
	})
	t.Run("a session that ended while a decision was typed loses nothing", func(t *testing.T) {
		filed := p.bidder()
		require.Equal(t, filed.path(""), filed.file().location())
		page := b.get(filed.review())
		values := page.nonce()
		values.Set("reason", "附件不清晰，请重新上传")
		_, err := p.Store.EndStaffSessions(t.Context(), id, "")
		require.NoError(t, err)
		ended := b.submit(page, filed.review()+"/return", values)
		require.Equal(t, http.StatusUnauthorized, ended.Status, ended.text())
		again := url.Values{"resume": {filed.review() + "/return"}, "login": {login}, "password": {testPassword}}
		for name, all := range values {
			again["kept."+name] = all
		}
		second := b.submit(ended, "/staff/login", again)
		require.Equal(t, http.StatusOK, second.Status, second.text())
		require.Equal(t, "附件不清晰，请重新上传", second.input("kept.reason"))
		carried := url.Values{"resume": {second.input("resume")}, "code": {"000000"}}
		for _, name := range []string{"kept.reason", "kept.command", "kept.version"} {
			carried.Set(name, second.input(name))
		}
		wrong := b.submit(second, "/staff/totp", carried)
		require.Equal(t, http.StatusUnprocessableEntity, wrong.Status)
		require.Equal(t, "附件不清晰，请重新上传", wrong.input("kept.reason"))
		_, err = owner(t).NewRaw("UPDATE staff SET totp_step = 0 WHERE id = ?", id).Exec(t.Context())
		require.NoError(t, err)
		code, err := access.TOTPCode(secret, time.Now())
		require.NoError(t, err)
		carried.Set("code", code)
		resumed := b.submit(wrong, "/staff/totp", carried)
		require.Equal(t, http.StatusOK, resumed.Status, resumed.text())
		again = url.Values{"reason": {resumed.input("reason")}, "command": {resumed.input("command")}, "version": {resumed.input("version")}}
		require.Equal(t, "/staff", b.submit(resumed, filed.review()+"/return", again).location())
		require.Equal(t, record.Returned, filed.state().Filing)
	})
	t.Run("guessing codes ends", func(t *testing.T) {
		require.Equal(t, "/staff/login", b.submit(b.get("/staff"), "/staff/logout", nil).location())
		require.Equal(t, "/staff/totp", enter().location())
		page := b.get("/staff/totp")
		last := 0
		for range codeAttempts {
			last = b.submit(page, "/staff/totp", url.Values{"code": {"111111"}}).Status
		}
		require.Equal(t, http.StatusTooManyRequests, last)
	})
	t.Run("B18 W20 who is disabled is out at once", func(t *testing.T) {
		reviewer, member := p.newStaff(record.Reviewer, true)
		require.Equal(t, http.StatusOK, reviewer.get("/staff").Status)
		require.NoError(t, p.Store.DisableStaff(t.Context(), record.Actor{Role: record.Supervisor}, member))
		require.Equal(t, "/staff/login?next=%2Fstaff", reviewer.get("/staff").location())
		require.NoError(t, p.Store.DisableStaff(t.Context(), record.Actor{Role: record.Supervisor}, id))
		refused := p.browser()
		a := refused.submit(refused.get("/staff/login"), "/staff/login", url.Values{"login": {login}, "password": {testPassword}})
		require.Equal(t, http.StatusUnprocessableEntity, a.Status)
		require.Contains(t, a.text(), textWrongStaff)
	})
}

func TestW19_RolesAndRoutes(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	review := b.review()
	nobody := p.browser()
	halfway, _ := p.newStaff(record.Reviewer, false)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	supervisor, _ := p.newStaff(record.Supervisor, true)
	staffPaths := []string{"/staff", "/staff/subjects?q=x", review, "/staff/files/" + b.stored(b.uploaded(t)).ID}
	applicantPaths := []string{"/home", b.path(""), "/history", "/certificates", "/records?kind=award"}

	for _, path := range staffPaths {
		require.Equal(t, http.StatusOK, reviewer.get(path).Status, path)
		require.Equal(t, http.StatusOK, supervisor.get(path).Status, path)
		require.Equal(t, http.StatusSeeOther, nobody.get(path).Status, path)
		require.Equal(t, http.StatusSeeOther, b.get(path).Status, path)
		require.Equal(t, "/staff/totp", halfway.get(path).location(), path)
	}
	for _, path := range applicantPaths {
		require.Equal(t, http.StatusOK, b.get(path).Status, path)
		require.Contains(t, nobody.get(path).location(), "/login", path)
		require.Contains(t, reviewer.get(path).location(), "/login", path)
	}
	token := b.get("/account")
	for _, move := range []string{"claim", "release", "approve", "return", "confirm", "reject"} {
		a := b.submit(token, review+"/"+move, url.Values{"command": {string(storage.NewID())}, "version": {"1"}, "reason": {"x"}})
		require.NotEqual(t, http.StatusSeeOther, a.Status, move)
		require.NotEqual(t, http.StatusOK, a.Status, move)
	}
	require.Equal(t, record.UnderReview, b.state().Filing)
	require.Equal(t, 0, count(t, "SELECT count(*) FROM commands WHERE record = ? AND move <> 'submit'", b.id))

	t.Run("staff see the files of submissions, not of drafts", func(t *testing.T) {
		other := p.bidder()
		loose := other.stored(other.upload("licence", "草稿.png", picture(t, 4)))
		require.Equal(t, http.StatusNotFound, reviewer.get("/staff/files/"+loose.ID).Status)
	})
}

func TestB02_B04_AFilingIsComparedReturnedAndApproved(t *testing.T) {
	p := newPortal(t, func(o *Options) { o.TemporalUI = "http://temporal.test" })
	reviewer, _ := p.newStaff(record.Confirmer, true)
	b := p.inForce()
	b.change()
	review := b.review()
	page := reviewer.get(review)
	require.Equal(t, http.StatusOK, page.Status)

	t.Run("B04 only what changed, or all, with key fields marked", func(t *testing.T) {
		text := page.text()
		require.Contains(t, text, "更名")
		require.Contains(t, page.Body, "<ins>（集团）</ins>")
		require.Contains(t, text, "关键")
		require.Contains(t, reviewer.get(review+"?fields=all").text(), "示范大道 100 号 6 层")
		require.Equal(t, http.StatusOK, reviewer.get(review+"?layout=stacked&kind=change").Status)
	})
	t.Run("the system's own checks have evidence", func(t *testing.T) {
		text := page.text()
		for _, want := range []string{"统一社会信用代码校验位正确", "账户名称与单位全称一致", "附件未扫描", "审核人员与本件无关联", "没有问题"} {
			require.Contains(t, text, want)
		}
	})
	t.Run("N09 the process is one click away", func(t *testing.T) {
		require.Contains(t, page.Body, "http://temporal.test/"+string(b.id))
	})
	t.Run("W29 sensitive numbers are masked until revealed, and the look is noted", func(t *testing.T) {
		require.NotContains(t, page.Body, sample.ResidentID(1001))
		early := reviewer.submit(page, review+"/reveal", url.Values{})
		require.Equal(t, http.StatusForbidden, early.Status, "only who holds the filing may")
		require.Equal(t, review, reviewer.submit(page, review+"/claim", page.nonce()).location())
		mute := reviewer.submit(page, review+"/reveal", url.Values{})
		require.Equal(t, http.StatusUnprocessableEntity, mute.Status)
		require.Contains(t, mute.text(), "请选择查看原因")
		require.NotContains(t, mute.Body, sample.ResidentID(1001))
		revealed := reviewer.submit(page, review+"/reveal", url.Values{"reason": {"contents"}})
		require.Contains(t, revealed.Body, sample.ResidentID(1001))
		require.Equal(t, 1, count(t, "SELECT count(*) FROM events WHERE record = ? AND type = 'revealed'", b.id))
		require.NotContains(t, reviewer.get(review).Body, sample.ResidentID(1001), "a look reveals once")
	})

	page = reviewer.get(review)
	t.Run("a return without a word is refused and keeps the page", func(t *testing.T) {
		refused := reviewer.submit(page, review+"/return", page.nonce())
		require.Equal(t, http.StatusUnprocessableEntity, refused.Status)
		require.Contains(t, refused.text(), "请写明意见")
		values := page.nonce()
		values.Set("reason", strings.Repeat("长", 1001))
		values.Set("remark.legal_name", "留在页面上的意见")
		long := reviewer.submit(page, review+"/return", values)
		require.Equal(t, http.StatusUnprocessableEntity, long.Status)
		require.Contains(t, long.Body, "留在页面上的意见")
		require.Equal(t, record.UnderReview, b.state().Filing)
	})
	values := page.nonce()
	values.Set("reason", "名称与执照不一致")
	values.Set("remark.legal_name", "请核对“（集团）”")
	values.Set("remark.nonsense", "没有这个字段")
	require.Equal(t, "/staff", reviewer.submit(page, review+"/return", values).location())
	require.Equal(t, record.Returned, b.state().Filing)
	t.Run("T5 the same decision sent again is one", func(t *testing.T) {
		require.Equal(t, "/staff", reviewer.submit(page, review+"/return", values).location())
		require.Equal(t, 1, count(t, "SELECT count(*) FROM commands WHERE record = ? AND move = 'return'", b.id))
	})
	returned := b.get(b.path("/edit"))
	require.Contains(t, returned.text(), "请核对“（集团）”")
	require.NotContains(t, returned.text(), "没有这个字段")
	require.NotContains(t, b.get(b.path("")).text(), "审核员", "a subject does not read who reviewed")

	t.Run("the desk says that the filing is done with", func(t *testing.T) {
		closed := reviewer.get(review)
		require.Contains(t, closed.text(), "该件已办结")
		require.NotContains(t, closed.Body, `value="approve"`)
	})
	t.Run("N01 what was corrected is ticked off", func(t *testing.T) {
		draft, err := p.Store.Draft(t.Context(), b.who.subject.ID, b.id)
		require.NoError(t, err)
		document, ok := draft.Document.(*record.OrganizationDocument)
		require.True(t, ok)
		document.LegalName = b.who.subject.Name + "集团"
		document.Account.Name = document.LegalName
		page := b.check(document)
		require.Equal(t, b.path(""), b.submit(page, b.path("/submit"), page.nonce()).location())
		again := reviewer.get(b.review())
		require.Contains(t, again.text(), "上次退回的意见")
		require.Contains(t, again.text(), "已修改")
		require.Contains(t, reviewer.get("/staff?occasion=corrected").text(), "补正重提")
	})
	t.Run("B05 a key change takes two reviewers", func(t *testing.T) {
		page := reviewer.get(b.review())
		require.Equal(t, "/staff", reviewer.submit(page, b.review()+"/approve", page.nonce()).location())
		require.Equal(t, record.SecondReview, b.state().Filing)
		require.Contains(t, b.get(b.path("")).text(), "等待复核")
		same := reviewer.get(b.review())
		require.Contains(t, same.text(), record.RefusedSamePerson.Explain())
		refused := reviewer.submit(same, b.review()+"/confirm", url.Values{"command": {string(storage.NewID())}, "version": {same.input("version")}})
		require.Equal(t, http.StatusConflict, refused.Status)
		require.Contains(t, refused.text(), record.RefusedSamePerson.Explain())

		second, _ := p.newStaff(record.Supervisor, true)
		page = second.get(b.review())
		require.Contains(t, page.text(), "初审通过")
		review := b.review()
		require.Equal(t, "/staff", second.submit(page, review+"/confirm", page.nonce()).location())
		require.Equal(t, settled, b.state())
		require.Contains(t, b.get(b.path("")).Body, b.who.subject.Name+"集团")
	})
}

func TestW19_NobodyDecidesAFilingInWhichTheyAppear(t *testing.T) {
	p := newPortal(t, nil)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	own, id := p.newStaff(record.Reviewer, true)
	// The reviewer is the agent of the filing.
	_, err := owner(t).NewRaw("UPDATE staff SET identity_index = (SELECT people[2] FROM versions WHERE record = ?) WHERE id = ?", b.id, id).Exec(t.Context())
	require.NoError(t, err)
	page := own.get(b.review())
	require.Contains(t, page.text(), record.RefusedOwnFiling.Explain())
	require.NotContains(t, page.Body, `value="approve"`)
	require.Equal(t, http.StatusForbidden, own.submit(page, b.review()+"/claim", page.nonce()).Status)
	for _, move := range []string{"approve", "return"} {
		a := own.submit(page, b.review()+"/"+move, url.Values{
			"command": {string(storage.NewID())}, "version": {page.input("version")}, "reason": {"x"},
		})
		require.Equal(t, http.StatusConflict, a.Status, move)
		require.Contains(t, a.text(), record.RefusedOwnFiling.Explain(), move)
	}
	require.Equal(t, record.UnderReview, b.state().Filing)
}

func TestB01_TheQueueIsNarrowedSearchedAndClaimed(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	other, _ := p.newStaff(record.Reviewer, true)
	first, changed := p.bidder(), p.inForce()
	require.Equal(t, first.path(""), first.file().location())
	changed.change()

	lists := func(path string, b *bidder) bool {
		t.Helper()
		a := reviewer.get(path + "&q=" + url.QueryEscape(b.who.subject.Code))
		require.Equal(t, http.StatusOK, a.Status)
		return strings.Contains(a.Body, b.review())
	}
	require.True(t, lists("/staff?occasion=first", first))
	require.False(t, lists("/staff?occasion=change", first))
	require.True(t, lists("/staff?occasion=change", changed))
	require.False(t, lists("/staff?occasion=first", changed))
	require.False(t, lists("/staff?state=mine", first))
	require.False(t, lists("/staff?state=overdue", first))
	require.Equal(t, http.StatusOK, reviewer.get("/staff?state=nonsense&kind=nonsense&page=999999&q=%25").Status)

	page := reviewer.get(first.review())
	require.Equal(t, first.review(), reviewer.submit(page, first.review()+"/claim", page.nonce()).location())
	require.True(t, lists("/staff?state=mine", first))
	require.False(t, lists("/staff?state=free", first))

	t.Run("T19 what another holds is refused in words", func(t *testing.T) {
		page := other.get(first.review())
		require.Contains(t, page.text(), record.RefusedNotClaimed.Explain())
		claim := other.submit(page, first.review()+"/claim", page.nonce())
		require.Equal(t, http.StatusConflict, claim.Status)
		a := other.submit(page, first.review()+"/approve", page.nonce())
		require.Equal(t, http.StatusConflict, a.Status)
		require.Contains(t, a.text(), record.RefusedNotClaimed.Explain())
		require.Equal(t, http.StatusConflict, other.submit(page, first.review()+"/release", page.nonce()).Status)
		require.Equal(t, record.UnderReview, first.state().Filing)
	})
	require.Equal(t, "/staff", reviewer.submit(page, first.review()+"/release", page.nonce()).location())
	require.True(t, lists("/staff?state=free", first))

	t.Run("subjects are found by name and by whole code", func(t *testing.T) {
		for _, q := range []string{first.who.subject.Name[len("测试单位"):], first.who.subject.Code, " " + strings.ToLower(first.who.subject.Code) + " "} {
			a := reviewer.get("/staff/subjects?q=" + url.QueryEscape(q))
			require.Contains(t, a.Body, first.who.subject.Name, q)
			require.Contains(t, a.Body, first.review(), q)
		}
		require.NotContains(t, reviewer.get("/staff/subjects?q="+first.who.subject.Code[:17]).Body, first.who.subject.Name)
		require.Contains(t, reviewer.get("/staff/subjects?q=%25").text(), "没有找到")
		require.Equal(t, http.StatusOK, reviewer.get("/staff/subjects").Status)
		person := p.newSubject(record.Person, "111", newResidentID(), "查找的人"+suffix())
		found := reviewer.get("/staff/subjects?q=" + person.subject.Code)
		require.Contains(t, found.Body, person.subject.Name)
		require.NotContains(t, found.text(), person.subject.Code, "W29 masked in the list")
	})
	t.Run("a decision during an outage of the engine is accepted", func(t *testing.T) {
		p.rings.leave(true)
		defer p.rings.leave(false)
		page := reviewer.get(first.review())
		a := reviewer.submit(page, first.review()+"/approve", page.nonce())
		require.Equal(t, "/staff", a.location(), a.text())
		require.Contains(t, reviewer.get("/staff").text(), "已受理，回执号")
		require.Equal(t, record.UnderReview, first.state().Filing)
		_, err := p.Store.Apply(t.Context(), first.id, nil)
		require.NoError(t, err)
		require.Equal(t, settled, first.state())
	})
}

// Two reviewers decide the same filing at the same time over HTTP, fifty times:
// one wins, the other reads why not.
func TestT19_OfTwoReviewersAtOnceOneWins(t *testing.T) {
	const pairs = 50
	p := newPortal(t, nil)
	b := p.inForce()
	reviewers := make([]*browser, 2)
	for i := range reviewers {
		reviewers[i], _ = p.newStaff(record.Reviewer, true)
	}
	require.NoError(t, p.Store.StartChange(t.Context(), b.who.account, b.who.subject.ID, b.id, "第一次"))
	document, ok := b.document().(*record.OrganizationDocument)
	require.True(t, ok)
	for n := range pairs {
		require.NoError(t, p.Store.StartChange(t.Context(), b.who.account, b.who.subject.ID, b.id, "第几次"))
		document.Address = fmt.Sprintf("示范大道 %d 号", n)
		saved, err := p.Store.SaveDraft(t.Context(), b.who.subject.ID, b.id, 1, document)
		require.NoError(t, err)
		c := record.Command{
			ID: storage.NewID(), Record: b.id, Subject: b.who.subject.ID, Move: record.Submit, Draft: saved.Version,
			Actor: record.Actor{Role: record.Applicant, ID: b.who.account, Assurance: record.ByPassword},
		}
		_, err = p.Store.Accept(t.Context(), c)
		require.NoError(t, err)
		_, err = p.Store.Apply(t.Context(), b.id, nil)
		require.NoError(t, err)

		review := b.review()
		moves := []string{"/approve", "/return"}
		pages := []*answer{reviewers[0].get(review), reviewers[1].get(review)}
		answers := make([]*answer, 2)
		var both sync.WaitGroup
		for i := range reviewers {
			both.Go(func() {
				values := pages[i].nonce()
				values.Set("reason", "不清晰")
				answers[i] = reviewers[i].submit(pages[i], review+moves[i], values)
			})
		}
		both.Wait()
		statuses := []int{answers[0].Status, answers[1].Status}
		require.ElementsMatch(t, []int{http.StatusSeeOther, http.StatusConflict}, statuses, "%s", answers[0].text()+answers[1].text())
		for _, a := range answers {
			if a.Status == http.StatusConflict {
				require.Contains(t, a.text(), "没有生效")
				require.Regexp(t, "该件已办结|其他审核人员", a.text())
			}
		}
		if b.state().Filing == record.Returned {
			c := record.Command{
				ID: storage.NewID(), Record: b.id, Subject: b.who.subject.ID, Move: record.Discard,
				Actor: record.Actor{Role: record.Applicant, ID: b.who.account, Assurance: record.ByPassword},
			}
			_, err := p.Store.Accept(t.Context(), c)
			require.NoError(t, err)
			_, err = p.Store.Apply(t.Context(), b.id, nil)
			require.NoError(t, err)
		}
		require.Equal(t, settled, b.state())
	}
	require.Equal(t, pairs, count(t, `SELECT count(*) FROM commands WHERE record = ? AND move IN ('approve', 'return') AND applied`, b.id)-1,
		"one decision took effect each time, beside the first approval")
}
