package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record/sample"
)

func TestBadInputOnRegistration(t *testing.T) {
	t.Parallel()
	p := newPerson(t, theSystem(t))
	code, number := sample.CreditCode(nextNumber()), sample.ResidentID(nextNumber())
	for _, c := range []struct{ name, kind, document, code, says string }{
		{"S02 a wrong check character", "单位", "", wrongLast(code), "校验"},
		{"S02 a person's number for a unit", "单位", "", number, "统一社会信用代码"},
		{"S02 a unit's code for a person", "自然人", "居民身份证", code, "这是统一社会信用代码，不是证件号码"},
		{"S02 a wrong check digit of a person", "自然人", "居民身份证", wrongLast(number), "校验"},
		{"S02 a resident number as a passport's", "自然人", "普通护照", number, "请把证件类型改为居民身份证"},
	} {
		p.part(c.name, func() {
			p.open("/register")
			p.tick("注册类型", c.kind)
			if c.document != "" {
				p.choose("证件类型", c.document)
			}
			p.fill("代码或证件号", c.code)
			p.follow("下一步")
			p.sees("处需要修改", c.says)
			require.Equal(t, c.code, p.value("代码或证件号"), "what was typed is kept")
			require.Equal(t, c.kind+map[string]string{"单位": "企业、机关、事业单位、社会组织", "自然人": "以本人身份参加交易"}[c.kind], p.value("注册类型"))
		})
	}
	p.part("S04 short, common and different passwords", func() {
		p.registers("单位", code, "单位全称", "天心阁商贸有限公司")
		p.press("开始填写基本信息")
		other := newPerson(t, theSystem(t))
		other.open("/register")
		other.tick("注册类型", "单位")
		other.fill("代码或证件号", sample.CreditCode(nextNumber()))
		other.follow("下一步")
		for _, c := range []struct{ first, second, says string }{
			{"a1b2c3", "a1b2c3", "8"}, {"woaini1314", "woaini1314", "常见"}, {password, otherPassword, "两次输入的密码不一致"},
		} {
			other.fill("单位全称", "天心阁贸易有限公司")
			other.fill("新建密码", c.first)
			other.fill("再次输入密码", c.second)
			other.follow("注册并登录")
			other.sees("处需要修改", c.says)
			require.Equal(t, "天心阁贸易有限公司", other.value("单位全称"), "what was typed is kept")
		}
	})
}

func wrongLast(code string) string {
	last := byte('1')
	if code[len(code)-1] == last {
		last = '2'
	}
	return code[:len(code)-1] + string(last)
}

func TestBadInputOnTheForm(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("捞刀河%d𬀩业有限公司", nextNumber())).complete(t)
	p, d := b.sit(t), newPapers(t)
	p.open("/profile")
	p.part("U1 a PDF named .jpg is refused", func() {
		f := p.send("营业执照", d.write("执照.jpg", pdfContent("not a picture")))
		require.Contains(t, f.Fault, "扩展名")
	})
	p.part("U6 a file of 21 MiB is refused", func() {
		f := p.send("营业执照", d.huge("很大的扫描件.pdf"))
		require.Contains(t, f.Fault, "不能超过 20.0 MB")
	})
	p.part("numbers with full-width digits and spaces are understood, rare characters kept", func() {
		p.open("/profile")
		p.fill("姓名", "  𬀩𫖯𡶜  ")
		p.fill("电话", "１３８　００００　６０２１")
		p.fill("经办人身份证号码", wrongLast(sample.ResidentID(nextNumber())))
		wrong := p.value("经办人身份证号码")
		p.follow("核对并提交")
		p.sees("有 1 处需要修改，修改后即可提交", "经办人身份证号码")
		require.Equal(t, wrong, p.value("经办人身份证号码"), "what was typed is kept")
		require.Equal(t, "13800006021", p.value("电话"))
		require.Equal(t, "𬀩𫖯𡶜", p.value("姓名"))
		p.fill("经办人身份证号码", sample.ResidentID(nextNumber()))
		p.follow("核对并提交")
		p.sees("以下就是将要提交的全部内容", "𬀩𫖯𡶜", "13800006021")
	})
	p.part("a double click and the back button submit once", func() {
		p.t.Helper()
		at := p.still("press", "提交", 0)
		p.find("here", "before")
		p.clickAt(at)
		p.clickAt(at)
		p.find("arrived", "before")
		p.sees("审核中")
		p.back()
		if p.offers("提交") { // the page of answers, from the browser's memory
			p.follow("提交")
			p.sees("审核中")
		}
		versions, err := s.store.Versions(t.Context(), b.subject.ID, b.profile)
		require.NoError(t, err)
		require.Len(t, versions, 1, "one submit")
	})
}

