package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record/sample"
)

func TestS01_StartPage(t *testing.T) {
	t.Parallel()
	p := newPerson(t, theSystem(t))
	p.open("/")
	p.sees("网上办事大厅", "办理流程")
	p.part("the flow chart shows the whole procedure with its way back", func() {
		p.sees("注册登记", "填报基本信息", "核对并提交", "审核", "复核", "已生效", "退回补正：回到“填报基本信息”")
	})
	p.follow("注册登记")
	p.sees("新用户注册", "第 1 步，共 2 步")
	p.back()
	p.followNth("登录", 1)
	p.sees("账号登录", "CA证书登录")
}

// registers takes a new person through both steps of registration.
func (p *person) registers(kind, code, nameLabel, name string) {
	p.t.Helper()
	p.open("/register")
	p.tick("注册类型", kind)
	p.fill("代码或证件号", code)
	p.follow("下一步")
	p.sees("完善注册信息", "第 2 步，共 2 步", code)
	p.fill(nameLabel, name)
	p.fill("新建密码", password)
	p.fill("再次输入密码", password)
	p.follow("注册并登录")
}

// logsIn logs a subject in.
func (p *person) logsIn(account string) {
	p.t.Helper()
	p.open("/login")
	p.fill("账号", account)
	p.fill("密码", password)
	p.follow("登录")
}

// logsOut leaves by the menu under the person's name.
func (p *person) logsOut(name string) {
	p.t.Helper()
	p.press(name)
	p.follow("退出登录")
	p.sees("已退出登录")
}

func TestRegisterOrganization(t *testing.T) {
	t.Parallel()
	p := newPerson(t, theSystem(t))
	code, name := sample.CreditCode(nextNumber()), "湘江𬀩源建设有限公司"
	p.part("S02 asks for the type and the code first", func() {
		p.open("/")
		p.follow("注册登记")
		p.tick("注册类型", "单位")
		p.fill("代码或证件号", code[:17])
		p.follow("下一步")
		p.sees("有 1 处需要修改", "代码或证件号")
		require.Equal(t, code[:17], p.value("代码或证件号"), "what was typed is kept")
		p.fill("代码或证件号", " "+fullWidth(code)+" ")
		p.follow("下一步")
		p.sees("第 2 步，共 2 步", code)
	})
	p.part("S04 takes name and password", func() {
		p.fill("单位全称", name)
		p.fill("新建密码", "12345678")
		p.fill("再次输入密码", "12345678")
		p.follow("注册并登录")
		p.sees("新建密码")
		require.Equal(t, name, p.value("单位全称"), "what was typed is kept")
		p.fill("新建密码", password)
		p.fill("再次输入密码", password)
		p.follow("注册并登录")
	})
	p.part("S05 names the login account and goes on to 基本信息", func() {
		p.sees("注册成功", "您的登录账号是", name)
		p.press("开始填写基本信息")
		p.sees("基本信息", "单位信息", "法定代表人", "附件材料")
		require.Equal(t, code, p.value("统一社会信用代码"))
		require.Equal(t, name, p.value("单位全称"))
	})
	p.part("S06 logs in by name and by code", func() {
		for _, account := range []string{name, code} {
			p.logsOut(name)
			p.logsIn(account)
			p.sees("首页", name)
		}
	})
	p.part("S03 tells who is registered to log in", func() {
		other := newPerson(t, theSystem(t))
		other.open("/register")
		other.tick("注册类型", "单位")
		other.fill("代码或证件号", code)
		other.follow("下一步")
		other.sees("该代码或证件号已在本平台注册", "请直接登录")
		require.Equal(t, "/login", other.path())
	})
}

func TestB23_RegisterPerson(t *testing.T) {
	t.Parallel()
	p := newPerson(t, theSystem(t))
	number, name := sample.ResidentID(nextNumber()), "欧阳𬀩宁"
	p.registers("自然人", number, "姓名", name)
	p.part("S05 the document number is a person's account", func() {
		p.sees("注册成功", "您的登录账号是", number)
		p.press("开始填写基本信息")
	})
	p.part("S19 a person's tasks are fewer", func() {
		p.sees("基本信息", "变更历史总览", "数字证书")
		p.seesNot("单位资质", "执业人员")
	})
	p.part("S06 logs in by document number", func() {
		p.logsOut(name)
		p.logsIn(number)
		p.sees("首页", name)
	})
}

// fullWidth writes digits and letters as Chinese input methods do.
func fullWidth(text string) string {
	wide := []rune(text)
	for i, r := range wide {
		wide[i] = r - '!' + '！'
	}
	return string(wide)
}
