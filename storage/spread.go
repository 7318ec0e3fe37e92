package storage

import (
	"time"

	"unireg/record"
)

// spread counts how often each whole number occurred.
type spread struct {
	counts []int
	n      int
}

func (s *spread) add(value int) {
	if value >= len(s.counts) {
		s.counts = append(s.counts, make([]int, value+1-len(s.counts))...)
	}
	s.counts[value]++
	s.n++
}

// at is the smallest number that so many of a hundred do not exceed; 0 of none.
func (s *spread) at(percent int) int {
	rank := (s.n*percent + 99) / 100
	for value, count := range s.counts {
		if rank -= count; rank <= 0 {
			return value
		}
	}
	return 0
}

// numbers appends the whole numbers of a text, which have commas between them.
func numbers(all []int, text string) []int {
	value := 0
	for i := range len(text) {
		if digit := text[i]; digit != ',' {
			value = 10*value + int(digit-'0')
			continue
		}
		all, value = append(all, value), 0
	}
	if text != "" {
		all = append(all, value)
	}
	return all
}

// civilDay is the day in Shanghai on which an instant lies, as the database's
// dates are read: at midnight, UTC.
func civilDay(t time.Time) time.Time {
	year, month, day := t.In(record.Shanghai).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// workingDays counts the working days between two civil days, neither of which
// lies behind last.
type workingDays struct {
	calendar *record.Calendar
	last     time.Time // as civilDay
	behind   []int     // by how many days before last: the working days after that day, through last
}

// between is the number of working days after the day that lies so many days
// before the other, through the other.
func (w *workingDays) between(day time.Time, days int) int {
	to := int(w.last.Sub(day).Hours()) / 24
	return w.after(to+days) - w.after(to)
}

func (w *workingDays) after(daysBefore int) int {
	for len(w.behind) <= daysBefore {
		n := len(w.behind)
		if n == 0 {
			w.behind = append(w.behind, 0)
			continue
		}
		worked := w.behind[n-1]
		year, month, date := w.last.AddDate(0, 0, 1-n).Date()
		if w.calendar.IsWorkday(time.Date(year, month, date, 0, 0, 0, 0, record.Shanghai)) {
			worked++
		}
		w.behind = append(w.behind, worked)
	}
	return w.behind[daysBefore]
}
