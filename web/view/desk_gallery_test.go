package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// deskShots are the reviewer's desk in the states that differ, and what belongs
// to it.
func deskShots() []shot {
	desk := func(change func(*view.Page)) view.Page {
		p := staffPage("审核", "/staff/reviews/t2")
		if change != nil {
			change(&p)
		}
		return p
	}
	undo := view.Notice{Tone: view.Good, Text: "已通过：远山水利工程有限公司", Undo: "/staff/decisions/c/undo", Until: now.Add(9 * time.Second)}
	kinds := []view.Option{{Label: "所有类型"}, {Value: "award", Label: "获奖信息"}}
	return []shot{
		{"desk-decided", view.ReviewPage(desk(func(p *view.Page) { p.Flash = []view.Notice{undo} }), review(nil)), []string{
			"已通过：远山水利工程有限公司", `data-undo="9"`, `data-key="U"`, "提交后 10 秒内可撤销", `data-lease="/staff/reviews/t2/renew"`,
		}},
		{"desk-waiting", view.ReviewPage(desk(nil), review(func(m *view.ReviewModel) {
			m.CanDecide, m.DenyReason, m.Undo, m.UndoUntil = false, "您已对该件作出决定，即将生效。", "/staff/decisions/c/undo", now.Add(4*time.Second)
		})), []string{"即将生效", `data-undo="4"`}},
		{"desk-no-keys", view.ReviewPage(desk(func(p *view.Page) { p.Prefs = view.Prefs{NoKeys: true, Stay: true} }), review(nil)), []string{"快捷键已关闭", "启用快捷键", "checked"}},
		{"desk-sampled", view.ReviewPage(desk(nil), review(func(m *view.ReviewModel) {
			m.Second, m.Sampled, m.FirstReviewer, m.FirstDecidedAt = true, true, "李衡", ago(time.Hour)
			m.ClaimedBy, m.Mine, m.AssignedTo = "", false, "吴示范"
		})), []string{"本件经抽查选中", "已分派给 吴示范"}},
		{"desk-since-return", view.ReviewPage(desk(nil), review(func(m *view.ReviewModel) {
			m.Returned, m.SinceReturn, m.NewRecord, m.BeforeLabel = true, true, true, "第 1 版，被退回的"
			m.Prior = []view.Remark{
				{Label: "整体意见", Text: "请修改", Resolved: true},
				{Target: "licence#a0", At: "licence", Label: "营业执照“营业执照.jpg”", Text: "不清晰", Resolved: true, Answer: "已重新扫描", Since: fileChange()},
			}
		})), []string{"较上次退回", "被退回的", "申请人答复", "<ins>营业执照.pdf</ins>", `href="#row-licence"`}},
		{"phrases", view.PhrasesPage(staffPage("常用意见", "/staff/phrases"), view.PhrasesModel{
			Own: []view.Phrase{{ID: "p1", Text: "与执照不一致", Kind: "award"}}, Shared: []view.Phrase{{ID: "p2", Text: "附件不清晰"}}, Kinds: kinds,
		}), []string{"与执照不一致", "附件不清晰", "由管理员维护"}},
		{"phrases-supervisor", view.PhrasesPage(staffPage("常用意见", "/staff/phrases"), view.PhrasesModel{
			Shared: []view.Phrase{{ID: "p2", Text: "附件不清晰"}}, Kinds: kinds, MayShare: true, Text: "太长", Share: true,
			Problems: []form.Problem{{Field: "text", Label: "常用意见", Message: "最多 200 个字，现在有 201 个字"}},
		}), []string{"所有审核人员共用", "（1 处错误）", "还没有自己的常用意见"}},
	}
}

// fileChange is the change of the licence.
func fileChange() []form.Change {
	for _, c := range form.Diff(earlier().Form(now), document().Form(now)) {
		if c.Field.Name == "licence" {
			return []form.Change{c}
		}
	}
	return nil
}
