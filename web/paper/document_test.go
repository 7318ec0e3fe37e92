package paper

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// words are what a paper says, without its line breaks.
func words(t *testing.T, printed []byte) string {
	t.Helper()
	text, err := Text(printed)
	require.NoError(t, err)
	return strings.ReplaceAll(text, "\n", "")
}

func pagesOf(printed []byte) int { return bytes.Count(printed, []byte("/Type /Page\n")) }

func TestB25_ADocumentIsPrintedOnAsManyPagesAsItTakes(t *testing.T) {
	long := strings.Repeat("房屋建筑工程、市政公用工程施工总承包；", 400)
	d := Document{
		Site: "测试省注册系统", Heading: "执业人员", Title: "周予安", Digest: strings.Repeat("9f", 32), PrintedAt: time.Date(2026, 11, 26, 1, 2, 3, 0, time.UTC),
		Facts: []Field{{Label: "主体", Value: "示范建工集团有限公司", Wide: true}, {Label: "版本", Value: "第 2 版"}, {Label: "回执号", Value: "20261123-7KQM4XHT9C"}},
		Sections: []Section{
			{Name: "基本信息", Fields: []Field{{Label: "姓名", Value: "周予安"}, {Label: "手机"}, {Label: "经营范围", Value: long, Wide: true}}},
		},
	}
	for n := range 60 {
		d.Sections = append(d.Sections, Section{Name: fmt.Sprintf("注册证书：第 %d 本", n), Fields: []Field{{Label: "编号", Value: fmt.Sprintf("湘1%05d", n)}, {Label: "专业", Value: "建筑工程"}}})
	}
	printed, err := PrintDocument(d)
	require.NoError(t, err)
	text := words(t, printed)
	pages := pagesOf(printed)
	require.Greater(t, pages, 5)
	for n := range pages {
		require.Contains(t, text, fmt.Sprintf("第 %d 页", n+1))
	}
	require.NotContains(t, text, fmt.Sprintf("第 %d 页", pages+1))
	require.Equal(t, 400, strings.Count(text, "总承包；"), "nothing of a text that is longer than a page is lost")
	for n := range 60 {
		require.Contains(t, text, fmt.Sprintf("湘1%05d", n))
	}
	require.Contains(t, text, "内容指纹（SHA-256）"+d.Digest)
	require.Contains(t, text, "导出时间 2026-11-26 09:02")
}

func TestB25_ACharacterWithoutAFontIsSaidAtTheEndOfADocument(t *testing.T) {
	printed, err := PrintDocument(Document{Site: "测试", Heading: "基本信息", Title: strings.Repeat("很长的标题", 40), Sections: []Section{{Name: "人员", Fields: []Field{{Label: "姓名", Value: "王\U000E0000"}}}}})
	require.NoError(t, err)
	require.Equal(t, 1, pagesOf(printed))
	require.Contains(t, words(t, printed), "〓1 为 U+E0000")
}
