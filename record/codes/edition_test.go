package codes

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// use has the tables answer from an edition for one test.
func use(t *testing.T, imported map[string][]Entry) *Edition {
	t.Helper()
	edition, err := NewEdition(1, imported)
	require.NoError(t, err)
	before := used.Load()
	Use(edition)
	t.Cleanup(func() { Use(before) })
	return edition
}

func TestAnEditionLiesOverWhatIsEmbedded(t *testing.T) {
	before := len(Regions.All())
	use(t, map[string][]Entry{
		"region": {
			{Code: "430199", Name: "示范新区", Parent: "430100", ValidFrom: "2026-01-01", Initials: "sfxq"},
			{Code: "430104", Name: "麓山区", Parent: "430100", Initials: "lsq"},
			{Code: "430105", Name: "开福区", Parent: "430100", ValidTo: "2025-12-31", Initials: "kfq"},
		},
		"no such table": {{Code: "1", Name: "x"}},
	})
	require.Len(t, Regions.All(), before+1)
	require.Equal(t, "湖南省长沙市麓山区", Regions.FullName("430104"))
	require.Equal(t, "湖南省长沙市开福区", Regions.FullName("430105"), "a retired code is still shown")
	children := codesOf(Regions.Children("430100"))
	require.Contains(t, children, "430199")
	require.NotContains(t, children, "430105")
	require.NotContains(t, codesOf(Regions.ChildrenOn("430100", "2025-12-31")), "430199")
	require.Contains(t, codesOf(Regions.ChildrenOn("430100", "2025-12-31")), "430105")
	require.Equal(t, "430199", Regions.Search("sfxq", 1)[0].Code)
	all := codesOf(Regions.All())
	require.True(t, slices.IsSorted(all), "a new code has its place in the order")
	Use(nil)
	require.Equal(t, "湖南省长沙市岳麓区", Regions.FullName("430104"))
	_, known := Regions.Lookup("430199")
	require.False(t, known)
}

func TestANewCodeStandsNearItsLike(t *testing.T) {
	use(t, map[string][]Entry{"post_certificate_type": {{Code: "0203", Name: "安全员", Parent: "02", Initials: "aqy"}}})
	require.Equal(t, []string{"0201", "0202", "0203", "021C", "0204"}, codesOf(PostCertificateTypes.All())[:5])
}

func TestDepthIsThatOfTheEdition(t *testing.T) {
	require.Equal(t, 3, Regions.Depth())
	require.Equal(t, 2, Industries.Depth())
	require.Equal(t, 3, QualificationMajors.Depth(), "tables above count")
	require.Equal(t, 1, Genders.Depth())
	use(t, map[string][]Entry{"industry": {{Code: "471", Name: "住宅房屋建筑", Parent: "47", Initials: "zzfwjz"}}})
	require.Equal(t, 3, Industries.Depth())
	require.Equal(t, 3, Regions.Depth())
}

func TestAnEditionWithACircleIsRefused(t *testing.T) {
	for name, entries := range map[string][]Entry{
		"itself": {{Code: "430000", Name: "湖南省", Parent: "430000"}},
		"two":    {{Code: "430000", Name: "湖南省", Parent: "430100"}, {Code: "430100", Name: "长沙市", Parent: "430000"}},
	} {
		_, err := NewEdition(1, map[string][]Entry{"region": entries})
		require.ErrorContains(t, err, "below itself", name)
	}
}

// The names of a path are of one edition, whatever is put in use meanwhile.
func TestACallAnswersFromOneEdition(t *testing.T) {
	edition := func(n int) *Edition {
		name := fmt.Sprintf("第%d版", n)
		e, err := NewEdition(1, map[string][]Entry{
			"qualification_class":  {{Code: "04", Name: name}},
			"qualification_series": {{Code: "1040A0", Name: name, Parent: "04"}},
			"qualification_major":  {{Code: "1040A010", Name: name, Parent: "1040A0"}},
		})
		require.NoError(t, err)
		return e
	}
	t.Cleanup(func() { Use(nil) })
	editions := []*Edition{edition(1), edition(2)}
	Use(editions[0])
	whole := map[string]bool{"第1版 / 第1版 / 第1版": true, "第2版 / 第2版 / 第2版": true}
	stop := make(chan struct{})
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					if name := QualificationMajors.FullName("1040A010"); !whole[name] {
						t.Errorf("a reader saw %q", name)
						return
					}
				}
			}
		})
	}
	for i := range 20_000 {
		Use(editions[i%2])
	}
	close(stop)
	group.Wait()
}
