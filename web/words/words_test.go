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

msgid "最多 %d 个字，现在有 %d 个字"
msgstr "At most %d characters; there are %d"

msgid "%s变更"
msgstr "change: %s"

msgid "%s第 %d 项"
msgstr "%[1]s, item %[2]d"

msgid "附件"
msgstr "Attachments"

msgid "%s：%s"
msgstr "%s: %s"

msgid "%s（%s）"
msgstr "%s (%s)"

msgid "、"
msgstr ", "
`

// B24: a page in Chinese shows what stands in the code.
func TestChineseIsTheSource(t *testing.T) {
	ctx := t.Context()
	require.Equal(t, Chinese, LanguageOf(ctx))
	require.Equal(t, "提交", Text(ctx, "提交"))
	require.Equal(t, "抽查比例（%）", Text(ctx, "抽查比例（%%）"))
	require.Equal(t, "第 2 版", Text(ctx, "第 %s 版", "2"))
	require.Equal(t, "抽查比例（%）", Of(ctx, "抽查比例（%）"))
}

// B24: a page in English takes the translation, in its own order and number; what is
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

// B24: what a room composed that knows no languages is known again by its format; its
// values are looked up where they are words, and stay as they are elsewhere.
func TestComposedSentencesAreRecognised(t *testing.T) {
	kept := english
	defer func() { english = kept }()
	english = read([]byte(samplePO))

	ctx := In(t.Context(), English)
	for text, want := range map[string]string{
		"最多 20 个字，现在有 31 个字": "At most 20 characters; there are 31",
		"最多 二十 个字，现在有 31 个字": "最多 二十 个字，现在有 31 个字",
		"附件第 2 项":            "Attachments, item 2",
		"示范建工第 2 项":          "示范建工第 2 项",
		"附件变更":               "change: Attachments",
		"1 处需修改":             "1 correction needed",
		"3 处需修改":             "3 corrections needed",
		"备注：随便写的":            "备注：随便写的",
		"湖南省长沙市":             "湖南省长沙市",
		"plain":              "plain",
	} {
		require.Equal(t, want, Of(ctx, text))
	}
	require.Equal(t, "附件变更", Of(t.Context(), "附件变更"))
}
