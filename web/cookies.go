package web

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/access"
	"unireg/web/view"
)

// The cookies. Over TLS their names carry the prefix with which browsers
// refuse a cookie that another host, or plain HTTP, has planted.
const (
	sessionCookie = "session" // of an applicant
	staffCookie   = "staff"   // of a staff member
	visitorCookie = "visitor" // ties forms to a browser in which nobody is logged in
	flashCookie   = "flash"   // notices for the next page
	prefsCookie   = "prefs"   // contrast, large, language
	accountCookie = "account" // 记住账号
	deviceCookie  = "device"  // a login succeeded from here before
	ticketCookie  = "ticket"  // step 1 of a registration
)

const (
	securePrefix = "__Host-"
	longLived    = 365 * 24 * time.Hour
	flashAge     = 2 * time.Minute
)

func (v *visit) cookieName(name string) string {
	if v.s.secure {
		return securePrefix + name
	}
	return name
}

// cookie is the value that the browser sent.
func (v *visit) cookie(name string) string {
	return string(v.Context().Request.Header.Cookie(v.cookieName(name)))
}

// setCookie gives the browser a cookie; no script can read it, and other sites'
// requests do not carry it but for links. With no age it ends with the browser.
func (v *visit) setCookie(name, value string, age time.Duration) {
	cookie := &fiber.Cookie{
		Name: v.cookieName(name), Value: value, Path: "/", Secure: v.s.secure, HTTPOnly: true,
		SameSite: fiber.CookieSameSiteLaxMode, SessionOnly: age == 0,
	}
	if age != 0 {
		cookie.MaxAge = int(age.Seconds())
		cookie.Expires = time.Now().Add(age)
	}
	v.Cookie(cookie)
}

// dropCookie takes a cookie away.
func (v *visit) dropCookie(name string) {
	if v.cookie(name) != "" {
		v.setCookie(name, "", -time.Hour)
	}
}

// sessionCookie is the name of the cookie on the route's side of the house.
func (v *visit) sessionCookie() string {
	if v.staffSide() {
		return staffCookie
	}
	return sessionCookie
}

// visitor is the value that ties forms to this browser; a browser without one
// gets it with this answer.
func (v *visit) visitor() string {
	value := v.cookie(visitorCookie)
	if _, ok := access.HashToken(value); ok {
		return value
	}
	if drawn, ok := v.Locals(visitorCookie).(string); ok {
		return drawn
	}
	value, _, err := access.NewToken()
	if err != nil {
		return ""
	}
	v.Locals(visitorCookie, value)
	v.setCookie(visitorCookie, value, 0)
	return value
}

// flash shows a notice on the next page that this browser opens, once.
func (v *visit) flash(tone view.Tone, text string) {
	v.flashNotice(view.Notice{Tone: tone, Text: text})
}

// flashNotice is flash for a notice with a title or a link.
func (v *visit) flashNotice(n view.Notice) {
	sealed, err := v.s.seals.seal(flashCookie, time.Now().Add(flashAge), n)
	if err == nil {
		v.setCookie(flashCookie, sealed, flashAge)
	}
}

func (v *visit) takeFlash() []view.Notice {
	text := v.cookie(flashCookie)
	if text == "" {
		return nil
	}
	v.dropCookie(flashCookie)
	var n view.Notice
	if v.s.seals.open(flashCookie, text, time.Now(), &n) != nil {
		return nil
	}
	return []view.Notice{n}
}
