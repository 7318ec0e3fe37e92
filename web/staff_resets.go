package web

import (
	"net/http"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

const (
	resetsAnHour  = 30 // that one staff member opens
	resetsOfOne   = 5  // of one subject, a day
	resetsShown   = 20
	textResetDone = "链接已经开具过，只显示一次；没有记下的，请重新开具。"
)

var resetReasons = map[storage.ResetReason]string{
	storage.ResetForgotten: "忘记密码", storage.ResetHandover: "经办人变更", storage.ResetLeaked: "密码可能被他人知道", storage.ResetOther: "其他",
}

var resetPapers = map[storage.ResetPaper]string{
	storage.PaperLicence: "营业执照、授权委托书和办理人身份证", storage.PaperHead: "营业执照和法定代表人（负责人）身份证",
	storage.PaperOwn: "本人身份证件", storage.PaperOther: "其他", storage.PaperMail: "发送到已验证邮箱的链接",
}

// showCounter is where staff set a password anew for who stands before them (B09).
func showCounter(s *Server, v *visit) error {
	return s.renderCounter(v, http.StatusOK, counter{})
}

// counter is what a staff member has typed at the counter, and what came of it.
type counter struct {
	asked    storage.NewReset
	problems []form.Problem
	token    string // of the link that was opened just now
	expires  time.Time
}

func (s *Server) renderCounter(v *visit, status int, c counter) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	m, sum, err := s.subjectHead(v, id)
	if err != nil {
		return err
	}
	accounts, err := s.Store.SubjectAccounts(v.ctx, sum.Subject)
	if err != nil {
		return err
	}
	resets, err := s.Store.Resets(v.ctx, id, resetsShown)
	if err != nil {
		return err
	}
	m.Tab = view.SubjectResets
	m.Counter = view.CounterModel{
		Command: string(storage.NewID()), Minutes: int(storage.ResetPeriod.Minutes()), Accounts: accountOptions(accounts), Problems: c.problems,
		Account: string(c.asked.Account), Reason: string(c.asked.Reason), Paper: string(c.asked.Paper), Note: c.asked.Note,
	}
	for _, r := range storage.ResetReasons() {
		m.Counter.Reasons = append(m.Counter.Reasons, view.Option{Value: string(r), Label: resetReasons[r]})
	}
	for _, p := range storage.ResetPapers(sum.Subject.Type) {
		m.Counter.Papers = append(m.Counter.Papers, view.Option{Value: string(p), Label: resetPapers[p]})
	}
	m.Counter.Denied, m.Counter.Claim = counterDenied(sum.Subject, m.Covered, len(m.Counter.Accounts))
	now := time.Now()
	for _, r := range resets {
		if r.Staff == "" {
			r.StaffName = v.shown("申报人自助")
		}
		m.Counter.Rows = append(m.Counter.Rows, view.ResetRow{
			ID: string(r.ID), Account: accountName(accounts, r.Account), By: r.StaffName, Reason: resetReasons[r.Reason], Paper: resetPapers[r.Paper],
			Note: r.Note, At: r.OpenedAt, State: resetTag(r, now), Open: r.Open(now),
		})
	}
	if c.token != "" {
		m.Counter.Link, m.Counter.Expires = s.Origin+"/reset/"+c.token, c.expires
		if m.Counter.QR, err = linkQR(m.Counter.Link); err != nil {
			return err
		}
	}
	return v.render(status, view.StaffSubjectPage(v.page("柜台重置密码"), m))
}

// counterDenied says why no password is set anew at the counter, and whether a
// 占用申诉 is the way; "" where it may be. The transaction asks again.
func counterDenied(subject record.Subject, covered bool, accounts int) (why string, claim bool) {
	switch {
	case subject.Closed:
		return "该主体的注册已关闭，代码或证件号可以重新注册。", false
	case !subject.Proven:
		return "该主体尚未核实（没有通过过审核，也没有用 CA 证书登录过），不能在柜台重置密码。", true
	case !covered:
		return "该主体不在您负责的地区内，请转交负责该地区的工作人员办理。", false
	case accounts == 0:
		return "该主体没有可以使用的账号。", false
	}
	return "", false
}

