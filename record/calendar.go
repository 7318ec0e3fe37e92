package record

import (
	_ "embed"
	"fmt"
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
// exchanged working days that the State Council announces for each year. A year
// without a notice, and the nil calendar, have only the week.
type Calendar struct {
	exceptions map[string]bool // civil date → works
	years      map[int]bool    // those with a notice
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

// LoadCalendar reads a calendar: tab-separated lines of date (2006-01-02), kind
// (holiday or workday), name and source under a heading; lines that begin with #
// are comments. Two lines for one date, and an exchanged working day that is not
// a Saturday or Sunday, are errors.
func LoadCalendar(tsv []byte) (*Calendar, error) {
	c := &Calendar{exceptions: map[string]bool{}, years: map[int]bool{}}
	headed := false
	for number, line := range strings.Split(string(tsv), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != 4 {
			return nil, fmt.Errorf("calendar line %d: want date, kind, name and source", number+1)
		}
		if !headed {
			headed = true
			if cells[0] == "date" {
				continue
			}
		}
		day, err := time.Parse(time.DateOnly, cells[0])
		if err != nil {
			return nil, fmt.Errorf("calendar line %d: %w", number+1, err)
		}
		if _, twice := c.exceptions[cells[0]]; twice {
			return nil, fmt.Errorf("calendar line %d: %s occurs twice", number+1, cells[0])
		}
		switch kind := cells[1]; {
		case kind == "holiday":
			c.exceptions[cells[0]] = false
		case kind == "workday" && weekend(day):
			c.exceptions[cells[0]] = true
		default:
			return nil, fmt.Errorf("calendar line %d: %s cannot be a %q", number+1, cells[0], kind)
		}
		c.years[day.Year()] = true
	}
	return c, nil
}

// CoversYear reports whether the year's notice is known. Deadlines in a year
// that is not covered follow the week and move when its notice is loaded.
func (c *Calendar) CoversYear(year int) bool { return c != nil && c.years[year] }

// IsWorkday reports whether the instant lies on a working day in Shanghai.
func (c *Calendar) IsWorkday(t time.Time) bool {
	day := t.In(Shanghai)
	if c != nil {
		if works, excepted := c.exceptions[day.Format(time.DateOnly)]; excepted {
			return works
		}
	}
	return !weekend(day)
}

// AddWorkingDays is the deadline of a period of working days: 23:59:59 in
// Shanghai on the last of them. The day of from itself does not count
// (民法典 art. 201), so one day from a Friday ends on Monday. No days, or fewer,
// end with the day of from.
func (c *Calendar) AddWorkingDays(from time.Time, days int) time.Time {
	return c.workingDay(from, days, 24*time.Hour-time.Second)
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

// workingDay is the time of day on the n-th working day after the day of from.
func (c *Calendar) workingDay(from time.Time, n int, timeOfDay time.Duration) time.Time {
	year, month, date := from.In(Shanghai).Date()
	day := time.Date(year, month, date, 0, 0, 0, 0, Shanghai)
	for n > 0 {
		day = day.AddDate(0, 0, 1)
		if c.IsWorkday(day) {
			n--
		}
	}
	// China has no summer time, so that a day has 24 hours.
	return day.Add(timeOfDay)
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}
