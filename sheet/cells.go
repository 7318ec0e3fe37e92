package sheet

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"unireg/record/codes"
	"unireg/record/form"
)

// How Excel stores what it took for a number.
var (
	numberPattern   = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	exponentPattern = regexp.MustCompile(`^[0-9](\.[0-9]+)?[eE]\+?[0-9]{1,3}$`)
	instantPattern  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T`)
)

// lastSerial is the number that Excel has for 9999-12-31: larger ones are dates
// that somebody typed as eight digits.
const lastSerial = 2958465

// exact is how many digits of a number Excel keeps.
const exact = 15

const lostDigits = "Excel 把号码当作数字，末几位已经丢失；请把这一格设为文本格式，重新填写完整号码"

// mended is what stands in a cell as the person sees it, and what is wrong with
// it where Excel has lost some of it.
func mended(f *form.Field, raw string, since1904 bool) (text, problem string) {
	text = form.Clean(cellText(raw))
	switch f.Widget {
	case form.WidgetDate:
		return mendedDate(text, since1904), ""
	case form.WidgetDecimal:
		return mendedAmount(text), ""
	case form.WidgetText, form.WidgetTextArea, form.WidgetRadio, form.WidgetSelect, form.WidgetCascade:
		return mendedNumber(text)
	case form.WidgetBool, form.WidgetChecks, form.WidgetFiles, form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks:
	}
	return text, ""
}

// mendedDate reads the number of days that Excel keeps for a date.
func mendedDate(text string, since1904 bool) string {
	if instantPattern.MatchString(text) {
		return text[:len(time.DateOnly)]
	}
	days, err := strconv.ParseFloat(text, 64)
	if err != nil || !numberPattern.MatchString(text) || days < 1 || days > lastSerial {
		return text
	}
	date, err := excelize.ExcelDateToTime(math.Floor(days), since1904)
	if err != nil {
		return text
	}
	return date.Format(time.DateOnly)
}

// mendedAmount writes a number without exponent and without what binary
// fractions add to it: Excel keeps 0.1 + 0.2 as 0.30000000000000004.
func mendedAmount(text string) string {
	if !exponentPattern.MatchString(text) && !numberPattern.MatchString(text) {
		return text
	}
	if digits := strings.Trim(strings.Replace(text, ".", "", 1), "0"); len(digits) <= exact && !exponentPattern.MatchString(text) {
		return text
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'g', exact, 64), 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

// mendedNumber writes the digits of a code that Excel took for a number, as long
// as it has them all.
func mendedNumber(text string) (digits, problem string) {
	if !exponentPattern.MatchString(text) || !strings.ContainsRune(text, '+') {
		return text, ""
	}
	mantissa, exponent, _ := strings.Cut(strings.ToUpper(text), "E")
	if size, err := strconv.Atoi(exponent); err != nil || size >= exact {
		return text, lostDigits
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || len(mantissa) > exact+1 {
		return text, lostDigits
	}
	return strconv.FormatFloat(value, 'f', -1, 64), ""
}

// rounded reports whether a number may have been cut by Excel: more digits than
// it keeps, the last of them zeros.
func rounded(text string) bool {
	folded := form.Fold(text)
	return len(folded) > exact && strings.Trim(folded, "0123456789") == "" && strings.HasSuffix(folded, "000")
}

// choices finds the codes of a table by what a cell says.
type choices map[string]string

// choicesOf are those of a table: by code, and by name or, in a tree, by full
// name. What can be chosen today goes before what was retired under the name.
func choicesOf(table *codes.Table, today time.Time) choices {
	found := choices{}
	day, tree := codes.CivilDate(today), table.Hierarchical()
	for _, current := range []bool{false, true} {
		for _, e := range table.All() {
			if e.ValidOn(day) != current {
				continue
			}
			name := e.Name
			if tree {
				name = table.FullName(e.Code)
			}
			found[spoken(name)] = e.Code
		}
	}
	for _, e := range table.All() {
		found[spoken(e.Code)] = e.Code
	}
	return found
}

// spoken is a name as names are compared: however it is spaced, and whatever
// stands between the levels of a full name.
func spoken(text string) string { return strings.ReplaceAll(form.Fold(text), "/", "") }

// value is what a field is bound to for what a cell says, and why it is to
// nothing that can be chosen.
func (r *reader) value(f *form.Field, text string) (value, problem string) {
	switch f.Widget {
	case form.WidgetRadio, form.WidgetSelect, form.WidgetCascade:
		if r.choices[f.Table] == nil {
			r.choices[f.Table] = choicesOf(f.Table, r.today)
		}
		if code, ok := r.choices[f.Table][spoken(text)]; ok {
			return code, ""
		}
		if f.Widget == form.WidgetCascade {
			return text, "没有“" + short(text) + "”，请填写完整名称，例如 " + leafName(f) + "，或者代码"
		}
		return text, "没有“" + short(text) + "”这一项，请从下拉列表选择"
	case form.WidgetBool:
		switch form.Fold(text) {
		case "是", "true", "TRUE", "1":
			return "true", ""
		case "否", "false", "FALSE", "0":
			return "", ""
		}
		return "", "请填写 是 或 否"
	case form.WidgetText, form.WidgetTextArea, form.WidgetDate, form.WidgetDecimal, form.WidgetChecks, form.WidgetFiles,
		form.WidgetRows, form.WidgetTerms, form.WidgetPick, form.WidgetPicks:
	}
	return text, ""
}

// short bounds a text that is quoted.
func short(text string) string {
	if runes := []rune(text); len(runes) > 30 {
		return string(runes[:30]) + "…"
	}
	return text
}
