package web

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/letters"
	"unireg/web/view"
	"unireg/web/words"
)

// Codes cost whoever gets them attention, and whoever sends them money: they are
// counted by account, by address and by network.
const (
	codesOfAccount = 5  // an hour
	codesToAddress = 5  // an hour, from whatever accounts
	codesOfNetwork = 30 // an hour
)

// contactNames are what a channel's address is called.
var contactNames = map[storage.Channel]string{storage.ByEmail: "邮箱", storage.BySMS: "手机号码"}

// contactTitles are the titles of the pages on which they are set.
var contactTitles = map[storage.Channel]string{storage.ByEmail: "设置邮箱", storage.BySMS: "设置手机号码"}

const contactsPath = "/account/contacts"

func contactPath(c storage.Channel) string { return contactsPath + "/" + string(c) }

// contacts are where the account's messages go, on the channels that this
// installation has.
func (s *Server) contacts(v *visit) ([]view.Contact, error) {
	if len(s.Channels) == 0 {
		return nil, nil
	}
	known, err := s.Store.Contacts(v.ctx, v.account)
	if err != nil {
		return nil, err
	}
	all := make([]view.Contact, 0, len(s.Channels))
	for _, channel := range s.Channels {
		all = append(all, shownContact(channel, known[channel]))
	}
	return all, nil
}

func shownContact(channel storage.Channel, c storage.Contact) view.Contact {
	shown := view.Contact{
		Path: contactPath(channel), Name: contactNames[channel], SMS: channel == storage.BySMS, Address: maskAddress(c.Address),
		Failed: !c.FailedAt.IsZero(), Next: maskAddress(c.Next), English: c.Language == string(words.English),
		NextState: nextTag(c, time.Now()), Open: c.Next != "" && !c.NextFailed && !c.NextSpent && time.Now().Before(c.NextExpires),
	}
	for _, group := range storage.ChosenGroups() {
		shown.Groups = append(shown.Groups, view.ContactGroup{
			Name: string(group), Label: letters.GroupLabel(group), Text: letters.GroupText(group), Chosen: slices.Contains(c.Groups, group),
		})
	}
	shown.Always = view.ContactGroup{Label: letters.GroupLabel(storage.Important), Text: letters.GroupText(storage.Important), Chosen: true}
	return shown
}

// nextTag is what is the matter with an address that has not proved itself.
func nextTag(c storage.Contact, now time.Time) view.Tag {
	switch {
	case c.Next == "":
		return view.Tag{}
	case c.NextFailed:
		return view.Tag{Text: "无法送达", Tone: view.Bad}
	case c.NextSpent || !now.Before(c.NextExpires):
		return view.Tag{Text: "验证码已失效", Tone: view.Warn}
	}
	return view.Tag{Text: "待验证", Tone: view.Info}
}

// maskAddress shows of an address what its owner knows it by.
func maskAddress(address string) string {
	name, domain, mail := strings.Cut(address, "@")
	switch {
	case address == "":
		return ""
	case mail:
		return name[:1] + "***@" + domain
	case len(address) > 7:
		return address[:3] + "****" + address[len(address)-4:]
	}
	return "****"
}

// channel reads the channel in the path; one that this installation has not is
// not found.
func (v *visit) channel() (storage.Channel, error) {
	channel := storage.Channel(v.Params("channel"))
	if !slices.Contains(v.s.Channels, channel) {
		return "", errNoPage
	}
	return channel, nil
}

// showContacts is 通知方式.
func (s *Server) showContacts(v *visit) error {
	if len(s.Channels) == 0 {
		return errNoPage
	}
	all, err := s.contacts(v)
	if err != nil {
		return err
	}
	p, err := v.portal("通知方式")
	if err != nil {
		return err
	}
	return v.render(http.StatusOK, view.ContactsPage(p, view.ContactsModel{Contacts: all, Mail: s.mails()}))
}

// mails reports whether anything is sent by mail.
func (s *Server) mails() bool { return slices.Contains(s.Channels, storage.ByEmail) }

// showContact is where one address is set and proved.
func (s *Server) showContact(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	return s.drawContact(v, http.StatusOK, channel, "", nil)
}

func (s *Server) drawContact(v *visit, status int, channel storage.Channel, typed string, problems []form.Problem) error {
	known, err := s.Store.Contacts(v.ctx, v.account)
	if err != nil {
		return err
	}
	p, err := v.portal(contactTitles[channel])
	if err != nil {
		return err
	}
	return v.render(status, view.ContactPage(p, view.ContactModel{
		Contact: shownContact(channel, known[channel]), Typed: typed, ByKey: v.byKey(), Minutes: int(storage.CodePeriod.Minutes()), Problems: problems,
	}))
}

