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

// finds types into a search field, and takes that entry of what is found.
func (p *person) finds(label, text, entry string) {
	p.t.Helper()
	p.find("focus", label)
	p.types(text)
	p.clickAt(p.still("found", entry))
	p.find("leave")
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

// deletesRow deletes the nth row of the page, once the browser has asked.
func (p *person) deletesRow(nth int) {
	p.t.Helper()
	rows := func() string { return p.eval(`String(document.querySelectorAll(".row-card").length)`) }
	before := rows()
	p.clickAt(p.still("press", "删除", nth))
	require.Equal(p.t, before, rows(), "the question was answered with no")
	p.agrees.Store(true)
	p.followNth("删除", nth)
	p.agrees.Store(false)
	p.sees("已删除")
}
