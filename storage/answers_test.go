package storage_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

func TestB02_AnswersToRemarksAreFrozenWithTheSubmit(t *testing.T) {
	d := newDesk(t)
	require.True(t, d.submit(t).Applied)
	back := d.command(record.Return, reviewer(d.first))
	back.Remarks = []record.Remark{{Field: "address", Text: "请核对门牌号"}, {Field: "licence#" + d.document.Licence[0].ID, Text: "不清晰"}}
	require.True(t, d.do(t, back).Applied)
	scan := back.Remarks[1].Field

	require.NoError(t, d.AnswerRemarks(t.Context(), d.subject.ID, d.profile, map[string]string{
		"address": "门牌号没有错", scan: "已重新扫描", "postcode": "没有人问",
	}))
	draft, err := d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"address": "门牌号没有错", scan: "已重新扫描"}, draft.Answers)
	require.NoError(t, d.AnswerRemarks(t.Context(), d.subject.ID, d.profile, map[string]string{scan: ""}))
	draft, err = d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"address": "门牌号没有错"}, draft.Answers, "one is taken back, the other stays")
	require.Equal(t, 1, draft.Version, "an answer is no save of the draft")

	err = d.AnswerRemarks(t.Context(), d.subject.ID, d.profile, map[string]string{"address": strings.Repeat("长", 501)})
	require.Equal(t, record.Invalid, record.CodeOf(err))
	other := newDesk(t)
	err = d.AnswerRemarks(t.Context(), other.subject.ID, d.profile, map[string]string{"address": "别人的"})
	require.Equal(t, record.NotFound, record.CodeOf(err), "W17")

	d.save(t)
	require.True(t, d.submit(t).Applied)
	events, err := d.Events(t.Context(), d.profile)
	require.NoError(t, err)
	require.Equal(t, map[string]string{"address": "门牌号没有错"}, events[len(events)-1].Answers)

	again := d.command(record.Return, reviewer(d.first))
	again.Reason = "仍不清晰"
	require.True(t, d.do(t, again).Applied)
	draft, err = d.Draft(t.Context(), d.subject.ID, d.profile)
	require.NoError(t, err)
	require.Empty(t, draft.Answers, "the next round begins without answers")
	d.verify(t)
}
