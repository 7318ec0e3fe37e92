package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// editRecord is the page on which a draft is filled.
func editRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	if !d.open() {
		return v.see(d.path(""))
	}
	return s.renderEdit(v, d, http.StatusOK, editing{document: d.draft.Document, section: v.Query("tab")})
}

// editing is what the page of a draft shows beside the draft itself.
type editing struct {
	document record.Document // what is in the fields: as stored, or as just typed
	section  string          // the tab to show; "" for the first
	row      *view.RowForm   // the dialog that is open
	problems []form.Problem
	shown    string // what an earlier page showed, where its input is shown again; else what this one does
	notice   *view.Notice
}

func (s *Server) renderEdit(v *visit, d dossier, status int, e editing) error {
	fields := e.document.Form(today())
	m := view.EditModel{
		RecordID: string(d.id), Heading: d.heading(e.document), Back: d.back(), State: d.tag(), Form: fields, Whole: fields, Problems: e.problems,
		PaperOnly: v.paperOnly(d.kind), KeyNeeded: v.keyLogin(d.kind, "/") != "", Row: e.row, Shown: e.shown,
		Command: string(storage.NewID()), Upload: view.UploadPolicy{MaxBytes: s.MaxFile, Accept: ".pdf,.jpg,.jpeg,.png"},
	}
	d.divide(&m, e.section)
	if d.draft != nil {
		m.DraftVersion, m.SavedAt, m.ChangeReason = d.draft.Version, d.draft.UpdatedAt, d.draft.Reason
		if d.draft.Version == 1 {
			m.SavedAt = time.Time{} // opened, and never saved
		}
	}
	if action := d.discard(d.state().Filing == record.Returned); action != "" {
		m.Actions = []view.Action{action}
	}
	if err := s.addReturn(v, d, &m); err != nil {
		return err
	}
	if m.Shown == "" && d.draft != nil {
		m.Shown = s.shownOn(d, d.draft, e.section, m.Remarks)
	}
	var err error
	if d.kind.Profile() {
		if m.CA, err = s.caModel(v, d.id); err != nil {
			return err
		}
	}
	if m.Files, err = s.fileStates(v.ctx, v.subject.ID, d.id); err != nil {
		return err
	}
	if picks(fields) {
		if m.People, err = s.Store.Employed(v.ctx, v.subject.ID, "", maxOffered); err != nil {
			return err
		}
	}
	if v.Query("welcome") != "" && v.route.method == http.MethodGet {
		m.Welcome = &view.Welcome{Account: loginName(v.subject)}
	}
	p, err := v.portal(v.tr("填报%s", d.called(m.Heading)))
	if err != nil {
		return err
	}
	if e.notice != nil {
		p.Flash = append(p.Flash, *e.notice)
	}
	return v.render(status, view.EditPage(p, m))
}

// divide shows one section where the kind's sections are pages, once the first
// has been saved; before that it shows the first alone.
func (d dossier) divide(m *view.EditModel, section string) {
	definition, _ := record.DefinitionOf(d.kind)
	if !definition.Tabs {
		return
	}
	shown, ok := m.Whole.Section(section)
	if !ok {
		shown = m.Whole[0]
	}
	m.Form = form.Form{shown}
	if d.record == nil && d.draft != nil && d.draft.Version == 1 {
		m.Form = m.Whole[:1]
		return
	}
	for _, s := range m.Whole {
		tab := view.Tab{Name: s.Name, Label: s.Label, Current: s.Name == shown.Name}
		wrong := 0
		for _, p := range m.Problems {
			if s.Has(p.Field) {
				wrong++
			}
		}
		switch rows := len(s.Fields[0].Rows()); {
		case wrong > 0:
			tab.State = view.Tag{Text: fmt.Sprintf("%d 处", wrong), Tone: view.Bad}
		case rows > 0:
			tab.State = view.Tag{Text: fmt.Sprintf("%d 项", rows)}
		}
		m.Tabs = append(m.Tabs, tab)
	}
}

// maxOffered is how many people a page offers without scripts.
const maxOffered = 200

// picks tells that the form chooses among the subject's people.
func picks(fields form.Form) bool {
	return slices.ContainsFunc(fields.Fields(), func(f *form.Field) bool {
		return f.Widget == form.WidgetPick || f.Widget == form.WidgetPicks
	})
}

// keyLogin is where the session is changed for the one that a submit of the
// kind takes; "" where it is that already.
func (v *visit) keyLogin(kind record.Kind, next string) string {
	definition, _ := record.DefinitionOf(kind)
	if !definition.Certificate || v.session.Assurance == record.ByCertificate {
		return ""
	}
	return withNext("/login/certificate", next)
}

// paperOnly tells that a submit in this session counts for 纸质标 only.
func (v *visit) paperOnly(kind record.Kind) bool {
	return kind.Profile() && v.session.Assurance != record.ByCertificate
}

