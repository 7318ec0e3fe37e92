package view

import (
	"time"

	"unireg/record/form"
)

// Choice is one of a few things to choose between. One that cannot be chosen
// now says why.
type Choice struct {
	Value, Label, Hint string
	Denied             string // "" when it can be chosen
	Href               string // leads to what is in the way; may be empty
}

// ApplyModel is the form of an application to the CA company. It posts command,
// business, kind, years, pickup, mail_address and certificate to
// /ca/applications; its button opens a dialog that asks first, and 【确定】 there
// sends the form.
type ApplyModel struct {
	Title       string
	Business    string
	Label       string   // of the business
	Explains    []string // what it means and what comes after
	Warning     string   // of what cannot be undone; may be empty
	Missing     []form.Problem
	MissingHref string // page on which the missing fields are; their names follow as #f-name
	Certificate *CertificateRow
	Kinds       []Choice // a first application; empty where the certificate decides
	Kind        string
	Years       []Choice // empty where the business has no term
	Year        string
	Pickups     []Choice // empty where nothing is handed over
	Pickup      string
	MailAddress string
	Subject     string
	Code        string // masked for persons
	Command     string
	Problems    []form.Problem
}

// ready reports whether there is a form to send.
func (m ApplyModel) ready() bool {
	if len(m.Missing) > 0 {
		return false
	}
	for _, k := range m.Kinds {
		if k.Denied == "" {
			return true
		}
	}
	return len(m.Kinds) == 0
}

// ApplicationModel is an application to the CA company. The buttons post
// command to /ca/applications/:id/resend and /withdraw; the paper is printed by
// a POST to /ca/applications/:id/paper.
type ApplicationModel struct {
	ID          string
	Title       string // 申请机构证书
	State       Tag
	Tone        Tone // of the answer at the head
	Waiting     bool // the answer may come in a moment
	Headline    string
	Text        string
	Reason      string // of the CA company
	Hotline     bool   // who can help stands in the answer
	Papers      []string
	Counters    []Counter
	Paper       bool // 数字证书申请表 can be printed
	Resend      bool
	Withdraw    bool
	Withdrawing bool
	Command     string // nonce of resend
	Undo        string // nonce of withdraw
	Fields      []Fact
	Timeline    []Event
	Certificate string // address of what came of it; may be empty
	Notices     []Notice
}

// Counter is a place where papers are taken.
type Counter struct{ Name, Address, Hours, Phone string }

// icon goes with the answer at the head.
func (m ApplicationModel) icon() Icon {
	if m.Waiting {
		return IconClock
	}
	return m.Tone.icon()
}

// applicationPage lets the page ask again while the first answer is awaited.
func applicationPage(p Page, m ApplicationModel) Page {
	if !m.Waiting {
		return p.with(0)
	}
	return p.with(0, "refresh.js").reloading(5)
}

// ApplicationRow is an application in a list.
type ApplicationRow struct {
	Href, Title, Receipt string
	At                   time.Time
	State                Tag
	Note                 string // e.g. why it failed
}

// StaffApplicationRow is an application on which staff are to call the CA
// company.
type StaffApplicationRow struct {
	Subject, Code, Title, Receipt, OrderNo string
	State                                  Tag
	Accepted, Heard                        time.Time // Heard: last word of the CA company; zero for none
	Escalated                              time.Time
	Attempts                               int
	Failure                                string
	ProcessHref                            string // in Temporal Web; "" for none
}

// StaffApplicationsModel is the staff's list of silent applications.
type StaffApplicationsModel struct{ Rows []StaffApplicationRow }

// CALink leads to an application under way.
type CALink struct {
	Href, Text string
	State      Tag
}
