package view_test

import (
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/web/view"
)

// owned is the filled 基本信息 with its connected persons.
func owned() *record.OrganizationDocument {
	d := document()
	holder := sample.Shareholder("holder1", "欧阳𬀩", "430104198001010014", "49")
	holder.Relations = append(holder.Relations, choice(codes.ConnectedRelations, codes.RelationDirector))
	parent := sample.Affiliate("parent1", "示范控股集团", "91430100MA00DEM14H", codes.RelationShareholder)
	parent.Unit = form.SubjectReference{Code: "91430100MA00DEM14H", ID: recordID, Name: "示范控股集团有限公司"}
	d.Connected = []record.ConnectedPerson{holder, parent, sample.Affiliate("sub1", "示范装饰工程有限公司", "91430100MA00DEM22C", codes.RelationSubsidiary)}
	return d
}

// jointly is a contract that a consortium had.
func jointly() *record.PerformanceDocument {
	d := sample.Performance("示范家园 1 期", form.Reference{ID: "p", Name: "周予安"}, sample.File("f1", "扫描件.pdf"))
	second := sample.Member("member2", "示范二建有限公司", "91430100MA00DEM14H", "member")
	second.Unit = form.SubjectReference{Code: "91430100MA00DEM14H", ID: recordID, Name: "示范第二建筑工程有限公司"}
	d.Members = []record.ConsortiumMember{sample.Member("member1", "示范建工集团有限公司", "91430100MA00DEM06N", codes.ConsortiumLeader), second}
	d.Consortium = "示范建工集团有限公司负责主体结构"
	return d
}

// connectedShots are the states in which organizations name one another: 关联人 of
// 基本信息, members of a consortium, and what staff are told of both.
func connectedShots() []shot {
	path := "/records/" + recordID
	f := owned().Form(now)
	filling := edit(owned(), func(m *view.EditModel) {
		m.Whole, m.PaperOnly = f, false
		m.Remarks = []view.Remark{{Target: "connected.parent1.share", At: "connected.parent1.share", Label: "关联人第 2 项“出资比例”", Text: "与章程不一致。"}}
	})
	over := owned()
	over.Connected[0].Share = "60"
	group := over.Form(now).Field("connected")
	row, _ := group.Row("holder1")
	refused := filling
	refused.Row = &view.RowForm{Group: group, Row: row, Fault: group.Problem()}
	fresh := document()
	fresh.Connected = []record.ConnectedPerson{{Key: form.Key{ID: "new1"}}}
	added := fresh.Form(now).Field("connected")
	blank, _ := added.Row("new1")
	adding := filling
	adding.Remarks, adding.Row = nil, &view.RowForm{Group: added, Row: blank, New: true}

	contract := jointly().Form(now)
	members := view.EditModel{
		RecordID: recordID, Heading: jointly().Title(), Back: &view.Link{Href: "/records?kind=performance", Text: "单位业绩"}, State: view.Tag{Text: "草稿", Tone: view.Warn},
		Form: contract, Whole: contract, DraftVersion: 3, SavedAt: ago(time.Hour), Command: command, Actions: []view.Action{view.ActionDelete},
	}
	member := members
	chosen := contract.Field("members")
	second, _ := chosen.Row("member2")
	member.Row = &view.RowForm{Group: chosen, Row: second}

	links := []view.Check{
		{Tone: view.Info, Text: "与其他单位有关联：法定代表人为同一人", Note: "示范二建有限公司（91430100MA00DEM14H），已生效", Href: "/staff/records/y", Facts: []view.Fact{
			{Name: "法定代表人为同一人", Text: "陈明远（430104********0014），本单位的法定代表人，对方的法定代表人"},
			{Name: "互为关联单位", Text: "对方是本单位的控股的单位"},
		}},
		{Tone: view.Info, Text: "另有 12 个单位与本单位有关联", Facts: []view.Fact{{Name: "有相同的关联人", Text: "远山水利工程有限公司（91430100MA00DEM22C）"}}},
		{Tone: view.Good, Text: "没有与其他记录重复的登记"},
	}
	return []shot{
		{"edit-connected", view.EditPage(bidderPage("基本信息", path+"/edit"), filling), []string{"添加关联人", "欧阳𬀩", "430104********0014", "股东、董事", "49 %", "示范控股集团有限公司", "与章程不一致", "不对外公示"}},
		{"edit-connected-row", view.EditPage(bidderPage("基本信息", path+"/rows/connected/holder1"), refused), []string{"修改关联人", "合计为百分之 111", "出资比例", "自然人必填"}},
		{"edit-connected-new", view.EditPage(bidderPage("基本信息", path+"/rows/connected/new1"), adding), []string{"添加关联人", "姓名或单位名称", "实际控制人"}},
		{"edit-members", view.EditPage(bidderPage("单位业绩", path+"/edit"), members), []string{"添加联合体成员", "登记为“示范第二建筑工程有限公司”", "不影响提交", "联合体成员（文字说明）", "牵头人"}},
		{"edit-member", view.EditPage(bidderPage("单位业绩", path+"/rows/members/member2"), member), []string{"修改联合体成员", "该代码在本系统登记的名称为“示范第二建筑工程有限公司”"}},
		{"check-connected", view.CheckPage(bidderPage("核对基本信息", path+"/check"), view.CheckModel{
			RecordID: recordID, Heading: "基本信息", Form: f, Changes: form.Diff(document().Form(now), f), DraftVersion: 7, Command: command,
		}), []string{"关联人：新增“欧阳𬀩”", "91430100MA00DEM14H（示范控股集团有限公司）"}},
		{"print-connected", view.PrintPage(page("打印基本信息", path+"/print"), view.PrintModel{
			Kind: "基本信息", Subject: "示范建工集团有限公司", Version: 2, Receipt: "20261123-7KQM4XHT9C", State: view.Tag{Text: "现行有效"}, At: now, Form: f, Back: path,
		}), []string{"欧阳𬀩", "430104********0014", "控股的单位"}},
		{"review-connected", view.ReviewPage(staffPage("审核：示范建工集团有限公司", "/staff/reviews/t2"), review(func(m *view.ReviewModel) {
			m.Changes, m.Checks = form.Diff(document().Form(now), f), links
		})), []string{"关联人：新增“示范控股集团”", "remark.connected.holder1.share", "与其他单位有关联：法定代表人为同一人", "430104********0014", "/staff/records/y", "另有 12 个单位"}},
	}
}
