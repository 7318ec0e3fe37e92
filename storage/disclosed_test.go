package storage_test

import (
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/certificate/certificatetest"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/record/sample"
	"unireg/storage"
)

// entryOf is an entry of a table as a form stores it.
func entryOf(table *codes.Table, code string) form.Choice {
	entry, _ := table.Lookup(code)
	name := entry.Name
	if table.Hierarchical() {
		name = table.FullName(code)
	}
	return form.Choice{Code: code, Name: name}
}

func TestB12_SearchFindsByNameInitialsCodeRegionRoleAndQualification(t *testing.T) {
	f := newFirm(t, certificatetest.New(t, "", ""))
	d := f.document0(t)
	number := freshNumber()
	d.LegalName = fmt.Sprintf("橘洲云帆%d建设有限公司", number)
	d.Account.Name = d.LegalName
	d.Region = entryOf(codes.Regions, "430224")
	d.Roles = []form.Choice{entryOf(codes.OrganizationRoles, codes.RoleTenderAgent), entryOf(codes.OrganizationRoles, codes.RoleBidder)}
	f.write(t, f.profile, d)
	f.submitProfile(t)
	qualification, ok := f.document(t, record.Qualification, freshNumber()).(*record.QualificationDocument)
	require.True(t, ok)
	id := f.inForce(t, record.Qualification, qualification)
	performance := sample.Performance(fmt.Sprintf("洋湖湿地%d期", number), form.Reference{ID: "p", Name: "周予安"}, f.file(t))
	performance.ProjectCode = fmt.Sprintf("YH-%d", number)
	f.inForce(t, record.Performance, performance)

	unit, line, project := []string{d.LegalName}, []string{qualification.Title()}, []string{performance.Title()}
	for name, c := range map[string]struct {
		q    storage.DisclosureQuery
		want []string
	}{
		"a part of the name":             {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: fmt.Sprintf("云帆%d", number)}, unit},
		"two parts":                      {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: fmt.Sprintf("橘洲  %d建设", number)}, unit},
		"initials":                       {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: fmt.Sprintf("JZYF%djs", number)}, unit},
		"the code":                       {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: " " + f.subject.Code + " "}, unit},
		"the code, on another kind":      {storage.DisclosureQuery{Kind: record.Qualification, Text: f.subject.Code}, line},
		"characters that stand apart":    {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: fmt.Sprintf("橘云洲帆%d", number)}, nil},
		"wildcards":                      {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: "橘%帆_"}, nil},
		"neither letter nor digit":       {storage.DisclosureQuery{Kind: record.OrganizationProfile, Text: "%%"}, nil},
		"the name of a person within":    {storage.DisclosureQuery{Kind: record.Performance, Unit: f.subject.Code, Text: "周予安"}, nil},
		"the unit's name, on a kind":     {storage.DisclosureQuery{Kind: record.Performance, Text: fmt.Sprintf("云帆%d", number)}, project},
		"the unit and the project":       {storage.DisclosureQuery{Kind: record.Performance, Text: fmt.Sprintf("云帆%d 洋湖", number)}, project},
		"the project's number":           {storage.DisclosureQuery{Kind: record.Performance, Text: fmt.Sprintf("yh-%d", number)}, project},
		"the certificate's number":       {storage.DisclosureQuery{Kind: record.Qualification, Text: qualification.CertificateNo}, line},
		"its province":                   {storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Region: "43"}, unit},
		"its county":                     {storage.DisclosureQuery{Kind: record.OrganizationProfile, Region: "430224", Text: d.LegalName}, unit},
		"another city":                   {storage.DisclosureQuery{Kind: record.OrganizationProfile, Region: "4301", Text: d.LegalName}, nil},
		"the region of the unit":         {storage.DisclosureQuery{Kind: record.Qualification, Unit: f.subject.Code, Region: "4302"}, line},
		"its role":                       {storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Role: codes.RoleTenderAgent}, unit},
		"another role":                   {storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Role: codes.RoleSupplier}, nil},
		"a major":                        {storage.DisclosureQuery{Kind: record.Qualification, Unit: f.subject.Code, Class: "1040A010"}, line},
		"a class with a grade":           {storage.DisclosureQuery{Kind: record.Qualification, Unit: f.subject.Code, Class: "04", Grade: "12"}, line},
		"a major with another's grade":   {storage.DisclosureQuery{Kind: record.Qualification, Unit: f.subject.Code, Class: "1040A010", Grade: "12"}, nil},
		"a unit by what it holds":        {storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Class: "1040A0", Grade: "11"}, unit},
		"a unit by what it does not":     {storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Class: "10152003"}, nil},
		"a kind that nobody may look at": {storage.DisclosureQuery{Kind: record.Practitioner, Unit: f.subject.Code}, nil},
		"persons":                        {storage.DisclosureQuery{Kind: record.PersonProfile}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			page, err := f.Disclosed(t.Context(), storage.DisclosureQuery{
				Kind: c.q.Kind, Text: c.q.Text, Unit: c.q.Unit, Region: c.q.Region, Role: c.q.Role, Class: c.q.Class, Grade: c.q.Grade, Limit: 10,
			})
			require.NoError(t, err)
			var titles []string
			for _, l := range page.Lines {
				titles = append(titles, l.Title)
			}
			require.Equal(t, c.want, titles)
		})
	}
	f.move(t, id, record.Void, f.byKey())
	require.Empty(t, f.found(t, storage.DisclosureQuery{Kind: record.OrganizationProfile, Unit: f.subject.Code, Class: "04"}), "what is voided is not held")
}

