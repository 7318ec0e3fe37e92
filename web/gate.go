package web

import (
	"bufio"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"unireg/access"
	"unireg/web/view"
)

const csrfHeader = "X-CSRF-Token"

// csrf is the token for the forms of the page that is drawn: tied to the
// session, or to the browser when nobody is logged in.
func (v *visit) csrf() string {
	var owner string
	if fresh, ok := v.Locals(freshSession).(string); ok {
		owner = fresh
	} else if v.session != nil {
		owner = v.cookie(v.sessionCookie())
	} else {
		owner = v.visitor()
	}
	token, err := access.CSRF(v.s.CookieKey, owner)
	if err != nil {
		return "" // a form without a token is refused
	}
	return token
}

// gate lets an unsafe request pass only if a page of ours sent it: browsers
// say where a request comes from, and the form carries a token that other sites
// cannot read. Where somebody is logged in, the token is that session's.
func (v *visit) gate() error {
	if !v.route.unsafe() || v.route.who == partnerSystem {
		return nil // another system's message proves itself: admit looks at it
	}
	if v.route.mailed && v.provesItself() {
		v.genuine = true
		return nil
	}
	own, foreign := v.origin()
	if foreign {
		return errForged
	}
	if v.session == nil && v.route.who != anyone && v.route.who != anonymousOnly && own {
		// Nothing will be done: admit refuses, and keeps what was typed.
		return nil
	}
	token := v.Get(csrfHeader)
	if token == "" {
		if v.route.stream {
			// The token is in the first part: visit.parts looks at it.
			return nil
		}
		fields, err := v.form()
		if err != nil {
			return err
		}
		token = fields.Get(view.CSRFField)
	}
	return v.checkToken(token)
}

// checkToken ends the gate's work: from here on the request is genuine.
func (v *visit) checkToken(token string) error {
	owners := []string{v.cookie(v.sessionCookie())}
	if v.route.who == anyone || v.route.who == anonymousOnly {
		owners = append(owners, v.cookie(sessionCookie), v.cookie(staffCookie), v.cookie(visitorCookie))
	}
	for _, owner := range owners {
		if owner != "" && access.CheckCSRF(v.s.CookieKey, owner, token) {
			v.genuine = true
			return nil
		}
	}
	if own, _ := v.origin(); own {
		return errStale
	}
	return errForged
}

var (
	errForged = refuse(fiber.StatusForbidden, "这次请求不是从本系统的页面发出的，没有执行。")
	// errStale reports a page of ours that was opened under another session.
	errStale = errors.New("the page was opened under another session")
)

// origin tells whether the browser says that our own page sent the request, or
// that another site did. Programs and old browsers say neither.
func (v *visit) origin() (own, foreign bool) {
	switch v.Get("Sec-Fetch-Site") {
	case "":
	case "same-origin", "none":
		return true, false
	default:
		return false, true
	}
	text := v.Get(fiber.HeaderOrigin)
	if text == "" {
		return false, false
	}
	sent, err := url.Parse(text)
	own = err == nil && v.ownHost(sent.Host)
	return own, !own
}

// ownHost reports whether a host, as a browser names it, is this portal: by its
// configured origin or by the address that the browser asked.
func (v *visit) ownHost(host string) bool {
	return host != "" && (strings.EqualFold(host, v.s.host) || strings.EqualFold(host, string(v.Context().Host())))
}

// transferBuffer is how much of an upload is taken from the connection at once:
// left to itself the reader of parts asks for 4 KiB.
const transferBuffer = 128 << 10

// parts opens the body of a route with stream: multipart, read as it arrives,
// at most limit bytes in all. The token is in the header X-CSRF-Token or in the
// first part; without it nothing of the body is read.
func (v *visit) parts(limit int64) (*multipart.Reader, error) {
	if length := v.Context().Request.Header.ContentLength(); int64(length) > limit {
		v.Context().SetConnectionClose()
		return nil, errTooLarge
	}
	kind, params, err := mime.ParseMediaType(v.Get(fiber.HeaderContentType))
	if err != nil || kind != "multipart/form-data" || params["boundary"] == "" {
		return nil, errUnreadable
	}
	body := bufio.NewReaderSize(&limitedReader{source: v.bodyReader(), left: limit}, transferBuffer)
	reader := multipart.NewReader(body, params["boundary"])
	if v.genuine {
		return reader, nil
	}
	first, err := reader.NextPart()
	if err != nil {
		return nil, bodyError(err)
	}
	defer first.Close()
	if first.FormName() != view.CSRFField {
		return nil, errForged
	}
	token, err := io.ReadAll(io.LimitReader(first, 1024))
	if err != nil {
		return nil, bodyError(err)
	}
	if err := v.checkToken(string(token)); err != nil {
		return nil, err
	}
	return reader, nil
}
