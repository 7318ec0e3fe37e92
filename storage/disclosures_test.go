package storage_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
	"unireg/storage/storagetest"
)

// discloses compares what is public of a record with its model: after every step of
// the property test of the lifecycle (TestW21), so that B12 holds after any sequence
// of moves.
func (h *hall) discloses(ctx context.Context, t *rapid.T, l *life) {
	f := h.firms[l.owner]
	var lines []struct {
		Standing record.Standing
		Version  int
		Title    string
		Code     string
		Cells    []string `bun:",array"`
	}
	require.NoError(t, f.app.NewRaw("SELECT standing, version, title, code, cells FROM disclosures WHERE record = ?", l.id).Scan(ctx, &lines))
	if l.inForce == 0 {
		require.Empty(t, lines, "nothing is public of what never counted")
		return
	}
	require.Len(t, lines, 1)
	line := lines[0]
	require.Equal(t, l.state.Standing, line.Standing)
	require.Equal(t, l.inForce, line.Version)
	if profile := h.profiles[l.owner]; profile.inForce > 0 {
		require.Equal(t, f.subject.Code, line.Code)
	} else {
		require.Empty(t, line.Code, "the unit is not public yet")
	}
	if !l.kind.Disclosed() {
		require.Empty(t, line.Title)
		return
	}
	want, err := record.PublicLineOf(l.kind, h.document(l, l.versions[l.inForce-1]))
	require.NoError(t, err)
	require.Equal(t, want.Title, line.Title)
	require.Equal(t, want.Cells, line.Cells)
}

// found are the titles that a public search finds.
func (f *firm) found(t testing.TB, q storage.DisclosureQuery) []string {
	t.Helper()
	q.Limit = 100
	page, err := f.Disclosed(t.Context(), q)
	require.NoError(t, err)
	counts, err := f.DisclosedCounts(t.Context(), q)
	require.NoError(t, err)
	require.Len(t, page.Lines, counts[q.Kind], "what is counted is what is found")
	titles := []string{}
	for _, line := range page.Lines {
		titles = append(titles, line.Title)
	}
	return titles
}

// own narrows a search to the firm's lines.
func (f *firm) own(kind record.Kind) storage.DisclosureQuery {
	return storage.DisclosureQuery{Kind: kind, Unit: f.subject.Code}
}

func TestB12_NothingOfAUnitIsPublicBeforeItsProfileWasInForce(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	award := f.document(t, record.Award, freshNumber())
	f.inForce(t, record.Award, award)
	require.Empty(t, f.found(t, f.own(record.Award)))
	_, err := f.DisclosedUnit(ctx, f.subject.Code)
	require.Equal(t, record.NotFound, record.CodeOf(err))
	changes, _, err := f.RecentDisclosures(ctx, "", "", 1000)
	require.NoError(t, err)
	for _, c := range changes {
		require.NotEqual(t, award.Title(), c.Title)
	}

	f.submitByKey(t, f.profile)
	require.Empty(t, f.found(t, f.own(record.OrganizationProfile)), "what is under review is nobody's business")
	f.move(t, f.profile, record.Approve, reviewer(f.first))
	require.Equal(t, []string{f.subject.Name}, f.found(t, f.own(record.OrganizationProfile)))
	require.Equal(t, []string{award.Title()}, f.found(t, f.own(record.Award)))
	f.verify(t)
}

// newPublicFirm is a firm whose profile is in force.
func newPublicFirm(t testing.TB, w *certificatetest.World) *firm {
	t.Helper()
	f := newFirm(t, w)
	f.submitProfile(t)
	return f
}

