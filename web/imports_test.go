package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/sheet"
	"unireg/storage"
	"unireg/web/view"
	"unireg/workflows"
)

// presses makes drafts at once, as the worker would, or is away.
type presses struct {
	store *storage.Store
	away  atomic.Bool
}

func (r *presses) StartImport(ctx context.Context, id record.ID) (bool, error) {
	if r.away.Load() {
		return false, workflows.ErrUnavailable
	}
	return true, r.make(ctx, id)
}

func (r *presses) make(ctx context.Context, id record.ID) error {
	for {
		over, err := r.store.MakeDrafts(ctx, id, 100)
		if over || err != nil {
			return err
		}
	}
}

// newPress is a portal that imports.
func newPress(t *testing.T) (*portal, *presses) {
	engine := &presses{}
	p := newPortal(t, func(o *Options) {
		engine.store = o.Store
		o.Imports = engine
	})
	return p, engine
}

// workbook opens what was sent.
func (a *answer) workbook() *excelize.File {
	a.t.Helper()
	require.Equal(a.t, http.StatusOK, a.Status, a.Body)
	require.Equal(a.t, sheet.ContentType, a.Header.Get("Content-Type"))
	require.True(a.t, strings.HasPrefix(a.Header.Get("Content-Disposition"), "attachment; "))
	f, err := excelize.OpenReader(strings.NewReader(a.Body))
	require.NoError(a.t, err)
	a.t.Cleanup(func() { require.NoError(a.t, f.Close()) })
	return f
}

// lines are the rows of a workbook's first sheet.
func lines(t *testing.T, f *excelize.File) [][]string {
	t.Helper()
	rows, err := f.GetRows(f.GetSheetName(0))
	require.NoError(t, err)
	return rows
}

// fillIn writes rows under the headings of the template, from the third line on.
func fillIn(t *testing.T, f *excelize.File, rows ...map[string]string) []byte {
	t.Helper()
	name := f.GetSheetName(0)
	headings := lines(t, f)[0]
	for i, row := range rows {
		for heading, text := range row {
			at := -1
			for n, h := range headings {
				if strings.TrimSuffix(h, "*") == heading {
					at = n
				}
			}
			require.GreaterOrEqual(t, at, 0, heading)
			cell, err := excelize.CoordinatesToCellName(at+1, i+3)
			require.NoError(t, err)
			require.NoError(t, f.SetCellStr(name, cell, text))
		}
	}
	content, err := f.WriteToBuffer()
	require.NoError(t, err)
	return content.Bytes()
}

// sendSheet uploads a workbook as the form of the page does.
func (b *browser) sendSheet(kind record.Kind, name string, content []byte) *answer {
	b.p.t.Helper()
	path := "/imports?kind=" + string(kind)
	page := b.get(path)
	body, contentType := multipartBody(b.p.t, part{view.CSRFField, "", []byte(page.token())}, part{"file", name, content})
	r := httptest.NewRequest(http.MethodPost, path, body)
	r.Header.Set("Content-Type", contentType)
	return b.send(r)
}

func practitionerRow(name, number string) map[string]string {
	return map[string]string{"姓名": name, "证件号码": number, "手机": "13600001234", "职务": "项目经理", "入职日期": "2018-07-01", "学历": "大学"}
}

