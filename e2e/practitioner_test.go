package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// TestS26_PractitionerFromDraftToForce is the whole way of a practitioner.
func TestS26_PractitionerFromDraftToForce(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员庚", record.Reviewer, true)
	h, d := newHolder(t, s, fmt.Sprintf("捞刀河人员%d有限公司", nextNumber())), newPapers(t)
	p := h.sitByPassword(t)
	number, name := sample.ResidentID(nextNumber()), "欧阳𬀩"
	address := ""
	p.part("S26 新增人员 opens the basic information alone; saved, there are four tabs", func() {
		address = p.opensDraft("执业人员", "新增人员")
		require.False(t, p.offers("资格证书"))
		require.False(t, p.offers("核对并提交"))
		p.fill("姓名", name)
		p.fill("证件号码", number)
		p.follow("保存")
		p.sees("草稿已保存")
		for _, tab := range []string{"基本信息", "资格证书", "人员获奖", "安全生产考核证"} {
			require.True(t, p.offers(tab), tab)
		}
		born, _ := record.ResidentIDBirthDate(number)
		require.Equal(t, born.Format("2006-01-02"), p.value("出生日期"), "the number tells")
	})
	p.part("S27 turning to another tab saves this one", func() {
		p.fill("手机", "１３６００００１２３４")
		p.fill("职务", "项目经理")
		p.fill("入职日期", "2018-07-01")
		p.follow("资格证书")
		p.sees("还没有添加资格证书")
		p.follow("基本信息")
		require.Equal(t, "13600001234", p.value("手机"))
		require.Equal(t, "项目经理", p.value("职务"))
	})
	p.part("S27 a row of 资格证书, with dated majors and its scan, in the dialog", func() {
		p.follow("资格证书")
		p.follow("添加资格证书")
		p.choose("资格类型", "一级注册建造师")
		p.fill("注册编号", "湘143201612345")
		p.choose("注册专业，第 1 项", "建筑工程")
		p.fill("第 1 项的有效期至", "2015-05-31")
		p.choose("注册专业，第 2 项", "公路工程")
		p.fill("发证日期", "2016-06-01")
		p.fill("发证机关", "住房和城乡建设部")
		p.tick("证书状态", "有效")
		p.upload("证书扫描件", d.pdf("建造师证.pdf"))
		p.follow("保存")
		p.sees("有 1 处需要修改，修改后即可保存", "请填写“公路工程”的有效期")
		require.Equal(t, "建筑工程", p.value("注册专业，第 1 项"))
		p.sees("建造师证.pdf")
		p.fill("第 2 项的有效期至", "2028-05-31")
		p.follow("保存")
		p.sees("“建筑工程”的有效期早于发证日期 2016-06-01")
		p.fill("第 1 项的有效期至", "2028-05-31")
		p.follow("保存")
		p.sees("已保存", "一级注册建造师", "建筑工程（至 2028-05-31）、公路工程（至 2028-05-31）", "建造师证.pdf")
	})
	p.part("S27 rows of 人员获奖 and 安全生产考核证", func() {
		p.follow("人员获奖")
		p.follow("添加人员获奖")
		p.fill("奖项名称", "优秀项目经理")
		p.tick("奖项级别", "省级")
		p.fill("颁奖单位", "湖南省建筑业协会")
		p.fill("颁奖日期", "2025-01-15")
		p.fill("文号", "湘建协〔2025〕3号")
		p.upload("获奖证书", d.scan("获奖证书.png"))
		p.follow("保存")
		p.sees("已保存", "优秀项目经理", "获奖证书.png")
		p.follow("安全生产考核证")
		p.follow("添加安全生产考核证")
		p.tick("类别", "B类（项目负责人）")
		p.fill("证书编号", "湘建安B（2024）000123")
		p.fill("发证日期", "2024-05-01")
		p.fill("有效期至", "2027-04-30")
		p.fill("发证机关", "湖南省住房和城乡建设厅")
		p.upload("证书扫描件", d.pdf("安全考核证.pdf"))
		p.follow("保存")
		p.sees("已保存", "2027-04-30", "安全考核证.pdf")
	})
	p.part("S27 problems on another tab are told on it, and linked", func() {
		p.follow("核对并提交")
		p.sees("有 3 处需要修改", "请选择学历", "请上传身份证正反面", "请上传劳动合同/社保证明")
		require.Equal(t, name, p.value("姓名"), "the tab with the problems is shown")
		p.choose("学历", "大学")
		p.choose("职称级别", "副高级")
		p.attaches(d, "身份证正反面", "劳动合同/社保证明")
		p.follow("核对并提交")
		p.sees("请填写职称专业", "请填写职称证书编号", "请上传职称证书")
		p.fill("职称专业", "建筑施工")
		p.fill("职称证书编号", "ZC2016-0042")
		p.upload("职称证书", d.pdf("职称证书.pdf"))
		p.follow("核对并提交")
		p.sees("核对执业人员", number, "一级注册建造师", "优秀项目经理", "湘建安B(2024)000123", "职称证书.pdf")
	})
	p.part("S28 no submit in a session by password, not even a forged one", func() {
		require.False(t, p.offers("提交"))
		h.forgesSubmit(t, address)
		p.follow("返回修改")
		p.follow("安全生产考核证1项")
		p.switchesToKey(h.subject.Name)
		p.sees("湘建安B(2024)000123")
	})
	f := h.record(address, record.Practitioner)
	p.part("S28 submit takes all tabs", func() {
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", "一级注册建造师", "优秀项目经理", "湘建安B(2024)000123", form.Mask(number))
		p.seesNot(number)
		p.readsOnly()
	})
	p.part("N01 remarks lead to the tab, and to the row's dialog on its tab", func() {
		row := f.row(t, "registrations", 0)
		f.returned(t, reviewer, "", record.Remark{Field: "position", Text: "与劳动合同不一致"}, record.Remark{Field: "registrations." + row + ".seal_no", Text: "请补填印章号"})
		p.open(address)
		p.sees("退回待补正", "与劳动合同不一致", "请补填印章号")
		p.follow("资格证书第 1 项“执业印章号”")
		p.sees("修改资格证书", "请补填印章号")
		p.focusesOn("seal_no")
		p.fill("执业印章号", "湘1432016")
		p.follow("保存")
		p.sees("已修改")
		p.follow("职务")
		p.focusesOn("position")
		p.fill("职务", "技术负责人")
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", "湘1432016", "技术负责人")
		f.approved(t, reviewer)
		p.open("/records?kind=practitioner&q=oy")
		p.sees(name, "技术负责人", "副高级", "一级注册建造师", "B类", "已生效")
	})
	p.part("S27 S28 a change of rows, its difference, and approved", func() {
		p.changes("新取得证书", "执业人员")
		p.follow("安全生产考核证1项")
		p.deletesRow("B类（项目负责人）")
		p.follow("人员获奖1项")
		p.follow("修改优秀项目经理")
		p.fill("获奖等次", "一等奖")
		p.follow("保存")
		p.follow("核对并提交")
		p.sees("变更原因：新取得证书", "人员获奖：修改“优秀项目经理”", "一等奖", "安全生产考核证：删除“B类（项目负责人）”")
		p.submitsByKey()
		p.sees("变更审核中")
	})
}

