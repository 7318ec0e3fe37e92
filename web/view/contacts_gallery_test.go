package view_test

import (
	"time"

	"unireg/record/form"
	"unireg/web/view"
)

// contactShots are 通知方式, 忘记密码 and the page that a mail's link ends messages on.
func contactShots() []shot {
	groups := []view.ContactGroup{
		{Name: "reminders", Label: "催办提醒", Text: "补正期限临近、基本信息尚未提交", Chosen: true},
		{Name: "progress", Label: "办理进度", Text: "提交已受理、审核超时督办、CA 申请的办理进度、成员变动"},
	}
	always := view.ContactGroup{Label: "重要通知", Text: "退回补正、审核通过、逾期终止、证照到期、年度确认、附件被隔离或丢失、证书吊销和挂失、数据导出、加入申请、密码和通知方式变更", Chosen: true}
	mail := view.Contact{Path: "/account/contacts/email", Name: "邮箱", Always: always, Groups: groups}
	proved := mail
	proved.Address = "l***@example.cn"
	failed := proved
	failed.Failed, failed.English = true, true
	pending := proved
	pending.Next, pending.NextState, pending.Open = "w***@example.cn", view.Tag{Text: "待验证", Tone: view.Info}, true
	spent := mail
	spent.Next, spent.NextState = "w***@example.cn", view.Tag{Text: "验证码已失效", Tone: view.Warn}
	refused := mail
	refused.Next, refused.NextState = "w***@example.cn", view.Tag{Text: "无法送达", Tone: view.Bad}
	phone := view.Contact{Path: "/account/contacts/sms", Name: "手机号码", SMS: true, Always: always, Groups: groups}
	lost := phone
	lost.Address, lost.Failed = "138****8000", true
	set := func(name, title string, m view.ContactModel, words ...string) shot {
		m.Minutes = 15
		return shot{name, view.ContactPage(bidderPage(title, m.Path), m), words}
	}
	all := func(name string, words []string, contacts ...view.Contact) shot {
		return shot{name, view.ContactsPage(bidderPage("通知方式", "/account/contacts"), view.ContactsModel{Contacts: contacts, Mail: true}), words}
	}
	account := view.AccountModel{
		Accounts: []string{"示范建工集团有限公司", "91430100MA00DEM06N"}, Rules: rules, Contacts: []view.Contact{proved, phone},
		Sessions: []view.Session{{ID: "s1", Device: "Chrome，Windows", Address: "192.0.2.17", Assurance: view.ByPassword, Began: ago(time.Hour), Seen: now, Current: true}},
	}
	return []shot{
		all("contacts", []string{"通知方式", "未设置", "手机号码"}, mail, phone),
		all("contacts-proved", []string{"l***@example.cn", "已验证", "办理进度", "移除邮箱"}, proved, phone),
		all("contacts-failed", []string{"无法送达，请核对邮箱", "无法送达，请核对手机号码"}, failed, lost),
		all("contacts-pending", []string{"待验证", "输入验证码"}, pending),
		set("contact", "设置邮箱", view.ContactModel{Contact: mail}, "发送验证码", "当前密码"),
		set("contact-sms", "设置手机号码", view.ContactModel{Contact: phone, ByKey: true}, "不需要当前密码", "11 位手机号码"),
		set("contact-refused", "设置邮箱", view.ContactModel{Contact: proved, Typed: "li@", Problems: []form.Problem{
			{Field: "address", Label: "邮箱", Message: "电子邮箱格式不正确，例如 name@example.com"}, {Field: "current_password", Label: "当前密码", Message: "当前密码不正确"},
		}}, "（2 处错误）", "消息仍发送到 l***@example.cn"),
		set("contact-code", "设置邮箱", view.ContactModel{Contact: pending, Problems: []form.Problem{{Field: "code", Label: "验证码", Message: "验证码不正确，请核对最近一次收到的验证码"}}}, "15 分钟内有效", "验证码不正确"),
		set("contact-late", "设置邮箱", view.ContactModel{Contact: spent}, "已失效，请重新获取"),
		set("contact-lost", "设置邮箱", view.ContactModel{Contact: refused}, "无法送达，请核对地址"),
		{"account-contacts", view.AccountPage(bidderPage("账号安全", "/account"), account), []string{"通知方式", "l***@example.cn"}},
		{"forgot", view.ForgotPage(page("忘记密码", "/forgot"), view.ForgotModel{Mail: true, Minutes: 30}), []string{"发送链接", "其他办法", "服务柜台"}},
		{"forgot-refused", view.ForgotPage(page("忘记密码", "/forgot"), view.ForgotModel{Mail: true, Problems: []form.Problem{{Field: "account", Label: "账号", Message: "请填写账号"}}}), []string{"（1 处错误）"}},
		{"forgot-asked", view.ForgotPage(page("忘记密码", "/forgot"), view.ForgotModel{Mail: true, Asked: true, Minutes: 30}), []string{"几分钟内会收到", "30 分钟内有效"}},
		{"forgot-closed", view.ForgotPage(page("忘记密码", "/forgot"), view.ForgotModel{}), []string{"怎样重新设置密码", "用 CA 证书登录"}},
		{"unsubscribe", view.UnsubscribePage(page("不再接收邮件", "/unsubscribe/x"), view.UnsubscribeModel{Action: "/unsubscribe/x", Group: groups[1].Label, Text: groups[1].Text}), []string{"停止发送", "办理进度"}},
		{"unsubscribed", view.UnsubscribePage(page("不再接收邮件", "/unsubscribe/x"), view.UnsubscribeModel{Done: true, Group: groups[1].Label, Text: groups[1].Text}), []string{"已停止发送"}},
	}
}