// proposeContact sends a code to an address. Who changes where messages go, and
// links that set the password, gives the present password again.
func (s *Server) proposeContact(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(form.Clean(fields.Get("address")))
	problems, err := s.contactProblems(v, channel, typed, fields)
	if err != nil {
		return err
	}
	if len(problems) > 0 {
		return s.drawContact(v, http.StatusUnprocessableEntity, channel, typed, problems)
	}
	if err := s.maySendCode(v, typed); err != nil {
		if record.CodeOf(err) != record.TooMany {
			return err
		}
		problem := form.Problem{Field: "address", Label: contactNames[channel], Message: messageOf(err)}
		return s.drawContact(v, http.StatusTooManyRequests, channel, typed, []form.Problem{problem})
	}
	code, err := newContactCode()
	if err != nil {
		return err
	}
	err = s.Store.ProposeContact(v.ctx, storage.NewContact{
		Account: v.account, Channel: channel, Address: typed, Code: code, Language: string(v.language()),
	})
	if err != nil {
		return err
	}
	v.audit("contact proposed", slog.String("account", string(v.account)), slog.String("channel", string(channel)))
	return v.see(contactPath(channel))
}

func (s *Server) contactProblems(v *visit, channel storage.Channel, typed string, fields url.Values) ([]form.Problem, error) {
	var problems []form.Problem
	problem := record.EmailProblem(typed)
	if channel == storage.BySMS {
		problem = record.MobileProblem(typed)
	}
	if problem != "" {
		problems = append(problems, form.Problem{Field: "address", Label: contactNames[channel], Message: problem})
	}
	if v.byKey() {
		return problems, nil
	}
	wrong, err := v.presentPassword(fields.Get("current_password"))
	return append(problems, wrong...), err
}

// maySendCode counts a code.
func (s *Server) maySendCode(v *visit, address string) error {
	if err := v.within("contact-code", codesOfNetwork); err != nil {
		return err
	}
	for key, limit := range map[string]int{
		"contact-of/" + string(v.account): codesOfAccount, "contact-to/" + strings.ToLower(address): codesToAddress,
	} {
		allowed, after, err := s.Store.Hit(v.ctx, key, time.Hour, limit)
		if err != nil {
			return err
		}
		if !allowed {
			return v.tooMany(after)
		}
	}
	return nil
}

// newContactCode draws six digits.
func newContactCode() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("draw code: %w", err)
	}
	return fmt.Sprintf("%06d", n), nil
}

// codeProblems are what is said of a code that proves nothing.
var codeProblems = map[storage.CodeVerdict]string{
	storage.CodeWrong: "验证码不正确，请核对最近一次收到的验证码",
	storage.CodeSpent: "验证码输入错误次数过多，请重新获取",
	storage.CodeLate:  "验证码已失效，请重新获取",
}

// verifyContact takes the code that came back.
func (s *Server) verifyContact(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	verdict, err := s.Store.VerifyContact(v.ctx, v.account, channel, strings.TrimSpace(fields.Get("code")))
	if err != nil {
		return err
	}
	if verdict != storage.CodeRight {
		v.auditAt(slog.LevelWarn, "contact not verified", "reason", string(verdict))
		problem := form.Problem{Field: "code", Label: "验证码", Message: codeProblems[verdict]}
		return s.drawContact(v, http.StatusUnprocessableEntity, channel, "", []form.Problem{problem})
	}
	v.audit("contact verified", slog.String("account", string(v.account)), slog.String("channel", string(channel)))
	v.flash(view.Good, v.tr("%s已验证，消息将同时发送到这里。", v.shown(contactNames[channel])))
	return v.see(contactsPath)
}

// chooseGroups sets what is sent beside the important, and in which language.
func (s *Server) chooseGroups(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	fields, err := v.form()
	if err != nil {
		return err
	}
	var groups []storage.Group
	for _, name := range fields["groups"] {
		groups = append(groups, storage.Group(name))
	}
	language := words.Chinese
	if fields.Get("language") == string(words.English) {
		language = words.English
	}
	if err := s.Store.ChooseGroups(v.ctx, v.account, channel, groups, string(language)); err != nil {
		return err
	}
	v.flash(view.Good, "通知设置已保存。")
	return v.see(contactsPath)
}

// removeContact ends what is sent on a channel.
func (s *Server) removeContact(v *visit) error {
	channel, err := v.channel()
	if err != nil {
		return err
	}
	removed, err := s.Store.RemoveContact(v.ctx, v.account, channel)
	if err != nil {
		return err
	}
	if removed {
		v.audit("contact removed", slog.String("account", string(v.account)), slog.String("channel", string(channel)))
		v.flash(view.Good, v.tr("%s已移除，消息仍会显示在系统中。", v.shown(contactNames[channel])))
	}
	return v.see(contactsPath)
}
