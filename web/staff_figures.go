package web

import (
	"fmt"
	"strconv"

	"unireg/record"
	"unireg/record/codes"
	"unireg/record/form"
	"unireg/storage"
	"unireg/web/view"
)

// none stands where a measure has nothing to be measured.
const none = "—"

// figureColumn is one measure in the tables.
type figureColumn struct {
	label string
	value func(storage.Figures) string
}

func counted(f func(storage.Figures) int) func(storage.Figures) string {
	return func(figures storage.Figures) string { return strconv.Itoa(f(figures)) }
}

// took writes a duration of decisions; without decisions there is none.
func took(f func(storage.Figures) float64) func(storage.Figures) string {
	return func(figures storage.Figures) string {
		if figures.Decided() == 0 {
			return none
		}
		return strconv.FormatFloat(f(figures), 'f', -1, 64)
	}
}

// share writes a part of a whole in hundredths.
func share(part, whole int) string {
	if whole == 0 {
		return none
	}
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}

// The measures, by the names that the page has for them.
var (
	columnReceived  = figureColumn{"收到", counted(func(f storage.Figures) int { return f.Received })}
	columnDecided   = figureColumn{"办结", counted(storage.Figures.Decided)}
	columnApproved  = figureColumn{"通过", counted(func(f storage.Figures) int { return f.Approved })}
	columnReturned  = figureColumn{"退回补正", counted(func(f storage.Figures) int { return f.Returned })}
	columnConfirmed = figureColumn{"复核通过", counted(func(f storage.Figures) int { return f.Confirmed })}
	columnRejected  = figureColumn{"退回初审", counted(func(f storage.Figures) int { return f.Rejected })}
	columnWithdrawn = figureColumn{"撤回", counted(func(f storage.Figures) int { return f.Withdrawn })}
	columnLate      = figureColumn{"超时办结", counted(func(f storage.Figures) int { return f.Late })}
	columnPassed    = figureColumn{"一次通过率", func(f storage.Figures) string { return share(f.Passed, f.Fresh) }}
	columnDays      = figureColumn{"用时中位数（工作日）", took(func(f storage.Figures) float64 { return f.Days.Median })}
	columnDays90    = figureColumn{"九成用时（工作日）", took(func(f storage.Figures) float64 { return f.Days.P90 })}
	columnHours     = figureColumn{"用时中位数（小时）", took(func(f storage.Figures) float64 { return f.Hours.Median })}
	columnHours90   = figureColumn{"九成用时（小时）", took(func(f storage.Figures) float64 { return f.Hours.P90 })}
	columnKey       = figureColumn{"关键项变更", counted(func(f storage.Figures) int { return f.KeyChanges })}
	columnSampled   = figureColumn{"抽查复核", counted(func(f storage.Figures) int { return f.Sampled })}
	columnWaiting   = figureColumn{"现有待办", counted(func(f storage.Figures) int { return f.Waiting })}
	columnOverdue   = figureColumn{"现已超时", counted(func(f storage.Figures) int { return f.Overdue })}
)

var (
	decisionColumns = []figureColumn{columnDecided, columnApproved, columnReturned, columnConfirmed, columnRejected}
	speedColumns    = []figureColumn{
		columnPassed, columnLate, columnDays, columnDays90, columnHours, columnHours90, columnKey, columnSampled, columnWaiting, columnOverdue,
	}
)

// figureColumns are the measures of the lines of a table. What came in and what
// was taken back is nobody's: it is left out where figures are a person's.
func figureColumns(persons, days bool) []figureColumn {
	var columns []figureColumn
	if !persons {
		columns = append(columns, columnReceived)
	}
	columns = append(columns, decisionColumns...)
	if !persons {
		columns = append(columns, columnWithdrawn)
	}
	if days {
		return append(columns, columnPassed, columnLate, columnKey, columnSampled)
	}
	return append(columns, speedColumns...)
}

