package storage_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
)

func TestN01_PhrasesAreOnesOwnFirstThenThoseOfAll(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	texts := func(staff record.ID, kind record.Kind) []string {
		t.Helper()
		all, err := d.Phrases(ctx, staff, kind)
		require.NoError(t, err)
		var texts []string
		for _, p := range all {
			texts = append(texts, p.Text)
		}
		return texts
	}
	shared := texts(d.first, record.Award)
	require.Contains(t, shared, "附件不清晰，请重新上传", "four are there from the start")
	boss := record.Actor{Role: record.Supervisor, ID: d.boss}

	require.NoError(t, d.AddPhrase(ctx, reviewer(d.first), storage.Phrase{Text: " 与执照不一致 "}))
	require.NoError(t, d.AddPhrase(ctx, reviewer(d.first), storage.Phrase{Text: "与执照不一致"}), "once more is once")
	require.NoError(t, d.AddPhrase(ctx, reviewer(d.first), storage.Phrase{Text: "等级与证书不符", Kind: record.Qualification}))
	common := "共用" + string(storage.NewID())
	require.NoError(t, d.AddPhrase(ctx, boss, storage.Phrase{Text: common, Shared: true}))

	require.Equal(t, []string{"与执照不一致", "等级与证书不符"}, texts(d.first, record.Qualification)[:2])
	require.NotContains(t, texts(d.first, record.Award), "等级与证书不符", "of another kind")
	require.NotContains(t, texts(d.second, ""), "与执照不一致", "another's own")
	require.Contains(t, texts(d.second, record.Award), common)

	all, err := d.Phrases(ctx, d.first, "")
	require.NoError(t, err)
	own := all[0]
	own.Text = "与营业执照不一致"
	require.NoError(t, d.ChangePhrase(ctx, reviewer(d.first), own))
	require.Equal(t, record.NotFound, record.CodeOf(d.ChangePhrase(ctx, reviewer(d.second), own)))
	require.Equal(t, record.NotFound, record.CodeOf(d.RemovePhrase(ctx, boss, own.ID, true)), "not even under another name")
	own.Text = "等级与证书不符"
	own.Kind = record.Qualification
	require.Equal(t, record.Taken, record.CodeOf(d.ChangePhrase(ctx, reviewer(d.first), own)))
	require.NoError(t, d.RemovePhrase(ctx, reviewer(d.first), own.ID, false))
	require.NotContains(t, texts(d.first, ""), "与营业执照不一致")

	theirs := storage.Phrase{Text: "不行", Shared: true}
	require.Equal(t, record.Forbidden, record.CodeOf(d.AddPhrase(ctx, reviewer(d.first), theirs)))
	require.Equal(t, record.Forbidden, record.CodeOf(d.RemovePhrase(ctx, reviewer(d.first), own.ID, true)))
	for _, text := range []string{"", strings.Repeat("长", 201)} {
		require.Equal(t, record.Invalid, record.CodeOf(d.AddPhrase(ctx, reviewer(d.first), storage.Phrase{Text: text})))
	}
	require.Equal(t, record.Invalid, record.CodeOf(d.AddPhrase(ctx, reviewer(d.first), storage.Phrase{Text: "好", Kind: "nonsense"})))
	for i := range 70 {
		err = d.AddPhrase(ctx, reviewer(d.second), storage.Phrase{Text: fmt.Sprint("第", i)})
	}
	require.Equal(t, record.Invalid, record.CodeOf(err))
	d.verify(t)
}
