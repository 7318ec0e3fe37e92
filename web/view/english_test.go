package view_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/leonelquinteros/gotext"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"unireg/record/codes"
	"unireg/web/words"
)

// spoken are the attributes that a person reads or hears.
var spoken = []string{"aria-label", "placeholder", "title", "alt", "data-label", "data-side", "data-confirm"}

// B24: a page in English has no Chinese but names of the registers and what the
// gallery's people, companies and computers said.
func TestPagesAreEnglish(t *testing.T) {
	ctx := words.In(t.Context(), words.English)
	data := data(t)
	for _, s := range gallery() {
		t.Run(s.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, s.page.Render(ctx, &out))
			require.NotContains(t, out.String(), "%!", "a broken format")
			require.Contains(t, out.String(), `<html lang="en"`)
			root, err := html.Parse(&out)
			require.NoError(t, err)
			for n := range root.Descendants() {
				if saysChinese(n) {
					continue
				}
				if n.Type == html.TextNode && n.Parent.Data != "script" {
					require.Empty(t, chinese(data.Replace(n.Data)), n.Data)
				}
				for _, a := range n.Attr {
					if slices.Contains(spoken, a.Key) {
						require.Empty(t, chinese(data.Replace(a.Val)), "%s=%s", a.Key, a.Val)
					}
				}
			}
		})
	}
}

// saysChinese tells that a part is marked as Chinese on a page in another
// language, as the guide is.
func saysChinese(n *html.Node) bool {
	for a := range n.Ancestors() {
		if a.Data != "html" && attribute(a, "lang") == string(words.Chinese) {
			return true
		}
	}
	return false
}

// chinese is the words' characters of a text. The other language's name, on the
// button that changes to it, is meant to be there.
func chinese(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Han, r) {
			return r
		}
		return -1
	}, strings.ReplaceAll(text, words.Chinese.Name(), ""))
}

// typed is what the gallery's people and computers said, in words and sentences
// that the catalogue happens to know in whole or in part, and what handlers say in
// the viewer's language already.
var typed = []string{
	"公共资源交易", "旧执照", "法定代表人", "机构证书", "账号登录", "首次登记", "请重新输入", "口令不正确或", "请输入当前显示的数字",
	"建筑工程壹级、公路工程贰级", "可承担高度 200 米以下的建筑工程。", "可承担高度", "米以下的建筑工程。", "一等奖",
	"湖南省住房和城乡建设厅", "住房和城乡建设部", "居民身份证", "男", "女", "营业执照、法定代表人身份证", "GB 32100 校验位", "项目经理", "命令行", "核对办理人身份", "系统管理命令",
	"房屋建筑工程、市政公用工程施工总承包；建筑装修装饰工程", "专业承包",
	"统一注册系统", "可参加纸质标", "未填写编号的资质", "湘143201601004", "湘建安B101004", "湖南省建筑业协会", "由 周婧 领取", "建筑施工", "一", "二", "三", "四",
	"法定代表人证件号码与执照", "请核对后重试", "通过或退回补正", "优秀项目经理", "、钢结构工程专业承包；建筑材料销售", "湘建协〔2025〕3号", "湘",
}

// data takes out of a text what stays Chinese: names of the large tables, and what
// the gallery has that is no word of the catalogue.
func data(t *testing.T) *strings.Replacer {
	po, err := os.ReadFile("../words/en.po")
	require.NoError(t, err)
	file := gotext.NewPo()
	file.Parse(po)
	sources := map[string]bool{}
	for source := range file.GetDomain().GetTranslations() {
		sources[source] = true
	}
	known := slices.Clone(typed)
	for _, table := range []*codes.Table{
		codes.Regions, codes.Industries, codes.EnterpriseTypes, codes.Ethnicities, codes.QualificationClasses, codes.QualificationSeries,
		codes.QualificationMajors, codes.ProfessionalRegistrationMajors, codes.PostCertificateTypes,
	} {
		for _, entry := range table.Entries() {
			known = append(known, entry.Name, table.FullName(entry.Code))
		}
	}
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, name := range append(names, "../../record/sample/sample.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil && !sources[text] {
					known = append(known, strings.Split(text, "%d")...)
				}
			}
			return true
		})
	}
	known = slices.DeleteFunc(known, func(text string) bool { return chinese(text) == "" })
	slices.SortFunc(known, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, text := range known {
		pairs = append(pairs, text, "")
	}
	return strings.NewReplacer(pairs...)
}
