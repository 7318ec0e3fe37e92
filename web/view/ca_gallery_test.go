package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

var (
	signing = view.CertificateRow{
		ID: recordID, Href: "/certificates/" + recordID, Subject: "机构证书", Kind: "机构证书", Use: "签名证书", Algorithm: "SM2（国密）",
		Issuer: "湖南数字证书认证 SM2 CA", Serial: "5D1C6E2A90B74F3381AA20261124", From: ago(8000 * time.Hour), To: now.Add(500 * time.Hour),
		State: view.Tag{Text: "即将到期", Tone: view.Warn}, BoundBy: "签发后自动绑定",
	}
	revoked = view.CertificateRow{
		ID: command, Href: "/certificates/" + command, Subject: "机构证书", Kind: "机构证书", Use: "签名证书", Algorithm: "RSA",
		Issuer: "湖南数字证书认证 RSA CA", Serial: "4F3A7C11", From: ago(20000 * time.Hour), To: ago(100 * time.Hour),
		State: view.Tag{Text: "吊销", Tone: view.Bad}, BoundBy: "首次登录时绑定",
	}
	counterPlaces = []view.Counter{
		{Name: "长沙受理点", Address: "长沙市雨花区万家丽南路二段 29 号一楼 12 号窗口", Hours: "工作日 9:00–17:00", Phone: "0731-82210013"},
		{Name: "株洲受理点", Address: "株洲市天元区神农城行政中心", Hours: "工作日 9:00–16:30"},
	}
)

func application(tone view.Tone, state, headline, text string, change func(*view.ApplicationModel)) view.ApplicationModel {
	m := view.ApplicationModel{
		ID: recordID, Title: "机构证书申请", State: view.Tag{Text: state, Tone: tone}, Tone: tone, Headline: headline, Text: text, Paper: true,
		Command: command, Undo: recordID, Fields: []view.Fact{
			{Name: "回执号", Text: "20261123-7KQM4XHT9C"},
			{Name: "CA 订单号", Text: "CA2026112300017"},
			{Name: "证书类型", Text: "机构证书"},
			{Name: "有效期", Text: "1 年"},
			{Name: "领取方式", Text: "窗口领取"},
		},
		Timeline: []view.Event{
			{At: ago(2 * time.Hour), Text: "提交申请", Phase: view.Done},
			{At: ago(time.Hour), Text: "已送达 CA 公司", Phase: view.Done},
			{Text: "等待 CA 公司受理，请带资料到受理点", Phase: view.Going},
			{Text: "审核、支付费用后制证", Phase: view.Ahead},
			{Text: "CA 公司签发证书", Phase: view.Ahead},
			{Text: "证书绑定到当前账号，可以登录", Phase: view.Ahead},
		},
	}
	if change != nil {
		change(&m)
	}
	return m
}

