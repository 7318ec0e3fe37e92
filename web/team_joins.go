package web

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// A request to join costs what a question of step 1 of registration costs, and is
// counted with it. Nothing that is answered tells whether the code is registered.
const (
	joinsAnHour   = 10 // of an address
	joinsOfCode   = 10 // of one code, a day, registered or not
	joinLinks     = 60 // that an address may try, an hour: of invitations and requests
	maxJoinReason = 200
	maxContact    = 60
)

// linkOfPath is the hash of the token in the address. What is none is as unknown as
// any other, and takes as long.
func (v *visit) linkOfPath() ([]byte, error) {
	if err := v.within("join-link", joinLinks); err != nil {
		return nil, err
	}
	hash, ok := access.HashToken(v.Params("token"))
	if !ok {
		return make([]byte, sha256.Size), nil
	}
	return hash, nil
}

// linkOver is the one answer to a link that makes nobody a member.
func (v *visit) linkOver() error {
	return v.render(http.StatusNotFound, view.TeamLinkOverPage(v.page("加入单位")))
}

// showInvitation is where somebody who was invited becomes a member. To look does
// not use the link up: programs look at links, too.
func showInvitation(s *Server, v *visit) error {
	hash, err := v.linkOfPath()
	if err != nil {
		return err
	}
	return s.renderInvitation(v, http.StatusOK, hash, "", nil)
}

func (s *Server) renderInvitation(v *visit, status int, hash []byte, login string, problems []form.Problem) error {
	invited, err := s.Store.InvitationByToken(v.ctx, hash)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.linkOver()
	case err != nil:
		return err
	}
	return v.render(status, view.InvitationPage(v.page("加入单位"), view.JoiningModel{
		Action: "/invitations/" + v.Params("token"), Unit: invited.Subject.Name, Name: invited.Name, Role: invited.Role.Label(), Note: memberNotes[invited.Role],
		Login: login, Expires: invited.Expires, Rules: passwordRules, Problems: problems,
	}))
}

// acceptInvitation makes who has the link a member, and logs them in.
func acceptInvitation(s *Server, v *visit) error {
	hash, err := v.linkOfPath()
	if err != nil {
		return err
	}
	invited, err := s.Store.InvitationByToken(v.ctx, hash)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.linkOver()
	case err != nil:
		return err
	}
	return s.joins(v, invited.Subject, func(login, password string) (record.ID, error) {
		return s.Store.AcceptInvitation(v.ctx, hash, login, password)
	}, func(status int, login string, problems []form.Problem) error {
		return s.renderInvitation(v, status, hash, login, problems)
	})
}

// joins makes somebody a member by the login name and the password that the form
// gives, or draws the page again.
func (s *Server) joins(
	v *visit, subject record.Subject, become func(login, password string) (record.ID, error),
	again func(status int, login string, problems []form.Problem) error,
) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed, password := fields.Get("login"), fields.Get("password")
	login := record.MemberLogin(typed)
	var problems []form.Problem
	if problem := record.MemberLoginProblem(login); problem != "" {
		problems = append(problems, form.Problem{Field: "login", Label: "成员用户名", Message: problem})
	}
	problems = append(problems, newPasswordProblems("新建密码", password, fields.Get("password_again"), subject.Name, subject.Code, login)...)
	if len(problems) > 0 {
		return again(http.StatusUnprocessableEntity, typed, problems)
	}
	hash, err := access.Hash(v.ctx, password)
	if err != nil {
		return err
	}
	account, err := become(login, hash)
	switch code := record.CodeOf(err); {
	case code == record.NotFound:
		return v.linkOver()
	case code == record.Taken, code == record.Conflict:
		return again(statuses[code], typed, []form.Problem{{Field: "login", Label: "成员用户名", Message: messageOf(err)}})
	case err != nil:
		return err
	}
	if err := v.begin(storage.NewSession{Account: account, Assurance: record.ByPassword}); err != nil {
		return err
	}
	v.audit("member joined", slog.String("account", string(account)))
	v.flashNotice(view.Notice{Tone: view.Good, Title: "已加入本单位", Text: "以后登录时，账号填写单位名称或代码，并填写您的成员用户名。"})
	return v.see("/home")
}

// showJoinForm is the page of a request to join.
func showJoinForm(s *Server, v *visit) error {
	return s.renderJoinForm(v, http.StatusOK, url.Values{}, nil)
}

func (s *Server) renderJoinForm(v *visit, status int, fields url.Values, problems []form.Problem) error {
	m := view.JoinFormModel{
		Code: fields.Get("code"), Name: fields.Get("name"), Contact: fields.Get("contact"), Reason: fields.Get("reason"), Token: fields.Get("token"),
		MaxReason: maxJoinReason, Problems: problems,
	}
	if _, ok := access.HashToken(m.Token); !ok {
		var err error
		if m.Token, _, err = access.NewToken(); err != nil {
			return err
		}
	}
	return v.render(status, view.JoinFormPage(v.page("申请加入单位"), m))
}

// askToJoin takes a request in. The address of its page is all that its requester
// has of it.
func askToJoin(s *Server, v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	join, problems := parseJoin(fields)
	if len(problems) > 0 {
		return s.renderJoinForm(v, http.StatusUnprocessableEntity, fields, problems)
	}
	token, hash, err := linkToken(fields)
	if err != nil {
		return err
	}
	join.Token = hash
	if err := s.mayJoin(v, join.Code, fields.Get("proof")); err != nil {
		var known *record.Error
		if errors.As(err, &known) && known.Code == record.TooMany {
			problem := form.Problem{Field: "code", Label: "统一社会信用代码", Message: known.Message}
			return s.renderJoinForm(v, http.StatusTooManyRequests, fields, []form.Problem{problem})
		}
		return err
	}
	if err := s.Store.AskToJoin(v.ctx, join); err != nil {
		return err
	}
	v.audit("join asked")
	return v.see("/join/" + token)
}

