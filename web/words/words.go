// Package words gives the portal's sentences in the language that a person chose.
//
// The Chinese sentence in the code is the key: a template reads like the page it
// draws, and a page in Chinese looks nothing up. The English stands in en.po, in
// the format of GNU gettext, under the same sentence. There is one rule:
//
//   - A sentence that stands where it is shown, or that is composed with values,
//     is written as a constant in a call of Text. Values go in by the verbs of
//     package fmt, never by joining strings; the English may take them in another
//     order (%[2]s).
//   - What was written elsewhere (a label of a form, a state, a table, a message of
//     the domain, the name of a code) is looked up where it is shown, by Of, which
//     also knows a sentence with values by its format, and a list by its items. So
//     rooms that know nothing of languages write plain Chinese. What a person typed
//     is never given to Of, nor what another computer said.
//
// Text and Of on a text that is English already give it back: a component may
// take a word that its caller has looked up. What is no source stays as it is.
//
// The sources are collected from the code by `go generate`, and the tests of this
// package fail where one has no English, where the verbs of the two differ, and
// where Chinese stands in a page outside of these functions.
//
// Names of regions, industries, banks and qualification classes stay Chinese: they
// are the terms of the law and of the registers. So do what is printed and filed
// on paper, workbooks, the events of the log and the answers to other computers.
package words

//go:generate go run ./collect

import (
	"context"
	"fmt"
	"strings"
)

// Language is a language of the portal, as HTML and HTTP name it.
type Language string

// The languages.
const (
	Chinese Language = "zh-CN"
	English Language = "en"
)

// Name is what the language calls itself.
func (l Language) Name() string {
	if l == English {
		return "English"
	}
	return "中文"
}

// chosen is the key of the language in a context.
type chosen struct{}

// In is the context of a page in a language.
func In(ctx context.Context, language Language) context.Context {
	return context.WithValue(ctx, chosen{}, language)
}

// LanguageOf is the language of a context's page: Chinese unless another was
// chosen.
func LanguageOf(ctx context.Context) Language {
	if language, ok := ctx.Value(chosen{}).(Language); ok {
		return language
	}
	return Chinese
}

// Text is a sentence in the language of the page, with its values: source is a
// format of package fmt, also where there are no values.
func Text(ctx context.Context, source string, values ...any) string {
	if LanguageOf(ctx) == English {
		return compose(english.of(source, values), values)
	}
	if len(values) == 0 && strings.IndexByte(source, '%') < 0 {
		return source
	}
	return fmt.Sprintf(source, values...)
}

// compose is Sprintf, out of sight of vet: a translation is no constant. That its
// verbs are those of its source is tested.
func compose(format string, values []any) string {
	if len(values) == 0 && strings.IndexByte(format, '%') < 0 {
		return format
	}
	return fmt.Sprintf(format, values...)
}

// Of is a word or sentence that was written elsewhere, in the language of the
// page. A text that is in no catalogue is given back as it is.
func Of(ctx context.Context, text string) string {
	if LanguageOf(ctx) != English {
		return text
	}
	found, _ := english.look(text)
	return found
}
