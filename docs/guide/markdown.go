package guide

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	tables "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"
)

// reader turns the Markdown into a guide. What it does not know is an error:
// half a guide must not pass for a whole one.
type reader struct {
	source   []byte
	pictures map[string]Picture
	ids      map[string]bool
	guide    *Guide
}

func (r *reader) read() error {
	document := goldmark.New(goldmark.WithExtensions(extension.Table)).Parser().Parse(text.NewReader(r.source))
	for n := document.FirstChild(); n != nil; n = n.NextSibling() {
		if heading, ok := n.(*ast.Heading); ok && heading.Level < 4 {
			if err := r.open(heading); err != nil {
				return err
			}
			continue
		}
		block, err := r.block(n)
		if err != nil {
			return err
		}
		r.add(block)
	}
	return nil
}

// open begins what a heading heads.
func (r *reader) open(heading *ast.Heading) error {
	spans, err := r.spans(heading)
	if err != nil {
		return err
	}
	title := plain(spans)
	id, err := r.id(title)
	if err != nil {
		return err
	}
	g := r.guide
	switch {
	case heading.Level == 1 && g.Title == "":
		g.Title = title
	case heading.Level == 2:
		g.Chapters = append(g.Chapters, Chapter{ID: id, Title: title})
	case heading.Level == 3 && len(g.Chapters) > 0:
		last := &g.Chapters[len(g.Chapters)-1]
		last.Sections = append(last.Sections, Section{ID: id, Title: title})
	default:
		return fmt.Errorf("heading “%s” stands where none of its level belongs", title)
	}
	return nil
}

// add puts a block under the heading that was opened last.
func (r *reader) add(b Block) {
	g := r.guide
	if len(g.Chapters) == 0 {
		g.Lead = append(g.Lead, b)
		return
	}
	chapter := &g.Chapters[len(g.Chapters)-1]
	if len(chapter.Sections) == 0 {
		chapter.Lead = append(chapter.Lead, b)
		return
	}
	section := &chapter.Sections[len(chapter.Sections)-1]
	section.Blocks = append(section.Blocks, b)
}

// id is the address of a heading within the page, made as repositories make it,
// so that a link of the guide leads there on both.
func (r *reader) id(title string) (string, error) {
	id := strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			return unicode.ToLower(c)
		}
		return -1
	}, title)
	if id == "" || r.ids[id] {
		return "", fmt.Errorf("heading “%s” has no address of its own", title)
	}
	r.ids[id] = true
	return id, nil
}

func (r *reader) block(n ast.Node) (Block, error) {
	switch n := n.(type) {
	case *ast.Heading:
		spans, err := r.spans(n)
		if err != nil {
			return Block{}, err
		}
		id, err := r.id(plain(spans))
		return Block{Kind: Heading, ID: id, Spans: spans}, err
	case *ast.Paragraph, *ast.TextBlock:
		if image, ok := n.FirstChild().(*ast.Image); ok && n.ChildCount() == 1 {
			return r.figure(image)
		}
		spans, err := r.spans(n)
		return Block{Kind: Paragraph, Spans: spans}, err
	case *ast.List:
		b := Block{Kind: List}
		if n.IsOrdered() {
			b.Kind, b.First = Steps, n.Start
		}
		for item := n.FirstChild(); item != nil; item = item.NextSibling() {
			blocks, err := r.blocks(item)
			if err != nil {
				return Block{}, err
			}
			b.Items = append(b.Items, blocks)
		}
		return b, nil
	case *ast.Blockquote:
		blocks, err := r.blocks(n)
		return Block{Kind: Note, Blocks: blocks}, err
	case *tables.Table:
		return r.table(n)
	}
	return Block{}, fmt.Errorf("a guide has no %s", n.Kind())
}

func (r *reader) blocks(parent ast.Node) ([]Block, error) {
	var all []Block
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		b, err := r.block(n)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func (r *reader) table(n *tables.Table) (Block, error) {
	b := Block{Kind: Table}
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		var cells [][]Span
		for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
			spans, err := r.spans(cell)
			if err != nil {
				return Block{}, err
			}
			cells = append(cells, spans)
		}
		b.Rows = append(b.Rows, cells)
	}
	return b, nil
}

func (r *reader) figure(image *ast.Image) (Block, error) {
	spans, err := r.spans(image)
	if err != nil {
		return Block{}, err
	}
	folder, name := path.Split(string(image.Destination))
	picture, ok := r.pictures[name]
	if folder != "pictures/" || !ok {
		return Block{}, fmt.Errorf("there is no picture %s", image.Destination)
	}
	picture.Caption = plain(spans)
	return Block{Kind: Figure, Picture: picture}, nil
}

// spans reads the text of a block.
func (r *reader) spans(parent ast.Node) ([]Span, error) {
	var all []Span
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		span, err := r.span(n)
		if err != nil {
			return nil, err
		}
		all = append(all, span)
	}
	return all, nil
}

func (r *reader) span(n ast.Node) (Span, error) {
	switch n := n.(type) {
	case *ast.Text:
		written := string(n.Value(r.source))
		if n.SoftLineBreak() {
			written += "\n"
		}
		return Span{Text: written}, nil
	case *ast.Emphasis:
		within, err := r.spans(n)
		return Span{Make: Strong, Text: plain(within)}, err
	case *ast.CodeSpan:
		within, err := r.spans(n)
		return Span{Make: Code, Text: plain(within)}, err
	case *ast.Link:
		within, err := r.spans(n)
		return Span{Make: Link, Text: plain(within), Href: string(n.Destination)}, err
	}
	return Span{}, fmt.Errorf("a text of the guide has no %s", n.Kind())
}

func plain(spans []Span) string {
	var b strings.Builder
	for _, s := range spans {
		b.WriteString(s.Text)
	}
	return b.String()
}
