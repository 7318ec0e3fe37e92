package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// qualified begins a qualification without lines.
func (h *holder) qualified(t testing.TB) *filing {
	t.Helper()
	return h.begins(t, record.Qualification, func(file form.File) record.Document {
		d := sample.Qualification(fmt.Sprintf("D243%06d", nextNumber()%1_000_000), file)
		d.Lines = nil
		return d
	})
}

// TestS21_TheDialogOfALine is the dialog 【单位资质】 with all ways in and out.
func TestS21_TheDialogOfALine(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("白沙井%d工程有限公司", nextNumber()))
	f := (&holder{bidder: b}).qualified(t)
	p := b.sit(t)
	p.open(f.path("/edit"))
	p.part("S21 without a line no submit, and the summary leads to the button", func() {
		p.follow("核对并提交")
		p.sees("有 1 处需要修改", "请至少添加一项")
		p.press("资质类型：请至少添加一项")
		eventually(t, patience, func() string {
			return p.eval(`document.activeElement.closest("#f-lines") ? "" : "the focus is elsewhere"`)
		})
	})
	for _, c := range []struct{ by, text, entry, grade string }{
		{"its name", "港口与航道", "建筑业 / 施工总承包 / 港口与航道工程", "壹级"},
		{"its code", "1040A020", highway, "贰级"},
		{"its pinyin initials", "tlgc", "建筑业 / 施工总承包 / 铁路工程", "叁级"},
	} {
		p.part("S21 a 资质类型 is found by "+c.by, func() {
			p.follow("添加资质类型")
			p.finds("查找资质属性和资质类型", c.text, c.entry)
			eventually(p.t, patience, func() string {
				if got := p.value("资质属性和资质类型"); "建筑业、施工总承包、"+lastOf(c.entry) != got {
					return "the lists show " + got
				}
				return ""
			})
			p.choose("等级", c.grade)
			p.follow("保存")
			p.sees("已保存", c.entry, c.grade)
		})
	}
	p.part("S21 by the keyboard alone: arrows move, Enter takes, Escape closes the list and not the dialog", func() {
		p.follow("添加资质类型")
		p.find("focus", "查找资质属性和资质类型")
		p.types("建筑工程")
		p.find("found", building)
		p.strikes(kb.Escape)
		p.sees("添加资质类型")
		p.types("装饰")
		p.sees("没有找到，请换个说法")
		for range "建筑工程装饰" {
			p.strikes(kb.Backspace)
		}
		p.types("1040A010")
		p.find("found", building)
		p.strikes(kb.ArrowDown)
		p.enters()
		eventually(p.t, patience, func() string {
			if got := p.value("资质属性和资质类型"); got != "建筑业、施工总承包、建筑工程" {
				return "the lists show " + got
			}
			return ""
		})
	})
	p.part("S21 what is missing is told in the dialog, and what was typed is kept", func() {
		p.fill("可承担业务", "𬀩字号工程")
		p.sees("5 / 1000")
		p.follow("保存")
		p.sees("有 1 处需要修改，修改后即可保存", "请选择等级")
		require.Equal(t, "𬀩字号工程", p.value("可承担业务"))
		p.choose("等级", "特级")
		p.tick("主项资质", "")
		p.follow("保存")
		p.sees("已保存", "特级")
	})
	p.part("S21 a second 主项 is refused in the dialog with what was typed", func() {
		p.follow("修改建筑业 / 施工总承包 / 港口与航道工程")
		p.sees("修改资质类型")
		p.tick("主项资质", "")
		p.fill("可承担业务", "第二个主项")
		p.follow("保存")
		p.sees("修改资质类型", "主项资质最多一个，现在勾选了 2 个")
		require.Equal(t, "第二个主项", p.value("可承担业务"))
		p.follow("取消")
		p.seesNot("第二个主项")
	})
	p.part("S21 one of another class, and one twice, are refused", func() {
		p.follow("添加资质类型")
		p.finds("查找资质属性和资质类型", "fwjzgc", "工程监理 / 专业资质 / 房屋建筑工程")
		p.choose("等级", "甲级")
		p.follow("保存")
		p.sees("同一证书的资质类型须属于同一资质属性，现在有“建筑业”和“工程监理”，请分开登记")
		p.follow("取消")
		p.follow("添加资质类型")
		p.finds("查找资质属性和资质类型", "1040A010", building)
		p.choose("等级", "壹级")
		p.follow("保存")
		p.sees("“建筑工程”添加了两次，请删去一个")
		require.Equal(t, "壹级", p.value("等级"))
	})
	p.part("S21 Escape leads back without the line, and what was typed on the page is kept", func() {
		p.escapes()
		require.Equal(t, f.path("/edit"), p.path())
		p.fill("发证机关", "回来还在")
		p.follow("添加资质类型")
		p.escapes()
		p.sees("回来还在")
		require.Equal(t, "4", p.eval(`String(document.querySelectorAll(".row-card").length)`))
	})
	p.part("S21 a line is deleted once the browser has asked, and what was typed on the page is kept", func() {
		p.fill("发证机关", "删除后也在")
		p.deletesRow("建筑业 / 施工总承包 / 铁路工程")
		p.sees("删除后也在")
		p.seesNot("铁路工程")
	})
}
