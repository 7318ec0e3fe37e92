package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// ruleShots are the staff's pages of periods and calendar, and of who is away.
func ruleShots() []shot {
	month := view.CalendarMonth{Name: "10 月"}
	var week [7]view.CalendarDay
	for n := 1; n <= 31; n++ {
		at := time.Date(2026, time.October, n, 12, 0, 0, 0, record.Shanghai)
		d := view.CalendarDay{Number: n, Date: at.Format(time.DateOnly), Works: at.Weekday() > 0 && at.Weekday() < 6, Today: n == 14}
		switch {
		case n <= 7:
			d.Works, d.Mark, d.Name = false, "休", "国庆节"
		case n == 10:
			d.Works, d.Mark, d.Name = true, "班", "国庆节"
		case n == 23:
			d.Works, d.Mark, d.Name, d.Staff = false, "休", "停电检修", true
		}
		week[(int(at.Weekday())+6)%7] = d
		if at.Weekday() == time.Sunday {
			month.Weeks, week = append(month.Weeks, week), [7]view.CalendarDay{}
		}
	}
	month.Weeks = append(month.Weeks, week)
	m := view.CalendarModel{
		Year: 2026, PrevHref: "/staff/calendar?year=2025", NextHref: "/staff/calendar?year=2027", Covered: true, Workdays: 247,
		Months: []view.CalendarMonth{month, month}, CanChange: true, Edition: "3",
		Days: []view.CalendarException{{Date: "2026-10-23", Weekday: "星期五", Name: "停电检修", Source: "本单位通知", State: view.Tag{Text: "放假，本系统设置", Tone: view.Bad}}},
		Periods: []view.PeriodRow{{Kind: "award", Label: "获奖信息", Cells: []view.PeriodCell{
			{Name: "award.review", Label: "初审", Value: "7", Usual: 2}, {Name: "award.second", Label: "复核", Usual: 2}, {Name: "award.correction", Label: "补正", Usual: 5},
		}}},
		Sample: "5", SampleBy: "初审通过的件按这个比例随机抽取，由另一名人员复核后生效。",
		Confirmation: view.ConfirmationRuleModel{Now: "每 365 天确认一次，逾期只提醒", Days: "365", Grace: 60, Least: 90, Most: 1830},
		History: []view.RuleLine{
			{At: ago(time.Hour), By: "罗敏", What: view.Tag{Text: "日历"}, Changes: []string{"2026-10-23 星期五：工作日 → 休息日 停电检修"}, Note: "本单位通知"},
			{At: ago(90 * time.Hour), By: "系统管理命令", What: view.Tag{Text: "放假通知", Tone: view.Info}, Changes: []string{"一", "二", "三", "四"}},
		},
	}
	read := m
	read.CanChange, read.Covered, read.History, read.Days = false, false, nil, nil
	refused := m
	refused.Confirmation.Days, refused.Confirmation.Stops = "30", true
	refused.Problems = []form.Problem{{Field: "confirm_days", Label: "多少天确认一次", Message: "请填写 90 至 1830 的整数，不要求的填 0"}, {Field: "award.second", Label: "获奖信息复核", Message: "请填写 1 至 60 的整数，或留空"}}
	refused.Periods = []view.PeriodRow{{Kind: "award", Label: "获奖信息", Cells: []view.PeriodCell{{Name: "award.second", Label: "复核", Value: "x", Usual: 2, Problem: "请填写 1 至 60 的整数，或留空"}}}}
	day := view.CalendarDayModel{
		Date: "2026-10-23", Weekday: "星期五", Now: "工作日", Name: "停电检修", Edition: "3", BackHref: "/staff/calendar?year=2026", MaxName: 20, MaxNote: 200,
		Problems: []form.Problem{{Field: "name", Label: "日期", Message: "请写明名称：2026-10-23"}},
	}
	past := day
	past.Past, past.Works, past.Source, past.Problems = true, true, "国办发明电〔2025〕7号", nil
	notice := view.NoticeModel{
		Text: "2027-01-01\tholiday\t元旦\t国办", Edition: "3", Preview: true, Years: "2027 年", MaxNote: 200, Changes: []string{"2027-01-01 星期五：工作日 → 休息日 元旦"},
	}
	same := notice
	same.Changes, same.Problems = nil, []form.Problem{{Field: "tsv", Label: "日期列表", Message: "第 1 行：日期应为 2026-01-31 的样式"}}
	work := view.WorkModel{
		Member: "周婧", State: view.Tag{Text: "离岗", Tone: view.Warn}, Action: "/staff/members/x/work", MaxNote: 200,
		Rows: []view.HeldRow{
			{ID: "t1", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: view.Tag{Text: "首次登记", Tone: view.Info}, FiledAt: ago(26 * time.Hour), Due: now.Add(-time.Hour), How: "分派", Selected: true, Problem: "初审与复核须由两名不同人员办理"},
			{ID: "t2", Subject: "示范二建有限公司", Filed: "芙蓉奖", Code: "91430100MA00DEM06N", Kind: view.Tag{Text: "新增获奖信息", Tone: view.Info}, FiledAt: ago(2 * time.Hour), Due: now.Add(30 * time.Hour), How: "领取，保留到 03-05 10:00"},
		},
		Colleagues: []view.Option{{Value: "s1", Label: "罗敏（复核员，手上 2 件）"}}, To: "s1", Note: "休假",
		Problems: []form.Problem{{Field: "to", Label: "交给", Message: "请选择同事，或放回队列"}},
	}
	return []shot{
		{"calendar", view.CalendarPage(supervisorPage("时限与日历", "/staff/calendar"), m), []string{"10月23日 星期五，休息：停电检修（本系统设置）", "获奖信息，初审", "一 等 4 项", `aria-current="date"`, "导入放假通知"}},
		{"calendar-read", view.CalendarPage(staffPage("时限与日历", "/staff/calendar"), read), []string{"尚未导入国务院办公厅", "2（默认）", "还没有修改过", "每 365 天确认一次"}},
		{"calendar-refused", view.CalendarPage(supervisorPage("时限与日历", "/staff/calendar"), refused), []string{"（2 处错误）", "请填写 1 至 60 的整数", "请填写 90 至 1830 的整数"}},
		{"calendar-day", view.CalendarDayPage(supervisorPage("2026-10-23", "/staff/calendar/days/2026-10-23"), day), []string{"改为", "请写明名称"}},
		{"calendar-day-past", view.CalendarDayPage(supervisorPage("2026-10-23", "/staff/calendar/days/2026-10-23"), past), []string{"已经过去", "国办发明电"}},
		{"calendar-notice", view.NoticePage(supervisorPage("导入放假通知", "/staff/calendar/notice"), notice), []string{"预览：2027 年", "确认导入"}},
		{"calendar-notice-same", view.NoticePage(supervisorPage("导入放假通知", "/staff/calendar/notice"), same), []string{"完全一致", "第 1 行"}},
		{"absences", view.AbsencesPage(supervisorPage("离岗人员的在办件", "/staff/absences"), []view.AbsenceRow{
			{Name: "周婧", Login: "zhoujing", State: view.Tag{Text: "离岗", Tone: view.Warn}, Since: ago(50 * time.Hour), Held: 3, Overdue: 1, FirstDue: now.Add(-time.Hour), Href: "/staff/members/x/work"},
			{Name: "沈星", Login: "shenxing", State: view.Tag{Text: "已停用", Tone: view.Bad}},
		}), []string{"3 件", "转交"}},
		{"absences-none", view.AbsencesPage(supervisorPage("离岗人员的在办件", "/staff/absences"), nil), []string{"没有离岗的人员"}},
		{"work", view.WorkPage(supervisorPage("周婧的在办件", "/staff/members/x/work"), work), []string{"没有转交：初审与复核", "放回队列", "转交所选"}},
		{"work-none", view.WorkPage(supervisorPage("周婧的在办件", "/staff/members/x/work"), view.WorkModel{Member: "周婧"}), []string{"名下没有在办的件"}},
	}
}

func supervisorPage(title, path string) view.Page {
	p := staffPage(title, path)
	p.Viewer.Supervisor, p.Viewer.Role = true, "管理员"
	return p
}
