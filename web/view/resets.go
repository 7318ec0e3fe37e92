package view

import (
	"time"

	"unireg/record/form"
)

// CounterModel is where staff set a password anew for who stands before them. It
// posts command, account, reason, paper and note to /staff/subjects/:id/resets.
type CounterModel struct {
	Denied   string // why it cannot be done here; "" where it can
	Claim    bool   // the way is a 占用申诉
	Accounts []Option
	Reasons  []Option
	Papers   []Option
	Command  string
	Minutes  int // that a link serves

	Account, Reason, Paper, Note string // as typed
	Problems                     []form.Problem

	// Link is the address that was opened just now, and QR its picture as a data
	// URI: they are shown once.
	Link, QR string
	Expires  time.Time

	Rows []ResetRow
}

// ResetRow is a link that was opened. An open one is revoked by a post to
// /staff/subjects/:id/resets/:reset/revoke.
type ResetRow struct {
	ID, Account, By     string
	Reason, Paper, Note string
	At                  time.Time
	State               Tag
	Open                bool
}

// ResetModel is where a person sets a new password by a link of the counter, or
// of a mail. It
// posts password and password_again to /reset/:token.
type ResetModel struct {
	Token    string
	Name     string // of the subject
	Rules    []string
	Problems []form.Problem
}
