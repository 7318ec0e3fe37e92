package sheet_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/record/sample"
	"unireg/sheet"
)

var today = time.Date(2026, 11, 25, 12, 0, 0, 0, record.Shanghai)

var owner = record.Subject{Type: record.Organization, Code: sample.CreditCode(1), Name: "示范建工集团有限公司"}

func definition(t testing.TB, kind record.Kind) record.Definition {
	t.Helper()
	d, ok := record.DefinitionOf(kind)
	require.True(t, ok)
	require.True(t, d.Importable())
	return d
}

// template is the workbook of a kind, open to be filled in.
func template(t testing.TB, kind record.Kind) *filled {
	t.Helper()
	var content bytes.Buffer
	require.NoError(t, sheet.Template(&content, definition(t, kind), today))
	return reopened(t, kind, content.Bytes())
}

func reopened(t testing.TB, kind record.Kind, content []byte) *filled {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(content))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	w := &filled{File: f, t: t, kind: definition(t, kind), name: f.GetSheetName(0), at: map[string]int{}}
	rows, err := f.GetRows(w.name)
	require.NoError(t, err)
	for i, heading := range rows[0] {
		heading, _, _ = strings.Cut(strings.TrimSuffix(heading, "*"), "（")
		w.at[heading] = i + 1
	}
	return w
}

// filled is a workbook that a person fills in.
type filled struct {
	*excelize.File
	t    testing.TB
	kind record.Definition
	name string
	at   map[string]int // columns by their headings
}

func (w *filled) cell(line int, heading string) string {
	w.t.Helper()
	require.Contains(w.t, w.at, heading)
	name, err := excelize.CoordinatesToCellName(w.at[heading], line)
	require.NoError(w.t, err)
	return name
}

// put fills a row: headings and values in turn.
func (w *filled) put(line int, pairs ...any) {
	w.t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		require.NoError(w.t, w.SetCellValue(w.name, w.cell(line, pairs[i].(string)), pairs[i+1]))
	}
}

func (w *filled) content() []byte {
	w.t.Helper()
	content, err := w.WriteToBuffer()
	require.NoError(w.t, err)
	return content.Bytes()
}

func (w *filled) read() sheet.Sheet {
	w.t.Helper()
	read, err := sheet.Read(w.content(), w.kind, owner, today)
	require.NoError(w.t, err)
	return read
}

// person is a row of 执业人员 that is in order.
func (w *filled) person(line int, name, number string, more ...any) {
	w.t.Helper()
	w.put(line, append([]any{"姓名", name, "证件号码", number, "手机", "13600001234", "职务", "项目经理", "入职日期", "2018-07-01", "学历", "大学"}, more...)...)
}

func words(row record.IntakeRow) string {
	var all []string
	for _, p := range row.Problems {
		all = append(all, p.Label+"："+p.Message)
	}
	return strings.Join(all, "\n")
}

func TestB16_TheTemplateIsFilledAndRead(t *testing.T) {
	w := template(t, record.Practitioner)
	rows, err := w.GetRows(w.name)
	require.NoError(t, err)
	require.Contains(t, rows[0], "姓名*")
	require.Contains(t, rows[0], "民族")
	require.NotContains(t, strings.Join(rows[0], ""), "照片", "scans do not fit into cells")
	require.Contains(t, rows[1][0], "示例")
	comments, err := w.GetComments(w.name)
	require.NoError(t, err)
	require.Greater(t, len(comments), 10)
	lists, err := w.GetDataValidations(w.name)
	require.NoError(t, err)
	require.NotEmpty(t, lists)
	visible, err := w.GetSheetVisible("选项")
	require.NoError(t, err)
	require.False(t, visible)

	w.person(3, "周予安", sample.ResidentID(3), "所在地", "湖南省 / 长沙市 / 岳麓区", "民族", "汉")
	w.person(5, "陈明远", sample.ResidentID(4), "证件类型", "居民身份证", "所在地", "430104")
	read := w.read()
	require.Empty(t, read.Ignored)
	require.Len(t, read.Rows, 2, "neither the example nor an empty row")
	first := read.Rows[0].Document.(*record.PractitionerDocument)
	require.Empty(t, words(read.Rows[0]))
	require.Equal(t, 3, read.Rows[0].Line)
	require.Equal(t, "周予安", first.Name)
	require.Equal(t, "111", first.IDType.Code, "as on a new draft")
	require.Equal(t, "430104", first.Region.Code)
	require.Equal(t, sample.ResidentID(3)[6:10], string(first.BornOn)[:4], "follows from the number")
	require.NotEmpty(t, first.Gender.Code)
	require.Equal(t, first.Region, read.Rows[1].Document.(*record.PractitionerDocument).Region)
	require.Empty(t, words(read.Rows[1]))
}

