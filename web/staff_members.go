package web

import (
	"context"
	"log/slog"
	"net/http"

	"unireg/access"
	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

// listMembers is 工作人员, the supervisors' list.
func listMembers(s *Server, v *visit) error {
	members, err := s.Store.StaffMembers(v.ctx)
	if err != nil {
		return err
	}
	loads, err := s.Store.StaffLoads(v.ctx)
	if err != nil {
		return err
	}
	var m view.MembersModel
	for _, member := range members {
		m.Members = append(m.Members, memberRow(member, loads[member.ID], v.staff.ID))
	}
	return v.render(http.StatusOK, view.MembersPage(v.page("工作人员"), m))
}

// memberRow is a member as lists show them; self is who looks.
func memberRow(m storage.StaffMember, load storage.StaffLoad, self record.ID) view.MemberRow {
	row := view.MemberRow{
		ID: string(m.ID), Login: m.Login, Name: m.Name, Role: m.Role.Label(), LoggedIn: m.LoggedInAt,
		Claimed: load.Claimed, Assigned: load.Assigned, Self: m.ID == self, Regions: regionNames(m.Regions), Kinds: kindNames(m.Kinds),
	}
	state := func(on bool, text string, tone view.Tone) {
		if on {
			row.States = append(row.States, view.Tag{Text: text, Tone: tone})
		}
	}
	state(m.Disabled, "已停用", view.Bad)
	state(!m.Disabled && m.AbsentSince.IsZero(), "在岗", view.Good)
	state(!m.AbsentSince.IsZero(), "离岗", view.Warn)
	state(!m.Disabled && !m.Enrolled, "未设动态口令", view.Plain)
	return row
}

// showNewMember is the form of a member to be added.
func showNewMember(_ *Server, v *visit) error {
	return v.render(http.StatusOK, view.NewMemberPage(v.page("新增工作人员"), memberInput{role: record.Reviewer}.form()))
}

// addMember adds a member under a password drawn at random, which the page that
// answers shows. The second factor is set up at the first login.
func addMember(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed := readMember(fields)
	again := func(status int) error {
		return v.render(status, view.NewMemberPage(v.page("新增工作人员"), typed.form()))
	}
	if typed.redraw {
		return again(http.StatusOK)
	}
	if typed.problems = typed.check(true); len(typed.problems) > 0 {
		return again(http.StatusUnprocessableEntity)
	}
	secret, err := access.NewTOTPSecret()
	if err != nil {
		return err
	}
	password, hash, err := drawPassword(v.ctx)
	if err != nil {
		return err
	}
	id, err := s.Store.AddStaff(v.ctx, v.actor(), storage.NewStaff{
		Login: typed.login, Name: typed.name, Role: typed.role, Regions: typed.regions, Kinds: typed.kinds,
		Identity: typed.identity, Password: hash, Secret: secret,
	})
	switch code := record.CodeOf(err); {
	case code == record.Taken:
		typed.wrong("login", "登录名", messageOf(err))
		return again(http.StatusUnprocessableEntity)
	case code == record.Invalid:
		typed.wrong("role", "职责范围", messageOf(err))
		return again(http.StatusUnprocessableEntity)
	case err != nil:
		return err
	}
	v.audit("staff added", slog.String("staff", v.staffID()), slog.String("member", string(id)))
	return s.drawMember(v, id, http.StatusOK, memberPage{password: password, welcome: true})
}

// drawPassword draws a password and hashes it.
func drawPassword(ctx context.Context) (password, hash string, err error) {
	if password, err = access.ReadablePassword(); err != nil {
		return "", "", err
	}
	hash, err = access.Hash(ctx, password)
	return password, hash, err
}

// memberPage is what a member's page shows beside what is kept.
type memberPage struct {
	typed    *memberInput // nil: what is kept
	conflict bool
	password string // drawn just now
	welcome  bool
}

func showMember(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return s.drawMember(v, id, http.StatusOK, memberPage{})
}

func (s *Server) drawMember(v *visit, id record.ID, status int, shown memberPage) error {
	member, err := s.Store.Staff(v.ctx, id)
	if err != nil {
		return err
	}
	loads, err := s.Store.StaffLoads(v.ctx)
	if err != nil {
		return err
	}
	typed := shown.typed
	if typed == nil {
		typed = &memberInput{name: member.Name, role: member.Role, regions: member.Regions, kinds: member.Kinds, revision: member.Revision}
	}
	m := view.MemberModel{
		Row: memberRow(member, loads[id], v.staff.ID), Form: typed.form(), Added: member.CreatedAt, AbsentSince: member.AbsentSince,
		Disabled: member.Disabled, Enrolled: member.Enrolled, Password: shown.password, Welcome: shown.welcome,
	}
	m.Form.New, m.Form.Action = false, memberPath(id)
	if m.Row.Self {
		m.Form.Fixed = "自己的角色和范围须由另一名管理员修改。"
	}
	if shown.conflict {
		m.Form.Revision, m.Form.Conflict = member.Revision, scopeText(v, member.Name, member.Scope())
	}
	return v.render(status, view.MemberPage(v.page(v.tr("工作人员：%s", member.Name)), m))
}

func memberPath(id record.ID) string { return "/staff/members/" + string(id) }

// editMember changes name, role and scope, which counts at once.
func editMember(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed := readMember(fields)
	if typed.redraw {
		return s.drawMember(v, id, http.StatusOK, memberPage{typed: &typed})
	}
	own := id == v.staff.ID
	if own {
		typed.role = v.staff.Role // the form has none
	}
	if typed.problems = typed.check(false); len(typed.problems) > 0 {
		return s.drawMember(v, id, http.StatusUnprocessableEntity, memberPage{typed: &typed})
	}
	edit := storage.StaffEdit{Name: typed.name, Revision: typed.revision}
	if !own {
		edit.Scope = &record.Scope{Role: typed.role, Regions: typed.regions, Kinds: typed.kinds}
	}
	err = s.Store.EditStaff(v.ctx, v.actor(), id, edit)
	switch code := record.CodeOf(err); {
	case code == record.Invalid, code == record.Forbidden:
		typed.wrong("role", "职责范围", messageOf(err))
		return s.drawMember(v, id, http.StatusUnprocessableEntity, memberPage{typed: &typed})
	case code == record.Conflict:
		member, found := s.Store.Staff(v.ctx, id)
		if found != nil {
			return found
		}
		changed := member.Revision != typed.revision
		if !changed { // the last supervisor
			typed.wrong("role", "角色", messageOf(err))
		}
		return s.drawMember(v, id, http.StatusConflict, memberPage{typed: &typed, conflict: changed})
	case err != nil:
		return err
	}
	v.audit("staff changed", slog.String("staff", v.staffID()), slog.String("member", string(id)))
	v.flash(view.Good, "已保存，立即生效。")
	return v.see(memberPath(id))
}

// onMember makes a handler of something that is done to a member, and says what
// was done.
func onMember(event, said string, change func(s *Server, v *visit, id record.ID) error) func(*Server, *visit) error {
	return func(s *Server, v *visit) error {
		id, err := v.id()
		if err != nil {
			return err
		}
		if err := change(s, v, id); err != nil {
			return err
		}
		v.audit(event, slog.String("staff", v.staffID()), slog.String("member", string(id)))
		v.flash(view.Good, said)
		return v.see(memberPath(id))
	}
}

var (
	disableMember = onMember("staff disabled", "账号已停用，登录会话已结束，手上的件已退回待领取。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.DisableStaff(v.ctx, v.actor(), id)
	})
	enableMember = onMember("staff enabled", "账号已启用。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.EnableStaff(v.ctx, v.actor(), id)
	})
	markAbsent = onMember("staff absent", "已标记离岗，不再分派新的件。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.SetAbsent(v.ctx, v.actor(), id, true)
	})
	markPresent = onMember("staff present", "已标记在岗。", func(s *Server, v *visit, id record.ID) error {
		return s.Store.SetAbsent(v.ctx, v.actor(), id, false)
	})
	resetFactor = onMember("second factor reset", "动态口令已重置，下次登录时重新设置。", func(s *Server, v *visit, id record.ID) error {
		if id == v.staff.ID {
			return errOwnAccount
		}
		secret, err := access.NewTOTPSecret()
		if err != nil {
			return err
		}
		return s.Store.ResetSecondFactor(v.ctx, v.actor(), id, secret)
	})
)

var errOwnAccount = record.Errorf(record.Forbidden, "自己的密码在“我的账号”中修改，自己的动态口令须由另一名管理员重置。")

// resetMemberPassword draws a new password. The page that answers shows it; it is
// kept nowhere.
func resetMemberPassword(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if id == v.staff.ID {
		return errOwnAccount
	}
	password, hash, err := drawPassword(v.ctx)
	if err != nil {
		return err
	}
	if err := s.Store.SetStaffPassword(v.ctx, v.actor(), id, hash, ""); err != nil {
		return err
	}
	v.audit("staff password reset", slog.String("staff", v.staffID()), slog.String("member", string(id)))
	return s.drawMember(v, id, http.StatusOK, memberPage{password: password})
}
