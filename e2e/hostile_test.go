package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// lures are texts that would do something in a page that took them for more than
// texts. What they call is listened for.
var lures = []string{
	`<script>xssmark()</script>`, `"><script>xssmark()</script>`, `<img src=x onerror=xssmark()>`, `'"><svg onload=xssmark()>`,
	`" autofocus onfocus="xssmark()" x="`, `</textarea><script>xssmark()</script>`, `</title><img src=x onerror=xssmark()>`,
	`javascript:xssmark()`, `<iframe srcdoc="<script>parent.xssmark()</script>"></iframe>`, `<details open ontoggle=xssmark()>`,
	`<style>@import "//xssmark.example";</style>`, `{{constructor.constructor('xssmark()')()}}`, `${xssmark()}`, `<a href="javascript:xssmark()">x</a>`,
	`<form action=//xssmark.example><button autofocus>x`, `<base href="//xssmark.example/">`,
}

// lured is as many lures as fit, the n-th first.
func lured(n, most int) string {
	text := ""
	for i := range lures {
		if next := lures[(n+i)%len(lures)]; len([]rune(text))+len([]rune(next)) < most {
			text += next
		}
	}
	return text
}

// listens has every page of the window tell what ran and what the policy kept
// from running.
func (p *person) listens() {
	p.t.Helper()
	p.do(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `
		window.heard = [];
		window.xssmark = () => { window.heard.push("a payload ran"); };
		addEventListener("securitypolicyviolation", (e) => window.heard.push(e.effectiveDirective + " kept from " + e.blockedURI + " in " + e.sourceFile + ":" + e.lineNumber + " " + e.sample));`,
	}))
}

// heard reports that nothing ran on the page and that its policy had nothing to
// keep from running.
func (p *person) heard(words ...string) {
	p.t.Helper()
	p.sees(words...)
	require.Empty(p.t, p.eval(`window.heard.join("\n")`), p.path())
	require.Equal(p.t, "0", p.eval(`String(document.querySelectorAll("main :is(iframe, object, embed, base, style, svg[onload], img[onerror], [autofocus][onfocus])").length)`), p.path())
}

// TestW16_ABrowserRunsNothingThatWasTyped shows pages full of what people type who
// mean harm, in a browser.
func TestW16_ABrowserRunsNothingThatWasTyped(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, lured(4, 50), record.Reviewer, true)
	name := fmt.Sprintf("%d %s", nextNumber(), lured(0, 150))
	b := newBidder(t, s, name).complete(t)
	d := b.document()
	d.Address, d.BusinessScope, d.Website = lured(1, 200), lured(2, 2000), "javascript:xssmark()"
	d.Representative.Name, d.Representative.Title, d.Agent.Name, d.Agent.Address = lured(3, 50), lured(5, 50), lured(6, 50), lured(7, 200)
	d.Account.Bank, d.Account.Branch = lured(8, 100), lured(9, 100)
	b.save(t, d)
	b.submitted(t).decided(t, reviewer, record.Return, lured(10, 1000), record.Remark{Field: "address", Text: lured(11, 500)}).reaches(t, record.Returned)

	p := b.sit(t)
	p.listens()
	p.part("W16 the bidder's own pages", func() {
		p.open("/home")
		p.heard("去补正")
		p.open("/records/" + string(b.profile))
		p.heard("退回待补正")
		p.follow("继续填写")
		p.heard("审核退回，请补正后重新提交")
		require.Equal(p.t, d.Address, p.value("注册地址"), "what was typed is what it was")
		p.fill("注册地址", lured(12, 200))
		p.sees("已自动保存")
		file := newPapers(p.t).pdf("<img src=x onerror=xssmark()>.pdf")
		p.upload("营业执照", file)
		p.heard("<img src=x onerror=xssmark()>.pdf")
		p.follow("核对并提交")
		p.heard("以下就是将要提交的全部内容")
		p.follow("提交")
		p.heard("审核中")
		p.open("/messages")
		p.heard("消息")
	})
	p.part("W16 a row's dialog, and what a search finds", func() {
		h := &holder{bidder: b}
		h.begins(p.t, record.Practitioner, func(file form.File) record.Document {
			return sample.Practitioner(sample.ResidentID(nextNumber()), lured(2, 50), file)
		})
		f := h.begins(p.t, record.Award, func(file form.File) record.Document { return sample.Award(lured(13, 100), file) })
		q := h.begins(p.t, record.Qualification, func(file form.File) record.Document {
			d := sample.Qualification("D2430001", file)
			d.Issuer, d.Lines[0].Scope = lured(14, 100), lured(15, 1000)
			return d
		})
		p.open("/records?kind=practitioner&state=draft")
		p.heard("执业人员")
		p.open(q.path("/rows/lines/line1"))
		p.heard("可承担业务")
		p.open(f.path("/edit"))
		p.find("focus", "查找获奖人员")
		p.types("x")
		p.heard("获奖人员")
		p.find("leave")
	})
	p.part("W16 the desk", func() {
		require.NoError(p.t, s.store.AddPhrase(p.t.Context(), record.Actor{Role: record.Reviewer, ID: reviewer.ID}, storage.Phrase{Text: lured(1, 200)}))
		desk := newPerson(p.t, s)
		desk.listens()
		desk.open("/staff")
		desk.fill("账号", reviewer.Login)
		desk.fill("密码", password)
		desk.follow("登录")
		desk.fill("6 位动态口令", reviewer.code(p.t))
		desk.follow("验证")
		b.filed(p.t, b.profile, record.UnderReview)
		task, err := s.store.ReviewOf(p.t.Context(), b.profile)
		require.NoError(p.t, err)
		for _, path := range []string{
			"/staff?q=" + b.subject.Code, "/staff/reviews/" + string(task), "/staff/reviews/" + string(task) + "?fields=all&layout=stacked",
			"/staff/subjects?q=" + b.subject.Code, "/staff/subjects/" + string(b.subject.ID), "/staff/subjects/" + string(b.subject.ID) + "?tab=staff",
			"/staff/phrases", "/staff/log", "/staff/me",
		} {
			desk.open(path)
			desk.heard()
		}
		desk.open("/staff/reviews/" + string(task))
		desk.sees(strings.Fields(name)[0])
		desk.follow("领取办理")
		desk.heard("由我办理")
	})
}
