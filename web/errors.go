package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"
	"sort"
	"strings"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// refusal is an error for people that is about the request, not the domain.
// An empty text takes the status's own words.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return fmt.Sprintf("refused with %d", r.status) }

// refuse returns an error that becomes a page of that status.
func refuse(status int, text string) error { return &refusal{status, text} }

// elsewhere sends the browser to another page instead of an answer.
type elsewhere string

func (e elsewhere) Error() string { return "see " + string(e) }

// statuses are the answers to the errors for people.
var statuses = map[record.Code]int{
	record.Invalid:      fiber.StatusUnprocessableEntity,
	record.NotFound:     fiber.StatusNotFound,
	record.Forbidden:    fiber.StatusForbidden,
	record.Conflict:     fiber.StatusConflict,
	record.Taken:        fiber.StatusConflict,
	record.TooMany:      fiber.StatusTooManyRequests,
	record.Unauthorized: fiber.StatusUnauthorized,
	record.Busy:         fiber.StatusServiceUnavailable,
	record.Accepted:     fiber.StatusAccepted,
	record.AlreadyDone:  fiber.StatusConflict,
	record.DraftChanged: fiber.StatusConflict,
}

// trouble is an error as it is told: never more than that leaves the house.
type trouble struct {
	status   int
	code     string
	text     string
	problems []form.Problem
	internal bool
}

func troubleOf(err error) trouble {
	var known *record.Error
	var refused *refusal
	var fiberError *fiber.Error
	switch {
	case errors.As(err, &known):
		status, ok := statuses[known.Code]
		if !ok {
			status = fiber.StatusInternalServerError
		}
		return trouble{status: status, code: string(known.Code), text: known.Message, problems: known.Problems, internal: !ok}
	case errors.As(err, &refused):
		return trouble{status: refused.status, code: "refused", text: refused.text}
	case errors.As(err, &fiberError) && fiberError.Code < fiber.StatusInternalServerError:
		return trouble{status: fiberError.Code, code: "refused"}
	case errors.Is(err, context.DeadlineExceeded):
		return trouble{status: fiber.StatusServiceUnavailable, code: string(record.Busy), internal: true}
	default:
		return trouble{status: fiber.StatusInternalServerError, code: "internal", internal: true}
	}
}

// answer is what a script is told. error is a sentence for the person, in the
// language of the page; without one the script has its own words.
func (t trouble) answer(v *visit) map[string]any {
	answer := map[string]any{"code": t.code, "reference": v.reference}
	if t.text != "" {
		answer["error"] = v.shown(t.text)
	}
	var problems []form.Problem
	for _, p := range t.problems {
		problems = append(problems, form.Problem{Field: p.Field, Label: v.shown(p.Label), Message: v.shown(p.Message)})
	}
	if len(problems) > 0 {
		answer["problems"] = problems
	}
	return answer
}

// serveError is the one place where a handler's error becomes an answer.
func (s *Server) serveError(v *visit, err error) error {
	// What a route answers to everybody may be kept, what went wrong may not.
	v.Set(fiber.HeaderCacheControl, "no-store")
	if v.route.who == partnerSystem {
		return s.serveProblem(v, err)
	}
	var other elsewhere
	if errors.As(err, &other) && !v.wantsJSON() {
		return v.see(string(other))
	}
	if errors.Is(err, errStale) {
		return s.servePageOfBefore(v)
	}
	t := troubleOf(err)
	v.logTrouble(t, err)
	switch {
	case v.wantsJSON():
		return v.json(t.status, t.answer(v))
	case t.status == fiber.StatusUnauthorized && !v.route.unsafe():
		return v.see(withNext(v.loginPath(), v.OriginalURL()))
	case t.status == fiber.StatusUnauthorized:
		return s.serveSessionEnded(v)
	}
	model := view.ErrorModel{Status: t.status, Happened: t.text, Reference: v.reference}
	v.keepPosted(&model)
	switch {
	case v.staffSide():
		model.Links = []view.Link{{Href: "/staff", Text: "返回审核工作台"}}
	case v.session != nil:
		model.Links = []view.Link{{Href: v.front(), Text: "返回首页"}}
	}
	return s.drawError(v, model)
}

// keepPosted gives the page of an error what the person had posted: to post it
// again where that may help, or else the words, to be copied from there.
func (v *visit) keepPosted(model *view.ErrorModel) {
	if !v.route.unsafe() || v.route.stream || !v.genuine {
		return
	}
	fields, err := v.form()
	if err != nil || len(fields) == 0 {
		return
	}
	all := kept(fields)
	switch model.Status {
	case fiber.StatusTooManyRequests, fiber.StatusInternalServerError, fiber.StatusServiceUnavailable:
		model.Again = &view.Again{Action: v.OriginalURL(), Fields: all}
	default:
		for _, f := range all {
			if strings.TrimSpace(f.Value) != "" && sentences.MatchString(f.Name) {
				model.Wrote = append(model.Wrote, f.Value)
			}
		}
	}
}

