package view

import "time"

// SubjectTab is one page of a subject's pages for staff, GET
// /staff/subjects/:id?tab=.
type SubjectTab string

// The pages. SubjectResets has an address of its own, /staff/subjects/:id/resets.
const (
	SubjectOverview     SubjectTab = ""
	SubjectRecords      SubjectTab = "records"
	SubjectHistory      SubjectTab = "history"
	SubjectCertificates SubjectTab = "certificates"
	SubjectApplications SubjectTab = "applications"
	SubjectSessions     SubjectTab = "sessions"
	SubjectMessages     SubjectTab = "messages"
	SubjectClaims       SubjectTab = "claims"
	SubjectStaff        SubjectTab = "staff"
	SubjectResets       SubjectTab = "resets"
)

// subjectTabs are the pages in the order in which they stand, with their names.
var subjectTabs = []struct {
	tab   SubjectTab
	label string
}{
	{SubjectOverview, "概况"},
	{SubjectRecords, "申报记录"},
	{SubjectHistory, "变更历史"},
	{SubjectCertificates, "数字证书"},
	{SubjectApplications, "CA 申请"},
	{SubjectSessions, "登录会话"},
	{SubjectMessages, "消息"},
	{SubjectClaims, "占用申诉"},
	{SubjectStaff, "操作记录"},
}

// SubjectTabs are the pages that ?tab= names, in their order.
func SubjectTabs() []SubjectTab {
	all := make([]SubjectTab, 0, len(subjectTabs))
	for _, t := range subjectTabs {
		all = append(all, t.tab)
	}
	return all
}

// StaffSubjectModel is a subject as staff see it. Only what the page at hand shows
// is filled in.
type StaffSubjectModel struct {
	ID, Name, Type string
	Code           string // a person's is masked unless revealed
	Registered     time.Time
	States         []Tag
	Tab            SubjectTab
	Covered        bool // within the regions of whoever looks: they may act
	Supervisor     bool

	Overview     SubjectOverviewModel
	Kinds        []Filter // above the records
	Records      []SubjectRecordRow
	Events       []SubjectEventRow // of the history, and of what staff did
	Certificates []CertificateRow
	Applications []ApplicationRow
	Sessions     []SubjectSession
	Messages     []Message
	Claims       []ClaimRow
	Counter      CounterModel

	PrevHref, NextHref string
}

// SubjectOverviewModel is the first page of a subject: what it may do, who it is,
// what is under way. Reveal posts reason and note to /staff/subjects/:id/reveal.
type SubjectOverviewModel struct {
	Paper, Electronic Eligibility
	Confirmation      ConfirmationSummary
	Identity          []SubjectFact // sensitive fields of the profile, masked unless revealed
	IdentityFrom      string        // which version they are of; "" where none was filed
	Revealed          bool
	Reveal            RevealForm
	Then              ThenForm
	Kinds             []SubjectFact // how many records of each kind
	Files             int
	FileBytes         int64
	Processes         []SubjectProcess
	// ProcessesAway tells that the engine could not be asked; Processes is empty then.
	ProcessesAway bool
	NoProcesses   bool // there are no links to processes here
}

// SubjectFact is one fact about a subject.
type SubjectFact struct {
	Label, Text string
	Href        string // "" for no link
}

// SubjectProcess is a process that is running for a subject.
type SubjectProcess struct {
	Text  string // what it looks after
	Since time.Time
	Href  string // in Temporal Web
}

// SubjectRecordRow is one record of a subject.
type SubjectRecordRow struct {
	Title, Kind string
	Href        string
	State       Tag
	Updated     time.Time
	ReviewHref  string // of the open review, "" for none
}

// SubjectEventRow is one line of a subject's history.
type SubjectEventRow struct {
	At     time.Time
	Text   string // what happened
	By     string // of staff; "" for the subject or the system
	Note   string
	Record Link // without an address where it is about none
}

// SubjectSession is a session of one of the subject's accounts.
type SubjectSession struct {
	ID, Account, Device, Address string
	Assurance                    Assurance
	Began, Seen                  time.Time
}

// RevealForm asks why somebody wants to see what is masked. It posts reason, note
// and Fields to Action.
type RevealForm struct {
	Action       string
	Fields       []PostedField
	Reason, Note string // as typed
	Problem      string
}

// RevealReasons are the reasons to look at what is masked.
var RevealReasons = []Option{
	{Value: "identity", Label: "核对办理人身份"},
	{Value: "contents", Label: "与原件核对填报内容"},
	{Value: "complaint", Label: "处理咨询或投诉"},
	{Value: "inquiry", Label: "依法配合查询"},
	{Value: "other", Label: "其他（写明原因）"},
}

// tabHref is the address of one of the subject's pages.
func (m StaffSubjectModel) tabHref(t SubjectTab) string {
	if t == SubjectOverview {
		return "/staff/subjects/" + m.ID
	}
	return "/staff/subjects/" + m.ID + "?tab=" + string(t)
}

// orDash is a text, or a dash where there is none.
func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}
