package record

import (
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// Honour is an award of the organization or of one of its people.
type Honour struct {
	Level         form.Choice
	Name          string
	ProjectName   string
	DocumentTitle string
	DocumentNo    string
	GrantedBy     string
	GrantedOn     form.Date
	Rank          string
	Certificate   []form.File
}

// AwardDocument is one entry of 获奖信息.
type AwardDocument struct {
	Honour
	Winners []form.Reference
}

// Prefill has nothing to write.
func (d *AwardDocument) Prefill(Subject) {}

// Belongs is always true: the record itself belongs to the subject.
func (d *AwardDocument) Belongs(Subject) bool { return true }

// Title is the award's name.
func (d *AwardDocument) Title() string { return titled(d.Name, "未填写名称的奖项") }

// People are the practitioners who won it.
func (d *AwardDocument) People() []string {
	var all []string
	for _, w := range d.Winners {
		all = append(all, w.Number)
	}
	return filled(all...)
}

// Listing is what the list of 获奖信息 shows.
func (d *AwardDocument) Listing() Listing {
	found := filled(d.ProjectName, d.DocumentNo, d.DocumentTitle)
	for _, w := range d.Winners {
		found = append(found, w.Name)
	}
	return Listing{Cells: []string{d.Level.Name, d.GrantedBy, string(d.GrantedOn), d.Rank}, Find: found, On: d.GrantedOn}
}

// Form binds the fields after the data dictionary, section award.
func (d *AwardDocument) Form(today time.Time) form.Form {
	return form.Form{
		{Name: "award", Label: "奖项信息", Fields: append(d.fields(today),
			form.Picks("winners", "获奖人员", &d.Winners).Note("从本单位的执业人员中选择，可多选"))},
		{Name: "attachments", Label: "附件材料", Hint: "PDF、JPG、PNG，单个不超过 20 MB", Fields: []*form.Field{d.certificate()}},
	}.On(today)
}

// fields are those of an award without its certificate.
func (a *Honour) fields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Text("name", "奖项名称", &a.Name).Require().Max(120).Full(),
		form.Radio("level", "奖项级别", &a.Level, codes.AwardLevels).Require(),
		form.Text("rank", "获奖等次", &a.Rank).Max(50).Note("例如 一等奖"),
		form.Text("granted_by", "颁奖单位", &a.GrantedBy).Require().Max(120),
		form.Day("granted_on", "颁奖日期", &a.GrantedOn).Require().Check(func() string { return notAfter(a.GrantedOn, today) }),
		form.Text("project_name", "获奖项目", &a.ProjectName).Max(400).Full(),
		form.Text("document_title", "文件名称", &a.DocumentTitle).Max(200),
		form.Text("document_no", "文号", &a.DocumentNo).Require().Max(50).Note("表彰文件或证书的编号"),
	}
}

func (a *Honour) certificate() *form.Field {
	return form.Attachment("certificate", "获奖证书", &a.Certificate).Require()
}