// mayJoin counts a request: as a question of step 1, by address and by code.
func (s *Server) mayJoin(v *visit, code, proof string) error {
	if err := s.mayAsk(v, record.Organization, proof); err != nil {
		return err
	}
	if err := v.within("join", joinsAnHour); err != nil {
		return err
	}
	allowed, after, err := s.Store.Hit(v.ctx, "join-of/"+code, 24*time.Hour, joinsOfCode)
	if err != nil || allowed {
		return err
	}
	return v.tooMany(after)
}

func parseJoin(fields url.Values) (storage.NewJoin, []form.Problem) {
	join := storage.NewJoin{
		Code: record.NormalizeCode(fields.Get("code")),
		Statement: storage.JoinStatement{
			Name: form.Clean(fields.Get("name")), Contact: form.Clean(fields.Get("contact")), Reason: form.Clean(fields.Get("reason")),
		},
	}
	var problems []form.Problem
	wrong := func(field, label, message string) {
		if message != "" {
			problems = append(problems, form.Problem{Field: field, Label: label, Message: message})
		}
	}
	wrong("code", "统一社会信用代码", record.CreditCodeProblem(join.Code))
	wrong("name", "您的姓名", record.MemberNameProblem(join.Statement.Name))
	wrong("contact", "联系方式", lengthProblem("联系方式", join.Statement.Contact, maxContact))
	wrong("reason", "申请理由", lengthProblem("申请理由", join.Statement.Reason, maxJoinReason))
	return join, problems
}

// lengthProblem is what is wrong with the length of a text, "" for nothing.
func lengthProblem(label, text string, most int) string {
	switch n := len([]rune(text)); {
	case n == 0:
		return "请填写" + label
	case n > most:
		return label + "最多 " + strconv.Itoa(most) + " 个字"
	}
	return ""
}

// joinOfPath reads the request whose token the address carries.
func (s *Server) joinOfPath(v *visit) ([]byte, storage.Join, error) {
	hash, err := v.linkOfPath()
	if err != nil {
		return nil, storage.Join{}, err
	}
	join, err := s.Store.JoinByToken(v.ctx, hash)
	return hash, join, err
}

// showJoin tells a requester what has become of the request.
func showJoin(s *Server, v *visit) error {
	_, join, err := s.joinOfPath(v)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.linkOver()
	case err != nil:
		return err
	}
	return s.renderJoin(v, http.StatusOK, join, "", nil)
}

func (s *Server) renderJoin(v *visit, status int, join storage.Join, login string, problems []form.Problem) error {
	m := view.JoinModel{AskedAt: join.AskedAt, ExpiresAt: join.ExpiresAt}
	switch join.State {
	case storage.JoinWaiting:
		m.State = view.Tag{Text: "等待处理", Tone: view.Info}
		m.Text = v.tr("该单位已在本平台注册的，其管理员会看到您的申请，核实后决定是否同意。14 天内没有处理的，申请自动失效。")
		m.Keep = s.Origin + "/join/" + v.Params("token")
		var err error
		if m.QR, err = linkQR(m.Keep); err != nil {
			return err
		}
	case storage.JoinGranted:
		m.State = view.Tag{Text: "已同意", Tone: view.Good}
		m.Text = v.tr("“%s”的管理员已同意您加入，请设置用户名和密码。", join.Subject.Name)
		m.Joining = &view.JoiningModel{
			Action: "/join/" + v.Params("token"), Unit: join.Subject.Name, Role: join.Role.Label(), Note: memberNotes[join.Role], Login: login,
			Expires: join.ExpiresAt, Rules: passwordRules, Problems: problems,
		}
	case storage.JoinSettled:
		m.State, m.Login = view.Tag{Text: "已加入", Tone: view.Good}, true
		m.Text = v.tr("您已加入“%s”。登录时账号填写单位名称或代码，并填写您的成员用户名。", join.Subject.Name)
	case storage.JoinRefused:
		m.State, m.Text = view.Tag{Text: "没有通过", Tone: view.Bad}, v.tr("申请没有通过。如有疑问，请直接联系本单位的管理员。")
	case storage.JoinExpired:
		m.State, m.Text = view.Tag{Text: "已失效", Tone: view.Warn}, v.tr("申请已超过期限，不再有效。可以先联系本单位的管理员，再重新申请。")
	}
	return v.render(status, view.JoinPage(v.page("加入申请"), m))
}

// settleJoin makes a requester who was let in a member, and logs them in.
func settleJoin(s *Server, v *visit) error {
	hash, join, err := s.joinOfPath(v)
	switch {
	case record.CodeOf(err) == record.NotFound:
		return v.linkOver()
	case err != nil:
		return err
	case join.State != storage.JoinGranted:
		return s.renderJoin(v, http.StatusConflict, join, "", nil)
	}
	return s.joins(v, join.Subject, func(login, password string) (record.ID, error) {
		return s.Store.SettleJoin(v.ctx, hash, login, password)
	}, func(status int, login string, problems []form.Problem) error {
		return s.renderJoin(v, status, join, login, problems)
	})
}
