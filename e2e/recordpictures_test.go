package e2e

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// records takes pictures of the kinds of which a bidder files many: of each the
// list, the page on which one is filled, the dialog of a row or the search for
// people, and one that was filed.
func (g gallery) records(s *system, reviewer *member) {
	t := g.t
	h := newHolder(t, s, "示范路桥集团有限公司")
	zhou := g.employee(h, "周予安").approved(t, reviewer)
	g.employee(h, "欧阳明远")
	people := []form.Reference{{ID: string(zhou.id), Name: "周予安", Number: zhou.number(t), Note: "湘143201615001"}}
	qualification := h.begins(t, record.Qualification, func(file form.File) record.Document {
		return sample.Qualification("D243017730", file)
	}).submitted(t).approved(t, reviewer)
	performance := h.begins(t, record.Performance, func(file form.File) record.Document {
		return sample.Performance("示范家园二期施工总承包", people[0], file)
	}).submitted(t)
	award := h.begins(t, record.Award, func(file form.File) record.Document {
		return sample.Award("芙蓉奖（示范家园二期）", file, people...)
	}).submitted(t)

	p := h.sitWithKey(t)
	p.open("/records?kind=qualification")
	p.follow("新增资质")
	p.fillsQualification("D243017731")
	p.follow("添加资质类型")
	p.finds("查找资质属性和资质类型", "1040A020", highway)
	p.choose("等级", "贰级")
	p.fill("可承担业务", "可承担一级标准以下公路的施工。")
	g.take(p, "qualification-row")
	p.follow("保存")
	g.take(p, "qualification-form")
	p.open("/records?kind=qualification")
	g.take(p, "qualifications")
	p.open(qualification.path(""))
	g.take(p, "qualification")

	p.open("/records?kind=performance")
	p.follow("新增单位业绩")
	p.fill("项目名称", "示范大桥施工")
	p.choose("合同类别", "施工总承包")
	g.take(p, "performance-form")
	p.find("focus", "查找项目负责人")
	p.types("y")
	p.find("found", "周予安")
	g.takeHere(p, "performance-people")
	p.clickAt(p.still("found", "周予安"))
	p.follow("保存草稿")
	p.open("/records?kind=performance")
	g.take(p, "performances")
	p.open(performance.path(""))
	g.take(p, "performance")

	p.open("/records?kind=practitioner")
	p.follow("新增人员")
	p.fill("姓名", "欧阳𬀩")
	p.fill("证件号码", sample.ResidentID(nextNumber()))
	p.follow("保存")
	g.take(p, "practitioner-form")
	p.follow("资格证书")
	p.follow("添加资格证书")
	p.choose("资格类型", "一级注册建造师")
	p.choose("注册专业，第 1 项", "建筑工程")
	p.fill("第 1 项的有效期至", "2028-05-31")
	g.take(p, "practitioner-row")
	p.open("/records?kind=practitioner")
	g.take(p, "practitioners")
	p.open(zhou.path(""))
	g.take(p, "practitioner")

	p.open("/records?kind=award")
	p.follow("新增获奖")
	p.fill("奖项名称", "芙蓉奖（示范大桥）")
	p.finds("查找获奖人员", "zya", "周予安")
	g.take(p, "award-form")
	p.follow("保存草稿")
	p.open("/records?kind=award")
	g.take(p, "awards")
	p.open(award.path(""))
	g.take(p, "award")
}

func (g gallery) employee(h *holder, name string) *filing {
	g.t.Helper()
	return h.begins(g.t, record.Practitioner, func(file form.File) record.Document {
		return sample.Practitioner(sample.ResidentID(nextNumber()), name, file)
	}).submitted(g.t)
}

// number is the identity number of a practitioner.
func (f *filing) number(t testing.TB) string {
	t.Helper()
	version, err := f.system.store.Version(t.Context(), f.subject.ID, f.id, 1)
	require.NoError(t, err)
	return version.Document.People()[0]
}
