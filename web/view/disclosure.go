package view

import (
	"context"
	"strings"
	"time"

	"unireg/record/form"
)

// DisclosureModel is the search of what is public, GET /disclosure. Its form sends
// q, region and class level by level, role, grade and state; kind and unit go along.
type DisclosureModel struct {
	Kind       string // as the address has it; "" for units
	Label      string // of the kind
	Named      string // heading of the title
	Columns    []string
	Tabs       []DisclosureTab
	Lines      []DisclosureLine
	Search     string
	Unit       string // credit code to which the search is narrowed, "" for none
	Region     string // codes, "" for none
	Class      string
	Selects    []Select
	Narrowed   bool // more is asked for than a kind
	ClearHref  string
	ExportHref string
	PrevHref   string
	NextHref   string
	No         int  // of the page
	Cut        bool // there is more than is shown
	Most       int  // lines that are shown at most
}

// further tells that something is chosen that stands among the further conditions.
func (m DisclosureModel) further() bool {
	for _, s := range m.Selects {
		if s.Value != "" {
			return true
		}
	}
	return m.Region != "" || m.Class != ""
}

// units tells that the lines are units themselves.
func (m DisclosureModel) units() bool { return m.Kind == "" }

// DisclosureTab is a kind with how many of it are found; there may be More.
type DisclosureTab struct {
	Label, Href   string
	Count         int
	More, Current bool
}

func (t DisclosureTab) count() string {
	if t.More {
		return count(t.Count) + "+"
	}
	return count(t.Count)
}

// DisclosureLine is one line of the search.
type DisclosureLine struct {
	Title string
	Unit  string // name; "" where the line is a unit
	Href  string
	Cells []string
	State Tag
	At    time.Time // of the last public change
}

// DisclosedUnitModel is all that everybody may read of a unit.
type DisclosedUnitModel struct {
	Name, Code string
	State      Tag
	Version    int
	Since      time.Time // when the version began to count
	Profile    form.Form
	Parts      []DisclosedPart
	People     []Fact // registrations, and how many hold them
	Changes    []DisclosedChange
}

// DisclosedPart is what is public of a kind. MoreHref leads to what is not shown.
type DisclosedPart struct {
	Name, Label string
	Count       int
	Items       []DisclosedItem
	MoreHref    string
}

// DisclosedItem is one of them.
type DisclosedItem struct {
	Title  string
	State  Tag
	Since  time.Time
	Voided time.Time // zero for what was not
	Form   form.Form
}

// facts are the filled fields beside the title, those of rows apart.
func (i DisclosedItem) facts() []*form.Field {
	var all []*form.Field
	for _, f := range filledFields(i.Form) {
		if f.Widget != form.WidgetRows && f.Display() != i.Title {
			all = append(all, f)
		}
	}
	return all
}

// groups are the fields that repeat.
func (i DisclosedItem) groups() []*form.Field {
	var all []*form.Field
	for _, f := range filledFields(i.Form) {
		if f.Widget == form.WidgetRows {
			all = append(all, f)
		}
	}
	return all
}

func filledFields(f form.Form) []*form.Field {
	var all []*form.Field
	for _, field := range f.Fields() {
		if !field.Empty() {
			all = append(all, field)
		}
	}
	return all
}

// filledColumns are the places of the fields that any row of a group has filled.
func filledColumns(rows []form.Row) []int {
	var all []int
	for at := range rows[0].Fields {
		for _, row := range rows {
			if !row.Fields[at].Empty() {
				all = append(all, at)
				break
			}
		}
	}
	return all
}

// DisclosedChange is one public change. Title is "" for 基本信息.
type DisclosedChange struct {
	At         time.Time
	What       Tag // 生效, 变更, 作废, 恢复
	Kind       string
	Title      string
	Unit, Href string
	Fields     []string // labels of what a change changed
}

// RecentModel is what took effect, changed, was voided and restored in the last
// Days, the latest day first. The value of a tab is its address.
type RecentModel struct {
	Days     int
	Tabs     []Option
	Current  string
	ByDay    []DisclosedDay
	NextHref string
	Later    bool // the page is not the first
}

// DisclosedDay is what changed on a day.
type DisclosedDay struct {
	Day     string // 2006-01-02
	Changes []DisclosedChange
}

// changedFields lists the labels of a change.
func changedFields(ctx context.Context, labels []string) string {
	all := make([]string, len(labels))
	for i, label := range labels {
		all[i] = shown(ctx, label)
	}
	return strings.Join(all, tr(ctx, "、"))
}
