package record

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record/codes"

	"unireg/record/form"
)

var examineDay = time.Date(2026, 3, 5, 12, 0, 0, 0, Shanghai)

func organizationUnderExamination() (*OrganizationDocument, Subject) {
	code := NewCreditCode("91", "430100", "MA7XK8P2")
	d := &OrganizationDocument{LegalName: "湖南某建设有限公司", LegalCode: code}
	d.Representative.IDType = form.Choice{Code: codes.IDDocumentResident}
	d.Representative.IDNumber = NewResidentID("430102", "19800229", "101")
	d.Agent.IDNumber = NewResidentID("430103", "19910101", "202")
	d.Account.Name, d.Account.Number = d.LegalName, "1234567890"
	return d, Subject{Type: Organization, Code: code}
}

func texts(findings []Finding, ok bool) string {
	all := ""
	for _, f := range findings {
		if f.OK == ok {
			all += f.Text + "\n"
		}
	}
	return all
}

func TestExamineFindsWhatChangedOrIsWrong(t *testing.T) {
	t.Run("sound", func(t *testing.T) {
		d, owner := organizationUnderExamination()
		good := texts(Examine(d, owner, examineDay), true)
		for _, want := range []string{"与注册时一致", "统一社会信用代码校验位正确", "法定代表人身份证号码校验位正确", "经办人身份证号码校验位正确", "账户名称与单位全称一致", "46 周岁"} {
			require.Contains(t, good, want)
		}
	})
	for name, test := range map[string]struct {
		change func(*OrganizationDocument, *Subject)
		says   string
	}{
		"another code":       {func(_ *OrganizationDocument, s *Subject) { s.Code = "x" }, "与注册时不一致"},
		"wrong check digit":  {func(d *OrganizationDocument, _ *Subject) { d.LegalCode = d.LegalCode[:17] + "0" }, "统一社会信用代码："},
		"other account name": {func(d *OrganizationDocument, _ *Subject) { d.Account.Name = "别的公司" }, "账户名称与单位全称不一致"},
		"minor": {func(d *OrganizationDocument, _ *Subject) {
			d.Representative.IDNumber = NewResidentID("430102", "20100101", "101")
		}, "16 周岁"},
		"a field left blank":  {func(d *OrganizationDocument, _ *Subject) { d.Address = "" }, "注册地址：请填写注册地址"},
		"agent's check digit": {func(d *OrganizationDocument, _ *Subject) { d.Agent.IDNumber = d.Agent.IDNumber[:17] + "*" }, "经办人身份证号码："},
	} {
		t.Run(name, func(t *testing.T) {
			d, owner := organizationUnderExamination()
			test.change(d, &owner)
			require.Contains(t, texts(Examine(d, owner, examineDay), false), test.says)
		})
	}
	t.Run("evidence is masked", func(t *testing.T) {
		d, owner := organizationUnderExamination()
		for _, f := range Examine(d, owner, examineDay) {
			require.NotContains(t, f.Text+f.Note, d.Representative.IDNumber)
			require.NotContains(t, f.Text+f.Note, d.Agent.IDNumber)
		}
	})
	t.Run("person", func(t *testing.T) {
		d := &PersonDocument{Name: "𬀩", IDType: form.Choice{Code: codes.IDDocumentResident}, IDNumber: NewResidentID("430102", "19900501", "101"), BornOn: "1990-05-02"}
		findings := Examine(d, Subject{Type: Person, IDType: codes.IDDocumentResident, Code: d.IDNumber}, examineDay)
		require.Contains(t, texts(findings, false), "出生日期与身份证号码不一致")
		require.Contains(t, texts(findings, true), "身份证号码校验位正确")
		d.IDType = form.Choice{Code: "passport"}
		require.NotContains(t, texts(Examine(d, Subject{}, examineDay), true), "校验位")
	})
}
