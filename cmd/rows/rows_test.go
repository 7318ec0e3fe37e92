package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIDsAreWordsOfANameOnly(t *testing.T) {
	for name, want := range map[string][]string{
		"TestS06_LogsInByName":                   {"S06"},
		"TestT5OneCommandDeliveredHundredTimes":  {"T5"},
		"TestLogin/S06_logs_in_by_name":          {"S06"},
		"TestJourney/S10_and_S11,_then_B06":      {"S10", "S11", "B06"},
		"TestT8T9LostAnswers":                    {"T8", "T9"},
		"TestS061":                               nil,
		"TestSHA256AndRS256":                     nil,
		"TestT5lowercase":                        nil,
		"TestS06_LogsIn/S06_again":               {"S06"},
		"TestPages/注册_S02":                       {"S02"},
		"TestUTF8":                               nil,
		"TestW25PathVariants/%2e_and_W19_matrix": {"W25", "W19"},
	} {
		require.Equal(t, want, idsIn(name), name)
	}
}

// stream is what go test -json writes of two packages, one of which does not
// compile.
const stream = `{"Action":"start","Package":"unireg/e2e"}
{"Action":"run","Package":"unireg/e2e","Test":"TestS01StartPage"}
{"Action":"output","Package":"unireg/e2e","Test":"TestS01StartPage","Output":"quiet\n"}
{"Action":"pass","Package":"unireg/e2e","Test":"TestS01StartPage","Elapsed":0.1}
{"Action":"run","Package":"unireg/e2e","Test":"TestS02Register"}
{"Action":"output","Package":"unireg/e2e","Test":"TestS02Register","Output":"    loud\n"}
{"Action":"fail","Package":"unireg/e2e","Test":"TestS02Register","Elapsed":0.1}
{"Action":"output","Package":"unireg/e2e","Test":"TestDies","Output":"panic: at once\n"}
{"Action":"output","Package":"unireg/e2e","Output":"FAIL\tunireg/e2e\t0.2s\n"}
{"Action":"fail","Package":"unireg/e2e","Elapsed":0.2}
{"Action":"pass","Package":"unireg/access","Test":"TestS03Known"}
{"Action":"pass","Package":"unireg/access","Test":"TestB09Reset"}
{"Action":"output","Package":"unireg/access","Output":"ok  \tunireg/access\t0.2s\n"}
{"ImportPath":"unireg/web","Action":"build-output","Output":"web.go:1: broken\n"}
not json
`

func TestShowPrintsPackagesAndWhatFailedTestsSaid(t *testing.T) {
	var out strings.Builder
	require.NoError(t, show(strings.NewReader(stream), &out))
	require.Equal(t, "    loud\nFAIL\tunireg/e2e\t0.2s\npanic: at once\nok  \tunireg/access\t0.2s\nweb.go:1: broken\nnot json\n", out.String())
}

func TestCheckOwesWhatAFinishedStagePromised(t *testing.T) {
	dir := t.TempDir()
	list, results := filepath.Join(dir, "rows.tsv"), filepath.Join(dir, "test.json")
	require.NoError(t, os.WriteFile(results, []byte(stream), 0o600))
	for _, test := range []struct{ name, rows, want string }{
		{"kept in the browser", "S01\t1\tStart page\n", ""},
		{"failed", "S02\t1\tRegister\n", "no passed test keeps: S02 (no browser test)"},
		{"kept elsewhere only", "S03\t1\tKnown\n", "no passed test keeps: S03 (no browser test)"},
		{"other rows take any test", "B09\t1\tPassword\n", ""},
		{"nobody", "B10\t1\tExpiry\nN02\t1\tOutage\n", "no passed test keeps: B10, N02"},
		{"a later stage", fmt.Sprintf("S20\t%d\tQualifications\n", finished+1), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(list, []byte("# id\tstage\ttitle\n"+test.rows), 0o600))
			var out strings.Builder
			err := run([]string{"check", list, results}, nil, &out)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.want)
			}
			require.Contains(t, out.String(), test.rows[:3])
		})
	}
}

func TestTheCommittedListIsSound(t *testing.T) {
	rows, err := readRows("../../docs/rows.tsv")
	require.NoError(t, err)
	families := map[byte]int{}
	for _, row := range rows {
		families[row.ID[0]]++
	}
	require.Equal(t, map[byte]int{'S': 31, 'B': 25, 'N': 11}, families)
}

func TestCountNamesSkippedTestsAndRefusesThemWhereNoneMayBe(t *testing.T) {
	var out strings.Builder
	results := []result{{"p", "TestA", "pass"}}
	require.NoError(t, count(results, true, &out))
	require.Equal(t, "tests: 1 passed, 0 failed, 0 skipped\n", out.String())
	results = append(results, result{"p", "TestB", "skip"})
	require.NoError(t, count(results, false, &out))
	require.Contains(t, out.String(), "skipped: p TestB\n")
	require.Error(t, count(results, true, &out))
}
