package sheet

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// What a workbook may hold. A full sheet of 5,000 rows takes about one megabyte,
// and ten when it is unpacked.
const (
	MaxRows  = 5000
	MaxBytes = 10 << 20

	// unpacked bounds the whole of it; a part larger than inMemory is read from a
	// file: a table of empty texts would take many times its size.
	unpacked   = 32 << 20
	inMemory   = 4 << 20
	maxColumns = 200
	maxLines   = 200_000 // empty ones among them
	// headings is among how many filled rows the headings are looked for.
	headings = 10
)

// Sheet is what was read of a workbook.
type Sheet struct {
	Rows []record.IntakeRow
	// Ignored are headings that no field has.
	Ignored []string
}

// reader turns rows of cells into documents.
type reader struct {
	definition record.Definition
	owner      record.Subject
	today      time.Time
	since1904  bool
	choices    map[*codes.Table]choices
	places     map[int]string // field names by the number of the column
	note       int            // number of the column with notes, -1 without
	seen       map[string]int // lines by their keys
	sheet      Sheet
}

// Read reads the rows of a workbook that was filled in for a kind. Whatever
// keeps it from being read as a whole is an error for people; what is wrong in a
// row is told with the row.
func Read(content []byte, definition record.Definition, owner record.Subject, today time.Time) (Sheet, error) {
	f, err := open(content)
	if err != nil {
		return Sheet{}, err
	}
	defer f.close()
	r := &reader{definition: definition, owner: owner, today: today, choices: map[*codes.Table]choices{}, seen: map[string]int{}}
	if props, err := f.GetWorkbookProps(); err == nil && props.Date1904 != nil {
		r.since1904 = *props.Date1904
	}
	rows, err := f.Rows(sheetOf(f, definition))
	if err != nil {
		return Sheet{}, invalid("文件里没有可以读取的工作表，请使用下载的模板")
	}
	defer rows.Close()
	filled := 0
	for line := 1; rows.Next(); line++ {
		cells, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil || line > maxLines {
			return Sheet{}, invalid("工作表读到第 %d 行时出错，请用下载的模板重新填写", line)
		}
		cells = cells[:min(len(cells), maxColumns)]
		if blank(cells) {
			continue
		}
		if r.places == nil {
			if filled++; r.heads(cells) {
				continue
			}
			if filled >= headings {
				break
			}
			continue
		}
		if err := r.take(line, cells); err != nil {
			return Sheet{}, err
		}
	}
	if err := rows.Error(); err != nil {
		return Sheet{}, invalid("工作表不完整，请用 Excel 打开后另存一份再上传")
	}
	return r.sheet, r.whole()
}

// open opens a workbook by its content, whatever the file is called.
func open(content []byte) (*workbook, error) {
	switch {
	case len(content) == 0:
		return nil, invalid("文件是空的，请重新选择")
	case bytes.HasPrefix(content, []byte{0xD0, 0xCF, 0x11, 0xE0}):
		return nil, invalid("这是旧版的 .xls 文件，或者设有密码；请用 Excel 打开，取消密码，另存为“Excel 工作簿 (*.xlsx)”后上传")
	case !bytes.HasPrefix(content, []byte("PK\x03\x04")):
		return nil, invalid("这不是 Excel 工作簿 (.xlsx)，请使用下载的模板填写")
	}
	w := &workbook{}
	var err error
	if w.folder, err = os.MkdirTemp("", "unireg-sheet-"); err != nil {
		return nil, fmt.Errorf("make a folder for a workbook: %w", err)
	}
	w.File, err = excelize.OpenReader(bytes.NewReader(content),
		excelize.Options{UnzipSizeLimit: unpacked, UnzipXMLSizeLimit: inMemory, TmpDir: w.folder})
	if err != nil {
		w.close()
		return nil, invalid("文件打不开：不是完整的 Excel 工作簿 (.xlsx)，或者内容过大；请使用下载的模板填写")
	}
	return w, nil
}

// workbook is an open workbook with the folder of its larger parts.
type workbook struct {
	*excelize.File
	folder string
}

// close leaves nothing behind, however far the workbook was read.
func (w *workbook) close() {
	if w.File != nil {
		_ = w.Close() // what it has open is in the folder
	}
	_ = os.RemoveAll(w.folder) // a temporary folder
}

