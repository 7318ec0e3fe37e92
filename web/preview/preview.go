// Package preview draws uploaded images small: for a thumbnail, or to be looked
// at in a page. What it gives out is encoded anew from the pixels, upright, and
// holds nothing else of the original: no place, no camera, no thumbnail of what
// was cut away. It knows no HTTP and no storage.
package preview

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png" // what is uploaded is JPEG or PNG
	"io"
)

// ErrTooLarge reports an image of more pixels than are decoded.
var ErrTooLarge = errors.New("the image has too many pixels")

// ErrBroken reports a content that is no image, or one that is cut short.
var ErrBroken = errors.New("the image cannot be decoded")

// quality of the JPEG that is given out: print on a scan stays legible.
const quality = 85

// Render decodes a JPEG or PNG of at most that many pixels, which its header
// must say before anything is decoded, and returns it as a JPEG whose sides are
// at most longest pixels. A small image keeps its size; what is transparent
// becomes white. Beside the decoded image only strips of it are held.
func Render(content io.Reader, longest int, pixels int64) ([]byte, error) {
	from := &source{Reader: content}
	var head bytes.Buffer
	header, _, err := image.DecodeConfig(io.TeeReader(from, &head))
	if err != nil {
		return nil, from.blame(err)
	}
	if int64(header.Width)*int64(header.Height) > pixels {
		return nil, ErrTooLarge
	}
	turned := orientation(head.Bytes())
	whole, _, err := image.Decode(io.MultiReader(&head, from))
	if err != nil {
		return nil, from.blame(err)
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, upright(shrink(whole, longest), turned), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return out.Bytes(), nil
}

// source remembers the error of a reader that failed: the decoders call every
// error one of the image.
type source struct {
	io.Reader
	fault error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		s.fault = err
	}
	return n, err //nolint:wrapcheck // io.EOF must stay itself
}

// blame tells a reader that failed from an image that cannot be decoded.
func (s *source) blame(err error) error {
	if s.fault != nil {
		return fmt.Errorf("read picture: %w", s.fault)
	}
	return fmt.Errorf("%w: %w", ErrBroken, err)
}

// shrink averages the pixels that fall together.
func shrink(whole image.Image, longest int) *image.RGBA {
	from := whole.Bounds()
	width, height := fit(from.Dx(), from.Dy(), longest)
	small := image.NewRGBA(image.Rect(0, 0, width, height))
	sums := make([][3]uint64, width)
	for y := range height {
		top, bottom := y*from.Dy()/height, (y+1)*from.Dy()/height
		strip := image.NewRGBA(image.Rect(0, 0, from.Dx(), bottom-top))
		draw.Draw(strip, strip.Bounds(), image.White, image.Point{}, draw.Src)
		draw.Draw(strip, strip.Bounds(), whole, image.Pt(from.Min.X, from.Min.Y+top), draw.Over)
		clear(sums)
		for x := range width {
			left, right := x*from.Dx()/width, (x+1)*from.Dx()/width
			for row := range bottom - top {
				at := strip.PixOffset(left, row)
				for range right - left {
					sums[x][0] += uint64(strip.Pix[at])
					sums[x][1] += uint64(strip.Pix[at+1])
					sums[x][2] += uint64(strip.Pix[at+2])
					at += 4
				}
			}
			n := uint64((right - left) * (bottom - top))
			small.SetRGBA(x, y, color.RGBA{uint8(sums[x][0] / n), uint8(sums[x][1] / n), uint8(sums[x][2] / n), 255})
		}
	}
	return small
}

// fit keeps the proportions, with at least a pixel a side.
func fit(width, height, longest int) (int, int) {
	larger := max(width, height)
	if larger <= longest {
		return width, height
	}
	return max(1, width*longest/larger), max(1, height*longest/larger)
}

// upright turns and mirrors an image as its Exif orientation asks.
func upright(m *image.RGBA, turned int) *image.RGBA {
	if turned <= 1 {
		return m
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	size := image.Rect(0, 0, w, h)
	if turned >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			from := image.Pt(x, y)
			switch turned {
			case 2:
				from = image.Pt(w-1-x, y)
			case 3:
				from = image.Pt(w-1-x, h-1-y)
			case 4:
				from = image.Pt(x, h-1-y)
			case 5:
				from = image.Pt(y, x)
			case 6:
				from = image.Pt(y, h-1-x)
			case 7:
				from = image.Pt(w-1-y, h-1-x)
			case 8:
				from = image.Pt(w-1-y, x)
			}
			out.SetRGBA(x, y, m.RGBAAt(from.X, from.Y))
		}
	}
	return out
}
