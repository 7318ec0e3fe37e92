package storage_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
)

// stranger is a desk whose organization has a representative of its own: those of
// other tests have one in common.
func stranger(t testing.TB) *desk {
	t.Helper()
	d := newDesk(t)
	d.document.Representative.IDNumber = sample.ResidentID(freshNumber())
	d.save(t)
	return d
}

// names has the organization name connected persons, and files that.
func (d *desk) names(t testing.TB, connected ...record.ConnectedPerson) {
	t.Helper()
	d.document.Connected = connected
	if r, err := d.Record(t.Context(), d.subject.ID, d.profile); err == nil && r.State.Standing == record.InForce {
		require.NoError(t, d.StartChange(t.Context(), d.account, d.subject.ID, d.profile, "股权变更"))
	}
	d.save(t)
	require.True(t, d.submit(t).Applied)
}

func (d *desk) approve(t testing.TB) {
	t.Helper()
	require.True(t, d.do(t, d.command(record.Approve, reviewer(d.first))).Applied)
}

// connectedWith are those with whom the document is connected: each as name, state,
// and the kinds with what is what to either.
func (d *desk) connectedWith(t testing.TB) []string {
	t.Helper()
	found, err := d.Connected(t.Context(), d.subject.ID, d.document)
	require.NoError(t, err)
	var all []string
	for _, c := range found {
		line := c.Subject.Name + " " + c.State.Label()
		for _, connection := range c.Connections {
			line += fmt.Sprintf(" %s %s/%s", connection.Kind, record.RelationNames(connection.Here), record.RelationNames(connection.There))
		}
		all = append(all, line)
	}
	slices.Sort(all)
	return all
}

func TestB21_StaffAreToldWithWhomAFilingIsConnected(t *testing.T) {
	a, b, c := stranger(t), stranger(t), stranger(t)
	holder := sample.ResidentID(freshNumber())
	parent := sample.CreditCode(7_000_000 + freshNumber())
	a.document.Connected = []record.ConnectedPerson{
		sample.Shareholder("h", "欧阳𬀩", holder, "60"), sample.Affiliate("p", "示范控股有限公司", parent, codes.RelationController),
	}
	require.Empty(t, a.connectedWith(t), "what nobody filed connects nobody")
	a.save(t)
	require.True(t, a.submit(t).Applied)

	b.document.Connected = []record.ConnectedPerson{sample.Shareholder("h", "欧阳", holder, "30")}
	c.document.Connected = []record.ConnectedPerson{sample.Affiliate("a", a.subject.Name, a.subject.Code, codes.RelationSubsidiary)}
	require.Equal(t, []string{a.subject.Name + " 审核中 shared_person 股东/股东"}, b.connectedWith(t), "under way, and however the name was typed")
	require.Equal(t, []string{a.subject.Name + " 审核中 affiliated 控股的单位/该单位本身"}, c.connectedWith(t))
	require.Empty(t, a.connectedWith(t), "a draft is nobody's business")

	b.names(t, b.document.Connected...)
	c.names(t, append(c.document.Connected, sample.Affiliate("p", "示范控股", parent, codes.RelationShareholder))...)
	a.approve(t)
	c.approve(t)
	want := []string{
		b.subject.Name + " 审核中 shared_person 股东/股东",
		c.subject.Name + " 已生效 affiliated 该单位本身/控股的单位 shared_unit 实际控制人/股东",
	}
	slices.Sort(want)
	require.Equal(t, want, a.connectedWith(t), "from either side, by persons, by units and by its own code")

	t.Run("a representative counts, whatever release filed them", func(t *testing.T) {
		d := stranger(t)
		d.document.Representative.IDNumber = holder
		require.Len(t, d.connectedWith(t), 2)
		d.save(t)
		require.True(t, d.submit(t).Applied)
		require.Contains(t, strings.Join(b.connectedWith(t), "\n"), d.subject.Name+" 审核中 shared_person 股东/法定代表人")
		twin := stranger(t)
		twin.document.Representative.IDNumber = holder
		require.Contains(t, strings.Join(twin.connectedWith(t), "\n"), d.subject.Name+" 审核中 same_representative 法定代表人/法定代表人")
	})
	t.Run("an agent connects nobody", func(t *testing.T) {
		d := stranger(t)
		d.document.Agent.IDNumber = holder
		d.save(t)
		require.True(t, d.submit(t).Applied)
		require.NotContains(t, strings.Join(a.connectedWith(t), "\n"), d.subject.Name)
	})
	t.Run("a change under way counts beside what it changes, and what was replaced no more", func(t *testing.T) {
		other := sample.ResidentID(freshNumber())
		a.names(t, sample.Shareholder("h", "黎照", other, "60"))
		b.document.Connected = append(b.document.Connected, sample.Shareholder("o", "黎照", other, "1"))
		require.Len(t, matching(b.connectedWith(t), a.subject.Name), 1, "once, by the version that counts")
		require.Contains(t, matching(b.connectedWith(t), a.subject.Name)[0], "变更审核中 shared_person 股东/股东")
		a.approve(t)
		b.document.Connected = b.document.Connected[:1]
		require.Empty(t, matching(b.connectedWith(t), a.subject.Name))
	})
	a.verify(t)
}

