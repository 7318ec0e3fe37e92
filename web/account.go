package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// showAccount is 账号安全: the password and the sessions.
func (s *Server) showAccount(v *visit) error {
	return s.drawAccount(v, http.StatusOK, nil)
}

// drawAccount draws 账号安全 with what is to be mended on it.
func (s *Server) drawAccount(v *visit, status int, problems []form.Problem) error {
	sessions, err := s.Store.Sessions(v.ctx, v.account, s.IdleTimeout)
	if err != nil {
		return err
	}
	model := view.AccountModel{
		Accounts: loginNames(v.subject), Rules: passwordRules, ByKey: v.byKey(), Problems: problems, Sessions: v.sessions(sessions),
	}
	if model.Contacts, err = s.contacts(v); err != nil {
		return err
	}
	if v.subject.Type == record.Organization {
		if model.Part, err = s.ownPart(v, problems); err != nil {
			return err
		}
	}
	p, err := v.portal("账号安全")
	if err != nil {
		return err
	}
	return v.render(status, view.AccountPage(p, model))
}

// sessions are those of who is logged in, as their page lists them.
func (v *visit) sessions(all []storage.Session) []view.Session {
	shown := make([]view.Session, 0, len(all))
	for _, session := range all {
		shown = append(shown, view.Session{
			ID: string(session.ID), Device: device(session.Agent), Address: session.Address, Assurance: view.Assurance(session.Assurance),
			Staff: v.staff != nil, Half: v.staff != nil && !session.SecondFactor,
			Began: session.CreatedAt, Seen: session.SeenAt, Current: session.ID == v.session.ID,
		})
	}
	return shown
}

// loginNames are what a subject may type as its account.
func loginNames(subject record.Subject) []string {
	if subject.Type == record.Person {
		return []string{subject.Code, subject.Name}
	}
	return []string{subject.Name, subject.Code}
}

// passwordTries bounds the guesses at the present password, in a quarter of an
// hour: a session left open must not help to find it.
const passwordTries = 10

// changePassword changes the password. Every other session ends, and this one
// goes on under a new cookie.
func (s *Server) changePassword(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	problems, err := v.passwordChange(fields, v.account, v.session.Account.Password, !v.byKey(), v.subject.Name, v.subject.Code)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.drawAccount(v, http.StatusUnprocessableEntity, problems)
	}
	hash, err := access.Hash(v.ctx, fields.Get("password"))
	if err != nil {
		return err
	}
	if err := s.Store.SetPassword(v.ctx, v.account, hash, v.session.ID); err != nil {
		return err
	}
	if err := v.begin(storage.NewSession{Account: v.account, Assurance: v.session.Assurance, Certificate: v.session.Certificate}); err != nil {
		return err
	}
	v.audit("password changed", slog.String("account", string(v.account)))
	v.flash(view.Good, "密码已修改，其他登录会话已全部结束。")
	return v.see("/account")
}

// byKey tells that a certificate logged in: that proves more than a password,
// and sets a new one without the old (B09).
func (v *visit) byKey() bool { return v.session.Assurance == record.ByCertificate }

// passwordChange judges the form in which whoever is logged in changes their own
// password, whose hash is given; names must not be in the new one. asked tells
// that the present password is. The guesses are counted by owner.
func (v *visit) passwordChange(fields url.Values, owner record.ID, hash string, asked bool, names ...string) ([]form.Problem, error) {
	if err := v.mayGuess(owner); err != nil {
		return nil, err
	}
	password := fields.Get("password")
	problems := newPasswordProblems("新密码", password, fields.Get("password_again"), names...)
	if !asked {
		return problems, nil
	}
	wrong, err := v.wrongPassword(fields.Get("current_password"), hash)
	switch {
	case err != nil:
		return nil, err
	case len(wrong) > 0:
		return append(wrong, problems...), nil
	case len(problems) == 0 && fields.Get("current_password") == password:
		return []form.Problem{{Field: "password", Label: "新密码", Message: "新密码与当前密码相同，请换一个"}}, nil
	}
	return problems, nil
}

// mayGuess counts a guess at somebody's present password.
func (v *visit) mayGuess(owner record.ID) error {
	allowed, after, err := v.s.Store.Hit(v.ctx, "password/"+string(owner), 15*time.Minute, passwordTries)
	if err != nil || allowed {
		return err
	}
	return v.tooMany(after)
}

func (v *visit) wrongPassword(typed, hash string) ([]form.Problem, error) {
	ok, _, err := access.Verify(v.ctx, typed, hash)
	if err != nil || ok {
		return nil, err
	}
	return []form.Problem{{Field: "current_password", Label: "当前密码", Message: "当前密码不正确"}}, nil
}

// presentPassword judges what the applicant typed as their present password. The
// guesses are counted.
func (v *visit) presentPassword(typed string) ([]form.Problem, error) {
	if err := v.mayGuess(v.account); err != nil {
		return nil, err
	}
	return v.wrongPassword(typed, v.session.Account.Password)
}

// endSession ends one of the account's sessions.
func (s *Server) endSession(v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.EndAccountSession(v.ctx, v.account, id); err != nil {
		return err
	}
	v.audit("session ended", slog.String("account", string(v.account)))
	if id == v.session.ID {
		v.dropCookie(sessionCookie)
		return v.see("/login")
	}
	v.flash(view.Good, "该会话已结束。")
	return v.see("/account")
}

// endOtherSessions ends all sessions of the account but this one.
func (s *Server) endOtherSessions(v *visit) error {
	if _, err := s.Store.EndOtherSessions(v.ctx, v.account, v.session.ID); err != nil {
		return err
	}
	v.audit("other sessions ended", slog.String("account", string(v.account)))
	v.flash(view.Good, "其他登录会话已全部结束。")
	return v.see("/account")
}

// device says in a few words which browser names itself so. Order matters:
// most browsers also claim to be others.
func device(agent string) string {
	pick := func(choices [][2]string, otherwise string) string {
		for _, c := range choices {
			if strings.Contains(agent, c[0]) {
				return c[1]
			}
		}
		return otherwise
	}
	browser := pick([][2]string{
		{"MicroMessenger", "微信"},
		{"Edg", "Edge"},
		{"QQBrowser", "QQ 浏览器"},
		{"Firefox", "Firefox"},
		{"Chrome", "Chrome"},
		{"Safari", "Safari"},
	}, "其他浏览器")
	system := pick([][2]string{
		{"Windows", "Windows"},
		{"HarmonyOS", "HarmonyOS"},
		{"Android", "Android"},
		{"iPhone", "iPhone"},
		{"iPad", "iPad"},
		{"Mac OS", "macOS"},
		{"Linux", "Linux"},
	}, "其他系统")
	return browser + "，" + system
}