// accountOptions are the accounts that are not suspended.
func accountOptions(accounts []storage.Account) []view.Option {
	var all []view.Option
	for _, a := range accounts {
		if !a.Disabled {
			label := accountName(accounts, a.ID) + "（" + a.CreatedAt.In(record.Shanghai).Format(time.DateOnly) + " 开通）"
			all = append(all, view.Option{Value: string(a.ID), Label: label})
		}
	}
	return all
}

func resetTag(r storage.Reset, now time.Time) view.Tag {
	switch {
	case !r.UsedAt.IsZero():
		return view.Tag{Text: "已使用", Tone: view.Good}
	case !r.RevokedAt.IsZero():
		return view.Tag{Text: "已收回"}
	case r.Open(now):
		return view.Tag{Text: "等待办理人设置", Tone: view.Info}
	}
	return view.Tag{Text: "已过期"}
}

// openReset opens a link. The page that answers shows it; it is kept nowhere.
func openReset(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	command, err := commandID(values)
	if err != nil {
		return err
	}
	subject, err := s.Store.Subject(v.ctx, id)
	if err != nil {
		return err
	}
	asked := storage.NewReset{
		ID: command, Subject: id, Account: record.ID(values.Get("account")), By: v.actor(), Reason: storage.ResetReason(values.Get("reason")),
		Paper: storage.ResetPaper(values.Get("paper")), Note: form.Clean(values.Get("note")),
	}
	if field, problem := asked.Problem(subject.Type); problem != "" {
		return s.counterProblem(v, http.StatusUnprocessableEntity, asked, field, problem)
	}
	if err := s.mayReset(v, id); err != nil {
		return err
	}
	token, hash, err := access.NewToken()
	if err != nil {
		return err
	}
	asked.Token = hash
	opened, err := s.Store.OpenReset(v.ctx, asked)
	code := record.CodeOf(err)
	switch {
	case code == record.AlreadyDone:
		v.flash(view.Info, textResetDone)
		return v.see(counterPath(id))
	case code == record.Conflict, code == record.Forbidden:
		return s.counterProblem(v, statuses[code], asked, "account", messageOf(err))
	case err != nil:
		return err
	}
	v.audit("password reset opened", "staff", v.staffID(), "subject", string(id), "reset", string(opened.ID), "reason", string(opened.Reason))
	return s.renderCounter(v, http.StatusOK, counter{token: token, expires: opened.ExpiresAt})
}

// counterLabels name the fields of the counter's form.
var counterLabels = map[string]string{"account": "账号", "reason": "重置原因", "paper": "现场核验的证件", "note": "说明"}

func (s *Server) counterProblem(v *visit, status int, asked storage.NewReset, field, problem string) error {
	return s.renderCounter(v, status, counter{asked: asked, problems: []form.Problem{{Field: field, Label: counterLabels[field], Message: problem}}})
}

// mayReset counts the links of a staff member and of a subject.
func (s *Server) mayReset(v *visit, subject record.ID) error {
	for _, limit := range []struct {
		key    string
		window time.Duration
		most   int
	}{
		{"reset-by/" + v.staffID(), time.Hour, resetsAnHour}, {"reset-of/" + string(subject), 24 * time.Hour, resetsOfOne},
	} {
		allowed, after, err := s.Store.Hit(v.ctx, limit.key, limit.window, limit.most)
		if err != nil {
			return err
		}
		if !allowed {
			return v.tooMany(after)
		}
	}
	return nil
}

func counterPath(id record.ID) string { return staffSubjectPath(id) + "/resets" }

// revokeReset takes a link back that was not used.
func revokeReset(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	reset, err := v.idOf("reset")
	if err != nil {
		return err
	}
	revoked, err := s.Store.RevokeReset(v.ctx, v.actor(), id, reset)
	if err != nil {
		return err
	}
	if !revoked {
		v.flash(view.Info, "该链接已使用、已收回或已过期。")
		return v.see(counterPath(id))
	}
	v.audit("password reset revoked", "staff", v.staffID(), "subject", string(id), "reset", string(reset))
	v.flash(view.Good, "已收回链接，不能再用它设置密码。")
	return v.see(counterPath(id))
}
