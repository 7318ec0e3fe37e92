package e2e

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"unireg/record"
	"unireg/record/sample"
)

// pictures is where the documentation's pictures go:
//
//	bin/stack run --fast -- go test ./e2e -count=1 -run TestPictures -pictures ../docs/pictures
var pictures = flag.String("pictures", "", "folder for pictures of the main pages")

// maxPicture bounds a picture's file, in bytes: they are part of the repository.
const maxPicture = 300 << 10

// gallery takes pictures of pages, as wide as a desk and as wide as a telephone.
type gallery struct {
	t   testing.TB
	dir string
}

// fromTheTop is the script that shows the top of a page.
const fromTheTop = `(document.activeElement?.blur(), scrollTo({ top: 0, behavior: "instant" }), "")`

// take draws what the person sees, from the top of the page.
func (g gallery) take(p *person, name string) {
	g.t.Helper()
	g.shoot(p, name, fromTheTop)
}

// takeHere draws what the person sees where the focus is.
func (g gallery) takeHere(p *person, name string) {
	g.t.Helper()
	g.shoot(p, name, `(document.activeElement.scrollIntoView({ block: "center", behavior: "instant" }), "")`)
}

// takeWide draws what a person at a wide screen sees.
func (g gallery) takeWide(p *person, name string) {
	g.t.Helper()
	g.sizes(p, name, fromTheTop, []size{{"-wide", 1920, 1080}})
}

// size is that of a window, and what names its pictures.
type size struct {
	suffix        string
	width, height int64
}

func (g gallery) shoot(p *person, name, prepare string) {
	g.t.Helper()
	g.sizes(p, name, prepare, []size{{"", deskWidth, deskHeight}, {"-phone", phoneWidth, phoneHeight}})
}

func (g gallery) sizes(p *person, name, prepare string, sizes []size) {
	g.t.Helper()
	for _, size := range sizes {
		p.window(size.width, size.height)
		p.eval(prepare)
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		cancel()
		require.NoError(g.t, err)
		small := quantised(g.t, shot)
		require.Less(g.t, len(small), maxPicture, name+size.suffix)
		require.NoError(g.t, os.WriteFile(filepath.Join(g.dir, name+size.suffix+".png"), small, 0o600))
	}
	p.window(deskWidth, deskHeight)
}

// quantised is a PNG with the 256 colours that fit it best.
func quantised(t testing.TB, shot []byte) []byte {
	t.Helper()
	full, err := png.Decode(bytes.NewReader(shot))
	require.NoError(t, err)
	bounds := full.Bounds()
	// Colours are told apart by five bits each; the commonest of a cell stands
	// for the cell, and the commonest cells for all.
	counts, cells := map[color.RGBA]int{}, map[[3]uint8]color.RGBA{}
	at := func(x, y int) color.RGBA {
		r, g, b, _ := full.At(x, y).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	for c, n := range counts {
		cell := [3]uint8{c.R >> 3, c.G >> 3, c.B >> 3}
		if best, ok := cells[cell]; !ok || n > counts[best] || n == counts[best] && c.R < best.R {
			cells[cell] = c
		}
	}
	var all []color.RGBA
	for _, c := range cells {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], int(a.R)-int(b.R), int(a.G)-int(b.G), int(a.B)-int(b.B))
	})
	palette := make(color.Palette, 0, 256)
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	small := image.NewPaletted(bounds, palette)
	nearest := map[color.RGBA]uint8{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			c := at(x, y)
			index, ok := nearest[c]
			if !ok {
				index = uint8(palette.Index(c))
				nearest[c] = index
			}
			small.SetColorIndex(x, y, index)
		}
	}
	var out bytes.Buffer
	require.NoError(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, small))
	return out.Bytes()
}

