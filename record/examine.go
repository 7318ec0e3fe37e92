package record

import (
	"fmt"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// Finding is one line of what the system itself checked in a filing, for the
// reviewer. Note is the evidence; sensitive numbers in it are masked.
type Finding struct {
	OK   bool
	Text string
	Note string
}

// examiner is a document with checks of its own worth showing to a reviewer.
type examiner interface {
	examine(today time.Time) []Finding
}

// Examine checks a filed document anew, by the rules of today: what passed when
// it was submitted may have gone stale since.
func Examine(d Document, owner Subject, today time.Time) []Finding {
	findings := []Finding{belongs(d, owner)}
	if e, ok := d.(examiner); ok {
		findings = append(findings, e.examine(today)...)
	}
	problems := d.Form(today).Problems()
	if len(problems) == 0 {
		return append(findings, Finding{OK: true, Text: "按今天的规则复查全部字段，没有问题"})
	}
	for _, p := range problems {
		findings = append(findings, Finding{Text: p.Label + "：" + p.Message})
	}
	return findings
}

func belongs(d Document, owner Subject) Finding {
	if d.Belongs(owner) {
		return Finding{OK: true, Text: "代码或证件号码与注册时一致"}
	}
	return Finding{Text: "代码或证件号码与注册时不一致"}
}

// number is the finding on a number with check characters.
func number(label, value, problem string) Finding {
	if problem != "" {
		return Finding{Text: label + "：" + problem, Note: form.Mask(value)}
	}
	return Finding{OK: true, Text: label + "校验位正确", Note: form.Mask(value)}
}

func (d *OrganizationDocument) examine(today time.Time) []Finding {
	code := number("统一社会信用代码", d.LegalCode, CreditCodeProblem(d.LegalCode))
	code.Note = d.LegalCode // public
	findings := []Finding{code}
	if d.Representative.IDType.Code == codes.IDDocumentResident {
		id := d.Representative.IDNumber
		findings = append(findings, number("法定代表人身份证号码", id, ResidentIDProblem(id, today)), adult(id, today))
	}
	findings = append(findings, number("经办人身份证号码", d.Agent.IDNumber, ResidentIDProblem(d.Agent.IDNumber, today)))
	if d.hasAccount() {
		same := Finding{OK: d.Account.Name == d.LegalName, Text: "账户名称与单位全称一致"}
		if !same.OK {
			same.Text = "账户名称与单位全称不一致"
			same.Note = "账户名称：" + d.Account.Name
		}
		findings = append(findings, same)
	}
	return findings
}

func (d *PersonDocument) examine(today time.Time) []Finding {
	if d.IDType.Code != codes.IDDocumentResident {
		return nil
	}
	findings := []Finding{number("身份证号码", d.IDNumber, ResidentIDProblem(d.IDNumber, today))}
	if born, ok := ResidentIDBirthDate(d.IDNumber); ok && d.BornOn != "" {
		same := Finding{OK: string(d.BornOn) == born.Format(time.DateOnly), Text: "出生日期与身份证号码一致"}
		if !same.OK {
			same.Text = "出生日期与身份证号码不一致"
		}
		findings = append(findings, same)
	}
	return findings
}

func adult(id string, today time.Time) Finding {
	years := age(id, today)
	return Finding{OK: years >= 18, Text: fmt.Sprintf("法定代表人 %d 周岁", years), Note: "须年满 18 周岁"}
}
