package record_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
)

var (
	scan  = sample.File("f1", "扫描件.pdf")
	owner = record.Subject{Type: record.Organization, Code: sample.CreditCode(1), Name: "示范建工集团有限公司"}
)

func documentOf(kind record.Kind) record.Document {
	if kind == record.PersonProfile {
		return person()
	}
	document := sample.Document(kind, owner, 7, scan)
	switch d := document.(type) {
	case *record.OrganizationDocument:
		d.Connected = []record.ConnectedPerson{
			sample.Shareholder("holder1", "周予安", sample.ResidentID(31), "49"),
			sample.Affiliate("parent1", "示范控股有限公司", sample.CreditCode(2), codes.RelationShareholder),
		}
	case *record.PerformanceDocument:
		d.Members = []record.ConsortiumMember{
			sample.Member("member1", owner.Name, owner.Code, codes.ConsortiumLeader), sample.Member("member2", "示范二建有限公司", sample.CreditCode(3), "member"),
		}
	}
	return document
}

func TestEveryKindIsWholeInItsDefinition(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			definition, ok := record.DefinitionOf(kind)
			require.True(t, ok)
			d := documentOf(kind)
			require.Empty(t, d.Form(today).Problems(), "the sample passes every rule")
			require.NotEmpty(t, definition.New().Form(today).Problems(), "an empty document cannot be submitted")

			first, err := record.Canonical(kind, d)
			require.NoError(t, err)
			_, again, err := record.ParseCanonical(first)
			require.NoError(t, err)
			second, err := record.Canonical(kind, again)
			require.NoError(t, err)
			require.Equal(t, string(first), string(second), "what was signed reads back to the same bytes")
			for _, c := range form.Diff(d.Form(today), again.Form(today)) {
				require.False(t, c.Changed, c.Field.Name)
			}
			if kind.Profile() {
				return
			}
			require.NotEmpty(t, definition.New().Title(), "a draft without content has a name in lists")
			listed, ok := d.(record.Listed)
			require.True(t, ok, "a kind of which there are many has a list")
			require.Len(t, listed.Listing().Cells, len(definition.Columns))
			shown := strings.Join(append(listed.Listing().Cells, append(listed.Listing().Find, d.Title())...), " ")
			for _, number := range d.People() {
				require.NotContains(t, shown, number, "lists are kept in the clear")
			}
			require.True(t, definition.Certificate, "S22 S25 S28 S29: these kinds take a certificate session")
		})
	}
}

func TestS21_ALineIsOneOfTheCertificatesClass(t *testing.T) {
	tests := map[string]struct {
		change func(*record.QualificationDocument)
		field  string // "" for none
		says   string
	}{
		"no line":                   {func(d *record.QualificationDocument) { d.Lines = nil }, "lines", "至少添加一项"},
		"two primaries":             {func(d *record.QualificationDocument) { d.Lines[1].Primary = true }, "lines", "最多一个"},
		"the same major":            {func(d *record.QualificationDocument) { d.Lines[1].Major = d.Lines[0].Major }, "lines", "添加了两次"},
		"another class":             {func(d *record.QualificationDocument) { d.Lines[1].Major = major("10152003") }, "lines", "同一资质属性"},
		"a series, no major":        {func(d *record.QualificationDocument) { d.Lines[1].Major = form.Choice{Code: "1040A0"} }, "lines.line2.major", "最后一级"},
		"no grade":                  {func(d *record.QualificationDocument) { d.Lines[1].Grade = form.Choice{} }, "lines.line2.grade", "请选择等级"},
		"expired":                   {func(d *record.QualificationDocument) { d.ExpiresOn = "2026-11-22" }, "expires_on", "已过期"},
		"valid through today":       {func(d *record.QualificationDocument) { d.ExpiresOn = "2026-11-23" }, "", ""},
		"before it was given":       {func(d *record.QualificationDocument) { d.IssuedOn, d.ExpiresOn = "2026-02-01", "2026-02-01" }, "expires_on", "晚于发证日期"},
		"neither date nor for ever": {func(d *record.QualificationDocument) { d.ExpiresOn = "" }, "expires_on", "有效期"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			d := sample.Qualification("D243000001", scan)
			test.change(d)
			problems := d.Form(today).Problems()
			if test.field == "" {
				require.Empty(t, problems)
				return
			}
			require.NotEmpty(t, problems)
			require.Equal(t, test.field, problems[0].Field)
			require.Contains(t, problems[0].Message, test.says)
		})
	}
}

