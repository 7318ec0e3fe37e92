package web

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// A 占用申诉 asks whether a code is registered, as step 1 of registration does,
// and costs the same: the proof of work and the counters are those of step 1,
// and no answer tells more.
const (
	claimsAnHour = 10 // of an address
	claimsOfCode = 10 // of one code, a day, registered or not
	claimLooks   = 60 // at claims by their number, of an address an hour
	claimCodes   = 20 // that an address may try, an hour
	maxStatement = 1000
	claimsShown  = 50
)

// claimPapers are what a claimant should have at hand.
var claimPapers = []string{
	"单位：营业执照、法定代表人身份证、经办人身份证和加盖公章的授权委托书",
	"自然人：本人身份证件",
	"能说明从未注册或未授权他人注册的材料",
}

// showClaimForm is the page of a new claim.
func (s *Server) showClaimForm(v *visit) error {
	return v.render(http.StatusOK, view.ClaimFormPage(v.page("占用申诉"), claimFormModel(url.Values{}, nil)))
}

func claimFormModel(fields url.Values, problems []form.Problem) view.ClaimFormModel {
	asked := registerModel(fields, problems)
	m := view.ClaimFormModel{
		Type: asked.Type, IDTypes: asked.IDTypes, IDType: asked.IDType, Code: asked.Code, Problems: problems,
		Name: fields.Get("name"), Position: fields.Get("position"), Phone: fields.Get("phone"), Text: fields.Get("text"),
		Command: fields.Get("command"), Papers: claimPapers, MaxText: maxStatement,
	}
	if !storage.ValidID(m.Command) {
		m.Command = string(storage.NewID())
	}
	return m
}

// openClaim takes a new claim in.
func (s *Server) openClaim(v *visit) error {
	fields, err := v.form()
	if err != nil {
		return err
	}
	claim, problems := parseClaim(fields, time.Now())
	if len(problems) > 0 {
		return v.render(http.StatusUnprocessableEntity, view.ClaimFormPage(v.page("占用申诉"), claimFormModel(fields, problems)))
	}
	if err := s.mayClaim(v, claim, fields.Get("proof")); err != nil {
		var known *record.Error
		if errors.As(err, &known) && known.Code == record.TooMany {
			problem := form.Problem{Field: "code", Label: "代码或证件号", Message: known.Message}
			return v.render(http.StatusTooManyRequests,
				view.ClaimFormPage(v.page("占用申诉"), claimFormModel(fields, []form.Problem{problem})))
		}
		return err
	}
	number, err := s.Store.OpenClaim(v.ctx, claim)
	if record.CodeOf(err) == record.NotFound {
		v.flashNotice(view.Notice{Tone: view.Info, Title: "该代码或证件号还没有注册", Text: "没有被占用，请直接注册。"})
		return v.see("/register")
	}
	if err != nil {
		return err
	}
	v.audit("claim opened")
	v.flashNotice(view.Notice{Tone: view.Good, Title: "申诉已提交", Text: "请记下申诉编号，凭编号查询进度。"})
	return v.see("/claims/" + number)
}

// mayClaim counts a claim: as a question of step 1, by address and by code.
func (s *Server) mayClaim(v *visit, c storage.NewClaim, proof string) error {
	if err := s.mayAsk(v, c.Type, proof); err != nil {
		return err
	}
	if err := v.within("claim", claimsAnHour); err != nil {
		return err
	}
	key := "claim-of/" + string(c.Type) + "/" + c.IDType + "/" + c.Code
	allowed, after, err := s.Store.Hit(v.ctx, key, 24*time.Hour, claimsOfCode)
	if err != nil || allowed {
		return err
	}
	return v.tooMany(after)
}

