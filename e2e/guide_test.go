package e2e

import (
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
)

// guidePictures is where the pictures of the guide for bidders go, see `make guide`.
var guidePictures = flag.String("guide", "", "folder for the pictures of the guide")

// names of the people and papers in the guide's pictures, all made up.
const (
	guideName   = "湘江示范建设有限公司"
	guidePerson = "欧阳明远"
)

// TestGuide walks the guide for bidders step by step, and takes its pictures where
// they are asked for: a step that does not work as the guide says fails the test.
func TestGuide(t *testing.T) {
	g := &guidebook{t: t, dir: *guidePictures}
	if g.dir == "" {
		t.Parallel()
	} else {
		require.NoError(t, os.MkdirAll(g.dir, 0o750))
	}
	s := theSystem(t)
	reviewer := newMember(t, s, "周审核", record.Reviewer, true)
	visitor := newPerson(t, s)
	visitor.part("1 to 3 entrance, registration, login", func() {
		g.entrance(visitor)
		g.otherEntrances(s)
	})
	visitor.part("4 the first page and the form", func() { g.form(visitor) })
	h := newHolder(t, s, "岳麓示范建工集团有限公司")
	visitor.part("3.2 login by key", func() { g.keyLogin(h) })
	visitor.part("4.1 certificate, submit, change; 4.6 history", func() { g.profile(s, reviewer) })
	visitor.part("4.2 to 4.5 records", func() { g.kinds(h, reviewer) })
	visitor.part("4.7 certificates", func() { g.certificates(h) })
	visitor.part("5 to 7 afterwards", func() { g.afterwards(s, reviewer) })
	g.whole()
}

// entrance registers an organization, as chapters 1 to 3.1 tell.
func (g *guidebook) entrance(p *person) {
	p.open("/")
	g.take(p, "01-start", shot{height: 640}, bears(1, "注册登记"), bears(2, "登录").second(), bears(3, "帮助"))
	p.follow("注册登记")
	p.tick("注册类型", "单位")
	p.fill("代码或证件号", sample.CreditCode(nextNumber()))
	card := shot{height: 1000, cut: ".lgc"}
	g.take(p, "02-register", card, labelled(1, "注册类型"), labelled(2, "代码或证件号"), bears(3, "下一步"))
	p.follow("下一步")
	p.fill("单位全称", guideName)
	p.fill("新建密码", password)
	p.fill("再次输入密码", password)
	g.take(p, "03-details", card, labelled(1, "单位全称"), labelled(2, "新建密码"), bears(3, "注册并登录"))
	p.follow("注册并登录")
	p.sees("注册成功", "您的登录账号是", guideName)
	g.take(p, "04-welcome", shot{height: 760, cut: "dialog[open]"})
	p.press("开始填写基本信息")
	p.logsOut(guideName)
	p.open("/login")
	p.fill("账号", guideName)
	p.fill("密码", password)
	g.take(p, "05-login", card, bears(1, "账号登录"), labelled(2, "账号"), labelled(3, "密码"), bears(4, "登录"))
	p.follow("登录")
	p.sees("首页", guideName)
}

// otherEntrances are the pages of who has no driver yet, or no account.
func (g *guidebook) otherEntrances(s *system) {
	t := g.t
	bare := newPerson(t, s)
	bare.do(command(page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `const ask = window.fetch; window.fetch = (at, ...rest) => String(at).startsWith("http://127") ? Promise.reject(new TypeError("nobody is there")) : ask(at, ...rest);`,
	}))
	bare.open("/login/certificate")
	bare.sees("没有检测到 CA 驱动", "首次使用")
	g.take(bare, "06-no-driver", shot{height: 1000, cut: ".lgc"}, bears(1, "CA证书登录"), bears(2, "CA驱动下载"))

	offering := s.offersDrivers(t)
	windows := newPerson(t, s)
	windows.origin = offering.origin
	windows.do(command(emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
	}))
	windows.open("/downloads")
	g.take(windows, "07-downloads", shot{height: 620}, bears(3, "下载 Windows 版"), part(4, "td[data-label^=校验值]"))

	agent := newPerson(t, s)
	agent.do(chromedp.Navigate(s.env["UNIREG_AGENT_ORIGIN"] + "/install"))
	agent.sees("安装 CA 驱动", "安装位置")
	// The place is that of this machine, which is not a bidder's.
	agent.eval(`(document.querySelector(".where .code").textContent = "C:\\Users\\zhou\\AppData\\Local\\Programs\\unireg-ukey", "")`)
	g.take(agent, "08-install", shot{width: 720, height: 480}, bears(5, "安装"))

	claimant := newPerson(t, s)
	claimant.open("/claims/new")
	claimant.fill("代码或证件号", sample.CreditCode(nextNumber()))
	claimant.fill("申诉人姓名", guidePerson)
	claimant.fill("在单位的职务，或与本人的关系", "法定代表人")
	claimant.fill("联系电话", "13800000001")
	claimant.fill("情况说明", "我单位从未在本平台注册，也没有授权他人注册。")
	g.take(claimant, "11-claim", shot{height: 1240, cut: "section.trouble"}, labelled(1, "被占用的是"), labelled(2, "联系电话"), bears(3, "提交申诉"))
}

