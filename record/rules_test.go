package record_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/record"
)

func TestB03_RulesLieOverTheConfiguration(t *testing.T) {
	configured := periodPolicy()
	configured.SamplePercent = 5
	require.Equal(t, configured, configured.Under(record.Rules{}))
	share := 0
	p := configured.Under(record.Rules{
		Edition: 3, Sample: &share, Periods: map[record.Kind]record.Periods{record.Award: {Review: 9}},
		Days:  []record.Day{{Date: "2026-03-03", Name: "停电检修", Staff: true}, {Date: "2026-10-01", Works: true, Name: "值班", Staff: true}},
		Years: []int{2027},
	})
	require.Equal(t, int64(3), p.Edition)
	require.Zero(t, p.SamplePercent)
	require.Equal(t, 9, p.PeriodsOf(record.Award).Review)
	require.False(t, p.Calendar.IsWorkday(shanghai(t, "2026-03-03 10:00")))
	require.True(t, p.Calendar.IsWorkday(shanghai(t, "2026-10-01 10:00")))
	require.True(t, p.Calendar.CoversYear(2026))
	require.True(t, p.Calendar.CoversYear(2027))
	require.Equal(t, "停电检修", p.Calendar.Day(shanghai(t, "2026-03-03 23:59")).Name)
	require.Equal(t, "2026-03-05", p.PlanFor(record.Qualification, record.Returned, shanghai(t, "2026-02-26 10:00"), record.Used{}).LapseAt.Format("2006-01-02"))

	require.True(t, configured.Calendar.IsWorkday(shanghai(t, "2026-03-03 10:00")), "the configured calendar is as it was")
	require.False(t, configured.Calendar.CoversYear(2027))
}

const notice2027 = "date\tkind\tname\tsource\n" +
	"2027-01-01\tholiday\t元旦\t国办发明电〔2026〕9号\n" +
	"2027-01-02\tholiday\t元旦\t国办发明电〔2026〕9号\n" +
	"2027-01-03\tholiday\t元旦\t国办发明电〔2026〕9号\n" +
	"2027-02-07\tworkday\t春节\t国办发明电〔2026〕9号\n"

func TestB03_ANoticeIsWholeForItsYears(t *testing.T) {
	days, err := record.ReadNotice([]byte(notice2027))
	require.NoError(t, err)
	change := record.RuleChange{Notice: days}
	require.NoError(t, change.Check(shanghai(t, "2026-11-20 10:00")))
	require.Equal(t, []int{2027}, change.Years())
	calendar := record.DefaultCalendar()
	require.Equal(t, days, change.Days(calendar), "nothing was known of the year")
	calendar = calendar.With(days, change.Years())
	require.Empty(t, change.Days(calendar), "the same again changes nothing")

	local := record.Day{Date: "2027-03-18", Name: "本地节日", Source: "省政府", Staff: true}
	calendar = calendar.With([]record.Day{local}, nil)
	amended, err := record.ReadNotice([]byte("2027-01-01\tholiday\t元旦\t国办发明电〔2026〕9号\n2027-01-04\tholiday\t元旦\t国办发明电〔2026〕12号\n"))
	require.NoError(t, err)
	change = record.RuleChange{Notice: amended}
	require.Equal(t, []record.Day{
		{Date: "2027-01-02"}, {Date: "2027-01-03"}, amended[1], {Date: "2027-02-07"},
	}, change.Days(calendar), "what it leaves out is as the week has it, and what staff set stays")
	after := calendar.With(change.Days(calendar), change.Years())
	require.False(t, after.IsWorkday(shanghai(t, "2027-02-07 10:00")))
	require.Equal(t, local, after.On("2027-03-18"))
	require.Len(t, after.Exceptions(2027), 3)
	require.Empty(t, after.Exceptions(2031))
	require.Empty(t, (*record.Calendar)(nil).Exceptions(2026))
	require.Equal(t, record.Day{Date: "31.12."}, after.On("31.12."))
}

func TestB03_AChangeOfRulesIsChecked(t *testing.T) {
	today := shanghai(t, "2026-03-04 10:00")
	day := func(d record.Day) record.RuleChange { return record.RuleChange{Day: &d} }
	percent := func(n int) record.RuleChange { return record.RuleChange{Sample: &n} }
	periods := func(p record.Periods) record.RuleChange {
		return record.RuleChange{Periods: map[record.Kind]record.Periods{record.Award: p}}
	}
	for name, c := range map[string]struct {
		change record.RuleChange
		says   string
	}{
		"a day off tomorrow":             {day(record.Day{Date: "2026-03-05", Name: "台风停业"}), ""},
		"a day off that is over":         {day(record.Day{Date: "2026-03-03", Name: "台风停业"}), ""},
		"a working Saturday":             {day(record.Day{Date: "2026-03-07", Works: true, Name: "补班"}), ""},
		"a day as the week has it":       {day(record.Day{Date: "2026-10-01", Works: true}), ""},
		"a day as the week has it again": {day(record.Day{Date: "2026-03-07"}), ""},
		"a working day that is over":     {day(record.Day{Date: "2026-03-01", Works: true, Name: "补班"}), "已过去的日期"},
		"no name":                        {day(record.Day{Date: "2026-03-05"}), "请写明名称"},
		"a long name":                    {day(record.Day{Date: "2026-03-05", Name: strings.Repeat("长", 21)}), "最多 20 个字"},
		"no date":                        {day(record.Day{Date: "2026-3-5", Name: "x"}), "2026-01-31 的样式"},
		"too far":                        {day(record.Day{Date: "2036-03-05", Name: "x"}), "超出日历的范围"},
		"too far back in a notice":       {record.RuleChange{Notice: []record.Day{{Date: "1999-03-05", Name: "x"}}}, "超出日历的范围"},
		"a long note":                    {record.RuleChange{Note: strings.Repeat("长", 201)}, "说明最多 200 个字"},
		"periods":                        {periods(record.Periods{Review: 1, Second: 60}), ""},
		"a period too long":              {periods(record.Periods{Review: 61}), "1 至 60 个工作日"},
		"a period of less than none":     {periods(record.Periods{Correction: -1}), "1 至 60 个工作日"},
		"no kind":                        {record.RuleChange{Periods: map[record.Kind]record.Periods{"licence": {Review: 1}}}, "没有这一类记录"},
		"all":                            {percent(100), ""},
		"more than all":                  {percent(101), "0 至 100"},
		"less than none":                 {percent(-1), "0 至 100"},
	} {
		err := c.change.Check(today)
		if c.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, c.says, name)
		require.Equal(t, record.Invalid, record.CodeOf(err), name)
	}
}

func TestB03_ACalendarOnWhichNobodyWorksEndsTheSearch(t *testing.T) {
	var days []record.Day
	for at := shanghai(t, "2026-01-01 00:00"); at.Year() < 2029; at = at.AddDate(0, 0, 1) {
		days = append(days, record.Day{Date: at.Format("2006-01-02"), Name: "x"})
	}
	c := record.DefaultCalendar().With(days, nil)
	require.True(t, c.AddWorkingDays(shanghai(t, "2026-03-02 10:00"), 2).After(shanghai(t, "2027-03-02 10:00")))
}
