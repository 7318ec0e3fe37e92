package view_test

import (
	"cmp"
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// subjectPages are a subject's page for staff with one tab open.
func subjectPages(tab view.SubjectTab, change func(*view.StaffSubjectModel)) view.StaffSubjectModel {
	m := view.StaffSubjectModel{
		ID: recordID, Name: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Type: "单位", Registered: ago(5000 * time.Hour), Tab: tab,
		States:  []view.Tag{{Text: "已核实", Tone: view.Good}, {Text: "纸质标可以参加", Tone: view.Good}, {Text: "电子标暂不能参加", Tone: view.Warn}},
		Covered: true, Supervisor: true,
		Overview: view.SubjectOverviewModel{
			Paper: view.Eligibility{Allowed: true, Reasons: []string{"基本信息已生效"}}, Electronic: view.Eligibility{Reasons: []string{"没有绑定有效的 CA 证书"}},
			Confirmation: view.ConfirmationSummary{State: view.Tag{Text: "已年度确认", Tone: view.Good}, At: ago(900 * time.Hour), Due: now.AddDate(0, 0, 300)},
			Identity:     []view.SubjectFact{{Label: "法定代表人：证件号码", Text: "430104********0014"}, {Label: "经办人：经办人手机", Text: "13*******88"}, {Label: "关联人“欧阳𬀩”：证件号码", Text: "430104********0037"}},
			IdentityFrom: "基本信息第 2 版，现行有效", Reveal: view.RevealForm{Action: "/staff/subjects/x/reveal"},
			Then:  view.ThenForm{Action: "/staff/subjects/x/at", Time: "2026-11-23T16:00"},
			Kinds: []view.SubjectFact{{Label: "基本信息", Text: "1 项", Href: "/staff/subjects/x?tab=records"}, {Label: "执业人员", Text: "48 项", Href: "/staff/subjects/x?tab=records"}},
			Files: 93, FileBytes: 61 << 20,
			Processes: []view.SubjectProcess{{Text: "执业人员 周予安：变更审核中", Since: ago(26 * time.Hour), Href: "http://temporal.test/x"}},
		},
	}
	if change != nil {
		change(&m)
	}
	return m
}

// subjectShots are the subject's pages for staff, and where a person sets a
// password by a link of the counter.
func subjectShots() []shot {
	desk := staffPage("示范建工集团有限公司", "/staff/subjects/x")
	certificates := []view.CertificateRow{{Subject: "机构证书", Kind: "机构证书", Use: "签名证书", Algorithm: "SM2（国密）", Issuer: "示范 CA", Serial: "4F2A", From: ago(300 * time.Hour), To: now, State: view.Tag{Text: "有效", Tone: view.Good}, BoundBy: "首次登录时绑定"}}
	events := []view.SubjectEventRow{
		{At: ago(time.Hour), Text: "查看完整敏感信息", By: "周婧", Note: "核对办理人身份", Record: view.Link{}},
		{At: ago(26 * time.Hour), Text: "提交变更", Note: "升任", Record: view.Link{Href: "/staff/records/x", Text: "执业人员 周予安"}},
	}
	counter := view.CounterModel{
		Accounts: []view.Option{{Value: "a1", Label: "账号 1（2026-03-05 开通）"}, {Value: "a2", Label: "账号 2（2026-07-01 开通）"}},
		Reasons:  []view.Option{{Value: "forgotten", Label: "忘记密码"}, {Value: "other", Label: "其他"}}, Papers: []view.Option{{Value: "licence", Label: "营业执照、授权委托书和办理人身份证"}},
		Command: command, Minutes: 30, Rows: []view.ResetRow{
			{ID: "r1", Account: "账号 1", By: "周婧", Reason: "忘记密码", Paper: "营业执照、授权委托书和办理人身份证", Note: "持介绍信", At: ago(time.Minute), State: view.Tag{Text: "等待办理人设置", Tone: view.Info}, Open: true},
			{ID: "r2", Account: "账号 1", By: "周婧", Reason: "忘记密码", Paper: "其他", At: ago(900 * time.Hour), State: view.Tag{Text: "已使用", Tone: view.Good}},
		},
	}
	at := func(tab view.SubjectTab, change func(*view.StaffSubjectModel), words ...string) shot {
		name := "subject-" + cmp.Or(string(tab), "overview")
		return shot{name, view.StaffSubjectPage(desk, subjectPages(tab, change)), words}
	}
	opened := at(view.SubjectResets, func(m *view.StaffSubjectModel) {
		m.Counter = counter
		m.Counter.Link, m.Counter.QR, m.Counter.Expires = "https://reg.example.cn/reset/0123456789abcdefghijklmnopqrstuvwxyzABCDEFG", "data:image/png;base64,iVBORw0KGgo=", now
	}, "只显示这一次", "/reset/0123")
	opened.name = "subject-resets-opened"
	refused := at(view.SubjectResets, func(m *view.StaffSubjectModel) {
		m.Counter = counter
		m.Counter.Reason, m.Counter.Problems = "other", []form.Problem{{Field: "note", Label: "说明", Message: "选择“其他”时请写明情况"}}
	}, "（1 处错误）", "选择“其他”时请写明情况")
	refused.name = "subject-resets-refused"
	unproven := at(view.SubjectResets, func(m *view.StaffSubjectModel) {
		m.Counter.Denied, m.Counter.Claim = "该主体尚未核实，不能在柜台重置密码。", true
	}, "占用申诉", "/claims/new")
	unproven.name = "subject-resets-unproven"
	revealed := at(view.SubjectOverview, func(m *view.StaffSubjectModel) { m.Overview.Revealed, m.Overview.ProcessesAway = true, true }, "查看已留痕", "后台流程暂时查不到")
	revealed.name = "subject-revealed"
	asked := at(view.SubjectOverview, func(m *view.StaffSubjectModel) {
		m.Overview.Reveal.Reason, m.Overview.Reveal.Problem, m.Overview.Processes = "other", "选择“其他”时请写明原因", nil
	}, "选择“其他”时请写明原因", "没有正在进行的后台流程")
	asked.name = "subject-reveal-refused"
	return []shot{
		at(view.SubjectOverview, nil, "交易资格", "430104********0014", "查看原因", "后台流程", "61.0 MB"), revealed, asked,
		at(view.SubjectRecords, func(m *view.StaffSubjectModel) {
			m.Kinds = []view.Filter{{Label: "全部", Href: "?", Count: 49, On: true}, {Label: "执业人员", Href: "?k", Count: 48}}
			m.Records = []view.SubjectRecordRow{{Title: "周予安", Kind: "执业人员", Href: "/staff/records/x", State: view.Tag{Text: "变更审核中", Tone: view.Info}, Updated: ago(time.Hour), ReviewHref: "/staff/reviews/x"}, {Title: "芙蓉奖", Kind: "获奖信息", Href: "/staff/records/y", State: view.Tag{Text: "已生效", Tone: view.Good}, Updated: ago(90 * time.Hour)}}
			m.NextHref = "?after=x"
		}, "打开审核", "下一页", `aria-current="page"`),
		at(view.SubjectHistory, func(m *view.StaffSubjectModel) { m.Events = events[1:] }, "提交变更", "升任"),
		at(view.SubjectStaff, func(m *view.StaffSubjectModel) { m.Events = events }, "核对办理人身份"),
		at(view.SubjectCertificates, func(m *view.StaffSubjectModel) { m.Certificates = certificates }, "SM2（国密）"),
		at(view.SubjectApplications, func(m *view.StaffSubjectModel) {
			m.Applications = []view.ApplicationRow{{Title: "机构证书新办", Receipt: "20261123-7KQM4XHT9C", At: ago(time.Hour), State: view.Tag{Text: "办理中", Tone: view.Info}, Note: "等待答复"}}
		}, "20261123-7KQM4XHT9C"),
		at(view.SubjectSessions, func(m *view.StaffSubjectModel) {
			m.Sessions = []view.SubjectSession{{ID: "s1", Account: "账号 1", Device: "Chrome，Windows", Address: "192.0.2.0/24", Assurance: view.ByPassword, Began: ago(time.Hour), Seen: now}}
		}, "结束会话", "192.0.2.0/24"),
		at(view.SubjectMessages, func(m *view.StaffSubjectModel) {
			m.Messages = []view.Message{{Title: "审核通过", Text: "提交的内容已通过审核，现已生效。", At: ago(time.Hour), Href: "/staff/records/x", Read: true}, {Title: "密码已由柜台重置", Text: "…", At: ago(2 * time.Hour)}}
		}, "审核通过", "未读"),
		at(view.SubjectClaims, func(m *view.StaffSubjectModel) {
			m.Claims = []view.ClaimRow{{ID: "c", Number: "20260305-7KQ3WX4NP9", OpenedAt: ago(time.Hour), State: view.Tag{Text: "核实中", Tone: view.Info}}}
		}, "20260305-7KQ3WX4NP9", "未办结"),
		at(view.SubjectResets, func(m *view.StaffSubjectModel) { m.Counter = counter }, "开具一次性链接", "收回", "持介绍信"), opened, refused, unproven,
		{"reset", view.ResetPage(page("设置新密码", "/reset/x"), view.ResetModel{Token: "x", Name: "示范建工集团有限公司", Rules: rules}), []string{"设置新密码", "示范建工集团有限公司"}},
		{"reset-over", view.ResetOverPage(page("设置新密码", "/reset/x")), []string{"链接无效或已失效"}},
	}
}
