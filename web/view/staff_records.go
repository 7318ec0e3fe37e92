package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// WithdrawalRow is one thing that a subject took back, or put back in force.
type WithdrawalRow struct {
	Subject, Code string
	Kind, Title   string
	Href          string // of the record
	Move          Tag    // 作废, 取消作废, 解除聘用
	Reason        string
	At            time.Time
	State         Tag // of the record today
}

// WithdrawalsModel is 作废与恢复, GET /staff/withdrawals?kind=.
type WithdrawalsModel struct {
	Lines    []WithdrawalRow
	Kinds    []Filter
	PrevHref string
	NextHref string
}

// StaffRecordModel is a record as staff read it, GET /staff/records/:id?version=
// and against=. A supervisor posts version, against, reason and note to
// /staff/records/:id/reveal; and command, revision and reason to
// /staff/records/:id/reopen.
type StaffRecordModel struct {
	RecordID      string
	Kind, Title   string
	Subject, Code string
	SubjectHref   string
	State         Tag
	No            int
	At            time.Time
	Assurance     Assurance
	Reason        string
	SHA256        string
	Signature     *Check        // what became of the signature; nil without one
	Against       int           // number compared with; 0: the content alone is shown
	Changes       []form.Change // against that version, or against nothing
	Versions      []VersionRow  // newest first
	Revealed      bool          // sensitive fields are shown in full; the handler has audited it
	CanReveal     bool
	Reveal        RevealForm
	Timeline      []Event
	ReviewHref    string // "" where nobody reviewed it
	ProcessHref   string // "" for no link
	ProcessAway   bool   // the engine could not be asked whether there is one
	CanReopen     bool
	Command       string // of the reopening to come
	Revision      int    // of the record that the page shows
}

func (m StaffRecordModel) diffView(ctx context.Context) diffView {
	return diffView{
		Before: tr(ctx, "第 %d 版", m.Against), After: tr(ctx, "第 %d 版", m.No), Full: m.Revealed, FileURL: "/staff/files/",
	}
}
