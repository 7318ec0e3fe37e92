package record

import (
	"cmp"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// PractitionerDocument is one of the organization's 执业人员.
type PractitionerDocument struct {
	Name       string
	IDType     form.Choice
	IDNumber   string
	Gender     form.Choice
	BornOn     form.Date
	Ethnicity  form.Choice
	Mobile     string
	Region     form.Choice
	Education  form.Choice
	School     string
	Major      string
	Position   string
	EmployedOn form.Date
	Rank       ProfessionalTitle

	Photo      []form.File
	Card       []form.File
	Employment []form.File
	TitleProof []form.File

	Registrations []Registration
	Awards        []PractitionerAward
	Safety        []SafetyCertificate
}

// ProfessionalTitle is a 职称.
type ProfessionalTitle struct {
	Level form.Choice
	Major string
	No    string
}

// Registration is a row of 资格证书.
type Registration struct {
	form.Key
	Type      form.Choice
	No        string
	Majors    []form.Term
	IssuedOn  form.Date
	ExpiresOn form.Date
	Issuer    string
	SealNo    string
	Status    form.Choice
	Scan      []form.File
}

// PractitionerAward is a row of 人员获奖.
type PractitionerAward struct {
	form.Key
	Honour
}

// SafetyCertificate is a row of 安全生产考核证.
type SafetyCertificate struct {
	form.Key
	Category  form.Choice
	No        string
	IssuedOn  form.Date
	ExpiresOn form.Date
	Issuer    string
	Scan      []form.File
}

// Prefill chooses the document that nearly everybody has.
func (d *PractitionerDocument) Prefill(Subject) {
	if entry, ok := codes.IDDocumentTypes.Lookup(codes.IDDocumentResident); ok && d.IDType.Code == "" {
		d.IDType = form.Choice{Code: entry.Code, Name: entry.Name}
	}
}

// Belongs is always true: the record itself belongs to the subject.
func (d *PractitionerDocument) Belongs(Subject) bool { return true }

// Title is the person's name.
func (d *PractitionerDocument) Title() string { return titled(d.Name, "未填写姓名的人员") }

// People is the person.
func (d *PractitionerDocument) People() []string { return filled(d.IDNumber) }

// Unique is the person: nobody is in force at two organizations.
func (d *PractitionerDocument) Unique() string { return d.IDNumber }

// Listing is what the list of 执业人员 shows.
func (d *PractitionerDocument) Listing() Listing {
	var registrations, numbers, safety []string
	for _, r := range d.Registrations {
		registrations, numbers = append(registrations, r.Type.Name), append(numbers, r.No)
	}
	for _, s := range d.Safety {
		safety, numbers = append(safety, firstPart(s.Category.Name)), append(numbers, s.No)
	}
	return Listing{
		Cells: []string{d.Position, d.Rank.Level.Name, joined(registrations), joined(safety)},
		Find:  append(filled(numbers...), registrations...), On: d.EmployedOn,
		Note: firstOf(numbers),
	}
}

// Form binds the fields after the data dictionary, section practitioner: one
// section for each of the four tabs.
func (d *PractitionerDocument) Form(today time.Time) form.Form {
	d.derive()
	return form.Form{
		{Name: "basic", Label: "基本信息", Fields: append(d.person(today), d.papers()...)},
		{Name: "registrations", Label: "资格证书", Hint: "注册建造师、注册监理工程师等执业资格", Fields: []*form.Field{
			form.Rows("registrations", "资格证书", &d.Registrations, func(r *Registration) []*form.Field { return r.fields(today) }),
		}},
		{Name: "awards", Label: "人员获奖", Fields: []*form.Field{
			form.Rows("awards", "人员获奖", &d.Awards, func(a *PractitionerAward) []*form.Field {
				return append(a.fields(today), a.certificate())
			}),
		}},
		{Name: "safety", Label: "安全生产考核证", Hint: "A 类企业主要负责人、B 类项目负责人、C 类专职安全员", Fields: []*form.Field{
			form.Rows("safety", "安全生产考核证", &d.Safety, func(s *SafetyCertificate) []*form.Field { return s.fields(today) }),
		}},
	}.On(today)
}

// derive writes what a resident identity number tells and nobody has to type.
func (d *PractitionerDocument) derive() {
	if d.IDType.Code != codes.IDDocumentResident {
		return
	}
	if born, ok := ResidentIDBirthDate(d.IDNumber); ok && d.BornOn == "" {
		d.BornOn = form.Date(born.Format(time.DateOnly))
	}
	if entry, ok := codes.Genders.Lookup(ResidentIDGender(d.IDNumber)); ok && d.Gender.Code == "" {
		d.Gender = form.Choice{Code: entry.Code, Name: entry.Name}
	}
}

func (d *PractitionerDocument) person(today time.Time) []*form.Field {
	return []*form.Field{
		form.Text("name", "姓名", &d.Name).Require().Max(50).MarkKey(),
		form.Select("id_type", "证件类型", &d.IDType, codes.IDDocumentTypes).Require().MarkKey(),
		form.Identifier("id_number", "证件号码", &d.IDNumber, NormalizeCode).Require().Mask().MarkKey().
			Note("加密保存；身份证号码可自动带出性别和出生日期").
			Check(func() string { return documentProblem(d.IDType.Code, d.IDNumber, today) }).
			Check(func() string {
				if d.IDType.Code == codes.IDDocumentResident && !today.IsZero() && age(d.IDNumber, today) < 16 {
					return "从业人员须年满 16 周岁，请核对证件号码"
				}
				return ""
			}),
		form.Radio("gender", "性别", &d.Gender, codes.Genders).Require().Check(func() string {
			if told := ResidentIDGender(d.IDNumber); d.IDType.Code == codes.IDDocumentResident && told != "" && told != d.Gender.Code {
				return "性别与身份证号码不一致"
			}
			return ""
		}),
		form.Day("born_on", "出生日期", &d.BornOn).Require().
			Check(func() string { return notAfter(d.BornOn, today) }).
			Check(func() string { return bornOtherwise(d.IDType.Code, d.IDNumber, d.BornOn) }),
		form.Select("ethnicity", "民族", &d.Ethnicity, codes.Ethnicities),
		form.Identifier("mobile", "手机", &d.Mobile, form.Fold).Require().Mono("tel").
			Check(func() string { return MobileProblem(d.Mobile) }),
		form.Text("position", "职务", &d.Position).Require().Max(50).Note("例如 项目经理"),
		form.Day("employed_on", "入职日期", &d.EmployedOn).Require().
			Check(func() string { return notAfter(d.EmployedOn, today) }).
			Check(func() string { return notBefore(d.EmployedOn, d.BornOn, "出生日期") }),
		form.Select("education", "学历", &d.Education, codes.Educations).Require(),
		form.Text("school", "毕业院校", &d.School).Max(100),
		form.Text("major", "所学专业", &d.Major).Max(100),
		form.Select("title_level", "职称级别", &d.Rank.Level, codes.TitleLevels),
		form.Text("title_major", "职称专业", &d.Rank.Major).RequireIf(d.titled, "有职称时必填").Max(100),
		form.Identifier("title_no", "职称证书编号", &d.Rank.No, NormalizeCode).RequireIf(d.titled, "有职称时必填").Max(64),
		form.Cascade("region", "所在地", &d.Region, codes.Regions),
	}
}

func (d *PractitionerDocument) titled() bool { return d.Rank.Level.Code != "" }

func (d *PractitionerDocument) papers() []*form.Field {
	return []*form.Field{
		form.Attachment("card", "身份证正反面", &d.Card).Require().Note("其他证件上传资料页"),
		form.Attachment("employment", "劳动合同/社保证明", &d.Employment).Require(),
		form.Attachment("title_proof", "职称证书", &d.TitleProof).RequireIf(d.titled, "有职称时必传"),
		form.Attachment("photo", "照片", &d.Photo).Note("近期免冠照片"),
	}
}

func (r *Registration) fields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Select("type", "资格类型", &r.Type, codes.ProfessionalRegistrationTypes).Require().MarkKey(),
		form.Identifier("no", "注册编号", &r.No, NormalizeCode).Require().Max(64).MarkKey(),
		form.Terms("majors", "注册专业", &r.Majors, codes.ProfessionalRegistrationMajors).
			RequireIf(r.hasMajors, "注册建造师、注册监理工程师必填").Check(r.majorsProblem),
		form.Day("issued_on", "发证日期", &r.IssuedOn).Require().Check(func() string { return notAfter(r.IssuedOn, today) }),
		form.Day("expires_on", "有效期至", &r.ExpiresOn).
			RequireIf(func() bool { return r.Type.Code != "" && !r.hasMajors() }, "不分专业的资格必填").
			Check(func() string { return after(r.ExpiresOn, r.IssuedOn, "发证日期") }),
		form.Text("issuer", "发证机关", &r.Issuer).Require().Max(100),
		form.Identifier("seal_no", "执业印章号", &r.SealNo, NormalizeCode).Max(64),
		form.Radio("status", "证书状态", &r.Status, codes.CertificateStatuses).Require(),
		form.Attachment("scan", "证书扫描件", &r.Scan).Require(),
	}
}

