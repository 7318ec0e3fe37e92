package record

import (
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// OrganizationDocument is the 基本信息 of an organization.
type OrganizationDocument struct {
	LegalName       string
	LegalCode       string
	BodyType        form.Choice
	Roles           []form.Choice
	EnterpriseType  form.Choice
	Industry        form.Choice
	Region          form.Choice
	Address         string
	Capital         form.Decimal
	Currency        form.Choice
	FoundedOn       form.Date
	LicenceExpires  form.Date
	LicenceLongTerm bool
	BusinessScope   string
	Website         string
	Postcode        string

	Representative struct {
		Name     string
		IDType   form.Choice
		IDNumber string
		Phone    string
		Title    string
	}
	Agent struct {
		Name     string
		IDNumber string
		Mobile   string
		Email    string
		Address  string
	}
	Account struct {
		Bank   string
		Branch string
		Name   string
		Number string
	}
	Connected []ConnectedPerson

	Licence             []form.File
	RepresentativeCard  []form.File
	AgentAuthorization  []form.File
	AccountConfirmation []form.File
}

// Prefill writes name and code as registered.
func (d *OrganizationDocument) Prefill(s Subject) {
	d.LegalCode = s.Code
	if d.LegalName == "" {
		d.LegalName = s.Name
	}
	if d.Currency.Code == "" {
		d.Currency = form.Choice{Code: "01", Name: "元"}
	}
}

// Belongs reports whether the code is the one registered.
func (d *OrganizationDocument) Belongs(s Subject) bool { return d.LegalCode == s.Code }

// Title is the organization's name.
func (d *OrganizationDocument) Title() string { return d.LegalName }

// People are the representative, the connected natural persons and the agent.
func (d *OrganizationDocument) People() []string {
	return append(ConnectedPeople(d), filled(d.Agent.IDNumber)...)
}

func filled(texts ...string) []string {
	var all []string
	for _, t := range texts {
		if t != "" {
			all = append(all, t)
		}
	}
	return all
}

func (d *OrganizationDocument) enterprise() bool { return d.BodyType.Code == "enterprise" }

// bids reports whether the organization is to receive payments, so that an
// account is needed.
func (d *OrganizationDocument) bids() bool {
	for _, r := range d.Roles {
		if r.Code == "bidder" || r.Code == "supplier" {
			return true
		}
	}
	return false
}

func (d *OrganizationDocument) hasAccount() bool { return d.bids() || d.Account.Number != "" }

// Form binds the fields after the data dictionary, section profile.
func (d *OrganizationDocument) Form(today time.Time) form.Form {
	return form.Form{
		{Name: "organization", Label: "单位信息", Fields: d.organizationFields(today)},
		{Name: "representative", Label: "法定代表人", Fields: d.representativeFields(today)},
		{Name: "contact", Label: "经办人与联系方式", Fields: d.agentFields(today)},
		{Name: "account", Label: "基本存款账户", Hint: "投标人、供应商必填，用于保证金退还", Fields: d.accountFields()},
		{Name: "connected", Label: "关联人", Hint: "参加投标前建议填写", Fields: d.connectedFields(today)},
		{Name: "attachments", Label: "附件材料", Hint: "PDF、JPG、PNG，单个不超过 20 MB", Fields: []*form.Field{
			form.Attachment("licence", "营业执照", &d.Licence).Require().Note("正本或副本，须清晰可见统一社会信用代码"),
			form.Attachment("representative_card", "法定代表人身份证正反面", &d.RepresentativeCard).Require(),
			form.Attachment("agent_authorization", "经办人授权委托书", &d.AgentAuthorization).Require().Note("须加盖单位公章并由法定代表人签字"),
			form.Attachment("account_confirmation", "开户许可证/基本存款账户信息", &d.AccountConfirmation).
				RequireIf(d.hasAccount, "填写账户时必传"),
		}},
	}.On(today)
}

func (d *OrganizationDocument) organizationFields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Text("legal_name", "单位全称", &d.LegalName).Require().Max(200).MarkKey().
			Note("与营业执照一致，生效后作为登录账号").Set(func(f *form.Field) { f.Autocomplete = "organization" }),
		form.Identifier("legal_code", "统一社会信用代码", &d.LegalCode, NormalizeCode).Require().Lock().MarkKey().
			Note("注册时填写，不能修改").Check(func() string { return CreditCodeProblem(d.LegalCode) }),
		form.Radio("body_type", "机构类别", &d.BodyType, codes.BodyTypes).Require().Full(),
		form.Checks("roles", "主体角色", &d.Roles, codes.OrganizationRoles).Require().Note("可多选，按参与交易的身份选择"),
		form.Select("enterprise_type", "经济性质", &d.EnterpriseType, codes.EnterpriseTypes).RequireIf(d.enterprise, "企业必填"),
		form.Day("founded_on", "成立日期", &d.FoundedOn).Require().Check(func() string { return notAfter(d.FoundedOn, today) }),
		form.Cascade("industry", "行业", &d.Industry, codes.Industries).Require(),
		form.Cascade("region", "注册地", &d.Region, codes.Regions).Require(),
		form.Text("address", "注册地址", &d.Address).Require().Max(200).Full().
			Set(func(f *form.Field) { f.Autocomplete = "street-address" }),
		form.Amount("registered_capital", "注册资本", "万元", &d.Capital).RequireIf(d.enterprise, "企业必填").MarkKey().
			Check(func() string {
				if !d.Capital.Positive() {
					return "请填写大于 0 的数字，例如 12000"
				}
				return ""
			}),
		form.Select("capital_currency", "币种", &d.Currency, codes.Currencies).RequireIf(d.enterprise, "企业必填"),
		form.Day("licence_expires_on", "营业期限至", &d.LicenceExpires).
			RequireIf(func() bool { return d.enterprise() && !d.LicenceLongTerm }, "企业必填，或勾选长期有效").
			Check(func() string {
				switch {
				case d.LicenceLongTerm:
					return "已勾选长期有效，请清空日期或取消勾选"
				case !d.FoundedOn.Before(d.LicenceExpires) && d.FoundedOn != "":
					return "结束日期不能早于成立日期 " + string(d.FoundedOn)
				}
				return ""
			}),
		form.Bool("licence_long_term", "长期有效", &d.LicenceLongTerm),
		form.Paragraph("business_scope", "经营范围", &d.BusinessScope).Require().Max(2000),
		form.Text("website", "网站", &d.Website).Max(200).Set(func(f *form.Field) { f.InputMode = "url" }),
		form.Identifier("postcode", "邮编", &d.Postcode, form.Fold).Mono("numeric").
			Check(func() string { return PostcodeProblem(d.Postcode) }),
	}
}

