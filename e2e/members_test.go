package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/access"
	"unireg/record"
	"unireg/record/sample"
)

// drawnPassword is the password that the page shows once.
func (p *person) drawnPassword() string {
	p.t.Helper()
	p.sees("只显示这一次")
	password := p.eval(`document.querySelector(".note .big").textContent`)
	require.Len(p.t, password, 19)
	return password
}

// entersForTheFirstTime logs a new member in and sets the second factor up.
func (p *person) entersForTheFirstTime(login, password string) {
	p.t.Helper()
	p.open("/staff")
	p.fill("账号", login)
	p.fill("密码", password)
	p.follow("登录")
	p.sees("设置动态口令")
	secret := regexp.MustCompile(`[^A-Z2-7]`).ReplaceAllString(p.eval(`document.querySelector(".secret").textContent`), "")
	code, err := access.TOTPCode(secret, time.Now())
	require.NoError(p.t, err)
	p.fill("6 位动态口令", code)
	p.follow("完成设置")
	p.sees("审核队列")
}

// TestB18_AMemberFromTheFirstDayToTheLast takes a member through what supervisors
// do: added, narrowed, away, disabled.
func TestB18_AMemberFromTheFirstDayToTheLast(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	boss := newMember(t, s, "管理员壬", record.Supervisor, true).sit(t, s)
	p := newPerson(t, s)
	login, name := fmt.Sprintf("member%d", nextNumber()), fmt.Sprintf("欧阳𬀩%d", nextNumber())
	b := newBidder(t, s, fmt.Sprintf("白沙井%d建材有限公司", nextNumber())).complete(t).submitted(t)
	task, err := s.store.ReviewOf(t.Context(), b.profile)
	require.NoError(t, err)
	review := "/staff/reviews/" + string(task)

	var page string
	p.part("B18 a supervisor adds a member from the menu", func() {
		boss.press("更多")
		boss.follow("工作人员")
		boss.follow("新增工作人员")
		boss.follow("新增")
		boss.sees("有 3 处需要修改", "请填写登录名", "请填写姓名")
		boss.fill("登录名", login)
		boss.fill("姓名", name)
		boss.fill("身份证号码", sample.ResidentID(nextNumber()))
		boss.tick("角色", "审核员")
		boss.finds("查找地区", "长沙", "湖南省长沙市")
		boss.choose("地区", "湖南省", "株洲市")
		boss.press("添加这个地区")
		require.Equal(t, "湖南省长沙市、湖南省株洲市", boss.value("地区"))
		boss.tick("事项", "基本信息（单位）")
		boss.follow("新增")
		boss.sees(name, "审核员", "首次登录时须用手机验证器设置动态口令")
	})
	p.part("W7 B18 the member's first login sets up the second factor", func() {
		p.entersForTheFirstTime(login, boss.drawnPassword())
		p.open(review)
		p.sees(b.subject.Name)
		boss.open("/staff/members")
		boss.seesNot("只显示这一次")
		boss.follow(name)
		page = boss.path()
	})
	p.part("B18 W20 a narrower scope counts with the next page", func() {
		p.follow("领取办理")
		p.sees("由我办理")
		boss.open(page)
		boss.sees("办理中 1 件")
		boss.unticks("地区", "湖南省长沙市")
		boss.unticks("地区", "湖南省株洲市")
		boss.finds("查找地区", "440000", "广东省")
		boss.follow("保存")
		boss.sees("已保存，立即生效", "手上的件", "无")
		p.open(review)
		p.sees("没有找到")
		boss.open(page)
		boss.unticks("地区", "广东省")
		boss.follow("保存")
		p.open(review)
		p.sees(b.subject.Name, "领取办理")
	})
	p.part("B18 the member looks after the own account", func() {
		p.press("审核员 " + name)
		p.follow("我的账号")
		p.sees("职责范围", "全部地区", "密码和动态口令登录")
		p.fill("当前密码", "wrong-password")
		p.fill("新密码", password)
		p.fill("再次输入新密码", password)
		p.follow("修改密码")
		p.sees("当前密码不正确")
		p.follow("我的操作日志")
		p.sees("新增工作人员", "修改工作人员", "设置动态口令")
		p.seesNot("全部人员")
	})
	p.part("B18 the log tells it to supervisors", func() {
		boss.open(page)
		boss.follow("操作日志")
		boss.sees("管理员壬", "湖南省长沙市、湖南省株洲市", "→", "退回待领取 1 件")
		boss.choose("操作", "审核办理")
		boss.follow("查找")
		boss.sees("这个条件下没有记录")
	})
	p.part("B18 away, and here again", func() {
		boss.open(page)
		boss.follow("标记离岗")
		boss.sees("离岗")
		boss.follow("标记在岗")
		boss.sees("在岗")
	})
	p.part("B18 W20 who is disabled while logged in is out with the next page", func() {
		boss.press("停用账号")
		boss.sees("停用" + name + "的账号？")
		boss.press("取消")
		p.open("/staff/me")
		p.sees("我的账号")
		boss.press("停用账号")
		boss.follow("停用账号")
		boss.sees("已停用", "启用账号")
		p.open("/staff/me")
		require.True(t, strings.HasPrefix(p.path(), "/staff/login"), p.path())
		p.fill("账号", login)
		p.fill("密码", password)
		p.follow("登录")
		p.sees("账号或密码不正确")
	})
}

// TestB18_StaffPagesOnATelephone goes through the menu of a narrow window.
func TestB18_StaffPagesOnATelephone(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	boss := newMember(t, s, "管理员癸", record.Supervisor, true).sit(t, s)
	boss.window(phoneWidth, phoneHeight)
	for link, want := range map[string]string{
		"单位库": "在本系统注册的单位和自然人", "作废与恢复": "不经审核", "占用申诉": "申诉人称", "工作人员": "修改后立即生效", "操作日志": "最近的在前",
	} {
		boss.open("/staff")
		boss.window(phoneWidth, phoneHeight) // a page that is looked at for the first time is left as wide as a desk
		open := boss.eval(`String([...document.querySelectorAll(".desk-nav a")].filter((link) => link.checkVisibility()).length)`)
		require.Equal(t, "0", open, "links beside the menu")
		boss.press("更多")
		boss.follow(link)
		boss.sees(want)
	}
}

// TestB18_AMemberIsAddedWithoutScripts chooses regions by the lists and a button.
func TestB18_AMemberIsAddedWithoutScripts(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	p := newMember(t, s, "管理员子", record.Supervisor, true).sit(t, s)
	p.withoutScripts()
	login := fmt.Sprintf("plain%d", nextNumber())
	p.open("/staff/members/new")
	p.fill("登录名", login)
	p.fill("姓名", "吴婷")
	p.fill("身份证号码", sample.ResidentID(nextNumber()))
	p.choose("地区", "湖南省", "长沙市")
	p.follow("添加这个地区")
	p.choose("地区", "广东省")
	p.tick("角色", "复核员")
	p.follow("新增")
	p.drawnPassword()
	m, err := s.store.StaffByLogin(t.Context(), login)
	require.NoError(t, err)
	require.Equal(t, record.Scope{Role: record.Confirmer, Regions: []string{"4301", "44"}, Kinds: []record.Kind{}}, m.Scope())
	p.press("停用账号") // the dialog opens by its address
	p.followNth("停用账号", 2)
	p.sees("账号已停用")
}
