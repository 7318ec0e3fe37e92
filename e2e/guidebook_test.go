package e2e

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

//go:embed testdata/ring.js
var ringing string

// guidebook takes the pictures of the guide for bidders while its steps are
// walked. Without a folder none is taken: what they would show is looked for.
type guidebook struct {
	t     testing.TB
	dir   string
	taken []string
}

// ring is a place of which a step of the guide speaks: a red ring is drawn round
// it, with the step's number.
type ring struct {
	number    int
	how, what string
	nth       int
}

// bears rings what can be pressed and bears the text.
func bears(number int, text string) ring { return ring{number, "bears", text, 0} }

// labelled rings the control of that label.
func labelled(number int, label string) ring { return ring{number, "labelled", label, 0} }

// part rings a part of the page.
func part(number int, selector string) ring { return ring{number, "part", selector, 1} }

// first is the ring for the first of several that bear the text.
func (r ring) first() ring {
	r.nth = 1
	return r
}

// second is the ring for the second of them.
func (r ring) second() ring {
	r.nth = 2
	return r
}

// shot is how a picture is taken: of which window, what is brought to its top,
// and what is cut out of it.
type shot struct {
	width, height int64  // of the window; 0 for that of a desk
	top           string // selector of what stands at the top; "" for the page's own
	cut           string // selectors of what is cut out, with a margin; "" for the whole window
}

// margin is what is left round what a picture shows, in pixels.
const margin = 24

// take takes a picture of what the person sees.
func (g *guidebook) take(p *person, name string, s shot, rings ...ring) {
	g.t.Helper()
	g.taken = append(g.taken, name+".png")
	if g.dir == "" {
		for _, r := range rings {
			p.box(r.how, r.what, r.nth)
		}
		return
	}
	p.window(cmp.Or(s.width, deskWidth), cmp.Or(s.height, deskHeight))
	p.eval(fmt.Sprintf(`(() => {
		const at = %q && document.querySelector(%[1]q);
		scrollTo({ top: at ? at.getBoundingClientRect().top + scrollY - 84 : 0, behavior: "instant" });
		return "";
	})()`, s.top))
	type place struct {
		Number int     `json:"number"`
		X      float64 `json:"x"`
		Y      float64 `json:"y"`
		Width  float64 `json:"width"`
		Height float64 `json:"height"`
	}
	places := []place{}
	for _, r := range rings {
		box := p.box(r.how, r.what, r.nth)
		places = append(places, place{r.number, box[0], box[1], box[2], box[3]})
	}
	window := image.Rect(0, 0, int(cmp.Or(s.width, deskWidth)), int(cmp.Or(s.height, deskHeight)))
	cut := window
	if s.cut != "" {
		cut = image.Rectangle{}
		for selector := range strings.SplitSeq(s.cut, "|") {
			box := p.box("part", selector, 1)
			edge := margin
			if selector == "main" {
				edge = 0 // it has room of its own within
			}
			cut = cut.Union(image.Rect(int(box[0]), int(box[1]), int(box[0]+box[2]), int(box[1]+box[3])).Inset(-edge))
		}
		cut = cut.Intersect(window)
	}
	for _, at := range places {
		middle := image.Pt(int(at.X+at.Width/2), int(at.Y+min(at.Height, 40)/2))
		require.True(g.t, middle.In(cut), "ring %d is not in picture %s", at.Number, name)
	}
	encoded, err := json.Marshal(places)
	require.NoError(g.t, err)
	p.eval(fmt.Sprintf("(%s)(%s)", strings.TrimSpace(ringing), encoded))
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	seen, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(g.t, err)
	p.eval(fmt.Sprintf("(%s)([])", strings.TrimSpace(ringing)))
	small := quantised(g.t, cutOut(g.t, seen, cut))
	require.Less(g.t, len(small), maxPicture, name)
	require.NoError(g.t, os.WriteFile(filepath.Join(g.dir, name+".png"), small, 0o600))
	p.window(deskWidth, deskHeight)
}

// box is where something is in the window: left, top, width and height.
func (p *person) box(how, what string, nth int) [4]float64 {
	p.t.Helper()
	var box [4]float64
	require.NoError(p.t, json.Unmarshal([]byte(p.find("box", how, what, nth).Value), &box))
	return box
}

// cutOut is a part of a picture.
func cutOut(t testing.TB, shot []byte, part image.Rectangle) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	require.NoError(t, err)
	out := image.NewRGBA(image.Rect(0, 0, part.Dx(), part.Dy()))
	draw.Draw(out, out.Bounds(), full, part.Min, draw.Src)
	var content bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&content, out))
	return content.Bytes()
}

// named are the pictures that the guide shows, in its order.
func (g *guidebook) named() []string {
	g.t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "guide", "README.md"))
	require.NoError(g.t, err)
	var all []string
	for _, match := range regexp.MustCompile(`\]\(pictures/([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, match[1])
	}
	return all
}

// whole reports that every picture of the guide was taken, and none besides.
func (g *guidebook) whole() {
	g.t.Helper()
	slices.Sort(g.taken)
	require.Equal(g.t, g.named(), g.taken)
}
