package takeout

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var taken = regexp.MustCompile(`[<>:"/\\|?*\x00-\x1f\x7f]|[. ]$`)

func TestB25_NamesAreThoseThatWindowsTakes(t *testing.T) {
	for name, want := range map[string]string{
		"营业执照.pdf": "营业执照.pdf", `a<b>c:"d|e?f*.pdf`: "a_b_c__d_e_f_.pdf", "尾巴. .": "尾巴", "...": "_", "": "_", "执照 .pdf": "执照.pdf",
		strings.Repeat("长", 100) + ".jpeg": strings.Repeat("长", 38) + ".jpeg",
	} {
		require.Equal(t, want, safeName(name))
	}
	rapid.Check(t, func(t *rapid.T) {
		name := safeName(rapid.String().Draw(t, "name"))
		require.NotRegexp(t, taken, name)
		require.NotEmpty(t, name)
		require.LessOrEqual(t, len(name), maxName)
		require.True(t, utf8.ValidString(name))
	})
}
