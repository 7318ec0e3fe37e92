package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// seenEdition is the edition of the rules that the posted page showed.
func seenEdition(values url.Values) int64 {
	n, err := strconv.ParseInt(values.Get("edition"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// changeRules makes a change on behalf of the visit.
func (s *Server) changeRules(v *visit, values url.Values, c record.RuleChange) (storage.RulesChanged, error) {
	changed, err := s.Store.ChangeRules(v.ctx, v.actor(), storage.RuleChanging{RuleChange: c, Expected: seenEdition(values)})
	if err == nil && len(changed.Deltas) > 0 {
		v.audit("rules changed", "staff", v.staffID(), "edition", changed.Edition)
	}
	return changed, err
}

// calendarDate is the day in the path, within the years that the calendar shows.
func (v *visit) calendarDate() (time.Time, error) {
	at, err := time.ParseInLocation(time.DateOnly, v.Params("date"), record.Shanghai)
	if err != nil || calendarYear(strconv.Itoa(at.Year()), today()) != at.Year() {
		return time.Time{}, errNoPage
	}
	return at, nil
}

// showCalendarDay is the form of one day.
func showCalendarDay(s *Server, v *visit) error {
	at, err := v.calendarDate()
	if err != nil {
		return err
	}
	return s.renderCalendarDay(v, at, http.StatusOK, ruling{})
}

func (s *Server) renderCalendarDay(v *visit, at time.Time, status int, r ruling) error {
	if _, err := s.Store.FollowRules(v.ctx); err != nil {
		return err
	}
	policy := s.Store.Policy()
	d := policy.Calendar.Day(at)
	m := view.CalendarDayModel{
		Date: d.Date, Weekday: view.Weekday(at), Now: dayWords(v, d), Source: d.Source, Past: d.Date < today().Format(time.DateOnly),
		Works: !d.Works, Edition: strconv.FormatInt(policy.Edition, 10), BackHref: fmt.Sprintf("/staff/calendar?year=%d", at.Year()),
		MaxName: record.MaxDayName, MaxNote: record.MaxNote, Problems: r.problems,
	}
	if r.typed != nil {
		m.Works, m.Name, m.Note = r.typed.Get("works") == "on", r.typed.Get("name"), r.typed.Get("note")
	}
	p := v.page(m.Date)
	if r.notice != nil {
		p.Flash = append(p.Flash, *r.notice)
	}
	return v.render(status, view.CalendarDayPage(p, m))
}

// changeCalendarDay makes a day a working day or a day off.
func changeCalendarDay(s *Server, v *visit) error {
	at, err := v.calendarDate()
	if err != nil {
		return err
	}
	values, err := v.form()
	if err != nil {
		return err
	}
	r := ruling{typed: values}
	note := form.Clean(values.Get("note"))
	d := record.Day{
		Date: at.Format(time.DateOnly), Works: values.Get("works") == "on", Name: form.Clean(values.Get("name")), Source: note, Staff: true,
	}
	if works := values.Get("works"); works != "on" && works != "off" {
		r.problems = append(r.problems, form.Problem{Field: "works", Label: "改为", Message: "请选择休息日或工作日"})
		return s.renderCalendarDay(v, at, http.StatusUnprocessableEntity, r)
	}
	changed, err := s.changeRules(v, values, record.RuleChange{Day: &d, Note: note})
	switch code := record.CodeOf(err); {
	case err == nil:
	case code == record.Invalid:
		r.problems = append(r.problems, form.Problem{Field: "name", Label: "日期", Message: messageOf(err)})
		return s.renderCalendarDay(v, at, http.StatusUnprocessableEntity, r)
	case code == record.Conflict:
		r.notice = &view.Notice{Tone: view.Bad, Title: "没有保存", Text: messageOf(err)}
		return s.renderCalendarDay(v, at, http.StatusConflict, r)
	default:
		return err
	}
	v.flash(view.Good, moved(v, changed.Deltas, v.tr("%s 已改为%s。", d.Date, dayWords(v, d))))
	return v.see(fmt.Sprintf("/staff/calendar?year=%d", at.Year()))
}

// changePeriods sets the periods of every kind, as the table has them.
func changePeriods(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	r := ruling{typed: values}
	periods := map[record.Kind]record.Periods{}
	for _, k := range record.Kinds() {
		var p record.Periods
		for _, stage := range periodStages {
			text := form.Clean(values.Get(periodField(k, stage)))
			if text == "" {
				continue
			}
			n, err := strconv.Atoi(text)
			if err != nil || n < record.MinPeriod || n > record.MaxPeriod {
				r.problems = append(r.problems, form.Problem{
					Field: periodField(k, stage), Label: kindName(k) + stage.label,
					Message: v.tr("请填写 %d 至 %d 的整数，或留空", record.MinPeriod, record.MaxPeriod),
				})
			}
			*stage.of(&p) = n
		}
		periods[k] = p
	}
	if len(r.problems) > 0 {
		return s.renderCalendar(v, http.StatusUnprocessableEntity, r)
	}
	return s.ruled(v, r, "periods_note", record.RuleChange{Periods: periods, Note: form.Clean(values.Get("periods_note"))}, "时限已修改。")
}

// changeSample sets the share of second reviews.
func changeSample(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	r := ruling{typed: values}
	percent, err := strconv.Atoi(strings.TrimSuffix(form.Clean(values.Get("sample")), "%"))
	if err != nil {
		r.problems = append(r.problems, form.Problem{Field: "sample", Label: "抽查比例", Message: "请填写 0 至 100 的整数"})
		return s.renderCalendar(v, http.StatusUnprocessableEntity, r)
	}
	return s.ruled(v, r, "sample", record.RuleChange{Sample: &percent, Note: form.Clean(values.Get("sample_note"))}, "抽查比例已修改。")
}

// changeConfirmation sets the annual confirmation.
func changeConfirmation(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	r := ruling{typed: values}
	text := form.Clean(values.Get("confirm_days"))
	days, err := strconv.Atoi(cmp.Or(text, "0"))
	if err != nil || days != 0 && (days < record.MinConfirmation || days > record.MaxConfirmation) {
		r.problems = append(r.problems, form.Problem{
			Field: "confirm_days", Label: "多少天确认一次", Message: v.tr("请填写 %d 至 %d 的整数，不要求的填 0", record.MinConfirmation, record.MaxConfirmation),
		})
		return s.renderCalendar(v, http.StatusUnprocessableEntity, r)
	}
	rule := record.ConfirmationRule{Days: days, Stops: days > 0 && values.Get("confirm_stops") == "on"}
	return s.ruled(v, r, "confirm_days", record.RuleChange{Confirmation: &rule, Note: form.Clean(values.Get("confirm_note"))}, "年度确认已修改。")
}

// ruled makes a change that was posted from the page of the calendar, and answers.
// A problem of the whole is told at the named field.
func (s *Server) ruled(v *visit, r ruling, field string, c record.RuleChange, done string) error {
	changed, err := s.changeRules(v, r.typed, c)
	switch code := record.CodeOf(err); {
	case err == nil:
	case code == record.Invalid:
		r.problems = append(r.problems, form.Problem{Field: field, Label: "没有保存", Message: messageOf(err)})
		return s.renderCalendar(v, http.StatusUnprocessableEntity, r)
	case code == record.Conflict:
		r.notice = &view.Notice{Tone: view.Bad, Title: "没有保存", Text: messageOf(err)}
		return s.renderCalendar(v, http.StatusConflict, r)
	default:
		return err
	}
	if (c.Sample != nil || c.Confirmation != nil) && len(changed.Deltas) > 0 {
		v.flash(view.Good, done)
	} else {
		v.flash(view.Good, moved(v, changed.Deltas, done))
	}
	return v.see("/staff/calendar")
}

// showNotice is the form that takes over a year's notice.
func showNotice(s *Server, v *visit) error {
	return s.renderNotice(v, http.StatusOK, view.NoticeModel{})
}

func (s *Server) renderNotice(v *visit, status int, m view.NoticeModel) error {
	if _, err := s.Store.FollowRules(v.ctx); err != nil {
		return err
	}
	if m.MaxNote = record.MaxNote; m.Edition == "" {
		m.Edition = strconv.FormatInt(s.Store.Policy().Edition, 10)
	}
	return v.render(status, view.NoticePage(v.page("导入放假通知"), m))
}

// takeNotice shows what a notice would change, and with step = apply changes it.
func takeNotice(s *Server, v *visit) error {
	values, err := v.form()
	if err != nil {
		return err
	}
	m := view.NoticeModel{Text: strings.ReplaceAll(values.Get("tsv"), "\r\n", "\n"), Note: form.Clean(values.Get("note"))}
	refuse := func(status int, message string) error {
		m.Problems = append(m.Problems, form.Problem{Field: "tsv", Label: "日期列表", Message: message})
		return s.renderNotice(v, status, m)
	}
	days, err := record.ReadNotice([]byte(m.Text))
	if fault, ok := errors.AsType[*record.NoticeFault](err); ok {
		return refuse(http.StatusUnprocessableEntity, fault.Explain())
	}
	if err != nil {
		return err
	}
	if len(days) == 0 {
		return refuse(http.StatusUnprocessableEntity, "请粘贴日期列表")
	}
	change := record.RuleChange{Notice: days, Note: m.Note}
	look := storage.RuleChanging{RuleChange: change, Expected: storage.AnyEdition, Look: values.Get("step") != "apply"}
	if !look.Look {
		look.Expected = seenEdition(values)
	}
	changed, err := s.Store.ChangeRules(v.ctx, v.actor(), look)
	switch code := record.CodeOf(err); {
	case err == nil:
	case code == record.Invalid:
		return refuse(http.StatusUnprocessableEntity, messageOf(err))
	case code == record.Conflict:
		return refuse(http.StatusConflict, messageOf(err))
	default:
		return err
	}
	if look.Look {
		m.Edition = strconv.FormatInt(changed.Edition, 10) // of what was looked at
		m.Preview, m.Years, m.Changes = true, yearWords(v, change.Years()), deltaWords(v, changed.Deltas)
		return s.renderNotice(v, http.StatusOK, m)
	}
	v.audit("rules changed", "staff", v.staffID(), "edition", changed.Edition)
	v.flash(view.Good, moved(v, changed.Deltas, v.tr("已导入%s的放假通知。", yearWords(v, change.Years()))))
	return v.see(fmt.Sprintf("/staff/calendar?year=%d", change.Years()[0]))
}
