package record

import (
	"fmt"
	"strings"

	"unireg/record/codes"
	"unireg/record/form"
)

// ConsortiumMember is a row of 联合体成员: an organization that took part in a
// contract beside, or before, the one that files it.
type ConsortiumMember struct {
	form.Key
	Name  string
	Unit  form.SubjectReference
	Role  form.Choice  // a code of codes.ConsortiumRoles
	Share form.Decimal // of the work, in %
}

func (m *ConsortiumMember) fields() []*form.Field {
	return []*form.Field{
		form.Text("name", "单位名称", &m.Name).Require().Max(200).Note(otherName(m.Name, m.Unit)),
		form.Subject("unit", "统一社会信用代码", &m.Unit, NormalizeCode).Require().
			Check(func() string { return CreditCodeProblem(m.Unit.Code) }),
		form.Radio("role", "分工", &m.Role, codes.ConsortiumRoles).Require(),
		form.Amount("share", "承担工作比例", "%", &m.Share).Check(func() string { return percentage(m.Share) }),
	}
}

// consortium is the section of 联合体成员.
func (d *PerformanceDocument) consortium() form.Section {
	return form.Section{Name: "consortium", Label: "联合体成员", Hint: "由联合体承接的填写", Fields: []*form.Field{
		form.Rows("members", "联合体成员", &d.Members, func(m *ConsortiumMember) []*form.Field { return m.fields() }).
			Note(d.membersHint()).Check(d.membersProblem),
	}}
}

// membersHint asks to look again at names that are not those of their codes.
func (d *PerformanceDocument) membersHint() string {
	var others []string
	for _, m := range d.Members {
		if otherName(m.Name, m.Unit) != "" {
			others = append(others, fmt.Sprintf("“%s”登记为“%s”", m.Name, m.Unit.Name))
		}
	}
	if len(others) == 0 {
		return "逐个添加成员，本单位也是其中之一；已在本系统登记的代码会显示登记的名称"
	}
	return "有成员的名称与本系统登记的不一致：" + strings.Join(others, "，") + "。请核对，不影响提交"
}

// membersProblem is what is wrong between the members.
func (d *PerformanceDocument) membersProblem() string {
	seen := map[string]bool{}
	leaders := 0
	shares := make([]form.Decimal, 0, len(d.Members))
	for _, m := range d.Members {
		if seen[m.Unit.Code] && m.Unit.Code != "" {
			return "“" + m.Name + "”添加了两次，请删去一个"
		}
		seen[m.Unit.Code] = true
		if m.Role.Code == codes.ConsortiumLeader {
			leaders++
		}
		shares = append(shares, m.Share)
	}
	if leaders > 1 {
		return fmt.Sprintf("牵头人最多一个，现在有 %d 个", leaders)
	}
	if total, over := beyondWhole(shares); over {
		return "各成员承担的工作比例合计为百分之 " + total + "，不能超过百分之百，请核对"
	}
	return ""
}
