package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// teamChanges is how much of the history of the members their page shows.
const teamChanges = 20

// memberNotes say what a role may do.
var memberNotes = map[record.MemberRole]string{
	record.Administrator: "经办的全部权限，并管理成员、导出全部数据",
	record.Handler:       "填写、上传附件、提交、变更、作废、批量导入、导出名单、办理 CA 证书",
	record.Reader:        "查看全部内容，不能填写和提交",
}

// roleChoices are the roles to choose from.
func roleChoices(chosen record.MemberRole) []view.ScopeChoice {
	var all []view.ScopeChoice
	for _, r := range record.MemberRoles() {
		all = append(all, view.ScopeChoice{Option: view.Option{Value: string(r), Label: r.Label()}, Note: memberNotes[r], On: r == chosen})
	}
	return all
}

// organized refuses a natural person, who has no members, as if there were no such
// page.
func (v *visit) organized() error {
	if v.subject.Type != record.Organization {
		return errNoPage
	}
	return nil
}

// inviting is what an administrator has typed on 成员管理, and what came of it.
type inviting struct {
	name       string
	email      string
	role       record.MemberRole
	problems   []form.Problem
	token      string // of the link that was opened just now
	invitation storage.Invitation
}

// showTeam is 成员管理.
func showTeam(s *Server, v *visit) error { return s.renderTeam(v, http.StatusOK, inviting{}) }

func (s *Server) renderTeam(v *visit, status int, i inviting) error {
	if err := v.organized(); err != nil {
		return err
	}
	members, err := s.Store.Members(v.ctx, v.subject, s.IdleTimeout)
	if err != nil {
		return err
	}
	if i.role == "" {
		i.role = record.Handler
	}
	m := view.TeamModel{
		Roles: roleChoices(i.role), Name: i.name, Mail: s.mailsInvitations(v), Email: i.email, Most: storage.MaxMembers, Problems: i.problems,
	}
	if m.Token, _, err = access.NewToken(); err != nil {
		return err
	}
	names := map[record.ID]string{}
	for _, member := range members {
		if names[member.ID] = member.Name; member.Name == "" {
			names[member.ID] = v.tr("注册账号")
		}
		if row := v.teamMember(member); row.Out {
			m.Former = append(m.Former, row)
		} else {
			m.Members = append(m.Members, row)
		}
	}
	if err := s.addOffers(v, names, &m); err != nil {
		return err
	}
	changes, err := s.Store.MemberChanges(v.ctx, v.subject.ID, teamChanges)
	if err != nil {
		return err
	}
	for _, c := range changes {
		m.Changes = append(m.Changes, view.TeamChange{At: c.At, Text: teamChangeText(v, c, names), By: names[c.Actor]})
	}
	if i.token != "" {
		m.Link = &view.TeamLink{
			Name: i.invitation.Name, Email: i.invitation.Address, Role: i.invitation.Role.Label(), Href: s.Origin + "/invitations/" + i.token, Expires: i.invitation.ExpiresAt,
		}
		if m.Link.QR, err = linkQR(m.Link.Href); err != nil {
			return err
		}
	}
	p, err := v.portal("成员管理")
	if err != nil {
		return err
	}
	return v.render(status, view.TeamPage(p, m))
}

