package view_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// here is where the focus is, as testdata/look.js tells.
type here struct {
	At    string   `json:"at"`    // "" where the browser itself has it
	Place int      `json:"place"` // among the page's stops; -1 for none of them
	Out   bool     `json:"out"`   // of what is open
	Date  bool     `json:"date"`  // it is a date, with stops for year, month and day
	Found []string `json:"found"` // that is wrong with how it is seen
}

// strikes presses keys, one after the other.
func (b *tab) strikes(keys ...string) error {
	for _, key := range keys {
		if err := b.do(chromedp.KeyEvent(key)); err != nil {
			return fmt.Errorf("press %q: %w", key, err)
		}
	}
	return nil
}

// shelled are pages of every make: each frame, and what stands fixed or sticks
// on them.
var shelled = []string{
	"start", "login", "register-details", "edit", "edit-row", "edit-people", "record-returned", "check", "records", "account",
	"staff-totp", "staff-queue", "review", "member-new", "calendar", "statistics-columns",
}

// Tab goes from stop to stop in the order of the page, through all of them, and
// each is seen: with the keys that a person presses.
func TestTabStopsInTheOrderOfThePage(t *testing.T) {
	all := gallery()
	origin := serveGallery(t, all)
	found, err := shared(origin, narrowed(t, shelled, func(name string) string { return name }), func(name string) string { return name }, func(b *tab, name string) ([]finding, error) {
		v := viewing{tab: b, page: name}
		for how, size := range map[string][2]int64{"desk": {chromium.DeskWidth, chromium.DeskHeight}, "phone": {chromium.PhoneWidth, chromium.PhoneHeight}} {
			if err := v.tabbed(how, size); err != nil {
				return v.found, err
			}
		}
		return v.found, nil
	})
	require.NoError(t, err)
	told(t, found)
}

// tabbed presses Tab from the first stop to the last.
func (v *viewing) tabbed(how string, size [2]int64) error {
	stops := 0
	err := inTurn(
		func() error { return v.window(size[0], size[1]) },
		func() error { return v.system(system{lessMotion: true}) }, // what scrolls has arrived at once
		func() error { return v.open(v.page) },
		func() error { return v.run(`look.stops()[0].focus()`) },
		func() (err error) { stops, err = ask[int](v.tab, "look.stops().length"); return err },
	)
	if err != nil {
		return err
	}
	for n := 1; n < stops; {
		if err := v.strikes(kb.Tab); err != nil {
			return err
		}
		at, err := ask[here](v.tab, "look.here()")
		if err != nil {
			return err
		}
		if err := v.add(focusing, how, at.Found, nil); err != nil {
			return err
		}
		switch at.Place {
		case n:
			n++
		case n - 1: // a date has stops within
			if !at.Date {
				return v.add(focusing, how, []string{"Tab stays at " + at.At}, nil)
			}
		default:
			return v.add(focusing, how, []string{fmt.Sprintf("Tab comes to %s, which is stop %d of the page, as stop %d", at.At, at.Place, n)}, nil)
		}
	}
	return nil
}

// The first stop of every page leads over what all pages have to what this one
// is about.
func TestTheFirstStopLeadsToTheContent(t *testing.T) {
	all := gallery()
	b, err := newTab(serveGallery(t, all))
	require.NoError(t, err)
	defer b.close()
	require.NoError(t, b.window(chromium.DeskWidth, chromium.DeskHeight))
	for _, name := range []string{"start", "login", "edit-new", "record", "staff-queue", "review"} {
		if name == "edit-new" {
			continue // a dialog welcomes first
		}
		require.NoError(t, b.open(name))
		require.NoError(t, b.strikes(kb.Tab))
		at, err := ask[here](b, "look.here()")
		require.NoError(t, err)
		require.Contains(t, at.At, "跳到主要内容", name)
		require.Empty(t, at.Found, name)
		require.NoError(t, b.strikes(kb.Enter))
		require.NoError(t, b.until(`document.activeElement.id === "main"`))
		require.NoError(t, b.strikes(kb.Tab))
		inside, err := ask[bool](b, `document.activeElement.closest("main") !== null`)
		require.NoError(t, err)
		require.True(t, inside, "%s: the next stop is in the content", name)
	}
}

// Enter on a check box or a radio button hands nothing in, neither what is chosen
// in the queue nor a decision.
func TestEnterOnAChoiceSendsNothing(t *testing.T) {
	b, err := newTab(serveGallery(t, gallery()))
	require.NoError(t, err)
	defer b.close()
	require.NoError(t, b.window(chromium.DeskWidth, chromium.DeskHeight))
	for name, choice := range map[string]string{"staff-queue": "input[name=task]", "review": "input[name=decision]", "desk-decided": "input[name=stay]"} {
		require.NoError(t, b.open(name))
		require.NoError(t, b.run(fmt.Sprintf(`addEventListener("submit", (event) => { event.preventDefault(); look.faults.push(event.submitter?.textContent.trim() ?? "?"); }); document.querySelector(%q).focus()`, choice)))
		require.NoError(t, b.enters())
		pressed, err := ask[[]string](b, "look.failed()")
		require.NoError(t, err)
		require.Empty(t, pressed, "%s: Enter on %s presses a button", name, choice)
	}
}