// offersDrivers is a portal that has the driver for every system.
func (s *system) offersDrivers(t testing.TB) *portal {
	t.Helper()
	offered := t.TempDir()
	content, err := os.ReadFile(s.ukey)
	require.NoError(t, err)
	for _, name := range []string{"ukey-windows-amd64.exe", "ukey-darwin-arm64", "ukey-darwin-amd64", "ukey-linux-amd64", "ukey-linux-arm64"} {
		require.NoError(t, os.WriteFile(filepath.Join(offered, name), content, 0o600))
	}
	p, err := s.runPortal("drivers", map[string]string{"UNIREG_DOWNLOADS": offered})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.stop()) })
	p.serves(t)
	return p
}

// form fills 基本信息 by hand.
func (g *guidebook) form(p *person) {
	p.open("/home")
	g.take(p, "12-home", shot{height: 760}, part(1, ".side .tasks"), part(2, ".next"), part(3, "section[aria-labelledby=eligibility]"))
	p.follow("基本信息草稿")
	p.follow("核对并提交")
	p.sees("处需要修改，修改后即可提交")
	g.take(p, "19-problems", shot{height: 760}, bears(1, "核对并提交"), part(2, ".errsum li a"))
	p.open(p.path()[:len(p.path())-len("/check")] + "/edit")
	p.fillsOrganization(guideName)
	p.sees("已自动保存")
	g.take(p, "13-profile", shot{}, part(1, ".fld:has(#f-legal_name)"), part(2, ".saved"), part(3, ".toc"))
	d := newPapers(g.t)
	p.attaches(d, "营业执照", "法定代表人身份证正反面")
	g.take(p, "14-attachments", shot{height: 860, top: "#s-attachments", cut: "#s-attachments"},
		part(4, "[data-label=经办人授权委托书] [data-pick]"), part(5, "#s-attachments [data-drop]"))
}

// keyLogin logs in with the key, and shows the window of the PIN.
func (g *guidebook) keyLogin(h *holder) {
	p := newPerson(g.t, h.system)
	p.sendsNoHeader()
	p.open("/login/certificate")
	p.sees("已连接 CA 驱动", h.subject.Name)
	p.choosesKey(h.subject.Name)
	g.take(p, "09-login-key", shot{height: 1000, cut: ".lgc"}, part(1, ".key-card:has(input:checked)"), bears(2, "登录"))
	p.leavesBy(func() {
		w := p.pinWindow(func() { p.press("登录") })
		w.sees("用户认证", "CA 锁口令")
		w.fill("CA 锁口令", keyPIN)
		g.take(w, "10-pin", shot{width: 560, height: 620}, labelled(3, "CA 锁口令"), bears(4, "确定"))
		w.press("确定")
	})
	p.sees("首页", "CA 证书登录")
}

// profile applies for a certificate, submits 基本信息, has it approved, changes it
// and looks at its history.
func (g *guidebook) profile(s *system, reviewer *member) {
	t := g.t
	b := newBidder(t, s, "橘洲示范园林工程有限公司").complete(t)
	p := b.sit(t)
	p.sendsNoHeader()
	p.open("/profile")
	g.take(p, "15-ca", shot{height: 700, top: "#s-ca", cut: "#s-ca"}, bears(1, "CA办理申请"))
	p.follow("CA办理申请")
	g.take(p, "16-ca-apply", shot{height: 1100, cut: "main"}, part(2, "#f-kind"), bears(3, "提交申请"))
	p.press("提交申请")
	p.sees("确认提交")
	g.take(p, "17-ca-confirm", shot{height: 700, cut: "dialog[open]"}, bears(4, "确定"))
	p.follow("确定")
	p.sees("请携带", "受理点")
	g.take(p, "18-ca-answer", shot{height: 900, cut: "main"}, bears(5, "数字证书申请表（PDF）"), part(5, ".ca-bring"))

	p.open("/profile")
	p.follow("核对并提交")
	p.sees("以下就是将要提交的全部内容")
	g.take(p, "20-check", shot{height: 820}, bears(2, "提交"))
	p.follow("提交")
	p.sees("审核中")
	g.take(p, "21-submitted", shot{height: 820}, part(3, "aside.line"))
	b.reaches(t, record.UnderReview)
	b.scanned(t)
	b.decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)
	p.open("/profile")
	p.sees("已生效")
	g.take(p, "22-in-force", shot{height: 820}, bears(1, "变更"))
	p.press("变更")
	p.fill("变更原因", "注册地址迁移")
	g.take(p, "23-change", shot{height: 760, cut: "dialog[open]"}, bears(2, "开始变更"))
	p.follow("开始变更")
	p.fill("注册地址", "示范大道 200 号 8 层")
	p.checksAndSubmits()
	p.sees("变更审核中")
	b.reaches(t, record.UnderReview)
	b.decided(t, reviewer, record.Approve, "").reaches(t, record.NothingFiled)
	p.open("/history")
	p.sees("注册地址迁移", "现行有效")
	g.take(p, "38-history", shot{height: 560}, part(1, `.tasks a[href="/history"]`), bears(2, "查看第 2 版"))
	p.follow("查看第 2 版")
	p.sees("与第 1 版相比")
	g.take(p, "39-version", shot{height: 700}, part(3, "section[aria-labelledby=changed]"))
	p.open("/messages")
	g.take(p, "42-messages", shot{height: 640})
	p.open("/home")
	g.take(p, "47-phone", shot{width: phoneWidth, height: phoneHeight})
}