func TestB12_WhatCountsIsPublicAtOnceAndSoIsWhatDoesNot(t *testing.T) {
	f := newPublicFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	document, ok := f.document(t, record.Qualification, freshNumber()).(*record.QualificationDocument)
	require.True(t, ok)
	state := func() string {
		t.Helper()
		for _, state := range storage.DisclosureStates() {
			q := f.own(record.Qualification)
			q.State = state
			if titles := f.found(t, q); len(titles) > 0 {
				return string(state) + " " + titles[0]
			}
		}
		return ""
	}
	id := f.begin(t, record.Qualification, document)
	require.Empty(t, state())
	f.submitByKey(t, id)
	require.Empty(t, state())
	f.move(t, id, record.Approve, reviewer(f.first))
	first := document.Title()
	require.Equal(t, "in_force "+first, state())

	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, id, "换发证书"))
	document.CertificateNo += "X"
	f.write(t, id, document)
	f.submitByKey(t, id)
	require.Equal(t, "in_force "+first, state(), "what is under review is not shown beside it")
	f.move(t, id, record.Approve, reviewer(f.first))
	f.move(t, id, record.Confirm, by(record.Confirmer, f.second))
	require.Equal(t, "in_force "+document.Title(), state())
	f.move(t, id, record.Void, f.byKey())
	require.Equal(t, "voided "+document.Title(), state())
	f.move(t, id, record.Restore, f.byKey())
	require.Equal(t, "in_force "+document.Title(), state())
	f.move(t, id, record.Reopen, by(record.Supervisor, f.boss))
	f.move(t, id, record.Approve, reviewer(f.first))

	_, err := f.app.NewRaw("UPDATE disclosures SET expires_on = '2020-01-01' WHERE record = ?", id).Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, "expired "+document.Title(), state(), "by the day, not by a sweep")
	_, err = f.app.NewRaw("UPDATE disclosures SET expires_on = ? WHERE record = ?", document.ExpiresOn, id).Exec(ctx)
	require.NoError(t, err)

	unit, err := f.DisclosedUnit(ctx, f.subject.Code)
	require.NoError(t, err)
	require.Equal(t, f.subject.Name, unit.Profile.Unit)
	require.Equal(t, 2, unit.Lines[record.Qualification][0].Version)
	var told []string
	for _, c := range unit.Changes {
		told = append(told, string(c.What)+" "+strings.Join(c.Fields, ","))
	}
	require.Equal(t, []string{"restore ", "void ", "change 资质证书编号", "first ", "first "}, told, "a version that was looked at again is no news")
	changes, _, err := f.RecentDisclosures(ctx, record.Qualification, "", 1000)
	require.NoError(t, err)
	require.Equal(t, storage.DisclosedAgain, changes[0].What)
	require.Equal(t, f.subject.Code, changes[0].Code)
	f.verify(t)
}

func TestB12_PractitionersAreCountedAndNeverNamed(t *testing.T) {
	f := newPublicFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	person := f.freshPerson(t)
	id := f.inForce(t, record.Practitioner, person)
	past := f.freshPerson(t)
	past.Registrations[0].Majors[0].Until = form.Date(time.Now().AddDate(0, 0, 1).In(record.Shanghai).Format(time.DateOnly))
	f.inForce(t, record.Practitioner, past)
	count := func() int {
		t.Helper()
		unit, err := f.DisclosedUnit(ctx, f.subject.Code)
		require.NoError(t, err)
		n := 0
		for _, people := range unit.People {
			n += people.Count
		}
		return n
	}
	require.Equal(t, 2, count())
	_, err := f.app.NewRaw("UPDATE disclosures SET tags = '{1511 2020-01-01}' WHERE subject = ? AND kind = 'practitioner' AND record <> ?", f.subject.ID, id).Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, count(), "what has expired is not held")
	_, err = f.app.NewRaw("UPDATE disclosures SET tags = ARRAY['1511 ' || ?] WHERE subject = ? AND kind = 'practitioner' AND record <> ?",
		past.Registrations[0].Majors[0].Until, f.subject.ID, id).Exec(ctx)
	require.NoError(t, err)
	f.move(t, id, record.Release, f.byKey())
	require.Equal(t, 1, count())
	require.Empty(t, f.found(t, f.own(record.Practitioner)))
	unit, err := f.DisclosedUnit(ctx, f.subject.Code)
	require.NoError(t, err)
	require.Len(t, unit.Changes, 1, "when somebody came or went is told of nobody")
	require.NotContains(t, f.everythingPublic(t), person.Name)
	f.verify(t)
}

