package web

import (
	"net/http"
	"net/url"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// rowName names a row of a group.
type rowName struct{ group, id string }

// maxRowID bounds the ids of rows, in characters.
const maxRowID = 36

// parseRow reads "group/id".
func parseRow(name string) (rowName, bool) {
	group, id, ok := strings.Cut(name, "/")
	valid := ok && group != "" && id != "" && len(id) <= maxRowID &&
		strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyz-") == ""
	return rowName{group, id}, valid
}

// rowOfField is the row whose field has that name.
func rowOfField(name string) (rowName, bool) {
	group, id, whole, ok := form.CutRow(name)
	if !ok || whole {
		return rowName{}, false
	}
	return parseRow(group + "/" + id)
}

func (n rowName) path() string {
	return "/rows/" + url.PathEscape(n.group) + "/" + url.PathEscape(n.id)
}

// unfinished asks for the dialog of a row that is stored half filled, and of
// which nobody has said yet that it is whole.
const unfinished = "?stay=1"

// in is the row in a document's form, appended where there is none; false where
// the form has no such group, or the group is full.
func (n rowName) in(fields form.Form) (form.Row, bool) {
	group := fields.Field(n.group)
	if group == nil || group.Widget != form.WidgetRows {
		return form.Row{}, false
	}
	if _, known := group.Row(n.id); !known && len(group.Rows()) >= form.MaxRows {
		return form.Row{}, false
	}
	return group.AddRow(n.id), true
}

// dialog is the dialog of a row that the document has.
func (n rowName) dialog(document record.Document) *view.RowForm {
	group := document.Form(today()).Field(n.group)
	row, _ := group.Row(n.id)
	return &view.RowForm{Group: group, Row: row}
}

// bindRow writes what was posted into one row. Rows stand for themselves: one
// is saved onto the newest draft, whatever else was saved meanwhile.
func (t *typed) bindRow(d dossier, name string, values url.Values, find form.Lookup) error {
	n, ok := parseRow(name)
	if !ok {
		return errNoPage
	}
	fields := t.document.Form(today())
	row, ok := n.in(fields)
	if !ok {
		return errNoPage
	}
	row.Bind(values, find)
	t.row, t.section = &n, sectionOf(d, n.group)
	if d.draft != nil {
		t.version = d.draft.Version
	}
	return nil
}

// sectionOf is the section that is a page and has the field, "" where sections
// are not pages.
func sectionOf(d dossier, field string) string {
	definition, ok := record.DefinitionOf(d.kind)
	if !ok || !definition.Tabs {
		return ""
	}
	for _, s := range definition.New().Form(today()) {
		if s.Has(field) {
			return s.Name
		}
	}
	return ""
}

// fieldPath is where a field of the draft is filled.
func (d dossier) fieldPath(section, field string) string {
	if row, ok := rowOfField(field); ok {
		return d.path(row.path()) + unfinished + "#f-" + field
	}
	return d.editPath(section) + "#f-" + field
}

// rowVisited is the open draft and the row that the address names.
func (s *Server) rowVisited(v *visit) (dossier, rowName, error) {
	d, err := s.visited(v)
	if err != nil {
		return dossier{}, rowName{}, err
	}
	n, ok := parseRow(v.Params("group") + "/" + v.Params("row"))
	if !ok || d.draft == nil {
		return dossier{}, rowName{}, errNoPage
	}
	return d, n, nil
}

// editRow is the page of a draft with the dialog of one row open.
func editRow(s *Server, v *visit) error {
	d, n, err := s.rowVisited(v)
	if err != nil {
		return err
	}
	if !d.open() {
		return v.see(d.path(""))
	}
	group := d.draft.Document.Form(today()).Field(n.group)
	if group == nil || group.Widget != form.WidgetRows {
		return errNoPage
	}
	_, known := group.Row(n.id)
	opened, err := record.Copy(d.kind, d.draft.Document)
	if err != nil {
		return err
	}
	row, ok := n.in(opened.Form(today()))
	if !ok {
		return record.Errorf(record.Invalid, "这一组已达到上限，请先删除不需要的项")
	}
	dialog := &view.RowForm{Group: group, Row: row, New: !known, Shown: s.shownInRow(d, n)}
	if known && v.Query("stay") == "" {
		dialog.Problems = row.Problems() // a row is saved whole, or was found wanting
	}
	return s.renderEdit(v, d, http.StatusOK, editing{document: d.draft.Document, section: sectionOf(d, n.group), row: dialog})
}

// saveRow stores one row of a group, when nothing in it is wrong.
func saveRow(s *Server, v *visit) error {
	d, n, err := s.rowVisited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	before, known := "", false
	if group := d.draft.Document.Form(today()).Field(n.group); group != nil {
		before = group.Problem()
		_, known = group.Row(n.id)
	}
	values.Set("row", n.group+"/"+n.id)
	t, err := s.typed(v, d, values)
	if err != nil {
		return err
	}
	dialog := n.dialog(t.document)
	dialog.New, dialog.Problems, dialog.Shown = !known, dialog.Row.Problems(), values.Get(shownField)
	if after := dialog.Group.Problem(); after != before && len(dialog.Problems) == 0 {
		dialog.Fault = after
	}
	if len(dialog.Problems) > 0 || dialog.Fault != "" {
		return s.renderEdit(v, d, http.StatusUnprocessableEntity, editing{document: d.draft.Document, section: t.section, row: dialog})
	}
	return s.saveRows(v, d, t, n, "已保存")
}

// saveRows stores the draft after a change of its rows and leads back to the
// group.
func (s *Server) saveRows(v *visit, d dossier, t typed, n rowName, done string) error {
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	v.flash(view.Good, v.savedText(d, done))
	return v.see(d.editPath(t.section) + "#f-" + n.group)
}

// deleteRow takes a row out of the draft. The page's other fields come along
// and are saved.
func deleteRow(s *Server, v *visit) error {
	d, n, err := s.rowVisited(v)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	t, err := s.typed(v, d, values)
	if err != nil {
		return err
	}
	if !t.takeOut(n) {
		return errNoPage
	}
	return s.saveRows(v, d, t, n, "已删除")
}

// takeOut takes a row out of the posted document; false where there is no such
// group.
func (t *typed) takeOut(n rowName) bool {
	group := t.document.Form(today()).Field(n.group)
	if group == nil || group.Widget != form.WidgetRows {
		return false
	}
	group.RemoveRow(n.id)
	t.gone = &n
	return true
}