// matching are the lines about a subject.
func matching(lines []string, name string) []string {
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, name+" ") })
}

func TestB21_ConnectionsAreFoundByIndex(t *testing.T) {
	d := newDesk(t)
	tx, err := d.app.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.ExecContext(t.Context(), "SET LOCAL enable_seqscan = off")
	require.NoError(t, err)
	for query, index := range map[string]string{
		`SELECT 1 FROM versions WHERE kind = 'organization' AND people && '{"\\x00"}'`: "versions_connected",
		`SELECT 1 FROM versions WHERE marks && '{"\\x00"}'`:                            "versions_marks",
	} {
		var plan []string
		require.NoError(t, tx.NewRaw("EXPLAIN "+query).Scan(t.Context(), &plan))
		require.Contains(t, strings.Join(plan, "\n"), index)
	}
}

// A reviewer who is a shareholder appears in the filing.
func TestB21_W19_AShareholderDoesNotReview(t *testing.T) {
	d := stranger(t)
	number := sample.ResidentID(freshNumber())
	partner := d.staff(t, record.Reviewer, number)
	d.names(t, sample.Shareholder("h", "周婧", number, "5"))
	d.bars(t, record.RefusedOwnFiling, d.command(record.Approve, reviewer(partner)))
}

func TestB21_PartiesAreWhatCountedAtAnInstant(t *testing.T) {
	a, b, fresh := stranger(t), stranger(t), stranger(t)
	ctx := t.Context()
	unknown := sample.CreditCode(7_500_000 + freshNumber())
	all := []string{b.subject.Code, unknown, a.subject.Code, fresh.subject.Code}
	a.settle(t)
	holder := sample.Shareholder("h", "欧阳𬀩", sample.ResidentID(freshNumber()), "60")
	b.names(t, holder)
	parties, first, err := a.PartiesAt(ctx, all, time.Time{})
	require.NoError(t, err)
	require.Len(t, parties, 4)
	for i, code := range all {
		require.Equal(t, code, parties[i].Code, "in the order of the question")
		require.Equal(t, code != unknown, parties[i].Known)
	}
	require.Nil(t, parties[0].Document, "what is under review does not count")
	require.Nil(t, parties[3].Document)
	require.Empty(t, parties[2].Document.Connected)

	b.approve(t)
	a.names(t, holder)
	a.approve(t)
	parties, _, err = a.PartiesAt(ctx, all, time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Len(t, record.ConnectionsOf(parties[0].Document, parties[2].Document), 1)
	then, at, err := a.PartiesAt(ctx, all, first)
	require.NoError(t, err)
	require.True(t, first.Equal(at))
	require.Nil(t, then[0].Document, "by what counted then")
	require.Empty(t, then[2].Document.Connected)
	early, _, err := a.PartiesAt(ctx, all, first.Add(-time.Hour))
	require.NoError(t, err)
	require.Nil(t, early[2].Document)
}

func TestB21_EligibilityOfSeveralIsThatOfEach(t *testing.T) {
	a, b := newDesk(t), newDesk(t)
	a.settle(t)
	unknown := sample.CreditCode(7_600_000 + freshNumber())
	all, at, err := a.EligibilityFactsOf(t.Context(), []string{a.subject.Code, unknown, b.subject.Code}, time.Time{})
	require.NoError(t, err)
	for _, c := range all {
		require.Equal(t, c.Code != unknown, c.Known)
	}
	for i, d := range map[int]*desk{0: a, 2: b} {
		facts, _, err := a.EligibilityFacts(t.Context(), d.subject.ID, at)
		require.NoError(t, err)
		require.Equal(t, facts, all[i].Facts)
	}
	require.True(t, record.EligibilityOf(all[0].Facts).Paper)
	require.False(t, record.EligibilityOf(all[2].Facts).Paper)
}

func TestB21_OrganizationsInForceAreKnownByTheirCodes(t *testing.T) {
	a, b := newDesk(t), newDesk(t)
	asked := []string{a.subject.Code, b.subject.Code, sample.CreditCode(7_700_000 + freshNumber())}
	known, err := a.KnownOrganizations(t.Context(), asked)
	require.NoError(t, err)
	require.Empty(t, known, "who only registered is nobody yet")
	a.settle(t)
	known, err = a.KnownOrganizations(t.Context(), asked)
	require.NoError(t, err)
	require.Equal(t, map[string]form.SubjectReference{a.subject.Code: {Code: a.subject.Code, ID: string(a.subject.ID), Name: a.subject.Name}}, known)
}
