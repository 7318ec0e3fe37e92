package web

import (
	"fmt"
	"strings"

	"unireg/record"
	"unireg/storage"
	"unireg/web/view"
)

var ruleTags = map[storage.RuleSubject]view.Tag{
	storage.RuleDay: {Text: "日历"}, storage.RuleNotice: {Text: "放假通知", Tone: view.Info},
	storage.RulePeriods: {Text: "时限"}, storage.RuleSample: {Text: "抽查比例"},
}

// ruleLine words one change of the rules.
func ruleLine(e storage.RuleEdition) view.RuleLine {
	line := view.RuleLine{At: e.At, By: e.Name, What: ruleTags[e.What], Note: e.Note, Changes: deltaWords(e.Deltas)}
	if line.By == "" {
		line.By = "系统管理命令"
	}
	return line
}

// deltaWords says of each thing that was changed what it was and what it is.
func deltaWords(deltas []storage.RuleDelta) []string {
	var words []string
	for _, d := range deltas {
		switch {
		case d.Date != "":
			words = append(words, fmt.Sprintf("%s %s：%s → %s", d.Date, weekdayOf(d.Date), dayWords(d.DayBefore), dayWords(d.DayAfter)))
		case d.Kind != "":
			words = append(words, periodWords(d)...)
		default:
			words = append(words, fmt.Sprintf("%d%% → %d%%", d.SampleBefore, d.SampleAfter))
		}
	}
	return words
}

func dayWords(d record.Day) string {
	word := "休息日"
	if d.Works {
		word = "工作日"
	}
	if d.Name != "" {
		return word + " " + d.Name
	}
	return word
}

func periodWords(d storage.RuleDelta) []string {
	days := func(n int) string {
		if n == 0 {
			return "默认"
		}
		return fmt.Sprintf("%d 个工作日", n)
	}
	var words []string
	for _, stage := range periodStages {
		before, after := *stage.of(&d.PeriodsBefore), *stage.of(&d.PeriodsAfter)
		if before != after {
			words = append(words, fmt.Sprintf("%s %s：%s → %s", kindName(d.Kind), stage.label, days(before), days(after)))
		}
	}
	return words
}

// sampleWords says what the share is drawn from.
func sampleWords(p record.Policy) string {
	from := "改动关键项的变更都须复核；其余"
	if !p.SecondReview {
		from = ""
	}
	return from + "初审通过的件按这个比例随机抽取，由另一名人员复核后生效。"
}

// moved says what follows a change of the rules.
func moved(deltas []storage.RuleDelta, what string) string {
	if len(deltas) == 0 {
		return "没有变化，未作修改。"
	}
	return what + "进行中的件的时限随后自动调整。"
}

// yearWords names the years of a notice.
func yearWords(years []int) string {
	var words []string
	for _, y := range years {
		words = append(words, fmt.Sprintf("%d 年", y))
	}
	return strings.Join(words, "、")
}