// everythingPublic is all that the two public tables hold of the firm.
func (f *firm) everythingPublic(t testing.TB) string {
	t.Helper()
	var rows []string
	err := f.app.NewRaw(`
		SELECT row_to_json(p)::text FROM disclosures p WHERE p.subject = ?0
		UNION ALL SELECT row_to_json(c)::text FROM disclosure_changes c WHERE c.subject = ?0`, f.subject.ID).Scan(t.Context(), &rows)
	require.NoError(t, err)
	require.NotEmpty(t, rows)
	return strings.Join(rows, "\n")
}

// Numbers, names, telephones, addresses and accounts that stand in every document
// of a firm do not stand in what is public of it, nor does a person's own profile.
func TestB12_NoPersonAndNoAccountIsInThePublicTables(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	canary := func(name string) string { return "金丝雀" + name }
	d := f.document0(t)
	d.Representative.Name, d.Representative.Title, d.Representative.Phone = canary("法定代表人"), canary("职务"), "13700007001"
	d.Agent.Name, d.Agent.Mobile, d.Agent.Email, d.Agent.Address = canary("经办人"), "13700007002", "canary@example.com", canary("联系地址")
	d.Account.Bank, d.Account.Branch, d.Account.Number = canary("银行"), canary("支行"), "6200000000007003"
	f.write(t, f.profile, d)
	f.submitProfile(t)
	manager := form.Reference{ID: "p", Name: canary("项目经理"), Number: sample.ResidentID(7004), Note: canary("注册号")}
	performance := sample.Performance("示范家园", manager, f.file(t))
	performance.Location, performance.Description = canary("地点"), canary("说明")
	f.inForce(t, record.Performance, performance)
	f.inForce(t, record.Award, sample.Award("芙蓉奖", f.file(t), manager))
	f.inForce(t, record.Qualification, f.document(t, record.Qualification, freshNumber()))
	person := f.freshPerson(t)
	person.Name = canary("执业人员")
	f.inForce(t, record.Practitioner, person)
	everything := f.everythingPublic(t)
	for _, secret := range []string{
		"金丝雀", "13700007001", "13700007002", "canary@example.com", "6200000000007003", sample.ResidentID(1001), sample.ResidentID(2002),
		sample.ResidentID(7004), person.IDNumber, person.Registrations[0].No, "营业执照.pdf", "9f86d081",
	} {
		require.NotContains(t, everything, secret)
	}
	var persons int
	require.NoError(t, f.app.NewRaw("SELECT count(*) FROM disclosures p JOIN subjects s ON s.id = p.subject WHERE s.type = 'person'").Scan(ctx, &persons))
	require.Zero(t, persons)
	f.verify(t)
}

// document0 is the firm's profile as it was drafted.
func (f *firm) document0(t testing.TB) *record.OrganizationDocument {
	t.Helper()
	draft, err := f.Draft(t.Context(), f.subject.ID, f.profile)
	require.NoError(t, err)
	d, ok := draft.Document.(*record.OrganizationDocument)
	require.True(t, ok)
	return d
}

func TestB12_AUnitThatIsRenamedIsFoundByItsNewNameOnAllOfItsLines(t *testing.T) {
	f := newPublicFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	award := f.document(t, record.Award, freshNumber())
	f.inForce(t, record.Award, award)
	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, f.profile, "更名"))
	d := f.document0(t)
	d.LegalName = fmt.Sprintf("麓山新程第%d有限公司", freshNumber())
	d.Account.Name = d.LegalName
	f.write(t, f.profile, d)
	f.submitByKey(t, f.profile)
	f.move(t, f.profile, record.Approve, reviewer(f.first))
	q := storage.DisclosureQuery{Kind: record.Award, Text: d.LegalName}
	require.Empty(t, f.found(t, q), "not before the second reviewer confirmed it")
	f.move(t, f.profile, record.Confirm, by(record.Confirmer, f.second))
	require.Equal(t, []string{award.Title()}, f.found(t, q))
	require.Empty(t, f.found(t, storage.DisclosureQuery{Kind: record.Award, Text: f.subject.Name}))
	f.verify(t)
}

