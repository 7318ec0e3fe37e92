package web

import (
	"context"
	"net/http"
	"strings"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// messagesShown is the number of messages of a page.
const messagesShown = 50

// messageText is what a topic says to the subject.
type messageText struct {
	title, text string
	tone        view.Tone
	link        string // text of the link to the record; "" for none
}

// messageTexts are the topics that storage writes.
var messageTexts = map[string]messageText{
	storage.TopicSubmitted:                                   {"提交成功", "提交的内容已受理，正在等待审核。", view.Info, "查看进度"},
	storage.TopicApproved:                                    {"审核通过", "提交的内容已通过审核，现已生效。", view.Good, "查看"},
	storage.TopicRefused:                                     {"操作未生效", "之前的一项操作在办理时未能生效，填写的内容没有丢失。请打开查看原因。", view.Bad, "查看原因"},
	storage.TopicCorrectRemind:                               {"请尽快补正", "退回的内容尚未补正。逾期未补正的，本次提交自动终止。", view.Warn, "去补正"},
	storage.TopicOverdue:                                     {"审核超过承诺时限", "您提交的内容审核已超过承诺时限，已提请主管人员督办。", view.Warn, "查看进度"},
	storage.TopicRegisterRemind:                              {"请填写基本信息", "注册后尚未提交基本信息。长期未提交的，注册将自动关闭，代码或证件号可重新注册。", view.Warn, "去填写"},
	storage.TopicFileRefused:                                 {"附件未通过病毒扫描", "一个附件含有病毒或恶意内容，已隔离，不能打开也不能通过审核。请用杀毒软件检查电脑，删除该附件后重新上传。", view.Bad, "查看附件"},
	storage.TopicFileLost:                                    {"附件内容丢失", "一个附件的内容在系统中丢失，工作人员正在设法恢复。请保留原件；草稿中有该附件的，请重新上传。", view.Bad, "查看附件"},
	string(record.Return):                                    {"退回补正", "审核人员退回了提交的内容，请按意见修改后重新提交。", view.Warn, "查看意见"},
	string(record.Lapse):                                     {"逾期未补正", "补正期限已过，本次提交已终止。已生效的内容不受影响，可以重新提交。", view.Bad, "查看"},
	storage.TopicOfApplication(record.ApplicationFailed):     {"CA 申请发送失败", "申请没有发送成功，系统会继续自动重发，不需要重新申请。", view.Warn, "查看申请"},
	storage.TopicOfApplication(record.ApplicationSent):       {"CA 申请成功", "CA 公司已收到申请，请带齐资料到受理点办理。", view.Good, "查看申请"},
	storage.TopicOfApplication(record.ApplicationInProgress): {"CA 公司已受理", "CA 公司正在审核申请。", view.Info, "查看进度"},
	storage.TopicOfApplication(record.ApplicationSupplement): {"CA 申请需补正材料", "CA 公司要求补正材料，请查看说明。", view.Warn, "查看说明"},
	storage.TopicOfApplication(record.ApplicationPayment):    {"CA 申请等待支付", "请按 CA 公司的说明支付费用。", view.Warn, "查看说明"},
	storage.TopicOfApplication(record.ApplicationProducing):  {"正在制证", "CA 公司正在制作证书。", view.Info, "查看进度"},
	storage.TopicOfApplication(record.ApplicationIssued):     {"CA 业务已办结", "CA 公司已办理完成。", view.Good, "查看"},
	storage.TopicOfApplication(record.ApplicationBound):      {"证书已签发并绑定", "现在可以用 CA 锁登录。", view.Good, "查看"},
	storage.TopicOfApplication(record.ApplicationRejected):   {"CA 公司没有受理申请", "申请已结束，请查看原因。", view.Bad, "查看原因"},
	storage.TopicOfApplication(record.ApplicationWithdrawn):  {"CA 申请已撤销", "CA 公司已停止办理。", view.Info, "查看"},
	storage.TopicCASilent:                                    {"CA 申请正在督办", "CA 公司超过时限没有答复，已提请工作人员联系，您不需要重新申请。", view.Warn, "查看进度"},
	storage.TopicCAUnbound:                                   {"证书没有绑定成功", "签发的证书未能绑定，已提请工作人员处理。", view.Bad, "查看原因"},
	storage.TopicCAWithdrawDenied:                            {"申请没有撤销", "证书已在制作或已办结，撤销没有成功。", view.Warn, "查看进度"},
	"certificate_" + storage.WordRevoked:                     {"证书已被吊销", "一张证书已被 CA 公司吊销，不能再登录和签名。", view.Bad, "查看证书"},
	"certificate_" + storage.WordSuspended:                   {"证书已挂失", "一张证书已挂失，暂时不能登录和签名。", view.Warn, "查看证书"},
	"certificate_" + storage.WordResumed:                     {"证书已解除挂失", "一张证书已恢复使用。", view.Good, "查看证书"},

	storage.TopicExportReady:  {"数据导出已完成", "申请导出的全部数据已打包，请在 7 天内下载，逾期自动删除。", view.Good, "去下载"},
	storage.TopicExportFailed: {"数据导出没有成功", "申请的数据导出多次重试后仍未成功，数据没有受到影响，请重新导出。", view.Bad, "重新导出"},
	storage.TopicExpiring:     {"证照到期提醒", "", view.Warn, "查看到期清单"},
	storage.TopicPasswordReset: {
		"密码已由柜台重置", "登录密码已通过柜台开具的链接重新设置，原有的登录已全部结束。如不是您本人或本单位办理，请立即联系服务热线。", view.Warn, "查看账号安全",
	},
	storage.EventMemberInvited:       {"已邀请成员", "本单位邀请了一名成员，链接 7 天内有效。", view.Info, "查看成员"},
	storage.EventInvitationRenewed:   {"邀请链接已重新生成", "一个成员邀请的链接已重新生成，原链接失效。", view.Info, "查看成员"},
	storage.EventInvitationRevoked:   {"邀请已收回", "一个成员邀请已收回，链接不能再使用。", view.Info, "查看成员"},
	storage.EventMemberJoined:        {"新成员已加入", "一名新成员已设置用户名和密码，可以登录了。", view.Good, "查看成员"},
	storage.EventMemberChanged:       {"成员角色已调整", "一名成员的角色已调整，立即生效。", view.Info, "查看成员"},
	storage.EventMemberRenamed:       {"成员姓名已修改", "一名成员的姓名已修改。", view.Info, "查看成员"},
	storage.EventMemberRevoked:       {"成员已停用", "一名成员已停用，登录会话已全部结束。", view.Warn, "查看成员"},
	storage.EventMemberLeft:          {"成员已退出", "一名成员已退出本单位，登录会话已全部结束。", view.Warn, "查看成员"},
	storage.EventMemberSessionsEnded: {"成员的登录会话已结束", "一名成员的登录会话已由管理员结束。", view.Info, "查看成员"},
	storage.EventJoinAsked:           {"有人申请加入本单位", "请核实是否为本单位人员，再决定是否同意。", view.Warn, "去处理"},
	storage.EventJoinGranted:         {"已同意加入申请", "申请人可在 14 天内设置用户名和密码。", view.Good, "查看成员"},
	storage.EventJoinRefused:         {"已谢绝加入申请", "一个加入申请已谢绝。", view.Info, "查看成员"},
	string(record.Reopen): {"重新审核", "管理员对已生效的内容发起了重新审核，原内容在此期间继续有效。", view.Warn, "查看原因"},
}

// showMessages lists the subject's messages, newest first.
func (s *Server) showMessages(v *visit) error {
	before := record.ID(v.Query("before"))
	if before != "" && !storage.ValidID(string(before)) {
		return errNoPage
	}
	all, err := s.Store.NotificationsFor(v.ctx, v.subject.ID, v.role(), before, messagesShown+1)
	if err != nil {
		return err
	}
	var model view.MessagesModel
	if len(all) > messagesShown {
		all = all[:messagesShown]
		model.Pager.NextHref = "/messages?before=" + string(all[messagesShown-1].ID)
	}
	if before != "" {
		model.Pager.PrevHref = "/messages"
	}
	if model.Messages, err = s.shownMessages(v, all); err != nil {
		return err
	}
	p, err := v.portal("消息")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.MessagesPage(p, model))
}