// caShots are the pages around CA certificates.
func caShots() []shot {
	apply := view.ApplyModel{
		Title: "CA办理申请", Business: "apply", Label: "申请", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Command: command,
		Explains: []string{"首次办理 CA 锁，或为法定代表人、经办人另办一把。", "提交后本页告知申请是否成功；成功后打印《数字证书申请表》，带齐资料到受理点办理。"},
		Kinds: []view.Choice{
			{Value: "organization", Label: "机构证书", Denied: "已有申请正在办理（受理中）。", Href: "/ca/applications/" + recordID},
			{Value: "representative", Label: "法定代表人证书", Hint: "由法定代表人持有"},
			{Value: "agent", Label: "经办人证书", Hint: "由经办人持有"},
		},
		Kind: "representative", Years: []view.Choice{{Value: "1", Label: "1 年"}, {Value: "2", Label: "2 年"}, {Value: "3", Label: "3 年"}}, Year: "1",
		Pickups: []view.Choice{{Value: "counter", Label: "窗口领取", Hint: "带齐资料到受理点当场领取"}, {Value: "mail", Label: "邮寄", Hint: "资料审核后寄到指定地址"}}, Pickup: "mail",
		Problems: []form.Problem{{Field: "mail_address", Label: "邮寄地址", Message: "请填写邮寄地址，不超过 200 字"}},
	}
	missing := apply
	missing.Problems, missing.MissingHref = nil, "/records/"+recordID+"/edit"
	missing.Missing = []form.Problem{{Field: "address", Label: "注册地址", Message: "请填写注册地址"}, {Field: "representative_name", Label: "姓名", Message: "请填写姓名"}}
	revoke := view.ApplyModel{
		Title: "证书注销", Business: "revoke", Label: "注销", Subject: apply.Subject, Code: apply.Code, Command: command, Certificate: &signing,
		Explains: []string{"不再使用这张证书时办理，注销后不能恢复。"}, Warning: "注销生效后证书立即失效；没有其他有效证书的，不能再开展电子标业务。",
	}
	success := application(view.Good, "已发送", "申请成功", "CA 公司已收到申请。请打印《数字证书申请表》，带齐资料到受理点办理。", func(m *view.ApplicationModel) {
		m.Papers, m.Counters, m.Withdraw = []string{"数字证书申请表一式一份，加盖公章", "营业执照副本复印件，加盖公章", "经办人身份证原件"}, counterPlaces, true
	})
	failed := application(view.Bad, "发送失败", "申请没有发送成功", "申请已保存，没有丢失，系统会继续自动重发；也可以点“重新发送”立即再试。", func(m *view.ApplicationModel) {
		m.Resend, m.Withdraw, m.Hotline = true, true, true
	})
	pending := application(view.Info, "待发送", "申请已受理，正在发送给 CA 公司", "不需要重复提交，可以离开本页。", func(m *view.ApplicationModel) { m.Waiting = true })
	rejected := application(view.Bad, "拒绝", "CA 公司没有受理这份申请", "申请已结束。", func(m *view.ApplicationModel) {
		m.Reason, m.Hotline, m.Paper = "营业执照已过期", true, false
	})
	bound := application(view.Good, "已绑定", "证书已签发并绑定", "现在可以用 CA 锁登录。", func(m *view.ApplicationModel) { m.Certificate = signing.Href })
	certificate := view.CertificateModel{
		CertificateRow: signing, Title: "示范建工集团有限公司", File: signing.Href + "/file",
		Notices: []view.Notice{{Tone: view.Warn, Text: "证书即将到期，到期后不能登录和签名，请及时办理续期。"}},
		Groups: []view.FactGroup{
			{Name: "证书内容", Facts: []view.CertificateFact{{Name: "证书主体", Text: "CN=示范建工集团有限公司,O=示范建工集团有限公司,C=CN", Code: true}, {Name: "序列号", Text: signing.Serial, Code: true}, {Name: "算法", Text: "SM2（国密）"}}},
			{Name: "指纹", Facts: []view.CertificateFact{{Name: "SHA-256", Text: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Code: true}}},
		},
		Actions: []view.CertificateAction{
			{Label: "续期", Text: "证书到期前 30 天起请及时办理。", Href: "/ca/applications/new?business=renew"},
			{Label: "补办（挂失）", Text: "CA 锁遗失、被盗或损坏时办理。", Denied: "正在办理（受理中）", Href: "/ca/applications/" + recordID, LinkText: "查看进度"},
			{Label: "解锁", Text: "口令输错次数用完时办理。", Denied: "证书挂失，不能办理"},
			{Label: "注销", Text: "不再使用这张证书时办理，注销后不能恢复。", Href: "/ca/applications/new?business=revoke", Danger: true},
		},
	}
	list := view.CertificateListModel{
		Certificates: []view.CertificateRow{signing, revoked}, Apply: "/ca/applications/new", Expiring: []view.CertificateRow{signing},
		Applications: []view.ApplicationRow{{Href: "/ca/applications/" + recordID, Title: "机构证书申请", Receipt: "20261123-7KQM4XHT9C", At: ago(time.Hour), State: view.Tag{Text: "发送失败", Tone: view.Warn}, Note: "暂时无法连接 CA 公司的系统，系统将自动重试。"}},
	}
	bidder := func(title, path string) view.Page { return bidderPage(title, path) }
	return append([]shot{
		{"ca-apply", view.ApplyPage(bidder("CA办理申请", "/ca/applications/new"), apply), []string{"确定", "证书类型", "已有申请正在办理", "邮寄地址", command}},
		{"ca-apply-missing", view.ApplyPage(bidder("CA办理申请", "/ca/applications/new"), missing), []string{"还差 2 处", "edit#f-representative_name"}},
		{"ca-apply-revoke", view.ApplyPage(bidder("证书注销", "/ca/applications/new"), revoke), []string{"不能再开展电子标业务", signing.Serial}},
		{"ca-success", view.ApplicationPage(bidder("申请", "/ca/applications/x"), success), []string{"申请成功", "请携带", "受理点", "数字证书申请表", "撤销申请"}},
		{"ca-failed", view.ApplicationPage(bidder("申请", "/ca/applications/x"), failed), []string{"没有发送成功", "重新发送", "0731-82210013/82210016", "878543073"}},
		{"ca-pending", view.ApplicationPage(bidder("申请", "/ca/applications/x"), pending), []string{`http-equiv="refresh"`, "data-refresh"}},
		{"ca-rejected", view.ApplicationPage(bidder("申请", "/ca/applications/x"), rejected), []string{"营业执照已过期"}},
		{"ca-bound", view.ApplicationPage(bidder("申请", "/ca/applications/x"), bound), []string{"查看证书"}},
		{"ca-section", view.RecordPage(bidder("基本信息", "/records/x"), view.RecordModel{
			RecordID: recordID, Heading: "基本信息", Form: document().Form(now)[:1], Command: command,
			CA: &view.CAModel{State: view.Tag{Text: "受理中", Tone: view.Info}, Action: "/ca/applications/new", Links: []view.CALink{{Href: "/ca/applications/x", Text: "机构证书申请，回执号 20261123-7KQM4XHT9C", State: view.Tag{Text: "受理中", Tone: view.Info}}}},
		}), []string{"CA办理申请", "回执号"}},
		{"certificates", view.CertificateListPage(bidder("数字证书", "/certificates"), list), []string{"4F3A7C11", "即将到期", "办理记录", "办理续期"}},
		{"certificates-empty", view.CertificateListPage(bidder("数字证书", "/certificates"), view.CertificateListModel{Apply: "/ca/applications/new"}), []string{"还没有绑定数字证书"}},
		{"certificate", view.CertificatePage(bidder("数字证书", signing.Href), certificate), []string{"下载证书", "SHA-256", "续期", "补办（挂失）", "查看进度"}},
	}, append(driverShots(), claimShots()...)...)
}

