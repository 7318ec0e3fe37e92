// Package letters puts what happened into words: for the page 消息, and for what
// leaves the portal by mail and by short message. One topic has one text, here. A
// letter names what kind of filing it is about and the receipt's number, and
// leads to the page: nothing that anybody typed is in it, but the name of a unit.
package letters

import (
	"strings"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// Text is what a message says to the subject.
type Text struct {
	Title, Text string
	Tone        view.Tone
	Link        string // text of the link
	Href        string // path of the page that it leads to
}

// topics are the topics that storage writes. Where the link leads follows from
// what the message is about.
var topics = map[string]Text{
	storage.TopicSubmitted:                                   {Title: "提交成功", Text: "提交的内容已受理，正在等待审核。", Tone: view.Info, Link: "查看进度"},
	storage.TopicApproved:                                    {Title: "审核通过", Text: "提交的内容已通过审核，现已生效。", Tone: view.Good, Link: "查看"},
	storage.TopicRefused:                                     {Title: "操作未生效", Text: "之前的一项操作在办理时未能生效，填写的内容没有丢失。请打开查看原因。", Tone: view.Bad, Link: "查看原因"},
	storage.TopicCorrectRemind:                               {Title: "请尽快补正", Text: "退回的内容尚未补正。逾期未补正的，本次提交自动终止。", Tone: view.Warn, Link: "去补正"},
	storage.TopicOverdue:                                     {Title: "审核超过承诺时限", Text: "您提交的内容审核已超过承诺时限，已提请主管人员督办。", Tone: view.Warn, Link: "查看进度"},
	storage.TopicRegisterRemind:                              {Title: "请填写基本信息", Text: "注册后尚未提交基本信息。长期未提交的，注册将自动关闭，代码或证件号可重新注册。", Tone: view.Warn, Link: "去填写"},
	storage.TopicFileRefused:                                 {Title: "附件未通过病毒扫描", Text: "一个附件含有病毒或恶意内容，已隔离，不能打开也不能通过审核。请用杀毒软件检查电脑，删除该附件后重新上传。", Tone: view.Bad, Link: "查看附件"},
	storage.TopicFileLost:                                    {Title: "附件内容丢失", Text: "一个附件的内容在系统中丢失，工作人员正在设法恢复。请保留原件；草稿中有该附件的，请重新上传。", Tone: view.Bad, Link: "查看附件"},
	string(record.Return):                                    {Title: "退回补正", Text: "审核人员退回了提交的内容，请按意见修改后重新提交。", Tone: view.Warn, Link: "查看意见"},
	string(record.Lapse):                                     {Title: "逾期未补正", Text: "补正期限已过，本次提交已终止。已生效的内容不受影响，可以重新提交。", Tone: view.Bad, Link: "查看"},
	storage.TopicOfApplication(record.ApplicationFailed):     {Title: "CA 申请发送失败", Text: "申请没有发送成功，系统会继续自动重发，不需要重新申请。", Tone: view.Warn, Link: "查看申请"},
	storage.TopicOfApplication(record.ApplicationSent):       {Title: "CA 申请成功", Text: "CA 公司已收到申请，请带齐资料到受理点办理。", Tone: view.Good, Link: "查看申请"},
	storage.TopicOfApplication(record.ApplicationInProgress): {Title: "CA 公司已受理", Text: "CA 公司正在审核申请。", Tone: view.Info, Link: "查看进度"},
	storage.TopicOfApplication(record.ApplicationSupplement): {Title: "CA 申请需补正材料", Text: "CA 公司要求补正材料，请查看说明。", Tone: view.Warn, Link: "查看说明"},
	storage.TopicOfApplication(record.ApplicationPayment):    {Title: "CA 申请等待支付", Text: "请按 CA 公司的说明支付费用。", Tone: view.Warn, Link: "查看说明"},
	storage.TopicOfApplication(record.ApplicationProducing):  {Title: "正在制证", Text: "CA 公司正在制作证书。", Tone: view.Info, Link: "查看进度"},
	storage.TopicOfApplication(record.ApplicationIssued):     {Title: "CA 业务已办结", Text: "CA 公司已办理完成。", Tone: view.Good, Link: "查看"},
	storage.TopicOfApplication(record.ApplicationBound):      {Title: "证书已签发并绑定", Text: "现在可以用 CA 锁登录。", Tone: view.Good, Link: "查看"},
	storage.TopicOfApplication(record.ApplicationRejected):   {Title: "CA 公司没有受理申请", Text: "申请已结束，请查看原因。", Tone: view.Bad, Link: "查看原因"},
	storage.TopicOfApplication(record.ApplicationWithdrawn):  {Title: "CA 申请已撤销", Text: "CA 公司已停止办理。", Tone: view.Info, Link: "查看"},
	storage.TopicCASilent:                                    {Title: "CA 申请正在督办", Text: "CA 公司超过时限没有答复，已提请工作人员联系，您不需要重新申请。", Tone: view.Warn, Link: "查看进度"},
	storage.TopicCAUnbound:                                   {Title: "证书没有绑定成功", Text: "签发的证书未能绑定，已提请工作人员处理。", Tone: view.Bad, Link: "查看原因"},
	storage.TopicCAWithdrawDenied:                            {Title: "申请没有撤销", Text: "证书已在制作或已办结，撤销没有成功。", Tone: view.Warn, Link: "查看进度"},
	"certificate_" + storage.WordRevoked:                     {Title: "证书已被吊销", Text: "一张证书已被 CA 公司吊销，不能再登录和签名。", Tone: view.Bad, Link: "查看证书"},
	"certificate_" + storage.WordSuspended:                   {Title: "证书已挂失", Text: "一张证书已挂失，暂时不能登录和签名。", Tone: view.Warn, Link: "查看证书"},
	"certificate_" + storage.WordResumed:                     {Title: "证书已解除挂失", Text: "一张证书已恢复使用。", Tone: view.Good, Link: "查看证书"},

	storage.TopicExportReady:  {Title: "数据导出已完成", Text: "申请导出的全部数据已打包，请在 7 天内下载，逾期自动删除。", Tone: view.Good, Link: "去下载"},
	storage.TopicExportFailed: {Title: "数据导出没有成功", Text: "申请的数据导出多次重试后仍未成功，数据没有受到影响，请重新导出。", Tone: view.Bad, Link: "重新导出"},
	storage.TopicExpiring:     {Title: "证照到期提醒", Text: "", Tone: view.Warn, Link: "查看到期清单"},
	storage.TopicConfirmation: {Title: "请进行年度确认", Text: "", Tone: view.Warn, Link: "去确认"},
	storage.TopicPasswordReset: {
		Title: "密码已由柜台重置", Tone: view.Warn, Link: "查看账号安全",
		Text: "登录密码已通过柜台开具的链接重新设置，原有的登录已全部结束。如不是您本人或本单位办理，请立即联系服务热线。",
	},
	storage.TopicPasswordResetByMail: {
		Title: "密码已通过邮箱重置", Tone: view.Warn, Link: "查看账号安全",
		Text: "登录密码已通过发送到您邮箱的链接重新设置，原有的登录已全部结束。如不是您本人或本单位办理，请立即联系服务热线。",
	},
	storage.TopicContactChanged: {
		Title: "通知方式已变更", Tone: view.Warn, Link: "查看通知方式",
		Text: "接收消息的邮箱或手机号码已变更。如不是您本人或本单位办理，请立即修改密码并联系服务热线。",
	},
	storage.EventMemberInvited:       {Title: "已邀请成员", Text: "本单位邀请了一名成员，链接 7 天内有效。", Tone: view.Info, Link: "查看成员"},
	storage.EventInvitationRenewed:   {Title: "邀请链接已重新生成", Text: "一个成员邀请的链接已重新生成，原链接失效。", Tone: view.Info, Link: "查看成员"},
	storage.EventInvitationRevoked:   {Title: "邀请已收回", Text: "一个成员邀请已收回，链接不能再使用。", Tone: view.Info, Link: "查看成员"},
	storage.EventMemberJoined:        {Title: "新成员已加入", Text: "一名新成员已设置用户名和密码，可以登录了。", Tone: view.Good, Link: "查看成员"},
	storage.EventMemberChanged:       {Title: "成员角色已调整", Text: "一名成员的角色已调整，立即生效。", Tone: view.Info, Link: "查看成员"},
	storage.EventMemberRenamed:       {Title: "成员姓名已修改", Text: "一名成员的姓名已修改。", Tone: view.Info, Link: "查看成员"},
	storage.EventMemberRevoked:       {Title: "成员已停用", Text: "一名成员已停用，登录会话已全部结束。", Tone: view.Warn, Link: "查看成员"},
	storage.EventMemberLeft:          {Title: "成员已退出", Text: "一名成员已退出本单位，登录会话已全部结束。", Tone: view.Warn, Link: "查看成员"},
	storage.EventMemberSessionsEnded: {Title: "成员的登录会话已结束", Text: "一名成员的登录会话已由管理员结束。", Tone: view.Info, Link: "查看成员"},
	storage.EventJoinAsked:           {Title: "有人申请加入本单位", Text: "请核实是否为本单位人员，再决定是否同意。", Tone: view.Warn, Link: "去处理"},
	storage.EventJoinGranted:         {Title: "已同意加入申请", Text: "申请人可在 14 天内设置用户名和密码。", Tone: view.Good, Link: "查看成员"},
	storage.EventJoinRefused:         {Title: "已谢绝加入申请", Text: "一个加入申请已谢绝。", Tone: view.Info, Link: "查看成员"},

	string(record.Reopen): {Title: "重新审核", Text: "管理员对已生效的内容发起了重新审核，原内容在此期间继续有效。", Tone: view.Warn, Link: "查看原因"},
}

// unknown is what is said of a topic that has no words.
var unknown = Text{Title: "通知", Text: "有一项内容发生了变化，请打开查看。", Tone: view.Info, Link: "查看"}

// Of puts a message into words, in Chinese: whoever shows them looks their
// English up.
func Of(n storage.Notification) Text {
	text, ok := topics[n.Topic]
	if !ok {
		text = unknown
	}
	if n.Topic == storage.TopicOfApplication(record.ApplicationProducing) && !record.Business(n.Data["business"]).Binds() {
		text.Title, text.Text = "CA 业务正在办理", "CA 公司正在办理，完成后会再通知。"
	}
	text.Href = "/profile"
	switch {
	case n.Topic == storage.TopicExpiring:
		text.Href, text.Text = "/expiries", n.Data["count"]+" 项证照将在 "+n.Data["days"]+" 天内到期，请及时办理延续并在系统中变更。"
		if n.Data["days"] == "0" {
			text.Tone, text.Text = view.Bad, n.Data["count"]+" 项证照今天到期或已过期，过期的不再计入有效。"
		}
	case n.Topic == storage.TopicConfirmation:
		text.Href = "/records/" + string(n.Record) + "/confirmation"
		text.Text = "请在 " + n.Data["due"] + " 前确认基本信息仍然真实有效，有变化的请办理变更。"
		if n.Data["days"] == "0" {
			text.Tone, text.Text = view.Bad, "基本信息年度确认的最后期限是 "+n.Data["due"]+"，请尽快确认，有变化的请办理变更。"
		}
	case n.Topic == storage.TopicPasswordReset, n.Topic == storage.TopicPasswordResetByMail:
		text.Href = "/account"
	case n.Topic == storage.TopicContactChanged:
		text.Href = "/account/contacts"
	case n.Topic == storage.TopicExportReady, n.Topic == storage.TopicExportFailed:
		text.Href = "/account/export"
	case strings.HasPrefix(n.Topic, "member_"):
		text.Href = "/account/members"
	case strings.HasPrefix(n.Topic, "ca_"):
		text.Href = "/ca/applications/" + string(n.Record)
	case strings.HasPrefix(n.Topic, "certificate_"):
		text.Href = "/certificates"
	case n.Record != "":
		text.Href = "/records/" + string(n.Record)
	}
	return text
}
