package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// TestS10_WithoutScripts takes the whole way of a bidder with JavaScript off.
func TestS10_WithoutScripts(t *testing.T) {
	t.Parallel()
	p, d := newPerson(t, theSystem(t)), newPapers(t)
	p.withoutScripts()
	name := fmt.Sprintf("无脚本%d工程有限公司", nextNumber())
	p.part("S02 S05 registers without a proof of work, within the quota", func() {
		p.registers("单位", sample.CreditCode(nextNumber()), "单位全称", name)
		p.sees("注册成功", name)
		p.press("开始填写基本信息")
	})
	p.part("S10 fills and attaches", func() {
		p.fillsOrganization(name)
		p.attaches(d, organizationPapers...)
		p.puts("营业执照", d.write("假图片.jpg", pdfContent("not a picture")))
		p.sees("有 1 处需要修改", "文件的扩展名是 .jpg，内容却是 PDF")
		p.seesNot("假图片.jpg")
	})
	p.part("S11 submits", func() {
		p.checksAndSubmits()
		p.sees("审核中", "本次以账号登录提交")
		p.readsOnly()
	})
}

// TestS21_RowsWithoutScripts fills what has rows, files in rows and people to
// choose from, with JavaScript off. The submit itself takes the key, and scripts.
func TestS21_RowsWithoutScripts(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	h, d := newHolder(t, s, fmt.Sprintf("无脚本资质%d有限公司", nextNumber())), newPapers(t)
	person := fmt.Sprintf("曹𬀩%d", nextNumber())
	h.begins(t, record.Practitioner, func(file form.File) record.Document {
		return sample.Practitioner(sample.ResidentID(nextNumber()), person, file)
	}).submitted(t)
	p := h.sit(t)
	p.withoutScripts()
	p.part("S20 S21 lines are added, changed and deleted", func() {
		p.open("/records?kind=qualification")
		p.followNth("新增资质", 1)
		p.fillsQualification(fmt.Sprintf("D343%06d", nextNumber()%1_000_000))
		p.follow("添加资质类型")
		p.choose("资质属性和资质类型", "建筑业", "施工总承包", "建筑工程")
		p.choose("等级", "壹级")
		p.follow("保存")
		p.sees("已保存", building, "壹级")
		require.Equal(t, "湖南省住房和城乡建设厅", p.value("发证机关"))
		p.follow("添加资质类型")
		p.choose("资质属性和资质类型", "建筑业", "施工总承包", "公路工程")
		p.follow("保存")
		p.sees("有 1 处需要修改，修改后即可保存", "请选择等级")
		p.choose("等级", "贰级")
		p.follow("保存")
		p.follow("修改" + highway)
		p.choose("等级", "叁级")
		p.follow("保存")
		p.sees("叁级")
		p.follow("删除" + building)
		p.sees("已删除", highway)
		p.seesNot(building)
		p.upload("资质证书正本/副本", d.pdf("无脚本.pdf"))
		p.follow("核对并提交")
		p.sees("核对单位资质", highway, "叁级", "无脚本.pdf")
	})
	p.part("S26 S27 the tabs of a practitioner, with a file in a row", func() {
		p.open("/records?kind=practitioner")
		p.follow("新增人员")
		p.fill("姓名", "无脚本𬀩")
		p.follow("保存")
		p.sees("资格证书", "人员获奖", "安全生产考核证")
		p.follow("安全生产考核证")
		p.follow("添加安全生产考核证")
		p.tick("类别", "B类（项目负责人）")
		p.upload("证书扫描件", d.pdf("考核证.pdf"))
		require.Equal(t, "B类（项目负责人）", p.value("类别"))
		p.fill("证书编号", "湘建安B（2024）000001")
		p.fill("发证日期", "2024-05-01")
		p.fill("有效期至", "2027-04-30")
		p.fill("发证机关", "湖南省住房和城乡建设厅")
		p.follow("保存")
		p.sees("已保存", "考核证.pdf", "2027-04-30")
	})
	p.part("S29 people are chosen from a list", func() {
		p.open("/records?kind=award")
		p.followNth("新增获奖", 1)
		p.fill("奖项名称", "芙蓉奖")
		p.choose("选择获奖人员", p.offered("选择获奖人员", person))
		p.follow("保存草稿")
		p.sees("草稿已保存", person)
	})
}
