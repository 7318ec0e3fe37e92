package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/sample"
	"unireg/web/view"
)

// openPage is a page that may be kept for everybody: it has no form that posts.
func openPage(title, path string) view.Page {
	p := page(title, path)
	p.CSRF = ""
	return p
}

// disclosureShots are the pages of 信息公示.
func disclosureShots() []shot {
	const name, code = "示范建工集团有限公司", "91430100MA00DEM06N"
	scan := sample.File("f1", "扫描件.pdf")
	good, voided := view.Tag{Text: "有效", Tone: view.Good}, view.Tag{Text: "已作废", Tone: view.Bad}
	tabs := func(current int) []view.DisclosureTab {
		all := []view.DisclosureTab{
			{Label: "单位", Href: "/disclosure", Count: 1000, More: true},
			{Label: "资质", Href: "/disclosure?kind=qualification", Count: 218},
			{Label: "业绩", Href: "/disclosure?kind=performance", Count: 36},
			{Label: "获奖", Href: "/disclosure?kind=award", Count: 0},
		}
		all[current].Current = true
		return all
	}
	selects := func(role, grade, state string) []view.Select {
		return []view.Select{
			{Name: "role", Label: "主体角色", All: "不限", Value: role, Options: []view.Option{{Value: "bidder", Label: "投标人"}, {Value: "supplier", Label: "供应商"}}},
			{Name: "grade", Label: "资质等级", All: "不限", Value: grade, Options: []view.Option{{Value: "11", Label: "一级"}, {Value: "12", Label: "二级"}}},
			{Name: "state", Label: "状态", All: "不限", Value: state, Options: []view.Option{{Value: "in_force", Label: "有效"}, {Value: "voided", Label: "已作废"}}},
		}
	}
	units := view.DisclosureModel{
		Label: "单位", Named: "单位全称", Columns: record.PublicColumns(record.OrganizationProfile), Tabs: tabs(0), Selects: selects("", "", ""), No: 2, Most: 1000,
		PrevHref: "/disclosure", NextHref: "/disclosure?after=x", ExportHref: "/disclosure/export", ClearHref: "/disclosure",
		Lines: []view.DisclosureLine{
			{Title: name, Href: "/disclosure/subjects/" + code, Cells: []string{code, codes.Regions.FullName("430104"), ""}, State: good, At: ago(26 * time.Hour)},
			{Title: "示范城市建设投资有限公司", Href: "/disclosure/subjects/x", Cells: []string{sample.CreditCode(9001), codes.Regions.FullName("430102"), ""}, State: view.Tag{Text: "已过期", Tone: view.Warn}, At: ago(90 * time.Hour)},
		},
	}
	qualification := sample.Qualification("D243000001", scan)
	qualifications := view.DisclosureModel{
		Kind: "qualification", Label: "资质", Named: "资质证书", Columns: record.PublicColumns(record.Qualification), Tabs: tabs(1), Selects: selects("bidder", "11", ""),
		Search: "示范", Unit: code, Region: "430100", Class: "04", Narrowed: true, No: 50, Cut: true, Most: 1000, PrevHref: "/disclosure?before=x",
		ExportHref: "/disclosure/export?kind=qualification", ClearHref: "/disclosure?kind=qualification",
		Lines: []view.DisclosureLine{
			{Title: qualification.Title(), Unit: name, Href: "/disclosure/subjects/" + code + "#qualification", Cells: qualification.Listing().Cells, State: good, At: ago(26 * time.Hour)},
			{Title: "建筑业 D243000002", Unit: name, Href: "/disclosure/subjects/" + code + "#qualification", Cells: make([]string, 3), State: voided, At: ago(30 * time.Hour)},
		},
	}
	none, nothing := units, units
	none.Lines, none.Narrowed, none.Search, none.PrevHref, none.NextHref = nil, true, "查无此名", "", ""
	nothing.Lines, nothing.PrevHref, nothing.NextHref = nil, "", ""

	item := func(kind record.Kind, d record.Document, state view.Tag) view.DisclosedItem {
		return view.DisclosedItem{Title: d.Title(), State: state, Since: ago(500 * time.Hour), Form: record.PublicForm(kind, d)}
	}
	gone := item(record.Qualification, sample.Qualification("D243000002", scan), voided)
	gone.Voided = ago(30 * time.Hour)
	changes := []view.DisclosedChange{
		{At: ago(2 * time.Hour), What: view.Tag{Text: "变更", Tone: view.Info}, Kind: "基本信息", Unit: name, Href: "/disclosure/subjects/" + code, Fields: []string{"注册地址", "经营范围"}},
		{At: ago(30 * time.Hour), What: view.Tag{Text: "作废", Tone: view.Bad}, Kind: "资质", Title: "建筑业 D243000002", Unit: name, Href: "/disclosure/subjects/" + code},
		{At: ago(500 * time.Hour), What: view.Tag{Text: "生效", Tone: view.Good}, Kind: "资质", Title: "建筑业 D243000001", Unit: name, Href: "/disclosure/subjects/" + code},
	}
	together := jointly()
	for i := range together.Members {
		together.Members[i].Share = "" // is not disclosed
	}
	unit := view.DisclosedUnitModel{
		Name: name, Code: code, State: good, Version: 3, Since: ago(2 * time.Hour), Profile: record.PublicForm(record.OrganizationProfile, document()),
		Parts: []view.DisclosedPart{
			{Name: "qualification", Label: "单位资质", Count: 34, MoreHref: "/disclosure?kind=qualification&unit=" + code, Items: []view.DisclosedItem{item(record.Qualification, qualification, good), gone}},
			{Name: "performance", Label: "单位业绩", Count: 1, Items: []view.DisclosedItem{item(record.Performance, together, good)}},
			{Name: "award", Label: "获奖信息", Count: 1, Items: []view.DisclosedItem{item(record.Award, sample.Award("芙蓉奖", scan), good)}},
		},
		People: []view.Fact{{Name: "一级注册建造师", Text: "12"}, {Name: "二级注册建造师", Text: "8"}}, Changes: changes,
	}
	bare := unit
	bare.Parts, bare.People, bare.Changes = []view.DisclosedPart{{Name: "qualification", Label: "单位资质"}}, nil, changes[:1]
	alone := openPage(name, "/disclosure/subjects/"+code)
	alone.Site.Hotline = ""
	known := bidderPage("信息公示", "/disclosure")
	known.CSRF = ""

	days := []view.DisclosedDay{{Day: "2026-11-23", Changes: changes[:1]}, {Day: "2026-11-22", Changes: changes[1:]}}
	kinds := []view.Option{{Value: "/disclosure/recent", Label: "全部"}, {Value: "/disclosure/recent?kind=qualification", Label: "资质"}}
	recent := view.RecentModel{Days: 30, Tabs: kinds, Current: "/disclosure/recent", ByDay: days, NextHref: "/disclosure/recent?after=x"}
	later, quiet := recent, recent
	later.Later, later.NextHref = true, ""
	quiet.ByDay, quiet.NextHref = nil, ""
	return []shot{
		{"disclosure", view.DisclosurePage(openPage("信息公示", "/disclosure"), units), []string{"信息公示", "1000+", "统一社会信用代码", "显示设置", "导出查询结果", "有异议的"}},
		{"disclosure-qualification", view.DisclosurePage(openPage("信息公示", "/disclosure?kind=qualification"), qualifications), []string{"只查单位", "清除条件", "只显示前 1000 条", "已作废"}},
		{"disclosure-none", view.DisclosurePage(openPage("信息公示", "/disclosure?q=x"), none), []string{"没有符合条件的公示信息"}},
		{"disclosure-empty", view.DisclosurePage(known, nothing), []string{"还没有公示信息", "进入系统"}},
		{"disclosed-unit", view.DisclosedUnitPage(openPage(name, "/disclosure/subjects/"+code), unit), []string{name, "第 3 版", "查看全部 34 项", "可承担业务", "12 人", "牵头人", "近期变更", "注册地址、经营范围"}},
		{"disclosed-unit-bare", view.DisclosedUnitPage(alone, bare), []string{"没有公示的单位资质", "没有公示的执业人员"}},
		{"disclosure-recent", view.RecentPage(openPage("近期公示", "/disclosure/recent"), recent), []string{"近 30 天", "2026-11-23", "作废", "更早"}},
		{"disclosure-recent-later", view.RecentPage(openPage("近期公示", "/disclosure/recent?after=x"), later), []string{"回到最近"}},
		{"disclosure-recent-empty", view.RecentPage(openPage("近期公示", "/disclosure/recent"), quiet), []string{"近 30 天没有公示事项"}},
		{"preferences-page", view.PreferencesPage(page("显示设置", "/preferences?next=%2Fdisclosure"), "/disclosure"), []string{"显示设置", "返回", "高对比"}},
	}
}
