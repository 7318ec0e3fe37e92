package web

import (
	"slices"
	"strings"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// checks are what the system itself finds, with the evidence.
func (s *Server) checks(v *visit, r storage.Review, fields form.Form) ([]view.Check, error) {
	var checks []view.Check
	for _, f := range record.Examine(r.Submitted.Document, r.Subject, today()) {
		c := view.Check{Tone: view.Good, Text: f.Text, Note: f.Note}
		if !f.OK {
			c.Tone = view.Bad
		}
		for _, e := range f.Evidence {
			c.Facts = append(c.Facts, view.Fact{Name: e.Label, Text: e.Text})
		}
		checks = append(checks, c)
	}
	own := view.Check{Tone: view.Good, Text: "审核人员与本件无关联", Facts: []view.Fact{{Name: "比对", Text: v.tr("您的身份证号码与本件中全部人员的证件号码")}}}
	if r.Barred == record.RefusedOwnFiling {
		own.Tone, own.Text = view.Bad, "审核人员出现在本件的人员中，须回避"
	}
	checks = append(checks, own)
	files := fields.Files()
	scan, err := s.scanCheck(v, r, files)
	if err != nil {
		return nil, err
	}
	checks = append(checks, scan, s.signatureLine(v, r))
	duplicates, err := s.duplicateChecks(v, r, files)
	if err != nil {
		return nil, err
	}
	connections, err := s.connectionChecks(v, r)
	return slices.Concat(checks, duplicates, connections), err
}

// signatureLine says what the submit was proved by.
func (s *Server) signatureLine(v *visit, r storage.Review) view.Check {
	if signature := s.signatureCheck(v.ctx, r.Submitted); signature != nil {
		return *signature
	}
	return view.Check{Tone: view.Info, Text: "账号登录提交，没有数字签名", Note: "该类信息允许账号登录提交，生效后仅用于纸质标"}
}

// scanCheck says how far the virus scan of the filing's attachments is, file by
// file.
func (s *Server) scanCheck(v *visit, r storage.Review, files []form.File) (view.Check, error) {
	all, err := s.Store.FilesOf(v.ctx, r.Subject.ID, r.Record.ID)
	if err != nil {
		return view.Check{}, err
	}
	count := map[view.FileState]int{}
	var refused []string
	var facts []view.Fact
	for _, f := range all {
		if !slices.ContainsFunc(files, func(filed form.File) bool { return filed.ID == string(f.ID) }) {
			continue
		}
		state := s.fileState(f)
		count[state]++
		if f.State == storage.FileRefused {
			refused = append(refused, v.tr("%s（%s）", f.Name, f.Virus))
		}
		facts = append(facts, view.Fact{Name: scanWords[state], Text: f.Name})
	}
	check := view.Check{Tone: view.Good, Text: "附件已通过病毒扫描", Facts: facts}
	switch {
	case len(refused) > 0:
		check.Tone, check.Text = view.Bad, v.tr("%d 个附件未通过病毒扫描，不能通过，请退回补正", len(refused))
		check.Note = strings.Join(refused, "；")
	case count[view.FilePending] > 0:
		check.Tone, check.Text = view.Warn, v.tr("%d 个附件待病毒扫描", count[view.FilePending])
		check.Note = "扫描完成前不能通过"
	case count[view.FileUnscanned] > 0:
		check.Tone, check.Text, check.Note = view.Info, "附件未扫描", "本系统未启用病毒扫描"
	}
	return check, nil
}

// scanWords say of a file how its scan ended.
var scanWords = map[view.FileState]string{
	view.FileReady: "已通过", view.FilePending: "待扫描", view.FileUnscanned: "未扫描", view.FileRefused: "未通过",
}