func major(code string) form.Choice {
	return form.Choice{Code: code, Name: codes.QualificationMajors.FullName(code)}
}

func TestS25_DatesOfAProjectAreInOrder(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.PerformanceDocument)
		field  string
		says   string
	}{
		"signed before the award":   {func(d *record.PerformanceDocument) { d.SignedOn = "2023-01-09" }, "signed_on", "中标日期 2023-01-10"},
		"completed before it began": {func(d *record.PerformanceDocument) { d.CompletedOn = "2023-02-28" }, "completed_on", "开工日期"},
		"accepted before completed": {func(d *record.PerformanceDocument) { d.AcceptedOn = "2025-06-29" }, "accepted_on", "竣工日期"},
		"amount of nothing":         {func(d *record.PerformanceDocument) { d.ContractAmount = "0" }, "contract_amount", "大于 0"},
		"nobody manages it":         {func(d *record.PerformanceDocument) { d.Manager = form.Reference{} }, "manager", "请选择项目负责人"},
		"owner's code is wrong":     {func(d *record.PerformanceDocument) { d.OwnerCode = "91990100MA7XK8P2RJ" }, "owner_code", ""},
		"completed without proof":   {func(d *record.PerformanceDocument) { d.Completion = nil }, "completion", "请上传竣工验收证明"},
	} {
		t.Run(name, func(t *testing.T) {
			d := sample.Performance("示范家园", form.Reference{ID: "p", Name: "周予安"}, scan)
			require.Empty(t, d.Form(today).Problems())
			c.change(d)
			problems := d.Form(today).Problems()
			require.Len(t, problems, 1)
			require.Equal(t, c.field, problems[0].Field)
			require.Contains(t, problems[0].Message, c.says)
		})
	}
	goods := sample.Performance("办公家具", form.Reference{}, scan)
	goods.ContractClass = form.Choice{Code: "goods", Name: "货物"}
	require.Empty(t, goods.Form(today).Problems(), "nobody manages a delivery")
}

func TestS27_APractitionersRows(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*record.PractitionerDocument)
		field  string
		says   string
	}{
		"a major of another profession": {func(d *record.PractitionerDocument) { d.Registrations[0].Majors[0].Code = "1701" }, "registrations.registration1.majors", "不是一级注册建造师的专业"},
		"a major without its date":      {func(d *record.PractitionerDocument) { d.Registrations[0].Majors[0].Until = "" }, "registrations.registration1.majors", "有效期"},
		"no majors":                     {func(d *record.PractitionerDocument) { d.Registrations[0].Majors = nil }, "registrations.registration1.majors", "请选择注册专业"},
		"no scan of the award":          {func(d *record.PractitionerDocument) { d.Awards[0].Certificate = nil }, "awards.award1.certificate", "请上传"},
		"safety certificate undated":    {func(d *record.PractitionerDocument) { d.Safety[0].ExpiresOn = "" }, "safety.safety1.expires_on", "有效期"},
		"sex of another number":         {func(d *record.PractitionerDocument) { d.Gender = form.Choice{Code: other(d.Gender.Code)} }, "gender", "不一致"},
		"a child": {func(d *record.PractitionerDocument) {
			d.IDNumber, d.BornOn, d.Gender = record.NewResidentID("430104", "20101201", "123"), "", form.Choice{}
		}, "id_number", "16 周岁"},
	} {
		t.Run(name, func(t *testing.T) {
			d := sample.Practitioner(sample.ResidentID(12), "周予安", scan)
			require.Empty(t, d.Form(today).Problems())
			require.Equal(t, record.ResidentIDGender(d.IDNumber), d.Gender.Code, "the number tells sex and birth date")
			c.change(d)
			problems := d.Form(today).Problems()
			require.NotEmpty(t, problems)
			require.Equal(t, c.field, problems[0].Field)
			require.Contains(t, problems[0].Message, c.says)
		})
	}
}