func TestB12_TheSweepWritesWhatIsMissingAndWhatIsStale(t *testing.T) {
	f := newFirmOn(t, storagetest.Fresh(t), certificatetest.New(t, "", ""))
	ctx := t.Context()
	f.submitProfile(t)
	voided := f.inForce(t, record.Qualification, f.document(t, record.Qualification, freshNumber()))
	f.move(t, voided, record.Void, f.byKey())
	changed := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	require.NoError(t, f.StartChange(ctx, f.account, f.subject.ID, changed, "更正"))
	award := sample.Award("麓山杯", f.file(t))
	f.write(t, changed, award)
	f.submitByKey(t, changed)
	f.move(t, changed, record.Approve, reviewer(f.first))
	f.inForce(t, record.Practitioner, f.freshPerson(t))
	before := f.everythingPublic(t)

	swept, err := f.SweepDisclosures(ctx)
	require.NoError(t, err)
	require.Zero(t, swept, "what is right is left alone")
	for _, harm := range []string{
		"DELETE FROM disclosure_changes; DELETE FROM disclosures",
		"UPDATE disclosures SET edition = 0, title = 'x', content = '{}', words = ''",
		"UPDATE disclosures SET standing = 'in_force' WHERE standing = 'voided'",
		"UPDATE disclosures SET version = 9, name = 'x' WHERE kind = 'organization'",
	} {
		_, err := f.owner.ExecContext(ctx, harm)
		require.NoError(t, err)
		found, err := f.Verify(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, found, harm)
		for _, d := range found {
			require.Equal(t, "I14", d.Invariant, "%s: %v", harm, d)
		}
		_, err = f.SweepDisclosures(ctx)
		require.NoError(t, err)
		f.verify(t)
		require.ElementsMatch(t, strings.Split(before, "\n"), strings.Split(f.everythingPublic(t), "\n"), harm)
	}
}

func TestB12_VerifyNamesWhatIsPublicAndShouldNotBe(t *testing.T) {
	f := newFirmOn(t, storagetest.Fresh(t), certificatetest.New(t, "", ""))
	ctx := t.Context()
	f.submitProfile(t)
	id := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	f.inForce(t, record.Practitioner, f.freshPerson(t))
	f.move(t, id, record.Void, f.byKey())
	for _, c := range []struct{ plant, heal, fault string }{
		{"UPDATE disclosures SET title = '周予安' WHERE kind = 'practitioner'", "UPDATE disclosures SET title = '' WHERE kind = 'practitioner'", "a natural person is disclosed"},
		{`UPDATE disclosures SET content = content || '{"agent_name": "周予安"}' WHERE kind = 'organization'`, "UPDATE disclosures SET content = content - 'agent_name'", "the public line is not what is disclosed of the version in force"},
		{"UPDATE disclosures SET standing = 'in_force' WHERE kind = 'award'", "UPDATE disclosures SET standing = 'voided' WHERE kind = 'award'", "the public line is not of what counts"},
		{"UPDATE disclosures SET code = '' WHERE kind = 'award'", "UPDATE disclosures SET code = '" + f.subject.Code + "'", "the public line says something else of the unit than its profile in force"},
		{"DELETE FROM disclosure_changes WHERE what = 'void'", "", "something was voided or restored, and no public change says so"},
	} {
		f.verify(t)
		_, err := f.owner.ExecContext(ctx, c.plant)
		require.NoError(t, err)
		found, err := f.Verify(ctx)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		require.Equal(t, storage.Disagreement{Invariant: "I14", ID: found[0].ID, Fault: c.fault}, found[0])
		if c.heal != "" {
			_, err = f.owner.ExecContext(ctx, c.heal)
			require.NoError(t, err)
		}
	}
}
