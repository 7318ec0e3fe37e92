package view

import (
	"time"

	"unireg/record/form"
)

// ThenForm asks for an instant. It is a form with the method GET that sends time to
// Action; it needs no script.
type ThenForm struct {
	Action string
	Time   string // as typed, or as a control for date and time takes it
	Kept   bool   // Time is what a person typed and no time: it is shown as it is
	// Problems is what is wrong with Time.
	Problems []form.Problem
}

// kind is the type of the control: one for date and time would drop what is none.
func (f ThenForm) kind() string {
	if f.Kept {
		return "text"
	}
	return "datetime-local"
}

// ThenModel is a subject as it stood at an instant, beside how it stands today: GET
// /staff/subjects/:id/at and /history/at with time, kind and page. Without At nothing
// was asked for, or something was wrong with it.
type ThenModel struct {
	Ask  ThenForm
	Back Link // to the page of today

	At         time.Time
	Exact      bool // At is shown to the second
	Existed    bool // the subject was registered by then
	Registered time.Time
	Name, Type string
	Code       string // a person's is masked
	Renamed    string // the name of today, "" where it is the same
	States     []Tag
	// Paper and Electronic are what the subject might take part in, then and today.
	Paper, Electronic ThenEligibility
	Later             bool // what became known afterwards says otherwise of that instant
	Kinds             []Filter
	Records           []ThenRow
	Newer             int // records that were filed first since then
	Certificates      []ThenCertificate
	Before, After     *ThenStep // the changes next to the instant; nil for none

	PrevHref, NextHref string
}

// ThenEligibility is one way of bidding, then and today.
type ThenEligibility struct {
	Then, Now Eligibility
}

func (e ThenEligibility) differs() bool { return e.Then.Allowed != e.Now.Allowed }

// ThenRow is a record, then and today.
type ThenRow struct {
	Title, Kind string
	Href        string // of the version by which it was known
	No          int    // of that version
	State, Now  Tag
	Moved       time.Time
	Differs     bool
}

// ThenCertificate is a certificate that had been bound.
type ThenCertificate struct {
	Kind, Use, Serial string
	From, To          time.Time
	State, Now        Tag
}

func (c ThenCertificate) differs() bool { return c.State != c.Now }

// ThenStep leads to the instant of a change.
type ThenStep struct {
	Href, Text string
	At         time.Time
}

// instant is At as it is shown.
func (m ThenModel) instant() timestamp {
	if m.Exact {
		return atSecond(m.At)
	}
	return atMinute(m.At)
}

// changed counts the lines that are marked.
func (m ThenModel) changed() int {
	n := 0
	for _, r := range m.Records {
		if r.Differs {
			n++
		}
	}
	return n
}
