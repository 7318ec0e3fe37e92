package view_test

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// pose is a state of a shot that a person comes to on the page itself: a dialog,
// a menu, a list of what was found.
type pose struct {
	shot, name string
	act        string // script that does what the person does
	until      string // expression that is true when it is done
	query      string // of the shot's address
	phone      bool   // on a telephone only
	part       string // what opens over the page, or changes in it while bars lie on the rest, which is not held to the sizes of targets
}

// called names the pose among shots.
func (p pose) called() string { return p.shot + "--" + p.name }

// press is a script that presses the first thing of a selector.
func press(selector string) string {
	return fmt.Sprintf("document.querySelector(%q).click();", selector)
}

// brings is a script that gives the first attachment of the page a file.
func brings(name string) string {
	return fmt.Sprintf(`const files = new DataTransfer(); files.items.add(new File(["x"], %q));
		const input = document.querySelector("[data-attachment] input[type=file]");
		input.parentElement.scrollIntoView({ block: "center", behavior: "instant" });
		input.files = files.files; input.dispatchEvent(new Event("change", { bubbles: true }));`, name)
}

// seeks is a script that types into the search field within a selector.
func seeks(within, text string) string {
	return fmt.Sprintf(`const field = document.querySelector(%q); field.scrollIntoView({ block: "center", behavior: "instant" });
		field.value = %q; field.dispatchEvent(new Event("input"));`, within+" input[type=search]", text)
}

const modal = `document.querySelector("dialog[open]:modal")`

// poses are all states that pages come to without the portal. Each dialog that a
// button opens is met once on each kind of page.
func poses(t testing.TB, all []shot) []pose {
	t.Helper()
	const pictured = `document.querySelector("dialog[open] svg image")?.getAttribute("href")`
	found := []pose{
		{shot: "register", name: "person", act: press("#f-type-person"), until: `document.querySelector("#f-type-person").checked`},
		{shot: "login-certificate", name: "keys", query: "?agent", until: `document.querySelector(".key-card")`},
		{shot: "login-certificate", name: "no-key", act: `document.querySelector("form[data-key-form]").requestSubmit()`, until: `!document.querySelector("[data-key=failed]").hidden`},
		{shot: "login-certificate", name: "notes", act: `for (const note of document.querySelectorAll(".usbkey > [data-key]:not(template)")) note.hidden = false;
			document.querySelector("[data-key=why]").textContent = "口令不正确，没有签名。";`, until: "true"},
		{shot: "home", name: "menu", act: press(".top .menu-box > summary"), until: `document.querySelector(".menu-box[open]")`, part: ".top"},
		{shot: "home", name: "navigation", act: press("[data-menu]"), until: `document.querySelector(".side.open")`, part: ".side", phone: true},
		{shot: "edit", name: "found", act: seeks("[data-code-search=region]", "长沙"), until: `document.querySelector(".found [role=option]")`},
		{shot: "edit", name: "viewer", act: press("a[data-preview][data-picture]"), until: pictured},
		{shot: "edit", name: "assign", act: `const files = new DataTransfer(); files.items.add(new File(["x"], "营业执照.png", { type: "image/png" }));
			document.querySelector("main").dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true }));`, until: modal},
		{shot: "edit", name: "uploading", act: brings("大文件.pdf"), until: `document.querySelector("[data-attachment] [data-progress]:not([hidden])")`, part: "[data-attachment]"},
		{shot: "edit", name: "upload-failed", act: brings("营业执照.pdf"), until: `document.querySelector("[data-attachment] .att-row.bad")`, part: "[data-attachment]"},
		{shot: "edit-people", name: "found", act: seeks("[data-pick-people]", "周"), until: `document.querySelector(".found [role=option]")`},
		{shot: "staff-queue", name: "more", act: press(".desk-nav .menu-box > summary"), until: `document.querySelector(".more[open]")`, part: ".top"},
		{shot: "staff-queue", name: "menu", act: press(".top > .menu-box > summary"), until: `document.querySelector(".menu-box[open]")`, part: ".top"},
		{shot: "staff-queue", name: "bulk", act: press("input[name=task]"), until: `!document.querySelector("[data-bulk-bar]").hidden`},
		{shot: "staff-queue-narrowed", name: "save", act: press(".qc-save summary"), until: `document.querySelector(".qc-save[open]")`},
		{shot: "review", name: "remark", act: press("#row-address .remark summary"), until: `document.querySelector("#row-address .remark[open]")`},
		{shot: "review", name: "compare", act: press("[data-compare]"), until: modal},
		{shot: "review-handover", name: "hand", act: press(".hand summary"), until: `document.querySelector(".hand[open]")`},
		{shot: "member-new", name: "found", act: seeks("[data-regions]", "株洲"), until: `document.querySelector(".found [role=option]")`},
	}
	met := map[string]bool{}
	for _, s := range all {
		kind, _, _ := strings.Cut(s.name, "-")
		var out strings.Builder
		require.NoError(t, s.page.Render(t.Context(), &out))
		for _, opener := range regexp.MustCompile(`data-dialog="([^"]+)"`).FindAllStringSubmatch(out.String(), -1) {
			if dialog := opener[1]; !met[kind+dialog] {
				met[kind+dialog] = true
				found = append(found, pose{shot: s.name, name: strings.TrimPrefix(dialog, "dialog-"), act: press("[data-dialog=" + dialog + "]"), until: modal})
			}
		}
	}
	return found
}

// takes opens the shot and comes to the pose.
func (b *tab) takes(p pose) error {
	return inTurn(
		func() error { return b.open(p.shot + p.query) },
		func() error { return b.run(p.act) },
		func() error { return b.until(p.until) },
	)
}

// posed looks at the pages in their poses: what is open on a desk stays so while
// the window becomes a telephone's, but for the lists of what was found.
func posed(origin string, all []pose) ([]finding, error) {
	return shared(origin, all, pose.called, func(b *tab, p pose) ([]finding, error) {
		v := viewing{tab: b, page: p.called(), part: p.part}
		for _, size := range p.sizes() {
			how := cmp.Or(strings.TrimPrefix(size.suffix, "-"), "desk")
			open, err := ask[bool](b, fmt.Sprintf("%t && Boolean(%s)", how == "phone" && !p.phone, p.until))
			if err == nil {
				err = inTurn(
					func() error { return v.window(size.width, size.height) },
					func() error {
						if open {
							return nil
						}
						return v.takes(p)
					},
					func() error { return v.keeps(accessible, how, chromium.AllRules) },
					func() error { return v.asks(reflowing, how, "laid") },
					func() error { return v.dressed("large") },
					func() error { return v.asks(contrasted, how+", large text", "laid") },
					func() error { return v.dressed("") },
				)
			}
			if err != nil {
				return v.found, err
			}
		}
		err := v.asks(scripted, "", "failed")
		return v.found, err
	})
}

// Every dialog, menu and list that opens on a page keeps what the page keeps.
func TestSurveyWhatOpensIsAccessible(t *testing.T) {
	all := gallery()
	found, err := posed(serveGallery(t, all), narrowed(t, poses(t, all), pose.called))
	require.NoError(t, err)
	told(t, found)
}
