package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"time"
	"unicode/utf8"

	"unireg/access"
	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// Registration goes in two steps. The first asks whether a code is registered:
// that is what somebody would misuse to find out who is, so it costs a proof of
// work, more for a person's number, and is counted by address. Without scripts
// there is no proof, and only a few questions an hour.
const (
	askWindow     = time.Hour
	askOrganized  = 60 // with proof, an address an hour: an agency registers many
	askPerson     = 20
	askUnproven   = 6 // without proof
	askUnprovenID = 3
	registrations = 40 // completed forms of an address an hour
	ticketAge     = 30 * time.Minute
)

// residentID is the code of the resident identity card among the documents.
const residentID = "111"

// ticket carries step 1 to step 2 through the browser, sealed: a person's
// number never stands in an address. Its command makes one registration of
// however many times the form is sent.
type ticket struct {
	Type    record.SubjectType
	IDType  string
	Code    string
	Command record.ID
	// Certificate is the one whose login led here, in DER; nil without one.
	Certificate []byte `json:",omitempty"`
}

var passwordRules = []string{
	"8 至 128 个字符，可以用中文、空格和符号",
	"不能是常见密码、连续或重复的字符、生日或手机号码",
	"不能包含单位名称、姓名、代码或证件号码",
}

// showRegister is step 1.
func (s *Server) showRegister(v *visit) error {
	return v.render(http.StatusOK, view.RegisterPage(v.page("新用户注册"), registerModel(url.Values{}, nil)))
}

func registerModel(fields url.Values, problems []form.Problem) view.RegisterModel {
	model := view.RegisterModel{
		Type: view.ViewerKind(fields.Get("type")), IDType: fields.Get("id_type"), Code: fields.Get("code"), Problems: problems,
	}
	for _, entry := range codes.IDDocumentTypes.Entries() {
		model.IDTypes = append(model.IDTypes, view.Option{Value: entry.Code, Label: entry.Name})
	}
	return model
}

// askRegistered takes step 1: a code that is registered leads to the login,
// any other to step 2.
func (s *Server) askRegistered(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	t, problems := parseTicket(fields, time.Now())
	if len(problems) > 0 {
		return v.render(http.StatusUnprocessableEntity, view.RegisterPage(v.page("新用户注册"), registerModel(fields, problems)))
	}
	if err := s.mayAsk(v, t.Type, fields.Get("proof")); err != nil {
		var known *record.Error
		if errors.As(err, &known) && known.Code == record.TooMany {
			problem := form.Problem{Field: "code", Label: "代码或证件号", Message: known.Message}
			return v.render(http.StatusTooManyRequests, view.RegisterPage(v.page("新用户注册"), registerModel(fields, []form.Problem{problem})))
		}
		return err
	}
	registered, err := s.Store.Registered(v.ctx, t.Type, t.IDType, t.Code)
	if err != nil {
		return err
	}
	if registered {
		return v.alreadyRegistered()
	}
	sealed, err := s.seals.seal(ticketCookie, time.Now().Add(ticketAge), t)
	if err != nil {
		return err
	}
	v.setCookie(ticketCookie, sealed, ticketAge)
	return v.see("/register/details")
}

// alreadyRegistered sends the person to the login, which says why.
func (v *visit) alreadyRegistered() error {
	v.dropCookie(ticketCookie)
	v.flashNotice(view.Notice{
		Tone: view.Info, Title: "该代码或证件号已在本平台注册", Text: "请直接登录；忘记密码的，可在登录页重新设置；单位由同事注册的，可申请加入。",
		Link: "/claims/new", LinkText: "从未注册过？提交占用申诉",
	})
	return v.see("/login")
}

// mayAsk counts a question of step 1.
func (s *Server) mayAsk(v *visit, t record.SubjectType, payload string) error {
	purpose, limit, unproven := access.ProofOrganization, askOrganized, askUnproven
	if t == record.Person {
		purpose, limit, unproven = access.ProofPerson, askPerson, askUnprovenID
	}
	proven, err := v.proven(purpose, payload)
	if err != nil {
		return err
	}
	if proven {
		return v.within("ask/"+string(t), limit)
	}
	return v.within("ask-unproven/"+string(t), unproven)
}

// parseTicket reads step 1.
func parseTicket(fields url.Values, now time.Time) (ticket, []form.Problem) {
	t := ticket{Type: record.SubjectType(fields.Get("type")), Code: record.NormalizeCode(fields.Get("code")), Command: storage.NewID()}
	var problems []form.Problem
	wrong := func(field, label, message string) {
		if message != "" {
			problems = append(problems, form.Problem{Field: field, Label: label, Message: message})
		}
	}
	switch t.Type {
	case record.Organization:
		wrong("code", "代码或证件号", record.CreditCodeProblem(t.Code))
	case record.Person:
		t.IDType = fields.Get("id_type")
		entry, ok := codes.IDDocumentTypes.Lookup(t.IDType)
		switch {
		case !ok || !entry.ValidOn(now.In(record.Shanghai).Format(time.DateOnly)):
			wrong("id_type", "证件类型", "请选择证件类型")
		case record.CreditCodeProblem(t.Code) == "":
			wrong("code", "代码或证件号", "这是统一社会信用代码，不是证件号码；单位请按单位注册")
		case t.IDType == residentID:
			wrong("code", "代码或证件号", record.ResidentIDProblem(t.Code, now))
		case record.ResidentIDProblem(t.Code, now) == "":
			wrong("code", "代码或证件号", "这是身份证号码，请把证件类型改为居民身份证")
		default:
			wrong("code", "代码或证件号", record.OtherDocumentProblem(t.Code))
		}
	default:
		wrong("type", "注册类型", "请选择单位或自然人")
	}
	return t, problems
}