// row is the id of a row of the draft.
func (f *filing) row(t testing.TB, group string, nth int) string {
	t.Helper()
	version, err := f.system.store.Version(t.Context(), f.subject.ID, f.id, 1)
	require.NoError(t, err)
	return version.Document.Form(time.Now()).Field(group).Rows()[nth].ID
}

// TestS28_OnePersonAtOneOrganization shows what the second organization and the
// first one see of each other: nothing.
func TestS28_OnePersonAtOneOrganization(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员辛", record.Reviewer, true)
	number := sample.ResidentID(nextNumber())
	engineer := func(file form.File) record.Document { return sample.Practitioner(number, "陶澍", file) }
	first := newHolder(t, s, fmt.Sprintf("先聘%d有限公司", nextNumber()))
	there := first.begins(t, record.Practitioner, engineer).submitted(t).approved(t, reviewer)
	second := newHolder(t, s, fmt.Sprintf("后聘%d有限公司", nextNumber()))
	here := second.begins(t, record.Practitioner, engineer)
	p, other := second.sitWithKey(t), first.sitWithKey(t)
	p.part("S28 a second organization is refused, without the first one's name, and told what to do", func() {
		p.open(here.path("/check"))
		p.submitsByKey()
		p.sees("该人员已有一条有效的执业登记", "解除聘用", "填写的内容已保留在草稿中")
		p.seesNot(first.subject.Name, first.subject.Code)
		p.open(here.path("/edit"))
		require.Equal(t, "陶澍", p.value("姓名"))
	})
	p.part("S28 解除聘用 by the first one asks a reason, and frees the person at once", func() {
		other.open("/records?kind=practitioner")
		require.False(t, other.offers("作废"), "a person is let go, not voided")
		other.follow("解除聘用")
		other.sees("立即生效", "可以在其他单位登记")
		other.fill("原因", "合同到期")
		other.follow("解除聘用")
		other.sees("已作废", "合同到期")
	})
	p.part("S28 then the second one's submit goes through, and the first cannot take the person back", func() {
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中")
		here.approved(t, reviewer)
		other.open(there.path(""))
		other.press("取消作废")
		other.follow("取消作废")
		other.sees("该人员已有一条有效的执业登记")
		other.seesNot(second.subject.Name, second.subject.Code)
	})
}