// sheetOf is the sheet that is read: the one that bears the kind's name, else
// the first.
func sheetOf(f *workbook, definition record.Definition) string {
	names := f.GetSheetList()
	for _, name := range names {
		if name == sheetName(definition.Label) {
			return name
		}
	}
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// heads takes a row for the headings, when two of its cells are headings of
// fields.
func (r *reader) heads(cells []string) bool {
	names := map[string]string{}
	for _, c := range columnsOf(r.definition, r.definition.New(), r.today) {
		names[headed(c.heading)] = c.field.Name
	}
	places, note := map[int]string{}, -1
	var ignored []string
	for i, cell := range cells {
		text := headed(cell)
		name, known := names[text]
		switch {
		case text == "":
		case known:
			places[i] = name
			delete(names, text)
		case text == noteHeading:
			note = i
		case text != faultHeading:
			ignored = append(ignored, short(form.Clean(cell)))
		}
	}
	if len(places) < 2 {
		return false
	}
	r.places, r.note, r.sheet.Ignored = places, note, ignored
	return true
}

// take reads a row of cells.
func (r *reader) take(line int, cells []string) error {
	if r.note >= 0 && r.note < len(cells) && strings.HasPrefix(form.Clean(cells[r.note]), exampleMark) {
		return nil
	}
	row := r.row(line, cells)
	if len(row.Cells) == 0 {
		return nil
	}
	if len(r.sheet.Rows) == MaxRows {
		return invalid("一次最多导入 %d 行，请分成几个文件", MaxRows)
	}
	r.sheet.Rows = append(r.sheet.Rows, row)
	return nil
}

// row binds a row to a document of its own and finds what is wrong with it.
func (r *reader) row(line int, cells []string) record.IntakeRow {
	row := record.IntakeRow{Line: line, Cells: map[string]string{}, Document: r.definition.New()}
	row.Document.Prefill(r.owner)
	wrong := map[string]string{}
	values := map[string][]string{}
	var given []*form.Field
	fields := row.Document.Form(r.today)
	for i, cell := range cells {
		field := fields.Field(r.places[i])
		if field == nil {
			continue
		}
		text, problem := mended(field, cell, r.since1904)
		if text == "" {
			continue
		}
		row.Cells[field.Name] = text
		value := ""
		if problem == "" {
			value, problem = r.value(field, text)
		}
		if problem != "" {
			wrong[field.Name] = problem
			value = text
		}
		values[field.Name] = []string{value}
		given = append(given, field)
	}
	form.Form{{Fields: given}}.Bind(values, form.Lookup{})
	r.judge(&row, wrong)
	return row
}

// judge finds the problems of what stands in a row, and those of its keys.
func (r *reader) judge(row *record.IntakeRow, wrong map[string]string) {
	keys := row.Document.(record.Intake).Keys() //nolint:forcetypeassert // Read is for kinds that can be imported
	var told []string                           // by the keys
	// Anew: what follows from other fields is written now.
	fields := row.Document.Form(r.today)
	for _, f := range r.definition.Imported(fields) {
		message := wrong[f.Name]
		key := slices.Contains(keys, f.Name)
		if message == "" && (key || !f.Empty()) {
			message = f.Problem()
			if message != "" && rounded(f.Text()) {
				message = lostDigits
			}
		}
		if message != "" {
			row.Problems = append(row.Problems, form.Problem{Field: f.Name, Label: f.Label, Message: message})
		}
		if key {
			told = append(told, f.Text())
		}
	}
	whole := strings.Join(told, "\n")
	if first, met := r.seen[whole]; met && strings.Trim(whole, "\n") != "" {
		twin := record.Twin(row.Document.(record.Intake), fmt.Sprintf("与第 %d 行重复，请删去一行", first)) //nolint:forcetypeassert // as above
		row.Problems = append(row.Problems, twin)
		return
	}
	r.seen[whole] = row.Line
}

// whole reports what is missing from the sheet as a whole.
func (r *reader) whole() error {
	if r.places == nil {
		return invalid("没有找到表头，请使用下载的模板填写，并保留第一行")
	}
	has := map[string]bool{}
	for _, name := range r.places {
		has[name] = true
	}
	var missing []string
	document := r.definition.New()
	fields := document.Form(r.today)
	for _, key := range document.(record.Intake).Keys() { //nolint:forcetypeassert // Read is for kinds that can be imported
		if !has[key] {
			missing = append(missing, fields.Field(key).Label)
		}
	}
	switch {
	case len(missing) > 0:
		return invalid("缺少“%s”这一列，请使用下载的模板填写", strings.Join(missing, "”、“"))
	case len(r.sheet.Rows) == 0:
		return invalid("表里还没有填写内容，请从示例的下一行开始填写")
	}
	return nil
}

// invalid is an error about the workbook as a whole, for people.
func invalid(message string, values ...any) error {
	return record.Errorf(record.Invalid, fmt.Sprintf(message, values...))
}
