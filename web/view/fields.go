package view

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/a-h/templ"

	"unireg/record/codes"
	"unireg/record/form"
)

// described ties a control to its texts and says how it is to be filled.
func described(f *form.Field, m EditModel) templ.Attributes {
	attributes := templ.Attributes{}
	problem := m.problem(f.Name)
	ids := describedBy(f.Name, f.Hint, problem)
	if len(m.remarksOn(f.Name)) > 0 {
		ids = strings.TrimSpace(ids + " r-" + f.Name)
	}
	if ids != "" {
		attributes["aria-describedby"] = ids
	}
	grouped := slices.Contains([]form.Widget{form.WidgetRadio, form.WidgetChecks, form.WidgetTerms, form.WidgetPick, form.WidgetPicks}, f.Widget)
	if problem != "" && !grouped {
		attributes["aria-invalid"] = "true"
	}
	if f.Required() && !grouped && !f.Fixed {
		attributes["aria-required"] = "true"
	}
	if !grouped && f.Widget != form.WidgetSelect && f.Widget != form.WidgetCascade {
		if f.InputMode != "" {
			attributes["inputmode"] = f.InputMode
		}
		if f.Autocomplete != "" {
			attributes["autocomplete"] = f.Autocomplete
		}
	}
	return attributes
}

func choiceType(f *form.Field) string {
	if f.Widget == form.WidgetChecks {
		return "checkbox"
	}
	return "radio"
}

func chosen(f *form.Field, code string) bool { return slices.Contains(f.Input(), code) }

// textType is the type of a control of one line.
func textType(f *form.Field) string {
	if f.Widget == form.WidgetDate {
		return dateType(form.Date(f.Text()))
	}
	return "text"
}

func controlClass(f *form.Field) string {
	if f.Code {
		return "form-control code"
	}
	return "form-control"
}

func valueClass(f *form.Field) string {
	switch {
	case f.Code:
		return "code"
	case f.Widget == form.WidgetTextArea:
		return "lines"
	}
	return "num"
}

func characters(text string) string { return count(utf8.RuneCountInString(text)) }

// withChosen are the entries of a table, and the chosen ones even if they can no
// longer be chosen anew: what is not drawn would be lost at the next save.
func withChosen(f *form.Field) []codes.Entry {
	entries := f.Table.Entries()
	for _, code := range f.Input() {
		if code == "" || slices.ContainsFunc(entries, func(e codes.Entry) bool { return e.Code == code }) {
			continue
		}
		entry, ok := f.Table.Lookup(code)
		if !ok {
			entry = codes.Entry{Code: code, Name: f.Display()}
		}
		entries = append(entries, entry)
	}
	return entries
}

// entryName is an entry's name, with a word on one that cannot be chosen anew.
func entryName(ctx context.Context, entry codes.Entry) string {
	if !entry.ValidOn(codes.CivilDate(time.Now())) {
		return tr(ctx, "%s（已停用）", shown(ctx, entry.Name))
	}
	return shown(ctx, entry.Name)
}

func indent(depth int) string { return strings.Repeat("　", depth) }

// cascadeLevel is one list of a cascade.
type cascadeLevel struct {
	entries []codes.Entry
	chosen  string
	leaf    bool // the level above ends here
}

func (l cascadeLevel) prompt() string {
	switch {
	case l.leaf:
		return "没有下级，不用选"
	case len(l.entries) == 0:
		return "先选上一级"
	}
	return "请选择"
}

// cascade returns the lists to choose from, level by level, along the path to
// code. There are always as many as the table is deep; those below the last
// choice are empty.
func cascade(table *codes.Table, code string) []cascadeLevel {
	var levels []cascadeLevel
	parent := ""
	for _, entry := range table.Path(code) {
		levels = append(levels, cascadeLevel{entries: children(table, parent, entry), chosen: entry.Code})
		parent = entry.Code
	}
	if len(levels) < table.Depth() {
		next := table.Children(parent)
		levels = append(levels, cascadeLevel{entries: next, leaf: len(next) == 0})
	}
	for len(levels) < table.Depth() {
		levels = append(levels, cascadeLevel{leaf: levels[len(levels)-1].leaf})
	}
	return levels
}

// children are the siblings to choose from, the chosen one among them even if
// it went out of use.
func children(table *codes.Table, parent string, chosen codes.Entry) []codes.Entry {
	entries := table.Children(parent)
	if !slices.ContainsFunc(entries, func(e codes.Entry) bool { return e.Code == chosen.Code }) {
		entries = append(entries, chosen)
	}
	return entries
}

func fileIcon(file form.File) Icon {
	if strings.HasPrefix(file.Type, "image/") {
		return IconPhoto
	}
	return IconFile
}

// fileHref is where a browser shows a file: a picture drawn anew, a document as
// it is. base ends with a slash.
func fileHref(base string, file form.File) string {
	if fileIcon(file) == IconPhoto {
		return base + file.ID + "/preview"
	}
	return base + file.ID + "?inline=1"
}

// value is the text of a field as it is shown: names of codes and units are in
// the viewer's language, what was typed stays as it is.
func value(ctx context.Context, f *form.Field, text string) string {
	switch {
	case f.Widget == form.WidgetTerms:
		return termsText(ctx, text)
	case f.Table != nil, f.Widget == form.WidgetBool, f.Widget == form.WidgetRows:
		return shown(ctx, text)
	}
	if number, ok := strings.CutSuffix(text, " "+f.Unit); ok && f.Unit != "" {
		return number + " " + shown(ctx, f.Unit)
	}
	return text
}

// termsText is a list of codes with their dates, as fields write it.
func termsText(ctx context.Context, text string) string {
	terms := strings.Split(text, "、")
	for i, term := range terms {
		name, rest, dated := strings.Cut(term, "（")
		terms[i] = shown(ctx, name)
		if _, until, ok := strings.Cut(strings.TrimSuffix(rest, "）"), " "); dated && ok {
			terms[i] = tr(ctx, "%s（至 %s）", terms[i], until)
		} else if dated {
			terms[i] = shown(ctx, term) // the bracket is part of the name
		}
	}
	return strings.Join(terms, tr(ctx, "、"))
}

func fullText(f *form.Field) string   { return f.Display() }
func maskedText(f *form.Field) string { return f.Masked() }
