package web

import (
	"log/slog"
	"net/http"

	"unireg/access"
	"unireg/record"
	"unireg/web/view"
)

// resetLooks bounds the links that an address may try, an hour.
const resetLooks = 60

// resetLink reads the link that the address names: whose password it sets. What
// is none, was used, revoked or came late is the same record.NotFound.
func (s *Server) resetLink(v *visit) (token []byte, subject record.Subject, err error) {
	if err := v.within("reset-link", resetLooks); err != nil {
		return nil, subject, err
	}
	token, ok := access.HashToken(v.Params("token"))
	if !ok {
		token = make([]byte, 32) // no link's: the answer takes as long as any other
	}
	subject, err = s.Store.ResetByToken(v.ctx, token)
	return token, subject, err
}

// resetOver is the one answer to a link that sets no password.
func (v *visit) resetOver() error {
	return v.render(http.StatusNotFound, view.ResetOverPage(v.page("设置新密码")))
}

// showReset is where a person sets a new password by a link, of the counter or of a
// letter. To look does not use it up: programs look at links, too.
func (s *Server) showReset(v *visit) error {
	_, subject, err := s.resetLink(v)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.resetOver()
	case err != nil:
		return err
	}
	return v.render(http.StatusOK, view.ResetPage(v.page("设置新密码"), resetModel(v, subject)))
}

func resetModel(v *visit, subject record.Subject) view.ResetModel {
	return view.ResetModel{Token: v.Params("token"), Name: subject.Name, Rules: passwordRules}
}

// useReset sets the new password. The sessions of the account end, and the link
// serves no more.
func (s *Server) useReset(v *visit) error {
	token, subject, err := s.resetLink(v)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.resetOver()
	case err != nil:
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	password := fields.Get("password")
	if problems := newPasswordProblems("新密码", password, fields.Get("password_again"), subject.Name, subject.Code); len(problems) > 0 {
		m := resetModel(v, subject)
		m.Problems = problems
		return v.render(http.StatusUnprocessableEntity, view.ResetPage(v.page("设置新密码"), m))
	}
	hash, err := access.Hash(v.ctx, password)
	if err != nil {
		return err
	}
	account, err := s.Store.UseReset(v.ctx, token, hash)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.resetOver()
	case err != nil:
		return err
	}
	v.audit("password set by a link", slog.String("account", string(account)))
	v.flash(view.Good, "密码已设置，请用单位全称或代码（自然人用证件号码）登录。")
	return v.see("/login")
}
