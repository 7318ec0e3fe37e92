package letters_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/storage"
	"unireg/web/letters"
)

var writer = letters.Writer{Origin: "https://reg.example.cn", Site: "公共资源交易统一注册系统", Hotline: "0731-00000000"}

// item is a message about a filing.
func item(topic string) storage.LetterItem {
	return storage.LetterItem{
		Notification: storage.Notification{
			ID: storage.NewID(), Topic: topic, Record: "0199f5a0-0000-7000-8000-000000000001", CreatedAt: time.Date(2026, 11, 26, 1, 30, 0, 0, time.UTC),
		},
		Kind: record.Qualification, Receipt: "20261126-7KQ3WX4NP9",
	}
}

func letterOf(purpose storage.Purpose, language string, items ...storage.LetterItem) storage.Letter {
	return storage.Letter{
		ID: "letter-1", Channel: storage.ByEmail, Purpose: purpose, Address: "li@example.cn", Language: language, Unit: "示范建工集团有限公司",
		Secret: "271828", Items: items,
	}
}

func TestB15_ALetterSaysWhatHappenedAndWhereToGo(t *testing.T) {
	l := letterOf(storage.PurposeMessage, "zh-CN", item(string(record.Return)))
	m, err := writer.Mail(t.Context(), l)
	require.NoError(t, err)
	require.Equal(t, "退回补正：单位资质 - 公共资源交易统一注册系统", m.Subject)
	require.Equal(t, "li@example.cn", m.To)
	require.Empty(t, m.Unsubscribe, "what is important is not left")
	for _, body := range []string{m.Text, m.HTML} {
		for _, said := range []string{
			"示范建工集团有限公司", "退回补正", "单位资质", "20261126-7KQ3WX4NP9", "2026-11-26 09:30", "0731-00000000",
			"https://reg.example.cn/records/0199f5a0-0000-7000-8000-000000000001", "https://reg.example.cn/account/contacts",
		} {
			require.Contains(t, body, said)
		}
	}
	require.NotRegexp(t, `(?i)<(img|script|style|link|iframe)|https?://(?:[^r]|r[^e])`, m.HTML, "nothing is loaded from anywhere")

	t.Run("several go together", func(t *testing.T) {
		l := letterOf(storage.PurposeMessage, "zh-CN", item(storage.TopicApproved), item(storage.TopicSubmitted))
		l.Leave = []storage.Leave{{Group: storage.Progress, Token: "token"}}
		m, err := writer.Mail(t.Context(), l)
		require.NoError(t, err)
		require.Equal(t, "2 条新消息 - 公共资源交易统一注册系统", m.Subject)
		require.Equal(t, "https://reg.example.cn/unsubscribe/token", m.Unsubscribe)
		require.Contains(t, m.Text, "不再接收“办理进度”类邮件 https://reg.example.cn/unsubscribe/token")
		require.Less(t, strings.Index(m.Text, "审核通过"), strings.Index(m.Text, "提交成功"))
	})
	t.Run("in English for who reads it", func(t *testing.T) {
		writer := letters.Writer{Origin: writer.Origin, Site: "Registration", Hotline: writer.Hotline}
		for _, purpose := range []storage.Purpose{storage.PurposeMessage, storage.PurposeCode, storage.PurposeChanged, storage.PurposeReset, storage.PurposeInvitation} {
			l := letterOf(purpose, "en", item(string(record.Return)), item(storage.TopicExpiring), item(storage.TopicConfirmation))
			l.Unit, l.Leave = "Model Builders", []storage.Leave{{Group: storage.Reminders, Token: "token"}}
			l.Items[1].Data = map[string]string{"count": "3", "days": "30"}
			l.Items[2].Data = map[string]string{"due": "2027-03-05", "days": "7"}
			if purpose != storage.PurposeMessage {
				l.Items = nil
			}
			m, err := writer.Mail(t.Context(), l)
			require.NoError(t, err)
			require.NotRegexp(t, `\p{Han}`, m.Subject+m.Text+m.HTML)
			require.NotRegexp(t, `\p{Han}`, writer.ShortMessage(t.Context(), l))
			require.Equal(t, "en", m.Language)
		}
	})
}