// profession is the part of the code under which the majors hang.
func (r *Registration) profession() string { return r.Type.Code[:min(2, len(r.Type.Code))] }

func (r *Registration) hasMajors() bool {
	return r.Type.Code != "" && len(codes.ProfessionalRegistrationMajors.Children(r.profession())) > 0
}

func (r *Registration) majorsProblem() string {
	for _, m := range r.Majors {
		if entry, ok := codes.ProfessionalRegistrationMajors.Lookup(m.Code); ok && r.Type.Code != "" && entry.Parent != r.profession() {
			return "“" + m.Name + "”不是" + r.Type.Name + "的专业，请重新选择"
		}
		if m.Until.Before(r.IssuedOn) {
			return "“" + m.Name + "”的有效期早于发证日期 " + string(r.IssuedOn)
		}
	}
	return ""
}

func (s *SafetyCertificate) fields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Radio("category", "类别", &s.Category, codes.SafetyCategories).Require().MarkKey(),
		form.Identifier("no", "证书编号", &s.No, NormalizeCode).Require().Max(64).MarkKey(),
		form.Day("issued_on", "发证日期", &s.IssuedOn).Require().Check(func() string { return notAfter(s.IssuedOn, today) }),
		form.Day("expires_on", "有效期至", &s.ExpiresOn).Require().
			Check(func() string { return after(s.ExpiresOn, s.IssuedOn, "发证日期") }),
		form.Text("issuer", "发证机关", &s.Issuer).Require().Max(100),
		form.Attachment("scan", "证书扫描件", &s.Scan).Require(),
	}
}

