package form

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"unireg/record/codes"
)

// Choice is an entry of a code table as it stood when the document was filed:
// names change, filed documents do not.
type Choice struct{ Code, Name string }

// File refers to a stored attachment. The hash is part of the signed document.
type File struct {
	ID, Name, SHA256, Type string
	Size                   int64 // bytes
}

// Date is a civil date as typed. Well formed it is yyyy-mm-dd; it is valid
// through the end of that day in Asia/Shanghai.
type Date string

// Time returns midnight UTC of the date, and whether it is well formed.
func (d Date) Time() (time.Time, bool) {
	t, err := time.Parse(time.DateOnly, string(d))
	return t, err == nil && t.Year() >= 1800
}

// Before reports whether both dates are well formed and d is earlier.
func (d Date) Before(other Date) bool {
	a, ok := d.Time()
	b, ok2 := other.Time()
	return ok && ok2 && a.Before(b)
}

// Decimal is an amount as typed. Well formed it has digits and at most four
// decimals, without sign or separators.
type Decimal string

var decimalPattern = regexp.MustCompile(`^[0-9]{1,15}(\.[0-9]{1,4})?$`)

// Positive reports whether the amount is well formed and greater than zero.
func (d Decimal) Positive() bool {
	return decimalPattern.MatchString(string(d)) && strings.Trim(string(d), "0.") != ""
}

// Number is a well formed amount as a number that is summed and compared exactly;
// zero for another text.
func (d Decimal) Number() *big.Rat {
	number := new(big.Rat)
	if decimalPattern.MatchString(string(d)) {
		number.SetString(string(d))
	}
	return number
}

// Plain is a well formed amount without zeros that do not count, by which two
// amounts are compared; another text comes back as it is.
func (d Decimal) Plain() string {
	if !decimalPattern.MatchString(string(d)) {
		return string(d)
	}
	whole, fraction, _ := strings.Cut(string(d), ".")
	whole, fraction = strings.TrimLeft(whole, "0"), strings.TrimRight(fraction, "0")
	if fraction == "" {
		return cmp.Or(whole, "0")
	}
	return cmp.Or(whole, "0") + "." + fraction
}

var errShape = errors.New("content has an unexpected shape")

// Clean trims a text and brings it to NFC. Every character typed is kept.
func Clean(text string) string {
	text = strings.ToValidUTF8(text, "")
	text = strings.Map(func(r rune) rune {
		if r == 0 || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(norm.NFC.String(text))
}

// Fold is Clean for codes and numbers: full-width digits and letters become
// half-width ones and inner spaces go.
func Fold(text string) string {
	return strings.Join(strings.Fields(width.Narrow.String(Clean(text))), "")
}

func first(input []string) string {
	if len(input) == 0 {
		return ""
	}
	return input[0]
}

// textValue is a line or a paragraph; clean brings it to its stored form.
type textValue struct {
	target *string
	clean  func(string) string
	lines  bool
}

func (v textValue) set(input []string, _ Lookup) {
	text := strings.ReplaceAll(first(input), "\r\n", "\n")
	if !v.lines {
		text = strings.ReplaceAll(text, "\n", " ")
	}
	*v.target = v.clean(text)
}
func (v textValue) input() []string { return []string{*v.target} }
func (v textValue) encode() any     { return *v.target }
func (v textValue) decode(content any) error {
	s, ok := content.(string)
	if !ok {
		return errShape
	}
	*v.target = s
	return nil
}
func (v textValue) empty() bool           { return *v.target == "" }
func (v textValue) display() string       { return *v.target }
func (v textValue) problem(string) string { return "" }

// Text is a line of text.
func Text(name, label string, target *string) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetText, value: textValue{target: target, clean: Clean}}
}

// Paragraph is a text of several lines.
func Paragraph(name, label string, target *string) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetTextArea, Wide: true, value: textValue{target: target, clean: Clean, lines: true}}
}

// Identifier is a code or number; normalize gives it its stored form.
func Identifier(name, label string, target *string, normalize func(string) string) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetText, Code: true, value: textValue{target: target, clean: normalize}}
}

type dateValue struct{ textValue }

// ParseDate brings the ways people write a date to yyyy-mm-dd; a text that is
// no date comes back as typed.
func ParseDate(text string) Date {
	folded := strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-").Replace(Fold(text))
	for _, layout := range []string{time.DateOnly, "2006-1-2", "20060102"} {
		if t, err := time.Parse(layout, folded); err == nil {
			return Date(t.Format(time.DateOnly))
		}
	}
	return Date(Clean(text))
}

