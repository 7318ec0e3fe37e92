package record_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
)

// theTable says of every field of every kind whether everybody may read it. A
// field that stands in neither list fails the test: whoever adds one decides.
var theTable = map[record.Kind]struct{ public, kept string }{
	record.OrganizationProfile: {
		`legal_name legal_code body_type roles enterprise_type founded_on industry region address registered_capital capital_currency
		 licence_expires_on licence_long_term business_scope website`,
		`postcode representative_name representative_id_type representative_id_number representative_phone representative_title
		 agent_name agent_id_number agent_mobile email contact_address bank bank_branch account_name account_number
		 licence representative_card agent_authorization account_confirmation
		 connected.name connected.kind connected.id_type connected.id_number connected.unit connected.relations connected.share connected.since`,
	},
	record.PersonProfile: {},
	record.Qualification: {
		`certificate_no class issuer issuer_level issued_on expires_on long_term lines.major lines.grade lines.primary lines.approved_on lines.scope`,
		`certificate`,
	},
	record.Performance: {
		`project_name project_code section_code owner_name owner_code contract_class consortium members.name members.unit members.role region award_amount contract_amount currency
		 awarded_on signed_on started_on completed_on accepted_on structure area height floors span scale_other`,
		`members.share location settlement_amount manager description award_notice contract completion`,
	},
	record.Practitioner: {},
	record.Award: {
		`name level rank granted_by granted_on project_name document_title document_no`,
		`winners certificate`,
	},
}

// fieldNames are the names of all fields of a document, of rows behind their group.
func fieldNames(d record.Document) []string {
	var names []string
	for _, f := range d.Form(today).Fields() {
		if f.Widget != form.WidgetRows {
			names = append(names, f.Name)
			continue
		}
		for _, row := range f.Rows()[:1] {
			for _, inner := range row.Fields {
				names = append(names, f.Name+"."+inner.Local())
			}
		}
	}
	return names
}

func TestB12_EveryFieldOfEveryKindIsDisclosedOrNot(t *testing.T) {
	for _, kind := range record.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			row, known := theTable[kind]
			require.True(t, known, "nobody has said what of the kind is disclosed")
			public, kept := strings.Fields(row.public), strings.Fields(row.kept)
			require.Equal(t, len(public) > 0, kind.Disclosed())
			for _, name := range fieldNames(documentOf(kind)) {
				require.Equal(t, slices.Contains(public, name), record.Discloses(kind, name), name)
				if kind.Disclosed() {
					require.NotEqual(t, slices.Contains(public, name), slices.Contains(kept, name), "%s is decided once", name)
				}
			}
			for _, name := range append(public, kept...) {
				require.Contains(t, fieldNames(documentOf(kind)), name, "a field that there is not")
			}
		})
	}
}

// What is sensitive, an attachment, or a person is not disclosed, whoever edits the
// table.
func TestB12_NothingOfAPersonIsDisclosed(t *testing.T) {
	require.False(t, record.PersonProfile.Disclosed())
	require.False(t, record.Practitioner.Disclosed())
	refused := []form.Widget{form.WidgetFiles, form.WidgetPick, form.WidgetPicks}
	for _, kind := range record.Kinds() {
		d := documentOf(kind)
		for _, f := range d.Form(today).Leaves() {
			name := f.Name
			if group, _, of := strings.Cut(f.Name, "."); of {
				name = group + "." + f.Local()
			}
			if f.Sensitive || slices.Contains(refused, f.Widget) {
				require.False(t, record.Discloses(kind, name), "%s of %s", name, kind)
			}
		}
		content, err := json.Marshal(record.Public(kind, d))
		require.NoError(t, err)
		people := append(d.People(), "周予安", "陈明远", "6200000000004471", "13800006021", "13900007788", "agent@example.com", "扫描件", "示范银行")
		for _, text := range people {
			require.NotContains(t, string(content), text, kind)
		}
	}
}

