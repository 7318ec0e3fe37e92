package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

// TestS29_AwardFromDraftToForce is the whole way of an award, with people.
func TestS29_AwardFromDraftToForce(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	reviewer := newMember(t, s, "审核员壬", record.Reviewer, true)
	h, d := newHolder(t, s, fmt.Sprintf("芙蓉获奖%d有限公司", nextNumber())), newPapers(t)
	h.employs(t, "周予安")
	h.employs(t, "欧阳𬀩")
	h.employs(t, "左宗棠")
	p := h.sitByPassword(t)
	name, address := fmt.Sprintf("芙蓉奖𬀩字 %d 号", nextNumber()), ""
	p.part("S29 an empty list, 新增获奖, and told before filling what a submit takes", func() {
		address = p.opensDraft("获奖信息", "新增获奖")
	})
	p.part("S29 filled by hand, with people found by name, by initials and by a certificate's number", func() {
		p.fill("奖项名称", name)
		p.tick("奖项级别", "省级")
		p.fill("获奖等次", "一等奖")
		p.fill("颁奖单位", "湖南省建筑业协会")
		p.fill("颁奖日期", "2025-01-15")
		p.fill("文号", "湘建协〔2025〕3号")
		p.finds("查找获奖人员", "周予", "周予安")
		p.finds("查找获奖人员", "zzt", "左宗棠")
		p.finds("查找获奖人员", p.eval(`document.querySelector(".picked .code").textContent`), "周予安")
		p.finds("查找获奖人员", "欧阳", "欧阳𬀩")
		p.follow("核对并提交")
		p.sees("有 1 处需要修改", "请上传获奖证书")
		p.upload("获奖证书", d.scan("奖状.png"))
		p.unticks("获奖人员", "左宗棠")
		p.follow("核对并提交")
		p.sees("核对获奖信息", name, "周予安", "欧阳𬀩", "湘建协〔2025〕3号")
		p.seesNot("左宗棠")
	})
	p.part("S29 no submit in a session by password, not even a forged one", func() {
		require.False(t, p.offers("提交"))
		h.forgesSubmit(t, address)
		p.follow("返回修改")
		p.switchesToKey(h.subject.Name)
		p.sees("周予安", "欧阳𬀩", "奖状.png")
	})
	f := h.record(address, record.Award)
	p.part("S29 N01 submitted with the key, returned with a remark, corrected, approved", func() {
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", name)
		p.readsOnly()
		f.returned(t, reviewer, "", record.Remark{Field: "winners", Text: "表彰文件中没有欧阳"})
		p.open(address)
		p.follow("获奖人员")
		p.sees("表彰文件中没有欧阳")
		p.unticks("获奖人员", "欧阳𬀩")
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", "周予安")
		f.approved(t, reviewer)
		p.open("/records?kind=award&q=fr")
		p.sees(name, "省级", "湖南省建筑业协会", "2025-01-15", "一等奖", "已生效")
	})
	p.part("S29 a change of the people, its difference, and approved", func() {
		p.changes("补录获奖人员", "获奖信息")
		p.finds("查找获奖人员", "zzt", "左宗棠")
		p.follow("核对并提交")
		p.sees("本次改动 1 处", "左宗棠")
		p.submitsByKey()
		p.sees("变更审核中")
		f.approved(t, reviewer)
	})
	p.part("S29 voided with a reason, and restored", func() {
		p.voids("award", "奖项被撤销")
		p.restores(address, "奖项被撤销")
	})
}
