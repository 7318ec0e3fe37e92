package record

import (
	"strings"
	"testing"
	"time"
)

func inShanghai(t *testing.T, s string) time.Time {
	t.Helper()
	instant, err := time.ParseInLocation("2006-01-02 15:04:05", s, Shanghai)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

func TestWorkdaysFollowTheNotices(t *testing.T) {
	c := DefaultCalendar()
	for day, want := range map[string]bool{
		"2026-02-13": true, "2026-02-14": true, "2026-02-15": false, "2026-02-17": false, "2026-02-23": false, "2026-02-24": true, "2026-02-28": true, "2026-03-01": false,
		"2026-01-01": false, "2026-01-04": true, "2026-05-09": true, "2026-09-20": true, "2026-09-25": false, "2026-10-07": false, "2026-10-08": true, "2026-10-10": true,
		"2025-01-26": true, "2025-01-27": true, "2025-01-28": false, "2025-02-05": true, "2025-10-08": false, "2025-10-09": true, "2025-10-11": true,
		"2024-02-09": true, "2024-02-18": true, "2024-06-10": false, "2024-09-14": true, "2024-10-12": true,
		"2030-10-01": true, "2030-10-05": false, // no notice: the week alone
	} {
		if c.IsWorkday(inShanghai(t, day+" 12:00:00")) != want {
			t.Errorf("%s is a working day: %v", day, !want)
		}
	}
	// 16:00 UTC is midnight in Shanghai: the working day 2026-02-14 begins.
	if !c.IsWorkday(time.Date(2026, 2, 13, 16, 0, 0, 0, time.UTC)) || c.IsWorkday(time.Date(2026, 2, 14, 16, 0, 0, 0, time.UTC)) {
		t.Error("days are Shanghai's")
	}
	for year, want := range map[int]bool{2023: false, 2024: true, 2025: true, 2026: true, 2030: false} {
		if c.CoversYear(year) != want {
			t.Errorf("covers %d: %v", year, !want)
		}
	}
}

func TestDeadlinesPassOverSpringFestival(t *testing.T) {
	c := DefaultCalendar()
	for _, test := range []struct {
		from     string
		days     int
		deadline string
		half     string
	}{
		// Thursday; Friday and the exchanged Saturday count, then nine days off.
		{"2026-02-12 10:00:00", 1, "2026-02-13 23:59:59", "2026-02-13 09:00:00"},
		{"2026-02-12 10:00:00", 2, "2026-02-14 23:59:59", "2026-02-13 09:00:00"},
		{"2026-02-12 10:00:00", 3, "2026-02-24 23:59:59", "2026-02-14 09:00:00"},
		{"2026-02-12 10:00:00", 5, "2026-02-26 23:59:59", "2026-02-24 09:00:00"},
		{"2026-02-14 23:59:59", 1, "2026-02-24 23:59:59", "2026-02-24 09:00:00"},
		{"2026-02-17 08:00:00", 1, "2026-02-24 23:59:59", "2026-02-24 09:00:00"}, // filed on a day off
		{"2026-02-27 15:00:00", 2, "2026-03-02 23:59:59", "2026-02-28 09:00:00"}, // Saturday 02-28 works
		{"2026-03-06 17:00:00", 1, "2026-03-09 23:59:59", "2026-03-09 09:00:00"}, // over a weekend
		{"2026-03-02 00:00:00", 5, "2026-03-09 23:59:59", "2026-03-05 09:00:00"},
		{"2026-12-31 09:00:00", 1, "2027-01-01 23:59:59", "2027-01-01 09:00:00"}, // a year without a notice
		{"2026-03-05 10:00:00", 0, "2026-03-05 23:59:59", "2026-03-05 10:00:00"},
		{"2026-03-05 08:00:00", 0, "2026-03-05 23:59:59", "2026-03-05 09:00:00"},
		{"2026-03-05 10:00:00", -3, "2026-03-05 23:59:59", "2026-03-05 10:00:00"},
	} {
		from := inShanghai(t, test.from)
		if got := c.AddWorkingDays(from, test.days); !got.Equal(inShanghai(t, test.deadline)) {
			t.Errorf("%d days from %s end %s, want %s", test.days, test.from, got, test.deadline)
		}
		if got := c.Half(from, test.days); !got.Equal(inShanghai(t, test.half)) {
			t.Errorf("half of %d days from %s is %s, want %s", test.days, test.from, got, test.half)
		}
	}
}

func TestHalfLiesWithinThePeriod(t *testing.T) {
	c := DefaultCalendar()
	for hours := range 24 * 60 {
		from := inShanghai(t, "2026-01-20 00:30:00").Add(time.Duration(hours) * time.Hour)
		for days := range 8 {
			half, deadline := c.Half(from, days), c.AddWorkingDays(from, days)
			if half.Before(from) || half.After(deadline) || deadline.Before(from) {
				t.Fatalf("%d days from %s: half %s, deadline %s", days, from, half, deadline)
			}
			if days > 0 && (!c.IsWorkday(half) || !c.IsWorkday(deadline)) {
				t.Fatalf("%d days from %s: half %s, deadline %s on a day off", days, from, half, deadline)
			}
		}
	}
}

func TestTheNilCalendarKnowsTheWeek(t *testing.T) {
	var c *Calendar
	if c.CoversYear(2026) || !c.IsWorkday(inShanghai(t, "2026-02-17 10:00:00")) || c.IsWorkday(inShanghai(t, "2026-02-14 10:00:00")) {
		t.Error("the nil calendar is not Monday to Friday")
	}
	if got := c.AddWorkingDays(inShanghai(t, "2026-02-13 10:00:00"), 1); !got.Equal(inShanghai(t, "2026-02-16 23:59:59")) {
		t.Errorf("ends %s", got)
	}
}

func TestLoadCalendarRefusesWhatCannotBe(t *testing.T) {
	for tsv, says := range map[string]string{
		"2026-01-01\tholiday\t元旦":                                       "line 1",
		"date\tkind\tname\tsource\n2026-02-30\tholiday\tx\ty":           "out of range",
		"2026-01-01\tholiday\tx\ty\n2026-01-01\tholiday\tx\ty":          "twice",
		"2026-01-05\tworkday\tx\ty":                                     "cannot be",
		"2026-01-05\tHoliday\tx\ty":                                     "cannot be",
		"# a comment\r\n2026-01-03\tworkday\tx\ty\r\n\nx\ty\tz\tsource": "line 4",
	} {
		if _, err := LoadCalendar([]byte(tsv)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", tsv, err, says)
		}
	}
}

func TestNoticesHaveTheirSize(t *testing.T) {
	count := map[string]int{}
	for year := 2024; year <= 2026; year++ {
		for _, d := range DefaultCalendar().Exceptions(year) {
			kind := " off"
			if d.Works {
				kind = " on"
			}
			count[d.Date[:4]+kind]++
		}
	}
	for key, want := range map[string]int{"2024 off": 28, "2024 on": 8, "2025 off": 28, "2025 on": 5, "2026 off": 33, "2026 on": 6} {
		if count[key] != want {
			t.Errorf("%s: %d days, want %d", key, count[key], want)
		}
	}
}
