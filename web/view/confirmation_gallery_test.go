package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// yearly is the page of the annual confirmation, when it is time.
func yearly(change func(*view.ConfirmationModel)) view.ConfirmationModel {
	m := view.ConfirmationModel{
		RecordID: recordID, Kind: "基本信息", State: view.Tag{Text: "待年度确认", Tone: view.Warn}, At: ago(335 * 24 * time.Hour), Due: now.AddDate(0, 0, 30),
		Text: "请逐项核对下面的内容，仍然真实有效的，勾选后确认；有变化的，请办理变更，审核通过即视为已确认。",
		Open: true, Form: document().Form(now), Version: 2, Command: command, Revision: 4,
		Expiring: []view.ExpiryLine{{Kind: "基本信息", Title: "示范建工集团有限公司", Label: "营业期限", Href: "/records/" + recordID, On: now.AddDate(0, 0, 20), State: view.Tag{Text: "还有 20 天", Tone: view.Warn}}},
	}
	if change != nil {
		change(&m)
	}
	return m
}

// confirmationShots are the page of the annual confirmation, and the pages that lead
// to it.
func confirmationShots() []shot {
	path := "/records/" + recordID
	at := bidderPage("年度确认", path+"/confirmation")
	done := at
	done.Flash = []view.Notice{{Tone: view.Good, Text: "年度确认已完成"}}
	settled := view.Tag{Text: "已年度确认", Tone: view.Good}
	home := view.HomeModel{
		Profile:    view.ProfileSummary{Href: "/profile", State: view.Tag{Text: "逾期未年度确认", Tone: view.Bad}, Text: "已生效。情况有变化时请及时变更。"},
		Paper:      view.Eligibility{Reasons: []string{"基本信息逾期未年度确认，确认后即可恢复"}},
		Electronic: view.Eligibility{Reasons: []string{"基本信息逾期未年度确认，确认后即可恢复"}},
		Confirmation: &view.Notice{
			Tone: view.Bad, Title: "基本信息逾期未年度确认", Text: "最后期限 2026-11-20 已过，确认前不能参加交易。", Link: path + "/confirmation", LinkText: "去确认",
		},
	}
	inForce := view.RecordModel{
		RecordID: recordID, Heading: "基本信息", Kind: "基本信息", State: view.Tag{Text: "已生效", Tone: view.Good}, Form: document().Form(now),
		Version: 2, At: ago(335 * 24 * time.Hour), By: "示范建工集团有限公司", Assurance: view.ByCertificate, Command: command,
		Actions: []view.Action{view.ActionPrint, view.ActionChange},
		Notices: []view.Notice{{
			Tone: view.Warn, Title: "请进行年度确认", Text: "请在 2026-12-23 前确认基本信息仍然真实有效，还有 30 天。", Link: path + "/confirmation", LinkText: "去确认",
		}},
		Confirmation: view.ConfirmationSummary{State: view.Tag{Text: "待年度确认", Tone: view.Warn}, At: ago(335 * 24 * time.Hour), Due: now.AddDate(0, 0, 30), Href: path + "/confirmation"},
	}
	history := view.HistoryModel{
		Then: view.ThenForm{Action: "/history/at", Time: "2026-11-23T16:00"},
		Versions: []view.VersionRow{
			{No: 1, At: ago(9000 * time.Hour), Reason: "首次登记", By: "示范建工集团有限公司", Assurance: view.ByPassword, State: view.Tag{Text: "现行有效", Tone: view.Good}, Href: path + "/versions/1"},
		},
		Confirmed: []view.ConfirmedRow{{At: ago(300 * time.Hour), Version: 1, Href: path + "/versions/1"}},
	}
	return []shot{
		{"confirmation", view.ConfirmationPage(at, yearly(nil)), []string{"年度确认", "上次确认", "最后期限", "营业期限", "示范大道 100 号", "我确认以上信息真实、有效、无变更", "确认无变化", "有变化，去变更"}},
		{"confirmation-refused", view.ConfirmationPage(at, yearly(func(m *view.ConfirmationModel) {
			m.State, m.Expiring, m.Drafted = view.Tag{Text: "逾期未年度确认", Tone: view.Bad}, nil, true
			m.Text = "最后期限已过，确认前不能参加交易。请逐项核对下面的内容，仍然真实有效的，勾选后确认。"
			m.Problems = []form.Problem{{Field: "true", Label: "确认", Message: "请核对后勾选"}}
		})), []string{"（1 处错误）", "请核对后勾选", "另有一份尚未提交的变更草稿", "有变化，继续填写变更"}},
		{"confirmation-stale", view.ConfirmationPage(at, yearly(func(m *view.ConfirmationModel) {
			m.Open, m.Text = false, "变更正在审核，审核通过即视为已确认。"
			m.Notices = []view.Notice{{Tone: view.Bad, Title: "没有确认", Text: record.RefusedState.Explain()}}
		})), []string{"没有确认", "变更正在审核", "查看基本信息"}},
		{"confirmation-done", view.ConfirmationPage(done, yearly(func(m *view.ConfirmationModel) {
			m.Open, m.State, m.Text, m.At, m.Due = false, settled, "本期不需要再确认。最后期限前 60 天起可以再次确认，情况有变化时请及时变更。", now, now.AddDate(1, 0, 0)
		})), []string{"年度确认已完成", "已年度确认", "本期不需要再确认"}},
		{"confirmation-off", view.ConfirmationPage(at, view.ConfirmationModel{RecordID: recordID, Kind: "基本信息", Text: "目前不要求年度确认。情况有变化时请及时变更。"}), []string{"目前不要求年度确认"}},
		{"home-overdue", view.HomePage(bidderPage("首页", "/home"), home), []string{"基本信息逾期未年度确认", "去确认", "暂不能参加"}},
		{"record-confirmable", view.RecordPage(bidderPage("基本信息", path), inForce), []string{"请进行年度确认", "上次确认", "最后期限"}},
		{"history-confirmed", view.HistoryPage(bidderPage("变更历史总览", "/history"), history), []string{"确认第 1 版无变化"}},
	}
}
