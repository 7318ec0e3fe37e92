package web

import (
	"net/http"

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
	storage.TopicSubmitted:      {"提交成功", "提交的内容已受理，正在等待审核。", view.Info, "查看进度"},
	storage.TopicApproved:       {"审核通过", "提交的内容已通过审核，现已生效。", view.Good, "查看"},
	storage.TopicRefused:        {"操作未生效", "之前的一项操作在办理时未能生效，填写的内容没有丢失。请打开查看原因。", view.Bad, "查看原因"},
	storage.TopicCorrectRemind:  {"请尽快补正", "退回的内容尚未补正。逾期未补正的，本次提交自动终止。", view.Warn, "去补正"},
	storage.TopicOverdue:        {"审核超过承诺时限", "您提交的内容审核已超过承诺时限，已提请主管人员督办。", view.Warn, "查看进度"},
	storage.TopicRegisterRemind: {"请填写基本信息", "注册后尚未提交基本信息。长期未提交的，注册将自动关闭，代码或证件号可重新注册。", view.Warn, "去填写"},
	string(record.Return):       {"退回补正", "审核人员退回了提交的内容，请按意见修改后重新提交。", view.Warn, "查看意见"},
	string(record.Lapse):        {"逾期未补正", "补正期限已过，本次提交已终止。已生效的内容不受影响，可以重新提交。", view.Bad, "查看"},
	string(record.Reopen):       {"重新审核", "管理员对已生效的内容发起了重新审核，原内容在此期间继续有效。", view.Warn, "查看原因"},
}

// showMessages lists the subject's messages, newest first.
func (s *Server) showMessages(v *visit) error {
	before := record.ID(v.Query("before"))
	if before != "" && !storage.ValidID(string(before)) {
		return errNoPage
	}
	all, err := s.Store.Notifications(v.ctx, v.subject.ID, before, messagesShown+1)
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
	for _, n := range all {
		model.Messages = append(model.Messages, shownMessage(n))
	}
	p, err := v.portal("消息")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.MessagesPage(p, model))
}

func shownMessage(n storage.Notification) view.Message {
	text, ok := messageTexts[n.Topic]
	if !ok {
		text = messageText{title: "通知", text: "有一项内容发生了变化，请打开查看。", tone: view.Info, link: "查看"}
	}
	m := view.Message{
		ID: string(n.ID), At: n.CreatedAt, Title: text.title, Text: text.text, Tone: text.tone, Read: !n.ReadAt.IsZero(),
		Href: "/profile", LinkText: text.link,
	}
	if n.Record != "" {
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
		if err := s.Store.ReadAllNotifications(v.ctx, v.subject.ID); err != nil {
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
