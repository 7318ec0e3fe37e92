package view_test

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/e2e/chromium"
)

// pictures is where the pictures of all pages go; `make pictures` says
// docs/pages. Without it the test looks whether they are there.
var pictures = flag.String("pictures", "", "folder for pictures of every page in every state")

const (
	// picturesFolder holds them, as seen from here.
	picturesFolder = "../../docs/pages"
	// tallest bounds a picture, in pixels: what is below is more of the same.
	tallest = 2400
	// quality is WebP's, of 100; scale what becomes of a pixel of the page.
	quality = 20
	scale   = .75
	// maxPictures bounds all of them, in bytes: they are part of the repository.
	maxPictures = 12 << 20
)

// size is that of a window, and what names its pictures.
type size struct {
	suffix        string
	width, height int64
}

var desk, phone = size{"", chromium.DeskWidth, chromium.DeskHeight}, size{"-phone", chromium.PhoneWidth, chromium.PhoneHeight}

// Every page in every state has its pictures, as wide as a desk and as wide as
// a telephone, and a line in the index.
func TestPicturesOfEveryPage(t *testing.T) {
	all := gallery()
	held := poses(t, all)
	folder := picturesFolder
	if *pictures != "" {
		folder = *pictures
		takePictures(t, folder, all, held)
	}
	index, err := os.ReadFile(filepath.Join(folder, "README.md"))
	require.NoError(t, err)
	require.Equal(t, indexOf(t, all, held), string(index), "make pictures takes them anew")
	var sum int64
	for _, name := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(index), -1) {
		file, err := os.Stat(filepath.Join(folder, name[1]))
		require.NoError(t, err)
		sum += file.Size()
	}
	require.Less(t, sum, int64(maxPictures), "bytes of all pictures")
	t.Logf("%.1f MB in all", float64(sum)/(1<<20))
}

// takePictures fills the folder, which holds nothing else.
func takePictures(t *testing.T, folder string, all []shot, held []pose) {
	t.Helper()
	require.NoError(t, os.MkdirAll(folder, 0o750))
	old, err := filepath.Glob(filepath.Join(folder, "*.webp"))
	require.NoError(t, err)
	for _, name := range old {
		require.NoError(t, os.Remove(name))
	}
	origin := serveGallery(t, all)
	_, err = shared(origin, all, shot.called, func(b *tab, s shot) ([]finding, error) {
		for _, size := range []size{desk, phone} {
			err := inTurn(
				func() error { return b.system(system{lessMotion: true}) },
				func() error { return b.window(size.width, size.height) },
				func() error { return b.open(s.name) },
				func() error { return b.whole(size) },
				func() error { return b.picture(size, filepath.Join(folder, s.name+size.suffix+".webp")) },
			)
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	require.NoError(t, err)
	_, err = shared(origin, held, pose.called, func(b *tab, p pose) ([]finding, error) {
		for _, size := range p.sizes() {
			err := inTurn(
				func() error { return b.system(system{lessMotion: true}) },
				func() error { return b.window(size.width, size.height) },
				func() error { return b.takes(p) },
				func() error { return b.picture(size, filepath.Join(folder, p.called()+size.suffix+".webp")) },
			)
			if err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "README.md"), []byte(indexOf(t, all, held)), 0o600))
}

// sizes are the windows in which the pose can be met.
func (p pose) sizes() []size {
	if p.phone {
		return []size{phone}
	}
	return []size{desk, phone}
}

// whole makes the window as high as what is in it, also where columns of the
// page scroll by themselves.
func (b *tab) whole(s size) error {
	height, err := ask[float64](b, `innerHeight + Math.max(0, ...[document.documentElement, ...document.querySelectorAll(".rv > *, .rv .dp-b")].map((e) => e.scrollHeight - e.clientHeight))`)
	if err != nil {
		return err
	}
	return b.window(s.width, min(int64(height), tallest))
}

// picture writes what the window shows once nothing moves, without the blinking
// caret: the same page gives the same picture.
func (b *tab) picture(s size, name string) error {
	err := inTurn(
		func() error {
			return b.run(`const sheet = new CSSStyleSheet(); sheet.replaceSync("* { caret-color: transparent !important; }"); document.adoptedStyleSheets = [sheet];`)
		},
		func() error {
			return b.until(`[...document.images].every((image) => image.complete || image.getBoundingClientRect().top > innerHeight)`)
		},
		func() error {
			return b.do(chromedp.Evaluate[chromedp.Void](`document.fonts.ready.then(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))`, awaited))
		},
	)
	if err != nil {
		return err
	}
	at, err := ask[struct{ Height, Top float64 }](b, "({ Height: innerHeight, Top: scrollY })")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	q := int64(quality)
	taken, err := chromedp.Call(ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{Format: cdppage.CaptureScreenshotFormatWebp, Quality: &q, Clip: &cdppage.Viewport{Y: at.Top, Width: float64(s.width), Height: at.Height, Scale: scale}})
	if err != nil {
		return fmt.Errorf("picture %s: %w", filepath.Base(name), err)
	}
	return os.WriteFile(name, taken.Data, fs.FileMode(0o600))
}

// indexOf lists the pictures in the order of the gallery, poses below their
// page.
func indexOf(t *testing.T, all []shot, held []pose) string {
	t.Helper()
	title := regexp.MustCompile(`<title>(?:（\d+ 处错误）)?([^<]*) - [^<]*</title>`)
	var out strings.Builder
	out.WriteString("# Every page in every state\n\nTaken by `make pictures` from the gallery of the tests (`web/view/*gallery_test.go`), whose clock stands still; a state\n" +
		"after -- is one that a person comes to on the page: a dialog, a menu, a list of what was found.\n\n| page | state | desk | phone |\n|---|---|---|---|\n")
	for _, s := range all {
		name := title.FindStringSubmatch(render(t, s))
		require.NotNil(t, name, s.name)
		fmt.Fprintf(&out, "| %s | %s | [1440](%s.webp) | [390](%s-phone.webp) |\n", name[1], s.name, s.name, s.name)
		for _, p := range held {
			if p.shot != s.name {
				continue
			}
			desk := fmt.Sprintf("[1440](%s.webp)", p.called())
			if p.phone {
				desk = ""
			}
			fmt.Fprintf(&out, "| | %s | %s | [390](%s-phone.webp) |\n", p.called(), desk, p.called())
		}
	}
	return out.String()
}
