package takeout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"unireg/certificate"
	"unireg/record"
	"unireg/storage"
	"unireg/web/paper"
)

// contents writes the parts of a dossier into an archive.
type contents struct {
	packer  *Packer
	dossier *storage.Dossier
	archive *archive
	paths   map[record.ID]string // of the attachments
}

// recordHead is a record's record.json.
type recordHead struct {
	ID        record.ID       `json:"id"`
	Kind      record.Kind     `json:"kind"`
	KindName  string          `json:"kind_name"`
	Title     string          `json:"title"`
	Standing  record.Standing `json:"standing"`
	Filing    record.Filing   `json:"filing"`
	State     string          `json:"state"` // in words
	InForce   int             `json:"version_in_force,omitempty"`
	Submitted int             `json:"version_under_way,omitempty"`
	UpdatedAt time.Time       `json:"updated_at"`
	Versions  []versionHead   `json:"versions"`
}

// versionHead is what there is to a version beside its content.
type versionHead struct {
	No          int              `json:"no"`
	AcceptedAt  time.Time        `json:"accepted_at"`
	Receipt     string           `json:"receipt,omitempty"`
	Assurance   record.Assurance `json:"assurance"`
	Certificate string           `json:"certificate_sha256,omitempty"`
	Reason      string           `json:"reason,omitempty"`
	InForceFrom []time.Time      `json:"in_force_from,omitempty"`
	SHA256      string           `json:"sha256"` // of the canonical content
}

func headOf(v storage.DossierVersion) versionHead {
	return versionHead{
		No: v.No, AcceptedAt: v.AcceptedAt.UTC(), Receipt: v.Receipt, Assurance: v.Assurance, Certificate: v.Certificate, Reason: v.Reason,
		InForceFrom: v.Since, SHA256: v.SHA256,
	}
}

// version is a version's NO.json: the canonical content as it was filed, and the
// same in words.
type version struct {
	versionHead

	Content  json.RawMessage `json:"content"`
	Sections []section       `json:"sections"`
}

func recordFolder(kind record.Kind, id record.ID) string {
	return "records/" + string(kind) + "/" + string(id) + "/"
}

// records writes each record with all its versions.
func (c contents) records(ctx context.Context) error {
	versions := map[record.ID][]storage.DossierVersion{}
	for _, v := range c.dossier.Versions {
		versions[v.Record] = append(versions[v.Record], v)
	}
	for _, r := range c.dossier.Records {
		head := recordHead{
			ID: r.ID, Kind: r.Kind, KindName: r.Kind.Label(), Title: r.Title, Standing: r.State.Standing, Filing: r.State.Filing, State: r.State.Label(),
			InForce: r.InForce, Submitted: r.Submitted, UpdatedAt: r.UpdatedAt.UTC(),
		}
		for _, v := range versions[r.ID] {
			head.Versions = append(head.Versions, headOf(v))
			if err := c.version(ctx, r, v); err != nil {
				return err
			}
		}
		if err := c.archive.json(recordFolder(r.Kind, r.ID)+"record.json", head); err != nil {
			return err
		}
	}
	return nil
}

// version writes one version: as it was signed and hashed, for machines, for
// people, and the proof of its signature.
func (c contents) version(ctx context.Context, r record.Record, v storage.DossierVersion) error {
	content, evidence, err := c.packer.Store.VersionProof(ctx, c.dossier.Subject.ID, v.Record, v.No)
	if err != nil {
		return err
	}
	_, document, err := record.ParseCanonical(content)
	if err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	sections := c.sections(document)
	base := recordFolder(v.Kind, v.Record) + "versions/" + strconv.Itoa(v.No)
	if err := c.archive.bytes(base+".canonical.json", content); err != nil {
		return err
	}
	if err := c.archive.json(base+".json", version{headOf(v), content, sections}); err != nil {
		return err
	}
	onPaper, err := paper.PrintDocument(c.page(r, v, document, sections))
	if err != nil {
		return err
	}
	if err := c.archive.bytes(base+".pdf", onPaper); err != nil {
		return err
	}
	return c.proof(base, content, evidence, v.AcceptedAt)
}

// page is a version as a document for people.
func (c contents) page(r record.Record, v storage.DossierVersion, document record.Document, sections []section) paper.Document {
	d := paper.Document{
		Site: c.packer.Site, Heading: v.Kind.Label(), PrintedAt: c.dossier.AsOf, Digest: v.SHA256, Sections: printed(sections),
		Facts: []paper.Field{
			{Label: "主体", Value: c.dossier.Subject.Name, Wide: true},
			{Label: "代码或证件号", Value: c.dossier.Subject.Code},
			{Label: "版本", Value: fmt.Sprintf("第 %d 版", v.No)},
			{Label: "回执号", Value: v.Receipt},
			{Label: "提交时间", Value: v.AcceptedAt.In(record.Shanghai).Format("2006-01-02 15:04:05")},
			{Label: "提交方式", Value: v.Assurance.Label()},
			{Label: "导出时状态", Value: stateOf(r, v)},
		},
	}
	if !v.Kind.Profile() {
		d.Title = document.Title()
	}
	if v.Reason != "" {
		d.Facts = append(d.Facts, paper.Field{Label: "变更原因", Value: v.Reason, Wide: true})
	}
	return d
}

