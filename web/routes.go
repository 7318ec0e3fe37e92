package web

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"unireg/record"
	"unireg/storage"
)

// audience says who may use a route.
type audience string

// The audiences. A route has exactly one.
const (
	anyone        audience = "anyone"
	anonymousOnly audience = "anonymous"      // who is logged in is sent to the home page
	applicant     audience = "applicant"      // a subject's account
	staffPassword audience = "staff_password" // a staff member who still owes the second factor
	staffMember   audience = "staff"
	supervisor    audience = "supervisor"
	partnerSystem audience = "partner" // another system, by key or signature; no cookies
)

// audiences in the order of the documentation.
var audiences = []audience{anyone, anonymousOnly, applicant, staffPassword, staffMember, supervisor, partnerSystem}

// ofStaff tells that the route is served under the staff's own cookie.
func (a audience) ofStaff() bool {
	return a == staffPassword || a == staffMember || a == supervisor
}

// route is one row of the table of who may do what where. Nothing else grants
// or denies access.
type route struct {
	method string
	path   string
	who    audience
	// takes is the right that a member of the subject must have; "" leaves it to the
	// method: to file for what may change something, else to read. It is for the
	// applicants' rows alone.
	takes  record.Right
	handle func(*Server, *visit) error
	// staff tells that the page belongs to the staff's side although nobody
	// needs to be logged in: its login.
	staff bool
	// public tells that the answer holds nothing personal and may be cached.
	public bool
	// open tells that the page is the same for everybody who is not known, and may be
	// kept by whoever carries it to them. It has no form that changes anything.
	open bool
	// stream tells that the handler reads the body itself, with visit.parts.
	stream bool
	// scope is what the key of another system must have.
	scope storage.Scope
	// signed tells that another system proves itself by the message's signature.
	signed bool
	// mailed tells that the address of the route stood in a mail, and proves by
	// itself that whoever was sent it asks: mail programs have no page of ours.
	mailed bool
	// slow gives a transfer of an attachment more time.
	slow bool
}

// unsafe tells that the route may change something.
func (r route) unsafe() bool {
	return r.method != fiber.MethodGet && r.method != fiber.MethodHead
}

// right is what the row takes of a member of the subject.
func (r route) right() record.Right {
	switch {
	case r.takes != "":
		return r.takes
	case r.unsafe():
		return record.ToFile
	}
	return record.ToRead
}

// timeout is how long the handler may work.
func (r route) timeout(usual time.Duration) time.Duration {
	if r.slow {
		return slowTransfer
	}
	return usual
}

// routes is the table.
func routes() []route {
	return slices.Concat(publicRoutes, disclosureRoutes, accountRoutes, teamRoutes, recordRoutes, caRoutes, staffRoutes, ruleRoutes, interfaceRoutes, partnerRoutes)
}

// mount checks the table and hands it to Fiber.
func (s *Server) mount() error {
	table := routes()
	var faults []error
	seen := map[string]bool{}
	for _, r := range table {
		key := r.method + " " + r.path
		switch {
		case seen[key]:
			faults = append(faults, fmt.Errorf("route %s stands twice in the table", key))
		case !slices.Contains(audiences, r.who):
			faults = append(faults, fmt.Errorf("route %s does not say who may use it", key))
		case r.takes != "" && (r.who != applicant || !record.Administrator.May(r.takes)):
			faults = append(faults, fmt.Errorf("route %s takes a right of those who have none", key))
		case (r.who == partnerSystem) != (r.signed != (r.scope != "")):
			faults = append(faults, fmt.Errorf("route %s does not say how another system proves itself", key))
		case r.handle == nil:
			faults = append(faults, fmt.Errorf("route %s has no handler", key))
		case r.who.ofStaff() != strings.HasPrefix(r.path, "/staff"):
			if !r.staff {
				faults = append(faults, fmt.Errorf("route %s is on the wrong side of the house", key))
			}
		}
		seen[key] = true
		if r.slow {
			s.slow = append(s.slow, newPattern(r.method, r.path))
		}
		s.app.Add(r.method, r.path, s.serve(r))
		if r.method == fiber.MethodGet {
			s.app.Add(fiber.MethodHead, r.path, s.serve(r))
		}
	}
	s.app.Get("/static/*", s.serveStatic)
	s.app.Head("/static/*", s.serveStatic)
	return errors.Join(faults...)
}

// serve makes a handler of a row: who asks, may they, is the request theirs,
// the work, and what becomes of an error.
func (s *Server) serve(r route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		v := s.newVisit(c, r)
		defer v.leave()
		if err := v.work(); err != nil {
			return s.serveError(v, err)
		}
		return nil
	}
}

// work is the visit's way through the house. A panic is an internal error: one
// request fails, not the portal.
func (v *visit) work() (err error) {
	defer recovered(&err)
	if err := v.identify(); err != nil {
		return err
	}
	if err := v.gate(); err != nil {
		return err
	}
	if err := v.admit(); err != nil {
		return err
	}
	if v.route.stream && v.route.slow {
		if err := v.Context().SetReadDeadline(v.began.Add(slowTransfer)); err != nil {
			return fmt.Errorf("wait for a transfer: %w", err)
		}
	}
	if err := v.route.handle(v.s, v); err != nil {
		return err
	}
	if v.route.unsafe() && !v.genuine && v.Response().StatusCode() < fiber.StatusBadRequest {
		return fmt.Errorf("route %s %s answered without looking at the token", v.route.method, v.route.path)
	}
	return nil
}

// pattern is a route's path, to tell requests by before Fiber does.
type pattern struct {
	method   string
	segments []string
}

func newPattern(method, path string) pattern {
	return pattern{method, strings.Split(path, "/")}
}

func (p pattern) matches(method, path string) bool {
	if method != p.method {
		return false
	}
	segments := strings.Split(path, "/")
	return slices.EqualFunc(p.segments, segments, func(want, got string) bool {
		return strings.HasPrefix(want, ":") || want == got
	})
}
