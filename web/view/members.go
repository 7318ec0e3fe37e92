package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// MemberRow is a staff member in the list.
type MemberRow struct {
	ID, Login, Name   string
	Role              string   // label
	Regions           []string // full names; none: everywhere
	Kinds             []string // labels; none: every kind
	States            []Tag
	LoggedIn          time.Time // zero: never
	Claimed, Assigned int
	Self              bool
}

// MembersModel lists the staff, GET /staff/members.
type MembersModel struct{ Members []MemberRow }

// ScopeChoice is a role or a kind to choose, with what it means.
type ScopeChoice struct {
	Option

	Note string
	On   bool
}

// MemberForm is what a supervisor fills in for a member. It posts login and
// identity (of a new one only), name, role, kinds, regions (those that are chosen),
// region (the lists of the cascade) and revision to Action. The buttons named do
// draw the form anew: add takes the region of the lists into the chosen ones,
// levels fills the lists below.
type MemberForm struct {
	Action                string
	New                   bool
	Login, Name, Identity string
	Roles, Kinds          []ScopeChoice
	Regions               []Option // chosen
	Region                string   // code of the cascade's last choice
	Revision              int
	// Fixed says why role and scope cannot be changed here; "" where they can.
	Fixed    string
	Conflict string // what was saved meanwhile; "" for nothing
	Problems []form.Problem
}

// MemberModel is the page of one member, /staff/members/:id.
type MemberModel struct {
	Row         MemberRow
	Form        MemberForm
	Added       time.Time
	AbsentSince time.Time // zero: here
	Disabled    bool
	Enrolled    bool
	// Password was drawn just now and is shown this once; "" for none.
	Password string
	Welcome  bool // the member was added just now
}

func (m MemberModel) url(rest string) string { return "/staff/members/" + m.Row.ID + rest }

// load is how much work a member has.
func (r MemberRow) load(ctx context.Context) string {
	switch {
	case !r.holds():
		return tr(ctx, "无")
	case r.Assigned == 0:
		return tr(ctx, "办理中 %d 件", r.Claimed)
	case r.Claimed == 0:
		return tr(ctx, "待办 %d 件", r.Assigned)
	}
	return tr(ctx, "办理中 %d 件，待办 %d 件", r.Claimed, r.Assigned)
}

func (r MemberRow) holds() bool { return r.Claimed+r.Assigned > 0 }

// The dialogs of a member's page.
const (
	disableDialog  = "dialog-disable"
	passwordDialog = "dialog-password"
	factorDialog   = "dialog-factor"
)

// LogRow is one line of 操作日志.
type LogRow struct {
	At       time.Time
	Who      string // 系统 and 命令行 where it was nobody of the staff
	Role     string // in which they acted; may be empty
	What     string
	Detail   string // may be empty
	Refused  bool   // it had no effect
	Link     Link   // to the record; without an address only its kind
	RecordID string // for the export
}

// LogModel is 操作日志, GET /staff/log. Staff is empty for who sees only their own.
type LogModel struct {
	Rows               []LogRow
	Staff              []Option
	Chosen             string // of Staff
	Groups             []Option
	Group              string
	From, To           string // dates as 2006-01-02, or ""
	PrevHref, NextHref string
	ExportHref         string
	Narrowed           bool
}

// MeModel is the staff member's own page, /staff/me.
type MeModel struct {
	Row     MemberRow
	Account AccountModel
}
