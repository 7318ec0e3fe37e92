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

// ReviewTask is a filing in the queue.
type ReviewTask struct {
	ID        string
	Subject   string
	Code      string
	Filed     string // title of one of many; "" for 基本信息
	Kind      Tag    // e.g. 首次登记, 基本信息变更, 补正重提, 待复核
	FiledAt   time.Time
	Due       time.Time
	ClaimedBy string // "" for none
	Mine      bool
	Current   bool
}

// Filter is one choice of a filter, drawn as a link.
type Filter struct {
	Label string
	Href  string
	Count int // -1 shows none
	On    bool
}

// QueueModel is the reviewers' queue, GET /staff.
type QueueModel struct {
	Tasks  []ReviewTask
	States []Filter // 待领取, 我办理的, 待复核, 已超时
	Kinds  []Filter // 全部, 首次, 变更, 补正
	Query  string   // posted as q by GET
	Pager  Pager
	Total  int
}

// Check is one line of the system's own checks.
type Check struct {
	Tone Tone
	Text string
	Note string
	Href string // to the record that the check is about; "" for none
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

// ReviewModel is the reviewer's desk. Its form carries command, version and the
// inputs decision, reason and remark.FIELD; the fixed button posts it to
// /staff/reviews/:id/approve|return|confirm|reject. With a NextHref it also posts
// next, the page to open after the decision, and the button says so. Claim and release are forms
// of their own with command.
type ReviewModel struct {
	ID         string
	Queue      []ReviewTask
	QueueTotal int
	QueueKinds []Filter
	DoneToday  int
	PrevHref   string
	NextHref   string

	Subject   string
	Code      string
	Filed     string // title of one of many; "" for 基本信息
	Kind      string // 基本信息变更
	Assurance Assurance
	FiledAt   time.Time
	Due       time.Time

	SubjectHref string // the subject's page

	Second         bool // 复核
	FirstReviewer  string
	FirstDecidedAt time.Time
	FirstOpinion   string

	Changes      []form.Change
	First        bool // nothing to compare with: only the content is shown
	BeforeLabel  string
	AfterLabel   string
	ChangeNote   string // the applicant's reason
	AllFields    bool   // ?fields=all
	Stacked      bool   // ?layout=stacked
	Files        map[string]FileState
	Revealed     bool     // sensitive fields are shown in full; the handler has audited it
	RevealAction string   // of the form that asks for them; "" where this person may not
	Prior        []Remark // of earlier returns

	Checks   []Check
	Timeline []Event
	// ProcessHref is the record's process in Temporal Web; "" for no link.
	ProcessHref string

	ClaimedBy    string // "" for none
	Mine         bool
	ClaimExpires time.Time
	CanClaim     bool
	CanDecide    bool
	DenyReason   string // why not, when CanDecide is false

	CorrectionDays int // working days of the correction period
	CommonReasons  []string
	Command        string
	Version        int // the record's revision that is being judged

	Decision Decision // as typed
	Reason   string
	Remarks  map[string]string // by field, as typed
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
