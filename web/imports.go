package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/sheet"
	"unireg/storage"
	"unireg/web/view"
)

// ImportRinger starts the workflow of a confirmed import. What it does not start
// is started by the worker.
type ImportRinger interface {
	StartImport(ctx context.Context, id record.ID) (started bool, err error)
}

const (
	// importsAnHour is how many sheets an address may upload in an hour.
	importsAnHour = 60
	// previewed and blamed are how many good and faulty rows a page shows.
	previewed = 5
	blamed    = 50
	// previewColumns is how many columns of the sheet it shows of a good one.
	previewColumns = 6
	// listedImports is how many earlier imports a page lists.
	listedImports = 10
)

// importKind is the kind that a request names, of which drafts can be imported.
func (v *visit) importKind(name string) (record.Definition, error) {
	definition, err := v.kindOf(name)
	if err == nil && !definition.Importable() {
		err = record.Errorf(record.NotFound, "这类信息不能批量导入")
	}
	v.kind = definition.Kind
	return definition, err
}

func importPath(id record.ID) string { return "/imports/" + string(id) }

// showImports is the page from which drafts of a kind are imported.
func showImports(s *Server, v *visit) error {
	definition, err := v.importKind(v.Query("kind"))
	if err != nil {
		return err
	}
	return s.renderImports(v, definition, http.StatusOK, "")
}

// renderImports draws the page; problem is what is wrong with the file that was
// just sent.
func (s *Server) renderImports(v *visit, definition record.Definition, status int, problem string) error {
	imports, err := s.Store.Imports(v.ctx, v.subject.ID, definition.Kind, listedImports)
	if err != nil {
		return err
	}
	m := view.ImportsModel{
		Kind: string(definition.Kind), Label: definition.Label, MaxRows: sheet.MaxRows, MaxBytes: sheet.MaxBytes,
		Accept: sheet.Extension + "," + sheet.ContentType,
	}
	if problem != "" {
		m.Problems = []form.Problem{{Field: "file", Label: "文件", Message: problem}}
	}
	for _, i := range imports {
		m.Earlier = append(m.Earlier, view.ImportLine{
			Href: importPath(i.ID), File: i.File, At: i.CreatedAt, State: importTag(i), Rows: i.Rows, Made: i.Made, Faulty: i.Faulty,
		})
	}
	p, err := v.portal(v.tr("批量导入%s", v.shown(definition.Label)))
	if err != nil {
		return err
	}
	return v.render(status, view.ImportsPage(p, m))
}

func importTag(i storage.Import) view.Tag {
	switch {
	case i.State == storage.ImportPreview:
		return view.Tag{Text: "待确认", Tone: view.Warn}
	case i.State == storage.ImportRunning:
		return view.Tag{Text: "正在导入", Tone: view.Info}
	case i.Faulty > 0:
		return view.Tag{Text: "部分导入", Tone: view.Warn}
	}
	return view.Tag{Text: "已完成", Tone: view.Good}
}

// sendTemplate sends the workbook that is filled in.
func sendTemplate(_ *Server, v *visit) error {
	definition, err := v.importKind(v.Query("kind"))
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := sheet.Template(&content, definition, today()); err != nil {
		return err
	}
	return v.sendWorkbook(definition.Label+"导入模板", &content)
}

// uploadSheet reads a workbook that was filled in, keeps its rows and shows what
// would become of them.
func uploadSheet(s *Server, v *visit) error {
	definition, err := v.importKind(v.Query("kind"))
	if err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	reader, err := v.parts(patienceFactor*sheet.MaxBytes + maxForm)
	if err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	if err := v.within("import", importsAnHour); err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	name, content, err := readSheet(reader)
	if err == nil {
		var id record.ID
		if id, err = s.keepSheet(v, definition, name, content); err == nil {
			return v.see(importPath(id))
		}
	}
	told := troubleOf(err)
	if told.internal || told.text == "" {
		v.Context().SetConnectionClose()
		return err
	}
	return s.renderImports(v, definition, told.status, told.text)
}

// readSheet reads the one file of a form.
func readSheet(reader *multipart.Reader) (name string, content []byte, err error) {
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil, record.Errorf(record.Invalid, "请先选择填写好的文件，再点击上传")
		}
		if err != nil {
			return "", nil, bodyError(err)
		}
		if part.FileName() == "" {
			continue
		}
		if checkText(part.FileName()) != nil {
			return "", nil, errUnreadable
		}
		content, err := io.ReadAll(&incoming{part: part, left: sheet.MaxBytes, tooLarge: errSheetTooLarge})
		// What is left of the body is read, so that the answer is heard.
		if _, rest := io.Copy(io.Discard, part); err == nil && rest != nil {
			err = bodyError(rest)
		}
		return part.FileName(), content, err
	}
}

var errSheetTooLarge = refuse(http.StatusRequestEntityTooLarge,
	fmt.Sprintf("文件超过 %d MB，请删去图片和多余的工作表，或者分成几个文件。", sheet.MaxBytes>>20))

