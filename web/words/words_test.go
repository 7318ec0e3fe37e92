package words

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const samplePO = `msgid ""
msgstr "Language: en\n"

msgid "提交"
msgstr "Submit"

msgid "还没有"
msgstr ""

msgid "%s 共 %d 项，其余 100%%"
msgstr "%[2]d of %[1]s, the rest 100%%"

msgid "%d 处需修改"
msgid_plural "%d 处需修改"
msgstr[0] "%d correction needed"
msgstr[1] "%d corrections needed"
`

// A page in Chinese shows what stands in the code.
func TestChineseIsTheSource(t *testing.T) {
	ctx := t.Context()
	require.Equal(t, Chinese, LanguageOf(ctx))
	require.Equal(t, "提交", Text(ctx, "提交"))
	require.Equal(t, "抽查比例（%）", Text(ctx, "抽查比例（%%）"))
	require.Equal(t, "第 2 版", Text(ctx, "第 %s 版", "2"))
	require.Equal(t, "抽查比例（%）", Of(ctx, "抽查比例（%）"))
}

// A page in English takes the translation, in its own order and number; what is
// no source, or has no translation, stays as it is.
func TestEnglishIsLookedUp(t *testing.T) {
	kept := english
	defer func() { english = kept }()
	english = read([]byte(samplePO))

	ctx := In(t.Context(), English)
	require.Equal(t, English, LanguageOf(ctx))
	require.Equal(t, "Submit", Text(ctx, "提交"))
	require.Equal(t, "Submit", Of(ctx, Text(ctx, "提交")))
	require.Equal(t, "还没有", Text(ctx, "还没有"))
	require.Equal(t, "3 of 资质, the rest 100%", Text(ctx, "%s 共 %d 项，其余 100%%", "资质", 3))
	require.Equal(t, "1 correction needed", Text(ctx, "%d 处需修改", 1))
	require.Equal(t, "12 corrections needed", Text(ctx, "%d 处需修改", 12))
	require.Equal(t, "长沙市100%", Of(ctx, "长沙市100%"))
}