func other(gender string) string {
	if gender == codes.GenderMale {
		return codes.GenderFemale
	}
	return codes.GenderMale
}

func TestRowsAreMatchedByTheirIds(t *testing.T) {
	before := sample.Qualification("D243000001", scan)
	after := sample.Qualification("D243000001", scan)
	lines := after.Form(today).Field("lines")
	lines.RemoveRow("line1")
	row := after.Form(today).Field("lines").AddRow("line3")
	row.Bind(map[string][]string{
		"lines.line3.major": {"04", "1040A0", "1040A030"}, "lines.line3.grade": {"11"}, "lines.line2.scope": {"不属于这一行"},
	}, form.Lookup{})
	fates := map[string]form.Fate{}
	for _, c := range form.Diff(before.Form(today), after.Form(today)) {
		if c.Changed && c.Fate != "" {
			fates[c.Field.Name] = c.Fate
		}
	}
	require.Equal(t, map[string]form.Fate{
		"lines.line1.major": form.RowRemoved, "lines.line1.grade": form.RowRemoved, "lines.line1.primary": form.RowRemoved,
		"lines.line1.approved_on": form.RowRemoved, "lines.line1.scope": form.RowRemoved,
		"lines.line3.major": form.RowAdded, "lines.line3.grade": form.RowAdded,
	}, fates)
	require.True(t, strings.HasPrefix(after.Form(today).Field("lines.line3.major").Display(), "建筑业 / "), "a cascade passes through the tables above")
}

func TestAPostedFormLeavesRowsAlone(t *testing.T) {
	d := sample.Practitioner(sample.ResidentID(12), "周予安", scan)
	f := d.Form(today)
	basic, ok := f.Section("basic")
	require.True(t, ok)
	form.Form{basic}.Bind(map[string][]string{"name": {"周予宁"}, "registrations": {}}, form.Lookup{})
	require.Equal(t, "周予宁", d.Name)
	require.Len(t, d.Registrations, 1)
	f.Bind(map[string][]string{}, form.Lookup{})
	require.Empty(t, d.Name)
	require.Len(t, d.Registrations, 1, "rows are added and removed one by one")
}

func TestChosenPeopleSurviveTheirRecord(t *testing.T) {
	d := sample.Award("芙蓉奖", scan, form.Reference{ID: "gone", Name: "周予安", Number: sample.ResidentID(3)})
	find := form.Lookup{Records: func(id string) (form.Reference, bool) {
		return form.Reference{ID: id, Name: "陈明远", Number: sample.ResidentID(4)}, id == "known"
	}}
	d.Form(today).Bind(map[string][]string{"name": {"芙蓉奖"}, "winners": {"gone", "known", "known", "a stranger's"}}, find)
	require.Equal(t, "周予安、陈明远", d.Form(today).Field("winners").Display())
	require.Equal(t, []string{sample.ResidentID(3), sample.ResidentID(4)}, d.People())
}

func TestExpiredIsDerivedFromTheDay(t *testing.T) {
	lastDay := form.Date("2026-11-23")
	for at, expired := range map[time.Time]bool{
		time.Date(2026, 11, 23, 23, 59, 59, 0, record.Shanghai): false,
		time.Date(2026, 11, 24, 0, 0, 0, 0, record.Shanghai):    true,
		{}: false,
	} {
		require.Equal(t, expired, record.Expired(lastDay, at), fmt.Sprint(at))
	}
}