// kinds fills one record of each kind of which a bidder files many.
func (g *guidebook) kinds(h *holder, reviewer *member) {
	t := g.t
	p, d := h.sitWithKey(t), newPapers(t)
	p.open("/records?kind=qualification")
	g.take(p, "24-qualifications", shot{height: 560}, part(1, `.tasks a[href*="kind=qualification"]`), bears(2, "新增资质").first())
	p.followNth("新增资质", 1)
	address := path.Dir(p.path())
	p.fillsQualification("D243017731")
	p.sees("已自动保存")
	g.take(p, "25-qualification", shot{height: 900}, labelled(3, "资质证书编号"), bears(4, "添加资质类型"))
	p.follow("添加资质类型")
	p.finds("查找资质属性和资质类型", "glgc", highway)
	p.choose("等级", "贰级")
	p.fill("可承担业务", "可承担一级标准以下公路的施工。")
	g.take(p, "26-qualification-line", shot{height: 900, cut: "dialog[open]"}, labelled(5, "资质属性和资质类型"), bears(6, "保存"))
	p.follow("保存")
	p.sees("公路工程", "贰级")
	p.upload("资质证书正本/副本", d.pdf("资质证书.pdf"))
	g.take(p, "27-qualification-lines", shot{height: 820, top: "#s-lines"}, bears(7, "核对并提交"))
	p.follow("核对并提交")
	p.submitsByKey()
	p.sees("审核中")
	f := h.record(address, record.Qualification)
	f.scanned(t)
	f.approved(t, reviewer)
	p.open("/records?kind=qualification")
	p.sees("已生效")
	g.take(p, "28-qualification-acts", shot{height: 560}, part(8, ".row-acts"))
	p.voids("qualification", "证书遗失补办")
	g.take(p, "29-qualification-voided", shot{height: 560}, bears(9, "取消作废"))

	p.open("/records?kind=practitioner")
	g.take(p, "32-practitioners", shot{height: 560}, bears(1, "新增人员").first())
	p.followNth("新增人员", 1)
	p.fill("姓名", guidePerson)
	p.fill("证件号码", sample.ResidentID(nextNumber()))
	g.take(p, "33-practitioner", shot{height: 820}, bears(2, "保存"))
	p.follow("保存")
	p.sees("草稿已保存")
	p.follow("资格证书")
	g.take(p, "34-tabs", shot{height: 620}, part(3, ".tabbar"), bears(4, "添加资格证书"))
	p.follow("添加资格证书")
	p.choose("资格类型", "一级注册建造师")
	p.fill("注册编号", "湘143201612345")
	p.choose("注册专业，第 1 项", "建筑工程")
	p.fill("第 1 项的有效期至", "2028-05-31")
	g.take(p, "35-registration", shot{height: 1000, cut: "dialog[open]"})
	p.follow("保存")

	h.employs(t, "周予安")
	p.open("/records?kind=performance")
	g.take(p, "30-performances", shot{height: 560}, bears(1, "新增单位业绩").first())
	p.followNth("新增单位业绩", 1)
	p.fill("项目名称", "示范大桥施工总承包")
	p.fill("建设单位/招标人", "示范城市建设投资有限公司")
	p.choose("合同类别", "施工总承包")
	p.finds("查找项目负责人", "zya", "周予安")
	g.take(p, "31-performance", shot{height: 820, top: ".fld:has(.people)"}, part(3, ".people"), bears(4, "核对并提交"))
	p.follow("保存草稿")

	p.open("/records?kind=award")
	g.take(p, "36-awards", shot{height: 560}, bears(1, "新增获奖").first())
	p.followNth("新增获奖", 1)
	p.fill("奖项名称", "芙蓉奖（示范大桥）")
	p.tick("奖项级别", "省级")
	p.fill("颁奖单位", "湖南省建筑业协会")
	p.fill("颁奖日期", "2025-01-15")
	p.finds("查找获奖人员", "zya", "周予安")
	g.take(p, "37-award", shot{height: 860}, labelled(2, "奖项名称"), bears(3, "核对并提交"))
	p.follow("保存草稿")
}