func driverShots() []shot {
	sum := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	downloads := view.DownloadsModel{
		Agent: "http://127.0.0.1:17680", Origin: "https://reg.example.cn", Suggested: "ukey-windows-amd64.exe", Downloads: []view.Download{
			{System: "Windows", Processor: "64 位", File: "ukey-windows-amd64.exe", Href: "/downloads/ukey-windows-amd64.exe", Size: 12_345_678, SHA256: sum},
			{System: "macOS", Processor: "Apple 芯片", File: "ukey-darwin-arm64", Href: "/downloads/ukey-darwin-arm64", Size: 11_345_678, SHA256: sum},
			{System: "Linux", Processor: "x86-64", File: "ukey-linux-amd64", Missing: true},
		},
	}
	silent := view.StaffApplicationsModel{Rows: []view.StaffApplicationRow{{
		Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Title: "机构证书申请", Receipt: "20261123-7KQM4XHT9C", OrderNo: "CA2026112300017",
		State: view.Tag{Text: "受理中", Tone: view.Info}, Accepted: ago(200 * time.Hour), Heard: ago(100 * time.Hour), Escalated: ago(50 * time.Hour),
		ProcessHref: "http://temporal.test/x", Failure: "签发的证书未能绑定：证书中的代码与本主体不一致。",
	}}}
	return []shot{
		{"downloads", view.DownloadsPage(page("CA驱动下载", "/downloads"), downloads), []string{"运行", "安装", "完成", "【用户认证】", "SHA-256", "本站暂未提供", "https://reg.example.cn"}},
		{"staff-applications", view.StaffApplicationsPage(staffPage("CA 督办", "/staff/applications"), silent), []string{"流程", "CA2026112300017"}},
		{"staff-applications-empty", view.StaffApplicationsPage(staffPage("CA 督办", "/staff/applications"), view.StaffApplicationsModel{}), []string{"没有需要督办"}},
	}
}

