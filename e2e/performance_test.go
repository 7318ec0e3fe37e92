package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// employs has the holder's practitioner of that name under review, without a
// browser. It returns the practitioner's record.
func (h *holder) employs(t testing.TB, name string) *filing {
	t.Helper()
	return h.begins(t, record.Practitioner, func(file form.File) record.Document {
		return sample.Practitioner(sample.ResidentID(nextNumber()), name, file)
	}).submitted(t)
}

// TestS25_PerformanceFromDraftToForce is the whole way of a 业绩.
func TestS25_PerformanceFromDraftToForce(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员己", record.Reviewer, true)
	h, d := newHolder(t, s, fmt.Sprintf("浏阳河业绩%d有限公司", nextNumber())), newPapers(t)
	h.employs(t, "周予安")
	h.employs(t, "欧阳𬀩")
	p := h.sitByPassword(t)
	project := fmt.Sprintf("示范家园𬀩字 %d 号工程", nextNumber())
	address := ""
	p.part("S25 an empty list, 新增单位业绩, and told before filling what a submit takes", func() {
		address = p.opensDraft("单位业绩", "新增单位业绩")
		require.Equal(t, "元", p.value("币种"))
	})
	p.part("S25 wrong amounts and dates out of order are told, and what was typed is kept", func() {
		p.fill("项目名称", project)
		p.fill("建设单位/招标人", "示范城市建设投资有限公司")
		p.fill("建设单位统一社会信用代码", wrongLast(sample.CreditCode(9001)))
		p.choose("合同类别", "施工总承包")
		p.choose("项目所在地", "湖南省", "长沙市", "岳麓区")
		p.fill("详细地点", "示范大道 200 号")
		p.fill("中标金额", "12800万")
		p.fill("合同金额", "１２８，０００，０００．５")
		p.fill("结算金额", "128000000.12345")
		p.fill("合同签订日期", "2023-02-01")
		p.fill("开工日期", "2023-01-15")
		p.fill("竣工日期", "2025-06-30")
		p.follow("核对并提交")
		p.sees("有 7 处需要修改", "统一社会信用代码", "请填写数字，最多 4 位小数", "不能早于合同签订日期 2023-02-01",
			"请选择项目负责人", "请上传合同", "请上传竣工验收证明")
		require.Equal(t, "12800万", p.value("中标金额"))
		require.Equal(t, "128000000.12345", p.value("结算金额"))
		require.Equal(t, "128000000.5", p.value("合同金额"), "full-width digits are understood")
		p.press("开工日期：不能早于合同签订日期 2023-02-01")
		p.focusesOn("started_on")
	})
	p.part("S25 the manager is found among the practitioners by pinyin initials, and another takes the place", func() {
		p.finds("查找项目负责人", "zya", "周予安")
		p.finds("查找项目负责人", "oy", "欧阳𬀩")
		require.Equal(t, "欧阳𬀩", p.value("项目负责人")[:len("欧阳𬀩")])
		require.NotContains(t, p.value("项目负责人"), "周予安", "a contract has one manager")
	})
	p.part("S25 put right, it can be checked", func() {
		p.fill("建设单位统一社会信用代码", sample.CreditCode(9001))
		p.fill("中标金额", "128000000")
		p.fill("结算金额", "128000000.1234")
		p.fill("开工日期", "2023-03-01")
		p.upload("合同", d.pdf("施工合同.pdf"))
		p.upload("竣工验收证明", d.scan("竣工验收.png"))
		p.follow("核对并提交")
		p.sees("核对单位业绩", project, "欧阳𬀩", "128,000,000.5 元", "128,000,000.1234 元", "岳麓区")
	})
	p.part("S25 no submit in a session by password, not even a forged one", func() {
		require.False(t, p.offers("提交"))
		h.forgesSubmit(t, address)
		p.follow("返回修改")
		p.switchesToKey(h.subject.Name)
		p.sees("欧阳𬀩", "施工合同.pdf")
	})
	f := h.record(address, record.Performance)
	p.part("S25 is submitted with the key, once for a double press and the back button", func() {
		p.follow("核对并提交")
		p.sees("数字签名", "检测到本次登录的 CA 锁")
		at := p.still("press", "提交", 0)
		p.leavesBy(func() {
			p.authenticates(keyPIN, func() {
				p.clickAt(at)
				p.clickAt(at)
			})
		})
		p.sees("审核中", project)
		p.readsOnly()
		p.back()
		if p.offers("提交") { // the page of answers, from the browser's memory
			p.submitsByKey()
		}
		p.sees("审核中")
		versions, err := s.store.Versions(t.Context(), h.subject.ID, f.id)
		require.NoError(t, err)
		require.Len(t, versions, 1)
	})
	p.part("N01 the remark on an amount and on a paper lead to them", func() {
		f.returned(t, reviewer, "请核对金额", record.Remark{Field: "contract_amount", Text: "与合同不一致"}, record.Remark{Field: "contract", Text: "缺签章页"})
		p.open(address)
		p.sees("退回待补正", "请核对金额", "与合同不一致", "缺签章页")
		p.follow("合同金额")
		p.focusesOn("contract_amount")
		p.fill("合同金额", "127000000")
		p.upload("合同", d.pdf("合同签章页.pdf"))
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", "合同签章页.pdf")
		f.approved(t, reviewer)
		p.open("/records?kind=performance")
		p.sees(project, "施工总承包", "127,000,000 元", "2023-02-01", "已生效")
	})
	p.part("S25 a change with a reason, its difference, and approved", func() {
		p.changes("补录规模", "单位业绩")
		p.fill("建筑面积", "52000.5")
		p.follow("核对并提交")
		p.sees("变更原因：补录规模", "本次改动 1 处", "52,000.5 平方米")
		p.submitsByKey()
		p.sees("变更审核中")
		f.approved(t, reviewer)
		p.open(address + "/versions/3")
		p.sees("现行有效", "与第 2 版相比，改动 1 处", "52,000.5 平方米")
	})
	p.part("S25 voided with a reason, and restored", func() {
		p.voids("performance", "登记重复")
		p.restores(address, "登记重复")
	})
}
