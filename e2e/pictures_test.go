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
	"unireg/record/form"
	"unireg/record/sample"
)

// pictures is where the documentation's pictures of the running system go; make
// pictures takes them, beside those of every page (web/view/capture_test.go).
var pictures = flag.String("pictures", "", "folder for pictures of the running system")

// maxPicture bounds a picture's file, in bytes: they are part of the repository.
const maxPicture = 300 << 10

// gallery takes pictures of pages, as wide as a desk.
type gallery struct {
	t   testing.TB
	dir string
}

// take draws what the person sees, from the top of the page.
func (g gallery) take(p *person, name string) {
	g.t.Helper()
	p.eval(`(document.activeElement?.blur(), scrollTo({ top: 0, behavior: "instant" }), "")`)
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	shot, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(g.t, err)
	small := quantised(g.t, shot)
	require.Less(g.t, len(small), maxPicture, name)
	require.NoError(g.t, os.WriteFile(filepath.Join(g.dir, name+".png"), small, 0o600))
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

// TestPictures takes the pictures of the README.
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
	p := newPerson(t, s)
	p.registersOrganization("示范建工集团有限公司")
	g.take(p, "form")

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
	p.follow("提交")
	p.sees("变更审核中")

	p.sendsNoHeader()
	p.open("/ca/applications/new")
	p.press("提交申请")
	p.follow("确定")
	p.sees("请携带")
	s.company.issues(t, s, path.Base(p.path()), "RSA")
	eventually(t, patience, func() string { return b.holds(t, record.CertificateValid) })
	p.logsOut(b.subject.Name)
	p.open("/login/certificate")
	p.sees("已连接 CA 驱动", b.subject.Name)
	p.choosesKey(b.subject.Name)
	g.take(p, "login-certificate")
	w := p.pinWindow(func() { p.press("登录") })
	w.sees("CA 锁口令")
	g.take(w, "agent")

	g.review(b, second)
	g.records(s, first)
}

// review takes the picture of the reviewer's desk.
func (g gallery) review(b *bidder, supervisor *member) {
	desk := supervisor.sit(g.t, b.system)
	desk.takes(b.subject.Name)
	desk.follow("领取办理")
	desk.chooses("row-address")
	desk.keys("c")
	desk.focusesOn("remark.address")
	desk.types("门牌号与执照不一致，请核对。")
	desk.press("退回补正")
	desk.fill("意见", "法定代表人姓名与营业执照不一致，请更正后重新提交。")
	g.take(desk, "staff-review")
}

// records takes pictures of the qualifications of a bidder, of the page on which
// one is filled and of the dialog of its rows, and of a practitioner's tabs.
func (g gallery) records(s *system, reviewer *member) {
	h := newHolder(g.t, s, "示范路桥集团有限公司")
	h.begins(g.t, record.Qualification, func(file form.File) record.Document {
		return sample.Qualification("D243017730", file)
	}).submitted(g.t).approved(g.t, reviewer)

	p := h.sitWithKey(g.t)
	p.open("/records?kind=qualification")
	p.follow("新增资质")
	p.fillsQualification("D243017731")
	p.follow("添加资质类型")
	p.finds("查找资质属性和资质类型", "1040A020", highway)
	p.choose("等级", "贰级")
	p.fill("可承担业务", "可承担一级标准以下公路的施工。")
	g.take(p, "qualification-row")
	p.follow("保存")
	g.take(p, "qualification-form")
	p.open("/records?kind=qualification")
	g.take(p, "qualifications")

	p.open("/records?kind=practitioner")
	p.followNth("新增人员", 1)
	p.fill("姓名", "欧阳𬀩")
	p.fill("证件号码", sample.ResidentID(nextNumber()))
	p.follow("保存")
	g.take(p, "practitioner-form")
}
