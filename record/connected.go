package record

import (
	"slices"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// ConnectedPerson is a row of 关联人: a natural person or an organization that owns,
// controls or manages the organization which files it, or is owned or managed by
// it. Trading centres ask for them because connected organizations must not bid for
// the same tender (招标投标法实施条例, article 34).
type ConnectedPerson struct {
	form.Key
	Name      string
	Kind      form.Choice // a code of codes.PartyKinds
	IDType    form.Choice // of a natural person
	IDNumber  string
	Unit      form.SubjectReference // of an organization
	Relations []form.Choice         // codes of codes.ConnectedRelations
	Share     form.Decimal          // of a shareholder, in % of the capital
	Since     form.Date
}

func (c *ConnectedPerson) natural() bool { return c.Kind.Code == codes.PartyPerson }

func (c *ConnectedPerson) organization() bool { return c.Kind.Code == codes.PartyOrganization }

func (c *ConnectedPerson) is(relations ...string) bool {
	return slices.ContainsFunc(c.Relations, func(r form.Choice) bool { return slices.Contains(relations, r.Code) })
}

func (c *ConnectedPerson) shareholder() bool { return c.is(codes.RelationShareholder) }

// identity is by what two rows are about the same: a document of a natural person,
// the code of an organization; "" while neither is filled in.
func (c *ConnectedPerson) identity() string {
	switch {
	case c.natural():
		return personIdentity(c.IDType, c.IDNumber)
	case c.organization():
		return unitIdentity(c.Unit.Code)
	}
	return ""
}

// personIdentity has the type of the document in it: a passport's number may be a
// resident's.
func personIdentity(idType form.Choice, number string) string {
	if idType.Code == "" || number == "" {
		return ""
	}
	return "person\n" + idType.Code + "\n" + number
}

func unitIdentity(code string) string {
	if code == "" {
		return ""
	}
	return "organization\n" + code
}

func (c *ConnectedPerson) fields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Text("name", "姓名或单位名称", &c.Name).Require().Max(200).Note(otherName(c.Name, c.Unit)),
		form.Radio("kind", "类型", &c.Kind, codes.PartyKinds).Require(),
		form.Select("id_type", "证件类型", &c.IDType, codes.IDDocumentTypes).RequireIf(c.natural, "自然人必填").Check(c.ofPerson),
		form.Identifier("id_number", "证件号码", &c.IDNumber, NormalizeCode).RequireIf(c.natural, "自然人必填").Mask().
			Note("加密保存，仅本单位与审核人员可查看").
			Check(c.ofPerson).
			Check(func() string { return documentProblem(c.IDType.Code, c.IDNumber, today) }),
		form.Subject("unit", "统一社会信用代码", &c.Unit, NormalizeCode).RequireIf(c.organization, "单位必填").
			Check(c.ofOrganization).
			Check(func() string { return CreditCodeProblem(c.Unit.Code) }),
		form.Checks("relations", "关联关系", &c.Relations, codes.ConnectedRelations).Require().Check(c.relationProblem),
		form.Amount("share", "出资比例", "%", &c.Share).RequireIf(c.shareholder, "股东必填").
			Check(func() string {
				if !c.shareholder() {
					return "只有股东填写出资比例，请清空，或勾选股东"
				}
				return percentage(c.Share)
			}),
		form.Day("since", "关联起始日期", &c.Since).Check(func() string { return notAfter(c.Since, today) }),
	}
}

func (c *ConnectedPerson) ofPerson() string {
	if c.organization() {
		return "单位不填写个人证件，请清空，或将类型改为自然人"
	}
	return ""
}

func (c *ConnectedPerson) ofOrganization() string {
	if c.natural() {
		return "自然人不填写统一社会信用代码，请清空，或将类型改为单位"
	}
	return ""
}

// relationProblem tells relations that the kind of party cannot have: an office is
// held by a natural person, only an organization is owned or managed.
func (c *ConnectedPerson) relationProblem() string {
	switch {
	case c.natural() && c.is(codes.RelationSubsidiary, codes.RelationManaging, codes.RelationManaged):
		return "自然人不能是被控股或有管理关系的单位，请核对类型和关联关系"
	case c.organization() && c.is(codes.RelationDirector, codes.RelationSupervisor, codes.RelationExecutive):
		return "董事、监事和高级管理人员须为自然人，请核对类型和关联关系"
	}
	return ""
}

// connectedFields is the group of 关联人. It is optional: whether a tender asks for
// them is the trading centre's to say.
func (d *OrganizationDocument) connectedFields(today time.Time) []*form.Field {
	return []*form.Field{
		form.Rows("connected", "关联人", &d.Connected, func(c *ConnectedPerson) []*form.Field { return c.fields(today) }).
			Note("股东、实际控制人和主要管理人员；交易中心据此核查投标人之间的控股、管理关系，不对外公示").
			Check(d.connectedProblem),
	}
}

// connectedProblem is what is wrong between the rows.
func (d *OrganizationDocument) connectedProblem() string {
	seen := map[string]bool{}
	var shares []form.Decimal
	for i := range d.Connected {
		c := &d.Connected[i]
		if c.organization() && c.Unit.Code != "" && c.Unit.Code == d.LegalCode {
			return "“" + c.Name + "”的统一社会信用代码是本单位的，关联人须为其他单位或个人"
		}
		switch identity := c.identity(); {
		case identity == "":
		case seen[identity]:
			return "“" + c.Name + "”添加了两次，请合并为一项，关联关系可多选"
		default:
			seen[identity] = true
		}
		if c.shareholder() {
			shares = append(shares, c.Share)
		}
	}
	if total, over := beyondWhole(shares); over {
		return "各股东的出资比例合计为百分之 " + total + "，不能超过百分之百，请核对"
	}
	return ""
}

// ConnectedUnits are the codes of the organizations that a document names as
// connected, each once; nil for documents that name none.
func ConnectedUnits(d Document) []string {
	o, ok := d.(*OrganizationDocument)
	if !ok {
		return nil
	}
	var all []string
	for i := range o.Connected {
		if c := &o.Connected[i]; c.organization() && c.Unit.Code != "" && !slices.Contains(all, c.Unit.Code) {
			all = append(all, c.Unit.Code)
		}
	}
	return all
}
