package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"unireg/access"
	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
	"unireg/web/words"
)

// visit is one request: who asks, by which session, for which route.
type visit struct {
	*fiber.Ctx

	s     *Server
	route route
	// ctx ends when the request took too long, or is over. A browser that goes
	// away does not end it. It knows the language of the pages.
	ctx       context.Context
	cancel    context.CancelFunc
	began     time.Time
	reference string       // names the request in the log and to the person
	log       *slog.Logger // writes the reference on every line
	nonce     string       // of the Content-Security-Policy
	from      string       // address of the browser

	session *storage.Session     // nil when nobody is logged in
	account record.ID            // of an applicant
	subject record.Subject       // of an applicant
	staff   *storage.StaffMember // nil but for staff
	unread  int                  // messages of the subject
	kind    record.Kind          // of the record that the page is about, "" for none

	slowed   bool       // the log has the event of a throttled attempt
	genuine  bool       // the gate has seen the request's token
	posted   url.Values // once decoded
	decoded  bool
	signed   []byte // body of another system's message, once its signature is verified
	streamed bool   // the answer's body is still to be sent: its reader ends the context
}

func (s *Server) newVisit(c *fiber.Ctx, r route) *visit {
	v := &visit{Ctx: c, s: s, route: r, began: time.Now(), reference: newReference(), from: s.address(c)}
	// What a person asked for is finished although the browser went away, or the
	// portal is being stopped.
	v.ctx, v.cancel = context.WithTimeout(words.In(context.Background(), v.language()), r.timeout(s.RequestTimeout))
	v.log = s.Log.With(slog.String("request", v.reference))
	v.nonce, _ = c.Context().UserValue(nonceValue).(string)
	if r.public {
		c.Set(fiber.HeaderCacheControl, "public, max-age=300")
	}
	return v
}

// language is that of the pages, as the person chose it. Other computers are
// answered in Chinese.
func (v *visit) language() words.Language {
	if v.route.who != partnerSystem && v.prefs().English {
		return words.English
	}
	return words.Chinese
}

// inChinese is for what is taken along: workbooks are in Chinese for everybody.
func (v *visit) inChinese() { v.ctx = words.In(v.ctx, words.Chinese) }

// tr is a sentence in the language of the page, with its values.
func (v *visit) tr(source string, values ...any) string {
	return words.Text(v.ctx, source, values...)
}

// shown is a word that was written elsewhere, in the language of the page.
func (v *visit) shown(text string) string { return words.Of(v.ctx, text) }

// newReference draws the number that a person may quote: ten characters.
func newReference() string {
	random := make([]byte, 5)
	_, _ = rand.Read(random) // never fails
	return strings.ToUpper(hex.EncodeToString(random))
}

// leave ends the visit: the log has its line, and the context is over unless
// the answer is still being sent.
func (v *visit) leave() {
	v.logRequest(v.Response().StatusCode())
	if !v.streamed {
		v.cancel()
	}
}

// identify finds the session of the cookie that belongs to the route's side of
// the house. Nobody logged in is no error.
func (v *visit) identify() error {
	if v.route.who == partnerSystem {
		return nil // cookies say nothing there
	}
	hash, ok := access.HashToken(v.cookie(v.sessionCookie()))
	if !ok {
		return nil
	}
	session, err := v.s.Store.Session(v.ctx, hash, v.s.IdleTimeout)
	if record.CodeOf(err) == record.Unauthorized {
		return nil
	}
	if err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	if session.IsStaff() != v.staffSide() {
		return nil
	}
	v.adopt(session)
	return nil
}

// adopt makes the visit that of who is logged in by the session.
func (v *visit) adopt(session storage.Session) {
	v.session = &session
	if session.IsStaff() {
		v.staff = &session.Staff
		return
	}
	v.account, v.subject = session.Account.ID, session.Account.Subject
}

// staffSide tells that the route belongs to the staff's side of the house.
func (v *visit) staffSide() bool { return v.route.who.ofStaff() || v.route.staff }

// admit is where the table of routes is enforced.
func (v *visit) admit() error {
	switch v.route.who {
	case anyone:
		return nil
	case anonymousOnly:
		if v.session == nil {
			return nil
		}
		return elsewhere(v.front())
	case applicant:
		if v.session == nil || v.account == "" {
			return errUnauthorized
		}
		return v.refuseRole(v.route.right())
	case partnerSystem:
		return v.admitPartner()
	case staffPassword, staffMember, supervisor:
	}
	switch {
	case v.session == nil || v.staff == nil:
		return errUnauthorized
	case v.route.who == staffPassword:
		return nil
	case !v.session.SecondFactor:
		return elsewhere("/staff/totp")
	case v.route.who == supervisor && v.staff.Role != record.Supervisor:
		return record.Errorf(record.Forbidden, "这一项只有管理员可以办理")
	}
	return nil
}

// role is in which part who is logged in acts for the subject.
func (v *visit) role() record.MemberRole {
	if v.session == nil {
		return ""
	}
	return v.session.Member()
}

// may reports whether whoever is logged in has a right in the subject's name. It is
// for what a page offers: the table of routes asks it of every request, and storage
// again in the transaction.
func (v *visit) may(right record.Right) bool { return v.role().May(right) }

// refuseRole refuses what the role of who is logged in does not take.
func (v *visit) refuseRole(right record.Right) error {
	switch role := v.shown(v.role().Label()); {
	case v.may(right):
		return nil
	case right == record.ToManage:
		return record.Errorf(record.Forbidden, v.tr("您在本单位的角色是“%s”，这一项由本单位的管理员办理。", role))
	default:
		return record.Errorf(record.Forbidden, v.tr("您在本单位的角色是“%s”，可以查看，不能填报、提交或修改。需要办理的，请本单位的管理员调整角色。", role))
	}
}

