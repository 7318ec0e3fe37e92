package record

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // so that Shanghai is known on machines without zone data
)

// Shanghai is the zone of every civil date and deadline.
var Shanghai = sync.OnceValue(func() *time.Location {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic("record: embedded zone data lacks Asia/Shanghai: " + err.Error()) //nolint:forbidigo // what is embedded is part of the build
	}
	return zone
})()

// holidayNotices lists the days on which China works or rests against the week: date,
// kind (holiday or workday), name, source.
//
//go:embed holidays.tsv
var holidayNotices []byte

// Calendar knows the working days: Monday to Friday but for the days off and the
// exchanged working days that the State Council announces for each year, and for
// what staff set over them. A year without a notice, and the nil calendar, have
// only the week. A calendar never changes.
type Calendar struct {
	days  map[civil]Day
	years map[int]bool // those with a notice
}

// Day is what a calendar says of one day beyond the week.
type Day struct {
	Date   string // 2006-01-02
	Works  bool
	Name   string // of the festival, or why; "" where the day is as the week has it
	Source string // number of the notice, or what was noted
	Staff  bool   // set by staff, over the notices
}

// Weekly reports whether the day works or rests as the week has it.
func (d Day) Weekly() bool {
	at, err := time.Parse(time.DateOnly, d.Date)
	return err == nil && d.Works != weekend(at)
}

// civil is a date as a number, such as 20260301: what a calendar is asked for
// a hundred thousand times needs no text.
type civil int32

func civilOf(t time.Time) civil {
	year, month, day := t.Date()
	return civil(year*10000 + int(month)*100 + day)
}

// DefaultCalendar is the calendar of the notices known when the product was built.
func DefaultCalendar() *Calendar { return defaultCalendar() }

var defaultCalendar = sync.OnceValue(func() *Calendar {
	calendar, err := LoadCalendar(holidayNotices)
	if err != nil {
		panic("record: embedded " + err.Error()) //nolint:forbidigo // what is embedded is part of the build
	}
	return calendar
})

// LoadCalendar reads a calendar, as ReadNotice does.
func LoadCalendar(tsv []byte) (*Calendar, error) {
	days, err := ReadNotice(tsv)
	if err != nil {
		return nil, err
	}
	return (*Calendar)(nil).With(days, yearsOf(days)), nil
}

// yearsOf are the years in which days lie, in order.
func yearsOf(days []Day) []int {
	years := map[int]bool{}
	for _, d := range days {
		if at, err := time.Parse(time.DateOnly, d.Date); err == nil {
			years[at.Year()] = true
		}
	}
	return slices.Sorted(maps.Keys(years))
}

// With is the calendar with days laid over it; of two for one date the later
// counts. noticed are the years whose notice is known beside those that were.
func (c *Calendar) With(days []Day, noticed []int) *Calendar {
	laid := &Calendar{days: map[civil]Day{}, years: map[int]bool{}}
	if c != nil {
		maps.Copy(laid.days, c.days)
		maps.Copy(laid.years, c.years)
	}
	for _, d := range days {
		if at, err := time.Parse(time.DateOnly, d.Date); err == nil {
			laid.days[civilOf(at)] = d
		}
	}
	for _, year := range noticed {
		laid.years[year] = true
	}
	return laid
}

// CoversYear reports whether the year's notice is known. Deadlines in a year
// that is not covered follow the week and move when its notice is loaded.
func (c *Calendar) CoversYear(year int) bool { return c != nil && c.years[year] }

// Day is what the calendar says of the day of an instant in Shanghai.
func (c *Calendar) Day(t time.Time) Day {
	at := t.In(Shanghai)
	if c != nil {
		if d, ok := c.days[civilOf(at)]; ok {
			return d
		}
	}
	return Day{Date: at.Format(time.DateOnly), Works: !weekend(at)}
}

// On is what the calendar says of a date, given as 2006-01-02.
func (c *Calendar) On(date string) Day {
	t, err := time.ParseInLocation(time.DateOnly, date, Shanghai)
	if err != nil {
		return Day{Date: date}
	}
	return c.Day(t)
}

// Exceptions lists what the calendar says of a year beyond the week, in the order
// of the dates.
func (c *Calendar) Exceptions(year int) []Day {
	if c == nil {
		return nil
	}
	var days []Day
	for at, d := range c.days {
		if int(at)/10000 == year && (!d.Weekly() || d.Name != "") {
			days = append(days, d)
		}
	}
	slices.SortFunc(days, func(a, b Day) int { return strings.Compare(a.Date, b.Date) })
	return days
}

// IsWorkday reports whether the instant lies on a working day in Shanghai.
func (c *Calendar) IsWorkday(t time.Time) bool {
	at := t.In(Shanghai)
	if c != nil {
		if d, excepted := c.days[civilOf(at)]; excepted {
			return d.Works
		}
	}
	return !weekend(at)
}

// AddWorkingDays is the deadline of a period of working days: 23:59:59 in
// Shanghai on the last of them. The day of from itself does not count
// (民法典 art. 201), so one day from a Friday ends on Monday. No days, or fewer,
// end with the day of from.
func (c *Calendar) AddWorkingDays(from time.Time, days int) time.Time {
	return c.workingDay(from, days, 24*time.Hour-time.Second)
}

// WorkingDays counts the working days of a period that was broken off: those
// after the day of from, up to the day of until and with it. So counted, what is
// left of a period after a pause within one day ends when the period would have
// ended without it.
func (c *Calendar) WorkingDays(from, until time.Time) int {
	n := 0
	last := civilOf(until.In(Shanghai))
	for at := midnight(from).AddDate(0, 0, 1); civilOf(at) <= last; at = at.AddDate(0, 0, 1) {
		if c.IsWorkday(at) {
			n++
		}
	}
	return n
}

// Half is the instant to remind of a period of working days: 09:00 in Shanghai
// on the working day at which half of it, rounded up, has been reached. It lies
// neither before from nor after the deadline.
func (c *Calendar) Half(from time.Time, days int) time.Time {
	half := c.workingDay(from, (max(days, 0)+1)/2, 9*time.Hour)
	if half.Before(from) {
		return from.In(Shanghai)
	}
	if deadline := c.AddWorkingDays(from, days); half.After(deadline) {
		return deadline
	}
	return half
}

// maxRest bounds the search for a working day: a calendar on which nobody works
// any more must not hold up whoever asks.
const maxRest = 366

// workingDay is the time of day on the n-th working day after the day of from.
func (c *Calendar) workingDay(from time.Time, n int, timeOfDay time.Duration) time.Time {
	day := midnight(from)
	for rest := 0; n > 0 && rest < maxRest; {
		day = day.AddDate(0, 0, 1)
		if c.IsWorkday(day) {
			n--
			rest = 0
		} else {
			rest++
		}
	}
	// China has no summer time, so that a day has 24 hours.
	return day.Add(timeOfDay)
}

// midnight begins the day of an instant in Shanghai.
func midnight(t time.Time) time.Time {
	year, month, date := t.In(Shanghai).Date()
	return time.Date(year, month, date, 0, 0, 0, 0, Shanghai)
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}