// enters presses Enter, down with its character at once: a page that takes the
// one takes both.
func (b *tab) enters() error {
	key := input.DispatchKeyEventParams{Type: kb.KeyDown, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13, Text: kb.Enter}
	up := key
	up.Type, up.Text = kb.KeyUp, ""
	return b.do(protocol(input.DispatchKeyEvent, key), protocol(input.DispatchKeyEvent, up))
}

// opening is something that a key opens over the page.
type opening struct {
	shot, opener string // selector of what has the focus
	open         string // expression that is true while it is open
	menu         bool   // the page beside it can still be used
}

// called names what opens.
func (o opening) called() string { return o.shot + " " + o.opener }

// Dialogs take the focus, keep it while they are open, close with Escape and give
// it back to what opened them. Menus let it go on.
func TestDialogsKeepTheFocusAndGiveItBack(t *testing.T) {
	all := gallery()
	dialogs := []opening{
		{shot: "edit", opener: "a[data-preview][data-picture]", open: modal},
		{shot: "review", opener: "[data-compare]", open: modal},
		{shot: "home", opener: ".top .menu-box > summary", open: `document.querySelector(".menu-box[open]")`, menu: true},
		{shot: "staff-queue", opener: ".desk-nav .menu-box > summary", open: `document.querySelector(".more[open]")`, menu: true},
	}
	for _, p := range poses(t, all) {
		if p.until == modal && strings.Contains(p.act, "[data-dialog=") {
			dialogs = append(dialogs, opening{shot: p.shot, opener: "[data-dialog=dialog-" + p.name + "]", open: modal})
		}
	}
	found, err := shared(serveGallery(t, all), narrowed(t, dialogs, opening.called), opening.called, func(b *tab, o opening) ([]finding, error) {
		v := viewing{tab: b, page: o.called()}
		err := v.opens(o)
		return v.found, err
	})
	require.NoError(t, err)
	told(t, found)
}

func (v *viewing) opens(o opening) error {
	stops := 0
	err := inTurn(
		func() error { return v.window(chromium.DeskWidth, chromium.DeskHeight) },
		func() error { return v.system(system{lessMotion: true}) },
		func() error { return v.open(o.shot) },
		func() error { return v.run(fmt.Sprintf(`document.querySelector(%q).focus()`, o.opener)) },
		func() error { return v.strikes(kb.Enter) },
		func() error { return v.until(o.open) },
		func() (err error) { stops, err = ask[int](v.tab, "look.stops().length"); return err },
	)
	if err != nil {
		return err
	}
	if !o.menu {
		if err := v.kept(stops); err != nil {
			return err
		}
	}
	// A document in its own frame keeps the keys; whoever leaves it by Tab has them again.
	first := func() error { return v.run(`if (document.activeElement.matches("iframe")) look.stops()[0].focus()`) }
	if err := inTurn(first, func() error { return v.strikes(kb.Escape) }, func() error { return v.until("!" + o.open) }); err != nil {
		return err
	}
	back, err := ask[bool](v.tab, fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, o.opener))
	if err == nil && !back {
		err = v.add(focusing, "", []string{"the focus does not come back to what opened it"}, nil)
	}
	return err
}

// kept presses Tab once more than there are stops: the focus never comes to what
// lies behind.
func (v *viewing) kept(stops int) error {
	inside, err := ask[bool](v.tab, modal+`.contains(document.activeElement)`)
	if err != nil {
		return err
	}
	if !inside {
		if err := v.add(focusing, "", []string{"the dialog does not take the focus"}, nil); err != nil {
			return err
		}
	}
	for range stops + 1 {
		if err := v.strikes(kb.Tab); err != nil {
			return err
		}
		at, err := ask[here](v.tab, "look.here()")
		if err != nil {
			return err
		}
		if at.Out {
			return v.add(focusing, "", []string{"the focus leaves the dialog for " + at.At}, nil)
		}
		if err := v.add(focusing, "", at.Found, nil); err != nil {
			return err
		}
	}
	return nil
}

// The navigation of a telephone covers the page: while it is open the focus stays
// in it, and Escape closes it.
func TestTheNavigationOfATelephoneKeepsTheFocus(t *testing.T) {
	all := gallery()
	b, err := newTab(serveGallery(t, all))
	require.NoError(t, err)
	defer b.close()
	require.NoError(t, b.window(chromium.PhoneWidth, chromium.PhoneHeight))
	require.NoError(t, b.system(system{lessMotion: true}))
	require.NoError(t, b.open("home"))
	require.NoError(t, b.run(`document.querySelector("[data-menu]").focus()`))
	require.NoError(t, b.strikes(kb.Enter))
	require.NoError(t, b.until(`document.querySelector(".side.open")`))
	inside := `document.activeElement === document.body || document.activeElement.closest(".side, .top, .skip") !== null`
	for range 40 {
		require.NoError(t, b.strikes(kb.Tab))
		at, err := ask[here](b, "look.here()")
		require.NoError(t, err)
		require.Empty(t, at.Found)
		within, err := ask[bool](b, inside)
		require.NoError(t, err)
		require.True(t, within, "the focus comes to %s, behind the navigation", at.At)
	}
	require.NoError(t, b.strikes(kb.Escape))
	require.NoError(t, b.until(`!document.querySelector(".side.open")`))
	back, err := ask[bool](b, `document.activeElement === document.querySelector("[data-menu]")`)
	require.NoError(t, err)
	require.True(t, back, "the focus comes back to what opened it")
}
