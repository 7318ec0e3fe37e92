package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// patientPortal is a portal on which decisions wait, and every filing that could
// do without a second review is drawn to take one if sample says so.
func patientPortal(t *testing.T, sample bool) *portal {
	return newPortal(t, func(o *Options) {
		policy := storagetest.Policy()
		policy.UndoPeriod = time.Minute
		if sample {
			policy.UndoPeriod, policy.SamplePercent = 0, 100
		}
		o.Store = storage.New(storagetest.Shared(t).App, storagetest.Keys(), policy)
		o.Rings = &rings{store: o.Store}
	})
}

func TestN01_RowsGroupsAndFilesTakeRemarks(t *testing.T) {
	p, w := keyPortal(t)
	f := p.firm(w)
	reviewer, staff := p.newStaff(record.Reviewer, true)
	var scan form.File
	document := sample.Qualification("D"+strings.ToUpper(suffix()), form.File{})
	f.submitted(record.Qualification, func(file form.File) record.Document {
		scan = file
		document.Certificate = []form.File{file}
		return document
	})
	f.decide(staff, record.Approve, "")
	require.NoError(t, p.Store.StartChange(t.Context(), f.who.account, f.who.subject.ID, f.id, "减项"))
	gone := document.Lines[1]
	document.Lines = document.Lines[:1]
	f.write(document)
	f.submitDraft()

	page := reviewer.get(f.review())
	file := form.FileTarget("certificate", scan.ID)
	for _, name := range []string{"remark.lines", "remark.lines.line1", "remark.lines.line2", "remark.lines.line1.scope", "remark." + file} {
		require.Contains(t, page.Body, `name="`+name+`"`)
	}
	require.NotContains(t, page.Body, `name="remark.lines.line2.scope"`, "of a row that was deleted only the whole is spoken of")
	values := page.nonce()
	for target, text := range map[string]string{"lines": "请补充说明", "lines.line1": "整项与证书不符", "lines.line2": "为什么删除", file: "扫描件缺页", "lines.line9": "没有"} {
		values.Set("remark."+target, text)
	}
	require.Equal(t, "/staff", reviewer.submit(page, f.review()+"/return", values).location())
	require.Contains(t, reviewer.get("/staff").text(), "已退回补正：")

	edit := f.get(f.path("/edit"))
	t.Run("the bidder lands on row, group and file", func(t *testing.T) {
		for _, anchor := range []string{"f-lines.line1", "f-lines", "file-certificate-" + scan.ID} {
			require.Contains(t, edit.Body, `href="#`+anchor+`"`)
			require.Equal(t, 1, strings.Count(edit.Body, `id="`+anchor+`"`), anchor)
		}
		text := edit.text()
		for _, want := range []string{"整项与证书不符", "扫描件缺页", "资质类型第 2 项（已删除）", "为什么删除"} {
			require.Contains(t, text, want)
		}
		require.NotContains(t, edit.Body, "没有</span>")
	})
	t.Run("B02 remarks are answered on both pages, and the answers go along", func(t *testing.T) {
		values := fields(document)
		values.Set("draft_version", edit.input("draft_version"))
		values.Set("answer.lines.line2", "该项已注销")
		values.Set("answer."+file, "已补全")
		values.Set("answer.issuer", "没有人问")
		require.Equal(t, http.StatusSeeOther, f.submit(edit, f.path("/draft"), values).Status)
		again := f.get(f.path("/edit"))
		require.Contains(t, again.text(), "您的答复：该项已注销")
		require.NotContains(t, again.text(), "没有人问")
		check := f.get(f.path("/check"))
		require.Contains(t, check.text(), "对审核意见的答复")
		require.Contains(t, check.text(), "已补全")
		document.Lines[0].Scope = "可承担高度 90 米以下的建筑工程。"
		document.Lines = append(document.Lines, gone)
		f.write(document)
		f.submitDraft()
	})
	t.Run("the next round shows what was corrected, and how, and what was answered", func(t *testing.T) {
		page := reviewer.get(f.review())
		text := page.text()
		require.Contains(t, text, "申请人答复：该项已注销")
		require.Contains(t, text, "申请人答复：已补全")
		require.Contains(t, page.Body, "<del>200</del>", "the change since the return")
		require.Equal(t, 3, strings.Count(text, "已修改"), "the group and both rows")
		require.Equal(t, 1, strings.Count(text, "未修改"), "the file")
		require.Contains(t, reviewer.get(f.review()+"?since=return").text(), "被退回的")
	})
}