func TestB16_PeopleAreImportedAsDrafts(t *testing.T) {
	p, _ := newPress(t)
	b := p.bidder()
	list := b.get("/records?kind=practitioner")
	require.Contains(t, list.text(), "批量导入")
	require.NotContains(t, list.text(), "导出 Excel", "there is nothing to export")
	numbers := []string{newResidentID(), newResidentID(), newResidentID()}
	template := b.get("/imports/template?kind=practitioner")
	require.Contains(t, template.Header.Get("Content-Disposition"), "filename*=UTF-8''%E6%89%A7")
	wrong := practitionerRow("李四", numbers[1])
	wrong["学历"] = "博士后"
	content := fillIn(t, template.workbook(), practitionerRow("张三", numbers[0]), wrong, practitionerRow("王五", numbers[2]))

	preview := b.follow(b.sendSheet(record.Practitioner, "花名册.xlsx", content))
	require.Equal(t, http.StatusOK, preview.Status)
	for _, said := range []string{"读到 3 行", "花名册.xlsx", "确认导入 2 行", "张三", "第 4 行", "李四", "学历：没有“博士后”这一项"} {
		require.Contains(t, preview.text(), said)
	}
	for _, number := range numbers {
		require.NotContains(t, preview.Body, number, "numbers are masked")
	}
	require.Zero(t, count(t, "SELECT count(*) FROM drafts WHERE subject = ? AND kind = 'practitioner'", b.who.subject.ID))
	path := importOf(preview)
	confirmed := b.submit(preview, path+"/confirm", nil)
	again := b.submit(preview, path+"/confirm", nil)
	require.Equal(t, confirmed.location(), again.location(), "a double click")
	result := b.follow(confirmed)
	require.Contains(t, result.text(), "已导入 2 行，另有 1 行没有导入")
	list = b.get("/records?kind=practitioner&state=draft")
	for _, said := range []string{"张三", "王五", "导出 Excel"} {
		require.Contains(t, list.text(), said)
	}
	require.NotContains(t, list.text(), "李四")

	returned := b.get(path + "/returned").workbook()
	rows := lines(t, returned)
	require.Len(t, rows, 2)
	require.Contains(t, strings.Join(rows[1], "|"), numbers[1], "the person's own row")
	require.Contains(t, rows[1][len(rows[1])-1], "没有“博士后”这一项")
	require.NoError(t, returned.SetCellStr(returned.GetSheetName(0), cellUnder(t, returned, "学历", 2), "大学"))
	corrected, err := returned.WriteToBuffer()
	require.NoError(t, err)
	preview = b.follow(b.sendSheet(record.Practitioner, "花名册 待修改.xlsx", corrected.Bytes()))
	require.Contains(t, preview.text(), "确认导入 1 行")
	require.Contains(t, b.follow(b.submit(preview, importOf(preview)+"/confirm", nil)).text(), "已全部导入，共 1 行")

	preview = b.follow(b.sendSheet(record.Practitioner, "花名册.xlsx", content))
	require.Contains(t, preview.text(), "本单位的执业人员中已经有了")
	require.NotContains(t, preview.text(), "确认导入", "the same file again makes nothing")
	require.Equal(t, 3, count(t, "SELECT count(*) FROM drafts WHERE subject = ? AND kind = 'practitioner'", b.who.subject.ID))
	earlier := b.get("/imports?kind=practitioner")
	for _, said := range []string{"部分导入", "已完成", "待确认"} {
		require.Contains(t, earlier.text(), said)
	}
	cancelled := b.follow(b.submit(preview, importOf(preview)+"/discard", nil))
	require.Contains(t, cancelled.text(), "没有导入任何内容")
	require.NotContains(t, b.get("/imports?kind=practitioner").text(), "待确认")
}

// importOf is the address of the import that a page shows.
func importOf(page *answer) string {
	page.t.Helper()
	_, rest, found := strings.Cut(page.Body, `action="/imports/`)
	if !found {
		_, rest, found = strings.Cut(page.Body, `href="/imports/`)
	}
	require.True(page.t, found, page.Body)
	return "/imports/" + rest[:36]
}

func cellUnder(t *testing.T, f *excelize.File, heading string, line int) string {
	t.Helper()
	for n, h := range lines(t, f)[0] {
		if strings.TrimSuffix(h, "*") == heading {
			name, err := excelize.CoordinatesToCellName(n+1, line)
			require.NoError(t, err)
			return name
		}
	}
	require.Fail(t, "no column "+heading)
	return ""
}

func TestB16_AnImportConfirmedWhileTemporalIsAwayIsMadeLater(t *testing.T) {
	p, engine := newPress(t)
	engine.away.Store(true)
	b := p.bidder()
	content := fillIn(t, b.get("/imports/template?kind=performance").workbook(),
		map[string]string{"项目名称": "示范家园一期", "合同签订日期": "2024-06-18"}, map[string]string{"项目名称": "示范家园二期", "合同签订日期": "2024-06-18"})
	preview := b.follow(b.sendSheet(record.Performance, "业绩.xlsx", content))
	path := importOf(preview)
	progress := b.follow(b.submit(preview, path+"/confirm", nil))
	require.Contains(t, progress.text(), "正在导入，已完成 0 / 2")
	require.Contains(t, progress.Body, `<progress value="0" max="2"`)
	require.Contains(t, progress.Body, `http-equiv="refresh"`, "without scripts the page asks by itself")
	require.Contains(t, progress.Body, "imports.js")
	open, err := p.Store.OpenImports(t.Context(), 0, 1000)
	require.NoError(t, err)
	for _, id := range open {
		require.NoError(t, engine.make(t.Context(), id))
	}
	require.Contains(t, b.get(path).text(), "已全部导入，共 2 行")
}

func TestB16_AFileThatCannotBeReadIsRefusedInWords(t *testing.T) {
	p, _ := newPress(t)
	b := p.bidder()
	for name, c := range map[string]struct {
		content []byte
		status  int
		says    string
	}{
		"a PDF":           {[]byte(aPDF), http.StatusUnprocessableEntity, "这不是 Excel 工作簿"},
		"nothing":         {nil, http.StatusUnprocessableEntity, "文件是空的"},
		"12 MB":           {append([]byte("PK\x03\x04"), make([]byte, 12<<20)...), http.StatusRequestEntityTooLarge, "文件超过 10 MB"},
		"of another kind": {fillIn(t, b.get("/imports/template?kind=performance").workbook()), http.StatusUnprocessableEntity, "没有找到表头"},
	} {
		t.Run(name, func(t *testing.T) {
			a := b.sendSheet(record.Practitioner, "名册.xlsx", c.content)
			require.Equal(t, c.status, a.Status)
			require.Contains(t, a.text(), c.says)
			require.Contains(t, a.text(), "下载模板", "the page goes on")
		})
	}
	t.Run("no file was chosen", func(t *testing.T) {
		page := b.get("/imports?kind=practitioner")
		body, contentType := multipartBody(t, part{view.CSRFField, "", []byte(page.token())})
		r := httptest.NewRequest(http.MethodPost, "/imports?kind=practitioner", body)
		r.Header.Set("Content-Type", contentType)
		require.Contains(t, b.send(r).text(), "请先选择填写好的文件")
	})
	require.Zero(t, count(t, "SELECT count(*) FROM imports WHERE subject = ?", b.who.subject.ID), "nothing is left of it")
	for _, kind := range []string{"award", "organization", "nonsense", ""} {
		require.Equal(t, http.StatusNotFound, b.get("/imports?kind="+kind).Status, kind)
		require.Equal(t, http.StatusNotFound, b.get("/imports/template?kind="+kind).Status, kind)
	}
	person := p.enter(p.newSubject(record.Person, residentID, newResidentID(), "王五"))
	require.Equal(t, http.StatusNotFound, person.get("/imports?kind=practitioner").Status)
}

