package e2e

import (
	"fmt"
	"net/http"
	"path"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

// building and highway are 资质类型 of the class 建筑业, as their cards show them.
const (
	building = "建筑业 / 施工总承包 / 建筑工程"
	highway  = "建筑业 / 施工总承包 / 公路工程"
	fire     = "建筑业 / 专业承包 / 消防设施工程"
)

// opensDraft presses 【新增…】 on the empty list of a kind, reached from the
// navigation, and returns the record's address.
func (p *person) opensDraft(label, add string) string {
	p.t.Helper()
	p.open("/home")
	p.follow(label + "未填报")
	p.sees("还没有填报" + label)
	p.followNth(add, 1)
	p.sees(add, "当前为账号登录", "提交须用 CA 证书登录")
	return path.Dir(p.path())
}

// fillsQualification fills the fields of a certificate beside its lines.
func (p *person) fillsQualification(number string) {
	p.t.Helper()
	p.fill("资质证书编号", number)
	p.fill("发证机关", "湖南省住房和城乡建设厅")
	p.tick("发证机关级别", "省级")
	p.fill("发证日期", "2024-03-01")
	p.fill("有效期至", "2029-02-28")
}

// switchesToKey saves the draft and comes back to it in a session of the key.
func (p *person) switchesToKey(name string) {
	p.t.Helper()
	at := p.path()
	p.follow("保存草稿并改用 CA 证书登录")
	p.entersByKey(keyPIN, name)
	require.Equal(p.t, at, p.path(), "back on the draft")
	p.seesNot("当前为账号登录")
}

// forgesSubmit posts the submit of a draft from a password session, as no page
// of the portal would, and shows that nothing comes of it.
func (h *holder) forgesSubmit(t *testing.T, address string) {
	t.Helper()
	id := record.ID(path.Base(address))
	draft, err := h.system.store.Draft(t.Context(), h.subject.ID, id)
	require.NoError(t, err)
	command := storage.NewID()
	own := *h.bidder
	own.logIn(t)
	got := own.at(h.system.origin).post(t, address+"/submit", submission(command, draft.Version))
	require.Equal(t, http.StatusForbidden, got.status)
	require.Contains(t, got.body, "须使用 CA 证书登录后提交")
	_, err = h.system.store.CommandStatus(t.Context(), command)
	require.Equal(t, record.NotFound, record.CodeOf(err), "nothing was accepted")
	_, err = h.system.store.Record(t.Context(), h.subject.ID, id)
	require.Equal(t, record.NotFound, record.CodeOf(err), "nothing was stored")
}

// TestS20_QualificationFromDraftToForce is the whole way of a qualification.
func TestS20_QualificationFromDraftToForce(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	h, d := newHolder(t, s, fmt.Sprintf("岳麓资质%d有限公司", nextNumber())), newPapers(t)
	name, number := h.subject.Name, fmt.Sprintf("D243%06d", nextNumber()%1_000_000)
	p := h.sitByPassword(t)
	address, decided := "", "" // of the record, and of its last review
	p.part("S20 S22 an empty list, 新增资质, and told before filling what a submit takes", func() {
		address = p.opensDraft("单位资质", "新增资质")
	})
	p.part("S21 a line is added in a dialog, and what was typed on the page is kept", func() {
		p.fillsQualification(number)
		p.follow("添加资质类型")
		p.choose("资质属性和资质类型", "建筑业", "施工总承包", "建筑工程")
		p.choose("等级", "壹级")
		p.tick("主项资质", "")
		p.fill("批准日期", "2024-03-01")
		p.fill("可承担业务", "可承担高度 200 米以下的建筑工程。")
		p.follow("保存")
		p.sees("已保存", "建筑工程", "壹级", "可承担高度 200 米以下的建筑工程。")
		require.Equal(t, number, p.value("资质证书编号"))
		require.Equal(t, "省级", p.value("发证机关级别"))
		require.Equal(t, "建筑业", p.value("资质属性"), "follows from the lines")
		p.follow("添加资质类型")
		p.finds("查找资质属性和资质类型", "glgc", highway)
		p.choose("等级", "贰级")
		p.follow("保存")
		p.upload("资质证书正本/副本", d.pdf("资质证书.pdf"))
	})
	p.part("S22 no submit in a session by password, not even a forged one", func() {
		p.follow("核对并提交")
		p.sees("核对单位资质", "须用 CA 证书登录后提交", number, building, highway)
		require.False(t, p.offers("提交"))
		h.forgesSubmit(t, address)
		p.follow("返回修改")
	})
	p.part("S22 saved, logged in with the key, and back on the draft with all that was typed", func() {
		p.fill("发证机关", "湖南省住房和城乡建设厅（换证）")
		p.switchesToKey(name)
		require.Equal(t, "湖南省住房和城乡建设厅（换证）", p.value("发证机关"))
		p.sees("建筑工程", "公路工程", "资质证书.pdf")
	})
	p.part("S20 S22 is submitted, signed with the key", func() {
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", number, building, "可承担高度 200 米以下的建筑工程。", "CA 证书登录")
		p.readsOnly()
	})

	desk := newMember(t, s, "审核员戊", record.Reviewer, true).sit(t, s)
	p.part("N01 a reviewer returns it with remarks on a field and on a field of a line", func() {
		desk.takes(name)
		desk.unfoldsChecks()
		desk.sees("首次登记，全部为新填", number, "建筑工程", "数字签名有效", "资质证书在有效期内")
		desk.follow("领取办理")
		desk.press("写意见：发证机关")
		desk.fill("对“发证机关”的意见", "发证机关名称与证书不一致")
		desk.press("写意见：" + highway + " 等级")
		desk.fill("对“"+highway+" 等级”的意见", "证书上是叁级")
		desk.press("退回补正")
		desk.decides("退回")
		desk.sees("已退回补正：")
	})
	p.part("N01 S20 the remarks lead to the field, and to the line's dialog", func() {
		p.open("/records?kind=qualification")
		p.sees("退回待补正")
		p.follow("继续填写")
		p.sees("审核退回，请补正后重新提交", "发证机关名称与证书不一致", "证书上是叁级", "补正截止")
		p.press("发证机关")
		p.focusesOn("issuer")
		p.fill("发证机关", "湖南省住房和城乡建设厅")
		p.follow("保存草稿")
		p.followNth("资质类型第 2 项“等级”", 1)
		p.sees("修改资质类型", "证书上是叁级")
		p.focusesOn("grade")
		p.choose("等级", "叁级")
		p.follow("保存")
		p.sees("已修改", "叁级")
		p.follow("核对并提交")
		p.submitsByKey()
		p.sees("审核中", "重新提交")
	})
	p.part("S20 approved, it is in force", func() {
		desk.open("/staff")
		desk.takes(name)
		desk.sees("上次退回的意见", "已修改")
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		p.open(address)
		p.sees("已生效", "审核通过，已生效")
		p.open("/records?kind=qualification")
		p.sees("已生效", "建筑工程壹级、公路工程叁级", "2029-02-28")
	})
	p.part("S23 变更 asks a reason, and the page of answers shows lines added and removed", func() {
		p.changes("资质升级，增项", "单位资质")
		p.fill("有效期至", "2030-02-28")
		p.deletesRow(highway)
		p.seesNot("公路工程")
		p.follow("添加资质类型")
		p.finds("查找资质属性和资质类型", "消防设施", fire)
		p.choose("等级", "贰级")
		p.follow("保存")
		p.follow("核对并提交")
		p.sees("变更原因：资质升级，增项", "2029-02-28", "2030-02-28", "资质列表：新增“"+fire+"”", "资质列表：删除“"+highway+"”")
		p.submitsByKey()
		p.sees("变更审核中", "查看现行有效的内容")
	})
	p.part("S23 B04 the change is approved, and any two versions can be compared", func() {
		desk.open("/staff")
		desk.takes(name)
		desk.sees("资质升级，增项", "新增“"+fire+"”", "删除“"+highway+"”")
		decided = desk.path()
		desk.follow("领取办理")
		desk.press("通过")
		desk.decides("通过")
		p.open(address)
		p.sees("已生效", fire, "历次版本")
		p.follow("查看第 3 版")
		p.sees("第 3 版", "现行有效", "与第 2 版相比", "新增“"+fire+"”", "数字签名有效")
		p.choose("与其他版本比较", "第 1 版")
		p.follow("比较")
		p.sees("与第 1 版相比", "湖南省住房和城乡建设厅（换证）", "删除“"+highway+"”")
	})
	p.part("S23 作废 asks a reason and counts at once", func() {
		p.voids("qualification", "证书遗失补办")
	})
	p.part("S23 staff see that it was voided, and why", func() {
		desk.open(decided)
		desk.sees("办理记录", "作废", "证书遗失补办")
	})
	p.part("S24 取消作废 restores it, and the time line tells of both", func() {
		p.restores(address, "证书遗失补办")
		p.open("/records?kind=qualification&state=in_force")
		p.sees(number)
	})
}
