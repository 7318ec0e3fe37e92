package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"unireg/record"
)

// says waits until a part of the page, squeezed, is a text.
func (p *person) says(selector, text string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		got := p.eval(fmt.Sprintf(`(document.querySelector(%q)?.textContent ?? "").replace(/\s+/g, "")`, selector))
		if got == text {
			return ""
		}
		return fmt.Sprintf("%s says “%s”, not “%s”", selector, got, text)
	})
}

// kept waits until a field of the bidder's draft is stored with that text.
func (b *bidder) kept(t testing.TB, field, text string) {
	t.Helper()
	eventually(t, patience, func() string {
		draft, err := b.system.store.Draft(t.Context(), b.subject.ID, b.profile)
		require.NoError(t, err)
		if got := draft.Document.Form(draft.UpdatedAt).Field(field).Text(); got != text {
			return fmt.Sprintf("the draft has “%s”", got)
		}
		return ""
	})
}

func TestS10_TheFormFollowsWhatItSaves(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("望麓园%d文化有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/profile")
	p.says(`[data-live="bar"]`, "必填28/28项")
	p.part("S10 what is missing shows without the page being loaded", func() {
		p.fill("注册地址", "")
		p.fill("姓名", "")
		p.says(`[data-live="bar"]`, "必填26/28项")
		p.says(`[data-live="tag-organization"]`, "必填11/12")
		p.says(`[data-live="toc-representative"]`, "3/4")
		p.fill("注册地址", "望麓园 1 号")
		p.fill("姓名", representative)
		p.says(`[data-live="bar"]`, "必填28/28项")
		p.says(`[data-live="tag-organization"]`, "已填完")
	})
	p.part("S10 what was wrong and is mended is no longer called so", func() {
		p.fill("邮编", "1")
		p.fill("电话", "")
		p.follow("核对并提交")
		p.sees("有 2 处需要修改，修改后即可提交")
		p.says(".tasks [aria-current] .st", "需修改2处")
		p.fill("电话", "0731-82210013")
		p.sees("有 1 处需要修改，修改后即可提交")
		p.says(".tasks [aria-current] .st", "需修改1处")
		require.Equal(t, "（1 处错误）", p.eval("document.title.slice(0, 7)"))
		require.Equal(t, "1", p.eval(`String(document.querySelectorAll(".fld.err").length)`))
		p.fill("邮编", "410005")
		p.sees("已全部修改，可以提交")
		p.says(".tasks [aria-current] .st", "草稿")
		require.Equal(t, "填报基本信息", p.eval("document.title.slice(0, 6)"))
		p.accessible("a form that was mended")
	})
	p.part("S10 when it was saved shows after the page is loaded anew", func() {
		p.open("/profile")
		require.Regexp(t, `^\d\d:\d\d已保存$`, p.eval(`document.querySelector("[data-words]").textContent.replace(/\s+/g, "")`))
	})
}

func TestWhatWasTypedIsSavedInTime(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("西园北里%d装饰有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/profile")
	p.part("when the network comes back", func() {
		p.network(-1, true)
		p.fill("注册地址", "断网时填写")
		p.sees("网络中断，尚未保存")
		p.network(-1, false)
		p.eval(`window.dispatchEvent(new Event("online")); ""`)
		p.sees("已自动保存")
		b.kept(t, "address", "断网时填写")
	})
	p.part("when the page goes out of sight", func() {
		p.fill("注册地址", "切走之前填写")
		p.eval(`Object.defineProperty(document, "hidden", { value: true, configurable: true }); document.dispatchEvent(new Event("visibilitychange")); ""`)
		b.kept(t, "address", "切走之前填写")
		p.eval(`delete document.hidden; ""`)
	})
	p.part("S06 when somebody has logged in in another window, and not before", func() {
		require.NoError(t, s.store.EndSession(t.Context(), b.session))
		p.fill("注册地址", "登录失效后填写")
		p.sees("登录已过期，点击“保存草稿”后重新登录")
		asked := `String(performance.getEntriesByType("resource").filter((r) => r.name.endsWith("/draft")).length)`
		before := p.eval(asked)
		p.fill("注册地址", "登录失效后又填写")
		p.eval(`window.dispatchEvent(new Event("focus")); ""`)
		require.Equal(t, before, p.eval(asked), "without a session nothing is tried")
		b.logIn(t)
		p.carry("session", b.cookie)
		p.eval(`window.dispatchEvent(new Event("focus")); ""`)
		p.sees("已自动保存")
		b.kept(t, "address", "登录失效后又填写")
		p.follow("保存草稿")
		p.sees("草稿已保存")
	})
}

