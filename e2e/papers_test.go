package e2e

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// papers is a folder of scans, as a person has them on their computer.
type papers struct {
	t   testing.TB
	dir string
}

func newPapers(t testing.TB) papers { return papers{t, t.TempDir()} }

func (d papers) write(name string, content []byte) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	require.NoError(d.t, os.WriteFile(path, content, 0o600))
	return path
}

// pdf makes a document of one page that says so.
func (d papers) pdf(name string) string {
	d.t.Helper()
	return d.write(name, pdfContent("scan "+d.t.Name()+" "+name))
}

// scan makes a picture of a card. What is drawn depends on the name.
func (d papers) scan(name string) string {
	d.t.Helper()
	return d.write(name, pngContent(name))
}

// huge makes a document of one byte more than the limit of 20 MiB would bear:
// 21 MiB of a PDF.
func (d papers) huge(name string) string {
	d.t.Helper()
	content := pdfContent("huge")
	return d.write(name, append(content, bytes.Repeat([]byte("% filling\n"), (21<<20-len(content))/10+1)...))
}

// pdfContent is a small valid PDF with a cross-reference table.
func pdfContent(text string) []byte {
	var out bytes.Buffer
	stream := fmt.Sprintf("BT /F1 18 Tf 72 720 Td (%s) Tj ET", text)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(stream), stream),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	}
	out.WriteString("%PDF-1.4\n")
	offsets := make([]int, 0, len(objects))
	for i, object := range objects {
		offsets = append(offsets, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&out, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}

// pngContent draws a card: a frame, a portrait's place and lines of text.
func pngContent(name string) []byte {
	h := fnv.New32a()
	h.Write([]byte(name))
	tint := color.RGBA{uint8(200 + h.Sum32()%40), uint8(210 + h.Sum32()/7%40), 235, 255}
	card := image.NewRGBA(image.Rect(0, 0, 856, 540))
	for y := range 540 {
		for x := range 856 {
			c := tint
			switch {
			case x < 8 || y < 8 || x >= 848 || y >= 532:
				c = color.RGBA{90, 110, 140, 255}
			case x > 600 && x < 800 && y > 90 && y < 350:
				c = color.RGBA{160, 175, 200, 255}
			case x > 60 && x < 520 && y > 80 && y < 420 && y%60 < 14:
				c = color.RGBA{120, 135, 160, 255}
			}
			card.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, card) // into memory, never fails
	return out.Bytes()
}