func claimShots() []shot {
	claim := view.ClaimFormModel{Type: view.Organization, IDTypes: idTypes(), Command: command, Papers: []string{"单位：营业执照、法定代表人身份证", "自然人：本人身份证件"}, MaxText: 1000}
	refused := claim
	refused.Problems = []form.Problem{{Field: "phone", Label: "联系电话", Message: "请填写手机号码，或带区号的固定电话"}, {Field: "text", Label: "情况说明", Message: "请填写情况说明"}}
	settle := view.ClaimModel{
		Number: "20261123-7KQM4XHT9C", State: view.Tag{Text: "成立，待设置密码", Tone: view.Good}, Title: "占用申诉", Text: "申诉成立。原账号已停用，请用工作人员告知的设置码设置登录密码。",
		Answer: "已电话核实。", OpenedAt: ago(30 * time.Hour), Settle: true, Expires: now.Add(100 * time.Hour), Rules: rules,
		Timeline: []view.Event{{At: ago(30 * time.Hour), Text: "申诉已提交", Phase: view.Done}, {Text: "等待设置登录密码", Phase: view.Going}},
	}
	boss := staffPage("占用申诉", "/staff/claims")
	boss.Viewer.Role, boss.Viewer.Supervisor = "管理员", true
	open := view.StaffClaimModel{
		ID: recordID, Number: settle.Number, State: view.Tag{Text: "核实中", Tone: view.Info}, Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Type: "单位",
		OpenedAt: ago(30 * time.Hour), Name: "陈明远", Position: "法定代表人", Phone: "138****6021", Text: "我单位从未在本平台注册，今日注册时提示已注册。", Open: true,
		Problems: []form.Problem{{Field: "verified", Label: "核实身份", Message: "请先核实申诉人身份，再勾选"}},
	}
	granted := open
	granted.Open, granted.Problems, granted.NewCode, granted.Renew = false, nil, "acde-fghj-kmnp-qrtw", true
	granted.DecidedAt, granted.DecidedBy, granted.Answer, granted.CodeState = now, "何志成", "已电话核实。", "等待申诉人设置，设置码有效至 2026-11-30 09:42"
	return []shot{
		{"claim-new", view.ClaimFormPage(page("占用申诉", "/claims/new"), claim), []string{"占用申诉", "情况说明", "查询申诉进度", `data-proof="/challenge"`}},
		{"claim-new-refused", view.ClaimFormPage(page("占用申诉", "/claims/new"), refused), []string{"（2 处错误）"}},
		{"claim-settle", view.ClaimPage(page("占用申诉进度", "/claims/x"), settle), []string{"设置码", "新建密码"}},
		{"staff-claims", view.ClaimsPage(boss, view.ClaimsModel{Claims: []view.ClaimRow{{ID: recordID, Number: settle.Number, Subject: open.Subject, Code: open.Code, OpenedAt: open.OpenedAt, State: open.State}}}), []string{"未办结"}},
		{"staff-claim", view.StaffClaimPage(boss, open), []string{"移交给申诉人", "驳回申诉", "138****6021", "查看会留痕"}},
		{"staff-claim-granted", view.StaffClaimPage(boss, granted), []string{"acde-fghj-kmnp-qrtw", "重新生成设置码"}},
	}
}