// stateOf says what a version is worth.
func stateOf(r record.Record, v storage.DossierVersion) string {
	switch {
	case v.No == r.InForce && r.State.Standing == record.Voided:
		return "已作废"
	case v.No == r.InForce:
		return "现行有效"
	case v.No == r.Submitted:
		return r.State.Label()
	case len(v.Since) == 0:
		return "未生效"
	}
	return "已被替代"
}

// proof writes what proves a version's signature anywhere else. Where it cannot be
// bundled, as when its issuer is not trusted any more, the bare evidence is written.
func (c contents) proof(base string, content, evidence []byte, accepted time.Time) error {
	if len(evidence) == 0 {
		return nil
	}
	if c.packer.Trust != nil {
		bundle, err := c.packer.Trust.NewBundle(content, evidence, accepted)
		if err == nil {
			text, err := bundle.Marshal()
			if err != nil {
				return err
			}
			return c.archive.bytes(base+".signed.json", text)
		}
		if _, refused := certificate.RefusalOf(err); !refused {
			c.packer.Log.Warn("a signature was not bundled", "error", err)
		}
	}
	return c.archive.bytes(base+".evidence", evidence)
}

// draft is a drafts/KIND/ID.json.
type draft struct {
	Record    record.ID         `json:"record"`
	Kind      record.Kind       `json:"kind"`
	KindName  string            `json:"kind_name"`
	Changes   int               `json:"changes_version,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Answers   map[string]string `json:"answers,omitempty"` // to a reviewer's remarks
	UpdatedAt time.Time         `json:"updated_at"`
	Content   json.RawMessage   `json:"content"`
	Sections  []section         `json:"sections"`
}

// drafts writes what is being written.
func (c contents) drafts(context.Context) error {
	for _, d := range c.dossier.Drafts {
		content, err := record.Canonical(d.Kind, d.Document)
		if err != nil {
			return err
		}
		err = c.archive.json("drafts/"+string(d.Kind)+"/"+string(d.Record)+".json", draft{
			Record: d.Record, Kind: d.Kind, KindName: d.Kind.Label(), Changes: d.Base, Reason: d.Reason, Answers: d.Answers,
			UpdatedAt: d.UpdatedAt.UTC(), Content: content, Sections: c.sections(d.Document),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// filed is a line of files.json.
type filed struct {
	ID        record.ID `json:"id"`
	Name      string    `json:"name"`
	Type      string    `json:"type"`
	Size      int64     `json:"size"`
	SHA256    string    `json:"sha256"`
	Record    record.ID `json:"record"` // for which it was uploaded
	Field     string    `json:"field"`
	CreatedAt time.Time `json:"created_at"`
	Path      string    `json:"path,omitempty"`
	// Missing says what is wrong with it: why there is none, or that it was changed.
	Missing string `json:"missing,omitempty"`
}

// files writes the attachments, each content under a name once, and their list.
func (c contents) files(ctx context.Context) error {
	list := []filed{}
	written := map[string]string{} // why a path is missing, "" where it is not
	for _, f := range c.dossier.Files {
		line := filed{
			ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Record: f.Record, Field: f.Field, CreatedAt: f.CreatedAt.UTC(),
			Path: c.paths[f.ID],
		}
		missing, known := written[line.Path]
		if !known {
			var err error
			if missing, err = c.file(ctx, f, line.Path); err != nil {
				return err
			}
			written[line.Path] = missing
		}
		if line.Missing = missing; missing == missingInfected || missing == missingObject {
			line.Path = ""
		}
		list = append(list, line)
	}
	return c.archive.json("files.json", list)
}

// Reasons for which an attachment is not in the archive.
const (
	missingInfected = "病毒扫描未通过，已隔离"
	missingObject   = "存储中没有这个文件"
	missingChanged  = "内容与登记的指纹不一致"
)

// file writes one attachment, or says why it cannot.
func (c contents) file(ctx context.Context, f storage.File, path string) (missing string, err error) {
	if !f.Sendable() {
		return missingInfected, nil
	}
	content, err := storage.NewFiles(c.packer.Store, c.packer.Objects, storage.FileLimits{}).Open(ctx, f, 0, -1)
	if errors.Is(err, storage.ErrNoObject) {
		c.packer.Log.ErrorContext(ctx, "an attachment is gone", "file", string(f.ID))
		return missingObject, nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = content.Close() }()
	entry, err := c.archive.add(path, true, content)
	if err != nil {
		return "", err
	}
	if entry.SHA256 != f.SHA256 {
		c.packer.Log.ErrorContext(ctx, "an attachment was changed", "file", string(f.ID))
		return missingChanged, nil
	}
	return "", nil
}