func TestN10_DecisionsAreUndoneWithWhatWasTyped(t *testing.T) {
	p := patientPortal(t, false)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	other, _ := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	b.file()
	review := b.review()
	page := reviewer.get(review)
	require.Contains(t, page.text(), "提交后 60 秒内可撤销")
	values := page.nonce()
	values.Set("reason", "请按意见修改")
	values.Set("remark.address", "门牌号不清")
	values.Set("stay", "on")
	decided := reviewer.submit(page, review+"/return", values)
	require.Equal(t, review, decided.location())
	after := reviewer.follow(decided)
	undo := "/staff/decisions/" + values.Get("command") + "/undo"
	require.Equal(t, 2, strings.Count(after.Body, `action="`+undo+`"`), "in the notice, and on the page of the filing")
	require.Contains(t, after.text(), "已退回补正：")
	require.Contains(t, after.text(), "您已对该件作出决定")
	require.Contains(t, other.get(review).text(), record.RefusedDecided.Explain())

	require.Equal(t, http.StatusNotFound, other.submit(other.get("/staff"), undo, nil).Status, "only who decided undoes")
	undone := reviewer.submit(after, undo, nil)
	require.Equal(t, review+"?again="+values.Get("command"), undone.location())
	again := reviewer.follow(undone)
	require.Contains(t, again.text(), "已撤销")
	require.Contains(t, again.Body, ">请按意见修改</textarea>")
	require.Contains(t, again.Body, ">门牌号不清</textarea>")
	require.Contains(t, again.Body, `value="return" checked`)
	require.NotEqual(t, values.Get("command"), again.input("command"), "another decision")
	require.NotContains(t, other.get(review+"?again="+values.Get("command")).Body, "门牌号不清")

	late := reviewer.submit(again, undo, nil)
	require.Equal(t, review, late.location())
	require.Contains(t, reviewer.follow(late).text(), "没有撤销")
	require.Equal(t, record.UnderReview, b.state().Filing)

	t.Run("who stays gets the same filing again, and the choice is kept", func(t *testing.T) {
		page := reviewer.get(review)
		values := page.nonce()
		values.Set("stay", "on")
		require.Equal(t, review, reviewer.submit(page, review+"/approve", values).location())
		require.Contains(t, reviewer.get(review).text(), "已通过："+b.who.subject.Name)
		require.Equal(t, "s", reviewer.cookies[prefsCookie].Value)
	})
}

func TestN10_KeysStandOnWhatTheyPressAndCanBeTurnedOff(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	page := reviewer.get(b.review())
	for _, key := range []string{"A", "R", "L", "E", "V", "?", "1", "Ctrl+Enter"} {
		require.Contains(t, page.Body, `data-key="`+key+`"`)
	}
	require.Contains(t, page.Body, "<kbd>A</kbd>")
	off := reviewer.submit(page, "/preferences", url.Values{"keys": {"off"}, "next": {b.review()}})
	require.Equal(t, b.review(), off.location())
	page = reviewer.follow(off)
	require.NotContains(t, page.Body, "data-key")
	require.NotContains(t, page.Body, "<kbd>")
	require.Contains(t, page.text(), "快捷键已关闭")
	reviewer.submit(page, "/preferences", url.Values{"keys": {"on"}})
	require.Contains(t, reviewer.get(b.review()).Body, `data-key="A"`)
}

func TestB01_AClaimGoesOnWhileTheReviewerWorks(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, id := p.newStaff(record.Reviewer, true)
	other, otherID := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	renew := func(r *browser) *answer {
		t.Helper()
		request := httptest.NewRequest(http.MethodPost, b.review()+"/renew", nil)
		request.Header.Set(csrfHeader, r.get("/staff").token())
		request.Header.Set("Accept", "application/json")
		return r.send(request)
	}
	page := reviewer.get(b.review())
	require.NotContains(t, page.Body, "data-lease")
	require.Equal(t, b.review(), reviewer.submit(page, b.review()+"/claim", page.nonce()).location())
	require.Contains(t, reviewer.get(b.review()).Body, `data-lease="`+b.review()+`/renew"`)
	require.Equal(t, http.StatusNoContent, renew(reviewer).Status)
	require.Equal(t, http.StatusConflict, renew(other).Status)

	task := record.ID(strings.TrimPrefix(b.review(), "/staff/reviews/"))
	released, err := p.Store.ReleaseClaim(t.Context(), id, task)
	require.NoError(t, err)
	require.True(t, released)
	require.Contains(t, renew(reviewer).Body, "该件已回到队列")
	claimed, err := p.Store.Claim(t.Context(), otherID, task)
	require.NoError(t, err)
	require.True(t, claimed)
	member, err := p.Store.Staff(t.Context(), otherID)
	require.NoError(t, err)
	lost := renew(reviewer)
	require.Equal(t, http.StatusConflict, lost.Status)
	require.Contains(t, lost.Body, "该件已由 "+member.Name+" 领取")
	b.decide(otherID, record.Approve, "")
	require.Contains(t, renew(reviewer).Body, "该件已办结")
}