// sentences are the names under which pages post what a person writes in sentences.
var sentences = regexp.MustCompile(`^(reason|text|(\w+_)?note|(remark|answer)\..+)$`)

// drawError answers with the page for errors, or in plain words where even
// that cannot be drawn.
func (s *Server) drawError(v *visit, model view.ErrorModel) error {
	if err := v.render(model.Status, view.ErrorPage(v.page("出错了"), model)); err != nil {
		v.log.Error("error page cannot be drawn", "error", err)
		return v.Status(model.Status).SendString(v.tr("系统暂时无法显示页面，参考编号 %s", v.reference))
	}
	return nil
}

// loginPath is the login on the route's side of the house.
func (v *visit) loginPath() string {
	if v.staffSide() {
		return "/staff/login"
	}
	return "/login"
}

// kept are the posted fields as hidden inputs carry them on: no token and no
// password.
func kept(fields map[string][]string) []view.PostedField {
	names := make([]string, 0, len(fields))
	for name := range fields {
		if name != view.CSRFField && !strings.Contains(name, "password") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	var all []view.PostedField
	for _, name := range names {
		for _, value := range fields[name] {
			all = append(all, view.PostedField{Name: name, Value: value})
		}
	}
	return all
}

// serveSessionEnded keeps what was posted after the session had ended: the page
// logs in and posts it again.
func (s *Server) serveSessionEnded(v *visit) error {
	model := view.SessionEndedModel{Action: v.OriginalURL(), Staff: v.staffSide()}
	if !v.route.stream {
		fields, err := v.form()
		if err != nil {
			return s.drawError(v, view.ErrorModel{Status: troubleOf(err).status, Reference: v.reference})
		}
		model.Fields = kept(fields)
	} else {
		v.Context().SetConnectionClose() // the upload is not read
	}
	return v.render(fiber.StatusUnauthorized, view.SessionEndedPage(v.page("登录已过期"), model))
}

// servePageOfBefore answers a form of a page that was opened under an earlier
// session of this browser: it may be posted again from here.
func (s *Server) servePageOfBefore(v *visit) error {
	v.auditAt(slog.LevelWarn, "denied", "reason", "token of another session")
	fields, err := v.form()
	if v.wantsJSON() || v.route.stream || err != nil {
		v.Context().SetConnectionClose()
		return s.serveError(v, refuse(fiber.StatusForbidden, "页面是在之前的登录中打开的，请刷新页面后重试。"))
	}
	return v.render(fiber.StatusForbidden, view.ResumePage(v.page("请确认"), view.ResumeModel{
		Action: v.OriginalURL(), Fields: kept(fields),
	}))
}

// strayError answers what never reached a route: no such page, a method that
// the page does not know, a request that cannot be read.
func (s *Server) strayError(c *fiber.Ctx, err error) error {
	s.harden(c.Context())
	v := s.newVisit(c, route{method: shownMethod(c.Method()), path: "none", who: anyone, staff: strings.HasPrefix(c.Path(), "/staff"), handle: nil})
	defer v.leave()
	if strings.HasPrefix(c.Path(), "/api/") {
		return s.serveProblem(v, err)
	}
	t := troubleOf(err)
	v.logTrouble(t, err)
	status := t.status
	if status == fiber.StatusMethodNotAllowed {
		status = fiber.StatusNotFound
	}
	if v.wantsJSON() {
		return v.json(t.status, t.answer(v))
	}
	if err := s.drawError(v, view.ErrorModel{Status: status, Reference: v.reference}); err != nil {
		return err
	}
	v.Status(t.status)
	return nil
}

// recovered turns a handler's panic into an error.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	}
}

// logTrouble writes an internal error, once and with the number that the
// person sees, and what was denied. The path is left out: the route names it.
func (v *visit) logTrouble(t trouble, err error) {
	switch {
	case t.internal:
		v.log.Error("request failed", slog.String("route", v.route.path), slog.Int("status", t.status),
			slog.String("account", string(v.account)), slog.String("staff", v.staffID()), slog.String("error", storage.LogText(err)))
	case v.slowed: // the throttle has told
	case t.status == fiber.StatusForbidden || t.status == fiber.StatusTooManyRequests || t.status == fiber.StatusUnauthorized:
		v.auditAt(slog.LevelWarn, "denied", "reason", t.code)
	}
}
