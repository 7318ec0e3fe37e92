package view_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"unireg/docs/guide"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/web/view"
)

// shot is one page of the gallery in one state.
type shot struct {
	name  string
	page  templ.Component
	words []string // that a person must find on it
}

// called names the shot.
func (s shot) called() string { return s.name }

// gallery is every page in every state that looks different.
func gallery() []shot {
	return slices.Concat(publicShots(), disclosureShots(), bidderShots(), confirmationShots(), teamShots(), recordShots(), connectedShots(), importShots(), caShots(), staffShots(), deskShots(), queueShots(), staffRecordShots(), memberShots(), subjectShots(), thenShots(), takeoutShots(), ruleShots(), interfaceShots(), statisticsShots(), troubleShots(), kindShots(), stateShots(), deskStateShots(), contactShots())
}

func publicShots() []shot {
	news := []view.Announcement{{Title: "11 月 28 日 22:00 起系统维护 2 小时，期间暂停提交", On: ago(72 * time.Hour)}}
	return []shot{
		{"start", view.StartPage(page("网上办事大厅", "/"), view.StartModel{Steps: steps, Facts: facts, Announcements: news}), []string{"网上办事大厅", "注册登记", "登录", "退回补正"}},
		{"help", view.HelpPage(page("帮助", "/help"), theGuide()), []string{"用户指南", "目录", "4.7 数字证书", "/help/pictures/01-start.png?v=", "图 1"}},
		{"login", view.LoginPage(page("登录", "/login"), view.LoginModel{Account: "示范建工集团有限公司", Remember: true, Facts: facts, Announcements: news}), []string{"账号登录", "CA证书登录", "记住账号"}},
		{"login-registered", view.LoginPage(page("登录", "/login"), view.LoginModel{
			Account: "91430100MA00DEM06N", Next: "/home", Facts: facts,
			Notices: []view.Notice{{Tone: view.Info, Title: "该代码已在本平台注册", Text: "请直接登录；账号是单位全称或统一社会信用代码。"}},
		}), []string{"已在本平台注册"}},
		{"login-refused", view.LoginPage(page("登录", "/login"), view.LoginModel{Account: "示范", Error: "账号或密码不正确，请核对后重试", Facts: facts}), []string{"账号或密码不正确"}},
		{"login-certificate", view.LoginPage(page("登录", "/login/certificate"), view.LoginModel{Certificate: true, Key: view.KeyModel{Agent: "http://127.0.0.1:17680"}, Facts: facts}), []string{"CA驱动下载", "没有检测到 CA 驱动", "【用户认证】"}},
		{"register", view.RegisterPage(page("新用户注册", "/register"), view.RegisterModel{IDTypes: idTypes()}), []string{"注册类型", "单位", "自然人", "代码或证件号", "下一步"}},
		{"register-refused", view.RegisterPage(page("新用户注册", "/register"), view.RegisterModel{
			Type: view.Person, IDTypes: idTypes(), IDType: codes.IDDocumentResident, Code: "43010419800101001",
			Problems: []form.Problem{{Field: "code", Label: "代码或证件号", Message: "身份证号码应为 18 位，现在有 17 位"}},
		}), []string{"（1 处错误）", "现在有 17 位"}},
		{"register-details", view.RegisterDetailsPage(page("完善注册信息", "/register/details"), view.RegisterDetailsModel{Type: view.Organization, Code: "91430100MA00DEM06N", Rules: rules}), []string{"单位全称", "新建密码", "注册并登录"}},
		{"register-details-person", view.RegisterDetailsPage(page("完善注册信息", "/register/details"), view.RegisterDetailsModel{
			Type: view.Person, IDType: "居民身份证", Code: "430104198001010014", Name: "陈明远", Rules: rules, Ticket: "ticket",
			Problems: []form.Problem{{Field: "password_again", Label: "再次输入密码", Message: "两次输入的密码不一致，请重新输入"}},
		}), []string{"姓名", "两次输入的密码不一致"}},
	}
}

// theGuide is empty where it cannot be read, which its own tests tell.
func theGuide() *guide.Guide {
	g, err := guide.Read()
	if err != nil {
		return &guide.Guide{}
	}
	return g
}

func idTypes() []view.Option {
	var all []view.Option
	for _, entry := range codes.IDDocumentTypes.Entries() {
		all = append(all, view.Option{Value: entry.Code, Label: entry.Name})
	}
	return all
}

