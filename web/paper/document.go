package paper

import (
	"fmt"
	"strings"
	"time"

	"github.com/signintech/gopdf"
)

// Document is a version of what a subject filed, as people read it.
type Document struct {
	Site      string // name of the system
	Heading   string // what it is
	Title     string // which one it is of many; "" for none
	Facts     []Field
	Sections  []Section
	Digest    string // SHA-256 of the content
	PrintedAt time.Time
}

// Measures of a document's pages, in points.
const (
	pageTop    = 56.0
	pageBottom = 790.0
	// aloneLines is how many lines of a text stand at least on a page that it begins
	// or ends on.
	aloneLines = 2
)

// PrintDocument returns the document as a PDF of as many pages as it takes.
func PrintDocument(d Document) ([]byte, error) {
	faces, err := loadTypefaces()
	if err != nil {
		return nil, fmt.Errorf("print document: %w", err)
	}
	p := &pages{press: press{faces: faces, used: map[string]bool{}}, document: d}
	p.pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	p.pdf.SetInfo(gopdf.PdfInfo{Title: strings.TrimSpace(d.Heading + " " + d.Title), Author: d.Site, Creator: d.Site, CreationDate: d.PrintedAt})
	p.turn()
	p.print()
	if p.fault != nil {
		return nil, fmt.Errorf("print document: %w", p.fault)
	}
	printed, err := p.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fmt.Errorf("print document: %w", err)
	}
	return mendUnicode(printed)
}

// pages is a press that turns to a new page where one is full.
type pages struct {
	press

	document Document
	no       int
}

// turn begins a page: what it belongs to stands above, its number below.
func (p *pages) turn() {
	p.pdf.AddPage()
	p.no++
	p.ink(90)
	p.line(left, 32, smallSize, p.document.Site)
	p.lineRight(32, smallSize, strings.TrimSpace(p.document.Heading+"　"+p.fitted(p.document.Title)))
	p.lineCenter(pageBottom+14, smallSize, fmt.Sprintf("第 %d 页", p.no))
	p.ink(0)
	p.y = pageTop
}

// fitted is a title cut to what the head of a page takes.
func (p *pages) fitted(title string) string {
	lines := p.wrap(title, smallSize, width/2)
	if len(lines) > 1 {
		return lines[0] + "…"
	}
	return title
}

// need turns the page unless so much room is left on it.
func (p *pages) need(height float64) {
	if p.y+height > pageBottom && p.y > pageTop {
		p.turn()
	}
}

func (p *pages) print() {
	p.y += 6
	p.lineCenter(p.y, 18, p.document.Heading)
	p.y += 28
	for _, line := range p.wrap(p.document.Title, 12, width) {
		if line != "" {
			p.lineCenter(p.y, 12, line)
			p.y += 18
		}
	}
	p.y += 4
	p.fields(p.document.Facts)
	p.y += 10
	for _, s := range p.document.Sections {
		p.part(s)
	}
	p.end()
}

// part draws a section; its heading is never left alone at the end of a page.
func (p *pages) part(s Section) {
	lines := p.wrap(s.Name, textSize, width-2*padding-4)
	height := float64(len(lines))*lineHeight + 5
	p.need(height + rowHeight(aloneLines))
	p.box(left, p.y, width, height, 240)
	p.lines(left+padding+2, p.y+3, textSize, lines)
	p.y += height
	p.fields(s.Fields)
}

func (p *pages) fields(fields []Field) {
	for _, row := range paired(fields) {
		p.across(p.lay(row...))
	}
}

// across draws a row. One that is longer than what is left of a page goes on the
// next; one that is longer than a page goes over as many as it takes.
func (p *pages) across(l laid) {
	if l.height <= pageBottom-pageTop {
		p.need(l.height)
		p.draw(l)
		return
	}
	p.need(rowHeight(aloneLines))
	for rest := l; p.fault == nil; {
		room := int((pageBottom - p.y - 2*padding + 1) / lineHeight)
		var now laid
		now, rest = rest.split(max(room, 1))
		p.draw(now)
		if rest.height == 0 {
			return
		}
		p.turn()
	}
}

// split cuts a row after so many lines. The rest bears the same labels, and is
// nothing where nothing is left.
func (l laid) split(lines int) (head, rest laid) {
	most := 1
	for i, value := range l.values {
		n := min(lines, len(value))
		head.labels, head.values = append(head.labels, l.labels[i]), append(head.values, value[:n])
		rest.labels, rest.values = append(rest.labels, l.labels[i]), append(rest.values, value[n:])
		most = max(most, n, len(l.labels[i]))
		if n < len(value) {
			rest.height = rowHeight(1)
		}
	}
	head.height = rowHeight(most)
	return head, rest
}

// end says of which content the document is a print, and which characters are to be
// written in by hand.
func (p *pages) end() {
	notes := []string{"导出时间 " + minute(p.document.PrintedAt)}
	if p.document.Digest != "" {
		notes = append([]string{"内容指纹（SHA-256）" + p.document.Digest}, notes...)
	}
	if missing := p.byHand(); missing != "" {
		notes = append(notes, missing)
	}
	p.y += 8
	for _, note := range notes {
		lines := p.wrap(note, smallSize, width)
		height := float64(len(lines)) * (smallSize + 3)
		p.need(height)
		p.ink(90)
		p.lines(left, p.y, smallSize, lines)
		p.y += height + 2
	}
	p.ink(0)
}
