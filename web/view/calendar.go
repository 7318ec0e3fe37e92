package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// CalendarDay is one square of a month; a Number of 0 is an empty one.
type CalendarDay struct {
	Number int
	Date   string // 2006-01-02
	Works  bool
	Mark   string // 休 or 班 against the week, 节 for a day off that the week has, too; "" for none
	Name   string // of the festival, or why
	Staff  bool   // set here, over the notices
	Today  bool
}

// CalendarMonth is a month by weeks from Monday on.
type CalendarMonth struct {
	Name  string
	Weeks [][7]CalendarDay
}

// CalendarException is a day in the list below the year.
type CalendarException struct {
	Date, Weekday, Name, Source string
	State                       Tag
}

// PeriodRow are the periods of a kind, as typed, beside what counts without.
type PeriodRow struct {
	Kind  string
	Label string
	Cells []PeriodCell // first review, second review, correction
}

// PeriodCell is one period. It is posted as Name; "" is none of its own.
type PeriodCell struct {
	Name, Label, Value string
	Usual              int // as configured
	Problem            string
}

// counts is the period that counts.
func (c PeriodCell) counts(ctx context.Context) string {
	if c.Value == "" {
		return tr(ctx, "%d（默认）", c.Usual)
	}
	return c.Value
}

// RuleLine is one change of the rules.
type RuleLine struct {
	At      time.Time
	By      string
	What    Tag
	Note    string
	Changes []string // before → after
}

// CalendarModel is /staff/calendar. Forms post edition, the one that is shown.
type CalendarModel struct {
	Year      int
	PrevHref  string
	NextHref  string
	Covered   bool // the year's notice is known
	Workdays  int
	Months    []CalendarMonth
	Days      []CalendarException
	CanChange bool
	Edition   string

	Periods     []PeriodRow
	PeriodsNote string
	Sample      string // percent, as typed
	SampleNote  string
	SampleBy    string // what the share is drawn from
	Problems    []form.Problem

	Confirmation ConfirmationRuleModel

	History []RuleLine
	Pager   Pager
}

// dayHref is where a day is changed.
func dayHref(date string) string { return "/staff/calendar/days/" + date }

func (d CalendarDay) class() string {
	class := "cd"
	if !d.Works {
		class += " off"
	}
	if d.Mark == "班" {
		class += " on"
	}
	if d.Staff {
		class += " own"
	}
	return class
}

// spoken is the day as a screen reader says it, and as a pointer shows it.
func (d CalendarDay) spoken(ctx context.Context) string {
	at, err := time.Parse(time.DateOnly, d.Date)
	if err != nil {
		return d.Date
	}
	date, weekday := tr(ctx, "%d月%d日", int(at.Month()), at.Day()), shown(ctx, Weekday(at))
	text := tr(ctx, "%s %s，休息", date, weekday)
	if d.Works {
		text = tr(ctx, "%s %s，工作日", date, weekday)
	}
	if d.Name != "" {
		text = tr(ctx, "%s：%s", text, shown(ctx, d.Name))
	}
	if d.Staff {
		text = tr(ctx, "%s（本系统设置）", text)
	}
	return text
}

// Weekday is the day of the week of a civil date.
func Weekday(at time.Time) string {
	return []string{"星期日", "星期一", "星期二", "星期三", "星期四", "星期五", "星期六"}[at.Weekday()]
}

// CalendarDayModel changes one day. It posts works (on or off), name, note and
// edition to its own address.
type CalendarDayModel struct {
	Date, Weekday string
	Now           string // what it is at present
	Source        string
	Past          bool // may only become a day off
	Works         bool
	Name, Note    string
	Edition       string
	BackHref      string
	MaxName       int
	MaxNote       int
	Problems      []form.Problem
}

// NoticeModel takes over a notice. It posts tsv, note and edition, and with step
// = apply what was looked at before.
type NoticeModel struct {
	Text     string
	Note     string
	Edition  string
	Preview  bool
	Years    string
	Changes  []string
	MaxNote  int
	Problems []form.Problem
}

// AbsenceRow is a colleague who is away, with what they still hold.
type AbsenceRow struct {
	Name, Login   string
	State         Tag
	Since         time.Time
	Held, Overdue int
	FirstDue      time.Time
	Href          string
}

// HeldRow is a filing in somebody's hands.
type HeldRow struct {
	ID       string
	Subject  string
	Filed    string
	Code     string
	Kind     Tag
	FiledAt  time.Time
	Due      time.Time
	How      string // 领取, until when, or 分派
	Selected bool
	Problem  string // why it was not moved
}

// WorkModel is what one member of the staff holds. It posts task (any number), to
// (a colleague's id, or "queue") and note.
type WorkModel struct {
	Member     string
	State      Tag
	Action     string
	Rows       []HeldRow
	Colleagues []Option
	To         string // as chosen
	Note       string
	MaxNote    int
	Problems   []form.Problem
}
