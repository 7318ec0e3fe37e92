// Package paper prints what people hold in their hands, as PDF on A4: 数字证书申请表,
// which they carry to a counter, and documents of any length, which they take along.
// It draws what it is given and knows nothing of requests, storage or the domain.
//
// The font is embedded, so that a paper looks the same everywhere. A character
// that no font at hand draws is printed as 〓 with a number, and a note below the
// table says which code point to write in by hand: a name is never changed.
package paper

import (
	"fmt"
	"strings"
	"time"

	"github.com/signintech/gopdf"
)

// Application is 数字证书申请表. Empty strings are printed as a dash, empty lists
// are left out.
type Application struct {
	Site       string // name of the system
	Center     string // who runs it
	Receipt    string // number of the receipt
	OrderNo    string // of the CA company; "" before it answered
	AcceptedAt time.Time
	PrintedAt  time.Time
	Sections   []Section
	Papers     []string // to bring
	Counters   []Counter
	Hotline    string
	// Person leaves out the boxes that only an organization signs.
	Person bool
}

// Section is a group of fields under a heading.
type Section struct {
	Name   string
	Fields []Field
}

// Field is a label with its value. A wide one takes the whole line.
type Field struct {
	Label, Value string
	Wide         bool
}

// Counter is a place where papers are taken.
type Counter struct{ Name, Address, Hours, Phone string }

// Measures in points; A4 is 595 × 842.
const (
	left, right  = 48.0, 547.0
	width        = right - left
	labelWidth   = 92.0
	textSize     = 9.5
	smallSize    = 8.0
	lineHeight   = 13.5
	padding      = 4.5
	baseline     = 0.98 // of the size, from the top of a line to where letters stand
	bottom       = 812.0
	signHeight   = 96.0
	officeHeight = 52.0
	maxCounters  = 4
)

// PrintApplication returns the paper as a PDF of one page.
func PrintApplication(a Application) ([]byte, error) {
	faces, err := loadTypefaces()
	if err != nil {
		return nil, fmt.Errorf("print application: %w", err)
	}
	p := &press{faces: faces, used: map[string]bool{}}
	p.pdf.Start(gopdf.Config{PageSize: *gopdf.PageSizeA4})
	p.pdf.SetInfo(gopdf.PdfInfo{
		Title: "数字证书申请表 " + a.Receipt, Author: a.Site, Creator: a.Site, CreationDate: a.PrintedAt,
	})
	p.pdf.AddPage()
	p.application(a)
	if p.fault != nil {
		return nil, fmt.Errorf("print application: %w", p.fault)
	}
	printed, err := p.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, fmt.Errorf("print application: %w", err)
	}
	return mendUnicode(printed)
}

// press draws from the top of the page to its bottom. The first fault stops
// what follows.
type press struct {
	pdf     gopdf.GoPdf
	faces   *typefaces
	used    map[string]bool // fonts that are part of the file: none without a character
	y       float64
	missing []rune // that no font draws, in order of appearance
	fault   error
}

func (p *press) application(a Application) {
	p.y = 34
	p.ink(90)
	p.line(left, p.y, smallSize, strings.TrimSpace(a.Center+"　"+a.Site))
	p.lineRight(p.y, smallSize, "打印时间 "+minute(a.PrintedAt))
	p.y += 16
	p.ink(0)
	p.lineCenter(p.y, 20, "数字证书申请表")
	p.y += 32
	p.line(left, p.y, textSize, "申请回执号　"+a.Receipt)
	p.lineCenter(p.y, textSize, "CA 订单号　"+orDash(a.OrderNo))
	p.lineRight(p.y, textSize, "受理时间　"+minute(a.AcceptedAt))
	p.y += 17
	for _, s := range a.Sections {
		p.section(s)
	}
	p.y += 8
	p.declaration(a.Person)
	p.office()
	p.y += 8
	p.list("办理时请携带", a.Papers)
	p.list("受理点", counterLines(a.Counters))
	p.notes(a)
}

func counterLines(counters []Counter) []string {
	var lines []string
	for i, c := range counters {
		if i == maxCounters {
			return append(lines, fmt.Sprintf("其余 %d 个受理点请在申请页面查看", len(counters)-maxCounters))
		}
		parts := []string{c.Name, c.Address, c.Hours, c.Phone}
		kept := parts[:0]
		for _, part := range parts {
			if part != "" {
				kept = append(kept, part)
			}
		}
		lines = append(lines, strings.Join(kept, "，"))
	}
	return lines
}

// section draws a heading and its fields, two to a line.
func (p *press) section(s Section) {
	p.box(left, p.y, width, 18, 240)
	p.line(left+padding+2, p.y+(18-textSize)/2-1, textSize, s.Name)
	p.y += 18
	for _, fields := range paired(s.Fields) {
		p.row(fields...)
	}
}

// paired puts fields beside each other, two to a line, but for the wide ones.
func paired(fields []Field) [][]Field {
	var rows [][]Field
	for i := 0; i < len(fields); {
		n := 2
		if fields[i].Wide || i+1 == len(fields) || fields[i+1].Wide {
			n = 1
		}
		rows = append(rows, fields[i:i+n])
		i += n
	}
	return rows
}