// TestPictures takes pictures of the main pages of the running system.
func TestPictures(t *testing.T) {
	s := theSystem(t)
	g := gallery{t, *pictures}
	if g.dir == "" {
		g.dir = t.TempDir()
	}
	require.NoError(t, os.MkdirAll(g.dir, 0o750))
	first, second := newMember(t, s, "林晓岚", record.Reviewer, true), newMember(t, s, "何志成", record.Supervisor, true)
	for _, name := range []string{"湘水园林工程有限公司", "岳麓机电设备有限公司", "星沙商贸有限公司"} {
		newBidder(t, s, name).complete(t).submitted(t)
	}
	newPersonBidder(t, s, "覃𬀩尔").complete(t).submitted(t)

	p := newPerson(t, s)
	p.open("/")
	g.take(p, "start")
	p.open("/login")
	g.take(p, "login")
	p.open("/register")
	g.take(p, "register")
	name := "示范建工集团有限公司"
	p.registersOrganization(name)
	g.take(p, "form")
	p.fill("注册地址", "示范大道 100 号")
	p.fill("邮编", "41000")
	p.follow("核对并提交")
	g.take(p, "form-errors")

	b := newBidder(t, s, "示范建设集团有限公司").complete(t).submitted(t)
	b.decided(t, first, record.Approve, "").reaches(t, record.NothingFiled)
	require.NoError(t, s.store.StartChange(t.Context(), b.account, b.subject.ID, b.profile, "法定代表人变更，注册地址迁移"))
	changed := b.document()
	changed.Representative.Name, changed.Representative.IDNumber = "刘思远", sample.ResidentID(nextNumber())
	changed.Address, changed.Agent.Mobile = "示范大道 200 号 8 层", "13900007799"
	changed.Website = "https://example.com"
	b.save(t, changed)
	p = b.sit(t)
	p.open(fmt.Sprintf("/records/%s/check", b.profile))
	g.take(p, "check")
	p.follow("提交")
	p.sees("变更审核中")
	g.take(p, "record")
	p.open("/home")
	g.take(p, "home")
	p.open("/history")
	g.take(p, "history")

	p.sendsNoHeader()
	p.open("/ca/applications/new")
	p.press("提交申请")
	p.follow("确定")
	p.sees("请携带")
	g.take(p, "ca-application")
	s.company.issues(t, s, path.Base(p.path()), "RSA")
	eventually(t, patience, func() string { return b.holds(t, record.CertificateValid) })
	p.open("/certificates")
	g.take(p, "certificates")
	p.logsOut(b.subject.Name)
	p.open("/login/certificate")
	p.sees("已连接 CA 驱动", b.subject.Name)
	p.choosesKey(b.subject.Name)
	g.take(p, "login-certificate")
	w := p.pinWindow(func() { p.press("登录") })
	w.sees("CA 锁口令")
	g.take(w, "agent")
	p.open("/downloads")
	g.take(p, "downloads")

	g.desk(b, second)
	g.records(s, first)
}

// desk takes pictures of the staff's side, as wide as their screens are, too.
func (g gallery) desk(b *bidder, supervisor *member) {
	desk := supervisor.sit(g.t, b.system)
	g.take(desk, "staff-queue")
	g.takeWide(desk, "staff-queue")
	desk.takes(b.subject.Name)
	desk.follow("领取办理")
	desk.chooses("row-address")
	desk.keys("c")
	desk.focusesOn("remark.address")
	desk.types("门牌号与执照不一致，请核对。")
	desk.press("退回补正")
	desk.fill("意见", "法定代表人姓名与营业执照不一致，请更正后重新提交。")
	g.take(desk, "staff-review")
	g.takeWide(desk, "staff-review")
	for path, name := range map[string]string{
		"/staff/statistics": "staff-statistics", "/staff/members": "staff-members", "/staff/calendar": "staff-calendar", "/staff/log": "staff-log",
		"/staff/phrases": "staff-phrases", "/staff/subjects/" + string(b.subject.ID): "staff-subject",
	} {
		desk.open(path)
		g.take(desk, name)
	}
	desk.open("/staff/statistics")
	g.takeWide(desk, "staff-statistics")
	desk.open("/staff/members")
	g.takeWide(desk, "staff-members")
}
