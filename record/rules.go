package record

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Periods are the working days of the stages of one kind; 0 is no period of its
// own.
type Periods struct {
	Review     int // first review
	Second     int // second review
	Correction int
}

// Bounds of a period of its own, in working days.
const (
	MinPeriod = 1
	MaxPeriod = 60
)

// or fills what is not set from the other.
func (p Periods) or(usual Periods) Periods {
	if p.Review == 0 {
		p.Review = usual.Review
	}
	if p.Second == 0 {
		p.Second = usual.Second
	}
	if p.Correction == 0 {
		p.Correction = usual.Correction
	}
	return p
}

// left is what a stage of review has left of its period: at least one day.
func (p Periods) left(f Filing, used Used) int {
	period := p.Review
	if f == SecondReview {
		period = p.Second
	}
	if used.Of(f) == 0 {
		return period
	}
	return max(1, period-used.Of(f))
}

// Left is what a stage of review of the kind has left after earlier rounds, in
// working days: at least one.
func (p Policy) Left(k Kind, f Filing, used Used) int { return p.PeriodsOf(k).left(f, used) }

// Rules are what staff set over the configuration: an edition of it. The zero
// value is none.
type Rules struct {
	Edition int64
	Periods map[Kind]Periods
	Sample  *int // percent; nil: as configured
	// Confirmations are the rules of the annual confirmation, each from the instant of
	// its edition on.
	Confirmations ConfirmationRules
	// Days lie over the calendar of the configuration; Years are those whose
	// notice came with them.
	Days  []Day
	Years []int
}

// Under is the policy with an edition of rules laid over it.
func (p Policy) Under(r Rules) Policy {
	p.Edition = r.Edition
	if len(r.Periods) > 0 {
		p.Periods = r.Periods
	}
	if r.Sample != nil {
		p.SamplePercent = *r.Sample
	}
	if len(r.Confirmations) > 0 {
		p.Confirmations = p.Confirmations.under(r.Confirmations)
	}
	if len(r.Days) > 0 || len(r.Years) > 0 {
		p.Calendar = p.Calendar.With(r.Days, r.Years)
	}
	return p
}

// RuleChange is what is to be changed about the rules.
type RuleChange struct {
	// Day sets one day; Notice takes over the days of one State Council notice or
	// more, each of which is whole for its years.
	Day     *Day
	Notice  []Day
	Periods map[Kind]Periods
	Sample  *int
	// Confirmation sets the annual confirmation. It counts from the instant of the
	// edition on, whatever its Since says.
	Confirmation *ConfirmationRule
	Note         string
}

// Bounds of what is written with a change, in characters.
const (
	MaxDayName = 20
	MaxNote    = 200
)

// Check refuses a change that cannot be, with a sentence for people. today is the
// day on which it is made.
func (c RuleChange) Check(today time.Time) error {
	if n := utf8.RuneCountInString(c.Note); n > MaxNote {
		return Errorf(Invalid, fmt.Sprintf("说明最多 %d 个字，现在有 %d 个字", MaxNote, n))
	}
	for k, p := range c.Periods {
		if _, ok := DefinitionOf(k); !ok {
			return Errorf(Invalid, "没有这一类记录")
		}
		for _, days := range []int{p.Review, p.Second, p.Correction} {
			if days != 0 && (days < MinPeriod || days > MaxPeriod) {
				return Errorf(Invalid, fmt.Sprintf("%s的时限须在 %d 至 %d 个工作日之间", k.Label(), MinPeriod, MaxPeriod))
			}
		}
	}
	if c.Sample != nil && (*c.Sample < 0 || *c.Sample > 100) {
		return Errorf(Invalid, "抽查比例须在 0 至 100 之间")
	}
	if c.Confirmation != nil && c.Confirmation.Days != 0 && (c.Confirmation.Days < MinConfirmation || c.Confirmation.Days > MaxConfirmation) {
		return Errorf(Invalid, fmt.Sprintf("年度确认的期限须在 %d 至 %d 天之间，不要求的填 0", MinConfirmation, MaxConfirmation))
	}
	for _, d := range c.Notice {
		if err := d.check(today); err != nil {
			return err
		}
	}
	if c.Day == nil {
		return nil
	}
	if c.Day.Works && c.Day.Date < today.In(Shanghai).Format(time.DateOnly) {
		return Errorf(Invalid, "已过去的日期不能改为工作日：已告知的期限不能因此提前")
	}
	return c.Day.check(today)
}

// reach is how many years before and after the present one a calendar is kept
// for.
const reach = 3

func (d Day) check(today time.Time) error {
	at, err := time.Parse(time.DateOnly, d.Date)
	if err != nil {
		return Errorf(Invalid, "日期应为 2026-01-31 的样式")
	}
	if year := today.In(Shanghai).Year(); at.Year() < year-reach || at.Year() > year+reach {
		return Errorf(Invalid, "日期超出日历的范围："+d.Date)
	}
	switch n := utf8.RuneCountInString(d.Name); {
	case n == 0 && !d.Weekly():
		return Errorf(Invalid, "请写明名称："+d.Date)
	case n > MaxDayName:
		return Errorf(Invalid, fmt.Sprintf("名称最多 %d 个字，现在有 %d 个字", MaxDayName, n))
	}
	return nil
}

// Days is what a change writes into the calendar that is in force: the one day,
// or the days of the notices that are not as the calendar has them. Of a year
// whose notice is taken over, days of an earlier notice that it leaves out are as
// the week has them again; days that staff set stay.
func (c RuleChange) Days(calendar *Calendar) []Day {
	var days []Day
	if c.Day != nil {
		days = append(days, *c.Day)
	}
	named := map[string]bool{}
	for _, d := range c.Notice {
		named[d.Date] = true
		before := calendar.On(d.Date)
		if d.Staff = false; before != d {
			days = append(days, d)
		}
	}
	for _, year := range yearsOf(c.Notice) {
		for _, d := range calendar.Exceptions(year) {
			if !named[d.Date] && !d.Staff {
				days = append(days, Day{Date: d.Date, Works: d.Works == d.Weekly()})
			}
		}
	}
	slices.SortFunc(days, func(a, b Day) int { return strings.Compare(a.Date, b.Date) })
	return days
}

// Years are those whose notices a change takes over.
func (c RuleChange) Years() []int { return yearsOf(c.Notice) }