// typed is a posted draft: the document as the person sees it, and the version
// of the draft that the page was made from.
type typed struct {
	document record.Document
	version  int
	section  string // the tab that was posted; "" for the whole document
	row      *rowName
	gone     *rowName          // the row that is taken out
	answers  map[string]string // to the reviewer's remarks that the page showed
	values   url.Values        // as posted
	again    string            // where posting them again does the same
}

// typed binds what was posted to a copy of the draft: a row, a section that is a
// page, or the whole document. Fixed fields and names that the form does not have
// are left out, as are files and people that are not the subject's.
func (s *Server) typed(v *visit, d dossier, values url.Values) (typed, error) {
	document, err := s.base(v, d)
	if err != nil {
		return typed{}, err
	}
	fields := document.Form(today())
	find, err := s.lookup(v, d.id, fields, values)
	if err != nil {
		return typed{}, err
	}
	t := typed{
		document: document, version: number(values.Get("draft_version")), section: values.Get("section"), answers: answersOf(values),
		values: values, again: v.OriginalURL(),
	}
	if name := values.Get("row"); name != "" {
		return t, t.bindRow(d, name, values, find)
	}
	if _, ok := fields.Section(t.section); !ok {
		t.section = ""
	}
	d.posted(fields, t.section).Bind(values, find)
	return t, nil
}

// posted is the part of a form that a page posts: one section where sections are
// pages.
func (d dossier) posted(fields form.Form, section string) form.Form {
	if definition, _ := record.DefinitionOf(d.kind); !definition.Tabs {
		return fields
	}
	if s, ok := fields.Section(section); ok {
		return form.Form{s}
	}
	return fields[:1]
}

// lookup finds what posted ids stand for: the subject's files for the record, its
// people, and other subjects by the codes that rows name.
func (s *Server) lookup(v *visit, id record.ID, fields form.Form, values url.Values) (form.Lookup, error) {
	files, err := s.Store.FileLookup(v.ctx, v.subject.ID, id)
	if err != nil {
		return form.Lookup{}, err
	}
	var chosen []string
	for _, f := range fields.Fields() {
		if f.Widget == form.WidgetPick || f.Widget == form.WidgetPicks {
			chosen = append(chosen, values[f.Name]...)
		}
	}
	people, err := s.Store.EmployedOf(v.ctx, v.subject.ID, chosen)
	if err != nil {
		return form.Lookup{}, err
	}
	subjects, err := s.namedSubjects(v, values)
	if err != nil {
		return form.Lookup{}, err
	}
	return form.Lookup{
		Files:    files,
		Records:  func(id string) (form.Reference, bool) { r, ok := people[id]; return r, ok },
		Subjects: func(code string) (form.SubjectReference, bool) { r, ok := subjects[code]; return r, ok },
	}, nil
}

// maxNamedCodes bounds how many codes of one posted page are looked up.
const maxNamedCodes = 20

// namedSubjects are the organizations in force that posted rows name by their codes.
// That they are is public; where nothing is public nobody is found.
func (s *Server) namedSubjects(v *visit, values url.Values) (map[string]form.SubjectReference, error) {
	if !s.Site.Disclosure {
		return nil, nil
	}
	var codes []string
	for name, texts := range values {
		if _, ok := rowOfField(name); !ok || len(texts) == 0 || len(codes) == maxNamedCodes {
			continue
		}
		if code := record.NormalizeCode(texts[0]); record.CreditCodeProblem(code) == "" {
			codes = append(codes, code)
		}
	}
	return s.Store.KnownOrganizations(v.ctx, codes)
}

// base is the document that posted values are bound to: a copy of the draft's,
// or, when the draft is gone, that of the latest version, so that what was typed
// can at least be shown.
func (s *Server) base(v *visit, d dossier) (record.Document, error) {
	if d.draft != nil {
		return record.Copy(d.kind, d.draft.Document)
	}
	version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, max(d.record.Submitted, d.record.InForce))
	if err != nil {
		return nil, err
	}
	return version.Document, nil
}

// posted reads a posted draft.
func (s *Server) posted(v *visit) (dossier, typed, error) {
	d, err := s.visited(v)
	if err != nil {
		return dossier{}, typed{}, err
	}
	values, err := v.form()
	if err != nil {
		return dossier{}, typed{}, err
	}
	t, err := s.typed(v, d, values)
	return d, t, err
}

// troubled is the section to show where something is wrong: the one posted if
// that has problems, else the first that has.
func troubled(fields form.Form, problems []form.Problem, posted string) string {
	wrong := ""
	for _, s := range fields {
		if !slices.ContainsFunc(problems, func(p form.Problem) bool { return s.Has(p.Field) }) {
			continue
		}
		if s.Name == posted {
			return posted
		}
		if wrong == "" {
			wrong = s.Name
		}
	}
	return cmp.Or(wrong, posted)
}