func bidderShots() []shot {
	path := "/records/" + recordID
	problems := faulty().Form(now).Problems()
	fresh := &record.OrganizationDocument{LegalName: "示范建工集团有限公司", LegalCode: "91430100MA00DEM06N"}
	partial := document()
	partial.Region = choice(codes.Regions, "430000")
	partial.Agent.Name = ""
	remarks := []view.Remark{
		{Target: "representative_name", At: "representative_name", Label: "姓名", Text: "执照上为“陈明元”，请核对后重新填写。", By: "周婧", When: ago(time.Hour), Answer: "执照已更正，扫描件随附。"},
		{Target: "address", At: "address", Label: "注册地址", Text: "门牌号缺失。", By: "周婧", When: ago(time.Hour), Resolved: true},
		{Target: "representative_card#b2", At: "representative_card#b2", Label: "法定代表人身份证正反面“身份证反面.jpg”", Text: "不清晰。", By: "周婧", When: ago(time.Hour)},
		{Target: "licence#gone", At: "licence", Label: "营业执照“旧执照.pdf”", Text: "已过期。", By: "周婧", When: ago(time.Hour), Resolved: true},
	}
	record_ := view.RecordModel{
		RecordID: recordID, Heading: "基本信息", State: view.Tag{Text: "审核中", Tone: view.Info}, Form: document().Form(now),
		Version: 2, At: ago(26 * time.Hour), By: "周予安", Assurance: view.ByPassword, PaperOnly: true, Timeline: timeline,
		Actions: []view.Action{view.ActionWithdraw, view.ActionPrint}, Denied: []view.Denied{{Action: view.ActionChange, Reason: "本次提交正在审核，审核结束或撤回后可以变更"}}, Command: command,
	}
	inForce := record_
	inForce.State, inForce.Actions, inForce.Denied = view.Tag{Text: "已生效", Tone: view.Good}, []view.Action{view.ActionChange, view.ActionPrint}, nil
	inForce.Shown, inForce.Other = "显示的是现行有效的内容", &view.Link{Href: path + "?show=submitted", Text: "查看正在审核的内容"}
	returned := record_
	returned.State, returned.Actions = view.Tag{Text: "退回待补正", Tone: view.Warn}, []view.Action{view.ActionDiscard, view.ActionEdit, view.ActionPrint}
	returned.Denied, returned.Return = nil, &view.ReturnNote{Reason: "法定代表人姓名与营业执照不一致，请更正后重新提交。", Remarks: remarks, At: ago(time.Hour), Due: now.Add(150 * time.Hour)}
	receipt := view.ReceiptModel{
		Number: "20261123-7KQM4XHT9C", Move: "提交", Subject: "示范建工集团有限公司", Record: "基本信息", RecordHref: path,
		AcceptedAt: now, State: view.ReceiptProcessing, Assurance: view.ByPassword,
	}
	applied, refused := receipt, receipt
	applied.State, applied.Result, applied.Next = view.ReceiptApplied, "审核中", "审核人员将在 2026-11-25 17:30 前办结，结果会出现在消息里。"
	refused.Content, refused.State, refused.Reason, refused.Next = true, view.ReceiptRefused, "与已有的有效记录重复，请核对后再提交。", "修改后重新提交。"
	versions := []view.VersionRow{
		{No: 2, At: ago(200 * time.Hour), Reason: "法定代表人变更", By: "周予安", Assurance: view.ByCertificate, State: view.Tag{Text: "现行有效", Tone: view.Good}, Href: path + "/versions/2"},
		{No: 1, At: ago(4000 * time.Hour), Reason: "首次登记", By: "周予安", Assurance: view.ByPassword, State: view.Tag{Text: "已被替代"}, Href: path + "/versions/1"},
	}
	next := &view.NextStep{Title: "补正基本信息", Text: "审核人员退回了上次提交，有 1 条意见。", Href: path + "/edit", Label: "去补正", Due: now.Add(150 * time.Hour)}
	flashed := bidderPage("账号安全", "/account")
	flashed.Flash = []view.Notice{{Tone: view.Good, Text: "已结束 1 个登录会话。"}}
	return []shot{
		{"edit", view.EditPage(bidderPage("基本信息", path+"/edit"), edit(faulty(), func(m *view.EditModel) { m.Problems = problems })), []string{"（3 处错误）", "核对并提交", "保存草稿", "CA办理申请", "还差 2 处", "纸质标"}},
		{"edit-new", view.EditPage(bidderPage("基本信息", path+"/edit"), edit(fresh, func(m *view.EditModel) {
			m.Welcome, m.SavedAt, m.Files = &view.Welcome{Account: "示范建工集团有限公司"}, time.Time{}, nil
		})), []string{"注册成功", "您的登录账号是", "尚未上传", "更新下级选项"}},
		{"edit-returned", view.EditPage(bidderPage("基本信息", path+"/edit"), edit(partial, func(m *view.EditModel) {
			m.Remarks, m.ReturnReason, m.ReturnDue, m.ChangeReason = remarks, "法定代表人姓名与营业执照不一致。", now.Add(150*time.Hour), "法定代表人变更"
			m.State, m.CA.Missing = view.Tag{Text: "退回待补正", Tone: view.Warn}, nil
		})), []string{"审核退回", "审核意见", "已修改", "下一阶段开通"}},
		{"begin", view.BeginPage(bidderPage("基本信息", "/profile"), "基本信息"), []string{"开始填写", "还没有填写基本信息"}},
		{"print", view.PrintPage(page("打印基本信息", path+"/print"), view.PrintModel{
			Kind: "基本信息", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Version: 2, Receipt: "20261123-7KQM4XHT9C", State: view.Tag{Text: "现行有效"}, At: now,
			Assurance: view.ByCertificate, Signature: &view.Check{Text: "数字签名有效", Note: "示范 CA 签发"}, Reason: "法定代表人变更", SHA256: strings.Repeat("9f", 32), Form: document().Form(now), Back: path,
		}), []string{"第 2 版", "20261123-7KQM4XHT9C", "数字签名有效", "打印时间", "9f9f"}},
		{"print-draft", view.PrintPage(page("打印基本信息", path+"/print"), view.PrintModel{Kind: "基本信息", Draft: true, Subject: "示范建工集团有限公司", Form: faulty().Form(now), Back: path + "/edit"}), []string{"草稿，尚未提交"}},
		{"merge", view.MergePage(bidderPage("基本信息", path+"/draft"), merge(path)), []string{"已在别处修改", "您填写的", "已保存的", "两处都改了", "只在另一处改了", "两边都要", "全部用我的", "合并并保存", "legal_name"}},
		{"record", view.RecordPage(bidderPage("基本信息", path), record_), []string{"我的申报到哪一步了", "撤回", "纸质标"}},
		{"record-in-force", view.RecordPage(bidderPage("基本信息", path), inForce), []string{"变更", "变更原因"}},
		{"record-returned", view.RecordPage(bidderPage("基本信息", path), returned), []string{"放弃修改", "继续填写", "补正截止"}},
		{"check", view.CheckPage(bidderPage("核对基本信息", path+"/check"), view.CheckModel{RecordID: recordID, Heading: "基本信息", Form: document().Form(now), DraftVersion: 7, Command: command, PaperOnly: true, Next: "提交后由审核人员审核，预计 2 个工作日。"}), []string{"提交", "返回修改", command}},
		{"check-change", view.CheckPage(bidderPage("核对基本信息", path+"/check"), view.CheckModel{
			RecordID: recordID, Heading: "基本信息", Form: document().Form(now), Changes: form.Diff(earlier().Form(now), document().Form(now)),
			ChangeReason: "法定代表人变更", DraftVersion: 7, Command: command, Error: "草稿在核对期间有改动，请再次核对。",
		}), []string{"本次改动 6 处", "变更原因"}},
		{"home", view.HomePage(bidderPage("首页", "/home"), view.HomeModel{
			Profile: view.ProfileSummary{Href: path, State: view.Tag{Text: "退回待补正", Tone: view.Warn}, Text: "上次提交被退回，请在期限内补正。", Filled: 31, Required: 34},
			Paper:   view.Eligibility{Reasons: []string{"基本信息还没有审核通过"}}, Electronic: view.Eligibility{Reasons: []string{"基本信息还没有审核通过", "须用 CA 证书登录后提交基本信息"}},
			Next: next, Timeline: timeline, Messages: messages,
		}), []string{"纸质标", "电子标", "去补正"}},
		{"home-settled", view.HomePage(bidderPage("首页", "/home"), view.HomeModel{
			Corrections: []view.Correction{{Kind: "单位资质", Title: "建筑业 D243000001", Href: path + "/edit", Due: now.Add(50 * time.Hour)}},
			Profile:     view.ProfileSummary{Href: path, State: view.Tag{Text: "已生效", Tone: view.Good}, Text: "基本信息已生效。"},
			Paper:       view.Eligibility{Allowed: true, Reasons: []string{"基本信息已生效"}}, Electronic: view.Eligibility{Reasons: []string{"基本信息是以账号登录提交的"}},
		}), []string{"可以参加", "还没有消息", "待补正", "D243000001"}},
		{"receipt-processing", view.ReceiptPage(bidderPage("回执", "/receipts/x"), receipt), []string{"已受理，回执号 20261123-7KQM4XHT9C，正在处理", `http-equiv="refresh"`}},
		{"receipt-applied", view.ReceiptPage(bidderPage("回执", "/receipts/x"), applied), []string{"提交成功", "审核中"}},
		{"receipt-refused", view.ReceiptPage(bidderPage("回执", "/receipts/x"), refused), []string{"提交未生效", "重复"}},
		{"messages", view.MessagesPage(bidderPage("消息", "/messages"), view.MessagesModel{Messages: messages, Pager: view.Pager{Page: 2, Pages: 3, PrevHref: "?page=1", NextHref: "?page=3", Total: 41}}), []string{"全部标为已读", "去补正"}},
		{"messages-empty", view.MessagesPage(bidderPage("消息", "/messages"), view.MessagesModel{}), []string{"还没有消息"}},
		{"history", view.HistoryPage(bidderPage("变更历史总览", "/history"), view.HistoryModel{Then: view.ThenForm{Action: "/history/at", Time: "2026-11-23T16:00"}, Versions: versions}), []string{"变更原因", "提交方式", "查看"}},
		{"history-proof", view.HistoryPage(bidderPage("变更历史总览", "/history"), view.HistoryModel{Then: view.ThenForm{Action: "/history/at", Time: "2026-11-23T16:00"}, Versions: versions, ProofHref: "/history/proof"}), []string{"下载历史存证", "离线核验"}},
		{"history-empty", view.HistoryPage(bidderPage("变更历史总览", "/history"), view.HistoryModel{Then: view.ThenForm{Action: "/history/at", Time: "2026-11-23T16:00"}}), []string{"还没有变更记录"}},
		{"version", view.VersionPage(bidderPage("基本信息第 2 版", path+"/versions/2"), view.VersionModel{
			RecordID: recordID, Heading: "基本信息", Back: view.Link{Href: "/history", Text: "变更历史总览"}, Others: []int{3, 1}, No: 2, Before: 1, InForce: true, At: ago(200 * time.Hour), By: "周予安", Assurance: view.ByCertificate,
			Reason: "法定代表人变更", SHA256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Form: document().Form(now), Changes: form.Diff(earlier().Form(now), document().Form(now)),
		}), []string{"与第 1 版相比", "现行有效", "<del>", "<ins>"}},
		{"account", view.AccountPage(flashed, view.AccountModel{
			Accounts: []string{"示范建工集团有限公司", "91430100MA00DEM06N"}, Rules: rules,
			Problems: []form.Problem{{Field: "current_password", Label: "当前密码", Message: "当前密码不正确，请重新输入"}},
			Sessions: []view.Session{
				{ID: "s1", Device: "Chrome，Windows", Address: "192.0.2.17", Assurance: view.ByPassword, Began: ago(time.Hour), Seen: now, Current: true},
				{ID: "s2", Device: "Edge，Windows", Address: "198.51.100.8", Assurance: view.ByCertificate, Began: ago(30 * time.Hour), Seen: ago(2 * time.Hour)},
			},
		}), []string{"修改密码", "结束会话", "结束其他全部会话", "已结束 1 个登录会话"}},
	}
}