// figureCards are the measures of all that the query takes in.
func figureCards(f storage.Figures, q storage.StatisticsQuery) []view.FigureCard {
	cards := []view.FigureCard{
		{Label: "办结", Value: strconv.Itoa(f.Decided()), Note: fmt.Sprintf("通过 %d，退回补正 %d，复核通过 %d，退回初审 %d", f.Approved, f.Returned, f.Confirmed, f.Rejected)},
		{Label: "一次通过率", Value: share(f.Passed, f.Fresh), Note: fmt.Sprintf("首次申报和变更初审 %d 件，通过 %d 件", f.Fresh, f.Passed)},
		{Label: "超时办结", Value: strconv.Itoa(f.Late), Note: "占办结 " + share(f.Late, f.Decided())},
		{Label: "用时中位数（工作日）", Value: columnDays.value(f), Note: "九成不超过 " + columnDays90.value(f)},
		{Label: "用时中位数（小时）", Value: columnHours.value(f), Note: "九成不超过 " + columnHours90.value(f)},
		{Label: "关键项变更", Value: strconv.Itoa(f.KeyChanges), Note: "占办结 " + share(f.KeyChanges, f.Decided())},
		{Label: "抽查复核", Value: strconv.Itoa(f.Sampled), Note: "占办结 " + share(f.Sampled, f.Decided())},
	}
	waiting := view.FigureCard{Label: "现有待办", Value: strconv.Itoa(f.Waiting), Note: "此刻，与时段无关"}
	if q.Staff == "" {
		received := view.FigureCard{Label: "收到", Value: strconv.Itoa(f.Received), Note: fmt.Sprintf("另有申报人撤回 %d", f.Withdrawn)}
		cards = append([]view.FigureCard{received}, cards...)
	} else {
		waiting.Note = "此刻领取或分派的"
	}
	overdue := view.FigureCard{Label: "现已超时", Value: strconv.Itoa(f.Overdue), Note: "占待办 " + share(f.Overdue, f.Waiting)}
	if f.Overdue > 0 {
		overdue.Tone = view.Bad
	}
	return append(cards, waiting, overdue)
}

// figureTables are the tables of the page and of the workbook alike.
func figureTables(s storage.Statistics, q storage.StatisticsQuery) []view.FigureTable {
	one := q.Staff != ""
	days := figuresBy("by-day", "按日期", "日期", s.ByDay, figureColumns(one, true), &s.Total, func(l storage.FigureLine) (string, string) { return l.Key, "" })
	if q.ByMonth {
		days.Title, days.Headings[0] = "按月份", "月份"
	}
	days.Chart = &view.FigureChart{
		Label: "柱状图：收到和办结的件数，虚线为超时办结", Bars: columnsOf(days, columnReceived, columnDecided), Line: columnsOf(days, columnLate)[0],
		Colours: []string{"ctl", "blue", "err"},
	}
	if one {
		days.Chart.Label, days.Chart.Colours = "柱状图：办结的件数，虚线为超时办结", days.Chart.Colours[1:]
	}
	outcome := func(t view.FigureTable, label string) view.FigureTable {
		t.Chart = &view.FigureChart{
			Label: "条形图：" + label + "的办结件数，按结论分段", Lying: true, Stack: true,
			Bars: columnsOf(t, columnApproved, columnReturned, columnConfirmed, columnRejected), Colours: []string{"ok", "warn", "blue", "ctl"},
		}
		return t
	}
	tables := []view.FigureTable{
		days,
		outcome(figuresBy("by-kind", "按类型", "类型", s.ByKind, figureColumns(one, false), &s.Total, func(l storage.FigureLine) (string, string) {
			return kindName(record.Kind(l.Key)), ""
		}), "各类型"),
		outcome(figuresBy("by-region", "按地区", "地区", s.ByRegion, figureColumns(one, false), &s.Total, func(l storage.FigureLine) (string, string) {
			return regionName(l.Key), ""
		}), "各地区"),
	}
	if q.ByStaff {
		staff := figuresBy("by-staff", "按人员", "人员", s.ByStaff, figureColumns(true, false), nil, func(l storage.FigureLine) (string, string) { return l.Name, l.Login })
		staff.Note = "仅管理员可见；待办是领取或分派给本人的件"
		tables = append(tables, outcome(staff, "各人员"))
	}
	return append(tables, fieldReasons(s), phraseReasons(s))
}

