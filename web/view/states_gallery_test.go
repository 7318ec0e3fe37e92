package view_test

import (
	"fmt"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/web/view"
)

// keyPage is a bidder's page in a session of a certificate.
func keyPage(title, path string) view.Page {
	p := bidderPage(title, path)
	p.Viewer.Assurance = view.ByCertificate
	return p
}

// kindShots are the forms of each kind of record as they are filled, and what
// was filed of it.
func kindShots() []shot {
	var all []shot
	scan := sample.File("f1", "扫描件.pdf")
	owner := record.Subject{Type: record.Organization, Code: "91430100MA00DEM06N", Name: "示范建工集团有限公司", IDType: "01"}
	for _, kind := range []record.Kind{record.PersonProfile, record.Qualification, record.Performance, record.Practitioner, record.Award} {
		document := sample.Document(kind, owner, 1, scan)
		if kind == record.PersonProfile {
			document = sample.Person(sample.ResidentID(7), "谭予安", scan)
		}
		f, path := document.Form(now), "/records/"+recordID
		back := &view.Link{Href: "/records?kind=" + string(kind), Text: kind.Label()}
		if kind.Profile() {
			back = nil
		}
		draft := view.EditModel{
			RecordID: recordID, Heading: document.Title(), Back: back, State: view.Tag{Text: "草稿", Tone: view.Warn}, Form: f, Whole: f, DraftVersion: 3, SavedAt: ago(time.Minute),
			Command: command, Actions: []view.Action{view.ActionDelete}, Upload: view.UploadPolicy{MaxBytes: 20 << 20, Accept: ".pdf,.jpg,.jpeg,.png"},
		}
		filed := view.RecordModel{
			RecordID: recordID, Heading: document.Title(), Kind: kind.Label(), Back: back, State: view.Tag{Text: "已生效", Tone: view.Good}, Form: f, Version: 1, At: ago(time.Hour),
			By: owner.Name, Assurance: view.ByCertificate, Command: command, Actions: []view.Action{view.ActionPrint, view.ActionChange},
		}
		all = append(all,
			shot{"kind-" + string(kind) + "-edit", view.EditPage(keyPage(kind.Label(), path+"/edit"), draft), []string{document.Title(), "核对并提交"}},
			shot{"kind-" + string(kind), view.RecordPage(keyPage(kind.Label(), path), filed), []string{document.Title(), "已生效"}},
		)
	}
	return all
}