func (v dateValue) problem(string) string {
	if _, ok := Date(*v.target).Time(); !ok {
		return "请填写真实的日期，例如 2024-06-18"
	}
	return ""
}

// Day is a civil date.
func Day(name, label string, target *Date) *Field {
	text := (*string)(target)
	return &Field{Name: name, Label: label, Widget: WidgetDate, value: dateValue{textValue{
		target: text, clean: func(s string) string { return string(ParseDate(s)) },
	}}}
}

type decimalValue struct{ textValue }

func (v decimalValue) problem(string) string {
	if !decimalPattern.MatchString(*v.target) {
		return "请填写数字，最多 4 位小数，例如 12000"
	}
	return ""
}

// display groups the digits by thousands.
func (v decimalValue) display() string {
	text := *v.target
	if !decimalPattern.MatchString(text) {
		return text
	}
	whole, fraction, decimals := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if decimals {
		return whole + "." + fraction
	}
	return whole
}

// Amount is a decimal in the unit named.
func Amount(name, label, unit string, target *Decimal) *Field {
	clean := func(s string) string {
		folded := strings.ReplaceAll(Fold(s), ",", "")
		if decimalPattern.MatchString(folded) {
			return folded
		}
		return Clean(s)
	}
	return &Field{Name: name, Label: label, Unit: unit, Widget: WidgetDecimal, InputMode: "decimal", value: decimalValue{textValue{target: (*string)(target), clean: clean}}}
}

type boolValue struct{ target *bool }

func (v boolValue) set(input []string, _ Lookup) { *v.target = first(input) == "true" }
func (v boolValue) input() []string              { return []string{strconv.FormatBool(*v.target)} }
func (v boolValue) encode() any                  { return true }
func (v boolValue) decode(content any) error {
	b, ok := content.(bool)
	if !ok {
		return errShape
	}
	*v.target = b
	return nil
}
func (v boolValue) empty() bool { return !*v.target }
func (v boolValue) display() string {
	if *v.target {
		return "是"
	}
	return ""
}
func (v boolValue) problem(string) string { return "" }

// Bool is a box to tick; unticked counts as empty.
func Bool(name, label string, target *bool) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetBool, value: boolValue{target}}
}

// choicesValue holds one or several entries of a table.
type choicesValue struct {
	targets func() []*Choice // the single one, or the elements
	store   func([]Choice)
	table   *codes.Table
	many    bool
	leaf    bool // a cascade must be followed to a leaf
}

func (v choicesValue) current() []Choice {
	var all []Choice
	for _, t := range v.targets() {
		if t.Code != "" {
			all = append(all, *t)
		}
	}
	return all
}

func (v choicesValue) set(input []string, _ Lookup) {
	var chosen []Choice
	for _, code := range input {
		code = Clean(code)
		if code == "" {
			continue
		}
		entry, ok := v.table.Find(code)
		if v.leaf && len(chosen) > 0 && (!ok || entry.Parent != chosen[0].Code) {
			// A level above was changed: what was chosen below it is stale.
			break
		}
		choice := Choice{Code: code}
		if ok {
			choice.Name = cmp.Or(v.table.FullName(code), entry.Name)
		}
		if v.many {
			chosen = append(chosen, choice)
		} else {
			chosen = []Choice{choice}
		}
	}
	v.store(chosen)
}

func (v choicesValue) input() []string {
	var all []string
	for _, c := range v.current() {
		all = append(all, c.Code)
	}
	return all
}

func (v choicesValue) encode() any {
	var all []any
	for _, c := range v.current() {
		all = append(all, map[string]any{"code": c.Code, "name": c.Name})
	}
	if v.many {
		return all
	}
	return all[0]
}

func (v choicesValue) decode(content any) error {
	list, ok := content.([]any)
	if !ok {
		list = []any{content}
	}
	var all []Choice
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return errShape
		}
		code, ok1 := m["code"].(string)
		name, ok2 := m["name"].(string)
		if !ok1 || !ok2 {
			return errShape
		}
		all = append(all, Choice{code, name})
	}
	v.store(all)
	return nil
}

func (v choicesValue) empty() bool { return len(v.current()) == 0 }

