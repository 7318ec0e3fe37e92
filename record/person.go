package record

import (
	"regexp"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// PersonDocument is the 基本信息 of a natural person.
type PersonDocument struct {
	Name      string
	IDType    form.Choice
	IDNumber  string
	Gender    form.Choice
	BornOn    form.Date
	Region    form.Choice
	Education form.Choice
	Mobile    string
	Email     string
	Address   string
	Roles     []form.Choice

	Account struct {
		Bank   string
		Branch string
		Number string
	}
	Card []form.File
}

// Prefill writes name and document as registered, and what a resident identity
// number tells: birth date and gender.
func (d *PersonDocument) Prefill(s Subject) {
	d.IDNumber = s.Code
	if entry, ok := codes.IDDocumentTypes.Lookup(s.IDType); ok {
		d.IDType = form.Choice{Code: entry.Code, Name: entry.Name}
	}
	if d.Name == "" {
		d.Name = s.Name
	}
	if s.IDType != codes.IDDocumentResident {
		return
	}
	if born, ok := ResidentIDBirthDate(s.Code); ok {
		d.BornOn = form.Date(born.Format(time.DateOnly))
	}
	if entry, ok := codes.Genders.Lookup(ResidentIDGender(s.Code)); ok && d.Gender.Code == "" {
		d.Gender = form.Choice{Code: entry.Code, Name: entry.Name}
	}
}

// Belongs reports whether the document number is the one registered.
func (d *PersonDocument) Belongs(s Subject) bool {
	return d.IDNumber == s.Code && d.IDType.Code == s.IDType
}

// Title is the person's name.
func (d *PersonDocument) Title() string { return d.Name }

// People is the person.
func (d *PersonDocument) People() []string { return filled(d.IDNumber) }

func (d *PersonDocument) hasAccount() bool { return d.Account.Number != "" || d.Account.Bank != "" }

// Form binds the fields after the data dictionary, section profile of a person.
func (d *PersonDocument) Form(today time.Time) form.Form {
	return form.Form{
		{Name: "person", Label: "个人信息", Fields: []*form.Field{
			form.Text("name", "姓名", &d.Name).Require().Max(50).MarkKey().Set(func(f *form.Field) { f.Autocomplete = "name" }),
			form.Select("id_type", "证件类型", &d.IDType, codes.IDDocumentTypes).Require().Lock().MarkKey(),
			form.Identifier("id_number", "证件号码", &d.IDNumber, NormalizeCode).Require().Lock().Mask().MarkKey().
				Note("注册时填写，不能修改；加密保存").
				Check(func() string { return documentProblem(d.IDType.Code, d.IDNumber, today) }),
			form.Radio("gender", "性别", &d.Gender, codes.Genders),
			form.Day("born_on", "出生日期", &d.BornOn).
				Check(func() string { return notAfter(d.BornOn, today) }).
				Check(func() string { return bornOtherwise(d.IDType.Code, d.IDNumber, d.BornOn) }),
			form.Select("education", "学历", &d.Education, codes.Educations),
			form.Checks("roles", "主体角色", &d.Roles, codes.PersonRoles).Require().Note("可多选，按参与交易的身份选择"),
		}},
		{Name: "contact", Label: "联系方式", Fields: []*form.Field{
			form.Cascade("region", "所在地", &d.Region, codes.Regions).Require(),
			form.Text("address", "联系地址", &d.Address).Require().Max(200).Full(),
			form.Identifier("mobile", "手机", &d.Mobile, form.Fold).Require().Mono("tel").
				Check(func() string { return MobileProblem(d.Mobile) }),
			form.Identifier("email", "电子邮箱", &d.Email, form.Clean).Max(254).Note("用于接收审核结果").
				Set(func(f *form.Field) { f.InputMode, f.Code = "email", false }).
				Check(func() string { return EmailProblem(d.Email) }),
		}},
		{Name: "account", Label: "银行账户", Hint: "选填，用于保证金退还", Fields: []*form.Field{
			form.Text("bank", "开户银行", &d.Account.Bank).RequireIf(d.hasAccount, "填写账号时必填").Max(100).MarkKey(),
			form.Text("bank_branch", "开户支行", &d.Account.Branch).Max(100),
			form.Identifier("account_number", "账号", &d.Account.Number, form.Fold).RequireIf(d.hasAccount, "填写银行时必填").
				Max(40).Mask().MarkKey().Set(func(f *form.Field) { f.InputMode = "numeric" }).
				Check(func() string { return accountNumberProblem(d.Account.Number) }),
		}},
		{Name: "attachments", Label: "附件材料", Hint: "PDF、JPG、PNG，单个不超过 20 MB", Fields: []*form.Field{
			form.Attachment("card", "身份证正反面", &d.Card).Require().Note("其他证件上传资料页"),
		}},
	}.On(today)
}

func notAfter(d form.Date, today time.Time) string {
	if t, ok := d.Time(); ok && !today.IsZero() && t.After(today) {
		return "日期不能晚于今天"
	}
	return ""
}

// documentProblem checks a number by the rules of its type of document.
func documentProblem(idType, number string, today time.Time) string {
	if idType == codes.IDDocumentResident {
		return ResidentIDProblem(number, today)
	}
	return OtherDocumentProblem(number)
}

func age(number string, today time.Time) int {
	born, ok := ResidentIDBirthDate(number)
	if !ok {
		return 0
	}
	years := today.Year() - born.Year()
	if today.Before(born.AddDate(years, 0, 0)) {
		years--
	}
	return years
}

var accountNumberPattern = regexp.MustCompile(`^[0-9]{8,30}$`)

func accountNumberProblem(number string) string {
	if !accountNumberPattern.MatchString(number) {
		return "账号为 8 至 30 位数字，请对照开户许可证核对"
	}
	return ""
}
