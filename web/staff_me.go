package web

import (
	"log/slog"
	"net/http"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// showMe is 我的账号 of a staff member: what they may work on, the password and the
// sessions.
func showMe(s *Server, v *visit) error { return s.drawMe(v, http.StatusOK, nil) }

func (s *Server) drawMe(v *visit, status int, problems []form.Problem) error {
	sessions, err := s.Store.StaffSessions(v.ctx, v.staff.ID, s.IdleTimeout)
	if err != nil {
		return err
	}
	return v.render(status, view.MePage(v.page("我的账号"), view.MeModel{
		Row: memberRow(*v.staff, storage.StaffLoad{}, v.staff.ID),
		Account: view.AccountModel{
			Accounts: []string{v.staff.Login}, Rules: passwordRules, Problems: problems, Sessions: v.sessions(sessions),
		},
	}))
}

// changeOwnPassword changes the password of the staff member. Every other session
// ends, and this one goes on under a new cookie.
func changeOwnPassword(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	problems, err := v.passwordChange(fields, v.staff.ID, v.staff.Password, true, v.staff.Name, v.staff.Login)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.drawMe(v, http.StatusUnprocessableEntity, problems)
	}
	hash, err := access.Hash(v.ctx, fields.Get("password"))
	if err != nil {
		return err
	}
	if err := s.Store.SetStaffPassword(v.ctx, v.actor(), v.staff.ID, hash, v.session.ID); err != nil {
		return err
	}
	if err := v.begin(storage.NewSession{Staff: v.staff.ID, Assurance: record.ByPassword, SecondFactor: true}); err != nil {
		return err
	}
	v.audit("staff changed the password", slog.String("staff", v.staffID()))
	v.flash(view.Good, "密码已修改，其他登录会话已全部结束。")
	return v.see("/staff/me")
}

// endOwnSession ends one of the staff member's sessions.
func endOwnSession(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.EndStaffSession(v.ctx, v.staff.ID, id); err != nil {
		return err
	}
	v.audit("staff session ended", slog.String("staff", v.staffID()))
	if id == v.session.ID {
		v.dropCookie(v.sessionCookie())
		return v.see("/staff/login")
	}
	v.flash(view.Good, "该会话已结束。")
	return v.see("/staff/me")
}

// endOwnOtherSessions ends all sessions of the staff member but this one.
func endOwnOtherSessions(s *Server, v *visit) error {
	if _, err := s.Store.EndStaffSessions(v.ctx, v.staff.ID, v.session.ID); err != nil {
		return err
	}
	v.audit("staff's other sessions ended", slog.String("staff", v.staffID()))
	v.flash(view.Good, "其他登录会话已全部结束。")
	return v.see("/staff/me")
}