func (s *Server) keepSheet(v *visit, definition record.Definition, name string, content []byte) (record.ID, error) {
	read, err := sheet.Read(content, definition, v.subject, today())
	if err != nil {
		return "", err
	}
	id := storage.NewID()
	err = s.Store.SaveImport(v.ctx, storage.NewImport{
		ID: id, Subject: v.subject.ID, Account: v.account, Kind: definition.Kind, File: name, Rows: read.Rows,
	})
	if err != nil {
		return "", err
	}
	if len(read.Ignored) > 0 {
		v.flash(view.Warn, v.tr("模板里没有以下各列，没有读取：%s", cut(strings.Join(read.Ignored, "、"), 200)))
	}
	return id, nil
}

// theImport is the import that the address names.
func (s *Server) theImport(v *visit) (storage.Import, record.Definition, error) {
	id, err := v.id()
	if err != nil {
		return storage.Import{}, record.Definition{}, err
	}
	i, err := s.Store.Import(v.ctx, v.subject.ID, id)
	if err != nil {
		return storage.Import{}, record.Definition{}, err
	}
	definition, err := v.importKind(string(i.Kind))
	return i, definition, err
}

// showImport shows what would become of the rows, what is becoming of them, or
// what has become of them.
func showImport(s *Server, v *visit) error {
	i, definition, err := s.theImport(v)
	if err != nil {
		return err
	}
	m := view.ImportModel{
		ID: string(i.ID), Kind: string(i.Kind), Label: definition.Label, State: view.ImportState(i.State), File: i.File,
		Rows: i.Rows, Good: i.Good, Faulty: i.Faulty, Made: i.Made, At: i.CreatedAt, EndedAt: i.EndedAt,
	}
	if i.State == storage.ImportPreview {
		if err := s.addPreview(v, &m, i, definition); err != nil {
			return err
		}
	}
	faulty, err := s.Store.ImportRows(v.ctx, v.subject.ID, i.ID, storage.ImportFaulty, blamed)
	if err != nil {
		return err
	}
	for _, row := range faulty {
		m.Faults = append(m.Faults, view.FaultyRow{Line: row.Line, Title: rowTitle(definition, row), Problems: row.Problems})
	}
	p, err := v.portal(v.tr("批量导入%s：%s", v.shown(definition.Label), m.File))
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.ImportPage(p, m))
}

// addPreview shows the first rows that would become drafts.
func (s *Server) addPreview(v *visit, m *view.ImportModel, i storage.Import, definition record.Definition) error {
	good, err := s.Store.ImportRows(v.ctx, v.subject.ID, i.ID, storage.ImportGood, previewed)
	if err != nil {
		return err
	}
	for _, row := range good {
		line := view.PreviewRow{Line: row.Line}
		fields := definition.Imported(row.Document.Form(today()))
		m.Columns = nil
		for _, f := range fields[:min(len(fields), previewColumns)] {
			m.Columns = append(m.Columns, f.Label)
			line.Cells = append(line.Cells, f.Masked())
		}
		m.Preview = append(m.Preview, line)
	}
	return nil
}

// rowTitle is by which words a person knows a row.
func rowTitle(definition record.Definition, row record.IntakeRow) string {
	for _, f := range definition.Imported(definition.New().Form(time.Time{})) {
		if text := row.Cells[f.Name]; text != "" && !f.Sensitive {
			return cut(text, maxSearch)
		}
	}
	return "第 " + fmt.Sprint(row.Line) + " 行"
}

// confirmImport lets the good rows become drafts.
func confirmImport(s *Server, v *visit) error {
	i, _, err := s.theImport(v)
	if err != nil {
		return err
	}
	if err := s.Store.ConfirmImport(v.ctx, v.actor(), v.subject.ID, i.ID); err != nil {
		return err
	}
	v.audit("import confirmed", "account", string(v.account), "import", string(i.ID))
	if s.Imports != nil {
		ctx, cancel := context.WithTimeout(v.ctx, s.RingWait)
		defer cancel()
		if _, err := s.Imports.StartImport(ctx, i.ID); err != nil {
			v.log.WarnContext(v.ctx, "import is left to the worker", "import", string(i.ID), "error", err)
		}
	}
	return v.see(importPath(i.ID))
}

// discardImport drops what was read of a sheet and not confirmed.
func discardImport(s *Server, v *visit) error {
	i, _, err := s.theImport(v)
	if err != nil {
		return err
	}
	if err := s.Store.DropImport(v.ctx, v.subject.ID, i.ID); err != nil {
		return err
	}
	v.flash(view.Good, "已取消，没有导入任何内容。")
	return v.see("/imports?kind=" + string(i.Kind))
}

// returnSheet sends the rows that became no draft back, with what is wrong.
func returnSheet(s *Server, v *visit) error {
	i, definition, err := s.theImport(v)
	if err != nil {
		return err
	}
	rows, err := s.Store.ImportRows(v.ctx, v.subject.ID, i.ID, storage.ImportFaulty, sheet.MaxRows)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return errNoPage
	}
	var content bytes.Buffer
	if err := sheet.Returned(&content, definition, rows, today()); err != nil {
		return err
	}
	return v.sendWorkbook(strings.TrimSuffix(i.File, sheet.Extension)+" 待修改", &content)
}