func TestB22_UploadsThatAreNotDone(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("碧湘街%d图文有限公司", nextNumber())).complete(t)
	p, d := b.sit(t), newPapers(t)
	large := func(name string) string {
		return d.write(name, append(pdfContent(name), []byte(strings.Repeat("% filling\n", 200_000))...))
	}
	p.open("/profile")
	p.part("B22 two at a time, with the time that is left, and one can be taken back", func() {
		p.network(300<<10, false)
		for _, name := range []string{"甲.pdf", "乙.pdf", "丙.pdf"} {
			p.puts("营业执照", large(name))
		}
		p.until("the third does not wait", row("丙.pdf")+`.dataset.upload === "waiting"`)
		p.until("no time is told", `/^\d+%，剩余约 \d+ 秒$/.test(`+row("甲.pdf")+`.querySelector("[data-percent]").textContent)`)
		p.accessible("uploads under way")
		p.press("取消乙.pdf")
		p.until("it is still there", "!"+row("乙.pdf"))
		p.until("the next does not begin", row("丙.pdf")+`.dataset.upload === "running"`)
	})
	p.part("B22 the form does not leave without them unasked, and waits when told to", func() {
		p.press("保存草稿")
		p.sees("还有文件没有上传完", "正在上传：甲.pdf、丙.pdf")
		p.accessible("a question about uploads")
		p.press("上传完成后继续")
		p.find("here", "waits")
		p.network(-1, false)
		p.find("arrived", "waits")
		p.sees("草稿已保存")
		require.Empty(t, p.find("attached", "营业执照", "甲.pdf").Fault)
		require.Empty(t, p.find("attached", "营业执照", "丙.pdf").Fault)
	})
	p.part("B22 one that failed outlives that the page saves itself, and is not dropped in silence", func() {
		p.network(-1, true)
		require.Contains(t, p.send("法定代表人身份证正反面", d.scan("断网.png")).Fault, "上传中断")
		p.network(-1, false)
		p.fill("注册地址", "保存之后失败的一行还在")
		p.sees("已自动保存")
		p.press("核对并提交")
		p.sees("没有上传成功：断网.png")
		p.press("返回处理")
		p.press("重新上传断网.png")
		p.until("it was not sent again", row("断网.png")+`.querySelector("input[type=hidden]").value`)
	})
	p.part("B22 the same file twice is told", func() {
		p.upload("法定代表人身份证正反面", d.write("同一张.png", pngContent("断网.png")))
		p.sees("与“断网.png”是同一个文件，可以删除一份")
	})
	p.part("B22 S06 after a login in another window it is sent again", func() {
		p.follow("保存草稿")
		require.NoError(t, s.store.EndSession(t.Context(), b.session))
		require.Equal(t, "登录已过期，文件未保存", p.send("经办人授权委托书", d.scan("登录失效.png")).Fault)
		p.sees("在新窗口登录，再回到本页点击“重新上传”")
		p.accessible("an upload without a session")
		b.logIn(t)
		p.carry("session", b.cookie)
		p.press("重新上传登录失效.png")
		p.until("it was not sent again", row("登录失效.png")+`.querySelector("input[type=hidden]").value`)
		p.follow("保存草稿")
		p.sees("草稿已保存", "登录失效.png")
	})
	p.part("B22 a screenshot is named by its time, and cells of a sheet are text", func() {
		p.brings("paste", `[data-attachment="licence"]`, "image.png")
		p.until("it has no name of its own", `[...document.querySelectorAll("[data-name]")].some((name) => /^截图-\d{8}-\d{6}\.png$/.test(name.textContent))`)
		rows := p.eval(`String(document.querySelectorAll(".att-row").length)`)
		p.eval(`(() => {
			const data = new DataTransfer();
			data.items.add(new File(["x"], "image.png", { type: "image/png" }));
			data.setData("text/plain", "甲\t乙");
			document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, cancelable: true, clipboardData: data }));
			return "";
		})()`)
		require.Equal(t, rows, p.eval(`String(document.querySelectorAll(".att-row").length)`))
		require.False(t, p.look("sees", "这个文件归入哪一项？").OK)
	})
}

func TestB22_FilesAreDroppedOntoTheDialogOfARow(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("解放垸%d检测有限公司", nextNumber()))
	f := (&holder{bidder: b}).engages(t)
	p := b.sit(t)
	p.open(f.path("/edit?tab=safety"))
	p.follow("添加安全生产考核证")
	p.brings("drop", "dialog[open] [data-attachment]", "拖进对话框.png")
	require.Empty(t, p.find("attached", "证书扫描件", "拖进对话框.png").Fault)
	p.brings("drop", "dialog[open] [data-drop]", "另一张.png")
	p.sees("这个文件归入哪一项？", "另一张.png")
	p.eval(`document.querySelector("#dialog-assign input[name=assign]").checked = true; ""`)
	p.press("上传")
	require.Empty(t, p.find("attached", "证书扫描件", "另一张.png").Fault)
}

