package guide

import (
	"bytes"
	"fmt"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// budget bounds all pictures together, in bytes: they are part of the repository
// and of the program.
const budget = 4 << 20

// walk visits every block of a guide, those within others too.
func (g *Guide) walk(visit func(Block)) {
	var all func([]Block)
	all = func(blocks []Block) {
		for _, b := range blocks {
			visit(b)
			all(b.Blocks)
			for _, item := range b.Items {
				all(item)
			}
		}
	}
	all(g.Lead)
	for _, c := range g.Chapters {
		all(c.Lead)
		for _, s := range c.Sections {
			all(s.Blocks)
		}
	}
}

func TestEveryPictureIsInTheGuideAndNumberedInItsOrder(t *testing.T) {
	g, err := Read()
	require.NoError(t, err)
	var shown []string
	g.walk(func(b Block) {
		if b.Kind != Figure {
			return
		}
		shown = append(shown, b.Picture.Name)
		require.True(t, strings.HasPrefix(b.Picture.Name, fmt.Sprintf("%02d-", len(shown))), "%s is picture %d of the guide", b.Picture.Name, len(shown))
		require.True(t, strings.HasPrefix(b.Picture.Caption, fmt.Sprintf("图 %d　", len(shown))), "%q is picture %d of the guide", b.Picture.Caption, len(shown))
	})
	require.ElementsMatch(t, slices.Collect(maps.Keys(g.pictures)), shown, "each file is shown once")
	total := 0
	for name, p := range g.pictures {
		total += len(p.Content)
		decoded, err := png.Decode(bytes.NewReader(p.Content))
		require.NoError(t, err, name)
		require.IsType(t, color.Palette{}, decoded.ColorModel(), "%s has more than 256 colours", name)
		require.LessOrEqual(t, p.Width, 1440, name)
	}
	require.LessOrEqual(t, total, budget)
}

func TestEveryLinkOfTheGuideLeadsToAHeading(t *testing.T) {
	g, err := Read()
	require.NoError(t, err)
	headings := map[string]bool{}
	for _, c := range g.Chapters {
		headings["#"+c.ID] = true
		for _, s := range c.Sections {
			headings["#"+s.ID] = true
		}
	}
	g.walk(func(b Block) {
		headings["#"+b.ID] = true
	})
	g.walk(func(b Block) {
		for _, spans := range append(slices.Concat(b.Rows...), b.Spans) {
			for _, s := range spans {
				if s.Make == Link {
					href, err := url.PathUnescape(s.Href)
					require.NoError(t, err)
					require.True(t, headings[href] && href != "#", "“%s” leads to %s", s.Text, s.Href)
				}
			}
		}
	})
}

// The chapters are those of the procedure that bidders know, and what this
// system adds.
func TestTheGuideHasItsChapters(t *testing.T) {
	g, err := Read()
	require.NoError(t, err)
	var titles []string
	for _, c := range g.Chapters {
		titles = append(titles, c.Title)
		for _, s := range c.Sections {
			titles = append(titles, s.Title)
		}
	}
	all := strings.Join(titles, "\n")
	for _, want := range []string{
		"登录入口", "用户注册", "用户登录", "账号登录", "CA 证书登录", "基本信息", "单位资质", "单位业绩", "执业人员", "获奖信息", "变更历史总览", "数字证书",
		"草稿", "退回补正", "消息", "账号安全", "忘记密码", "批量导入", "常见问题",
	} {
		require.Contains(t, all, want)
	}
}

func TestWhatAGuideCannotHoldIsAnError(t *testing.T) {
	read := func(markdown string) error {
		_, err := read(fstest.MapFS{"README.md": {Data: []byte(markdown)}, "pictures": {Mode: fs.ModeDir}})
		return err
	}
	require.NoError(t, read("# 指南\n\n## 1 一章\n\n文字 **重点** `代码` [一章](#1-一章)\n\n1. 步骤\n\n- 项\n\n> 注意\n\n| 甲 | 乙 |\n|---|---|\n| 1 | 2 |\n"))
	for promise, markdown := range map[string]string{
		"markup":                         "# 指南\n\n<script>alert(1)</script>\n",
		"markup in a line":               "# 指南\n\n文字 <b>重</b>\n",
		"code of its own":                "# 指南\n\n```\ncode\n```\n",
		"a picture that is not there":    "# 指南\n\n![图 1　无](pictures/01-none.png)\n",
		"a picture of another house":     "# 指南\n\n![图 1　无](https://example.com/01.png)\n",
		"two headings under one address": "# 指南\n\n## 一章\n\n## 一章\n",
		"a section without a chapter":    "# 指南\n\n### 一节\n",
		"two titles":                     "# 指南\n\n# 又一个\n",
	} {
		require.Error(t, read(markdown), promise)
	}
}
