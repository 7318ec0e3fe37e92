package view

import (
	"time"

	"unireg/record/form"
)

// StaffLoginModel posts login and password to /staff/login.
type StaffLoginModel struct {
	Login    string
	Error    string
	Problems []form.Problem
}

// TOTPModel posts code to /staff/totp, together with what a login after the
// session had ended carries along: resume (the Action) and the fields, each as
// "kept.NAME". Action is "" where nothing waits.
type TOTPModel struct {
	Error  string
	Action string
	Fields []PostedField
}

// TOTPEnrolModel posts code to /staff/totp/enrol.
type TOTPEnrolModel struct {
	QR     string // PNG as a data URI
	Secret string // to be typed where a camera is missing; shown in groups
	Error  string
}

// Filter is one choice of a filter, drawn as a link.
type Filter struct {
	Label string
	Href  string
	Count int // -1 shows none
	On    bool
}

// Check is one line of the system's own checks. Facts are what was compared.
type Check struct {
	Tone  Tone
	Text  string
	Note  string
	Facts []Fact
	Href  string // to the record that the check is about; "" for none
}

// Decision is what a reviewer decides.
type Decision string

// The decisions. A first review posts to approve or return, a second one to
// confirm or reject.
const (
	Approve Decision = "approve"
	Return  Decision = "return"
	Confirm Decision = "confirm"
	Reject  Decision = "reject"
)

// Handed is a filing that went from one to another, with what was said.
type Handed struct {
	At   time.Time
	Text string
	Note string // "" for none
}

// ReviewModel is the reviewer's desk. Its form carries command, version and the
// inputs decision, reason, remark.TARGET and stay; the fixed button posts it to
// /staff/reviews/:id/approve|return|confirm|reject. With a NextHref it also posts
// next, the page to open after the decision, and the button says so; stay=on
// keeps this one open. It posts to phrase to keep the opinion as a phrase of the
// reviewer's own. Claim and release are forms of their own with command; a script
// posts to renew while the reviewer works.
type ReviewModel struct {
	ID         string
	Queue      []ReviewTask
	QueueTotal int
	QueueKinds []Filter
	DoneToday  int
	PrevHref   string
	NextHref   string
	// QueueQuery is the filter of the queue beside the desk, posted as queue: the
	// next filing after a decision comes from there.
	QueueQuery string
	Handover   *HandoverModel // nil: this person may not hand the filing over

	Subject   string
	Code      string
	Filed     string // title of one of many; "" for 基本信息
	Kind      string // 基本信息变更
	Assurance Assurance
	FiledAt   time.Time
	Due       time.Time

	SubjectHref string // the subject's page

	Second         bool // 复核
	KeyChange      bool // which is why there is a second review
	Sampled        bool // or chance asked for it
	FirstReviewer  string
	FirstDecidedAt time.Time
	FirstOpinion   string

	Changes      []form.Change
	First        bool // nothing to compare with: only the content is shown
	NewRecord    bool // no version has been in force
	BeforeLabel  string
	AfterLabel   string
	ChangeNote   string // the applicant's reason
	AllFields    bool   // ?fields=all
	Stacked      bool   // ?layout=stacked
	Files        map[string]FileState
	Revealed     bool     // sensitive fields are shown in full; the handler has audited it
	RevealAction string   // of the form that asks for them; "" where this person may not
	Prior        []Remark // of the return before this filing
	// Returned tells that there is a version to compare with that was returned,
	// SinceReturn that it is the one compared with.
	Returned, SinceReturn bool

	Checks   []Check
	Timeline []Event
	// ProcessHref is the record's process in Temporal Web; "" for no link.
	ProcessHref string

	ClaimedBy    string // "" for none
	AssignedTo   string // to whom it was handed; "" for nobody
	AssignedToMe bool
	Handed       []Handed // how it went from hand to hand, oldest first
	Mine         bool
	ClaimExpires time.Time
	ClaimPeriod  time.Duration // for which a claim holds without being renewed
	CanClaim     bool
	CanDecide    bool
	DenyReason   string // why not, when CanDecide is false
	// Undo is where the viewer's own decision is undone until UndoUntil; "" for
	// none that waits. UndoPeriod is how long decisions wait, 0 for not.
	Undo       string
	UndoUntil  time.Time
	UndoPeriod time.Duration

	CorrectionDays int      // working days of the correction period
	Phrases        []string // the reviewer's own first
	Command        string
	Version        int // the record's revision that is being judged

	Decision Decision // as typed
	Reason   string
	Remarks  map[string]string // by target, as typed
	Problems []form.Problem    // fields decision, reason
}

// SubjectRow is one row of the staff's list of subjects.
type SubjectRow struct {
	Name, Code string
	Type       string
	State      Tag
	Registered time.Time
	Href       string // its page
	ReviewHref string // of its 基本信息, while one is open; else ""
}

// SubjectsModel is the staff's search of subjects, GET /staff/subjects?q=.
type SubjectsModel struct {
	Query    string
	Subjects []SubjectRow
	Searched bool
	Pager    Pager
}