func TestB16_TheExampleIsARowThatCouldBeImported(t *testing.T) {
	for _, kind := range []record.Kind{record.Practitioner, record.Performance} {
		w := template(t, kind)
		w.put(2, "说明", "") // no longer said to be the example
		read := w.read()
		require.Len(t, read.Rows, 1)
		require.Empty(t, words(read.Rows[0]))
		for _, f := range w.kind.Imported(read.Rows[0].Document.Form(today)) {
			require.True(t, !f.Required() || !f.Empty(), "%s has no example", f.Label)
		}
	}
}

func TestB16_OnlyWhatIsGivenCanBeWrong(t *testing.T) {
	w := template(t, record.Practitioner)
	wrong := sample.ResidentID(7)[:17] + "0"
	if wrong == sample.ResidentID(7) {
		wrong = wrong[:17] + "1"
	}
	w.put(3, "姓名", "甲", "证件号码", sample.ResidentID(5))
	w.person(4, "乙", wrong)
	w.person(5, "丙", sample.ResidentID(8), "学历", "博士后", "所在地", "月亮", "入职日期", "2018-02-30", "手机", "12")
	w.put(6, "姓名", "丁")
	w.person(7, "戊", sample.ResidentID(5))
	w.person(8, "己", sample.ResidentID(9), "所在地", "湖南省")
	rows := w.read().Rows
	require.Len(t, rows, 6)
	require.Empty(t, words(rows[0]), "what is missing is told on the draft")
	require.Contains(t, words(rows[1]), "证件号码")
	for _, said := range []string{"学历：没有“博士后”这一项", "所在地：没有“月亮”", "入职日期：请填写真实的日期", "手机："} {
		require.Contains(t, words(rows[2]), said)
	}
	require.Equal(t, "证件号码：请填写证件号码", words(rows[3]), "what tells rows apart is needed")
	require.Equal(t, "证件号码：与第 3 行重复，请删去一行", words(rows[4]))
	require.Contains(t, words(rows[5]), "请选择到最后一级")
}

// Cells as Excel and people leave them.
func TestB16_WhatExcelMakesOfDatesAndNumbers(t *testing.T) {
	w := template(t, record.Performance)
	contract := func(line int, name string, signed any, more ...any) {
		w.put(line, append([]any{"项目名称", name, "合同签订日期", signed}, more...)...)
	}
	contract(3, "  示范家园　一期  ", 45461.0, "合同金额", 128000000.5, "建设单位统一社会信用代码", "  "+strings.ToLower(sample.CreditCode(9))+" ")
	contract(4, "日期带时刻", 45461.75, "合同金额", 1.28e8, "中标金额", "1,280,000.50", "结算金额", 0.1+0.2)
	contract(5, "文字日期", "2024年6月18日", "合同金额", "１２８００", "开工日期", "20240701")
	contract(6, "时间值", time.Date(2024, 6, 18, 15, 0, 0, 0, time.UTC))
	contract(7, "编号", "2024/6/18", "项目编号", 20240117.0)
	contract(8, "丢失的编号", "2024-06-18", "项目编号", 123456789012345678.0)
	require.NoError(t, w.SetCellValue(w.name, w.cell(8, "项目编号"), "1.23456789012346E+17"))
	contract(9, "层数", "2024-06-18", "层数", "-2/28", "币种", "元")
	contract(10, "不是日期", "去年夏天", "合同金额", "约一百万")
	rows := w.read().Rows
	require.Len(t, rows, 8)
	documents := make([]*record.PerformanceDocument, len(rows))
	for i, row := range rows {
		documents[i] = row.Document.(*record.PerformanceDocument)
		if row.Line < 8 || row.Line == 9 {
			require.Empty(t, words(row), "line %d", row.Line)
		}
		if row.Line != 10 {
			require.EqualValues(t, "2024-06-18", documents[i].SignedOn, "line %d", row.Line)
			require.Equal(t, "2024-06-18", func() string {
				text := row.Cells["signed_on"]
				return strings.NewReplacer("年6月18日", "-06-18", "/6/", "-06-").Replace(text)
			}(), "a person reads a date")
		}
	}
	require.Equal(t, "示范家园　一期", documents[0].ProjectName)
	require.Equal(t, sample.CreditCode(9), documents[0].OwnerCode)
	require.EqualValues(t, "128000000.5", documents[0].ContractAmount)
	require.EqualValues(t, "128000000", documents[1].ContractAmount)
	require.EqualValues(t, "1280000.50", documents[1].AwardAmount)
	require.EqualValues(t, "0.3", documents[1].SettlementAmount)
	require.EqualValues(t, "12800", documents[2].ContractAmount)
	require.EqualValues(t, "2024-07-01", documents[2].StartedOn)
	require.Equal(t, "20240117", documents[4].ProjectCode)
	require.Contains(t, words(rows[5]), "末几位已经丢失")
	require.Equal(t, "-2/28", documents[6].Scale.Floors)
	require.Contains(t, words(rows[7]), "合同签订日期：请填写真实的日期")
	require.Contains(t, words(rows[7]), "合同金额：请填写数字")
}

