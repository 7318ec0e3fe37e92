package view

import (
	"net/url"
	"slices"
	"time"

	"unireg/record/form"
)

// Action is what the person may do with a record; pages draw a button for each
// one they are given.
type Action string

// The actions.
const (
	ActionEdit     Action = "edit"     // 继续填写: GET /records/:id/edit
	ActionChange   Action = "change"   // 【变更】: POST /records/:id/change with reason, command
	ActionWithdraw Action = "withdraw" // 撤回: POST /records/:id/withdraw with command
	ActionDiscard  Action = "discard"  // 放弃修改: POST /records/:id/discard with command
	ActionPrint    Action = "print"    // 打印: GET /records/:id/print, elsewhere the browser's own
	ActionDelete   Action = "delete"   // 删除草稿 that was never filed: POST /records/:id/discard with command
	ActionVoid     Action = "void"     // 作废: POST /records/:id/void with reason, command
	ActionRestore  Action = "restore"  // 取消作废: POST /records/:id/restore with command
	ActionRelease  Action = "release"  // 解除聘用: POST /records/:id/release with reason, command
)

// word is the text of the action's button.
func (a Action) word() string {
	switch a {
	case ActionChange:
		return "变更"
	case ActionWithdraw:
		return "撤回"
	case ActionDiscard:
		return "放弃修改"
	case ActionPrint:
		return "打印"
	case ActionDelete:
		return "删除草稿"
	case ActionVoid:
		return "作废"
	case ActionRestore:
		return "取消作废"
	case ActionRelease:
		return "解除聘用"
	default:
		return "继续填写"
	}
}

// at is where a field of the returned filing is corrected.
func (m RecordModel) at(field string) string {
	return fieldAddress(m.RecordID, sectionOf(m.Form, field), field)
}

// printed is what of the record is printed: the version that the page shows, the
// draft where there is none.
func (m RecordModel) printed() string {
	if m.Version == 0 {
		return PrintDraft
	}
	return count(m.Version)
}

func has(actions []Action, a Action) bool { return slices.Contains(actions, a) }

func without(actions []Action, a Action) []Action {
	return slices.DeleteFunc(slices.Clone(actions), func(b Action) bool { return b == a })
}

// Phase places an event of a time line.
type Phase string

// The phases.
const (
	Done  Phase = "done"
	Going Phase = "now"
	Ahead Phase = "ahead"
)

// Event is one line of a time line, in human words.
type Event struct {
	At    time.Time // zero: no instant is known yet
	Due   time.Time // by when; zero: no deadline
	Text  string    // what happened, happens or will happen
	Note  string    // e.g. a reason; may be empty
	Phase Phase
}

// Eligibility says whether the subject may take part in one way of bidding, and
// why or why not.
type Eligibility struct {
	Allowed bool
	Reasons []string
}

// HomeModel is the bidder's first page after login.
type HomeModel struct {
	Profile     ProfileSummary
	Paper       Eligibility  // 纸质标
	Electronic  Eligibility  // 电子标
	Next        *NextStep    // nil: nothing to do
	Corrections []Correction // what staff returned, beside 基本信息
	Expiring    int          // things that expire soon, or have
	// Confirmation asks for the annual confirmation; nil: it is not time.
	Confirmation *Notice
	Timeline     []Event   // of the profile
	Messages     []Message // the newest few
}

// ProfileSummary is how far 基本信息 is.
type ProfileSummary struct {
	Href             string
	State            Tag
	Text             string // one sentence
	Filled, Required int    // of the draft; Required 0 shows no bar
}

// ExpiriesModel is the list of what expires.
type ExpiriesModel struct {
	Within int // days that it looks ahead
	Lines  []ExpiryLine
}

// ExpiryLine is one thing that expires.
type ExpiryLine struct {
	Kind, Title, Label, Href string
	On                       time.Time // last day on which it counts
	State                    Tag
}

// Correction is a record that waits to be corrected.
type Correction struct {
	Kind, Title, Href string
	Due               time.Time
}

