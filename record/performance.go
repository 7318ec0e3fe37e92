package record

import (
	"strings"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// PerformanceDocument is one contract of 单位业绩. All amounts are in 元.
type PerformanceDocument struct {
	ProjectName   string
	ProjectCode   string
	SectionCode   string
	OwnerName     string
	OwnerCode     string
	ContractClass form.Choice
	Region        form.Choice
	Location      string

	AwardAmount      form.Decimal
	ContractAmount   form.Decimal
	SettlementAmount form.Decimal
	Currency         form.Choice

	AwardedOn   form.Date
	SignedOn    form.Date
	StartedOn   form.Date
	CompletedOn form.Date
	AcceptedOn  form.Date

	Scale struct {
		Structure string
		Area      form.Decimal // 平方米
		Height    form.Decimal // 米
		Floors    string
		Span      form.Decimal // 米
		Other     string
	}
	Manager     form.Reference
	Members     []ConsortiumMember // of the consortium, where one had the contract
	Consortium  string             // what members cannot say; in earlier filings all of it
	Description string

	AwardNotice []form.File
	Contract    []form.File
	Completion  []form.File
}

// Prefill sets the currency that nearly every contract has.
func (d *PerformanceDocument) Prefill(Subject) {
	if d.Currency.Code == "" {
		d.Currency = form.Choice{Code: "01", Name: "元"}
	}
}

// Belongs is always true: the record itself belongs to the subject.
func (d *PerformanceDocument) Belongs(Subject) bool { return true }

// Title is the project's name.
func (d *PerformanceDocument) Title() string {
	return titled(d.ProjectName, "未填写名称的业绩")
}

// People is the project's manager.
func (d *PerformanceDocument) People() []string { return filled(d.Manager.Number) }

// Listing is what the list of 单位业绩 shows.
func (d *PerformanceDocument) Listing() Listing {
	amount := ""
	if d.ContractAmount != "" {
		amount = form.Amount("", "", "元", &d.ContractAmount).Display()
	}
	find := []string{d.ProjectCode, d.SectionCode, d.OwnerCode, d.Manager.Name, d.Region.Name}
	for _, m := range d.Members {
		find = append(find, m.Name, m.Unit.Code)
	}
	return Listing{
		Cells: []string{d.ContractClass.Name, d.OwnerName, amount, string(d.SignedOn)}, Find: filled(find...), On: d.SignedOn,
	}
}

// managed reports whether the contract is one whose project has a manager.
func (d *PerformanceDocument) managed() bool {
	switch d.ContractClass.Code {
	case codes.ContractConstruction, codes.ContractSpecialist, codes.ContractSupervision:
		return true
	}
	return false
}

func (d *PerformanceDocument) completed() bool { return d.CompletedOn != "" || d.AcceptedOn != "" }

// Form binds the fields after the data dictionary, section performance.
func (d *PerformanceDocument) Form(today time.Time) form.Form {
	return form.Form{
		{Name: "project", Label: "项目信息", Fields: []*form.Field{
			form.Text("project_name", "项目名称", &d.ProjectName).Require().Max(400).Full().MarkKey(),
			form.Identifier("project_code", "项目编号", &d.ProjectCode, form.Fold).Max(64),
			form.Identifier("section_code", "标段编号", &d.SectionCode, form.Fold).Max(64),
			form.Text("owner_name", "建设单位/招标人", &d.OwnerName).Require().Max(200).MarkKey(),
			form.Identifier("owner_code", "建设单位统一社会信用代码", &d.OwnerCode, NormalizeCode).Require().
				Check(func() string { return CreditCodeProblem(d.OwnerCode) }),
			form.Select("contract_class", "合同类别", &d.ContractClass, codes.ContractClasses).Require(),
			form.Text("consortium", "联合体成员（文字说明）", &d.Consortium).Max(400).Note("成员在下一节逐个添加，此处填写分工等其他说明"),
			form.Cascade("region", "项目所在地", &d.Region, codes.Regions).Require(),
			form.Text("location", "详细地点", &d.Location).Require().Max(200).Full(),
		}},
		d.consortium(),
		{Name: "amounts", Label: "金额与日期", Hint: "金额单位为元，最多 4 位小数", Fields: append(d.amounts(), d.dates(today)...)},
		{Name: "manager", Label: "项目负责人", Fields: []*form.Field{
			form.Pick("manager", "项目负责人", &d.Manager).RequireIf(d.managed, "施工、监理类必填").MarkKey().
				Note("从本单位的执业人员中选择，须先登记该人员"),
		}},
		{Name: "scale", Label: "工程规模", Hint: "按合同和竣工资料填写，没有的不填", Fields: d.scale()},
		{Name: "attachments", Label: "附件材料", Hint: "PDF、JPG、PNG，单个不超过 20 MB", Fields: []*form.Field{
			form.Attachment("award_notice", "中标通知书", &d.AwardNotice),
			form.Attachment("contract", "合同", &d.Contract).Require().Note("含协议书、金额和签章页"),
			form.Attachment("completion", "竣工验收证明", &d.Completion).RequireIf(d.completed, "填写竣工或验收日期时必传"),
		}},
	}.On(today)
}

func (d *PerformanceDocument) amounts() []*form.Field {
	return []*form.Field{
		form.Amount("award_amount", "中标金额", "元", &d.AwardAmount).Check(func() string { return positive(d.AwardAmount) }),
		form.Amount("contract_amount", "合同金额", "元", &d.ContractAmount).Require().MarkKey().
			Check(func() string { return positive(d.ContractAmount) }),
		form.Amount("settlement_amount", "结算金额", "元", &d.SettlementAmount).Check(func() string { return positive(d.SettlementAmount) }),
		form.Select("currency", "币种", &d.Currency, codes.Currencies).Require(),
	}
}

// dates follow one another: each is compared with the last one before it that
// is filled.
func (d *PerformanceDocument) dates(today time.Time) []*form.Field {
	steps := []struct {
		name, label string
		date        *form.Date
	}{
		{"awarded_on", "中标日期", &d.AwardedOn},
		{"signed_on", "合同签订日期", &d.SignedOn},
		{"started_on", "开工日期", &d.StartedOn},
		{"completed_on", "竣工日期", &d.CompletedOn},
		{"accepted_on", "验收日期", &d.AcceptedOn},
	}
	fields := make([]*form.Field, 0, len(steps))
	for i, step := range steps {
		field := form.Day(step.name, step.label, step.date).
			Check(func() string { return notAfter(*step.date, today) }).
			Check(func() string {
				for j := i - 1; j >= 0; j-- {
					if *steps[j].date != "" {
						return notBefore(*step.date, *steps[j].date, steps[j].label)
					}
				}
				return ""
			})
		if step.date == &d.SignedOn {
			field.Require()
		}
		fields = append(fields, field)
	}
	return fields
}

func (d *PerformanceDocument) scale() []*form.Field {
	s := &d.Scale
	return []*form.Field{
		form.Text("structure", "结构类型", &s.Structure).Max(100),
		form.Amount("area", "建筑面积", "平方米", &s.Area),
		form.Amount("height", "高度", "米", &s.Height),
		form.Identifier("floors", "层数", &s.Floors, form.Fold).Max(20).Note("例如 28 或 -2/28"),
		form.Amount("span", "跨度", "米", &s.Span),
		form.Text("scale_other", "其他规模", &s.Other).Max(200),
		form.Paragraph("description", "项目说明", &d.Description).Max(2000),
	}
}

// marks of a contract are its project, however it was typed: spaces, the width
// and case of letters and zeros behind the amount make no other one.
func (d *PerformanceDocument) marks() []Mark {
	if d.ProjectName == "" || d.OwnerCode == "" || !d.ContractAmount.Positive() {
		return nil
	}
	name := strings.ToLower(form.Fold(d.ProjectName))
	return []Mark{{MarkProject, strings.Join([]string{name, d.OwnerCode, d.ContractAmount.Plain()}, "\n"), d.ProjectName}}
}

func (d *PerformanceDocument) examine(time.Time) []Finding {
	return []Finding{codeNumber("建设单位统一社会信用代码", d.OwnerCode)}
}