// openTicket reads a ticket, and whether it is sound.
func (s *Server) openTicket(sealed string) (ticket, bool) {
	var t ticket
	err := s.seals.open(ticketCookie, sealed, time.Now(), &t)
	return t, err == nil
}

// showDetails is step 2.
func (s *Server) showDetails(v *visit) error {
	sealed := v.cookie(ticketCookie)
	t, ok := s.openTicket(sealed)
	if !ok {
		return v.see("/register")
	}
	return v.render(http.StatusOK, view.RegisterDetailsPage(v.page("完善注册信息"), detailsModel(t, sealed, "", nil)))
}

func detailsModel(t ticket, sealed, name string, problems []form.Problem) view.RegisterDetailsModel {
	entry, _ := codes.IDDocumentTypes.Lookup(t.IDType)
	return view.RegisterDetailsModel{
		Type: view.ViewerKind(t.Type), IDType: entry.Name, Code: t.Code, Name: name, Ticket: sealed,
		Rules: passwordRules, Problems: problems,
	}
}

// register takes step 2: it makes subject and account, logs in, and goes on to
// 基本信息.
func (s *Server) register(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	sealed := fields.Get("ticket")
	t, ok := s.openTicket(sealed)
	if !ok {
		v.flash(view.Warn, "页面放置超过 30 分钟，请重新填写代码或证件号。")
		return v.see("/register")
	}
	name, password := form.Clean(fields.Get("name")), fields.Get("password")
	problems := detailProblems(t, name, password, fields.Get("password_again"))
	if len(problems) > 0 {
		return v.render(http.StatusUnprocessableEntity,
			view.RegisterDetailsPage(v.page("完善注册信息"), detailsModel(t, sealed, fields.Get("name"), problems)))
	}
	if err := v.within("register", registrations); err != nil {
		return err
	}
	account, err := s.enrol(v, t, name, password)
	if record.CodeOf(err) == record.Taken {
		return v.alreadyRegistered()
	}
	if err != nil {
		return err
	}
	if err := v.begin(s.bindAtRegistration(v, t, account)); err != nil {
		return err
	}
	v.dropCookie(ticketCookie)
	return v.see("/profile?welcome=1")
}

// enrol registers, or answers the same form that was sent before: then the
// password must be the one that was chosen, for the back button of a shared
// computer leads to this form too.
func (s *Server) enrol(v *visit, t ticket, name, password string) (record.ID, error) {
	hash, err := access.Hash(v.ctx, password)
	if err != nil {
		return "", err
	}
	answer, err := s.Store.Register(v.ctx, storage.Registration{
		Command: t.Command, Type: t.Type, IDType: t.IDType, Code: t.Code, Name: name, Password: hash,
	})
	if err != nil {
		return "", err
	}
	account, err := s.Store.Account(v.ctx, answer.Account)
	if err != nil {
		return "", err
	}
	if account.Password == hash {
		v.audit("registered", slog.String("account", string(account.ID)))
		s.ringRegistration(v, answer.Subject.ID)
		_, err := s.Store.StartDraft(v.ctx, account.ID, answer.Subject, record.ProfileKind(answer.Subject.Type))
		return account.ID, err
	}
	ok, _, err := access.Verify(v.ctx, password, account.Password)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", record.Errorf(record.Taken, "该代码或证件号已注册，请直接登录")
	}
	return account.ID, nil
}

// ringRegistration wakes the workflow that looks after the new subject. If the
// engine is away the relay does it later.
func (s *Server) ringRegistration(v *visit, subject record.ID) {
	ctx, cancel := context.WithTimeout(v.ctx, s.RingWait)
	defer cancel()
	if err := s.Rings.RingRegistration(ctx, subject); err != nil {
		v.log.Warn("registration not rung", "subject", subject, "error", err)
	}
}

func detailProblems(t ticket, name, password, again string) []form.Problem {
	var problems []form.Problem
	label, longest := "单位全称", 200
	if t.Type == record.Person {
		label, longest = "姓名", 50
	}
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		problems = append(problems, form.Problem{Field: "name", Label: label, Message: "请填写" + label})
	case n < 2:
		problems = append(problems, form.Problem{Field: "name", Label: label, Message: label + "至少 2 个字"})
	case n > longest:
		problems = append(problems, form.Problem{Field: "name", Label: label, Message: label + "过长，请核对"})
	case record.NormalizeCode(name) == t.Code:
		problems = append(problems, form.Problem{Field: "name", Label: label, Message: "这里填写" + label + "，不是代码或证件号"})
	}
	return append(problems, newPasswordProblems("新建密码", password, again, name, t.Code)...)
}

// newPasswordProblems judges a password that is chosen, typed twice.
func newPasswordProblems(label, password, again string, names ...string) []form.Problem {
	switch problem := access.PasswordProblem(password, names...); {
	case password == "":
		return []form.Problem{{Field: "password", Label: label, Message: "请设置密码"}}
	case problem != "":
		return []form.Problem{{Field: "password", Label: label, Message: problem}}
	case password != again:
		return []form.Problem{{Field: "password_again", Label: "再次输入密码", Message: "两次输入的密码不一致"}}
	}
	return nil
}