func TestB16_AnIdentityNumberThatExcelHasCut(t *testing.T) {
	w := template(t, record.Practitioner)
	w.person(3, "甲", "")
	w.put(3, "证件号码", "4.30104197001011E+17")
	w.person(4, "乙", "430104197001011000")
	w.put(5, "姓名", "丙", "证件号码", strings.ReplaceAll(sample.ResidentID(3), "1", "１"), "手机", 13600001234)
	w.put(6, "姓名", "丁", "证件号码", sample.ResidentID(4), "手机", "1.3600001234E+10")
	rows := w.read().Rows
	require.Contains(t, words(rows[0]), "末几位已经丢失")
	require.Contains(t, words(rows[1]), "末几位已经丢失")
	require.Empty(t, words(rows[2]))
	require.Equal(t, sample.ResidentID(3), rows[2].Document.(*record.PractitionerDocument).IDNumber)
	require.Empty(t, words(rows[3]))
	require.Equal(t, "13600001234", rows[3].Document.(*record.PractitionerDocument).Mobile)
}

func TestB16_TheReturnedFileIsCorrectedAndReadAgain(t *testing.T) {
	w := template(t, record.Practitioner)
	w.person(3, "周予安", sample.ResidentID(3), "学历", "博士后", "所在地", "430104")
	w.person(4, "=HYPERLINK(\"http://evil.test\")", sample.ResidentID(3))
	var back bytes.Buffer
	require.NoError(t, sheet.Returned(&back, w.kind, w.read().Rows, today))
	again := reopened(t, record.Practitioner, back.Bytes())
	said, err := again.GetCellValue(again.name, again.cell(2, "问题"))
	require.NoError(t, err)
	require.Contains(t, said, "没有“博士后”这一项")
	style := func(heading string) int {
		id, err := again.GetCellStyle(again.name, again.cell(2, heading))
		require.NoError(t, err)
		return id
	}
	require.Equal(t, style("问题"), style("学历"), "the faulty cell is marked")
	require.NotEqual(t, style("学历"), style("姓名"))
	again.put(2, "学历", "大学")
	again.put(3, "证件号码", sample.ResidentID(4), "姓名", "陈明远")
	rows := again.read().Rows
	require.Len(t, rows, 2)
	for _, row := range rows {
		require.Empty(t, words(row))
	}
	require.Equal(t, "430104", rows[0].Document.(*record.PractitionerDocument).Region.Code)
}

