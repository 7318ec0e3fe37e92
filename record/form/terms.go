package form

import (
	"fmt"
	"slices"
	"strings"

	"unireg/record/codes"
)

// Term is an entry of a code table with the day through which it holds.
type Term struct {
	Choice
	Until Date
}

// MaxTerms is how many entries one field of terms takes.
const MaxTerms = 20

type termsValue struct {
	target *[]Term
	table  *codes.Table
}

// Terms is any number of entries of a table, each with a date. The page posts
// code and date in turn under the same name.
func Terms(name, label string, target *[]Term, table *codes.Table) *Field {
	return &Field{Name: name, Label: label, Widget: WidgetTerms, Table: table, Wide: true, value: termsValue{target, table}}
}

func (v termsValue) set(input []string, _ Lookup) {
	var all []Term
	for pair := range slices.Chunk(input, 2) {
		code, until := Clean(pair[0]), Date("")
		if len(pair) > 1 {
			until = ParseDate(pair[1])
		}
		if code == "" && until == "" {
			continue
		}
		t := Term{Choice: Choice{Code: code}, Until: until}
		if entry, ok := v.table.Lookup(code); ok {
			t.Name = entry.Name
		}
		all = append(all, t)
	}
	*v.target = all
}

func (v termsValue) input() []string {
	var all []string
	for _, t := range *v.target {
		all = append(all, t.Code)
	}
	return all
}

func (v termsValue) encode() any {
	var all []any
	for _, t := range *v.target {
		all = append(all, map[string]any{"code": t.Code, "name": t.Name, "until": string(t.Until)})
	}
	return all
}

func (v termsValue) decode(content any) error {
	list, ok := content.([]any)
	if !ok {
		return errShape
	}
	var all []Term
	for _, item := range list {
		m, ok := item.(map[string]any)
		if !ok {
			return errShape
		}
		text := func(key string) string { s, _ := m[key].(string); return s }
		all = append(all, Term{Choice: Choice{Code: text("code"), Name: text("name")}, Until: Date(text("until"))})
	}
	*v.target = all
	return nil
}

func (v termsValue) empty() bool { return len(*v.target) == 0 }

func (v termsValue) display() string {
	var all []string
	for _, t := range *v.target {
		text := t.Name
		if t.Until != "" {
			text += "（至 " + string(t.Until) + "）"
		}
		all = append(all, text)
	}
	return strings.Join(all, "、")
}

func (v termsValue) problem(day string) string {
	seen := map[string]bool{}
	for _, t := range *v.target {
		entry, known := v.table.Lookup(t.Code)
		_, dated := t.Until.Time()
		switch {
		case t.Code == "":
			return "填写了日期的一行没有选择，请选择或清空"
		case !known:
			return "所选内容不在代码表中，请重新选择"
		case day != "" && !entry.ValidOn(day):
			return "“" + t.Name + "”已停用，请重新选择"
		case !dated:
			return "请填写“" + t.Name + "”的有效期，例如 2027-06-18"
		case seen[t.Code]:
			return "“" + t.Name + "”选择了两次，请删去一个"
		}
		seen[t.Code] = true
	}
	if n := len(*v.target); n > MaxTerms {
		return fmt.Sprintf("最多 %d 项，现在有 %d 项", MaxTerms, n)
	}
	return ""
}

// Terms returns the entries of a field of terms, nil for others.
func (f *Field) Terms() []Term {
	if v, ok := f.value.(termsValue); ok {
		return *v.target
	}
	return nil
}
