package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/form"
	"unireg/record/sample"
)

func TestB17_MarksTellTheSameThingHoweverItWasTyped(t *testing.T) {
	contract := func(name string, amount form.Decimal) string {
		d := sample.Performance(name, form.Reference{}, scan)
		d.ContractAmount = amount
		marks := record.MarksOf(d)
		require.Len(t, marks, 1)
		return marks[0].Value
	}
	want := contract("示范家园A区 一期", "128000000")
	for _, same := range []string{contract("示范家园Ａ区一期", "128000000.00"), contract(" 示范家园a区　一期", "0128000000.0")} {
		require.Equal(t, want, same)
	}
	for _, other := range []string{contract("示范家园A区二期", "128000000"), contract("示范家园A区一期", "128000000.01"), contract("示范家园A区一期", "12800000")} {
		require.NotEqual(t, want, other)
	}

	person := sample.Practitioner(sample.ResidentID(12), "周予安", scan)
	kinds := map[record.MarkKind]string{}
	for _, m := range record.MarksOf(person) {
		kinds[m.Kind] = m.Value
		require.NotEmpty(t, m.Kind.Label())
		require.NotContains(t, m.Shown, person.IDNumber)
	}
	require.Equal(t, map[record.MarkKind]string{
		record.MarkPerson: person.IDNumber, record.MarkRegistration: person.Registrations[0].No, record.MarkSafety: person.Safety[0].No,
	}, kinds)
	for _, blank := range []record.Document{&record.QualificationDocument{}, &record.PractitionerDocument{}, &record.PerformanceDocument{}, organization()} {
		require.Empty(t, record.MarksOf(blank))
	}
}