func TestB12_WhatIsDisclosedReadsBackAndIsAllThatALineIsMadeOf(t *testing.T) {
	for _, kind := range record.DisclosedKinds() {
		t.Run(string(kind), func(t *testing.T) {
			d := documentOf(kind)
			text, err := json.Marshal(record.Public(kind, d))
			require.NoError(t, err)
			var content map[string]any
			require.NoError(t, json.Unmarshal(text, &content))
			public, err := record.ParsePublic(kind, content)
			require.NoError(t, err)
			again, err := json.Marshal(record.Public(kind, public))
			require.NoError(t, err)
			require.JSONEq(t, string(text), string(again))
			for _, f := range record.PublicForm(kind, d).Fields() {
				require.Equal(t, f.Display(), public.Form(today).Field(f.Name).Display(), f.Name)
			}
			for _, f := range public.Form(today).Leaves() {
				name := f.Name
				if group, _, of := strings.Cut(f.Name, "."); of {
					name = group + "." + f.Local()
				}
				require.True(t, f.Empty() || record.Discloses(kind, name), f.Name)
			}
			line, err := record.PublicLineOf(kind, d)
			require.NoError(t, err)
			require.Equal(t, d.Title(), line.Title)
			require.Len(t, line.Cells, len(record.PublicColumns(kind)))
			shown := strings.Join(append(append(line.Cells, line.Find...), line.Title), " ")
			for _, text := range append(d.People(), "周予安") {
				require.NotContains(t, shown, text)
			}
		})
	}
}

// What an earlier release disclosed and this one does not is not read any more.
func TestB12_WhatIsNotDisclosedAnyMoreIsNotRead(t *testing.T) {
	d, err := record.ParsePublic(record.OrganizationProfile, map[string]any{"legal_name": "示范建工", "agent_name": "周予安", "gone": "x"})
	require.NoError(t, err)
	unit, ok := d.(*record.OrganizationDocument)
	require.True(t, ok)
	require.Equal(t, "示范建工", unit.LegalName)
	require.Empty(t, unit.Agent.Name)
	_, err = record.ParsePublic("none", nil)
	require.Error(t, err)
}

func TestB12_ChangesAreToldByTheLabelsOfWhatIsDisclosed(t *testing.T) {
	before, after := sample.Organization(owner.Code, owner.Name, scan), sample.Organization(owner.Code, owner.Name, scan)
	after.Address, after.Agent.Mobile, after.Representative.Name = "新址 9 号", "13900000000", "刘志强"
	labels, err := record.PublicChanges(record.OrganizationProfile, before, after)
	require.NoError(t, err)
	require.Equal(t, []string{"注册地址"}, labels, "the others are nobody's business")

	one, two := sample.Qualification("D243000001", scan), sample.Qualification("D243000001", scan)
	two.Lines[1].Grade, two.Lines[0].Scope = two.Lines[0].Grade, "其他"
	labels, err = record.PublicChanges(record.Qualification, one, two)
	require.NoError(t, err)
	require.Equal(t, []string{"资质类型"}, labels)
	labels, err = record.PublicChanges(record.Qualification, one, one)
	require.NoError(t, err)
	require.Empty(t, labels)
}

func TestB12_AQualificationAnswersToItsClassSeriesMajorAndGrade(t *testing.T) {
	line, err := record.PublicLineOf(record.Qualification, sample.Qualification("D243000001", scan))
	require.NoError(t, err)
	path := codes.QualificationMajors.Path("1040A010")
	require.Len(t, path, 3)
	for _, entry := range path {
		require.Contains(t, line.Tags, record.QualificationTag(entry.Code, ""))
		require.Contains(t, line.Tags, record.QualificationTag(entry.Code, "11"))
	}
	require.Contains(t, line.Tags, record.QualificationTag("", "12"))
	require.NotContains(t, line.Tags, record.QualificationTag("1040A010", "12"), "the grade is another line's")
}

func TestB12_PractitionersAreCountedByWhatTheyHold(t *testing.T) {
	d := sample.Practitioner(sample.ResidentID(12), "周予安", scan)
	require.Equal(t, []record.Registered{{Type: "1511", Until: "2028-05-31"}}, record.RegisteredOf(d))
	again := d.Registrations[0]
	again.Majors = []form.Term{{Choice: form.Choice{Code: "1502"}, Until: "2029-01-31"}}
	revoked := d.Registrations[0]
	revoked.Type, revoked.Status = form.Choice{Code: "1512"}, form.Choice{Code: "9"}
	d.Registrations = append(d.Registrations, again, revoked)
	require.Equal(t, []record.Registered{{Type: "1511", Until: "2029-01-31"}}, record.RegisteredOf(d), "once, through its last day, and nothing that does not count")
	require.Empty(t, record.RegisteredOf(sample.Award("奖", scan)))
}