func parseClaim(fields url.Values, now time.Time) (storage.NewClaim, []form.Problem) {
	t, problems := parseTicket(fields, now)
	statement := storage.ClaimStatement{
		Name: form.Clean(fields.Get("name")), Position: form.Clean(fields.Get("position")),
		Phone: form.Clean(fields.Get("phone")), Text: form.Clean(fields.Get("text")),
	}
	for _, f := range []struct {
		field, label, value string
		limit               int
	}{
		{"name", "申诉人姓名", statement.Name, 50},
		{"position", "职务或关系", statement.Position, 50},
		{"phone", "联系电话", statement.Phone, 30},
		{"text", "情况说明", statement.Text, maxStatement},
	} {
		switch n := len([]rune(f.value)); {
		case n == 0:
			problems = append(problems, form.Problem{Field: f.field, Label: f.label, Message: "请填写" + f.label})
		case n > f.limit:
			problems = append(problems, form.Problem{Field: f.field, Label: f.label, Message: f.label + "最多 " + strconv.Itoa(f.limit) + " 个字"})
		case f.field == "phone" && !phoneLike(f.value):
			problems = append(problems, form.Problem{Field: f.field, Label: f.label, Message: "请填写手机号码，或带区号的固定电话"})
		}
	}
	id, err := commandID(fields)
	if err != nil {
		id = storage.NewID()
	}
	return storage.NewClaim{ID: id, Type: t.Type, IDType: t.IDType, Code: t.Code, Statement: statement}, problems
}

// phoneLike reports whether a text may be a telephone number: 7 to 20 digits
// among the signs that people write into one.
func phoneLike(text string) bool {
	digits := 0
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune(" -+()（）转/", r):
			return false
		}
	}
	return digits >= 7 && digits <= 20
}

// findClaim leads from the number that was typed to its page.
func (s *Server) findClaim(v *visit) error {
	number := strings.ToUpper(strings.TrimSpace(v.Query("number")))
	if record.ReceiptProblem(number) != "" {
		v.flash(view.Warn, "申诉编号有误：由 8 位日期、短横线和 10 位字符组成，请对照页面核对。")
		return v.see("/claims/new")
	}
	return v.see("/claims/" + number)
}

// claimed reads the claim that the address names.
func (s *Server) claimed(v *visit) (storage.Claim, error) {
	number := v.Params("number")
	if record.ReceiptProblem(number) != "" {
		return storage.Claim{}, errNoPage
	}
	if err := v.within("claim-look", claimLooks); err != nil {
		return storage.Claim{}, err
	}
	return s.Store.ClaimByNumber(v.ctx, number)
}

// showClaim tells a claimant what has become of the claim.
func (s *Server) showClaim(v *visit) error {
	claim, err := s.claimed(v)
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.ClaimPage(v.page("占用申诉进度"), claimModel(claim, time.Now(), nil)))
}

// claimTag is where a claim stands, in a word.
func claimTag(c storage.Claim) view.Tag {
	switch {
	case c.Decision == storage.ClaimGranted && c.SettledAt.IsZero():
		return view.Tag{Text: "成立，待设置密码", Tone: view.Good}
	case c.Decision == storage.ClaimGranted:
		return view.Tag{Text: "成立，已移交", Tone: view.Good}
	case c.Decision == storage.ClaimRefused:
		return view.Tag{Text: "不成立", Tone: view.Bad}
	}
	return view.Tag{Text: "核实中", Tone: view.Info}
}

func claimModel(c storage.Claim, now time.Time, problems []form.Problem) view.ClaimModel {
	m := view.ClaimModel{
		Number: c.Number, State: claimTag(c), Answer: c.Answer, OpenedAt: c.OpenedAt, Rules: passwordRules, Problems: problems,
		Title: "占用申诉", Timeline: []view.Event{{At: c.OpenedAt, Text: "申诉已提交", Phase: view.Done}},
	}
	step := func(at time.Time, phase view.Phase, text string) {
		m.Timeline = append(m.Timeline, view.Event{At: at, Text: text, Phase: phase})
	}
	switch {
	case c.Decision == storage.ClaimRefused:
		m.Text = "经核实，申诉不成立。如有新的材料，可以重新申诉或联系服务热线。"
		step(c.DecidedAt, view.Done, "工作人员核实后驳回")
	case c.Decision == storage.ClaimGranted && !c.SettledAt.IsZero():
		m.Text, m.Login = "账号已移交，登录密码已设置。", true
		step(c.DecidedAt, view.Done, "工作人员核实后移交账号")
		step(c.SettledAt, view.Done, "登录密码已设置")
	case c.Decision == storage.ClaimGranted:
		m.Settle = !c.CodeSpent && now.Before(c.CodeExpires)
		m.Expires = c.CodeExpires
		m.Text = "申诉成立。原账号已停用，请用工作人员告知的设置码设置登录密码。"
		if !m.Settle {
			m.Text = "申诉成立，但设置码已失效，请联系服务热线重新获取。"
		}
		step(c.DecidedAt, view.Done, "工作人员核实后移交账号")
		step(time.Time{}, view.Going, "等待设置登录密码")
	default:
		m.Text = "工作人员将拨打您留下的电话核实身份，请保持畅通并准备好证照。"
		step(time.Time{}, view.Going, "工作人员核实")
		step(time.Time{}, view.Ahead, "作出处理并在本页答复")
	}
	return m
}

