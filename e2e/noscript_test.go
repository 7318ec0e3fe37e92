package e2e

import (
	"fmt"
	"testing"

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
