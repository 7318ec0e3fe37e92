package web

import (
	"net/http"
	"strconv"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// printRecord is a record as a document for paper: its draft with of=draft, a
// version with of=NUMBER, else the version under way, or in force.
func printRecord(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	m := view.PrintModel{Kind: d.kind.Label(), Subject: v.subject.Name, Code: shownCode(v.subject), Back: d.path("")}
	switch of := v.Query("of"); {
	case of == view.PrintDraft && d.draft == nil:
		return errNoPage
	case of == view.PrintDraft, d.record == nil || d.record.Submitted == 0 && d.record.InForce == 0:
		if d.draft == nil {
			return errNoPage
		}
		d.printDraft(&m)
		if !v.may(record.ToFile) {
			m.Back = d.path("")
		}
	default:
		no := number(of)
		if no == 0 {
			no = d.record.Submitted
		}
		if no == 0 {
			no = d.record.InForce
		}
		if err := s.printVersion(v, d, no, &m); err != nil {
			return err
		}
	}
	return v.render(http.StatusOK, view.PrintPage(v.page(v.tr("打印%s", v.shown(d.kind.Label()))), m))
}

// printDraft fills in what is being written, as it stands.
func (d dossier) printDraft(m *view.PrintModel) {
	m.Draft, m.State, m.Reason, m.Form = true, d.tag(), d.draft.Reason, d.draft.Document.Form(today())
	m.Title = printedTitle(d.kind, d.draft.Document)
	if d.open() {
		m.Back = d.editPath("")
	}
	if d.draft.Version > 1 {
		m.At = d.draft.UpdatedAt
	}
}

// printVersion fills in what was submitted, with how it was and what became of it.
func (s *Server) printVersion(v *visit, d dossier, no int, m *view.PrintModel) error {
	version, err := s.Store.Version(v.ctx, v.subject.ID, d.id, no)
	if err != nil {
		return err
	}
	submit, err := s.Store.CommandStatus(v.ctx, version.Command)
	if err != nil {
		return err
	}
	m.Version, m.Receipt, m.At, m.Reason, m.SHA256 = no, submit.Receipt.Number, version.AcceptedAt, version.Reason, version.SHA256
	m.Assurance, m.Signature = view.Assurance(version.Assurance), s.signatureCheck(v.ctx, version)
	m.State = versionTag(*d.record, storage.VersionSummary{No: no, Since: version.Since})
	m.Form, m.Title = version.Document.Form(today()), printedTitle(d.kind, version.Document)
	if no != d.record.Submitted && no != d.record.InForce {
		m.Back = d.path("/versions/" + strconv.Itoa(no))
	}
	return nil
}

// printedTitle names one of many; a profile is named by its subject.
func printedTitle(kind record.Kind, document record.Document) string {
	if kind.Profile() {
		return ""
	}
	return document.Title()
}