// settleClaim sets the password of a claimant who was told the code.
func (s *Server) settleClaim(v *visit) error {
	claim, err := s.claimed(v)
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	if err := v.within("claim-code", claimCodes); err != nil {
		return err
	}
	password := fields.Get("password")
	problems := newPasswordProblems("新建密码", password, fields.Get("password_again"))
	code := strings.ToLower(strings.TrimSpace(fields.Get("code")))
	if code == "" {
		problems = append([]form.Problem{{Field: "code", Label: "设置码", Message: "请输入设置码"}}, problems...)
	}
	if len(problems) > 0 {
		return v.render(http.StatusUnprocessableEntity, view.ClaimPage(v.page("占用申诉进度"), claimModel(claim, time.Now(), problems)))
	}
	hash, err := access.Hash(v.ctx, password)
	if err != nil {
		return err
	}
	account, err := s.Store.SettleClaim(v.ctx, claim.Number, code, hash)
	switch known := record.CodeOf(err); {
	case known == record.Invalid, known == record.Forbidden, known == record.Conflict:
		problem := form.Problem{Field: "code", Label: "设置码", Message: messageOf(err)}
		if claim, err = s.Store.ClaimByNumber(v.ctx, claim.Number); err != nil {
			return err
		}
		return v.render(http.StatusUnprocessableEntity,
			view.ClaimPage(v.page("占用申诉进度"), claimModel(claim, time.Now(), []form.Problem{problem})))
	case err != nil:
		return err
	}
	v.audit("password set by claim", slog.String("account", string(account)))
	v.flash(view.Good, "密码已设置，请用单位全称或代码（自然人用证件号码）登录。")
	return v.see("/login")
}

// listClaims is the supervisors' list.
func listClaims(s *Server, v *visit) error {
	page := max(1, number(v.Query("page")))
	claims, total, err := s.Store.Claims(v.ctx, claimsShown, (page-1)*claimsShown)
	if err != nil {
		return err
	}
	var m view.ClaimsModel
	_, m.Pager = paged(total, claimsShown, page, func(n int) string { return "/staff/claims?page=" + strconv.Itoa(n) })
	for _, c := range claims {
		m.Claims = append(m.Claims, view.ClaimRow{
			ID: string(c.ID), Number: c.Number, Subject: c.Subject.Name, Code: shownCode(c.Subject),
			OpenedAt: c.OpenedAt, DecidedAt: c.DecidedAt, State: claimTag(c),
		})
	}
	return v.render(http.StatusOK, view.ClaimsPage(v.page("占用申诉办理"), m))
}

// deciding is what a supervisor sees beside the claim itself.
type deciding struct {
	revealed bool
	reveal   view.RevealForm // as typed
	code     string          // given just now
	problems []form.Problem
	typed    url.Values
}

func showStaffClaim(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	return s.renderClaim(v, id, http.StatusOK, deciding{})
}

func (s *Server) renderClaim(v *visit, id record.ID, status int, d deciding) error {
	c, err := s.Store.ClaimForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	m := view.StaffClaimModel{
		ID: string(c.ID), Number: c.Number, State: claimTag(c), Subject: c.Subject.Name, Code: shownCode(c.Subject), Type: c.Subject.Type.Label(),
		Proven: c.Subject.Proven, OpenedAt: c.OpenedAt, DecidedAt: c.DecidedAt, DecidedBy: c.DecidedBy, Answer: c.Answer,
		Name: c.Statement.Name, Position: c.Statement.Position, Text: c.Statement.Text, Phone: form.Mask(c.Statement.Phone),
		Open: c.Decision == storage.ClaimOpen, Renew: c.Decision == storage.ClaimGranted && c.SettledAt.IsZero(),
		NewCode: d.code, Problems: d.problems, TypedGrant: d.typed.Get("grant"), TypedRefuse: d.typed.Get("refuse"),
		Verified: d.typed.Get("verified") == "on",
	}
	m.Reveal = d.reveal
	m.Reveal.Action = "/staff/claims/" + m.ID + "/reveal"
	if d.revealed {
		m.Revealed, m.Phone = true, c.Statement.Phone
	}
	if c.Decision == storage.ClaimGranted {
		m.CodeState = codeState(c, time.Now())
	}
	return v.render(status, view.StaffClaimPage(v.page(v.tr("占用申诉：%s", m.Subject)), m))
}

