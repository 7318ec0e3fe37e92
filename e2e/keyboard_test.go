package e2e

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
)

// Steps of somebody who has no mouse: every one is a key that is pressed, or a
// text that an input method hands over.

// tabsTo presses Tab until the focus is on what bears one of the texts, and sees
// it there.
func (p *person) tabsTo(texts ...string) {
	p.t.Helper()
	was := ""
	for range 300 {
		for _, text := range texts {
			f := p.look("at", text)
			if f.OK {
				p.find("lit")
				return
			}
			was = f.Why
		}
		p.strikes(kb.Tab)
	}
	require.Fail(p.t, "Tab does not come to it", "%q: at last %s", texts, was)
}

// enterOn goes to what bears the text and presses Enter, which leads to another
// page.
func (p *person) enterOn(texts ...string) {
	p.t.Helper()
	p.tabsTo(texts...)
	p.leavesBy(p.enters)
}

// writes goes to a field and types. What no key has comes from an input method.
func (p *person) writes(label, text string) {
	p.t.Helper()
	p.tabsTo(label)
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		p.types(text)
	} else {
		p.strikes(text)
	}
	require.Equal(p.t, text, p.eval(`document.activeElement.value`), "what stands in “%s”", label)
}

// picks chooses one of several radio buttons: Tab stops at the first of them, and
// arrows go on.
func (p *person) picks(first, option string) {
	p.t.Helper()
	p.tabsTo(first)
	for range 20 {
		if p.look("at", option).OK {
			break
		}
		p.strikes(kb.ArrowDown)
	}
	p.find("at", option)
	if p.eval(`String(document.activeElement.checked)`) != "true" {
		p.strikes(" ")
	}
	p.awaits(`String(document.activeElement.checked)`, "true")
}

// ticks switches check boxes on.
func (p *person) ticks(options ...string) {
	p.t.Helper()
	for _, option := range options {
		p.tabsTo(option)
		p.strikes(" ")
		p.awaits(`String(document.activeElement.checked)`, "true")
	}
}

// scrolls chooses from a list by arrows, once the list is there.
func (p *person) scrolls(label, option string) {
	p.t.Helper()
	p.tabsTo(label)
	p.awaits(fmt.Sprintf(`String([...document.activeElement.options].some((o) => o.text.trim() === %q))`, option), "true")
	for range 300 {
		if p.eval(`document.activeElement.selectedOptions[0].text.trim()`) == option {
			return
		}
		p.strikes(kb.ArrowDown)
	}
	require.Fail(p.t, "arrows do not come to it", "“%s” of “%s”", option, label)
}

// seeks types into a search field and takes an entry of what is found.
func (p *person) seeks(label, text, entry string) {
	p.t.Helper()
	p.tabsTo(label)
	p.types(text)
	const marked = `document.querySelector("[role=option][aria-selected=true]")?.textContent ?? ""`
	p.awaits(`String(document.querySelector("[role=option]") !== null)`, "true")
	for range 50 {
		if p.eval(marked) == entry {
			break
		}
		p.strikes(kb.ArrowDown)
	}
	require.Equal(p.t, entry, p.eval(marked))
	p.enters()
	p.awaits(`String(document.querySelector(".found:not([hidden])") === null)`, "true")
}

// dates types a date in the order in which this browser's language has its parts.
// The year does not end by itself.
func (p *person) dates(label, year, month, day string) {
	p.t.Helper()
	p.tabsTo(label)
	want, got := year+"-"+month+"-"+day, ""
	for _, parts := range [][]string{{month + day + year}, {year, kb.ArrowRight, month + day}} {
		for _, keys := range parts {
			p.strikes(keys)
		}
		if got = p.eval(`document.activeElement.value`); got == want {
			return
		}
		p.strikes(kb.ArrowLeft + kb.ArrowLeft)
	}
	require.Equal(p.t, want, got)
}

// hangsOn presses the button of an attachment and names a file in the window that
// the system opens.
func (p *person) hangsOn(label, path string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.do(command(page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true}))
	opened, stop := iter.Pull2(chromedp.Events(ctx, page.FileChooserOpened))
	defer stop()
	p.tabsTo("选择文件：" + label)
	p.enters()
	window, err, ok := opened()
	require.NoError(p.t, err)
	require.True(p.t, ok, "no window for files opens")
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, BackendNodeID: window.BackendNodeID})
		return err
	}))
	f := p.find("attached", label, filepath.Base(path))
	require.Empty(p.t, f.Fault)
}