// addOffers adds what would make further members: requests and invitations.
func (s *Server) addOffers(v *visit, names map[record.ID]string, m *view.TeamModel) error {
	requests, err := s.Store.JoinRequests(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	for _, r := range requests {
		m.Requests = append(m.Requests, view.TeamRequest{
			ID: string(r.ID), Name: r.Statement.Name, Contact: r.Statement.Contact, Reason: r.Statement.Reason, AskedAt: r.AskedAt, ExpiresAt: r.ExpiresAt,
		})
	}
	invitations, err := s.Store.Invitations(v.ctx, v.subject.ID)
	if err != nil {
		return err
	}
	now := today()
	for _, i := range invitations {
		m.Invitations = append(m.Invitations, view.TeamInvitation{
			ID: string(i.ID), Name: i.Name, Email: i.Address, Role: i.Role.Label(), By: names[i.Inviter], OpenedAt: i.OpenedAt, ExpiresAt: i.ExpiresAt, Open: i.Open(now),
		})
	}
	return nil
}

// teamMember is a member as their administrators see them.
func (v *visit) teamMember(m storage.Member) view.TeamMember {
	row := view.TeamMember{
		ID: string(m.ID), Name: m.Name, Login: m.Login, Role: m.Role.Label(), State: view.Tag{Text: "正常", Tone: view.Good}, Since: m.CreatedAt,
		LoggedIn: m.LoggedInAt, Sessions: m.Sessions, Self: m.ID == v.account, Out: m.Disabled,
	}
	if m.Disabled {
		row.State = view.Tag{Text: "已停用", Tone: view.Bad}
	}
	return row
}

// teamChangeTexts say what happened to the members.
var teamChangeTexts = map[string]string{
	storage.EventMemberInvited: "邀请成员", storage.EventInvitationRenewed: "重新生成邀请链接", storage.EventInvitationRevoked: "收回邀请",
	storage.EventMemberJoined: "成员加入", storage.EventMemberChanged: "调整成员角色", storage.EventMemberRenamed: "修改成员姓名",
	storage.EventMemberRevoked: "停用成员", storage.EventMemberLeft: "成员退出", storage.EventMemberSessionsEnded: "结束成员的登录会话",
	storage.EventJoinAsked: "收到加入申请", storage.EventJoinGranted: "同意加入申请", storage.EventJoinRefused: "谢绝加入申请",
}

// teamChangeText is an entry of the members' history in words.
func teamChangeText(v *visit, c storage.MemberChange, names map[record.ID]string) string {
	text := v.shown(teamChangeTexts[c.Type])
	if name := names[c.Account]; name != "" {
		text = v.tr("%s：%s", text, name)
	}
	switch {
	case c.Before != "":
		return v.tr("%s（%s → %s）", text, v.shown(c.Before.Label()), v.shown(c.Role.Label()))
	case c.Role != "":
		return v.tr("%s（%s）", text, v.shown(c.Role.Label()))
	}
	return text
}

// memberOfForm reads the name and the role that a form gives a member.
func memberOfForm(fields url.Values) (name string, role record.MemberRole, problems []form.Problem) {
	name, role = form.Clean(fields.Get("name")), record.MemberRole(fields.Get("role"))
	if problem := record.MemberNameProblem(name); problem != "" {
		problems = append(problems, form.Problem{Field: "name", Label: "姓名", Message: problem})
	}
	return name, role, append(problems, roleProblems(role)...)
}

func roleProblems(role record.MemberRole) []form.Problem {
	if slices.Contains(record.MemberRoles(), role) {
		return nil
	}
	return []form.Problem{{Field: "role", Label: "角色", Message: "请选择角色"}}
}

// linkToken reads the token that a page drew for the link to come: the same form
// sent twice opens one link.
func linkToken(fields url.Values) (token string, hash []byte, err error) {
	token = fields.Get("token")
	hash, ok := access.HashToken(token)
	if !ok {
		return "", nil, record.Errorf(record.Invalid, "页面内容不完整，请刷新后重新操作")
	}
	return token, hash, nil
}

// invitationLink is linkToken for the link of an invitation.
func (v *visit) invitationLink(fields url.Values) (token string, link storage.InvitationLink, err error) {
	token, hash, err := linkToken(fields)
	return token, storage.InvitationLink{Token: hash, Secret: token, Language: string(v.language())}, err
}

// invitationsADay bounds the invitations of one organization that may go by mail:
// they go to people who have not asked for them.
const invitationsADay = 40

// mailsInvitations tells whether links may go by mail: not in the name of an
// organization that nobody has proved yet.
func (s *Server) mailsInvitations(v *visit) bool { return s.mails() && v.subject.Proven }

// mayMail counts an invitation that may go by mail.
func (s *Server) mayMail(v *visit) error {
	allowed, after, err := s.Store.Hit(v.ctx, "invitation-mail/"+string(v.subject.ID), 24*time.Hour, invitationsADay)
	if err != nil || allowed {
		return err
	}
	return v.tooMany(after)
}

// inviteMember opens the link of an invitation. The page that answers shows it; it
// is kept nowhere.
func inviteMember(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	i := inviting{}
	i.name, i.role, i.problems = memberOfForm(fields)
	if i.email = form.Clean(fields.Get("email")); i.email != "" && s.mailsInvitations(v) {
		if problem := record.EmailProblem(i.email); problem != "" {
			i.problems = append(i.problems, form.Problem{Field: "email", Label: "邮箱", Message: problem})
		}
	}
	if len(i.problems) > 0 {
		return s.renderTeam(v, http.StatusUnprocessableEntity, i)
	}
	token, link, err := v.invitationLink(fields)
	if err != nil {
		return err
	}
	asked := storage.NewInvitation{Subject: v.subject.ID, By: v.actor(), Link: link, Name: i.name, Role: i.role}
	if i.email != "" && s.mailsInvitations(v) {
		err := s.mayMail(v)
		if record.CodeOf(err) == record.TooMany {
			i.problems = []form.Problem{{Field: "email", Label: "邮箱", Message: messageOf(err)}}
			return s.renderTeam(v, http.StatusTooManyRequests, i)
		}
		if err != nil {
			return err
		}
		asked.Address = i.email
	}
	opened, err := s.Store.OpenInvitation(v.ctx, asked)
	if record.CodeOf(err) == record.Conflict {
		i.problems = []form.Problem{{Field: "name", Label: "邀请成员", Message: messageOf(err)}}
		return s.renderTeam(v, http.StatusConflict, i)
	}
	if err != nil {
		return err
	}
	v.audit("member invited", slog.String("account", string(v.account)), slog.String("invitation", string(opened.ID)))
	return s.renderTeam(v, http.StatusOK, inviting{token: token, invitation: opened})
}

// renewInvitation gives an invitation another link.
func renewInvitation(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	token, link, err := v.invitationLink(fields)
	if err != nil {
		return err
	}
	if err := s.mayMail(v); err != nil {
		return err
	}
	renewed, err := s.Store.RenewInvitation(v.ctx, v.actor(), v.subject.ID, id, link)
	if err != nil {
		return s.offerGone(v, err)
	}
	v.audit("invitation renewed", slog.String("account", string(v.account)), slog.String("invitation", string(id)))
	return s.renderTeam(v, http.StatusOK, inviting{token: token, invitation: renewed})
}

// revokeInvitation takes an invitation back.
func revokeInvitation(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.RevokeInvitation(v.ctx, v.actor(), v.subject.ID, id); err != nil {
		return s.offerGone(v, err)
	}
	v.audit("invitation revoked", slog.String("account", string(v.account)), slog.String("invitation", string(id)))
	v.flash(view.Good, "已收回邀请，链接不能再使用。")
	return v.see("/account/members")
}

// offerGone answers who comes late to an invitation or a request: another
// administrator was faster, or it was used. One that never was is not found.
func (s *Server) offerGone(v *visit, err error) error {
	if record.CodeOf(err) != record.Conflict {
		return err
	}
	v.flash(view.Info, messageOf(err))
	return v.see("/account/members")
}

// grantJoin lets a requester in.
func grantJoin(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	role := record.MemberRole(fields.Get("role"))
	if problems := roleProblems(role); len(problems) > 0 {
		return record.Errorf(record.Invalid, problems[0].Message, problems...)
	}
	if err := s.Store.GrantJoin(v.ctx, v.actor(), v.subject.ID, id, role); err != nil {
		return s.offerGone(v, err)
	}
	v.audit("join granted", slog.String("account", string(v.account)), slog.String("request", string(id)))
	v.flash(view.Good, "已同意加入，对方凭申请时保存的地址设置用户名和密码，14 天内有效。")
	return v.see("/account/members")
}

// refuseJoin turns a requester away.
func refuseJoin(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	if err := s.Store.RefuseJoin(v.ctx, v.actor(), v.subject.ID, id); err != nil {
		return s.offerGone(v, err)
	}
	v.audit("join refused", slog.String("account", string(v.account)), slog.String("request", string(id)))
	v.flash(view.Good, "已谢绝该申请。")
	return v.see("/account/members")
}
