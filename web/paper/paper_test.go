package paper_test

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/web/paper"
)

func application() paper.Application {
	return paper.Application{
		Site: "湖南省公共资源交易统一注册系统", Center: "湖南省公共资源交易中心", Receipt: "20261124-7KQ3WX4NP9", OrderNo: "CA2026112400017",
		AcceptedAt: time.Date(2026, 11, 24, 1, 42, 0, 0, time.UTC), PrintedAt: time.Date(2026, 11, 24, 2, 3, 0, 0, time.UTC),
		Sections: []paper.Section{
			{Name: "一、申请事项", Fields: []paper.Field{
				{Label: "业务类型", Value: "申请"},
				{Label: "证书类型", Value: "机构证书"},
				{Label: "介质", Value: "UKey"},
				{Label: "有效期", Value: "1 年"},
				{Label: "领取方式", Value: "窗口领取"},
				{Label: "原证书", Value: ""},
			}},
			{Name: "二、单位信息", Fields: []paper.Field{
				{Label: "单位全称", Value: "𬀩光建设（长沙）有限公司", Wide: true},
				{Label: "统一社会信用代码", Value: "91430100MA00DEM06N"},
				{Label: "机构类别", Value: "企业"},
				{Label: "注册地址", Value: "湖南省 / 长沙市 / 岳麓区 示范大道 100 号 6 层 601 室", Wide: true},
			}},
			{Name: "三、法定代表人", Fields: []paper.Field{
				{Label: "姓名", Value: "司马𬀩"}, {Label: "证件类型", Value: "居民身份证"}, {Label: "证件号码", Value: "430104198001010014"}, {Label: "电话", Value: "13800006021"},
			}},
			{Name: "四、经办人", Fields: []paper.Field{
				{Label: "姓名", Value: "周予安"}, {Label: "证件号码", Value: "430104199002020024"}, {Label: "手机", Value: "13900007788"}, {Label: "联系地址", Value: "长沙市岳麓区示范大道 100 号"},
			}},
		},
		Papers: []string{"本申请表一式一份，加盖公章", "营业执照副本复印件，加盖公章", "法定代表人身份证复印件", "经办人身份证原件及授权委托书原件"},
		Counters: []paper.Counter{
			{"长沙受理点", "长沙市雨花区万家丽南路二段 29 号一楼 12 号窗口", "工作日 9:00–17:00", "0731-82210013"},
			{"株洲受理点", "株洲市天元区神农城行政中心", "工作日 9:00–16:30", ""},
		},
		Hotline: "0731-82210013/82210016",
	}
}

// words is the paper's text without its line breaks.
func words(t *testing.T, pdf []byte) string {
	t.Helper()
	text, err := paper.Text(pdf)
	require.NoError(t, err)
	return strings.ReplaceAll(text, "\n", "")
}

func printed(t *testing.T, a paper.Application) []byte {
	t.Helper()
	pdf, err := paper.PrintApplication(a)
	require.NoError(t, err)
	require.True(t, bytes.HasPrefix(pdf, []byte("%PDF-")))
	require.Len(t, regexp.MustCompile(`/Type /Page\n`).FindAll(pdf, -1), 1, "one page")
	if path := os.Getenv("PAPER_OUT"); path != "" {
		require.NoError(t, os.WriteFile(path, pdf, 0o600))
	}
	return pdf
}

func TestS16ApplicationPaper(t *testing.T) {
	a := application()
	got := words(t, printed(t, a))
	for _, s := range a.Sections {
		require.Contains(t, got, s.Name)
		for _, f := range s.Fields {
			require.Contains(t, got, f.Label)
			require.Contains(t, got, f.Value)
		}
	}
	for _, paper := range a.Papers {
		require.Contains(t, got, paper)
	}
	for _, want := range []string{
		"数字证书申请表", a.Receipt, a.OrderNo, "2026-11-24 09:42", "长沙受理点，长沙市雨花区万家丽南路二段 29 号一楼 12 号窗口，工作日 9:00–17:00，0731-82210013",
		"申请单位（盖章）", "法定代表人（签字）", "经办人（签字）", "受理人（签字）", a.Hotline,
	} {
		require.Contains(t, got, want)
	}
	require.NotContains(t, got, "〓", "every character of these names is in the font")
}

func TestS16PaperOfRareCharacters(t *testing.T) {
	t.Run("S16 the characters of the general table beyond U+FFFF are drawn and read back", func(t *testing.T) {
		a := application()
		const names = "𬀩𬍛𫖯𬱖𬭎𬸚𫔍𫘪𬌗㛃䶮"
		a.Sections[0].Fields[0].Value = names
		got := words(t, printed(t, a))
		require.Contains(t, got, names)
		require.NotContains(t, got, "〓")
	})
	t.Run("S16 a character that no font has is a numbered box with its code point", func(t *testing.T) {
		a := application()
		a.Sections[2].Fields[0].Value = "王\U000323ae\U000323af\U000323ae" // extension H
		got := words(t, printed(t, a))
		require.Contains(t, got, "王〓1〓2〓1")
		require.Contains(t, got, "〓1 为 U+323AE，〓2 为 U+323AF")
	})
}

func TestS16PaperHoldsWhatIsLong(t *testing.T) {
	a := application()
	a.Sections[1].Fields[0].Value = strings.Repeat("很长的单位名称", 28)
	a.Sections[1].Fields[3].Value = strings.Repeat("A1", 100)
	for len(a.Counters) < 9 {
		a.Counters = append(a.Counters, a.Counters[0])
	}
	for len(a.Papers) < 20 {
		a.Papers = append(a.Papers, a.Papers[0])
	}
	got := words(t, printed(t, a))
	require.Contains(t, got, a.Sections[1].Fields[0].Value)
	require.Contains(t, got, a.Sections[1].Fields[3].Value)
	require.Contains(t, got, "其余见申请页面")
	empty := printed(t, paper.Application{Site: "x", Receipt: "r", Person: true})
	require.Contains(t, words(t, empty), "申请人（签字）")
}
