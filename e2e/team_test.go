package e2e

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// invites has an administrator, on 成员管理, open an invitation, and returns the path
// of its link.
func (p *person) invites(name, role string) string {
	p.t.Helper()
	p.open("/account/members")
	p.fill("姓名", name)
	p.tick("角色", role)
	p.follow("生成邀请链接")
	p.sees("邀请链接已生成，只显示这一次", name)
	link, err := url.Parse(p.eval(`document.querySelector("#invitation-link").textContent`))
	require.NoError(p.t, err)
	return link.Path
}

// becomesMember chooses a login name and a password on the page that is open.
func (p *person) becomesMember(login string) {
	p.t.Helper()
	p.fill("成员用户名", login)
	p.fill("新建密码", password)
	p.fill("再次输入密码", password)
	p.follow("加入并登录")
	p.sees("已加入本单位")
}

// entersAsMember logs in as a member of a unit.
func (p *person) entersAsMember(account, login string) {
	p.t.Helper()
	p.open("/login")
	p.fill("账号", account)
	p.fill("成员用户名", login)
	p.fill("密码", password)
	p.follow("登录")
}

func TestB08_MembersOfAnOrganization(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	name := fmt.Sprintf("桃花岭%d建设有限公司", nextNumber())
	b := newBidder(t, s, name).complete(t)
	boss, zhang, liu, zhao := b.sit(t), newPerson(t, s), newPerson(t, s), newPerson(t, s)
	boss.part("B08 an administrator invites who is to file, and who joins chooses name and password", func() {
		boss.open("/account")
		boss.follow("成员管理")
		boss.sees("1/20人", "注册账号")
		link := boss.invites("张敏之", "经办")
		zhang.open(link)
		zhang.sees("加入“"+name+"”", "张敏之")
		zhang.becomesMember("zhang.min")
		zhang.open(link)
		zhang.sees("链接无效或已失效")
	})
	zhang.part("B08 who is to file fills in and submits", func() {
		zhang.open("/home")
		zhang.logsOut(name)
		zhang.entersAsMember(b.subject.Code, "Zhang.Min")
		zhang.sees("首页", "经办")
		zhang.open("/profile")
		zhang.fill("注册地址", "桃花岭路 200 号")
		zhang.checksAndSubmits()
		zhang.sees("审核中")
		zhang.open("/account/members")
		zhang.sees("没有权限", "这一项由本单位的管理员办理")
		boss.open("/profile")
		boss.sees("桃花岭路 200 号", "张敏之")
	})
	liu.part("B08 who only reads sees it, and is offered nothing", func() {
		liu.open(boss.invites("刘畅然", "只读"))
		liu.becomesMember("刘畅然")
		liu.open("/profile")
		liu.sees("桃花岭路 200 号", "撤回：您的角色是只读")
		require.False(t, liu.offers("撤回"))
		liu.open("/records?kind=award")
		liu.sees("您的角色是只读")
		require.False(t, liu.offers("新增获奖"))
	})
	boss.part("B08 whoever is sent away is out at once, and stays named", func() {
		boss.open("/account/members")
		boss.followNth("管理", 2)
		boss.sees("张敏之", "zhang.min")
		boss.press("停用成员")
		boss.sees("立即不能登录，正在使用的会话结束")
		boss.follow("停用成员")
		boss.sees("已停用该成员")
		zhang.open("/home")
		require.Regexp(t, `^/login`, zhang.path())
		zhang.entersAsMember(name, "zhang.min")
		zhang.sees("账号已停用")
		boss.open("/profile")
		boss.sees("张敏之")
	})
	zhao.part("B08 a request to join is granted, and its requester comes back to it", func() {
		zhao.open("/login")
		zhao.follow("申请加入")
		zhao.fill("统一社会信用代码", b.subject.Code)
		zhao.fill("您的姓名", "赵文博")
		zhao.fill("联系方式", "13812345678")
		zhao.fill("申请理由", "投标部，负责填报业绩。")
		zhao.follow("提交申请")
		zhao.sees("等待处理", "请保存本页的地址")
		zhao.seesNot(name)
		kept := zhao.path()
		boss.open("/messages")
		boss.sees("有人申请加入本单位")
		boss.follow("去处理")
		boss.sees("赵文博", "13812345678", "投标部，负责填报业绩。")
		boss.follow("同意加入")
		boss.sees("已同意加入")
		zhao.open(kept)
		zhao.sees("已同意", name)
		zhao.becomesMember("zhao")
		zhao.sees("首页")
	})
}
