package view

import (
	"time"

	"unireg/record/form"
)

// JoiningModel is where somebody becomes a member: by the link of an invitation, or
// by their own request. It posts login, password and password_again to Action.
type JoiningModel struct {
	Action   string
	Unit     string
	Name     string
	Role     string // label
	Note     string // what the role may do
	Login    string // as typed
	Expires  time.Time
	Rules    []string
	Problems []form.Problem
}

// JoinFormModel is the page of a request to join. It posts code, name, contact,
// reason, token and proof to /join.
type JoinFormModel struct {
	Code, Name, Contact, Reason string
	Token                       string
	MaxReason                   int // characters
	Problems                    []form.Problem
}

// JoinModel is what a requester sees of a request.
type JoinModel struct {
	State     Tag
	Text      string // what that means, and what happens next
	AskedAt   time.Time
	ExpiresAt time.Time
	Keep      string        // address to come back to, while the request waits
	QR        string        // of the address
	Joining   *JoiningModel // once it is granted
	Login     bool          // the requester is a member
}

// joinPage is the page with the number of what is to be mended on it.
func joinPage(p Page, m JoinModel) Page {
	if m.Joining != nil {
		return p.with(len(m.Joining.Problems))
	}
	return p.with(0)
}
