package e2e

import (
	"context"
	"flag"
	"strconv"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// inspecting may be switched off while a journey is being written.
var inspecting = flag.Bool("inspect", true, "inspect every kind of page for accessibility and width")

// inspected are the kinds of page that were looked at already: a kind is the
// path without ids, the heading, and whether a form was refused.
var inspected sync.Map

// inspect checks a page of a kind that was not met before, as wide as a desk
// and as wide as a telephone: no violation of axe-core's rules, and nothing
// that makes a telephone scroll sideways.
func (p *person) inspect() {
	p.t.Helper()
	if p.plain || !*inspecting {
		return // the checker is a script
	}
	if p.eval(`String(document.querySelector("[data-undo]") !== null)`) == "true" {
		return // the seconds in which a decision can be undone are the person's
	}
	kind := p.find("kind").Value
	if _, met := inspected.LoadOrStore(kind, true); met {
		return
	}
	p.whole(deskWidth)
	p.accessible(kind + " on a desk")
	p.window(phoneWidth, phoneHeight)
	f := p.look("wide")
	p.whole(phoneWidth)
	p.accessible(kind + " on a telephone")
	p.window(deskWidth, deskHeight)
	if !f.OK {
		p.t.Errorf("page %s on a telephone is %s", kind, f.Why)
	}
}

// whole makes the window as high as its page: wherever a page stands, its bars
// lie on something that a person would scroll to.
func (p *person) whole(width int64) {
	p.t.Helper()
	height, err := strconv.ParseInt(p.eval("String(document.documentElement.scrollHeight)"), 10, 64)
	require.NoError(p.t, err)
	p.window(width, min(height, 8000))
}

// titled are the titles of pages that were opened by their address, each with the
// address, without ids, that bears it.
var titled sync.Map

// titles checks that the title of the page is no other page's: whoever has many
// tabs open tells them apart by it. What answers a form, the dialogs of a draft, and
// what says that a page is not there, or not for this person, are no pages of their own.
func (p *person) titles() {
	p.t.Helper()
	path, rest, _ := strings.Cut(p.find("kind").Value, " ")
	if strings.Contains(path, "/rows/") || strings.Contains(rest, "refused") {
		return
	}
	if p.eval(`String(performance.getEntriesByType("navigation")[0].responseStatus >= 400)`) == "true" {
		return
	}
	title := p.eval("document.title")
	if at, met := titled.LoadOrStore(title, path); met && at != path {
		p.t.Errorf("the pages %s and %s have the same title %s", at, path, title)
	}
}

func (p *person) accessible(kind string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, 2*patience)
	defer cancel()
	found, err := chromium.Violations(ctx, chromium.AllRules, "")
	require.NoError(p.t, err, "inspect %s", kind)
	if len(found) > 0 {
		p.t.Errorf("page %s is not accessible:\n%s", kind, strings.Join(found, "\n"))
	}
}
