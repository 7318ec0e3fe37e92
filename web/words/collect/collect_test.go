package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// here is the root of the code, from this package.
const here = "../../.."

// verbs are the values that a format takes: their places and kinds.
func verbs(format string) map[int]string {
	all, next := map[int]string{}, 0
	for _, found := range regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0-9.]*([a-zA-Z%])`).FindAllStringSubmatch(format, -1) {
		if found[2] == "%" {
			continue
		}
		next++
		if found[1] != "" {
			next = int(found[1][0] - '0')
		}
		all[next] = found[2]
	}
	return all
}

// B24: nothing on a page, and nothing that a script says, stays Chinese in English.
func TestNoChineseOutsideOfTheCatalogue(t *testing.T) {
	found, err := collect(here)
	require.NoError(t, err)
	require.Empty(t, found.faults)
}

// B24: every source has its English, with the same values and no Chinese left.
func TestEverySourceHasItsEnglish(t *testing.T) {
	found, err := collect(here)
	require.NoError(t, err)
	po, err := os.ReadFile("../" + englishPO)
	require.NoError(t, err)
	english := read(po)
	for _, s := range found.sources {
		e := english[s.text]
		require.NotEmpty(t, e.other, "%s has no English: run `make generate` and write it into web/words/en.po", s.text)
		for _, text := range []string{e.one, e.other} {
			if text == "" {
				continue
			}
			if s.format {
				require.Equal(t, verbs(s.text), verbs(text), "the values of %q", s.text)
			}
			require.False(t, chinese(text), "%q is in Chinese still", text)
		}
	}
}

// B24: what no code says any more is gone from the catalogue, and what scripts say is
// in their module.
func TestCatalogueIsUpToDate(t *testing.T) {
	found, err := collect(here)
	require.NoError(t, err)
	po, err := os.ReadFile("../" + englishPO)
	require.NoError(t, err)
	english := read(po)
	require.Equal(t, string(write(found.sources, english)), string(po), "run `make generate`")
	wanted, err := script(found.sources, english)
	require.NoError(t, err)
	module, err := os.ReadFile("../" + englishJS)
	require.NoError(t, err)
	require.Equal(t, string(wanted), string(module), "run `make generate`")
}

// The collector finds what is said, and what is not said through the catalogue.
func TestCollecting(t *testing.T) {
	root := t.TempDir()
	for _, room := range rooms {
		require.NoError(t, os.MkdirAll(filepath.Join(root, room), 0o700))
	}
	for name, code := range map[string]string{
		"web/view/page_templ.go": "package view\n\nfunc page() {\n\ttr(ctx, \"第 %s 页\", n)\n\tshown(ctx, x)\n\twrite(\"<b>漏了</b>\")\n\tif a == \"比较\" {\n\t}\n}\n",
		"web/handler.go":         "package web\n\nconst a = \"标签\" + \"。\"\n\nvar b = \"共 \" + n + \" 项\"\n\nvar c = fmt.Sprintf(\"%d 天\", n)\n\nvar d = v.tr(\"见 %s\", e.Label)\n",
		"web/static/page.js":     "// 注释\nimport { t } from \"./words.js\";\nsay(t(\"剩 %s 秒\", n));\nsay(\"忘了\");\nsay(`${a}：${b}`.replace(/（/, \"\"));\nt.replace(/[（(]/, \"\");\n",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(code), 0o600))
	}
	found, err := collect(root)
	require.NoError(t, err)
	texts := map[string]bool{}
	for _, s := range found.sources {
		if !strings.HasPrefix(s.files[0], "record/codes/") {
			texts[s.text] = s.format
		}
	}
	require.Equal(t, map[string]bool{
		"第 %s 页": true, "标签。": false, "共 %s 项": true, "%d 天": true, "见 %s": true, "剩 %s 秒": true,
	}, texts)
	require.Equal(t, []string{
		"web/view/page.templ:6: not said through the catalogue: <b>漏了</b>",
		"web/static/page.js:4: not said through the catalogue: say(\"忘了\");",
		"web/static/page.js:5: not said through the catalogue: say(`${a}：${b}`.replace(/（/, \"\"));",
	}, found.faults)
}

// Translations are kept, with both forms, and whatever they contain.
func TestWritingAndReading(t *testing.T) {
	sources := []*source{
		{text: "%d 处", format: true, files: []string{"web/b.go", "web/a.go"}},
		{text: "说“\"\\\n”", files: []string{"web/a.go"}},
		{text: "新的", files: []string{"web/a.go"}},
	}
	english := map[string]entry{
		"%d 处": {"%d place", "%d places"}, "说“\"\\\n”": {other: "say \"\\\n"}, "死的": {other: "dead"},
	}
	po := write(sources, english)
	require.Contains(t, string(po), "#: web/a.go web/b.go\n#, c-format\nmsgid \"%d 处\"\n")
	require.NotContains(t, string(po), "死的")
	delete(english, "死的")
	english["新的"] = entry{}
	require.Equal(t, english, read(po))
}
