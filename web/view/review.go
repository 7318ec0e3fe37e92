package view

import (
	"context"
	"strings"

	"github.com/a-h/templ"

	"unireg/record/form"
)

// decisionForm is the id of the form that the controls all over the desk
// belong to.
const decisionForm = "decision"

func (m ReviewModel) url(rest string) string { return "/staff/reviews/" + m.ID + rest }

func (m ReviewModel) fileURL() string { return "/staff/files/" }

// view is the address of the page with another choice of what is shown.
func (m ReviewModel) view(change func(*ReviewModel)) string {
	change(&m)
	var choices []string
	if m.AllFields {
		choices = append(choices, "fields=all")
	}
	if m.Stacked {
		choices = append(choices, "layout=stacked")
	}
	if m.SinceReturn {
		choices = append(choices, "since=return")
	}
	if len(choices) == 0 {
		return m.url("")
	}
	return m.url("?" + strings.Join(choices, "&"))
}

func (m ReviewModel) diffView() diffView {
	return diffView{
		Before: m.BeforeLabel, After: m.AfterLabel, All: m.AllFields, Stacked: m.Stacked, Full: m.Revealed,
		FileURL: m.fileURL(), Sealed: m.sealed, Desk: true, Remarks: m.CanDecide && !m.Second, Texts: m.Remarks,
	}
}

// open are the checks that a reviewer has to look at, passed the others.
func (m ReviewModel) open() []Check { return m.checks(false) }

func (m ReviewModel) passed() []Check { return m.checks(true) }

func (m ReviewModel) checks(good bool) []Check {
	var all []Check
	for _, c := range m.Checks {
		if (c.Tone == Good) == good {
			all = append(all, c)
		}
	}
	return all
}

// usualBase names what a filing is compared with as a rule.
func (m ReviewModel) usualBase() string {
	if m.NewRecord {
		return "全部内容"
	}
	return "较现行有效"
}

// figure makes an attachment of the filing one of the rows that keys go through.
func (m ReviewModel) figure(c form.Change, file form.File, filed bool) templ.Attributes {
	if !filed {
		return templ.Attributes{}
	}
	return m.diffView().row(form.FileTarget(c.Field.Name, file.ID))
}

// compareKey is the key of the first attachments: from there arrows lead on.
func compareKey(p Page, first bool) templ.Attributes {
	if !first {
		return templ.Attributes{}
	}
	return keyed(p, "V")
}

var reviewScripts = []string{"review.js", "rows.js", "keep.js", "lease.js", "preview.js", "compare.js"}

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
func (d Decision) button() string {
	if d == Return {
		return "退回"
	}
	return d.word()
}

// key is the key that chooses the decision.
func (d Decision) key() string {
	if d.positive() {
		return "A"
	}
	return "R"
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
func (m ReviewModel) extent(ctx context.Context) string {
	if n := keyChanges(m.Changes); n > 0 {
		return tr(ctx, "%d 处，含 %d 个关键项", changed(m.Changes), n)
	}
	return tr(ctx, "%d 处", changed(m.Changes))
}

// why says why a filing takes a second review.
func (m ReviewModel) why() string {
	switch {
	case m.Sampled:
		return "本件经抽查选中，须由另一名人员复核后生效。"
	case m.KeyChange:
		return "含关键项的改动须由另一名人员复核后生效。"
	}
	return "须由另一名人员复核后生效。"
}

// remarkable tells that remarks on the parts of the filing can be written.
func (m ReviewModel) remarkable() bool { return m.CanDecide && !m.Second }

// keeps names, for the script, what is being typed: by whom, on which filing as
// it stood then.
func (m ReviewModel) keeps(p Page) string {
	login := ""
	if p.Viewer != nil {
		login = p.Viewer.Login
	}
	return login + "/" + m.ID + "/" + count(m.Version)
}

// firstDecision says who decided the first review, and how.
func (m ReviewModel) firstDecision(ctx context.Context) string {
	at := stamp(m.FirstDecidedAt)
	if m.FirstOpinion != "" {
		return tr(ctx, "%s 于 %s 初审通过，意见：%s。", m.FirstReviewer, at, m.FirstOpinion)
	}
	return tr(ctx, "%s 于 %s 初审通过。", m.FirstReviewer, at)
}

// claim says who holds the filing.
func (m ReviewModel) claim(ctx context.Context) string {
	switch {
	case m.ClaimedBy == "" && m.AssignedToMe:
		return tr(ctx, "已分派给我，还没有领取")
	case m.ClaimedBy == "" && m.AssignedTo != "":
		return tr(ctx, "已分派给 %s", m.AssignedTo)
	case m.ClaimedBy == "":
		return tr(ctx, "还没有人领取")
	case m.Mine && !m.ClaimExpires.IsZero():
		return tr(ctx, "由我办理，保留到 %s", brief(m.ClaimExpires))
	case m.Mine:
		return tr(ctx, "由我办理")
	}
	return tr(ctx, "%s 正在办理", m.ClaimedBy)
}
