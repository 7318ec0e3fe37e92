package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// engages begins a practitioner that can be submitted.
func (h *holder) engages(t testing.TB) *filing {
	t.Helper()
	return h.begins(t, record.Practitioner, func(file form.File) record.Document {
		return sample.Practitioner(sample.ResidentID(nextNumber()), "李𬀩木", file)
	})
}

// TestU6_FilesOfARow puts wrong files into the dialog of a row: what else was
// typed stays, and the row is saved with the right one.
func TestU6_FilesOfARow(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b, d := newBidder(t, s, fmt.Sprintf("暮云%d检测有限公司", nextNumber())), newPapers(t)
	f := (&holder{bidder: b}).engages(t)
	p := b.sit(t)
	p.open(f.path("/edit?tab=safety"))
	p.follow("添加安全生产考核证")
	p.tick("类别", "C类（专职安全生产管理人员）")
	p.fill("证书编号", "湘建安Ｃ（２０２４）０００９")
	p.fill("发证日期", "2024-05-01")
	p.fill("有效期至", "2024-04-30")
	p.fill("发证机关", "湖南省住房和城乡建设厅𬀩")
	p.part("U6 a file of 21 MiB is refused in the dialog", func() {
		require.Contains(t, p.send("证书扫描件", d.huge("很大的扫描件.pdf")).Fault, "不能超过 20.0 MB")
	})
	p.part("U1 a PDF named .jpg is refused in the dialog", func() {
		require.Contains(t, p.send("证书扫描件", d.write("假.jpg", pdfContent("no picture"))).Fault, "扩展名")
	})
	p.part("U1 S27 with a good one and dates in order the row is saved", func() {
		p.upload("证书扫描件", d.pdf("考核证.pdf"))
		p.press("保存")
		p.sees("没有上传成功：很大的扫描件.pdf、假.jpg")
		p.follow("不带这些文件，继续")
		p.sees("有 1 处需要修改，修改后即可保存", "须晚于发证日期 2024-05-01", "考核证.pdf")
		require.Equal(t, "湘建安C(2024)0009", p.value("证书编号"), "full-width digits are understood")
		p.fill("有效期至", "2027-04-30")
		p.follow("保存")
		p.sees("已保存", "考核证.pdf", "湖南省住房和城乡建设厅𬀩")
		p.seesNot("很大的扫描件", "假.jpg")
	})
}

// TestSessionEndsInTheDialogOfARow shows that nothing that was typed is lost.
func TestSessionEndsInTheDialogOfARow(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("坪塘%d市政有限公司", nextNumber()))
	f := (&holder{bidder: b}).qualified(t)
	p := b.sit(t)
	p.open(f.path("/edit"))
	p.follow("添加资质类型")
	p.finds("查找资质属性和资质类型", "1040A010", building)
	p.choose("等级", "贰级")
	p.fill("可承担业务", "登录失效前填写𬀩")
	require.NoError(t, s.store.EndSession(t.Context(), b.session))
	p.part("S21 what was posted from the dialog is kept through the login", func() {
		p.follow("保存")
		p.sees("登录已过期，请重新登录", "刚才填写的内容都保留着")
		p.fill("账号", b.subject.Code)
		p.fill("密码", password)
		p.follow("登录并继续")
		p.sees("已重新登录")
		p.follow("继续")
		p.sees("已保存", building, "贰级", "登录失效前填写𬀩")
	})
}

// TestTwoTabsWithRows shows that rows and the page around them, saved in two
// windows, do not undo each other.
func TestTwoTabsWithRows(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("天顶%d路桥有限公司", nextNumber()))
	f := (&holder{bidder: b}).qualified(t)
	one, two := b.sit(t), b.sit(t)
	one.open(f.path("/edit"))
	two.open(f.path("/edit"))
	two.follow("添加资质类型") // which saves the page of this window
	one.part("S20 the older page is saved onto the newer draft", func() {
		one.fill("发证机关", "第一个窗口的机关")
		one.follow("保存草稿")
		one.sees("草稿已保存")
		require.Equal(t, "第一个窗口的机关", one.value("发证机关"))
	})
	two.part("S21 a line from an older dialog is added to the newest draft", func() {
		two.finds("查找资质属性和资质类型", "1040A010", building)
		two.choose("等级", "壹级")
		two.follow("保存")
		two.sees("已保存", building, "第一个窗口的机关")
	})
	one.part("S21 the other window saves the page, and not the line, of which it hears", func() {
		one.fill("发证机关", "第一个窗口又改")
		one.follow("保存草稿")
		one.sees("草稿已保存", "合并了另一处对“资质类型”的修改", building)
		require.Equal(t, "第一个窗口又改", one.value("发证机关"))
	})
	two.part("S21 a line that both change is asked for", func() {
		two.follow("修改" + building)
		one.follow("修改" + building)
		one.fill("可承担业务", "第一个窗口写的")
		one.follow("保存")
		two.fill("可承担业务", "第二个窗口写的")
		two.follow("保存")
		two.sees("这份草稿已在别处修改", "第一个窗口写的", "第二个窗口写的")
		two.follow("全部用我的")
		two.sees("已保存", "第二个窗口写的")
	})
}

// TestExpiredCertificate shows that what has expired is not filed.
func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("铜官%d陶瓷有限公司", nextNumber()))
	f := (&holder{bidder: b}).begins(t, record.Qualification, func(file form.File) record.Document {
		d := sample.Qualification(fmt.Sprintf("D243%06d", nextNumber()%1_000_000), file)
		d.ExpiresOn = "2026-01-31"
		return d
	})
	p := b.sit(t)
	p.part("S20 an expired certificate is told where it is typed", func() {
		p.open(f.path("/edit"))
		p.follow("核对并提交")
		p.sees("有 1 处需要修改", "证书已过期，不能提交")
		p.fill("有效期至", "2024-02-29")
		p.follow("核对并提交")
		p.sees("须晚于发证日期 2024-03-01")
		p.fill("有效期至", "")
		p.tick("长期有效", "")
		p.follow("核对并提交")
		p.sees("核对单位资质")
	})
}