// marks are the person and the numbers of what they hold.
func (d *PractitionerDocument) marks() []Mark {
	all := []Mark{{MarkPerson, d.IDNumber, form.Mask(d.IDNumber)}}
	for _, r := range d.Registrations {
		all = append(all, Mark{MarkRegistration, r.No, r.No})
	}
	for _, s := range d.Safety {
		all = append(all, Mark{MarkSafety, s.No, s.No})
	}
	return all
}

func (d *PractitionerDocument) examine(today time.Time) []Finding {
	var findings []Finding
	if d.IDType.Code == codes.IDDocumentResident {
		findings = append(findings, residentNumber("身份证号码", d.IDNumber, today))
	}
	for _, r := range d.Registrations {
		label := r.Type.Name + " " + r.No
		if r.Status.Code != codes.CertificateValid {
			findings = append(findings, Finding{Text: label + "的状态为" + cmp.Or(r.Status.Name, "未填写")})
		}
		for _, m := range r.Majors {
			findings = append(findings, validity(label+" "+m.Name, m.Until, today))
		}
		if r.ExpiresOn != "" {
			findings = append(findings, validity(label, r.ExpiresOn, today))
		}
	}
	for _, s := range d.Safety {
		findings = append(findings, validity("安全生产考核证 "+s.No, s.ExpiresOn, today))
	}
	return findings
}
