package web

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/sheet"
	"unireg/storage"
	"unireg/web/view"
)

const (
	// longestPeriod is how many days statistics are made of at once.
	longestPeriod = 731
	// mostDays is up to how many days each of them has a line; a longer period has
	// one for each month.
	mostDays = 62
	// ownFigures is what a staff member asks for who wants their own figures.
	ownFigures = "me"
)

// period is a stretch of days that is chosen by name.
type period struct {
	name, label string
	from        func(today time.Time) time.Time // to today
}

// periods are the choices; the last is what is shown first.
var periods = []period{
	{"today", "今天", func(t time.Time) time.Time { return t }},
	{"week", "本周", func(t time.Time) time.Time { return t.AddDate(0, 0, -(int(t.Weekday())+6)%7) }},
	{"month", "本月", func(t time.Time) time.Time { return t.AddDate(0, 0, 1-t.Day()) }},
	{"30d", "近 30 天", func(t time.Time) time.Time { return t.AddDate(0, 0, -29) }},
}

// asked is what somebody asks the statistics for.
type asked struct {
	query    storage.StatisticsQuery
	period   string // by name; "" for dates of their own
	from, to string // as typed
	person   string // as posted: "", ownFigures or an id
	problems []form.Problem
}

// askedFor reads what the address says. Kinds and regions that are none narrow
// nothing; another's figures are the supervisor's to see.
func (s *Server) askedFor(v *visit) (asked, error) {
	a := asked{from: v.Query("from"), to: v.Query("to"), person: v.Query("staff")}
	if kind := record.Kind(v.Query("kind")); slices.Contains(record.Kinds(), kind) {
		a.query.Kind = kind
	}
	if _, ok := codes.Regions.Lookup(v.Query("region")); ok {
		a.query.Region = v.Query("region")
	}
	a.query.ByStaff = v.staff.Role == record.Supervisor
	switch {
	case a.person == "":
	case a.person == ownFigures:
		a.query.Staff = v.staff.ID
	case !storage.ValidID(a.person):
		return asked{}, errNoPage
	case !a.query.ByStaff:
		return asked{}, record.Errorf(record.Forbidden, "其他人员的统计只有管理员可以查看")
	default:
		a.query.Staff = record.ID(strings.ToLower(a.person))
	}
	phrases, err := s.Store.Phrases(v.ctx, v.staff.ID, a.query.Kind)
	if err != nil {
		return asked{}, err
	}
	for _, p := range phrases {
		if p.Shared {
			a.query.Phrases = append(a.query.Phrases, p.Text)
		}
	}
	if a.from != "" || a.to != "" {
		a.readDates()
		return a, nil
	}
	chosen := periods[len(periods)-1]
	for _, p := range periods {
		if p.name == v.Query("period") {
			chosen = p
		}
	}
	a.period, a.query.From, a.query.To = chosen.name, chosen.from(today()), today()
	a.from, a.to = codes.CivilDate(a.query.From), codes.CivilDate(a.query.To)
	return a, nil
}

// readDates reads a period of one's own, and says what is wrong with it.
func (a *asked) readDates() {
	read := func(name, label, text string) time.Time {
		day, err := time.ParseInLocation(time.DateOnly, text, record.Shanghai)
		if err != nil {
			a.problems = append(a.problems, form.Problem{Field: name, Label: label, Message: "请填写日期，例如 " + codes.CivilDate(time.Now())})
		}
		return day
	}
	a.query.From, a.query.To = read("from", "开始日期", a.from), read("to", "结束日期", a.to)
	if len(a.problems) > 0 {
		return
	}
	days := int(a.query.To.Sub(a.query.From).Hours())/24 + 1
	switch {
	case days < 1:
		a.problems = append(a.problems, form.Problem{Field: "to", Label: "结束日期", Message: "不能早于开始日期"})
	case a.to > codes.CivilDate(time.Now()):
		a.problems = append(a.problems, form.Problem{Field: "to", Label: "结束日期", Message: "不能晚于今天"})
	case days > longestPeriod:
		a.problems = append(a.problems, form.Problem{Field: "from", Label: "开始日期", Message: "一次最多统计两年，请缩短时段"})
	}
	a.query.ByMonth = days > mostDays
}