var errUnauthorized = record.Errorf(record.Unauthorized, "登录已失效，请重新登录")

// front is the first page of who is logged in.
func (v *visit) front() string {
	if v.staffSide() {
		return "/staff"
	}
	return "/home"
}

// actor is who gives commands in this visit.
func (v *visit) actor() record.Actor {
	if v.session == nil {
		return record.Actor{}
	}
	return v.session.Actor()
}

// id reads the id in the path; what is none is not found.
func (v *visit) id() (record.ID, error) { return v.idOf("id") }

// idOf is id for an id of that name.
func (v *visit) idOf(name string) (record.ID, error) {
	text := v.Params(name)
	if !storage.ValidID(text) {
		return "", errNoPage
	}
	return record.ID(strings.ToLower(text)), nil
}

var errNoPage = record.Errorf(record.NotFound, "没有找到所请求的内容")

// page is what every page needs beside its own model.
func (v *visit) page(title string) view.Page {
	p := view.Page{
		Title: title, Nonce: v.nonce, Path: v.place(), Now: time.Now(), Site: v.s.Site, Flash: v.takeFlash(), Prefs: v.prefs(),
	}
	if !v.route.open { // no form stands on it, and no cookie is given out for one
		p.CSRF = v.csrf()
	}
	switch {
	case v.staff != nil:
		p.Viewer = &view.Viewer{
			Name: v.staff.Name, Login: v.staff.Login, Kind: view.Staff, Role: v.staff.Role.Label(), Assurance: view.Assurance(v.session.Assurance),
			Supervisor: v.staff.Role == record.Supervisor,
		}
	case v.session != nil:
		p.Viewer = &view.Viewer{
			Name: v.subject.Name, Login: shownLogin(v.subject), Kind: view.ViewerKind(v.subject.Type),
			Assurance: view.Assurance(v.session.Assurance), Unread: v.unread, ReadOnly: !v.may(record.ToFile), Limited: !v.may(record.ToManage),
		}
		if v.subject.Type == record.Organization && p.Viewer.Limited {
			p.Viewer.Role = v.role().Label()
		}
	}
	return p
}

// place is the address to come back to: of this page or, where it answers a
// form, of the page on which the form stood.
func (v *visit) place() string {
	if !v.route.unsafe() {
		return v.OriginalURL()
	}
	from, err := url.Parse(v.Get(fiber.HeaderReferer))
	if err != nil || !v.ownHost(from.Host) || localPath(from.RequestURI()) == "" {
		return "/"
	}
	return from.RequestURI()
}

// portal is page for the pages of a bidder: with the navigation and the number
// of unread messages.
func (v *visit) portal(title string) (view.Page, error) {
	var err error
	if v.unread, err = v.s.Store.UnreadNotifications(v.ctx, v.subject.ID, v.role()); err != nil {
		return view.Page{}, err
	}
	p := v.page(title)
	if p.Nav, err = v.s.nav(v); err != nil {
		return view.Page{}, err
	}
	return p, nil
}

// loginName is what a subject types as its account: the unit's full name, or
// the person's document number.
func loginName(subject record.Subject) string {
	if subject.Type == record.Person {
		return subject.Code
	}
	return subject.Name
}

// shownLogin is loginName for every page: a document number is masked there.
func shownLogin(subject record.Subject) string {
	if subject.Type == record.Person {
		return form.Mask(subject.Code)
	}
	return subject.Name
}

// render draws a page, to a buffer first: a page that cannot be drawn is an
// error page and not half of one.
func (v *visit) render(status int, page templ.Component) error {
	drawn, err := v.drawn(page)
	if err != nil {
		return err
	}
	v.Status(status).Type("html", "utf-8")
	return v.SendString(drawn)
}

// drawn is a page, or a part of one, as text.
func (v *visit) drawn(part templ.Component) (string, error) {
	var drawn strings.Builder
	// Drawing waits for nothing: the page that says that time is over is drawn too.
	if err := part.Render(context.WithoutCancel(v.ctx), &drawn); err != nil {
		return "", fmt.Errorf("draw %s: %w", v.route.path, err)
	}
	return drawn.String(), nil
}

// see sends the browser to another page with GET.
func (v *visit) see(path string) error {
	return v.Redirect(path, fiber.StatusSeeOther)
}

// json answers a script.
func (v *visit) json(status int, value any) error {
	if err := v.Status(status).JSON(value); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	return nil
}

// wantsJSON tells that a script asks, not a person.
func (v *visit) wantsJSON() bool {
	accept := v.Get(fiber.HeaderAccept)
	return strings.Contains(accept, fiber.MIMEApplicationJSON) && !strings.Contains(accept, fiber.MIMETextHTML)
}

// send streams content of that size, or of unknown size when it is negative,
// as the answer. The visit's context lives until it is sent; content is closed
// then. The caller has set the headers.
func (v *visit) send(content io.ReadCloser, size int64) error {
	v.streamed = true
	v.Context().SetBodyStream(&streamedBody{content, v.cancel}, int(size))
	return nil
}

type streamedBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close ends the source, and the context under which it was opened.
func (b *streamedBody) Close() error {
	defer b.cancel()
	return b.ReadCloser.Close()
}

// network is the part of the browser's address that the log keeps: the first
// 24 bits of four bytes, the first 48 of sixteen.
func (v *visit) network() string { return networkOf(v.from) }

// networkOf is that part of any address.
func networkOf(text string) string {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	bits := 48
	if address.Is4() {
		bits = 24
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}