func TestB16_AFileThatIsNoSheetOfTheKind(t *testing.T) {
	other := excelize.NewFile()
	require.NoError(t, other.SetCellValue("Sheet1", "A1", "随便"))
	plain, err := other.WriteToBuffer()
	require.NoError(t, err)
	empty := template(t, record.Practitioner)
	lacking := template(t, record.Practitioner)
	lacking.person(3, "甲", sample.ResidentID(3))
	lacking.put(1, "证件号码", "号码")
	crowded := template(t, record.Practitioner)
	for line := range sheet.MaxRows + 1 {
		require.NoError(t, crowded.SetCellValue(crowded.name, fmt.Sprintf("B%d", line+3), "甲"))
	}
	for name, c := range map[string]struct {
		content []byte
		says    string
	}{
		"nothing":              {nil, "文件是空的"},
		"a PDF":                {[]byte("%PDF-1.7"), "这不是 Excel 工作簿"},
		"an old workbook":      {[]byte{0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1}, "旧版的 .xls"},
		"an archive of others": {archive(t, "a.txt", 10, flate.DefaultCompression), "文件打不开"},
		"half a workbook":      {plain.Bytes()[:plain.Len()/2], "文件打不开"},
		"other headings":       {plain.Bytes(), "没有找到表头"},
		"only the example":     {empty.content(), "还没有填写内容"},
		"no column of numbers": {lacking.content(), "缺少“证件号码”这一列"},
		"too many rows":        {crowded.content(), "一次最多导入 5000 行"},
		"a zip bomb":           {archive(t, "xl/worksheets/sheet1.xml", 200<<20, flate.BestCompression), "内容过大"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sheet.Read(c.content, definition(t, record.Practitioner), owner, today)
			require.Equal(t, record.Invalid, record.CodeOf(err))
			require.ErrorContains(t, err, c.says)
		})
	}
}

// archive packs so many zeros.
func archive(t testing.TB, name string, size int64, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	w.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, level) })
	part, err := w.Create(name)
	require.NoError(t, err)
	_, err = io.CopyN(part, zeros{}, size)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Larger parts are read from files, of which none is left.
func TestB16_AFullSheetIsReadAndLeavesNoFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	w := template(t, record.Performance)
	long := strings.Repeat("工程概况。", 120)
	for i := range 3000 {
		w.put(i+3, "项目名称", fmt.Sprintf("示范家园 %d 期", i), "合同签订日期", "2024-06-18", "项目说明", fmt.Sprintf("%s%d", long, i))
	}
	content := w.content()
	rows := w.read().Rows
	require.Len(t, rows, 3000)
	require.Equal(t, "示范家园 2999 期", rows[2999].Cells["project_name"])
	require.Equal(t, long+"2999", rows[2999].Cells["description"])
	_, err := sheet.Read(content[:len(content)-5000], w.kind, owner, today)
	require.Error(t, err)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	for _, entry := range left {
		require.NotContains(t, entry.Name(), "unireg-sheet-")
	}
}

func TestB16_HeadingsAreFoundHoweverTheyStand(t *testing.T) {
	f := excelize.NewFile()
	for cell, text := range map[string]string{
		"A1": "2026 年人员花名册", "B3": "证件号码", "A3": " 姓 名 ＊", "C3": "血型", "D3": "手机 *",
		"A4": "周予安", "B4": sample.ResidentID(3), "C4": "A", "D4": "13600001234",
	} {
		require.NoError(t, f.SetCellStr("Sheet1", cell, text))
	}
	content, err := f.WriteToBuffer()
	require.NoError(t, err)
	read, err := sheet.Read(content.Bytes(), definition(t, record.Practitioner), owner, today)
	require.NoError(t, err)
	require.Equal(t, []string{"血型"}, read.Ignored)
	require.Len(t, read.Rows, 1)
	require.Equal(t, 4, read.Rows[0].Line)
	require.Empty(t, words(read.Rows[0]))
}

// The column of the members was called so before they had rows of their own.
func TestB21_TheTextOfAConsortiumIsReadUnderItsFormerHeading(t *testing.T) {
	f := excelize.NewFile()
	for cell, text := range map[string]string{
		"A1": "项目名称", "B1": "合同签订日期", "C1": "联合体成员", "A2": "示范家园", "B2": "2024-06-18", "C2": "示范一建、示范二建",
	} {
		require.NoError(t, f.SetCellStr("Sheet1", cell, text))
	}
	content, err := f.WriteToBuffer()
	require.NoError(t, err)
	read, err := sheet.Read(content.Bytes(), definition(t, record.Performance), owner, today)
	require.NoError(t, err)
	require.Empty(t, read.Ignored)
	require.Equal(t, "示范一建、示范二建", read.Rows[0].Document.(*record.PerformanceDocument).Consortium)
}
