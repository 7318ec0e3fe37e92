package paper

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/signintech/gopdf"
)

//go:embed fonts
var fontFiles embed.FS

// mainFont has every character of 通用规范汉字表, those beyond U+FFFF among them
// (𬀩 …), most of extension A and little of extension B.
const mainFont = "NotoSansSC_400Regular.ttf"

// rareFonts are looked for on the machine, for the characters of old names that
// mainFont lacks: Debian's package fonts-hanazono has the extensions B to F.
var rareFonts = []string{
	"/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
	"/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
}

// ErrNoFont reports that the program was built without its font.
var ErrNoFont = errors.New("the font of printed papers was not built in: run npm run vendor and build again")

// font is a parsed font file, shared by all papers.
type font struct {
	family string
	glyphs *gopdf.SubsetFontObj
}

// has reports whether the font draws the character.
func (f font) has(r rune) bool {
	glyph, err := f.glyphs.CharCodeToGlyphIndex(r)
	return err == nil && glyph != 0
}

// typefaces are the fonts in the order in which a character is looked for.
type typefaces struct {
	container *gopdf.FontContainer
	fonts     []font
}

// loadTypefaces parses the fonts once, when the first paper is printed: they
// take some tens of megabytes.
var loadTypefaces = sync.OnceValues(func() (*typefaces, error) {
	content, err := fs.ReadFile(fontFiles, "fonts/"+mainFont)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoFont
	}
	if err != nil {
		return nil, fmt.Errorf("read font: %w", err)
	}
	faces := &typefaces{container: &gopdf.FontContainer{}}
	if err := faces.add("main", content); err != nil {
		return nil, err
	}
	for i, path := range rareFonts {
		content, err := os.ReadFile(path) //nolint:gosec // a fixed list of paths
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read font: %w", err)
		}
		if err := faces.add(fmt.Sprintf("rare%d", i), content); err != nil {
			return nil, err
		}
	}
	return faces, nil
})

func (t *typefaces) add(family string, content []byte) error {
	if err := t.container.AddTTFFontData(family, content); err != nil {
		return fmt.Errorf("parse font %s: %w", family, err)
	}
	glyphs := &gopdf.SubsetFontObj{}
	if err := glyphs.SetTTFData(content); err != nil {
		return fmt.Errorf("parse font %s: %w", family, err)
	}
	t.fonts = append(t.fonts, font{family, glyphs})
	return nil
}

// of returns the family that draws the character, "" if none does.
func (t *typefaces) of(r rune) string {
	for _, f := range t.fonts {
		if f.has(r) {
			return f.family
		}
	}
	return ""
}
