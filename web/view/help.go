package view

import (
	"strings"

	"unireg/docs/guide"
)

// here is the address of a heading within the page.
func here(id string) string { return "#" + id }

// pictureHref is where the portal serves a picture of the guide. It names the
// content, so that browsers may keep it.
func pictureHref(p guide.Picture) string {
	return "/help/pictures/" + p.Name + "?v=" + p.Version
}

// guideText is what stands in a cell, without its makes.
func guideText(spans []guide.Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
