package view

import (
	"time"

	"unireg/record/form"
)

// ClaimFormModel is the page of a 占用申诉. It posts type, id_type, code, name,
// position, phone, text, proof and command to /claims.
type ClaimFormModel struct {
	Type                        ViewerKind
	IDTypes                     []Option
	IDType, Code                string
	Name, Position, Phone, Text string
	Command                     string
	Problems                    []form.Problem
	Papers                      []string // to have at hand when staff call
	MaxText                     int      // characters
}

// ClaimModel is what a claimant sees of a claim. Where Settle is set the page
// posts code, password and password_again to /claims/:number.
type ClaimModel struct {
	Number   string
	State    Tag
	Title    string
	Text     string // what that means, and what happens next
	Answer   string // of the staff; may be empty
	OpenedAt time.Time
	Timeline []Event
	Settle   bool
	Expires  time.Time // of the code
	Rules    []string
	Problems []form.Problem
	Login    bool // the password is set
}

// ClaimRow is a claim in the staff's list.
type ClaimRow struct {
	ID, Number, Subject, Code string
	OpenedAt, DecidedAt       time.Time
	State                     Tag
}

// ClaimsModel is the staff's list of claims.
type ClaimsModel struct {
	Claims []ClaimRow
	Pager  Pager
}

// StaffClaimModel is one claim as a supervisor decides it. The forms post
// command-free: a claim is decided once. grant and refuse carry answer; grant
// also verified=on.
type StaffClaimModel struct {
	ID, Number           string
	State                Tag
	Subject, Code, Type  string
	Proven               bool
	OpenedAt, DecidedAt  time.Time
	DecidedBy, Answer    string
	Name, Position, Text string
	Phone                string // masked unless revealed
	Revealed             bool
	Reveal               RevealForm
	Open                 bool // may be decided
	Renew                bool // a new code may be given
	CodeState            string
	NewCode              string // shown once; "" for none
	Problems             []form.Problem
	TypedGrant           string
	TypedRefuse          string
	Verified             bool
}
