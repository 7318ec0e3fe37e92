package record_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

func TestB18ScopeCovers(t *testing.T) {
	const yuelu, hengyang, guangzhou = "430104", "430400", "440106"
	reviewer := record.Scope{Role: record.Reviewer}
	hunan := record.Scope{Role: record.Confirmer, Regions: []string{"43"}}
	changsha := record.Scope{Role: record.Supervisor, Regions: []string{"4301", "440106"}}
	awards := record.Scope{Role: record.Reviewer, Regions: []string{"430104"}, Kinds: []record.Kind{record.Award, record.Performance}}
	for name, c := range map[string]struct {
		scope  record.Scope
		kind   record.Kind
		region string
		filing record.Filing
		want   bool
	}{
		"no limits":                            {reviewer, record.Award, guangzhou, record.UnderReview, true},
		"a reviewer's second review":           {reviewer, record.Award, guangzhou, record.SecondReview, false},
		"a province has its counties":          {hunan, record.Award, yuelu, record.UnderReview, true},
		"a province has its cities":            {hunan, record.Award, hengyang, record.SecondReview, true},
		"another province":                     {hunan, record.Award, guangzhou, record.UnderReview, false},
		"a city has its counties":              {changsha, record.Award, yuelu, record.SecondReview, true},
		"another city":                         {changsha, record.Award, hengyang, record.UnderReview, false},
		"the second of two regions":            {changsha, record.Award, guangzhou, record.UnderReview, true},
		"a county has not its city's filings":  {awards, record.Award, "430100", record.UnderReview, false},
		"region and kind":                      {awards, record.Award, yuelu, record.UnderReview, true},
		"another kind":                         {awards, record.Qualification, yuelu, record.UnderReview, false},
		"an unknown region is everybody's":     {awards, record.Performance, "", record.UnderReview, true},
		"but not for another kind":             {awards, record.Practitioner, "", record.UnderReview, false},
		"a record at rest":                     {changsha, record.Award, yuelu, record.NothingFiled, true},
		"no staff":                             {record.Scope{Role: record.Applicant}, record.Award, yuelu, record.UnderReview, false},
		"nobody":                               {record.Scope{}, record.Award, "", record.UnderReview, false},
		"the clock, which has no desk of ours": {record.Scope{Role: record.Clock}, record.Award, "", record.UnderReview, false},
	} {
		require.Equal(t, c.want, c.scope.Covers(c.kind, c.region, c.filing), name)
	}
}

func TestB18ScopeIsChecked(t *testing.T) {
	kept, err := record.CheckScope(record.Scope{
		Role: record.Reviewer, Regions: []string{"440106", "430104", "430100", "4301", "44"},
		Kinds: []record.Kind{record.Award, record.OrganizationProfile, record.Award},
	})
	require.NoError(t, err)
	require.Equal(t, record.Scope{
		Role: record.Reviewer, Regions: []string{"4301", "44"}, Kinds: []record.Kind{record.OrganizationProfile, record.Award},
	}, kept)
	again, err := record.CheckScope(kept)
	require.NoError(t, err)
	require.True(t, kept.Same(again))
	require.False(t, kept.Same(record.Scope{Role: record.Confirmer, Regions: kept.Regions, Kinds: kept.Kinds}))
	require.False(t, kept.Same(record.Scope{Role: record.Reviewer, Kinds: kept.Kinds}))
	require.False(t, kept.Same(record.Scope{Role: record.Reviewer, Regions: kept.Regions}))

	for name, wrong := range map[string]record.Scope{
		"role":            {Role: record.Applicant},
		"no role":         {},
		"region":          {Role: record.Reviewer, Regions: []string{"990000"}},
		"half a region":   {Role: record.Reviewer, Regions: []string{"4"}},
		"three digits":    {Role: record.Reviewer, Regions: []string{"430"}},
		"no region":       {Role: record.Reviewer, Regions: []string{""}},
		"too many digits": {Role: record.Reviewer, Regions: []string{"43010401"}},
		"kind":            {Role: record.Reviewer, Kinds: []record.Kind{"licence"}},
	} {
		_, err := record.CheckScope(wrong)
		require.Equal(t, record.Invalid, record.CodeOf(err), name)
	}
	require.Equal(t, "湖南省长沙市", record.RegionOf("4301"))
	require.Equal(t, "湖南省", record.RegionOf("43"))
	require.Empty(t, record.RegionOf("99"))
}
