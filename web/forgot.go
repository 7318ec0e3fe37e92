package web

import (
	"log/slog"
	"net/http"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/letters"
	"unireg/web/view"
)

// Asking for a link costs what the dearest question of registration costs. What
// is typed is not looked up here: a worker does that, so that neither words nor
// time of the answer tell whether there is such an account, or its address.
const (
	resetsAsked         = 20 // with proof, an address an hour
	resetsAskedUnproven = 3  // without
	unsubscribings      = 600
)

// showForgot tells how a forgotten password is set anew.
func (s *Server) showForgot(v *visit) error {
	return s.drawForgot(v, http.StatusOK, view.ForgotModel{Asked: v.Query("asked") == "1"})
}

func (s *Server) drawForgot(v *visit, status int, m view.ForgotModel) error {
	m.Mail, m.Minutes = s.mails(), int(storage.ResetPeriod.Minutes())
	return v.render(status, view.ForgotPage(v.page("忘记密码"), m))
}

// askReset notes what was typed, and says the same of everything.
func (s *Server) askReset(v *visit) error {
	if !s.mails() {
		return errNoPage
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed, member := form.Clean(fields.Get("account")), form.Clean(fields.Get("member"))
	problem := func(status int, message string) error {
		return s.drawForgot(v, status, view.ForgotModel{
			Account: typed, Member: member, Problems: []form.Problem{{Field: "account", Label: "账号", Message: message}},
		})
	}
	if typed == "" || len(typed)+len(member) > maxLogin {
		return problem(http.StatusUnprocessableEntity, "请填写账号")
	}
	proven, err := v.proven(access.ProofReset, fields.Get("proof"))
	if err != nil {
		return err
	}
	if proven {
		err = v.within("reset-asked", resetsAsked)
	} else {
		err = v.within("reset-asked-unproven", resetsAskedUnproven)
	}
	switch {
	case record.CodeOf(err) == record.TooMany:
		return problem(http.StatusTooManyRequests, messageOf(err))
	case err != nil:
		return err
	}
	if err := s.Store.AskReset(v.ctx, typed, member); err != nil {
		return err
	}
	v.audit("password reset asked for")
	return v.see("/forgot?asked=1")
}

// provesItself reports whether the address of the request stood in a mail of
// ours.
func (v *visit) provesItself() bool {
	_, err := v.s.Store.ReadLeaveToken(v.Params("token"))
	return err == nil
}

// subscription is what the link in a mail ends.
func (s *Server) subscription(v *visit) (storage.Subscription, error) {
	if err := v.within("unsubscribe", unsubscribings); err != nil {
		return storage.Subscription{}, err
	}
	return s.Store.ReadLeaveToken(v.Params("token"))
}

// showUnsubscribe asks whether a group of messages shall end: programs look at
// links, too.
func (s *Server) showUnsubscribe(v *visit) error {
	u, err := s.subscription(v)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.UnsubscribePage(v.page("不再接收邮件"), view.UnsubscribeModel{
		Action: "/unsubscribe/" + v.Params("token"), Group: letters.GroupLabel(u.Group), Text: letters.GroupText(u.Group),
	}))
}

// unsubscribe ends a group of messages, by the page or by the one click of a mail
// program. Done twice it is done.
func (s *Server) unsubscribe(v *visit) error {
	u, err := s.subscription(v)
	if err != nil {
		return err
	}
	if err := s.Store.Unsubscribe(v.ctx, u); err != nil {
		return err
	}
	v.audit("unsubscribed", slog.String("account", string(u.Account)), slog.String("group", string(u.Group)))
	return v.render(http.StatusOK, view.UnsubscribePage(v.page("不再接收邮件"), view.UnsubscribeModel{
		Done: true, Group: letters.GroupLabel(u.Group), Text: letters.GroupText(u.Group),
	}))
}
