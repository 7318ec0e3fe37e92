package preview_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"unireg/web/preview"
)

const plenty = 40_000_000

// quarters is an image whose four quarters differ: red, green, blue, black.
func quarters(width, height int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.NRGBA{A: 255}
			switch {
			case y < height/2 && x < width/2:
				c.R = 255
			case y < height/2:
				c.G = 255
			case x < width/2:
				c.B = 255
			}
			m.SetNRGBA(x, y, c)
		}
	}
	return m
}

// corner names the colour of a quarter of what was rendered.
func corner(m image.Image, right, lower bool) string {
	b := m.Bounds()
	x, y := b.Dx()/4, b.Dy()/4
	if right {
		x += b.Dx() / 2
	}
	if lower {
		y += b.Dy() / 2
	}
	r, g, blue, _ := m.At(x, y).RGBA()
	switch {
	case r > 0xc000 && g > 0xc000:
		return "white"
	case r > 0xc000:
		return "red"
	case g > 0xc000:
		return "green"
	case blue > 0xc000:
		return "blue"
	}
	return "black"
}

func encode(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: 95}))
	return b.Bytes()
}

// exif puts a camera's notes into a JPEG: where it was, and how it was held.
func exif(content []byte, order binary.AppendByteOrder, turned uint16) []byte {
	tiff := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		tiff = []byte("MM\x00*")
	}
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for _, entry := range []struct{ tag, value uint16 }{{0x0100, 7}, {0x0112, turned}} {
		tiff = order.AppendUint16(tiff, entry.tag)
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, entry.value)
		tiff = order.AppendUint16(tiff, 0)
	}
	tiff = append(tiff, "\x00\x00\x00\x00GPS 28.1956N 112.9777E Canon EOS"...)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(len(segment)+2))
	return append(append(head, segment...), content[2:]...)
}

func decode(t testing.TB, content []byte) image.Image {
	t.Helper()
	m, format, err := image.Decode(bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, "jpeg", format)
	return m
}

func TestU3PreviewHoldsThePixelsAndNothingElse(t *testing.T) {
	original := exif(encode(t, quarters(400, 200)), binary.LittleEndian, 1)
	original = append(original, "hidden after the end"...)
	require.Contains(t, string(original), "GPS")
	small, err := preview.Render(bytes.NewReader(original), 100, plenty)
	require.NoError(t, err)
	for _, note := range []string{"Exif", "GPS", "Canon", "hidden", "28.1956"} {
		require.NotContains(t, string(small), note)
	}
	m := decode(t, small)
	require.Equal(t, image.Pt(100, 50), m.Bounds().Size())
	require.Equal(t, []string{"red", "green", "blue", "black"},
		[]string{corner(m, false, false), corner(m, true, false), corner(m, false, true), corner(m, true, true)})

	var withText bytes.Buffer
	require.NoError(t, png.Encode(&withText, quarters(40, 20)))
	text := []byte("tEXtComment\x00secret place")
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(text)-4))
	chunk = binary.BigEndian.AppendUint32(append(chunk, text...), crc32.ChecksumIEEE(text))
	b := withText.Bytes()
	small, err = preview.Render(bytes.NewReader(bytes.Join([][]byte{b[:33], chunk, b[33:]}, nil)), 100, plenty)
	require.NoError(t, err)
	require.NotContains(t, string(small), "secret")
	require.Equal(t, image.Pt(40, 20), decode(t, small).Bounds().Size(), "a small image keeps its size")
}

// The notes that are taken away said which side is up.
func TestU3PreviewStandsUpright(t *testing.T) {
	const r, g, b, k = "red", "green", "blue", "black"
	for turned, want := range map[uint16][4]string{
		0: {r, g, b, k}, 1: {r, g, b, k}, 2: {g, r, k, b}, 3: {k, b, g, r}, 4: {b, k, r, g},
		5: {r, b, g, k}, 6: {b, r, k, g}, 7: {k, g, b, r}, 8: {g, k, r, b}, 9: {r, g, b, k},
	} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(fmt.Sprintf("%d %s", turned, order), func(t *testing.T) {
				small, err := preview.Render(bytes.NewReader(exif(encode(t, quarters(160, 80)), order, turned)), 80, plenty)
				require.NoError(t, err)
				m := decode(t, small)
				size := image.Pt(80, 40)
				if turned >= 5 && turned <= 8 {
					size = image.Pt(40, 80)
				}
				require.Equal(t, size, m.Bounds().Size())
				require.Equal(t, want, [4]string{corner(m, false, false), corner(m, true, false), corner(m, false, true), corner(m, true, true)})
			})
		}
	}
}

func TestU2PixelsAreCountedBeforeAnythingIsDecoded(t *testing.T) {
	header := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(header[4:], 60_000)
	binary.BigEndian.PutUint32(header[8:], 60_000)
	header[12] = 8
	bomb := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	bomb = binary.BigEndian.AppendUint32(append(bomb, header...), crc32.ChecksumIEEE(header))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := preview.Render(bytes.NewReader(bomb), 100, plenty)
	require.ErrorIs(t, err, preview.ErrTooLarge)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))

	content := encode(t, quarters(100, 100))
	_, err = preview.Render(bytes.NewReader(content), 10, 9_999)
	require.ErrorIs(t, err, preview.ErrTooLarge)
	_, err = preview.Render(bytes.NewReader(content), 10, 10_000)
	require.NoError(t, err)
}

func TestBrokenImagesAreToldFromBrokenReaders(t *testing.T) {
	content := encode(t, quarters(100, 100))
	for _, broken := range [][]byte{nil, []byte("%PDF-1.7"), content[:30], content[:len(content)/2], append(bytes.Clone(content[:len(content)-200]), 0xff, 0xd9)} {
		_, err := preview.Render(bytes.NewReader(broken), 10, plenty)
		require.ErrorIs(t, err, preview.ErrBroken)
	}
	gone := errors.New("connection reset")
	for _, cut := range []int{0, 30, len(content) / 2} {
		_, err := preview.Render(io.MultiReader(bytes.NewReader(content[:cut]), iotest.ErrReader(gone)), 10, plenty)
		require.ErrorIs(t, err, gone)
		require.NotErrorIs(t, err, preview.ErrBroken)
	}
}

func TestTransparentIsWhite(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 300, 3))))
	small, err := preview.Render(&b, 100, plenty)
	require.NoError(t, err)
	m := decode(t, small)
	require.Equal(t, image.Pt(100, 1), m.Bounds().Size())
	require.Equal(t, "white", corner(m, false, false))
}

func TestShelfKeepsWhatWasUsedLast(t *testing.T) {
	s := preview.NewShelf(10)
	s.Put("a", []byte("1234"))
	s.Put("b", []byte("1234"))
	require.Equal(t, []byte("1234"), s.Get("a"))
	s.Put("c", []byte("1234"))
	require.Nil(t, s.Get("b"))
	require.NotNil(t, s.Get("a"))
	require.NotNil(t, s.Get("c"))
	s.Put("huge", make([]byte, 11))
	require.Nil(t, s.Get("huge"))
	require.NotNil(t, s.Get("a"), "what finds no room takes nobody else's")
}

func FuzzRender(f *testing.F) {
	f.Add(exif(encode(f, quarters(8, 8)), binary.BigEndian, 6))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00MM\x00*\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, content []byte) {
		small, err := preview.Render(bytes.NewReader(content), 16, 1_000_000)
		if err == nil {
			decode(t, small)
		}
	})
}