func TestB12_PagesTurnBothWaysAndComeToAnEnd(t *testing.T) {
	f := newPublicFirm(t, certificatetest.New(t, "", ""))
	ctx := t.Context()
	const lines = storage.DisclosedPages + 3
	for range lines {
		f.inForce(t, record.Award, f.document(t, record.Award, freshNumber()))
	}
	_, err := f.app.NewRaw("UPDATE disclosures SET changed_at = date_trunc('hour', changed_at) WHERE subject = ?", f.subject.ID).Exec(ctx)
	require.NoError(t, err)
	whole := f.found(t, f.own(record.Award))
	require.Len(t, whole, lines)
	for _, limit := range []int{1, 7, lines} {
		q := f.own(record.Award)
		q.Limit = limit
		var forwards, last []string
		var pages []storage.DisclosurePage
		for {
			page, err := f.Disclosed(ctx, q)
			require.NoError(t, err)
			require.Equal(t, len(pages)+1, page.No)
			last = nil
			for _, l := range page.Lines {
				last = append(last, l.Title)
			}
			forwards, pages = append(forwards, last...), append(pages, page)
			if q.After = page.Next; q.After == "" {
				require.Equal(t, len(forwards) < lines, page.Cut)
				break
			}
		}
		require.LessOrEqual(t, len(pages), storage.DisclosedPages)
		require.Equal(t, whole[:min(lines, limit*storage.DisclosedPages)], forwards, "by %d", limit)
		for at := len(pages) - 1; at > 1; at-- {
			back := q
			back.After, back.Before = "", pages[at].Previous
			page, err := f.Disclosed(ctx, back)
			require.NoError(t, err)
			require.Equal(t, pages[at-1].Lines, page.Lines)
			require.Equal(t, pages[at-1].No, page.No)
		}
	}
	t.Run("nobody comes further by writing a cursor", func(t *testing.T) {
		q := f.own(record.Award)
		q.Limit = 1
		first, err := f.Disclosed(ctx, q)
		require.NoError(t, err)
		ours, err := base64.RawURLEncoding.DecodeString(first.Next)
		require.NoError(t, err)
		forged := append([]byte{}, ours...)
		forged[len(forged)-1]++
		for _, cursor := range []string{"x", "%", base64.RawURLEncoding.EncodeToString(forged), base64.RawURLEncoding.EncodeToString([]byte("1/" + string(f.profile) + "/2026-01-01T00:00:00Z"))} {
			q.After = cursor
			page, err := f.Disclosed(ctx, q)
			require.NoError(t, err)
			require.Equal(t, first.Lines, page.Lines)
			q.After, q.Before = "", cursor
			page, err = f.Disclosed(ctx, q)
			require.NoError(t, err)
			require.Equal(t, first.Lines, page.Lines)
			q.Before = ""
		}
	})
	t.Run("recent changes are listed to their end", func(t *testing.T) {
		seen := map[string]bool{}
		for after := ""; ; {
			changes, next, err := f.RecentDisclosures(ctx, record.Award, after, 10)
			require.NoError(t, err)
			for _, c := range changes {
				require.False(t, c.Code == f.subject.Code && seen[c.Title], c.Title)
				seen[c.Title] = seen[c.Title] || c.Code == f.subject.Code
			}
			if after = next; after == "" {
				break
			}
		}
		for _, title := range whole {
			require.True(t, seen[title], title)
		}
		_, err := f.owner.NewRaw("UPDATE disclosure_changes SET at = at - interval '31 days' WHERE subject = ?", f.subject.ID).Exec(ctx)
		require.NoError(t, err)
		changes, _, err := f.RecentDisclosures(ctx, record.Award, "", 1000)
		require.NoError(t, err)
		for _, c := range changes {
			require.NotEqual(t, f.subject.Code, c.Code)
		}
	})
}