// TestSessionEndsWhileTyping shows that nothing that was typed is lost.
func TestSessionEndsWhileTyping(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("坡子街%d餐饮有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/profile")
	p.fill("注册地址", "坡子街 216 号，登录失效前填写")
	require.NoError(t, s.store.EndSession(t.Context(), b.session))
	p.part("I1 what was posted without a session is kept through the login", func() {
		p.follow("保存草稿")
		p.sees("登录已过期，请重新登录", "刚才填写的内容都保留着")
		p.fill("账号", b.subject.Code)
		p.fill("密码", "不是这个密码-1")
		p.follow("登录并继续")
		p.sees("账号或密码不正确")
		p.fill("密码", password)
		p.follow("登录并继续")
		p.sees("已重新登录")
		p.follow("继续")
		p.sees("草稿已保存")
		require.Equal(t, "坡子街 216 号，登录失效前填写", p.value("注册地址"))
	})
}

// TestTwoTabs shows that what two windows do to a draft is merged, told, and
// asked where it collides; nothing is overwritten in silence.
func TestTwoTabs(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("开福寺%d物业有限公司", nextNumber())).complete(t)
	one, two := b.sit(t), b.sit(t)
	one.open("/profile")
	two.open("/profile")
	two.part("what another window changed is taken in, and told in place while typing goes on", func() {
		one.fill("注册地址", "第一个窗口")
		one.follow("保存草稿")
		one.sees("草稿已保存")
		two.fill("网站", "https://two.example.com")
		two.find("focus", "邮编")
		two.sees("合并了另一处对“注册地址”的修改，已一并保存")
		require.Equal(t, "postcode", two.eval("document.activeElement.name"), "the focus stays where the person types")
		require.Equal(t, "示范大道 100 号 6 层", two.value("注册地址"), "the page still shows what was before")
		two.accessible("a page that was merged")
		two.fill("邮编", "410007")
		two.follow("显示合并后的内容")
		require.Equal(t, "第一个窗口", two.value("注册地址"))
		require.Equal(t, "https://two.example.com", two.value("网站"))
		require.Equal(t, "410007", two.value("邮编"), "what was typed since is saved first")
	})
	two.part("what both changed is asked in place, field by field", func() {
		one.open("/profile")
		one.fill("注册地址", "又是第一个窗口")
		one.fill("职务", "总经理")
		one.follow("保存草稿")
		two.fill("注册地址", "第二个窗口")
		two.sees("这份草稿已在别处修改，“注册地址”两处都改了", "您填写的内容还没有保存")
		require.Equal(t, "第二个窗口", two.value("注册地址"), "what was typed is kept")
		two.fill("联系地址", "第二个窗口的联系地址")
		two.follow("查看并选择")
		two.sees("有 1 处两边都改了", "注册地址两处都改了", "第二个窗口", "又是第一个窗口", "职务只在另一处改了", "联系地址只有您改了")
		two.follow("合并并保存")
		two.sees("草稿已保存")
		require.Equal(t, []string{"第二个窗口", "总经理", "第二个窗口的联系地址"}, []string{two.value("注册地址"), two.value("职务"), two.value("联系地址")})
	})
	one.part("either side can be taken as a whole", func() {
		one.fill("注册地址", "再是第一个窗口")
		one.follow("保存草稿")
		one.sees("合并两处修改")
		one.follow("全部用已保存的")
		one.sees("草稿已保存")
		require.Equal(t, "第二个窗口", one.value("注册地址"))
	})
	one.part("the back button shows the draft as it is", func() {
		two.fill("注册地址", "返回之前改的")
		two.follow("保存草稿")
		one.follow("数字证书")
		one.back()
		eventually(t, patience, func() string {
			if at := one.value("注册地址"); at != "返回之前改的" {
				return "the form shows " + at
			}
			return ""
		})
		one.awaits("document.readyState", "complete")
		one.fill("邮编", "410008")
		one.follow("保存草稿")
		one.sees("草稿已保存")
		require.Equal(t, "返回之前改的", one.value("注册地址"))
	})
}

// TestSavingByItself shows that the page, which saves by itself, does not come
// in the way of the person's own button.
func TestSavingByItself(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("定王台%d书业有限公司", nextNumber())).complete(t)
	p := b.sit(t)
	p.open("/profile")
	p.fill("注册地址", "定王台 1 号")
	p.sees("已自动保存")
	p.slow(2 * time.Second)
	p.fill("注册地址", "定王台 2 号")
	p.sees("正在保存")
	p.follow("保存草稿")
	p.sees("草稿已保存")
	require.Equal(t, "定王台 2 号", p.value("注册地址"))
}
