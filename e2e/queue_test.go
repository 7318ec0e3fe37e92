package e2e

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// files is complete and submitted, with a scan of that content.
func (b *bidder) files(t testing.TB, content string) *bidder {
	t.Helper()
	upload := storage.Upload{Subject: b.subject.ID, Account: b.account, Record: b.profile, Field: "licence", Name: "营业执照.pdf"}
	file, err := b.system.files.Upload(t.Context(), upload, bytes.NewReader(pdfContent(content)))
	require.NoError(t, err)
	b.file = file.Form()
	b.save(t, b.document())
	return b.submitted(t)
}

// keysTo presses a key and waits for the page it leads to.
func (p *person) keysTo(key string) {
	p.t.Helper()
	p.marks++
	mark := fmt.Sprint(p.marks)
	p.find("here", mark)
	p.do(chromedp.KeyEvent(key))
	p.find("arrived", mark)
	p.inspect()
}

// TestB01_TheQueueInTheBrowser is a morning at the queue: narrowed, kept, taken
// from, handed on, and cleared of what needs no look.
func TestB01_TheQueueInTheBrowser(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	word := fmt.Sprintf("晨曦%d", nextNumber())
	name := func(n int) string { return fmt.Sprintf("%s第%d工程有限公司", word, n) }
	for n := range 6 {
		content := name(n)
		if n >= 4 {
			content = word // two that filed the same scan
		}
		newBidder(t, s, name(n)).files(t, content)
	}
	reviewer, boss := newMember(t, s, "审核员辰", record.Reviewer, true), newMember(t, s, "管理员巳", record.Supervisor, true)
	p := reviewer.sit(t, s)
	own := "/staff?" + url.Values{"q": {word}}.Encode()

	p.part("B01 a choice is applied at once, and taken off", func() {
		p.fill("搜索单位名称或代码", word)
		p.follow("搜索")
		p.sees("6 件", "全部6", "待领取6", "我办理的0", name(0), name(5))
		p.choose("事项", "单位资质")
		p.sees("这个条件下没有待办的审核", "事项：单位资质", "搜索："+word)
		p.follow("事项：单位资质")
		p.sees(name(0))
		p.choose("申报类型", "首次")
		p.sees("类型：首次", name(0))
		require.NotContains(t, p.path(), "region=", "what is not chosen stays out of the address")
	})
	p.part("B01 a filter is saved, used and deleted", func() {
		p.press("保存当前筛选")
		p.fill("筛选名称", "晨曦首次")
		p.follow("保存")
		p.sees("已保存筛选“晨曦首次”")
		p.open("/staff")
		p.follow("晨曦首次")
		p.sees("类型：首次", "搜索："+word)
		p.accessible("the queue with filters on a desk")
		p.follow("清除筛选")
		require.Equal(t, "/staff", p.path())
	})
	p.part("B01 the next is claimed under the filter, by the keyboard", func() {
		p.open(own)
		p.keysTo("n")
		p.sees(name(0), "由我办理")
		require.Contains(t, p.path(), url.Values{"q": {word}}.Encode(), "the filter goes along")
	})
	p.part("B01 many are claimed, and what another holds is told", func() {
		other := boss.sit(t, s)
		other.open(own)
		other.follow("领取：" + name(1))
		other.sees("由我办理")
		p.open(own)
		require.Equal(t, "false", p.eval(`String(document.querySelector("[data-bulk-bar]").checkVisibility())`), "nothing is chosen")
		for n := range 3 {
			p.tick("选择："+name(n), "")
		}
		p.sees("已选3件")
		p.accessible("the queue with a choice on a desk")
		p.window(phoneWidth, phoneHeight)
		require.True(t, p.look("wide").OK)
		p.accessible("the queue with a choice on a telephone")
		p.window(deskWidth, deskHeight)
		p.follow("批量领取")
		p.sees("批量领取结果", "办成 2 件，没有办成 1 件", "已由其他审核人员领取")
		p.follow("返回审核队列")
		p.sees("我办理的2")
		other.follow("放回队列")
	})
	p.part("B02 many are approved where every check is green", func() {
		p.tick("全选本页", "")
		p.sees("已选6件")
		p.follow("批量通过…")
		p.sees("将通过 4 件", "不能批量通过 2 件", "项需要人工确认", "附件与其他主体的相同", name(5))
		p.follow("通过这 4 件")
		p.sees("批量通过结果", "办成 4 件，没有办成 0 件")
		eventually(t, patience, func() string {
			p.open(p.path())
			if text := p.eval(`document.querySelector("main").innerText`); strings.Count(text, "已通过") != 4 {
				return text
			}
			return ""
		})
		p.open(own)
		p.sees("2 件", name(4), name(5))
		p.seesNot(name(0))
	})
	p.part("B01 a filing is handed to a colleague with a note", func() {
		p.follow("领取：" + name(4))
		p.press("转交他人")
		p.choose("分派给", "管理员巳（管理员，手上 0 件）")
		p.fill("转交说明", "附件与另一家相同，请管理员核实")
		p.follow("确认转交")
		p.sees("已交给 管理员巳", "分派给 管理员巳")
		other := boss.sit(t, s)
		other.open(own + "&state=mine")
		other.sees(name(4), "分派给我")
		other.tick("选择："+name(4), "")
		other.choose("分派给", "审核员辰（审核员，手上 0 件）")
		other.fill("分派说明", "已核实，请继续")
		other.follow("批量分派")
		other.sees("批量分派结果", "办成 1 件")
		p.open(own + "&state=mine")
		p.sees(name(4), "分派给我")
	})
}

// TestB01_TheQueueWithoutScripts narrows, chooses and claims by forms alone.
func TestB01_TheQueueWithoutScripts(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	word := fmt.Sprintf("暮云%d", nextNumber())
	for n := range 2 {
		b := newBidder(t, s, fmt.Sprintf("%s第%d工程有限公司", word, n))
		b.complete(t).submitted(t)
	}
	p := newMember(t, s, "审核员午", record.Reviewer, true).sit(t, s)
	p.withoutScripts()
	p.open("/staff")
	p.choose("申报类型", p.eval(`[...document.querySelector("[name=occasion]").options].find((o) => o.value === "first").text.trim()`))
	p.fill("搜索单位名称或代码", word)
	p.follow("搜索")
	p.sees("类型：首次", "批量领取")
	p.tick("选择："+word+"第0工程有限公司", "")
	p.tick("选择："+word+"第1工程有限公司", "")
	p.follow("批量领取")
	p.sees("办成 2 件，没有办成 0 件")
	p.follow("返回审核队列")
	p.sees("我办理的2")
	p.follow("领取下一件")
	p.sees("由我办理")
}