// row draws one field over the whole width, or two beside each other.
func (p *press) row(fields ...Field) { p.draw(p.lay(fields...)) }

// laid is a row whose texts are cut into lines.
type laid struct {
	labels, values [][]string
	height         float64
}

// lay cuts the texts of a row into lines.
func (p *press) lay(fields ...Field) laid {
	share := width / float64(len(fields))
	var l laid
	tallest := 1
	for _, f := range fields {
		label := p.wrap(f.Label, textSize, labelWidth-2*padding)
		value := p.wrap(orDash(f.Value), textSize, share-labelWidth-2*padding)
		l.labels, l.values = append(l.labels, label), append(l.values, value)
		tallest = max(tallest, len(value), len(label))
	}
	l.height = rowHeight(tallest)
	return l
}

// rowHeight is the height of a row of so many lines.
func rowHeight(lines int) float64 { return float64(lines)*lineHeight + 2*padding - 1 }

// draw draws a row where the press stands.
func (p *press) draw(l laid) {
	share := width / float64(len(l.labels))
	for i := range l.labels {
		x := left + float64(i)*share
		p.box(x, p.y, labelWidth, l.height, 250)
		p.box(x+labelWidth, p.y, share-labelWidth, l.height, 255)
		p.ink(80)
		p.lines(x+padding, p.y+padding, textSize, l.labels[i])
		p.ink(0)
		p.lines(x+labelWidth+padding, p.y+padding, textSize, l.values[i])
	}
	p.y += l.height
}

// declaration is what the applicant signs, with the places for it.
func (p *press) declaration(person bool) {
	text := "本申请表所填内容与所附材料真实、有效，申请人同意将上述信息用于数字证书的制作、签发和管理，并妥善保管证书介质与口令。"
	names := []string{"申请单位（盖章）", "法定代表人（签字）", "经办人（签字）"}
	if person {
		names = []string{"申请人（签字）", "代办人（签字，没有代办人的不填）"}
	}
	lines := p.wrap(text, textSize, width-2*padding-4)
	height := float64(len(lines))*lineHeight + padding*2
	p.box(left, p.y, width, height+signHeight, 255)
	p.lines(left+padding+2, p.y+padding, textSize, lines)
	p.y += height
	share := width / float64(len(names))
	for i, name := range names {
		x := left + float64(i)*share
		p.box(x, p.y, share, signHeight, 255)
		p.ink(80)
		p.line(x+padding+2, p.y+padding, textSize, name)
		p.line(x+share-96, p.y+signHeight-lineHeight-2, textSize, "年　　月　　日")
		p.ink(0)
	}
	p.y += signHeight
}

// office is filled in at the counter.
func (p *press) office() {
	share := width / 3
	for i, name := range []string{"受理点审核意见", "受理人（签字）", "受理日期"} {
		x := left + float64(i)*share
		p.box(x, p.y, share, officeHeight, 250)
		p.ink(80)
		p.line(x+padding+2, p.y+padding, textSize, name)
		p.ink(0)
	}
	p.y += officeHeight
}

// list draws numbered lines under a heading, as far as the page goes.
func (p *press) list(heading string, items []string) {
	if len(items) == 0 {
		return
	}
	p.line(left, p.y, textSize, heading)
	p.y += lineHeight + 1
	p.ink(50)
	for i, item := range items {
		lines := p.wrap(fmt.Sprintf("%d. %s", i+1, item), smallSize+.5, width-10)
		if p.y+float64(len(lines))*lineHeight > bottom-2*lineHeight {
			p.line(left+10, p.y, smallSize+.5, "其余见申请页面")
			p.y += lineHeight
			break
		}
		p.lines(left+10, p.y, smallSize+.5, lines)
		p.y += float64(len(lines)) * (lineHeight - 1)
	}
	p.ink(0)
	p.y += 5
}

// notes stand at the foot of the page: which characters to write by hand, and
// where help is to be had.
func (p *press) notes(a Application) {
	y := bottom
	if a.Hotline != "" {
		p.ink(90)
		p.line(left, y, smallSize, "服务热线 "+a.Hotline)
	}
	p.ink(90)
	p.lineRight(y, smallSize, "本表含身份证件号码等个人信息，请妥善保管")
	missing := p.byHand()
	if missing == "" {
		return
	}
	p.ink(0)
	lines := p.wrap(missing, smallSize, width)
	p.lines(left, y-float64(len(lines))*(smallSize+3)-2, smallSize, lines)
}

// byHand says which characters no font draws, "" where every one is drawn.
func (p *press) byHand() string {
	if len(p.missing) == 0 {
		return ""
	}
	var codes []string
	for i, r := range p.missing {
		codes = append(codes, fmt.Sprintf("〓%d 为 U+%04X", i+1, r))
	}
	return "表中的〓是字库暂缺的字，请在其旁手工填写：" + strings.Join(codes, "，") + "。"
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

func minute(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(shanghai).Format("2006-01-02 15:04")
}
