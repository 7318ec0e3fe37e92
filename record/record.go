// Package record is the domain: subjects, the kinds of document they file, the
// lifecycle of a record and its commands, the problems that keep a document
// from being submitted, and what a subject may do. It knows nothing of HTTP,
// SQL or Temporal.
//
// A subject files records. A record has a standing (does it count?) and a
// filing (is something under way?). Commands move a record; the table in
// lifecycle.go says which move is legal from where, and for whom. Every
// effective command leaves an event behind.
package record

import "time"

// ID is a UUIDv7 in its text form.
type ID string

// SubjectType tells an organization from a natural person.
type SubjectType string

// The types of subject.
const (
	Organization SubjectType = "organization"
	Person       SubjectType = "person"
)

// Label is the type's name on pages.
func (t SubjectType) Label() string {
	if t == Person {
		return "自然人"
	}
	return "单位"
}

// Subject is a party that may trade: an organization or a natural person.
type Subject struct {
	ID     ID
	Type   SubjectType
	Code   string // 统一社会信用代码, or the document number of a person
	IDType string // a code of IDDocumentTypes; persons only
	Name   string // name in force: as registered, then as last approved
	Proven bool   // first approval or certificate login has happened
	Closed bool   // abandoned registration: the code is free again
}

// Standing says whether a record counts.
type Standing string

// The standings. Expired is derived from dates, never stored.
const (
	NotInForce Standing = "none"
	InForce    Standing = "in_force"
	Voided     Standing = "voided"
)

// Filing says what is under way on a record.
type Filing string

// The filings.
const (
	NothingFiled Filing = "none"
	UnderReview  Filing = "under_review"
	SecondReview Filing = "second_review"
	Returned     Filing = "returned"
)

// State is where a record stands.
type State struct {
	Standing Standing
	Filing   Filing
}

// InReview reports whether reviewers have the filing: a review of it is open.
func (s State) InReview() bool { return s.Filing == UnderReview || s.Filing == SecondReview }

// AtRest reports whether nothing is awaited, so that no workflow runs.
func (s State) AtRest() bool { return s.Filing == NothingFiled }

// Label is the state in a few words.
func (s State) Label() string {
	switch s.Filing {
	case UnderReview:
		if s.Standing == InForce {
			return "变更审核中"
		}
		return "审核中"
	case SecondReview:
		return "复核中"
	case Returned:
		return "退回待补正"
	case NothingFiled:
	}
	switch s.Standing {
	case InForce:
		return "已生效"
	case Voided:
		return "已作废"
	case NotInForce:
	}
	return "未提交"
}

// Record is one document with its life. Version numbers start at 1; 0 means
// none.
type Record struct {
	ID        ID
	Subject   ID
	Kind      Kind
	State     State
	Revision  int // counts applied commands; the expected version of a decision
	InForce   int // number of the version that counts
	Submitted int // number of the version under way
	Title     string
	Claimed   ID // staff member who holds the review, "" for none
	FiledAt   time.Time
	RemindAt  time.Time // next reminder; zero when none is due
	DueAt     time.Time // end of the review period, or of the correction period
	Used      Used      // by earlier rounds of the filing
	UpdatedAt time.Time
}

// Assurance says how sure we are of who acts in a session.
type Assurance string

// The assurances, weakest first.
const (
	ByPassword    Assurance = "password"
	ByCertificate Assurance = "certificate"
)

// Label is the assurance's name on pages.
func (a Assurance) Label() string {
	if a == ByCertificate {
		return "CA 证书登录"
	}
	return "账号登录"
}
