package view_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"unireg/web/view"
)

// Whoever hears a page finds the same on each: its language, where it begins,
// what its parts are called, and what changes is told.
func TestPagesAreBuiltForScreenReaders(t *testing.T) {
	for _, s := range gallery() {
		t.Run(s.name, func(t *testing.T) {
			root, err := html.Parse(strings.NewReader(render(t, s)))
			require.NoError(t, err)
			o := outlined(root)
			require.Equal(t, "zh-CN", o.language)
			require.Equal(t, "#main", o.firstLink, "the first link leads over the navigation")
			require.Equal(t, 1, o.count["main"], "main")
			require.LessOrEqual(t, o.count["header"], 1, "the page's header")
			require.Empty(t, o.faults)
		})
	}
}

// outline is what a screen reader makes of a page.
type outline struct {
	language, firstLink string
	count               map[string]int
	levels              []int // of the headings, in the order of the page
	faults              []string
}

// outlined reads the page. What is in dialogs and templates is no part of its
// outline, but is held to the rest.
func outlined(root *html.Node) outline {
	o := outline{count: map[string]int{}}
	named := map[string][]string{} // names of the parts of a kind
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		aside := within(n, "dialog", "template")
		switch n.Data {
		case "html":
			o.language = attribute(n, "lang")
		case "a":
			if o.firstLink == "" {
				o.firstLink = attribute(n, "href")
			}
		case "main":
			o.count["main"]++
			if attribute(n, "id") != "main" || attribute(n, "tabindex") != "-1" {
				o.fault("main cannot take the focus of the skip link")
			}
		case "header":
			if n.Parent.Data == "body" {
				o.count["header"]++
			}
		case "nav", "aside":
			named[n.Data] = append(named[n.Data], nameOf(root, n))
		case "dialog":
			if nameOf(root, n) == "" {
				o.fault("a dialog without a name")
			}
		case "table":
			o.table(root, n)
		case "h1", "h2", "h3", "h4", "h5", "h6":
			if !aside {
				o.levels = append(o.levels, int(n.Data[1]-'0'))
			}
		}
		o.live(n)
	}
	for part, names := range named {
		if slices.Sort(names); len(names) > 1 && (names[0] == "" || len(slices.Compact(slices.Clone(names))) < len(names)) {
			o.fault("several %s have no names that tell them apart: %q", part, names)
		}
	}
	o.headings()
	return o
}

func (o *outline) fault(format string, args ...any) {
	o.faults = append(o.faults, fmt.Sprintf(format, args...))
}

// headings are one h1 and, below it, no gaps.
func (o *outline) headings() {
	if n := slices.Index(o.levels, 1); n < 0 {
		o.fault("no h1")
	} else if slices.Contains(o.levels[n+1:], 1) {
		o.fault("a second h1")
	}
	for i, level := range o.levels {
		if i > 0 && level > o.levels[i-1]+1 {
			o.fault("h%d follows on h%d", level, o.levels[i-1])
		}
	}
}

// table has a name, and its heads say of what they are.
func (o *outline) table(root, n *html.Node) {
	if nameOf(root, n) == "" && !slices.ContainsFunc(elements(n), func(e *html.Node) bool { return e.Data == "caption" && strings.TrimSpace(textOf(e)) != "" }) {
		o.fault("a table without a caption: %.60s", textOf(n))
	}
	heads := 0
	for _, e := range elements(n) {
		if e.Data != "th" {
			continue
		}
		heads++
		if attribute(e, "scope") == "" {
			o.fault("a head without scope: %s", strings.TrimSpace(textOf(e)))
		}
	}
	if heads == 0 {
		o.fault("a table without heads: %.60s", textOf(n))
	}
}

// spokenRoles are the classes by which pages say what has changed, with the roles
// that have it read out.
var spokenRoles = map[string][]string{"errsum": {"alert"}, "saved": {"status"}, "claim": {"status"}, "emsg": {"", "status", "alert"}}

func (o *outline) live(n *html.Node) {
	for class := range strings.FieldsSeq(attribute(n, "class")) {
		if roles, ok := spokenRoles[class]; ok && !slices.Contains(roles, attribute(n, "role")) {
			o.fault("%s has the role %q", class, attribute(n, "role"))
		}
	}
	for _, name := range []string{"data-state", "data-error", "data-saved", "data-lease", "data-remark-count", "data-proof-state"} {
		if has(n, name) && attribute(n, "role") != "status" {
			o.fault("%s is not read out when it changes", name)
		}
	}
}

// A notice that the page before has left is read out.
func TestNoticesAreReadOut(t *testing.T) {
	for tone, role := range map[view.Tone]string{view.Good: "status", view.Info: "status", view.Warn: "status", view.Bad: "alert"} {
		p := bidderPage("首页", "/home")
		p.Flash = []view.Notice{{Tone: tone, Text: "草稿已保存"}}
		text := render(t, shot{page: view.MessagesPage(p, view.MessagesModel{})})
		require.Regexp(t, `<div class="note[^>]*role="`+role+`"`, text)
	}
}

// Every page that the portal draws is in the gallery.
func TestEveryPageIsInTheGallery(t *testing.T) {
	drawn := ""
	for _, name := range glob(t, "*gallery_test.go") {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		drawn += string(source)
	}
	pages := 0
	for _, name := range glob(t, "*.templ") {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, page := range regexp.MustCompile(`(?m)^templ (\w+Page)\(`).FindAllStringSubmatch(string(source), -1) {
			pages++
			require.Regexp(t, `\bview\.`+page[1]+`\(`, drawn, "no shot shows it")
		}
	}
	require.Greater(t, pages, 50)
	names := map[string]bool{}
	for _, s := range gallery() {
		require.False(t, names[s.name], "two shots are called %s", s.name)
		names[s.name] = true
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, names)
	return names
}

// within reports whether an element stands in one of those.
func within(n *html.Node, names ...string) bool {
	for parent := n.Parent; parent != nil; parent = parent.Parent {
		if slices.Contains(names, parent.Data) {
			return true
		}
	}
	return false
}

// elements are all that an element contains.
func elements(n *html.Node) []*html.Node {
	var all []*html.Node
	for e := range n.Descendants() {
		if e.Type == html.ElementNode {
			all = append(all, e)
		}
	}
	return all
}

func textOf(n *html.Node) string {
	var text strings.Builder
	for part := range n.Descendants() {
		if part.Type == html.TextNode {
			text.WriteString(part.Data)
		}
	}
	return text.String()
}

// nameOf is what an element is called by its attributes.
func nameOf(root, n *html.Node) string {
	if label := attribute(n, "aria-label"); label != "" {
		return label
	}
	var names []string
	for id := range strings.FieldsSeq(attribute(n, "aria-labelledby")) {
		for _, e := range elements(root) {
			if attribute(e, "id") == id {
				names = append(names, strings.TrimSpace(textOf(e)))
			}
		}
	}
	return strings.Join(names, " ")
}