func (v choicesValue) display() string {
	var names []string
	for _, c := range v.current() {
		names = append(names, c.Name)
	}
	return strings.Join(names, "、")
}

func (v choicesValue) problem(day string) string {
	for _, c := range v.current() {
		entry, ok := v.table.Lookup(c.Code)
		_, above := v.table.Find(c.Code)
		switch {
		case !ok && above && v.leaf:
			return "请选择到最后一级"
		case !ok:
			return "所选内容不在代码表中，请重新选择"
		case day == "":
			continue
		case entry.ValidTo != "" && entry.ValidTo < day:
			return "所选的“" + entry.Name + "”自 " + dayAfter(entry.ValidTo) + " 起停用，请重新选择"
		case entry.ValidFrom > day:
			return "所选的“" + entry.Name + "”自 " + entry.ValidFrom + " 起才能选用，请重新选择"
		case v.leaf && len(v.table.ChildrenOn(entry.Code, day)) > 0:
			return "请选择到最后一级"
		}
	}
	return ""
}

func dayAfter(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return date
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

func one(target *Choice, table *codes.Table, leaf bool) value {
	return choicesValue{
		targets: func() []*Choice { return []*Choice{target} },
		store: func(chosen []Choice) {
			*target = Choice{}
			if len(chosen) > 0 {
				*target = chosen[len(chosen)-1]
			}
		},
		table: table, leaf: leaf,
	}
}

// Radio is one entry of a short table.
func Radio(name, label string, target *Choice, table *codes.Table) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetRadio, Table: table, value: one(target, table, false)}
}

// Select is one entry of a flat table.
func Select(name, label string, target *Choice, table *codes.Table) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetSelect, Table: table, value: one(target, table, false)}
}

// Cascade is a leaf of a tree of codes. The page posts one value for each
// level under the same name; the deepest one that follows from those above it
// counts.
func Cascade(name, label string, target *Choice, table *codes.Table) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetCascade, Table: table, Wide: true, value: one(target, table, true)}
}

// Checks is any number of entries of a short table.
func Checks(name, label string, target *[]Choice, table *codes.Table) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetChecks, Table: table, Wide: true, value: choicesValue{
		targets: func() []*Choice {
			var all []*Choice
			for i := range *target {
				all = append(all, &(*target)[i])
			}
			return all
		},
		store: func(chosen []Choice) { *target = chosen },
		table: table, many: true,
	}}
}

type filesValue struct{ target *[]File }

func (v filesValue) set(input []string, find Lookup) {
	var all []File
	for _, id := range input {
		if id == "" || find.Files == nil {
			continue
		}
		if file, ok := find.Files(id); ok {
			all = append(all, file)
		}
	}
	*v.target = all
}

func (v filesValue) input() []string {
	var ids []string
	for _, f := range *v.target {
		ids = append(ids, f.ID)
	}
	return ids
}

func (v filesValue) encode() any {
	var all []any
	for _, f := range *v.target {
		all = append(all, map[string]any{
			"id": f.ID, "name": f.Name, "sha256": f.SHA256, "type": f.Type, "size": strconv.FormatInt(f.Size, 10),
		})
	}
	return all
}

func (v filesValue) decode(content any) error {
	list, ok := content.([]any)
	if !ok {
		return errShape
	}
	var all []File
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return errShape
		}
		text := func(key string) string { s, _ := m[key].(string); return s }
		size, err := strconv.ParseInt(text("size"), 10, 64)
		if err != nil || text("id") == "" || text("sha256") == "" {
			return errShape
		}
		all = append(all, File{ID: text("id"), Name: text("name"), SHA256: text("sha256"), Type: text("type"), Size: size})
	}
	*v.target = all
	return nil
}

func (v filesValue) empty() bool { return len(*v.target) == 0 }

func (v filesValue) display() string {
	var names []string
	for _, f := range *v.target {
		names = append(names, f.Name)
	}
	return strings.Join(names, "、")
}

func (v filesValue) problem(string) string {
	if n := len(*v.target); n > MaxFiles {
		return fmt.Sprintf("最多 %d 个文件，现在有 %d 个", MaxFiles, n)
	}
	return ""
}

// MaxFiles is how many files one attachment field takes.
const MaxFiles = 10

// Attachment is a field for scans.
func Attachment(name, label string, target *[]File) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetFiles, Wide: true, value: filesValue{target}}
}
