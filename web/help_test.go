package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"unireg/docs/guide"
)

func TestTheGuideIsServedToWhoeverAsks(t *testing.T) {
	p := newPortal(t, nil)
	firm := p.browser()
	firm.login(p.newOrganization())
	g, err := guide.Read()
	require.NoError(t, err)
	for name, b := range map[string]*browser{"nobody": p.browser(), "a firm": firm} {
		t.Run(name, func(t *testing.T) {
			page := b.get("/help")
			require.Equal(t, http.StatusOK, page.Status)
			for _, c := range g.Chapters {
				require.Equal(t, 1, strings.Count(page.Body, `id="`+c.ID+`"`), c.Title)
				require.Contains(t, page.Body, `href="#`+c.ID+`"`, "the contents lead to %s", c.Title)
				for _, s := range c.Sections {
					require.Contains(t, page.Body, `href="#`+s.ID+`"`, "the contents lead to %s", s.Title)
				}
			}
			require.Contains(t, page.Body, `<ol start="4">`, "steps go on after a picture")
		})
	}
	t.Run("every picture comes, and may be kept", func(t *testing.T) {
		b := p.browser()
		found := regexp.MustCompile(`<img src="(/help/pictures/[^"]+)" alt="图 \d+　[^"]+" width="\d+" height="\d+"`).FindAllStringSubmatch(b.get("/help").Body, -1)
		require.Greater(t, len(found), 40)
		for _, match := range found {
			a := b.get(match[1])
			require.Equal(t, http.StatusOK, a.Status, match[1])
			require.Equal(t, "image/png", a.Header.Get("Content-Type"))
			require.Equal(t, "public, max-age=31536000, immutable", a.Header.Get("Cache-Control"))
			bare, _, _ := strings.Cut(match[1], "?")
			require.Equal(t, "public, max-age=300", b.get(bare).Header.Get("Cache-Control"), "an address that does not name the content is asked again")
		}
		for _, path := range []string{"/help/pictures/none.png", "/help/pictures/..%2fREADME.md", "/help/pictures/", "/help/", "/help/guide.go"} {
			a := b.get(path)
			require.Equal(t, http.StatusNotFound, a.Status, path)
			require.Equal(t, "no-store", a.Header.Get("Cache-Control"), path)
		}
	})
	t.Run("every frame has the link", func(t *testing.T) {
		for path, b := range map[string]*browser{"/": p.browser(), "/login": p.browser(), "/register": p.browser(), "/downloads": p.browser(), "/home": firm, "/messages": firm} {
			require.Contains(t, b.get(path).Body, `href="/help"`, path)
		}
	})
}
