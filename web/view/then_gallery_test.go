package view_test

import (
	"strings"
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// thenModel is a subject as it stood, seen from an address.
func thenModel(action string, change func(*view.ThenModel)) view.ThenModel {
	good, under, voided := view.Tag{Text: "已生效", Tone: view.Good}, view.Tag{Text: "变更审核中", Tone: view.Info}, view.Tag{Text: "已作废", Tone: view.Bad}
	m := view.ThenModel{
		Ask: view.ThenForm{Action: action, Time: "2026-11-03T09:30"}, Back: view.Link{Href: "/history", Text: "变更历史总览"},
		At: time.Date(2026, 11, 3, 1, 30, 0, 0, time.UTC), Existed: true, Registered: ago(5000 * time.Hour),
		Name: "示范建工有限公司", Type: "单位", Code: "91430100MA00DEM06N", Renamed: "示范建工集团有限公司",
		States: []view.Tag{{Text: "已核实", Tone: view.Good}},
		Paper:  view.ThenEligibility{Then: view.Eligibility{Allowed: true, Reasons: []string{"基本信息已生效"}}, Now: view.Eligibility{Allowed: true, Reasons: []string{"基本信息已生效"}}},
		Electronic: view.ThenEligibility{
			Then: view.Eligibility{Allowed: true, Reasons: []string{"基本信息已用 CA 证书提交并生效，绑定的 CA 证书有效"}},
			Now:  view.Eligibility{Reasons: []string{"没有绑定有效的 CA 证书"}},
		},
		Kinds: []view.Filter{{Label: "全部", Href: "?", Count: 3, On: true}, {Label: "基本信息", Href: "?k", Count: 1}, {Label: "执业人员", Href: "?k=2", Count: 2}},
		Records: []view.ThenRow{
			{Title: "示范建工有限公司", Kind: "基本信息", Href: "/staff/records/x?version=1", No: 1, State: good, Now: under, Moved: ago(900 * time.Hour), Differs: true},
			{Title: "周予安", Kind: "执业人员", Href: "/staff/records/y?version=2", No: 2, State: good, Now: good, Moved: ago(800 * time.Hour)},
			{Title: "欧阳修远", Kind: "执业人员", Href: "/staff/records/z?version=1", No: 1, State: view.Tag{Text: "已过期", Tone: view.Bad}, Now: voided, Moved: ago(700 * time.Hour), Differs: true},
		},
		Newer: 2,
		Certificates: []view.ThenCertificate{{
			Kind: "机构证书", Use: "签名证书", Serial: "4F2A90C1", From: ago(3000 * time.Hour), To: now.Add(5000 * time.Hour),
			State: view.Tag{Text: "有效", Tone: view.Good}, Now: view.Tag{Text: "吊销", Tone: view.Bad},
		}},
		Before: &view.ThenStep{Href: "?time=a", Text: "基本信息：审核通过，已生效", At: time.Date(2026, 10, 30, 3, 12, 44, 0, time.UTC)},
		After:  &view.ThenStep{Href: "?time=b", Text: "数字证书吊销", At: time.Date(2026, 11, 9, 7, 5, 1, 0, time.UTC)},
	}
	if change != nil {
		change(&m)
	}
	return m
}

// thenShots are a subject at a past instant, and what it takes along.
func thenShots() []shot {
	desk := staffPage("示范建工集团有限公司：某一时点的状态", "/staff/subjects/x/at")
	own := bidderPage("某一时点的状态", "/history/at")
	ofStaff := func(change func(*view.ThenModel)) view.ThenModel {
		return thenModel("/staff/subjects/x/at", func(m *view.ThenModel) {
			m.Back = view.Link{Href: "/staff/subjects/x", Text: "示范建工集团有限公司"}
			if change != nil {
				change(m)
			}
		})
	}
	refused := func(m *view.ThenModel) {
		*m = view.ThenModel{Back: m.Back, Ask: view.ThenForm{
			Action: m.Ask.Action, Time: "去年十一月", Kept: true,
			Problems: []form.Problem{{Field: "time", Label: "日期和时间（北京时间）", Message: "请填写日期和时间，例如 2026-11-23 16:00"}},
		}}
	}
	ahead := func(m *view.ThenModel) {
		refused(m)
		m.Ask.Time, m.Ask.Kept, m.Ask.Problems[0].Message = "2027-01-01T08:30", false, "这个时间还没有到，请选择过去的时间"
	}
	asked := func(m *view.ThenModel) { *m = view.ThenModel{Back: m.Back, Ask: m.Ask} }
	early := func(m *view.ThenModel) {
		m.Existed, m.States, m.Kinds, m.Records, m.Certificates, m.Newer, m.Before = false, nil, nil, nil, nil, 0, nil
		m.After = &view.ThenStep{Href: "?time=c", Text: "注册", At: m.Registered}
	}
	return []shot{
		{"then", view.StaffThenPage(desk, ofStaff(nil)), []string{"截至", "2026-11-03 09:30", "不是现在的状态", "有变化", "上一次变化", "现名 示范建工集团有限公司", "此后新提交的 2 项"}},
		{"then-later", view.StaffThenPage(desk, ofStaff(func(m *view.ThenModel) {
			m.Exact, m.Later, m.NextHref, m.PrevHref = true, true, "?page=3", "?page=1"
		})), []string{"2026-11-03 09:30:00", "当时已知的情况", "下一页"}},
		{"then-early", view.StaffThenPage(desk, ofStaff(early)), []string{"当时还没有注册", "下一次变化"}},
		{"then-refused", view.StaffThenPage(desk, ofStaff(refused)), []string{"（1 处错误）", "去年十一月", "请填写日期和时间"}},
		{"then-own", view.ThenPage(own, thenModel("/history/at", func(m *view.ThenModel) { m.Certificates, m.Kinds = nil, nil })), []string{"变更历史总览", "当时没有绑定数字证书"}},
		{"then-own-asked", view.ThenPage(own, thenModel("/history/at", asked)), []string{"查看某一时点"}},
		{"then-own-refused", view.ThenPage(own, thenModel("/history/at", ahead)), []string{"还没有到"}},
		{"then-own-nothing", view.ThenPage(own, thenModel("/history/at", func(m *view.ThenModel) {
			m.Records, m.Kinds, m.Newer, m.After = nil, nil, 1, nil
		})), []string{"当时还没有提交过申报"}},
	}
}

// takeoutShots are 数据导出 in its states.
func takeoutShots() []shot {
	page := bidderPage("数据导出", "/account/export")
	latest := func(state view.TakeoutState, change func(*view.TakeoutModel)) view.TakeoutModel {
		m := view.TakeoutModel{
			Account: "示范建工集团有限公司", ADay: 3, Days: 7, Minutes: 15,
			Latest: &view.Takeout{
				ID: recordID, State: state, At: ago(time.Hour), AsOf: ago(time.Hour), ExpiresAt: now.Add(160 * time.Hour), Size: 348_201_377, SHA256: strings.Repeat("9f", 32),
			},
		}
		if change != nil {
			change(&m)
		}
		return m
	}
	return []shot{
		{"takeout", view.TakeoutPage(page, latest("", func(m *view.TakeoutModel) { m.Latest = nil })), []string{"导出全部数据", "登录密码", "manifest.json", "24 小时内最多导出 3 次"}},
		{"takeout-refused", view.TakeoutPage(page, latest("", func(m *view.TakeoutModel) {
			m.Latest, m.Problems = nil, []form.Problem{{Field: "current_password", Label: "登录密码", Message: "登录密码不正确"}}
		})), []string{"（1 处错误）", "登录密码不正确", "没有开始导出"}},
		{"takeout-building", view.TakeoutPage(page, latest(view.TakeoutBuilding, nil)), []string{"正在生成导出文件", "可以离开本页", `http-equiv="refresh"`}},
		{"takeout-retried", view.TakeoutPage(page, latest(view.TakeoutBuilding, func(m *view.TakeoutModel) { m.Latest.Retried = true })), []string{"自动重试"}},
		{"takeout-ready", view.TakeoutPage(page, latest(view.TakeoutReady, func(m *view.TakeoutModel) {
			m.ByKey = true
			m.Earlier = []view.Takeout{{ID: recordID, State: view.TakeoutReady, At: ago(30 * time.Hour), Size: 9 << 20}, {ID: recordID, State: view.TakeoutExpired, At: ago(500 * time.Hour)}}
		})), []string{"导出文件已生成", "下载", "332.1 MB", "不需要输入密码", "更早的导出", "已过期删除"}},
		{"takeout-failed", view.TakeoutPage(page, latest(view.TakeoutFailed, func(m *view.TakeoutModel) { m.Stale = true })), []string{"没有成功", "退出后重新用 CA 证书登录"}},
		{"takeout-expired", view.TakeoutPage(page, latest(view.TakeoutExpired, nil)), []string{"已过期删除", "重新导出"}},
	}
}
