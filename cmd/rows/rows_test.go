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

func TestTheTableOfSecurityNamesTheTestsThatThereAre(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	fresh, err := withTests(string(text), "../..")
	require.NoError(t, err)
	require.Equal(t, fresh, string(text), "run make generate")
	var ids []string
	for line := range strings.Lines(fresh) {
		if row := tableRow.FindStringSubmatch(strings.TrimRight(line, "\n")); row != nil {
			ids = append(ids, row[1])
			require.NotEmpty(t, strings.TrimSpace(row[2]), row[1])
			require.NotEmpty(t, strings.TrimSpace(row[3]), "nothing keeps %s", row[1])
		}
	}
	var want []string
	for n := 1; n <= 38; n++ {
		want = append(want, fmt.Sprintf("W%d", n))
	}
	require.Equal(t, want, ids)
}

func TestTestsAreNamedByTheirFolders(t *testing.T) {
	root := t.TempDir()
	for name, source := range map[string]string{
		"web/a_test.go":  "package web\n\nfunc TestW5_One(t *testing.T) {}\nfunc TestW5_W6_Two(t *testing.T) {}\nfunc helperW5() {}\n",
		"form/b_test.go": "package form\n\nfunc FuzzW6_Bytes(f *testing.F) {}\nfunc TestSM2Keys(t *testing.T) {}\n", "web/c.go": "package web\n\nfunc TestW6Not() {}\n",
		"node_modules/d_test.go": "package d\n\nfunc TestW5_Theirs(t *testing.T) {}\n",
	} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(source), 0o600))
	}
	document := filepath.Join(root, "table.md")
	require.NoError(t, os.WriteFile(document, []byte("# Table\n\n| row | promise | kept by |\n|---|---|---|\n| W5 | words | old |\n| W6 | limits |  |\n| W7 | by hand | `make check` |\n"), 0o600))
	require.NoError(t, run([]string{"tests", document, root}, nil, nil))
	text, err := os.ReadFile(document)
	require.NoError(t, err)
	require.Contains(t, string(text), "| W5 | words | web: `TestW5_One` `TestW5_W6_Two` |\n")
	require.Contains(t, string(text), "| W6 | limits | form: `FuzzW6_Bytes`<br>web: `TestW5_W6_Two` |\n")
	require.Contains(t, string(text), "| W7 | by hand | `make check` |\n")
	require.Error(t, run([]string{"tests", filepath.Join(root, "none"), root}, nil, nil))
}