func TestB16_AnImportIsTheSubjectsOwn(t *testing.T) {
	p, _ := newPress(t)
	b, stranger := p.bidder(), p.bidder()
	content := fillIn(t, b.get("/imports/template?kind=practitioner").workbook(), practitionerRow("张三", newResidentID()), practitionerRow("李四", "12"))
	preview := b.follow(b.sendSheet(record.Practitioner, "名册.xlsx", content))
	path := importOf(preview)
	require.Equal(t, http.StatusNotFound, stranger.get(path).Status)
	require.Equal(t, http.StatusNotFound, stranger.get(path+"/returned").Status)
	own := stranger.get("/imports?kind=practitioner")
	require.Equal(t, http.StatusNotFound, stranger.submit(own, path+"/confirm", nil).Status)
	require.Equal(t, http.StatusNotFound, stranger.submit(own, path+"/discard", nil).Status)
	require.Equal(t, http.StatusOK, b.get(path).Status)
	require.NotContains(t, p.log.String(), "张三")
	require.NotContains(t, p.log.String(), "名册", "a file's name is nobody's business in the log")
}

func TestB16_AListIsExportedAsItIsNarrowed(t *testing.T) {
	p, _ := newPress(t)
	b := p.bidder()
	const many = 620 // more than are read at a time
	n := storage.NewImport{ID: storage.NewID(), Subject: b.who.subject.ID, Account: b.who.account, Kind: record.Practitioner, File: "x.xlsx"}
	for i := range many {
		d := sample.Practitioner(sample.ResidentID(60_000+i), fmt.Sprintf("周予安%03d", i), form.File{})
		d.Card, d.Employment, d.TitleProof, d.Registrations, d.Awards, d.Safety = nil, nil, nil, nil, nil, nil
		if i == 7 {
			d.Name = `=HYPERLINK("http://evil.test")`
		}
		n.Rows = append(n.Rows, record.IntakeRow{Line: i + 1, Cells: map[string]string{"name": d.Name}, Document: d})
	}
	require.NoError(t, p.Store.SaveImport(t.Context(), n))
	require.NoError(t, p.Store.ConfirmImport(t.Context(), record.Actor{Role: record.Applicant, ID: b.who.account}, b.who.subject.ID, n.ID))
	require.NoError(t, (&presses{store: p.Store}).make(t.Context(), n.ID))

	exported := b.get("/exports?kind=practitioner&sort=title")
	f := exported.workbook()
	require.Contains(t, exported.Header.Get("Content-Disposition"), url.PathEscape("执业人员")+"%20")
	rows := lines(t, f)
	require.Equal(t, []string{"姓名", "职务", "职称", "资格证书", "安全生产考核证", "状态", "更新时间"}, rows[0])
	require.Len(t, rows, many+1)
	require.Equal(t, []string{"周予安000", "项目经理"}, rows[2][:2])
	require.Equal(t, "草稿", rows[2][5])
	require.NotContains(t, fmt.Sprint(rows), sample.ResidentID(60_003), "no sensitive number")
	t.Run("W36 a name that is a formula is text", func(t *testing.T) {
		require.Equal(t, `=HYPERLINK("http://evil.test")`, rows[1][0])
		formula, err := f.GetCellFormula(f.GetSheetName(0), "A2")
		require.NoError(t, err)
		require.Empty(t, formula)
	})
	require.Len(t, lines(t, b.get("/exports?kind=practitioner&q=周予安61").workbook()), 11)
	require.Len(t, lines(t, b.get("/exports?kind=practitioner&state=in_force").workbook()), 1)
	require.Len(t, lines(t, b.get("/exports?kind=award").workbook()), 1)
	require.Equal(t, http.StatusNotFound, b.get("/exports?kind=organization").Status)
	require.Len(t, lines(t, p.bidder().get("/exports?kind=practitioner").workbook()), 1, "another's list")
	list := b.get("/records?kind=practitioner&q=周予安61&state=draft&sort=title")
	require.Contains(t, list.Body, `href="/exports?kind=practitioner&amp;q=`+url.QueryEscape("周予安61")+`&amp;sort=title&amp;state=draft"`)
}
