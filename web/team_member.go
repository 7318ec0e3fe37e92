package web

import (
	"cmp"
	"log/slog"
	"net/http"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// showTeamMember is one member, as their administrators see them.
func showTeamMember(s *Server, v *visit) error {
	return s.renderTeamMember(v, http.StatusOK, nil, nil)
}

// renderTeamMember draws a member's page. typed is what was posted, nil for the
// member as they are.
func (s *Server) renderTeamMember(v *visit, status int, typed *inviting, problems []form.Problem) error {
	if err := v.organized(); err != nil {
		return err
	}
	id, err := v.id()
	if err != nil {
		return err
	}
	member, err := s.Store.Member(v.ctx, v.subject, id, s.IdleTimeout)
	if err != nil {
		return err
	}
	if typed == nil {
		typed = &inviting{name: member.Name, role: member.Role}
	}
	m := view.TeamMemberModel{TeamMember: v.teamMember(member), Typed: typed.name, Roles: roleChoices(typed.role), Problems: problems}
	name := cmp.Or(member.Name, v.tr("注册账号"))
	p, err := v.portal(v.tr("成员：%s", name))
	if err != nil {
		return err
	}
	return v.render(status, view.TeamMemberPage(p, m))
}

// changeTeamMember gives a member a name and a role.
func changeTeamMember(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	var typed inviting
	if typed.name, typed.role, typed.problems = memberOfForm(fields); len(typed.problems) > 0 {
		return s.renderTeamMember(v, http.StatusUnprocessableEntity, &typed, typed.problems)
	}
	err = s.Store.ChangeMember(v.ctx, v.actor(), v.subject.ID, id, typed.name, typed.role)
	if record.CodeOf(err) == record.Conflict {
		return s.renderTeamMember(v, http.StatusConflict, &typed, []form.Problem{{Field: "role", Label: "没有保存", Message: messageOf(err)}})
	}
	if err != nil {
		return err
	}
	v.audit("member changed", slog.String("account", string(v.account)), slog.String("member", string(id)), slog.String("role", string(typed.role)))
	v.flash(view.Good, "已保存，立即生效。")
	return v.see("/account/members")
}

// revokeTeamMember ends a membership for good.
func revokeTeamMember(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if id == v.account {
		v.flash(view.Info, "退出本单位请在下方办理。")
		return v.see("/account")
	}
	err = s.Store.RevokeMember(v.ctx, v.actor(), v.subject.ID, id)
	if record.CodeOf(err) == record.Conflict {
		return s.renderTeamMember(v, http.StatusConflict, nil, []form.Problem{{Field: "role", Label: "没有停用", Message: messageOf(err)}})
	}
	if err != nil {
		return err
	}
	v.audit("member revoked", slog.String("account", string(v.account)), slog.String("member", string(id)))
	v.flash(view.Good, "已停用该成员，其登录会话已全部结束。")
	return v.see("/account/members")
}

// endTeamMemberSessions ends the sessions of a member.
func endTeamMemberSessions(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.EndMemberSessions(v.ctx, v.actor(), v.subject.ID, id); err != nil {
		return err
	}
	v.audit("sessions of member ended", slog.String("account", string(v.account)), slog.String("member", string(id)))
	v.flash(view.Good, "该成员的登录会话已结束。")
	return v.see("/account/members/" + string(id))
}

// ownPart is in which part who is logged in acts for their organization. Of the
// page's problems that of leaving is shown where it belongs, too.
func (s *Server) ownPart(v *visit, problems []form.Problem) (*view.OwnPart, error) {
	member, err := s.Store.Member(v.ctx, v.subject, v.account, s.IdleTimeout)
	if err != nil {
		return nil, err
	}
	m := &view.OwnPart{Login: member.Login, Role: v.role().Label(), Note: memberNotes[v.role()], Manages: v.may(record.ToManage)}
	for _, p := range problems {
		if p.Field == "leave" {
			m.Problem = p.Message
		}
	}
	if m.Manages {
		requests, err := s.Store.JoinRequests(v.ctx, v.subject.ID)
		if err != nil {
			return nil, err
		}
		m.Requests = len(requests)
	}
	return m, nil
}

// leaveTeam ends the membership of who is logged in. It cannot be taken back, so
// the password is asked for again, unless a key logged in.
func leaveTeam(s *Server, v *visit) error {
	if err := v.organized(); err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	stays := func(status int, why string) error {
		return s.drawAccount(v, status, []form.Problem{{Field: "leave", Label: "退出本单位", Message: why}})
	}
	if !v.byKey() {
		problems, err := v.proveAgain(fields.Get("leave_password"))
		if err != nil {
			return err
		}
		if len(problems) > 0 {
			return stays(http.StatusUnprocessableEntity, problems[0].Message)
		}
	}
	err = s.Store.RevokeMember(v.ctx, v.actor(), v.subject.ID, v.account)
	if record.CodeOf(err) == record.Conflict {
		return stays(http.StatusConflict, messageOf(err))
	}
	if err != nil {
		return err
	}
	v.audit("member left", slog.String("account", string(v.account)))
	v.dropCookie(sessionCookie)
	v.flash(view.Good, "已退出本单位，账号已停用。")
	return v.see("/login")
}
