package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
)

// filePrefix leads the names of the inputs that carry a file; what follows is
// the field that it is for.
const filePrefix = "file."

// patienceFactor is how many times the limit of a file is read, and thrown
// away, so that a browser hears that its file is too large: it reads no answer
// before it has sent everything.
const patienceFactor = 4

// files keeps the attachments.
func (s *Server) files() *storage.Files {
	return storage.NewFiles(s.Store, s.Objects, storage.FileLimits{MaxSize: s.MaxFile, Quota: s.Quota})
}

// errFileTooLarge says how large a file may be.
func (s *Server) errFileTooLarge() error {
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("文件超过 %d MB，没有保存。请压缩或降低扫描精度后重新上传。", s.MaxFile>>20))
}

// incoming reads a file from a request: at most left bytes, and its errors tell
// that it is the request that failed.
type incoming struct {
	part     io.Reader
	left     int64
	tooLarge error
}

func (r *incoming) Read(p []byte) (int, error) {
	n, err := r.part.Read(p)
	r.left -= int64(n)
	switch {
	case r.left < 0:
		return 0, r.tooLarge
	case err != nil && !errors.Is(err, io.EOF):
		return n, bodyError(err)
	}
	return n, err //nolint:wrapcheck // io.EOF must stay itself
}

// store streams one part of a request into the object store.
func (s *Server) store(v *visit, id record.ID, field string, part *multipart.Part) (storage.File, error) {
	return s.files().Upload(v.ctx, storage.Upload{
		Subject: v.subject.ID, Account: v.account, Record: id, Field: field, Name: part.FileName(),
	}, &incoming{part: part, left: s.MaxFile, tooLarge: s.errFileTooLarge()})
}

// fileField is the attachment field of that name in a draft.
func fileField(d dossier, name string) (*form.Field, error) {
	if !d.open() {
		return nil, record.Errorf(record.Conflict, "这份草稿现在不能添加附件，请刷新页面查看最新状态")
	}
	document, err := record.Copy(d.kind, d.draft.Document)
	if err != nil {
		return nil, err
	}
	fields := document.Form(today())
	if row, ok := rowOfField(name); ok {
		row.in(fields) // it may be one that is being added
	}
	f := fields.Field(name)
	if f == nil || f.Widget != form.WidgetFiles {
		return nil, errNoPage
	}
	return f, nil
}

// uploadFile takes the file that a script sends. It answers with what the form
// needs to refer to it, or with the reason why not.
func uploadFile(s *Server, v *visit) error {
	file, err := s.uploadOne(v)
	if err != nil {
		return v.scriptError(err)
	}
	return v.json(http.StatusCreated, map[string]any{
		"id": file.ID, "name": file.Name, "size": file.Size, "type": file.Type, "sha256": file.SHA256, "state": s.fileState(file),
	})
}

func (s *Server) uploadOne(v *visit) (storage.File, error) {
	id := v.Query("record")
	if !storage.ValidID(id) {
		return storage.File{}, errNoPage
	}
	d, err := s.dossier(v.ctx, v.subject.ID, record.ID(id))
	if err != nil {
		return storage.File{}, err
	}
	field, err := fileField(d, v.Query("field"))
	if err != nil {
		return storage.File{}, err
	}
	reader, err := v.parts(patienceFactor * s.MaxFile)
	if err != nil {
		return storage.File{}, err
	}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return storage.File{}, record.Errorf(record.Invalid, "没有收到文件，请重新选择")
		}
		if err != nil {
			return storage.File{}, bodyError(err)
		}
		if part.FileName() == "" {
			continue
		}
		file, err := s.store(v, d.id, field.Name, part)
		// What is left of the body is read, so that the answer is heard.
		if _, rest := io.Copy(io.Discard, part); rest != nil {
			v.Context().SetConnectionClose()
		}
		return file, err
	}
}

// scriptError answers a script with the reason in words. The rest of the body
// may be unread.
func (v *visit) scriptError(err error) error {
	t := troubleOf(err)
	v.logTrouble(t, err)
	v.Context().SetConnectionClose()
	return v.json(t.status, t.answer(v))
}

// attachFile takes the whole form with one file, from a page without scripts.
// The fields are saved as they are, also when the file is refused.
func attachFile(s *Server, v *visit) error {
	d, err := s.visited(v)
	if err != nil {
		return err
	}
	field, err := fileField(d, v.Query("field"))
	if err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	reader, err := v.parts(patienceFactor*s.MaxFile + maxForm)
	if err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	values, fault, err := s.readAttach(v, d, field.Name, reader)
	if err != nil {
		v.Context().SetConnectionClose()
		return err
	}
	t, err := s.typed(v, d, values)
	if err != nil {
		return err
	}
	t.again = d.path("/draft") // the file is stored: what refers to it is among the values
	saved, err := s.save(v, &d, t)
	if err != nil || !saved {
		return err
	}
	if fault == nil {
		return v.see(d.fieldPath(t.section, field.Name))
	}
	told := troubleOf(fault)
	if told.internal {
		return fault
	}
	e := editing{
		document: d.draft.Document, section: t.section, problems: []form.Problem{{Field: field.Name, Label: field.Label, Message: told.text}},
	}
	if t.row != nil {
		e.row = t.row.dialog(d.draft.Document)
		e.row.Shown = s.shownInRow(d, *t.row)
	}
	return s.renderEdit(v, d, told.status, e)
}

// readAttach reads fields and one file as they arrive. fault is why the file
// was not taken; err ends the whole request.
func (s *Server) readAttach(v *visit, d dossier, field string, reader *multipart.Reader) (values url.Values, fault, err error) {
	values = url.Values{}
	text := &limitedReader{left: maxForm}
	stored := false
	for n := 0; ; n++ {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			if !stored && fault == nil {
				fault = record.Errorf(record.Invalid, "请先选择文件，再点击上传")
			}
			return values, fault, nil
		}
		if err != nil {
			return nil, nil, bodyError(err)
		}
		if n >= maxFields {
			return nil, nil, errTooLarge
		}
		if name, isFile := strings.CutPrefix(part.FormName(), filePrefix); isFile || part.FileName() != "" {
			if part.FileName() == "" || name != field || stored {
				continue // nothing was chosen there
			}
			var file storage.File
			if file, fault = s.store(v, d.id, field, part); fault == nil {
				stored = true
				values.Add(field, string(file.ID))
			}
			continue
		}
		text.source = part
		content, err := io.ReadAll(text)
		if err != nil {
			return nil, nil, bodyError(err)
		}
		if err := errors.Join(checkText(part.FormName()), checkText(string(content))); err != nil {
			return nil, nil, errUnreadable
		}
		values.Add(part.FormName(), string(content))
	}
}
