package view_test

import (
	"strings"
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/web/view"
)

// now is when the pages of the gallery are drawn.
var now = time.Date(2026, 11, 23, 9, 42, 0, 0, time.FixedZone("Asia/Shanghai", 8*60*60))

func ago(d time.Duration) time.Time { return now.Add(-d) }

const (
	recordID = "01934f6e-0b7a-7c3e-9d55-3a8c1b2d4e5f"
	command  = "01934f70-aaaa-7c3e-9d55-3a8c1b2d4e5f"
)

var site = view.Site{
	Name: "湖南省公共资源交易统一注册系统", Center: "湖南省公共资源交易中心", Motto: "统一注册 · 一次填报 · 全省通用",
	Hotline: "0731-82210013/82210016", Hours: "工作日 9:00–17:30", QQ: "湖南省统一注册平台 878543073", Disclosure: true,
}

func page(title, path string) view.Page {
	return view.Page{Title: title, Nonce: "bm9uY2U", CSRF: "token", Path: path, Now: now, Site: site}
}

func bidderPage(title, path string) view.Page {
	p := page(title, path)
	p.Viewer = &view.Viewer{Name: "示范建工集团有限公司", Login: "示范建工集团有限公司", Kind: view.Organization, Assurance: view.ByPassword, Unread: 2}
	p.Nav = view.Nav{
		Done: 1, Total: 5,
		Tasks: []view.NavItem{
			{Label: "基本信息", Href: "/records/" + recordID, Icon: view.IconBuilding, State: view.Tag{Text: "需修改 3 处", Tone: view.Bad}, Current: true},
			{Label: "单位资质", Href: "/records?kind=qualification", Icon: view.IconCertificate, State: view.Tag{Text: "未开通"}},
			{Label: "单位业绩", Href: "/records?kind=performance", Icon: view.IconPerformance, State: view.Tag{Text: "未开通"}},
			{Label: "执业人员", Href: "/records?kind=practitioner", Icon: view.IconPeople, State: view.Tag{Text: "未开通"}},
			{Label: "获奖信息", Href: "/records?kind=award", Icon: view.IconAward, State: view.Tag{Text: "未开通"}},
		},
		More: []view.NavItem{
			{Label: "变更历史总览", Href: "/history", Icon: view.IconHistory},
			{Label: "数字证书", Href: "/certificates", Icon: view.IconKey, State: view.Tag{Text: "未办理"}},
		},
	}
	return p
}

func staffPage(title, path string) view.Page {
	p := page(title, path)
	p.Viewer = &view.Viewer{Name: "周婧", Login: "zhoujing", Kind: view.Staff, Role: "审核员"}
	return p
}

func choice(table *codes.Table, code string) form.Choice {
	entry, ok := table.Lookup(code)
	if !ok {
		panic("no code " + code + " in " + table.Name())
	}
	name := entry.Name
	if table.Hierarchical() {
		name = table.FullName(code)
	}
	return form.Choice{Code: code, Name: name}
}

func file(id, name, kind string, size int64) form.File {
	return form.File{ID: id, Name: name, SHA256: "3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85" + id, Type: kind, Size: size}
}

// document is a filled 基本信息.
func document() *record.OrganizationDocument {
	d := &record.OrganizationDocument{
		LegalName: "示范建工集团有限公司", LegalCode: "91430100MA00DEM06N",
		BodyType:       choice(codes.BodyTypes, codes.BodyTypeEnterprise),
		Roles:          []form.Choice{choice(codes.OrganizationRoles, codes.RoleBidder), choice(codes.OrganizationRoles, codes.RoleSupplier)},
		EnterpriseType: choice(codes.EnterpriseTypes, "0150"),
		Industry:       choice(codes.Industries, "47"),
		Region:         choice(codes.Regions, "430104"),
		Address:        "示范大道 100 号 6 层 601 室", Capital: "12000", Currency: choice(codes.Currencies, "01"),
		FoundedOn: "2009-06-18", LicenceExpires: "2039-06-17",
		BusinessScope: "房屋建筑工程、市政公用工程施工总承包；建筑装修装饰工程、钢结构工程专业承包；建筑材料销售。",
		Licence:       []form.File{file("a1", "营业执照.pdf", "application/pdf", 1_887_436)},
		RepresentativeCard: []form.File{
			file("b1", "身份证正面.jpg", "image/jpeg", 734_003), file("b2", "身份证反面.jpg", "image/jpeg", 702_880),
		},
		AgentAuthorization:  []form.File{file("c1", "经办人授权委托书（盖章扫描件）.pdf", "application/pdf", 912_300)},
		AccountConfirmation: []form.File{file("d1", "基本存款账户信息.pdf", "application/pdf", 402_000)},
	}
	d.Representative.Name, d.Representative.IDNumber, d.Representative.Phone = "陈明远", "430104198001010014", "13800006021"
	d.Representative.IDType = choice(codes.IDDocumentTypes, codes.IDDocumentResident)
	d.Agent.Name, d.Agent.IDNumber, d.Agent.Mobile = "周予安", "430104199002020024", "13900007788"
	d.Agent.Address = "长沙市岳麓区示范大道 100 号"
	d.Account.Bank, d.Account.Branch, d.Account.Name, d.Account.Number = "示范银行", "高新支行", d.LegalName, "6200000011114471"
	return d
}

