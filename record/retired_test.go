package record_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
)

// retire has a code of each table end on a day, for one test, and returns those
// codes by table.
func retire(t *testing.T, day string) map[string]codes.Entry {
	t.Helper()
	ended, imported := map[string]codes.Entry{}, map[string][]codes.Entry{}
	for _, name := range codes.Names() {
		table, _ := codes.Named(name)
		for _, e := range table.Entries() {
			if e.ValidFrom == "" && len(table.Children(e.Code)) == 0 {
				e.ValidTo = day
				ended[name], imported[name] = e, []codes.Entry{e}
				break
			}
		}
	}
	edition, err := codes.NewEdition(1, imported)
	require.NoError(t, err)
	codes.Use(edition)
	t.Cleanup(func() { codes.Use(nil) })
	return ended
}

// What was accepted on a code's last day counts, whenever it is applied; the day
// begins and ends in Shanghai.
func TestEveryKindJudgesCodesByTheDayOfFiling(t *testing.T) {
	ended := retire(t, "2020-06-30")
	lastMinute := time.Date(2020, 6, 30, 23, 59, 0, 0, record.Shanghai)
	firstMinute := time.Date(2020, 7, 1, 0, 1, 0, 0, record.Shanghai)
	require.Equal(t, 30, firstMinute.UTC().Day(), "it is still the last day in UTC")
	for _, kind := range record.Kinds() {
		definition, _ := record.DefinitionOf(kind)
		document := definition.New()
		for _, field := range document.Form(today).Fields() {
			if field.Table == nil || field.Fixed {
				continue
			}
			entry := ended[field.Table.Name()]
			document.Form(today).Bind(map[string][]string{field.Name: {entry.Code}}, form.Lookup{})
			require.Empty(t, document.Form(lastMinute).Field(field.Name).Problem(), "%s %s", kind, field.Name)
			for _, later := range []time.Time{firstMinute, firstMinute.UTC(), {}} {
				require.Equal(t, "所选的“"+entry.Name+"”自 2020-07-01 起停用，请重新选择",
					document.Form(later).Field(field.Name).Problem(), "%s %s %s", kind, field.Name, later)
			}
			require.NotEmpty(t, document.Form(firstMinute).Field(field.Name).Display(), "it is still shown")
		}
	}
}

func TestACodeOfTheFutureCannotBeChosenYet(t *testing.T) {
	edition, err := codes.NewEdition(1, map[string][]codes.Entry{"region": {{Code: "430199", Name: "示范新区", Parent: "430100", ValidFrom: "2027-01-01"}}})
	require.NoError(t, err)
	codes.Use(edition)
	t.Cleanup(func() { codes.Use(nil) })
	d := person()
	d.Form(today).Bind(map[string][]string{"region": {"430000", "430100", "430199"}}, form.Lookup{})
	require.Equal(t, "湖南省长沙市示范新区", d.Region.Name)
	require.Contains(t, d.Form(today).Field("region").Problem(), "自 2027-01-01 起才能选用")
	require.Empty(t, d.Form(today.AddDate(1, 0, 0)).Field("region").Problem())
}

// Who registered with a document of a type that ended since still files: the
// field is fixed, nothing can be chosen in it.
func TestWhatRegistrationFixedOutlivesItsCode(t *testing.T) {
	retired := retire(t, "2020-06-30")["id_document_type"]
	d := person()
	d.IDType = form.Choice{Code: retired.Code, Name: retired.Name}
	require.Empty(t, d.Form(today).Field("id_type").Problem())
}
