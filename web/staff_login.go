package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// realmStaff keeps the logins of staff apart from the subjects'.
const realmStaff = "staff"

const (
	textWrongStaff = "账号或密码不正确"
	textWrongCode  = "动态口令不正确或已使用过，请等待下一个口令"
	// textStaffSlow is said where a subject would be asked for a proof of work.
	textStaffSlow = "该账号近期登录失败次数较多，请在常用的电脑上登录，或联系管理员"
)

const (
	codeWindow   = 15 * time.Minute
	codeAttempts = 10 // wrong one-time codes of a staff member in the window
)

// showStaffLogin is the login page of staff.
func showStaffLogin(_ *Server, v *visit) error {
	return v.render(http.StatusOK, view.StaffLoginPage(v.page("工作人员登录"), view.StaffLoginModel{}))
}

// staffLogin is the first of two steps: the password. The session it begins may
// do nothing but give the second factor.
func staffLogin(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	login := fields.Get("login")
	if len(login) > maxLogin {
		login = ""
	}
	member, attempt, err := s.checkStaff(v, login, fields.Get("password"))
	if err == nil {
		err = v.begin(storage.NewSession{Staff: member.ID, Assurance: record.ByPassword})
	}
	if known, ok := errors.AsType[*record.Error](err); ok {
		return s.staffLoginFailed(v, fields, known)
	}
	if err != nil {
		return err
	}
	if err := v.succeeded(attempt); err != nil {
		return err
	}
	v.audit("staff gave the password", slog.String("staff", string(member.ID)))
	if member.Enrolled && fields.Get("resume") != "" {
		return v.render(http.StatusOK, view.TOTPPage(v.page("动态口令"), carry(fields, "")))
	}
	return v.see(factorPath(member))
}

// carry is the page of the second factor with the form of before that a login
// carries along.
func carry(fields url.Values, fault string) view.TOTPModel {
	m := view.TOTPModel{Error: fault, Action: localPath(fields.Get("resume"))}
	if m.Action != "" {
		m.Fields = carried(fields)
	}
	return m
}

// factorPath is where a staff member gives the second factor.
func factorPath(member storage.StaffMember) string {
	if member.Enrolled {
		return "/staff/totp"
	}
	return "/staff/totp/enrol"
}

// checkStaff compares the password. The work, the answer and the counting are
// the same for somebody who does not exist.
func (s *Server) checkStaff(v *visit, login, password string) (storage.StaffMember, storage.LoginAttempt, error) {
	attempt, err := v.attempt(realmStaff, login, "")
	if err != nil {
		return storage.StaffMember{}, attempt, err
	}
	var problems []form.Problem
	if form.Clean(login) == "" {
		problems = append(problems, form.Problem{Field: "login", Label: "账号", Message: "请填写账号"})
	}
	if password == "" {
		problems = append(problems, form.Problem{Field: "password", Label: "密码", Message: "请填写密码"})
	}
	if len(problems) > 0 {
		return storage.StaffMember{}, attempt, record.Errorf(record.Invalid, "", problems...)
	}
	verdict, err := s.Store.TryLogin(v.ctx, attempt)
	switch {
	case err != nil:
		return storage.StaffMember{}, attempt, err
	case verdict.NeedProof:
		v.throttled("unknown_device")
		return storage.StaffMember{}, attempt, record.Errorf(record.TooMany, textStaffSlow)
	case !verdict.Allowed:
		return storage.StaffMember{}, attempt, v.tooMany(verdict.RetryAfter)
	}
	member, err := s.Store.StaffByLogin(v.ctx, login)
	if record.CodeOf(err) == record.NotFound {
		if err := access.VerifyNothing(v.ctx, password); err != nil {
			return storage.StaffMember{}, attempt, err
		}
		return storage.StaffMember{}, attempt, s.wrongStaff(v)
	}
	if err != nil {
		return storage.StaffMember{}, attempt, err
	}
	ok, rehash, err := access.Verify(v.ctx, password, member.Password)
	switch {
	case err != nil:
		return storage.StaffMember{}, attempt, err
	case !ok || member.Disabled:
		return storage.StaffMember{}, attempt, s.wrongStaff(v)
	case rehash:
		renewed, err := access.Hash(v.ctx, password)
		if err != nil {
			return storage.StaffMember{}, attempt, fmt.Errorf("renew hash: %w", err)
		}
		if err := s.Store.RenewStaffHash(v.ctx, member.ID, member.Password, renewed); err != nil {
			return storage.StaffMember{}, attempt, err
		}
	}
	return member, attempt, nil
}

