package record

import (
	"errors"

	"unireg/record/form"
)

// Code classifies an error that a person may be told of.
type Code string

// The codes.
const (
	Invalid      Code = "invalid"       // the input has problems
	NotFound     Code = "not_found"     // there is no such thing, or not for this person
	Forbidden    Code = "forbidden"     // this person may not do that
	Conflict     Code = "conflict"      // somebody else was faster
	Taken        Code = "taken"         // already registered
	TooMany      Code = "too_many"      // limits
	Unauthorized Code = "unauthorized"  // who is asking is not known, or no longer
	Busy         Code = "busy"          // try again in a moment
	Accepted     Code = "accepted"      // stored, and under way
	AlreadyDone  Code = "already_done"  // the same command came again with other content
	DraftChanged Code = "draft_changed" // the draft was saved elsewhere
)

// Error is an error for people. Everything else is internal: it is logged once
// and shown as a reference number.
type Error struct {
	Code     Code
	Message  string
	Problems []form.Problem
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Errorf returns an error for people.
func Errorf(code Code, message string, problems ...form.Problem) error {
	return &Error{Code: code, Message: message, Problems: problems}
}

// CodeOf returns the code of an error for people, or "" for an internal one.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}
