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
	storage.RulePeriods: {Text: "时限"}, storage.RuleSample: {Text: "抽查比例"}, storage.RuleConfirmation: {Text: "年度确认"},
}

// ruleLine words one change of the rules.
func ruleLine(v *visit, e storage.RuleEdition) view.RuleLine {
	line := view.RuleLine{At: e.At, By: e.Name, What: ruleTags[e.What], Note: e.Note, Changes: deltaWords(v, e.Deltas)}
	if line.By == "" {
		line.By = v.tr("系统管理命令")
	}
	return line
}

// deltaWords says of each thing that was changed what it was and what it is.
func deltaWords(v *visit, deltas []storage.RuleDelta) []string {
	var words []string
	for _, d := range deltas {
		switch {
		case d.Date != "":
			words = append(words, v.tr("%s %s：%s → %s", d.Date, v.shown(weekdayOf(d.Date)), dayWords(v, d.DayBefore), dayWords(v, d.DayAfter)))
		case d.Kind != "":
			words = append(words, periodWords(v, d)...)
		case d.ConfirmationAfter != nil:
			words = append(words, confirmationRuleWords(v, *d.ConfirmationBefore)+" → "+confirmationRuleWords(v, *d.ConfirmationAfter))
		default:
			words = append(words, fmt.Sprintf("%d%% → %d%%", d.SampleBefore, d.SampleAfter))
		}
	}
	return words
}

// confirmationRuleWords says what is asked for of the annual confirmation.
func confirmationRuleWords(v *visit, rule record.ConfirmationRule) string {
	switch {
	case rule.Days == 0:
		return v.tr("不要求年度确认")
	case rule.Stops:
		return v.tr("每 %d 天确认一次，逾期暂停参加交易", rule.Days)
	}
	return v.tr("每 %d 天确认一次，逾期只提醒", rule.Days)
}

func dayWords(v *visit, d record.Day) string {
	word := v.tr("休息日")
	if d.Works {
		word = v.tr("工作日")
	}
	if d.Name != "" {
		return word + " " + d.Name
	}
	return word
}

func periodWords(v *visit, d storage.RuleDelta) []string {
	days := func(n int) string {
		if n == 0 {
			return v.tr("默认")
		}
		return v.tr("%d 个工作日", n)
	}
	var words []string
	for _, stage := range periodStages {
		before, after := *stage.of(&d.PeriodsBefore), *stage.of(&d.PeriodsAfter)
		if before != after {
			words = append(words, v.tr("%s %s：%s → %s", v.shown(kindName(d.Kind)), v.shown(stage.label), days(before), days(after)))
		}
	}
	return words
}

// sampleWords says what the share is drawn from.
func sampleWords(p record.Policy) string {
	if p.SecondReview {
		return "改动关键项的变更都须复核；其余初审通过的件按这个比例随机抽取，由另一名人员复核后生效。"
	}
	return "初审通过的件按这个比例随机抽取，由另一名人员复核后生效。"
}

// moved says what follows a change of the rules.
func moved(v *visit, deltas []storage.RuleDelta, what string) string {
	if len(deltas) == 0 {
		return v.tr("没有变化，未作修改。")
	}
	return v.tr("%s进行中的件的时限随后自动调整。", what)
}

// yearWords names the years of a notice.
func yearWords(v *visit, years []int) string {
	var words []string
	for _, y := range years {
		words = append(words, v.tr("%d 年", y))
	}
	return strings.Join(words, v.tr("、"))
}
