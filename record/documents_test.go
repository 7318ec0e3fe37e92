package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

var today = time.Date(2026, 11, 23, 9, 0, 0, 0, record.Shanghai)

func organization() *record.OrganizationDocument {
	return sample.Organization(sample.CreditCode(1), "示范建工集团有限公司", sample.File("f1", "营业执照.pdf"))
}

func person() *record.PersonDocument {
	return sample.Person(sample.ResidentID(7), "𬀩明远", sample.File("f1", "身份证.jpg"))
}

func TestSamplesHaveNoProblems(t *testing.T) {
	require.Empty(t, organization().Form(today).Problems())
	require.Empty(t, person().Form(today).Problems())
}

func TestS10_OrganizationProblems(t *testing.T) {
	tests := map[string]struct {
		change func(*record.OrganizationDocument)
		field  string // "" for none
		says   string
	}{
		"name missing":                  {func(d *record.OrganizationDocument) { d.Address = "" }, "address", "请填写注册地址"},
		"capital in words":              {func(d *record.OrganizationDocument) { d.Capital = "1.2亿" }, "registered_capital", "数字"},
		"capital zero":                  {func(d *record.OrganizationDocument) { d.Capital = "0.0" }, "registered_capital", "大于 0"},
		"capital five decimals":         {func(d *record.OrganizationDocument) { d.Capital = "1.00001" }, "registered_capital", "4 位小数"},
		"no capital for an institution": {func(d *record.OrganizationDocument) { d.Capital, d.BodyType.Code = "", "institution" }, "", ""},
		"licence ends before founding":  {func(d *record.OrganizationDocument) { d.LicenceLongTerm, d.LicenceExpires = false, "2006-06-17" }, "licence_expires_on", "早于成立日期"},
		"licence neither":               {func(d *record.OrganizationDocument) { d.LicenceLongTerm = false }, "licence_expires_on", "营业期限"},
		"licence both":                  {func(d *record.OrganizationDocument) { d.LicenceExpires = "2036-06-17" }, "licence_expires_on", "长期有效"},
		"founded tomorrow":              {func(d *record.OrganizationDocument) { d.FoundedOn = "2026-11-24" }, "founded_on", "晚于今天"},
		"no such day":                   {func(d *record.OrganizationDocument) { d.FoundedOn = "2025-02-30" }, "founded_on", "真实的日期"},
		"account of another name":       {func(d *record.OrganizationDocument) { d.Account.Name = "别的公司" }, "account_name", "一致"},
		"account missing for a bidder":  {func(d *record.OrganizationDocument) { d.Account.Number = "" }, "account_number", "请填写账号"},
		"no account for a tenderee": {func(d *record.OrganizationDocument) {
			d.Roles = []form.Choice{{Code: "tenderee", Name: "招标人"}}
			d.Account.Number, d.Account.Name, d.Account.Bank, d.Account.Branch, d.AccountConfirmation = "", "", "", "", nil
		}, "", ""},
		"representative is a minor": {func(d *record.OrganizationDocument) {
			d.Representative.IDNumber = record.NewResidentID("430104", "20101201", "123")
		}, "representative_id_number", "18 周岁"},
		"wrong check digit":      {func(d *record.OrganizationDocument) { d.Agent.IDNumber = "430104197001010011" }, "agent_id_number", "校验"},
		"province is no address": {func(d *record.OrganizationDocument) { d.Region = form.Choice{Code: "430000", Name: "湖南省"} }, "region", "最后一级"},
		"licence not uploaded":   {func(d *record.OrganizationDocument) { d.Licence = nil }, "licence", "请上传"},
		"rare characters":        {func(d *record.OrganizationDocument) { d.Representative.Name = "𬀩𫖮" }, "", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := organization()
			test.change(d)
			problems := d.Form(today).Problems()
			if test.field == "" {
				require.Empty(t, problems)
				return
			}
			require.Len(t, problems, 1)
			require.Equal(t, test.field, problems[0].Field)
			require.Contains(t, problems[0].Message, test.says)
		})
	}
}

func TestCanonicalIsStableAndReadsBack(t *testing.T) {
	documents := map[record.Kind]record.Document{
		record.OrganizationProfile: organization(), record.PersonProfile: person(),
	}
	for kind, document := range documents {
		first, err := record.Canonical(kind, document)
		require.NoError(t, err)
		readKind, again, err := record.ParseCanonical(first)
		require.NoError(t, err)
		require.Equal(t, kind, readKind)
		require.Equal(t, document, again)
		second, err := record.Canonical(kind, again)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	}
}

func TestW18_BindIgnoresFixedAndUnknownFields(t *testing.T) {
	d := organization()
	code := d.LegalCode
	d.Form(today).Bind(map[string][]string{
		"legal_code": {sample.CreditCode(9)}, "standing": {"in_force"}, "legal_name": {"  新名称有限公司 "},
	}, form.Lookup{})
	require.Equal(t, code, d.LegalCode)
	require.Equal(t, "新名称有限公司", d.LegalName)
	require.Empty(t, d.Licence, "fields that the post leaves out become empty")
}

func TestBindKeepsWhatWasTyped(t *testing.T) {
	d := organization()
	d.Form(today).Bind(map[string][]string{
		"registered_capital": {"1.2亿"}, "founded_on": {"二〇〇九年"}, "agent_mobile": {"１３８００００６０２１ "},
		"licence_expires_on": {"2030年6月1日"}, "region": {"430000", "430100", "430104"},
	}, form.Lookup{})
	require.Equal(t, form.Decimal("1.2亿"), d.Capital)
	require.Equal(t, form.Date("二〇〇九年"), d.FoundedOn)
	require.Equal(t, "13800006021", d.Agent.Mobile)
	require.Equal(t, form.Date("2030-06-01"), d.LicenceExpires)
	require.Equal(t, form.Choice{Code: "430104", Name: "湖南省长沙市岳麓区"}, d.Region)

	d.Form(today).Bind(map[string][]string{"region": {"440000", "430100", "430104"}, "registered_capital": {"1,234,567.5"}}, form.Lookup{})
	require.Equal(t, "440000", d.Region.Code, "without scripts a new province leaves the old city in the page")
	require.Equal(t, "1,234,567.5 万元", d.Form(today).Field("registered_capital").Display())
}

func TestB04_DiffShowsWhatChangedAndMarksKeyFields(t *testing.T) {
	before, after := organization(), organization()
	after.Address, after.Representative.Name = "新址 1 号", "李远"
	var changed []string
	for _, c := range form.Diff(before.Form(today), after.Form(today)) {
		if c.Changed {
			changed = append(changed, c.Field.Name)
		}
	}
	require.Equal(t, []string{"address", "representative_name"}, changed)
	require.True(t, form.KeyChanged(before.Form(today), after.Form(today)))
	require.False(t, form.KeyChanged(nil, after.Form(today)))
	after.Representative.Name = before.Representative.Name
	require.False(t, form.KeyChanged(before.Form(today), after.Form(today)))
}

func TestSensitiveFieldsAreMasked(t *testing.T) {
	d := organization()
	field := d.Form(today).Field("representative_id_number")
	require.NotContains(t, field.Masked(), d.Representative.IDNumber)
	require.Contains(t, field.Masked(), "****")
	require.Equal(t, "**", form.Mask("湖南"))
}