// writesOrganization is fillsOrganization by keys.
func (p *person) writesOrganization(name string) {
	p.t.Helper()
	p.picks("企业", "企业")
	p.ticks("投标人", "供应商")
	p.scrolls("经济性质", "国有企业")
	p.dates("成立日期", "2009", "06", "18")
	p.scrolls("行业，第 1 级", "建筑业")
	p.scrolls("行业，第 2 级", "房屋建筑业")
	p.seeks("查找注册地", "岳麓", "湖南省长沙市岳麓区")
	p.writes("注册地址", "湘江中路 100 号 6 层")
	p.writes("注册资本", "12000.5")
	p.scrolls("币种", "元")
	p.ticks("长期有效")
	p.writes("经营范围", "房屋建筑工程、市政公用工程施工总承包")
	p.writes("姓名", representative)
	p.scrolls("证件类型", "居民身份证")
	p.writes("证件号码", sample.ResidentID(nextNumber()))
	p.writes("电话", "0731-82210013")
	p.writes("经办人姓名", agent)
	p.writes("经办人身份证号码", sample.ResidentID(nextNumber()))
	p.writes("经办人手机", "13900007788")
	p.writes("联系地址", "湘江中路 100 号")
	p.writes("开户银行", "示范银行")
	p.writes("开户支行", "示范银行岳麓支行")
	p.writes("账户名称", name)
	p.writes("账号", "6200000000004471")
}

// entersAsStaff logs a member in with both factors.
func (p *person) entersAsStaff(m *member) {
	p.t.Helper()
	p.open("/staff")
	p.writes("账号", m.Login)
	p.writes("密码", password)
	p.enterOn("登录")
	p.writes("6 位动态口令", m.code(p.t))
	p.enterOn("验证")
	p.sees("审核队列")
}

// handles finds a filing in the queue and claims it.
func (p *person) handles(name string) {
	p.t.Helper()
	p.open("/staff")
	p.writes("搜索单位名称或代码", name)
	p.leavesBy(p.enters)
	p.enterOn("打开：" + name)
	p.enterOn("领取办理")
	p.sees("由我办理")
}

// handsItIn presses the button of a decision.
func (p *person) handsItIn(word, said string) {
	p.t.Helper()
	p.strikes(kb.Tab) // a choice bears the same word
	p.enterOn(word, word+"并打开下一件")
	p.sees(said)
}

// TestN10_TheJourneyByKeyboardAlone is the whole way of a filing for people
// without a mouse: registered, filled, submitted, returned, corrected, approved.
func TestN10_TheJourneyByKeyboardAlone(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p, papers := newPerson(t, s), newPapers(t)
	name := fmt.Sprintf("靳江%d建设有限公司", nextNumber())

	p.part("S02 S04 registers", func() {
		p.open("/")
		p.enterOn("注册登记")
		p.picks("单位", "单位")
		p.writes("代码或证件号", sample.CreditCode(nextNumber()))
		p.enterOn("下一步")
		p.writes("单位全称", name)
		p.writes("新建密码", password)
		p.writes("再次输入密码", password)
		p.enterOn("注册并登录")
		p.sees("注册成功")
		p.tabsTo("开始填写基本信息")
		p.enters()
		p.awaits(`String(document.querySelector("dialog[open]") === null)`, "true")
	})
	p.part("S10 fills the form and attaches papers", func() {
		p.writesOrganization(name)
		for i, label := range organizationPapers {
			p.hangsOn(label, papers.scan(fmt.Sprintf("扫描件%d.png", i)))
		}
		p.enterOn("保存草稿")
		p.sees("草稿已保存")
	})
	p.part("S11 checks the answers and submits", func() {
		p.enterOn("核对并提交")
		p.sees("以下就是将要提交的全部内容")
		p.enterOn("提交")
		p.sees("审核中")
	})
	member := newMember(t, s, "无鼠标审核员", record.Reviewer, true)
	desk := newPerson(t, s)
	desk.part("B02 a reviewer logs in, claims it and returns it with a remark on a field", func() {
		desk.entersAsStaff(member)
		desk.handles(name)
		desk.tabsTo("写意见：注册地址")
		desk.enters()
		desk.focusesOn("remark.address")
		desk.types("请核对门牌号")
		desk.picks("通过", "退回补正")
		desk.writes("意见", "请按字段意见修改")
		desk.handsItIn("退回", "已退回补正："+name)
	})
	p.part("N01 the remark leads to its field, which is corrected and submitted", func() {
		p.open("/home")
		p.enterOn("去补正")
		p.tabsTo("注册地址")
		p.enters()
		p.focusesOn("address")
		p.strikes(kb.End)
		p.types("601 室")
		p.enterOn("核对并提交")
		p.sees("湘江中路 100 号 6 层601 室")
		p.enterOn("提交")
		p.sees("审核中", "重新提交")
	})
	desk.part("B02 the reviewer approves", func() {
		desk.handles(name)
		desk.sees("上次退回的意见", "已修改")
		desk.picks("通过", "通过")
		desk.handsItIn("通过", "已通过："+name)
		p.open("/home")
		p.sees("已生效")
	})
}
