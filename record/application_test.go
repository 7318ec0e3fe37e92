package record_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

// applicationEdges is the procedure in the words of the data dictionary, written
// down a second time.
var applicationEdges = map[string]string{
	"待发送":  "发送失败 已发送 撤销",
	"发送失败": "待发送 已发送 撤销",
	"已发送":  "受理中 拒绝 撤销",
	"受理中":  "补正 待支付 制证 拒绝 撤销",
	"补正":   "受理中 拒绝 撤销",
	"待支付":  "制证 拒绝 撤销",
	"制证":   "已签发",
	"已签发":  "已绑定",
	"已绑定":  "",
	"拒绝":   "",
	"撤销":   "",
}

func TestApplicationEveryEdge(t *testing.T) {
	statuses := record.ApplicationStatuses()
	require.Len(t, statuses, len(applicationEdges))
	for _, from := range statuses {
		next, known := applicationEdges[from.Label()]
		require.True(t, known, "%s has the label %q", from, from.Label())
		for _, to := range statuses {
			want := false
			for label := range strings.FieldsSeq(next) {
				want = want || label == to.Label()
			}
			require.Equal(t, want, from.Leads(to), "%s → %s", from.Label(), to.Label())
		}
		require.Equal(t, next != "", from.Open(), from)
	}
	none := record.ApplicationStatus("none")
	require.False(t, none.Open())
	require.False(t, none.Leads(record.ApplicationSent))
	require.Empty(t, none.Label())
}

func TestApplicationWords(t *testing.T) {
	for _, b := range record.Businesses() {
		require.NotEmpty(t, b.Label())
	}
	require.Len(t, record.Businesses(), 6)
	for _, subject := range []record.SubjectType{record.Organization, record.Person} {
		for _, k := range record.CertificateKinds(subject) {
			require.NotEmpty(t, k.Label())
		}
	}
	require.Equal(t, "已签发", record.ApplicationIssued.LabelFor(record.BusinessRenew))
	require.Equal(t, "已办结", record.ApplicationIssued.LabelFor(record.BusinessRevoke))
	require.Equal(t, "制证", record.ApplicationProducing.LabelFor(record.BusinessReissue))
	require.Equal(t, "办理中", record.ApplicationProducing.LabelFor(record.BusinessUnlock), "nothing is made")
	require.Equal(t, "邮寄", record.PickupLabel(record.PickupMail))
	require.Equal(t, "窗口领取", record.PickupLabel(record.PickupCounter))
	for _, f := range []record.CAFailure{
		record.CAUnreachable, record.CATimeout, record.CAForbidden, record.CABroken, record.CAMalformed,
		record.CAUnauthorized, record.CAConflict, record.CAUnconfigured,
	} {
		require.NotEmpty(t, f.Explain())
	}
}

func TestBundleOfAnOrganization(t *testing.T) {
	document := sample.Organization(sample.CreditCode(1), "示范建工有限公司", form.File{})
	b := record.CABundle{Reference: "r", Business: record.BusinessApply, Years: 1}
	document.Bundle(&b)
	require.Equal(t, document.LegalCode, b.Code)
	require.Equal(t, "陈明远", b.Representative.Name)
	require.Equal(t, document.Representative.IDNumber, b.Representative.IDNumber)
	require.Equal(t, "周予安", b.Agent.Name)
	require.Contains(t, b.Region, "岳麓区")

	document.Agent.Name = ""
	document.Bundle(&b)
	require.Equal(t, "陈明远", b.Agent.Name, "until an agent is named the representative acts")
	require.Equal(t, []string{"organization", "representative"}, document.BundleSections(record.OrganizationCertificate))
	require.Contains(t, document.BundleSections(record.AgentCertificate), "contact")

	// What is frozen reads back as it was.
	frozen, err := json.Marshal(b)
	require.NoError(t, err)
	var again record.CABundle
	require.NoError(t, json.Unmarshal(frozen, &again))
	require.Equal(t, b, again)
}

func TestBundleOfAPerson(t *testing.T) {
	document := sample.Person(sample.ResidentID(7), "𠮷田一郎", form.File{})
	var b record.CABundle
	document.Bundle(&b)
	require.Equal(t, record.Person, b.Type)
	require.Equal(t, document.IDNumber, b.Code)
	require.Equal(t, b.Representative, b.Agent)
	require.Equal(t, "𠮷田一郎", b.Name)
	for _, section := range append(document.BundleSections(record.PersonCertificate),
		(&record.OrganizationDocument{}).BundleSections(record.AgentCertificate)...) {
		inPerson := func() bool { _, ok := document.Form(time.Time{}).Section(section); return ok }
		inOrganization := func() bool {
			_, ok := (&record.OrganizationDocument{}).Form(time.Time{}).Section(section)
			return ok
		}
		require.True(t, inPerson() || inOrganization(), "there is a section %s", section)
	}
}

