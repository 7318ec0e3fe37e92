package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

func bossPage(title, path string) view.Page {
	p := staffPage(title, path)
	p.Viewer.Role, p.Viewer.Supervisor = "管理员", true
	return p
}

// memberShots are the pages on staff.
func memberShots() []shot {
	good, away, out := view.Tag{Text: "在岗", Tone: view.Good}, view.Tag{Text: "离岗", Tone: view.Warn}, view.Tag{Text: "已停用", Tone: view.Bad}
	rows := []view.MemberRow{
		{ID: "m1", Login: "zhoujing", Name: "周婧", Role: "管理员", States: []view.Tag{good}, LoggedIn: ago(time.Hour), Self: true},
		{ID: "m2", Login: "li.heng", Name: "李衡", Role: "复核员", Regions: []string{"湖南省长沙市", "湖南省株洲市"}, Kinds: []string{"单位资质", "执业人员"}, States: []view.Tag{good, {Text: "未设动态口令"}}, Claimed: 2, Assigned: 1},
		{ID: "m3", Login: "wu.ting", Name: "吴婷", Role: "审核员", Regions: []string{"湖南省"}, States: []view.Tag{away}, LoggedIn: ago(90 * time.Hour), Claimed: 3},
		{ID: "m4", Login: "zheng", Name: "郑明", Role: "审核员", States: []view.Tag{out}, LoggedIn: ago(9000 * time.Hour), Assigned: 1},
	}
	roles := []view.ScopeChoice{
		{Option: view.Option{Value: "reviewer", Label: "审核员"}, Note: "领取申报，通过或退回补正"},
		{Option: view.Option{Value: "confirmer", Label: "复核员"}, Note: "审核员的全部权限，并办理关键变更和抽查的复核", On: true},
		{Option: view.Option{Value: "supervisor", Label: "管理员"}, Note: "复核员的全部权限，并管理工作人员、分派、重新审核和占用申诉"},
	}
	kinds := []view.ScopeChoice{
		{Option: view.Option{Value: "organization", Label: "基本信息（单位）"}, On: true},
		{Option: view.Option{Value: "person", Label: "基本信息（自然人）"}},
		{Option: view.Option{Value: "qualification", Label: "单位资质"}},
		{Option: view.Option{Value: "performance", Label: "单位业绩"}},
		{Option: view.Option{Value: "practitioner", Label: "执业人员"}},
		{Option: view.Option{Value: "award", Label: "获奖信息"}},
	}
	edit := view.MemberForm{
		Action: "/staff/members/m2", Name: "李衡", Roles: roles, Kinds: kinds, Revision: 4,
		Regions: []view.Option{{Value: "4301", Label: "湖南省长沙市"}, {Value: "4302", Label: "湖南省株洲市"}},
	}
	member := view.MemberModel{Row: rows[1], Form: edit, Added: ago(5000 * time.Hour), Enrolled: true}
	added, changed, own, disabled := member, member, member, member
	added.Password, added.Welcome, added.Enrolled = "acde-fghj-kmnp-qrtw", true, false
	changed.Form.Conflict = "李衡，审核员，湖南省，全部事项"
	changed.Form.Problems = []form.Problem{{Field: "role", Label: "角色", Message: "这是最后一名启用的管理员，不能停用，也不能改为其他角色"}}
	own.Row, own.Form.Fixed = rows[0], "自己的角色和范围须由另一名管理员修改。"
	disabled.Row, disabled.Disabled, disabled.AbsentSince = rows[3], true, ago(30*time.Hour)
	blank := edit
	blank.Action, blank.New, blank.Name, blank.Identity, blank.Region = "/staff/members", true, "", "43010419900101000", "440100"
	blank.Problems = []form.Problem{{Field: "name", Label: "姓名", Message: "请填写姓名"}, {Field: "identity", Label: "身份证号码", Message: "身份证号码应为 18 位，现在有 17 位"}}
	log := view.LogModel{
		Staff: []view.Option{{Value: "", Label: "全部人员"}, {Value: "m2", Label: "李衡"}}, Groups: []view.Option{{Value: "", Label: "全部操作"}, {Value: "review", Label: "审核办理"}},
		From: "2026-11-01", ExportHref: "/staff/log/export?from=2026-11-01", NextHref: "/staff/log?after=x", Narrowed: true,
		Rows: []view.LogRow{
			{At: ago(time.Minute), Who: "周婧", Role: "管理员", What: "修改工作人员", Detail: "李衡；审核员，全部地区，全部事项 → 复核员，湖南省长沙市、湖南省株洲市，全部事项；退回待领取 2 件"},
			{At: ago(time.Hour), Who: "李衡", Role: "复核员", What: "复核通过", Detail: "该件已办结，请刷新后查看", Refused: true, Link: view.Link{Href: "/staff/records/x", Text: "执业人员"}},
			{At: ago(2 * time.Hour), Who: "命令行", What: "导入代码表", Detail: "region，第 3 期，12 项"},
		},
	}
	root := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	taken := view.CheckpointsModel{ProvedAt: ago(4 * time.Hour), ProvedNo: 1204, Rows: []view.CheckpointRow{
		{No: 1204, At: ago(10 * time.Minute), Chains: 18230, Root: root, Key: "a1b2c3d4", Href: "/staff/checkpoints/1204"},
		{No: 1203, At: ago(70 * time.Minute), Chains: 18228, Root: root[8:] + root[:8], Key: "a1b2c3d4", Href: "/staff/checkpoints/1203"},
	}}
	wrong := taken
	wrong.Faults = 2
	none := view.LogModel{Groups: log.Groups, ExportHref: "/staff/log/export"}
	me := view.MeModel{Row: rows[1], Account: view.AccountModel{
		Accounts: []string{"li.heng"}, Rules: rules, Problems: []form.Problem{{Field: "current_password", Label: "当前密码", Message: "当前密码不正确"}},
		Sessions: []view.Session{
			{ID: "s1", Device: "Chrome，Windows", Address: "192.0.2.17", Staff: true, Began: ago(time.Hour), Seen: now, Current: true},
			{ID: "s2", Device: "Edge，Windows", Address: "198.51.100.8", Staff: true, Half: true, Began: ago(30 * time.Hour), Seen: ago(2 * time.Hour)},
		},
	}}
	return []shot{
		{"members", view.MembersPage(bossPage("工作人员", "/staff/members"), view.MembersModel{Members: rows}), []string{"（我）", "湖南省株洲市", "办理中 2 件，待办 1 件", "从未登录", "全部事项", `aria-current="page"`}},
		{"member-new", view.NewMemberPage(bossPage("新增工作人员", "/staff/members/new"), blank), []string{"（2 处错误）", "现在有 17 位", "天河区", "添加这个地区"}},
		{"member", view.MemberPage(bossPage("工作人员：李衡", "/staff/members/m2"), member), []string{"dialog-disable", `name="revision" value="4"`, "标记离岗"}},
		{"member-added", view.MemberPage(bossPage("工作人员：李衡", "/staff/members"), added), []string{"acde-fghj-kmnp-qrtw", "只显示这一次", "首次登录时须用手机验证器"}},
		{"member-changed", view.MemberPage(bossPage("工作人员：李衡", "/staff/members/m2"), changed), []string{"现在保存的是", "最后一名启用的管理员"}},
		{"member-own", view.MemberPage(bossPage("工作人员：周婧", "/staff/members/m1"), own), []string{"须由另一名管理员修改", "我的账号"}},
		{"member-disabled", view.MemberPage(bossPage("工作人员：郑明", "/staff/members/m4"), disabled), []string{"启用账号", "标记在岗"}},
		{"staff-log", view.LogPage(bossPage("操作日志", "/staff/log"), log), []string{"退回待领取 2 件", "未生效", "/staff/records/x", "下一页", "导出 Excel"}},
		{"checkpoints", view.CheckpointsPage(bossPage("历史存证", "/staff/checkpoints"), taken), []string{"截至第 1204 号的存证核对，全部一致", "9f86d081884c7d65", "/staff/checkpoints/1204"}},
		{"checkpoints-wrong", view.CheckpointsPage(bossPage("历史存证", "/staff/checkpoints"), wrong), []string{"发现 2 处", "不要改动服务器"}},
		{"checkpoints-empty", view.CheckpointsPage(bossPage("历史存证", "/staff/checkpoints"), view.CheckpointsModel{}), []string{"还没有存证", "每天凌晨自动核对"}},
		{"staff-log-empty", view.LogPage(staffPage("操作日志", "/staff/log"), none), []string{"还没有记录"}},
		{"staff-me", view.MePage(staffPage("我的账号", "/staff/me"), me), []string{"只验证了密码", "密码和动态口令登录", "/staff/me/password"}},
	}
}
