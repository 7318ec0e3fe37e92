package web

import (
	"time"

	"github.com/gofiber/fiber/v2"
)

// Watcher is told what the portal does, for the figures that operators read. It
// gets patterns of routes and names of events, never a path or a person, and
// must not block.
type Watcher interface {
	// Request tells of an answer; took is the time since the request's headers.
	Request(route, method string, status int, took time.Duration)
	// Event tells of an event that the log keeps.
	Event(name string)
}

// unwatched is for a portal that nobody watches.
type unwatched struct{}

// Request is told to nobody.
func (unwatched) Request(string, string, int, time.Duration) {}

// Event is told to nobody.
func (unwatched) Event(string) {}

// shownMethod is a request's method where it is one that anybody serves: a
// browser may write any word there.
func shownMethod(method string) string {
	switch method {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions:
		return method
	}
	return "other"
}
