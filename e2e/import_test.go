package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/record/sample"
)

// workbook is a file of Excel in a person's hands.
type workbook struct {
	*excelize.File
	t    testing.TB
	name string // of the sheet
}

// saves presses what bears the text, which saves a workbook, and opens it.
func (p *person) saves(b *bidder, text string) workbook {
	p.t.Helper()
	require.True(p.t, p.offers(text))
	href := p.eval(fmt.Sprintf(`[...document.querySelectorAll("main a")].find((a) => a.innerText.includes(%q)).getAttribute("href")`, text))
	got, err := b.at(p.origin).get(p.t.Context(), href)
	require.NoError(p.t, err)
	require.Equal(p.t, 200, got.status)
	f, err := excelize.OpenReader(strings.NewReader(got.body))
	require.NoError(p.t, err)
	return workbook{f, p.t, f.GetSheetName(0)}
}

func (w workbook) rows() [][]string {
	w.t.Helper()
	rows, err := w.GetRows(w.name)
	require.NoError(w.t, err)
	return rows
}

// put fills a line: headings and texts in turn.
func (w workbook) put(line int, pairs ...string) {
	w.t.Helper()
	headings := w.rows()[0]
	for i := 0; i < len(pairs); i += 2 {
		at := -1
		for n, h := range headings {
			if strings.TrimSuffix(h, "*") == pairs[i] {
				at = n + 1
			}
		}
		require.Positive(w.t, at, "the sheet has no column “%s”", pairs[i])
		cell, err := excelize.CoordinatesToCellName(at, line)
		require.NoError(w.t, err)
		require.NoError(w.t, w.SetCellStr(w.name, cell, pairs[i+1]))
	}
}

func (w workbook) content() []byte {
	w.t.Helper()
	var content bytes.Buffer
	_, err := w.WriteTo(&content)
	require.NoError(w.t, err)
	return content.Bytes()
}

// hands uploads a workbook.
func (p *person) hands(path string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.CSS("#f-file"), []string{path}, chromedp.NodeReady))
	p.follow("上传并核对")
}

func TestB16_FromTheTemplateToTheDrafts(t *testing.T) {
	t.Parallel()
	s := theSystem(t)
	b := newBidder(t, s, fmt.Sprintf("靳江路%d建筑有限公司", nextNumber()))
	p, d := b.sit(t), newPapers(t)
	const people = 180
	numbers := make([]string, people)
	for i := range numbers {
		numbers[i] = sample.ResidentID(nextNumber())
	}
	row := func(w workbook, line, n int) {
		w.put(line, "姓名", fmt.Sprintf("黎照%03d", n), "证件号码", numbers[n], "手机", "13600001234", "职务", "项目经理", "入职日期", "2018-07-01", "学历", "大学", "所在地", "湖南省长沙市岳麓区")
	}
	var roll []byte
	p.part("B16 the template is filled in, uploaded and looked at before anything happens", func() {
		p.open("/records?kind=practitioner")
		p.follow("批量导入")
		p.sees("一次最多 5000 行")
		w := p.saves(b, "下载模板")
		for n := range people {
			row(w, n+3, n)
		}
		w.put(5, "证件号码", wrongLast(numbers[2]))
		w.put(9, "学历", "博士后", "手机", "12")
		roll = w.content()
		p.hands(d.write("花名册.xlsx", roll))
		p.sees("读到 180 行", "花名册.xlsx", "黎照000", "第 5 行", "黎照002", "没有“博士后”这一项")
		p.seesNot(numbers[0])
		drafts, err := s.store.Drafts(t.Context(), b.subject.ID, record.Practitioner)
		require.NoError(t, err)
		require.Empty(t, drafts)
	})
	p.part("B16 a file that is none is refused in words", func() {
		other := b.sit(t)
		other.open("/imports?kind=practitioner")
		other.hands(d.pdf("花名册.pdf"))
		other.sees("这不是 Excel 工作簿", "下载模板")
	})
	var address string
	p.part("B16 after the confirmation a bar shows how far it is, and the page shows the end by itself", func() {
		p.follow("确认导入 178 行")
		address = p.path()
		p.sees("已导入 178 行，另有 2 行没有导入")
		require.Equal(t, address, p.path())
	})
	p.part("B16 what came back is corrected and handed in again", func() {
		p.inspect()
		w := p.saves(b, "下载有问题的 2 行")
		rows := w.rows()
		require.Len(t, rows, 3)
		require.Contains(t, strings.Join(rows[2], "|"), "没有“博士后”这一项")
		w.put(2, "证件号码", numbers[2])
		w.put(3, "学历", "大学", "手机", "13600001234")
		p.follow("再次上传")
		p.sees("部分导入")
		p.hands(d.write("花名册 改好.xlsx", w.content()))
		p.follow("确认导入 2 行")
		p.sees("已全部导入，共 2 行")
	})
	p.part("B16 the first file again makes nothing", func() {
		p.follow("再次上传")
		p.hands(d.write("花名册.xlsx", roll))
		p.sees("本单位的执业人员中已经有了")
		require.False(t, p.offers("确认导入"))
		p.follow("取消")
		p.sees("没有导入任何内容")
	})
	p.part("B16 the list is exported, and a draft is gone on with", func() {
		p.open("/records?kind=practitioner&sort=title")
		require.Len(t, p.saves(b, "导出 Excel").rows(), people+1)
		p.follow("黎照000")
		p.sees("黎照000", "项目经理")
	})
	drafts, err := s.store.Drafts(t.Context(), b.subject.ID, record.Practitioner)
	require.NoError(t, err)
	require.Len(t, drafts, people)
}