func figuresBy(id, title, heading string, lines []storage.FigureLine, columns []figureColumn, total *storage.Figures,
	name func(storage.FigureLine) (head, sub string),
) view.FigureTable {
	t := view.FigureTable{ID: id, Title: title, Headings: []string{heading}}
	cells := func(f storage.Figures) []string {
		all := make([]string, len(columns))
		for i, column := range columns {
			all[i] = column.value(f)
		}
		return all
	}
	for _, column := range columns {
		t.Headings = append(t.Headings, column.label)
	}
	for _, l := range lines {
		head, sub := name(l)
		t.Rows = append(t.Rows, view.FigureRow{Head: head, Sub: sub, Cells: cells(l.Figures)})
	}
	if total != nil {
		t.Total = cells(*total)
	}
	return t
}

// columnsOf finds columns of a table, those that it has; 0 for none of them.
func columnsOf(t view.FigureTable, columns ...figureColumn) []int {
	var found []int
	for _, column := range columns {
		for i, heading := range t.Headings {
			if heading == column.label {
				found = append(found, i)
			}
		}
	}
	return found
}

func fieldReasons(s storage.Statistics) view.FigureTable {
	t := view.FigureTable{
		ID: "by-field", Title: "退回原因：字段", Note: "退回补正时写在字段上的意见", Headings: []string{"字段", "类型", "意见条数", "占字段意见"},
	}
	all := 0
	for _, r := range s.Fields {
		all += r.Count
	}
	for _, r := range s.Fields {
		t.Rows = append(t.Rows, view.FigureRow{
			Head: fieldName(r.Kind, r.Field), Cells: []string{kindName(r.Kind), strconv.Itoa(r.Count), share(r.Count, all)},
		})
	}
	t.Chart = &view.FigureChart{Label: "条形图：意见最多的字段", Lying: true, Bars: []int{2}, Colours: []string{"warn"}}
	return t
}

func phraseReasons(s storage.Statistics) view.FigureTable {
	t := view.FigureTable{
		ID: "by-phrase", Title: "退回原因：常用意见", Note: "退回补正的件中，意见以它开头的", Headings: []string{"意见", "件数", "占退回补正"},
	}
	for _, r := range s.Phrases {
		head := r.Phrase
		if head == "" {
			head = "其他意见"
		}
		t.Rows = append(t.Rows, view.FigureRow{Head: head, Cells: []string{strconv.Itoa(r.Count), share(r.Count, s.Total.Returned)}})
	}
	t.Chart = &view.FigureChart{Label: "条形图：常用意见的件数", Lying: true, Bars: []int{1}, Colours: []string{"warn"}}
	return t
}

func regionName(code string) string {
	switch name := codes.Regions.FullName(code); {
	case code == "":
		return "地区未知"
	case name == "":
		return code
	default:
		return name
	}
}

// fieldName is what a field is called on the form of its kind; of a row's field
// the group's name goes before.
func fieldName(kind record.Kind, name string) string {
	definition, ok := record.DefinitionOf(kind)
	if !ok {
		return name
	}
	for _, field := range definition.New().Form(today()).Fields() {
		if label := labelWithin(field, name); label != "" {
			return label
		}
	}
	return name
}

// labelWithin is the label of a field, if it is that one or one of its rows', and
// "" otherwise.
func labelWithin(field *form.Field, name string) string {
	if field.Name == name {
		return field.Label
	}
	if field.Widget != form.WidgetRows {
		return ""
	}
	for _, inner := range field.AddRow("1").Fields {
		if name == field.Name+"."+inner.Local() {
			return field.Label + "：" + inner.Label
		}
	}
	return ""
}