// earlier is the version in force before document.
func earlier() *record.OrganizationDocument {
	d := document()
	d.Capital, d.Address = "8000", "解放路 28 号"
	d.BusinessScope = "房屋建筑工程、市政公用工程施工总承包；建筑装修装饰工程专业承包。"
	d.Representative.Name, d.Representative.IDNumber = "刘志强", "430104197503030037"
	d.Licence = []form.File{file("a0", "营业执照.jpg", "image/jpeg", 1_258_291)}
	return d
}

// faulty is document with the mistakes of the design's picture.
func faulty() *record.OrganizationDocument {
	d := document()
	d.Capital, d.LicenceExpires, d.AccountConfirmation = "1.2亿", "2006-06-17", nil
	return d
}

func edit(d *record.OrganizationDocument, change func(*view.EditModel)) view.EditModel {
	f := d.Form(now)
	m := view.EditModel{
		RecordID: recordID, Heading: "基本信息", State: view.Tag{Text: "草稿", Tone: view.Warn}, Form: f,
		Files:        map[string]view.FileState{"b2": view.FileUnscanned, "c1": view.FilePending},
		DraftVersion: 7, SavedAt: ago(0), PaperOnly: true,
		Upload:  view.UploadPolicy{MaxBytes: 20 << 20, Accept: ".pdf,.jpg,.jpeg,.png"},
		CA:      &view.CAModel{State: view.Tag{Text: "未办理"}, Missing: append(f[0].Problems(), f[1].Problems()...), Note: "CA 锁的网上申请将在下一阶段开通。"},
		Actions: []view.Action{view.ActionDiscard}, Command: command,
	}
	if change != nil {
		change(&m)
	}
	return m
}

var timeline = []view.Event{
	{At: ago(26 * time.Hour), Text: "已提交，受理回执号 20261122-7KQM4XHT9C", Note: "账号登录", Phase: view.Done},
	{At: ago(21 * time.Hour), Text: "系统核验完成", Phase: view.Done},
	{Text: "等待审核人员审核", Due: now.Add(8 * time.Hour), Phase: view.Going},
	{Text: "审核通过后生效，可参加纸质标", Due: now.Add(8 * time.Hour), Phase: view.Ahead},
}

var messages = []view.Message{
	{ID: "m1", At: ago(time.Hour), Title: "基本信息被退回补正", Text: "法定代表人姓名与营业执照不一致，请更正后重新提交。补正截止 2026-11-30 17:30。", Tone: view.Warn, Href: "/records/" + recordID + "/edit", LinkText: "去补正"},
	{ID: "m2", At: ago(26 * time.Hour), Title: "提交已受理", Text: "回执号 20261122-7KQM4XHT9C，等待审核。", Tone: view.Good, Href: "/receipts/20261122-7KQM4XHT9C", LinkText: "查看回执"},
	{ID: "m3", At: ago(50 * time.Hour), Title: "注册成功", Text: "登录账号：示范建工集团有限公司。", Read: true},
}

var facts = []view.Fact{{Name: "填报方式", Text: "随时保存，分次完成"}, {Name: "审核时限", Text: "2 个工作日"}, {Name: "办理费用", Text: "免费"}}

var steps = []view.Step{
	{Title: "用户注册", Text: "填写代码或证件号，新建密码", By: "申请人"},
	{Title: "填写基本信息", Text: "上传附件，随时保存", By: "申请人"},
	{Title: "提交", Text: "取得受理回执", By: "申请人"},
	{Title: "审核", Text: "2 个工作日内办结", By: "审核人员", Back: "填写基本信息", BackWord: "退回补正"},
	{Title: "复核", Text: "变更关键信息时，由另一名人员复核", By: "复核人员", Back: "审核", BackWord: "退回初审"},
	{Title: "生效", Text: "可参加纸质标；用 CA 证书提交的，可参加电子标", By: "申请人"},
}

var rules = []string{"不少于 10 个字符", "不能与登录账号相同", "不能是常见密码"}

