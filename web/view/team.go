package view

import (
	"time"

	"unireg/record/form"
)

// The dialogs of members.
const (
	dismissDialog = "dialog-dismiss"
	endDialog     = "dialog-end-sessions"
	leaveDialog   = "dialog-leave"
)

// TeamMember is a member of an organization, as its administrators see them.
type TeamMember struct {
	ID       string
	Name     string // "" for the account that registered, until it is given one
	Login    string // "" for who logs in by the unit's name alone
	Role     string // label
	State    Tag
	Since    time.Time
	LoggedIn time.Time // zero for never
	Sessions int
	Self     bool // who looks
	Out      bool // may log in no more
}

// TeamRequest is a request to join that waits. It is granted with role, at
// /account/joins/ID/grant, or refused at …/refuse.
type TeamRequest struct {
	ID, Name, Contact, Reason string
	AskedAt, ExpiresAt        time.Time
}

// TeamInvitation is an invitation that was neither used nor taken back.
type TeamInvitation struct {
	ID, Name, Role      string
	Email               string // to which the link went, "" for nowhere
	By                  string // the member who opened it
	OpenedAt, ExpiresAt time.Time
	Open                bool // its time is not over
}

// TeamChange is an entry of the history of the members. By may be empty.
type TeamChange struct {
	At       time.Time
	Text, By string
}

// TeamLink is the link of an invitation that was opened just now, shown once.
type TeamLink struct {
	Name, Role string
	Email      string // to which it goes by mail, too; "" for nowhere
	Href, QR   string
	Expires    time.Time
}

// TeamModel is 成员管理. An invitation posts name, role, token and, where there is
// mail, email to /account/invitations.
type TeamModel struct {
	Members     []TeamMember
	Former      []TeamMember // who may log in no more
	Requests    []TeamRequest
	Invitations []TeamInvitation
	Changes     []TeamChange // latest first
	Roles       []ScopeChoice
	Token       string // of the link that the page's next form opens
	Name, Email string // as typed
	Mail        bool   // links may go by mail
	Most        int    // members that there may be
	Link        *TeamLink
	Problems    []form.Problem
}

// TeamMemberModel is one member. The form posts name and role to
// /account/members/ID.
type TeamMemberModel struct {
	TeamMember

	Typed    string // the name, as typed
	Roles    []ScopeChoice
	Problems []form.Problem
}

// OwnPart is in which part who is logged in acts for their organization.
type OwnPart struct {
	Login    string // of the member, "" for who has none
	Role     string // label
	Note     string // what the role may do
	Manages  bool
	Requests int    // that wait for an administrator
	Problem  string // why nobody left
}

// limited tells that whoever looks is no administrator of the subject.
func (p Page) limited() bool { return p.Viewer != nil && p.Viewer.Limited }

// readOnly tells that whoever looks changes nothing.
func (p Page) readOnly() bool { return p.Viewer != nil && p.Viewer.ReadOnly }
