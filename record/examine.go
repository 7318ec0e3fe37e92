package record

import (
	"fmt"
	"time"

	"unireg/record/codes"
	"unireg/record/form"
)

// Finding is one line of what the system itself checked in a filing, for the
// reviewer. Note explains it, Evidence is what was compared; sensitive numbers in
// both are masked.
type Finding struct {
	OK       bool
	Text     string
	Note     string
	Evidence []Evidence
}

// Evidence is one of the things that a check compared.
type Evidence struct{ Label, Text string }

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
	code := owner.Code
	if owner.Type == Person {
		code = form.Mask(code)
	}
	registered := []Evidence{{"注册时", code}}
	if d.Belongs(owner) {
		return Finding{OK: true, Text: "代码或证件号码与注册时一致", Evidence: registered}
	}
	return Finding{Text: "代码或证件号码与注册时不一致", Evidence: registered}
}

// number is the finding on a number with check characters; rule is the standard
// that says how they follow.
func number(label, value, problem, rule string) Finding {
	f := Finding{
		OK: problem == "", Text: label + "校验位正确", Note: form.Mask(value),
		Evidence: []Evidence{{"填报", form.Mask(value)}, {"规则", rule}},
	}
	if problem != "" {
		f.Text = label + "：" + problem
	}
	return f
}

// codeNumber is number for a code that is public.
func codeNumber(label, code string) Finding {
	f := number(label, code, CreditCodeProblem(code), "GB 32100 校验位")
	f.Note, f.Evidence[0].Text = code, code
	return f
}

func residentNumber(label, id string, today time.Time) Finding {
	return number(label, id, ResidentIDProblem(id, today), "GB 11643 校验位、出生日期")
}

// equal is the finding on two texts that should be the same.
func equal(what string, filed, expected Evidence) Finding {
	f := Finding{OK: filed.Text == expected.Text, Text: what + "一致", Evidence: []Evidence{filed, expected}}
	if !f.OK {
		f.Text = what + "不一致"
	}
	return f
}

func (d *OrganizationDocument) examine(today time.Time) []Finding {
	findings := []Finding{codeNumber("统一社会信用代码", d.LegalCode)}
	if d.Representative.IDType.Code == codes.IDDocumentResident {
		id := d.Representative.IDNumber
		findings = append(findings, residentNumber("法定代表人身份证号码", id, today), adult(id, today))
	}
	findings = append(findings, residentNumber("经办人身份证号码", d.Agent.IDNumber, today))
	if d.hasAccount() {
		findings = append(findings, equal("账户名称与单位全称", Evidence{"账户名称", d.Account.Name}, Evidence{"单位全称", d.LegalName}))
	}
	switch {
	case d.LicenceLongTerm:
		findings = append(findings, Finding{OK: true, Text: "营业期限为长期"})
	case d.LicenceExpires != "":
		findings = append(findings, validity("营业期限", d.LicenceExpires, today))
	}
	return findings
}

func (d *PersonDocument) examine(today time.Time) []Finding {
	if d.IDType.Code != codes.IDDocumentResident {
		return nil
	}
	findings := []Finding{residentNumber("身份证号码", d.IDNumber, today)}
	if born, ok := ResidentIDBirthDate(d.IDNumber); ok && d.BornOn != "" {
		findings = append(findings, equal("出生日期与身份证号码", Evidence{"填报", string(d.BornOn)}, Evidence{"号码中的", born.Format(time.DateOnly)}))
	}
	return findings
}

func adult(id string, today time.Time) Finding {
	years := age(id, today)
	return Finding{
		OK: years >= 18, Text: fmt.Sprintf("法定代表人 %d 周岁", years), Note: "须年满 18 周岁", Evidence: []Evidence{{"核对日期", today.Format(time.DateOnly)}},
	}
}
