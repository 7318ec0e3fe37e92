package view

import (
	"time"

	"unireg/record/form"
)

// Remark is a reviewer's word on a part of a filing. Target is what it is about
// as package form writes it, "" the whole filing; At is what is left of that in
// the document as it stands, "" for nothing.
type Remark struct {
	Target, At  string
	Label, Text string
	By          string
	When        time.Time
	Resolved    bool   // what it is about was changed since
	Answer      string // of the bidder; "" for none
	// Since is what was changed of it since the return; staff read it.
	Since []form.Change
}

// open tells that nothing was done about the remark yet.
func (r Remark) open() bool { return !r.Resolved && r.Answer == "" }

// displaced tells that what the remark was about is not there any more.
func (r Remark) displaced() bool { return r.Target != r.At }

// anchor is the id that a target has where the document is filled.
func anchor(target string) string {
	if field, file, ok := form.CutFile(target); ok {
		return "file-" + field + "-" + file
	}
	return "f-" + target
}

// remarksOn are the remarks to be shown at a target.
func (m EditModel) remarksOn(target string) []Remark {
	var all []Remark
	for _, r := range m.Remarks {
		if r.At == target {
			all = append(all, r)
		}
	}
	return all
}

// remarksWithin are the remarks on fields and files of a row.
func (m EditModel) remarksWithin(group *form.Field, row form.Row) []Remark {
	var all []Remark
	for _, r := range m.Remarks {
		if g, id, ok := rowOfField(r.At); ok && g == group.Name && id == row.ID {
			all = append(all, r)
		}
	}
	return all
}