func codeState(c storage.Claim, now time.Time) string {
	switch {
	case !c.SettledAt.IsZero():
		return "申诉人已设置"
	case c.CodeSpent:
		return "设置码输错次数过多，已失效"
	case now.After(c.CodeExpires):
		return "设置码已过期"
	}
	return "等待申诉人设置，设置码有效至 " + c.CodeExpires.In(record.Shanghai).Format("2006-01-02 15:04")
}

// revealClaim shows the claimant's telephone number after the look was written
// into the subject's history.
func revealClaim(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	claim, err := s.Store.ClaimForStaff(v.ctx, id)
	if err != nil {
		return err
	}
	asked := revealOf(v, values)
	asked.Subject, asked.Claim = claim.Subject.ID, id
	if problem := asked.Problem(); problem != "" {
		return s.renderClaim(v, id, http.StatusUnprocessableEntity, deciding{reveal: revealAgain(asked, problem)})
	}
	if err := s.Store.Reveal(v.ctx, asked); err != nil {
		return err
	}
	v.audit("claim revealed", "staff", v.staffID(), "claim", string(id), "reason", string(asked.Reason))
	return s.renderClaim(v, id, http.StatusOK, deciding{revealed: true})
}

// newClaimCode draws a code and its hash.
func newClaimCode() (string, []byte, error) {
	code, err := access.ReadablePassword()
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256([]byte(code))
	return code, sum[:], nil
}

// grantClaim hands the subject over to the claimant. The page that answers shows
// the code; it is kept nowhere.
func grantClaim(s *Server, v *visit) error {
	return s.decideClaim(v, "grant", func(id record.ID, answer string) (string, error) {
		code, hash, err := newClaimCode()
		if err != nil {
			return "", err
		}
		return code, s.Store.GrantClaim(v.ctx, storage.ClaimGrant{
			Claim: id, By: v.actor(), Answer: answer, Code: hash, NoPassword: access.NoPassword,
		})
	})
}

// refuseClaim decides against the claimant.
func refuseClaim(s *Server, v *visit) error {
	return s.decideClaim(v, "refuse", func(id record.ID, answer string) (string, error) {
		return "", s.Store.RefuseClaim(v.ctx, v.actor(), id, answer)
	})
}

func (s *Server) decideClaim(v *visit, decision string, decide func(id record.ID, answer string) (string, error)) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	answer := form.Clean(fields.Get(decision))
	d := deciding{typed: fields}
	if decision == "grant" && fields.Get("verified") != "on" {
		d.problems = append(d.problems, form.Problem{Field: "verified", Label: "核实身份", Message: "请先核实申诉人身份，再勾选"})
	}
	if problem := reasonProblem(answer); problem != "" {
		d.problems = append(d.problems, form.Problem{Field: decision, Label: "答复", Message: problem})
	}
	if len(d.problems) > 0 {
		return s.renderClaim(v, id, http.StatusUnprocessableEntity, d)
	}
	code, err := decide(id, answer)
	if record.CodeOf(err) == record.Conflict {
		d.problems = []form.Problem{{Field: decision, Label: "没有生效", Message: messageOf(err)}}
		return s.renderClaim(v, id, http.StatusConflict, d)
	}
	if err != nil {
		return err
	}
	v.audit("claim decided", "staff", v.staffID(), "claim", string(id), "decision", decision)
	if code != "" {
		return s.renderClaim(v, id, http.StatusOK, deciding{code: code})
	}
	v.flash(view.Good, "已驳回该申诉。")
	return v.see("/staff/claims/" + string(id))
}

// renewClaimCode gives a new code.
func renewClaimCode(s *Server, v *visit) error {
	id, err := v.id()
	if err != nil {
		return err
	}
	code, hash, err := newClaimCode()
	if err != nil {
		return err
	}
	if err := s.Store.RenewClaimCode(v.ctx, v.actor(), id, hash); err != nil {
		return err
	}
	v.audit("claim code renewed", "staff", v.staffID(), "claim", string(id))
	return s.renderClaim(v, id, http.StatusOK, deciding{code: code})
}
