package view

import (
	"time"

	"unireg/record/form"
)

// ConfirmationModel is the page of the annual confirmation of 基本信息. Its form posts
// command, revision and true to its own address.
type ConfirmationModel struct {
	RecordID string
	Kind     string // the kind's label
	State    Tag
	Text     string    // where it stands, and what to do
	At       time.Time // when it was last confirmed; zero where none is asked for
	Due      time.Time // the last day; zero where none is asked for
	Notices  []Notice

	// Open tells that it can be confirmed now; what follows is filled in for that alone.
	Open     bool
	Expiring []ExpiryLine // what is about to expire, or has
	Form     form.Form    // of the version in force
	Files    map[string]FileState
	Version  int
	Drafted  bool // a change is being written
	Command  string
	Revision int // of the record that the page shows
	Problems []form.Problem
}

// ConfirmationSummary is where an annual confirmation stands; a zero Due is none that
// is asked for.
type ConfirmationSummary struct {
	State Tag
	At    time.Time
	Due   time.Time
	Href  string // of its page, "" for no link
}

// ConfirmedRow is one confirmation of the past.
type ConfirmedRow struct {
	At      time.Time
	Version int // that was confirmed
	Href    string
}

// ConfirmationRuleModel is what the page of periods says of the annual confirmation.
// Its form posts confirm_days, confirm_stops, confirm_note and edition.
type ConfirmationRuleModel struct {
	Now   string // the rule in words
	Days  string // as typed
	Stops bool
	Note  string
	Grace int // days that a new rule leaves everybody
	Least int // of a period, in days
	Most  int
}
