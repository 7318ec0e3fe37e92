package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// fileStates are the states of the files that a subject uploaded for a record.
func (s *Server) fileStates(ctx context.Context, subject, id record.ID) (map[string]view.FileState, error) {
	files, err := s.Store.FilesOf(ctx, subject, id)
	if err != nil {
		return nil, err
	}
	states := make(map[string]view.FileState, len(files))
	for _, f := range files {
		states[string(f.ID)] = s.fileState(f)
	}
	return states, nil
}

// fileState is a stored file's state as pages show it.
func (s *Server) fileState(f storage.File) view.FileState {
	switch {
	case f.State == storage.FileRefused:
		return view.FileRefused
	case f.Scanned:
		return view.FileReady
	case f.State == storage.FileScanning, s.Store.Policy().ScanRequired:
		return view.FilePending
	}
	return view.FileUnscanned
}

// listFileStates answers a script that waits for the virus scan.
func listFileStates(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return v.scriptError(err)
	}
	states, err := s.fileStates(v.ctx, v.subject.ID, id)
	if err != nil {
		return v.scriptError(err)
	}
	return v.json(http.StatusOK, map[string]any{"files": states})
}

// refusedFiles are the problems of the fields that still name an attachment
// which the virus scan refused.
func (s *Server) refusedFiles(v *visit, d dossier) ([]form.Problem, error) {
	states, err := s.fileStates(v.ctx, v.subject.ID, d.id)
	if err != nil {
		return nil, err
	}
	var problems []form.Problem
	for _, field := range d.draft.Document.Form(today()).Leaves() {
		for _, f := range field.Files() {
			if states[f.ID] == view.FileRefused {
				problems = append(problems, form.Problem{
					Field: field.Name, Label: field.Label, Message: v.tr("「%s」未通过病毒扫描，请删除后重新上传", f.Name),
				})
			}
		}
	}
	return problems, nil
}

// showFile sends a subject one of its own attachments.
func showFile(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.File(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	return s.sendFile(v, file)
}

// What a browser may do with an attachment that it shows: nothing but show it.
// The viewers for PDF refuse to work in a sandbox, and need to embed the file.
const (
	imagePolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	pdfPolicy   = "script-src 'none'; object-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors "
)

// sendFile streams an attachment: to be saved, or with inline=1 to be looked at;
// with inline=frame the reviewer's desk shows a document beside another.
func (s *Server) sendFile(v *visit, file storage.File) error {
	content, err := s.files().Open(v.ctx, file, 0, -1)
	if err != nil {
		return err
	}
	inline := v.Query("inline") != ""
	policy := imagePolicy
	if !strings.HasPrefix(file.Type, "image/") {
		policy = pdfPolicy + "'none'"
		if v.staffSide() && v.Query("inline") == "frame" {
			policy = pdfPolicy + "'self'"
			v.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
		}
	}
	v.Set(fiber.HeaderContentSecurityPolicy, policy)
	v.Set(fiber.HeaderContentType, file.Type)
	v.Set(fiber.HeaderContentDisposition, storage.ContentDisposition(file.Name, inline))
	return v.send(content, file.Size)
}

// deleteFile takes a file out of a draft. A script asks for the file alone; the
// page without scripts posts the whole form, which is saved without the file.
func deleteFile(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	file, err := s.Store.File(v.ctx, v.subject.ID, id)
	if err != nil {
		return err
	}
	if v.wantsJSON() {
		if err := s.drop(v, file); err != nil {
			return v.scriptError(err)
		}
		return v.json(http.StatusOK, map[string]any{"id": file.ID})
	}
	d, err := s.dossier(v.ctx, v.subject.ID, file.Record)
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	for name := range values {
		values[name] = slices.DeleteFunc(values[name], func(value string) bool { return value == string(file.ID) })
	}
	t, err := s.typed(v, d, values)
	if err != nil {
		return err
	}
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	if err := s.drop(v, file); err != nil {
		return err
	}
	return v.see(d.fieldPath(t.section, file.Field))
}

// drop deletes a file that only a draft refers to. One that was submitted
// stays: the draft just no longer names it.
func (s *Server) drop(v *visit, file storage.File) error {
	if file.InUse {
		return nil
	}
	err := s.files().Delete(v.ctx, v.subject.ID, file.ID)
	if code := record.CodeOf(err); code == record.Conflict || code == record.NotFound {
		return nil // submitted, or deleted, at this moment
	}
	return err
}
