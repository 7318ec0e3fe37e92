package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/web/view"
)

// staffRecordShots are the staff's pages on single records.
func staffRecordShots() []shot {
	file := sample.File("f1", "扫描件.pdf")
	before, after := sample.Practitioner(sample.ResidentID(3), "周予安", file), sample.Practitioner(sample.ResidentID(4), "周予安", file)
	after.Position, after.Safety = "总工程师", nil
	versions := []view.VersionRow{
		{No: 2, At: ago(time.Hour), Reason: "升任", By: "示范建工集团有限公司", Assurance: view.ByCertificate, State: view.Tag{Text: "已作废", Tone: view.Bad}, Href: "/staff/records/x?version=2"},
		{No: 1, At: ago(90 * time.Hour), Reason: "首次登记", By: "示范建工集团有限公司", Assurance: view.ByCertificate, State: view.Tag{Text: "已被替代"}, Href: "/staff/records/x?version=1"},
	}
	m := view.StaffRecordModel{
		RecordID: recordID, Kind: "执业人员", Title: "周予安", Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", State: view.Tag{Text: "已作废", Tone: view.Bad},
		No: 2, At: ago(time.Hour), Assurance: view.ByCertificate, Reason: "升任", SHA256: file.SHA256, Signature: &view.Check{Tone: view.Good, Text: "数字签名有效", Note: "RSA"},
		Against: 1, Changes: form.Diff(before.Form(now), after.Form(now)), Versions: versions, CanReveal: true, Timeline: timeline,
		ReviewHref: "/staff/reviews/x", ProcessHref: "http://temporal.test/x", SubjectHref: "/staff/subjects/x",
		Reveal: view.RevealForm{Action: "/staff/records/x/reveal"}, CanReopen: true, Command: command, Revision: 3,
	}
	alone := m
	alone.Against, alone.Changes, alone.Revealed, alone.Signature = 0, form.Diff(nil, before.Form(now)), true, nil
	added := review(func(m *view.ReviewModel) {
		qualification, fewer := sample.Qualification("D243000001", file), sample.Qualification("D243000001", file)
		fewer.Lines = append(fewer.Lines[:1], record.QualificationLine{Key: form.Key{ID: "line9"}, Major: fewer.Lines[1].Major})
		fewer.Lines[0].Scope = "可承担高度 100 米以下的建筑工程。"
		m.Filed, m.Changes = qualification.Title(), form.Diff(fewer.Form(now), qualification.Form(now))
		m.Checks = []view.Check{{Tone: view.Warn, Text: "资质证书编号与其他记录相同", Note: "D243000001：示范二建有限公司", Href: "/staff/records/y"}}
	})
	return []shot{
		{"staff-withdrawals", view.WithdrawalsPage(staffPage("作废与恢复", "/staff/withdrawals"), view.WithdrawalsModel{
			Kinds:    []view.Filter{{Label: "全部", Href: "/staff/withdrawals", Count: -1, On: true}, {Label: "执业人员", Href: "/staff/withdrawals?kind=practitioner", Count: -1}},
			NextHref: "/staff/withdrawals?after=x", Lines: []view.WithdrawalRow{
				{Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: "执业人员", Title: "周予安", Href: "/staff/records/x", Move: view.Tag{Text: "解除聘用", Tone: view.Warn}, Reason: "合同到期", At: ago(time.Hour), State: view.Tag{Text: "已作废", Tone: view.Bad}},
				{Subject: "示范建工集团有限公司", Code: "91430100MA00DEM06N", Kind: "获奖信息", Title: "芙蓉奖", Href: "/staff/records/y", Move: view.Tag{Text: "取消作废", Tone: view.Info}, At: ago(2 * time.Hour), State: view.Tag{Text: "已生效", Tone: view.Good}},
			},
		}), []string{"合同到期", "取消作废", "下一页", `aria-current="page"`}},
		{"staff-withdrawals-empty", view.WithdrawalsPage(staffPage("作废与恢复", "/staff/withdrawals"), view.WithdrawalsModel{}), []string{"没有作废、恢复或解除聘用的记录"}},
		{"staff-record", view.StaffRecordPage(staffPage("执业人员 周予安", "/staff/records/x"), m), []string{"与第 1 版相比", "重新审核", "总工程师", "安全生产考核证：删除“", "查看会留痕", "历次版本"}},
		{"staff-record-alone", view.StaffRecordPage(staffPage("执业人员 周予安", "/staff/records/x"), alone), []string{sample.ResidentID(3), "查看已留痕", "资格证书：“一级注册建造师”"}},
		{"review-rows", view.ReviewPage(staffPage("审核", "/staff/reviews/t2"), added), []string{"资质列表：新增“", "资质列表：删除“", "资质列表：修改“", "/staff/records/y", "remark.lines.line1.scope"}},
	}
}