// stateShots are states of the public's and the bidders' pages that none of the
// other shots is in: together they draw every branch of the templates.
func stateShots() []shot {
	path := "/records/" + recordID
	scan := sample.File("f1", "扫描件.pdf")
	linked := view.Notice{Tone: view.Info, Title: "您有一份申请没有办完", Text: "可以继续办理。", Link: "/ca/applications/x", LinkText: "继续办理"}
	pressed := view.LoginModel{Account: "示范建工集团有限公司", Proof: true, Next: "/home", Facts: facts, Problems: []form.Problem{{Field: "password", Label: "密码", Message: "请填写密码"}}}

	none := view.ApplyModel{
		Title: "CA办理申请", Business: "apply", Label: "申请", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Command: command, Explains: []string{"首次办理 CA 锁。"},
		Kinds: []view.Choice{{Value: "organization", Label: "机构证书", Denied: "已有申请正在办理（受理中）。", Href: "/ca/applications/" + recordID}, {Value: "agent", Label: "经办人证书", Denied: "还没有填写经办人。"}},
	}
	posts := edit(document(), func(m *view.EditModel) {
		m.CA = &view.CAModel{State: view.Tag{Text: "未办理"}, Action: "/ca/start", Posts: true}
		m.Files = map[string]view.FileState{"b1": view.FileRefused, "c1": view.FilePending}
		m.SavedAt = time.Time{}
	})
	crowded := document()
	crowded.LicenceLongTerm, crowded.LicenceExpires, crowded.Licence = true, "", nil
	for n := range form.MaxFiles {
		crowded.Licence = append(crowded.Licence, file(fmt.Sprintf("p%d", n), fmt.Sprintf("营业执照第 %d 页.jpg", n+1), "image/jpeg", 400_000))
	}
	bare := sample.Qualification("D243000001", scan)
	bare.Lines, bare.Certificate = nil, nil
	rows := view.EditModel{
		RecordID: recordID, Heading: "新增资质", Back: &view.Link{Href: "/records?kind=qualification", Text: "单位资质"}, State: view.Tag{Text: "草稿", Tone: view.Warn},
		Form: bare.Form(now), Whole: bare.Form(now), DraftVersion: 1, Command: command,
	}
	person := sample.Practitioner(sample.ResidentID(3), "周予安", scan)
	first := rows
	first.Heading, first.Whole, first.Form = "新增人员", person.Form(now), person.Form(now)[:1]
	registrations := person.Form(now).Field("registrations")
	row := rows
	row.Heading, row.Whole, row.Form = person.Title(), person.Form(now), person.Form(now)[1:2]
	row.Row = &view.RowForm{Group: registrations, Row: registrations.Rows()[0]}
	award := sample.Award("芙蓉奖", scan)
	lonely := rows
	lonely.Heading, lonely.Whole, lonely.Form = award.Title(), award.Form(now), award.Form(now)

	denied := view.RecordModel{
		RecordID: recordID, Heading: "D243000001", Kind: "单位资质", State: view.Tag{Text: "已生效", Tone: view.Good}, Form: bare.Form(now), Version: 1, At: ago(time.Hour), By: "示范建工集团有限公司",
		KeyLogin: "/login/certificate?next=%2F", Notices: []view.Notice{{Tone: view.Warn, Title: "提交未生效", Text: "与已有的有效记录重复。"}}, Command: command,
		Denied: []view.Denied{{Action: view.ActionChange, Reason: "须用 CA 证书登录"}, {Action: view.ActionVoid, Reason: "须用 CA 证书登录"}},
	}
	remarks := []view.Remark{
		{Target: "address", At: "address", Label: "注册地址", Text: "门牌号缺失。", Resolved: true}, {Target: "agent_name", At: "agent_name", Label: "经办人姓名", Text: "与授权书不一致。", Answer: "授权书上为曾用名。"},
	}
	signing := view.CheckModel{RecordID: recordID, Heading: "单位资质", Form: bare.Form(now), DraftVersion: 7, Command: command, Remarks: remarks, Key: &view.KeyModel{Agent: "http://127.0.0.1:17680", Certificate: scan.SHA256}}
	version := view.VersionModel{
		RecordID: recordID, Heading: "单位资质", Back: view.Link{Href: path, Text: "D243000001"}, No: 1, At: ago(time.Hour), By: "示范建工集团有限公司", Assurance: view.ByCertificate, Form: bare.Form(now),
		Signature: &view.Check{Tone: view.Bad, Text: "数字签名无效", Note: "证书在提交前已被吊销"},
	}
	list := view.RecordsModel{
		Kind: "practitioner", Label: "执业人员", Add: "新增人员", Named: "姓名", Columns: []string{"证件号码", "资格证书", "有效期至"}, Icon: view.IconPeople, State: "draft", Order: "title", PrevHref: "?before=x",
		States: []view.Option{{Label: "全部"}, {Value: "draft", Label: "草稿"}}, Orders: []view.Option{{Value: "recent", Label: "最近更新"}, {Value: "title", Label: "姓名"}},
		Lines: []view.RecordLine{{ID: recordID, Title: "欧阳𬀩尔", Cells: []string{"430104********0014", "一级注册建造师（建筑工程、市政公用工程）", "2028-05-31"}, State: view.Tag{Text: "草稿", Tone: view.Warn}, At: ago(time.Hour), Actions: []view.Action{view.ActionEdit}}},
	}
	home := view.HomeModel{
		Profile: view.ProfileSummary{Href: path, State: view.Tag{Text: "已生效", Tone: view.Good}, Text: "基本信息已生效。"}, Expiring: 3, Paper: view.Eligibility{Allowed: true, Reasons: []string{"基本信息已生效"}},
		Electronic: view.Eligibility{Allowed: true, Reasons: []string{"持有有效的 CA 证书"}}, Messages: messages,
	}
	settled := view.ClaimModel{Number: "20261123-7KQM4XHT9C", State: view.Tag{Text: "已办结", Tone: view.Good}, Title: "占用申诉", Text: "已设置登录密码。", OpenedAt: ago(90 * time.Hour), Login: true}
	claim := view.ClaimFormModel{Type: view.Person, IDTypes: idTypes(), IDType: idTypes()[1].Value, Code: "H12345678", Command: command, MaxText: 1000}
	return []shot{
		{"start-linked", view.StartPage(page("网上办事大厅", "/"), view.StartModel{Steps: steps, Facts: facts, Announcements: []view.Announcement{{Title: "CA 驱动已更新", Href: "/downloads", On: now}}}), []string{`href="/downloads"`}},
		{"login-proof", view.LoginPage(page("登录", "/login"), pressed), []string{`data-proof="/challenge?purpose=login"`, "请填写密码"}},
		{"login-certificate-closed", view.LoginPage(page("CA证书登录", "/login/certificate"), view.LoginModel{Certificate: true, Next: "/home", Error: "证书已过期，不能登录。", Facts: facts}), []string{"证书已过期"}},
		{"login-certificate-next", view.LoginPage(page("CA证书登录", "/login/certificate"), view.LoginModel{Certificate: true, Next: "/home", Key: view.KeyModel{Agent: "http://127.0.0.1:17680"}}), []string{`name="next"`}},
		{"register-noticed", view.RegisterPage(page("新用户注册", "/register"), view.RegisterModel{IDTypes: idTypes(), Notices: []view.Notice{{Tone: view.Warn, Text: "页面已过期，请重新填写。"}}}), []string{"页面已过期"}},
		{"register-details-number", view.RegisterDetailsPage(page("完善注册信息", "/register/details"), view.RegisterDetailsModel{Type: view.Person, Code: "430104198001010014", Rules: rules}), []string{"证件号码"}},
		{"claim-person", view.ClaimFormPage(page("占用申诉", "/claims/new"), claim), []string{"H12345678", " selected"}},
		{"claim-settled", view.ClaimPage(page("占用申诉进度", "/claims/x"), settled), []string{"去登录"}},
		{"home-expiring", view.HomePage(keyPage("首页", "/home"), home), []string{"有 3 项证照即将到期", "CA 证书登录"}},
		{"account-key", view.AccountPage(keyPage("账号安全", "/account"), view.AccountModel{Accounts: []string{"示范建工集团有限公司"}, Rules: rules, ByKey: true, Sessions: []view.Session{
			{ID: "s1", Device: "Chrome，Windows", Address: "192.0.2.17", Assurance: view.ByCertificate, Began: ago(time.Hour), Seen: now, Current: true},
		}}), []string{"不需要当前密码"}},
		{"ca-apply-none", view.ApplyPage(bidderPage("CA办理申请", "/ca/applications/new"), none), []string{"现在没有可以申请的", "查看进度", "还没有填写经办人"}},
		{"ca-noticed", view.ApplicationPage(bidderPage("申请", "/ca/applications/x"), application(view.Info, "受理中", "CA 公司已受理", "", func(m *view.ApplicationModel) { m.Notices = []view.Notice{linked} })), []string{"继续办理"}},
		{"edit-posts", view.EditPage(bidderPage("基本信息", path+"/edit"), posts), []string{`formaction="/ca/start"`, "已隔离", "待扫描"}},
		{"edit-crowded", view.EditPage(bidderPage("基本信息", path+"/edit"), edit(crowded, nil)), []string{"个文件，删除后才能再添加"}},
		{"edit-bare", view.EditPage(keyPage("单位资质", path+"/edit"), rows), []string{"还没有添加", "至少添加一项"}},
		{"edit-first", view.EditPage(keyPage("执业人员", path+"/edit"), first), []string{`value="draft">保存<`}},
		{"edit-terms", view.EditPage(keyPage("执业人员", path+"/rows/registrations/registration1"), row), []string{"建筑工程", "第 1 项的有效期至"}},
		{"edit-lonely", view.EditPage(keyPage("获奖信息", path+"/edit"), lonely), []string{"还没有可选的执业人员"}},
		{"record-denied", view.RecordPage(bidderPage("单位资质", path), denied), []string{"提交未生效", "改用 CA 证书登录", "未添加", "未上传"}},
		{"check-signing", view.CheckPage(keyPage("核对单位资质", path+"/check"), signing), []string{"数字签名", "对审核意见的答复", "授权书上为曾用名"}},
		{"version-signed", view.VersionPage(keyPage("单位资质第 1 版", path+"/versions/1"), version), []string{"数字签名无效", "下载签名包"}},
		{"records-narrowed", view.RecordsPage(keyPage("执业人员", "/records?kind=practitioner"), list), []string{`name="state"`, " selected", "上一页", "欧阳𬀩尔"}},
		{"reset-refused", view.ResetPage(page("设置新密码", "/reset/x"), view.ResetModel{Token: "x", Name: "示范建工集团有限公司", Rules: rules, Problems: []form.Problem{{Field: "password", Label: "新建密码", Message: "密码太短"}}}), []string{"（1 处错误）"}},
	}
}
