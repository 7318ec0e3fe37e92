package web

import (
	"errors"
	"fmt"
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

// realmAccount keeps the logins of subjects apart from the staff's in the
// counters of attempts.
const realmAccount = "account"

// keptPrefix leads the names of posted fields that a login carries along.
const keptPrefix = "kept."

// maxLogin bounds what is looked up as an account, in bytes.
const maxLogin = 1000

// The answers to a login that fails. Known and unknown accounts get the same.
const (
	textWrongLogin = "账号或密码不正确。如有同名单位，请使用统一社会信用代码登录"
	textNeedProof  = "该账号近期登录失败次数较多，请完成安全校验后重新登录"
)

// showLogin is the login page of subjects.
func (s *Server) showLogin(v *visit) error {
	model := view.LoginModel{Next: localPath(v.Query("next"))}
	model.Account = v.remembered()
	model.Remember = model.Account != ""
	return v.render(http.StatusOK, view.LoginPage(v.page("登录"), s.entrance(model)))
}

// entrance adds what the login page always says.
func (s *Server) entrance(m view.LoginModel) view.LoginModel {
	m.Facts = s.facts()
	return m
}

// remembered is the account of 记住账号.
func (v *visit) remembered() string {
	var account string
	if v.s.seals.open(accountCookie, v.cookie(accountCookie), time.Now(), &account) != nil {
		return ""
	}
	return account
}

// remember keeps the account for the next login, or forgets it.
func (v *visit) remember(account string, wanted bool) error {
	if !wanted {
		v.dropCookie(accountCookie)
		return nil
	}
	sealed, err := v.s.seals.seal(accountCookie, time.Now().Add(longLived), account)
	if err != nil {
		return err
	}
	v.setCookie(accountCookie, sealed, longLived)
	return nil
}

// login logs a subject in.
func (s *Server) login(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed := typedLogin{fields.Get("account"), fields.Get("member")}
	if len(typed.account)+len(typed.member) > maxLogin {
		typed = typedLogin{}
	}
	account, attempt, err := s.checkLogin(v, typed, fields.Get("password"), fields.Get("proof"))
	if err != nil {
		return s.loginFailed(v, fields, err)
	}
	if err := v.begin(storage.NewSession{Account: account, Assurance: record.ByPassword}); err != nil {
		return s.loginFailed(v, fields, err)
	}
	if err := v.succeeded(attempt); err != nil {
		return err
	}
	v.audit("logged in", slog.String("account", string(account)))
	if fields.Get("resume") != "" {
		return s.resume(v, fields)
	}
	if err := v.remember(typed.account, fields.Get("remember") == "on"); err != nil {
		return err
	}
	next := localPath(fields.Get("next"))
	if next == "" {
		next = "/home"
	}
	return v.see(next)
}

// typedLogin is what somebody types to say who they are: the account and, for a
// member of an organization, the name that they have there.
type typedLogin struct{ account, member string }

// counted is under what name attempts are counted: members of one organization do
// not hold each other up.
func (l typedLogin) counted() string {
	if member := record.MemberLogin(l.member); member != "" {
		return l.account + " / " + member
	}
	return l.account
}

// errProofNeeded asks the browser for a proof of work.
var errProofNeeded = errors.New("a proof of work is needed")

// checkLogin finds the account whose password was given. The work, the answer
// and the counting are the same for an account that does not exist.
func (s *Server) checkLogin(v *visit, login typedLogin, password, proof string) (record.ID, storage.LoginAttempt, error) {
	attempt, err := v.attempt(realmAccount, login.counted(), proof)
	if err != nil {
		return "", attempt, err
	}
	var problems []form.Problem
	if form.Clean(login.account) == "" {
		problems = append(problems, form.Problem{Field: "account", Label: "账号", Message: "请填写账号"})
	}
	if password == "" {
		problems = append(problems, form.Problem{Field: "password", Label: "密码", Message: "请填写密码"})
	}
	if len(problems) > 0 {
		return "", attempt, record.Errorf(record.Invalid, "", problems...)
	}
	verdict, err := s.Store.TryLogin(v.ctx, attempt)
	switch {
	case err != nil:
		return "", attempt, err
	case verdict.NeedProof:
		v.throttled("proof_needed")
		return "", attempt, errProofNeeded
	case !verdict.Allowed:
		return "", attempt, v.tooMany(verdict.RetryAfter)
	}
	match, err := s.Store.MemberByLogin(v.ctx, login.account, login.member)
	if err != nil {
		return "", attempt, err
	}
	if len(match.Accounts) == 0 {
		if err := access.VerifyNothing(v.ctx, password); err != nil {
			return "", attempt, err
		}
	}
	for _, a := range match.Accounts {
		ok, rehash, err := access.Verify(v.ctx, password, a.Password)
		if err != nil {
			return "", attempt, err
		}
		if !ok {
			continue
		}
		if rehash {
			if err := s.renewHash(v, a, password); err != nil {
				return "", attempt, err
			}
		}
		return a.ID, attempt, nil
	}
	v.auditAt(slog.LevelWarn, "login refused", "reason", "password")
	return "", attempt, record.Errorf(record.Invalid, textWrongLogin)
}

func (s *Server) renewHash(v *visit, a storage.Account, password string) error {
	renewed, err := access.Hash(v.ctx, password)
	if err != nil {
		return fmt.Errorf("renew hash: %w", err)
	}
	return s.Store.RenewHash(v.ctx, a.ID, a.Password, renewed)
}

// loginFailed draws the login again, with what was typed but for the password.
func (s *Server) loginFailed(v *visit, fields url.Values, err error) error {
	var (
		status   int
		text     string
		problems []form.Problem
		proof    bool
	)
	var known *record.Error
	switch {
	case errors.Is(err, errProofNeeded):
		status, text, proof = http.StatusTooManyRequests, textNeedProof, true
	case errors.As(err, &known):
		status, text, problems = statuses[known.Code], known.Message, known.Problems
	default:
		return err
	}
	if action := localPath(fields.Get("resume")); action != "" {
		if text == "" {
			text = textWrongLogin
		}
		return v.render(status, view.SessionEndedPage(v.page("登录已过期"), view.SessionEndedModel{
			Account: fields.Get("account"), Member: fields.Get("member"), Action: action, Fields: carried(fields), Error: text,
		}))
	}
	return v.render(status, view.LoginPage(v.page("登录"), s.entrance(view.LoginModel{
		Account: fields.Get("account"), Member: fields.Get("member"), Remember: fields.Get("remember") == "on", Next: localPath(fields.Get("next")),
		Error: text, Problems: problems, Proof: proof,
	})))
}

// resume answers a login that carried a form of before along: one button posts
// it again, under the new session.
func (s *Server) resume(v *visit, fields url.Values) error {
	action := localPath(fields.Get("resume"))
	if action == "" {
		return v.see(v.front())
	}
	return v.render(http.StatusOK, view.ResumePage(v.page("已重新登录"), view.ResumeModel{Action: action, Fields: carried(fields)}))
}

// carried are the fields that a login carries along, under their own names.
func carried(fields url.Values) []view.PostedField {
	inner := url.Values{}
	for name, values := range fields {
		if own, ok := strings.CutPrefix(name, keptPrefix); ok {
			inner[own] = values
		}
	}
	return kept(inner)
}

// logout ends the session. Without one it is done already.
func (s *Server) logout(v *visit) error {
	if err := v.end(); err != nil {
		return err
	}
	v.flash(view.Good, "已退出登录。")
	return v.see("/login")
}
