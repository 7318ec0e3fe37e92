package paper

import (
	"slices"
	"strconv"
	"strings"

	"github.com/signintech/gopdf"
)

// run is a stretch of text in one font.
type run struct{ family, text string }

// runs cuts a text by the fonts that draw it. A character that none draws
// becomes 〓 with its number.
func (p *press) runs(text string) []run {
	var all []run
	add := func(family, text string) {
		if n := len(all); n > 0 && all[n-1].family == family {
			all[n-1].text += text
			return
		}
		all = append(all, run{family, text})
	}
	for _, r := range text {
		if r < ' ' {
			r = ' '
		}
		if family := p.faces.of(r); family != "" {
			add(family, string(r))
			continue
		}
		n := slices.Index(p.missing, r)
		if n < 0 {
			n = len(p.missing)
			p.missing = append(p.missing, r)
		}
		add(p.faces.fonts[0].family, "〓"+strconv.Itoa(n+1))
	}
	return all
}

// measure is the width of a text in points.
func (p *press) measure(text string, size float64) float64 {
	total := 0.0
	for _, r := range p.runs(text) {
		p.font(r.family, size)
		if p.fault != nil {
			return total
		}
		w, err := p.pdf.MeasureTextWidth(r.text)
		if err != nil {
			p.fault = err
			return total
		}
		total += w
	}
	return total
}

// font chooses a font, which becomes part of the file with its first use.
func (p *press) font(family string, size float64) {
	if p.fault == nil && !p.used[family] {
		p.used[family] = true
		p.fault = p.pdf.AddTTFFontFromFontContainer(family, p.faces.container)
	}
	if p.fault == nil {
		p.fault = p.pdf.SetFont(family, "", size)
	}
}

// line writes a line with its top at y.
func (p *press) line(x, y, size float64, text string) {
	for _, r := range p.runs(text) {
		p.font(r.family, size)
		if p.fault != nil {
			return
		}
		p.pdf.SetXY(x, y+size*baseline)
		if p.fault = p.pdf.Text(r.text); p.fault != nil {
			return
		}
		x = p.pdf.GetX()
	}
}

func (p *press) lineRight(y, size float64, text string) {
	p.line(right-p.measure(text, size), y, size, text)
}

func (p *press) lineCenter(y, size float64, text string) {
	p.line(left+(width-p.measure(text, size))/2, y, size, text)
}

// lines writes lines below each other.
func (p *press) lines(x, y, size float64, lines []string) {
	step := lineHeight
	if size < textSize {
		step = size + 3
	}
	for i, text := range lines {
		p.line(x, y+float64(i)*step, size, text)
	}
}

// closing may not begin a line.
const closing = "，。、；：！？）》」』】％%,.;:!?)"

// wrap cuts a text into lines of that width: between Chinese characters, and
// within a word or number only where it is longer than a line.
func (p *press) wrap(text string, size, limit float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		lines = append(lines, p.wrapParagraph(paragraph, size, limit)...)
	}
	return lines
}

func (p *press) wrapParagraph(text string, size, limit float64) []string {
	var lines []string
	line := ""
	for _, piece := range pieces(text) {
		switch {
		case line == "" || p.measure(line+piece, size) <= limit:
			line += piece
		default:
			lines = append(lines, strings.TrimRight(line, " "))
			line = strings.TrimLeft(piece, " ")
		}
		for p.fault == nil && p.measure(line, size) > limit && len([]rune(line)) > 1 {
			head := p.fitting(line, size, limit)
			lines, line = append(lines, line[:head]), line[head:]
		}
	}
	return append(lines, strings.TrimRight(line, " "))
}

// fitting is how many bytes of a text fit into the width: at least one
// character.
func (p *press) fitting(text string, size, limit float64) int {
	last := 0
	for i := range text {
		if i > 0 && p.measure(text[:i], size) > limit {
			break
		}
		last = i
	}
	if last == 0 {
		for i := range text {
			if i > 0 {
				return i
			}
		}
	}
	return last
}

// pieces are the parts between which a line may break: words and numbers, and
// each Chinese character with the punctuation that closes it.
func pieces(text string) []string {
	var all []string
	word := false
	for _, r := range text {
		latin := r < 0x2000 && r != ' '
		n := len(all)
		switch {
		case n > 0 && strings.ContainsRune(closing, r), n > 0 && latin && word:
			all[n-1] += string(r)
		default:
			all = append(all, string(r))
		}
		word = latin
	}
	return all
}

// box draws a rectangle with a hairline around it, filled with a grey: 0 is
// black and 255 is white.
func (p *press) box(x, y, w, h float64, grey uint8) {
	p.pdf.SetLineWidth(.6)
	p.pdf.SetStrokeColor(120, 128, 140)
	p.pdf.SetFillColor(grey, grey, grey)
	style := gopdf.DrawFillPaintStyle
	if grey == 255 {
		style = gopdf.DrawPaintStyle
	}
	if p.fault == nil {
		p.fault = p.pdf.RectFromUpperLeftWithOpts(gopdf.DrawableRectOptions{X: x, Y: y, Rect: gopdf.Rect{W: w, H: h}, PaintStyle: style})
	}
}

// ink sets the colour of text.
func (p *press) ink(level uint8) { p.pdf.SetTextColor(level, level, level) }