func staffShots() []shot {
	login := page("工作人员登录", "/staff/login")
	qr := "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	desk := staffPage("审核：示范建工集团有限公司 基本信息变更", "/staff/reviews/t2")
	return []shot{
		{"staff-login", view.StaffLoginPage(login, view.StaffLoginModel{Login: "zhoujing", Error: "账号或密码不正确"}), []string{"工作人员登录"}},
		{"staff-totp", view.TOTPPage(login, view.TOTPModel{Error: "口令不正确或已过期，请输入当前显示的数字"}), []string{"6 位动态口令"}},
		{"staff-enrol", view.TOTPEnrolPage(login, view.TOTPEnrolModel{QR: qr, Secret: "JBSWY3DPEHPK3PXPJBSWY3DP"}), []string{"JBSW Y3DP", "data:image/png"}},
		{"review", view.ReviewPage(desk, review(func(m *view.ReviewModel) {
			m.Decision, m.Reason = view.Return, "法定代表人姓名与营业执照不一致，请更正后重新提交。"
			m.Remarks = map[string]string{"representative_name": "执照上为“陈明元”，请核对后重新填写。"}
		})), []string{"通过", "退回补正", "系统核验", "关键", command, "remark.representative_name", "<del>", "<ins>"}},
		{"review-all-stacked", view.ReviewPage(desk, review(func(m *view.ReviewModel) {
			m.AllFields, m.Stacked, m.Revealed = true, true, true
			m.Prior = []view.Remark{
				{Target: "address", At: "address", Label: "注册地址", Text: "门牌号缺失。", Resolved: true, Since: form.Diff(earlier().Form(now), document().Form(now))[8:9]},
				{Target: "agent_name", At: "agent_name", Label: "经办人姓名", Text: "与授权书不一致。", Answer: "授权书上为曾用名。"},
			}
			m.Problems = []form.Problem{{Field: "decision", Label: "审核结论", Message: "请选择通过或退回补正"}}
		})), []string{"上次退回的意见", "请选择通过或退回补正"}},
		{"review-first", view.ReviewPage(desk, review(func(m *view.ReviewModel) {
			m.First, m.Changes, m.Kind, m.ChangeNote = true, form.Diff(nil, document().Form(now)), "首次登记", ""
			m.ClaimedBy, m.Mine, m.CanClaim, m.CanDecide, m.DenyReason = "", false, true, false, "领取后才能作出结论，以免两人同时办理。"
		})), []string{"领取办理", "首次登记，全部为新填"}},
		{"review-second", view.ReviewPage(desk, review(func(m *view.ReviewModel) {
			m.Second, m.FirstReviewer, m.FirstDecidedAt, m.FirstOpinion = true, "李衡", ago(3*time.Hour), "资料齐全"
			m.Decision = view.Confirm
		})), []string{"复核通过", "退回初审", "李衡"}},
		{"staff-subjects", view.SubjectsPage(staffPage("单位库", "/staff/subjects"), view.SubjectsModel{Query: "示范", Searched: true, Subjects: []view.SubjectRow{
			{Name: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Type: "单位", State: view.Tag{Text: "已生效", Tone: view.Good}, Registered: ago(5000 * time.Hour), Href: "/staff/subjects/x", ReviewHref: "/staff/reviews/x"},
		}}), []string{"91430100MA00DEM06N"}},
		{"staff-subjects-empty", view.SubjectsPage(staffPage("单位库", "/staff/subjects?q=x"), view.SubjectsModel{Query: "x", Searched: true}), []string{"没有找到"}},
	}
}