var tasks = []view.ReviewTask{
	{ID: "t1", Subject: "远山水利工程有限公司", Code: "91430100MA00DEM14H", Kind: view.Tag{Text: "首次登记"}, FiledAt: ago(74 * time.Hour), Due: ago(2 * time.Hour), CanTake: true},
	{ID: "t2", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: view.Tag{Text: "基本信息变更", Tone: view.Info}, FiledAt: ago(26 * time.Hour), Due: now.Add(5 * time.Hour), ClaimedBy: "周婧", Mine: true, Current: true, Key: true},
	{ID: "t3", Subject: "清河工程咨询有限责任公司", Code: "91430100MA00DEM22C", Kind: view.Tag{Text: "补正重提"}, FiledAt: ago(20 * time.Hour), Due: now.Add(30 * time.Hour), ClaimedBy: "李衡", Filed: "建筑工程施工总承包壹级", Marks: []view.Tag{{Text: "单位资质"}, {Text: "CA 证书"}}},
	{ID: "t4", Subject: "北辰市政建设集团有限公司", Code: "91430100MA00DEM306", Kind: view.Tag{Text: "待复核", Tone: view.Warn}, FiledAt: ago(2 * time.Hour), Due: now.Add(90 * time.Hour), GivenTo: "沈星", Filed: "周予安", Marks: []view.Tag{{Text: "执业人员"}, {Text: "抽查", Tone: view.Warn}}},
}

func review(change func(*view.ReviewModel)) view.ReviewModel {
	m := view.ReviewModel{
		ID: "t2", Queue: tasks, QueueTotal: 38, DoneToday: 12,
		QueueKinds: []view.Filter{{Label: "全部", Href: "/staff", Count: -1, On: true}, {Label: "首次", Href: "/staff?kind=first", Count: -1}, {Label: "变更", Href: "/staff?kind=change", Count: -1}},
		PrevHref:   "/staff/reviews/t1", NextHref: "/staff/reviews/t3",
		Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: "基本信息变更", Assurance: view.ByPassword,
		FiledAt: ago(26 * time.Hour), Due: now.Add(5 * time.Hour),
		Changes: form.Diff(earlier().Form(now), document().Form(now)), BeforeLabel: "2026-03-02 版", AfterLabel: "本次提交",
		ChangeNote: "法定代表人变更、注册地址迁移，增资",
		Files:      map[string]view.FileState{"c1": view.FileUnscanned}, RevealAction: "/staff/reviews/t2/reveal", SubjectHref: "/staff/subjects/x",
		Checks: []view.Check{
			{Tone: view.Bad, Text: "营业执照与另一主体的附件相同", Note: "与 2025-08-11 另一申报的文件指纹一致"},
			{Tone: view.Good, Text: "统一社会信用代码校验正确", Facts: []view.Fact{{Name: "填报", Text: "91430100MA00DEM06N"}, {Name: "规则", Text: "GB 32100 校验位"}}},
			{Tone: view.Good, Text: "证件号码校验正确"},
			{Tone: view.Warn, Text: "附件未扫描病毒", Note: "扫描功能未启用"},
		},
		Timeline: []view.Event{
			{At: ago(time.Hour), Text: "等待审核，由 周婧 领取", Phase: view.Going},
			{At: ago(25 * time.Hour), Text: "系统核验完成，1 项存疑", Phase: view.Done},
			{At: ago(26 * time.Hour), Text: "申请人提交", Phase: view.Done},
		},
		ClaimedBy: "周婧", Mine: true, ClaimExpires: now.Add(time.Hour), ClaimPeriod: time.Hour, UndoPeriod: 10 * time.Second, CanDecide: true,
		CorrectionDays: 5, Phrases: []string{"与执照不一致", "扫描件不清晰", "缺盖章页", "证件已过期"},
		Command: command, Version: 3,
	}
	if change != nil {
		change(&m)
	}
	return m
}

// merge is a draft that was changed in two windows.
func merge(path string) view.MergeModel {
	base, mine, saved := document(), document(), document()
	mine.Address, mine.Roles = "示范大道 100 号，甲窗口所填", mine.Roles[:1]
	saved.Address, saved.Website = "示范大道 200 号", "https://example.com"
	saved.Licence = nil
	shown := map[string]bool{}
	key := func(name string, content []string) string { return name + "=" + strings.Join(content, "|") }
	base.Form(now).Contents(func(name string, content []string) { shown[key(name, content)] = true })
	m := view.MergeModel{
		Heading: "基本信息", Action: path + "/draft", SavedAt: now.Add(-3 * time.Minute), Seen: "c2Vlbg",
		Fields: []view.PostedField{{Name: "draft_version", Value: "7"}, {Name: "legal_name", Value: "示范建工集团有限公司"}},
	}
	for _, d := range form.Compare(func(name string, content []string) bool { return shown[key(name, content)] }, mine.Form(now), saved.Form(now)) {
		item := view.MergeItem{Difference: d, Chosen: d.Default()}
		if item.Chosen == "" {
			item.Chosen, item.Collides = form.Mine, true
		}
		m.Add(item)
	}
	return m
}