func (s *Server) wrongStaff(v *visit) error {
	v.auditAt(slog.LevelWarn, "staff login refused", "reason", "password")
	return record.Errorf(record.Invalid, textWrongStaff)
}

// staffLoginFailed draws the login again, with what was typed but for the
// password.
func (s *Server) staffLoginFailed(v *visit, fields url.Values, err *record.Error) error {
	status := statuses[err.Code]
	if action := localPath(fields.Get("resume")); action != "" {
		text := err.Message
		if text == "" {
			text = textWrongStaff
		}
		return v.render(status, view.SessionEndedPage(v.page("登录已过期"), view.SessionEndedModel{
			Account: fields.Get("login"), Action: action, Fields: carried(fields), Error: text, Staff: true,
		}))
	}
	return v.render(status, view.StaffLoginPage(v.page("工作人员登录"), view.StaffLoginModel{
		Login: fields.Get("login"), Error: err.Message, Problems: err.Problems,
	}))
}

// showTOTP asks for the second factor.
func showTOTP(_ *Server, v *visit) error {
	switch {
	case v.session.SecondFactor:
		return v.see("/staff")
	case !v.staff.Enrolled:
		return v.see("/staff/totp/enrol")
	}
	return v.render(http.StatusOK, view.TOTPPage(v.page("动态口令"), view.TOTPModel{}))
}

// giveTOTP is the second step of a login.
func giveTOTP(s *Server, v *visit) error {
	if !v.staff.Enrolled {
		return v.see("/staff/totp/enrol")
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	text, status, err := s.factor(v, fields)
	switch {
	case err != nil:
		return err
	case status != http.StatusOK:
		return v.render(status, view.TOTPPage(v.page("动态口令"), carry(fields, text)))
	case fields.Get("resume") != "":
		return s.resume(v, fields)
	}
	return v.see("/staff")
}

// showTOTPEnrol shows the secret to somebody who logs in for the first time. Once
// a code was given it is never shown again.
func showTOTPEnrol(s *Server, v *visit) error {
	if v.staff.Enrolled {
		return v.see("/staff/totp")
	}
	return s.renderEnrol(v, http.StatusOK, "")
}

func (s *Server) renderEnrol(v *visit, status int, fault string) error {
	picture, err := access.TOTPImage(access.TOTPAddress(s.Site.Name, v.staff.Login, v.staff.Secret), qrPixels)
	if err != nil {
		return err
	}
	return v.render(status, view.TOTPEnrolPage(v.page("设置动态口令"), view.TOTPEnrolModel{
		QR: inlined(picture), Secret: v.staff.Secret, Error: fault,
	}))
}

// enrolTOTP sets the second factor up with its first code.
func enrolTOTP(s *Server, v *visit) error {
	if v.staff.Enrolled {
		return v.see("/staff/totp")
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	text, status, err := s.factor(v, fields)
	switch {
	case err != nil:
		return err
	case status != http.StatusOK:
		return s.renderEnrol(v, status, text)
	}
	return v.see("/staff")
}

// factor checks a posted one-time code and, when it is right and was not used
// before, goes on under a new session. Otherwise it says why not, with the
// status of the answer.
func (s *Server) factor(v *visit, fields url.Values) (text string, status int, err error) {
	allowed, after, err := s.Store.Hit(v.ctx, "totp/"+string(v.staff.ID), codeWindow, codeAttempts)
	if err != nil {
		return "", 0, err
	}
	if !allowed {
		return messageOf(v.tooMany(after)), http.StatusTooManyRequests, nil
	}
	step, ok, err := access.VerifyTOTP(v.staff.Secret, fields.Get("code"), time.Now())
	if err != nil {
		return "", 0, err
	}
	if ok {
		if ok, err = s.Store.UseTOTP(v.ctx, v.staff.ID, step); err != nil {
			return "", 0, err
		}
	}
	if !ok {
		v.auditAt(slog.LevelWarn, "second factor refused", "reason", "code")
		return textWrongCode, http.StatusUnprocessableEntity, nil
	}
	err = v.begin(storage.NewSession{Staff: v.staff.ID, Assurance: record.ByPassword, SecondFactor: true})
	if err != nil {
		return "", 0, err
	}
	v.audit("staff logged in", slog.String("staff", v.staffID()))
	return "", http.StatusOK, nil
}

// staffLogout ends the session. Without one it is done already.
func staffLogout(_ *Server, v *visit) error {
	if err := v.end(); err != nil {
		return err
	}
	v.flash(view.Good, "已退出登录。")
	return v.see("/staff/login")
}