func TestN01_PhrasesAreKeptAndShared(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	boss, _ := p.newStaff(record.Supervisor, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	page := reviewer.get(b.review())
	require.Contains(t, page.Body, `data-phrase="附件不清晰，请重新上传"`)
	values := page.nonce()
	values.Set("reason", "授权书日期早于注册日期")
	values.Set("remark.address", "还在写")
	values.Set("decision", "return")
	kept := reviewer.submit(page, b.review()+"/phrase", values)
	require.Equal(t, http.StatusOK, kept.Status)
	require.Contains(t, kept.text(), "已存为我的常用意见")
	require.Contains(t, kept.Body, ">还在写</textarea>", "what was typed stays")
	require.Contains(t, kept.Body, `data-phrase="授权书日期早于注册日期"`)
	require.NotContains(t, boss.get(b.review()).Body, "授权书日期早于注册日期")
	empty := reviewer.submit(page, b.review()+"/phrase", page.nonce())
	require.Equal(t, http.StatusUnprocessableEntity, empty.Status)

	own := reviewer.get("/staff/phrases")
	require.Contains(t, own.Body, `value="授权书日期早于注册日期"`)
	require.NotContains(t, own.Body, `value="附件不清晰，请重新上传"`, "the shared ones are read only")
	require.Equal(t, http.StatusForbidden, reviewer.submit(own, "/staff/phrases", url.Values{"text": {"共用"}, "shared": {"on"}}).Status)
	long := reviewer.submit(own, "/staff/phrases", url.Values{"text": {strings.Repeat("长", 201)}})
	require.Equal(t, http.StatusUnprocessableEntity, long.Status)
	require.Contains(t, long.Body, strings.Repeat("长", 201))

	common := "请加盖骑缝章" + suffix()
	shared := boss.get("/staff/phrases")
	require.Equal(t, "/staff/phrases", boss.submit(shared, "/staff/phrases", url.Values{"text": {common}, "shared": {"on"}, "kind": {"award"}}).location())
	require.NotContains(t, reviewer.get(b.review()).Body, common, "of another kind")
	all, err := p.Store.Phrases(t.Context(), "00000000-0000-0000-0000-000000000000", record.Award)
	require.NoError(t, err)
	id := string(all[len(all)-1].ID)
	require.Equal(t, "/staff/phrases", boss.submit(shared, "/staff/phrases/"+id, url.Values{"text": {common + "。"}, "shared": {"on"}}).location())
	require.Contains(t, reviewer.get(b.review()).Body, common+"。")
	require.Equal(t, http.StatusForbidden, reviewer.submit(own, "/staff/phrases/"+id+"/delete", url.Values{"shared": {"on"}}).Status)
	require.Equal(t, http.StatusNotFound, reviewer.submit(own, "/staff/phrases/"+id+"/delete", nil).Status)
	require.Equal(t, "/staff/phrases", boss.submit(shared, "/staff/phrases/"+id+"/delete", url.Values{"shared": {"on"}}).location())
}

func TestB05_ASecondReviewSaysWhyAndWhatTheFirstFound(t *testing.T) {
	p := patientPortal(t, true)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	confirmer, _ := p.newStaff(record.Confirmer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	page := reviewer.get(b.review())
	values := page.nonce()
	values.Set("reason", "附件齐全")
	require.Equal(t, "/staff", reviewer.submit(page, b.review()+"/approve", values).location())
	text := confirmer.get(b.review()).text()
	require.Contains(t, text, "本件经抽查选中")
	require.Contains(t, text, "意见：附件齐全")
	require.NotContains(t, text, "含关键项的改动须由")
}

func TestN01_EveryCheckShowsWhatItCompared(t *testing.T) {
	p := newPortal(t, nil)
	reviewer, _ := p.newStaff(record.Reviewer, true)
	b := p.bidder()
	require.Equal(t, b.path(""), b.file().location())
	page := reviewer.get(b.review())
	text := page.text()
	for _, want := range []string{
		"GB 32100 校验位", "账户名称与单位全称一致", "单位全称" + b.who.subject.Name, "营业期限为长期", "注册时" + b.who.subject.Code,
		"未扫描营业执照.png", "账号登录提交，没有数字签名",
	} {
		require.Contains(t, text, want)
	}
	require.NotContains(t, page.Body, sample.ResidentID(1001), "W29 masked in the evidence as well")
}
