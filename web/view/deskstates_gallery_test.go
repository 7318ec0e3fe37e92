package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// deskStateShots are states of the staff's pages that none of the other shots is
// in.
func deskStateShots() []shot {
	path := "/staff/subjects/x"
	subject := func(name string, tab view.SubjectTab, change func(*view.StaffSubjectModel), words ...string) shot {
		return shot{name, view.StaffSubjectPage(staffPage("示范建工集团有限公司", path), subjectPages(tab, change)), words}
	}
	desk := func(name string, change func(*view.ReviewModel), words ...string) shot {
		return shot{name, view.ReviewPage(staffPage("审核：示范建工集团有限公司", "/staff/reviews/t2"), review(change)), words}
	}
	queue := view.QueueModel{
		State: "mine", Batch: command, Total: 2, States: []view.Filter{{Label: "全部", Href: "/staff", Count: 38}, {Label: "我办理的", Href: "/staff?state=mine", Count: 2, On: true}},
		Saved: []view.SavedFilter{{ID: "f1", Name: "长沙资质", Href: "/staff?kind=qualification", On: true}},
		Tasks: []view.ReviewTask{
			{ID: "t1", Subject: "远山水利工程有限公司", Code: "91430100MA00DEM14H", Kind: view.Tag{Text: "首次登记"}, FiledAt: ago(74 * time.Hour), Due: now.Add(2 * time.Hour), ClaimedBy: "周婧", Mine: true, Decided: true},
			{ID: "t2", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: view.Tag{Text: "补正重提"}, FiledAt: ago(26 * time.Hour), Due: now.Add(5 * time.Hour), GivenTo: "周婧", Mine: true, CanTake: true},
		},
		Colleagues: []view.Option{{Value: "c1", Label: "李衡（复核员，手上 3 件）"}},
	}
	nothing := queue
	nothing.Tasks, nothing.Total = nil, 0
	totp := view.TOTPModel{Action: "/staff/reviews/t2/return", Fields: []view.PostedField{{Name: "reason", Value: "请修改"}}}
	batch := view.BatchModel{ID: command, Title: "批量通过", At: ago(time.Hour), Back: "/staff", Done: 1, Lines: []view.BatchLine{{Task: tasks[2], State: view.Tag{Text: "已通过", Tone: view.Good}}}}
	work := view.WorkModel{
		Member: "周婧", State: view.Tag{Text: "离岗", Tone: view.Warn}, Action: "/staff/members/x/work", MaxNote: 200, To: "queue", Colleagues: []view.Option{{Value: "s1", Label: "罗敏（复核员，手上 2 件）"}},
		Rows: []view.HeldRow{{ID: "t2", Subject: "示范二建有限公司", Code: "91430100MA00DEM06N", Kind: view.Tag{Text: "新增获奖信息", Tone: view.Info}, FiledAt: ago(2 * time.Hour), Due: now.Add(30 * time.Hour), How: "领取，保留到 03-05 10:00"}},
	}
	silent := view.StaffApplicationsModel{Rows: []view.StaffApplicationRow{{
		Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Title: "机构证书申请", Receipt: "20261123-7KQM4XHT9C", State: view.Tag{Text: "发送失败", Tone: view.Bad}, Accepted: ago(20 * time.Hour), Attempts: 31,
	}}}
	proven := view.StaffClaimModel{
		ID: recordID, Number: "20261123-7KQM4XHT9C", State: view.Tag{Text: "核实中", Tone: view.Info}, Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Type: "单位", Proven: true, Verified: true, Open: true,
		OpenedAt: ago(30 * time.Hour), Name: "陈明远", Position: "法定代表人", Phone: "138****6021", Text: "我单位从未在本平台注册。",
		Reveal:   view.RevealForm{Action: "/staff/claims/x/reveal", Fields: []view.PostedField{{Name: "tab", Value: "claim"}}},
		Problems: []form.Problem{{Field: "refuse", Label: "办理说明", Message: "请写明驳回的理由"}},
	}
	granting := proven
	granting.Proven = false
	decided := view.ClaimRow{ID: "c", Number: "20260305-7KQ3WX4NP9", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", OpenedAt: ago(90 * time.Hour), DecidedAt: ago(time.Hour), State: view.Tag{Text: "驳回", Tone: view.Bad}}
	away := view.StaffRecordModel{
		RecordID: recordID, Kind: "执业人员", Title: "周予安", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", State: view.Tag{Text: "已生效", Tone: view.Good}, No: 1, At: ago(time.Hour),
		Assurance: view.ByCertificate, Changes: form.Diff(nil, document().Form(now)), ProcessAway: true, SubjectHref: path,
	}
	figures := view.StatisticsModel{
		From: "2026-11-01", To: "2026-11-23", Period: "2026-11-01 至 2026-11-23", Kinds: []view.Option{{Label: "全部"}}, Regions: []view.Option{{Label: "全部"}}, Staff: []view.Option{{Label: "全部"}},
		Tables: []view.FigureTable{{
			ID: "by-day", Title: "按日", Note: "按办结日统计", Headings: []string{"日期", "通过", "退回", "平均用时（小时）"},
			Rows:  []view.FigureRow{{Head: "11-20", Sub: "星期五", Cells: []string{"12", "3", "5.5"}}, {Head: "11-23", Sub: "星期一", Cells: []string{"9", "1", "4"}}},
			Chart: &view.FigureChart{Bars: []int{1, 2}, Stack: true, Line: 3, Label: "柱形图：通过、退回；折线：平均用时", Colours: []string{"ok", "warn", "blue"}},
		}},
	}
	ended := view.SessionEndedModel{Staff: true, Account: "zhoujing", Action: "/staff/reviews/t2/return", Error: "账号或密码不正确", Fields: totp.Fields}
	return []shot{
		desk("review-sealed", func(m *view.ReviewModel) {
			m.Files = map[string]view.FileState{"a1": view.FileRefused, "b1": view.FilePending}
			m.Handed = []view.Handed{{At: ago(3 * time.Hour), Text: "李衡 转交给 周婧", Note: "您更熟悉这家单位"}, {At: ago(2 * time.Hour), Text: "周婧 领取"}}
			m.ProcessHref, m.Decision = "http://temporal.test/x", view.Return
			m.Checks = []view.Check{{Tone: view.Bad, Text: "法定代表人证件号码与执照不一致", Facts: []view.Fact{{Name: "填报", Text: "430104********0014"}, {Name: "执照", Text: "430104********0037"}}}}
			m.Problems = []form.Problem{{Field: "reason", Label: "意见", Message: "退回补正时请写明意见，或在字段旁写意见"}}
		}, "您更熟悉这家单位", "Temporal Web", "请写明意见", "未通过病毒扫描"),
		desk("review-fileless", func(m *view.ReviewModel) {
			before := earlier()
			before.Licence = nil
			m.Changes = form.Diff(before.Form(now), document().Form(now))
		}, "未上传"),
		{"staff-queue-mine", view.QueuePage(bossPage("审核队列", "/staff?state=mine"), queue), []string{"已决定，即将生效", "分派给我", `name="state"`}},
		{"staff-queue-mine-nothing", view.QueuePage(staffPage("审核队列", "/staff?state=mine"), nothing), []string{"这里没有待办的审核", "查看全部"}},
		{"staff-batch-done", view.BatchPage(staffPage("批量通过结果", "/staff/queue/batches/x"), batch), []string{"建筑工程施工总承包壹级"}},
		{"review-handing", view.ReviewPage(bossPage("审核", "/staff/reviews/t2"), review(func(m *view.ReviewModel) {
			m.Handover = &view.HandoverModel{Action: "/staff/reviews/t2/assign", Colleagues: queue.Colleagues}
		})), []string{"分派给…"}},
		{"staff-totp-resume", view.TOTPPage(page("动态口令", "/staff/totp"), totp), []string{"刚才填写的内容都保留着", "kept.reason"}},
		{"session-ended-staff", view.SessionEndedPage(page("登录已过期", "/x"), ended), []string{"zhoujing"}},
		{"staff-subjects-none", view.SubjectsPage(staffPage("单位库", "/staff/subjects"), view.SubjectsModel{}), []string{"还没有主体注册"}},
		{"staff-applications-unheard", view.StaffApplicationsPage(staffPage("CA 督办", "/staff/applications"), silent), []string{"从未答复，已尝试 31 次"}},
		{"staff-claims-empty", view.ClaimsPage(bossPage("占用申诉", "/staff/claims"), view.ClaimsModel{}), []string{"没有占用申诉"}},
		{"staff-claims-decided", view.ClaimsPage(bossPage("占用申诉", "/staff/claims"), view.ClaimsModel{Claims: []view.ClaimRow{decided}}), []string{"驳回"}},
		{"staff-claim-proven", view.StaffClaimPage(bossPage("占用申诉", "/staff/claims"), proven), []string{"该主体已经核实", "请写明驳回的理由"}},
		{"staff-claim-granting", view.StaffClaimPage(bossPage("占用申诉", "/staff/claims"), granting), []string{" checked"}},
		{"staff-log-narrowed", view.LogPage(staffPage("操作日志", "/staff/log?from=2026-11-01"), view.LogModel{Narrowed: true, ExportHref: "/staff/log/export?from=2026-11-01", From: "2026-11-01", Groups: []view.Option{{Label: "全部操作"}}}), []string{"这个条件下没有记录"}},
		{"staff-record-away", view.StaffRecordPage(staffPage("执业人员 周予安", "/staff/records/x"), away), []string{"后台流程暂时查不到"}},
		{"statistics-columns", view.StatisticsPage(staffPage("统计", "/staff/statistics"), figures), []string{"按办结日统计", "data-stack", "星期五"}},
		{"work-queue", view.WorkPage(supervisorPage("周婧的在办件", "/staff/members/x/work"), work), []string{" selected"}},
		subject("subject-resets-empty", view.SubjectResets, func(m *view.StaffSubjectModel) {
			m.Counter = view.CounterModel{Accounts: []view.Option{{Value: "a1", Label: "账号 1（2026-03-05 开通）"}, {Value: "a2", Label: "账号 2（2026-07-01 开通）"}}, Command: command, Minutes: 30}
			m.Counter.Problems = []form.Problem{{Field: "account", Label: "账号", Message: "请选择账号"}}
		}, "请选择账号"),
		subject("subject-unfiled", view.SubjectOverview, func(m *view.StaffSubjectModel) { m.Overview.Identity, m.Overview.IdentityFrom = nil, "" }, "还没有提交过基本信息"),
		subject("subject-elsewhere", view.SubjectOverview, func(m *view.StaffSubjectModel) { m.Covered, m.Overview.Reveal = false, view.RevealForm{} }, "不在您负责的地区内"),
		subject("subject-records-none", view.SubjectRecords, nil, "没有提交过这一类申报"),
		subject("subject-history-none", view.SubjectHistory, nil),
		subject("subject-certificates-none", view.SubjectCertificates, nil, "没有绑定过数字证书"),
		subject("subject-applications-none", view.SubjectApplications, nil, "没有申请过数字证书"),
		subject("subject-sessions-none", view.SubjectSessions, nil, "现在没有登录的会话"),
		subject("subject-sessions-read", view.SubjectSessions, func(m *view.StaffSubjectModel) {
			m.Supervisor = false
			m.Sessions = []view.SubjectSession{{ID: "s1", Account: "账号 1", Device: "Chrome，Windows", Address: "192.0.2.0/24", Assurance: view.ByCertificate, Began: ago(time.Hour), Seen: now}}
		}, "管理员可以结束"),
		subject("subject-messages-none", view.SubjectMessages, nil, "还没有给该主体的消息"),
		subject("subject-claims-none", view.SubjectClaims, nil, "没有针对该主体的占用申诉"),
		subject("subject-claims-decided", view.SubjectClaims, func(m *view.StaffSubjectModel) { m.Supervisor, m.Claims = false, []view.ClaimRow{decided} }, "驳回"),
	}
}
