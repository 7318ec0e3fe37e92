package view

import (
	"strings"

	"unireg/record/form"
)

// decisionForm is the id of the form that the controls all over the desk
// belong to.
const decisionForm = "decision"

func (m ReviewModel) url(rest string) string { return "/staff/reviews/" + m.ID + rest }

func (m ReviewModel) fileURL() string { return "/staff/files/" }

// view is the address of the page with another choice of what is shown.
func (m ReviewModel) view(all, stacked bool) string {
	var choices []string
	if all {
		choices = append(choices, "fields=all")
	}
	if stacked {
		choices = append(choices, "layout=stacked")
	}
	if len(choices) == 0 {
		return m.url("")
	}
	return m.url("?" + strings.Join(choices, "&"))
}

func (m ReviewModel) diffView() diffView {
	return diffView{
		Before: m.BeforeLabel, After: m.AfterLabel, All: m.AllFields, Stacked: m.Stacked,
		Full: m.Revealed, FileURL: m.fileURL(), Sealed: m.sealed, Remarks: m.CanDecide && !m.Second, Texts: m.Remarks,
	}
}

// fileChanges are the attachment fields, changed ones first.
func (m ReviewModel) fileChanges() []form.Change {
	var first, rest []form.Change
	for _, c := range m.Changes {
		switch {
		case c.Field.Widget != form.WidgetFiles, len(c.FilesBefore)+len(c.FilesAfter) == 0:
		case c.Changed:
			first = append(first, c)
		default:
			rest = append(rest, c)
		}
	}
	return append(first, rest...)
}

// sealed reports whether a file is kept from staff: it waits for its virus scan,
// or was refused by it.
func (m ReviewModel) sealed(id string) bool {
	state := m.fileState(id)
	return state == FilePending || state == FileRefused
}

func (m ReviewModel) fileState(id string) FileState {
	if state, ok := m.Files[id]; ok {
		return state
	}
	return FileReady
}

func (m ReviewModel) decisions() []Decision {
	if m.Second {
		return []Decision{Confirm, Reject}
	}
	return []Decision{Approve, Return}
}

func (d Decision) positive() bool { return d == Approve || d == Confirm }

func (d Decision) word() string {
	switch d {
	case Approve:
		return "通过"
	case Return:
		return "退回补正"
	case Confirm:
		return "复核通过"
	default:
		return "退回初审"
	}
}

// button is the text of the fixed button.
func (d Decision) button(more bool) string {
	word := d.word()
	if d == Return {
		word = "退回"
	}
	if more {
		return word + "并打开下一件"
	}
	return word
}

func (d Decision) class() string {
	if d.positive() {
		return "good"
	}
	return "bad"
}

func (d Decision) buttonClass() string {
	if d.positive() {
		return "btn-ok"
	}
	return "btn-bads"
}

func (d Decision) icon() Icon {
	if d.positive() {
		return IconChecked
	}
	return IconReturn
}

func checkClass(t Tone) string {
	if t == Bad {
		return "bad"
	}
	return string(t)
}

// groups sets a secret in groups of four characters.
func groups(secret string) string {
	var parts []string
	for len(secret) > 4 {
		parts, secret = append(parts, secret[:4]), secret[4:]
	}
	return strings.Join(append(parts, secret), " ")
}

// extent says how much was changed.
func (m ReviewModel) extent() string {
	text := count(changed(m.Changes)) + " 处"
	if n := keyChanges(m.Changes); n > 0 {
		text += "，含 " + count(n) + " 个关键项"
	}
	return text
}

// firstDecision says who decided the first review, and how.
func (m ReviewModel) firstDecision() string {
	text := m.FirstReviewer + " 于 " + stamp(m.FirstDecidedAt) + " 初审通过"
	if m.FirstOpinion != "" {
		text += "，意见：" + m.FirstOpinion
	}
	return text + "。"
}

// claim says who holds the filing.
func (m ReviewModel) claim() string {
	switch {
	case m.ClaimedBy == "":
		return "还没有人领取"
	case m.Mine && !m.ClaimExpires.IsZero():
		return "由我办理，保留到 " + brief(m.ClaimExpires)
	case m.Mine:
		return "由我办理"
	}
	return m.ClaimedBy + " 正在办理"
}
