package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// duplicates are those of a filing, each as mark, subject, record and state.
func (f *firm) duplicates(t testing.TB, id record.ID, document record.Document) []string {
	t.Helper()
	filed, err := f.Record(t.Context(), f.subject.ID, id)
	require.NoError(t, err)
	found, err := f.Duplicates(t.Context(), filed, document)
	require.NoError(t, err)
	var all []string
	for _, d := range found {
		all = append(all, fmt.Sprintf("%s %s %s %s", d.Mark.Kind, d.Subject.Name, d.Record, d.State.Label()))
	}
	return all
}

func TestB17_ThePersonAtTwoOrganizations(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	person := a.freshPerson(t)
	there := sample.Practitioner(person.IDNumber, person.Name, b.file(t))
	there.Registrations, there.Safety = nil, nil
	drafted := b.begin(t, record.Practitioner, there)
	here := a.begin(t, record.Practitioner, person)
	a.submitByKey(t, here)
	require.Empty(t, a.duplicates(t, here, person), "a draft is nobody's business")

	b.submitByKey(t, drafted)
	require.Equal(t, []string{fmt.Sprintf("person %s %s 审核中", b.subject.Name, drafted)}, a.duplicates(t, here, person))
	require.Equal(t, []string{fmt.Sprintf("person %s %s 审核中", a.subject.Name, here)}, b.duplicates(t, drafted, there))
	a.move(t, here, record.Approve, reviewer(a.first))
	require.Equal(t, []string{fmt.Sprintf("person %s %s 已生效", a.subject.Name, here)}, b.duplicates(t, drafted, there))
	a.move(t, here, record.Release, a.byKey())
	require.Empty(t, b.duplicates(t, drafted, there), "whoever was let go is free")
}

func TestB17_TheSameNumberElsewhere(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	person, other := a.freshPerson(t), b.freshPerson(t)
	other.Safety[0].No, other.Registrations[0].No = person.Safety[0].No, person.Registrations[0].No
	here := a.inForce(t, record.Practitioner, person)
	there := b.inForce(t, record.Practitioner, other)
	require.Equal(t, []string{
		fmt.Sprintf("registration %s %s 已生效", a.subject.Name, here), fmt.Sprintf("safety %s %s 已生效", a.subject.Name, here),
	}, b.duplicates(t, there, other))
	colleague := a.freshPerson(t)
	colleague.Safety[0].No = "湘建安B" + fmt.Sprint(freshNumber())
	colleague.Registrations[0].No = person.Registrations[0].No
	beside := a.begin(t, record.Practitioner, colleague)
	a.submitByKey(t, beside)
	require.Len(t, a.duplicates(t, beside, colleague), 2, "a colleague's number is a duplicate, too")

	certificate := sample.Qualification(fmt.Sprintf("D243%06d", freshNumber()), a.file(t))
	mine := a.inForce(t, record.Qualification, certificate)
	theirs := b.begin(t, record.Qualification, certificateOf(certificate.CertificateNo, b.file(t)))
	b.submitByKey(t, theirs)
	require.Equal(t, []string{fmt.Sprintf("certificate %s %s 已生效", a.subject.Name, mine)}, b.duplicates(t, theirs, certificate))
	t.Run("a change under way counts beside what it changes", func(t *testing.T) {
		require.NoError(t, a.StartChange(t.Context(), a.account, a.subject.ID, mine, "换证"))
		old := certificate.CertificateNo
		certificate.CertificateNo = fmt.Sprintf("D243%06d", freshNumber())
		a.write(t, mine, certificate)
		a.submitByKey(t, mine)
		require.Len(t, b.duplicates(t, theirs, certificateOf(old, b.file(t))), 1)
		require.Len(t, b.duplicates(t, theirs, certificate), 1)
		a.move(t, mine, record.Approve, reviewer(a.first))
		a.move(t, mine, record.Confirm, by(record.Confirmer, a.second))
		require.Empty(t, b.duplicates(t, theirs, certificateOf(old, b.file(t))), "what was replaced no longer counts")
	})
	a.verify(t)
}

func certificateOf(number string, file form.File) *record.QualificationDocument {
	return sample.Qualification(number, file)
}

