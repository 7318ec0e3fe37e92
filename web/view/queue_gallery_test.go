package view_test

import (
	"time"

	"unireg/web/view"
)

// queueShots are the reviewers' queue, and what is done to many filings.
func queueShots() []shot {
	colleagues := []view.Option{{Value: "c1", Label: "李衡（复核员，手上 3 件）"}, {Value: "c2", Label: "我自己（手上 1 件）"}}
	m := view.QueueModel{
		Tasks: tasks, Total: 38, Done: 12, NextHref: "/staff?after=x", Batch: command, Colleagues: colleagues,
		States: []view.Filter{
			{Label: "全部", Href: "/staff", Count: 38, On: true},
			{Label: "待领取", Href: "/staff?state=free", Count: 30},
			{Label: "我办理的", Href: "/staff?state=mine", Count: 1},
			{Label: "待复核", Href: "/staff?state=second", Count: 4},
			{Label: "已超时", Href: "/staff?state=overdue", Count: 1},
		},
		Selects: []view.Select{
			{Name: "kind", Label: "事项", All: "全部事项", Options: []view.Option{{Value: "organization", Label: "基本信息（12）"}, {Value: "qualification", Label: "单位资质（26）"}}},
			{Name: "region", Label: "地区", All: "全部地区", Options: []view.Option{{Value: "43", Label: "湖南省（38）"}, {Value: "4301", Label: "　长沙市（21）"}}},
		},
		Saved: []view.SavedFilter{{ID: "f1", Name: "长沙资质", Href: "/staff?kind=qualification&region=4301"}},
	}
	narrowed := m
	narrowed.Query, narrowed.Search, narrowed.CanSave, narrowed.AtLeast, narrowed.Total = "kind=qualification&q=建工", "建工", true, true, 1000
	narrowed.Active = []view.Filter{{Label: "事项：单位资质", Href: "/staff?q=建工", On: true}, {Label: "搜索：建工", Href: "/staff?kind=qualification", On: true}}
	narrowed.Selects[0].Value = "qualification"
	nothing := narrowed
	nothing.Tasks, nothing.Total, nothing.AtLeast = nil, 0, false
	good := []view.Check{{Tone: view.Good, Text: "统一社会信用代码校验位正确"}, {Tone: view.Good, Text: "附件已通过病毒扫描"}}
	odd := append(good[:1:1], view.Check{Tone: view.Warn, Text: "附件与其他主体的相同", Note: "营业执照.pdf，另有 1 个主体提交过同一文件：示范二建有限公司"})
	batch := view.BatchModel{
		ID: command, Title: "批量通过", At: ago(time.Second), Back: "/staff", Done: 1, Failed: 1, Undo: true, Waiting: true,
		Lines: []view.BatchLine{
			{Task: tasks[0], State: view.Tag{Text: "即将通过", Tone: view.Info}, Note: "可以撤销到 12:00:10"},
			{Task: tasks[1], State: view.Tag{Text: "没有办理", Tone: view.Bad}, Note: "含关键项变更，须逐件审核。"},
		},
	}
	return []shot{
		{"staff-queue", view.QueuePage(staffPage("审核队列", "/staff"), m), []string{"已超时 2 小时", "剩 5 小时", "未领取", "领取下一件", "分派给 沈星", "周婧（我）", "关键", "抽查", "批量通过…", "长沙资质", "下一页"}},
		{"staff-queue-narrowed", view.QueuePage(staffPage("审核队列", "/staff?kind=qualification"), narrowed), []string{"超过 1000 件", "事项：单位资质", "去掉这项筛选", "保存当前筛选", "清除筛选"}},
		{"staff-queue-nothing", view.QueuePage(staffPage("审核队列", "/staff?kind=qualification"), nothing), []string{"这个条件下没有待办的审核", "清除筛选"}},
		{"staff-queue-empty", view.QueuePage(staffPage("审核队列", "/staff"), view.QueueModel{}), []string{"没有待办的审核"}},
		{"staff-bulk-check", view.BulkCheckPage(staffPage("批量通过前的核验", "/staff/queue/check"), view.BulkCheckModel{
			Batch: command, Query: "kind=qualification",
			Green:   []view.BulkItem{{Task: tasks[0], Checks: good, Command: command, Version: 3}},
			Refused: []view.BulkItem{{Task: tasks[2], Checks: odd, Why: "系统核验有 1 项需要人工确认。"}},
		}), []string{"将通过 1 件", "不能批量通过 1 件", "另有 1 个主体提交过同一文件", "通过这 1 件", "2 项核验"}},
		{"staff-bulk-none", view.BulkCheckPage(staffPage("批量通过前的核验", "/staff/queue/check"), view.BulkCheckModel{
			Refused: []view.BulkItem{{Task: tasks[1], Why: "含关键项变更，须逐件审核。"}},
		}), []string{"所选的件都不能批量通过"}},
		{"staff-batch", view.BatchPage(staffPage("批量通过结果", "/staff/queue/batches/x"), batch), []string{"办成 1 件，没有办成 1 件", "撤销全部", "可以撤销到", "刷新结果"}},
		{"review-handover", view.ReviewPage(staffPage("审核", "/staff/reviews/t2"), review(func(m *view.ReviewModel) {
			m.Handover = &view.HandoverModel{Action: "/staff/reviews/t2/assign", Given: true, Colleagues: colleagues}
			m.QueueQuery = "kind=qualification"
		})), []string{"转交他人", "李衡（复核员，手上 3 件）", `name="queue" value="kind=qualification"`}},
	}
}
