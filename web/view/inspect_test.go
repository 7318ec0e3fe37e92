package view_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// inspection is what a page must account for.
type inspection struct {
	ids        map[string]int
	references []string // by labels, ARIA attributes and links within the page
	faults     []string
}

// inspect walks a page. The content of template elements counts: it becomes
// part of the page.
func inspect(root *html.Node) inspection {
	p := inspection{ids: map[string]int{}}
	labelled := map[string]bool{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && n.Data == "label" {
			labelled[attribute(n, "for")] = true
		}
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		p.attributes(n)
		switch n.Data {
		case "input", "select", "textarea":
			if !named(n, labelled) {
				p.faults = append(p.faults, "no label: "+n.Data+" "+attribute(n, "name"))
			}
		case "form":
			if method := attribute(n, "method"); method == "post" && firstControl(n) != "_csrf" {
				p.faults = append(p.faults, "the token is not the first control of "+attribute(n, "action"))
			}
		case "img":
			if !has(n, "alt") {
				p.faults = append(p.faults, "img without alt")
			}
		case "script":
			if attribute(n, "nonce") == "" || attribute(n, "src") == "" {
				p.faults = append(p.faults, "inline script or no nonce")
			}
		case "style":
			p.faults = append(p.faults, "style element")
		}
	}
	return p
}

func (p *inspection) attributes(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case a.Key == "id":
			p.ids[a.Val]++
		case a.Key == "style", strings.HasPrefix(a.Key, "on"), strings.HasPrefix(strings.ToLower(a.Val), "javascript:"):
			p.faults = append(p.faults, "not allowed by the policy: "+a.Key+" on "+n.Data)
		case a.Key == "for", a.Key == "aria-labelledby", a.Key == "aria-describedby", a.Key == "form", a.Key == "data-dialog", a.Key == "data-count", a.Key == "data-reveal":
			p.references = append(p.references, strings.Fields(a.Val)...)
		case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
			p.references = append(p.references, a.Val[1:])
		case a.Key == "href" && a.Val == "", strings.HasPrefix(a.Val, "about:invalid"):
			p.faults = append(p.faults, "a link to nowhere on "+n.Data)
		}
	}
}

// named reports whether a control has a label.
func named(n *html.Node, labelled map[string]bool) bool {
	if kind := attribute(n, "type"); kind == "hidden" || kind == "submit" || kind == "button" {
		return true
	}
	if has(n, "aria-label") || has(n, "aria-labelledby") || labelled[attribute(n, "id")] && attribute(n, "id") != "" {
		return true
	}
	for parent := n.Parent; parent != nil; parent = parent.Parent {
		if parent.Data == "label" {
			return true
		}
	}
	return false
}

// firstControl is the name of the form's first control.
func firstControl(form *html.Node) string {
	for n := range form.Descendants() {
		if n.Type == html.ElementNode && slices.Contains([]string{"input", "select", "textarea", "button"}, n.Data) {
			return attribute(n, "name")
		}
	}
	return ""
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
}

var voidElements = []string{"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}

// requireWellFormed checks that every element is closed where it was opened.
func requireWellFormed(t *testing.T, text string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(text))
	var open []string
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			require.Empty(t, open, "not closed")
			return
		case html.StartTagToken:
			name, _ := tokens.TagName()
			if !slices.Contains(voidElements, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := tokens.TagName()
			require.NotEmpty(t, open, "</%s> closes nothing", name)
			require.Equal(t, open[len(open)-1], string(name), "closed in another order")
			open = open[:len(open)-1]
		case html.TextToken, html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
		}
	}
}
