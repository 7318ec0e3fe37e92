package view

import (
	"context"
	"time"
)

// ReviewTask is a filing in the queue.
type ReviewTask struct {
	ID        string
	Href      string // with the filter under which it is listed; "" for the plain address
	Subject   string
	Code      string
	Filed     string // title of one of many; "" for 基本信息
	Kind      Tag    // e.g. 首次登记, 基本信息变更, 补正重提, 待复核
	Marks     []Tag  // 单位资质 beside what does not say so, 抽查, CA 证书
	Key       bool   // 关键: changes a key field
	FiledAt   time.Time
	Due       time.Time
	ClaimedBy string // "" for none
	GivenTo   string // to whom it was handed, who does not hold it yet; "" for nobody
	Mine      bool   // held by the viewer, or handed to them
	Decided   bool   // the viewer's decision waits to take effect
	CanTake   bool
	Current   bool
}

func (t ReviewTask) href() string {
	if t.Href == "" {
		return "/staff/reviews/" + t.ID
	}
	return t.Href
}

// label names the filing for whoever does not see its row.
func (t ReviewTask) label() string {
	if t.Filed == "" {
		return t.Subject
	}
	return t.Subject + " " + t.Filed
}

// Select is one part of the filter, chosen from a list. Name is that of the
// parameter; All is the choice that leaves it out.
type Select struct {
	Name, Label, All string
	Options          []Option
	Value            string
}

// SavedFilter is a filter that the viewer keeps.
type SavedFilter struct {
	ID, Name, Href string
	On             bool
}

// QueueModel is the reviewers' queue, GET /staff. Its forms carry the filter, as
// the address writes it, under queue. The form around the table posts the chosen
// filings as task, and batch, to /staff/queue/claim|release|assign|check; to and
// note go along for assign. A row's own button posts take.
type QueueModel struct {
	Tasks    []ReviewTask
	States   []Filter // 全部, 待领取, 我办理的, 待复核, 已超时
	Selects  []Select
	Search   string   // the parameter q
	State    string   // goes along with the form of the filter
	Active   []Filter // the parts of the filter, each leading to the queue without it
	Saved    []SavedFilter
	CanSave  bool   // there is a filter that is not saved yet
	Query    string // the filter
	PrevHref string
	NextHref string
	Total    int
	AtLeast  bool // there are more than Total
	Done     int  // decided today by the viewer
	// Colleagues are those to whom a supervisor may hand work; nil for others.
	Colleagues []Option
	Batch      string
}

// total says how much there is under the filter.
func (m QueueModel) total(ctx context.Context) string {
	if m.AtLeast {
		return tr(ctx, "超过 %d 件", m.Total)
	}
	return tr(ctx, "%d 件", m.Total)
}

// cleared is the queue without any filter but the state.
func (m QueueModel) cleared() string {
	if m.State == "" {
		return "/staff"
	}
	return "/staff?state=" + m.State
}

// BulkCheckModel is the page on which somebody sees what a bulk approval would
// do, posted to /staff/queue/approve: batch, queue, and for each filing that may
// be approved task, command.TASK and version.TASK.
type BulkCheckModel struct {
	Batch   string
	Query   string
	Green   []BulkItem
	Refused []BulkItem
}

// BulkItem is one filing of a bulk approval.
type BulkItem struct {
	Task    ReviewTask
	Checks  []Check
	Why     string // it is not approved; "" for one that is
	Command string
	Version int
}

// amiss are the checks that stand in the way.
func (i BulkItem) amiss() []Check {
	var all []Check
	for _, c := range i.Checks {
		if c.Tone == Bad || c.Tone == Warn {
			all = append(all, c)
		}
	}
	return all
}

// BatchModel is what was done to many filings at once. 撤销全部 posts to
// /staff/queue/batches/:id/undo.
type BatchModel struct {
	ID      string
	Title   string // 批量通过
	At      time.Time
	Back    string // to the queue
	Done    int
	Failed  int
	Undo    bool // some can still be undone
	Waiting bool // some have no outcome yet
	Lines   []BatchLine
}

// BatchLine is what became of one filing.
type BatchLine struct {
	Task  ReviewTask
	State Tag
	Note  string
}

// HandoverModel is the form by which a filing is handed to a colleague. It posts
// to, note and queue to /staff/reviews/:id/assign.
type HandoverModel struct {
	Action     string
	Query      string
	Given      bool // somebody has it already: it is handed on
	Colleagues []Option
}

// asQuery is a filter as the end of an address.
func asQuery(query string) string {
	if query == "" {
		return ""
	}
	return "?" + query
}
