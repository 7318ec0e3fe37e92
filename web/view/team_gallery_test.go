package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// readerPage is a page as a member sees it who changes nothing, handlerPage as one
// who does not manage.
func readerPage(title, path string) view.Page {
	p := bidderPage(title, path)
	p.Viewer.Role, p.Viewer.ReadOnly, p.Viewer.Limited = "只读", true, true
	return p
}

func handlerPage(title, path string) view.Page {
	p := bidderPage(title, path)
	p.Viewer.Role, p.Viewer.Limited = "经办", true
	return p
}

// teamShots are the members of an organization: their pages, how somebody becomes
// one, and what the pages of before look like to who may not do everything.
func teamShots() []shot {
	good, out := view.Tag{Text: "正常", Tone: view.Good}, view.Tag{Text: "已停用", Tone: view.Bad}
	roles := []view.ScopeChoice{
		{Option: view.Option{Value: "administrator", Label: "单位管理员"}, Note: "经办的全部权限，并管理成员、导出全部数据"},
		{Option: view.Option{Value: "handler", Label: "经办"}, Note: "填写、上传附件、提交、变更、作废、批量导入、导出名单、办理 CA 证书", On: true},
		{Option: view.Option{Value: "reader", Label: "只读"}, Note: "查看全部内容，不能填写和提交"},
	}
	boss := view.TeamMember{ID: "m1", Role: "单位管理员", State: good, Since: ago(5000 * time.Hour), LoggedIn: ago(time.Hour), Sessions: 1, Self: true}
	zhang := view.TeamMember{ID: "m2", Name: "张敏之", Login: "zhangmin", Role: "经办", State: good, Since: ago(900 * time.Hour), LoggedIn: ago(26 * time.Hour), Sessions: 2}
	liu := view.TeamMember{ID: "m3", Name: "刘畅然", Login: "liuchang", Role: "只读", State: good, Since: ago(30 * time.Hour)}
	gone := view.TeamMember{ID: "m4", Name: "孙立平", Login: "sunliping", Role: "经办", State: out, Since: ago(4000 * time.Hour), LoggedIn: ago(2000 * time.Hour), Out: true}
	token := "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
	team := view.TeamModel{
		Members: []view.TeamMember{boss, zhang, liu}, Former: []view.TeamMember{gone}, Roles: roles, Token: token, Most: 20, Mail: true,
		Requests: []view.TeamRequest{{ID: "r1", Name: "赵文博", Contact: "13812345678", Reason: "投标部新同事，负责填报业绩和获奖信息。", AskedAt: ago(3 * time.Hour), ExpiresAt: now.Add(330 * time.Hour)}},
		Invitations: []view.TeamInvitation{
			{ID: "i1", Name: "吴小芳", Email: "wu@example.cn", Role: "经办", By: "张敏之", OpenedAt: ago(time.Hour), ExpiresAt: now.Add(160 * time.Hour), Open: true},
			{ID: "i2", Name: "郑海涛", Role: "只读", By: "张敏之", OpenedAt: ago(300 * time.Hour), ExpiresAt: ago(130 * time.Hour)},
		},
		Changes: []view.TeamChange{
			{At: ago(time.Hour), Text: "邀请成员：吴小芳", By: "张敏之"}, {At: ago(3 * time.Hour), Text: "收到加入申请：赵文博"}, {At: ago(30 * time.Hour), Text: "成员加入：刘畅然", By: "刘畅然"},
		},
	}
	alone := view.TeamModel{Members: []view.TeamMember{boss}, Roles: roles, Token: token, Most: 20}
	opened := alone
	opened.Link = &view.TeamLink{Name: "吴小芳", Email: "wu@example.cn", Role: "经办", Href: "https://reg.example.cn/invitations/" + token, QR: "data:image/png;base64,iVBORw0KGgo=", Expires: now.Add(168 * time.Hour)}
	refused := alone
	refused.Name, refused.Problems = "吴", []form.Problem{{Field: "name", Label: "姓名", Message: "姓名至少 2 个字"}, {Field: "role", Label: "角色", Message: "请选择角色"}}
	one := view.TeamMemberModel{TeamMember: zhang, Typed: "张敏之", Roles: roles}
	last := view.TeamMemberModel{
		TeamMember: boss, Typed: "王五", Roles: roles,
		Problems: []form.Problem{{Field: "role", Label: "没有保存", Message: "这是本单位唯一的管理员，请先让另一名成员成为管理员"}},
	}
	joining := view.JoiningModel{Action: "/invitations/" + token, Unit: "示范建工集团有限公司", Name: "吴小芳", Role: "经办", Note: roles[1].Note, Expires: now.Add(160 * time.Hour), Rules: rules}
	taken := joining
	taken.Login, taken.Problems = "zhangmin", []form.Problem{{Field: "login", Label: "成员用户名", Message: "本单位已有成员使用这个用户名，请换一个"}}
	granted := joining
	granted.Name, granted.Action = "", "/join/"+token
	invitation := page("加入单位", "/invitations/"+token)
	join := page("加入申请", "/join/"+token)
	waiting := view.JoinModel{
		State: view.Tag{Text: "等待处理", Tone: view.Info}, Text: "管理员还没有看到。", AskedAt: now, ExpiresAt: now.Add(336 * time.Hour),
		Keep: "https://reg.example.cn/join/" + token, QR: "data:image/png;base64,iVBORw0KGgo=",
	}
	part := func(change func(*view.OwnPart)) view.AccountModel {
		m := view.AccountModel{
			Accounts: []string{"示范建工集团有限公司", "91430100MA00DEM06N"}, Rules: rules,
			Sessions: []view.Session{{ID: "s1", Device: "Chrome，Windows", Address: "192.0.2.17", Assurance: view.ByPassword, Began: ago(time.Hour), Seen: now, Current: true}},
			Part:     &view.OwnPart{Role: "单位管理员", Note: roles[0].Note, Manages: true, Requests: 1},
		}
		change(m.Part)
		return m
	}
	path := "/records/" + recordID
	return []shot{
		{"team", view.TeamPage(bidderPage("成员管理", "/account/members"), team), []string{"成员管理", "3 / 20 人", "注册账号", "（我）", "zhangmin", "加入申请", "13812345678", "生成邀请链接", "等待对方设置", "已过期", "已停用的成员（1 人）", "成员变动"}},
		{"team-alone", view.TeamPage(bidderPage("成员管理", "/account/members"), alone), []string{"1 / 20 人", "邀请成员"}},
		{"team-invited", view.TeamPage(bidderPage("成员管理", "/account/members"), opened), []string{"只显示这一次", "链接同时发到 wu@example.cn", "/invitations/0123", "data:image/png"}},
		{"team-refused", view.TeamPage(bidderPage("成员管理", "/account/members"), refused), []string{"（2 处错误）", "姓名至少 2 个字"}},
		{"teammember", view.TeamMemberPage(bidderPage("成员：张敏之", "/account/members/m2"), one), []string{"张敏之", "成员用户名", "结束登录会话", "停用成员", "不能恢复"}},
		{"teammember-last", view.TeamMemberPage(bidderPage("成员：张敏之", "/account/members/m1"), last), []string{"唯一的管理员", "这是您自己的账号"}},
		{"teammember-out", view.TeamMemberPage(bidderPage("成员：张敏之", "/account/members/m4"), view.TeamMemberModel{TeamMember: gone}), []string{"不能再登录"}},
		{"invitation", view.InvitationPage(invitation, joining), []string{"加入“示范建工集团有限公司”", "吴小芳", "成员用户名", "加入并登录"}},
		{"invitation-taken", view.InvitationPage(invitation, taken), []string{"（1 处错误）", "请换一个"}},
		{"invitation-over", view.TeamLinkOverPage(invitation), []string{"链接无效或已失效", "申请加入"}},
		{"join-form", view.JoinFormPage(page("申请加入单位", "/join"), view.JoinFormModel{Token: token, MaxReason: 200}), []string{"申请加入单位", "统一社会信用代码", "占用申诉", "提交申请"}},
		{"join-form-refused", view.JoinFormPage(page("申请加入单位", "/join"), view.JoinFormModel{
			Token: token, MaxReason: 200, Code: "91430100MA00DEM06N", Name: "赵文博",
			Problems: []form.Problem{{Field: "contact", Label: "联系方式", Message: "请填写联系方式"}, {Field: "reason", Label: "申请理由", Message: "请填写申请理由"}},
		}), []string{"（2 处错误）", "请填写申请理由"}},
		{"join-waiting", view.JoinPage(join, waiting), []string{"等待处理", "请保存本页的地址", "/join/0123"}},
		{"join-granted", view.JoinPage(join, view.JoinModel{State: view.Tag{Text: "已同意", Tone: view.Good}, Text: "管理员同意了。", Joining: &granted}), []string{"已同意", "加入并登录"}},
		{"join-refused", view.JoinPage(join, view.JoinModel{State: view.Tag{Text: "没有通过", Tone: view.Bad}, Text: "管理员没有同意。", AskedAt: ago(90 * time.Hour)}), []string{"没有通过"}},
		{"join-settled", view.JoinPage(join, view.JoinModel{State: view.Tag{Text: "已加入", Tone: view.Good}, Text: "可以登录了。", AskedAt: ago(90 * time.Hour), Login: true}), []string{"去登录"}},
		{"login-member", view.LoginPage(page("登录", "/login"), view.LoginModel{Account: "91430100MA00DEM06N", Member: "zhangmin", Error: "账号或密码不正确。如有同名单位，请使用统一社会信用代码登录", Facts: facts}), []string{"单位成员登录", "zhangmin", "申请加入"}},
		{"account-administrator", view.AccountPage(bidderPage("账号安全", "/account"), part(func(*view.OwnPart) {})), []string{"成员管理", "1 项加入申请待处理", "数据导出"}},
		{"account-handler", view.AccountPage(handlerPage("账号安全", "/account"), part(func(o *view.OwnPart) {
			o.Role, o.Note, o.Manages, o.Requests, o.Login, o.Problem = "经办", roles[1].Note, false, 0, "zhangmin", "登录密码不正确"
		})), []string{"登录时另填成员用户名", "由本单位的管理员管理", "退出本单位", "登录密码不正确"}},
		{"reader-begin", view.BeginPage(readerPage("基本信息", "/profile"), "基本信息"), []string{"您的角色是只读", "账号登录，只读"}},
		{"reader-records", view.RecordsPage(readerPage("单位业绩", "/records?kind=performance"), view.RecordsModel{
			Kind: "performance", Label: "单位业绩", Add: "新增业绩", Named: "项目名称", Icon: view.IconPerformance, Import: true,
		}), []string{"您的角色是只读", "还没有填报"}},
		{"reader-messages", view.MessagesPage(readerPage("消息", "/messages"), view.MessagesModel{Messages: messages}), []string{"未读"}},
		{"reader-record", view.RecordPage(readerPage("基本信息", path), view.RecordModel{
			RecordID: recordID, Heading: "基本信息", State: view.Tag{Text: "审核中", Tone: view.Info}, Form: document().Form(now), Version: 2, At: ago(26 * time.Hour),
			By: "示范建工集团有限公司（张敏之）", Assurance: view.ByPassword, Timeline: timeline, Actions: []view.Action{view.ActionPrint},
			Denied: []view.Denied{{Action: view.ActionWithdraw, Reason: "您的角色是只读"}}, Command: command,
		}), []string{"撤回：您的角色是只读", "张敏之"}},
	}
}