func TestSectionsFold(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("识字岭%d教育有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/profile")
	shown := func(id string) string {
		return fmt.Sprintf(`document.getElementById(%q).checkVisibility()`, id)
	}
	turn := func(section string) {
		p.eval(fmt.Sprintf(`document.querySelector('[data-fold="%s"] [data-folder]').focus(); ""`, section))
		p.do(chromedp.KeyEvent(kb.Enter))
	}
	p.part("by the keyboard, what is finished to what is in it", func() {
		p.until("a finished section is unfolded", "!"+shown("f-address"))
		turn("organization")
		p.until("it does not unfold", shown("f-address"))
		turn("attachments")
		p.until("it does not fold", "!"+shown("f-licence"))
		require.Equal(t, "false", p.eval(`document.querySelector('[data-fold="attachments"] [data-folder]').getAttribute("aria-expanded")`))
		p.accessible("folded sections")
	})
	p.part("and it stays so in this window", func() {
		p.open("/profile")
		p.until("the window has forgotten", shown("f-address")+" && !"+shown("f-licence"))
	})
	p.part("what is printed is unfolded", func() {
		p.media("print")
		p.until("it is folded on paper", shown("f-licence"))
		p.media("screen")
	})
	p.part("what is wrong unfolds, and what a link leads to", func() {
		p.fill("注册地址", "")
		turn("organization")
		p.follow("核对并提交")
		p.until("what is wrong is folded", shown("f-address"))
		turn("organization")
		p.until("it does not fold", "!"+shown("f-address"))
		p.press("注册地址：请填写注册地址")
		p.until("the link does not unfold it", shown("f-address")+` && document.activeElement.name === "address"`)
	})
}

// media has the page drawn for paper, or for a screen.
func (p *person) media(name string) {
	p.t.Helper()
	p.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: name}))
}

// onPaper is the text of the page as it is printed, and how many pages it takes.
func (p *person) onPaper() (text string, pages int) {
	p.t.Helper()
	p.media("print")
	text = p.eval("document.body.innerText")
	p.media("screen")
	printed, err := chromedp.Call(p.ctx, page.PrintToPDF, page.PrintToPDFParams{})
	require.NoError(p.t, err)
	content := string(printed.Data)
	require.True(p.t, strings.HasPrefix(content, "%PDF-"))
	return text, strings.Count(content, "/Type /Page\n")
}

func TestB24_APrintIsADocument(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	name := fmt.Sprintf("定王台%d书局有限公司", nextNumber())
	b := newBidder(t, s, name).complete(t)
	p := b.sit(t)
	p.do(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `window.print = () => { window.printed = true; };`, // the browser's own dialog takes no orders
	}))
	sections := []string{"单位信息", "法定代表人", "经办人与联系方式", "基本存款账户", "附件材料"}
	p.part("B24 a draft as it stands, marked as one", func() {
		p.open("/profile")
		p.fill("注册地址", "打印之前填写的地址")
		p.follow("打印")
		p.until("the browser's dialog does not open", "window.printed")
		text, pages := p.onPaper()
		for _, want := range append(sections, "草稿，尚未提交", "打印之前填写的地址", name, b.subject.Code, "营业执照.pdf", b.file.SHA256[:16], "打印时间") {
			require.Contains(t, text, want)
		}
		for _, not := range []string{"填报进度", "返回", "保存草稿", "变更历史总览"} {
			require.NotContains(t, text, not)
		}
		require.Positive(t, pages)
		b.kept(t, "address", "打印之前填写的地址")
		p.follow("返回")
		require.Equal(t, "打印之前填写的地址", p.value("注册地址"))
	})
	p.part("B24 a record, with its receipt and what became of it", func() {
		p.checksAndSubmits()
		p.sees("审核中")
		b.reaches(t, record.UnderReview)
		p.follow("打印")
		text, _ := p.onPaper()
		for _, want := range append(sections, "第 1 版", "回执号", "审核中", "账号登录", "提交时间", "内容指纹", b.file.SHA256[:16]) {
			require.Contains(t, text, want)
		}
		for _, not := range []string{"草稿", "填报进度", "撤回", "我的申报到哪一步了", b.document().Representative.IDNumber} {
			require.NotContains(t, text, not)
		}
		p.follow("返回")
		p.sees("我的申报到哪一步了")
	})
	p.part("B24 without scripts the page is there as well", func() {
		plain := b.sit(t)
		plain.withoutScripts()
		plain.open(fmt.Sprintf("/records/%s/print", b.profile))
		plain.sees("第 1 版", "附件材料")
	})
	p.part("U7 nobody else's", func() {
		stranger := newBidder(t, s, fmt.Sprintf("邻里%d有限公司", nextNumber()))
		got, err := stranger.at(s.origin).get(t.Context(), fmt.Sprintf("/records/%s/print", b.profile))
		require.NoError(t, err)
		require.Equal(t, 404, got.status)
	})
}

func TestS19_TheNavigationCountsWhatWasSubmitted(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("马王堆%d陶艺有限公司", nextNumber()))
	f := (&holder{bidder: b}).qualified(t)
	p := b.sit(t)
	p.open(f.path("/edit"))
	p.sees("0 / 5 项已提交", "1 项草稿")
	b.complete(t).submitted(t)
	p.open("/home")
	p.sees("1 / 5 项已提交")
}