// NextStep is the one thing to do now.
type NextStep struct {
	Title, Text string
	Href, Label string
	Due         time.Time
}

// RecordModel is the read-only page of a record.
type RecordModel struct {
	RecordID  string
	Heading   string
	Kind      string       // the kind's label
	Back      *Link        // to the list of the kind; nil for a profile
	KeyLogin  string       // where the session begins that the kind takes; "" where this is one
	Versions  []VersionRow // of one of many; a profile's are 变更历史总览
	State     Tag
	Form      form.Form
	Files     map[string]FileState
	Version   int // shown as 第 n 版; 0 shows none
	At        time.Time
	By        string
	Assurance Assurance // of the submit; "" shows none
	PaperOnly bool      // submitted by password: 纸质标 only (S12)
	CA        *CAModel  // nil: the kind has no such section
	Timeline  []Event
	Actions   []Action
	Denied    []Denied // what one might look for and cannot do now
	Command   string
	Return    *ReturnNote
	Notices   []Notice
	// Confirmation is where the annual confirmation of a profile stands.
	Confirmation ConfirmationSummary
	// Shown tells which content the page shows where there is a choice: the
	// version in force, or the one under way.
	Shown string
	Other *Link // to the other one
}

// Denied is an action that is not possible now, with the reason.
type Denied struct {
	Action Action
	Reason string
}

// Link is a link with its text.
type Link struct{ Href, Text string }

// ReturnNote is what a reviewer wrote when sending a filing back.
type ReturnNote struct {
	Reason  string
	Remarks []Remark
	At, Due time.Time
}

// CheckModel is the page on which a person checks the answers; what is submitted
// is what is seen. It posts command and draft_version to /records/:id/submit.
type CheckModel struct {
	RecordID     string
	Heading      string
	KeyLogin     string // where the session begins that the submit takes; "" where this is one
	Form         form.Form
	Files        map[string]FileState
	Changes      []form.Change // against the version in force; empty for a first filing
	ChangeReason string
	DraftVersion int
	Command      string
	PaperOnly    bool
	Key          *KeyModel // the submit is signed; nil in a password session
	Next         string    // what happens after submitting, one sentence
	Error        string    // a submit that was refused at once; may be empty
	Remarks      []Remark  // of the return that the submit answers
}

// ReceiptState is what has become of an accepted command.
type ReceiptState string

// The states of a receipt.
const (
	ReceiptProcessing ReceiptState = "processing"
	ReceiptApplied    ReceiptState = "applied"
	ReceiptRefused    ReceiptState = "refused"
)

// ReceiptModel is the receipt page, GET /receipts/:number.
type ReceiptModel struct {
	Number     string
	Move       string // 提交, 变更, 撤回 …
	Content    bool   // the command carried the draft, which a refusal gives back
	Subject    string // name of the filing party
	Record     string // e.g. 基本信息
	RecordHref string
	AcceptedAt time.Time
	State      ReceiptState
	Result     string // state of the record afterwards, e.g. 审核中
	Reason     string // of a refusal
	Next       string // what to do, or what happens
	Assurance  Assurance
	Refresh    int // seconds until the page asks again while processing; 0 means 5
}

// Message is one entry of 消息.
type Message struct {
	ID       string
	At       time.Time
	Title    string
	Text     string
	Tone     Tone
	Href     string
	LinkText string
	Read     bool
}

// MessagesModel is the list of messages. POST /messages/read with id (one) or
// all=on marks them.
type MessagesModel struct {
	Messages []Message
	Pager    Pager
}

// Pager leads through a long list; empty links are not shown.
type Pager struct {
	Page, Pages        int
	PrevHref, NextHref string
	Total              int
}

// VersionRow is one row of 变更历史总览.
type VersionRow struct {
	No        int
	At        time.Time
	Reason    string
	By        string
	Assurance Assurance
	State     Tag    // e.g. 现行有效
	Href      string // /records/:id/versions/:no
}