// address is the page with other dates, or with the export's path, and all else
// as it is.
func (a asked) address(path, period string) string {
	values := url.Values{}
	set := func(name, value string) {
		if value != "" {
			values.Set(name, value)
		}
	}
	if period != "" {
		set("period", period)
	} else {
		set("from", a.from)
		set("to", a.to)
	}
	set("kind", string(a.query.Kind))
	set("region", a.query.Region)
	set("staff", a.person)
	return withQuery(path, values)
}

// showStatistics is what the desk came to in a period.
func showStatistics(s *Server, v *visit) error {
	a, err := s.askedFor(v)
	if err != nil {
		return err
	}
	m := view.StatisticsModel{
		From: a.from, To: a.to, Kind: string(a.query.Kind), Region: a.query.Region, Person: a.person, Problems: a.problems,
		Kinds: []view.Option{{Label: "全部类型"}}, Staff: []view.Option{{Label: "全部人员"}, {Value: ownFigures, Label: "只看我办理的"}},
		Regions: []view.Option{{Label: "全部地区"}},
	}
	for _, p := range periods {
		m.Periods = append(m.Periods, view.Filter{Label: p.label, Href: a.address("/staff/statistics", p.name), Count: -1, On: a.period == p.name})
	}
	for _, kind := range record.Kinds() {
		m.Kinds = append(m.Kinds, view.Option{Value: string(kind), Label: kindName(kind)})
	}
	desk, err := s.Store.DeskToday(v.ctx, v.staff.ID)
	if err != nil {
		return err
	}
	m.Today = view.DeskToday(desk)
	status := http.StatusUnprocessableEntity
	if len(a.problems) == 0 {
		status = http.StatusOK
		figures, err := s.Store.Statistics(v.ctx, a.query)
		if err != nil {
			return err
		}
		m.Period = v.tr("%s 至 %s", a.from, a.to)
		m.Empty = figures.Total == storage.Figures{}
		m.Cards, m.Tables = figureCards(figures.Total, a.query), figureTables(figures, a.query)
		m.ExportHref = a.address("/staff/statistics/export", "")
		m.Regions = append(m.Regions, regionChoices(figures.Regions)...)
		for _, member := range figures.Members {
			if record.ID(member.Key) != v.staff.ID {
				m.Staff = append(m.Staff, view.Option{Value: member.Key, Label: v.tr("%s（%s）", member.Name, member.Login)})
			}
		}
	}
	return v.render(status, view.StatisticsPage(v.page("统计"), m))
}

// exportStatistics sends the tables of the page as a workbook.
func exportStatistics(s *Server, v *visit) error {
	a, err := s.askedFor(v)
	if err != nil {
		return err
	}
	if len(a.problems) > 0 {
		return record.Errorf(record.Invalid, "时段有误，请返回统计页修改后再导出", a.problems...)
	}
	figures, err := s.Store.Statistics(v.ctx, a.query)
	if err != nil {
		return err
	}
	summary := sheet.Table{Name: "总览", Headings: []string{"指标", "数值", "说明"}}
	for _, card := range figureCards(figures.Total, a.query) {
		summary.Rows = append(summary.Rows, []string{card.Label, card.Value, card.Note})
	}
	tables := []sheet.Table{summary}
	for _, table := range figureTables(figures, a.query) {
		t := sheet.Table{Name: table.Title, Headings: table.Headings}
		for _, row := range table.Rows {
			t.Rows = append(t.Rows, append([]string{strings.TrimSpace(row.Head + " " + row.Sub)}, row.Cells...))
		}
		if table.Total != nil {
			t.Rows = append(t.Rows, append([]string{"合计"}, table.Total...))
		}
		tables = append(tables, t)
	}
	var content bytes.Buffer
	if err := sheet.WriteTables(&content, tables); err != nil {
		return err
	}
	return v.sendWorkbook("审核统计 "+a.from+" 至 "+a.to, &content)
}

// regionChoices offers the regions of which there is something to tell, below
// their provinces.
func regionChoices(regions []string) []view.Option {
	var all []view.Option
	province := ""
	for _, code := range regions {
		if code == "" {
			continue
		}
		if above := code[:2] + "0000"; above != province {
			province = above
			all = append(all, view.Option{Value: above, Label: regionName(above)})
		}
		if code != province {
			all = append(all, view.Option{Value: code, Label: regionName(code)})
		}
	}
	return all
}
