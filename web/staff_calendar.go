package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/web/view"
)

// calendarReach is how many years before and after the present one the calendar
// shows.
const calendarReach = 3

// rulesPage is the number of lines of a page of changes.
const rulesPage = 20

// ruling is what was typed on the page of periods and calendar, and what was said
// of it.
type ruling struct {
	typed    url.Values // of the form that was posted
	problems []form.Problem
	notice   *view.Notice
}

// showCalendar is the year with its working days, the periods and their history.
func showCalendar(s *Server, v *visit) error {
	return s.renderCalendar(v, http.StatusOK, ruling{})
}

func (s *Server) renderCalendar(v *visit, status int, r ruling) error {
	// Another portal may have changed the rules a moment ago.
	if _, err := s.Store.FollowRules(v.ctx); err != nil {
		return err
	}
	policy, now := s.Store.Policy(), today()
	year := calendarYear(v.Query("year"), now)
	m := view.CalendarModel{
		Year: year, Covered: policy.Calendar.CoversYear(year), CanChange: v.staff.Role == record.Supervisor,
		Edition: strconv.FormatInt(policy.Edition, 10), Problems: r.problems,
		Periods: periodRows(policy, r), PeriodsNote: r.typed.Get("periods_note"),
		Sample: strconv.Itoa(policy.SamplePercent), SampleNote: r.typed.Get("sample_note"), SampleBy: sampleWords(policy),
	}
	m.Confirmation = confirmationRuleModel(v, policy.Confirmations.At(now), r)
	if r.typed.Has("sample") {
		m.Sample = r.typed.Get("sample")
	}
	address := func(year int) string { return "/staff/calendar?year=" + strconv.Itoa(year) }
	if year > now.Year()-calendarReach {
		m.PrevHref = address(year - 1)
	}
	if year < now.Year()+calendarReach {
		m.NextHref = address(year + 1)
	}
	m.Months, m.Workdays = calendarMonths(policy.Calendar, year, now)
	for _, d := range policy.Calendar.Exceptions(year) {
		m.Days = append(m.Days, exceptionOf(d))
	}
	if err := s.addRuleHistory(v, &m); err != nil {
		return err
	}
	p := v.page("时限与日历")
	if r.notice != nil {
		p.Flash = append(p.Flash, *r.notice)
	}
	return v.render(status, view.CalendarPage(p, m))
}

// calendarYear is the year that is asked for, as far as the calendar reaches.
func calendarYear(text string, now time.Time) int {
	year := number(text)
	if year == 0 {
		return now.Year()
	}
	return min(max(year, now.Year()-calendarReach), now.Year()+calendarReach)
}

// calendarMonths are the months of a year by weeks, and the number of its working
// days.
func calendarMonths(calendar *record.Calendar, year int, now time.Time) ([]view.CalendarMonth, int) {
	var months []view.CalendarMonth
	workdays := 0
	for month := time.January; month <= time.December; month++ {
		m := view.CalendarMonth{Name: fmt.Sprintf("%d 月", month)}
		var week [7]view.CalendarDay
		for at := time.Date(year, month, 1, 0, 0, 0, 0, record.Shanghai); at.Month() == month; at = at.AddDate(0, 0, 1) {
			column := (int(at.Weekday()) + 6) % 7 // from Monday on
			week[column] = calendarDay(calendar.Day(at), at, now)
			if week[column].Works {
				workdays++
			}
			if column == 6 {
				m.Weeks, week = append(m.Weeks, week), [7]view.CalendarDay{}
			}
		}
		if week[0].Number > 0 {
			m.Weeks = append(m.Weeks, week)
		}
		months = append(months, m)
	}
	return months, workdays
}

func calendarDay(d record.Day, at, now time.Time) view.CalendarDay {
	shown := view.CalendarDay{
		Number: at.Day(), Date: d.Date, Works: d.Works, Name: d.Name, Staff: d.Staff, Today: now.Format(time.DateOnly) == d.Date,
	}
	switch {
	case d.Works && !d.Weekly():
		shown.Mark = "班"
	case !d.Works && (!d.Weekly() || d.Name != ""):
		shown.Mark = "休"
	}
	return shown
}

func exceptionOf(d record.Day) view.CalendarException {
	e := view.CalendarException{Date: d.Date, Weekday: weekdayOf(d.Date), Name: d.Name, Source: d.Source, State: view.Tag{Text: "放假", Tone: view.Bad}}
	if d.Works {
		e.State = view.Tag{Text: "上班", Tone: view.Info}
	}
	if d.Staff {
		e.State.Text = fmt.Sprintf("%s，本系统设置", e.State.Text)
	}
	return e
}

func weekdayOf(date string) string {
	at, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return view.Weekday(at)
}

// periodStage is a stage with a period, in the order of the table.
type periodStage struct {
	name, label string
	of          func(*record.Periods) *int
}

var periodStages = []periodStage{
	{"review", "初审", func(p *record.Periods) *int { return &p.Review }},
	{"second", "复核", func(p *record.Periods) *int { return &p.Second }},
	{"correction", "补正", func(p *record.Periods) *int { return &p.Correction }},
}

func periodField(k record.Kind, stage periodStage) string { return string(k) + "." + stage.name }

// periodRows are the periods of every kind: as typed, where they were.
func periodRows(policy record.Policy, r ruling) []view.PeriodRow {
	usual := record.Policy{ReviewDays: policy.ReviewDays, CorrectionDays: policy.CorrectionDays}
	var rows []view.PeriodRow
	for _, k := range record.Kinds() {
		row := view.PeriodRow{Kind: string(k), Label: kindName(k)}
		own, configured := policy.Periods[k], usual.PeriodsOf(k)
		for _, stage := range periodStages {
			cell := view.PeriodCell{Name: periodField(k, stage), Label: stage.label, Usual: *stage.of(&configured)}
			if n := *stage.of(&own); n > 0 {
				cell.Value = strconv.Itoa(n)
			}
			if r.typed.Has(cell.Name) {
				cell.Value = r.typed.Get(cell.Name)
			}
			for _, p := range r.problems {
				if p.Field == cell.Name {
					cell.Problem = p.Message
				}
			}
			row.Cells = append(row.Cells, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// confirmationRuleModel is the annual confirmation: as typed, where it was.
func confirmationRuleModel(v *visit, rule record.ConfirmationRule, r ruling) view.ConfirmationRuleModel {
	m := view.ConfirmationRuleModel{
		Now: confirmationRuleWords(v, rule), Days: strconv.Itoa(rule.Days), Stops: rule.Stops, Note: r.typed.Get("confirm_note"),
		Grace: record.ConfirmationGrace, Least: record.MinConfirmation, Most: record.MaxConfirmation,
	}
	if r.typed.Has("confirm_days") {
		m.Days, m.Stops = r.typed.Get("confirm_days"), r.typed.Get("confirm_stops") == "on"
	}
	return m
}

// addRuleHistory adds a page of the changes.
func (s *Server) addRuleHistory(v *visit, m *view.CalendarModel) error {
	history, err := s.Store.RuleHistory(v.ctx)
	if err != nil {
		return err
	}
	page, pager := paged(len(history), rulesPage, number(v.Query("page")), func(n int) string {
		return withQuery("/staff/calendar", url.Values{"year": {strconv.Itoa(m.Year)}, "page": {strconv.Itoa(n)}})
	})
	m.Pager = pager
	for _, e := range history[page.from:page.to] {
		m.History = append(m.History, ruleLine(v, e))
	}
	return nil
}