func troubleShots() []shot {
	var all []shot
	words := map[int]string{400: "无法识别", 403: "没有权限", 404: "没有找到", 409: "已被更新", 413: "文件过大", 422: "需要修改", 429: "过于频繁", 500: "系统出了问题", 503: "暂时无法使用"}
	for _, status := range slices.Sorted(maps.Keys(words)) {
		m := view.ErrorModel{Status: status, Reference: "7KQM4XHT29"}
		all = append(all, shot{"error-" + strconv.Itoa(status), view.ErrorPage(page("出错了", "/x"), m), []string{words[status], "7KQM4XHT29", "0731-82210013"}})
	}
	posted := []view.PostedField{{Name: "reason", Value: "法定代表人变更"}}
	all = append(all,
		shot{"error-500-again", view.ErrorPage(bidderPage("出错了", "/x"), view.ErrorModel{
			Status: 500, Reference: "7KQM4XHT29", Again: &view.Again{Action: "/records/" + recordID + "/change", Fields: posted}, Links: []view.Link{{Href: "/home", Text: "返回首页"}},
		}), []string{"再试一次", "不需要重新填写", "法定代表人变更"}},
		shot{"error-409-wrote", view.ErrorPage(bidderPage("出错了", "/x"), view.ErrorModel{
			Status: 409, Happened: "这一项正在审核，审核办结后可以变更", Reference: "7KQM4XHT29", Wrote: []string{"法定代表人变更"},
		}), []string{"您写的内容", "法定代表人变更", "复制"}},
	)
	ended := view.SessionEndedModel{Account: "示范建工集团有限公司", Action: "/records/" + recordID + "/draft", Fields: []view.PostedField{{Name: "legal_name", Value: "示范建工集团有限公司"}, {Name: "roles", Value: "bidder"}, {Name: "roles", Value: "supplier"}}}
	contrast := bidderPage("首页", "/home")
	contrast.Prefs = view.Prefs{Contrast: true, Large: true}
	return append(all,
		shot{"session-ended", view.SessionEndedPage(page("登录已过期", "/x"), ended), []string{"登录已过期", "kept.legal_name", "登录并继续"}},
		shot{"resume", view.ResumePage(bidderPage("继续办理", "/login"), view.ResumeModel{Action: ended.Action, Fields: ended.Fields}), []string{"继续", "legal_name"}},
		shot{"preferences", view.EditPage(contrast, edit(faulty(), func(m *view.EditModel) { m.Problems = faulty().Form(now).Problems() })), []string{`class="contrast large"`}},
	)
}
