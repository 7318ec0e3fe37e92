package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/web/view"
)

// recordShots are the pages of the kinds of which a subject files many.
func recordShots() []shot {
	back := &view.Link{Href: "/records?kind=qualification", Text: "单位资质"}
	file := sample.File("f1", "资质证书.pdf")
	whole := sample.Qualification("D243000001", file)
	wrong := sample.Qualification("D243000001", file)
	wrong.Lines[1].Grade, wrong.Issuer = form.Choice{}, ""
	earlier := sample.Qualification("D243000001", file)
	earlier.Lines = append(earlier.Lines[:1], record.QualificationLine{Key: form.Key{ID: "line9"}, Major: earlier.Lines[1].Major, Grade: earlier.Lines[1].Grade})
	person := sample.Practitioner(sample.ResidentID(3), "周予安", file)

	qualification := view.EditModel{
		RecordID: recordID, Heading: whole.Title(), Back: back, State: view.Tag{Text: "草稿", Tone: view.Warn}, Form: wrong.Form(now), Whole: wrong.Form(now),
		Problems: wrong.Form(now).Problems(), DraftVersion: 3, SavedAt: ago(time.Hour), Command: command, KeyNeeded: true,
		Actions: []view.Action{view.ActionDelete},
		Remarks: []view.Remark{
			{Target: "lines.line1.scope", At: "lines.line1.scope", Label: "资质类型第 1 项“可承担业务”", Text: "与证书不一致。"},
			{Target: "lines.line2", At: "lines.line2", Label: "资质类型第 2 项", Text: "证书上没有这一项。"},
			{Target: "lines.line9", At: "lines", Label: "资质类型第 3 项（已删除）", Text: "为什么删除？"},
		},
	}
	lines := wrong.Form(now).Field("lines")
	row, _ := lines.Row("line2")
	dialog := qualification
	dialog.Problems = nil
	dialog.Row = &view.RowForm{Group: lines, Row: row, Problems: row.Problems(), Fault: "主项资质最多一个，现在勾选了 2 个"}

	tab := qualification
	tab.Heading, tab.Whole, tab.Form, tab.Remarks = person.Title(), person.Form(now), person.Form(now)[1:2], nil
	tab.Problems = []form.Problem{{Field: "mobile", Label: "手机", Message: "请填写手机"}}
	tab.Tabs = []view.Tab{
		{Name: "basic", Label: "基本信息", State: view.Tag{Text: "1 处", Tone: view.Bad}},
		{Name: "registrations", Label: "资格证书", Current: true},
		{Name: "awards", Label: "人员获奖"},
		{Name: "safety", Label: "安全生产考核证"},
	}
	award := sample.Award("芙蓉奖", file, form.Reference{ID: recordID, Name: "周予安", Note: "湘143201612345"})
	picking := qualification
	picking.Heading, picking.Whole, picking.Form, picking.Problems, picking.Remarks = award.Title(), award.Form(now), award.Form(now), nil, nil
	picking.People = []form.Reference{{ID: command, Name: "陈明远"}}

	return []shot{
		{"records", view.RecordsPage(bidderPage("单位资质", "/records?kind=qualification"), view.RecordsModel{
			Kind: "qualification", Label: "单位资质", Add: "新增资质", Named: "资质证书", Columns: []string{"资质类型", "发证机关", "有效期至"},
			Icon: view.IconCertificate, NextHref: "/records?kind=qualification&after=x", States: []view.Option{{Label: "全部"}, {Value: "draft", Label: "草稿"}}, Import: true,
			Orders: []view.Option{{Value: "recent", Label: "最近更新"}}, KeyLogin: "/login/certificate",
			Lines: []view.RecordLine{
				{ID: recordID, Title: whole.Title(), Cells: whole.Listing().Cells, State: view.Tag{Text: "已生效", Tone: view.Good}, At: ago(time.Hour), Actions: []view.Action{view.ActionChange, view.ActionVoid}},
				{ID: command, Title: "未填写编号的资质", Cells: make([]string, 3), State: view.Tag{Text: "草稿", Tone: view.Warn}, At: ago(time.Hour), Actions: []view.Action{view.ActionEdit}},
			},
		}), []string{"新增资质", "导出 Excel", "批量导入", "下一页", "作废", "未填写", "提交、作废须用 CA 证书登录"}},
		{"records-empty", view.RecordsPage(bidderPage("获奖信息", "/records?kind=award"), view.RecordsModel{
			Kind: "award", Label: "获奖信息", Add: "新增获奖", Icon: view.IconAward,
		}), []string{"还没有填报获奖信息", "新增获奖"}},
		{"expiries", view.ExpiriesPage(bidderPage("到期提醒", "/expiries"), view.ExpiriesModel{Within: 90, Lines: []view.ExpiryLine{
			{Kind: "执业人员", Title: "周予安", Label: "一级注册建造师 建筑工程", Href: "/records/" + recordID, On: now, State: view.Tag{Text: "今天到期", Tone: view.Bad}},
		}}), []string{"一级注册建造师 建筑工程", "今天到期"}},
		{"expiries-none", view.ExpiriesPage(bidderPage("到期提醒", "/expiries"), view.ExpiriesModel{Within: 90}), []string{"近期没有到期"}},
		{"records-none", view.RecordsPage(bidderPage("获奖信息", "/records?kind=award"), view.RecordsModel{
			Kind: "award", Label: "获奖信息", Add: "新增获奖", Named: "奖项名称", Icon: view.IconAward, Search: "鲁班",
		}), []string{"没有符合条件的记录"}},
		{"edit-rows", view.EditPage(bidderPage("单位资质", "/records/"+recordID+"/edit"), qualification), []string{"添加资质类型", "请选择等级", "与证书不一致", "提交须用 CA 证书登录"}},
		{"edit-row", view.EditPage(bidderPage("单位资质", "/records/"+recordID+"/rows/lines/line2"), dialog), []string{"修改资质类型", "最多一个", "请选择等级"}},
		{"edit-tab", view.EditPage(bidderPage("执业人员", "/records/"+recordID+"/edit"), tab), []string{"tab=basic#f-mobile", "一级注册建造师", "添加资格证书"}},
		{"edit-people", view.EditPage(bidderPage("获奖信息", "/records/"+recordID+"/edit"), picking), []string{"湘143201612345", "陈明远"}},
		{"record-rows", view.RecordPage(bidderPage("单位资质", "/records/"+recordID), view.RecordModel{
			RecordID: recordID, Heading: whole.Title(), Kind: "单位资质", Back: back, State: view.Tag{Text: "已生效", Tone: view.Good}, Form: whole.Form(now),
			Version: 1, At: ago(time.Hour), By: "示范建工集团有限公司", Assurance: view.ByCertificate, Command: command, Versions: []view.VersionRow{{No: 1, At: ago(time.Hour), Reason: "首次登记", By: "示范建工集团有限公司", Assurance: view.ByCertificate, State: view.Tag{Text: "现行有效", Tone: view.Good}, Href: "/records/x/versions/1"}},
			Actions: []view.Action{view.ActionPrint, view.ActionChange, view.ActionVoid, view.ActionRelease, view.ActionRestore},
		}), []string{"作废这项单位资质？", "历次版本", "解除聘用？", "取消作废"}},
		{"check-rows", view.CheckPage(bidderPage("核对单位资质", "/records/"+recordID+"/check"), view.CheckModel{
			RecordID: recordID, Heading: "单位资质", Form: whole.Form(now), Changes: form.Diff(earlier.Form(now), whole.Form(now)), DraftVersion: 3, Command: command,
			KeyLogin: "/login/certificate?next=%2F", Next: "提交后由审核人员审核。",
		}), []string{"用 CA 证书登录后提交", "资质列表：新增“", "资质列表：删除“"}},
	}
}
