package e2e

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Steps on the pages of records of which a bidder files many: search fields,
// dialogs of rows, tabs, lists.

// types puts a text where the focus is, as a keyboard would.
func (p *person) types(text string) {
	p.t.Helper()
	p.do(command(input.InsertText, input.InsertTextParams{Text: text}))
}

// strikes presses a key of the keyboard.
func (p *person) strikes(key string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key))
}

// enters presses the Enter key: down with its character at once, so that a page
// which takes the one takes both.
func (p *person) enters() {
	p.t.Helper()
	for _, kind := range []input.DispatchKeyEventType{kb.KeyDown, kb.KeyUp} {
		key := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
		if kind == kb.KeyDown {
			key.Text = kb.Enter
		}
		p.do(command(input.DispatchKeyEvent, key))
	}
}

// finds types into a search field, takes that entry of what is found, and waits
// until it is chosen.
func (p *person) finds(label, text, entry string) {
	p.t.Helper()
	p.find("focus", label)
	p.types(text)
	p.clickAt(p.still("found", entry))
	p.find("leave")
	eventually(p.t, patience, func() string {
		if got := p.value(strings.TrimPrefix(label, "查找")); !strings.Contains(got, lastOf(entry)) {
			return fmt.Sprintf("%q was taken, and chosen is %q", entry, got)
		}
		return ""
	})
}

// leavesBy does what leads to another page, and waits for it.
func (p *person) leavesBy(step func()) {
	p.t.Helper()
	p.marks++
	mark := fmt.Sprint(p.marks)
	p.find("here", mark)
	step()
	p.find("arrived", mark)
	p.inspect()
}

// escapes closes the dialog with the keyboard, which leads back to its page.
func (p *person) escapes() {
	p.t.Helper()
	p.leavesBy(func() { p.strikes(kb.Escape) })
}

// focusesOn waits until a field has the focus: name is its own, without the row
// that it is in.
func (p *person) focusesOn(name string) {
	p.t.Helper()
	eventually(p.t, patience, func() string {
		if at := p.eval(`document.activeElement.name ?? ""`); at != name && !strings.HasSuffix(at, "."+name) {
			return fmt.Sprintf("the focus is on %q, not on %s", at, name)
		}
		return ""
	})
}

// deletesRow deletes the row of that title, once the browser has asked.
func (p *person) deletesRow(title string) {
	p.t.Helper()
	rows := func() string { return p.eval(`String(document.querySelectorAll(".row-card").length)`) }
	before := rows()
	p.press("删除" + title)
	require.Equal(p.t, before, rows(), "the question was answered with no")
	p.agrees.Store(true)
	p.follow("删除" + title)
	p.agrees.Store(false)
	p.sees("已删除")
}

// changes begins a change of the one record in the list of its kind.
func (p *person) changes(reason, label string) {
	p.t.Helper()
	p.follow("变更")
	p.sees("变更" + label)
	p.fill("变更原因", reason)
	p.follow("开始变更")
	p.sees("变更原因：" + reason)
}

// voids voids the one record in the list of a kind.
func (p *person) voids(kind, reason string) {
	p.t.Helper()
	p.open("/records?kind=" + kind)
	p.follow("作废")
	p.sees("作废立即生效")
	p.press("作废")
	p.sees("作废立即生效") // without a reason nothing happens
	p.fill("作废原因", reason)
	p.follow("作废")
	p.sees("已作废", reason)
	p.open("/records?kind=" + kind)
	p.sees("已作废")
	require.False(p.t, p.offers("变更"))
}

// restores takes 作废 back from the list, after which the time line tells of both.
func (p *person) restores(address, reason string) {
	p.t.Helper()
	p.follow("取消作废")
	p.sees("恢复后立即有效")
	p.follow("取消作废")
	require.Equal(p.t, address, p.path())
	p.sees("已生效", reason, "取消作废")
}

// unticks switches off the option of a group that begins with the text.
func (p *person) unticks(label, text string) {
	p.t.Helper()
	f := p.still("ticked", label, text)
	p.clickAt(f)
	require.False(p.t, p.look("ticked", label, text).OK)
}

// lastOf is the lowest level of a full name of a code.
func lastOf(name string) string {
	parts := strings.Split(name, " / ")
	return parts[len(parts)-1]
}

// offered is the option of a list that begins with the text.
func (p *person) offered(label, text string) string {
	p.t.Helper()
	return p.eval(fmt.Sprintf(`[...document.querySelectorAll('select[aria-label=%q] option')].find((o) => o.text.trim().startsWith(%q))?.text.trim() ?? "nobody of that name"`, label, text))
}