// shownMessages puts messages into words; those on one of many records name it.
func (s *Server) shownMessages(v *visit, all []storage.Notification) ([]view.Message, error) {
	return s.messagesOf(v.ctx, v.subject.ID, all)
}

func (s *Server) messagesOf(ctx context.Context, subject record.ID, all []storage.Notification) ([]view.Message, error) {
	var ids []record.ID
	for _, n := range all {
		if n.Record != "" {
			ids = append(ids, n.Record)
		}
	}
	records, err := s.Store.RecordsByID(ctx, subject, ids)
	if err != nil {
		return nil, err
	}
	shown := make([]view.Message, 0, len(all))
	for _, n := range all {
		m := shownMessage(n)
		if r, ok := records[n.Record]; ok && !r.Kind.Profile() {
			m.Title += "：" + r.Kind.Label() + "“" + r.Title + "”"
		}
		shown = append(shown, m)
	}
	return shown, nil
}

func shownMessage(n storage.Notification) view.Message {
	text, ok := messageTexts[n.Topic]
	if !ok {
		text = messageText{title: "通知", text: "有一项内容发生了变化，请打开查看。", tone: view.Info, link: "查看"}
	}
	if n.Topic == storage.TopicOfApplication(record.ApplicationProducing) && !record.Business(n.Data["business"]).Binds() {
		text.title, text.text = "CA 业务正在办理", "CA 公司正在办理，完成后会再通知。"
	}
	m := view.Message{
		ID: string(n.ID), At: n.CreatedAt, Title: text.title, Text: text.text, Tone: text.tone, Read: !n.ReadAt.IsZero(),
		Href: "/profile", LinkText: text.link,
	}
	switch {
	case n.Topic == storage.TopicExpiring:
		m.Href, m.Text = "/expiries", n.Data["count"]+" 项证照将在 "+n.Data["days"]+" 天内到期，请及时办理延续并在系统中变更。"
		if n.Data["days"] == "0" {
			m.Tone, m.Text = view.Bad, n.Data["count"]+" 项证照今天到期或已过期，过期的不再计入有效。"
		}
	case n.Topic == storage.TopicPasswordReset:
		m.Href = "/account"
	case n.Topic == storage.TopicExportReady, n.Topic == storage.TopicExportFailed:
		m.Href = "/account/export"
	case strings.HasPrefix(n.Topic, "member_"):
		m.Href = "/account/members"
	case strings.HasPrefix(n.Topic, "ca_"):
		m.Href = applicationPath(n.Record)
	case strings.HasPrefix(n.Topic, "certificate_"):
		m.Href = "/certificates"
	case n.Record != "":
		m.Href = "/records/" + string(n.Record)
	}
	return m
}

// readMessages marks one message, or all, as read.
func (s *Server) readMessages(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	if fields.Get("all") == "on" {
		if err := s.Store.ReadAllNotifications(v.ctx, v.subject.ID, v.role()); err != nil {
			return err
		}
		return v.see("/messages")
	}
	id := fields.Get("id")
	if !storage.ValidID(id) {
		return errNoPage
	}
	if _, err := s.Store.ReadNotification(v.ctx, v.subject.ID, record.ID(id)); err != nil {
		return err
	}
	return v.see("/messages")
}
