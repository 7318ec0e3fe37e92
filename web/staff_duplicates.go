package web

import (
	"fmt"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// maxNamed is how many subjects the evidence of one check names.
const maxNamed = 3

// duplicateChecks say what else is on file that might be the same thing, and
// whose it is. Only staff read it: who files is told of nobody.
func (s *Server) duplicateChecks(v *visit, r storage.Review, files []form.File) ([]view.Check, error) {
	document := r.Submitted.Document
	found, err := s.Store.Duplicates(v.ctx, r.Record, document)
	if err != nil {
		return nil, err
	}
	var checks []view.Check
	for _, d := range found {
		checks = append(checks, duplicateCheck(r.Subject.ID, d))
	}
	if marks := record.MarksOf(document); len(found) == 0 && len(marks) > 0 {
		checks = append(checks, view.Check{Tone: view.Good, Text: "没有与其他记录重复的登记", Note: v.tr("已比对%s", markLabels(marks))})
	}
	shared, err := s.fileChecks(v, r.Subject.ID, files)
	return append(checks, shared...), err
}

func markLabels(marks []record.Mark) string {
	var labels []string
	seen := map[record.MarkKind]bool{}
	for _, m := range marks {
		if !seen[m.Kind] {
			seen[m.Kind] = true
			labels = append(labels, m.Kind.Label())
		}
	}
	return strings.Join(labels, "、")
}

// duplicateCheck words one duplicate. A person who is in force elsewhere is more
// than a warning: the approval would be refused.
func duplicateCheck(own record.ID, d storage.Duplicate) view.Check {
	c := view.Check{Tone: view.Warn, Href: staffRecordPath(d.Record)}
	inForce := d.State.Standing == record.InForce
	switch {
	case d.Mark.Kind == record.MarkPerson && inForce:
		c.Tone, c.Text = view.Bad, "该人员在其他单位已有有效登记，通过时会被拒绝"
	case d.Mark.Kind == record.MarkPerson:
		c.Text = "该人员在其他单位的登记正在办理"
	case d.Mark.Kind == record.MarkProject:
		c.Text = "项目名称、建设单位和合同金额与其他主体的业绩相同"
	default:
		c.Text = d.Mark.Kind.Label() + "与其他记录相同"
	}
	whose := d.Subject.Name + "（" + shownCode(d.Subject) + "）"
	if d.Subject.ID == own {
		whose = "本单位另一条记录"
	}
	c.Note = fmt.Sprintf("%s：%s，%s“%s”，%s", d.Mark.Shown, whose, d.Kind.Label(), d.Title, d.State.Label())
	c.Facts = []view.Fact{
		{Name: d.Mark.Kind.Label(), Text: d.Mark.Shown},
		{Name: "另一主体", Text: whose},
		{Name: "另一记录", Text: d.Kind.Label() + "“" + d.Title + "”"},
		{Name: "状态", Text: d.State.Label()},
	}
	return c
}

// fileChecks say which attachments others have filed, too.
func (s *Server) fileChecks(v *visit, own record.ID, files []form.File) ([]view.Check, error) {
	hashes := make([]string, 0, len(files))
	for _, f := range files {
		hashes = append(hashes, f.SHA256)
	}
	shared, err := s.Store.SharedFiles(v.ctx, own, hashes)
	if err != nil {
		return nil, err
	}
	if len(shared) == 0 && len(files) > 0 {
		check := view.Check{Tone: view.Good, Text: "附件没有与其他主体相同的", Note: v.tr("比对 %d 个文件的指纹", len(files))}
		for _, f := range files {
			check.Facts = append(check.Facts, view.Fact{Name: fingerprint(f), Text: f.Name})
		}
		return []view.Check{check}, nil
	}
	var checks []view.Check
	told := map[string]bool{}
	for _, f := range files {
		others := shared[f.SHA256]
		if len(others) == 0 || told[f.SHA256] {
			continue
		}
		told[f.SHA256] = true
		var names []string
		for _, o := range others[:min(len(others), maxNamed)] {
			names = append(names, o.Name)
		}
		checks = append(checks, view.Check{
			Tone: view.Warn, Text: "附件与其他主体的相同",
			Note:  v.tr("%s，另有 %d 个主体提交过同一文件：%s", f.Name, len(others), strings.Join(names, "、")),
			Facts: []view.Fact{{Name: "文件", Text: f.Name}, {Name: "指纹", Text: fingerprint(f)}, {Name: "提交主体", Text: strings.Join(names, "、")}},
		})
	}
	return checks, nil
}

// fingerprint is the beginning of a file's SHA-256, by which a person compares.
func fingerprint(f form.File) string { return f.SHA256[:min(12, len(f.SHA256))] }