func TestParseCAEvent(t *testing.T) {
	const reference = `"reference":"0193b1f0-0000-7000-8000-000000000001"`
	cases := map[string]struct {
		body string
		ok   bool
	}{
		"accepted":              {`{"id":"e1",` + reference + `,"sequence":1,"type":"accepted","at":"2026-03-05T10:00:00+08:00"}`, true},
		"further fields":        {`{"id":"e1",` + reference + `,"sequence":1,"type":"accepted","at":"2026-03-05T10:00:00+08:00","more":[1]}`, true},
		"revoked":               {`{"id":"e1","type":"revoked","at":"2026-03-05T10:00:00Z","certificate":{"issuer":"CN=x","serial":"0A"}}`, true},
		"no JSON":               {`accepted`, false},
		"no id":                 {`{` + reference + `,"sequence":1,"type":"accepted","at":"2026-03-05T10:00:00Z"}`, false},
		"id with a space":       {`{"id":"e 1",` + reference + `,"sequence":1,"type":"accepted","at":"2026-03-05T10:00:00Z"}`, false},
		"no time":               {`{"id":"e1",` + reference + `,"sequence":1,"type":"accepted"}`, false},
		"no reference":          {`{"id":"e1","sequence":1,"type":"accepted","at":"2026-03-05T10:00:00Z"}`, false},
		"no sequence":           {`{"id":"e1",` + reference + `,"type":"accepted","at":"2026-03-05T10:00:00Z"}`, false},
		"sequence out of range": {`{"id":"e1",` + reference + `,"sequence":10001,"type":"accepted","at":"2026-03-05T10:00:00Z"}`, false},
		"unknown type":          {`{"id":"e1",` + reference + `,"sequence":1,"type":"lost","at":"2026-03-05T10:00:00Z"}`, false},
		"long reason": {
			`{"id":"e1",` + reference + `,"sequence":1,"type":"rejected","at":"2026-03-05T10:00:00Z","reason":"` + strings.Repeat("长", 501) + `"}`, false,
		},
		"no certificate":           {`{"id":"e1","type":"revoked","at":"2026-03-05T10:00:00Z"}`, false},
		"certificate of a request": {`{"id":"e1",` + reference + `,"type":"revoked","at":"2026-03-05T10:00:00Z","certificate":{"issuer":"CN=x","serial":"0A"}}`, false},
		"lower-case serial":        {`{"id":"e1","type":"revoked","at":"2026-03-05T10:00:00Z","certificate":{"issuer":"CN=x","serial":"0a"}}`, false},
		"issued without a use": {
			`{"id":"e1",` + reference + `,"sequence":1,"type":"issued","at":"2026-03-05T10:00:00Z","certificates":[{"pem":"x"}]}`, false,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			e, err := record.ParseCAEvent([]byte(c.body))
			if !c.ok {
				require.Equal(t, record.Invalid, record.CodeOf(err))
				return
			}
			require.NoError(t, err)
			require.Equal(t, "e1", e.ID)
			require.Equal(t, e.Type.OnCertificate(), e.Type.Status() == "")
		})
	}
}

// The CA company's silence is told to staff after working days, and only where
// it is the company's turn.
func TestHandoffPlan(t *testing.T) {
	policy := record.Policy{CASilenceDays: 5, CAPollEvery: 6 * time.Hour, Calendar: record.DefaultCalendar()}
	thursday := time.Date(2026, 3, 5, 10, 0, 0, 0, record.Shanghai)
	later := thursday.Add(30 * time.Hour)
	nextThursday := time.Date(2026, 3, 12, 23, 59, 59, 0, record.Shanghai)

	plan := policy.HandoffPlanFor(record.ApplicationSent, thursday, later)
	require.Equal(t, later.Add(6*time.Hour), plan.PollAt)
	require.True(t, nextThursday.Equal(plan.EscalateAt), plan.EscalateAt)

	plan = policy.HandoffPlanFor(record.ApplicationFailed, thursday, later)
	require.Zero(t, plan.PollAt, "what was not delivered is not asked after")
	require.True(t, nextThursday.Equal(plan.EscalateAt))

	for _, s := range []record.ApplicationStatus{record.ApplicationSupplement, record.ApplicationPayment} {
		plan = policy.HandoffPlanFor(s, thursday, later)
		require.NotZero(t, plan.PollAt)
		require.Zero(t, plan.EscalateAt, "it is the subject's turn")
	}
	require.Zero(t, policy.HandoffPlanFor(record.ApplicationBound, thursday, later))
	policy.CAPollEvery = 0
	require.Zero(t, policy.HandoffPlanFor(record.ApplicationSent, thursday, later).PollAt)
}

func FuzzParseCAEvent(f *testing.F) {
	f.Add([]byte(`{"id":"e1","reference":"0193b1f0-0000-7000-8000-000000000001","sequence":1,"type":"accepted","at":"2026-03-05T10:00:00Z"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := record.ParseCAEvent(body)
		if err != nil {
			require.Equal(t, record.Invalid, record.CodeOf(err))
			return
		}
		require.NotEmpty(t, e.ID)
	})
}
