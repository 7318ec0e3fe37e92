package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDoctorNamesWhatIsBroken(t *testing.T) {
	namespace := makeNamespace(t, 30*24*time.Hour)
	t.Run("nothing is", func(t *testing.T) {
		p := healthy(t, namespace)
		p.inhabit()
		p.scanner(0)
		code, said := run(t, p.environ(), "", "doctor")
		require.Zero(t, code, said)
		require.NotContains(t, said, "FAULT")
		for _, part := range []string{
			"settings", "page files", "proxies", "database", "role", "search", "schema", "keys", "object store", "virus scan", "Temporal",
		} {
			require.Regexp(t, `(?m)^ok +`+part+` `, said)
		}
	})
	for _, b := range breakages {
		t.Run(b.what, func(t *testing.T) {
			code, said := b.diagnose(t, namespace)
			require.Equal(t, 1, code, said)
			fault := regexp.MustCompile(`(?m)^FAULT (.{14}) (.*)\n(?: +cause: .*\n)? +next:  (.*)$`).FindStringSubmatch(said)
			require.NotNil(t, fault, said)
			require.Equal(t, []string{b.part, b.says, b.next}, []string{strings.TrimSpace(fault[1]), fault[2], fault[3]}, said)
			require.NotContains(t, said, "another-4711", "no secret is told")
			require.NotContains(t, said, "another-secret-4711", "no secret is told")
		})
	}
}

func TestDoctorTellsAllFaultsAtOnceInTheirOrder(t *testing.T) {
	p := healthy(t, "unireg-lost")
	p.set("UNIREG_DATABASE_URL", "postgres://unireg_app:another-4711@"+p.away("SERVER")+"/unireg")
	p.set("UNIREG_S3_BUCKET", "unireg-lost")
	p.set("UNIREG_TRUSTED_PROXIES", "")
	p.set("UNIREG_REVIEW_DAYS", "0")
	code, said := run(t, p.environ(), "", "doctor")
	require.Equal(t, 1, code)
	var parts []string
	for _, fault := range regexp.MustCompile(`(?m)^FAULT (.{14})`).FindAllStringSubmatch(said, -1) {
		parts = append(parts, strings.TrimSpace(fault[1]))
	}
	require.Equal(t, []string{"settings", "proxies", "database", "object store", "Temporal"}, parts, said)
	require.Contains(t, said, "unireg: 5 faults")
	for _, part := range []string{"role", "search", "schema", "keys"} {
		require.Regexp(t, `(?m)^- +`+part+` +not examined: it needs the database$`, said)
	}
	require.Regexp(t, `(?m)^- +worker +not examined: it needs the Temporal$`, said)
}

// The lines of docs/operators.md between which the table of breakages stands.
const (
	tableBegin = "<!-- breakages: written by the tests -->"
	tableEnd   = "<!-- end of breakages -->"
)

// breakageTable is the table as the guide has it.
func breakageTable() string {
	var b strings.Builder
	b.WriteString("| broken | `FAULT` | says | next |\n|---|---|---|---|\n")
	escape := strings.NewReplacer("|", `\|`)
	for _, x := range breakages {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", escape.Replace(x.what), x.part, escape.Replace(x.says), escape.Replace(x.next))
	}
	return b.String()
}

func TestOperatorsGuideHasTheDoctorsWords(t *testing.T) {
	const guide = "../../docs/operators.md"
	content, err := os.ReadFile(guide)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(content), tableBegin+"\n")
	require.True(t, ok, "the guide has no line %q", tableBegin)
	table, after, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok, "the guide has no line %q", tableEnd)
	if os.Getenv("UNIREG_WRITE_GUIDE") != "" {
		require.NoError(t, os.WriteFile(guide, []byte(before+tableBegin+"\n"+breakageTable()+tableEnd+after), 0o600))
		return
	}
	require.Equal(t, breakageTable(), table, "UNIREG_WRITE_GUIDE=1 go test -run OperatorsGuide ./cmd/unireg writes it")
}