func TestB17_TheSameContractFromTwoSubjects(t *testing.T) {
	w := certificatetest.New(t, "", "")
	a, b := newFirm(t, w), newFirm(t, w)
	name := fmt.Sprintf("示范家园 %d 期", freshNumber())
	first := a.inForce(t, record.Performance, sample.Performance(name, form.Reference{ID: "p", Name: "周予安"}, a.file(t)))
	again := a.inForce(t, record.Performance, sample.Performance(name, form.Reference{ID: "p", Name: "周予安"}, a.file(t)))
	contract := sample.Performance(strings.ReplaceAll(name, " ", ""), form.Reference{ID: "p", Name: "周予安"}, b.file(t))
	contract.ContractAmount += ".00"
	there := b.begin(t, record.Performance, contract)
	b.submitByKey(t, there)
	require.ElementsMatch(t, []string{
		fmt.Sprintf("project %s %s 已生效", a.subject.Name, first), fmt.Sprintf("project %s %s 已生效", a.subject.Name, again),
	}, b.duplicates(t, there, contract))
	contract.ContractAmount = "1"
	require.Empty(t, b.duplicates(t, there, contract))
	award := a.inForce(t, record.Award, a.document(t, record.Award, freshNumber()))
	require.Empty(t, a.duplicates(t, award, a.document(t, record.Award, 1)))
}

func TestB17_DuplicatesAreFoundByIndex(t *testing.T) {
	d := newDesk(t)
	tx, err := d.app.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.ExecContext(t.Context(), "SET LOCAL enable_seqscan = off")
	require.NoError(t, err)
	for query, index := range map[string]string{
		`SELECT 1 FROM versions v WHERE v.marks && '{"\\x00"}'`: "versions_marks",
		`SELECT 1 FROM files WHERE sha256 IN ('x') AND in_use`:  "files_content",
	} {
		var plan []string
		require.NoError(t, tx.NewRaw("EXPLAIN "+query).Scan(t.Context(), &plan))
		require.Contains(t, strings.Join(plan, "\n"), index)
	}
}

func TestStaffSeeWhatSubjectsTakeBack(t *testing.T) {
	w := certificatetest.New(t, "", "")
	f := newFirm(t, w)
	ctx := t.Context()
	award := f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	person := f.inForce(t, record.Practitioner, f.freshPerson(t))
	const rounds = 4
	for range rounds {
		f.move(t, award, record.Void, f.byKey())
		f.move(t, award, record.Restore, f.byKey())
	}
	require.Equal(t, record.RefusedAssurance, f.run(t, f.order(award, record.Void, f.applicant())).Refusal)
	f.move(t, person, record.Release, f.byKey())

	// Others share the database: only this firm's lines are looked at.
	walk := func(kind record.Kind, limit int) (all []storage.Withdrawal) {
		q := storage.WithdrawalQuery{Kind: kind, Limit: limit}
		var last storage.WithdrawalPage
		for {
			page, err := f.Withdrawals(ctx, q)
			require.NoError(t, err)
			for _, line := range page.Lines {
				if line.Subject == f.subject.ID {
					all = append(all, line)
				}
			}
			last = page
			if q.After = page.Next; page.Next == "" {
				break
			}
		}
		// Back to the newest, the same lines in the same order.
		var back []storage.Withdrawal
		for previous := last.Previous; previous != ""; {
			page, err := f.Withdrawals(ctx, storage.WithdrawalQuery{Kind: kind, Limit: limit, Before: previous})
			require.NoError(t, err)
			var those []storage.Withdrawal
			for _, line := range page.Lines {
				if line.Subject == f.subject.ID {
					those = append(those, line)
				}
			}
			back, previous = append(those, back...), page.Previous
		}
		require.Subset(t, all, back)
		require.GreaterOrEqual(t, len(back), len(all)-limit)
		return all
	}
	for _, limit := range []int{1, 3, 1000} {
		all := walk("", limit)
		require.Len(t, all, 2*rounds+1)
		require.Equal(t, record.Release, all[0].Move, "newest first")
		require.Equal(t, person, all[0].Record)
		require.Equal(t, "经核对", all[0].Reason)
		require.Equal(t, record.Restore, all[1].Move)
		require.Equal(t, settled, all[1].State)
		require.Len(t, walk(record.Practitioner, limit), 1)
	}
	for _, cursor := range []string{"x", "eCB5IHo", strings.Repeat("A", 300)} {
		page, err := f.Withdrawals(ctx, storage.WithdrawalQuery{After: cursor, Before: cursor, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, person, page.Lines[0].Record)
		require.Empty(t, page.Previous)
	}
	found, subject, err := f.RecordForStaff(ctx, award)
	require.NoError(t, err)
	require.Equal(t, award, found.ID)
	require.Equal(t, f.subject.Code, subject.Code)
	_, _, err = f.RecordForStaff(ctx, storage.NewID())
	require.Equal(t, record.NotFound, record.CodeOf(err))
}
