package view_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"unireg/web/static"
	"unireg/web/view"
)

func render(t *testing.T, s shot) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, s.page.Render(t.Context(), &out))
	return out.String()
}

// Every page says what it must, keeps to the Content-Security-Policy and ties
// its labels to its controls.
func TestPages(t *testing.T) {
	for _, s := range gallery() {
		t.Run(s.name, func(t *testing.T) {
			text := render(t, s)
			for _, word := range s.words {
				require.Contains(t, text, word)
			}
			require.NotContains(t, text, "%!", "a broken format")
			requireWellFormed(t, text)
			root, err := html.Parse(strings.NewReader(text))
			require.NoError(t, err)
			p := inspect(root)
			for id, n := range p.ids {
				require.Equal(t, 1, n, "id %s occurs %d times", id, n)
			}
			for _, reference := range p.references {
				require.Contains(t, p.ids, reference, "nothing has the id that is referred to")
			}
			require.Empty(t, p.faults)
		})
	}
}

// S10 N06: the number of problems stands at the front of the title.
func TestTitleCountsProblems(t *testing.T) {
	for _, s := range gallery() {
		if s.name == "edit" {
			require.Contains(t, render(t, s), "<title>（3 处错误）基本信息 - ")
		}
	}
}

// B04: a difference gives both texts back, and shows what a reader calls the
// change.
func TestDiff(t *testing.T) {
	for _, c := range []struct {
		before, after string
		want          []view.Run
	}{
		{"", "", nil},
		{"同", "同", []view.Run{{Op: view.Common, Text: "同"}}},
		{"刘志强", "陈明远", []view.Run{{Op: view.Removed, Text: "刘志强"}, {Op: view.Added, Text: "陈明远"}}},
		{"8000 万元", "12000 万元", []view.Run{{Op: view.Removed, Text: "8000"}, {Op: view.Added, Text: "12000"}, {Op: view.Common, Text: " 万元"}}},
		{"𠮷田公司", "吉田公司", []view.Run{{Op: view.Removed, Text: "𠮷"}, {Op: view.Added, Text: "吉"}, {Op: view.Common, Text: "田公司"}}},
		{"装饰工程专业承包。", "装饰工程、钢结构工程专业承包；建材销售。", nil},
	} {
		runs := view.Diff(c.before, c.after)
		var before, after strings.Builder
		for _, r := range runs {
			if r.Op != view.Added {
				before.WriteString(r.Text)
			}
			if r.Op != view.Removed {
				after.WriteString(r.Text)
			}
		}
		require.Equal(t, c.before, before.String())
		require.Equal(t, c.after, after.String())
		if c.want != nil {
			require.Equal(t, c.want, runs)
		}
	}
}

// B04: no space slips between the runs of a difference.
func TestDiffIsDrawnWithoutSpaces(t *testing.T) {
	for _, s := range gallery() {
		if s.name == "version" {
			require.Contains(t, render(t, s), "建筑装修装饰工程<ins>、钢结构工程专业承包；建筑材料销售</ins>。")
		}
	}
}

// Icons are named in one place, from which the sprite is made.
func TestSpriteHasEveryIcon(t *testing.T) {
	sprite, err := static.FS.ReadFile("vendor/icons.svg")
	require.NoError(t, err, "vendor is not filled: run make build")
	source, err := os.ReadFile("icons.go")
	require.NoError(t, err)
	names := regexp.MustCompile(`\bIcon = "([a-z0-9-]+)"`).FindAllStringSubmatch(string(source), -1)
	require.NotEmpty(t, names)
	drawn := map[string]bool{}
	for _, id := range regexp.MustCompile(`\bid="([a-z0-9-]+)"`).FindAllStringSubmatch(string(sprite), -1) {
		drawn[id[1]] = true
	}
	for _, name := range names {
		require.True(t, drawn[name[1]], name[1])
	}
}

// The static files keep to the policy, and a path carries the file's hash.
func TestStatic(t *testing.T) {
	require.Regexp(t, `^/static/theme\.css\?v=[0-9a-f]{8}$`, static.Path("theme.css"))
	require.Equal(t, "/static/missing.css", static.Path("missing.css"))
	names, err := filepath.Glob("../static/*.js")
	require.NoError(t, err)
	for _, name := range names {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		require.LessOrEqual(t, bytes.Count(source, []byte("\n")), 100, name)
		require.NotRegexp(t, `\beval\(|new Function|\.style\b|innerHTML|cssText`, string(source), name)
	}
}
