// Package guide is the guide for bidders: README.md and the pictures beside
// this file, which repositories show as they are and the portal under 帮助. It
// reads the Markdown into chapters and blocks, and the portal draws those with
// components of its own: no markup comes out of a text.
//
// The pictures are taken of the running system by `make guide`, whose test walks
// the guide step by step.
package guide

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"image/png"
	"io/fs"
	"path"
	"sync"
)

//go:embed README.md pictures
var files embed.FS

// Guide is the guide as it is read.
type Guide struct {
	Title    string
	Lead     []Block // what stands before the first chapter
	Chapters []Chapter

	pictures map[string]Picture
}

// Chapter is a heading of the second level and what follows it.
type Chapter struct {
	ID, Title string
	Lead      []Block
	Sections  []Section
}

// Section is a heading of the third level and what follows it.
type Section struct {
	ID, Title string
	Blocks    []Block
}

// BlockKind says what a block is.
type BlockKind string

// The kinds of block.
const (
	Heading   BlockKind = "heading" // of the fourth level
	Paragraph BlockKind = "paragraph"
	Steps     BlockKind = "steps" // a numbered list
	List      BlockKind = "list"
	Note      BlockKind = "note" // a quotation: what to mind
	Table     BlockKind = "table"
	Figure    BlockKind = "figure"
)

// Block is a part of the text that stands for itself.
type Block struct {
	Kind    BlockKind
	ID      string     // of a Heading
	Spans   []Span     // of a Heading and a Paragraph
	Items   [][]Block  // of Steps and a List
	First   int        // number of the first of Steps
	Blocks  []Block    // of a Note
	Rows    [][][]Span // of a Table; the first holds the headings
	Picture Picture    // of a Figure
}

// Make says how a run of text is set.
type Make string

// The makes.
const (
	Plain  Make = ""
	Strong Make = "strong"
	Code   Make = "code"
	Link   Make = "link"
)

// Span is a run of text of one make. Links lead to headings of the guide.
type Span struct {
	Text string
	Make Make
	Href string
}

// Picture is a picture of the running system.
type Picture struct {
	Name          string // of the file
	Caption       string
	Width, Height int
	// Version belongs to the content: an address that names it may be kept for
	// ever.
	Version string
	Content []byte
}

// OfTelephone tells that the picture shows a telephone's window.
func (p Picture) OfTelephone() bool { return p.Width <= telephone }

// telephone is the widest picture of a telephone's window, in pixels.
const telephone = 430

// Read returns the guide. It fails only where README.md holds what a guide
// cannot, which the tests of this package would have told.
var Read = sync.OnceValues(func() (*Guide, error) { return read(files) })

// Picture is the picture of that name, if there is one.
func (g *Guide) Picture(name string) (Picture, bool) {
	p, ok := g.pictures[name]
	return p, ok
}

func read(files fs.FS) (*Guide, error) {
	source, err := fs.ReadFile(files, "README.md")
	if err != nil {
		return nil, fmt.Errorf("read the guide: %w", err)
	}
	pictures, err := readPictures(files)
	if err != nil {
		return nil, fmt.Errorf("read the guide: %w", err)
	}
	r := &reader{source: source, pictures: pictures, ids: map[string]bool{}, guide: &Guide{pictures: pictures}}
	if err := r.read(); err != nil {
		return nil, fmt.Errorf("read the guide: %w", err)
	}
	return r.guide, nil
}

// readPictures reads every picture of the folder.
func readPictures(files fs.FS) (map[string]Picture, error) {
	entries, err := fs.ReadDir(files, "pictures")
	if err != nil {
		return nil, err
	}
	all := map[string]Picture{}
	for _, entry := range entries {
		content, err := fs.ReadFile(files, path.Join("pictures", entry.Name()))
		if err != nil {
			return nil, err
		}
		size, err := png.DecodeConfig(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("picture %s: %w", entry.Name(), err)
		}
		sum := sha256.Sum256(content)
		all[entry.Name()] = Picture{
			Name: entry.Name(), Width: size.Width, Height: size.Height, Version: hex.EncodeToString(sum[:4]), Content: content,
		}
	}
	return all, nil
}
