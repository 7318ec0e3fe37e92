package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record/codes"
)

// sheet writes a file of codes and returns its path.
func sheet(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "codes.csv")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestCodesFromTheCommandLine(t *testing.T) {
	environment, database := system(t)
	day := func(days int) string { return codes.CivilDate(time.Now().AddDate(0, 0, days)) }
	tomorrow, begins, last, ends := day(1), day(40), day(99), day(100)
	spreadsheet := sheet(t, "\ufeff代码,名称,上级代码\r\n430199,示范新区(一),430100\r\n430104,麓山区,430100\r\n")

	code, said := run(t, environment, "", "codes", "import", spreadsheet)
	require.Equal(t, 1, code)
	require.Contains(t, said, "does not say which table it is")
	code, said = run(t, environment, "", "codes", "import", spreadsheet, "--table", "regions")
	require.Equal(t, 1, code)
	require.Contains(t, said, `there is no table "regions", but region, industry`)
	code, said = run(t, environment, "", "codes", "import", spreadsheet, "--table", "region", "--from", "1.1.2027")
	require.Equal(t, 1, code)
	require.Contains(t, said, "--from 1.1.2027 is no date")

	code, said = run(t, environment, "", "codes", "import", spreadsheet, "--table", "region", "--dry-run")
	require.Zero(t, code, said)
	require.Equal(t, "new      430199  示范新区（一） below 430100, from "+tomorrow+"\nrenamed  430104  岳麓区 → 麓山区\n"+
		"table region: 1 new, 1 renamed\ndry run: nothing was imported\n", said)
	code, said = run(t, environment, "", "codes", "list")
	require.Zero(t, code, said)
	require.Regexp(t, `region +\d+ +\d+ +0 +never\n`, said)

	code, said = run(t, environment, "", "codes", "import", spreadsheet, "--table", "region", "--from", begins)
	require.Zero(t, code, said)
	require.Contains(t, said, "示范新区（一） below 430100, from "+begins)
	require.Contains(t, said, "edition 1\n")
	code, said = run(t, environment, "", "codes", "list")
	require.Zero(t, code, said)
	require.Regexp(t, `region +\d+ +\d+ +1 +`+codes.CivilDate(time.Now())+`\n`, said)

	code, exported := run(t, environment, "", "codes", "export", "region")
	require.Zero(t, code, exported)
	require.Contains(t, exported, "# table: region, edition 1\ncode\tname\tparent\tvalid_from\tvalid_to\tinitials\n")
	require.Contains(t, exported, "430199\t示范新区（一）\t430100\t"+begins+"\t\tsfxqy\n")
	require.Contains(t, exported, "430104\t麓山区\t430100\t\t\tlsq\n")
	code, said = run(t, environment, exported, "codes", "import", "-", "--complete")
	require.Zero(t, code, said)
	require.Equal(t, "table region: nothing to change\nedition 1\n", said, "what was exported is what stands")

	without := strings.ReplaceAll(exported, "430105\t开福区\t430100\t\t\tkfq\n", "")
	require.NotEqual(t, exported, without)
	code, said = run(t, environment, without, "codes", "import", "-", "--complete", "--from", ends)
	require.Zero(t, code, said)
	require.Contains(t, said, "retired  430105  开福区, last day "+last+"\ntable region: 1 retired\nedition 2\n")
	code, said = run(t, environment, "# table: region\ncode,name,valid_to\n430105,开福区,\n", "codes", "import", "-")
	require.Zero(t, code, said)
	require.Contains(t, said, "reopened  430105  开福区, was to end on "+last+"\n")

	code, said = run(t, environment, "# table: region\ncode,name,parent\n430198,,430100\n430197,示范区,439900\n", "codes", "import", "-")
	require.Equal(t, 1, code)
	require.Equal(t, "unireg: line 3: the name is missing\nunireg: line 4: 430197 lies below 439900, which does not exist\nunireg: nothing was imported\n", said)
	code, said = run(t, environment, "# table: region\ncode,name\n", "codes", "import", "-", "--table", "industry")
	require.Equal(t, 1, code)
	require.Equal(t, "unireg: the file is table region, not industry\nunireg: the file has a heading and no code\n", said)

	var events int
	require.NoError(t, database.App.NewRaw("SELECT count(*) FROM events WHERE type = 'codes_imported'").Scan(t.Context(), &events))
	require.Equal(t, 3, events)
}

func TestARunningPortalAndWorkerNoticeImportedCodes(t *testing.T) {
	listen := freeAddress(t)
	environment, _ := system(t, "UNIREG_LISTEN="+listen, "UNIREG_ORIGIN=http://"+listen)
	code, said := run(t, environment, "# table: region\ncode,name,parent\n430104,麓山区,430100\n", "codes", "import", "-")
	require.Zero(t, code, said)
	portal, worker := start(t, environment, "", "web"), start(t, environment, "", "worker")
	portal.await("portal listens")
	worker.await("worker serves")
	status, body := get(t, "http://"+listen+"/codes/region?q=430104")
	require.Equal(t, http.StatusOK, status)
	require.JSONEq(t, `[{"code":"430104","name":"湖南省长沙市麓山区","path":["430000","430100","430104"],"leaf":true}]`, body, "what was imported before the start is known from the start")

	code, said = run(t, environment, "# table: region\ncode,name,parent,valid_from\n430199,示范新区,430100,2026-01-01\n", "codes", "import", "-")
	require.Zero(t, code, said)
	require.Eventually(t, func() bool {
		_, body := get(t, "http://"+listen+"/codes/region?q=sfxq")
		return strings.Contains(body, "湖南省长沙市示范新区")
	}, time.Minute, 200*time.Millisecond, "within a minute")
	worker.await(`code tables changed.* edition=2`)
	for _, p := range []*program{portal, worker} {
		require.NoError(t, p.command.Process.Signal(syscall.SIGTERM))
		require.Zero(t, p.exit(), p.output.String())
	}
}
