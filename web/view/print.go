package view

import (
	"context"
	"time"

	"unireg/record/form"
)

// PrintDraft asks for the print of a draft, in place of a version's number.
const PrintDraft = "draft"

// PrintModel is a version of a record, or its draft, as a document for paper.
type PrintModel struct {
	Kind    string // label
	Title   string // of one of many; "" for a profile
	Draft   bool
	Subject string
	Code    string // of the subject, masked for a person
	Version int
	Receipt string // of the submit
	State   Tag
	At      time.Time // of the submit, or when the draft was saved
	// Assurance of the submit, and what became of its signature; nil without one.
	Assurance Assurance
	Signature *Check
	Reason    string // of a change
	SHA256    string // of the content that was submitted
	Form      form.Form
	Back      string // to the page from which it is printed
}

func (m PrintModel) heading(ctx context.Context) string {
	if m.Draft {
		return tr(ctx, "%s（草稿，尚未提交）", shown(ctx, m.Kind))
	}
	return shown(ctx, m.Kind)
}

// when names the instant At.
func (m PrintModel) when(ctx context.Context) string {
	if m.Draft {
		return tr(ctx, "保存时间")
	}
	return tr(ctx, "提交时间")
}

// show is how values are printed: of a draft as its own page shows them, of what
// was filed as everywhere else.
func (m PrintModel) show(f *form.Field) string {
	if m.Draft {
		return f.Display()
	}
	return f.Masked()
}

// digestShown is how much of a file's hash is printed, in characters: enough to
// tell it from any other of the subject's.
const digestShown = 16

func digestStart(sha256 string) string { return sha256[:min(len(sha256), digestShown)] }