func TestB15_CodesAndLinksStandWhereTheyAreLookedFor(t *testing.T) {
	code, err := writer.Mail(t.Context(), letterOf(storage.PurposeCode, "zh-CN"))
	require.NoError(t, err)
	require.NotContains(t, code.Subject, "271828")
	require.Regexp(t, `(?m)^    271828$`, code.Text)
	reset, err := writer.Mail(t.Context(), letterOf(storage.PurposeReset, "zh-CN"))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^    https://reg.example.cn/reset/271828$`, reset.Text)
	require.Contains(t, reset.HTML, `<a href="https://reg.example.cn/reset/271828">`)
	invited, err := writer.Mail(t.Context(), letterOf(storage.PurposeInvitation, "zh-CN"))
	require.NoError(t, err)
	require.Regexp(t, `(?m)^    https://reg.example.cn/invitations/271828$`, invited.Text)
	require.Contains(t, invited.Text, "“示范建工集团有限公司”邀请您", "B08 who invites")
	require.NotRegexp(t, `(?m)^示范建工集团有限公司：`, invited.Text, "and who is not written to")
	changed, err := writer.Mail(t.Context(), letterOf(storage.PurposeChanged, "zh-CN"))
	require.NoError(t, err)
	require.NotContains(t, changed.Text, "271828")
}

func TestB15_AShortMessageIsShortAndHasNoLink(t *testing.T) {
	for _, l := range []storage.Letter{
		letterOf(storage.PurposeCode, "zh-CN"), letterOf(storage.PurposeChanged, "zh-CN"), letterOf(storage.PurposeMessage, "zh-CN", item(string(record.Return))),
		letterOf(storage.PurposeMessage, "zh-CN", item(string(record.Return)), item(storage.TopicApproved)),
		letterOf(storage.PurposeMessage, "zh-CN", storage.LetterItem{Notification: storage.Notification{Topic: storage.TopicExpiring}}),
	} {
		text := writer.ShortMessage(t.Context(), l)
		require.NotContains(t, text, "http")
		require.Less(t, len([]rune(text)), 70, "one message's length: %s", text)
		require.NotRegexp(t, `示范建工`, text)
	}
	require.Contains(t, writer.ShortMessage(t.Context(), letterOf(storage.PurposeCode, "zh-CN")), "271828")
}

func TestB15_AMessageLeadsToThePageOfItsMatter(t *testing.T) {
	for topic, page := range map[string]string{
		storage.TopicExpiring: "/expiries", storage.TopicConfirmation: "/records/7/confirmation", storage.TopicPasswordResetByMail: "/account", storage.TopicContactChanged: "/account/contacts",
		storage.TopicExportReady: "/account/export", storage.TopicExportFailed: "/account/export", storage.TopicFileLost: "/records/7",
		storage.TopicCASilent: "/ca/applications/7", storage.EventJoinAsked: "/account/members", storage.EventMemberChanged: "/account/members", "certificate_" + storage.WordRevoked: "/certificates",
	} {
		text := letters.Of(storage.Notification{Topic: topic, Record: "7"})
		require.Equal(t, page, text.Href, topic)
		require.NotEqual(t, "通知", text.Title, topic)
	}
}

// Every topic has words, wherever it is shown, and leads to a page.
func TestEveryGroupHasItsWords(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range append(storage.ChosenGroups(), storage.Important) {
		require.NotEmpty(t, letters.GroupText(g))
		require.False(t, seen[letters.GroupLabel(g)])
		seen[letters.GroupLabel(g)] = true
	}
	require.Equal(t, "通知", letters.Of(storage.Notification{Topic: "unheard of"}).Title)
	require.Equal(t, storage.Important, storage.GroupOf("unheard of"), "what nobody thought of is not kept from anybody")
}
