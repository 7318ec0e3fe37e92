package letters

import (
	"context"
	"fmt"
	"strings"
	"time"

	"unireg/record"
	"unireg/smtp"
	"unireg/storage"
	"unireg/web/view"
	"unireg/web/words"
)

// Writer writes letters in the language that their account reads.
type Writer struct {
	Origin  string // of the portal, to which letters lead
	Site    string // its name
	Hotline string // "" for none
}

// Mail is a letter as mail: plain text, and the same as simple HTML.
func (w Writer) Mail(ctx context.Context, l storage.Letter) (smtp.Message, error) {
	ctx = words.In(ctx, words.Language(l.Language))
	m := w.letter(ctx, l)
	var page strings.Builder
	if err := view.Letter(m).Render(ctx, &page); err != nil { //nolint:contextcheck // drawn at once, in the context that it is given
		return smtp.Message{}, fmt.Errorf("write letter: %w", err)
	}
	message := smtp.Message{
		ID: string(l.ID), To: l.Address, Subject: m.Subject, Text: plain(ctx, m), HTML: page.String(), Language: string(words.LanguageOf(ctx)),
	}
	if len(l.Leave) > 0 {
		message.Unsubscribe = w.leavePath(l.Leave[0])
	}
	return message, nil
}

// ShortMessage is a letter as a short message, without links: telephone companies
// hold back what has some.
func (w Writer) ShortMessage(ctx context.Context, l storage.Letter) string {
	ctx = words.In(ctx, words.Language(l.Language))
	site := words.Of(ctx, w.Site)
	switch {
	case l.Purpose == storage.PurposeCode:
		return words.Text(ctx, "验证码 %s，%s 分钟内有效，用于在%s接收短信通知。请勿告诉他人。", l.Secret, minutes(storage.CodePeriod), site)
	case l.Purpose != storage.PurposeMessage:
		return words.Text(ctx, "这个手机号码不再接收%s的短信通知。如不是您本人操作，请立即登录修改密码。", site)
	case len(l.Items) == 1 && l.Items[0].Kind != "":
		return words.Text(ctx, "%s：%s。请登录%s查看。", words.Of(ctx, Of(l.Items[0].Notification).Title), words.Of(ctx, l.Items[0].Kind.Label()), site)
	case len(l.Items) == 1:
		return words.Text(ctx, "%s。请登录%s查看。", words.Of(ctx, Of(l.Items[0].Notification).Title), site)
	}
	return words.Text(ctx, "您有 %d 条新消息，请登录%s查看。", len(l.Items), site)
}

// letter is what a letter says.
func (w Writer) letter(ctx context.Context, l storage.Letter) view.LetterModel {
	site := words.Of(ctx, w.Site)
	m := view.LetterModel{Unit: l.Unit}
	switch l.Purpose {
	case storage.PurposeCode:
		m.Title = words.Text(ctx, "邮箱验证码")
		m.Lead = words.Text(ctx, "有人在%s把这个邮箱设为接收消息的邮箱。请在页面上输入下面的验证码，%s 分钟内有效：", site, minutes(storage.CodePeriod))
		m.Code = l.Secret
		m.After = words.Text(ctx, "如不是您本人操作，请忽略这封邮件，也不要把验证码告诉他人。")
	case storage.PurposeChanged:
		m.Title = words.Text(ctx, "这个邮箱不再接收消息")
		m.Lead = words.Text(ctx, "在%s的账号已改用其他邮箱，或不再接收邮件。从现在起，这个邮箱不再收到该账号的消息。", site)
		m.After = words.Text(ctx, "如不是您本人或本单位操作，请立即登录修改密码，并联系服务热线。")
	case storage.PurposeReset:
		m.Title = words.Text(ctx, "重新设置密码")
		m.Lead = words.Text(ctx, "有人在%s申请重新设置账号的密码。如果是您本人，请打开下面的链接设置新密码，%s 分钟内有效，只能使用一次：", site, minutes(storage.ResetPeriod))
		m.Button = view.Link{Href: w.Origin + "/reset/" + l.Secret, Text: words.Text(ctx, "设置新密码")}
		m.After = words.Text(ctx, "如不是您本人申请，请忽略这封邮件，密码不会改变。")
	case storage.PurposeInvitation:
		m.Unit = "" // it is not the organization that is written to
		m.Title = words.Text(ctx, "邀请您成为单位成员")
		m.Lead = words.Text(ctx, "“%s”邀请您成为它在%s的成员。请打开下面的链接，设置用户名和密码，7 天内有效，只能使用一次：", l.Unit, site)
		m.Button = view.Link{Href: w.Origin + "/invitations/" + l.Secret, Text: words.Text(ctx, "接受邀请")}
		m.After = words.Text(ctx, "如果您不认识这个单位，请忽略这封邮件。")
	case storage.PurposeMessage:
		w.items(ctx, l, &m)
		m.Lead = words.Text(ctx, "您在%s有 %d 条新消息：", site, len(l.Items))
	}
	m.Subject = words.Text(ctx, "%s - %s", m.Title, site)
	m.Foot = append(m.Foot, words.Text(ctx, "这封邮件由系统自动发送，请勿直接回复。"))
	if w.Hotline != "" {
		m.Foot = append(m.Foot, words.Text(ctx, "服务热线 %s", w.Hotline))
	}
	for _, leave := range l.Leave {
		m.Leave = append(m.Leave, view.Link{Href: w.leavePath(leave), Text: words.Text(ctx, "不再接收“%s”类邮件", words.Of(ctx, GroupLabel(leave.Group)))})
	}
	if l.Purpose == storage.PurposeMessage {
		m.Leave = append(m.Leave, view.Link{Href: w.Origin + "/account/contacts", Text: words.Text(ctx, "更改通知方式")})
	}
	return m
}