// certificates looks at the holder's certificates.
func (g *guidebook) certificates(h *holder) {
	p := h.sitWithKey(g.t)
	p.open("/certificates")
	// The encryption certificate of a pair has no business of its own.
	nth, err := strconv.Atoi(p.eval(`String([...document.querySelectorAll("main tbody tr")].findIndex((row) => row.textContent.includes("签名证书")) + 1)`))
	require.NoError(g.t, err)
	see := bears(2, "查看")
	see.nth = nth
	g.take(p, "40-certificates", shot{height: 620}, part(1, `.tasks a[href="/certificates"]`), see)
	p.followNth("查看", nth)
	p.sees("办理业务")
	g.take(p, "41-certificate", shot{height: 900, top: "section[aria-labelledby=business]"}, part(3, "section[aria-labelledby=business]"))
}

// afterwards is a filing that comes back, an import, and the account.
func (g *guidebook) afterwards(s *system, reviewer *member) {
	t := g.t
	b := newBidder(t, s, "星沙示范机电设备有限公司").complete(t).submitted(t)
	b.decided(t, reviewer, record.Return, "请按意见修改后重新提交。", record.Remark{Field: "address", Text: "门牌号与营业执照不一致，请核对。"}).reaches(t, record.Returned)
	p := newPerson(t, s)
	p.logsIn(b.subject.Code)
	p.sees("首页")
	g.take(p, "43-returned", shot{height: 620}, bears(1, "去补正"))
	p.follow("去补正")
	p.sees("审核退回，请补正后重新提交")
	g.take(p, "44-correction", shot{height: 1420}, part(2, ".returned li"), part(3, ".fld:has(#f-address)"))

	d := newPapers(t)
	p.open("/imports?kind=practitioner")
	g.take(p, "45-import", shot{height: 820}, bears(1, "下载模板"), bears(2, "上传并核对"))
	w := p.saves(b, "下载模板")
	for n, name := range []string{"周予安", "陶明", "黎照", guidePerson} {
		w.put(n+3, "姓名", name, "证件号码", sample.ResidentID(nextNumber()), "手机", "13600001234", "职务", "项目经理", "入职日期", "2018-07-01", "学历", "大学")
	}
	w.put(5, "学历", "博士后")
	p.hands(d.write("花名册.xlsx", w.content()))
	p.sees("读到 4 行")
	g.take(p, "46-import-check", shot{height: 900, cut: "main"}, part(3, "main .tbl:last-of-type"), bears(4, "确认导入 3 行"))
	p.follow("确认导入 3 行")
	p.sees("已导入 3 行，另有 1 行没有导入")

	p.open("/account")
	g.take(p, "48-account", shot{height: 760}, bears(1, "修改密码"), part(2, ".sessions"))
}

// TestHelp reads the guide in the portal, by the link that every page has.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p := newPerson(t, s)
	p.open("/")
	p.part("the link in the bar leads to the guide, for whoever asks", func() {
		p.follow("帮助")
		require.Equal(t, "/help", p.path())
		p.sees("用户指南", "1 登录入口", "4.2 单位资质", "8 常见问题")
	})
	p.part("the contents lead to the chapters", func() {
		p.press("4.7 数字证书")
		eventually(p.t, patience, func() string {
			return p.eval(`(() => {
				const top = document.querySelectorAll("h3")[[...document.querySelectorAll("h3")].findIndex((h) => h.textContent.includes("4.7"))].getBoundingClientRect().top;
				return top >= 0 && top < 300 ? "" : "the heading is at " + top;
			})()`)
		})
	})
	p.part("every picture comes", func() {
		eventually(p.t, patience, func() string {
			return p.eval(`(() => {
				const all = [...document.querySelectorAll("figure img")];
				for (const image of all) image.loading = "eager";
				if (!all.every((image) => image.complete)) return "pictures are on their way";
				return all.filter((image) => image.naturalWidth === 0).map((image) => image.src).join(" ");
			})()`)
		})
	})
	p.part("who is logged in is led there too, and back", func() {
		b := newBidder(t, s, fmt.Sprintf("问津示范%d有限公司", nextNumber()))
		in := b.sit(t)
		in.open("/home")
		in.follow("帮助")
		in.sees("进入系统")
		in.follow("进入系统")
		require.True(p.t, strings.HasPrefix(in.path(), "/home"))
	})
}
