package form

import (
	"fmt"
	"time"
	"unicode/utf8"

	"unireg/record/codes"
)

// Widget names how a field is shown. Pages choose the markup.
type Widget string

// The widgets of the kit.
const (
	WidgetText     Widget = "text"
	WidgetTextArea Widget = "textarea"
	WidgetDate     Widget = "date"
	WidgetDecimal  Widget = "decimal"
	WidgetBool     Widget = "bool"
	WidgetRadio    Widget = "radio"   // one of a few codes
	WidgetSelect   Widget = "select"  // one of many codes
	WidgetCascade  Widget = "cascade" // one of a tree of codes, level by level
	WidgetChecks   Widget = "checks"  // several codes
	WidgetFiles    Widget = "files"
	WidgetRows     Widget = "rows"  // a group of fields that repeats
	WidgetTerms    Widget = "terms" // several codes, each with a date
	WidgetPick     Widget = "pick"  // one of the subject's records
	WidgetPicks    Widget = "picks" // several of them
)

// Field is one entry of a form. The exported fields say how it is shown; the
// value behind it is reached through the methods.
type Field struct {
	Name   string // stable: the key in the canonical document and in the page
	Label  string
	Hint   string
	Unit   string // shown behind the input, part of the field's meaning
	Widget Widget
	Table  *codes.Table // for radio, select, cascade and checks

	MaxLength    int    // in characters; 0 means no limit of the field's own
	InputMode    string // HTML inputmode, for phones' keyboards
	Autocomplete string // HTML autocomplete token
	RequiredNote string // when it is required, e.g. 「企业必填」

	Fixed     bool // set at registration, never by a form post
	Sensitive bool // masked unless revealed
	Key       bool // a change of it needs two reviewers
	Code      bool // identifiers: shown in a monospaced face
	Wide      bool // takes the whole row

	value    value
	local    string // of a row's field: its name within the row
	day      string // on which the document is judged; "" is today
	required func() bool
	checks   []func() string
}

// value is what a field is bound to.
type value interface {
	set(input []string, find Lookup) // as posted
	input() []string                 // as typed, to show again
	encode() any
	decode(any) error
	empty() bool
	display() string
	// problem is what is wrong with the value itself, required or not. day is the
	// civil date on which codes must be in use; "" accepts retired ones.
	problem(day string) string
}

// Require makes the field mandatory.
func (f *Field) Require() *Field { return f.RequireIf(func() bool { return true }, "") }

// RequireIf makes the field mandatory while the condition holds; note says so
// beside the label.
func (f *Field) RequireIf(condition func() bool, note string) *Field {
	f.required, f.RequiredNote = condition, note
	return f
}

// Check adds a rule. It runs only when the field is filled and well formed,
// and returns "" or a sentence that says how to mend the field.
func (f *Field) Check(rule func() string) *Field {
	f.checks = append(f.checks, rule)
	return f
}

// Max limits the length in characters.
func (f *Field) Max(characters int) *Field { f.MaxLength = characters; return f }

// Note sets the hint below the field.
func (f *Field) Note(hint string) *Field { f.Hint = hint; return f }

// Set applies changes to how the field is shown and returns it.
func (f *Field) Set(change func(*Field)) *Field { change(f); return f }

// Lock marks a field that registration fixed.
func (f *Field) Lock() *Field { f.Fixed = true; return f }

// Mask marks a sensitive field.
func (f *Field) Mask() *Field { f.Sensitive = true; return f }

// MarkKey marks a field whose change needs two reviewers.
func (f *Field) MarkKey() *Field { f.Key = true; return f }

// Full gives the field the whole row.
func (f *Field) Full() *Field { f.Wide = true; return f }

// Mono shows the field as an identifier.
func (f *Field) Mono(inputMode string) *Field { f.Code, f.InputMode = true, inputMode; return f }

// Required reports whether the field must be filled as the document stands.
func (f *Field) Required() bool { return f.required != nil && f.required() }

// Local is the field's name within its row, and its name elsewhere.
func (f *Field) Local() string {
	if f.local != "" {
		return f.local
	}
	return f.Name
}

// Empty reports whether nothing was entered.
func (f *Field) Empty() bool { return f.value.empty() }

// Input returns what was typed or chosen, to be shown again in the control:
// texts and dates have one element, choices their codes, files their ids.
func (f *Field) Input() []string { return f.value.input() }

// Text returns the first element of Input, or "".
func (f *Field) Text() string {
	if in := f.Input(); len(in) > 0 {
		return in[0]
	}
	return ""
}

// Display returns the value in words, unmasked.
func (f *Field) Display() string {
	text := f.value.display()
	if text != "" && f.Unit != "" {
		return text + " " + f.Unit
	}
	return text
}

// Masked returns the value in words, with the middle of a sensitive one hidden.
func (f *Field) Masked() string {
	if f.Sensitive {
		return Mask(f.Display())
	}
	return f.Display()
}

// Mask hides all but the first and last few characters.
func Mask(text string) string {
	runes := []rune(text)
	n := len(runes)
	keepFront, keepBack := 6, 4
	if n < 14 {
		keepFront, keepBack = n/4, n/4
	}
	for i := keepFront; i < n-keepBack; i++ {
		runes[i] = '*'
	}
	return string(runes)
}

// Files returns the files of a file field, nil for others.
func (f *Field) Files() []File {
	if v, ok := f.value.(filesValue); ok {
		return *v.target
	}
	return nil
}

// Problem returns why the field keeps the document from being submitted, or "".
func (f *Field) Problem() string {
	if f.Empty() {
		if f.Required() {
			return f.missing()
		}
		return ""
	}
	if message := f.value.problem(f.judged()); message != "" {
		return message
	}
	if f.MaxLength > 0 {
		if n := utf8.RuneCountInString(f.Text()); n > f.MaxLength {
			return fmt.Sprintf("最多 %d 个字，现在有 %d 个字，请精简", f.MaxLength, n)
		}
	}
	for _, check := range f.checks {
		if message := check(); message != "" {
			return message
		}
	}
	return ""
}

// judged is the day on which a code of the field must be in use. What
// registration fixed was chosen then, and nobody can choose it anew.
func (f *Field) judged() string {
	switch {
	case f.Fixed:
		return ""
	case f.day != "":
		return f.day
	}
	return codes.CivilDate(time.Now())
}

func (f *Field) missing() string {
	switch f.Widget {
	case WidgetRadio, WidgetSelect, WidgetCascade, WidgetChecks, WidgetTerms, WidgetPick, WidgetPicks:
		return "请选择" + f.Label
	case WidgetRows:
		return "请至少添加一项"
	case WidgetFiles:
		return "请上传" + f.Label
	default:
		return "请填写" + f.Label
	}
}