func (d *OrganizationDocument) representativeFields(today time.Time) []*form.Field {
	r := &d.Representative
	return []*form.Field{
		form.Text("representative_name", "姓名", &r.Name).Require().Max(50).MarkKey(),
		form.Select("representative_id_type", "证件类型", &r.IDType, codes.IDDocumentTypes).Require().MarkKey(),
		form.Identifier("representative_id_number", "证件号码", &r.IDNumber, NormalizeCode).Require().Mask().MarkKey().
			Note("加密保存，仅本单位与审核人员可查看").
			Check(func() string { return documentProblem(r.IDType.Code, r.IDNumber, today) }).
			Check(func() string {
				if r.IDType.Code == codes.IDDocumentResident && !today.IsZero() && age(r.IDNumber, today) < 18 {
					return "法定代表人须年满 18 周岁，请核对证件号码"
				}
				return ""
			}),
		form.Identifier("representative_phone", "电话", &r.Phone, form.Fold).Require().Mono("tel").
			Check(func() string { return PhoneProblem(r.Phone) }),
		form.Text("representative_title", "职务", &r.Title).Max(50),
	}
}

func (d *OrganizationDocument) agentFields(today time.Time) []*form.Field {
	a := &d.Agent
	return []*form.Field{
		form.Text("agent_name", "经办人姓名", &a.Name).Require().Max(50),
		form.Identifier("agent_id_number", "经办人身份证号码", &a.IDNumber, NormalizeCode).Require().Mask().
			Note("加密保存，仅本单位与审核人员可查看").
			Check(func() string { return ResidentIDProblem(a.IDNumber, today) }),
		form.Identifier("agent_mobile", "经办人手机", &a.Mobile, form.Fold).Require().Mono("tel").
			Check(func() string { return MobileProblem(a.Mobile) }),
		form.Identifier("email", "电子邮箱", &a.Email, form.Clean).Max(254).Note("用于接收审核结果").
			Set(func(f *form.Field) { f.InputMode, f.Code = "email", false }).
			Check(func() string { return EmailProblem(a.Email) }),
		form.Text("contact_address", "联系地址", &a.Address).Require().Max(200).Full(),
	}
}

func (d *OrganizationDocument) accountFields() []*form.Field {
	a := &d.Account
	const note = "投标人、供应商必填"
	return []*form.Field{
		form.Text("bank", "开户银行", &a.Bank).RequireIf(d.hasAccount, note).Max(100).MarkKey(),
		form.Text("bank_branch", "开户支行", &a.Branch).RequireIf(d.hasAccount, note).Max(100),
		form.Text("account_name", "账户名称", &a.Name).RequireIf(d.hasAccount, note).Max(200).MarkKey().
			Check(func() string {
				if a.Name != d.LegalName {
					return "账户名称须与单位全称一致"
				}
				return ""
			}),
		form.Identifier("account_number", "账号", &a.Number, form.Fold).RequireIf(d.hasAccount, note).Max(40).Mask().MarkKey().
			Set(func(f *form.Field) { f.InputMode = "numeric" }).
			Check(func() string { return accountNumberProblem(a.Number) }),
	}
}
