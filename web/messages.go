package web

import (
	"context"
	"net/http"

	"unireg/record"
	"unireg/storage"
	"unireg/web/letters"
	"unireg/web/view"
)

// messagesShown is the number of messages of a page.
const messagesShown = 50

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
	text := letters.Of(n)
	return view.Message{
		ID: string(n.ID), At: n.CreatedAt, Title: text.Title, Text: text.Text, Tone: text.Tone, Read: !n.ReadAt.IsZero(),
		Href: text.Href, LinkText: text.Link,
	}
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