// HistoryModel is 变更历史总览.
type HistoryModel struct {
	Then     ThenForm
	Versions []VersionRow
	Pager    Pager
	// Confirmed are the annual confirmations, newest first.
	Confirmed []ConfirmedRow
	// ProofHref is where the proof of the history is; "" before the first.
	ProofHref string
}

// VersionModel is one version, read-only, with what it changed.
type VersionModel struct {
	RecordID  string
	Heading   string
	Back      Link  // to where the versions are listed
	Others    []int // that it can be compared with, newest first
	No        int
	Before    int // number compared with; 0: a first version
	InForce   bool
	At        time.Time
	By        string
	Assurance Assurance
	Reason    string
	SHA256    string
	Signature *Check // what became of the signature; nil without one
	Form      form.Form
	Files     map[string]FileState
	Changes   []form.Change
}

// RecordsModel is one page of the list of a kind. Its filter is a form with the
// method GET: kind, q, state, sort.
type RecordsModel struct {
	Kind, Label  string
	Add          string // on the button that begins one: POST /records with kind
	Named        string // heading of the title
	Columns      []string
	Icon         Icon
	Lines        []RecordLine
	Search       string
	State, Order string
	States       []Option
	Orders       []Option
	PrevHref     string
	NextHref     string
	KeyLogin     string // where the session begins that a submit takes; "" where this is one
	Import       bool   // drafts of the kind can be imported
}

// RecordLine is one line of a list.
type RecordLine struct {
	ID, Title string
	Cells     []string // one for each column
	State     Tag
	At        time.Time
	Actions   []Action
}

// href is where a line's action leads. What asks first leads to its dialog.
func (l RecordLine) href(a Action) string {
	base := "/records/" + l.ID
	switch a {
	case ActionEdit:
		return base + "/edit"
	case ActionChange:
		return base + "#" + changeDialog
	case ActionVoid:
		return base + "#" + voidDialog
	case ActionRestore:
		return base + "#" + restoreDialog
	case ActionRelease:
		return base + "#" + releaseDialog
	default:
		return base
	}
}

// narrowed tells that the list shows less than there is.
func (m RecordsModel) narrowed() bool {
	return m.Search != "" || m.State != "" || m.PrevHref != "" || m.NextHref != ""
}

// export is the address of the list as a workbook, narrowed and sorted alike.
func (m RecordsModel) export() string { return "/exports?" + m.query(m.State) }

// tab is the address of the list narrowed to a state.
func (m RecordsModel) tab(state string) string { return "/records?" + m.query(state) }

func (m RecordsModel) query(state string) string {
	values := url.Values{"kind": {m.Kind}}
	for name, value := range map[string]string{"q": m.Search, "state": state, "sort": m.Order} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values.Encode()
}

// Session is one login of the account.
type Session struct {
	ID        string
	Device    string // from the browser's own words, e.g. Chrome，Windows
	Address   string
	Assurance Assurance
	Staff     bool // of a staff member,
	Half      bool // who has not given the second factor
	Began     time.Time
	Seen      time.Time
	Current   bool
}

// how says by what the session was opened.
func (s Session) how() string {
	switch {
	case s.Half:
		return "只验证了密码"
	case s.Staff:
		return "密码和动态口令登录"
	}
	return s.Assurance.Label()
}

// AccountModel is 账号安全. The form posts current_password, password and
// password_again to /account/password.
type AccountModel struct {
	Accounts []string // by which one may log in: name in force, code
	Rules    []string
	ByKey    bool // logged in by certificate: the present password is not asked for
	Problems []form.Problem
	Sessions []Session
	Part     *OwnPart  // of a member of an organization; nil for a natural person
	Contacts []Contact // where messages go beside the portal; none where they go nowhere
}

func (m MessagesModel) unread() int {
	n := 0
	for _, message := range m.Messages {
		if !message.Read {
			n++
		}
	}
	return n
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}