// items are the messages of a letter. The first names the letter where it is the
// only one.
func (w Writer) items(ctx context.Context, l storage.Letter, m *view.LetterModel) {
	for _, i := range l.Items {
		text := Of(i.Notification)
		item := view.LetterItem{
			Title: words.Of(ctx, text.Title), Text: words.Of(ctx, text.Text), At: i.CreatedAt.In(record.Shanghai).Format("2006-01-02 15:04"),
			Link: view.Link{Href: w.Origin + text.Href, Text: words.Of(ctx, text.Link)},
		}
		if i.Kind != "" {
			item.About = words.Of(ctx, i.Kind.Label())
		}
		if i.Receipt != "" {
			item.Receipt = words.Text(ctx, "回执号 %s", i.Receipt)
		}
		m.Items = append(m.Items, item)
	}
	switch {
	case len(m.Items) != 1:
		m.Title = words.Text(ctx, "%d 条新消息", len(m.Items))
	case m.Items[0].About != "":
		m.Title = words.Text(ctx, "%s：%s", m.Items[0].Title, m.Items[0].About)
	default:
		m.Title = m.Items[0].Title
	}
}

func (w Writer) leavePath(l storage.Leave) string { return w.Origin + "/unsubscribe/" + l.Token }

// plain is the letter without markup.
func plain(ctx context.Context, m view.LetterModel) string {
	var b strings.Builder
	line := func(parts ...string) {
		for _, part := range parts {
			b.WriteString(part)
		}
		b.WriteString("\n")
	}
	if m.Unit != "" {
		line(strings.TrimSpace(words.Text(ctx, "%s：", m.Unit)))
		line()
	}
	line(m.Lead)
	if m.Code != "" {
		line("\n    ", m.Code)
	}
	for _, i := range m.Items {
		line("\n* ", i.Title)
		for _, more := range []string{i.About, i.Receipt, i.Text, i.At} {
			if more != "" {
				line("  ", more)
			}
		}
		line("  ", i.Link.Text, " ", i.Link.Href)
	}
	if m.Button.Href != "" {
		line("\n    ", m.Button.Href)
	}
	if m.After != "" {
		line("\n", m.After)
	}
	line("\n-- ")
	for _, foot := range m.Foot {
		line(foot)
	}
	for _, leave := range m.Leave {
		line(leave.Text, " ", leave.Href)
	}
	return b.String()
}

func minutes(d time.Duration) string { return fmt.Sprint(int(d.Minutes())) }

// GroupLabel is what a group of messages is called, in Chinese.
func GroupLabel(g storage.Group) string {
	switch g {
	case storage.Reminders:
		return "催办提醒"
	case storage.Progress:
		return "办理进度"
	case storage.Important:
	}
	return "重要通知"
}

// GroupText says what is in a group, in Chinese.
func GroupText(g storage.Group) string {
	switch g {
	case storage.Reminders:
		return "补正期限临近、基本信息尚未提交"
	case storage.Progress:
		return "提交已受理、审核超时督办、CA 申请的办理进度、成员变动"
	case storage.Important:
	}
	return "退回补正、审核通过、逾期终止、证照到期、年度确认、附件被隔离或丢失、证书吊销和挂失、数据导出、加入申请、密码和通知方式变更"
}
