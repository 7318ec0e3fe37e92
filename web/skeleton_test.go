package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// unordered are the elements whose children come in an order that depends on
// what they say.
var unordered = []string{"tbody", "ul", "ol", "select", "dl"}

// skeleton is what a page is made of: its elements with the names of their
// attributes, and nothing that stands in them. Two pages that differ in nothing
// but texts have the same one. The runs of a difference are left out: how many
// there are is the texts' matter.
func skeleton(page string) (string, error) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return "", err
	}
	return bones(root), nil
}

func bones(n *html.Node) string {
	var within []string
	for child := range n.ChildNodes() {
		if text := bones(child); text != "" {
			within = append(within, text)
		}
	}
	if n.Type == html.CommentNode {
		return "<!>"
	}
	if n.Type != html.ElementNode {
		return strings.Join(within, "")
	}
	if n.Data == "ins" || n.Data == "del" {
		return strings.Join(within, "")
	}
	if slices.Contains(unordered, n.Data) {
		slices.Sort(within)
	}
	var names []string
	for _, a := range n.Attr {
		names = append(names, a.Key)
	}
	slices.Sort(names)
	return "<" + n.Data + " " + strings.Join(names, " ") + ">\n" + strings.Join(within, "") + "</>"
}

// difference tells where two skeletons part, "" if they are the same.
func difference(want, got string) string {
	if want == got {
		return ""
	}
	one, other := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < min(len(one), len(other)) && one[at] == other[at] {
		at++
	}
	around := func(lines []string) string { return strings.Join(lines[max(0, at-8):min(len(lines), at+8)], "\n") }
	return fmt.Sprintf("line %d\nwant …\n%s\ngot …\n%s", at, around(one), around(other))
}

// plainAttributes may hold what was typed: browsers show it or give it back, and
// run none of it.
var plainAttributes = []string{"value", "title", "alt", "aria-label", "placeholder", "label", "data-label", "data-confirm", "data-phrase", "data-picture", "data-name", "data-for"}

// addressAttributes are where browsers go, send or load from.
var addressAttributes = []string{"href", "src", "action", "formaction"}

// strays are the places of a page where what was typed has become more than
// text: an element, the name of an attribute, a script, a style, a comment, or an
// address of another house.
func strays(page string) ([]string, error) {
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return nil, err
	}
	var all []string
	stray := func(what string, args ...any) { all = append(all, fmt.Sprintf(what, args...)) }
	for n := range root.Descendants() {
		switch n.Type {
		case html.CommentNode, html.DoctypeNode:
			if marked(n.Data) {
				stray("comment %q", n.Data)
			}
		case html.TextNode:
			if parent := n.Parent.Data; marked(n.Data) && (parent == "script" || parent == "style") {
				stray("%s %q", parent, n.Data)
			}
		case html.ElementNode:
			if marked(n.Data) {
				stray("element %s", n.Data)
			}
			for _, a := range n.Attr {
				if marked(a.Key) {
					stray("attribute %s of %s", a.Key, n.Data)
				}
				if !marked(a.Val) || slices.Contains(plainAttributes, a.Key) {
					continue
				}
				if !slices.Contains(addressAttributes, a.Key) {
					stray("%s of %s is %q", a.Key, n.Data, a.Val)
				} else if !ownAddress(a.Val) {
					stray("%s of %s leads to %q", a.Key, n.Data, a.Val)
				}
			}
		case html.DocumentNode, html.ErrorNode, html.RawNode:
		}
	}
	return all, nil
}

// marked tells that a text came from a payload, whatever coat it wears.
func marked(text string) bool {
	unescaped, err := url.QueryUnescape(text)
	return strings.Contains(strings.ToLower(text), marker) || err == nil && strings.Contains(strings.ToLower(unescaped), marker)
}

// ownAddress tells that an address stays in this house.
func ownAddress(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(text, "//") || strings.HasPrefix(text, `/\`) {
		return false
	}
	return strings.HasPrefix(text, "/") || strings.HasPrefix(text, "#") || strings.HasPrefix(text, "?")
}

// keys are the shape of a JSON answer: the names of its members, and nothing
// that stands in them.
func keys(body string) (string, error) {
	var value any
	if err := json.Unmarshal([]byte(body), &value); err != nil {
		return "", err
	}
	return shape(value), nil
}

func shape(value any) string {
	switch value := value.(type) {
	case map[string]any:
		var names []string
		for name, member := range value {
			names = append(names, name+":"+shape(member))
		}
		slices.Sort(names)
		return "{" + strings.Join(names, ",") + "}"
	case []any:
		var members []string
		for _, member := range value {
			members = append(members, shape(member))
		}
		slices.Sort(members)
		return "[" + strings.Join(slices.Compact(members), ",") + "]"
	}
	return fmt.Sprintf("%T", value)
}
