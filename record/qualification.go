package record

import (
	"fmt"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// QualificationDocument is one certificate of 单位资质 with the lines it grants.
type QualificationDocument struct {
	// Class (资质属性) follows from the lines.
	Class         form.Choice
	CertificateNo string
	Issuer        string
	IssuerLevel   form.Choice
	IssuedOn      form.Date
	ExpiresOn     form.Date
	LongTerm      bool
	Lines         []QualificationLine
	Certificate   []form.File
}

// QualificationLine is one 资质类型 of the certificate.
type QualificationLine struct {
	form.Key
	Major      form.Choice
	Grade      form.Choice
	Primary    bool
	ApprovedOn form.Date
	Scope      string
}

// Prefill has nothing to write: a qualification carries nothing of what
// registration fixed.
func (d *QualificationDocument) Prefill(Subject) {}

// Belongs is always true: the record itself belongs to the subject.
func (d *QualificationDocument) Belongs(Subject) bool { return true }

// Title is the class and the certificate's number.
func (d *QualificationDocument) Title() string {
	return titled(d.Class.Name+" "+d.CertificateNo, "未填写编号的资质")
}

// People is nobody.
func (d *QualificationDocument) People() []string { return nil }

// Unique is the certificate's number: a subject has one record of it in force.
func (d *QualificationDocument) Unique() string { return d.CertificateNo }

// Listing is what the list of 单位资质 shows.
func (d *QualificationDocument) Listing() Listing {
	var majors []string
	for _, line := range d.Lines {
		majors = append(majors, lastPart(line.Major.Name)+line.Grade.Name)
	}
	until := string(d.ExpiresOn)
	if d.LongTerm {
		until = "长期有效"
	}
	return Listing{
		Cells: []string{joined(majors), d.Issuer, until}, Find: majors, On: d.ExpiresOn, Expires: d.ExpiresOn,
	}
}

// Form binds the fields after the data dictionary, section qualification.
func (d *QualificationDocument) Form(today time.Time) form.Form {
	d.Class = d.class()
	return form.Form{
		{Name: "certificate", Label: "证书信息", Fields: []*form.Field{
			form.Identifier("certificate_no", "资质证书编号", &d.CertificateNo, NormalizeCode).Require().Max(64).MarkKey().
				Note("与证书一致；同一证书只登记一次"),
			form.Select("class", "资质属性", &d.Class, codes.QualificationClasses).Lock().Note("由资质列表确定"),
			form.Text("issuer", "发证机关", &d.Issuer).Require().Max(100).Full(),
			form.Radio("issuer_level", "发证机关级别", &d.IssuerLevel, codes.IssuerLevels).Require(),
			form.Day("issued_on", "发证日期", &d.IssuedOn).Require().Check(func() string { return notAfter(d.IssuedOn, today) }),
			form.Day("expires_on", "有效期至", &d.ExpiresOn).
				RequireIf(func() bool { return !d.LongTerm }, "或勾选长期有效").
				Check(func() string {
					if d.LongTerm {
						return "已勾选长期有效，请清空日期或取消勾选"
					}
					return after(d.ExpiresOn, d.IssuedOn, "发证日期")
				}).
				Check(func() string { return notExpired(d.ExpiresOn, today) }),
			form.Bool("long_term", "长期有效", &d.LongTerm),
		}},
		{Name: "lines", Label: "资质列表", Hint: "一本证书可有多个资质类型，逐项添加", Fields: []*form.Field{
			form.Rows("lines", "资质类型", &d.Lines, func(line *QualificationLine) []*form.Field { return line.fields(today) }).
				Require().Check(d.linesProblem),
		}},
		{Name: "attachments", Label: "附件材料", Hint: "PDF、JPG、PNG，单个不超过 20 MB", Fields: []*form.Field{
			form.Attachment("certificate", "资质证书正本/副本", &d.Certificate).Require().Note("须清晰可见证书编号、资质类型和有效期"),
		}},
	}.On(today)
}

func (line *QualificationLine) fields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Cascade("major", "资质属性和资质类型", &line.Major, codes.QualificationMajors).Require(),
		form.Select("grade", "等级", &line.Grade, codes.QualificationGrades).Require(),
		form.Bool("primary", "主项资质", &line.Primary),
		form.Day("approved_on", "批准日期", &line.ApprovedOn).Check(func() string { return notAfter(line.ApprovedOn, today) }),
		form.Paragraph("scope", "可承担业务", &line.Scope).Max(1000),
	}
}

// class is the 资质属性 of the first line that has one.
func (d *QualificationDocument) class() form.Choice {
	for _, line := range d.Lines {
		if path := codes.QualificationMajors.Path(line.Major.Code); len(path) > 0 {
			return form.Choice{Code: path[0].Code, Name: path[0].Name}
		}
	}
	return form.Choice{}
}

// linesProblem is what is wrong between the lines.
func (d *QualificationDocument) linesProblem() string {
	seen := map[string]bool{}
	primaries := 0
	for _, line := range d.Lines {
		if line.Primary {
			primaries++
		}
		path := codes.QualificationMajors.Path(line.Major.Code)
		switch {
		case len(path) == 0:
			continue
		case path[0].Code != d.Class.Code:
			return fmt.Sprintf("同一证书的资质类型须属于同一资质属性，现在有“%s”和“%s”，请分开登记", d.Class.Name, path[0].Name)
		case seen[line.Major.Code]:
			return "“" + lastPart(line.Major.Name) + "”添加了两次，请删去一个"
		}
		seen[line.Major.Code] = true
	}
	if primaries > 1 {
		return fmt.Sprintf("主项资质最多一个，现在勾选了 %d 个", primaries)
	}
	return ""
}

// marks are the certificate's number.
func (d *QualificationDocument) marks() []Mark {
	return []Mark{{MarkCertificate, d.CertificateNo, d.CertificateNo}}
}

func (d *QualificationDocument) examine(today time.Time) []Finding {
	if d.LongTerm {
		return []Finding{{OK: true, Text: "证书长期有效"}}
	}
	return []Finding{validity("资质证书", d.ExpiresOn, today)}
}
