package view_test

import (
	"unireg/record/form"
	"unireg/web/view"
)

func statisticsShots() []shot {
	choices := []view.Option{{Label: "全部"}, {Value: "me", Label: "只看我办理的"}}
	full := view.StatisticsModel{
		Today: view.DeskToday{Mine: 12, Team: 112, Waiting: 38, Overdue: 3}, From: "2026-11-01", To: "2026-11-23", Period: "2026-11-01 至 2026-11-23",
		Periods: []view.Filter{{Label: "本月", Href: "/staff/statistics?period=month", Count: -1, On: true}},
		Kinds:   choices[:1], Regions: choices[:1], Staff: choices,
		Cards: []view.FigureCard{{Label: "办结", Value: "1907", Note: "通过 1276"}, {Label: "现已超时", Value: "3", Note: "占待办 7.9%", Tone: view.Bad}},
		Tables: []view.FigureTable{{
			ID: "by-kind", Title: "按类型", Headings: []string{"类型", "办结", "一次通过率"},
			Rows:  []view.FigureRow{{Head: "基本信息（单位）", Cells: []string{"1200", "74.2%"}}, {Head: "单位资质", Cells: []string{"707", "—"}}},
			Total: []string{"1907", "74.2%"}, Chart: &view.FigureChart{Lying: true, Bars: []int{1}, Label: "条形图：办结", Colours: []string{"blue"}},
		}, {ID: "by-phrase", Title: "退回原因：常用意见", Headings: []string{"意见", "件数"}}},
		ExportHref: "/staff/statistics/export?period=month",
	}
	nothing := full
	nothing.Cards, nothing.Tables, nothing.Empty = nil, nil, true
	wrong := nothing
	wrong.Empty, wrong.Period, wrong.ExportHref = false, "", ""
	wrong.Problems = []form.Problem{{Field: "to", Label: "结束日期", Message: "不能早于开始日期"}}
	return []shot{
		{"statistics", view.StatisticsPage(staffPage("统计", "/staff/statistics"), full), []string{"今日我办结", "已超时", "按类型", "合计", "74.2%", "这个时段没有数据", "统计口径"}},
		{"statistics-empty", view.StatisticsPage(staffPage("统计", "/staff/statistics"), nothing), []string{"也没有待办的件"}},
		{"statistics-wrong", view.StatisticsPage(staffPage("统计", "/staff/statistics"), wrong), []string{"（1 处错误）", "不能早于开始日期"}},
	}
}
